"""Why something would be made again, or that nothing differs. The entry point of `aibild why`.

Takes a project and the name of a brief, a page or a file of the built site, yields every field that differs from what stands.
It reads the store, the lock and the output folder, and changes none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import engines
from ..config import STATE_FOLDER
from ..errors import AibildError, EngineUnavailable
from ..lock import LockState
from ..model import Json, Page, Recipe, Rendition, Variant
from ..pages.memory import name_of, read_remembered
from ..recipe import differences
from ..source import nearest
from ..store import Store
from ..wire import from_json, to_json
from . import expected_assets, output_path, picked, renderer_for, store_path
from .exact import is_exact, unlike
from .gates import hero_styles
from .models import settings_of
from .pages import want_pages
from .pictures import WantedAsset, recipe_differences, want_assets
from .reading import Project, open_project
from .renditions import POLICY, WantedBrief, compose_pictures, named_url, want_renditions
from .sealing import PICTURES_FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field: what stands and what is asked for now; None is absent or no longer known.

    Of a page the field is what it was made of, and `now` the reason that this gives.
    """

    field: str
    before: Json
    now: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of `subject`. `verdict` is one sentence; `identity` is filled for files of the built site."""

    subject: str
    kind: str
    verdict: str
    differences: tuple[Difference, ...] = ()
    identity: Json = field(default_factory=dict)


def why(root: Path, name: str, *, store_dir: Path | None = None, output_dir: Path | None = None) -> tuple[Answer, ...]:
    """Answers for a brief id, a page (id, URL or source file) or the URL of a picture. Raises AibildError for an unknown name."""
    project = open_project(root)
    store = Store(store_dir or store_path(project), read_only=True)
    output = output_dir or output_path(project)
    if name in project.site.briefs:
        wanted = want_assets(project, store, briefs=[name])
        return tuple(_asset_answer(project, store, want) for want in wanted)
    page = _find_page(project, name)
    if page is not None:
        return (_page_answer(project, store, output, page),)
    path = _path_of(project, name)
    if path.startswith(f"{PICTURES_FOLDER}/"):
        return (_file_answer(project, store, output, path),)
    known = [*project.site.briefs, *(page.id for page in project.site.pages)]
    near = nearest(name, known)
    raise AibildError(
        f"there is no brief, page or picture `{name}`",
        hint=f"did you mean `{near}`?" if near else "name a brief id, a page's URL, or a picture's URL",
    )


def _asset_answer(project: Project, store: Store, want: WantedAsset) -> Answer:
    pin = want.pinned.picked if want.pinned else None
    current = want.recipes[0]
    found = (
        tuple(Difference(field=path, before=old, now=new) for path, old, new in recipe_differences(store, pin.recipe, current))
        if pin
        else ()
    )
    if want.state is LockState.ABSENT:
        verdict = (
            "not pinned in aibild.lock: it would be made"
            if want.making
            else "not pinned in aibild.lock: the store has it, a build pins it"
        )
    elif want.state is LockState.DIFFERS:
        known = "" if found else "; the store no longer knows the old recipe, so the fields cannot be named"
        verdict = f"the lock pins another recipe{known}"
    elif want.blocked:
        verdict = f"nothing differs, but it {want.blocked}"
    elif want.making:
        verdict = "nothing differs, but it is missing from the store: it would be made again, to the same pixels"
    else:
        verdict = "nothing differs"
    identity = {
        "recipe": current.key,
        "pixels": pin.pixels if pin else None,
        "made": pin.made if pin else None,
        "noted": dict(current.noted),
        **_situation(project, store, want, current),
    }
    return Answer(subject=want.subject, kind="picture", verdict=verdict, differences=found, identity=identity)


def _situation(project: Project, store: Store, want: WantedAsset, current: Recipe) -> dict[str, Json]:
    """Whether the picture at hand is what this machine would make, and what of its environment differs; see `exact`."""
    asset = picked(want)
    if asset is None:
        return {}
    engine = engines.load(want.engine, settings_of(project.config, want.engine))
    if not isinstance(engine, engines.Situated):
        return {"hit": "exact"} if engine.exact else {}
    try:
        here = engine.environment(current)
    except EngineUnavailable as error:
        return {"hit": "equivalent", "environment": {"here": [None, error.message]}}
    finally:
        engine.close()
    found: dict[str, Json] = {path: list(both) for path, both in unlike(asset.made.environment, here).items()}
    return {"hit": "exact" if is_exact(store, asset, here) else "equivalent", "environment": found}


def _find_page(project: Project, name: str) -> Page | None:
    path = _path_of(project, name).removesuffix("index.html").rstrip("/")
    for page in project.site.pages:
        if name == page.origin.path or path in (page.url.rstrip("/"), page.path):
            return page
    default = project.config.default_language
    return next((page for page in project.site.pages if page.id == name and page.lang == default), None)


def _path_of(project: Project, name: str) -> str:
    """A path below the site's root, from a full URL, an absolute path or that path itself."""
    return name.removeprefix(project.config.base_url).removeprefix(project.config.base_path).lstrip("/")


