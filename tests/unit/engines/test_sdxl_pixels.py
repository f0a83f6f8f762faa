"""Pictures before and after the model: edges, canvases, products and logos. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aibild_build import engines
from aibild_build.engines import Drawn
from aibild_build.engines.sdxl.canvas import cover, mask_of, outpaint_canvas
from aibild_build.engines.sdxl.controls import canny, control_image
from aibild_build.errors import EngineRefused
from aibild_build.model import Json, Size
from tests.support import sdxl

WIDE: Size = (120, 80)


def test_canny_finds_the_outline_and_nothing_else() -> None:
    picture = Image.new("RGB", (64, 64), "#202020")
    ImageDraw.Draw(picture).rectangle((20, 16, 43, 47), fill="#e0e0e0")
    edges = np.asarray(canny(picture, sigma=1.0, low=0.1, high=0.3))[:, :, 0]
    assert set(np.unique(edges)) <= {0, 255}
    found = edges > 0
    assert not found[:12].any() and not found[:, :15].any() and not found[24:40, 27:36].any()
    rows, columns = np.nonzero(found)
    assert abs(rows.min() - 16) <= 1 and abs(rows.max() - 47) <= 1
    assert abs(columns.min() - 20) <= 1 and abs(columns.max() - 43) <= 1
    assert 80 <= found.sum() <= 150, "an outline is one pixel wide"


def test_canny_thresholds() -> None:
    ramp = Image.fromarray(np.tile(np.linspace(0, 120, 64).astype(np.uint8), (64, 1))).convert("RGB")
    ImageDraw.Draw(ramp).rectangle((40, 20, 60, 40), fill="#ffffff")
    few, many = (np.asarray(canny(ramp, sigma=0.0, low=low, high=high)).sum() for low, high in ((0.5, 0.9), (0.01, 0.02)))
    assert 0 < few < many
    assert np.asarray(canny(Image.new("RGB", (32, 32), "#777777"), sigma=1.0, low=0.1, high=0.2)).sum() == 0


def test_a_given_control_image_is_fitted() -> None:
    picture = Image.new("RGB", (200, 100), "#ff0000")
    assert control_image(picture, (64, 64), {"name": "given"}, None).size == (64, 64)


def test_cover_keeps_the_middle() -> None:
    picture = Image.new("RGB", (300, 100), "#000000")
    picture.paste("#ffffff", (100, 0, 200, 100))
    assert np.asarray(cover(picture, (50, 50))).min() > 200
    assert cover(picture, (300, 100)).tobytes() == picture.tobytes()


def test_a_mask_is_fitted_and_softened() -> None:
    drawn = Image.new("L", (64, 64), 0)
    drawn.paste(255, (0, 0, 32, 64))
    hard, soft = (np.asarray(mask_of(sdxl.png(drawn), (32, 32), blur)) for blur in (0.0, 0.2))
    assert hard[16, 4] == 255 and hard[16, 28] == 0
    assert 0 < soft[16, 20] < 255


@pytest.mark.parametrize("size", [(96, 48), (48, 96)])
def test_an_outpaint_canvas_keeps_the_parent_in_the_middle(size: Size) -> None:
    parent = Image.effect_noise((48, 48), 80).convert("RGB")
    canvas, hard, soft = outpaint_canvas(parent, size, 0.04)
    assert canvas.size == hard.size == soft.size == size
    left, top = (size[0] - 48) // 2, (size[1] - 48) // 2
    assert canvas.crop((left, top, left + 48, top + 48)).tobytes() == parent.tobytes()
    middle = np.asarray(soft)[top + 8 : top + 40, left + 8 : left + 40]
    assert middle.max() == 0, "the parent's own pixels come back"
    assert np.asarray(hard)[0, 0] == 255 and np.asarray(hard)[-1, -1] == 255


def compose(parameters: Mapping[str, Json], files: Mapping[str, bytes], size: Size = WIDE) -> Drawn:
    engine = engines.load("sdxl", sdxl.settings())
    asked = sdxl.brief(seed=0)
    asked = type(asked)(
        **{**{n: getattr(asked, n) for n in asked.__dataclass_fields__}, "parameters": {"compose": True, **parameters}}
    )
    found = engine.resolve(asked, "master", size, {})
    assert found.findings == ()
    inputs = {role: files[path] for role, path in found.inputs} | {"parent": files["parent"]}
    shares: list[float] = []
    (drawn,) = engine.generate(sdxl.recipe_of(found), inputs, shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    return drawn


def pixels(drawn: Drawn) -> Any:
    return np.frombuffer(drawn.samples, np.uint8).reshape(drawn.size[1], drawn.size[0], 3)


def product(size: Size = (40, 40)) -> tuple[bytes, Any]:
    noise = Image.effect_noise(size, 90).convert("RGBA")
    alpha = Image.new("L", size, 0)
    ImageDraw.Draw(alpha).ellipse((4, 4, size[0] - 5, size[1] - 5), fill=255)
    noise.putalpha(alpha)
    return sdxl.png(noise), np.asarray(noise)


def test_a_product_keeps_its_pixels_and_throws_a_shadow() -> None:
    data, own = product()
    files = {"parent": sdxl.picture(WIDE, "#eeeeee", "#eeeeee"), "product.png": data}
    drawn = compose({"cutout": {"image": "product.png", "shadow": {"y": 0.1, "blur": 0.02}}}, files)
    assert drawn.source_type == "compositeWithTrainedAlgorithmicMedia"
    seen = pixels(drawn)[40:80, 40:80]
    solid = own[:, :, 3] == 255
    assert (seen[solid] == own[:, :, :3][solid]).all()
    assert pixels(drawn)[79, 60].max() < 0xEE, "the shadow lies below the product"
    assert (pixels(drawn)[0, 0] == 0xEE).all()
    bare = compose({"cutout": {"image": "product.png", "shadow": {"opacity": 0.0}}}, files)
    assert (pixels(bare)[79, 60] == 0xEE).all()


@pytest.mark.parametrize("anchor,place", [("top-left", (0, 0)), ("right", (20, 80)), ("bottom", (40, 40))])
def test_anchors(anchor: str, place: Size) -> None:
    data, own = product()
    files = {"parent": sdxl.picture(WIDE, "#eeeeee", "#eeeeee"), "product.png": data}
    drawn = compose({"cutout": {"image": "product.png", "anchor": anchor, "shadow": {"opacity": 0}}}, files)
    seen = pixels(drawn)[place[0] : place[0] + 40, place[1] : place[1] + 40]
    solid = own[:, :, 3] == 255
    assert (seen[solid] == own[:, :, :3][solid]).all()


def test_logos_are_laid_on_in_order() -> None:
    red, green = (sdxl.png(Image.new("RGBA", (20, 10), colour)) for colour in ("#ff0000", "#00ff00"))
    files = {"parent": sdxl.picture(WIDE, "#000000", "#000000"), "red.png": red, "green.png": green}
    drawn = compose(
        {
            "overlays": [
                {"image": "red.png", "anchor": "top-right", "margin": 0.1},
                {"image": "green.png", "anchor": "bottom-left", "width": 0.5, "margin": 0.0, "opacity": 0.5},
            ]
        },
        files,
    )
    seen = pixels(drawn)
    assert tuple(seen[8, 92]) == (255, 0, 0) and tuple(seen[7, 92]) == (0, 0, 0) and tuple(seen[8, 112]) == (0, 0, 0)
    assert tuple(seen[79, 0]) == (0, 128, 0) and tuple(seen[79, 59]) == (0, 128, 0) and tuple(seen[79, 60]) == (0, 0, 0)


def test_composing_twice_gives_the_same() -> None:
    data, _ = product()
    files = {"parent": sdxl.picture(WIDE), "product.png": data}
    assert compose({"cutout": {"image": "product.png"}}, files) == compose({"cutout": {"image": "product.png"}}, files)


@pytest.mark.parametrize(
    "data,told",
    [
        (product((130, 40))[0], "at most 120×80 pixels, got 130×40"),
        (sdxl.picture((40, 40)), "transparent surrounding"),
        (b"nothing", "input `product`"),
    ],
)
def test_a_product_that_cannot_be_used(data: bytes, told: str) -> None:
    with pytest.raises(EngineRefused) as caught:
        compose({"cutout": {"image": "p.png"}}, {"parent": sdxl.picture(WIDE), "p.png": data})
    assert told in caught.value.message
