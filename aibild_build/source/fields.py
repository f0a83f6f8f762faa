"""Typed values out of one table of a `Document`, with a finding for each that is not what it should be.

Takes a document and the path of a table in it; yields values of the type that was asked for (the default where a value is absent
or wrong) and, at the end, findings for keys that nobody asked for. An empty value (`key:` in YAML) counts as absent.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ..model import Finding, Json
from .colours import CSS_COLOURS, colour_hex
from .document import Document
from .faults import KeyPath, fatal, key_name, nearest_hint, shown

Key: TypeAlias = "str | int | tuple[str | int, ...]"
_MOST_UNKNOWN = 20  # told one by one; a file of another kind has thousands
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)")


class Fields:
    """One table, asked key by key. Nested tables share the list of findings, so the outermost `finish` tells all of them."""

    def __init__(self, document: Document, at: KeyPath = (), values: Mapping[str, Json] | None = None) -> None:
        self.document = document
        self.at = at
        found: Json = document.values if values is None else values
        for key in at if values is None else ():
            found = found[key] if isinstance(found, Mapping) and isinstance(key, str) and key in found else {}
        self.values: Mapping[str, Json] = found if isinstance(found, Mapping) else {}
        self._findings: list[Finding] = []
        self._asked: dict[str, None] = {}
        self._inner: list[Fields] = []
        self._finished = False

    def value(self, key: str) -> Json:
        """The value as it was written, None when absent. Marks the key as known."""
        self._asked[key] = None
        return self.values.get(key)

    def has(self, key: str) -> bool:
        return self.value(key) is not None

    def names(self) -> tuple[str, ...]:
        """All keys as written; does not mark them as known."""
        return tuple(self.values)

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        value = self.value(key)
        if value is None:
            if required:
                self._missing(key, "text")
            return default
        if isinstance(value, str):
            if value.strip() or not required:
                return value.strip()
            self._missing(key, "text")
            return default
        hint = "put it in quotes to have it as text" if isinstance(value, bool | int | float) else ""
        self.wrong(key, "text", hint=hint)
        return default

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of text; one text alone is a list of one."""
        value = self.value(key)
        if value is None:
            return tuple(default)
        if isinstance(value, str):
            return (value.strip(),)
        if not isinstance(value, Sequence):
            self.wrong(key, "list of text")
            return tuple(default)
        texts = []
        for index, item in enumerate(value):
            if isinstance(item, str):
                texts.append(item.strip())
            else:
                self.wrong((key, index), "text")
        return tuple(texts)

    def whole(self, key: str, default: int = 0, *, low: int | None = None, high: int | None = None, hint: str = "") -> int:
        value = self.value(key)
        if value is None:
            return default
        good = isinstance(value, int) and not isinstance(value, bool)
        if good and isinstance(value, int) and (low is None or value >= low) and (high is None or value <= high):
            return value
        self.wrong(key, "integer" + _span(low, high), hint=hint)
        return default

    def number(self, key: str, default: float = 0.0, *, low: float | None = None, high: float | None = None) -> float:
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            number = float(value)
            if (low is None or number >= low) and (high is None or number <= high):
                return number
        self.wrong(key, "number" + _span(low, high))
        return default

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        self.wrong(key, "true or false")
        return default

    def choice(self, key: str, options: Sequence[str], default: str) -> str:
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, str) and value in options:
            return value
        near = nearest_hint(value, options) if isinstance(value, str) else ""
        self.wrong(key, "one of " + ", ".join(options), hint=near if near.startswith("did") else "")
        return default

    def colour(self, key: str, default: str = "") -> str:
        """`#rgb`, `#rrggbb` or a CSS colour name → `#rrggbb`."""
        value = self.value(key)
        if value is None:
            return default
        found = colour_hex(value) if isinstance(value, str) else None
        if found is None:
            self.wrong_colour(key, value)
            return default
        return found

    def day(self, key: str, default: str = "") -> str:
        """`YYYY-MM-DD` or an RFC 3339 date-time, as text."""
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, str) and _is_day(value.strip()):
            return value.strip()
        self.wrong(key, "day YYYY-MM-DD, or date and time with zone (RFC 3339)")
        return default

    def by_language(self, key: str, languages: Sequence[str], default_language: str) -> dict[str, str]:
        """Text by language; a text alone is in the default language."""
        value = self.value(key)
        if value is None:
            return {}
        if isinstance(value, str):
            return {default_language: value.strip()} if value.strip() else {}
        if not isinstance(value, Mapping):
            self.wrong(key, "text, or text by language")
            return {}
        texts: dict[str, str] = {}
        for language, text in value.items():
            if not self.known_language((key, language), languages) or text is None:
                continue
            if isinstance(text, str):
                texts[language] = text.strip()
            else:
                self.wrong((key, language), "text")
        return texts

    def known_language(self, key: tuple[str | int, ...], languages: Sequence[str]) -> bool:
        """Whether the last part of `key` is a language of the site; tells it when not."""
        language = str(key[-1])
        if language in languages:
            return True
        message = (
            f"expected {key_name((*self.at, *key[:-1]))} in languages of the site ({', '.join(languages)}), got `{language}`"
        )
        self.tell("source-reference", message, key, hint=nearest_hint(language, languages))
        return False

    def mapping(self, key: str) -> dict[str, Json]:
        """A free-form table, as it is."""
        value = self.value(key)
        if isinstance(value, Mapping):
            return dict(value)
        if value is not None:
            self.wrong(key, "table")
        return {}

    def fields(self, key: str) -> Fields:
        """A nested table; an empty one when absent."""
        return self.inner((key,), self.mapping(key))

    def each(self, key: str) -> tuple[Fields, ...]:
        """A list of tables."""
        value = self.value(key)
        if value is None:
            return ()
        if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
            self.wrong(key, "list of tables")
            return ()
        tables = []
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                tables.append(self.inner((key, index), item))
            else:
                self.wrong((key, index), "table")
        return tuple(tables)

    def named(self, key: str) -> tuple[tuple[str, Fields], ...]:
        """A table of tables, in the order written."""
        tables = []
        for name, item in self.mapping(key).items():
            if isinstance(item, Mapping):
                tables.append((name, self.inner((key, name), item)))
            elif item is not None:
                self.wrong((key, name), "table")
        return tuple(tables)

    def inner(self, keys: KeyPath, values: Mapping[str, Json]) -> Fields:
        """`values`, which stand at `keys` below this table, as fields of their own; their findings go to the same list."""
        inner = Fields(self.document, (*self.at, *keys), values)
        inner._findings = self._findings
        self._inner.append(inner)
        return inner

    def wrong(self, key: Key, expected: str, *, hint: str = "", rule: str = "source-value") -> None:
        """Tell that the value of `key` is not what was expected. `expected` completes "expected KEY as …"."""
        keys = _as_path(key)
        message = f"expected {key_name((*self.at, *keys))} as {expected}, got {shown(self._at(keys))}"
        self.tell(rule, message, keys, hint=hint)

    def wrong_colour(self, key: Key, value: Json) -> None:
        near = nearest_hint(value, CSS_COLOURS) if isinstance(value, str) and not value.startswith("#") else ""
        self.wrong(key, "colour (#rgb, #rrggbb or a CSS colour name)", hint=near)

    def tell(self, rule: str, message: str, key: Key = (), *, hint: str = "") -> None:
        """A finding at the line of `key`, in words of one's own."""
        self._findings.append(fatal(rule, message, self.document.path, self.line(key), hint=hint))

    def line(self, key: Key | None = None) -> int | None:
        """The line of a key (of the table itself without one), or of what is nearest around it."""
        return self.document.line_of(*self.at, *_as_path(() if key is None else key))

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    def finish(self) -> tuple[Finding, ...]:
        """All findings, nested ones and those for unknown keys included, by line."""
        self._finish()
        return tuple(sorted(self._findings, key=lambda finding: (finding.origin.line or 0) if finding.origin else 0))

    def _finish(self) -> None:
        if not self._finished:
            self._finished = True
            unknown = [name for name in self.values if name not in self._asked]
            for name in unknown[:_MOST_UNKNOWN]:
                message = f"expected a known key, got `{key_name((*self.at, name))}`"
                self.tell("source-unknown-key", message, name, hint=nearest_hint(name, self._asked))
            if more := unknown[_MOST_UNKNOWN:]:
                self.tell("source-unknown-key", f"expected known keys, got {len(more)} more that are not", more[0])
        for inner in self._inner:
            inner._finish()

    def _missing(self, key: str, expected: str) -> None:
        self.tell("source-missing", f"expected {key_name((*self.at, key))} as {expected}, got nothing", key)

    def _at(self, keys: KeyPath) -> Json:
        value: Json = self.values
        for key in keys:
            if isinstance(value, Mapping):
                value = value.get(str(key))
            elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(key, int) and key < len(value):
                value = value[key]
            else:
                return None
        return value


def _as_path(key: Key) -> KeyPath:
    return key if isinstance(key, tuple) else (key,)


def _span(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" {low}–{high}"
    if low is not None:
        return f" of at least {low}"
    return f" of at most {high}" if high is not None else ""


def _is_day(text: str) -> bool:
    try:
        if len(text) == 10:
            return datetime.date.fromisoformat(text).isoformat() == text
        return bool(_DATE_TIME.fullmatch(text)) and datetime.datetime.fromisoformat(text.upper()) is not None
    except ValueError:
        return False
