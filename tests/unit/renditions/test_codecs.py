from __future__ import annotations

from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from aibild_build.errors import EncodeError
from aibild_build.renditions.codecs import CODECS, LARGE_PIXELS, radial_tables
from aibild_build.renditions.ssimulacra2 import Original

XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
    b'<?xpacket end="w"?>'
)


def exif() -> bytes:
    tags = Image.Exif()
    tags[0x013B] = "A. Painter"
    return tags.tobytes()


def picture(mode: str = "RGB", size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A smooth two-way gradient with a disc of noise-free detail, cheap and not flat."""
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    disc = Image.radial_gradient("L").resize(size)
    channels = [across, down, disc, down.point(lambda value: 255 - value // 2)]
    return Image.merge(mode, channels[: len(mode)])


@pytest.mark.parametrize("format", CODECS)
@pytest.mark.parametrize("effort", ["fast", "final"])
def test_every_row_encodes_what_a_decoder_reads(format: str, effort: str) -> None:
    codec = CODECS[format]
    data = codec.encode(picture(), codec.settings(None, effort), XMP, exif())
    with Image.open(BytesIO(data)) as seen:
        assert seen.format == format.upper()
        assert seen.get_format_mimetype() == codec.media_type
        assert seen.size == (96, 64)
        assert seen.getexif()[0x013B] == "A. Painter"
        mean = seen.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert XMP in data
    assert isinstance(mean, tuple)
    wanted = picture().resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(wanted, tuple)
    assert max(abs(one - other) for one, other in zip(mean, wanted, strict=True)) <= 4


@pytest.mark.parametrize("format", CODECS)
def test_the_same_question_gives_the_same_bytes(format: str) -> None:
    codec = CODECS[format]
    assert codec.encode(picture(), codec.settings(), XMP, exif()) == codec.encode(picture(), codec.settings(), XMP, exif())


@pytest.mark.parametrize("format", ["avif", "webp", "png"])
def test_transparency_stays(format: str) -> None:
    codec = CODECS[format]
    data = codec.encode(picture("RGBA"), codec.settings(), XMP, exif())
    with Image.open(BytesIO(data)) as seen:
        assert seen.mode == "RGBA"
        assert seen.getchannel("A").getextrema() == pytest.approx((128, 255), abs=6)


def test_a_background_is_laid_under_a_transparent_jpeg() -> None:
    codec = CODECS["jpeg"]
    clear = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    data = codec.encode(clear, {**codec.settings(), "background": "#ffffff"}, XMP, exif())
    with Image.open(BytesIO(data)) as seen:
        assert seen.mode == "RGB"
        assert seen.getpixel((5, 5)) == (255, 255, 255)


def test_jpeg_is_progressive_with_halved_chroma() -> None:
    codec = CODECS["jpeg"]
    data = codec.encode(picture(), codec.settings(), XMP, exif())
    assert b"\xff\xc2" in data  # SOF2
    frame = data.index(b"\xff\xc2")
    assert data[frame + 11] == 0x22  # sampling of the first component: 2×2


def test_our_quantisation_gives_more_for_fewer_bytes_at_the_usual_scale() -> None:
    samples = np.random.default_rng(5).normal(0, 12, (270, 480, 3)) + np.asarray(picture(size=(480, 270)), dtype=float)
    rough = Image.fromarray(samples.clip(0, 255).astype("uint8"))
    usual = {name: value for name, value in CODECS["jpeg"].settings(75).items() if name != "tables"}
    before = CODECS["jpeg"].encode(rough, usual, XMP, exif())
    after = CODECS["jpeg"].encode(rough, CODECS["jpeg"].settings(75), XMP, exif())
    original = Original(np.asarray(rough))
    scores = [original.score(np.asarray(Image.open(BytesIO(data)))) for data in (before, after)]
    assert len(after) < 0.95 * len(before) and abs(scores[0] - scores[1]) < 3


def test_quantisation_steps_fall_with_quality_and_grow_with_frequency() -> None:
    for table in (0, 1):
        by_quality = [radial_tables(quality)[table] for quality in (1, 30, 50, 80, 100)]
        assert all(len(steps) == 64 and 1 <= min(steps) <= max(steps) <= 255 for steps in by_quality)
        assert all(one >= other for coarse, fine in pairwise(by_quality) for one, other in zip(coarse, fine, strict=True))
        assert by_quality[2][0] < by_quality[2][1] < by_quality[2][7] < by_quality[2][63]
        assert by_quality[2][1] == by_quality[2][8]


@pytest.mark.parametrize("format", ["avif", "webp", "jpeg"])
def test_quality_moves_bytes(format: str) -> None:
    codec = CODECS[format]
    low, high = (codec.encode(picture(), codec.settings(quality), XMP, exif()) for quality in (20, 90))
    assert len(low) < len(high)


def test_settings_are_written_out() -> None:
    assert CODECS["avif"].settings() == {
        "codec": "aom",
        "speed": 6,
        "subsampling": "4:2:0",
        "range": "full",
        "max_threads": 1,
        "autotiling": False,
        "advanced": {"tune": "iq", "sharpness": "0"},
        "quality": 53,
    }
    assert CODECS["avif"].settings(30, "fast")["speed"] == 9
    assert CODECS["avif"].settings(pixels=LARGE_PIXELS) == {**CODECS["avif"].settings(), "speed": 7}
    assert CODECS["avif"].settings(effort="slow", pixels=LARGE_PIXELS)["speed"] == 5
    assert CODECS["avif"].settings(target=71.9) == CODECS["avif"].settings()
    assert CODECS["avif"].settings(target=72.0) == {**CODECS["avif"].settings(), "subsampling": "4:4:4"}
    assert CODECS["webp"].settings(target=90.0) == CODECS["webp"].settings()
    assert CODECS["webp"].settings(pixels=LARGE_PIXELS) == CODECS["webp"].settings()
    assert CODECS["webp"].settings()["quality"] == 78
    assert CODECS["jpeg"].settings()["quality"] == 80
    assert "quality" not in CODECS["png"].settings(50)


@pytest.mark.parametrize(("quality", "effort"), [(-1, "final"), (101, "final"), (50, "idle")])
def test_settings_refuse_what_they_do_not_know(quality: int, effort: str) -> None:
    with pytest.raises(ValueError):
        CODECS["avif"].settings(quality, effort)


def test_what_an_encoder_declines_is_an_encode_error() -> None:
    codec = CODECS["webp"]
    with pytest.raises(EncodeError, match="webp of 16384×1 px cannot be encoded"):
        codec.encode(Image.new("RGB", (16384, 1)), codec.settings(), XMP, exif())
    with pytest.raises(EncodeError, match="avif of 96×64 px"):
        codec = CODECS["avif"]
        codec.encode(picture(), {**codec.settings(), "advanced": {"tune": "nonsense"}}, XMP, exif())
