"""Pictures as records for pages that are not ours: sources, words, markup, preload and head of each slot, as plain JSON.

Takes pictures by language, yields what `pictures.json` says of a brief beside its identity. All markup comes from where our own
pages have it, so a partial that prints it cannot differ from them. Knows no generator and opens no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from ..config import Config
from ..model import Json, Picture
from ..wire import to_json
from .head import card_lines
from .jsonld import image_node, script_json
from .markup import picture_html, preload_html
from .render import figure_of
from .urls import absolute, escaped, local

_MARK = "\0"  # stands where the alt text goes


def brief_record(config: Config, slots: Mapping[str, Mapping[str, Picture]]) -> dict[str, Json]:
    """Words, rights and slots of one brief. `slots` are its pictures by slot and language, none of them empty."""
    by_lang = next(iter(slots.values()))
    one = next(iter(by_lang.values()))
    words: dict[str, Json] = {
        name: {lang: text for lang, picture in by_lang.items() if (text := str(getattr(picture, name)))}
        for name in ("alt", "caption", "title")
    }
    first = next((name for name in slots if config.slots[name].priority), next(iter(slots)))
    return {
        **words,
        "credit": one.credit,
        "creator": one.creator,
        "copyright": one.copyright,
        "license": absolute(config, local(config, one.license)),
        "acquire_license_page": absolute(config, local(config, one.acquire_license_page)),
        "ai": one.ai,
        "label": one.label,
        "draft": one.draft,
        "slot": first,
        "slots": {name: slot_record(config, slots[name]) for name in slots},
    }


def slot_record(config: Config, by_lang: Mapping[str, Picture]) -> dict[str, Json]:
    """One slot of a brief. `markup` is what stands before the alt text and after it, `<picture` itself left out; `caption` is a
    figure's `<figcaption>` and `head` the preload, sharing card and JSON-LD of a page that the picture stands for."""
    one = next(iter(by_lang.values()))
    html = picture_html(replace(one, alt=_MARK))
    before, after = html.removeprefix("<picture").split(_MARK)
    preload = str(preload_html(one)) if one.priority else ""
    nodes = {lang: _node(config, picture) for lang, picture in by_lang.items()}
    return {
        "priority": one.priority,
        "width": one.fallback.width,
        "height": one.fallback.height,
        "sources": [to_json(source) for source in one.sources],
        "fallback": to_json(one.fallback),
        "src": to_json(one.src),
        "placeholder": one.placeholder,
        "colour": one.colour,
        "focal": list(one.focal),
        "style": one.style,
        "share": to_json(one.share) if one.share else None,
        "structured": [to_json(related) for related in one.structured],
        "thumb": to_json(one.thumb) if one.thumb else None,
        "markup": [before, after],
        "caption": {lang: _caption(config, picture) for lang, picture in by_lang.items()},
        "preload": preload,
        "head": {lang: _head(config, picture, preload, nodes[lang]) for lang, picture in by_lang.items()},
        "jsonld": dict(nodes),
        "sitemap": f"<image:image><image:loc>{escaped(absolute(config, one.src.url))}</image:loc></image:image>",
    }


def _node(config: Config, picture: Picture) -> dict[str, Json]:
    """The picture as a node of its own, named by its file: on which page it stands is not known here."""
    address = f"{absolute(config, picture.src.url)}#picture-{picture.lang}"
    node = cast("dict[str, Json]", image_node(config, picture, address))
    return {"@context": "https://schema.org", **node}


def _head(config: Config, picture: Picture, preload: str, node: Mapping[str, Json]) -> str:
    card = card_lines(config, picture) if picture.share else []
    data = f'<script type="application/ld+json">{script_json(dict(node))}</script>'
    return "\n".join([*([preload] if preload else []), *card, data])


def _caption(config: Config, picture: Picture) -> str:
    """What `<figure>` has below the picture."""
    return str(figure_of(picture, config, picture.lang)).partition("</picture>")[2].removesuffix("</figure>")
