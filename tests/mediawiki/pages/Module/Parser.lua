local p = {}

function p.main(frame)
	mw.addWarning("A ''warning'' from Lua")
	mw.incrementExpensiveFunctionCount()
	local current = mw.getCurrentFrame()
	return "* ''wikitext'' made by Lua\n* [[Category:Made by Lua]] [[:Category:Made by Lua|link]]\n* "
		.. tostring(mw.isSubsting()) .. ' ' .. tostring(current == frame) .. ' ' .. current:getTitle()
		.. '\n{| class="wikitable"\n! Head\n|-\n| Cell {{Box}} \n|}\n' .. "__NOTOC__\n== Heading ==\n----\n<span id='x'>html</span> &amp; https://example.org/"
end

return p
