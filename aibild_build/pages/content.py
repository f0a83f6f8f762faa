"""`site/` → pages and passed-through files.

Takes the configuration, yields every page in every language, the files of `site/static/` and all findings on them.
A page's language comes from its folder (`site/de/guide/x.md`) or suffix (`x.de.md`), its id from its path. Nothing is rendered
here, and whether a brief that a page names exists is judged by whoever has read the briefs.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from ..canonical import digest_of
from ..config import Config
from ..disk import safe_join
from ..errors import OutputError
from ..model import Finding, Level, LinkRef, Origin, Page, PictureRef, StaticFile
from ..source import fatal, nearest, read_text, shown
from .front import Front, read_front
from .hubs import with_hubs
from .links import SourceLinks, source_path
from .listing import GALLERY, HUB, NOT_FOUND
from .markdown import PROSE, Text, read_markdown
from .product import PRODUCT
from .refs import FILE_PREFIX, brief_of
from .texts import Parsed, Read, Texts, batches

SITE = "site"
STATIC = "site/static"
_SEGMENT = re.compile(r"[\w~-][\w.~-]*")
_LITTER = frozenset({".DS_Store", ".gitkeep", ".gitignore", "Thumbs.db", "desktop.ini"})
_OURS = ".aibild"
_NAME_BYTES = 240


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a content file stands: id and language, and whether it is the index of its folder."""

    id: str
    lang: str
    index: bool


Spread: TypeAlias = "Callable[[Sequence[str], Callable[[Sequence[str]], list[Parsed]]], Iterable[list[Parsed]]]"
"""Calls the function for parts of the paths, in copies of the process maybe, and yields what it gives in the paths' order."""
Resolve: TypeAlias = "Callable[[str, int | None], tuple[str | None, tuple[Finding, ...]]]"
"""A picture's target as written and its line → the brief's id (None when it cannot be used) and the findings."""


def read_pages(
    config: Config, *, today: str = "", spread: Spread | None = None, texts: Texts | None = None
) -> tuple[tuple[Page, ...], tuple[StaticFile, ...], tuple[Finding, ...]]:
    """All pages (drafts too, and last those that are made: hubs), all passed-through files by output path, and the findings.

    `today` (YYYY-MM-DD) is what dates are held against; without it none is called future. `spread` shares the reading out; with
    `texts` only what changed is read, and pages come without words and headings: `Words` has those.
    """
    if not (config.root / SITE).is_dir():
        hint = "run `aibild init` in an empty folder for a site to start from"
        return (), (), (fatal("source-missing", f"expected a folder {SITE}/, got none", SITE, hint=hint),)
    findings: list[Finding] = []
    read = []
    for one, found in _parsed(config, tuple(_sources(config.root, findings)), spread, texts):
        findings += found
        if one is not None:
            read.append(one)
    if texts is not None:
        texts.put_away(read)
    static = tuple(_static(config.root, findings))
    pages, found = with_hubs(config, [one.page for one in read], {one.page.origin.path for one in read if one.plain})
    findings += (
        *found,
        *_too_long(pages, static),
        *_duplicates(pages, static),
        *_broken_links(read),
        *_menu_faults(config, pages),
        *_future(pages, today),
    )
    return pages, static, tuple(findings)


def _parsed(config: Config, paths: Sequence[str], spread: Spread | None, texts: Texts | None) -> Iterator[Parsed]:
    """Every content file, in the order of the paths."""
    before = texts.before(config, paths) if texts is not None else {}

    def read_part(part: Sequence[str]) -> list[Parsed]:
        if texts is None:
            return [_read_page(config, path) for path in part]
        try:
            return [one for batch in batches(part) for one in texts.keep([_read_page(config, path, texts) for path in batch])]
        finally:
            texts.close()

    changed = [path for path in paths if path not in before]
    fresh = chain.from_iterable(spread(changed, read_part) if spread is not None else [read_part(changed)])
    for path in paths:
        yield before[path] if path in before else next(fresh)


def _sources(root: Path, findings: list[Finding]) -> Iterator[str]:
    """Every content file, sorted; folders and files with a leading dot are skipped."""
    for path in _walk(root, SITE, findings):
        name = path.rpartition("/")[2]
        if name.endswith(".md"):
            yield path


