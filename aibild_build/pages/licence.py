"""Whether the address of the pictures' terms, where it lies on this site, leads to a page.

Takes the configuration and the site, yields findings. Search engines show the address as the picture's licence, and files carry
it for as long as they exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from ..config import CONFIG_FILE, Config
from ..model import Finding, Level, Origin, Site
from ..source import nearest_hint
from .content import redirect_path


def licence_findings(config: Config, site: Site) -> tuple[Finding, ...]:
    """`licence-page-missing` for each address on this site that no page, file or alias has."""
    there = {page.path for page in site.pages} | {file.path for file in site.static}
    there |= {redirect_path(alias) for page in site.pages for alias in page.aliases}
    return tuple(_missing(config, site, there))


def _missing(config: Config, site: Site, there: set[str]) -> Iterator[Finding]:
    images = config.images
    wanted = [(name, address, Origin(path=CONFIG_FILE)) for name, address in _named(images.license, images.acquire_license_page)]
    for _, brief in sorted(site.briefs.items()):
        wanted += [(name, address, brief.origin) for name, address in _named(brief.license, brief.acquire_license_page)]
    for name, address, origin in wanted:
        if not address.startswith(config.base_url):
            continue
        path = unquote(address.removeprefix(config.base_url)).partition("#")[0].partition("?")[0]
        if path in there or f"{path.rstrip('/')}/index.html".lstrip("/") in there:
            continue
        yield Finding(
            rule="licence-page-missing",
            level=Level.WARNING,
            message=f"expected {name} to lead to a page of this site, got /{path}",
            origin=origin,
            subject=f"/{path}",
            hint=nearest_hint(path, [page.url for page in site.pages if page.url]) or "write the page, or name another address",
        )


def _named(license: str, acquire: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, address) for name, address in (("license", license), ("acquire_license_page", acquire)) if address)
