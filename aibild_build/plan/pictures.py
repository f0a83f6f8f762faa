"""Which assets the used briefs want, how the lock stands to each, and which must be made, with the reason.

Takes a `Project` and a store, yields one `WantedAsset` for every asset of every brief in use. Makes nothing. The table in
`decide` is the one in the docs page "The lock".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import engines, recipe
from ..canonical import digest_of, key_of
from ..errors import SourceError
from ..imagefile.watermark import FINGERPRINT, mark_id
from ..lock import Lock, LockState, Pin, Pinned, compare
from ..model import MASTER, Asset, Brief, Finding, Json, Level, PictureReason, Recipe, Size, Work
from ..store import Store
from ..wire import from_json
from .chains import Node, asset_names, bases, chain, is_hidden, plain
from .costs import PastCosts
from .models import Pins, changed_finding, fault_finding, settings_of
from .reading import Project, uses

__all__ = [
    "Making",
    "WantedAsset",
    "asset_key",
    "asset_names",
    "engine_findings",
    "find_made",
    "find_pinned",
    "recipe_differences",
    "want_assets",
    "with_cost",
]


Takes = Callable[[Recipe, Asset], bool]


def _takes_all(one: Recipe, asset: Asset) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """One candidate that must be made. `expected` are the pixels that must come, "" where any will do."""

    recipe: Recipe
    inputs: tuple[tuple[str, str], ...]
    expected: str
    work: Work


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAsset:
    """One asset that pages need. `assets` are those at hand by recipe key; `making` is what is missing; `size` is what was
    asked for.

    `blocked` says why it can neither be used nor made, "" otherwise. A `draft` is a sketch that stands in for it.
    `findings` are what the engine had to say of the brief, none of it fatal. `waiting` means that it starts from a picture that
    is not made yet: its recipes are stand-ins until then. `parent` is that picture once it is there. `models` are the lock's
    entries of the models it names, `changed` those of them whose files here are others.

    `replaced` says why the lock's pick is not used although there are other candidates, `barred` why none of its candidates may
    be; "" otherwise. People decided both.
    """

    brief: str
    name: str
    engine: str
    lane: str
    recipes: tuple[Recipe, ...]
    state: LockState
    pinned: Pinned | None
    assets: Mapping[str, Asset]
    making: tuple[Making, ...]
    blocked: str = ""
    draft: bool = False
    findings: tuple[Finding, ...] = ()
    waiting: bool = False
    parent: Asset | None = None
    models: Mapping[str, Json] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    replaced: str = ""
    barred: str = ""

    @property
    def hidden(self) -> bool:
        """Whether it is a step on the way to a picture, shown by no page."""
        return is_hidden(self.name)

    @property
    def subject(self) -> str:
        return _subject(self.brief, self.name)

    @property
    def size(self) -> Size:
        return self.recipes[0].size


def asset_key(recipe_key: str, pixels: str) -> str:
    """Key of the record of one asset: the recipe alone would not do, since a repinned picture has the same one."""
    return key_of({"kind": "asset", "recipe": recipe_key, "pixels": pixels})


def want_assets(
    project: Project,
    store: Store,
    *,
    briefs: Sequence[str] | None = None,
    force: bool = False,
    repin: bool = False,
    draft: bool = False,
    settled: Collection[str] = (),
    pins: Pins | None = None,
    takes: Takes | None = None,
) -> tuple[WantedAsset, ...]:
    """Every asset that the site's pages need, or that `briefs` need, sorted by brief.

    `settled` are subjects that this run has made already: neither `force` nor `repin` applies to them again. `takes` says of an
    asset at hand whether it will do; None takes all. Raises SourceError when an engine finds fault with a brief.
    """
    ask = _Asking(project, store, pins or Pins(project), takes, force=force, repin=repin, draft=draft, settled=frozenset(settled))
    wanted: list[WantedAsset] = []
    for brief_id in sorted(uses(project.config, project.site) if briefs is None else briefs):
        wanted += ask.wants_of(project.site.briefs[brief_id])
    if ask.faults:
        raise SourceError(tuple(dict.fromkeys(ask.faults)))
    return tuple(wanted)


def engine_findings(wanted: Sequence[WantedAsset]) -> tuple[Finding, ...]:
    """What engines had to say of briefs, each thing once."""
    return tuple(dict.fromkeys(finding for want in wanted for finding in want.findings))


class _Asking:
    """One round of questions: engines are loaded once, faults are collected."""

    def __init__(
        self,
        project: Project,
        store: Store,
        pins: Pins,
        takes: Takes | None,
        *,
        force: bool,
        repin: bool,
        draft: bool,
        settled: frozenset[str],
    ) -> None:
        self._project = project
        self._store = store
        self._pins = pins
        self._takes = takes or _takes_all
        self._force, self._repin, self._draft, self._settled = force, repin, draft, settled
        self._engines: dict[str, engines.Engine] = {}
        self.faults: list[Finding] = []

    def wants_of(self, brief: Brief) -> list[WantedAsset]:
        """The wanted assets of one brief, each after the one it starts from; steps that nobody needs are left out."""
        engine = self._engine(brief.engine)
        found: dict[str, WantedAsset] = {}
        drawn: dict[str, Node] = {}
        for base in bases(brief):
            try:
                nodes = chain(brief, base) if getattr(engine, "staged", False) else (plain(brief, base),)
            except ValueError as error:
                self.faults.append(_stage_fault(brief, str(error)))
                continue
            for node in nodes:
                want = self._want(node, engine, found.get(node.parent))
                if want is None:
                    break
                found[node.name], drawn[node.name] = want, node
        wants = _needed(list(found.values()), brief)
        return [one for want in wants if (one := self._or_draft(want, drawn[want.name])) is not None]

    def _or_draft(self, want: WantedAsset, node: Node) -> WantedAsset | None:
        """In a draft what cannot be had is sketched, and steps towards it are left out."""
        if not self._draft or not (want.blocked or want.barred or (want.making and want.state is not LockState.EQUAL)):
            return want
        return None if want.hidden else _stand_in(self._project, self._store, node)

    def _engine(self, name: str) -> engines.Engine:
        if name not in self._engines:
            self._engines[name] = engines.load(name, settings_of(self._project.config, name))
        return self._engines[name]

    def _want(self, node: Node, engine: engines.Engine, parent: WantedAsset | None) -> WantedAsset | None:
        names = engine.models_of(node.brief) if isinstance(engine, engines.Modelled) else ()
        entries = self._pins.of(names)
        broken = [fault_finding(name, why) for name in names if name not in entries and (why := self._pins.fault(name))]
        if broken:
            self.faults += broken
            return None
        resolved, recipes, faults = _recipes(self._project, node, engine, entries, parent)
        self.faults += faults
        if not recipes:
            return None
        subject = _subject(node.brief.id, node.name)
        fresh = subject not in self._settled
        want = _decide(
            self._project,
            self._store,
            engine,
            node,
            recipes,
            resolved.inputs,
            force=self._force and fresh,
            repin=self._repin and fresh,
            takes=self._takes if fresh else _takes_all,
        )
        changed = self._pins.changed(names)
        return replace(
            want,
            findings=(
                *(one for one in resolved.findings if one.level is not Level.FATAL),
                *(changed_finding(name) for name in changed),
            ),
            waiting=parent is not None and not _start_of(parent)[2],
            parent=_picked(parent) if parent is not None else None,
            models=entries,
            changed=changed,
        )


def _needed(wants: list[WantedAsset], brief: Brief) -> list[WantedAsset]:
    """Without the steps that would have to be made or fetched only for a picture that is there already."""
    parents = {node.name: node.parent for base in bases(brief) for node in _chain_or_none(brief, base)}
    names = {parents.get(want.name, "") for want in wants if want.making or want.waiting}
    while more := {parents[name] for name in names if parents.get(name)} - names:
        names |= more
    return [want for want in wants if not want.hidden or want.name in names or not (want.making or want.blocked)]


def _chain_or_none(brief: Brief, base: str) -> tuple[Node, ...]:
    try:
        return chain(brief, base)
    except ValueError:
        return ()


def _start_of(parent: WantedAsset) -> tuple[str, str, bool]:
    """Recipe key and pixels of the picture that a parent will be, and whether they are known; stand-ins where they are not."""
    pin = parent.pinned.picked if parent.state is LockState.EQUAL and parent.pinned is not None else None
    first = parent.recipes[0].key
    if parent.waiting or parent.replaced:
        return first, first, False
    if pin is not None and all(one.expected for one in parent.making):
        return pin.recipe, pin.pixels, True
    if len(parent.recipes) == 1 and not parent.making and first in parent.assets:
        return first, parent.assets[first].pixels, True
    return first, first, False


def _picked(parent: WantedAsset) -> Asset | None:
    """The parent's asset in use, if it is at hand and settled."""
    key, _, known = _start_of(parent)
    return parent.assets.get(key) if known else None


