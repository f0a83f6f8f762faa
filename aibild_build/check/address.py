"""Finds out a foreign site's address: from what its pages say of themselves, else from its sitemap, else from its own links."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote, urlsplit

from ..budgets.reading import BuiltSite, Seen, read_page

UNKNOWN_BASE = "http://localhost/"
_MOST_PAGES = 25
_MOST_LOCATIONS = 200
_MOST_LINKS = 500
_DEEPEST = 2  # folders that a site's address may have, as far as links can tell
_LOCATION = re.compile(rb"<loc>\s*(https?://[^<\s]+)\s*</loc>")


def guess_base(site: BuiltSite) -> str:
    """The base URL that most pages' canonical or `og:url` address agrees with, else the sitemap's, else the one below which most
    full addresses in links lead to files of the site; "" when none says anything."""
    votes: Counter[str] = Counter()
    linked: set[str] = set()
    paths = sorted(site.pages, key=lambda path: (path.count("/"), path))[:_MOST_PAGES]
    for path in paths:
        seen = read_page(site.read(path), path, UNKNOWN_BASE + path)
        if isinstance(seen, Seen):
            for url in (seen.canonical, seen.meta("og:url")):
                if base := _base_of(url, path):
                    votes[base] += 1
            tags = (*seen.anchors, *seen.links, *seen.scripts)
            linked.update(tag.get("href") or tag.get("src") for tag in tags[:_MOST_LINKS])
    if not votes and "sitemap.xml" in site.files:
        votes = _listed(site.read("sitemap.xml"), paths)
    if not votes:
        votes = Counter(base for url in sorted(linked) if (base := _leads(url, site)))
    return votes.most_common(1)[0][0] if votes else ""


def _listed(sitemap: bytes, paths: list[str]) -> Counter[str]:
    """What stands before pages' paths in the sitemap; the first page of all ends like any other, so it has no vote."""
    urls = [found.decode("utf-8", "replace") for found in _LOCATION.findall(sitemap)[:_MOST_LOCATIONS]]
    inner = [path for path in paths if path.removesuffix("index.html").removesuffix("index.htm")]
    found = Counter(base for path in inner for url in urls if (base := _base_of(url, path)))
    return found or Counter(min(urls, key=len, default="").rpartition("/")[0] + "/" for _ in urls[:1])


def _leads(url: str, site: BuiltSite) -> str:
    """What stands before a file of the site in a full address. The first page says nothing: every host has one."""
    if not url.startswith(("http://", "https://")):
        return ""
    parts = urlsplit(url)
    folders = unquote(parts.path).split("/")[1:]
    for depth in range(min(_DEEPEST + 1, len(folders))):
        rest = "/".join(folders[depth:])
        if rest and any(file in site.files for file in (rest, f"{rest.rstrip('/')}/index.html", f"{rest}.html")):
            return f"{parts.scheme}://{parts.netloc}/{''.join(folder + '/' for folder in folders[:depth])}"
    return ""


def _base_of(url: str, path: str) -> str:
    """What stands before the page's own path in its full address."""
    if not url.startswith(("http://", "https://")):
        return ""
    folder = path.removesuffix("index.html").removesuffix("index.htm")
    for ending in (path, folder, folder.rstrip("/"), path.removesuffix(".html")):
        if url.endswith("/" + ending) or (not ending and url.endswith("/")):
            return url.removesuffix(ending)
    return url + "/" if not folder and url.count("/") == 2 else ""
