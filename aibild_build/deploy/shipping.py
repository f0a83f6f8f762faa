"""Deploys, rolls back and lists releases: the entry points behind `aibild deploy`, `rollback` and `releases`.

Takes a built site, settings and a target; looks at the origin, plans, refuses what is too risky to do unasked, and has the plan
carried out. What it did comes back as nouns; nothing is printed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..bucket import Headers, bucket_time, honours_conditions
from ..canonical import canonical, digest_of
from ..config import TargetSettings
from ..errors import DeployError, RefusedError
from ..lock import Lock
from ..model import Cache
from ..targets import Target, load
from ..wire import to_json
from .built import BuiltSite
from .carrying import Carried, Carrier, Contents, Say, Work, lacking, plan_work
from .collecting import kept_ids
from .headers import headers_of
from .lease import LEASE_S, Clock
from .origin import Standing, look, read_now, read_releases
from .planning import PAGE_WAVE, Change, adopted, gone_pages
from .records import Release, Row, Shown

Looked = Callable[[], Standing]
_FEW_PAGES = 10  # so many may go without a question, however small the site is


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to deploy. `wait_s` is how long to wait for another deploy, `lease_s` how long without a word counts as given up;
    `adopt` takes over files that somebody else put there."""

    allow_deletions: bool = False
    adopt: bool = False
    wait_s: float = 0.0
    lease_s: float = LEASE_S
    say: Say = field(default=lambda line: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What a deploy or rollback did, or would do. `purge` are the addresses whose caches are out of date, `recipes` those of the
    pictures by their pixels, `pixels_before` what the release before showed."""

    target: str
    release: str
    previous: str
    changes: tuple[Change, ...]
    sent: int = 0
    sent_bytes: int = 0
    files: int = 0
    purge: tuple[str, ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)
    pixels: frozenset[str] = frozenset()
    pixels_before: frozenset[str] = frozenset()


def plan_deploy(
    site: BuiltSite,
    lock: Lock,
    settings: TargetSettings,
    target: Target,
    clock: Clock,
    manner: Manner,
    looked: Looked | None = None,
) -> tuple[Shipped, Work]:
    """What a deploy would do. Raises RefusedError for what it would not do unasked, BucketError.

    `looked` gives what the origin said just now, where somebody has asked it already.
    """
    standing = looked() if looked is not None else look(target.bucket)
    release = _release(site, lock, settings, standing, clock)
    work = plan_work(target, standing, release, retract=frozenset(lock.retracted))
    _refuse_risky(work, settings, manner)
    return _shipped(work, settings), work


def deploy(
    site: BuiltSite,
    lock: Lock,
    settings: TargetSettings,
    target: Target,
    clock: Clock,
    manner: Manner,
    looked: Looked | None = None,
) -> Shipped:
    """Bring the site to its target. A site that is there already costs two requests and a listing."""
    planned, work = plan_deploy(site, lock, settings, target, clock, manner, looked)
    if work.nothing:
        return replace(planned, release=planned.previous)
    return _carried(target, settings, work, site.contents, clock, manner, retract=frozenset(lock.retracted))


def rollback(settings: TargetSettings, target: Target, clock: Clock, manner: Manner, *, lock: Lock, release: str = "") -> Shipped:
    """Show a former release again, without sending a file of it; "" is the one before.

    Raises RefusedError where it shows what was retracted since or is not whole any more, DeployError where there is none.
    """
    standing = look(target.bucket)
    wanted = _named(target, standing, release)
    barred = sorted({row.pixels for row in wanted.rows.values() if row.pixels in lock.retracted})
    if barred:
        reasons = tuple(f"pixels {pixels[:12]} were retracted: {lock.retracted[pixels].reason}" for pixels in barred)
        raise RefusedError(f"release {wanted.id} is not shown again", reasons, hint="build without the picture and deploy that")
    if absent := lacking(target, wanted, standing.held):
        raise RefusedError(f"release {wanted.id} is not whole any more", tuple(f"{path} is gone" for path in absent[:20]))
    work = plan_work(target, standing, wanted, retract=frozenset(lock.retracted))

    def nothing(path: str) -> bytes:
        raise DeployError(f"{path} of release {wanted.id} is not at the origin any more")

    return _carried(target, settings, work, nothing, clock, manner, retract=frozenset(lock.retracted))


def releases(target: Target) -> tuple[Shown, ...]:
    """The history of the target, newest first; the first is shown."""
    return tuple(reversed(read_now(target.bucket)[0].history))


def origin_of(settings: TargetSettings, root: Path, environ: Mapping[str, str]) -> Target:
    """The target, where it keeps releases. Raises DeployError for one whose host does that."""
    target = load(settings, root, environ)
    if not isinstance(target, Target):
        hint = "its own dashboard and tool list and restore former deploys"
        raise DeployError(f"releases of target `{settings.name}` are kept by its host", hint=hint)
    return target


def digests_at(target: Target) -> dict[str, str]:
    """What the release that is shown says of each file."""
    current = read_now(target.bucket)[0].id
    return {path: row.digest for path, row in read_releases(target.bucket, [current])[0].rows.items()} if current else {}


def kept_releases(settings: TargetSettings, target: Target) -> tuple[Release, ...]:
    """Every release that can be rolled back to, with all its files."""
    current = read_now(target.bucket)[0]
    if not current.history:
        return ()
    return read_releases(target.bucket, sorted(kept_ids(current, settings, bucket_time(target.bucket))))


def _carried(
    target: Target,
    settings: TargetSettings,
    work: Work,
    contents: Contents,
    clock: Clock,
    manner: Manner,
    *,
    retract: frozenset[str],
) -> Shipped:
    conditional = honours_conditions(target.bucket)
    if not conditional and not settings.exclusive:
        raise DeployError(
            f"{target.bucket.address} ignores conditional writes, so two deploys at once would mix their pages",
            hint=f"`exclusive = true` under [targets.{settings.name}] says that nobody else deploys at the same time",
        )
    carrier = Carrier(
        target,
        contents,
        clock,
        conditional=conditional,
        retract=retract,
        wait_s=manner.wait_s,
        lease_s=manner.lease_s,
        say=manner.say,
    )
    done: Carried = carrier.carry(work)
    return replace(_shipped(done.work, settings), sent=done.sent, sent_bytes=done.sent_bytes)


def _release(site: BuiltSite, lock: Lock, settings: TargetSettings, standing: Standing, clock: Clock) -> Release:
    """The built site as a release. A hashed name that is shown already keeps what lies there: its bytes may differ in their
    signature alone, and nobody may be sent other bytes under a name that never changes."""
    rows: dict[str, Row] = {}
    for path, one in site.outputs.items():
        immutable = one.cache is Cache.IMMUTABLE
        headers = headers_of(one, settings, site.outputs)
        is_squeezed = headers.content_encoding != "" and headers.content_encoding == settings.compress
        size = 0 if is_squeezed else one.bytes
        was = standing.rows.get(path)
        if immutable and was is not None and was.immutable:
            rows[path] = was if one.pixels in ("", was.pixels) else replace(was, pixels=one.pixels)
        else:
            rows[path] = Row(digest=one.digest, bytes=size, headers=headers, immutable=immutable, pixels=one.pixels)
    name = digest_of("\n".join(_said(rows)).encode())[:8]
    shown = {row.pixels for row in rows.values() if row.pixels}
    pins = (pin for assets in lock.briefs.values() for one in assets.values() for pin in one.candidates)
    return Release(
        id=f"{clock.moment()}-{name}",
        base_url=settings.base_url,
        lock=site.lock,
        mode=settings.mode,
        rows=rows,
        recipes={pin.pixels: pin.recipe for pin in pins if pin.pixels in shown},
    )


def _said(rows: Mapping[str, Row]) -> Iterator[str]:
    """What makes a release this one, a line for each file. Sets of headers are few, so each is written once."""
    kinds: dict[Headers, str] = {}
    for path, row in sorted(rows.items()):
        if row.headers not in kinds:
            kinds[row.headers] = canonical(to_json(row.headers)).decode()
        yield f"{path}\t{row.digest}\t{kinds[row.headers]}"


def _refuse_risky(work: Work, settings: TargetSettings, manner: Manner) -> None:
    """Raises RefusedError."""
    pages = [path for path, row in work.standing.rows.items() if not row.immutable and path.endswith(".html")]
    gone = list(gone_pages(work.changes))
    if len(gone) > max(_FEW_PAGES, len(pages) * settings.max_deletions_percent / 100) and not manner.allow_deletions:
        raise RefusedError(
            f"this deploy would delete {len(gone)} of {len(pages)} pages",
            tuple(gone[:10]),
            hint="if that is meant, `--allow-deletions`; else look whether the right folder was built",
        )
    strange = adopted(work.release.rows, work.standing.perhaps, work.standing.held) if work.release.mode == "inplace" else ()
    if strange and not manner.adopt:
        raise RefusedError(
            f"target `{settings.name}` holds {len(strange)} files under names of ours that aibild did not put there",
            strange[:10],
            hint="if they may be written over, `--adopt`",
        )


def _named(target: Target, standing: Standing, release: str) -> Release:
    known = [one.id for one in standing.current.history]
    if not release:
        before = [name for name in known if name != standing.current.id]
        if not before:
            raise DeployError("there is no release before this one", hint="`aibild releases` lists them")
        release = before[-1]
    matching = sorted({name for name in known if name.startswith(release)})
    if len(matching) != 1:
        what = "several releases begin" if matching else "no release begins"
        raise DeployError(f"{what} with `{release}`", hint="`aibild releases` lists them")
    return read_releases(target.bucket, matching)[0]


def _shipped(work: Work, settings: TargetSettings) -> Shipped:
    return Shipped(
        target=settings.name,
        release=work.release.id,
        previous=work.standing.current.id,
        changes=work.changes,
        files=len(work.release.rows),
        purge=tuple(_addresses(work, settings.base_url)),
        recipes=work.release.recipes,
        pixels=work.release.pixels,
        pixels_before=work.standing.shown.pixels if work.standing.shown is not None else frozenset(),
    )


def _addresses(work: Work, base_url: str) -> Iterator[str]:
    """What caches may have kept: every address of a file that changed or went, and of nothing else."""
    shown: Mapping[str, Row] = work.standing.perhaps
    for change in work.changes:
        if change.path in work.retracted or (change.path in shown and change.wave > 0):
            yield f"{base_url}{change.path}"
            if change.wave == PAGE_WAVE and change.path.rpartition("/")[2] == "index.html":
                yield f"{base_url}{change.path.removesuffix('index.html')}"
