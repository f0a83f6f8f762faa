"""Pictures in a sitemap that is there: `<image:image>` beside each page's `<loc>`, every other byte as it was.

Takes the file's bytes and the pictures by page address, yields its new bytes. Where the site has no sitemap, `pages.sitemap`
writes one. Source: Google, image sitemaps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from xml.sax.saxutils import escape

from ...pages.sitemap import IMAGE_NAMESPACE, MAX_IMAGES

_URL = re.compile(rb"<url\b[^>]*>.*?</url\s*>", re.S)
_LOC = re.compile(rb"<loc>\s*(.*?)\s*</loc>", re.S)
_LISTED = re.compile(rb"<image:loc>\s*(.*?)\s*</image:loc>", re.S)
_ROOT = re.compile(rb"<urlset\b[^>]*?(?=\s*/?>)")
_END = re.compile(rb"\s*</url\s*>\Z")
_COMMENT = re.compile(rb"<!--.*?-->", re.S)


def with_images(data: bytes, pictures: Mapping[str, Sequence[str]]) -> bytes | None:
    """The sitemap with the addresses in `pictures` (page address → picture addresses); None for a file that is no plain list of
    pages in UTF-8, or that has comments in which anything might stand."""
    root = _ROOT.search(data)
    if root is None or _COMMENT.search(data) or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    pieces: list[bytes] = []
    done = 0
    for found in _URL.finditer(data):
        loc = _LOC.search(found[0])
        page = unescape(loc[1].decode("utf-8", "replace")) if loc else ""
        listed = {unescape(one.decode("utf-8", "replace")) for one in _LISTED.findall(found[0])}
        new = [url for url in dict.fromkeys(pictures.get(page, ())) if url not in listed][: max(0, MAX_IMAGES - len(listed))]
        end = _END.search(found[0])
        if not new or end is None:
            continue
        at = found.start() + end.start()
        lines = "".join(f"<image:image><image:loc>{escape(url)}</image:loc></image:image>" for url in new)
        pieces += (data[done:at], lines.encode())
        done = at
    if not pieces:
        return data
    text = b"".join((*pieces, data[done:]))
    if b"xmlns:image" in root[0]:
        return text
    return text[: root.end()] + f' xmlns:image="{IMAGE_NAMESPACE}"'.encode() + text[root.end() :]
