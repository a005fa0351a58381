"""A manual session with any Lua-side server: PHP's part, played by a person or a script of session lines.

`lines` cuts input into steps, `syntax` reads what stands after an op, `ops` is the table of the ops, `session`
does what they ask, `views` shows what happened (text or JSON), `run` puts them together, and `prompts` is the
only part that knows a terminal.

    view = TextView(sys.stdout, sys.stderr)
    with Session(None, view) as session:  # None: a server of our own
        good = run_script(session, ["x = 6", "x * 7"], view)
"""
