"""`luaproc serve`: the responder by its name. For its help; `entry.run` starts the responder without click."""

import click

from luaproc.responder.options import OPTIONS
from luaproc.responder.serve import serve


@click.command(
    params=[
        click.Option([f"--{name}"], metavar=expected.upper(), help=text + (f" [{variable}]" if variable else ""))
        for name, (variable, _, expected, text) in OPTIONS.items()
    ]
)
def command(**options: str | None) -> None:
    """Serve Scribunto's protocol on stdin and stdout, for a host that is not MediaWiki.

    The words in brackets are environment variables of the same meaning; the command line wins.
    """
    # Only what `entry.run` takes for a question comes here: `--log -h`, or a `--` before the command.
    serve([f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None])
