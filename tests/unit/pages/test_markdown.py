"""Markdown to pieces: what is changed in the parser's HTML, and what is left alone."""

from __future__ import annotations

from aibild_build.model import Finding, LinkRef, Origin, PictureRef
from aibild_build.pages.markdown import Text, read_markdown, slug_of


def read(text: str, lang: str = "en") -> Text:
    def target(name: str, origin: Origin) -> tuple[str | None, tuple[Finding, ...]]:
        return name.removeprefix("brief:"), ()

    parsed, findings = read_markdown(text, "site/x.md", 10, lang, target)
    assert findings == ()
    return parsed


def html(text: str, lang: str = "en") -> str:
    """The body with pictures and links written as ⟨brief⟩ and ⟨target⟩."""
    return "".join(
        piece if isinstance(piece, str) else f"⟨{piece.target if isinstance(piece, LinkRef) else piece.brief}⟩"
        for piece in read(text, lang).body
    )


def test_headings_get_unique_ids_of_any_script_and_an_anchor() -> None:
    parsed = read("# Über *uns*\n\n## Über uns\n\n## 日本 & Co.\n\n## Named {#über-uns-3}\n\n## Über uns\n\n## !!!\n")
    assert [(heading.level, heading.id, heading.text) for heading in parsed.headings] == [
        (1, "über-uns", "Über uns"),
        (2, "über-uns-2", "Über uns"),
        (2, "日本-co", "日本 & Co."),
        (2, "über-uns-3", "Named"),
        (2, "über-uns-4", "Über uns"),
        (2, "section", "!!!"),
    ]
    assert [heading.id for heading in read("## Main\n\n## Next\n").headings] == ["main-2", "next-2"]  # the theme has its own
    assert html("## A `b`\n") == (
        '<h2 id="a-b">A <code>b</code><a class="anchor" href="#a-b" aria-label="Link to “A b”">#</a></h2>\n'
    )
    assert "Link zu „A“" in html("## A\n", "de")


def test_slugs_keep_words_and_drop_signs() -> None:
    assert slug_of("What’s new in 2.0?") == "whats-new-in-20"
    assert slug_of(" -- _ ") == ""


def test_a_picture_alone_is_a_figure_and_within_text_is_inline() -> None:
    parsed = read(
        '![A *fine* "sea"](brief:sea "At & dawn")\n\ntext ![b](brief:b) text\n\n[![c](brief:c)](other.md)\n\n- ![d](brief:d)\n'
    )
    pictures = [piece for piece in parsed.body if isinstance(piece, PictureRef)]
    assert [(ref.brief, ref.inline, ref.slot) for ref in pictures] == [
        ("sea", False, "prose"),
        ("b", True, "prose"),
        ("c", True, "prose"),
        ("d", True, "prose"),
    ]
    assert (pictures[0].alt, pictures[0].caption) == ('A fine "sea"', "At & dawn")
    assert [ref.origin for ref in pictures] == [Origin(path="site/x.md", line=line) for line in (10, 12, 14, 16)]
    assert html("![a](brief:a)\n") == "⟨a⟩\n"


def test_raw_html_and_pictures_elsewhere_pass() -> None:
    for text in (
        '<div><img src="a.jpg" alt="x" /></div>\n',
        '<p><img src="brief:a" alt="x" /></p>\n',
        '<a href="other.md">raw</a>\n',
        "<!-- <h2>no</h2> -->\n",
    ):
        assert html(text).replace("<p>", "").replace("</p>", "") == text.replace("<p>", "").replace("</p>", "")
    assert html("![x](https://example.org/a.png)\n") == '<p><img src="https://example.org/a.png" alt="x" /></p>\n'
    assert html("![x](data:image/gif;base64,R0lGOD)\n").startswith("<p><img src=")


