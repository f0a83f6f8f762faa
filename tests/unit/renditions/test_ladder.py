from __future__ import annotations

from dataclasses import replace
from math import log2

import pytest

from aibild_build.config import Images
from aibild_build.model import Breakpoint, Brief, Level, Origin, Quality, RatioRule, SafeArea, Slot
from aibild_build.renditions import DEVICES, MIN_DENSITY, Layout, device_width, lay_out
from aibild_build.renditions.codecs import CODECS, LARGE_PIXELS
from aibild_build.renditions.quality import PROBE_PX, Found, Probe, wanted

BRIEF = Brief(id="lighthouse", origin=Origin(path="briefs/lighthouse.yaml", line=1), engine="sketch", focal=(0.5, 0.5))
HERO = Slot(
    name="hero",
    priority=True,
    breakpoints=(
        Breakpoint(min_width=0, ratio="4:5"),
        Breakpoint(min_width=640, ratio="16:9", offset=-64, max_width=1200),
    ),
)
CARD = Slot(name="card", breakpoints=(Breakpoint(min_width=0, ratio="3:2", max_width=400),))
MASTER = ("a" * 64, (2400, 1350), "RGB")
CLEAR = ("c" * 64, (2400, 1350), "RGBA")


def laid(
    brief: Brief = BRIEF, slot: Slot = HERO, images: Images | None = None, master: tuple[str, tuple[int, int], str] = MASTER
) -> Layout:
    return lay_out(brief, slot, {"master": master}, images or Images())


def found(quality: int, per_doubling: float = 0.0) -> Found:
    return Found(quality=quality, score=70.0, bytes_per_pixel=0.05, trials=2, per_doubling=per_doubling)


def widths(layout: Layout) -> list[tuple[str, str, list[int]]]:
    return [
        (group.ratio, row.format, [variant.size[0] for variant in row.variants]) for group in layout.groups for row in group.rows
    ]


def test_hero_has_every_format_in_every_band() -> None:
    layout = laid()
    assert layout.slot == HERO
    assert widths(layout) == [
        ("4:5", "avif", [640, 723, 1080]),
        ("4:5", "webp", [640, 723, 1080]),
        ("4:5", "jpeg", [640, 723, 1080]),
        ("16:9", "avif", [1200, 1410, 1840, 2400]),
        ("16:9", "webp", [1200, 1410, 1840, 2400]),
        ("16:9", "jpeg", [1200, 1410, 1840, 2400]),
    ]
    assert [group.media for group in layout.groups] == ["(max-width: 639.98px)", "(min-width: 640px)"]
    assert layout.fallback is layout.groups[1].rows[2]
    assert layout.findings == ()


def test_sizes_keep_the_crops_ratio() -> None:
    for variant in laid().variants():
        width, height = variant.size
        _, _, crop_width, crop_height = variant.crop
        assert abs(height - width * crop_height / crop_width) <= 1


def test_variants_carry_all_that_decides_bytes() -> None:
    first = laid(images=Images(quality=Quality(fixed={"avif": 40}))).groups[0].rows[0].variants[0]
    assert first.pixels == MASTER[0]
    assert first.crop == (660, 0, 1080, 1350)
    assert first.settings["quality"] == 40
    assert first.settings["max_threads"] == 1
    assert first.effort == "final"
    assert {variant.settings["quality"] for variant in laid().groups[0].rows[0].variants} == {"for 70"}


def test_a_probe_is_asked_once_a_format_and_its_answer_is_the_setting() -> None:
    asked: list[str] = []

    def known(probe: Probe) -> Found:
        asked.append(probe.format)
        return found({"avif": 61, "webp": 62, "jpeg": 58}[probe.format])

    layout = lay_out(BRIEF, HERO, {"master": MASTER}, Images(), known=known)
    assert sorted(asked) == ["avif", "jpeg", "webp"]
    assert {(variant.format, variant.settings["quality"]) for variant in layout.variants()} == {
        ("avif", 61),
        ("avif", 61 + CODECS["avif"].large_step),
        ("webp", 62),
        ("jpeg", 58),
    }
    assert sorted(one.quality for _, one in layout.probes if one is not None) == [58, 61, 62]


