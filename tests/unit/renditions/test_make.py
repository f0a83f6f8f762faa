from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from aibild_build.canonical import digest_of
from aibild_build.config import Images
from aibild_build.errors import EncodeError
from aibild_build.imagefile import encode_png, probe
from aibild_build.model import Breakpoint, Brief, FileFacts, Origin, Slot, Variant
from aibild_build.renditions import lay_out
from aibild_build.renditions.make import deliver, make
from aibild_build.renditions.metadata import Metadata, packet
from aibild_build.renditions.quality import Found

SIZE = (480, 270)
SLOT = Slot(
    name="hero",
    priority=True,
    breakpoints=(
        Breakpoint(min_width=0, ratio="4:5", vw=0, offset=60),
        Breakpoint(min_width=640, ratio="16:9", vw=0, offset=100),
    ),
)
BRIEF = Brief(id="lighthouse", origin=Origin(path="briefs/lighthouse.yaml", line=1), engine="sketch")
RIGHTS = Metadata(
    source_type="algorithmicMedia",
    creator="A. Painter",
    credit="Studio North",
    copyright="© North",
    license="https://example.org/licence",
    created="2026-11-23",
)
FOUND = Found(quality=60, score=70.0, bytes_per_pixel=0.05, trials=2)
OTHER = replace(RIGHTS, credit="Atelier Süd & Söhne", license="https://example.org/another/licence", created="2025-01-02")


def picture(mode: str = "RGB") -> Image.Image:
    across = Image.linear_gradient("L").rotate(90).resize(SIZE)
    down = Image.linear_gradient("L").resize(SIZE)
    disc = Image.radial_gradient("L").resize(SIZE)
    return Image.merge(mode, [across, down, disc, down][: len(mode)])


def master(mode: str = "RGB") -> bytes:
    return encode_png(picture(mode).tobytes(), SIZE, mode)


def variants(mode: str = "RGB") -> tuple[Variant, ...]:
    assets = {"master": ("a" * 64, SIZE, mode)}
    return lay_out(BRIEF, SLOT, assets, Images(), effort="fast", known=lambda _: FOUND).variants()


def made(of: Sequence[Variant], metadata: Metadata = RIGHTS, mode: str = "RGB") -> dict[str, tuple[bytes, FileFacts]]:
    return {variant.encode: (data, facts) for variant, data, facts in make(master(mode), of, metadata)}


def one_a_format(mode: str = "RGB") -> list[Variant]:
    return list({variant.format: variant for variant in reversed(variants(mode))}.values())


def test_every_variant_is_made_as_asked_and_its_facts_are_those_of_the_file() -> None:
    wanted = variants()
    files = made(wanted)
    assert set(files) == {variant.encode for variant in wanted}
    for variant in wanted:
        data, facts = files[variant.encode]
        with Image.open(BytesIO(data)) as seen:
            assert seen.format == variant.format.upper()
            assert seen.size == variant.size == (facts.width, facts.height)
        assert facts.bytes == len(data)
        assert facts.unsigned == digest_of(data)
        assert facts.media_type == f"image/{variant.format}"
        assert facts.credential == "none"
        assert facts.fields["Iptc4xmpExt:DigitalSourceType"] == "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
        assert facts.fields["dc:creator"] == "A. Painter"
        assert facts.fields["photoshop:Credit"] == "Studio North"
        assert probe(data).xmp == packet(RIGHTS)


def test_jpeg_also_carries_iim() -> None:
    jpeg = next(variant for variant in variants() if variant.format == "jpeg")
    assert b"Studio North" in probe(made([jpeg])[jpeg.encode][0]).iim


def test_a_file_depends_on_nothing_that_is_made_beside_it() -> None:
    together = made(variants())
    for variant in one_a_format():
        assert made([variant])[variant.encode] == together[variant.encode]
    assert made(variants()[::-1]) == together


def test_crops_show_their_part_of_the_master() -> None:
    wanted = variants()[0]
    left, right = (replace(wanted, crop=(x, 0, 60, 75), size=(60, 75), format="png", settings={}) for x in (0, 420))
    files = made([left, right])
    for variant in (left, right):
        x, y, width, height = variant.crop
        with Image.open(BytesIO(files[variant.encode][0])) as seen:
            assert seen.tobytes() == picture().crop((x, y, x + width, y + height)).tobytes()
    assert files[left.encode][1].colour != files[right.encode][1].colour


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_other_words_in_an_encode_that_exists_equal_a_fresh_encode(mode: str) -> None:
    wanted = one_a_format(mode)
    old, fresh = made(wanted, RIGHTS, mode), made(wanted, OTHER, mode)
    assert {variant.format for variant in wanted} >= {"avif", "webp", "jpeg"}
    for variant in wanted:
        data, known = old[variant.encode]
        assert deliver(data, variant, OTHER, known) == fresh[variant.encode]
        assert deliver(data, variant, RIGHTS, known) == (data, known)
        assert deliver(data, variant, RIGHTS) == (data, replace(known, colour="", placeholder="", hashes={}))


def test_transparent_pictures_stay_so_but_for_jpeg() -> None:
    modes = {}
    for variant in one_a_format("RGBA"):
        with Image.open(BytesIO(made([variant], mode="RGBA")[variant.encode][0])) as seen:
            modes[variant.format] = seen.mode
    assert modes == {"avif": "RGBA", "webp": "RGBA", "png": "RGBA", "jpeg": "RGB"}


def test_the_look_is_the_crops_and_the_same_in_every_format() -> None:
    wanted = [variant for variant in variants() if variant.crop == variants()[0].crop]
    looks = {(facts.colour, facts.placeholder, facts.hashes["dhash"]) for _, facts in made(wanted).values()}
    assert len(looks) == 1
    colour, placeholder, _ = looks.pop()
    assert placeholder.endswith(colour)


def test_files_come_one_at_a_time() -> None:
    wanted = variants()
    outside = replace(wanted[0], crop=(0, 0, 481, 270))
    files = make(master(), [*wanted[:1], outside], RIGHTS)
    assert next(files)[0] == wanted[0]
    with pytest.raises(EncodeError, match=r"crop 481×270 at 0,0 lies outside the master of 480×270 px"):
        next(files)


@pytest.mark.parametrize("bytes_", [b"", b"\x89PNG\r\n\x1a\n", master()[:400], b"GIF89a"])
def test_a_damaged_master_is_an_encode_error(bytes_: bytes) -> None:
    with pytest.raises(EncodeError, match="master"):
        list(make(bytes_, variants()[:1], RIGHTS))


def test_deliver_refuses_what_is_no_encode_of_that_variant() -> None:
    small, large = variants()[0], variants()[1]
    data, known = made([small])[small.encode]
    assert small.format == large.format == "avif"
    with pytest.raises(EncodeError, match="read back"):
        deliver(data, large, OTHER, known)
    with pytest.raises(EncodeError):
        deliver(data[:200], small, OTHER, known)
