"""A review board over a small project: three candidates for one brief, one for the other, and a server in front of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aibild_build.build.review import ReviewDesk
from aibild_build.lock import LOCK_FILE, Lock, read_lock
from aibild_build.model import Actor
from aibild_build.web import Events, Local, Watch
from aibild_build.web.review import Review
from tests.support.project import run_build, write_project

ADA = "Ada Lovelace <ada@example.org>"
WHEN = "2026-11-23T10:00:00Z"
QUAY = (
    "engine: sketch\nsubject: a quay at dawn\nlight: low sun\nsize: [640, 360]\nseed: 2777976\ncandidates: 3\nfocal: [0.7, 0.4]\n"
    "safe_areas:\n  '*':\n    - {x: 0.05, y: 0.6, width: 0.4, height: 0.3, colour: '#ffffff'}\n"
    "alt:\n  en: A quay at dawn\n  de: {draft: Ein Kai im Morgenlicht}\n"
)


@dataclass(frozen=True, slots=True)
class Reviewed:
    root: Path
    desk: ReviewDesk
    server: Local

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/"

    def lock(self) -> Lock:
        return lock_of(self.root)

    def trail(self) -> list[dict[str, Any]]:
        return trail_of(self.root)


def project(root: Path, changes: dict[str, str | None] | None = None) -> Path:
    """Written and built once: the lock pins all candidates, the first is in use."""
    write_project(root, {"briefs/quay.yaml": QUAY, **(changes or {})})
    run_build(root)
    return root


def desk(root: Path, who: str = ADA, **options: Any) -> ReviewDesk:
    return ReviewDesk(root, lambda: Actor(who=who, source="git", when=WHEN), **options)


@contextmanager
def reviewing(root: Path, who: str = ADA, **options: Any) -> Iterator[Reviewed]:
    """The board of `root` behind a server on a free port."""
    at, events = desk(root, who, **options), Events()
    app = Review(at, events, "the-key")
    with Watch(at.stamp, app.changed, every_s=0.05), Local(app, key="the-key") as server:
        yield Reviewed(root, at, server)
        events.close()


def lock_of(root: Path) -> Lock:
    lock, findings = read_lock((root / LOCK_FILE).read_text("utf-8"))
    assert not findings
    return lock


def trail_of(root: Path) -> list[dict[str, Any]]:
    file = root / "aibild.audit.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
