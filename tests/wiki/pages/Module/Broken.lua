local p = {
function p.main()
	return 'never'
end
return p
