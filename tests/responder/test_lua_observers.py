"""lua/observers/ by themselves: what goes to the files of `--coverage` and `--profile`. See also test_records.py."""

from tests.responder.lua_parts import run


def test_lines_are_told_once() -> None:
    """What was counted since the last time: the reader of the file adds up what it finds."""
    code = """
        local lines = part 'observers/lines' ( note )
        local hook = lines.hook_with( type )
        local module = loadstring( 'local function f() return 1 end\\nfor i = 1, 3 do f() end', '=Module:A' )
        for _ = 1, 2 do
            debug.sethook( hook, 'l' )
            module()
            debug.sethook()
            lines.flush()
            note( '|' )
            lines.flush()
        end
        return table.concat( did )"""
    told = run("lua51", code)
    assert isinstance(told, bytes)
    first, second, rest = told.split(b"|")
    assert first.count(b"Module:A\t") == 2
    assert b"Module:A\t1\t1\t1:3\n" in first
    assert sorted(first.splitlines()) == sorted(second.splitlines())
    assert rest == b""


def test_a_deep_stack_is_told_in_part(runtime: str) -> None:
    """The innermost 120 frames, and that there are more."""
    code = """
        local sample = part 'observers/samples' ( note )
        local deep = loadstring(
            'local sample, depth = ... local function f( n ) if n > 0 then f( n - 1 ) else sample( 0.002 ) end '
                .. 'local _ = n end f( depth )', '=Module:A'
        )
        deep( sample, 50 )
        deep( sample, 500 )
        return table.concat( did )"""
    told = run(runtime, code)
    assert isinstance(told, bytes)
    shallow, deep = told.splitlines()
    assert shallow.endswith(b" 2000")
    assert deep.endswith(b" 2000")
    assert b"[deeper]" not in shallow
    assert deep.startswith(b"[deeper];")
    assert 110 < deep.count(b";") <= 120
