"""The price tag of every room: its lines, its longest file and its longest function.

Reads `aibild_build/**/*.py` below the current folder (or the one given), prints one line a room and fails when a file or a
function is over the house's limits. It measures and knows nothing of what the code does.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE_LINES = 600
FUNCTION_LINES = 80


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: its lines and, for each function, (name, first line, lines)."""

    path: Path
    lines: int
    functions: tuple[tuple[str, int, int], ...]


def measure(package: Path) -> tuple[Measured, ...]:
    """All Python files of the package, in the order of their paths."""
    return tuple(_measure_file(path, path.read_text("utf-8")) for path in sorted(package.rglob("*.py")))


def faults(files: tuple[Measured, ...]) -> Iterator[str]:
    """A sentence for every file and function over its limit."""
    for file in files:
        if file.lines > FILE_LINES:
            yield f"{file.path}: expected at most {FILE_LINES} lines, got {file.lines}"
        for name, line, lines in file.functions:
            if lines > FUNCTION_LINES:
                yield f"{file.path}:{line}: expected `{name}` of at most {FUNCTION_LINES} lines, got {lines}"


def table(files: tuple[Measured, ...], package: Path) -> Iterator[str]:
    """One line a room: files, lines, longest file, longest function."""
    rooms: dict[str, list[Measured]] = defaultdict(list)
    for file in files:
        rooms[file.path.relative_to(package).parts[0].removesuffix(".py")].append(file)
    yield f"{'room':<14}{'files':>6}{'lines':>7}  longest file, longest function"
    for room, members in sorted(rooms.items(), key=lambda item: -sum(file.lines for file in item[1])):
        longest = max(members, key=lambda file: file.lines)
        functions = [function for file in members for function in file.functions]
        name, _, lines = max(functions, key=lambda function: function[2], default=("–", 0, 0))
        total = sum(file.lines for file in members)
        yield f"{room:<14}{len(members):>6}{total:>7}  {longest.path.name} {longest.lines}, {name} {lines}"
    yield f"{'all':<14}{len(files):>6}{sum(file.lines for file in files):>7}"


def _measure_file(path: Path, text: str) -> Measured:
    functions = tuple(
        (node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(text, filename=str(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return Measured(path, len(text.splitlines()), functions)


def main(arguments: list[str]) -> int:
    package = Path(arguments[0] if arguments else "aibild_build")
    files = measure(package)
    print("\n".join(table(files, package)))
    found = list(faults(files))
    print("\n".join(found), end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
