"""What picture files say of themselves, and whether they are what the project's lock pins: the entry point of `aibild verify`.

Takes files, folders and addresses, yields one `Said` a file. Nothing is fetched but those addresses, unless it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ..canonical import digest_of
from ..errors import AibildError
from ..imagefile import ImageFault, Probe, fields, format_of_name, probe, source_type_of
from ..imagefile.manifest import ManifestState, verify_manifest
from ..imagefile.unsigned import without_manifest
from ..lock import LOCK_FILE, Lock, read_lock
from .publish import read_marker

SIGNABLE = ("jpeg", "png", "webp", "avif")
MAX_BYTES = 100_000_000
_TIMEOUT_S = 30
_SOURCE_TYPE, _LINK = "Iptc4xmpExt:DigitalSourceType", "dcterms:provenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One file. `fault` is why it cannot be read. `credential` is `none`, `linked` (and not followed), `invalid`, `valid` or
    `trusted`, `faults` the codes of what failed. `lock` is `equal`, `altered` (its name is ours, its bytes are not), `unpinned`
    (the lock pins other pixels), `passed` (it was passed through), or `unknown` where the project has no such file.
    `watermark` is "" where nobody looked, `none`, `small` (too small to look), `unread`, or the brief or id that was read.
    """

    file: str
    fault: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    source_type: str = ""
    credential: str = "none"
    faults: tuple[str, ...] = ()
    signed_by: str = ""
    issuer: str = ""
    time: str = ""
    actions: tuple[str, ...] = ()
    lock: str = "unknown"
    picture: str = ""
    watermark: str = ""
    watermark_score: float = 0.0

    @property
    def good(self) -> bool:
        """Whether nothing contradicts what the file says."""
        return not self.fault and self.credential != "invalid" and self.lock not in ("altered", "unpinned")


@dataclass(frozen=True, slots=True)
class Marks:
    """What watermarks are looked for with: the key, and ids that are likely, with the brief of each."""

    key: bytes
    briefs: Mapping[str, str] = field(default_factory=dict)


def with_mark(said: Said, data: bytes, marks: Marks | None) -> Said:
    """The same with what is found of a watermark."""
    if marks is None or said.fault:
        return said
    from ..imagefile import decode
    from ..imagefile.watermark import SMALLEST_PX, detect

    if min(said.width, said.height) < SMALLEST_PX:
        return replace(said, watermark="small")
    try:
        picture = decode(data)
    except ImageFault as fault:
        return replace(said, fault=str(fault))
    mark = detect(picture.samples, picture.size, picture.mode, key=marks.key, known=tuple(marks.briefs))
    found = marks.briefs.get(mark.id, mark.id) or "unread"
    return replace(said, watermark=found if mark.found else "none", watermark_score=round(mark.score, 1))


@dataclass(frozen=True, slots=True)
class Known:
    """The files of a built site: digest without signature by path, the picture (id, pixels) of each, and what the lock pins."""

    unsigned: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()