def _walk(root: Path, folder: str, findings: list[Finding], hidden: bool = False) -> Iterator[str]:
    """The files below a folder, sorted, links to files included; a link to a folder is a finding, for it may lead in circles."""
    with os.scandir(root / folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if not hidden and (entry.name.startswith(".") or path == STATIC):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path, findings, hidden)
        elif entry.is_symlink() and os.path.isdir(entry):  # false, not an error, for a circle of links
            findings.append(fatal("source-path", "expected a folder, got a symbolic link to one", path))
        else:
            yield path


class Words:
    """What pages lack that came without words, wherever it is. Used as a context in the process that asks."""

    def __init__(self, config: Config, texts: Texts) -> None:
        self._config, self._texts = config, texts

    def __enter__(self) -> None:
        self._texts.close()

    def __exit__(self, *_: object) -> None:
        self._texts.close()

    def of(self, page: Page) -> Page:
        """The page with all its words. Raises OutputError when its file is another by now."""
        if not self._texts.has(page):
            return page
        found = self._texts.whole(page)
        if found is not None:
            return found
        read, findings = _read_page(self._config, page.origin.path)
        if read is None or findings or not page.digest.startswith(read.page.digest):
            raise OutputError(f"{page.origin.path} changed while the site was being built", hint="build again")
        return replace(page, body=read.page.body, headings=read.page.headings)


def read_page(config: Config, path: str) -> tuple[Page | None, tuple[Finding, ...]]:
    """One content file alone: whether its links lead anywhere only the whole site can tell."""
    read, findings = _read_page(config, path)
    return (read.page if read is not None else None), findings


def closed(page: Page) -> Page:
    """The page closed to search engines, as a draft or a preview has it."""
    return replace(page, noindex=True, digest=f"{page.digest}-draft")


def _read_page(config: Config, path: str, texts: Texts | None = None) -> Parsed:
    place, found = _place(config, path)
    text, read_findings = read_text(config.root, path, walked=not os.path.islink(f"{config.root}/{path}"))
    findings = [*found, *read_findings]
    if text is None or place is None:
        return None, tuple(findings)
    digest = digest_of(text.encode())
    if texts is not None and not findings and (before := texts.as_before(path, digest)) is not None:
        return before, ()
    front, body, first_line, found = read_front(text, path, config)
    findings += found
    files: list[tuple[str, int | None, str]] = []

    def picture_target(target: str, origin: Origin) -> tuple[str | None, tuple[Finding, ...]]:
        if PROSE not in config.slots:
            message = f"expected a slot `{PROSE}` in aibild.toml for pictures in text, got none"
            return None, (fatal("source-reference", message, path, origin.line),)
        return resolved(target, origin.line)

    def resolved(target: str, line: int | None) -> tuple[str | None, tuple[Finding, ...]]:
        brief, found = brief_of(config.root, path, target, line)
        if brief is not None and brief.startswith(FILE_PREFIX):
            files.append((target, line, brief))
        return brief, found

    if front.slug and place.id in ("", NOT_FOUND):
        message = f"expected no slug, since this page's URL is fixed, got {shown(front.slug)}"
        findings.append(fatal("source-value", message, path))
    parsed, found = read_markdown(body, path, first_line, place.lang, picture_target)
    findings += found
    slots, found = _slots(path, front, resolved)
    findings += found
    page = _page(config, place, path, digest, front, parsed, slots)
    return Read(page, "\0".join(parsed.ids), parsed.links, not front.template, tuple(files)), tuple(findings)


def _place(config: Config, path: str) -> tuple[_Place | None, tuple[Finding, ...]]:
    parts = path.removeprefix(SITE + "/").removesuffix(".md").split("/")
    codes = [language.code for language in config.languages]
    by_folder = parts.pop(0) if len(parts) > 1 and parts[0] in codes else ""
    stem, dot, suffix = parts[-1].rpartition(".")
    by_suffix = suffix if dot and stem and suffix in codes else ""
    if by_suffix:
        parts[-1] = stem
    if by_folder and by_suffix and by_folder != by_suffix:
        message = f"expected one language, got folder `{by_folder}` and suffix `{by_suffix}`"
        return None, (fatal("source-path", message, path),)
    for part in parts:
        if not _SEGMENT.fullmatch(part):
            message = f"expected a file name of letters, digits and - _ . ~ (it becomes the URL), got {shown(part)}"
            return None, (fatal("source-path", message, path),)
    index = parts[-1] == "index"
    if index:
        parts.pop()
    return _Place("/".join(parts), by_folder or by_suffix or config.default_language, index), ()


