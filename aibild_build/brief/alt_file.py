"""Puts a draft of alternative text into the text of a brief file, and leaves every other character as it stands.

Takes the file's text, yields it with one insertion. Several places are tried, block style or flow style; a place counts only when
the file then reads as before but for the one draft, so comments, anchors and odd layouts are never at risk. Reads no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from ..model import Json
from ..source import Document, read_yaml

_EMPTY = r"[ \t]*:(?:[ \t]+(?:~|null|Null|NULL))?(?=[ \t]*(?:#|$|[,}]))"


def with_alt_draft(text: str, lang: str, words: str) -> str | None:
    """`text` (YAML, with its own ends of lines) with `alt: {lang: {draft: words}}`; None where no place can be found for it.

    A text that stands there already is never replaced, nor is `alt` as one text alone.
    """
    before = _read(text)
    if before is None:
        return None
    alt = before.values.get("alt")
    if not (alt is None or (isinstance(alt, Mapping) and alt.get(lang) is None)):
        return None
    wanted = {**before.values, "alt": {**(alt or {}), lang: {"draft": words}}}
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    for changed in _places(lines, before, alt or {}, lang, json.dumps(words, ensure_ascii=False)):
        whole = end.join(changed)
        after = _read(whole)
        if after is not None and after.values == wanted:
            return whole
    return None


def _read(text: str) -> Document | None:
    document, faults = read_yaml(text.removeprefix("\ufeff"), "")
    return None if faults else document


def _places(lines: list[str], before: Document, alt: Mapping[str, Json], lang: str, quoted: str) -> Iterator[list[str]]:
    """The lines with the draft at each place where it may belong, the likeliest first."""
    at = before.positions().lines
    draft = f"{{draft: {quoted}}}"
    if "alt" not in before.values:
        yield from _at_the_end(lines, before, f"alt: {{{lang}: {draft}}}", (f"alt:\n  {lang}: {draft}").split("\n"))
        return
    first = at.get(("alt",), 1) - 1
    if lang in alt:
        own = at.get(("alt", lang), first + 1) - 1
        yield _changed(lines, own, rf"(?P<key>\b{re.escape(lang)}[\"']?){_EMPTY}", rf"\g<key>: {_literal(draft)}")
        return
    yield _changed(lines, first, rf"(?P<key>\balt[\"']?){_EMPTY}", rf"\g<key>: {_literal(f'{{{lang}: {draft}}}')}")
    if alt:
        child = min(at.get(("alt", code), first + 1) for code in alt) - 1
        indent = re.match(r"[ \t]*", lines[child])
        yield [*lines[:child], f"{indent.group() if indent else ''}{lang}: {draft}", *lines[child:]]
    comma = ", " if alt else ""
    for row in range(first, min(first + 2, len(lines))):
        yield _changed(lines, row, r"(?P<key>\balt[\"']?[ \t]*:[^#{]*\{)", rf"\g<key>{_literal(f'{lang}: {draft}{comma}')}")
        yield _changed(lines, row, r"(?P<key>^[ \t]*\{)", rf"\g<key>{_literal(f'{lang}: {draft}{comma}')}")


def _at_the_end(lines: list[str], before: Document, flow: str, block: list[str]) -> Iterator[list[str]]:
    """After the last line that holds anything, before the mark of the document's end, or within the braces of a flow table."""
    indent = next((re.match(r" *", lines[line - 1]) for path, line in before.positions().lines.items() if len(path) == 1), None)
    lead = indent.group() if indent else ""
    last = max((index for index, line in enumerate(lines) if line.strip() and line.strip() != "..."), default=-1)
    for end in (last + 1, len(lines) - (not lines[-1])):
        tail = lines[end:] if end < len(lines) else [""]
        yield [*lines[:end], *(lead + line for line in block), *tail]
    comma = ", " if before.values else ""
    for row, line in enumerate(lines):
        if "{" in line:
            yield _changed(lines, row, r"(?P<key>^[^{#]*\{)", rf"\g<key>{_literal(flow + comma)}")


def _changed(lines: list[str], row: int, pattern: str, by: str) -> list[str]:
    return [*lines[:row], re.sub(pattern, by, lines[row], count=1), *lines[row + 1 :]]


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\")
