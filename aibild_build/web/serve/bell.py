"""Rings when something was saved: watches the folders of a project and gathers what happens within a moment.

Takes places and a function, calls it with the paths of each moment. An event is a doorbell and no fact: a full queue loses some,
so whoever is called looks for itself at what differs. Folders that are deleted and come again are watched again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

_QUIET_S = 0.01
_LONGEST_S = 0.1
_MOST = 1000  # more paths than anybody looks at one by one
_OUR_OWN_READING = frozenset({"opened", "closed_no_write"})


class Bell(FileSystemEventHandler):
    """Calls `rung` with the paths that changed, in a thread of its own, while the block runs. `places` are asked anew each time:
    the first that is a folder is watched by itself, the others with all that lies below."""

    def __init__(self, places: Callable[[], Iterable[Path]], root: Path, rung: Callable[[frozenset[Path]], None]) -> None:
        self._places, self._root, self._rung = places, root, rung
        self._observer = Observer()
        self._watched: dict[Path, tuple[int, ObservedWatch]] = {}
        self._lost: set[Path] = set()  # a folder made again may have the number of the one that was deleted
        self._changed: set[Path] = set()
        self._first = self._last = 0.0
        self._stir = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._listen, name="aibild-bell", daemon=True)

    def __enter__(self) -> Bell:
        self._observer.daemon = True
        self._observer.start()
        self.watch()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._stir:
            self._ended = True
            self._stir.notify()
        self._observer.stop()

    def dispatch(self, event: FileSystemEvent) -> None:
        """What watchdog calls for every event."""
        if event.event_type in _OUR_OWN_READING or (event.is_directory and event.event_type == "modified"):
            return
        paths = [Path(os.fsdecode(path)) for path in (event.src_path, event.dest_path) if path]
        with self._stir:
            if event.event_type in ("deleted", "moved"):
                self._lost.update(path for path in paths[:1] if path in self._watched)
            now = time.monotonic()
            if not self._changed:
                self._first = now
            self._last = now
            if len(self._changed) < _MOST:
                self._changed.update(paths)
            self._stir.notify()

    def watch(self) -> None:
        """Watch the places as they are now: new ones, and folders that were deleted and made again."""
        with self._stir:
            lost, self._lost = self._lost, set()
        wanted = {place: number for place in self._places() if (number := _number(place))}
        for place, (number, watch) in list(self._watched.items()):
            if wanted.get(place) != number or place in lost:
                del self._watched[place]
                with suppress(KeyError):
                    self._observer.unschedule(watch)
        for place, number in wanted.items():
            if place not in self._watched:
                try:
                    self._watched[place] = number, self._observer.schedule(self, str(place), recursive=place != self._root)
                except OSError:  # gone again, or no watches left: the next moment tries again
                    continue

    def _listen(self) -> None:
        while (paths := self._moment()) is not None:
            if self._lost or len(paths) >= _MOST or any(path.parent == self._root for path in paths):
                self.watch()
            self._rung(paths)

    def _moment(self) -> frozenset[Path] | None:
        """What changed until it was quiet for a moment; None at the end."""
        with self._stir:
            while not self._ended:
                now = time.monotonic()
                if not self._changed:
                    self._stir.wait()
                elif now - self._last >= _QUIET_S or now - self._first >= _LONGEST_S:
                    paths, self._changed = frozenset(self._changed), set()
                    return paths
                else:
                    self._stir.wait(min(self._last + _QUIET_S, self._first + _LONGEST_S) - now)
        return None


def _number(place: Path) -> int:
    """What tells a folder from one that takes its place, 0 for none."""
    try:
        return place.stat().st_ino if place.is_dir() else 0
    except OSError:
        return 0
