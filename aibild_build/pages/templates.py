"""Templates by name, the user's own before the built-in ones, and the Jinja2 environment over them.

Takes folders, yields sources with digests and an environment that tells which templates a page really used (parents, includes and
imports among them, and names that it looked for in vain). Jinja2 is imported only when something is rendered; a digest does not
need it. Knows nothing of pages.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..canonical import digest_of
from ..disk import safe_join
from ..errors import AibildError, TemplateError
from ..source import nearest_hint

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # a NUL marks where the head goes
_OBJECT = re.compile(r"'aibild_build\.[\w.]*?(\w+) object'")
BUILTIN = Path(__file__).parent / "builtin"


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """`path` is relative to the project, or names the built-in template."""

    path: str
    text: str
    digest: str


class Templates:
    """All templates of a project; each file is read once."""

    def __init__(self, root: Path, folders: Sequence[Path]) -> None:
        self._root = root
        self._folders = tuple(dict.fromkeys((*folders, BUILTIN)))
        self._found: dict[str, TemplateSource | None] = {}
        self.used: dict[str, None] = {}

    def find(self, name: str) -> TemplateSource | None:
        """The source of a template, None when no folder has it. Raises TemplateError when it is no UTF-8 text."""
        if name not in self._found:
            self._found[name] = self._read(name)
        return self._found[name]

    def digest(self, name: str) -> str:
        """SHA-256 of the source, "" where there is none: a template that appears later changes it."""
        found = self.find(name)
        return found.digest if found else ""

    def names(self) -> tuple[str, ...]:
        """All names that could be asked for; for hints, so slow is fine."""
        return tuple(sorted({file.relative_to(folder).as_posix() for folder in self._folders for file in folder.rglob("*.html")}))

    def paths(self) -> frozenset[str]:
        """The paths of all sources read so far."""
        return frozenset(found.path for found in self._found.values() if found)

    def _read(self, name: str) -> TemplateSource | None:
        for folder in self._folders:
            file = safe_join(folder, name)
            if file is None or not file.is_file():
                self._refuse_odd(folder, name, file)
                continue
            path = self._shown(file)
            raw = file.read_bytes()
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                line = raw.count(b"\n", 0, error.start) + 1
                raise TemplateError(f"expected UTF-8 text, got byte 0x{raw[error.start]:02x}", path=path, line=line) from error
            if found := _CONTROL.search(text):
                line = text.count("\n", 0, found.start()) + 1
                raise TemplateError(f"expected text, got the control character U+{ord(found[0]):04X}", path=path, line=line)
            return TemplateSource(path, text, digest_of(raw))
        return None

    def _refuse_odd(self, folder: Path, name: str, file: Path | None) -> None:
        """What stands at a template's place and is none must not pass for the built-in one. Raises TemplateError."""
        if ".." in name or name.startswith("/") or not os.path.lexists(folder / name):
            return
        got = "a link that leads out" if file is None else "a folder" if file.is_dir() else "something else"
        raise TemplateError(f"expected a template, got {got}", path=self._shown(folder / name), line=None)

    def _shown(self, file: Path) -> str:
        if not file.is_relative_to(BUILTIN) and file.is_relative_to(self._root):
            return file.relative_to(self._root).as_posix()
        return f"aibild_build/pages/builtin/{file.relative_to(BUILTIN).as_posix()}" if file.is_relative_to(BUILTIN) else str(file)


def environment(templates: Templates) -> Any:
    """A Jinja2 environment: autoescape, strict undefined, no randomness; each template it loads goes into `templates.used`."""
    import jinja2

    class Source(jinja2.BaseLoader):
        def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
            found = templates.find(template)
            if found is None:
                raise jinja2.TemplateNotFound(template)
            return found.text, found.path, lambda: True

    class Fresh(jinja2.Template):
        def _get_default_module(self, ctx: jinja2.runtime.Context | None = None) -> jinja2.environment.TemplateModule:
            # Jinja2 keeps an imported template's variables from the first page that imports it; here they are each page's own.
            return self.make_module()

    class Watched(jinja2.Environment):
        template_class = Fresh

        def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
            # Jinja2 puts a ChainMap over these, which is slow to copy, once for each page and macro file.
            return super().make_globals(d) if d else self.globals

        def get_template(
            self, name: Any, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
        ) -> jinja2.Template:
            if isinstance(name, str):
                templates.used[name] = None
            return super().get_template(name, parent, globals)

        def select_template(
            self, names: Iterable[Any], parent: str | None = None, globals: MutableMapping[str, Any] | None = None
        ) -> jinja2.Template:
            for name in names:
                if not isinstance(name, str) or templates.find(name):
                    return self.get_template(name, parent, globals)
                templates.used[name] = None
            raise jinja2.TemplatesNotFound(list(names))

    watched = Watched(
        loader=Source(),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    del watched.filters["random"], watched.globals["lipsum"]
    return watched


def fault(error: Exception, templates: Templates, template: str, page: str, names: Iterable[str]) -> AibildError:
    """What a user needs to know of an exception that came out of rendering `template` for the source file `page`."""
    import jinja2

    if isinstance(error, AibildError):
        return error
    first = templates.find(template)
    path, line = (first.path if first else template), None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename in templates.paths():
            path, line = frame.f_code.co_filename, number
    hint = ""
    message = str(error.args[0]) if isinstance(error, LookupError) and error.args else str(error)
    message = _OBJECT.sub(r"`\1`", message)
    if isinstance(error, jinja2.TemplateSyntaxError):
        path, line, message = error.filename or path, error.lineno, error.message or message
    elif isinstance(error, jinja2.TemplateNotFound):
        message = f"there is no template `{error.name or template}`"
        hint = nearest_hint(str(error.name or template), templates.names())
        path = page if line is None else path
    elif isinstance(error, jinja2.UndefinedError) and message.endswith(" is undefined"):
        hint = nearest_hint(message.split("'")[1], names) if message.startswith("'") else ""
    elif isinstance(error, RecursionError):
        message, hint = (
            "expected a template that comes to an end, got one that uses itself",
            "look at its extends, includes and macros",
        )
    elif not isinstance(error, jinja2.TemplateError | LookupError | ValueError | TimeoutError):
        message = f"{type(error).__name__}: {message}".removesuffix(": ")
    return TemplateError(message, path=path, line=line, page=page, hint=hint)
