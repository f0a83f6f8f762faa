"""Any built site, with our pictures in it: the entry point of `aibild enhance`.

Takes a folder that some generator wrote, chooses pictures on its pages, makes their files through the store and changes the
pages in place, byte by byte where something changes and nowhere else. Pictures are written before the pages that show them. What
is changed already is left alone, so a second run changes nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from ... import crews
from ...brief import read_briefs
from ...budgets.reading import BuiltSite, OnePage, Unreadable, read_page
from ...budgets.reading.page import MAX_PAGE_BYTES
from ...budgets.reading.site import MARKER
from ...check import check_site
from ...check.address import UNKNOWN_BASE, guess_base
from ...config import CONFIG_FILE, Config, Language, no_config, read_config
from ...disk import safe_join, write_atomic
from ...errors import AibildError, OutputError, SourceError
from ...lab.boxes import Boxes, measure_boxes
from ...lab.serving import serve
from ...model import Actor, Finding, Level, Origin, Page, Picture
from ...pages.jsonld import pictures_graph
from ...pages.sitemap import sitemaps
from ...plan.reading import relevel
from ...rewriting import Unclear, diff, read_written
from ..options import Options
from ..pipeline import opened_store
from ..talk import Silent, Talk
from .choosing import Chooser, Take
from .editing import Allowed, Edited, edit, placed
from .listing import with_images
from .making import Made, Workshop, make, project_of

OURS = ".aibild/enhanced"
_NOTE = b"Pages in here were changed by `aibild enhance`, which may write over them.\n"
_DEFAULT = Language(code="en", name="English", prefix="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`out` is another folder to write the whole site into, None for in place; `base_url` overrides what settings and pages say.

    `measure` asks a browser how wide pictures are, `check` holds the site before and after against all rules, `dry_run` writes
    nothing but the store.
    """

    folder: Path
    out: Path | None = None
    base_url: str = ""
    measure: bool = False
    check: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Enhanced:
    """What was done: pages looked at and changed, `tags` of pictures that were changed, `pictures` cut into `files` of so many
    `bytes`, encodes made and found. `before` and `after` count what `aibild check` finds, by level; None where nobody asked.
    `diff` are the lines of a dry run."""

    pages: int = 0
    changed: tuple[str, ...] = ()
    tags: int = 0
    pictures: int = 0
    files: int = 0
    bytes: int = 0
    encoded: int = 0
    reused: int = 0
    seconds: float = 0.0
    before: Mapping[str, int] | None = None
    after: Mapping[str, int] | None = None
    findings: tuple[Finding, ...] = ()
    diff: tuple[str, ...] = ()


@dataclass(slots=True)
class _Work:
    """A run as it goes on."""

    config: Config
    site: BuiltSite
    knows_base: bool
    allowed: Allowed
    takes: dict[str, dict[int, Take]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)  # files that change, by path
    shown: dict[str, tuple[Picture, ...]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    tags: int = 0


def enhance(
    options: Options, ask: Ask, *, today: str, talk: Talk | None = None, actor: Callable[[], Actor] | None = None
) -> Enhanced:
    """Enhance a folder. Raises AibildError for folders that cannot serve, SourceError for settings or briefs that are wrong, and
    what a build raises where pictures are made."""
    started = perf_counter()
    _refuse_folders(ask)
    config = _settings(options.root, ask.base_url)
    work = _opened(config, ask, today)
    briefs = _known_briefs(config)
    chooser = Chooser(config=work.config, folder=ask.folder, briefs=briefs)
    before = _counted(ask.folder, work, today) if ask.check else None
    _choose_all(work, chooser, ask)
    uses = {(take.brief, take.slot) for takes in work.takes.values() for take in takes.values() if take.brief}
    with (
        opened_store(options, project_of(config), (ask.out or ask.folder).absolute()) as (store, arguments),
        closing(crews.load(options.crew, workers=options.workers)) as crew,
    ):
        workshop = Workshop(
            store=store,
            arguments=arguments,
            crew=crew,
            talk=talk or Silent(),
            today=today,
            actor=actor or (lambda: Actor(when=today)),
            environ=os.environ,
            keep=not ask.dry_run,
        )
        made = make(work.config, ask.folder, uses, chooser.slots, workshop)
        work.findings += made.findings
        for path in work.takes:
            _edit_page(work, path, made)
        _list_pictures(work, made)
        files = {url: made.files[url] for url in sorted(work.used) if url in made.files}
        if not ask.dry_run:
            _write(ask, work, {url: workshop.store.get(one.digest) for url, one in files.items()})
    after = _counted(ask.out or ask.folder, work, today) if ask.check and not ask.dry_run else None
    findings = relevel(config, tuple(sorted(work.findings, key=_place)))
    return Enhanced(
        pages=len(work.site.pages),
        changed=tuple(sorted(work.texts)),
        tags=work.tags,
        pictures=len({picture.asset for shown in work.shown.values() for picture in shown}),
        files=len(files),
        bytes=sum(one.facts.bytes for one in files.values()),
        encoded=made.encoded,
        reused=made.reused,
        seconds=round(perf_counter() - started, 3),
        before=before,
        after=after,
        findings=findings,
        diff=tuple(_diff(work)) if ask.dry_run else (),
    )


def _refuse_folders(ask: Ask) -> None:
    folder, out = ask.folder, ask.out
    if not folder.is_dir():
        raise AibildError(f"there is no folder {folder}", hint="build the site first, then name the folder it was built into")
    if (folder / MARKER).is_file():
        hint = "`aibild build` has given these pages their pictures already"
        raise AibildError(f"expected another generator's output in {folder}, got one that aibild built", hint=hint)
    if out is None:
        return
    one, other = folder.resolve(), out.resolve()
    if one == other or one.is_relative_to(other) or other.is_relative_to(one):
        raise AibildError(f"expected --out beside {folder}, got {out}", hint="neither folder may lie in the other")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / OURS).is_file())):
        raise OutputError(f"{out} holds files that aibild has not written", hint="name an empty folder, or a new one")


