module("old", package.seeall)
function twice(x) return 2 * x end
