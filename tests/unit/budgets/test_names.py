"""Which picture a file shows, whatever tool named it."""

from __future__ import annotations

import pytest

from aibild_build.budgets.reading.names import is_hash, picture_name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/pictures/paper-hills-1200.22dc1153.jpg", "paper-hills"),
        ("https://x.example/pictures/paper-hills-2400.480b8e49.avif?v=1", "paper-hills"),
        ("/quay_640w.webp", "quay"),
        ("/quay@2x.png", "quay"),
        ("/quay-1024x576.jpg", "quay"),
        ("/facade.jpg", "facade"),
        ("/red-facade.jpg", "red-facade"),
        ("/_astro/quay.BxK3a9_Z1.webp", "quay"),
        ("/%C3%BCber-uns-800.jpg", "über-uns"),
        ("/1234.jpg", "1234"),
    ],
)
def test_size_and_hash_fall_off(url: str, name: str) -> None:
    assert picture_name(url) == name


@pytest.mark.parametrize(("name", "hashed"), [("22dc1153", True), ("hMoTM6h5Z5", True), ("facade", False), ("quay", False)])
def test_names_that_say_nothing(name: str, hashed: bool) -> None:
    assert is_hash(name) is hashed
