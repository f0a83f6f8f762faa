"""The output of `aibild pictures`: every rendition, `pictures.json`, and what other generators print it with.

Takes pictures and renditions as a page build has them, yields outputs and puts them into the folder. It makes nothing: the same
pipeline has cut and signed the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..canonical import canonical, digest_of
from ..errors import StoreCorrupt
from ..imagefile.media import media_type_of
from ..model import Cache, Json, Output, Picture, Rendition
from ..pages.markup import slots_css
from ..pages.records import brief_record
from ..plan.reading import Project
from ..store import Store
from .pages import PICTURES_SCHEMA, brief_facts, urls_of
from .publish import publish

RECORDS = "pictures.json"
RECORDS_SCHEMA = 1
_PARTIALS = Path(__file__).parents[1] / "pages" / "partials"
_SLOT_RULES = '[class^="slot-"]>picture,[class^="slot-"]>picture>img{display:block;width:100%;height:auto}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """All files of the folder by path, sorted; bytes of `fresh` ones, and digests of those in the store."""

    rows: tuple[Output, ...]
    fresh: Mapping[str, bytes]
    blobs: Mapping[str, str]
    store: Store

    def contents(self, output: Output) -> bytes:
        """The bytes of one output. Raises StoreCorrupt when the store's were damaged; they are set aside then."""
        if output.path in self.fresh:
            return self.fresh[output.path]
        data = self.store.get(self.blobs[output.path])
        if data is None:
            raise StoreCorrupt(f"the bytes of {output.path} in the store were damaged", hint="run it again: they are made anew")
        return data


def put_pictures(output: Path, staging: Path, files: Files, marker: bytes) -> tuple[int, int]:
    """Make the folder hold exactly `files`; how many were written and removed. Raises what `publish` raises."""
    return publish(output, staging, files.rows, files.contents, {}, marker)


def gather_pictures(
    project: Project,
    pictures: Mapping[tuple[str, str, str], Picture],
    facts: Mapping[str, Mapping[str, Json]],
    renditions: Mapping[str, Rendition],
    store: Store,
) -> Files:
    """Every file. `pictures` are by brief, slot and language; `facts` as `picture_facts` has them."""
    fresh = {path.relative_to(_PARTIALS).as_posix(): path.read_bytes() for path in sorted(_PARTIALS.rglob("*")) if path.is_file()}
    fresh["slots.css"] = f"{slots_css(project.config.slots)}\n{_SLOT_RULES}\n".encode()
    fresh[RECORDS] = canonical(records_of(project, pictures, facts)) + b"\n"
    rows = {path: _text(path, data) for path, data in fresh.items()}
    blobs: dict[str, str] = {}
    base = project.config.base_path
    by_url = {base + one.url: one for one in renditions.values()}
    for one in {url: by_url[url] for picture in pictures.values() for url in urls_of(picture)}.values():
        rows[one.url] = Output(
            path=one.url,
            digest=one.digest,
            bytes=one.facts.bytes,
            media_type=one.facts.media_type,
            cache=Cache.IMMUTABLE,
            facts=one.facts,
        )
        blobs[one.url] = one.digest
        if one.sidecar:
            kind = media_type_of(one.sidecar_url)
            rows[one.sidecar_url] = Output(
                path=one.sidecar_url, digest=one.sidecar, bytes=one.sidecar_bytes, media_type=kind, cache=Cache.IMMUTABLE
            )
            blobs[one.sidecar_url] = one.sidecar
    return Files(rows=tuple(rows[path] for path in sorted(rows)), fresh=fresh, blobs=blobs, store=store)


def records_of(
    project: Project, pictures: Mapping[tuple[str, str, str], Picture], facts: Mapping[str, Mapping[str, Json]]
) -> dict[str, Json]:
    """`pictures.json`: what a built site's file of that name says of each picture, and all that a page needs to show it."""
    config = project.config
    slots: dict[str, dict[str, dict[str, Picture]]] = {}
    for (brief, slot, lang), picture in pictures.items():
        slots.setdefault(brief, {}).setdefault(slot, {})[lang] = picture
    shown: dict[str, Json] = {
        brief: {**brief_facts(project, brief, facts[brief], ()), **brief_record(config, cuts)} for brief, cuts in slots.items()
    }
    files = {url: picture.id for picture in pictures.values() for url in urls_of(picture)}
    return {
        "schema": PICTURES_SCHEMA,
        "records": RECORDS_SCHEMA,
        "base_url": config.base_url,
        "languages": [language.code for language in config.languages],
        "pictures": {brief: shown[brief] for brief in sorted(shown)},
        "urls": {url: files[url] for url in sorted(files)},
    }


def _text(path: str, data: bytes) -> Output:
    return Output(path=path, digest=digest_of(data), bytes=len(data), media_type=media_type_of(path), cache=Cache.REVALIDATE)
