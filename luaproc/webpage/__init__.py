"""Self-contained pages of HTML: one file, nothing loaded from elsewhere, and nothing run but the page's own script.

What is in them comes from wikis' modules, so it is treated as hostile: the page's policy names the hashes of its own
style and script, and lets nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from importlib.resources import files

from luaproc import __version__

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def fill(package: str, name: str, parts: Mapping[str, str]) -> str:
    """A page whose body is `name`.html of a package's folder `web`, its places filled with `parts`, which are HTML.

    parts: what the body has places for, and `title`. The head is that of all pages (head.html). The style is what all
    pages share (base.css) and `name`.css; the script is `name`.js, if there is one.
    """
    web, shared = files(package) / "web", files(__name__)
    style = (shared / "base.css").read_text("utf-8") + (web / f"{name}.css").read_text("utf-8")
    script_file = web / f"{name}.js"
    script = script_file.read_text("utf-8") if script_file.is_file() else ""
    # Neither the style nor the script may change by a byte on their way into the page: their hashes are in its policy.
    runs = f"script-src '{_hash(script)}'" if script else "script-src 'none'"
    places = {
        "policy": f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; {runs}",
        "generator": f"luaproc {__version__}",
        "style": style,
        "script": script,
        **parts,
    }
    text = (shared / "head.html").read_text("utf-8") + (web / f"{name}.html").read_text("utf-8")
    return _PLACE.sub(lambda place: places[place[1]], text)


def json_in_html(value: object) -> str:
    """JSON that can stand between script tags: ASCII, and without a character that HTML knows."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
