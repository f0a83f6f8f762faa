"""From one asset to the files that are delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..canonical import key_of
from .plain import RENDITION_SCHEMA, Json, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakpoint:
    """A slot's box from `min_width` (CSS px, inclusive) up to the next breakpoint.

    Box width in CSS px at viewport V is min(vw·V/100 + offset, max_width); `max_width` 0 is no cap. `offset` is negative for
    gutters. The ratio `master` is the picture's own: nothing is cut.
    """

    min_width: int
    ratio: str
    vw: float = 100.0
    offset: float = 0.0
    max_width: float = 0.0

    def box_width(self, viewport: float) -> float:
        width = self.vw * viewport / 100 + self.offset
        return max(0.0, min(width, self.max_width) if self.max_width else width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good files have to be. `target` is a SSIMULACRA2 score, `targets` are scores by format, `fixed` encoder settings
    (1–100) by format instead of a score; None says nothing."""

    target: float | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    fixed: Mapping[str, int] = field(default_factory=dict)
    least_bytes_per_pixel: float | None = None
    most_bytes_per_pixel: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place in the layout. `breakpoints` are sorted by `min_width`, the first at 0.

    `also` names slots that the same picture feeds.
    """

    name: str
    breakpoints: tuple[Breakpoint, ...]
    priority: bool = False
    also: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    quality: Quality = field(default_factory=Quality)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A box in master pixels. `fits` is False when a safe area or the focal point had to be cut, `why` then says which."""

    x: int
    y: int
    width: int
    height: int
    fits: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One encode that is asked for: this crop of these pixels, at this size, in this format with these settings.

    `settings` is the codec row's full resolved settings (quality, speed, subsampling, threads …), `codec` its fingerprint.
    A `draft` is marked in its corner.
    """

    pixels: str
    crop: tuple[int, int, int, int]
    size: Size
    format: str
    settings: Mapping[str, Json]
    codec: int
    effort: str = "final"
    draft: bool = False
    schema: int = RENDITION_SCHEMA

    @property
    def encode(self) -> str:
        """Key of the encoded pixels; words and rights are not in it."""
        asked: dict[str, Json] = {
            "kind": "encode",
            "schema": self.schema,
            "pixels": self.pixels,
            "crop": list(self.crop),
            "size": list(self.size),
            "format": self.format,
            "settings": dict(self.settings),
            "codec": self.codec,
            "effort": self.effort,
        }
        return key_of({**asked, "draft": True} if self.draft else asked)


def delivery_key(encode: str, metadata: str, policy: str) -> str:
    """Key of a file with its words and rights: the encode key, the metadata digest and `off`, for it is not signed yet."""
    return key_of({"kind": "delivery", "schema": RENDITION_SCHEMA, "encode": encode, "metadata": metadata, "policy": policy})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What is known of a file without opening it again. `fields` are the embedded metadata fields by XMP name.

    `unsigned` is the digest before signing, `signed_bytes` how many bytes that added; `credential` is `none`, `embedded` or
    `linked`; `placeholder` is a CSS background; `colour` is the mean colour (#rrggbb); `hashes` are perceptual hashes by name.
    """

    media_type: str
    width: int = 0
    height: int = 0
    bytes: int = 0
    unsigned: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    credential: str = "none"
    signed_bytes: int = 0
    placeholder: str = ""
    colour: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def picture_bytes(self) -> int:
        """Bytes without a signature: the same on every machine, whoever signs there."""
        return self.bytes - self.signed_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """A file that is ready to be delivered. `url` is relative to the site's root, without a leading slash.

    `sidecar` is the blob of a linked manifest of `sidecar_bytes`, "" where there is none, and `sidecar_url` its place.
    """

    encode: str
    delivery: str
    digest: str
    format: str
    facts: FileFacts
    url: str
    sidecar: str = ""
    sidecar_bytes: int = 0
    sidecar_url: str = ""