def _subject(brief: str, name: str) -> str:
    return brief if name == MASTER else f"{brief} {name}"


def _recipes(
    project: Project, node: Node, engine: engines.Engine, models: Mapping[str, Json], parent: WantedAsset | None
) -> tuple[engines.Resolved, tuple[Recipe, ...], tuple[Finding, ...]]:
    """The recipe of every candidate, what the engine resolved, and the faults that forbid both."""
    brief = node.brief
    resolved = engine.resolve(brief, node.name, node.size, models)
    faults = [finding for finding in resolved.findings if finding.level is Level.FATAL]
    rule = next((rule for rule in brief.ratios if rule.ratio == node.name), None)
    if rule is not None and rule.mode == "outpaint" and not getattr(engine, "staged", False):
        faults.append(_no_outpaint(brief, node.name))
    digests, missing = _input_digests(project.config.root, brief, resolved.inputs)
    if faults or missing:
        return resolved, (), (*faults, *missing)
    parents: tuple[str, ...] = ()
    if parent is not None:
        key, pixels, _ = _start_of(parent)
        parents, digests = (key,), (*digests, ("parent", pixels))
    first = recipe.compose(
        engine=brief.engine,
        fingerprint=engine.fingerprint,
        prompt=resolved.prompt,
        negative=resolved.negative,
        seed=resolved.seed,
        size=resolved.size,
        parameters=resolved.parameters,
        inputs=digests,
        parents=parents,
        noted=resolved.noted,
        watermark=watermark_of(brief, project.config.watermark_key) if not node.hidden else None,
    )
    return resolved, tuple(recipe.candidate(first, index) for index in range(brief.candidates)), ()


