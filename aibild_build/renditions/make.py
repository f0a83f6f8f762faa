"""Carries variants out: master pixels in, finished files out, one at a time.

Order: decode once → crop → resize → encode with XMP and EXIF (IIM in JPEG) → read back. A file depends on its variant, its master
and its metadata alone, never on what else is made in the same call. Touches no store and no disk; memory does not grow with the
number of variants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as replace_field

from PIL import Image

from ..canonical import digest_of
from ..errors import EncodeError
from ..imagefile import ImageFault, decode_png, probe
from ..model import FileFacts, Variant
from .codecs import CODECS
from .draft import mark_draft
from .look import Look, look
from .metadata import Metadata, embed_arguments, finish_jpeg, read_back, replace

_NOT_LOOKED_AT = Look(colour="", placeholder="")


def make(
    master: bytes | Image.Image, variants: Sequence[Variant], metadata: Metadata, provenance: Mapping[str, str] | None = None
) -> Iterator[tuple[Variant, bytes, FileFacts]]:
    """Encode every variant of one master, and yield each with its file bytes and facts as soon as it is made.

    `master` is the lossless PNG, or what `decoded` made of it; all variants are cuts of it. They come grouped by crop and size,
    not in the order given. `provenance` is where the linked manifest of an encode will lie.
    Raises EncodeError when the master cannot be decoded, a crop lies outside of it, or a file does not read back as written.
    """
    master = decoded(master) if isinstance(master, bytes) else master
    by_crop: dict[tuple[int, int, int, int], list[Variant]] = {}
    for variant in variants:
        by_crop.setdefault(variant.crop, []).append(variant)
    for box, cuts in by_crop.items():
        cut = _cut(master, box)
        glance = look(cut)
        shown: Image.Image | None = None
        for variant in sorted(cuts, key=lambda variant: variant.size, reverse=True):
            if shown is None or shown.size != variant.size:
                shown = _resized(cut, variant.size)
                if variant.draft:
                    shown = mark_draft(shown)
            own = replace_field(metadata, provenance=(provenance or {}).get(variant.encode, ""))
            data = encoded(shown, variant, own)
            yield variant, data, facts_of(data, variant, own, glance)


def deliver(data: bytes, variant: Variant, metadata: Metadata, known: FileFacts | None = None) -> tuple[bytes, FileFacts]:
    """Put other words and rights into an encode that exists; its pixels are not touched.

    `known` are the facts that `make` gave for this encode. What its pixels look like (placeholder, colour, hashes) is taken from
    there, since a lossy file would say otherwise than its master, and is empty without. Raises EncodeError.
    """
    new = replace(data, variant.format, metadata)
    glance = Look(colour=known.colour, placeholder=known.placeholder, hashes=known.hashes) if known else _NOT_LOOKED_AT
    return new, facts_of(new, variant, metadata, glance)


def decoded(master_png: bytes) -> Image.Image:
    """A master's pixels, RGB or RGBA. Raises EncodeError."""
    try:
        samples, size, mode = decode_png(master_png)
    except ImageFault as fault:
        raise EncodeError(f"the master cannot be decoded: {fault}") from fault
    return Image.frombytes(mode, size, samples)


def _cut(master: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    x, y, width, height = box
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > master.width or y + height > master.height:
        raise EncodeError(f"crop {width}×{height} at {x},{y} lies outside the master of {master.width}×{master.height} px")
    return master if (width, height) == master.size else master.crop((x, y, x + width, y + height))


def _resized(cut: Image.Image, size: tuple[int, int]) -> Image.Image:
    return cut if cut.size == size else cut.resize(size, Image.Resampling.LANCZOS)


def shown_as(master: Image.Image, variant: Variant) -> Image.Image:
    """The pixels of one variant before they are encoded. Raises EncodeError."""
    return _resized(_cut(master, variant.crop), variant.size)


def encoded(image: Image.Image, variant: Variant, metadata: Metadata) -> bytes:
    """File bytes of pixels that have the variant's size, words and rights inside. Raises EncodeError."""
    xmp, exif = embed_arguments(metadata)
    data = CODECS[variant.format].encode(image, variant.settings, xmp, exif)
    return finish_jpeg(data, metadata) if variant.format == "jpeg" else data


def facts_of(data: bytes, variant: Variant, metadata: Metadata, glance: Look) -> FileFacts:
    """Facts of a file that was just written. Raises EncodeError when it does not read back as written."""
    width, height = variant.size
    try:
        seen = probe(data)
    except ImageFault as fault:
        raise EncodeError(f"a {variant.format} of {width}×{height} px does not read back: {fault}") from fault
    if (seen.width, seen.height) != variant.size:
        raise EncodeError(f"expected a {variant.format} of {width}×{height} px, read back {seen.width}×{seen.height}")
    return FileFacts(
        media_type=CODECS[variant.format].media_type,
        width=width,
        height=height,
        bytes=len(data),
        unsigned=digest_of(data),
        fields=read_back(data, metadata),
        placeholder=glance.placeholder,
        colour=glance.colour,
        hashes=glance.hashes,
    )
