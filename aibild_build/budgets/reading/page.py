"""HTML → `Seen`: everything on a page that rules look at, read in one parse.

Takes bytes, yields a frozen record with plain values; the parsed tree is gone afterwards. The parser follows the HTML standard's
tree construction (measured on our pages: 5,800 pages/s with positions and paths read, 12 times Python's own and 50 times
html5lib). Pages that would take the machine down are refused by size before they are parsed, or by their number of elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple, cast

import turbohtml
from turbohtml import Document, Element, Text

from .selectors import Node

MAX_PAGE_BYTES = 5_000_000
MAX_ELEMENTS = 100_000
MAX_DEPTH = 500  # browsers stop nesting at 512
_CANNOT_HURT = 2_000  # elements, however deep
_FAR = 1_000_000
_MEASURED_IMAGES = 12  # how far into the page text is counted; what comes later is below the fold of any screen
_FAR_CHARS = 4_000
_NEAR_IMAGES = 300
_MOST_BLOCKS = 40
_NEAR_CHARS = 200
_MOST_NEAR_CHARS = 800
_MOST_BESIDE = 40
WRAPPERS = ("picture", "a")
_FRAMES = ("html", "body", "main", "article")
_SKIPPED = "script,style,noscript,template"
_EMBEDS = "iframe,video,audio,embed,object,canvas,input[type=image],svg image"


class Tag(NamedTuple):
    """An element: its attributes (a bare one is ""), its line, its CSS path and, where it matters, its text."""

    name: str
    attrs: Mapping[str, str]
    line: int
    path: str
    text: str = ""

    def get(self, name: str) -> str:
        return self.attrs.get(name, "").strip()

    def has(self, name: str) -> bool:
        return name in self.attrs


class Img(NamedTuple):
    """An `<img>` in its surroundings.

    `sources` are the `<source>`s before it in its `<picture>`, `link` the address that it links to. `chars_before` counts letters
    of visible text above it (a large number from the 13th picture on). `near` is the text around it. `line` are the elements from
    the root down to it (none from the 300th picture on). `beside` are the elements that share its box, if it has one of its own:
    what may be laid over it (none from the 13th on).
    """

    tag: Tag
    sources: tuple[Tag, ...]
    link: str | None
    caption: str
    near: str
    region: str
    unseen: bool
    chars_before: int
    line: tuple[Node, ...] = ()
    beside: tuple[Node, ...] = ()


# HTML standard, section 4.6.2: these must be left out where `href` is
_OF_ADDRESSES = ("target", "download", "ping", "rel", "hreflang", "type", "referrerpolicy")
_HOLLOW = ",".join(f"a[{name}]:not([href],[role],[id],[name])" for name in _OF_ADDRESSES)


@dataclass(frozen=True)
class Seen:
    """A page. `path` is its file in the output, `url` its address; `ids` are all targets of a fragment.

    `blocks` are the first blocks of text, in order. `anchors` are `<a>` and `<area>` with an address, `hollow` those without one
    that say more of it (`rel`, `target` …); `embeds` are iframe, video, audio, embed, object, canvas, `input type=image` and the
    `<image>` of SVG; `styled` are elements with a `style` attribute.
    `scripts` are those that run, with inline text. `classes` are all that any element has, `names` those of all elements.
    """

    path: str
    url: str
    bytes: int
    lang: str
    base: str
    titles: tuple[Tag, ...]
    metas: tuple[Tag, ...]
    links: tuple[Tag, ...]
    anchors: tuple[Tag, ...]
    hollow: tuple[Tag, ...]
    images: tuple[Img, ...]
    headings: tuple[Tag, ...]
    blocks: tuple[Tag, ...]
    ids: frozenset[str]
    classes: frozenset[str]
    names: frozenset[str]
    jsonld: tuple[Tag, ...]
    scripts: tuple[Tag, ...]
    styles: tuple[Tag, ...]
    styled: tuple[Tag, ...]
    embeds: tuple[Tag, ...]
    redirect: str | None
    encoding: str
    whole: bool
    text: str

    def meta(self, name: str) -> str:
        """Content of the first `<meta>` of that name or property, "" when there is none."""
        return self._metas.get(name, "")

    def rel(self, name: str) -> Iterator[Tag]:
        """All `<link>`s with that relation."""
        return (link for link in self.links if name in link.get("rel").lower().split())

    @cached_property
    def _metas(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for meta in self.metas:
            found.setdefault((meta.get("name") or meta.get("property")).lower(), meta.get("content"))
        return found

    @property
    def title(self) -> str:
        return self.titles[0].text if self.titles else ""

    @property
    def canonical(self) -> str:
        return next((link.get("href") for link in self.rel("canonical")), "")

    @property
    def noindex(self) -> bool:
        return bool({"noindex", "none"} & set(self.meta("robots").lower().replace(",", " ").split()))


class Unreadable(NamedTuple):
    """A page that is not judged further, and why."""

    rule: str
    message: str
    measured: int | str | None = None
    limit: int | None = None


def read_page(data: bytes, path: str, url: str) -> Seen | Unreadable:
    """Parse one page. `url` is the page's full address. Never raises for what the bytes are."""
    if len(data) > MAX_PAGE_BYTES:
        message = f"expected a page of at most {MAX_PAGE_BYTES} bytes, got {len(data)}"
        return Unreadable("page-too-large", message, len(data), MAX_PAGE_BYTES)
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Unreadable("page-not-html", "expected HTML, got binary data")
    document = turbohtml.parse(data)
    count = sum(1 for _ in document.iter_elements())
    if count > MAX_ELEMENTS:
        return Unreadable(
            "page-too-large", f"expected at most {MAX_ELEMENTS} elements on a page, got {count}", count, MAX_ELEMENTS
        )
    if count > _CANNOT_HURT and (depth := _depth(document)) > MAX_DEPTH:
        return Unreadable("page-too-large", f"expected elements at most {MAX_DEPTH} deep, got {depth}", depth, MAX_DEPTH)
    return _seen(document, data, path, url)


