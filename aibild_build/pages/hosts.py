"""Files for hosts: pages that lead from a former address to the present one, `_redirects` and `_headers`.

Takes pages and the configuration, yields files by name. The two underscore files follow the format that Netlify and Cloudflare
Pages read; other hosts pass them by, and the redirect pages serve there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import escape

from ..config import Config
from ..model import Page
from .content import redirect_path
from .feeds import feed_path
from .strings import phrase
from .urls import full, href

_REVALIDATE = "public, max-age=0, must-revalidate"
_IMMUTABLE = "public, max-age=31536000, immutable"
_PICTURE_SUFFIXES = ("avif", "jpg", "png", "webp")


def redirect_pages(config: Config, pages: Iterable[Page]) -> tuple[tuple[str, bytes], ...]:
    """(path, HTML) of a small page for each alias. It leads on at once, needs no script and is not to be indexed."""
    return tuple((redirect_path(alias), _redirect(config, page)) for page in pages for alias in page.aliases)


def redirects_file(config: Config, pages: Iterable[Page]) -> bytes:
    """`_redirects`: from, to and status, one a line."""
    rows = [f"{href(config, alias)} {href(config, page.url)} 301" for page in pages for alias in page.aliases]
    return "".join(f"{row}\n" for row in sorted(rows)).encode()


def headers_file(config: Config, pages: Iterable[Page], pictures: str) -> bytes:
    """`_headers`: pictures carry a hash in their name and never change; pages are asked for again each time.

    `pictures` is the folder of the picture files. No two rules that set the same header match one path, for some hosts would
    send both.
    """
    base, listed = config.base_path, tuple(pages)
    among = any(page.url.startswith(f"{pictures}/") for page in listed)
    folders = [f"{base}{pictures}/*.{suffix}" for suffix in _PICTURE_SUFFIXES] if among else [f"{base}{pictures}/*"]
    rules = [(f"{base}*", ["X-Content-Type-Options: nosniff"])]
    rules += [(folder, [f"Cache-Control: {_IMMUTABLE}"]) for folder in folders]
    rules += [(pattern, [f"Cache-Control: {_REVALIDATE}"]) for pattern in _page_patterns(config, listed, pictures)]
    if config.feeds:
        paths = sorted({href(config, feed_path(config, language.code)) for language in config.languages})
        rules += [(path, ["Content-Type: application/atom+xml; charset=utf-8"]) for path in paths]
    return "\n".join(_rule(pattern, headers) for pattern, headers in rules).encode()


def _page_patterns(config: Config, pages: Iterable[Page], pictures: str) -> list[str]:
    """A pattern for each first part of a page's address; pages that lie among the pictures are named one by one."""
    patterns = set()
    for page in pages:
        top, slash, _ = page.url.partition("/")
        patterns.add(page.url if top == pictures or not slash else f"{top}/*")
    return sorted(href(config, pattern) for pattern in patterns | {""})


def _rule(pattern: str, headers: Sequence[str]) -> str:
    return "".join([f"{pattern}\n", *(f"  {header}\n" for header in headers)])


def _redirect(config: Config, page: Page) -> bytes:
    lang = page.lang
    direction = next(language.dir for language in config.languages if language.code == lang)
    path, url = escape(href(config, page.url)), escape(full(config, page.url))
    title = escape(phrase(lang, "moved_title"))
    return (
        f'<!doctype html>\n<html lang="{lang}" dir="{direction}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title}</title>\n<meta name="robots" content="noindex">\n<link rel="canonical" href="{url}">\n'
        f'<meta http-equiv="refresh" content="0; url={path}">\n<meta name="color-scheme" content="light dark">\n</head>\n<body>\n'
        f'<main>\n<h1>{title}</h1>\n<p>{escape(phrase(lang, "moved_text"))} <a href="{path}">{escape(page.title)}</a></p>\n'
        "</main>\n</body>\n</html>\n"
    ).encode()
