"""The half of a brief that decides pixels, as a profile and a brief write it alike.

Takes a table's fields and the known blocks, yields a `Layer`. Sizes are pixels, focal points and safe areas fractions (0–1) of
the picture. What is wrong is told to the fields, with a default in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ..config import read_address, read_palette, read_rights
from ..model import PROMPT_PARTS, Json, SafeArea, Size, Transparency, VariantOf, ratio_value
from ..source import Fields, nearest_hint
from .blocks import NAME, Block, read_negative, read_part
from .layers import Layer, Rule, tidy

MODES = ("crop", "regenerate", "outpaint")
PEOPLE = ("none", "invented", "real")
MAX_SEED = 2**32 - 1
WATERMARK_STRENGTHS = (0.5, 2.0)  # below it is not found, above it is seen
_VARYING = (*PROMPT_PARTS, "negative", "profile", "seed", "size", "palette", "parameters", "focal", "engine", "text")


def read_layer(table: Fields, name: str, blocks: Mapping[str, Block], base_url: str, parts: Fields) -> Layer:
    """What `table` says. `parts` is the table of the prompt parts: the brief itself, or the `blocks` of a profile."""
    parameters = table.mapping("parameters")
    if table.has("loras"):
        loras = table.value("loras")
        if isinstance(loras, list | tuple):
            parameters["loras"] = loras
        else:
            table.wrong("loras", "list")
    share = table.number("max_text_share", low=0, high=1) if table.has("max_text_share") else None
    return Layer(
        name=name,
        engine=table.text("engine") or None,
        parts={part: pieces for part in PROMPT_PARTS if (pieces := read_part(parts, part, blocks))},
        negative=read_negative(table, "negative", blocks),
        palette=read_palette(table),
        parameters=parameters,
        thresholds=table.mapping("thresholds"),
        required_gates=table.texts("required_gates"),
        safe_areas=_safe_areas(table),
        ratios=_rules(table, blocks),
        size=read_size(table, "size"),
        candidates=table.whole("candidates", 1, low=1, high=64) if table.has("candidates") else None,
        focal=read_focal(table, "focal"),
        watermark=_watermark(table),
        text=tidy(table.text("text")) or None,
        max_text_share=share,
        credit=table.text("credit"),
        license=read_address(table, "license", base_url),
        acquire_license_page=read_address(table, "acquire_license_page", base_url),
        rights=read_rights(table.fields("rights")),
        transparency=_transparency(table.fields("transparency")),
    )


def _watermark(table: Fields) -> float | None:
    """The strength of the mark: 1.0 for `true`, 0.0 for `false`, None where nothing is said."""
    value = table.value("watermark")
    if isinstance(value, Mapping):
        return table.fields("watermark").number("strength", 1.0, low=WATERMARK_STRENGTHS[0], high=WATERMARK_STRENGTHS[1])
    if value is not None and not isinstance(value, bool):
        table.wrong("watermark", "true, false or table with strength")
        return None
    return None if value is None else float(value)


def _transparency(table: Fields) -> Transparency:
    return Transparency(
        label=table.flag("label") if table.has("label") else None,
        people=table.choice("people", PEOPLE, ""),
        risk=tidy(table.text("risk")),
    )


def read_size(table: Fields, key: str) -> Size | None:
    """`[width, height]` in pixels, each 64–8192."""
    pair = table.value(key)
    if pair is None:
        return None
    whole = isinstance(pair, list | tuple) and len(pair) == 2 and all(type(side) is int and 64 <= side <= 8192 for side in pair)
    if not whole:
        table.wrong(key, "[width, height] in pixels, each 64–8192")
        return None
    width, height = cast("tuple[int, int]", pair)
    return width, height


def read_focal(table: Fields, key: str) -> tuple[float, float] | None:
    """`[x, y]` as fractions of width and height, from the top left."""
    pair = table.value(key)
    if pair is None:
        return None
    good = isinstance(pair, list | tuple) and len(pair) == 2
    if not good or not all(type(side) in (int, float) and 0 <= cast(float, side) <= 1 for side in cast("list[Json]", pair)):
        table.wrong(key, "[x, y], each 0–1 of the picture")
        return None
    x, y = cast("tuple[float, float]", pair)
    return float(x), float(y)


def is_ratio(text: str) -> bool:
    try:
        ratio_value(text)
    except ValueError:
        return False
    return True


def _safe_areas(table: Fields) -> dict[str, tuple[SafeArea, ...]]:
    areas: dict[str, tuple[SafeArea, ...]] = {}
    ratios = table.fields("safe_areas")
    for ratio in ratios.names():
        rectangles = ratios.each(ratio)
        if ratio != "*" and not is_ratio(ratio):
            ratios.tell("source-value", f'expected safe_areas by ratio ("16:9", or "*" for all), got `{ratio}`', ratio)
            continue
        areas[ratio] = tuple(area for rectangle in rectangles if (area := _safe_area(rectangle, ratio)) is not None)
    return areas


def _safe_area(table: Fields, ratio: str) -> SafeArea | None:
    before = len(table.findings)
    x, y = table.number("x", low=0, high=1), table.number("y", low=0, high=1)
    width, height = table.number("width", low=0, high=1), table.number("height", low=0, high=1)
    colour = table.colour("colour")
    for side in ("x", "y", "width", "height", "colour"):
        if not table.has(side):
            what = "CSS colour of the text on it" if side == "colour" else "fraction 0–1 of the picture"
            table.tell("source-missing", f"expected {side} of a safe area as {what}, got nothing")
    if len(table.findings) > before:
        return None
    for side, start, length in (("width", x, width), ("height", y, height)):
        if length <= 0 or start + length > 1 + 1e-9:
            table.wrong(side, f"fraction above 0 and at most {round(1 - start, 6):g}, so that it ends inside the picture")
            return None
    return SafeArea(ratio=ratio, x=x, y=y, width=width, height=height, colour=colour)


def _rules(table: Fields, blocks: Mapping[str, Block]) -> dict[str, Rule]:
    written = table.value("ratios")
    if written is None:
        return {}
    if not isinstance(written, list | tuple):
        table.wrong("ratios", 'list of ratios, like ["4:5", "1:1"]')
        return {}
    rules: dict[str, Rule] = {}
    for index, item in enumerate(written):
        one = table.inner(("ratios", index), item) if isinstance(item, Mapping) else None
        ratio = one.text("ratio", required=True) if one else item
        rule = _rule(one, str(ratio), blocks) if one else Rule(ratio=str(ratio), mode="crop")
        if not isinstance(ratio, str) or not is_ratio(ratio):
            if one is None or ratio:
                table.wrong(("ratios", index, "ratio") if one else ("ratios", index), "ratio of whole numbers 1–100, like 4:5")
        elif ratio in rules:
            table.tell("source-duplicate", f"expected each ratio once, got {ratio} again", ("ratios", index))
        else:
            rules[ratio] = rule
    return rules


def _rule(table: Fields, ratio: str, blocks: Mapping[str, Block]) -> Rule:
    mode = table.choice("mode", MODES, "crop")
    parts = {part: read_part(table, part, blocks) for part in PROMPT_PARTS if table.has(part)}
    negative = read_negative(table, "negative", blocks) if table.has("negative") else None
    plain: dict[str, Json] = {}
    if table.has("seed"):
        plain["seed"] = table.whole("seed", low=0, high=MAX_SEED)
    if size := read_size(table, "size"):
        plain["size"] = list(size)
    if table.has("parameters"):
        plain["parameters"] = table.mapping("parameters")
    if mode == "crop" and (parts or negative is not None or plain):
        different = next(iter([*parts, *plain, "negative"]))
        table.wrong("mode", f"regenerate or outpaint where {different} differs", hint="a crop shows the master's own pixels")
    if focal := read_focal(table, "focal"):
        plain["focal"] = list(focal)
    return Rule(ratio=ratio, mode=mode, parts=parts, negative=negative, plain=plain)


def read_variants(table: Fields, blocks: Mapping[str, Block]) -> tuple[VariantOf, ...]:
    """`variants`: each has a name and exactly one field that differs; of `parameters`, one parameter."""
    variants: list[VariantOf] = []
    for one in table.each("variants"):
        name = one.text("name", required=True)
        if name and not NAME.fullmatch(name):
            one.wrong("name", "name in kebab-case")
        elif name in [variant.name for variant in variants]:
            one.tell("source-duplicate", f"expected each variant once, got `{name}` again", "name")
        fields = [field for field in one.names() if field != "name"]
        for field in fields:
            one.value(field)
        unknown = [field for field in fields if field not in _VARYING]
        for field in unknown:
            hint = nearest_hint(field, _VARYING)
            one.tell("source-unknown-key", f"expected a field that can vary, got `{field}`", field, hint=hint)
        if unknown:
            continue
        differing = _differing(one, fields, blocks)
        if len(differing) == 1:
            field, value = differing[0]
            variants.append(VariantOf(name=name, field=field, value=value))
        else:
            got = ", ".join(field for field, _ in differing) or "none"
            hint = "two differences at once cannot be told apart in a test"
            one.tell("source-value", f"expected exactly one field that differs in a variant, got {got}", hint=hint)
    return tuple(variants)


def _differing(table: Fields, fields: list[str], blocks: Mapping[str, Block]) -> list[tuple[str, Json]]:
    differing: list[tuple[str, Json]] = []
    for field in fields:
        if field == "parameters":
            differing += [(f"parameters.{name}", value) for name, value in table.mapping("parameters").items()]
        elif field in PROMPT_PARTS or field == "negative":
            pieces = read_part(table, field, blocks) if field != "negative" else read_negative(table, field, blocks)
            differing.append((field, ", ".join(tidy(piece.text) for piece in pieces)))
        elif field == "seed":
            differing.append((field, table.whole(field, low=0, high=MAX_SEED)))
        elif field == "size":
            differing.append((field, list(read_size(table, field) or ())))
        elif field == "focal":
            differing.append((field, list(read_focal(table, field) or ())))
        elif field == "palette":
            differing.append((field, [[swatch.colour, swatch.weight] for swatch in read_palette(table)]))
        else:
            differing.append((field, table.text(field)))
    return differing
