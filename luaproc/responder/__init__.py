"""The Lua side: a locked-down runtime, its limits, and the loop between PHP's pipes. Imports no more than it needs."""
