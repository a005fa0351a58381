"""Conversations between PHP and Lua on paper: record one, read it, play PHP's part of it again.

A transcript is one process's conversation, a file of JSON Lines in UTF-8. The first line is its header, the last one
tells how it ended, and everything between is in the order in which it passed (`docs/transcript-format.md` has the
whole of it, with examples)::

    {"luaproc-transcript":1,"started":"2026-11-20T10:11:12.131415Z","pid":4711,"command":["lua5.1","..."],
     "cpu_limit":7,"memory_limit":52428800}
    {"t":0.002345,"from":"host","body":"{[\\"op\\"]=\\"getStatus\\"}"}
    {"t":0.002801,"from":"responder","body":"a:3:{s:2:\\"op\\";s:6:\\"return\\";...}"}
    {"t":0.104512,"from":"host","closed":true}
    {"t":0.105022,"end":"exited","status":0}

The limits, seconds and bytes, are there if the process had them. ``t`` is in seconds since the server was started,
monotonic, with microseconds. ``body`` is the body of one frame as it travelled (Lua's still escaped, the 16 bytes of
the header left out: they follow from the body). Where the bytes are no UTF-8, ``body`` is base64 and
``"encoding":"base64"`` stands beside it. A body of more than 256 KiB comes in pieces, one line each, with ``size``, the
bytes of the whole, and ``at``, where the piece begins: the tap lives under PHP's memory limit, too. ``unframed`` in the
place of ``body`` holds bytes that are no frame. What the server writes to stderr is not recorded. Fields that a reader
does not know are to be ignored.

`tap` stands between PHP and the server and imports next to nothing; `writer` writes the lines, `reader` reads them,
`conversation` pairs requests with replies, `replay` plays PHP's part again, `show` and `page` are for the eyes.
"""

VERSION = 1
"""Of the format. A reader refuses any other."""