def _settings(root: Path, base_url: str) -> Config:
    """The project's settings where there are some, else those of a site that has none."""
    if (root / CONFIG_FILE).is_file():
        config, findings = read_config(root)
        faults = tuple(one for one in findings if one.level is Level.FATAL)
        if config is None or faults:
            raise SourceError(faults or findings)
    else:
        config = replace(no_config(root), languages=(_DEFAULT,))
    return replace(config, base_url=base_url if base_url.endswith("/") else base_url + "/") if base_url else config


def _opened(config: Config, ask: Ask, today: str) -> _Work:
    site = BuiltSite(ask.folder, "", config, today)
    said = config.base_url or guess_base(site)
    site.base_url = said if said.endswith("/") else said + "/" if said else UNKNOWN_BASE
    known = replace(config, base_url=site.base_url)
    site.config = known
    off = frozenset(rule for rule, level in config.levels.items() if level is Level.OFF)
    return _Work(config=known, site=site, knows_base=bool(said), allowed=Allowed(off))


def _known_briefs(config: Config) -> frozenset[str]:
    if not (config.root / "briefs").is_dir() or not (config.root / CONFIG_FILE).is_file():
        return frozenset()
    briefs, _ = read_briefs(config)
    return frozenset(briefs)


def _choose_all(work: _Work, chooser: Chooser, ask: Ask) -> None:
    boxes = dict(_measured(work, ask)) if ask.measure else {}
    for path in work.site.pages:
        if safe_join(ask.folder, path) is None:
            work.findings.append(_left(path, "expected a page inside the folder, got a link that leads out"))
            continue
        data = work.site.read(path, MAX_PAGE_BYTES + 1)
        if b"<img" not in data.lower() and b"<IMG" not in data:
            continue
        seen = read_page(data, path, work.site.page_url(path))
        if isinstance(seen, Unreadable):
            work.findings.append(_left(path, seen.message))
            continue
        written = read_written(data)
        if isinstance(written, Unclear):
            work.findings.append(_left(path, written.message))
            continue
        takes, findings = chooser.choose(OnePage(seen, work.site), written, boxes.get(path))
        work.findings += findings
        if takes:
            work.takes[path] = takes
    work.findings += (_left(fault.path, fault.message) for fault in dict.fromkeys(work.site.faults))
    work.findings += chooser.unasked()


def _measured(work: _Work, ask: Ask) -> Iterator[tuple[str, Boxes]]:
    base = work.site.base_path
    paths = {path: path for path in work.site.pages}
    with serve(ask.folder, base) as address:
        yield from measure_boxes(address, paths)


def _edit_page(work: _Work, path: str, made: Made) -> None:
    data = work.site.read(path, MAX_PAGE_BYTES + 1)
    seen, written = read_page(data, path, work.site.page_url(path)), read_written(data)
    if isinstance(seen, Unreadable) or isinstance(written, Unclear):
        return
    lang = _language(work.config, seen.lang)
    pictures: dict[int, Picture] = {}
    for at, take in work.takes[path].items():
        picture = made.pictures.get((take.brief, take.slot, lang)) if take.brief else None
        if picture is None or (take.bytes and _gains_nothing(picture, take)):
            continue
        image = written.images[at]
        relative = not image.get("src").startswith(("/", "http:", "https:", "//")) and seen.base == seen.url
        here = "../" * path.count("/") if relative or not work.knows_base else work.config.base_path
        pictures[at] = placed(picture, work.config.base_path, here)
    page = _page(work, path, lang, seen.title)

    def graph(shown: Sequence[Picture]) -> str:
        if not work.knows_base:
            return ""
        return pictures_graph(work.config, page, [placed_back(work, path, one) for one in shown])

    done = edit(written, work.takes[path], pictures, work.allowed, graph)
    if isinstance(done, Unclear):
        work.findings.append(_left(path, done.message))
        return
    _keep(work, path, data, done)


def placed_back(work: _Work, path: str, picture: Picture) -> Picture:
    """A picture whose addresses are relative to a page, with those that are relative to the host."""
    up = "../" * path.count("/")
    return picture if picture.src.url.startswith("/") else placed(picture, up, work.config.base_path)