def watermark_of(brief: Brief, key: str) -> dict[str, Json]:
    """What a recipe says of the mark; of the key its name alone, so that a machine without the secret has the same recipe.

    The id is the brief's, not the recipe's: a picture painted over another of its brief then carries one mark and not two.
    """
    if not brief.watermark:
        return {}
    return {"fingerprint": FINGERPRINT, "strength": brief.watermark, "id": mark_id(brief.id), "key": key or "public"}


def _stage_fault(brief: Brief, message: str) -> Finding:
    return Finding(rule="source-value", level=Level.FATAL, message=message, origin=brief.origin, subject=brief.id)


def _no_outpaint(brief: Brief, name: str) -> Finding:
    message = f"engine `{brief.engine}` cannot outpaint `{name}`"
    hint = "use `mode: crop` or `mode: regenerate`"
    return Finding(rule="source-value", level=Level.FATAL, message=message, origin=brief.origin, subject=brief.id, hint=hint)


def _input_digests(
    root: Path, brief: Brief, inputs: tuple[tuple[str, str], ...]
) -> tuple[tuple[tuple[str, str], ...], tuple[Finding, ...]]:
    digests, faults = [], []
    for role, path in inputs:
        try:
            digests.append((role, digest_of((root / path).read_bytes())))
        except OSError as error:
            message = f"expected input `{role}` at {path}, got {error.strerror or error}"
            faults.append(Finding(rule="source-path", level=Level.FATAL, message=message, origin=brief.origin, subject=brief.id))
    return tuple(digests), tuple(faults)


def _decide(
    project: Project,
    store: Store,
    engine: engines.Engine,
    node: Node,
    recipes: tuple[Recipe, ...],
    inputs: tuple[tuple[str, str], ...],
    *,
    force: bool,
    repin: bool,
    takes: Takes,
) -> WantedAsset:
    """The lock's table for one asset (see the docs page "The lock")."""
    brief, name = node.brief, node.name
    pinned = project.lock.pinned(brief.id, name)
    state = compare(pinned, [one.key for one in recipes])
    assets: dict[str, Asset] = {}
    making: list[Making] = []
    blocked = replaced = ""

    def make(one: Recipe, reason: PictureReason, expected: str = "", detail: str = "") -> None:
        subject = _subject(brief.id, name)
        work = Work(kind="picture", key=one.key, subject=subject, reason=reason, cost=engine.estimate(one), detail=detail)
        making.append(Making(recipe=one, inputs=inputs, expected=expected, work=work))

    if state is LockState.EQUAL and pinned is not None and not repin:
        replaced, pins = _usable(project.lock, brief.id, name, pinned)
        for pin in pins:
            one = next(one for one in recipes if one.key == pin.recipe)
            asset = find_pinned(store, pin)
            if asset is not None and not takes(one, asset):
                make(one, PictureReason.OTHER_ENVIRONMENT, pin.pixels)
            elif asset is not None and not (force and engine.exact):
                assets[pin.recipe] = asset
            elif engine.exact:
                make(one, PictureReason.FORCED if force else PictureReason.MISSING_BLOB, pin.pixels)
            elif not replaced:
                blocked = "is pinned, missing from the store, and cannot be made again exactly"
    else:
        for one in recipes:
            asset = find_made(store, one.key)
            if asset is not None and not (force or repin):
                if takes(one, asset):
                    assets[one.key] = asset
                else:
                    make(one, PictureReason.OTHER_ENVIRONMENT)
            elif repin and state is LockState.EQUAL:
                make(one, PictureReason.REPINNED)
            else:
                reason, detail = _why_new(store, pinned, one)
                make(one, PictureReason.FORCED if force else reason, detail=detail)
    return WantedAsset(
        brief=brief.id,
        name=name,
        engine=brief.engine,
        lane=engine.lane,
        recipes=recipes,
        state=state,
        pinned=pinned,
        assets=assets,
        making=tuple(making),
        blocked=blocked,
        replaced=replaced,
        barred=_barred(project.lock, assets, making, replaced),
    )


