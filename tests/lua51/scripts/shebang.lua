#!/usr/bin/env lua5.1
print("after the first line", debug.getinfo(1).currentline)
error("line three")
