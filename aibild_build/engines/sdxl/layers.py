"""A product on a made background, logos over a made picture: composed by us, never drawn by a model.

Takes the parent's picture and the layers' files, yields the picture. The product keeps its own pixels, one for one, where it is
opaque; its shadow is a layer of its own between background and product. Positions are whole pixels, so nothing is resampled
that need not be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import EngineRefused
from ...model import Json, Recipe, Size
from .. import Drawn, Progress
from .canvas import cover, picture_of


def compose(recipe: Recipe, inputs: Mapping[str, bytes], progress: Progress) -> Drawn:
    """Raises EngineRefused for a product that is larger than the picture or has no transparent surrounding."""
    if "parent" not in inputs:
        raise EngineRefused("expected the picture that layers are laid on, got none")
    picture = cover(picture_of(inputs["parent"], "parent"), recipe.size)
    product = recipe.parameters.get("cutout")
    if isinstance(product, Mapping):
        picture = _with_product(picture, picture_of(_bytes(inputs, "product"), "product"), product)
    progress(0.5)
    overlays = recipe.parameters.get("overlays")
    for index, table in enumerate(overlays if isinstance(overlays, list | tuple) else ()):
        if isinstance(table, Mapping):
            role = f"overlay:{index}"
            picture = _with_overlay(picture, picture_of(_bytes(inputs, role), role), table)
    progress(1.0)
    return Drawn(
        samples=picture.tobytes(),
        size=recipe.size,
        mode="RGB",
        source_type="compositeWithTrainedAlgorithmicMedia",
        environment={"composed": 1},
    )


def _with_product(picture: Any, product: Any, table: Mapping[str, Json]) -> Any:
    if product.mode != "RGBA":
        raise EngineRefused("input `product`: expected a picture with a transparent surrounding, got an opaque one")
    if product.width > picture.width or product.height > picture.height:
        raise EngineRefused(
            f"input `product`: expected at most {picture.width}×{picture.height} pixels, got {product.width}×{product.height}",
            hint="its pixels are kept one for one: bring it in the size in which it shall be seen",
        )
    left, top = _place(picture.size, product.size, str(table["anchor"]), 0)
    offset = table["offset"]
    if isinstance(offset, list | tuple):
        left += round(_real(offset[0]) * picture.width)
        top += round(_real(offset[1]) * picture.height)
    shadow = table["shadow"]
    if isinstance(shadow, Mapping) and _real(shadow["opacity"]) > 0:
        picture = _with_shadow(picture, product, (left, top), shadow)
    picture.paste(product.convert("RGB"), (left, top), product.getchannel("A"))
    return picture


def _with_shadow(picture: Any, product: Any, place: tuple[int, int], table: Mapping[str, Json]) -> Any:
    """The product's outline in black: flattened towards its foot, moved, blurred, and laid on with `opacity`."""
    from PIL import Image, ImageFilter

    height = max(1, round(product.height * _real(table["flatten"])))
    outline = product.getchannel("A").resize((product.width, height), Image.Resampling.BICUBIC)
    layer = Image.new("L", picture.size, 0)
    left = place[0] + round(_real(table["x"]) * product.height)
    top = place[1] + product.height - height + round(_real(table["y"]) * product.height)
    layer.paste(outline, (left, top))
    layer = layer.filter(ImageFilter.GaussianBlur(_real(table["blur"]) * product.height))
    opacity = _real(table["opacity"])
    picture.paste((0, 0, 0), (0, 0), layer.point([round(value * opacity) for value in range(256)]))
    return picture


def _with_overlay(picture: Any, overlay: Any, table: Mapping[str, Json]) -> Any:
    from PIL import Image

    overlay = overlay.convert("RGBA")
    share = _real(table["width"])
    if share:
        width = max(1, round(share * picture.width))
        overlay = overlay.resize((width, max(1, round(overlay.height * width / overlay.width))), Image.Resampling.LANCZOS)
    margin = round(_real(table["margin"]) * min(picture.size))
    place = _place(picture.size, overlay.size, str(table["anchor"]), margin)
    opacity = _real(table["opacity"])
    alpha = overlay.getchannel("A").point([round(value * opacity) for value in range(256)])
    picture.paste(overlay.convert("RGB"), place, alpha)
    return picture


def _place(outer: Size, inner: Size, anchor: str, margin: int) -> tuple[int, int]:
    """The top left corner of `inner` in `outer` at a named anchor, `margin` pixels from the edges it touches."""
    spare = (outer[0] - inner[0], outer[1] - inner[1])
    across = margin if "left" in anchor else spare[0] - margin if "right" in anchor else spare[0] // 2
    down = margin if "top" in anchor else spare[1] - margin if "bottom" in anchor else spare[1] // 2
    return across, down


def _bytes(inputs: Mapping[str, bytes], role: str) -> bytes:
    if role not in inputs:
        raise EngineRefused(f"input `{role}` is missing")
    return inputs[role]


def _real(value: Json) -> float:
    return float(str(value))
