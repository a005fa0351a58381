RequireNothingWasHere = "a global of the module that required"
