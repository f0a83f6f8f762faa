"""Links between source files: what `[text](../guide/briefs.md#keys)` in one Markdown file points at.

Takes the pages as read, yields the page that a target means. Both the reader (which reports what points nowhere) and the renderer
(which writes the address) ask here, so they cannot disagree.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from ..model import Page


class SourceLinks:
    """All pages by their source file and by (id, language)."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._by_source = {page.origin.path: page for page in pages if not page.made}
        self._by_id = {(page.id, page.lang): page for page in self._by_source.values()}

    def sources(self) -> tuple[str, ...]:
        return tuple(self._by_source)

    def resolve(self, source: str, lang: str, target: str) -> tuple[Page | None, str]:
        """The page that `target`, written in the file `source` of language `lang`, means, and the fragment without "#".

        A target is relative to its file, or to `site/` with a leading slash. Where languages are told by suffix, a link from
        `a.de.md` to `b.md` means the German `b` if there is one; a file in a language folder is meant as written.
        """
        written, _, fragment = target.partition("#")
        if not written:
            return self._by_source.get(source), fragment
        path = source_path(source, written)
        page = self._by_source.get(path)
        if source.endswith(f".{lang}.md"):
            if page is None:
                page = self._by_source.get(f"{path.removesuffix('.md')}.{lang}.md")
            elif page.lang != lang and not path.endswith(f".{page.lang}.md"):
                page = self._by_id.get((page.id, lang), page)
        return page, fragment


def source_path(source: str, written: str) -> str:
    """The project-relative path of `written` (no fragment) as it stands in the file `source`; may lead out by `..`."""
    if written.startswith("/"):
        return posixpath.normpath("site/" + written.lstrip("/"))
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), written))
