"""A built site that notes what is asked of it, so that a verdict can be kept for as long as the answers are the same.

Takes what `BuiltSite` takes, and is one. An entry of `asked` is a file's path where its bytes were asked for, `?` and the path
where only its presence was, `?*` for the list of all files and `?today` for the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, ValuesView
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..budgets.reading import BuiltSite, Css, Embedded, Kind, Target
from ..budgets.reading.site import MARKER, MAX_TEXT_BYTES
from ..config import Config
from ..model import FileFacts

EVERY_FILE = "?*"
DAY = "?today"
MARK_BYTES = 20
_MOST_REMEMBERED = 5_000


class RecordedSite(BuiltSite):
    """`marks` tell what was read of files, where verdicts are `kept`. `files` spares the walk where they are known already."""

    def __init__(
        self,
        root: Path,
        base_url: str,
        config: Config,
        today: str,
        files: Mapping[str, int] | None = None,
        *,
        kept: bool = True,
    ) -> None:
        self.asked: set[str] = set()
        self.marks: dict[str, bytes] = {}
        self._kept = kept
        self._led: dict[tuple[str, str], Target | None] = {}
        self._given = files
        super().__init__(root, base_url, config, today)

    def begin(self) -> None:
        """From here on `asked` is about something else. Answers to a great many questions are let go of, so memory stays flat."""
        self.asked = set()
        self._led = {}
        for memory in (self._targets, self._facts, self._embedded, self._transfers):
            if len(memory) > _MOST_REMEMBERED:
                memory.clear()

    @property
    def files(self) -> Mapping[str, int]:
        return _Files(self._files, self)

    @files.setter
    def files(self, files: Mapping[str, int]) -> None:
        self._files = files

    @property
    def sizes(self) -> Mapping[str, int]:
        """All files, without a note that they were asked for."""
        return self._files

    @property
    def today(self) -> str:
        self.asked.add(DAY)
        return self._today

    @today.setter
    def today(self, day: str) -> None:
        self._today = day

    @property
    def day(self) -> str:
        """The day, without a note that it was asked for."""
        return self._today

    @property
    def pages(self) -> tuple[str, ...]:
        self.asked.add(EVERY_FILE)
        if not hasattr(self, "_pages"):
            self._pages = super().pages
        return self._pages

    @property
    def marker(self) -> Mapping[str, Any]:
        self.asked.add(MARKER)
        if not hasattr(self, "_marker"):
            self._marker = super().marker
        return self._marker

    def read(self, path: str, limit: int = MAX_TEXT_BYTES) -> bytes:
        self.asked.add(path)
        data = super().read(path, limit)
        size = self._files.get(path, 0)
        if self._kept and len(data) == min(size, limit):
            self.marks[path] = max(_mark(data, size), self.marks.get(path, b""))
        return data

    def resolve(self, url: str, base: str) -> Target | None:
        if (url, base) not in self._led:
            target = self._led[url, base] = super().resolve(url, base)
            if target is not None and target.kind is not Kind.ELSEWHERE:
                self.asked.update(_looked_for(target))
        return self._led[url, base]

    def facts(self, path: str) -> FileFacts | None:
        self.asked.add(path)
        return super().facts(path)

    def fault(self, path: str) -> str:
        self.asked.add(path)
        return super().fault(path)

    def embedded(self, path: str) -> Embedded | None:
        self.asked.add(path)
        return super().embedded(path)

    def transfer_bytes(self, path: str) -> int:
        self.asked.update((path, f"?{path}.br", f"?{path}.gz"))
        return super().transfer_bytes(path)

    def sheet(self, path: str) -> Css:
        self.asked.add(path)
        return super().sheet(path)

    def _walk(self) -> Iterable[tuple[str, int]]:
        return super()._walk() if self._given is None else self._given.items()


class _Files(Mapping[str, int]):
    """Path → bytes, telling the site what was looked for."""

    def __init__(self, files: Mapping[str, int], site: RecordedSite) -> None:
        self._files = files
        self._site = site

    def __getitem__(self, path: str) -> int:
        self._site.asked.add(path)
        return self._files[path]

    def __contains__(self, path: object) -> bool:
        self._site.asked.add(f"?{path}")
        return path in self._files

    def __iter__(self) -> Iterator[str]:
        self._site.asked.add(EVERY_FILE)
        return iter(self._files)

    def values(self) -> ValuesView[int]:
        self._site.asked.add(EVERY_FILE)
        self._site.asked.update(self._files)
        return self._files.values()

    def __len__(self) -> int:
        self._site.asked.add(EVERY_FILE)
        return len(self._files)


def is_marked(file: Path, mark: bytes) -> bool:
    """Whether a file still holds what the mark is of."""
    read = int.from_bytes(mark[:4])
    try:
        with file.open("rb") as opened:
            return read > 0 and _mark(opened.read(read), file.stat().st_size) == mark
    except OSError:
        return False


def _mark(data: bytes, size: int) -> bytes:
    """What tells two files apart: how much was read, and a digest of that and of the file's size. More is greater."""
    return len(data).to_bytes(4) + sha256(size.to_bytes(8) + data).digest()[: MARK_BYTES - 4]


def _looked_for(target: Target) -> tuple[str, ...]:
    """The files whose coming or going would make an address lead elsewhere."""
    path = target.path
    if target.kind is Kind.FILE:
        plain = path.removesuffix(".html")
        return (f"?{path}",) if plain == path or plain.endswith("index") else (f"?{path}", f"?{plain}", f"?{plain}/index.html")
    folder = path.rstrip("/")
    names = (folder, f"{folder}.html", f"{folder}/index.html", f"{folder}/index.htm") if folder else ("index.html", "index.htm")
    return ("_redirects", *(f"?{name}" for name in names))
