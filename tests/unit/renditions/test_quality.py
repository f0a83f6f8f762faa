"""Quality as a target: the metric's fixed points, targets reached on easy and hard pictures, floor and cap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from aibild_build.model import Quality
from aibild_build.renditions.codecs import CODECS
from aibild_build.renditions.quality import LARGE_PROBE_PX, Probe, Small, find, probe_of
from aibild_build.renditions.ssimulacra2 import Original


def easy(size: tuple[int, int] = (480, 270)) -> Image.Image:
    """Wide soft waves of colour."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / size[1]
    waves = np.stack([0.5 + 0.4 * np.sin(3 * x + y), 0.5 + 0.4 * np.cos(4 * y), 0.5 + 0.3 * np.sin(6 * x * y)], -1)
    return Image.fromarray((waves * 255).astype("uint8"))


def hard(size: tuple[int, int] = (480, 270)) -> Image.Image:
    """The same with grain and thin lines over it."""
    grain = np.random.default_rng(7).normal(0, 18, (size[1], size[0], 1))
    samples = np.asarray(easy(size)).astype(float) + grain
    samples[::9] *= 0.6
    return Image.fromarray(samples.clip(0, 255).astype("uint8"))


PICTURES = {"easy": easy, "hard": hard}


def probe(format: str, target: float = 70.0, **bounds: float) -> Probe:
    asked = probe_of("a" * 64, format, CODECS[format].settings(effort="fast"), target, Quality(), Quality())
    return replace(asked, **bounds)  # type: ignore[arg-type]


def test_an_equal_picture_scores_100_and_a_coarser_one_less() -> None:
    samples = np.asarray(hard())
    original = Original(samples)
    assert original.score(samples) == 100.0
    noise = np.random.default_rng(3).integers(-3, 4, samples.shape)
    slight = original.score((samples.astype(int) + noise).clip(0, 255).astype("uint8"))
    strong = original.score((samples.astype(int) + 8 * noise).clip(0, 255).astype("uint8"))
    assert 100 > slight > 80 > strong


def test_the_metric_gives_what_independent_ones_give() -> None:
    """Worked out by the PyPI package `ssimulacra2` 0.3.0; scripts/slow compares on more pictures."""
    samples = np.asarray(easy((640, 360)))
    coarse = (samples // 4 * 4 + 2).astype("uint8")
    assert Original(samples).score(coarse) == pytest.approx(85.60, abs=0.02)


def test_sizes_must_be_equal() -> None:
    with pytest.raises(ValueError, match="expected"):
        Original(np.asarray(easy())).score(np.asarray(easy((240, 270))))


@pytest.mark.parametrize("format", ["avif", "webp", "jpeg"])
@pytest.mark.parametrize("name", PICTURES)
def test_the_target_is_reached(name: str, format: str) -> None:
    small = Small(PICTURES[name]())
    found = find(small, probe(format))
    assert found.score == pytest.approx(small.look(probe(format), found.quality)[0], abs=0.01)
    low, _ = CODECS[format].bounds
    assert found.score >= 69.5 and (found.score <= 73 or found.quality == low), found
    assert found.trials <= 5


@pytest.mark.parametrize("format", ["webp", "jpeg"])
@pytest.mark.parametrize("name", PICTURES)
def test_a_second_size_tells_how_the_setting_follows_the_scale(name: str, format: str) -> None:
    master = PICTURES[name]((1280, 720))
    small, large = Small(master), Small(master, LARGE_PROBE_PX)
    asked = probe(format)
    found = find(small, asked, large)
    alike, moved = (large.look(asked, at)[0] for at in (found.quality, found.at(format, 1280, large.pixels)))
    assert abs(moved - found.score) <= max(1.5, abs(alike - found.score))
    assert found.per_doubling == 0 or abs(moved - found.score) < abs(alike - found.score)


def test_a_small_master_is_probed_at_one_size() -> None:
    master = hard((600, 338))
    assert find(Small(master), probe("webp"), Small(master, LARGE_PROBE_PX)).per_doubling == 0


def test_a_higher_target_takes_more_bytes() -> None:
    small = Small(hard())
    some, more = (find(small, probe("webp", target)) for target in (60.0, 80.0))
    assert more.quality > some.quality and more.bytes_per_pixel > some.bytes_per_pixel


def test_bytes_stay_under_the_cap_and_over_the_floor() -> None:
    small = Small(hard())
    free = find(small, probe("jpeg"))
    capped = find(small, probe("jpeg", most_bytes_per_pixel=free.bytes_per_pixel * 0.8))
    assert capped.quality < free.quality and capped.bytes_per_pixel <= free.bytes_per_pixel * 0.8
    lifted = find(small, probe("jpeg", least_bytes_per_pixel=free.bytes_per_pixel * 1.3))
    assert lifted.quality > free.quality and lifted.bytes_per_pixel >= free.bytes_per_pixel * 1.3


def test_one_colour_needs_no_trial() -> None:
    found = find(Small(Image.new("RGB", (300, 200), "#2a6478")), probe("webp"))
    assert (found.quality, found.trials) == (CODECS["webp"].quality, 0)


def test_transparent_pictures_are_measured_on_grey() -> None:
    picture = hard().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    assert find(Small(picture), probe("webp")).score == pytest.approx(70, abs=3)


def test_everything_asked_is_in_the_key() -> None:
    first = probe("webp")
    others = [
        probe("webp", 71.0),
        probe("jpeg"),
        replace(first, pixels="b" * 64),
        replace(first, codec=99),
        replace(first, settings={**first.settings, "method": 6}),
        replace(first, most_bytes_per_pixel=0.5),
        replace(first, least_bytes_per_pixel=0.01),
    ]
    assert len({one.key for one in (first, *others)}) == 8
