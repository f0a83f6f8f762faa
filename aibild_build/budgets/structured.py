"""Rules on structured data: is it JSON, has each type what search engines ask for, and is it true of the files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..imagefile import source_type_of
from ..model import FileFacts, Level
from . import Family, Rule
from .reading import BuiltSite, Entity, Fault, Graph, Kind, OnePage, Tag, listed

_OF_IMAGE = ("creator", "creditText", "copyrightNotice", "license")
_ARTICLES = ("Article", "BlogPosting", "NewsArticle", "TechArticle", "Report")
_ARTICLE_PIXELS = 50_000
_RATIOS = {"16:9": 16 / 9, "4:3": 4 / 3, "1:1": 1.0}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})")

# What a type needs before search engines use it at all; of the alternatives in one text, any will do
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "BreadcrumbList": ("itemListElement",),
    "Event": ("name", "startDate", "location"),
    "FAQPage": ("mainEntity",),
    "ImageObject": ("contentUrl|url",),
    "JobPosting": ("title", "description", "datePosted", "hiringOrganization"),
    "ListItem": ("position",),
    "LocalBusiness": ("name", "address"),
    "Offer": ("price|priceSpecification", "priceCurrency|priceSpecification"),
    "Product": ("name", "offers|review|aggregateRating"),
    "Question": ("name", "acceptedAnswer|suggestedAnswer"),
    "Recipe": ("name", "image"),
    "Review": ("author", "reviewRating|reviewBody"),
    "VideoObject": ("name", "thumbnailUrl", "uploadDate"),
}
_RECOMMENDED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_ARTICLES, ("headline", "image", "datePublished", "dateModified", "author")),
    "Product": ("image", "description"),
    "Recipe": ("author", "description", "recipeIngredient", "recipeInstructions"),
    "VideoObject": ("description",),
    "Event": ("image", "endDate", "description"),
}

# IPTC's terms as schema.org's vocabulary has them (Google and schema.org, IPTCDigitalSourceEnumeration)
_SOURCE_TYPES: Mapping[str, str] = {
    "AlgorithmicMediaDigitalSource": "algorithmicMedia",
    "AlgorithmicallyEnhancedDigitalSource": "algorithmicallyEnhanced",
    "CompositeCaptureDigitalSource": "compositeCapture",
    "CompositeDigitalSource": "composite",
    "CompositeSyntheticDigitalSource": "compositeSynthetic",
    "CompositeWithTrainedAlgorithmicMediaDigitalSource": "compositeWithTrainedAlgorithmicMedia",
    "DataDrivenMediaDigitalSource": "dataDrivenMedia",
    "DigitalArtDigitalSource": "digitalCreation",
    "DigitalCaptureDigitalSource": "digitalCapture",
    "MinorHumanEditsDigitalSource": "humanEdits",
    "MultiFrameComputationalCaptureDigitalSource": "computationalCapture",
    "NegativeFilmDigitalSource": "negativeFilm",
    "PositiveFilmDigitalSource": "positiveFilm",
    "PrintDigitalSource": "print",
    "ScreenCaptureDigitalSource": "screenCapture",
    "TrainedAlgorithmicMediaDigitalSource": "trainedAlgorithmicMedia",
    "VirtualRecordingDigitalSource": "virtualRecording",
}

RULES = (
    Rule(
        id="jsonld-invalid",
        level=Level.ERROR,
        title="JSON-LD is valid JSON",
        source="JSON-LD 1.1; RFC 8259",
        hint="let a program write it: one comma too many loses the whole block",
    ),
    Rule(
        id="jsonld-unescaped",
        level=Level.ERROR,
        title="`</` and `<!--` are escaped in JSON-LD",
        source="HTML standard, section 4.12.1.3",
        hint="write `<` as `\\u003c`: a browser ends the script at `</script`, wherever it stands",
    ),
    Rule(
        id="jsonld-context",
        level=Level.ERROR,
        title="JSON-LD names schema.org as its context",
        source="schema.org",
        hint='write `"@context": "https://schema.org"`',
    ),
    Rule(
        id="jsonld-reference",
        level=Level.ERROR,
        title="every `@id` that is referred to is declared on the site",
        source="JSON-LD 1.1, section 3.3",
        hint="declare the node, or correct the `@id`",
    ),
    Rule(
        id="jsonld-required",
        level=Level.ERROR,
        title="types have the properties without which they are not used",
        source="Google, structured data",
        hint="add the property, or leave the node out",
    ),
    Rule(
        id="jsonld-recommended",
        level=Level.NOTE,
        title="articles, products and others have what is recommended for them",
        source="Google, structured data",
        hint="add the property if you know it",
    ),
    Rule(
        id="jsonld-date",
        level=Level.WARNING,
        title="an article's dates are ISO 8601 with time and zone",
        source="Google, Article",
        hint="write `2026-11-23T08:00:00+01:00`: without a zone Google takes its own",
    ),
    Rule(
        id="image-object-ignored",
        level=Level.ERROR,
        title="an ImageObject has creator, credit, copyright or licence",
        source="Google, image metadata",
        hint="name at least one of `creator`, `creditText`, `copyrightNotice`, `license`: without, all of it is ignored",
    ),
    Rule(
        id="image-object-incomplete",
        level=Level.NOTE,
        title="an ImageObject has all that Google shows",
        source="Google, image metadata",
        hint="`license` earns the badge “Licensable”, `acquireLicensePage` the link beside it",
    ),
    Rule(
        id="image-object-missing",
        level=Level.WARNING,
        title="each page describes its hero picture, if any page of the site describes it",
        source="Google, image metadata",
        hint="an ImageObject counts for the page that it stands on",
    ),
    Rule(
        id="jsonld-image-dead",
        level=Level.ERROR,
        title="images in structured data are files that are there",
        source="Google, structured data",
        hint="correct the address, or add the file",
    ),
    Rule(
        id="jsonld-image-size",
        level=Level.ERROR,
        title="width and height in structured data are those of the file",
        source="schema.org, ImageObject",
        hint="correct the numbers, or leave them out",
    ),
    Rule(
        id="article-image-small",
        level=Level.WARNING,
        title="images of an article have at least 50,000 pixels",
        source="Google, Article",
        hint="name larger crops",
    ),
    Rule(
        id="article-image-ratios",
        level=Level.NOTE,
        title="an article names its picture in 16:9, 4:3 and 1:1",
        source="Google, Article",
        hint="add the crops that are missing",
    ),
    Rule(
        id="product-image",
        level=Level.WARNING,
        title="a product's picture is a JPEG, PNG, WebP or GIF of at least 500×500 pixels, 64 megapixels and 16 MB at most",
        source="Google Merchant Center (500×500 from 2027-01-31)",
        hint="name such a crop; AVIF is not read there",
    ),
    Rule(
        id="jsonld-source-type",
        level=Level.ERROR,
        title="`digitalSourceType` is a value of schema.org",
        source="schema.org, IPTCDigitalSourceEnumeration",
        hint="write `https://schema.org/TrainedAlgorithmicMediaDigitalSource`; IPTC's own address belongs in the file",
    ),
    Rule(
        id="jsonld-source-type-differs",
        level=Level.ERROR,
        title="`digitalSourceType` says what the file says",
        source="IPTC; Google, image metadata",
        hint="correct the one that is wrong",
    ),
)


class _Note(NamedTuple):
    """`hero` is the file, line and CSS path of a hero that the page does not describe; `described` are files that it does."""

    declared: frozenset[str]
    referred: tuple[tuple[str, int, str], ...]
    hero: tuple[str, int, str]
    described: frozenset[str]


def _page(page: OnePage) -> Iterator[Fault]:
    graph = page.graph
    for tag, message in graph.faults:
        yield page.fault("jsonld-invalid", f"expected JSON, got: {message}", tag)
    for tag in page.seen.jsonld:
        if found := re.search(r"</|<!--", tag.text):
            yield page.fault("jsonld-unescaped", f"expected `{found[0]}` to be escaped, got it as it is", tag)
    for tag in graph.foreign:
        yield page.fault("jsonld-context", "expected schema.org as `@context`, got another or none", tag)
    for entity in graph.entities:
        yield from _properties(page, graph, entity)
        if "ImageObject" in entity.types:
            yield from _image_object(page, entity)
        if set(entity.types) & set(_ARTICLES):
            yield from _article(page, graph, entity)
        if "Product" in entity.types:
            yield from _product(page, graph, entity)


def _properties(page: OnePage, graph: Graph, entity: Entity) -> Iterator[Fault]:
    for kind in entity.types:
        missing = [names for names in _REQUIRED.get(kind, ()) if not _has(entity.node, names)]
        if kind == "ListItem" and not _has(entity.node, "name|item|url|image"):
            missing.append("name")
        if missing:
            names = ", ".join(f"`{one.replace('|', '` or `')}`" for one in missing)
            yield page.fault("jsonld-required", f"expected {names} in {entity.name}, got none", entity.tag)
        wanted = [names for names in _RECOMMENDED.get(kind, ()) if not _has(entity.node, names)]
        author = graph.resolve(next(iter(listed(entity.node.get("author"))), None))
        if kind in _ARTICLES and isinstance(author, Mapping) and "name" not in author:
            wanted.append("author.name")
        if wanted:
            names = ", ".join(f"`{one}`" for one in wanted)
            yield page.fault("jsonld-recommended", f"expected {names} in {entity.name}, got none", entity.tag)


def _has(node: Mapping[str, Any], names: str) -> bool:
    return any(node.get(name) not in (None, "", [], {}) for name in names.split("|"))


def _image_object(page: OnePage, entity: Entity) -> Iterator[Fault]:
    node, tag = entity.node, entity.tag
    if not any(_has(node, name) for name in _OF_IMAGE):
        if entity.top:
            message = f"expected creator, credit, copyright or licence in {entity.name}, got none"
            yield page.fault("image-object-ignored", message, tag)
    else:
        missing = [name for name in (*_OF_IMAGE, "acquireLicensePage") if not _has(node, name)]
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            yield page.fault("image-object-incomplete", f"expected {names} in {entity.name}, got none", tag)
    url = entity.text("contentUrl") or entity.text("url")
    facts, dead = _file(page, url)
    if dead:
        yield page.fault("jsonld-image-dead", f"expected an image file, got {url}", tag)
    for name in ("width", "height") if facts is not None else ():
        said, real = _number(node.get(name)), getattr(facts, name)
        if said is not None and said != real:
            message = f"expected the file's {name} of {real} px, got {said:g}"
            yield page.fault("jsonld-image-size", message, tag, measured=round(said), limit=real)
    yield from _source_type(page, entity, url)


def _source_type(page: OnePage, entity: Entity, url: str) -> Iterator[Fault]:
    for value in listed(entity.node.get("digitalSourceType")):
        text = value.get("@id", "") if isinstance(value, Mapping) else str(value)
        name = text.removeprefix("https://schema.org/").removeprefix("http://schema.org/")
        if name not in _SOURCE_TYPES:
            message = f"expected a digital source type of schema.org, got {text}"
            yield page.fault("jsonld-source-type", message, entity.tag, measured=text)
            continue
        target = page.resolve(url) if url else None
        embedded = page.site.embedded(target.path) if target is not None and target.kind is Kind.FILE else None
        said = source_type_of(embedded.fields.get("Iptc4xmpExt:DigitalSourceType", "")) if embedded is not None else ""
        if said and said != _SOURCE_TYPES[name]:
            message = f"expected the file's `{said}`, got `{name}` for {url}"
            yield page.fault("jsonld-source-type-differs", message, entity.tag, measured=name, limit=said)


def _article(page: OnePage, graph: Graph, entity: Entity) -> Iterator[Fault]:
    for name in ("datePublished", "dateModified"):
        said = entity.text(name)
        if said and not _DATE.fullmatch(said):
            message = f"expected `{name}` with time and zone, got {said}"
            yield page.fault("jsonld-date", message, entity.tag, measured=said)
    shapes: list[FileFacts] = []
    urls = graph.image_urls(entity.node.get("image"))
    for url in urls:
        facts, dead = _file(page, url)
        if dead:
            yield page.fault("jsonld-image-dead", f"expected an image file, got {url}", entity.tag)
        if facts is not None:
            shapes.append(facts)
            if facts.width * facts.height < _ARTICLE_PIXELS:
                message = (
                    f"expected at least {_ARTICLE_PIXELS} pixels, got {facts.width}×{facts.height} in {url.rpartition('/')[2]}"
                )
                yield page.fault(
                    "article-image-small", message, entity.tag, measured=facts.width * facts.height, limit=_ARTICLE_PIXELS
                )
    if shapes and len(shapes) == len(urls):
        missing = [
            name
            for name, ratio in _RATIOS.items()
            if not any(abs(one.width / one.height / ratio - 1) <= 0.03 for one in shapes if one.height)
        ]
        if missing:
            yield page.fault("article-image-ratios", f"expected the picture in {', '.join(missing)}, too, got none", entity.tag)


def _product(page: OnePage, graph: Graph, entity: Entity) -> Iterator[Fault]:
    for url in graph.image_urls(entity.node.get("image")):
        facts, dead = _file(page, url)
        if dead:
            yield page.fault("jsonld-image-dead", f"expected an image file, got {url}", entity.tag)
        elif facts is not None:
            too_large = facts.width * facts.height > 64_000_000 or facts.bytes > 16_000_000
            if min(facts.width, facts.height) < 500 or too_large or facts.media_type in ("image/avif", "image/svg+xml"):
                got = f"{facts.media_type} of {facts.width}×{facts.height} and {facts.bytes} bytes"
                yield page.fault("product-image", f"expected a JPEG of 500×500 pixels or more, got {got}", entity.tag)


def _file(page: OnePage, url: str) -> tuple[FileFacts | None, bool]:
    """The facts of an image on this site, and whether the address leads nowhere."""
    target = page.resolve(url) if url else None
    if target is None or target.kind not in (Kind.FILE, Kind.MISSING):
        return None, False
    facts = page.site.facts(target.path) if target.kind is Kind.FILE else None
    return facts, facts is None


def _number(value: object) -> float | None:
    """A bare number, a text like "1200 px", or a QuantitativeValue."""
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = re.fullmatch(r"\s*(\d{1,7})\s*(?:px)?\s*", value) if isinstance(value, str) else None
    return float(found[1]) if found is not None else None


def _note(page: OnePage) -> _Note:
    graph = page.graph
    described = {
        target.path
        for entity in graph.of_type("ImageObject")
        if any(_has(entity.node, name) for name in _OF_IMAGE)
        for target in [page.resolve(entity.text("contentUrl") or entity.text("url"))]
        if target is not None and target.path
    }
    hero = page.hero
    tag: Tag | None = hero.img.tag if hero is not None else None
    named = hero.src.file if hero is not None and hero.src is not None and not page.seen.noindex else ""
    if hero is not None and any(option.file in described for _, option in hero.options()):
        named = ""
    return _Note(
        frozenset(graph.by_id),
        tuple((name, tag.line, tag.path) for name, tag in graph.referred),
        (named, tag.line if tag else 1, tag.path if tag else ""),
        frozenset(described),
    )


def _whole(notes: Mapping[str, _Note], site: BuiltSite) -> Iterator[Fault]:
    declared: set[str] = set()
    described: set[str] = set()
    for note in notes.values():
        declared |= note.declared
        described |= note.described
    for path, note in notes.items():
        for name, line, selector in note.referred:
            if name not in declared and _is_here(name, site):
                message = f"expected a node with the `@id` {name}, got none"
                yield Fault("jsonld-reference", path, message, line, selector)
        file, line, selector = note.hero
        if file in described:
            message = f"expected an ImageObject for /{file}, got one on other pages only"
            yield Fault("image-object-missing", path, message, line, selector)


def _is_here(name: str, site: BuiltSite) -> bool:
    """Whether an `@id` is this site's to declare: relative, or below its own address."""
    return name.startswith(("#", "/", "_:", site.base_url)) or "://" not in name


FAMILY = Family(name="structured", fingerprint=1, rules=RULES, page=_page, note=_note, whole=_whole)