def _slots(path: str, front: Front, resolved: Resolve) -> tuple[dict[str, PictureRef], tuple[Finding, ...]]:
    slots: dict[str, PictureRef] = {}
    findings: list[Finding] = []
    for slot, (target, line) in front.pictures.items():
        brief, found = resolved(target, line)
        findings += found
        if brief is not None:
            slots[slot] = PictureRef(brief=brief, slot=slot, alt="", caption="", origin=Origin(path=path, line=line))
    return slots, tuple(findings)


def _page(config: Config, place: _Place, path: str, digest: str, front: Front, text: Text, slots: dict[str, PictureRef]) -> Page:
    url, output = _addresses(config, place, front.slug)
    folder = place.id if place.index else place.id.rpartition("/")[0]
    return Page(
        id=place.id,
        lang=place.lang,
        url=url,
        path=output,
        origin=Origin(path=path, line=1),
        digest=digest,
        template=front.template or _template(place, front.schema),
        title=front.title,
        description=front.description,
        body=text.body,
        headings=text.headings,
        slots=slots,
        section=folder.partition("/")[0] if front.section is None else front.section,
        date=front.date,
        updated=front.updated,
        tags=front.tags,
        order=front.order,
        menu_title=front.menu_title,
        noindex=front.noindex or place.id == NOT_FOUND,
        draft=front.draft,
        schema=front.schema or _schema(place, front.template),
        extra=front.extra,
        aliases=front.aliases,
        product=front.product,
        paginate=0 if place.id == NOT_FOUND else front.paginate,
        sort_by=front.sort_by,
    )


def _addresses(config: Config, place: _Place, slug: str) -> tuple[str, str]:
    """URL relative to the site's root, and output file."""
    prefix = next(language.prefix for language in config.languages if language.code == place.lang).strip("/")
    start = f"{prefix}/" if prefix else ""
    if place.id == NOT_FOUND:
        return f"{start}404.html", f"{start}404.html"
    if not place.id:
        return start, f"{start}index.html"
    parent, slash, last = place.id.rpartition("/")
    url = f"{start}{parent}{slash}{slug or last}/"
    return url, f"{url}index.html"


def redirect_path(alias: str) -> str:
    """The output file of a former address: "old/place/" → "old/place/index.html"."""
    return f"{alias}index.html" if alias.endswith("/") else alias


def _template(place: _Place, schema: str) -> str:
    if place.id == NOT_FOUND:
        return "404.html"
    if not place.id:
        return "home.html"
    if schema == PRODUCT:
        return "product.html"
    return "section.html" if place.index else "article.html"


def _schema(place: _Place, template: str) -> str:
    """What a page is in structured data when it does not say so itself: a folder's index is a hub."""
    hub = place.index and place.id and not template
    return HUB if hub or template in (GALLERY, "section.html") else "WebPage"


