"""The board as a folder: the same pages, with every picture beside them and nothing that acts. Opens from a disk.

Takes a desk and a folder, yields the number of files. The folder is new, empty, or an earlier export, whose files are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...disk import write_atomic
from ...errors import OutputError
from .desk import Desk
from .view import ASSETS, Pages, languages, page_name

_MARK = ".aibild-review"
_NAMED = re.compile(r"\b(cuts/[0-9a-f-]+\.webp|evidence/[0-9a-f]+\.png)")


def export_board(desk: Desk, folder: Path) -> int:
    """Write the board into `folder`, in every language. Raises OutputError for a folder that holds other things."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise OutputError(f"{folder} holds files that are no review", hint="name a new folder, or empty that one")
    files = {_MARK: b"written by `aibild review --static`; may be deleted\n"}
    for name, text in _pages(desk):
        files[name] = text.encode()
    for name in sorted(
        {found for name, data in files.items() if name.endswith(".html") for found in _NAMED.findall(data.decode())}
    ):
        data = _bytes(desk, name)
        if data is not None:
            files[name] = data
    for asset in sorted(ASSETS.iterdir()):
        files[asset.name] = asset.read_bytes()
    try:
        _remove_others(folder, set(files))
        for name, data in files.items():
            write_atomic(folder / name, data)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}", hint="name another folder") from error
    return len(files) - 1


def _pages(desk: Desk) -> Iterator[tuple[str, str]]:
    pages, board = Pages(static=True), desk.board()
    for lang in languages():
        yield page_name("index", lang), pages.index(board, lang)
        for entry in board.entries:
            yield page_name(entry.slug, lang), pages.entry(board, entry, lang)
    for entry in board.entries:
        for choice in entry.choices:
            for showing in range(len(entry.shown)):
                html = desk.page(entry, choice.number, showing)
                if html is not None:
                    yield f"pages/{entry.slug}.{choice.number}.{showing}.html", html


def _bytes(desk: Desk, name: str) -> bytes | None:
    kind, _, rest = name.partition("/")
    stem = rest.rpartition(".")[0]
    return desk.cut(stem) if kind == "cuts" else desk.evidence(stem)


def _remove_others(folder: Path, names: set[str]) -> None:
    """What an earlier export left: a board with a picture less must not show it on."""
    if folder.is_dir():
        for path in folder.rglob("*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in names:
                path.unlink()
