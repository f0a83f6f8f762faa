from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from aibild_build.imagefile import Decoded, ImageFault, decode

from .samples import exif, grey_profile, picture, saved, wide_profile

LOSSLESS: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100}, "JPEG": {"quality": 100}}
FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"]


def pixels(found: Decoded) -> Image.Image:
    return Image.frombytes(found.mode, found.size, found.samples)


def first(found: Decoded) -> tuple[int, ...]:
    return tuple(found.samples[: len(found.mode)])


def difference(one: Image.Image, other: Image.Image) -> int:
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).max())


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_decoded(format: str) -> None:
    found = decode(saved(picture(), format))
    assert (found.format, found.size, found.mode, found.notes) == (format.lower(), (64, 48), "RGB", ())
    assert len(found.samples) == 64 * 48 * 3
    assert difference(pixels(found), picture()) < 40


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_orientation_is_applied(format: str, orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    upright = picture()
    upright.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(upright)
    found = decode(saved(picture(), format, exif=tags))
    assert found.size == upright.size
    assert difference(pixels(found), upright) < 40
    assert found.notes == (() if orientation == 1 else (f"orientation {orientation} was applied",))


def test_a_compressed_tiff_is_turned_once() -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    found = decode(saved(picture(), "TIFF", exif=tags, compression="tiff_lzw"))
    assert found.size == (48, 64)
    assert difference(pixels(found), picture().transpose(Image.Transpose.ROTATE_270)) == 0


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA"])
def test_grey_and_palettes_become_rgb(mode: str) -> None:
    found = decode(saved(picture("L").convert(mode), "PNG"))
    assert found.mode == "RGB"
    assert found.source_mode == mode


def test_sixteen_bits_are_rounded_to_eight() -> None:
    deep = np.array([[0, 128, 129, 65535, 32896, 65279]], dtype=np.uint16)
    found = decode(saved(Image.fromarray(deep), "PNG"))
    assert [found.samples[3 * at] for at in range(6)] == [0, 0, 1, 255, 128, 254]
    assert found.notes == ("16-bit grey was brought to 8 bits",)


def test_floating_point_samples_are_refused() -> None:
    with pytest.raises(ImageFault, match="floating-point samples"):
        decode(saved(Image.new("F", (4, 4), 0.5), "TIFF"))


def test_cmyk_becomes_rgb_and_says_so() -> None:
    found = decode(saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95))
    assert difference(pixels(found), Image.new("RGB", (16, 16), (255, 0, 0))) < 6
    assert found.notes == ("CMYK without a profile was converted by the plain formula",)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_alpha_is_kept_only_where_something_shows_through(format: str) -> None:
    lossless = LOSSLESS.get(format, {})
    opaque = picture().convert("RGBA")
    clear = opaque.copy()
    clear.putpixel((3, 3), (10, 20, 30, 128))
    assert decode(saved(opaque, format, **lossless)).mode == "RGB"
    found = decode(saved(clear, format, **lossless))
    assert found.mode == "RGBA"
    assert pixels(found).getchannel("A").getextrema() == (128, 255)


def test_a_colour_key_is_transparency() -> None:
    keyed = Image.new("RGB", (4, 4), (1, 2, 3))
    keyed.putpixel((0, 0), (9, 9, 9))
    found = decode(saved(keyed, "PNG", transparency=(9, 9, 9)))
    assert found.mode == "RGBA"
    assert first(found)[3] == 0


def test_srgb_profiles_leave_pixels_as_they_are() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = decode(saved(picture(), "PNG", icc_profile=srgb))
    assert found.samples == picture().tobytes()
    assert found.notes == ()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_wide_profiles_are_converted(format: str) -> None:
    """Display P3 (128, 64, 64) at gamma 2.2, through the D50 matrices of both spaces, is sRGB (139, 57, 60)."""
    lossless = LOSSLESS.get(format, {})
    found = decode(saved(Image.new("RGB", (16, 16), (128, 64, 64)), format, icc_profile=wide_profile(), **lossless))
    assert difference(pixels(found), Image.new("RGB", (16, 16), (139, 57, 60))) <= 3
    assert found.notes == ("colours were converted from the ICC profile `Test` to sRGB",)


def test_alpha_survives_a_profile() -> None:
    found = decode(saved(Image.new("RGBA", (4, 4), (128, 64, 64, 7)), "PNG", icc_profile=wide_profile()))
    assert first(found)[3] == 7
    assert abs(first(found)[0] - 139) <= 3


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_profiles_are_converted(mode: str) -> None:
    """Linear light 55/255 is 128 in sRGB."""
    grey = Image.new("L", (4, 4), 55).convert(mode)
    found = decode(saved(grey, "PNG", icc_profile=grey_profile()))
    assert all(abs(value - 128) <= 1 for value in first(found))


@pytest.mark.parametrize("broken", [b"no profile at all", wide_profile()[:150], grey_profile()])
def test_a_profile_that_cannot_be_used_is_noted(broken: bytes) -> None:
    found = decode(saved(Image.new("CMYK", (4, 4)), "TIFF", icc_profile=broken))
    assert found.notes[0] == "the ICC profile cannot be used; colours were taken as sRGB"
    rgb = decode(saved(picture(), "PNG", icc_profile=b"no profile at all"))
    assert rgb.samples == picture().tobytes()
    assert rgb.notes == ("the ICC profile cannot be used; colours were taken as sRGB",)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_gives_its_first_frame(format: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "green")]
    found = decode(saved(frames[0], format, save_all=True, append_images=frames[1:]))
    assert difference(pixels(found), frames[0]) < 12
    assert found.notes == ("the first of several frames was taken",)


@pytest.mark.parametrize("format", FORMATS)
def test_truncated_files_are_refused(format: str) -> None:
    noise = Image.frombytes("RGB", (96, 96), np.random.default_rng(1).bytes(96 * 96 * 3))
    data = saved(noise, format, exif=exif()) if format != "GIF" else saved(noise, format)
    for share in (0.02, 0.3, 0.7):
        with pytest.raises(ImageFault, match=r"truncated|damaged|no image of a known format"):
            decode(data[: int(len(data) * share)])


def test_a_bomb_is_refused_by_its_header() -> None:
    """A PNG of 60,000 × 60,000 pixels; its pixels are not there, so decoding it could only fail otherwise."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    with pytest.raises(ImageFault, match=r"60000 × 60000 pixels \(3600 million\), 120 million are allowed"):
        decode(data)


def test_the_limit_is_the_callers() -> None:
    data = saved(picture(), "PNG")
    assert decode(data, max_pixels=64 * 48).size == (64, 48)
    with pytest.raises(ImageFault, match=r"0\.001 million are allowed"):
        decode(data, max_pixels=1000)


def test_two_sizes_in_one_file_are_refused() -> None:
    """A second frame header that Pillow would believe must not pass the limit that the first one kept."""
    data = saved(picture(), "JPEG")
    at = data.index(b"\xff\xc0")
    second = bytearray(data[at : at + 19])
    second[5:9] = struct.pack(">HH", 4000, 4000)
    with pytest.raises(ImageFault):
        decode(data[: at + 19] + bytes(second) + data[at + 19 :], max_pixels=10_000)


def test_svg_has_no_pixels() -> None:
    with pytest.raises(ImageFault, match="SVG is drawn by browsers"):
        decode(b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>')
