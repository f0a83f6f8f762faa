"""What a device loads for a page: each address once, by kind of resource, with the bytes that travel.

Takes a page as it was read, its site and a device, yields `Load`s. Of every picture it is the candidate that the device takes,
lazy ones included, since a reader scrolls. Text counts compressed, as every host of today sends it. What lies on other hosts
counts as a request of 0 bytes: its size is not in the files. Addresses that differ in their query are two requests, though they
lead to one file. Kinds are those of LightWallet's budgets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ...devices import Device, matches
from ...imagefile import format_of_name
from .css import Css
from .fonts import Faces
from .page import Seen, Tag
from .pictures import Shown
from .site import BuiltSite, Kind

_FONTS = (".woff2", ".woff", ".ttf", ".otf", ".eot")
_OLD_FONTS = (".eot", ".svg")  # no browser of today takes them
_MEDIA = (".mp4", ".webm", ".ogv", ".mov", ".m4v", ".mp3", ".ogg", ".oga", ".m4a", ".wav", ".flac")
_BY_AS = {"image": "image", "font": "font", "style": "style", "script": "script", "video": "media", "audio": "media"}
_PAINTING = ("background", "background-image", "border-image", "border-image-source", "mask", "mask-image", "list-style-image")


class Load(NamedTuple):
    """One request. `path` is the file in the output, "" for what lies elsewhere or is missing; `blocks` the first paint."""

    kind: str
    url: str
    path: str
    bytes: int
    third_party: bool
    blocks: bool
    tag: Tag | None


def the_page(seen: Seen, site: BuiltSite) -> Load:
    """The document itself."""
    return Load("document", seen.url, seen.path, site.transfer_bytes(seen.path), False, True, None)


def common_loads(seen: Seen, site: BuiltSite, sheets: Iterable[tuple[Css, str, Tag]], fonts: Faces) -> Iterator[Load]:
    """What every device loads: style sheets, scripts, fonts (`fetched_faces`), painted images, media, frames."""
    for css, source, tag in sheets:
        if tag.name == "link":
            yield from _load(site, source, seen.base, "style", tag, blocks=_blocks(tag))
        for painted in css.urls:
            if painted.property in _PAINTING:
                yield from _load(site, painted.value, source, "image", tag)
    for face, source, tag in fonts:
        modern = (url for url in face.urls if not url.partition("?")[0].partition("#")[0].lower().endswith(_OLD_FONTS))
        yield from _load(site, next(modern, ""), source, "font", tag)
    for link in seen.rel("stylesheet"):
        yield from _load(site, link.get("href"), seen.base, "style", link, blocks=_blocks(link))
    for script in seen.scripts:
        later = script.has("async") or script.has("defer") or script.get("type").lower() == "module"
        if script.get("src"):
            blocks = not later and script.path.startswith("html > head")
            yield from _load(site, script.get("src"), seen.base, "script", script, blocks=blocks)
    for link in seen.rel("preload"):
        if link.get("href") and not link.has("imagesrcset"):
            yield from _load(site, link.get("href"), seen.base, _BY_AS.get(link.get("as").lower(), "other"), link)
    for link in seen.rel("modulepreload"):
        yield from _load(site, link.get("href"), seen.base, "script", link)
    for tag in seen.embeds:
        yield from _embed(seen, site, tag)


def picture_loads(seen: Seen, site: BuiltSite, pictures: Iterable[Shown], device: Device) -> Iterator[Load]:
    """Of each picture the file that the device takes."""
    for shown in pictures:
        taken = shown.taken(device)
        if taken is not None:
            yield from _load(site, taken.option.url, seen.base, "image", shown.img.tag)


def _embed(seen: Seen, site: BuiltSite, tag: Tag) -> Iterator[Load]:
    if tag.name == "iframe":
        yield from _load(site, tag.get("src"), seen.base, "document", tag)
    elif tag.name in ("video", "audio"):
        yield from _load(site, tag.get("poster"), seen.base, "image", tag)
        if tag.get("preload").lower() == "auto" or tag.has("autoplay"):
            yield from _load(site, tag.get("src"), seen.base, "media", tag)
    elif tag.name == "image":
        yield from _load(site, tag.get("href") or tag.get("xlink:href"), seen.base, "image", tag)
    elif tag.name in ("embed", "object", "input"):
        kind = "image" if tag.name == "input" else "other"
        yield from _load(site, tag.get("src") or tag.get("data"), seen.base, kind, tag)


def _load(site: BuiltSite, url: str, base: str, kind: str, tag: Tag, *, blocks: bool = False) -> Iterator[Load]:
    target = site.resolve(url, base) if url else None
    if target is None:
        return
    if target.kind is Kind.FILE:
        kind = _kind(target.path, kind)
        size = site.transfer_bytes(target.path)
        yield Load(kind, target.url.partition("#")[0], target.path, size, False, blocks, tag)
    elif target.kind is Kind.ELSEWHERE:
        yield Load(kind, target.url.partition("#")[0], "", 0, True, blocks, tag)


def _kind(path: str, kind: str) -> str:
    """What a file is by its name, where that says more than the place that names it."""
    name = path.lower()
    if name.endswith(_FONTS):
        return "font"
    if name.endswith(_MEDIA):
        return "media"
    return "image" if kind == "other" and format_of_name(name) else kind


def _blocks(link: Tag) -> bool:
    """Whether a style sheet holds up the first paint of a phone."""
    return "alternate" not in link.get("rel").lower().split() and (not link.has("media") or _fits(link.get("media")))


def _fits(media: str) -> bool:
    return matches(media, Device("", 412, 823, 1.75))
