"""Every address in HTML, CSS, JSON-LD and the sitemap leads to a file of the output, and every fragment to an element."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.conftest import Built
from tests.support.references import broken, of_html, of_jsonld, read_html, target


def test_every_address_leads_somewhere(built: Built) -> None:
    assert broken(built.output, built.base_url) == []


def test_also_below_a_path(built_below: Built) -> None:
    assert broken(built_below.output, built_below.base_url) == []


def test_every_rendition_is_named_by_a_page(built: Built) -> None:
    """Nothing is made that nobody can ask for."""
    named: set[str] = set()
    for page in built.pages():
        document = read_html(page.read_text("utf-8"))
        url = built.base_url + page.relative_to(built.output).as_posix().removesuffix("index.html")
        named.update(found[0] for reference in of_html(document) if (found := target(reference.url, url, built.base_url)))
    assert [path.name for path in built.renditions() if path.relative_to(built.output).as_posix() not in named] == []


def test_pictures_json_names_files_and_pages(built: Built) -> None:
    listed = json.loads((built.output / "pictures.json").read_text("utf-8"))
    text = json.dumps(listed)
    assert "prompt" not in text
    for path in built.renditions():
        assert path.name in text, f"{path.name} is not in pictures.json"


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
