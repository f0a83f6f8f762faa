"""`briefs/blocks/*.yaml` → prompt blocks, and lists of block names → pieces of a prompt.

Takes the project's root, yields blocks by name. One file is one block, named by its file; `text` is what goes into prompts,
`note` is for people. A block's version is the short digest of its text, so that a picture can say which wording it was made
with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..canonical import digest_of
from ..model import Finding
from ..source import Fields, Key, fatal, nearest_hint, read_text, read_yaml, shown
from .layers import Piece, tidy

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VERSION_LENGTH = 12
_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    name: str
    text: str

    @property
    def version(self) -> str:
        return digest_of(self.text.encode())[:_VERSION_LENGTH]


def read_blocks(root: Path) -> tuple[dict[str, Block], tuple[Finding, ...]]:
    """All blocks by name. One that cannot be read is there with an empty text, so that its users are not called wrong too."""
    blocks: dict[str, Block] = {}
    files, findings = read_folder(root, "briefs/blocks")
    for name, table in files.items():
        text = ""
        if table is not None:
            text = tidy(table.text("text", required=True))
            table.text("note")
            findings += table.finish()
        blocks[name] = Block(name=name, text=text)
    return blocks, findings


def read_folder(root: Path, folder: str) -> tuple[dict[str, Fields | None], tuple[Finding, ...]]:
    """The YAML files of a folder by their names without suffix, sorted; None for one that cannot be read. No sub-folders."""
    files: dict[str, Fields | None] = {}
    findings: list[Finding] = []
    place = root.joinpath(*folder.split("/"))
    entries = sorted(entry.name for entry in place.iterdir()) if place.is_dir() else []
    for entry in entries:
        name, dot, suffix = entry.rpartition(".")
        path = f"{folder}/{entry}"
        if entry.startswith(".") or suffix not in ("yaml", "yml") or not dot:
            continue
        if suffix == "yml":
            findings.append(fatal("source-path", f"expected files that end in .yaml, got {shown(entry)}", path, hint="rename it"))
        elif len(name) > _NAME_LENGTH:
            message = f"expected a file name of at most {_NAME_LENGTH} characters before .yaml, got {len(name)}"
            findings.append(fatal("source-path", message, path, hint="the file name is the id, and part of every picture's name"))
        elif not NAME.fullmatch(name):
            message = f"expected a file name in kebab-case (a–z, 0–9, hyphens), got {shown(entry)}"
            findings.append(fatal("source-path", message, path, hint="the file name is the id"))
        else:
            files[name], found = _read(root, path)
            findings += found
    return files, tuple(findings)


def _read(root: Path, path: str) -> tuple[Fields | None, tuple[Finding, ...]]:
    text, findings = read_text(root, path)
    if text is None:
        return None, findings
    document, findings = read_yaml(text, path)
    return (Fields(document) if document else None), findings


def read_part(table: Fields, key: str, blocks: Mapping[str, Block]) -> tuple[Piece, ...]:
    """A prompt part: one text, or a list of block names."""
    written = table.value(key)
    if written is None:
        return ()
    if isinstance(written, str):
        return (Piece(text=written),)
    if not isinstance(written, list | tuple):
        table.wrong(key, "text, or list of block names")
        return ()
    pieces = (_block(table, (key, index), name, blocks) for index, name in enumerate(written))
    return tuple(piece for piece in pieces if piece is not None)


def read_negative(table: Fields, key: str, blocks: Mapping[str, Block]) -> tuple[Piece, ...]:
    """A text, or a list in which each item is the name of a block or a text."""
    return negative_pieces(table.texts(key), blocks)


def negative_pieces(texts: Sequence[str], blocks: Mapping[str, Block]) -> tuple[Piece, ...]:
    return tuple(Piece(text=blocks[text].text, block=text) if text in blocks else Piece(text=text) for text in texts)


def _block(table: Fields, key: Key, name: object, blocks: Mapping[str, Block]) -> Piece | None:
    if isinstance(name, str) and name in blocks:
        return Piece(text=blocks[name].text, block=name)
    if isinstance(name, str) and not NAME.fullmatch(name):
        hint = "write words of your own as one text, without a list; or put them into briefs/blocks/NAME.yaml"
    else:
        hint = nearest_hint(str(name), blocks) or "blocks are files in briefs/blocks"
    table.wrong(key, "name of a prompt block", rule="source-reference", hint=hint)
    return None
