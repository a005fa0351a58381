"""Conversations between PHP and Lua on paper: record one, read it, play PHP's part of it again.

A transcript is one process's conversation, a file of JSON Lines: `docs/transcript-format.md` has the format.

`tap` stands between PHP and the server and imports next to nothing; `writer` writes the lines, `reader` reads them,
`conversation` pairs requests with replies, `replay` plays PHP's part again, `show` and `page` are for the eyes.
"""

VERSION = 1
"""Of the format. A reader refuses any other."""
