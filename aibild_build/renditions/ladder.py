"""What one picture in one slot needs: crops, candidates and special cuts, as `Variant`s to be encoded.

Takes a brief's shown half, a slot, the sizes of its assets and the site's formats; yields a `Layout` and findings. Arithmetic
only: nothing is opened, and an encode that exists already is the caller's to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..config import Images
from ..model import MASTER, Brief, Crop, Finding, Json, Level, Size, Slot, Variant
from .bands import Band, bands, chosen, needs, widths
from .codecs import CODECS
from .crop import close_crop, crop
from .quality import Found, Probe, probe_of, wanted

SHARE: tuple[str, Size] = ("40:21", (1200, 630))
STRUCTURED = ("16:9", "4:3", "1:1")
INDEXED_PX = 1200  # width from which search engines show a picture large
THUMB_PX = 320
_MUCH_WIDER_PX = 1600  # a structured cut may be a candidate of the page up to this width; beyond it the bytes are not worth it

Holding = tuple[str, Size, str]  # pixels digest, size, mode of an asset
Answer = Callable[[Probe], Found | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One format's candidates, widths ascending."""

    format: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is shown in one band of the viewport. `rows` run from the best format to the one every browser shows.

    `media` excludes every other group's, the last one's too, so that it also serves where there is no "first match" (preload).
    """

    band: Band
    media: str
    sizes: str
    ratio: str
    crop: Crop
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All files of one picture in one slot. `groups` run from narrow to wide; the last one's last row is the `<img>`'s own.

    `probes` are the questions of quality with their answers: while one is None, no variant in question can be encoded.
    """

    slot: Slot
    groups: tuple[Group, ...]
    share: Variant | None = None
    structured: tuple[Variant, ...] = ()
    thumb: Variant | None = None
    findings: tuple[Finding, ...] = ()
    probes: tuple[tuple[Probe, Found | None], ...] = ()

    @property
    def fallback(self) -> Row:
        return self.groups[-1].rows[-1]

    def variants(self) -> tuple[Variant, ...]:
        """Every encode asked for, each once by its encode key."""
        laddered = (variant for group in self.groups for row in group.rows for variant in row.variants)
        cuts = (cut for cut in (self.share, *self.structured, self.thumb) if cut)
        return tuple({variant.encode: variant for variant in (*laddered, *cuts)}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cutter:
    """What every variant of one layout shares."""

    brief: Brief
    slot: Slot
    assets: Mapping[str, Holding]
    images: Images
    effort: str
    draft: bool
    known: Answer
    settle: Callable[[Variant], Variant]
    asked: dict[tuple[str, str], tuple[Probe, Found | None]] = field(default_factory=dict)

    def asset(self, ratio: str) -> Holding:
        return self.assets.get(ratio) or self.assets[MASTER]

    def focal(self, ratio: str) -> tuple[float, float]:
        return focal_at(self.brief, ratio)

    def crop(self, ratio: str) -> Crop:
        return shown_crop(self.brief, ratio, self.asset(ratio)[1], own=ratio in self.assets)

    def plain_crop(self, ratio: str) -> Crop:
        """The crop of a special cut, on which no text lies."""
        return crop(self.asset(ratio)[1], ratio, self.focal(ratio))

    def formats(self, slot: Slot, ratio: str) -> tuple[str, ...]:
        """Formats from best to the one every browser shows, which is PNG for real transparency and JPEG otherwise."""
        wanted = slot.formats or self.images.formats
        return (*dict.fromkeys(format for format in wanted if format not in ("jpeg", "png")), self.fallback(ratio))

    def fallback(self, ratio: str) -> str:
        return "png" if self.asset(ratio)[2] == "RGBA" else "jpeg"

    def variant(self, ratio: str, box: Crop, size: Size, format: str) -> Variant:
        pixels, whole, mode = self.asset(ratio)
        codec = CODECS[format]
        settings = codec.settings(effort=self.effort, pixels=size[0] * size[1], target=self.target(format))
        if format == "jpeg" and mode == "RGBA":
            settings["background"] = "#ffffff"
        if "quality" in settings:
            wide_px = max(whole) * size[0] / box.width
            settings["quality"] = self.quality(pixels, format, settings, wide_px, size[0] * size[1])
        return self.settle(
            Variant(
                pixels=pixels,
                crop=(box.x, box.y, box.width, box.height),
                size=size,
                format=format,
                settings=settings,
                codec=codec.fingerprint,
                effort=self.effort,
                draft=self.draft,
            )
        )

    def quality(self, pixels: str, format: str, settings: Mapping[str, Json], wide_px: float, size_px: int) -> Json:
        """The encoder's setting; of a probe that is open yet a word, so that nothing is found under such a key."""
        asked = wanted(format, self.images.quality, self.slot.quality)
        if isinstance(asked, int):
            return asked
        if self.draft:
            return settings["quality"]
        if (pixels, format) not in self.asked:
            plain = {**settings, **CODECS[format].settings(effort=self.effort, target=asked)}
            probe = probe_of(pixels, format, plain, asked, self.images.quality, self.slot.quality)
            self.asked[pixels, format] = probe, self.known(probe)
        found = self.asked[pixels, format][1]
        return f"for {asked:g}" if found is None else found.at(format, wide_px, size_px)

    def target(self, format: str) -> float:
        """The score that its files are to reach, 0.0 where their quality is fixed or they are not measured."""
        asked = wanted(format, self.images.quality, self.slot.quality)
        return 0.0 if isinstance(asked, int) or self.draft else asked

    def at_width(self, ratio: str, box: Crop, width: int, format: str) -> Variant:
        return self.variant(ratio, box, (width, max(1, round(width * box.height / box.width))), format)


def focal_at(brief: Brief, ratio: str) -> tuple[float, float]:
    """The focal point at a ratio: the brief's, or the one its rule for this ratio gives."""
    for rule in brief.ratios:
        at = rule.overrides.get("focal") if rule.ratio == ratio else None
        if isinstance(at, list | tuple) and len(at) == 2:
            return float(str(at[0])), float(str(at[1]))
    return brief.focal


def shown_crop(brief: Brief, ratio: str, size: Size, *, own: bool) -> Crop:
    """The crop of a slot from an asset of `size`: text may lie on it, so the safe areas bind unless the ratio has its own."""
    return crop(size, ratio, focal_at(brief, ratio), () if own else brief.safe_areas)


def lay_out(
    brief: Brief,
    slot: Slot,
    assets: Mapping[str, Holding],
    images: Images,
    *,
    effort: str = "final",
    draft: bool = False,
    known: Answer | None = None,
    settle: Callable[[Variant], Variant] | None = None,
) -> Layout:
    """The layout of `brief` in `slot`.

    `assets` maps "master", and each ratio that has an asset of its own, to (pixels, size, mode). `known` answers probes
    of quality with a setting or None, `settle` gives the variant of another effort where that is to be taken. Nothing is
    enlarged. Findings: `crop-cuts-safe-area`, `picture-too-small`.
    """
    cutter = _Cutter(
        brief=brief,
        slot=slot,
        assets=assets,
        images=images,
        effort=effort,
        draft=draft,
        known=known or _nothing_known,
        settle=settle or _as_asked,
    )
    stretches = bands(slot)
    groups = tuple(_group(cutter, slot, band, last=band is stretches[-1]) for band in stretches)
    findings = tuple(finding for group in groups for finding in _findings(brief, slot, group))
    plain = Layout(slot=slot, groups=groups, findings=findings)
    if slot.priority:
        plain = replace(
            plain,
            share=_share(cutter),
            structured=tuple(_structured(cutter, ratio, groups) for ratio in STRUCTURED),
            thumb=_thumb(cutter),
        )
    return replace(plain, probes=tuple(cutter.asked.values()))


def _as_asked(variant: Variant) -> Variant:
    return variant


def _nothing_known(_: Probe) -> Found | None:
    return None


def device_width(groups: Sequence[Group], viewport: float, dpr: float) -> int:
    """The width that a browser takes in the best format at this viewport (CSS px) and device pixel ratio."""
    group = next(group for group in groups if group.band.holds(viewport))
    return chosen([variant.size[0] for variant in group.rows[0].variants], group.band.box_width(viewport), dpr)


def _group(cutter: _Cutter, slot: Slot, band: Band, *, last: bool) -> Group:
    ratio = band.ratio
    box = cutter.crop(ratio)
    ladder = widths(band, box.width)
    # search engines index what `src` names, so that one must be no thumbnail
    indexed = min(INDEXED_PX, box.width)
    with_indexed = (*ladder, indexed) if last and ladder[-1] < indexed else ladder
    formats = cutter.formats(slot, ratio)
    rows = tuple(
        Row(
            format=format,
            variants=tuple(
                cutter.at_width(ratio, box, width, format) for width in (with_indexed if format == formats[-1] else ladder)
            ),
        )
        for format in formats
    )
    return Group(band=band, media=band.media, sizes=band.sizes, ratio=ratio, crop=box, rows=rows)


def _share(cutter: _Cutter) -> Variant:
    ratio, size = SHARE
    box = cutter.plain_crop(ratio)
    return cutter.variant(ratio, box, size, "jpeg") if box.width >= size[0] else cutter.at_width(ratio, box, box.width, "jpeg")


def _structured(cutter: _Cutter, ratio: str, groups: Sequence[Group]) -> Variant:
    """A JPEG for structured data: one that the page has already where the same cut is near enough in width, else 1200 wide."""
    box = cutter.plain_crop(ratio)
    fresh = cutter.at_width(ratio, box, min(INDEXED_PX, box.width), "jpeg")
    for variant in (variant for group in groups for variant in group.rows[-1].variants):
        same = (variant.pixels, variant.crop, variant.format) == (fresh.pixels, fresh.crop, fresh.format)
        if same and INDEXED_PX <= variant.size[0] <= _MUCH_WIDER_PX:
            return variant
    return fresh


def _thumb(cutter: _Cutter) -> Variant:
    box = close_crop(cutter.asset("1:1")[1], "1:1", cutter.focal("1:1"))
    return cutter.at_width("1:1", box, min(THUMB_PX, box.width), cutter.fallback("1:1"))


def _findings(brief: Brief, slot: Slot, group: Group) -> list[Finding]:
    found = []
    if not group.crop.fits:
        found.append(
            Finding(
                rule="crop-cuts-safe-area",
                level=Level.WARNING,
                message=f"expected the {group.ratio} crop of slot `{slot.name}` to keep every safe area, but {group.crop.why}",
                origin=brief.origin,
                subject=brief.id,
                hint=f"declare safe areas for {group.ratio}, move the focal point, or let the ratio have a picture of its own",
            )
        )
    wanted = max(needs(group.band), default=0)
    if group.crop.width < wanted:
        found.append(
            Finding(
                rule="picture-too-small",
                level=Level.WARNING,
                message=(
                    f"expected the {group.ratio} crop of slot `{slot.name}` at least {wanted} px wide, got {group.crop.width} px"
                ),
                origin=brief.origin,
                subject=brief.id,
                measured=group.crop.width,
                limit=wanted,
                hint="give a larger picture, or let the slot's box be narrower",
            )
        )
    return found
