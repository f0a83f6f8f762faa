from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aibild_build.config import Images
from aibild_build.model import Breakpoint, Brief, FileFacts, Origin, Picture, Rendition, Slot, Variant, Words
from aibild_build.renditions import Layout, compose, file_name, lay_out
from aibild_build.renditions.codecs import CODECS

BRIEF = Brief(
    id="lighthouse",
    origin=Origin(path="briefs/lighthouse.yaml", line=1),
    engine="sketch",
    focal=(0.4, 0.6),
    alt={"en": Words(text="A lighthouse at dusk"), "de": Words(text="Ein Leuchtturm", draft=True)},
    caption={"en": "Dusk at the coast"},
    title={"de": "Leuchtturm"},
    credit="Studio North",
)
HERO = Slot(
    name="hero",
    priority=True,
    breakpoints=(
        Breakpoint(min_width=0, ratio="4:5"),
        Breakpoint(min_width=640, ratio="16:9", offset=-64, max_width=1200),
    ),
)
PROSE = Slot(name="prose", breakpoints=(Breakpoint(min_width=0, ratio="16:9", offset=-32, max_width=704),))
IMAGES = Images(creator="A. Painter", copyright="© North", license="https://example.org/licence")
WEIGHTS = {"avif": 1.0, "webp": 2.0, "jpeg": 3.0, "png": 4.0}


def finished(
    layout: Layout, weights: Mapping[str, float] = WEIGHTS, fields: Mapping[str, str] | None = None
) -> dict[str, Rendition]:
    """What `make` would hand back, `weights` bytes a hundred pixels by format."""
    return {variant.encode: rendition(variant, weights[variant.format], fields or {}) for variant in layout.variants()}


def rendition(variant: Variant, weight: float, fields: Mapping[str, str]) -> Rendition:
    width, height = variant.size
    facts = FileFacts(
        media_type=CODECS[variant.format].media_type,
        width=width,
        height=height,
        bytes=int(width * height * weight / 100),
        unsigned=variant.encode,
        fields=fields,
        placeholder=f"ph{width}",
        colour="#123456",
    )
    url = "pictures/" + file_name("lighthouse", variant, facts.unsigned, "off")
    return Rendition(encode=variant.encode, delivery="d", digest="e", format=variant.format, facts=facts, url=url)


def layout(slot: Slot = HERO, mode: str = "RGB") -> Layout:
    return lay_out(BRIEF, slot, {"master": ("a" * 64, (2400, 1350), mode)}, IMAGES)


def picture(
    laid: Layout,
    renditions: Mapping[str, Rendition],
    *,
    lang: str = "en",
    base_path: str = "/",
    ai: bool = False,
    draft: bool = False,
) -> Picture:
    return compose(
        laid,
        renditions,
        BRIEF,
        laid.slot,
        lang,
        IMAGES,
        base_path=base_path,
        asset_id="abc",
        source_type="algorithmicMedia",
        ai=ai,
        draft=draft,
    )


def rows(seen: Picture) -> list[tuple[str, str]]:
    return [(source.media, source.type) for source in seen.sources]


NARROW, WIDE = "(max-width: 639.98px)", ""  # the last band takes what no other took


def test_sources_come_by_media_then_format_and_the_last_fallback_is_the_img() -> None:
    seen = picture(layout(), finished(layout()))
    assert rows(seen) == [
        (NARROW, "image/avif"),
        (NARROW, "image/webp"),
        (NARROW, "image/jpeg"),
        (WIDE, "image/avif"),
        (WIDE, "image/webp"),
    ]
    assert (seen.fallback.media, seen.fallback.type) == ("", "image/jpeg")
    assert [candidate.width for candidate in seen.fallback.candidates] == [1200, 1410, 1840, 2400]
    assert seen.src == seen.fallback.candidates[-1]
    assert (seen.fallback.width, seen.fallback.height) == (2400, 1350)
    assert (seen.sources[0].width, seen.sources[0].height) == (1080, 1350)
    assert {source.sizes for source in seen.sources[:3]} == {"100vw"}
    assert seen.sources[4].sizes == seen.fallback.sizes == "(min-width: 1264px) 1200px, calc(100vw - 64px)"


def test_one_band_has_no_media_and_no_jpeg_source() -> None:
    seen = picture(layout(PROSE), finished(layout(PROSE)))
    assert rows(seen) == [("", "image/avif"), ("", "image/webp")]
    assert seen.priority is False
    assert (seen.share, seen.structured, seen.thumb) == (None, (), None)


@pytest.mark.parametrize(
    ("weights", "kept"),
    [
        ({"avif": 1.0, "webp": 2.0, "jpeg": 3.0}, ["image/avif", "image/webp"]),
        ({"avif": 2.5, "webp": 2.0, "jpeg": 3.0}, ["image/webp"]),
        ({"avif": 1.0, "webp": 4.0, "jpeg": 3.0}, ["image/avif"]),
        ({"avif": 3.5, "webp": 4.0, "jpeg": 3.0}, []),
        ({"avif": 2.0, "webp": 2.0, "jpeg": 2.0}, ["image/avif", "image/webp"]),
    ],
)
def test_a_row_heavier_than_the_next_one_kept_is_left_out(weights: dict[str, float], kept: list[str]) -> None:
    laid = layout(PROSE)
    assert [source.type for source in picture(laid, finished(laid, weights)).sources] == kept


