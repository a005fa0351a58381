"""A manual session with any Lua-side server: PHP's part, played by a person or a script of session lines.

`lines` cuts input into steps, `syntax` reads what stands after an op, `ops` is the table of the ops (`op_table`
what tables of ops have in common), `session` does what they ask, `views` shows what happened (text or JSON), `run`
puts them together, and `prompts` is the only part that knows a terminal. `console` and `console_ops` are the same for
`luaproc wiki console`: Lua and wikitext in a wiki's environment.

    view = TextView(sys.stdout, sys.stderr)
    with Session(None, view) as session:  # None: a server of our own
        good = run_script(TABLE, session, ["x = 6", "x * 7"], view)
"""