def test_raw_html_does_not_shift_the_lines_of_what_follows() -> None:
    parsed = read('<a href="a.md">raw</a> [one](a.md)\n[two](b.md#c)\n\n<img src="p.jpg" alt="" />\n\n![p](p.jpg)\n')
    assert [(link.target, link.origin.line) for link in parsed.links] == [("a.md", 10), ("b.md#c", 11)]
    assert [piece.origin.line for piece in parsed.body if isinstance(piece, PictureRef)] == [15]


def test_links_that_are_also_shown_in_code_keep_their_own_lines() -> None:
    text = "```\n[a](x.md)\n```\n\n[a](x.md)\n\n[b][ref] ![p](p.jpg)\n\n[ref]: y.md\n"
    parsed = read(text)
    assert [(link.target, link.origin.line) for link in parsed.links] == [("x.md", 14), ("y.md", 16)]
    twice = read('[a](x.md)\n\n[b](x.md "T")\n\n![q](it\'s&ü.jpg)\n')
    assert [link.origin.line for link in twice.links] == [10, 12]
    assert [(piece.brief, piece.origin.line) for piece in twice.body if isinstance(piece, PictureRef)] == [("it's&ü.jpg", 14)]


def test_only_links_to_sources_and_places_are_held_back() -> None:
    text = "[a](x.md) [b](../y.md#z) [c](#d) [e](https://x.org/a.md) [f](file.pdf) [g](/guide/) [h](my%20page.md) [i](x.md?q)\n"
    assert [link.target for link in read(text).links] == ["x.md", "../y.md#z", "#d", "my page.md"]
    assert '<a href="https://x.org/a.md">e</a>' in html(text)
    assert '<a href="⟨x.md⟩">a</a>' in html(text)
    assert '<a href="⟨x.md⟩" title="T">a</a>' in html('[a](x.md "T")\n')


def test_links_within_a_picture_are_text_and_do_not_count() -> None:
    parsed = read("![a [b](x.md) ![c](brief:no)](brief:yes)\n\n[d](y.md)\n")
    assert [piece.brief for piece in parsed.body if isinstance(piece, PictureRef)] == ["yes"]
    assert [(link.target, link.origin.line) for link in parsed.links] == [("y.md", 12)]


def test_code_keeps_its_text_and_language() -> None:
    assert html('```toml title="x"\na = "<b>"\n```\n') == '<pre><code class="language-toml">a = "&lt;b&gt;"\n</code></pre>\n'
    assert html("    ![x](brief:x)\n") == "<pre><code>![x](brief:x)\n</code></pre>\n"


def test_tables_scroll_and_raw_tables_are_left_alone() -> None:
    wrapped = html("| a | b |\n|---|---|\n| 1 | 2 |\n", "de")
    assert wrapped.startswith('<div class="table" role="group" tabindex="0" aria-label="Tabelle"><table><thead>')
    assert wrapped.rstrip().endswith("</table></div>")
    raw = '<table class="x"><tr><td>1</td></tr></table>\n'
    assert html(raw) == raw
    assert html(raw + "\n| a |\n|---|\n| 1 |\n").count("</table></div>") == 1


def test_footnotes_lead_there_and_back() -> None:
    body = html("One[^a] and again[^a].\n\n[^a]: Note.\n")
    assert body.count('id="fnref-a"') == 1 and body.count('href="#fn-a"') == 2
    assert 'id="fn-a"' in body and 'href="#fnref-a"' in body


def test_task_lists_have_names() -> None:
    body = html("- [x] a\n- [ ] b\n")
    assert '<input disabled type="checkbox" checked aria-label="Done">' in body
    assert '<input disabled type="checkbox" aria-label="To do">' in body


def test_ids_are_all_that_a_link_may_point_at() -> None:
    parsed = read("## A\n\n<a id=\"here\"></a>\n\n<p id='there'>x</p>\n\nx[^1]\n\n[^1]: n\n")
    assert {"a", "here", "there", "fn-1", "fnref-1"} <= parsed.ids
