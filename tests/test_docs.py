"""The documentation keeps pace with the code: each command, option, rule, setting and plug stands on a page in both languages.

A name counts when it stands in code or in a heading. Prose does not count, since half of the settings are ordinary words.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from aibild_build import engines, errors
from aibild_build.cli import aibild
from aibild_build.source import Fields

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aibild_build"
LANGUAGES = ("en", "de")

_CODE = re.compile(r"^(```+|~~~+)[^\n]*\n(.*?)^\1\s*$|^#+ ([^\n]+)$|(`+)(?!`)(.+?)(?<!`)\4(?!`)", re.S | re.M)
_SOURCE_RULE = re.compile(r"source-[a-z]+(?:-[a-z]+)*")
_READERS = ("config", "brief", "brief.py", "pages", "engines")


@cache
def documented(lang: str) -> str:
    """All code and headings of all pages in one language, as one text."""
    pages = [
        path
        for path in sorted((ROOT / "site").rglob("*.md"))
        if (path.relative_to(ROOT / "site").parts[0] == "de") == (lang == "de")
    ]
    assert pages
    return "\n".join(found[2] or found[3] or found[5] for path in pages for found in _CODE.finditer(path.read_text("utf-8")))


def missing(names: Iterator[str] | set[str], lang: str) -> list[str]:
    """Those names that stand on no page as a word of their own."""
    text = documented(lang)
    return sorted(name for name in set(names) if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups included."""
    if path:
        yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            if not inner.hidden:
                yield from commands(inner, (*path, name))


def options(command: click.Command) -> Iterator[str]:
    """The long names of a command's own options."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield from (name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("--"))


def trees(*rooms: str) -> Iterator[ast.Module]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if not rooms or path.relative_to(PACKAGE).parts[0] in rooms:
            yield ast.parse(path.read_text("utf-8"))


def rules() -> Iterator[str]:
    """Every rule id in the source: `rule="…"`, and any text that looks like a `source-…` rule."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "rule" and isinstance(node.value, ast.Constant):
                yield str(node.value.value)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _SOURCE_RULE.fullmatch(node.value):
                yield node.value


def keys(*rooms: str) -> Iterator[str]:
    """Every key that a reader of settings, briefs, front matter or sidecars asks `Fields` for by name."""
    methods = {name for name, _ in inspect.getmembers(Fields, inspect.isfunction) if not name.startswith("_")}
    for tree in trees(*(rooms or _READERS)):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods and node.args:
                first = node.args[0]
                if (
                    isinstance(first, ast.Constant)
                    and isinstance(first.value, str)
                    and re.fullmatch(r"[a-z][a-z_]*", first.value)
                ):
                    yield first.value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_command_has_its_place(lang: str) -> None:
    assert missing({f"aibild {name}" for name, _ in commands(aibild)}, lang) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_option_has_its_place(lang: str) -> None:
    assert missing({name for _, command in commands(aibild) for name in options(command)} | set(options(aibild)), lang) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_has_its_place(lang: str) -> None:
    found = set(rules())
    assert len(found) > 8
    assert missing(found, lang) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_key_has_its_place(lang: str) -> None:
    found = set(keys())
    assert {"base_url", "title", "alt", "negative"} <= found
    assert missing(found, lang) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_engine_has_its_place(lang: str) -> None:
    assert missing(set(engines.names()) - {"flat"}, lang) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_exit_code_has_its_place(lang: str) -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.AibildError)]
    assert missing({str(kind.exit_code) for kind in kinds} | {"0"}, lang) == []


def test_links_between_documents_lead_to_files() -> None:
    broken = []
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]:
        for url in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
            file = url.partition("#")[0]
            if file and "://" not in file and not file.startswith("mailto:") and not (path.parent / file).exists():
                broken.append(f"{path.relative_to(ROOT)}: {url}")
    assert broken == []


def test_the_reader_of_pages_finds_code_and_headings_only() -> None:
    page = "### source-path\n\nUse `--frozen`, not title.\n\n```toml\nbase_url = 1\n# why\n```\n\nA ``tick ` inside``."
    assert [found[2] or found[3] or found[5] for found in _CODE.finditer(page)] == [
        "source-path",
        "--frozen",
        "base_url = 1\n# why\n",
        "tick ` inside",
    ]