def _static(root: Path, findings: list[Finding]) -> Iterator[StaticFile]:
    if not (root / STATIC).is_dir():
        return
    for path in _walk(root, STATIC, findings, hidden=True):
        output = path.removeprefix(STATIC + "/")
        if output.rpartition("/")[2] in _LITTER:
            continue
        real = safe_join(root, path)
        if expected := _not_passed(output, real):
            findings.append(fatal("source-path", f"expected {expected}, got {shown(path)}", path))
            continue
        assert real is not None
        try:
            with open(real, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = os.fstat(file.fileno()).st_size
        except OSError as error:
            findings.append(fatal("source-missing", f"expected a readable file, got: {error.strerror or error}", path))
            continue
        yield StaticFile(path=output, source=path, digest=digest, bytes=size)


def _not_passed(output: str, real: Path | None) -> str:
    """What a passed-through file would have to be, "" when it is."""
    if not output.isprintable() or "\\" in output:
        return "a file name in UTF-8 without control characters and backslashes"
    if real is None:
        return "a path inside the project"
    if output.partition("/")[0] == _OURS:
        return f"a name other than {_OURS}"
    return "a file, no pipe or device" if real.exists() and not real.is_file() else ""


def _too_long(pages: Iterable[Page], static: Iterable[StaticFile]) -> Iterator[Finding]:
    """File systems take names of 255 bytes; some of them are kept for `.br` and the like."""
    wanted = [(path, page.origin.path) for page in pages for path in (page.path, *map(redirect_path, page.aliases))]
    for path, source in (*wanted, *((file.path, file.source) for file in static)):
        longest = max(len(part.encode()) for part in path.split("/"))
        if longest > _NAME_BYTES:
            message = f"expected an address with parts of at most {_NAME_BYTES} bytes, got one of {longest}"
            yield fatal("source-path", message, source, hint="give the page another `slug`, alias or file name")


def _duplicates(pages: Iterable[Page], static: Iterable[StaticFile]) -> Iterator[Finding]:
    """Two sources of one output file. Case is ignored, since a disk may ignore it."""
    taken: dict[str, tuple[str, str]] = {}
    wanted = [(page.path, page.origin.path, "") for page in pages]
    wanted += [(file.path, file.source, "") for file in static]
    wanted += [(redirect_path(alias), page.origin.path, "alias") for page in pages if not page.draft for alias in page.aliases]
    for output, source, kind in wanted:
        first = taken.setdefault(output.casefold(), (source, kind))
        if first != (source, kind):
            message = f"expected each URL once, got `{output}` from {first[0]} and from {source}"
            hint = "an alias must be free" if kind else "give one of them another `slug` or name"
            yield fatal("source-duplicate", message, source, hint=hint)


def _future(pages: Iterable[Page], today: str) -> Iterator[Finding]:
    for page in pages:
        late = next(((name, day) for name, day in (("date", page.date), ("updated", page.updated)) if day[:10] > today), None)
        if today and late and not (page.made or page.draft):
            yield Finding(
                rule="page-date-future",
                level=Level.WARNING,
                message=f"expected {late[0]} of today or before, got {late[1]}",
                origin=page.origin,
                subject=page.url or "/",
                measured=late[1],
                limit=today,
                hint="the page is built and listed all the same; `draft: true` keeps it back",
            )


def _broken_links(read: list[Read]) -> Iterator[Finding]:
    links = SourceLinks(one.page for one in read)
    by_source = {one.page.origin.path: one for one in read}
    for one in read:
        for link in one.links:
            page, fragment = links.resolve(one.page.origin.path, one.page.lang, link.target)
            if page is None:
                yield _no_page(one.page, link, links.sources())
            elif page.draft and not one.page.draft:
                yield fatal("source-link", f"expected a link to a published page, got {shown(link.target)}, a draft", *_at(link))
            elif fragment and fragment not in (ids := by_source[page.origin.path].ids.split("\0")):
                yield _no_heading(page, link, fragment, ids)


def _no_page(page: Page, link: LinkRef, sources: tuple[str, ...]) -> Finding:
    wanted = source_path(page.origin.path, link.target.partition("#")[0])
    near = nearest(wanted, sources)
    hint = f"did you mean `{os.path.relpath(near, os.path.dirname(page.origin.path))}`?" if near else ""
    return fatal(
        "source-link", f"expected a link to a page's file, got {shown(link.target)}, which is none", *_at(link), hint=hint
    )


def _no_heading(page: Page, link: LinkRef, fragment: str, ids: Sequence[str]) -> Finding:
    near = nearest(fragment, ids)
    message = f"expected a heading's id in {page.origin.path}, got `#{fragment}`"
    return fatal("source-link", message, *_at(link), hint=f"did you mean `#{near}`?" if near else "")


def _at(link: LinkRef) -> tuple[str, int | None]:
    return link.origin.path, link.origin.line


def _menu_faults(config: Config, pages: tuple[Page, ...]) -> Iterator[Finding]:
    known = {page.id for page in pages if not page.draft}
    first = {page.id for page in pages if not page.draft and page.lang == config.default_language}
    for name, entries in sorted(config.menus.items()):
        for entry in entries:
            if entry.url or not entry.page or entry.page in first:  # without a home page there is a finding of its own
                continue
            if entry.page not in known:
                near = nearest(entry.page, known)
                message = f"expected a page's id in menu `{name}`, got {shown(entry.page)}"
                yield fatal("source-reference", message, "aibild.toml", hint=f"did you mean `{near}`?" if near else "")
            elif any(page.lang not in _speakers(pages, entry.page) for page in pages):
                message = (
                    f"expected a page in {config.default_language} for menu `{name}`, got {shown(entry.page)}, which has none"
                )
                yield fatal(
                    "source-reference", message, "aibild.toml", hint="a page that lacks a language is shown in the first one"
                )


def _speakers(pages: tuple[Page, ...], page_id: str) -> set[str]:
    """The languages in which a page is published."""
    return {page.lang for page in pages if page.id == page_id and not page.draft}
