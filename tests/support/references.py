"""Every address that a built page names, and the file it leads to.

Takes HTML, CSS, JSON-LD or a sitemap as text, yields addresses; knows nothing of how aibild made them. The parser is the standard
library's, on purpose another one than the package uses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from xml.etree import ElementTree

_CSS_URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]+))\s*\)""")
_META_URLS = {"og:url", "og:image", "og:image:url", "og:image:secure_url", "twitter:image"}
_SITEMAP_URLS = {"loc", "license"}


@dataclass(frozen=True, slots=True)
class Reference:
    """`where` says which attribute or field names the address, for messages."""

    where: str
    url: str


@dataclass(slots=True)
class Document:
    """What was found in one HTML file: elements in order, ids, the text of JSON-LD scripts and of style elements."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    jsonld: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of all elements of that name whose attributes have these values."""
        return [attrs for name, attrs in self.elements if name == tag and wanted.items() <= attrs.items()]


def read_html(text: str) -> Document:
    """The document's elements and embedded texts."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.document


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.document = Document()
        self._into: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.document.elements.append((tag, values))
        if "id" in values:
            self.document.ids.append(values["id"])
        self._into = None
        if tag == "style":
            self._into = self.document.styles
        elif tag == "script" and values.get("type") == "application/ld+json":
            self._into = self.document.jsonld

    def handle_endtag(self, tag: str) -> None:
        self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)


def of_html(document: Document) -> Iterator[Reference]:
    """Addresses in attributes, style attributes and style elements, social cards and JSON-LD."""
    for tag, attrs in document.elements:
        for name in ("href", "src", "poster", "action", "data-src"):
            if name in attrs:
                yield Reference(f"{tag}[{name}]", attrs[name])
        for name in ("srcset", "imagesrcset"):
            yield from (Reference(f"{tag}[{name}]", url) for url, _ in candidates(attrs.get(name, "")))
        if "style" in attrs:
            yield from of_css(attrs["style"], f"{tag}[style]")
        if tag == "meta" and attrs.get("property", attrs.get("name")) in _META_URLS:
            yield Reference(f"meta {attrs.get('property', attrs.get('name'))}", attrs.get("content", ""))
    for style in document.styles:
        yield from of_css(style, "style")
    for text in document.jsonld:
        yield from of_jsonld(json.loads(text))


def candidates(srcset: str) -> list[tuple[str, str]]:
    """(address, descriptor) of each candidate of a srcset (HTML standard, 4.8.4.2.1), for addresses without commas."""
    parts = (part.split() for part in srcset.split(",") if part.strip())
    return [(part[0], part[1] if len(part) > 1 else "1x") for part in parts]


def of_css(text: str, where: str = "css") -> Iterator[Reference]:
    """Addresses in `url(…)`, data addresses left out."""
    for found in _CSS_URL.finditer(text):
        url = next(group for group in found.groups() if group is not None)
        if not url.startswith(("data:", "#")):
            yield Reference(where, url)


def of_jsonld(node: object, where: str = "json-ld") -> Iterator[Reference]:
    """Every http(s) address in a JSON-LD value, wherever it stands."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name != "@context":
                yield from of_jsonld(value, f"json-ld {name}")
    elif isinstance(node, list):
        for value in node:
            yield from of_jsonld(value, where)
    elif isinstance(node, str) and node.startswith(("http://", "https://")):
        yield Reference(where, node)


def of_sitemap(text: str) -> Iterator[Reference]:
    """Page, picture and alternate addresses of a sitemap."""
    for element in ElementTree.fromstring(text).iter():
        name = element.tag.rpartition("}")[2]
        if name in _SITEMAP_URLS:
            yield Reference(f"sitemap {name}", (element.text or "").strip())
        elif name == "link":
            yield Reference("sitemap link", element.get("href", ""))


def target(url: str, page_url: str, base_url: str) -> tuple[str, str] | None:
    """The (file, fragment) in the output that an address on a page leads to, or None when it leads out of the site.

    An address on the site's own host but outside the base URL's path is not None: it names the file `..`, which never exists.
    """
    address, fragment = urldefrag(urljoin(page_url, url))
    base, parts = urlsplit(base_url), urlsplit(address)
    if parts.scheme not in ("http", "https") or parts.netloc != base.netloc:
        return None
    if not parts.path.startswith(base.path):
        return "..", fragment
    path = unquote(parts.path.removeprefix(base.path))
    return (path + "index.html" if path == "" or path.endswith("/") else path), fragment


def page_url(path: str, base_url: str) -> str:
    """The public address of an HTML file of the output."""
    return base_url + (path.removesuffix("index.html") if path.endswith("index.html") else path)


def broken(output: Path, base_url: str) -> list[str]:
    """A line for every address in the output's HTML, CSS and XML that leads to no file, or to no element of its page."""
    documents = {
        page.relative_to(output).as_posix(): read_html(page.read_text("utf-8")) for page in sorted(output.rglob("*.html"))
    }
    faults: list[str] = []

    def look(origin: str, url: str, reference: Reference) -> None:
        found = target(reference.url, url, base_url)
        if found is None:
            return
        file, fragment = found
        if not (output / file).is_file() or file == "..":
            faults.append(f"{origin}: {reference.where} leads to no file: {reference.url}")
        elif fragment and file in documents and not reference.where.startswith("json-ld") and fragment not in documents[file].ids:
            faults.append(f"{origin}: {reference.where} leads to no element: {reference.url}")

    for path, document in documents.items():
        for reference in of_html(document):
            look(path, page_url(path, base_url), reference)
    for kind, reader in (("*.css", of_css), ("sitemap*.xml", of_sitemap)):
        for file in sorted(output.rglob(kind)):
            path = file.relative_to(output).as_posix()
            for reference in reader(file.read_text("utf-8")):
                look(path, base_url + path, reference)
    return faults
