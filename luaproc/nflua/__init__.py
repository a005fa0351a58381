"""NFLua in user space: named Lua states behind a netlink socket, with limits of instructions and of memory."""
