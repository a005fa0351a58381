print("init ran", arg and arg[0])
from_init = "set by init"
