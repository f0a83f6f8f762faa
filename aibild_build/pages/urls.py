"""Addresses: page URLs and picture URLs as they stand in HTML, and in full.

Takes the configuration's base URL and addresses relative to the site's root, yields percent-encoded text (RFC 3986, section 2.1).
Every link in the site is made here, so a base URL with a path moves all of them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

from markupsafe import escape

from ..config import Config

_PLAIN = re.compile(r"[A-Za-z0-9/._~-]*")  # what `quote` leaves as it is
_SPECIAL = re.compile(r"[&<>\"']")
_KEPT = "/-._~!$&'()*+,;=:@"


def escaped(text: str) -> str:
    """Text for HTML, between tags and in quoted attributes, as plain text: Markup objects are dear by the dozen."""
    return str(escape(text)) if _SPECIAL.search(text) else text


def href(config: Config, url: str) -> str:
    """A site-relative URL ("de/guide/") as an absolute path with the base URL's own path: "/docs/de/guide/"."""
    return config.base_path + (url if _PLAIN.fullmatch(url) else quote(url, safe=_KEPT))


def absolute(config: Config, path: str) -> str:
    """An absolute path ("/docs/x.jpg") with scheme and host of the base URL; what has a scheme already stays as it is."""
    if not path or "://" in path:
        return path
    return _host(config.base_url) + (path if path.startswith("/") else config.base_path + path)


@lru_cache
def _host(base_url: str) -> str:
    base = urlsplit(base_url)
    return f"{base.scheme}://{base.netloc}"


def local(config: Config, address: str) -> str:
    """An address that an author wrote, "/licence/" say: what is a path without the base URL's own path gets it."""
    if not address or "://" in address or address.startswith(("#", "mailto:")):
        return address
    if config.base_path != "/" and address.startswith(config.base_path):
        return address
    return href(config, address.lstrip("/"))


def full(config: Config, url: str) -> str:
    """A site-relative URL in full: "https://example.org/docs/de/guide/"."""
    return absolute(config, href(config, url))