def test_fine_scores_keep_the_whole_colour() -> None:
    """In the files and in the trials that find their setting; a fixed setting has no score."""
    cases: list[tuple[Quality, str]] = [
        (Quality(target=80), "4:4:4"),
        (Quality(target=70), "4:2:0"),
        (Quality(targets={"avif": 75}), "4:4:4"),
        (Quality(fixed={"avif": 80}), "4:2:0"),
    ]
    for quality, expected in cases:
        layout = lay_out(BRIEF, HERO, {"master": MASTER}, Images(quality=quality), known=lambda _: found(60))
        told = [one.settings["subsampling"] for one in layout.variants() if one.format == "avif"]
        told += [probe.settings["subsampling"] for probe, _ in layout.probes if probe.format == "avif"]
        assert set(told) == {expected}
    (hurried,) = {
        variant.settings["subsampling"]
        for variant in lay_out(BRIEF, HERO, {"master": MASTER}, Images(quality=Quality(target=80)), draft=True).variants()
        if variant.format == "avif"
    }
    assert hurried == "4:2:0"


def test_the_setting_follows_the_scale_at_which_a_picture_is_shown() -> None:
    layout = lay_out(BRIEF, HERO, {"master": MASTER}, Images(), known=lambda _: found(60, per_doubling=-4.0))
    whole = max(MASTER[1])
    for variant in layout.variants():
        doublings = log2(whole * variant.size[0] / variant.crop[2] / PROBE_PX)
        large = CODECS[variant.format].large_step if variant.size[0] * variant.size[1] >= LARGE_PIXELS else 0
        assert variant.settings["quality"] == pytest.approx(60 - 4 * doublings + large, abs=0.51)
    speeds = {
        variant.settings["speed"]: variant.size[0] * variant.size[1]
        for variant in sorted(layout.variants(), key=lambda variant: variant.size)
        if variant.format == "avif"
    }
    assert set(speeds) == {6, 7} and speeds[6] < LARGE_PIXELS <= speeds[7]


def test_a_setting_never_leaves_the_bounds_of_its_format() -> None:
    low, high = CODECS["webp"].bounds
    assert found(90, per_doubling=9.0).at("webp", 4 * PROBE_PX, 1) == high
    assert found(50, per_doubling=-9.0).at("webp", 4 * PROBE_PX, 1) == low
    assert found(20, per_doubling=0.0).at("webp", 4 * PROBE_PX, 1) == 20  # a cap in bytes led there


def test_a_slot_and_a_format_may_want_another_score() -> None:
    site = Quality(target=75, targets={"avif": 72}, fixed={"jpeg": 81})
    assert (
        wanted("webp", site, Quality()) == 75 and wanted("avif", site, Quality()) == 72 and wanted("jpeg", site, Quality()) == 81
    )
    assert wanted("avif", site, Quality(target=60)) == 60 and wanted("jpeg", site, Quality(fixed={"jpeg": 50})) == 50
    assert wanted("avif", Quality(), Quality()) == 70.0


def test_a_draft_is_not_probed() -> None:
    layout = lay_out(BRIEF, HERO, {"master": MASTER}, Images(), draft=True)
    assert not layout.probes and {variant.settings["quality"] for variant in layout.groups[0].rows[0].variants} == {53}


def test_effort_is_part_of_the_key() -> None:
    fast = lay_out(BRIEF, HERO, {"master": MASTER}, Images(), effort="fast")
    assert not {variant.encode for variant in fast.variants()} & {variant.encode for variant in laid().variants()}


def test_special_cuts_of_the_priority_slot() -> None:
    layout = laid()
    assert layout.share is not None
    assert (layout.share.size, layout.share.format, layout.share.crop) == ((1200, 630), "jpeg", (0, 45, 2400, 1260))
    assert [variant.size for variant in layout.structured] == [(1200, 675), (1200, 900), (1200, 1200)]
    assert {variant.format for variant in layout.structured} == {"jpeg"}
    assert layout.thumb is not None
    assert (layout.thumb.size, layout.thumb.format, layout.thumb.crop) == ((320, 320), "jpeg", (795, 270, 810, 810))


def test_a_structured_cut_that_the_page_has_is_not_made_twice() -> None:
    layout = laid()
    assert layout.structured[0] in layout.fallback.variants
    assert len(layout.variants()) == 3 * 3 + 3 * 4 + 4  # share, 4:3, 1:1 and thumb
    keys = [variant.encode for variant in layout.variants()]
    assert len(keys) == len(set(keys))


def test_other_slots_have_no_special_cuts() -> None:
    layout = laid(slot=CARD)
    assert (layout.share, layout.structured, layout.thumb) == (None, (), None)


def test_what_search_engines_index_is_no_thumbnail() -> None:
    assert widths(laid(slot=CARD)) == [
        ("3:2", "avif", [400, 529, 700, 800, 1082]),
        ("3:2", "webp", [400, 529, 700, 800, 1082]),
        ("3:2", "jpeg", [400, 529, 700, 800, 1082, 1200]),
    ]
    small = laid(slot=CARD, master=("b" * 64, (1110, 740), "RGB"))
    assert widths(small)[-1][2][-1] == 1110


