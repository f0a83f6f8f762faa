"""`srcset` as the HTML standard reads it, section 4.8.4.2.1."""

from __future__ import annotations

import pytest

from aibild_build.devices import Entry, choose, parse_srcset


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a.jpg 640w, b.jpg 1280w", (Entry("a.jpg", 640, None), Entry("b.jpg", 1280, None))),
        ("a.jpg, b.jpg 2x", (Entry("a.jpg", None, 1.0), Entry("b.jpg", None, 2.0))),
        ("a.jpg 1.5x", (Entry("a.jpg", None, 1.5),)),
        ("w_400,h_300/a.jpg 400w", (Entry("w_400,h_300/a.jpg", 400, None),)),
        ("data:image/png;base64,AA== 1x", (Entry("data:image/png;base64,AA==", None, 1.0),)),
        ("\n a.jpg\t640w ,\n b.jpg  1280w ,", (Entry("a.jpg", 640, None), Entry("b.jpg", 1280, None))),
        ("a.jpg 640w 480h", (Entry("a.jpg", 640, None),)),
    ],
)
def test_candidates(text: str, entries: tuple[Entry, ...]) -> None:
    assert parse_srcset(text) == (entries, ())


@pytest.mark.parametrize(
    ("text", "fault", "kept"),
    [
        ("", "got no candidate", 0),
        ("a.jpg 640", "got the descriptor `640`", 0),
        ("a.jpg -640w, b.jpg 2x", "got the descriptor `-640w`", 1),
        ("a.jpg 0w", "got the descriptor `0w`", 0),
        ("a.jpg 640w 2x", "got the descriptor `2x`", 0),
        ("a.jpg 640w,, b.jpg 2x", "got a comma too many", 2),
        (", a.jpg 640w", "got a comma too many", 1),
        ("a.jpg 640w, b.jpg", "got candidates with and without a width", 2),
        ("a.jpg 640w, b.jpg 640w", "got two candidates with one descriptor", 2),
        ("a.jpg 1e99x", "got the descriptor `1e99x`", 0),
        ("a.jpg (640w, 3w) 2w", "got the descriptor `(640w,`", 0),
    ],
)
def test_faults(text: str, fault: str, kept: int) -> None:
    found = parse_srcset(text)
    assert (found.faults[0], len(found.entries)) == (fault, kept)


def test_a_long_srcset_is_read_in_no_time() -> None:
    assert len(parse_srcset(", ".join(f"a{at}.jpg {at}w" for at in range(1, 20_000))).entries) == 19_999
    assert parse_srcset("," * 200_000).entries == ()
    assert parse_srcset("a.jpg " + "(" * 200_000).entries == ()


@pytest.mark.parametrize(
    ("densities", "wanted", "index"),
    [([1.0, 2.0], 1, 0), ([1.0, 2.0], 1.01, 1), ([2.0, 1.0], 3, 0), ([0.5], 3, 0), ([1.0, 1.0, 2.0], 1, 0), ([2.0, 2.0], 3, 0)],
)
def test_the_smallest_that_suffices_is_taken(densities: list[float], wanted: float, index: int) -> None:
    assert choose(densities, wanted) == index
