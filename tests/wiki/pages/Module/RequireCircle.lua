return require("Module:RequireCircle")
