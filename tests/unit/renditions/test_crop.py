from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from aibild_build.model import SafeArea, ratio_value
from aibild_build.renditions import close_crop, crop

MASTER = (2400, 1350)


def area(ratio: str, x: float, y: float, width: float, height: float) -> SafeArea:
    return SafeArea(ratio=ratio, x=x, y=y, width=width, height=height, colour="#ffffff")


@pytest.mark.parametrize(
    ("ratio", "focal", "box"),
    [
        ("16:9", (0.5, 0.5), (0, 0, 2400, 1350)),
        ("16:9", (0.0, 1.0), (0, 0, 2400, 1350)),
        ("4:5", (0.5, 0.5), (660, 0, 1080, 1350)),
        ("4:5", (0.0, 0.5), (0, 0, 1080, 1350)),
        ("4:5", (1.0, 0.5), (1320, 0, 1080, 1350)),
        ("4:5", (0.25, 0.9), (330, 0, 1080, 1350)),
        ("1:1", (0.7, 0.5), (735, 0, 1350, 1350)),
        ("21:9", (0.5, 0.0), (0, 0, 2400, 1029)),
        ("21:9", (0.5, 1.0), (0, 321, 2400, 1029)),
        ("40:21", (0.5, 0.5), (0, 45, 2400, 1260)),
    ],
)
def test_largest_box_keeps_the_focal_point_in_its_relative_place(
    ratio: str, focal: tuple[float, float], box: tuple[int, int, int, int]
) -> None:
    cut = crop(MASTER, ratio, focal)
    assert (cut.x, cut.y, cut.width, cut.height) == box
    assert cut.fits
    assert cut.why == ""


def test_every_box_lies_inside_has_its_ratio_and_holds_the_focal_point() -> None:
    sizes = [(2400, 1350), (1350, 2400), (1000, 1000), (1344, 768), (301, 200), (7, 5)]
    ratios = ["16:9", "4:5", "1:1", "21:9", "9:16", "40:21", "3:2"]
    points = [0.0, 0.01, 0.33, 0.5, 0.87, 1.0]
    for size, ratio, fx, fy in product(sizes, ratios, points, points):
        for cut in (crop(size, ratio, (fx, fy)), close_crop(size, ratio, (fx, fy))):
            assert 0 <= cut.x <= cut.x + cut.width <= size[0]
            assert 0 <= cut.y <= cut.y + cut.height <= size[1]
            assert cut.x <= fx * size[0] <= cut.x + cut.width
            assert cut.y <= fy * size[1] <= cut.y + cut.height
            exact = ratio_value(ratio)
            assert abs(cut.width - float(cut.height * exact)) <= max(1.0, float(exact))
        largest = crop(size, ratio, (fx, fy))
        assert largest.width == size[0] or largest.height == size[1]


def test_a_safe_area_pulls_the_box_no_farther_than_it_must() -> None:
    # without the area the box would start at 660; the area ends at 0.9 of 2400
    cut = crop(MASTER, "4:5", (0.5, 0.5), [area("*", 0.7, 0.1, 0.2, 0.3)])
    assert cut.fits
    assert cut.x == 2160 - 1080


def test_a_safe_area_inside_the_box_moves_nothing() -> None:
    assert crop(MASTER, "4:5", (0.5, 0.5), [area("16:9", 0.4, 0.1, 0.2, 0.3)]).x == 660


@pytest.mark.parametrize("ratio", ["*", "master", "16:9"])
def test_a_safe_area_wider_than_the_box_is_cut_and_named(ratio: str) -> None:
    cut = crop(MASTER, "4:5", (0.5, 0.5), [area(ratio, 0.05, 0.5, 0.5, 0.4)])
    assert not cut.fits
    assert cut.why == f"safe area 1 (`{ratio}`) needs x 120 to 1320 px of the picture, the 4:5 crop keeps 660 to 1740"


def test_the_focal_point_goes_before_a_safe_area_far_from_it() -> None:
    cut = crop(MASTER, "1:1", (0.98, 0.5), [area("*", 0.0, 0.1, 0.1, 0.2)])
    assert not cut.fits
    assert cut.x <= 0.98 * 2400 <= cut.x + cut.width


def test_areas_are_kept_in_the_order_of_their_declaration() -> None:
    cut = crop(MASTER, "4:5", (0.4, 0.5), [area("*", 0.1, 0.1, 0.1, 0.1), area("*", 0.6, 0.1, 0.1, 0.1)])
    assert not cut.fits
    assert "safe area 2" in cut.why
    assert "safe area 1" not in cut.why
    assert cut.x <= 240


def test_height_is_named_where_height_is_cut() -> None:
    assert "needs y 68 to 1282 px" in crop(MASTER, "21:9", (0.5, 0.5), [area("*", 0.1, 0.05, 0.2, 0.9)]).why


@pytest.mark.parametrize("other", ["4:5", "9:16"])
def test_areas_of_another_ratio_do_not_bind(other: str) -> None:
    assert crop(MASTER, "1:1", (0.5, 0.5), [area(other, 0.0, 0.0, 1.0, 1.0)]).fits


def test_areas_for_the_cut_itself_replace_those_of_the_master() -> None:
    wide = area("*", 0.05, 0.5, 0.9, 0.4)
    assert not crop(MASTER, "4:5", (0.5, 0.5), [wide]).fits
    assert crop(MASTER, "4:5", (0.5, 0.5), [wide, area("4:5", 0.0, 0.6, 1.0, 0.4)]).fits


def test_a_generators_rounded_size_counts_as_the_ratio_it_means() -> None:
    assert not crop((1344, 768), "1:1", (0.5, 0.5), [area("16:9", 0.0, 0.0, 1.0, 0.5)]).fits


def test_close_crop_is_a_share_of_the_largest_box_around_the_focal_point() -> None:
    cut = close_crop(MASTER, "1:1", (0.5, 0.5))
    assert (cut.width, cut.height) == (810, 810)
    assert (cut.x, cut.y) == (795, 270)
    corner = close_crop(MASTER, "1:1", (1.0, 0.0))
    assert (corner.x, corner.y) == (2400 - 810, 0)


def test_one_pixel_can_be_cut() -> None:
    cut = crop((1, 1), "16:9", (0.5, 0.5))
    assert (cut.width, cut.height) == (1, 1)


@pytest.mark.parametrize(
    ("size", "ratio"), [((0, 10), "1:1"), ((10, 0), "1:1"), ((10, 10), "wide"), ((10, 10), "0:1"), ((10, 10), "101:1")]
)
def test_what_is_no_size_or_no_ratio_is_refused(size: tuple[int, int], ratio: str) -> None:
    with pytest.raises(ValueError):
        crop(size, ratio, (0.5, 0.5))


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1])
def test_close_crop_refuses_a_share_outside_its_range(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        close_crop(MASTER, "1:1", (0.5, 0.5), share)


def test_ratio_of_a_crop_is_exact_where_whole_pixels_allow() -> None:
    cut = crop((4000, 3000), "16:9", (0.5, 0.5))
    assert Fraction(cut.width, cut.height) == Fraction(16, 9)
