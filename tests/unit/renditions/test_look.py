from __future__ import annotations

import re

from PIL import Image

from aibild_build.renditions.look import dhash, look


def ramp(size: tuple[int, int] = (200, 120)) -> Image.Image:
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (across, down, across.point(lambda value: 255 - value)))


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_one_colour_looks_like_itself() -> None:
    seen = look(Image.new("RGB", (40, 30), (18, 52, 86)))
    assert seen.colour == "#123456"
    assert set(re.findall(r"#[0-9a-f]{6}", seen.placeholder)) == {"#123456"}
    assert seen.hashes == {"dhash": "0" * 16}


def test_placeholder_is_a_short_css_background_of_the_four_corners() -> None:
    quarters = Image.new("RGB", (80, 80))
    for box, colour in (((0, 0), "#ff0000"), ((40, 0), "#00ff00"), ((0, 40), "#0000ff"), ((40, 40), "#ffffff")):
        quarters.paste(Image.new("RGB", (40, 40), colour), box)
    seen = look(quarters)
    assert len(seen.placeholder) <= 214
    assert re.fullmatch(r"(radial-gradient\(at [\d% ]+,#[0-9a-f]{6},#0000 \d+%\),){4}#[0-9a-f]{6}", seen.placeholder)
    assert re.findall(r"#[0-9a-f]{6}", seen.placeholder) == ["#ff0000", "#00ff00", "#0000ff", "#ffffff", seen.colour]


def test_transparent_pictures_have_a_colour_and_no_placeholder() -> None:
    half = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    half.paste((200, 100, 50, 255), (0, 0, 20, 40))
    seen = look(half)
    assert seen.placeholder == ""
    assert seen.colour == "#c86432"
    assert look(Image.new("RGBA", (9, 9), (0, 0, 0, 0))).colour == "#ffffff"


def test_hash_is_near_for_the_same_picture_and_far_for_another() -> None:
    picture = ramp()
    same = dhash(picture.resize((90, 54)))
    assert distance(dhash(picture), same) <= 4
    assert distance(dhash(picture), dhash(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))) > 20


def test_tiny_pictures_have_a_look() -> None:
    assert look(Image.new("RGB", (1, 1), (255, 0, 0))).colour == "#ff0000"


def test_known_look_of_a_ramp() -> None:
    seen = look(ramp())
    assert seen.colour == "#808080"
    assert re.findall(r"#[0-9a-f]{6}", seen.placeholder)[:4] == ["#4040c0", "#c04040", "#40c0c0", "#c0c040"]
    assert seen.hashes == {"dhash": "f" * 16}
