local p = {}