def _usable(lock: Lock, brief: str, name: str, pinned: Pinned) -> tuple[str, tuple[Pin, ...]]:
    """Which candidates a build looks at: the pick, or where people bar it those that nobody bars, and why.

    A rejected pick without another candidate stays in use, since somebody must see what was rejected; a retracted one does not.
    """
    why = lock.barred(brief, name, pinned.picked.pixels)
    others = tuple(pin for pin in pinned.candidates if not lock.barred(brief, name, pin.pixels)) if why else ()
    if why and (others or pinned.picked.pixels in lock.retracted):
        return why, others
    return "", (pinned.picked,)


def _barred(lock: Lock, assets: Mapping[str, Asset], making: Sequence[Making], replaced: str) -> str:
    """Why nothing at hand may be used, where nothing else is to be made."""
    if making:
        return ""
    pixels = [asset.pixels for asset in assets.values()]
    if all(one in lock.retracted for one in pixels):
        return replaced or (f"retracted: {lock.retracted[pixels[0]].reason}" if pixels else "")
    return ""


def _stand_in(project: Project, store: Store, node: Node) -> WantedAsset:
    """A sketch of the same size, palette and safe areas; never pinned."""
    engine = engines.load("sketch", project.config.engines.get("sketch"))
    brief = node.brief
    own = brief if brief.engine == "sketch" else replace(brief, engine="sketch", parameters={}, inputs=())
    alone = Node(name=node.name, parent="", brief=replace(own, candidates=1, ratios=(), watermark=0.0), size=node.size)
    resolved, recipes, _ = _recipes(project, alone, engine, {}, None)
    unlocked = replace(project, lock=Lock(models=project.lock.models))
    want = _decide(unlocked, store, engine, alone, recipes, resolved.inputs, force=False, repin=False, takes=_takes_all)
    return replace(want, draft=True)


def find_pinned(store: Store, pin: Pin) -> Asset | None:
    """The asset with exactly the pinned pixels, if its bytes are in the store."""
    return _asset(store, asset_key(pin.recipe, pin.pixels), pin.pixels)


def find_made(store: Store, recipe_key: str) -> Asset | None:
    """The asset that was first made for a recipe, if its bytes are in the store."""
    return _asset(store, recipe_key, None)


def _asset(store: Store, key: str, pixels: str | None) -> Asset | None:
    record = store.lookup(key)
    if record is None:
        return None
    try:
        asset: Asset = from_json(Asset, record["asset"])
    except (KeyError, ValueError):
        return None
    return asset if (pixels is None or asset.pixels == pixels) and store.has(asset.digest) else None


def _why_new(store: Store, pinned: Pinned | None, wanted: Recipe) -> tuple[PictureReason, str]:
    """Why a recipe is not what the lock pins: what differs, as far as the old recipe is still known."""
    if pinned is None:
        return PictureReason.NEW, ""
    names = sorted({path.split(".")[0].split("[")[0] for path, _, _ in recipe_differences(store, pinned.picked.recipe, wanted)})
    if not names:
        return PictureReason.RECIPE_CHANGED, ""
    reason = PictureReason.INPUT_CHANGED if names == ["inputs"] else PictureReason.RECIPE_CHANGED
    return reason, ", ".join(names)


def recipe_differences(store: Store, old_key: str, wanted: Recipe) -> Iterator[tuple[str, Json, Json]]:
    """Each field that differs between a recipe of the past and `wanted`; nothing when the store has forgotten the old one."""
    record = store.lookup(old_key)
    if record is not None and isinstance(record.get("recipe"), Mapping):
        yield from recipe.differences(record["recipe"], wanted.asked())


def with_cost(wanted: tuple[WantedAsset, ...], past: PastCosts) -> tuple[WantedAsset, ...]:
    """The same, each expected cost taken from what past pictures took, where that is known."""

    def priced(one: Making) -> Making:
        known = past.of(one.recipe)
        if known is None:
            return one
        return replace(one, work=replace(one.work, cost=replace(known, credits=one.work.cost.credits)))

    return tuple(replace(asset, making=tuple(priced(one) for one in asset.making)) for asset in wanted)
