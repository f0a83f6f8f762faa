"""Rules on files as such: can they be read, is what is called a page one. The reading itself tells most of it."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Level
from . import Family, Rule
from .reading import MAX_PAGE_BYTES, Fault, OnePage

RULES = (
    Rule(
        id="file-unreadable",
        level=Level.ERROR,
        title="every file of the site can be read",
        source="own",
        hint="look at its rights; links to folders outside of the site do not survive a deploy",
    ),
    Rule(
        id="page-too-large",
        level=Level.ERROR,
        title=f"a page has at most {MAX_PAGE_BYTES} bytes and 100,000 elements, nested at most 500 deep",
        source="own; Lighthouse 13 `dom-size-insight`",
        hint="split the page; it was not looked at further",
    ),
    Rule(
        id="page-not-html",
        level=Level.ERROR,
        title="what ends in .html is HTML",
        source="HTML standard, section 13",
        hint="give the file the ending that fits what is in it",
    ),
    Rule(
        id="page-encoding",
        level=Level.WARNING,
        title="pages are UTF-8",
        source="HTML standard, section 4.2.5.4",
        hint='save the page as UTF-8 and write `<meta charset="utf-8">` first in its head',
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    encoding = page.seen.encoding
    if encoding and encoding.upper() not in ("UTF-8", "ASCII"):
        yield page.fault("page-encoding", f"expected UTF-8, got {encoding}", measured=encoding, limit="UTF-8")


FAMILY = Family(name="files", fingerprint=1, rules=RULES, page=_page)
