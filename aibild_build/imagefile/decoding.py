"""Foreign image bytes → upright 8-bit sRGB, with Pillow and LittleCMS.

Orientation, palettes, 16-bit, CMYK and ICC profiles end here, so that no later room knows of them. Imported only when a
picture is decoded, since it loads Pillow; `pixels` is its door.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageChops, ImageCms, UnidentifiedImageError, features
from PIL.Image import Transpose

from .found import Probe
from .plain import Decoded, ImageFault
from .probing import probe

_PILLOW_NAMES = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "avif": "AVIF", "gif": "GIF", "tiff": "TIFF"}
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def upright_srgb(data: bytes, max_pixels: int) -> Decoded:
    """See `pixels.decode`."""
    found = probe(data)
    if found.format not in _PILLOW_NAMES:
        raise ImageFault(f"{found.format.upper()} is drawn by browsers and has no pixels to import; export it as PNG")
    if found.width * found.height > max_pixels:
        millions = found.width * found.height / 1e6
        raise ImageFault(
            f"the picture has {found.width} × {found.height} pixels ({millions:.0f} million), "
            f"{max_pixels / 1e6:g} million are allowed"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own size warning and its notes on odd EXIF: the size was checked by header
        return _decoded(data, found)


def _decoded(data: bytes, found: Probe) -> Decoded:
    picture = open_first(data, found.format, pixels=found.width * found.height)
    notes = _first_notes(data, found)
    source_mode = picture.mode
    orientation = _left_to_turn(picture, found)
    picture = _to_srgb(_to_8_bit(picture, notes), picture.info.get("icc_profile"), notes)
    if orientation in _TURNS:
        picture = picture.transpose(_TURNS[orientation])
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    return Decoded(
        samples=picture.tobytes(),
        size=picture.size,
        mode=picture.mode,
        format=found.format,
        source_mode=source_mode,
        notes=tuple(notes),
    )


def open_first(data: bytes, format: str, *, pixels: int | None = None) -> Image.Image:
    """Decode the first frame with Pillow. Its many exceptions become one sentence.

    With `pixels`, Pillow must find as many as our own reading of the header did: two headers in one file are a way past it.
    """
    if format == "avif" and not features.check("avif") and "AVIF" not in Image.OPEN:
        raise ImageFault("this Pillow reads no AVIF; export the picture as PNG, or install Pillow 11.3 or later")
    try:
        picture = Image.open(io.BytesIO(data), formats=(_PILLOW_NAMES[format],))
        if pixels not in (None, picture.width * picture.height):
            raise ImageFault(f"the {format.upper()} file is damaged: it names two sizes")
        picture.load()
    except ImageFault:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ImageFault(f"the {format.upper()} file is damaged and cannot be decoded") from error
    except Exception as error:  # Pillow's plug-ins raise OSError, SyntaxError, ValueError, struct.error, zlib.error and others
        cut = "truncated" in str(error).lower() or isinstance(error, EOFError)
        raise ImageFault(
            f"the {format.upper()} file {'ends too early (truncated)' if cut else 'is damaged and cannot be decoded'}"
        ) from error
    return picture


def _first_notes(data: bytes, found: Probe) -> list[str]:
    notes = []
    if frames(data, found.format) > 1:
        notes.append("the first of several frames was taken")
    if found.orientation != 1:
        notes.append(f"orientation {found.orientation} was applied")
    if found.colour:
        notes.append(f"colours marked as {found.colour} were taken as sRGB")
    return notes


def frames(data: bytes, format: str) -> int:
    """Frames of an animation; further pages, previews and gain maps are none. Opened anew: counting moves Pillow's position."""
    if format in ("jpeg", "tiff"):
        return 1
    try:
        with Image.open(io.BytesIO(data), formats=(_PILLOW_NAMES[format],)) as picture:
            return int(getattr(picture, "n_frames", 1))
    except Exception:  # a later frame is damaged; the first one is whole, and it is the only one used
        return 2


def _left_to_turn(picture: Image.Image, found: Probe) -> int:
    """The EXIF orientation (CIPA DC-008, tag 0x0112, 1–8) still to be applied: Pillow may have turned a TIFF while loading it."""
    if found.format == "tiff":
        return int(picture.getexif().get(0x0112, 1))
    return found.orientation


def _to_8_bit(picture: Image.Image, notes: list[str]) -> Image.Image:
    """L, RGB, RGBA, CMYK or LAB with 8 bits a sample; transparency of palettes and colour keys becomes alpha."""
    mode = picture.mode
    if mode.startswith("I") or mode == "F":
        notes.append("16-bit grey was brought to 8 bits")
        return _grey_from_deep(picture)
    if mode in ("L", "CMYK", "LAB"):
        return picture.convert("RGBA") if "transparency" in picture.info and mode == "L" else picture
    if mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture if mode in ("RGB", "RGBA") else picture.convert("L" if mode == "1" else "RGB")


def _grey_from_deep(picture: Image.Image) -> Image.Image:
    """16 or 32-bit integer grey (0–65535) → 8-bit grey, rounded."""
    import numpy as np

    if picture.mode == "F":
        raise ImageFault("the picture holds floating-point samples without a known range; export it with 8 or 16 bits")
    deep = np.asarray(picture).astype(np.int64).clip(0, 65535)
    return Image.fromarray(((deep * 255 + 32767) // 65535).astype(np.uint8))


def _to_srgb(picture: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """RGB or RGBA in sRGB, through the embedded ICC profile where there is a usable one."""
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colour = picture.convert("RGB") if alpha is not None else picture
    if profile:
        colour = _through_profile(colour, profile, notes)
    elif colour.mode == "CMYK":
        notes.append("CMYK without a profile was converted by the plain formula")
    colour = colour if colour.mode == "RGB" else colour.convert("RGB")
    if alpha is not None:
        colour.putalpha(alpha)
    return colour


def _through_profile(colour: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    """Relative colorimetric with black point compensation. A profile that cannot be used leaves the picture as it is."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        wanted = {"RGB": "RGB", "GRAY": "L"}.get(space, colour.mode)
        if wanted != colour.mode and "CMYK" not in (wanted, colour.mode):
            colour = colour.convert(wanted)  # grey with a colour profile, or grey whose alpha brought it to RGBA
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            colour.mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if colour.mode == "RGB" and _changes_nothing(transform):
            return colour
        converted = ImageCms.applyTransform(colour, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        notes.append("the ICC profile cannot be used; colours were taken as sRGB")
        return colour
    notes.append(f"colours were converted from the ICC profile `{_profile_name(source)}` to sRGB")
    return converted if converted is not None else colour


def _changes_nothing(transform: object) -> bool:
    """Whether a transform is sRGB to sRGB but for rounding: then pixels stay exactly as they came."""
    steps = bytes(range(0, 256, 51))
    cube = Image.frombytes("RGB", (36, 6), bytes(part for r in steps for g in steps for b in steps for part in (r, g, b)))
    through = ImageCms.applyTransform(cube, transform)  # type: ignore[arg-type]
    return through is not None and max(ImageChops.difference(cube, through).tobytes()) <= 1


def _profile_name(profile: object) -> str:
    try:
        name = ImageCms.getProfileDescription(profile)  # type: ignore[arg-type]
    except (ImageCms.PyCMSError, ValueError):
        return "unnamed"
    return " ".join(name.split())[:80] or "unnamed"
