"""Opens a project: config, briefs, content and lock become one `Project`, or every fault of the source at once.

Takes the root folder, yields what all later steps work on. It reads and never writes; it knows no store and makes no work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from .. import engines, gates
from ..brief import brief_of_file, read_briefs
from ..canonical import digest_of
from ..config import CONFIG_FILE, Config, read_config
from ..disk import safe_join
from ..errors import SourceError
from ..lock import LOCK_FILE, Lock, read_lock
from ..model import Brief, Finding, Level, Origin, Page, PictureRef, Site
from ..pages.content import Spread, read_pages
from ..pages.licence import licence_findings
from ..pages.listing import GALLERY, GALLERY_SLOT, references
from ..pages.taxonomy import tag_findings
from ..pages.texts import Texts
from ..renditions.credentials import Signer, credential_findings, find_signer
from ..source import fatal, nearest, nearest_hint, read_text, shown
from .gate_settings import gate_faults

FILE_PREFIX = "file:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as read. `lock_digest` is SHA-256 of the lock file, "" where there is none; `findings` are none of them fatal.

    `signer` says who signs its pictures, None where nobody does.
    """

    config: Config
    site: Site
    lock: Lock
    lock_digest: str
    findings: tuple[Finding, ...]
    signer: Signer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A brief as pages use it: the slots it fills by name, and the pages (language, id) that name it."""

    slots: tuple[str, ...]
    pages: tuple[tuple[str, str], ...]


_USES: dict[str, tuple[Config, Site, Mapping[str, Use]]] = {}


def open_project(
    root: Path,
    *,
    base_url: str | None = None,
    today: str = "",
    spread: Spread | None = None,
    texts: Texts | None = None,
    pages_too: bool = True,
) -> Project:
    """Read everything under `root`. Raises SourceError with all fatal findings of the run, and CredentialError where the
    certificate that is named cannot be read.

    `today` (YYYY-MM-DD) is what pages' dates are held against; without it no date is called future. `spread` and
    `texts` as in `read_pages`. Without `pages_too` the content, which may be another generator's, is left unread,
    and every brief is cut for the slots that `[pictures]` names.
    """
    config, findings = read_config(root, base_url=base_url)
    if config is None:
        raise SourceError(findings)
    if faults := tuple(_folders(root)):
        raise SourceError((*(finding for finding in findings if finding.level is Level.FATAL), *faults))
    briefs, brief_findings = read_briefs(config)
    pages, static, page_findings = read_pages(config, today=today, spread=spread, texts=texts) if pages_too else ((), (), ())
    pages = tuple(page for page in pages if not page.draft)
    files, file_findings = _file_briefs(config, pages)
    lock, lock_digest, lock_findings = _read_lock(root)
    cut = {} if pages_too else {brief.id: slots_outside(config, brief) for brief in briefs.values()}
    site = Site(pages=pages, briefs={**briefs, **files}, static=static, cut=cut)
    told = _cross_check(config, site) if pages_too else _check_outside(config, site)
    found = (*findings, *brief_findings, *page_findings, *file_findings, *lock_findings, *told)
    if any(finding.level is Level.FATAL for finding in found):
        raise SourceError(tuple(finding for finding in found if finding.level is Level.FATAL))
    signer = find_signer(config.credentials, root, os.environ)
    found = (*found, *credential_findings(config.credentials, signer, today))
    return Project(config=config, site=site, lock=lock, lock_digest=lock_digest, findings=relevel(config, found), signer=signer)


def read_one_brief(root: Path, brief_id: str) -> tuple[Brief, Config]:
    """One brief with its profile and blocks merged, whatever else is wrong.

    Raises SourceError when it or the config cannot be had.
    """
    config, findings = read_config(root)
    if config is None:
        raise SourceError(findings)
    briefs, found = read_briefs(config)
    if brief_id not in briefs:
        near = nearest(brief_id, briefs)
        missing = Finding(
            rule="source-reference",
            level=Level.FATAL,
            message=f"there is no brief `{brief_id}`",
            subject=brief_id,
            hint=f"did you mean `{near}`?" if near else f"briefs: {', '.join(sorted(briefs)) or 'none yet'}",
        )
        own = tuple(finding for finding in found if finding.origin and finding.origin.path.endswith(f"/{brief_id}.yaml"))
        raise SourceError(own or (missing,))
    return briefs[brief_id], config


def relevel(config: Config, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings at the levels that `[rules]` gives them; those switched off are left out."""
    levelled = (
        finding if finding.level is Level.FATAL else replace(finding, level=config.levels.get(finding.rule, finding.level))
        for finding in findings
    )
    return tuple(finding for finding in levelled if finding.level is not Level.OFF)


