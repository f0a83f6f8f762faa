"""`sdxl`: pictures from Stable Diffusion XL through diffusers, on this machine.

Takes a brief whose models aibild.toml declares, yields its recipe without any heavy library, and the picture with torch. One
process keeps the models that it loaded. The folder: `resolve` (brief → parameters), `schedulers`, `buckets`, `words` (light);
`resident` (models in memory), `prompts`, `passes` (diffusers calls), `controls`, `canvas` and `layers` (pixels).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...canonical import canonical
from ...errors import EngineUnavailable
from ...model import Brief, Cost, Finding, Json, Level, Recipe, Size
from ...source import nearest_hint, shown
from .. import Drawn, Progress, Resolved
from .asked import Asked
from .lint import token_counts, token_findings
from .prompts import can_share
from .resolve import COMPOSE, PARENT, Drafted, Models, compose_only, missing_paths, named_models, resolve
from .words import WINDOW, is_weighted
from .work import teraflop

__all__ = ["Sdxl", "teraflop"]

_OWN = ("allow", "batch", "channels_last", "compile", "device", "model", "offload", "resident", "score", "strict")
_SETTINGS = (*_OWN, "models", "root")  # the last two come with it
COMPILING = ("off", "default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")  # torch's own names
_LARGEST_BATCH = 64
_SECONDS_PER_TERAFLOP = {"cuda": 0.003, "mps": 0.2, "cpu": 3.0}  # first-run guesses; past records replace them


class Sdxl:
    """`settings` is `[engines.sdxl]`, with `models` (the declared tables) and `root` (the project's folder) put in."""

    name = "sdxl"
    fingerprint = 1
    exact = False
    lane = "gpu"
    staged = True

    def __init__(self, settings: Mapping[str, Json] | None = None) -> None:
        self._settings = settings or {}
        for name in self._settings:
            if name not in _SETTINGS:
                near = nearest_hint(name, _OWN)
                raise EngineUnavailable(f"engine `sdxl` has no setting `engines.sdxl.{name}`", hint=near)
        self._root = Path(str(self._settings.get("root") or "."))
        self._default = str(self._settings.get("model") or "")
        self._resident: Any = None
        _refuse_kernels(self._settings)
        self.batch = 1 if self._settings.get("strict") is True else _batch(self._settings.get("batch", 1))

    def models_of(self, brief: Brief) -> tuple[str, ...]:
        """The names of all models that a brief may need, so that the lock's entries can be had before `resolve`."""
        return named_models(brief.parameters, self._default)

    def resolve(self, brief: Brief, ratio: str, size: Size, models: Mapping[str, Json]) -> Resolved:
        """Everything that decides the picture; see `resolve.resolve`. Reads a tokenizer's vocabulary where it is at hand."""
        asked = Asked(brief.parameters, brief.origin, brief.id)
        known = Models(models, self._settings)
        composed = asked.value(COMPOSE) is True
        draft = compose_only(asked) if composed else resolve(asked, brief, size, known, self._default)
        asked.text(PARENT)
        asked.finish()
        for role in missing_paths(draft.inputs):
            asked.tell("source-missing", f"expected a picture for input `{role}`, got no path")
        findings = tuple(asked.findings)
        if not composed and not any(finding.level is Level.FATAL for finding in findings):
            findings += self._lint(brief, draft)
        return Resolved(
            prompt="" if composed else brief.prompt,
            negative="" if composed else brief.negative,
            seed=0 if composed else brief.seed,
            size=size,
            parameters=draft.parameters,
            inputs=tuple(draft.inputs),
            noted={"models": draft.used, "model": draft.used.get("model", "")},
            findings=findings,
        )

    def tokens(self, brief: Brief) -> Json:
        """Tokens of each prompt in each encoder, what falls off, and whether weighting is on."""
        model = str(brief.parameters.get("model") or self._default)
        counts = token_counts(brief, brief.parameters, model, self._settings, self._root)
        asked = brief.parameters.get("weighting")
        texts = (brief.prompt, brief.negative, *(str(brief.parameters.get(name) or "") for name in ("prompt_2", "negative_2")))
        weighted = asked == "compel" or (asked in (None, "auto") and any(is_weighted(text) for text in texts))
        return {
            "window": WINDOW,
            "weighting": "compel" if weighted else "none",
            "counts": [
                {"prompt": one.prompt, "encoder": one.encoder, "tokens": one.tokens, "lost": "" if weighted else one.lost}
                for one in counts
            ],
        }

    def _lint(self, brief: Brief, draft: Drafted) -> tuple[Finding, ...]:
        return token_findings(brief, draft.parameters, str(draft.used["model"]), self._settings, self._root)

    def estimate(self, recipe: Recipe) -> Cost:
        """A first guess from counted work; records of past pictures take its place."""
        if "compose" in recipe.parameters:
            return Cost(seconds=0.5)
        device = str(self._settings.get("device") or "cuda")
        rate = _SECONDS_PER_TERAFLOP.get(device.partition(":")[0], _SECONDS_PER_TERAFLOP["cuda"])
        return Cost(seconds=max(0.001, round(teraflop(recipe.parameters) * rate, 3)), basis="first guess")

    def generate(self, recipe: Recipe, inputs: Mapping[str, bytes], progress: Progress) -> Sequence[Drawn]:
        """The picture. Raises EngineError: unavailable without torch or models, refused for what no model can make."""
        if "compose" in recipe.parameters:
            from .layers import compose

            return (compose(recipe, inputs, progress),)
        from .run import draw

        return (draw(self._at_hand(), recipe, inputs, progress),)

    def together(self, recipe: Recipe) -> str:
        """Recipes of equal text may be drawn in one pass; "" for one that is drawn alone."""
        start = recipe.parameters.get("start")
        if "compose" in recipe.parameters or not isinstance(start, Mapping) or start.get("from") != "noise":
            return ""
        asked = {name: value for name, value in recipe.asked().items() if name not in ("prompt", "negative", "seed")}
        return canonical({**asked, "models": recipe.noted.get("models"), "words": can_share(recipe)}).decode()

    def generate_together(self, recipes: Sequence[Recipe], inputs: Mapping[str, bytes], progress: Progress) -> Sequence[Drawn]:
        """One picture a recipe, in their order; see `run.draw_together`."""
        from .run import draw_together

        return draw_together(self._at_hand(), recipes, inputs, progress)

    def environment(self, recipe: Recipe) -> Mapping[str, Json]:
        """What may move the last bits on this machine; imports torch."""
        if "compose" in recipe.parameters:
            return {"composed": 1}
        resident = self._at_hand()
        facts: Mapping[str, Json] = resident.facts(resident.precision(str(recipe.parameters["precision"])))
        return facts

    def _at_hand(self) -> Any:
        from .resident import Resident

        if self._resident is None:
            self._resident = Resident(self._settings, self._root)
        return self._resident

    def close(self) -> None:
        """Let go of the models and of the device's memory."""
        if self._resident is not None:
            self._resident.close()
            self._resident = None


def _batch(value: Json) -> int:
    if type(value) is int and 1 <= value <= _LARGEST_BATCH:
        return value
    raise EngineUnavailable(f"expected `engines.sdxl.batch` as integer 1–{_LARGEST_BATCH}, got {shown(value)}")


def _refuse_kernels(settings: Mapping[str, Json]) -> None:
    """Settings of the kernels that are none. Raises EngineUnavailable."""
    if not isinstance(settings.get("channels_last", False), bool):
        got = shown(settings["channels_last"])
        raise EngineUnavailable(f"expected `engines.sdxl.channels_last` as true or false, got {got}")
    if settings.get("compile", "off") not in COMPILING:
        got, known = shown(settings["compile"]), ", ".join(COMPILING)
        raise EngineUnavailable(f"expected `engines.sdxl.compile` as one of {known}, got {got}")
