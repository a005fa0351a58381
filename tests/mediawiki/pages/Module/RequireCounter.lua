local n = 0
return { up = function () n = n + 1; return n end }
