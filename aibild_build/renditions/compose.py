"""Renditions → `Picture`: all that a template sees of an image, and the name each file gets.

Takes a layout and its finished renditions; decides which sources are worth writing. Reads facts only: opens no file, renders no
HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..canonical import key_of
from ..config import Images
from ..model import Brief, Candidate, Picture, Related, Rendition, Slot, Source, Variant, Words
from .codecs import CODECS
from .ladder import Group, Layout

_HASH_DIGITS = 8


@dataclass(frozen=True, slots=True)
class _Files:
    """One row of a group, made: widths ascending."""

    format: str
    renditions: Sequence[Rendition]

    def bytes_by_width(self) -> dict[int, int]:
        return {one.facts.width: one.facts.picture_bytes for one in self.renditions}


def file_name(slug: str, variant: Variant, unsigned: str, policy: str) -> str:
    """`slug-width.hash.extension`; the hash (8 hexadecimal digits) follows the unsigned bytes and `policy` alone: `off`, or the
    digest of what the file is signed with."""
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
    style: str = "",
) -> Picture:
    """The picture of `brief` in `slot` and language `lang`.

    `renditions` by encode key must hold every variant of the layout (KeyError otherwise). Rights are those read back from the
    fallback file, so that page and file agree. A missing alt text is "", which the caller reports.
    """
    # an encode key is a hash over the whole variant, so each is asked for once
    filled = [
        (group, [_Files(row.format, [renditions[variant.encode] for variant in row.variants]) for row in group.rows])
        for group in layout.groups
    ]
    last, last_rows = filled[-1]
    fallback = _source(last, last_rows[-1], base_path, media="")
    sources = tuple(
        _source(group, row, base_path, media="" if group is last else group.media)
        for group, rows in filled
        for row in _worth(rows)
        if row is not last_rows[-1]
    )
    shown = last_rows[-1].renditions[-1].facts
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
        label=ai and brief.transparency.label is not False,
        style=style,
    )


def _worth(rows: Sequence[_Files]) -> list[_Files]:
    """The rows without those that weigh more than the next row kept, at the widths that both have."""
    kept = [rows[-1]]
    for row in reversed(rows[:-1]):
        following, own = kept[0].bytes_by_width(), row.bytes_by_width()
        both = own.keys() & following.keys()
        if sum(own[width] for width in both) <= sum(following[width] for width in both):
            kept.insert(0, row)
    return kept


def _source(group: Group, files: _Files, base_path: str, *, media: str) -> Source:
    candidates = tuple(
        Candidate(url=base_path + one.url, width=one.facts.width, height=one.facts.height, bytes=one.facts.picture_bytes)
        for one in files.renditions
    )
    return Source(
        media=media,
        type=CODECS[files.format].media_type,
        sizes=group.sizes,
        candidates=candidates,
        width=candidates[-1].width,
        height=candidates[-1].height,
    )


def _related(variant: Variant, renditions: Mapping[str, Rendition], base_path: str) -> Related:
    rendition = renditions[variant.encode]
    facts = rendition.facts
    return Related(
        url=base_path + rendition.url, width=facts.width, height=facts.height, bytes=facts.picture_bytes, type=facts.media_type
    )
