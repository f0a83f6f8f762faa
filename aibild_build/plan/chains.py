"""One asset of a brief as the chain of pictures that it is made by: a draft, what refines it, and layers laid over it.

Takes a brief, yields nodes with the brief as an engine gets it for each. Every node is an asset of its own in lock and store, so
a change in the last makes only the last again. Pure: knows no engine, no lock and no store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .. import recipe
from ..model import MASTER, Brief, Json, Size

STAGES = "stages"
_LAYERS = ("cutout", "overlays")
_BEGINNING = ("init", "inpaint", "refiner", "highres")  # what a picture starts from, and how that first one is finished
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PICTURE = "picture"
_LINKS = ("parent", "compose")  # what an engine is told of the chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One picture. `name` is the asset it is, `MASTER/draft` for instance; `parent` the asset that it starts from, or ""."""

    name: str
    parent: str
    brief: Brief
    size: Size

    @property
    def hidden(self) -> bool:
        """Whether no page ever shows it."""
        return is_hidden(self.name)


def is_hidden(name: str) -> bool:
    """Whether an asset's name is that of a step on the way."""
    return "/" in name


def bases(brief: Brief) -> tuple[str, ...]:
    """The assets that pages show: the master, and each ratio that is made rather than cropped."""
    return (MASTER, *(rule.ratio for rule in brief.ratios if rule.mode != "crop"))


def asset_names(brief: Brief) -> tuple[str, ...]:
    """Every asset of a brief, steps on the way before what they lead to."""
    names: list[str] = []
    for base in bases(brief):
        try:
            names += [node.name for node in chain(brief, base)]
        except ValueError:
            names.append(base)
    return tuple(names)


def chain(brief: Brief, base: str) -> tuple[Node, ...]:
    """The nodes that lead to `base`, in order. Raises ValueError, with one sentence, for stages that are none."""
    shaped = recipe.for_ratio(brief, base)
    size = brief.size if base == MASTER else recipe.size_at(brief, base)
    parameters = dict(shaped.parameters)
    _refuse_own_words(parameters)
    layers = {name: parameters.pop(name) for name in _LAYERS if parameters.get(name)}
    steps = _steps(parameters.pop(STAGES, None))
    extends = _extends(brief, base)
    if extends:
        parameters = {name: value for name, value in parameters.items() if name not in _BEGINNING}
        steps = ({"name": _PICTURE, "outpaint": parameters.pop("outpaint", None) or {}},)
    elif "outpaint" in parameters:
        del parameters["outpaint"]
    nodes: list[Node] = []
    parent = picture_of(brief) if extends else ""
    for index, step in enumerate(steps):
        last = index == len(steps) - 1 and not layers
        name = base if last else f"{base}/{step['name']}"
        nodes.append(Node(name=name, parent=parent, brief=_at(shaped, parameters, step, parent), size=_size(step, size)))
        parent = name
    if layers:
        composed = {**layers, "compose": True, "parent": parent}
        nodes.append(Node(name=base, parent=parent, brief=replace(shaped, parameters=composed, candidates=1), size=size))
    return tuple(nodes)


def plain(brief: Brief, base: str) -> Node:
    """The asset as one picture, for engines that know no stages."""
    size = brief.size if base == MASTER else recipe.size_at(brief, base)
    return Node(name=base, parent="", brief=recipe.for_ratio(brief, base), size=size)


def picture_of(brief: Brief) -> str:
    """The master's last node that is drawn, before anything is laid over it."""
    drawn = [node.name for node in chain(brief, MASTER) if not node.brief.parameters.get("compose")]
    return drawn[-1]


def _extends(brief: Brief, base: str) -> bool:
    return any(rule.ratio == base and rule.mode == "outpaint" for rule in brief.ratios)


def _refuse_own_words(table: Mapping[str, Json]) -> None:
    """What links the pictures of a chain is ours to say."""
    for name in _LINKS:
        if name in table:
            raise ValueError(
                f"expected no parameter `{name}`: stages, ratios, cutout and overlays say what a picture starts from"
            )


def _steps(written: Json) -> tuple[Mapping[str, Json], ...]:
    if written is None:
        return ({"name": _PICTURE},)
    if not isinstance(written, Sequence) or isinstance(written, str) or not written:
        raise ValueError("expected parameters.stages as a list of tables, each with a name")
    steps: list[Mapping[str, Json]] = []
    names: list[str] = []
    for step in written:
        name = step.get("name") if isinstance(step, Mapping) else None
        if not isinstance(step, Mapping) or not isinstance(name, str) or not _NAME.fullmatch(name) or name in names:
            raise ValueError("expected each of parameters.stages with a name of its own, in kebab-case")
        size = step.get("size")
        _refuse_own_words(step)
        if size is not None and not _is_size(size):
            raise ValueError(f"expected size of stage `{name}` as [width, height] in pixels")
        steps.append(step)
        names.append(name)
    return tuple(steps)


def _is_size(size: Json) -> bool:
    return isinstance(size, list | tuple) and len(size) == 2 and all(type(side) is int and side >= 16 for side in size)


def _size(step: Mapping[str, Json], size: Size) -> Size:
    own = step.get("size")
    return (int(str(own[0])), int(str(own[1]))) if isinstance(own, list | tuple) else size


def _at(brief: Brief, parameters: Mapping[str, Json], step: Mapping[str, Json], parent: str) -> Brief:
    """The brief as it stands for one stage: the stage's own words and parameters over the brief's."""
    kept = {name: value for name, value in parameters.items() if not (parent and name in _BEGINNING)}
    own = {name: value for name, value in step.items() if name not in ("name", "size", "prompt", "negative", "seed")}
    changes: dict[str, object] = {"parameters": {**kept, **own, **({"parent": parent} if parent else {})}}
    if isinstance(step.get("prompt"), str):
        changes["parts"] = (("subject", step["prompt"]),)
    if isinstance(step.get("negative"), str):
        changes["negative"] = step["negative"]
    if type(step.get("seed")) is int:
        changes["seed"] = step["seed"]
    if parent:
        changes["candidates"] = 1
    return replace(brief, **changes)  # type: ignore[arg-type]