def _seen(document: Document, data: bytes, path: str, url: str) -> Seen:
    root, body = document.root, document.find("body")
    base = document.base_url(url)
    refresh = document.meta_refresh(base)
    images = [element for element in document.select("img") if element.source_line]
    pictures = [_picture(image) for image in images]
    scripts = _blocks(document.select("script"))
    seen = Seen(
        path=path,
        url=url,
        bytes=len(data),
        lang=(root.attr("lang") or "") if root is not None else "",
        base=base,
        titles=_tags(document.select("head > title"), text=True),
        metas=_tags(document.select("meta")),
        links=_tags(document.select("link")),
        anchors=_tags(document.select("a[href],area[href]"), text=True),
        hollow=_tags(document.select(_HOLLOW)),
        headings=_tags(document.select("h1,h2,h3,h4,h5,h6"), text=True),
        blocks=_tags(islice(document.select("h1,h2,p,blockquote,li,td"), _MOST_BLOCKS), text=True),
        ids=_ids(document),
        classes=frozenset(name for element in document.select("[class]") for name in (element.attr("class") or "").split()),
        names=frozenset([element.tag for element in document.iter_elements()]),
        jsonld=tuple(tag for tag in scripts if tag.get("type").lower() == "application/ld+json"),
        scripts=tuple(tag for tag in scripts if _runs(tag.get("type").lower())),
        styles=_blocks(document.select("style")),
        styled=_tags(document.select("[style]")),
        embeds=(),
        redirect=refresh[1] if refresh else None,
        encoding=document.encoding or "",
        whole=b"<html" in data[:4096].lower() or b"<!doctype" in data[:1024].lower(),
        images=(),
        text="",
    )
    if body is not None:
        body.remove(_SKIPPED)
        object.__setattr__(seen, "images", _placed(body, images, pictures))
        object.__setattr__(seen, "embeds", _tags(body.select(_EMBEDS)))
        object.__setattr__(seen, "text", " ".join(body.text.split()))
    return seen


def _depth(document: Document) -> int:
    """How deep elements are nested; every path and every look at ancestors costs as much."""
    walker = turbohtml.TreeWalker(document, turbohtml.NodeFilter.SHOW_ELEMENT)
    depth = deepest = 0
    while True:
        if walker.first_child() is not None:
            depth += 1
            deepest = max(deepest, depth)
        elif walker.next_sibling() is None:
            while walker.parent_node() is not None:
                depth -= 1
                if walker.next_sibling() is not None:
                    break
            else:
                return deepest


def _tags(elements: Iterable[Element], *, text: bool = False) -> tuple[Tag, ...]:
    return tuple([_tag(element, " ".join(element.text.split()) if text else "") for element in elements])


def _blocks(elements: Iterable[Element]) -> tuple[Tag, ...]:
    """Scripts and styles, whose text is taken to the letter."""
    return tuple([_tag(element, element.text) for element in elements])


