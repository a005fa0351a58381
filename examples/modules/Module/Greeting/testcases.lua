-- A suite: the template is expanded, as on a page.
local suite = require( 'Module:Units' ).new()

function suite:testTemplate()
	self:assertExpands( '<span class="greeting">Good day, Ada</span>', '{{Greeting|Ada}}' )
	self:assertExpands( '<span class="greeting">Good day, you</span>', '{{Greeting}}' )
end

return suite
