"""A page's JSON-LD → its entities, which `@id`s it declares and which it refers to.

Takes the scripts as they were read, yields a `Graph`; text that is no JSON becomes a fault. Knows no vocabulary: what a type
needs is the rules' to know. Source: JSON-LD 1.1, sections 3.1 and 3.3; only plain contexts are understood.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .page import Tag

_SCHEMA = ("https://schema.org/", "http://schema.org/", "schema:")
_MOST_NODES = 20_000
_DEEP = 12


class Entity(NamedTuple):
    """A node with a type. `types` come without schema.org's prefix; `top` is a node that stands in the script or its `@graph`."""

    types: tuple[str, ...]
    node: Mapping[str, Any]
    tag: Tag
    top: bool

    @property
    def id(self) -> str:
        found = self.node.get("@id")
        return found if isinstance(found, str) else ""

    @property
    def name(self) -> str:
        return "/".join(self.types) + (f" {self.id}" if self.id else "")

    def text(self, key: str) -> str:
        """The first plain text under a key, "" when there is none."""
        return next((one for one in listed(self.node.get(key)) if isinstance(one, str)), "").strip()


class Graph(NamedTuple):
    """`faults` are (script, what is wrong), `referred` are (`@id`, script) of bare references, `foreign` scripts that name no
    context of schema.org."""

    entities: tuple[Entity, ...]
    by_id: Mapping[str, Mapping[str, Any]]
    referred: tuple[tuple[str, Tag], ...]
    faults: tuple[tuple[Tag, str], ...]
    foreign: tuple[Tag, ...]

    def of_type(self, *types: str) -> Iterator[Entity]:
        wanted = set(types)
        return (entity for entity in self.entities if wanted & set(entity.types))

    def resolve(self, value: object) -> object:
        """The node behind a bare reference; anything else stays as it is."""
        if isinstance(value, Mapping) and set(value) == {"@id"}:
            return self.by_id.get(str(value["@id"]), value)
        return value

    def image_urls(self, value: object) -> tuple[str, ...]:
        """The addresses of what stands under `image`, `logo` or `primaryImageOfPage`: texts, ImageObjects, references, lists."""
        found: list[str] = []
        for one in map(self.resolve, listed(value)):
            if isinstance(one, Mapping):
                found += [url for key in ("contentUrl", "url") for url in listed(one.get(key)) if isinstance(url, str)][:1]
            elif isinstance(one, str):
                found.append(one)
        return tuple(found)


def listed(value: object) -> list[Any]:
    """A list as it is, nothing as an empty one, all else as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def read_jsonld(scripts: tuple[Tag, ...]) -> Graph:
    """Read all scripts of a page; references go across scripts."""
    entities: list[Entity] = []
    by_id: dict[str, Mapping[str, Any]] = {}
    referred: list[tuple[str, Tag]] = []
    faults: list[tuple[Tag, str]] = []
    foreign: list[Tag] = []
    for tag in scripts:
        try:
            document = json.loads(tag.text)
        except (ValueError, RecursionError) as error:
            faults.append((tag, str(error)[:120]))
            continue
        if not any(_is_schema(one) for one in listed(document)):
            foreign.append(tag)
        for node, top in _nodes(document):
            types = tuple(_plain(kind) for kind in listed(node.get("@type")) if isinstance(kind, str))
            name = node.get("@id")
            if types:
                entities.append(Entity(types, node, tag, top))
            if isinstance(name, str) and len(node) > 1:
                by_id.setdefault(name, node)
            elif isinstance(name, str):
                referred.append((name, tag))
    return Graph(tuple(entities), by_id, tuple(referred), tuple(faults), tuple(foreign))


def _is_schema(document: object) -> bool:
    if not isinstance(document, Mapping):
        return False
    return any("schema.org" in json.dumps(context) for context in listed(document.get("@context")))


def _nodes(document: object) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Every object at any depth, in order; contexts are none."""
    waiting: list[tuple[object, int]] = [(document, 0)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        value, depth = waiting.pop()
        if isinstance(value, list):
            waiting += [(one, depth) for one in reversed(value)]
        elif isinstance(value, Mapping):
            yield value, depth == 0
            graph = value.get("@graph")
            if depth < _DEEP:
                members = [one for key, one in value.items() if not key.startswith("@")]
                waiting += [(one, depth + 1) for one in reversed(members) if isinstance(one, list | Mapping)]
            if graph is not None:
                waiting.append((graph, depth))


def _plain(kind: str) -> str:
    return next((kind.removeprefix(prefix) for prefix in _SCHEMA if kind.startswith(prefix)), kind)
