"""Edits of a page's text: what is put where. Positions are those of the parser's text, whose line ends are one character."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from markupsafe import escape


class Edit(NamedTuple):
    """`text` in the place of what lies from `start` up to `end`; an insertion where both are the same."""

    start: int
    end: int
    text: str


def attribute(name: str, value: str) -> str:
    """` name="value"`, escaped."""
    return f' {name}="{escape(value)}"'


def insert_attributes(tag: str, start: int, attributes: Mapping[str, str]) -> Edit:
    """New attributes, right after the name of the tag whose text is `tag` and that begins at `start`."""
    at = start + 1 + len(tag[1:].split(None, 1)[0].split("/")[0].split(">")[0])
    return Edit(at, at, "".join(attribute(name, value) for name, value in attributes.items()))


def replace_value(span: tuple[int, int], name: str, value: str) -> Edit:
    """A whole attribute, `name=value` as it was written, for one with another value."""
    return Edit(*span, attribute(name, value).lstrip())


def diff(before: bytes, after: bytes, path: str) -> Iterable[str]:
    """A unified diff of two versions of a file, a line each without its end. Bytes that are no UTF-8 are shown as `�`."""
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (before, after))
    return difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
