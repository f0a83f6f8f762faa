from __future__ import annotations

import re
from itertools import pairwise
from math import ceil

import pytest

from aibild_build.model import Breakpoint, Slot
from aibild_build.renditions import DEVICES, MIN_DENSITY, Band, bands, chosen
from aibild_build.renditions.bands import needs, widths


def slot(*breakpoints: Breakpoint, priority: bool = False) -> Slot:
    return Slot(name="test", breakpoints=breakpoints, priority=priority)


HERO = slot(
    Breakpoint(min_width=0, ratio="4:5"),
    Breakpoint(min_width=640, ratio="16:9", offset=-64, max_width=1200),
)
THREE = slot(
    Breakpoint(min_width=0, ratio="4:5"),
    Breakpoint(min_width=640, ratio="16:9", offset=-48),
    Breakpoint(min_width=1024, ratio="21:9", max_width=1440),
)
CARD = slot(
    Breakpoint(min_width=0, ratio="3:2", offset=-32),
    Breakpoint(min_width=640, ratio="6:4", vw=50, offset=-48),
    Breakpoint(min_width=1024, ratio="3:2", vw=33, offset=-48, max_width=384),
)
FIXED = slot(Breakpoint(min_width=0, ratio="1:1", vw=0, offset=96))
SLOTS = [
    HERO,
    THREE,
    CARD,
    FIXED,
    slot(Breakpoint(min_width=0, ratio="16:9")),
    slot(Breakpoint(min_width=0, ratio="16:9", offset=-32, max_width=704)),
    slot(Breakpoint(min_width=0, ratio="1:1", vw=33.333), Breakpoint(min_width=500, ratio="2:1", vw=0, offset=300)),
    slot(Breakpoint(min_width=0, ratio="16:9", vw=0, offset=400, max_width=320)),
]


def texts(of: Slot) -> list[tuple[str, str, str]]:
    return [(band.ratio, band.media, band.sizes) for band in bands(of)]


def test_hero_golden() -> None:
    assert texts(HERO) == [
        ("4:5", "(max-width: 639.98px)", "100vw"),
        ("16:9", "(min-width: 640px)", "(min-width: 1264px) 1200px, calc(100vw - 64px)"),
    ]
    narrow, wide = bands(HERO)
    assert widths(narrow, 1080) == (640, 723, 1080)
    assert widths(wide, 2400) == (1200, 1410, 1840, 2400)


def test_three_crops_golden() -> None:
    assert texts(THREE) == [
        ("4:5", "(max-width: 639.98px)", "100vw"),
        ("16:9", "(min-width: 640px) and (max-width: 1023.98px)", "calc(100vw - 48px)"),
        ("21:9", "(min-width: 1024px)", "(min-width: 1440px) 1440px, 100vw"),
    ]
    assert [widths(band, 2400) for band in bands(THREE)] == [(640, 723, 1082, 1280), (976, 1442, 1952), (1440, 2400)]


def test_card_golden_equal_ratios_are_one_band() -> None:
    assert texts(CARD) == [
        (
            "3:2",
            "",
            "(min-width: 1309.1px) 384px, (min-width: 1024px) calc(33vw - 48px), "
            "(min-width: 640px) calc(50vw - 48px), calc(100vw - 32px)",
        )
    ]
    assert widths(bands(CARD)[0], 2025) == (384, 608, 674, 986, 1216)


def test_fixed_box_golden() -> None:
    assert texts(FIXED) == [("1:1", "", "96px")]
    assert widths(bands(FIXED)[0], 1350) == (96, 127, 168, 192, 288)


def test_sizes_repeat_no_length() -> None:
    same = slot(Breakpoint(min_width=0, ratio="1:1", vw=50), Breakpoint(min_width=700, ratio="1:1", vw=50))
    assert texts(same) == [("1:1", "", "50vw")]
    capped = slot(
        Breakpoint(min_width=0, ratio="1:1", max_width=500), Breakpoint(min_width=800, ratio="1:1", vw=90, max_width=500)
    )
    assert texts(capped) == [("1:1", "", "(min-width: 500px) 500px, 100vw")]


def lengths(sizes: str, viewport: float) -> float:
    """What a browser makes of our `sizes` at a viewport: the first entry whose condition holds."""
    for entry in sizes.split(", "):
        condition = re.match(r"\(min-width: ([\d.]+)px\) ", entry)
        if condition and viewport < float(condition[1]):
            continue
        length = entry[condition.end() :] if condition else entry
        terms = re.findall(r"([+-]? ?)([\d.]+)(vw|px)", length)
        return sum(
            (-1 if sign.strip() == "-" else 1) * float(number) * (viewport / 100 if unit == "vw" else 1)
            for sign, number, unit in terms
        )
    raise AssertionError(f"no entry of {sizes!r} holds at {viewport}")


