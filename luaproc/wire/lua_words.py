"""Lua 5.1's reserved words: a name that is one of these is no name of a variable or a field."""

_TEXT = "and break do else elseif end false for function if in local nil not or repeat return then true until while"

WORDS = frozenset(_TEXT.split())
