"""Media queries on a phone of 412 × 823 CSS px at 1.75."""

from __future__ import annotations

import pytest

from aibild_build.devices import DEVICES, matches, media_edges, viewport

PHONE = DEVICES[1]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "all",
        "screen",
        "only screen and (min-width: 20em)",
        "print, (max-width: 639.98px)",
        "(width >= 400px)",
        "(400px <= width < 413px)",
        "(500px > width)",
        "not (min-width: 500px)",
        "not print",
        "(orientation: portrait)",
        "(min-resolution: 1.5dppx)",
        "(-webkit-min-device-pixel-ratio: 1.5)",
        "(min-width: 500px) or (max-width: 500px)",
        "((min-width: 1px) and (max-width: 500px))",
        "(max-aspect-ratio: 2/3)",
        "(hover: none) and (pointer: coarse)",
        "(prefers-color-scheme: light)",
        "(color)",
        "SCREEN AND (MAX-WIDTH: 500PX)",
    ],
)
def test_holds(query: str) -> None:
    assert matches(query, PHONE)


@pytest.mark.parametrize(
    "query",
    [
        "print",
        "not all",
        "(min-width: 640px)",
        "(width > 412px)",
        "(400px < width < 412px)",
        "(prefers-color-scheme: dark)",
        "(orientation: landscape)",
        "(min-resolution: 2dppx)",
        "(hover)",
        "(unknown: 1)",
        "not (unknown: 1)",  # what is not known is not known the other way round either
        "(min-width: 1px) and (unknown)",
        "(min-width: wide)",
        "((",
        "min-width: 1px",
        "screen and",
        "(min-width: 1px) and (max-width: 9px) or (width > 1px)",
        "(" * 5000,
    ],
)
def test_does_not_hold(query: str) -> None:
    assert not matches(query, PHONE)


def test_an_edge_belongs_to_both_of_its_neighbours_only_if_it_is_said_so() -> None:
    assert matches("(max-width: 639.98px)", viewport(639.98)) and not matches("(max-width: 639.98px)", viewport(639.99))
    assert matches("(min-width: 640px)", viewport(640)) and not matches("(width > 640px)", viewport(640))


@pytest.mark.parametrize(
    ("query", "edges"),
    [
        ("(min-width: 640px) and (max-width: 1023.98px)", (640, 1023.98)),
        ("(400px <= width < 40em)", (400, 640)),
        ("(width>=20rem)", (320,)),
        ("(orientation: portrait)", ()),
    ],
)
def test_edges(query: str, edges: tuple[float, ...]) -> None:
    assert media_edges(query) == edges