def _page_answer(project: Project, store: Store, output: Path, page: Page) -> Answer:
    briefs = _briefs(project, store)
    at_hand = {one.variant.encode: one.rendition for brief in briefs for one in brief.renditions if one.rendition is not None}
    renderer = renderer_for(project, compose_pictures(project.config, briefs, at_hand, hero_styles(project, store, briefs)))
    remembered = read_remembered(project.config.root / STATE_FOLDER)
    want = want_pages([page], renderer, remembered, output)[0]
    record = remembered.pages.get(name_of(page))
    found: tuple[Difference, ...] = ()
    if record is not None:
        changes = renderer.changes(page, record.trace)
        found = tuple(Difference(field=what, before=None, now=reason.value) for reason, what in changes)
    verdict = "nothing differs" if want.work is None else f"it would be rendered: {want.work.reason.value}"
    if want.work is not None and want.work.detail and not found:
        verdict += f" ({want.work.detail})"
    return Answer(subject=f"/{page.url}", kind="page", verdict=verdict, differences=found, identity={"source": page.origin.path})


def _file_answer(project: Project, store: Store, output: Path, path: str) -> Answer:
    index = _picture_index(output)
    brief_id = index["urls"].get(project.config.base_path + path)
    if brief_id is None:
        raise AibildError(f"pictures.json of {output} does not know /{path}", hint="is it from an older build?")
    entry = index["pictures"][brief_id]
    identity = {"brief": brief_id, **entry}
    if brief_id not in project.site.briefs:
        return Answer(subject=f"/{path}", kind="rendition", verdict=f"its brief `{brief_id}` is gone", identity=identity)
    brief = next((one for one in _briefs(project, store) if one.brief.id == brief_id), None)
    wanted = list(brief.renditions) if brief is not None else []
    if any(one.rendition is not None and one.rendition.url == path for one in wanted):
        return Answer(subject=f"/{path}", kind="rendition", verdict="nothing differs", identity=identity)
    found = tuple(_variant_differences(store, brief, path)) if brief is not None else ()
    verdict = "it would be replaced" if found else "no page wants this file as it is any more"
    return Answer(subject=f"/{path}", kind="rendition", verdict=verdict, differences=found, identity=identity)


def _picture_index(output: Path) -> Any:
    try:
        return json.loads((output / "pictures.json").read_bytes())
    except (OSError, ValueError) as error:
        raise AibildError(
            f"cannot read {output / 'pictures.json'}", hint="build the site first, with `pictures_json` on"
        ) from error


def _variant_differences(store: Store, brief: WantedBrief, path: str) -> Iterator[Difference]:
    """Fields of the old variant behind `path` that differ from the wanted one of the same format and nearest width."""
    for record in (*store.records("delivery"), *store.records("signed")):
        rendition: Rendition = from_json(Rendition, record["rendition"])
        encode = store.lookup(rendition.encode)
        if encode is None:
            continue
        try:
            variant: Variant = from_json(Variant, encode["variant"])
        except ValueError:
            continue  # of an aibild that said more or less of it: none of its files is wanted any more
        if named_url(brief.slug, variant, rendition.facts.unsigned, str(record.get("said") or POLICY)) != path:
            continue
        same = [one.variant for one in brief.renditions if one.variant.format == variant.format]
        if same:
            nearest_one = min(same, key=lambda one: (one.crop != variant.crop, abs(one.size[0] - variant.size[0])))
            for name, old, new in differences(to_json(variant), to_json(nearest_one)):
                yield Difference(field=name, before=old, now=new)
            if variant.encode == nearest_one.encode:
                yield Difference(
                    field="words, rights or credentials", before=str(record["key"])[:12], now=brief.metadata.digest[:12]
                )
        return


def _briefs(project: Project, store: Store) -> tuple[WantedBrief, ...]:
    assets, days = expected_assets(want_assets(project, store), "")
    return want_renditions(project, store, assets, days)
