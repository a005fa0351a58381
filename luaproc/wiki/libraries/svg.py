"""mw.svg (REL1_46): an SVG text as an img element whose source is the text itself."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from typing import Any

from luaproc.host.interpreter import PhpFunction
from luaproc.wiki.libraries import Library
from luaproc.wiki.values import check, text_of

_ATTRIBUTES = ("width", "height", "class", "id", "alt", "title", "style")


class SvgLibrary(Library):
    file = "mw.svg.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        return {"createImgTag": self.create_img_tag}

    def create_img_tag(self, text: Any = None, attributes: Any = None, *_: Any) -> str:
        check("createImgTag", 1, text, "string")
        check("createImgTag", 2, attributes, "table")
        given = {name: text_of(value) for name, value in attributes.items() if name in _ATTRIBUTES}
        data = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
        given["src"] = f"data:image/svg+xml;base64,{data}"
        shown = "".join(f' {name}="{html.escape(value)}"' for name, value in given.items())
        return self.engine.preprocessor.strip.add("general", f"<img{shown}>", "item")