def uses(config: Config, site: Site) -> Mapping[str, Use]:
    """Which briefs are in use, in which slots (those that a slot feeds included) and on which pages; sorted by brief.

    Where a page is a gallery, every picture is cut for the gallery's slot too. Asked for each picture of a site, so the last
    answer is kept, by the identity of what it is about.
    """
    kept = _USES.get("last")
    if kept is not None and kept[0] is config and kept[1] is site:
        return kept[2]
    slots: dict[str, set[str]] = {}
    pages: dict[str, set[tuple[str, str]]] = {}
    everywhere = {GALLERY_SLOT} & set(config.slots) if any(page.template == GALLERY for page in site.pages) else set()
    for page in site.pages:
        for reference in references(page):
            slot = config.slots[reference.slot]
            slots.setdefault(reference.brief, set(everywhere)).update((slot.name, *slot.also))
            pages.setdefault(reference.brief, set()).add((page.lang, page.id))
    for brief, names in site.cut.items():
        slots.setdefault(brief, set()).update(names)
        pages.setdefault(brief, set())
    found = {brief: Use(slots=tuple(sorted(slots[brief])), pages=tuple(sorted(pages[brief]))) for brief in sorted(slots)}
    _USES["last"] = config, site, found
    return found


def slots_outside(config: Config, brief: Brief) -> tuple[str, ...]:
    """The slots that a brief is cut for where no page of ours says so."""
    path = PurePosixPath(brief.origin.path)
    own = config.outside.collections.get(path.stem, ()) if path.suffix == ".jsonl" else ()
    return own or config.outside.slots or tuple(config.slots)


def _file_briefs(config: Config, pages: tuple[Page, ...]) -> tuple[dict[str, Brief], tuple[Finding, ...]]:
    briefs: dict[str, Brief] = {}
    findings: list[Finding] = []
    wanted = {ref.brief for page in pages for ref in references(page) if ref.brief.startswith(FILE_PREFIX)}
    for brief_id in sorted(wanted):
        brief, found = brief_of_file(config, brief_id.removeprefix(FILE_PREFIX))
        findings += found
        if brief is not None:
            briefs[brief_id] = brief
    return briefs, tuple(findings)


def _read_lock(root: Path) -> tuple[Lock, str, tuple[Finding, ...]]:
    if not (root / LOCK_FILE).exists():
        return Lock(), "", ()
    text, findings = read_text(root, LOCK_FILE)
    if text is None:
        return Lock(), "", findings
    lock, found = read_lock(text)
    return lock, digest_of(text.encode()), (*findings, *found)


def _cross_check(config: Config, site: Site) -> list[Finding]:
    """What only the whole project can judge: briefs named by pages, engines named by briefs, languages without words."""
    known = engines.names()  # looks through all installed packages
    findings = [_engine_fault(brief, known) for _, brief in sorted(site.briefs.items()) if brief.engine not in known]
    findings += (*_homeless(config, site), *_unknown_tables(config), *gate_faults(config, site.briefs))
    findings += (*tag_findings(config, site.pages, site.briefs), *licence_findings(config, site))
    used: set[str] = set()
    uncaptioned: set[tuple[str, str]] = set()
    for page in site.pages:
        for reference in references(page):
            used.add(reference.brief)
            brief = site.briefs.get(reference.brief)
            if brief is None:
                if not reference.brief.startswith(FILE_PREFIX):
                    findings.append(_brief_fault(reference, site.briefs))
            elif not reference.alt and page.lang not in brief.alt:
                findings.append(_alt_finding(page, reference, brief))
            if brief is not None and _lacks_caption(page, reference, brief) and (brief.id, page.lang) not in uncaptioned:
                uncaptioned.add((brief.id, page.lang))
                findings.append(_caption_finding(page, reference, brief))
    collected: dict[str, int] = {}
    for brief_id, brief in sorted(site.briefs.items()):
        if brief_id not in used and brief.origin.path.endswith(".jsonl"):
            collected[brief.origin.path] = collected.get(brief.origin.path, 0) + 1
        elif brief_id not in used:
            message = f"brief `{brief_id}` is used by no page"
            findings.append(
                Finding(rule="brief-unused", level=Level.NOTE, message=message, origin=brief.origin, subject=brief_id)
            )
    for path, count in collected.items():
        message = f"{count} briefs of this collection are used by no page"
        findings.append(Finding(rule="brief-unused", level=Level.NOTE, message=message, origin=Origin(path=path)))
    return findings