def matches(media: str, viewport: float) -> bool:
    return all(
        viewport >= float(number) if side == "min" else viewport <= float(number)
        for side, number in re.findall(r"\((min|max)-width: ([\d.]+)px\)", media)
    )


@pytest.mark.parametrize("of", SLOTS)
def test_sizes_say_the_width_of_the_box_at_every_viewport(of: Slot) -> None:
    for band in bands(of):
        for viewport in (v for v in range(40, 2600, 13) if band.holds(v)):
            assert lengths(band.sizes, viewport) == pytest.approx(band.box_width(viewport), abs=0.02 * viewport / 100 + 0.02)


@pytest.mark.parametrize("of", SLOTS)
def test_exactly_one_media_condition_holds_at_every_whole_viewport(of: Slot) -> None:
    for viewport in (*range(1, 2600, 7), 639, 640, 1023, 1024, 499, 500):
        held = [band for band in bands(of) if matches(band.media, viewport)]
        assert held == [band for band in bands(of) if band.holds(viewport)]
        assert len(held) == 1


def device_pairs(band: Band) -> list[tuple[float, float]]:
    return [(band.box_width(viewport), dpr) for viewport, dpr in DEVICES if band.holds(viewport)]


@pytest.mark.parametrize("of", SLOTS)
@pytest.mark.parametrize("limit", [200, 1080, 2400, 8000])
def test_every_device_gets_three_quarters_of_its_need_and_nothing_is_enlarged(of: Slot, limit: int) -> None:
    for band in bands(of):
        ladder = widths(band, limit)
        assert list(ladder) == sorted(set(ladder))
        assert ladder[-1] <= limit
        for box, dpr in device_pairs(band):
            assert chosen(ladder, box, dpr) >= min(MIN_DENSITY * box * dpr, limit * 0.999)


@pytest.mark.parametrize("of", SLOTS)
def test_devices_between_the_matrix_are_served_too(of: Slot) -> None:
    for band in bands(of):
        ladder = widths(band, 8000)
        for viewport in (v for v in range(320, 1921, 40) if band.holds(v)):
            for dpr in (1.0, 1.5, 2.0):
                box = band.box_width(viewport)
                assert chosen(ladder, box, dpr) >= MIN_DENSITY * box * dpr


def nearer(candidates: tuple[int, ...], box: float, dpr: float) -> int:
    """The choice of a browser that goes by the geometric mean of two candidates, as older Chromiums did."""
    for low, high in pairwise(candidates):
        if dpr * box <= (low * high) ** 0.5:
            return low
    return candidates[-1]


@pytest.mark.parametrize("of", SLOTS)
def test_a_browser_that_takes_the_nearer_candidate_has_enough_too(of: Slot) -> None:
    for band in bands(of):
        ladder = widths(band, 8000)
        for box, dpr in device_pairs(band):
            assert nearer(ladder, box, dpr) >= MIN_DENSITY * box * dpr


@pytest.mark.parametrize("of", SLOTS)
def test_a_viewport_snapped_to_device_pixels_does_not_cost_the_next_larger_file(of: Slot) -> None:
    for band in bands(of):
        ladder = widths(band, 8000)
        for viewport, dpr in DEVICES:
            if band.holds(viewport):
                snapped = band.box_width(ceil(viewport * dpr) / dpr + 0.0001)
                assert chosen(ladder, snapped, dpr) <= max(
                    1.09 * band.box_width(viewport) * dpr, 2 + band.box_width(viewport) * dpr
                )


@pytest.mark.parametrize("of", SLOTS)
def test_steps_are_neither_too_small_nor_too_large(of: Slot) -> None:
    for band in bands(of):
        for low, high in pairwise(widths(band, 2400)):
            assert 1.07 < high / low < 1.72


@pytest.mark.parametrize("of", SLOTS)
def test_needs_are_within_eight_per_cent_of_a_candidate_above(of: Slot) -> None:
    for band in bands(of):
        ladder = widths(band, 8000)
        for need in needs(band):
            assert any(need <= width < need * 1.081 for width in ladder)


def test_a_tiny_picture_has_one_candidate() -> None:
    assert widths(bands(HERO)[0], 1) == (1,)


@pytest.mark.parametrize(
    ("box", "dpr", "width"),
    [
        (400, 1.0, 400),
        (401, 1.0, 800),
        (400, 2.0, 800),
        (412, 1.75, 800),
        (400, 1.1, 800),
        (400, 1.5, 800),
        (400, 3.0, 1600),
        (800, 3.0, 1600),  # nothing is large enough: the largest
        (4000, 1.0, 1600),
        (50, 1.0, 400),
        (50, 3.0, 400),
    ],
)
def test_the_candidate_that_chromium_takes(box: float, dpr: float, width: int) -> None:
    assert chosen((400, 800, 1600), box, dpr) == width
