"""Which assets the used briefs want, how the lock stands to each, and which must be made, with the reason.

Takes a `Project` and a store, yields one `WantedAsset` for every asset of every brief in use. Makes nothing. The table in
`decide` is the one in the docs page "The lock".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import engines, recipe
from ..canonical import digest_of, key_of
from ..errors import SourceError
from ..lock import Lock, LockState, Pin, Pinned, compare
from ..model import MASTER, Asset, Brief, Cost, Finding, Json, Level, PictureReason, Recipe, Size, Work
from ..store import Store
from ..wire import from_json
from .reading import Project, uses


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
    `findings` are what the engine had to say of the brief, none of it fatal.
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

    @property
    def subject(self) -> str:
        return self.brief if self.name == MASTER else f"{self.brief} {self.name}"

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
) -> tuple[WantedAsset, ...]:
    """Every asset that the site's pages need, or that `briefs` need, sorted by brief.

    Raises SourceError when an engine finds fault with a brief.
    """
    loaded: dict[str, engines.Engine] = {}
    wanted: list[WantedAsset] = []
    faults: list[Finding] = []
    for brief_id in sorted(uses(project.config, project.site) if briefs is None else briefs):
        brief = project.site.briefs[brief_id]
        if brief.engine not in loaded:
            loaded[brief.engine] = engines.load(brief.engine, project.config.engines.get(brief.engine))
        engine = loaded[brief.engine]
        for name in asset_names(brief):
            resolved, recipes, found = _recipes(project, brief, name, engine)
            faults += found
            if recipes:
                want = _decide(project, store, engine, brief, name, recipes, resolved.inputs, force=force, repin=repin)
                want = replace(want, findings=tuple(one for one in resolved.findings if one.level is not Level.FATAL))
                missing = want.blocked or (want.making and want.state is not LockState.EQUAL)
                wanted.append(_stand_in(project, store, brief, name) if draft and missing else want)
    if faults:
        raise SourceError(tuple(faults))
    return tuple(wanted)


def asset_names(brief: Brief) -> tuple[str, ...]:
    """The assets of a brief: the master, and each ratio that is made rather than cropped."""
    return (MASTER, *(rule.ratio for rule in brief.ratios if rule.mode != "crop"))


def _recipes(
    project: Project, brief: Brief, name: str, engine: engines.Engine
) -> tuple[engines.Resolved, tuple[Recipe, ...], tuple[Finding, ...]]:
    """The recipe of every candidate, what the engine resolved, and the faults that forbid both."""
    asked = recipe.for_ratio(brief, name)
    size = brief.size if name == MASTER else recipe.size_at(brief, name)
    resolved = engine.resolve(asked, name, size, project.lock.models)
    faults = [finding for finding in resolved.findings if finding.level is Level.FATAL]
    rule = next((rule for rule in brief.ratios if rule.ratio == name), None)
    if rule is not None and rule.mode == "outpaint":
        faults.append(_no_outpaint(brief, name))
    digests, missing = _input_digests(project.config.root, brief, resolved.inputs)
    if faults or missing:
        return resolved, (), (*faults, *missing)
    first = recipe.compose(
        engine=brief.engine,
        fingerprint=engine.fingerprint,
        prompt=resolved.prompt,
        negative=resolved.negative,
        seed=resolved.seed,
        size=resolved.size,
        parameters=resolved.parameters,
        inputs=digests,
        noted=resolved.noted,
    )
    return resolved, tuple(recipe.candidate(first, index) for index in range(brief.candidates)), ()


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
    brief: Brief,
    name: str,
    recipes: tuple[Recipe, ...],
    inputs: tuple[tuple[str, str], ...],
    *,
    force: bool,
    repin: bool,
) -> WantedAsset:
    """The lock's table for one asset (see the docs page "The lock")."""
    pinned = project.lock.pinned(brief.id, name)
    state = compare(pinned, [one.key for one in recipes])
    assets: dict[str, Asset] = {}
    making: list[Making] = []
    blocked = ""

    def make(one: Recipe, reason: PictureReason, expected: str = "", detail: str = "") -> None:
        subject = brief.id if name == MASTER else f"{brief.id} {name}"
        work = Work(kind="picture", key=one.key, subject=subject, reason=reason, cost=engine.estimate(one), detail=detail)
        making.append(Making(recipe=one, inputs=inputs, expected=expected, work=work))

    if state is LockState.EQUAL and pinned is not None and not repin:
        pin = pinned.picked
        one = next(one for one in recipes if one.key == pin.recipe)
        asset = find_pinned(store, pin)
        if asset is not None and not (force and engine.exact):
            assets[pin.recipe] = asset
        elif engine.exact:
            make(one, PictureReason.FORCED if force else PictureReason.MISSING_BLOB, pin.pixels)
        else:
            blocked = "is pinned, missing from the store, and cannot be made again exactly"
    else:
        for one in recipes:
            asset = find_made(store, one.key)
            if asset is not None and not (force or repin):
                assets[one.key] = asset
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
    )


def _stand_in(project: Project, store: Store, brief: Brief, name: str) -> WantedAsset:
    """A sketch of the same size, palette and safe areas; never pinned."""
    engine = engines.load("sketch", project.config.engines.get("sketch"))
    own = brief if brief.engine == "sketch" else replace(brief, engine="sketch", parameters={}, inputs=())
    resolved, recipes, _ = _recipes(project, replace(own, candidates=1), name, engine)
    unlocked = replace(project, lock=Lock(models=project.lock.models))
    want = _decide(unlocked, store, engine, own, name, recipes, resolved.inputs, force=False, repin=False)
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


def with_cost(wanted: tuple[WantedAsset, ...], seconds_per_megapixel: Mapping[str, float]) -> tuple[WantedAsset, ...]:
    """The same, each expected cost taken from what past pictures of that engine took, where that is known."""

    def priced(one: Making) -> Making:
        past = seconds_per_megapixel.get(one.recipe.engine)
        if past is None:
            return one
        cost = Cost(seconds=past * one.recipe.size[0] * one.recipe.size[1] / 1e6, credits=one.work.cost.credits)
        return replace(one, work=replace(one.work, cost=cost))

    return tuple(replace(asset, making=tuple(priced(one) for one in asset.making)) for asset in wanted)
