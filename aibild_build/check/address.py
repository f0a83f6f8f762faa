"""Finds out a foreign site's address from what its pages say of themselves, and from its sitemap where they say nothing."""

from __future__ import annotations

import re
from collections import Counter

from ..budgets.reading import BuiltSite, Seen, read_page

UNKNOWN_BASE = "http://localhost/"
_MOST_PAGES = 25
_MOST_LOCATIONS = 200
_LOCATION = re.compile(rb"<loc>\s*(https?://[^<\s]+)\s*</loc>")


def guess_base(site: BuiltSite) -> str:
    """The base URL that most pages' canonical or `og:url` address agrees with, or the sitemap's; "" when none says anything."""
    votes: Counter[str] = Counter()
    paths = sorted(site.pages, key=lambda path: (path.count("/"), path))[:_MOST_PAGES]
    for path in paths:
        seen = read_page(site.read(path), path, UNKNOWN_BASE + path)
        if isinstance(seen, Seen):
            for url in (seen.canonical, seen.meta("og:url")):
                if base := _base_of(url, path):
                    votes[base] += 1
    if not votes and "sitemap.xml" in site.files:
        votes = _listed(site.read("sitemap.xml"), paths)
    return votes.most_common(1)[0][0] if votes else ""


def _listed(sitemap: bytes, paths: list[str]) -> Counter[str]:
    """What stands before pages' paths in the sitemap; the first page of all ends like any other, so it has no vote."""
    urls = [found.decode("utf-8", "replace") for found in _LOCATION.findall(sitemap)[:_MOST_LOCATIONS]]
    inner = [path for path in paths if path.removesuffix("index.html").removesuffix("index.htm")]
    found = Counter(base for path in inner for url in urls if (base := _base_of(url, path)))
    return found or Counter(min(urls, key=len, default="").rpartition("/")[0] + "/" for _ in urls[:1])


def _base_of(url: str, path: str) -> str:
    """What stands before the page's own path in its full address."""
    if not url.startswith(("http://", "https://")):
        return ""
    folder = path.removesuffix("index.html").removesuffix("index.htm")
    for ending in (path, folder, folder.rstrip("/"), path.removesuffix(".html")):
        if url.endswith("/" + ending) or (not ending and url.endswith("/")):
            return url.removesuffix(ending)
    return url + "/" if not folder and url.count("/") == 2 else ""