def test_rows_are_weighed_at_the_widths_that_both_have() -> None:
    small = Slot(name="small", breakpoints=(Breakpoint(min_width=0, ratio="16:9", vw=0, offset=200),))
    laid = layout(small)
    assert [variant.size[0] for variant in laid.fallback.variants][-1] == 1200  # JPEG alone has it
    weights = {"avif": 1.0, "webp": 3.1, "jpeg": 3.0}
    assert [source.type for source in picture(laid, finished(laid, weights)).sources] == ["image/avif"]


def test_rows_are_weighed_in_each_band_apart() -> None:
    laid = layout()
    renditions = finished(laid)
    for variant in laid.groups[0].rows[0].variants:
        old = renditions[variant.encode]
        renditions[variant.encode] = replace(old, facts=replace(old.facts, bytes=10**9))
    assert rows(picture(laid, renditions)) == [
        (NARROW, "image/webp"),
        (NARROW, "image/jpeg"),
        (WIDE, "image/avif"),
        (WIDE, "image/webp"),
    ]


def test_transparent_pictures_fall_back_to_png() -> None:
    laid = layout(PROSE, "RGBA")
    assert picture(laid, finished(laid)).fallback.type == "image/png"


def test_urls_begin_with_the_base_path() -> None:
    seen = picture(layout(), finished(layout()), base_path="/docs/")
    assert all(url.url.startswith("/docs/pictures/lighthouse-") for source in seen.sources for url in source.candidates)
    assert seen.share is not None
    assert seen.share.url.startswith("/docs/pictures/lighthouse-1200.")


def test_special_cuts() -> None:
    seen = picture(layout(), finished(layout()))
    assert seen.share is not None
    assert (seen.share.width, seen.share.height, seen.share.type) == (1200, 630, "image/jpeg")
    assert [(cut.width, cut.height) for cut in seen.structured] == [(1200, 675), (1200, 900), (1200, 1200)]
    assert seen.thumb is not None
    assert (seen.thumb.width, seen.thumb.height) == (320, 320)


def test_words_by_language() -> None:
    laid = layout()
    renditions = finished(laid)
    english, german, french = (picture(laid, renditions, lang=lang) for lang in ("en", "de", "fr"))
    assert (english.alt, english.alt_draft, english.caption, english.title) == (
        "A lighthouse at dusk",
        False,
        "Dusk at the coast",
        "",
    )
    assert (german.alt, german.alt_draft, german.caption, german.title) == ("Ein Leuchtturm", True, "", "Leuchtturm")
    assert (french.alt, french.alt_draft) == ("", False)


def test_identity_and_look() -> None:
    seen = picture(layout(), finished(layout()), ai=True, draft=True)
    assert (seen.id, seen.asset, seen.slot, seen.lang) == ("lighthouse", "abc", "hero", "en")
    assert (seen.source_type, seen.ai, seen.draft, seen.priority) == ("algorithmicMedia", True, True, True)
    assert (seen.placeholder, seen.colour, seen.focal) == ("ph2400", "#123456", (0.4, 0.6))


def test_rights_are_those_that_the_file_carries() -> None:
    carried = {
        "dc:creator": "B. Sculptor",
        "dc:rights": "© South",
        "photoshop:Credit": "South",
        "xmpRights:WebStatement": "https://example.org/other",
        "plus:LicensorURL": "https://example.org/buy",
    }
    laid = layout()
    seen = picture(laid, finished(laid, fields=carried))
    assert (seen.creator, seen.copyright, seen.credit, seen.license, seen.acquire_license_page) == tuple(carried.values())
    bare = picture(laid, finished(laid))
    assert (bare.creator, bare.credit, bare.license) == ("A. Painter", "Studio North", "https://example.org/licence")


def test_a_missing_rendition_is_an_error() -> None:
    laid = layout()
    renditions = finished(laid)
    renditions.pop(laid.fallback.variants[0].encode)
    with pytest.raises(KeyError):
        picture(laid, renditions)


def test_file_names_follow_bytes_and_policy_and_nothing_else() -> None:
    variant = layout().fallback.variants[0]
    name = file_name("lighthouse", variant, "f" * 64, "off")
    assert name.startswith("lighthouse-1200.")
    assert len(name) == len("lighthouse-1200.01234567.jpg")
    assert name.endswith(".jpg")
    assert name == file_name("lighthouse", replace(variant, codec=99), "f" * 64, "off")
    assert name != file_name("lighthouse", variant, "e" * 64, "off")
    assert name != file_name("lighthouse", variant, "f" * 64, "embed")
