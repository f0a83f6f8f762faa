"""In which order files are handed out: long work first, crops of one master together, few crops in two parts each."""

from __future__ import annotations

from typing import Any, cast

from aibild_build.build.making import _longest_first
from aibild_build.model import Variant
from aibild_build.plan.renditions import WantedRendition


def cut(asset: str, *files: tuple[str, int]) -> Any:
    """A crop's files as (format, width) at 16:9; of the brief only its presence counts."""
    return "brief", [
        WantedRendition(
            variant=Variant(
                pixels=asset,
                crop=(0, 0, 2560, 1440),
                size=(width, width * 9 // 16),
                format=format,
                settings={},
                codec=1,
            ),
            asset=asset,
            delivery=f"{asset}-{format}-{width}",
            rendition=None,
            encoded="",
            work=None,
        )
        for format, width in files
    ]


def handed_out(*cuts: Any) -> list[list[str]]:
    return [[one.delivery for one in group] for _, group in cast(Any, _longest_first(list(cuts)))]


def test_few_crops_are_handed_out_in_two_parts() -> None:
    assert handed_out(cut("a", ("avif", 1920), ("avif", 640), ("jpeg", 1920)), cut("b", ("webp", 640))) == [
        ["a-avif-1920"],
        ["a-avif-640", "a-jpeg-1920"],
        ["b-webp-640"],
    ]


def test_the_longest_picture_comes_first_with_all_its_crops() -> None:
    small = [cut(f"s{number}", ("jpeg", 400)) for number in range(6)]
    order = handed_out(*small, cut("big", ("avif", 400)), cut("mid", ("avif", 960)), cut("big", ("avif", 1920), ("jpeg", 640)))
    assert order[:3] == [["big-avif-1920", "big-jpeg-640"], ["big-avif-400"], ["mid-avif-960"]]
    assert sorted(name for group in order[3:] for name in group) == sorted(f"s{number}-jpeg-400" for number in range(6))
