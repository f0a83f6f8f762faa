"""Every address in HTML, CSS, JSON-LD and the sitemap leads to a file of the output, and every fragment to an element."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.conftest import Built
from tests.support.references import broken, of_html, of_jsonld, page_url, read_html, target


def test_every_address_leads_somewhere(built: Built) -> None:
    assert broken(built.output, built.base_url) == []


def test_also_below_a_path(built_below: Built) -> None:
    assert broken(built_below.output, built_below.base_url) == []


def test_every_picture_that_a_page_shows_can_be_traced(built: Built) -> None:
    """`pictures.json` leads from every rendition that a page names to a picture and that page, and tells no prompt."""
    text = (built.output / "pictures.json").read_text("utf-8")
    listed = json.loads(text)
    base_path = "/" + built.base_url.split("://")[1].partition("/")[2]
    renditions = {path.relative_to(built.output).as_posix() for path in built.renditions()}
    shown = 0
    for page in built.pages():
        url = page_url(page.relative_to(built.output).as_posix(), built.base_url)
        for reference in of_html(read_html(page.read_text("utf-8"))):
            file, _ = target(reference.url, url, built.base_url) or ("", "")
            # A page without a picture is shared with the one of the home page, and does not show it.
            if file in renditions and not reference.where.startswith(("json-ld", "meta og:image")):
                shown += 1
                pages = listed["pictures"][listed["urls"][base_path + file]]["pages"]
                assert "/" + url.removeprefix(built.base_url) in pages or page.name == "404.html", (file, url)
    assert shown > 100
    assert '"prompt"' not in text and "layered paper hills" not in text


def test_structured_data_uses_absolute_addresses(built: Built) -> None:
    wanted = {"url", "contentUrl", "thumbnailUrl", "license", "acquireLicensePage", "item", "logo"}
    for page in built.pages():
        for text in read_html(page.read_text("utf-8")).jsonld:
            stack: list[object] = [json.loads(text)]
            while stack:
                node = stack.pop()
                if isinstance(node, dict):
                    for name in wanted & node.keys():
                        if isinstance(node[name], str):
                            assert list(of_jsonld(node[name])), f"{page.name}: {name} is not absolute: {node[name]}"
                    stack.extend(node.values())
                elif isinstance(node, list):
                    stack.extend(node)


def test_the_judge_sees_faults(tmp_path: Path) -> None:
    (tmp_path / "there.webp").write_bytes(b"x")
    (tmp_path / "index.html").write_text(
        '<p id=here><a href="/#here">ok</a><a href="/gone/">no</a><a href="#away">no</a><a href="https://elsewhere.example/">out</a>'
        '<img src="/there.webp" srcset="/there.webp 1x, /absent.webp 2x" alt="">'
        '<script type="application/ld+json">{"image": "https://a.example/missing.jpg"}</script><style>p{background:url(no.png)}</style>'
    )
    found = broken(tmp_path, "https://a.example/")
    assert [line.rsplit(" ", 1)[1] for line in found] == [
        "/gone/",
        "#away",
        "/absent.webp",
        "no.png",
        "https://a.example/missing.jpg",
    ]
