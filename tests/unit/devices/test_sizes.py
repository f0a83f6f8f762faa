"""`sizes` on a phone of 412 CSS px; HTML standard, section 4.8.4.2.2."""

from __future__ import annotations

import pytest

from aibild_build.devices import DEVICES, parse_sizes, width_at

PHONE, LAPTOP = DEVICES[1], DEVICES[3]


@pytest.mark.parametrize(
    ("text", "phone", "laptop"),
    [
        ("100vw", 412, 1350),
        ("(min-width: 1360px) 1280px, calc(100vw - 80px)", 332, 1270),
        ("(min-width: 640px) 50vw, 100vw", 412, 675),
        ("min(100vw, 640px)", 412, 640),
        ("clamp(200px, 50vw, 300px)", 206, 300),
        ("calc((100vw - 2rem) / 2)", 190, 659),
        ("calc(-1 * 12px + 100vw)", 400, 1338),
        ("max(10em, 20vw) /* a comment */", 160, 270),
        ("(max-width: 600px) calc(100vw - 2 * (8px + 4px)), 33.33vw", 388, 449.955),
        ("auto, 90vw", 370.8, 1215),
        ("0", 0, 0),
        ("50vmin", 206, 470),
    ],
)
def test_widths(text: str, phone: float, laptop: float) -> None:
    assert parse_sizes(text).faults == ()
    assert width_at(text, PHONE) == pytest.approx(phone)
    assert width_at(text, LAPTOP) == pytest.approx(laptop)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("50%", "got `50%`"),
        ("100", "got `100`"),
        ("-5px", "got `-5px`"),
        ("", "got an empty entry"),
        ("100vw,", "got an empty entry"),
        ("(min-width: 640px) 50vw", "got no length for all other screens at its end"),
        ("33vw, 100vw", "got a length without a condition before the last"),
        ("calc(100vw-80px)", "got `calc(100vw-80px)`"),
        ("calc(100vw - )", "got `calc(100vw - )`"),
        ("calc(100vw / 0)", "got `calc(100vw / 0)`"),
        ("round(100vw, 10px)", "got `round(100vw, 10px)`"),
        ("100vw)", "got `100vw)`"),
        ("auto 100vw", "got no length for all other screens at its end"),
    ],
)
def test_faults(text: str, fault: str) -> None:
    assert fault in parse_sizes(text).faults


def test_what_cannot_be_read_is_as_wide_as_the_window() -> None:
    assert width_at("50%", PHONE) == 412


def test_hostile_texts_end() -> None:
    assert parse_sizes("(" * 9_000).faults
    assert parse_sizes("calc(" * 2_000 + "1px" + ")" * 2_000).faults
    assert parse_sizes("1px," * 100_000).faults == ("got 400000 characters",)
