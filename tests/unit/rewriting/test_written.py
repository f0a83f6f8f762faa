"""Places in other people's HTML, and edits that leave all other bytes as they were."""

from __future__ import annotations

import random

import pytest

from aibild_build.model import MASTER, Breakpoint
from aibild_build.rewriting import Edit, Unclear, Written, diff, insert_attributes, read_written, replace_value
from aibild_build.rewriting.fitting import at_most, fit

PIECES = (
    "<p>",
    "</p>",
    "<div class=\"a > b\" title='<img src=no>'>",
    "</div>",
    "\r\n",
    "\r",
    "\n",
    "ä€😀",
    "&amp;&lt;img src=no&gt;",
    "<!-- <img src=no> -->",
    "<!--><img src=a.jpg>",
    "<script>if (a<b) x='<img src=no>'</script>",
    "<style>p{content:'<img src=no>'}</style>",
    "<textarea><img src=no></textarea>",
    "<title><img src=no></title>",
    "<svg><title>x</title><image href=no /></svg>",
    "<noscript><img src=b.jpg></noscript>",
    "<picture><source srcset=x><img src=c.jpg></picture>",
    "<template><img src=d.jpg></template>",
    "<table><tr><img src=e.jpg><td>x",
    "<img src=f.jpg>",
    "<IMG SRC='g.jpg' ALT=\"a > b\" data-x>",
    "<img/src=h.jpg/>",
    '<img\n src = "i.jpg"\n\talt>',
    "<img src=j.jpg src=k.jpg>",
    "<image src=l.jpg>",
    "<a href=x><img src=m.jpg></a>",
    "<![CDATA[ <img src=n.jpg> ]]>",
    "<?php <img src=o.jpg> ?>",
    "</img>",
    "<b><i></b><img src=p.jpg></i>",
    "<select><option><img src=q.jpg></select>",
    "<img src=r.jpg",
    "<",
    "<plaintext",
)


def read(data: bytes) -> Written:
    found = read_written(data)
    assert isinstance(found, Written), found
    return found


def pages() -> list[bytes]:
    """Odd pages, always the same: heads of all kinds, then pieces in any order."""
    chance = random.Random(9)
    heads = ("", "<!doctype html><meta charset=utf-8><title>x</title>", "<!doctype html>\r\n<html><head></head><body>", "\ufeff")
    return [(chance.choice(heads) + "".join(chance.choices(PIECES, k=chance.randrange(1, 14)))).encode() for _ in range(400)]


def test_edits_touch_nothing_else_on_odd_pages() -> None:
    edited = 0
    for data in pages():
        written = read_written(data)
        if isinstance(written, Unclear):
            continue
        assert written.apply([]) == data
        edits = []
        for image in written.images:
            assert image.tag[0] == "<" and image.tag[-1] == ">"
            edits += [Edit(image.start, image.start, "\x01"), Edit(image.end, image.end, "\x02")]
            edits.append(insert_attributes(image.tag, image.start, {"x": "1"}))
        marked = written.apply(edits)
        assert marked.replace(b"\x01", b"").replace(b"\x02", b"").replace(b' x="1"', b"") == data
        assert marked.count(b"\x01") == marked.count(b"\x02") == len(written.images)
        for piece in marked.split(b"\x01")[1:]:
            assert piece.partition(b"\x02")[0].lower().startswith(b"<im")
        edited += len(edits)
    assert edited > 1000


def test_places_behind_line_ends_and_wide_letters() -> None:
    data = "\ufeff<p>ä\r\n😀\r\n<img\r\nsrc='a' alt=\"&quot;\">\r\n<img src=b>".encode()
    written = read(data)
    assert [(image.get("src"), image.line) for image in written.images] == [("a", 3), ("b", 5)]
    edits = [replace_value(image.spans["src"], "src", "c d&") for image in written.images]
    assert written.apply(edits) == data.replace(b"src='a'", b'src="c d&amp;"').replace(b"src=b", b'src="c d&amp;"')


def test_other_encodings_stay() -> None:
    data = "<meta charset=windows-1252><p>\xe4€<img src=x>".encode("cp1252")
    written = read(data)
    at = written.images[0].start
    assert written.apply([Edit(at, at, "é→")]) == data.replace(b"<img", b"\xe9&#8594;<img")


@pytest.mark.parametrize(
    "data",
    [b"<meta charset=utf-8><p>\xff\xfe<img src=x>", "<p>x<img src=x>".encode("utf-16"), b"<meta charset=windows-1252>\x81<img>"],
)
def test_a_page_that_is_no_text_throughout_is_left(data: bytes) -> None:
    assert isinstance(read_written(data), Unclear)


@pytest.mark.parametrize(
    ("page", "before"),
    [
        ("<head><meta charset=utf-8><title>x</title><link rel=x></head>", "<link"),
        ("<head><link rel=x><meta charset=utf-8><title>x</title></head>", "<title>"),  # the encoding first
        ("<title>x</title><p>y", "<p>"),
        ("<head></head>", "</head>"),
        ("<head><script>1</script></head>", "<script>"),
    ],
)
def test_where_the_head_takes_something(page: str, before: str) -> None:
    assert read(page.encode()).head_at == page.index(before)


def test_no_head_to_be_seen() -> None:
    assert read(b"<p><img src=x>").head_at is None


def test_two_edits_of_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="two edits"):
        read(b"<p>abc").apply([Edit(1, 4, ""), Edit(2, 5, "")])


def test_diff_has_the_names() -> None:
    assert list(diff(b"a\nb\n", b"a\nc\n", "x.html"))[:2] == ["--- a/x.html", "+++ b/x.html"]


def test_measured_widths_become_breakpoints() -> None:
    knots = [(320, 288.0), (639, 607.0), (640, 320.0), (1023, 511.5), (1024, 400.0), (1920, 400.0)]
    assert fit(knots) == (
        Breakpoint(min_width=0, ratio=MASTER, vw=100.0, offset=-32.0),
        Breakpoint(min_width=640, ratio=MASTER, vw=50.0, offset=0.0),
        Breakpoint(min_width=1024, ratio=MASTER, vw=0.0, offset=400.0),
    )
    assert fit([(320, 0.0), (1920, 0.0)]) == ()
    assert fit([(320, 300.0), (1920, 200.0)]) == (Breakpoint(min_width=0, ratio=MASTER, vw=0.0, offset=300.0),)
    assert at_most(300.4)[0].box_width(1000) == 300
