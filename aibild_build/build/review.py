"""The desk of `aibild review`: what the board shows, bytes for its pictures, and decisions carried out.

Takes a project's root and who decides. Reads again whenever lock, trail or source differ from what it read last; writes nothing
but decisions, which go through `deciding`. A decision is carried out only on what its author has seen of the lock.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from html import escape
from pathlib import Path
from time import monotonic

from ..audit import TRAIL_FILE, read_trail
from ..canonical import digest_of
from ..config import CONFIG_FILE
from ..errors import DecisionError, TemplateError
from ..lock import LOCK_FILE, Pin
from ..model import Actor
from ..plan import TEMPLATES_FOLDER
from ..plan.pictures import find_pinned
from ..plan.reading import Project, open_project
from ..plan.shared import open_shared
from .board import Board, Entry, read_board, seen_of
from .deciding import approve_pictures, pick_picture, reject_pictures, withdraw_pictures
from .on_page import page_with
from .pinning import read_now, trail_text
from .preview import Box, cut_picture, open_master

KINDS = ("approve", "reject", "withdraw", "pick")
_CUT = re.compile(r"([0-9a-f]{64})-(\d{1,5})-(\d{1,5})-(\d{1,5})-(\d{1,5})-(\d{2,4})")
_CUTS_KEPT = 200  # about 30 MB
_MASTERS_KEPT = 4  # about 40 MB; of one master several cuts are asked for in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A decision on one candidate. `seen` is the digest of what the page showed of the lock (`Entry.seen`)."""

    kind: str
    entry: Entry
    pixels: str
    seen: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of it: "" when it was written, else why it was not. `stale` is True when the lock had changed meanwhile."""

    problem: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: str
    project: Project
    pins: Mapping[str, Pin]
    board: Board


class ReviewDesk:
    """Reads, shows and decides for the project at `root`, of the named briefs or of all; from several threads at once.

    `actor` says who decides, and when it is. `role` is the one in which they do, "" for their only one.
    """

    def __init__(
        self,
        root: Path,
        actor: Callable[[], Actor],
        *,
        store_dir: Path | None = None,
        briefs: tuple[str, ...] = (),
        role: str = "",
    ) -> None:
        self._root, self._actor, self._briefs, self._role = root, actor, briefs, role
        self._turn = threading.Lock()
        project = open_project(root)
        self._store = open_shared(project.config, os.environ, monotonic, store_dir=store_dir, read_only=True)
        self._cut = lru_cache(_CUTS_KEPT)(self._made_cut)
        self._master = lru_cache(_MASTERS_KEPT)(partial(open_master, self._store))
        self._now = self._read(self._source())

    @property
    def who(self) -> str:
        return self._actor().who

    def board(self) -> Board:
        """The board as it is now. Raises SourceError while the site's source is wrong."""
        return self._current().board

    def stamp(self) -> str:
        """Changes with lock and trail."""
        return _stamp(self._root / name for name in (LOCK_FILE, TRAIL_FILE))

    def cut(self, name: str) -> bytes | None:
        """WebP of a cut by its name (`preview.cut_name` without the ending), None for pixels that the lock does not pin."""
        found = _CUT.fullmatch(name)
        pin = self._now.pins.get(found[1]) if found else None
        if found is None or pin is None:
            return None
        x, y, width, height, width_px = map(int, found.groups()[1:])
        asset = find_pinned(self._store, pin)
        if asset is None or not (width and height and width_px) or x + width > asset.size[0] or y + height > asset.size[1]:
            return None
        return self._cut(asset.digest, (x, y, width, height), width_px)

    def page(self, entry: Entry, number: int, showing: int) -> str | None:
        """HTML of a page that shows the picture, with the candidate `number` in it; None where there is none."""
        choice = next((one for one in entry.choices if one.number == number), None)
        if choice is None or not choice.digest or not 0 <= showing < len(entry.shown):
            return None
        try:
            return page_with(self._current().project, entry, choice, entry.shown[showing], "../cuts/")
        except TemplateError as error:
            return f"<!doctype html><title>-</title><p>{escape(error.path)}: {escape(error.message)}</p>"

    def evidence(self, digest: str) -> bytes | None:
        """PNG of what a gate points at, None for one that no verdict names."""
        entries = self._now.board.entries
        named = {verdict.evidence for entry in entries for choice in entry.choices for verdict in choice.verdicts}
        return self._store.get(digest) if digest and digest in named else None

    def decide(self, asked: Asked) -> Said:
        """Carry a decision out, or say why not."""
        entry, actor = asked.entry, self._actor()
        with self._turn:
            if seen_of(read_now(self._root).pinned(entry.brief, entry.name)) != asked.seen:
                return Said(problem="the lock has changed meanwhile", stale=True)
            try:
                self._carry_out(asked, entry, actor)
            except DecisionError as error:
                return Said(problem=f"{error.message}; {error.hint}" if error.hint else error.message)
        return Said()

    def _carry_out(self, asked: Asked, entry: Entry, actor: Actor) -> None:
        root, brief, asset, pixels = self._root, entry.brief, entry.name, asked.pixels
        if not actor.who:
            raise DecisionError("nobody is known here who could decide", hint="git config user.email NAME@EXAMPLE.ORG")
        if asked.kind == "approve":
            approve_pictures(root, brief, actor, role=self._role, asset=asset, pixels=pixels)
        elif asked.kind == "reject":
            reject_pictures(root, brief, actor, reason=asked.reason, role=self._role, asset=asset, pixels=pixels)
        elif asked.kind == "withdraw":
            withdraw_pictures(root, brief, actor, asset=asset, pixels=pixels)
        else:
            pick_picture(root, brief, actor, asset=asset, pixels=pixels)

    def _current(self) -> _Read:
        source = self._source()
        with self._turn:
            if source != self._now.stamp:
                self._now = self._read(source)
            return self._now

    def _read(self, source: str) -> _Read:
        project = open_project(self._root)
        trail, _ = read_trail(trail_text(self._root))
        everything = (pinned for assets in project.lock.briefs.values() for pinned in assets.values())
        pins = {pin.pixels: pin for pinned in everything for pin in pinned.candidates}
        return _Read(source, project, pins, read_board(project, self._store, trail, self._briefs))

    def _source(self) -> str:
        """Changes with anything that the board is made of. A walk of all sources, so for pages and not for every second."""
        return _stamp(_sources(self._root))

    def _made_cut(self, digest: str, box: Box, width_px: int) -> bytes:
        return cut_picture(self._master(digest), box, width_px)


def _sources(root: Path) -> Iterator[Path]:
    yield from (root / name for name in (LOCK_FILE, TRAIL_FILE, CONFIG_FILE))
    for folder in ("briefs", "site", TEMPLATES_FOLDER):
        for path, _, names in os.walk(root / folder):
            yield from (Path(path) / name for name in sorted(names))


def _stamp(paths: Iterator[Path]) -> str:
    rows = []
    for path in paths:
        try:
            found = path.stat()
            rows.append(f"{path} {found.st_mtime_ns} {found.st_size} {found.st_ino}")
        except OSError:
            rows.append(str(path))
    return digest_of("\n".join(rows).encode("utf-8", "surrogateescape"))[:16]
