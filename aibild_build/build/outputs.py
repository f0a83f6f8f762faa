"""Gathers every file of the built site: pages, shared files, the pictures that pages name, and what is passed through.

Takes what was rendered and the renditions at hand, yields the list of `Output`s with a way to each one's bytes. A picture's
bytes stay in the store until its file must be written, so memory does not grow with the number of pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from ..errors import SourceError, StoreCorrupt
from ..imagefile.media import media_type_of
from ..model import Cache, Finding, Level, Origin, Output, Picture, Rendition, StaticFile
from ..plan.reading import Project
from ..store import Store
from .pages import Written, urls_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """All files of the site by path, sorted, and where bytes come from: `fresh` in memory, `staged` beside the output, `blobs` in
    the store, `files` in the project."""

    project: Project
    rows: tuple[Output, ...]
    fresh: Mapping[str, bytes]
    staged: Mapping[str, str]
    blobs: Mapping[str, str]
    files: Mapping[str, StaticFile]
    store: Store

    def away(self) -> frozenset[str]:
        """Paths of pictures that the shared store has and this machine has not."""
        return frozenset(path for path, digest in self.blobs.items() if self.store.size_here(digest) is None)

    def contents(self, output: Output) -> bytes:
        """The bytes of one output. Raises StoreCorrupt when the store's were damaged; they are set aside then."""
        path = output.path
        if path in self.fresh:
            return self.fresh[path]
        if path in self.staged:
            return Path(self.staged[path]).read_bytes()
        if path in self.files:
            return (self.project.config.root / self.files[path].source).read_bytes()
        data = self.store.get(self.blobs[path]) if path in self.blobs else None
        if data is None:
            raise StoreCorrupt(f"the bytes of {path} in the store were damaged", hint="build again: they are made anew")
        return data


def gather(
    project: Project,
    written: Written,
    pictures: Mapping[tuple[str, str, str], Picture],
    renditions: Mapping[str, Rendition],
    store: Store,
    pixels: Mapping[str, str],
) -> Outputs:
    """Every output; `pixels` are by encode key. Raises SourceError when two of them want one path."""
    by_url = {project.config.base_path + one.url: one for one in renditions.values()}
    shown = {key for record in written.records.values() for key in record.pictures}
    named = {url: by_url[url] for (brief, slot, _), one in pictures.items() if (brief, slot) in shown for url in urls_of(one)}
    rows = {path: _text_output(path, digest, written) for path, digest in written.digests.items()}
    for one in named.values():
        rows[one.url] = Output(
            path=one.url,
            digest=one.digest,
            bytes=one.facts.bytes,
            media_type=one.facts.media_type,
            cache=Cache.IMMUTABLE,
            facts=one.facts,
            pixels=pixels.get(one.encode, ""),
        )
    linked = [one for one in named.values() if one.sidecar]
    for one in linked:
        rows[one.sidecar_url] = Output(
            path=one.sidecar_url,
            digest=one.sidecar,
            bytes=one.sidecar_bytes,
            media_type=media_type_of(one.sidecar_url),
            cache=Cache.IMMUTABLE,
            pixels=pixels.get(one.encode, ""),
        )
    _refuse_clashes(project, rows)
    for static in project.site.static:
        rows[static.path] = Output(
            path=static.path,
            digest=static.digest,
            bytes=static.bytes,
            media_type=media_type_of(static.path),
            cache=Cache.REVALIDATE,
        )
    return Outputs(
        project=project,
        rows=tuple(rows[path] for path in sorted(rows)),
        fresh=written.fresh,
        blobs={one.url: one.digest for one in named.values()} | {one.sidecar_url: one.sidecar for one in linked},
        staged=written.staged,
        files={static.path: static for static in project.site.static},
        store=store,
    )


def _text_output(path: str, digest: str, written: Written) -> Output:
    return Output(path=path, digest=digest, bytes=written.sizes[path], media_type=media_type_of(path), cache=Cache.REVALIDATE)


def _refuse_clashes(project: Project, rows: Mapping[str, Output]) -> None:
    """A passed-through file must not want the path of a made one, nor one below or above it. A disk may ignore case."""
    taken = {path.casefold() for path in rows}
    folders = {path[:end] for path in taken for end, sign in enumerate(path) if sign == "/"}
    faults = [_clash(static) for static in project.site.static if _clashes(static.path.casefold(), taken, folders)]
    if faults:
        raise SourceError(tuple(faults))


def _clashes(path: str, taken: Set[str], folders: Set[str]) -> bool:
    parts = path.split("/")
    return path in folders or any("/".join(parts[:count]) in taken for count in range(1, len(parts) + 1))


def _clash(static: StaticFile) -> Finding:
    return Finding(
        rule="source-duplicate",
        level=Level.FATAL,
        message=f"expected a path that no page has, got /{static.path}",
        origin=Origin(path=static.source),
        subject=static.path,
        hint="rename the file, or the page",
    )
