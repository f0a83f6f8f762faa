"""Words → what a pipeline is given for them: the texts themselves, or embeddings in which weights have their effect.

Takes a pipeline and the four prompts, yields keyword arguments. The compel dialect reads prompts of any length whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import tensors
from ...model import Json, Recipe
from .words import unweighted


def prompt_arguments(pipeline: Any, recipes: Sequence[Recipe]) -> dict[str, Any]:
    """`prompt`, `negative_prompt` and their second halves, or the embeddings that stand for them; for several recipes as lists.

    Several have the same second halves and dialect, all of them a negative prompt or none; weighted words are the same.
    """
    first, count = recipes[0], len(recipes)
    second, negative_second = str(first.parameters["prompt_2"]), str(first.parameters["negative_2"])
    if _dialect(first) == "compel":
        found = _embedded(pipeline, first.prompt, second, first.negative, negative_second)
        return {name: value.repeat(count, *(1,) * (value.ndim - 1)) for name, value in found.items()} if count > 1 else found
    arguments: dict[str, Any] = {"prompt": _each([one.prompt for one in recipes])}
    arguments["prompt_2"] = _each([second] * count) if second else None
    if first.negative or negative_second:
        arguments["negative_prompt"] = _each([one.negative for one in recipes])
        arguments["negative_prompt_2"] = _each([negative_second] * count) if negative_second else None
    return arguments


def refiner_arguments(pipeline: Any, recipes: Sequence[Recipe]) -> dict[str, Any]:
    """The refiner has the second encoder alone."""
    plain = unweighted if _dialect(recipes[0]) == "compel" else str
    texts = [plain(str(one.parameters["prompt_2"]) or one.prompt) for one in recipes]
    negatives = [plain(str(one.parameters["negative_2"]) or one.negative) for one in recipes]
    return {"prompt": _each(texts), **({"negative_prompt": _each(negatives)} if any(negatives) else {})}


def _each(texts: list[str]) -> str | list[str]:
    return texts if len(texts) > 1 else texts[0]


def can_share(recipe: Recipe) -> Json:
    """What of a recipe's words must be equal for two to be embedded together."""
    return [recipe.prompt, recipe.negative] if _dialect(recipe) == "compel" else bool(recipe.negative)


def _dialect(recipe: Recipe) -> Json:
    weighting = recipe.parameters["weighting"]
    return weighting["dialect"] if isinstance(weighting, dict) else "none"


def _embedded(pipeline: Any, prompt: str, second: str, negative: str, negative_second: str) -> dict[str, Any]:
    compel = tensors.compel()
    manager = compel.DiffusersTextualInversionManager(pipeline) if getattr(pipeline, "aibild_embeddings", ()) else None
    encode = compel.CompelForSDXL(pipeline, textual_inversion_manager=manager, device=str(pipeline.device))
    found = encode(
        prompt,
        style_prompt=second or None,
        negative_prompt=negative if negative or negative_second else None,
        negative_style_prompt=negative_second or None,
    )
    arguments = {"prompt_embeds": found.embeds, "pooled_prompt_embeds": found.pooled_embeds}
    if found.negative_embeds is not None:
        arguments |= {
            "negative_prompt_embeds": found.negative_embeds,
            "negative_pooled_prompt_embeds": found.negative_pooled_embeds,
        }
    return arguments
