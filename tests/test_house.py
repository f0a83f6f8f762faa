"""The house keeps its own rules: sizes, what no import contract can say, pinned versions, a wheel that carries everything."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.sizes import FILE_LINES, FUNCTION_LINES, faults, measure
from tests.support.judges import absent

PLAIN_ROOMS = ("errors.py", "canonical.py", "recipe.py", "model")


def _modules(package: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(package.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"), filename=str(path))


def test_no_file_and_no_function_is_too_long(checkout: Path) -> None:
    assert list(faults(measure(checkout / "aibild_build"))) == []


def test_sizes_are_measured(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("x = 1\n" * (FILE_LINES + 1))
    (tmp_path / "deep.py").write_text("async def deep():\n" + "    x = 1\n" * FUNCTION_LINES)
    (tmp_path / "fine.py").write_text("def fine():\n" + "    x = 1\n" * (FUNCTION_LINES - 1))
    found = list(faults(measure(tmp_path)))
    assert [line.rsplit(": ", 1)[1] for line in found] == [
        f"expected `deep` of at most {FUNCTION_LINES} lines, got {FUNCTION_LINES + 1}",
        f"expected at most {FILE_LINES} lines, got {FILE_LINES + 1}",
    ]


def test_plain_rooms_use_the_standard_library_only(checkout: Path) -> None:
    foreign = []
    for path, tree in _modules(checkout / "aibild_build"):
        if path.relative_to(checkout / "aibild_build").parts[0] not in PLAIN_ROOMS:
            continue
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            foreign += [f"{path.name}: {name}" for name in names if name.partition(".")[0] not in sys.stdlib_module_names]
    assert foreign == []


def test_no_type_is_borrowed_from_above(checkout: Path) -> None:
    """Under `if TYPE_CHECKING` stand third-party types at most: a type of ours that is needed below lives on the wrong floor."""
    borrowed = [
        f"{path.name}:{inner.lineno}"
        for path, tree in _modules(checkout / "aibild_build")
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
        if isinstance(inner, ast.ImportFrom) and inner.level
    ]
    assert borrowed == []


def test_nothing_is_left_undone(checkout: Path) -> None:
    marks = ("TODO", "FIXME", "XXX", "NotImplementedError")
    files = [path for folder in ("aibild_build", "scripts") for path in sorted((checkout / folder).rglob("*.py"))]
    assert [path.name for path in files if any(mark in path.read_text("utf-8") for mark in marks)] == []


def test_every_dependency_is_pinned_within_its_range(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]
    pins: dict[str, str] = {}
    for line in (checkout / "constraints.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            pins[canonicalize_name(pin.name)] = str(pin.specifier).removeprefix("==")
    for wanted in map(Requirement, project["dependencies"] + project["optional-dependencies"]["dev"]):
        assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)]), wanted
    torch = next(Requirement(line) for line in project["optional-dependencies"]["sdxl"] if line.startswith("torch"))
    assert torch.specifier.contains(pins["torch"])


def test_the_wheel_carries_every_file_of_the_package(checkout: Path, tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling is not installed (extra dev)")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    run = subprocess.run(build, cwd=checkout, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (wheel,) = tmp_path.glob("aibild-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if name.startswith("aibild_build/")}
    listed = subprocess.run(["git", "ls-files", "-z", "aibild_build"], cwd=checkout, capture_output=True, text=True)
    if listed.returncode != 0 or not listed.stdout:
        absent("this is no git checkout, so nobody says which files belong to the package")
    assert set(listed.stdout.strip("\0").split("\0")) - carried == set()
    assert "aibild_build/py.typed" in carried


def test_every_page_exists_in_both_languages(checkout: Path) -> None:
    site = checkout / "site"
    german = {path.relative_to(site / "de").as_posix() for path in (site / "de").rglob("*.md")}
    english = {path.relative_to(site).as_posix() for path in site.rglob("*.md") if "de" not in path.relative_to(site).parts[:1]}
    assert english == german
    assert len(english) >= 6
