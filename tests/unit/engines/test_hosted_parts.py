from __future__ import annotations

from pathlib import Path

import pytest

from aibild_build.engines.hosted.account import is_service_address
from aibild_build.engines.hosted.pace import Pace
from aibild_build.engines.hosted.sizes import nearest_size, shape_error, sizes_by_step
from aibild_build.model import Size
from tests.support.clock import Clock


def by_sixteen(asked: Size) -> Size:
    return nearest_size(
        asked, sizes_by_step(asked, step=16, longest=3840, fewest_pixels=655_360, most_pixels=8_294_400, steepest=3.0)
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((1024, 1024), (1024, 1024)),
        ((1536, 864), (1536, 864)),
        ((3840, 2160), (3840, 2160)),
        ((1280, 1600), (1280, 1600)),
    ],
)
def test_a_size_that_can_be_had_is_taken(asked: Size, expected: Size) -> None:
    assert by_sixteen(asked) == expected


@pytest.mark.parametrize("asked", [(2400, 1350), (640, 360), (9000, 3000), (100, 4000), (1, 1), (7, 5000), (2100, 900)])
def test_what_comes_is_within_bounds_and_near(asked: Size) -> None:
    width, height = by_sixteen(asked)
    assert width % 16 == height % 16 == 0 and max(width, height) <= 3840
    assert 655_360 <= width * height <= 8_294_400 and max(width, height) <= 3 * min(width, height)
    if max(asked) <= 3 * min(asked):
        assert shape_error(asked, (width, height)) < 0.02


def test_shape_counts_more_than_area() -> None:
    assert nearest_size((1600, 900), [(1024, 1024), (2688, 1536), (1600, 1200)]) == (2688, 1536)
    assert nearest_size((1000, 1000), [(2048, 2048), (1024, 1024)]) == (1024, 1024)


def test_four_a_minute(tmp_path: Path) -> None:
    clock = Clock()
    outside = clock.outside(tmp_path, {})
    pace, other = Pace("firefly", 4, outside), Pace("firefly", 4, outside)
    for _ in range(2):
        pace.take()
        other.take()
    assert clock.slept == []
    pace.take()
    assert clock.slept == [60.0], "what another process asked for counts, too"


def test_no_limit_no_wait(tmp_path: Path) -> None:
    clock = Clock()
    pace = Pace("openai", 0, clock.outside(tmp_path, {}))
    for _ in range(100):
        pace.take()
    assert clock.slept == [] and list(tmp_path.iterdir()) == []


def test_a_damaged_file_and_a_missing_folder_do_not_stop_the_pace(tmp_path: Path) -> None:
    clock = Clock()
    pace = Pace("firefly", 2, clock.outside(tmp_path, {}))
    pace.take()
    (file,) = tmp_path.iterdir()
    file.write_text("not json")
    pace.take()
    pace.take()
    assert clock.slept == []
    alone = Pace("firefly", 1, clock.outside(tmp_path / "gone", {}))
    alone.take()
    alone.take()
    assert clock.slept == [60.0]


@pytest.mark.parametrize(
    ("url", "local", "fine"),
    [
        ("https://api.example.org/v1", False, True),
        ("http://api.example.org/v1", False, False),
        ("http://127.0.0.1:8000", True, True),
        ("http://127.0.0.1:8000", False, False),
        ("https://localhost/", False, False),
        ("https://user@example.org/", False, False),
        ("file:///etc/passwd", True, False),
        ("https://exa mple.org", False, False),
        ("https://[broken", False, False),
        ("", True, False),
    ],
)
def test_addresses(url: str, local: bool, fine: bool) -> None:
    assert is_service_address(url, local=local) is fine
