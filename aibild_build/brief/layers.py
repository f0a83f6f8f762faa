"""What one level (site, profile or brief) says of a picture, and how levels become one.

Takes `Layer`s from the site's down to the brief's own, yields merged values; text comes out NFC-normalised with its white space
collapsed. Reads no file and makes no finding. The merge order is told in the room's face.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ..model import PROMPT_PARTS, Guards, Json, RatioRule, Rights, SafeArea, Size, Swatch, Transparency

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some words of a prompt; `block` is the name of the block that they come from, "" for words of one's own."""

    text: str
    block: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one ratio is had, not yet merged: `parts` and `negative` take the place of the same layer's own."""

    ratio: str
    mode: str
    parts: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    negative: tuple[Piece, ...] | None = None
    plain: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One level. `name` is "site", "profile NAME", "sidecar" or "brief". None and empty say nothing.

    Of `guards` only a profile's are read: what a brief may say is not for the brief to decide.
    """

    name: str
    engine: str | None = None
    parts: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    negative: tuple[Piece, ...] = ()
    palette: tuple[Swatch, ...] = ()
    parameters: Mapping[str, Json] = field(default_factory=dict)
    thresholds: Mapping[str, Json] = field(default_factory=dict)
    required_gates: tuple[str, ...] = ()
    safe_areas: Mapping[str, tuple[SafeArea, ...]] = field(default_factory=dict)
    ratios: Mapping[str, Rule] = field(default_factory=dict)
    size: Size | None = None
    candidates: int | None = None
    focal: tuple[float, float] | None = None
    watermark: float | None = None
    text: str | None = None
    max_text_share: float | None = None
    credit: str = ""
    license: str = ""
    acquire_license_page: str = ""
    rights: Rights = field(default_factory=Rights)
    transparency: Transparency = field(default_factory=Transparency)
    guards: Guards = field(default_factory=Guards)


def tidy(text: str) -> str:
    """NFC, white space collapsed: the form in which words are merged and hashed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def last(layers: Sequence[Layer], get: Callable[[Layer], T | None], default: T) -> T:
    """What the last layer that says anything says."""
    for layer in reversed(layers):
        value = get(layer)
        if value is not None and value != "" and value != ():
            return value
    return default


def spoke(layers: Sequence[Layer], get: Callable[[Layer], object]) -> tuple[str, ...]:
    """The names of the layers that say anything."""
    return tuple(layer.name for layer in layers if get(layer) not in (None, "", (), {}))


def merged_parts(layers: Sequence[Layer]) -> tuple[tuple[str, str], ...]:
    """(part, text) in the fixed order, for the parts that anybody speaks of."""
    texts = {part: _joined(piece for layer in layers for piece in layer.parts.get(part, ())) for part in PROMPT_PARTS}
    return tuple((part, text) for part, text in texts.items() if text)


def merged_negative(layers: Sequence[Layer]) -> str:
    return _joined(piece for layer in layers for piece in layer.negative)


def merged_rules(layers: Sequence[Layer]) -> tuple[RatioRule, ...]:
    """One rule a ratio, the last layer's, in the order in which the ratios were first named."""
    rules: dict[str, tuple[Rule, Layer]] = {}
    for layer in layers:
        for ratio, rule in layer.ratios.items():
            rules[ratio] = (rule, layer)
    return tuple(
        RatioRule(ratio=ratio, mode=rule.mode, overrides=_overrides(rule, owner, layers))
        for ratio, (rule, owner) in rules.items()
    )


def merged_safe_areas(layers: Sequence[Layer]) -> tuple[SafeArea, ...]:
    by_ratio: dict[str, tuple[SafeArea, ...]] = {}
    for layer in layers:
        by_ratio.update(layer.safe_areas)
    return tuple(area for ratio in sorted(by_ratio) for area in by_ratio[ratio])


def merged_tables(tables: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    """Key by key, and so on inside tables; lists and single values are replaced."""
    merged: dict[str, Json] = {}
    for table in tables:
        for name, value in table.items():
            before = merged.get(name)
            both = isinstance(before, Mapping) and isinstance(value, Mapping)
            merged[name] = merged_tables((before, value)) if both else value  # type: ignore[arg-type]
    return merged


def merged_rights(layers: Sequence[Layer]) -> Rights:
    return Rights(
        document=last(layers, lambda layer: layer.rights.document, ""),
        holder=last(layers, lambda layer: layer.rights.holder, ""),
        territory=last(layers, lambda layer: layer.rights.territory, ""),
        expires=last(layers, lambda layer: layer.rights.expires, ""),
    )


def merged_transparency(layers: Sequence[Layer]) -> Transparency:
    return Transparency(
        label=last(layers, lambda layer: layer.transparency.label, None),
        people=last(layers, lambda layer: layer.transparency.people, ""),
        risk=last(layers, lambda layer: layer.transparency.risk, ""),
    )


def used_blocks(layers: Sequence[Layer]) -> tuple[str, ...]:
    """The names of all blocks whose words are in the prompt, the negative prompt or an override; sorted."""
    pieces: list[Piece] = []
    for layer in layers:
        pieces += [piece for part in layer.parts.values() for piece in part]
        pieces += layer.negative
        for rule in layer.ratios.values():
            pieces += [piece for part in rule.parts.values() for piece in part]
            pieces += rule.negative or ()
    return tuple(sorted({piece.block for piece in pieces if piece.block}))


def _overrides(rule: Rule, owner: Layer, layers: Sequence[Layer]) -> dict[str, Json]:
    overrides: dict[str, Json] = dict(rule.plain)
    for part, own in rule.parts.items():
        overrides[part] = _joined(piece for layer in layers for piece in (own if layer is owner else layer.parts.get(part, ())))
    if rule.negative is not None:
        own = rule.negative
        overrides["negative"] = _joined(piece for layer in layers for piece in (own if layer is owner else layer.negative))
    return overrides


def _joined(pieces: Iterable[Piece]) -> str:
    """Words in their order, each once, with ", " between."""
    return ", ".join(dict.fromkeys(text for piece in pieces if (text := tidy(piece.text))))
