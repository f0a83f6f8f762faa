"""Finds out a foreign site's address from what its pages say of themselves."""

from __future__ import annotations

from collections import Counter

from ..budgets.reading import BuiltSite, Seen, read_page

UNKNOWN_BASE = "http://localhost/"
_MOST_PAGES = 25


def guess_base(site: BuiltSite) -> str:
    """The base URL that most pages' canonical or `og:url` address agrees with, "" when none says anything."""
    votes: Counter[str] = Counter()
    for path in sorted(site.pages, key=lambda path: (path.count("/"), path))[:_MOST_PAGES]:
        seen = read_page(site.read(path), path, UNKNOWN_BASE + path)
        if isinstance(seen, Seen):
            for url in (seen.canonical, seen.meta("og:url")):
                if base := _base_of(url, path):
                    votes[base] += 1
    return votes.most_common(1)[0][0] if votes else ""


def _base_of(url: str, path: str) -> str:
    """What stands before the page's own path in its full address."""
    if not url.startswith(("http://", "https://")):
        return ""
    folder = path.removesuffix("index.html").removesuffix("index.htm")
    for ending in (path, folder, folder.rstrip("/"), path.removesuffix(".html")):
        if url.endswith("/" + ending) or (not ending and url.endswith("/")):
            return url.removesuffix(ending)
    return url + "/" if not folder and url.count("/") == 2 else ""
