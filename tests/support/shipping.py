"""Built sites without a build: folders as aibild leaves them, of any size, and targets to bring them to."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from aibild_build.bucket import Bucket
from aibild_build.build.publish import marker_bytes
from aibild_build.canonical import digest_of
from aibild_build.config import TargetSettings
from aibild_build.deploy import BuiltSite, Clock, Manner, Shipped, deploy, read_built
from aibild_build.imagefile import media_type_of
from aibild_build.lock import Lock, write_lock
from aibild_build.model import Cache, Output
from aibild_build.targets import Target

BASE = "https://harbour.example/"
_NAMED = re.compile(rb'(?:src|href)="([^"]+)"')


def site_files(pages: int, edition: str = "first", pictures: int = 2) -> dict[str, bytes]:
    """A site of pages that each name `pictures` files of their edition, and link to the page before them."""
    files: dict[str, bytes] = {}
    for number in range(pages):
        names = []
        for picture in range(pictures):
            data = f"picture {picture} of page {number}, {edition}".encode() * 20
            name = f"images/p{number}-{picture}.{sha256(data).hexdigest()[:10]}.avif"
            files[name] = data
            names.append(name)
        shown = "".join(f'<img src="/{name}">' for name in names)
        former = "/index.html" if number == 1 else f"/page-{number - 1}/index.html"
        before = f'<a href="{former}">back</a>' if number else ""
        path = f"page-{number}/index.html" if number else "index.html"
        files[path] = f'<!doctype html><title>{edition} {number}</title>{shown}{before}<link href="/site.css">'.encode()
    files["site.css"] = f"/* {edition} */ body{{}}".encode()
    files["sitemap.xml"] = f"<urlset><!-- {edition} --></urlset>".encode()
    return files


def write_built(
    folder: Path,
    files: Mapping[str, bytes],
    *,
    base_url: str = BASE,
    draft: bool = False,
    lock: Lock | None = None,
    unapproved: tuple[str, ...] = (),
    pixels: Mapping[str, str] | None = None,
) -> Path:
    """The folder as a build would leave it. Files of former calls that are not in `files` go."""
    rows = []
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        cache = Cache.IMMUTABLE if path.startswith("images/") else Cache.REVALIDATE
        shown = (pixels or {}).get(path, "")
        rows.append(
            Output(path=path, digest=digest_of(data), bytes=len(data), media_type=media_type_of(path), cache=cache, pixels=shown)
        )
    for found in [path for path in folder.rglob("*") if path.is_file()]:
        if found.relative_to(folder).as_posix() not in files:
            found.unlink()
    (folder / ".aibild").mkdir(exist_ok=True)
    pinned = digest_of(write_lock((lock or Lock()).untold()).encode())
    marker = marker_bytes(rows, lock_digest=pinned, draft=draft, base_url=base_url, unapproved=unapproved)
    (folder / ".aibild/build.json").write_bytes(marker)
    return folder


def built_site(folder: Path, files: Mapping[str, bytes], **facts: object) -> BuiltSite:
    return read_built(write_built(folder, files, **facts), lambda digest: None)  # type: ignore[arg-type]


@dataclass
class Ticks:
    """A clock whose releases have different names, however fast they follow each other."""

    count: int = 0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(monotonic=time.monotonic, sleep=self.sleep, moment=self.moment)

    def moment(self) -> str:
        self.count += 1
        return f"20261123T{self.count:06}Z"

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(min(seconds, 0.2))


def settings_for(kind: str, address: str, **changes: object) -> TargetSettings:
    return TargetSettings(name="production", kind=kind, address=address, base_url=BASE, **changes)  # type: ignore[arg-type]


def ship(
    site: BuiltSite, settings: TargetSettings, target: Target, ticks: Ticks, lock: Lock | None = None, **manner: object
) -> Shipped:
    return deploy(site, lock or Lock(), settings, target, ticks.clock(), Manner(**manner))  # type: ignore[arg-type]


def shown_files(bucket: Bucket, folder: str = "") -> dict[str, bytes]:
    """What lies at the origin for readers: everything but our own records."""
    found = {}
    for entry in bucket.list(folder):
        if not entry.key.startswith(".aibild/") and (one := bucket.get(entry.key)) is not None:
            found[entry.key.removeprefix(folder)] = one.data
    return found


def broken_references(files: Mapping[str, bytes]) -> list[str]:
    """`page: file` for each file that a page names and that is not there."""
    return [f"{path}: {name}" for path, name in references(files) if name not in files]


def references(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    for path, data in files.items():
        if path.endswith(".html"):
            yield from ((path, name.decode().lstrip("/")) for name in _NAMED.findall(data))


def environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root)}