def _keep(work: _Work, path: str, data: bytes, done: Edited) -> None:
    if done.data == data:
        return
    work.texts[path] = done.data
    work.tags += done.changed
    work.shown[path] = tuple(placed_back(work, path, one) for one in done.pictures)
    base = work.config.base_path
    for picture in work.shown[path]:
        rows = (*picture.sources, picture.fallback)
        work.used |= {one.url.removeprefix(base) for row in rows for one in row.candidates}


def _gains_nothing(picture: Picture, take: Take) -> bool:
    """Whether the largest file of the best format weighs no less than the original, though it is no wider."""
    best = (picture.sources[0] if picture.sources else picture.fallback).candidates[-1]
    return best.bytes >= take.bytes and len((picture.sources or (picture.fallback,))[0].candidates) == 1


def _language(config: Config, lang: str) -> str:
    """The site's language that is nearest to a page's `lang`."""
    codes = [language.code for language in config.languages]
    wanted = lang.lower()
    near = [code for code in codes if code.lower() == wanted] or [
        code for code in codes if code.lower().partition("-")[0] == wanted.partition("-")[0]
    ]
    return (near or codes)[0]


def _page(work: _Work, path: str, lang: str, title: str) -> Page:
    """What structured data and sitemap ask of a page."""
    url = work.site.page_url(path).removeprefix(work.config.base_url)
    origin = Origin(path=path)
    return Page(
        id=path, lang=lang, url=url, path=path, origin=origin, digest="", template="", title=title, description="", body=()
    )


def _list_pictures(work: _Work, made: Made) -> None:
    """The image sitemap: beside the pages of the one that is there, or a new one."""
    if not work.knows_base or not work.shown or not work.allowed.may("sitemap-missing"):
        return
    by_page = {
        work.site.page_url(path): [work.site.base_url + one.src.url.removeprefix(work.config.base_path) for one in shown]
        for path, shown in work.shown.items()
    }
    if "sitemap.xml" in work.site.files:
        data = work.site.read("sitemap.xml", 60_000_000)
        new = with_images(data, by_page)
        if new is None:
            message = "expected a plain list of pages, got an index, comments or another format; pictures were not added"
            hint = "name the pictures where the site's generator writes its sitemaps"
            work.findings.append(_told("enhance-sitemap", "sitemap.xml", message, hint))
        elif new != data:
            work.texts["sitemap.xml"] = new
        return
    if any(path.lower().startswith("sitemap") for path in work.site.files):
        return
    pages, shown = [], {}
    for path in work.site.pages:
        seen = read_page(work.site.read(path, MAX_PAGE_BYTES + 1), path, work.site.page_url(path))
        if isinstance(seen, Unreadable) or seen.noindex or seen.redirect or path.rpartition("/")[2] == "404.html":
            continue
        if seen.canonical and seen.canonical != seen.url:
            continue
        page = _page(work, path, _language(work.config, seen.lang), seen.title)
        pages.append(page)
        shown[page.url] = work.shown.get(path, ())
    work.texts |= dict(sitemaps(work.config, pages, shown))


def _write(ask: Ask, work: _Work, pictures: Mapping[str, bytes | None]) -> None:
    """Pictures first, then what was there, then what changed: no page ever names a file that is not there yet."""
    target = ask.out or ask.folder
    try:
        for path, data in pictures.items():
            if data is not None:
                write_atomic(_inside(target, path), data)
        if ask.out is not None:
            write_atomic(target / OURS, _NOTE)
            for path in work.site.files:
                if path not in work.texts and safe_join(ask.folder, path) is not None:
                    write_atomic(_inside(target, path), (ask.folder / path).read_bytes())
        for path, data in work.texts.items():
            write_atomic(_inside(target, path), data)
    except OSError as error:
        raise OutputError(f"cannot write into {target}: {error.strerror or error}") from error


def _inside(target: Path, path: str) -> Path:
    place = safe_join(target, path)
    if place is None:
        raise OutputError(f"expected a place inside {target}, got a link that leads out at {path}", hint="remove the link")
    return place


def _counted(folder: Path, work: _Work, today: str) -> dict[str, int]:
    """What the rules find, by level."""
    report = check_site(folder, work.site.config, today=today, base_url=work.site.base_url, workers=1)
    counts = Counter(one.level.value for one in report.findings)
    return {level.value: counts[level.value] for level in (Level.ERROR, Level.WARNING, Level.NOTE)}


def _diff(work: _Work) -> Iterator[str]:
    for path, data in sorted(work.texts.items()):
        before = work.site.read(path, 60_000_000) if path in work.site.files else b""
        yield from diff(before, data, path)


def _left(path: str, message: str) -> Finding:
    return _told("enhance-page-left", path, message, "the page stays as it is")


def _told(rule: str, path: str, message: str, hint: str) -> Finding:
    return Finding(rule=rule, level=Level.WARNING, message=message, origin=Origin(path=path), subject=path, hint=hint)


def _place(finding: Finding) -> tuple[str, int, str]:
    return (finding.origin.path, finding.origin.line or 0, finding.rule) if finding.origin else ("", 0, finding.rule)
