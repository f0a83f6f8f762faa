"""JSON-LD as entities: graphs, references across scripts, images in every form, hostile depth."""

from __future__ import annotations

import json
from typing import Any

from aibild_build.budgets.reading.jsonld import Graph, read_jsonld
from aibild_build.budgets.reading.page import Tag


def graph(*documents: Any) -> Graph:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    return read_jsonld(tuple(Tag("script", {}, line, "head > script", text) for line, text in enumerate(texts, start=1)))


def test_entities_at_any_depth_in_order() -> None:
    found = graph(
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "image": {"@type": ["ImageObject", "Thing"]}}]}
    )
    assert [(one.types, one.top) for one in found.entities] == [(("WebPage",), True), (("ImageObject", "Thing"), False)]
    assert found.foreign == () and found.faults == ()


def test_images_in_every_form_and_references_across_scripts() -> None:
    context = {"@context": "https://schema.org"}
    found = graph({**context, "@type": "ImageObject", "@id": "#i", "contentUrl": "/a.jpg"}, {**context, "@type": "WebPage"})
    value = ["/b.jpg", {"@id": "#i"}, {"@type": "ImageObject", "url": "/c.jpg"}, {"@id": "#gone"}]
    assert found.image_urls(value) == ("/b.jpg", "/a.jpg", "/c.jpg")
    assert found.image_urls(None) == ()


def test_references_are_told_from_nodes() -> None:
    found = graph({"@context": "http://schema.org/", "@type": "WebPage", "isPartOf": {"@id": "#site"}})
    assert [name for name, _ in found.referred] == ["#site"]


def test_what_is_no_json_or_of_another_vocabulary() -> None:
    found = graph("{", {"@context": "https://w3id.org/security/v1", "type": "Key"}, "[1, 2]", '"text"')
    assert [tag.line for tag, _ in found.faults] == [1]
    assert [tag.line for tag in found.foreign] == [2, 3, 4]


def test_depth_does_not_break_it() -> None:
    assert len(graph("[" * 100_000 + "]" * 100_000).faults) == 1
    deep: Any = {"@type": "A"}
    for _ in range(200):
        deep = {"@type": "A", "b": deep}
    assert 1 < len(graph({"@context": "https://schema.org", **deep}).entities) < 50
