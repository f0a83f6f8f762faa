"""Renditions → `Picture`: all that a template sees of an image, and the name each file gets.

Takes a layout and its finished renditions; decides which sources are worth writing. Reads facts only: opens no file, renders no
HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..canonical import key_of
from ..config import Images
from ..model import Brief, Candidate, Picture, Related, Rendition, Slot, Source, Variant, Words
from .codecs import CODECS
from .ladder import Group, Layout, Row

_HASH_DIGITS = 8


def file_name(slug: str, variant: Variant, unsigned: str, policy: str) -> str:
    """`slug-width.hash.extension`; the hash (8 hexadecimal digits) follows the unsigned bytes and the credential policy alone."""
    short = key_of({"unsigned": unsigned, "policy": policy})[:_HASH_DIGITS]
    return f"{slug}-{variant.size[0]}.{short}.{CODECS[variant.format].extension}"


def compose(
    layout: Layout,
    renditions: Mapping[str, Rendition],
    brief: Brief,
    slot: Slot,
    lang: str,
    images: Images,
    *,
    base_path: str,
    asset_id: str,
    source_type: str,
    ai: bool,
    draft: bool,
) -> Picture:
    """The picture of `brief` in `slot` and language `lang`.

    `renditions` by encode key must hold every variant of the layout (KeyError otherwise). Rights are those read back from the
    fallback file, so that page and file agree. A missing alt text is "", which the caller reports.
    """
    last = layout.groups[-1]
    fallback = _source(last, layout.fallback, renditions, base_path, media="")
    sources = tuple(
        _source(group, row, renditions, base_path, media="" if group is last else group.media)
        for group in layout.groups
        for row in _worth(group.rows, renditions)
        if row is not layout.fallback
    )
    shown = renditions[layout.fallback.variants[-1].encode].facts
    alt = brief.alt.get(lang, Words(text=""))
    return Picture(
        id=brief.id,
        asset=asset_id,
        slot=slot.name,
        lang=lang,
        alt=alt.text,
        alt_draft=alt.draft,
        caption=brief.caption.get(lang, ""),
        title=brief.title.get(lang, ""),
        credit=shown.fields.get("photoshop:Credit", brief.credit or images.credit),
        creator=shown.fields.get("dc:creator", images.creator),
        copyright=shown.fields.get("dc:rights", images.copyright),
        license=shown.fields.get("xmpRights:WebStatement", brief.license or images.license),
        acquire_license_page=shown.fields.get("plus:LicensorURL", brief.acquire_license_page or images.acquire_license_page),
        source_type=source_type,
        sources=sources,
        fallback=fallback,
        src=fallback.candidates[-1],
        priority=slot.priority,
        placeholder=shown.placeholder,
        colour=shown.colour,
        focal=brief.focal,
        share=_related(layout.share, renditions, base_path) if layout.share else None,
        structured=tuple(_related(cut, renditions, base_path) for cut in layout.structured),
        thumb=_related(layout.thumb, renditions, base_path) if layout.thumb else None,
        draft=draft,
        ai=ai,
    )


def _worth(rows: Sequence[Row], renditions: Mapping[str, Rendition]) -> list[Row]:
    """The rows without those that weigh more than the next row kept, at the widths that both have."""
    kept = [rows[-1]]
    for row in reversed(rows[:-1]):
        following = {variant.size: _weight(variant, renditions) for variant in kept[0].variants}
        own = {variant.size: _weight(variant, renditions) for variant in row.variants}
        both = own.keys() & following.keys()
        if sum(own[size] for size in both) <= sum(following[size] for size in both):
            kept.insert(0, row)
    return kept


def _weight(variant: Variant, renditions: Mapping[str, Rendition]) -> int:
    return renditions[variant.encode].facts.bytes


def _source(group: Group, row: Row, renditions: Mapping[str, Rendition], base_path: str, *, media: str) -> Source:
    candidates = tuple(_candidate(renditions[variant.encode], base_path) for variant in row.variants)
    return Source(
        media=media,
        type=CODECS[row.format].media_type,
        sizes=group.sizes,
        candidates=candidates,
        width=candidates[-1].width,
        height=candidates[-1].height,
    )


def _candidate(rendition: Rendition, base_path: str) -> Candidate:
    facts = rendition.facts
    return Candidate(url=base_path + rendition.url, width=facts.width, height=facts.height, bytes=facts.bytes)


def _related(variant: Variant, renditions: Mapping[str, Rendition], base_path: str) -> Related:
    rendition = renditions[variant.encode]
    facts = rendition.facts
    return Related(
        url=base_path + rendition.url, width=facts.width, height=facts.height, bytes=facts.bytes, type=facts.media_type
    )
