"""A row a format: what it is called, how it is encoded by default, and the encoder.

Takes a Pillow image and full settings, yields file bytes. Every setting that can move a byte is written out, threads above
all: libavif's output depends on their number. pillow-avif-plugin is imported here and nowhere else. To add a format, add a row to
`CODECS`. A row's `fingerprint` is raised by hand when its pixels move; library versions are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from math import hypot
from typing import Any

from ..errors import EncodeError
from ..model import Json

EFFORTS = ("fast", "final", "slow")
LARGE_PIXELS = 700_000  # from here on an encoder's time counts for more than its last percent
_FIRST_STEP = 14.6  # of the lowest frequency at quality 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One format. `quality` is the default (0–100), None where the format is lossless; `fast` and `slow` override `final`.

    `start` is where a search for a quality begins, `bounds` what it never leaves. `large` overrides `final` for files of
    LARGE_PIXELS and more, and `large_step` is how much higher a quality those settings need for the same score. `fine` overrides
    `final` where a score of `fine_from` or more is to be reached.
    """

    format: str
    media_type: str
    extension: str
    fingerprint: int
    quality: int | None
    final: Mapping[str, Json]
    fast: Mapping[str, Json]
    slow: Mapping[str, Json] = field(default_factory=dict)
    start: int = 0
    bounds: tuple[int, int] = (0, 100)
    large: Mapping[str, Json] = field(default_factory=dict)
    large_step: int = 0
    fine: Mapping[str, Json] = field(default_factory=dict)
    fine_from: float = 0.0

    def settings(
        self, quality: int | None = None, effort: str = "final", pixels: int = 0, target: float = 0.0
    ) -> dict[str, Json]:
        """Every setting of the encoder for a file of that many `pixels` that is to reach a score of `target` (0.0: it has a
        fixed quality), defaults written out.

        Raises ValueError for an unknown effort or quality not 0–100.
        """
        if effort not in EFFORTS:
            raise ValueError(f"{effort!r} is no effort, known are {', '.join(EFFORTS)}")
        sized = {**self.final, **(self.large if pixels >= LARGE_PIXELS else {})}
        if target >= self.fine_from:
            sized |= self.fine
        settings = {**sized, **{"fast": self.fast, "slow": self.slow}.get(effort, {})}
        if self.quality is None:
            return settings
        wanted = self.quality if quality is None else quality
        if not 0 <= wanted <= 100:
            raise ValueError(f"quality {wanted} is not 0 to 100")
        return {**settings, "quality": wanted}

    def encode(self, image: Any, settings: Mapping[str, Json], xmp: bytes, exif: bytes) -> bytes:
        """File bytes of a Pillow image (8-bit sRGB, mode RGB or RGBA) with `xmp` and `exif` inside. Raises EncodeError.

        Pillow is loaded by the first call, not with this module: a plan reads settings alone. A `background` in the settings
        (#rrggbb) is laid under a transparent image first.
        """
        arguments = dict(settings)
        background = arguments.pop("background", None)
        if background is not None and image.mode == "RGBA":
            image = _flattened(image, str(background))
        try:
            return _save(self.format, image, arguments, xmp, exif)
        except (OSError, ValueError, SystemError, MemoryError) as error:
            width, height = image.size
            raise EncodeError(f"{self.format} of {width}×{height} px cannot be encoded: {error}") from error


CODECS: Mapping[str, Codec] = {
    "avif": Codec(
        format="avif",
        media_type="image/avif",
        extension="avif",
        fingerprint=1,
        quality=53,
        final={
            "codec": "aom",
            "speed": 6,
            "subsampling": "4:2:0",
            "range": "full",
            "max_threads": 1,
            "autotiling": False,
            "advanced": {"tune": "iq", "sharpness": "0"},
        },
        fast={"speed": 9},
        slow={"speed": 5},
        start=50,
        bounds=(32, 90),
        large={"speed": 7},
        large_step=2,
        fine={"subsampling": "4:4:4"},
        fine_from=72.0,
    ),
    "webp": Codec(
        format="webp",
        media_type="image/webp",
        extension="webp",
        fingerprint=1,
        quality=78,
        final={"method": 5, "lossless": False, "alpha_quality": 100, "exact": False},
        fast={"method": 2},
        start=70,
        bounds=(45, 95),
    ),
    "jpeg": Codec(
        format="jpeg",
        media_type="image/jpeg",
        extension="jpg",
        fingerprint=1,
        quality=80,
        final={"subsampling": "4:2:0", "progressive": True, "optimize": True, "tables": "radial"},
        fast={},
        start=62,
        bounds=(45, 95),
    ),
    "png": Codec(
        format="png",
        media_type="image/png",
        extension="png",
        fingerprint=1,
        quality=None,
        final={"optimize": True},
        fast={"optimize": False, "compress_level": 6},
    ),
}


def radial_tables(quality: int) -> list[list[int]]:
    """Quantisation steps of luma and chroma (1–255, row by row) for a quality of 1 to 100.

    Steps grow with the radius of a frequency, far less than in the tables of the standard, and least for flat colour. The five
    numbers were fitted so that 19 photographs and drawings reach a SSIMULACRA2 of 71 in the fewest bytes: 15 % below the
    standard's tables, 10 to 20 % each. The scale is the usual one, so a quality means about what it does elsewhere.
    """
    scale = _FIRST_STEP * (50 / max(1, quality) if quality < 50 else 2 - quality / 50)
    radii = [hypot(row, column) for row in range(8) for column in range(8)]
    luma = [0.63 if radius == 0 else 1 + 0.24 * (radius**1.55 - 1) for radius in radii]
    chroma = [0.45 if radius == 0 else 1 + 0.67 * (radius - 1) for radius in radii]
    return [[min(255, max(1, round(scale * step))) for step in steps] for steps in (luma, chroma)]


def _flattened(image: Any, background: str) -> Any:
    from PIL import Image

    under = Image.new("RGBA", image.size, background)
    under.alpha_composite(image)
    return under.convert("RGB")


def _save(format: str, image: Any, settings: dict[str, Json], xmp: bytes, exif: bytes) -> bytes:
    arguments: dict[str, Any] = {**settings, "exif": exif}
    if arguments.pop("tables", None) == "radial":
        arguments["qtables"] = radial_tables(arguments.pop("quality"))
    if format == "avif":
        import pillow_avif  # noqa: F401  registers the encoder
    if format == "png":
        from PIL.PngImagePlugin import PngInfo

        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8"))
        arguments["pnginfo"] = text
    else:
        arguments["xmp"] = xmp
    stream = BytesIO()
    image.save(stream, format.upper(), **arguments)
    return stream.getvalue()
