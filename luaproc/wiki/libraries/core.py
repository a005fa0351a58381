"""mw: packages, frames, what is expanded for Lua, the page's counters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luaproc.host import LuaError, LuaFunction
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki import php, titles
from luaproc.wiki.interfaces import ArgumentName, FrameLike
from luaproc.wiki.libraries import Library
from luaproc.wiki.libraries.json_values import JsonError, from_json, reindex
from luaproc.wiki.values import PHP_SPACE, array_key, frame_arguments, lua_type

MAX_FRAMES = 100


class Core(Library):
    """The functions of mw.lua."""

    file = "mw.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        return {
            "loadPackage": self.load_package,
            "loadPHPLibrary": self.load_php_library,
            "frameExists": self.frame_exists,
            "newChildFrame": self.new_child_frame,
            "getExpandedArgument": self.get_expanded_argument,
            "getAllExpandedArguments": self.get_all_expanded_arguments,
            "getFrameTitle": self.get_frame_title,
            "expandTemplate": self.expand_template,
            "callParserFunction": self.call_parser_function,
            "preprocess": self.preprocess,
            "incrementExpensiveFunctionCount": self.engine.count_expensive,
            "isSubsting": self.is_substing,
            "setTTL": self.set_ttl,
            "addWarning": self.add_warning,
            "loadJsonData": self.load_json_data,
            "forget": self.forget,  # asked for by lua/answers.lua, and by nothing of Scribunto's
        }

    def options(self) -> dict[str, Any]:
        return {"allowEnvFuncs": self.engine.allow_env_funcs}

    def load_package(self, name: Any = None, *_: Any) -> LuaFunction | None:
        """The chunk that `require` runs: of the Lua library, of a file given with it, or of a module."""
        _check_luaL("loadPackage", name, "string")
        path = name.replace(".", "/") + ".lua"
        code = self.engine.lua_file(path)
        if code is not None:
            return self.engine.interpreter.load_string(code, f"@{path}")
        title = self.site.title(name)
        if title is None or title.content_model != "Scribunto":
            return None
        module = self.engine.module(title)
        if module is None:
            return None
        named = self.engine.options.chunk_name
        if named is None:
            return module.chunk()
        try:
            return module.chunk(named(module.title))
        except LuaError as error:  # as Lua's own `require` says it, file and line included
            raise LuaError(f"error loading module '{name}':\n\t{error.value}") from None

    def load_php_library(self, name: Any = None, *_: Any) -> Any:
        """The table of a library that waits for `require`."""
        _check_luaL("loadPHPLibrary", name, "string")
        return self.engine.load_deferred(name)

    def frame_exists(self, frame_id: Any = None, *_: Any) -> bool:
        return frame_id == "empty" or self.engine.frames.get(frame_id) is not None

    def new_child_frame(self, frame_id: Any = None, title: Any = False, args: Any = None, *_: Any) -> str:
        """Register a frame with other arguments, for frame:newChild()."""
        frames = self.engine.frames
        if len(frames) > MAX_FRAMES:
            raise LuaError("newChild: too many frames")
        frame = self._frame(frame_id)
        of = None
        if title is not False:
            of = self.site.title(title)
            if of is None:
                raise LuaError("newChild: invalid title")
        name = f"frame{len(frames)}"
        frames[name] = frame.new_child(of or frame.title, frame_arguments(args))
        return name

    def get_expanded_argument(self, frame_id: Any = None, name: Any = None, *_: Any) -> str | None:
        _check_luaL("getExpandedArgument", frame_id, "string")
        return self._frame(frame_id).get_argument(array_key(name) if isinstance(name, str) else name)

    def get_all_expanded_arguments(self, frame_id: Any = None, *_: Any) -> dict[ArgumentName, str]:
        return self._frame(frame_id).arguments()

    def get_frame_title(self, frame_id: Any = None, *_: Any) -> str:
        return self._frame(frame_id).title.prefixed_text

    def expand_template(self, frame_id: Any = None, name: Any = None, args: Any = None, *_: Any) -> str:
        frame = self._frame(frame_id)
        title = self.site.title(name, titles.TEMPLATE)
        if title is None:
            raise LuaError(f'expandTemplate: invalid title "{name}"')
        if frame.depth >= self.site.limits.depth:
            raise LuaError("expandTemplate: template depth limit exceeded")
        namespace = self.site.namespaces.get(title.namespace)
        if namespace is not None and not namespace.is_includable:
            raise LuaError("expandTemplate: template inclusion denied")
        template = self.engine.preprocessor.template(title)
        if template is None:
            raise LuaError(f'expandTemplate: template "{name}" does not exist')
        if frame.is_looping(template.title):
            raise LuaError("expandTemplate: template loop detected")
        args = frame_arguments(args)
        child = frame.new_child(template.title, args)
        cache_key = (frame_id, template.title.prefixed_key, tuple(args.items()))
        return self.engine.expanded_once(cache_key, child, lambda: template.expand(child))

    def call_parser_function(self, frame_id: Any = None, name: Any = None, args: Any = None, *_: Any) -> str:
        frame = self._frame(frame_id)
        values: dict[ArgumentName, str] = dict(args or {})
        positional = [values[index] for index in sorted(index for index in values if isinstance(index, int))]
        named = sorted((str(item), value) for item, value in values.items() if not isinstance(item, int))
        function, colon, first = name.partition(":")
        if colon:
            positional.insert(0, first.strip(PHP_SPACE))
        if not positional:
            raise LuaError(
                "callParserFunction: At least one unnamed parameter (the parameter that comes after the colon in "
                "wikitext) must be provided"
            )
        arguments: list[tuple[ArgumentName, str]] = [*enumerate(positional), *named]
        result = self.engine.preprocessor.call_function(frame, function, arguments)
        if result is None:
            raise LuaError(f'callParserFunction: function "{function}" was not found')
        return result

    def preprocess(self, frame_id: Any = None, text: Any = None, *_: Any) -> str:
        _check_luaL("preprocess", frame_id, "string")
        frame = self._frame(frame_id)
        frame.arguments()
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        return self.engine.expanded_once((frame_id, text), frame, lambda: frame.expand(lines))

    def is_substing(self, *_: Any) -> bool:
        return False

    def set_ttl(self, ttl: Any = None, *_: Any) -> None:
        _check_luaL("setTTL", ttl, "number")
        frame = self._frame("current")
        frame.ttl = php.to_int(ttl) if frame.ttl is None else min(frame.ttl, php.to_int(ttl))

    def add_warning(self, text: Any = None, *_: Any) -> None:
        _check_luaL("addWarning", text, "string")
        self.view.warnings.append(text)

    def load_json_data(self, name: Any = None, *_: Any) -> Any:
        self.engine.count_expensive()
        title = self.site.title(name)
        if title is None or not self.pages.exists(title) or title.content_model != "json":
            raise LuaError(f"bad argument #1 to 'mw.loadJsonData' ('{name}' is not a valid JSON page)")
        text, _found = self.pages.follow(title)
        try:
            return reindex(from_json(text or ""))
        except JsonError:
            return None

    def forget(self, *_: Any) -> None:
        self.engine.forget()

    def _frame(self, frame_id: Any) -> FrameLike:
        return self.engine.frame(frame_id)


def _check_luaL(name: str, value: Any, expected: str) -> None:
    if lua_type(value) != expected:
        raise LuaError(f"bad argument #1 to '{name}' ({expected} expected)")