def known_files(root: Path, output: Path) -> Known:
    """What is known of the site that was built into `output`; nothing where it was not built by us."""
    marker = read_marker(output)
    if marker is None:
        return Known()
    rows = {str(row["path"]): str((row.get("facts") or {}).get("unsigned", "")) for row in marker["outputs"]}
    passed = frozenset(path for path, digest in rows.items() if not digest)
    rows = {path: digest for path, digest in rows.items() if digest}
    try:
        index = json.loads((output / "pictures.json").read_bytes())
        pictures = {path.lstrip("/"): (str(name), str(index["pictures"][name]["pixels"])) for path, name in index["urls"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pictures = {}
    lock = _lock(root)
    pins = {one.picked.pixels for assets in lock.briefs.values() for one in assets.values()}
    return Known({digest: path for path, digest in rows.items()}, rows, pictures, frozenset(pins), passed)


def verify(
    targets: Iterable[str], known: Known, *, trust: str = "", fetch: bool = False, marks: Marks | None = None
) -> Iterator[Said]:
    """Each file of `targets` (files, folders, addresses), those of a folder in the order of their names.

    With `marks` watermarks are looked for. Raises AibildError for a target that is not there.
    """
    for target in targets:
        if urlsplit(target).scheme in ("http", "https"):
            data = _fetched(target)
            yield with_mark(_said(target, data, known, trust, _Beside(None, fetch)), data, marks)
            continue
        path = Path(target)
        if not path.exists():
            raise AibildError(f"there is no file or folder {target}")
        for file in _files(path) if path.is_dir() else (path,):
            data = _read(file)
            yield with_mark(_said(str(file), data, known, trust, _Beside(file.parent, fetch)), data, marks)


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and format_of_name(path.name) in SIGNABLE)
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AibildError(f"cannot read {path}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class _Beside:
    """Where linked manifests are looked for: beside the file, and where it points only with `fetch`."""

    folder: Path | None
    fetch: bool

    def manifest(self, link: str) -> bytes:
        name = urlsplit(link).path.rpartition("/")[2]
        if self.folder is not None and name.endswith(".c2pa") and (self.folder / name).is_file():
            return _read(self.folder / name)
        return _fetched(link) if self.fetch and urlsplit(link).scheme in ("http", "https") else b""


def _fetched(url: str) -> bytes:
    try:
        with urlopen(Request(url, headers={"User-Agent": "aibild-verify"}), timeout=_TIMEOUT_S) as answer:
            data: bytes = answer.read(MAX_BYTES + 1)
    except HTTPError as error:
        with error:
            raise AibildError(f"cannot fetch {url}: the server answers {error.code}") from error
    except (URLError, OSError, ValueError) as error:
        raise AibildError(f"cannot fetch {url}: {getattr(error, 'reason', '') or error}") from error
    if len(data) > MAX_BYTES:
        raise AibildError(f"{url} has more than {MAX_BYTES // 1_000_000} MB")
    return data


def _said(name: str, data: bytes, known: Known, trust: str, beside: _Beside) -> Said:
    path = _ours(name, known)
    try:
        found = probe(data)
    except ImageFault as fault:
        return Said(file=name, fault=str(fault), bytes=len(data), lock="altered" if path else "unknown")
    written = fields(found)
    state = _state(data, found, written.get(_LINK, ""), trust, beside)
    signature = state.manifest.get("signature_info") or {}
    lock, picture = _against(data, path, known)
    return Said(
        file=name,
        format=found.format,
        width=found.displayed[0],
        height=found.displayed[1],
        bytes=len(data),
        fields=written,
        source_type=source_type_of(written.get(_SOURCE_TYPE, "")),
        credential=state.state,
        faults=state.faults,
        signed_by=str(signature.get("common_name") or ""),
        issuer=str(signature.get("issuer") or ""),
        time=str(signature.get("time") or ""),
        actions=tuple(_actions(state.manifest)),
        lock=lock,
        picture=picture,
    )


def _state(data: bytes, found: Probe, link: str, trust: str, beside: _Beside) -> ManifestState:
    if found.c2pa:
        return verify_manifest(data, found.media_type, trust=trust)
    if not link:
        return ManifestState("none", ())
    manifest = beside.manifest(link)
    if not manifest:
        return ManifestState("linked", ())
    return verify_manifest(data, found.media_type, manifest=manifest, trust=trust)


def _actions(manifest: Mapping[str, Any]) -> Iterator[str]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in assertion.get("data", {}).get("actions") or ():
                yield str(action.get("action", "")).removeprefix("c2pa.")


def _ours(name: str, known: Known) -> str:
    """The path of the built site that a file or address stands for, by the end of its name; "" for none."""
    parts = (urlsplit(name).path if "://" in name else name).split("/")
    ends = ("/".join(parts[at:]) for at in range(len(parts)))
    return next((path for path in ends if path in known.names or path in known.passed), "")


def _against(data: bytes, path: str, known: Known) -> tuple[str, str]:
    """How the file stands to site and lock, and the picture that it shows."""
    if path in known.passed:
        return "passed", ""
    unsigned = digest_of(without_manifest(data))
    if path and known.names[path] != unsigned:
        return "altered", known.pictures.get(path, ("", ""))[0]
    path = path or known.unsigned.get(unsigned, "")
    if not path:
        return "unknown", ""
    name, pixels = known.pictures.get(path, ("", ""))
    return ("equal" if pixels in known.pinned else "unpinned" if pixels else "unknown"), name


def _lock(root: Path) -> Lock:
    try:
        return read_lock((root / LOCK_FILE).read_text("utf-8"))[0]
    except (OSError, ValueError):
        return Lock()
