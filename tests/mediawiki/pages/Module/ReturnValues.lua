local p = { notAFunction = 'text', aTable = {} }
function p.none() end
function p.null() return nil end
function p.number() return 12.5 end
function p.integer() return 3 end
function p.large() return 2 ^ 60 end
function p.truth() return true end
function p.untruth() return false end
function p.several() return 'first ', 'second ', nil, 4 end
function p.table() return { 1, 2 } end
function p.func() return tostring end
function p.tostringed() return setmetatable({}, { __tostring = function () return 'by __tostring' end }) end
function p.huge() return ('0123456789'):rep(20000):sub(-30) end
function p.bytes() return 'a\0b\1c\255d' end
function p.infinite() return 1 / 0 end
return p
