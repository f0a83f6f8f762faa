"""JSON-LD of every page: Google's rules by Adobe's validator, schema.org's vocabulary by TypeScript with schema-dts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aibild_build.imagefile import SOURCE_TYPES
from aibild_build.pages.jsonld import digital_source_type
from tests.real.conftest import Built
from tests.support.judges import NODE, ask, command, node_file
from tests.support.references import read_html

Node = dict[str, Any]


def google_faults(pages: Sequence[Path]) -> tuple[int, list[str]]:
    """How many entities the validator read in these pages, and a line for each thing it does not like, warnings included."""
    node_file("@adobe/structured-data-validator/package.json")
    run = ask([command("node"), NODE / "structured_data.mjs", *pages])
    assert run.returncode == 0, run.stderr
    found: Mapping[str, Any] = json.loads(run.stdout)
    lines = [f"{page}: {issue['severity']} {issue['issueMessage']}" for page, said in found.items() for issue in said["issues"]]
    return sum(said["nodes"] for said in found.values()), lines


def vocabulary_faults(nodes: Sequence[tuple[str, Node]], folder: Path) -> list[str]:
    """A line for each node whose type, properties or values are not schema.org's. Takes (where it stands, node)."""
    compiler = node_file("typescript/bin/tsc")
    (folder / "node_modules").symlink_to(compiler.parents[2])
    lines = ["import type * as S from 'schema-dts';"]
    for index, (_, node) in enumerate(nodes):
        lines.append(f"export const n{index}: S.{node['@type']} = {json.dumps(node, ensure_ascii=False)};")
    (folder / "nodes.ts").write_text("\n".join(lines) + "\n", "utf-8")
    options = [
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
        "--pretty",
        "false",
    ]
    run = ask([command("node"), compiler, *options, "nodes.ts"], cwd=folder)
    faults = re.findall(r"^nodes\.ts\((\d+),\d+\): error (.+)$", run.stdout, re.M)
    assert run.returncode == 0 or faults, run.stdout + run.stderr
    return [f"{nodes[int(line) - 2][0]}: {message}" if int(line) > 1 else message for line, message in faults]


def nodes_of(page: Path) -> Iterator[Node]:
    """The nodes of a page's graphs, each without its `@context`."""
    for text in read_html(page.read_text("utf-8")).jsonld:
        block = json.loads(text)
        yield from block.get("@graph", [{name: value for name, value in block.items() if name != "@context"}])


def test_google_would_take_it(built: Built) -> None:
    pages = [page for page in built.pages() if list(nodes_of(page))]
    read, faults = google_faults(pages)
    assert faults == []
    assert read >= len(pages) * 3


def test_every_word_is_of_the_vocabulary(built: Built, tmp_path: Path) -> None:
    nodes = [(f"{page.relative_to(built.output)} {node['@type']}", node) for page in built.pages() for node in nodes_of(page)]
    assert {"WebSite", "Organization", "WebPage", "BreadcrumbList", "ImageObject", "TechArticle"} <= {
        n["@type"] for _, n in nodes
    }
    assert vocabulary_faults(nodes, tmp_path) == []


def test_every_digital_source_type_is_of_the_vocabulary(tmp_path: Path) -> None:
    nodes: list[tuple[str, Node]] = [
        (name, {"@type": "ImageObject", "digitalSourceType": digital_source_type(name)}) for name in SOURCE_TYPES
    ]
    assert vocabulary_faults(nodes, tmp_path) == []


def test_every_reference_leads_to_a_node(built: Built) -> None:
    """An `{"@id": …}` names a node of its own page or one that every page carries."""
    for page in built.pages():
        nodes = list(nodes_of(page))
        declared = {node["@id"] for node in nodes if "@id" in node}
        assert set(_references(nodes)) <= declared, page


def test_the_first_judge_sees_faults(tmp_path: Path) -> None:
    """A picture without creator, credit, notice and licence; a breadcrumb without its name; a product without an offer."""
    graph = [
        {"@type": "ImageObject", "contentUrl": "https://a.example/a.jpg"},
        {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "position": 1, "item": "https://a.example/"}]},
        {"@type": "Product", "name": "Lamp"},
    ]
    (tmp_path / "page.html").write_text(_page({"@context": "https://schema.org", "@graph": graph}))
    read, faults = google_faults([tmp_path / "page.html"])
    assert read == 3
    assert all(any(word in line for line in faults) for word in ("license", "name", "offers")), faults


def test_the_second_judge_sees_faults(tmp_path: Path) -> None:
    """A word that is none, a type that is none, and IPTC's address where schema.org has its own."""
    iptc = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
    nodes: list[tuple[str, Node]] = [
        ("good", {"@type": "ImageObject", "contentUrl": "https://a.example/a.jpg", "creator": {"@id": "https://a.example/#me"}}),
        ("word", {"@type": "WebPage", "headlin": "Lamps"}),
        ("deep", {"@type": "TechArticle", "author": {"@type": "Person", "nome": "A"}}),
        ("type", {"@type": "Pictures", "name": "a"}),
        ("value", {"@type": "ImageObject", "contentUrl": "https://a.example/a.jpg", "digitalSourceType": iptc}),
    ]
    faults = vocabulary_faults(nodes, tmp_path)
    assert {line.split(":")[0] for line in faults} == {"word", "deep", "type", "value"}, faults


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if value.keys() == {"@id"}:
            yield value["@id"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _page(block: Node) -> str:
    return f'<!doctype html><html lang="en"><title>t</title><script type="application/ld+json">{json.dumps(block)}</script>'
