"""`luaproc serve`: the responder by its name. Its help only: the responder reads its own options, without click."""

import click

from luaproc.responder.options import OPTIONS


@click.command(
    params=[
        click.Option([f"--{name}"], metavar=expected.upper(), help=text + (f" [{variable}]" if variable else ""))
        for name, (variable, _, expected, text) in OPTIONS.items()
    ]
)
def command(**_: str) -> None:
    """Serve Scribunto's protocol on stdin and stdout, for a host that is not MediaWiki.

    The words in brackets are environment variables of the same meaning; the command line wins.
    """
    raise AssertionError("entry.run() serves before click is asked")