def test_transparent_pictures_fall_back_to_png_and_are_shared_on_white() -> None:
    layout = laid(master=CLEAR)
    assert [row.format for row in layout.groups[0].rows] == ["avif", "webp", "png"]
    assert layout.share is not None
    assert layout.share.format == "jpeg"
    assert layout.share.settings["background"] == "#ffffff"
    assert {variant.settings.get("background") for variant in layout.structured} == {"#ffffff"}
    assert layout.thumb is not None
    assert layout.thumb.format == "png"
    assert all("background" not in variant.settings for group in layout.groups for row in group.rows for variant in row.variants)


def test_formats_come_from_the_slot_then_the_site_and_always_end_in_one_that_all_show() -> None:
    def formats(site: tuple[str, ...], own: tuple[str, ...] = ()) -> list[str]:
        return [row.format for row in laid(slot=replace(CARD, formats=own), images=Images(formats=site)).groups[0].rows]

    assert formats(("avif", "jpeg")) == ["avif", "jpeg"]
    assert formats(("webp",)) == ["webp", "jpeg"]
    assert formats(("jpeg",)) == ["jpeg"]
    assert formats(("png", "jpeg", "avif")) == ["avif", "jpeg"]
    assert formats(("avif", "webp", "jpeg"), ("webp", "jpeg")) == ["webp", "jpeg"]


def test_a_ratio_with_a_picture_of_its_own_is_cut_from_that() -> None:
    own = ("d" * 64, (1024, 1280), "RGB")
    layout = lay_out(BRIEF, HERO, {"master": MASTER, "4:5": own}, Images())
    assert {variant.pixels for row in layout.groups[0].rows for variant in row.variants} == {own[0]}
    assert layout.groups[0].rows[0].variants[0].crop == (0, 0, 1024, 1280)
    assert {variant.pixels for row in layout.groups[1].rows for variant in row.variants} == {MASTER[0]}
    assert [variant.pixels for variant in layout.structured] == [MASTER[0]] * 3


def test_a_ratios_rule_may_move_the_focal_point() -> None:
    brief = replace(BRIEF, ratios=(RatioRule(ratio="4:5", overrides={"focal": [0.0, 0.5]}),))
    layout = laid(brief)
    assert layout.groups[0].crop.x == 0
    assert laid().groups[0].crop.x == 660


def test_a_cut_safe_area_is_told_for_the_slot_alone() -> None:
    area = SafeArea(ratio="16:9", x=0.05, y=0.5, width=0.5, height=0.4, colour="#ffffff")
    layout = laid(replace(BRIEF, safe_areas=(area,)))
    assert [finding.rule for finding in layout.findings] == ["crop-cuts-safe-area"]
    finding = layout.findings[0]
    assert finding.level is Level.WARNING
    assert finding.origin == BRIEF.origin
    assert finding.subject == "lighthouse"
    assert finding.message == (
        "expected the 4:5 crop of slot `hero` to keep every safe area, but safe area 1 (`16:9`) needs x 120 to 1320 px "
        "of the picture, the 4:5 crop keeps 660 to 1740"
    )
    assert "4:5" in finding.hint


def test_a_safe_area_does_not_move_cuts_without_text() -> None:
    area = SafeArea(ratio="16:9", x=0.1, y=0.5, width=0.2, height=0.4, colour="#ffffff")
    layout = laid(replace(BRIEF, safe_areas=(area,)))
    assert layout.findings == ()
    assert layout.groups[0].crop.x == 240
    assert layout.structured[2].crop == (525, 0, 1350, 1350)


def test_a_small_picture_is_told_and_not_enlarged() -> None:
    layout = laid(master=("b" * 64, (800, 450), "RGB"))
    assert [(finding.rule, finding.measured, finding.limit) for finding in layout.findings] == [
        ("picture-too-small", 360, 1080),
        ("picture-too-small", 800, 1408),
    ]
    assert layout.findings[0].message == "expected the 4:5 crop of slot `hero` at least 1080 px wide, got 360 px"
    for variant in layout.variants():
        assert variant.size[0] <= variant.crop[2]
        assert variant.size[1] <= variant.crop[3]
    assert layout.share is not None
    assert layout.share.size == (800, 420)
    assert layout.thumb is not None
    assert layout.thumb.size == (270, 270)


def test_every_device_of_the_matrix_is_served() -> None:
    for slot in (HERO, CARD):
        layout = laid(slot=slot)
        for viewport, dpr in DEVICES:
            box = next(group.band.box_width(viewport) for group in layout.groups if group.band.holds(viewport))
            assert device_width(layout.groups, viewport, dpr) >= MIN_DENSITY * box * dpr


def test_the_same_question_gives_the_same_layout() -> None:
    assert laid() == laid()
