return { f = function () end }
