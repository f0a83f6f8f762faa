"""Rules on what image files say of themselves: origin, rights, credentials, and what they should not carry.

Files of one picture belong together, whatever their size and format: what one of them says, all have to say. A picture of which
nothing says where it comes from is nobody's fault here, unless aibild made it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..imagefile import SOURCE_TYPE_BASE, source_type_of
from ..imagefile.manifest import verify_manifest
from ..model import Level
from . import Family, Rule
from .reading import BuiltSite, Fault, Kind, OnePage
from .reading.names import is_hash, picture_name

_SOURCE_TYPE = "Iptc4xmpExt:DigitalSourceType"
_RIGHTS = ("dc:creator", "dc:rights", "photoshop:Credit", "xmpRights:WebStatement", "plus:LicensorURL")
_HEAVY_BYTES, _HEAVY_RATIO = 8_192, 0.2
_MARKABLE = frozenset({"jpeg", "png", "webp", "avif"})

RULES = (
    Rule(
        id="mark-source-type-missing",
        level=Level.ERROR,
        title="every file of a picture says where the picture comes from, if one of them does",
        source="IPTC; Google Merchant Center; EU code of practice on AI marking",
        hint="copy XMP's `Iptc4xmpExt:DigitalSourceType` into every candidate: many resizers drop it",
    ),
    Rule(
        id="mark-source-type-differs",
        level=Level.ERROR,
        title="all files of a picture name the same digital source type",
        source="IPTC",
        hint="make all files from one master",
    ),
    Rule(
        id="mark-source-type-invalid",
        level=Level.ERROR,
        title="the digital source type is an address of IPTC's vocabulary, with `http:`",
        source="IPTC NewsCodes `digitalsourcetype`",
        hint=f"write {SOURCE_TYPE_BASE}trainedAlgorithmicMedia, to the letter",
    ),
    Rule(
        id="mark-rights-missing",
        level=Level.ERROR,
        title="every file of a picture carries the rights that one of them carries",
        source="Google, image metadata; IPTC",
        hint="copy the XMP into every candidate",
    ),
    Rule(
        id="mark-gps",
        level=Level.ERROR,
        title="no image file says where it was taken",
        source="own",
        hint="take GPS out of EXIF and XMP: it may be somebody's home",
    ),
    Rule(
        id="mark-heavy",
        level=Level.WARNING,
        title="what is embedded has at most 8 kB, or a fifth of the file",
        source="own, measured: compact XMP takes 1 kB, a manifest 3.2 kB",
        hint="write compact XMP, and no thumbnail into EXIF or the manifest",
    ),
    Rule(
        id="mark-orientation",
        level=Level.WARNING,
        title="no delivered file has to be turned by EXIF",
        source="EXIF 2.32, orientation; own",
        hint="turn the pixels: width, height and ratio are read before the file is turned",
    ),
    Rule(
        id="mark-colours",
        level=Level.WARNING,
        title="delivered files are sRGB",
        source="own",
        hint="convert the pixels: wide profiles and CMYK look wrong in some programs and cost bytes in all",
    ),
    Rule(
        id="credential-invalid",
        level=Level.ERROR,
        title="C2PA manifests hold",
        source="C2PA 2.2, section 15",
        hint="sign last: any later change of the file breaks the signature",
    ),
    Rule(
        id="credential-untrusted",
        level=Level.NOTE,
        title="C2PA manifests are signed by a certificate on the trust list",
        source="C2PA 2.2, section 14; Google, About this image",
        hint="the manifest holds, but search engines show those of the trust list only",
    ),
)


class _Marks(NamedTuple):
    """What files say. `source_type` is as written, `rights` the names of fields, `embedded` bytes of metadata if too many, `link`
    the address of a manifest that does not lie in the file."""

    source_type: str
    rights: tuple[str, ...]
    embedded: int
    place: bool
    orientation: int
    colours: str
    manifest: bool
    ours: bool
    link: str


class _Note(NamedTuple):
    """`files` are all that the page names, by what they say: mostly all say the same. `told` are those whose source type its
    structured data tells."""

    files: Mapping[_Marks, tuple[str, ...]]
    told: tuple[str, ...]


def _note(page: OnePage) -> _Note:
    files = {option.file for shown in page.pictures for _, option in shown.options()}
    told = set()
    named = [page.seen.meta("og:image")]
    for entity in page.graph.entities:
        named += page.graph.image_urls(entity.node.get("image"))
        if "ImageObject" in entity.types:
            url = entity.text("contentUrl") or entity.text("url")
            named.append(url)
            if entity.node.get("digitalSourceType"):
                told.add(_file(page, url))
    files |= {_file(page, url) for url in named}
    marks: dict[_Marks, tuple[str, ...]] = {}
    for path in sorted(files - {""}):
        one = _marks(page.site, path)
        if one is not None:
            marks[one] = (*marks.get(one, ()), path)
    return _Note(marks, tuple(sorted(told - {""})))


def _file(page: OnePage, url: str) -> str:
    target = page.resolve(url) if url else None
    return target.path if target is not None and target.kind is Kind.FILE else ""


def _marks(site: BuiltSite, path: str) -> _Marks | None:
    """What one file says; None for formats that carry no marks, and for broken files."""
    found = site.embedded(path)
    if found is None or found.format not in _MARKABLE:
        return None
    rights = tuple(name for name in _RIGHTS if found.fields.get(name))
    source_type = found.fields.get(_SOURCE_TYPE, "")
    embedded = found.bytes if found.bytes > _HEAVY_BYTES else 0
    link = "" if found.manifest else found.fields.get("dcterms:provenance", "")
    return _Marks(source_type, rights, embedded, found.place, found.orientation, found.colours, found.manifest, found.ours, link)


def _whole(notes: Mapping[str, _Note], site: BuiltSite) -> Iterator[Fault]:
    files = {path: one for note in notes.values() for one, paths in note.files.items() for path in paths}
    told = {path for note in notes.values() for path in note.told}
    ours = _made_here(site)
    groups: dict[str, dict[str, _Marks]] = defaultdict(dict)
    for path in sorted(files):
        name = picture_name(path)
        groups[path if not name or is_hash(name) else f"{path.rpartition('/')[0]}/{name}"][path] = files[path]
    signed: set[str] = set()
    for marks in groups.values():
        for path, one in marks.items():
            ending = path.rpartition(".")[2]
            # What aibild signed it verified then, byte for byte; a certificate that ran out shows in one file of each format
            if (one.manifest or one.link) and not (one.ours and ending in signed):
                signed |= {ending} if one.ours else set()
                yield from _credential(site, path, one.link)
            yield from _faults(site, path, one)
        yield from _origins(marks, told, ours)
        yield from _rights(marks)


def _made_here(site: BuiltSite) -> frozenset[str]:
    """Image files that aibild wrote: those whose facts stand in the marker."""
    rows = site.marker.get("outputs", ())
    return frozenset(str(row.get("path")) for row in rows if isinstance(row, dict) and isinstance(row.get("facts"), dict))


def _origins(marks: Mapping[str, _Marks], told: set[str], ours: frozenset[str]) -> Iterator[Fault]:
    said = {path: source_type_of(one.source_type) for path, one in marks.items() if one.source_type}
    kinds = sorted({kind for kind in said.values() if kind})
    if not said and not (told | ours) & marks.keys():
        return
    for path in marks:
        if path not in said:
            what = f"`{kinds[0]}` as its siblings have it" if kinds else "a digital source type"
            yield Fault("mark-source-type-missing", path, f"expected {what}, got none", limit=kinds[0] if kinds else None)
        elif len(kinds) > 1 and said[path] != kinds[0]:
            message = f"expected one digital source type for all files of the picture, got {' and '.join(kinds)}"
            yield Fault("mark-source-type-differs", path, message, measured=said[path], limit=kinds[0])


def _rights(marks: Mapping[str, _Marks]) -> Iterator[Fault]:
    wanted = {name for one in marks.values() for name in one.rights}
    for path, one in marks.items():
        if missing := sorted(wanted - set(one.rights)):
            yield Fault("mark-rights-missing", path, f"expected {', '.join(missing)} as its siblings have them, got none")


def _faults(site: BuiltSite, path: str, one: _Marks) -> Iterator[Fault]:
    """What one file says wrongly, or should not say."""
    if one.source_type and not (one.source_type.startswith(SOURCE_TYPE_BASE) and source_type_of(one.source_type)):
        message = f"expected {SOURCE_TYPE_BASE} and a term of it, got {one.source_type}"
        yield Fault("mark-source-type-invalid", path, message, measured=one.source_type)
    if one.place:
        yield Fault("mark-gps", path, "expected no place in the file, got GPS coordinates")
    size = site.files.get(path, 0) if one.embedded else 0
    if one.embedded > _HEAVY_RATIO * size:
        message = f"expected at most {_HEAVY_BYTES} bytes of metadata, got {one.embedded} in a file of {size}"
        yield Fault("mark-heavy", path, message, measured=one.embedded, limit=_HEAVY_BYTES)
    if one.orientation != 1:
        message = f"expected pixels that stand upright, got orientation {one.orientation}"
        yield Fault("mark-orientation", path, message, measured=one.orientation, limit=1)
    if one.colours:
        yield Fault("mark-colours", path, f"expected sRGB, got {one.colours}", measured=one.colours, limit="sRGB")


def _credential(site: BuiltSite, path: str, link: str) -> Iterator[Fault]:
    facts = site.facts(path)
    media_type = facts.media_type if facts is not None else "image/jpeg"
    manifest = b""
    if link:
        target = site.resolve(link, "")
        if target is None or target.kind is Kind.ELSEWHERE:
            return  # nothing is fetched
        manifest = site.read(target.path, site.files.get(target.path, 0)) if target.kind is Kind.FILE else b""
        if not manifest:
            yield Fault("credential-invalid", path, f"expected the manifest that the file names at {link}, got none")
            return
    state, codes, _ = verify_manifest(site.read(path, site.files.get(path, 0)), media_type, manifest=manifest)
    if state not in ("valid", "trusted"):
        message = f"expected a manifest that holds, got {state}: {', '.join(codes) or 'no reason'}"
        yield Fault("credential-invalid", path, message, measured=state, limit="valid")
    elif "signingCredential.untrusted" in codes:
        yield Fault("credential-untrusted", path, "expected a certificate on the trust list, got another")


FAMILY = Family(name="marks", fingerprint=2, rules=RULES, note=_note, whole=_whole)
