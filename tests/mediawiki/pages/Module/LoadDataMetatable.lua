return { t = setmetatable({}, {}) }
