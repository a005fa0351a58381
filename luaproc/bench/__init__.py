"""`luaproc bench`: what Lua-side servers cost, measured side by side in one run.

`servers` lists the servers to compare, `account` starts one and keeps its accounts, `session` drives one as PHP
does and reads its CPU clock, `workloads`, `wiki` and `citations` are what it is given to do, `web` runs MediaWiki for
`wiki`; `client` measures our own client instead, `growth` how costs grow, and `runner` the standalone interpreter.
`runner` takes turns, `tables` shows the figures.

Linux only: nowhere else can the CPU clock of another process be read to the nanosecond.
"""
