return function() return 'a function' end
