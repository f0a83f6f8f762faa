"""Colours against the published numbers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from aibild_build import colour
from aibild_build.source import CSS_COLOURS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#1e3a5f", (30, 58, 95)),
        ("#FFF", (255, 255, 255)),
        ("#0f08", None),
        ("#0f0f", (0, 255, 0)),
        ("#123456ff", (18, 52, 86)),
        (" RebeccaPurple ", (102, 51, 153)),
        ("navy", (0, 0, 128)),
        ("#12", None),
        ("#gggggg", None),
        ("", None),
        ("#", None),
        ("rgb(1,2,3)", None),
        ("#12345680", None),
        ("transparent", None),
    ],
)
def test_parse(text: str, expected: colour.Rgb | None) -> None:
    if expected is None:
        with pytest.raises(ValueError):
            colour.parse(text)
    else:
        assert colour.parse(text) == expected


def test_all_148_css_names_are_known_and_parse() -> None:
    assert len(CSS_COLOURS) == 148
    assert all(colour.to_hex(colour.parse(name)) == written for name, written in CSS_COLOURS.items())


def test_hex_refuses_what_no_sample_can_hold() -> None:
    assert colour.to_hex((0, 128, 255)) == "#0080ff"
    with pytest.raises(ValueError):
        colour.to_hex((0, 256, 0))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("black", "white", 21.0),
        ("white", "white", 1.0),
        ("#767676", "white", 4.54),
        ("#777777", "white", 4.48),
        ("red", "white", 4.0),
    ],
)
def test_contrast(first: str, second: str, expected: float) -> None:
    one, other = colour.parse(first), colour.parse(second)
    assert colour.contrast(one, other) == pytest.approx(expected, abs=0.005)
    assert colour.contrast(one, other) == colour.contrast(other, one)


def test_linear_light_and_back() -> None:
    assert colour.to_linear(0.5) == pytest.approx(0.2140411, abs=1e-6)
    assert all(colour.to_srgb(colour.to_linear(code / 255)) == pytest.approx(code / 255, abs=1e-9) for code in range(256))


def test_lab_of_white_black_and_red() -> None:
    assert colour.to_lab((255, 255, 255)) == pytest.approx((100, 0, 0), abs=0.01)
    assert colour.to_lab((0, 0, 0)) == pytest.approx((0, 0, 0), abs=1e-9)
    assert colour.to_lab((255, 0, 0)) == pytest.approx((53.24, 80.09, 67.20), abs=0.02)


# Sharma, Wu, Dalal 2005, table 1: pairs 1, 4, 7, 10, 14, 17, 19, 25, 30 and 34.
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0010), 7.1792),
        ((50.0, -0.0010, 2.4900), (50.0, 0.0010, -2.4900), 4.8045),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 2.5, 0.0), (56.0, -27.0, -3.0), 31.9030),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000(first: colour.Lab, second: colour.Lab, expected: float) -> None:
    assert colour.difference(first, second) == pytest.approx(expected, abs=5e-5)
    assert colour.difference(second, first) == pytest.approx(expected, abs=5e-5)
    assert colour.difference(first, first) == 0


def test_region_contrast_is_not_fooled_by_a_good_mean() -> None:
    region = np.zeros((100, 100, 3), np.uint8)
    region[:2] = 250
    first_percentile, median, worst = colour.region_contrast(region, (255, 255, 255))
    assert median == pytest.approx(21, abs=0.01)
    assert first_percentile < 1.1 and worst < 1.1


def test_region_contrast_forgives_less_than_one_in_a_hundred() -> None:
    region = np.zeros((100, 100, 3), np.uint8)
    region[0, :50] = 250
    first_percentile, _, worst = colour.region_contrast(region, (255, 255, 255))
    assert first_percentile == pytest.approx(21, abs=0.01) and worst < 1.1


def test_region_contrast_agrees_with_single_colours() -> None:
    region = np.full((3, 4, 3), (30, 58, 95), np.uint8)
    expected = colour.contrast((30, 58, 95), (255, 255, 255))
    assert colour.region_contrast(region, (255, 255, 255)) == pytest.approx((expected,) * 3, rel=1e-5)


def test_a_region_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError):
        colour.region_contrast(np.zeros((0, 4, 3), np.uint8), (0, 0, 0))


def test_scalars_load_no_array_library() -> None:
    code = (
        "import sys; from aibild_build import colour as c; c.contrast(c.parse('red'), (0, 0, 0)); print('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
