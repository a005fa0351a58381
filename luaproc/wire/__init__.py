"""What travels between PHP and Lua, without any I/O.

`framing` cuts the byte stream, `expressions` and `serialization` are the two languages the bodies are written
in (PHP to Lua, Lua to PHP), `messages` gives them types, `errors` says whose fault it was when one of them
fails. Importing this package imports none of them: the responder takes `framing` alone.
"""