def _tag(element: Element, text: str = "") -> Tag:
    attrs = cast("dict[str, str]", element.attrs.copy())
    for name, value in attrs.items():
        if type(value) is not str:  # a list of words, or None for a bare attribute
            attrs[name] = element.attr(name) or ""
    return Tag(element.tag, attrs, element.source_line or 1, element.css_path(), text)


def _ids(document: Document) -> frozenset[str]:
    ids = {element.attr("id") or "" for element in document.select("[id]")}
    return frozenset(ids | {element.attr("name") or "" for element in document.select("a[name]")})


def _runs(kind: str) -> bool:
    """Whether a script of that type runs: no type, JavaScript's or a module's; all others are blocks of data."""
    return kind in ("", "module", "text/javascript", "application/javascript", "text/ecmascript", "application/ecmascript")


class _Found(NamedTuple):
    tag: Tag
    sources: tuple[Tag, ...]
    link: str | None
    figure: Element | None
    region: str
    unseen: bool
    is_fallback: bool


def _picture(image: Element) -> _Found:
    parent = image.parent
    sources: tuple[Tag, ...] = ()
    if isinstance(parent, Element) and parent.tag == "picture":
        before = [node for node in parent.children if isinstance(node, Element)]
        sources = _tags([node for node in before[: before.index(image)] if node.tag == "source"])
    link = image.closest("a[href]")
    region = image.closest("main,article,header,nav,footer,aside")
    return _Found(
        tag=_tag(image),
        sources=sources,
        link=link.attr("href") if link is not None else None,
        figure=image.closest("figure"),
        region=region.tag if region is not None else "",
        unseen=image.closest("[hidden],dialog:not([open]),details:not([open])") is not None,
        is_fallback=image.closest("noscript,template") is not None,
    )


def _placed(body: Element, images: list[Element], found: list[_Found]) -> tuple[Img, ...]:
    """All pictures that do not stand in `noscript`; what belongs to a figure or the text around is looked up here, since by now
    no script or style is left in the body."""
    before = _chars_before(body) if images else []
    placed: list[Img] = []
    for image, one in zip(images, found, strict=True):
        if one.is_fallback:
            continue
        at = len(placed)
        caption = one.figure.find("figcaption") if one.figure is not None else None
        placed.append(
            Img(
                tag=one.tag,
                sources=one.sources,
                link=one.link,
                caption=" ".join(caption.text.split()) if caption is not None else "",
                near=_near(image) if at < _NEAR_IMAGES else "",
                region=one.region,
                unseen=one.unseen,
                chars_before=before[at] if at < len(before) else _FAR,
                line=_line(image) if at < _NEAR_IMAGES else (),
                beside=_beside(image) if at < _MEASURED_IMAGES else (),
            )
        )
    return tuple(placed)


def _chars_before(body: Element) -> list[int]:
    counts: list[int] = []
    chars = 0
    for node in body.descendants:
        if isinstance(node, Text):
            chars += len(node.data.strip())
            if chars > _FAR_CHARS:
                break
        elif isinstance(node, Element) and node.tag == "img":
            counts.append(chars)
            if len(counts) == _MEASURED_IMAGES:
                break
    return counts


def _near(image: Element) -> str:
    """Text of the smallest block around a picture that says more than a word or two."""
    node: object = image.parent
    text = ""
    while isinstance(node, Element) and node.tag not in ("html", "body") and len(text) < _NEAR_CHARS:
        text = node.text
        node = node.parent
    return " ".join(text[:_MOST_NEAR_CHARS].split())


def _beside(image: Element) -> tuple[Node, ...]:
    """The elements that stand with a picture in a box which is no part of the page's own frame."""
    node: Element = image
    while isinstance(node.parent, Element) and node.parent.tag in WRAPPERS:
        node = node.parent
    box = node.parent
    if not isinstance(box, Element) or box.tag in _FRAMES:
        return ()
    others = (one for one in islice(box.children, _MOST_BESIDE) if isinstance(one, Element) and one is not node)
    return tuple(_node(one) for one in others)


def _node(element: Element) -> Node:
    return Node(element.tag, element.attr("id") or "", frozenset((element.attr("class") or "").split()))


def _line(image: Element) -> tuple[Node, ...]:
    """The elements from the root down to a picture."""
    line: list[Node] = []
    node: object = image
    while isinstance(node, Element):
        line.append(_node(node))
        node = node.parent
    return tuple(reversed(line))