def _check_outside(config: Config, site: Site) -> list[Finding]:
    """What can be judged without pages of ours: engines, settings, and briefs that lack words in a language of the site."""
    known = engines.names()
    findings = [_engine_fault(brief, known) for _, brief in sorted(site.briefs.items()) if brief.engine not in known]
    findings += (*_unknown_tables(config), *gate_faults(config, site.briefs), *_unknown_collections(config))
    for _, brief in sorted(site.briefs.items()):
        for language in config.languages:
            if language.code not in brief.alt:
                findings.append(_no_alt(brief, language.code, brief.id, brief.origin))
    return findings


def _homeless(config: Config, site: Site) -> Iterator[Finding]:
    if not any(page.id == "" and page.lang == config.default_language for page in site.pages):
        message = f"expected a home page in {config.default_language} at site/index.md, got none"
        yield fatal("source-missing", message, "site", hint="every page links to it")


def _unknown_tables(config: Config) -> Iterator[Finding]:
    """Settings of engines and gates that do not exist. What an engine's own keys mean is the engine's to say."""
    for kind, written, names in (("engines", config.engines, engines.names), ("gates", config.gates, gates.names)):
        known = names() if written else ()  # asking which packages are installed takes longer than reading a small site
        for name in sorted(set(written) - set(known)):
            message = f"expected [{kind}.NAME] with one of {', '.join(known)}, got `{name}`"
            near = nearest(name, known)
            yield fatal("source-unknown-key", message, CONFIG_FILE, hint=f"did you mean `{near}`?" if near else "")


def _unknown_collections(config: Config) -> Iterator[Finding]:
    """Slots for briefs of a file that is not there. Not asked of other commands, since one of them brings such files."""
    there = [path.stem for path in (config.root / "briefs").glob("*.jsonl")] if config.outside.collections else []
    for name in sorted(set(config.outside.collections) - set(there)):
        message = f"expected [pictures.collections] with names of collections, got `{name}` and no file `briefs/{name}.jsonl`"
        hint = nearest_hint(name, there) or (f"collections: {', '.join(sorted(there))}" if there else "`aibild briefs import`")
        yield fatal("source-reference", message, CONFIG_FILE, config.outside.lines[name], hint=hint, subject=name)


def _folders(root: Path) -> Iterator[Finding]:
    """A folder of ours that is none, or that leads out, would otherwise pass for an empty one."""
    for name in ("site", "site/static", "briefs", "briefs/blocks", "briefs/profiles", "templates"):
        real = safe_join(root, name)
        if real is None:
            yield fatal("source-path", f"expected a folder inside the project, got a link that leads out at {shown(name)}", name)
        elif os.path.lexists(real) and not real.is_dir():
            yield fatal("source-path", f"expected a folder, got something else at {shown(name)}", name)


def _engine_fault(brief: Brief, known: Sequence[str]) -> Finding:
    near = nearest(brief.engine, known)
    return Finding(
        rule="source-reference",
        level=Level.FATAL,
        message=f"expected engine as one of {', '.join(known)}, got `{brief.engine}`",
        origin=brief.origin,
        subject=brief.id,
        hint=f"did you mean `{near}`?" if near else "",
    )


def _brief_fault(reference: PictureRef, briefs: Mapping[str, Brief]) -> Finding:
    near = nearest(reference.brief, briefs)
    return Finding(
        rule="source-reference",
        level=Level.FATAL,
        message=f"there is no brief `{reference.brief}`",
        origin=reference.origin,
        subject=reference.brief,
        hint=f"did you mean `{near}`?" if near else f"write briefs/{reference.brief}.yaml",
    )


def _alt_finding(page: Page, reference: PictureRef, brief: Brief) -> Finding:
    return _no_alt(brief, page.lang, page.url or "/", reference.origin)


def _no_alt(brief: Brief, lang: str, subject: str, origin: Origin) -> Finding:
    return Finding(
        rule="image-alt-missing",
        level=Level.ERROR,
        message=f"picture `{brief.id}` has no alt text in `{lang}`",
        origin=origin,
        subject=subject,
        hint=f"add `alt: {{{lang}: …}}` to {brief.origin.path}",
    )


def _lacks_caption(page: Page, reference: PictureRef, brief: Brief) -> bool:
    """Whether other languages have a caption that this page's language lacks."""
    return bool(brief.caption) and not (brief.caption.get(page.lang) or reference.caption or reference.inline)


def _caption_finding(page: Page, reference: PictureRef, brief: Brief) -> Finding:
    return Finding(
        rule="image-caption-missing",
        level=Level.WARNING,
        message=f"picture `{brief.id}` has a caption in {', '.join(sorted(brief.caption))}, but none in `{page.lang}`",
        origin=reference.origin,
        subject=page.url or "/",
        hint=f"add `caption: {{{page.lang}: …}}` to {brief.origin.path}",
    )
