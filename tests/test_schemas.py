"""The JSON Schemas for editors: what the readers say today, sound in themselves, and of one mind with the files that build."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml12

from aibild_build.build.start import init
from scripts.schemas import FOLDER, main, schemas

ROOT = Path(__file__).parents[1]
KINDS = ("config", "page", "brief", "profile", "block")


def faults(kind: str, value: object) -> list[str]:
    schema = json.loads((FOLDER / f"{kind}.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]


def files(root: Path) -> Iterator[tuple[str, Path, Any]]:
    """Every file of a project that a schema is for: kind, path, what it says."""
    yield "config", root / "aibild.toml", tomllib.loads((root / "aibild.toml").read_text("utf-8"))
    for kind, pattern in (("brief", "briefs/*.yaml"), ("profile", "briefs/profiles/*.yaml"), ("block", "briefs/blocks/*.yaml")):
        for path in sorted(root.glob(pattern)):
            yield kind, path, yaml12.parse_yaml(path.read_text("utf-8"))
    for path in sorted(root.glob("site/**/*.md")):
        text = path.read_text("utf-8")
        if text.startswith("---\n"):
            yield "page", path, yaml12.parse_yaml(text.split("---\n")[1])


def test_the_shipped_files_are_what_the_code_says() -> None:
    said: list[str] = []
    assert main(["--check"], said.append) == 0, said


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_schemas_and_leave_no_key_open(kind: str) -> None:
    schema = schemas()[kind]
    jsonschema.Draft7Validator.check_schema(schema)
    stack: list[tuple[str, Any]] = [(kind, schema)]
    while stack:
        path, found = stack.pop()
        assert found, f"{path} may be anything: say in scripts/schemas.py what"
        stack += [(f"{path}.{key}", value) for key, value in found.get("properties", {}).items()]


def test_they_know_what_the_starter_and_our_own_site_say(tmp_path: Path) -> None:
    init(tmp_path)
    found = [
        f"{path.name}: {fault}" for root in (tmp_path, ROOT) for kind, path, value in files(root) for fault in faults(kind, value)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("config", {}),
        ("config", {"site": {"name": "A", "base_url": "https://a.example/"}, "slot": {}}),
        ("config", {"site": {"name": "A", "base_url": "https://a.example/"}, "output": {"compress": ["zip"]}}),
        ("config", {"site": {"name": "A", "base_url": "https://a.example/"}, "rules": {"image-alt-missing": "loud"}}),
        ("config", {"site": {"name": "A", "base_url": "https://a.example/"}, "taxonomy": {"tags": {"a": 1}}}),
        ("page", {}),
        ("page", {"title": "A", "date": "tomorrow"}),
        ("page", {"title": "A", "paginate": -1}),
        ("page", {"title": "A", "product": {"prize": 1}}),
        ("brief", {"seed": "auto"}),
        ("brief", {"size": [640]}),
        ("brief", {"alt": {"en": {"text": "A"}}}),
        ("brief", {"ratios": [{"mode": "crop"}]}),
        ("profile", {"blocks": {"sky": "blue"}}),
        ("block", {"note": "no text"}),
    ],
)
def test_they_refuse_what_the_readers_refuse(kind: str, value: object) -> None:
    assert faults(kind, value) != []


def test_a_starter_file_names_its_schema(tmp_path: Path) -> None:
    init(tmp_path)
    for kind, path, _ in files(tmp_path):
        first = path.read_text("utf-8").partition("\n")[0]
        if kind != "page":
            named = first.rpartition("$schema=")[2] if kind != "config" else first.removeprefix("#:schema ")
            assert (path.parent / named).resolve() == (tmp_path / f".aibild/schemas/{kind}.json").resolve()
            assert (path.parent / named).is_file()
