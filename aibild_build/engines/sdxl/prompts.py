"""Words → what a pipeline is given for them: the texts themselves, or embeddings in which weights have their effect.

Takes a pipeline and the four prompts, yields keyword arguments. The compel dialect reads prompts of any length whole.
"""

from __future__ import annotations

from typing import Any

from ... import tensors
from ...model import Json, Recipe
from .words import unweighted


def prompt_arguments(pipeline: Any, recipe: Recipe) -> dict[str, Any]:
    """`prompt`, `negative_prompt` and their second halves, or the embeddings that stand for them."""
    second, negative_second = str(recipe.parameters["prompt_2"]), str(recipe.parameters["negative_2"])
    if _dialect(recipe) == "compel":
        return _embedded(pipeline, recipe.prompt, second, recipe.negative, negative_second)
    arguments: dict[str, Any] = {"prompt": recipe.prompt, "prompt_2": second or None}
    if recipe.negative or negative_second:
        arguments |= {"negative_prompt": recipe.negative, "negative_prompt_2": negative_second or None}
    return arguments


def refiner_arguments(pipeline: Any, recipe: Recipe) -> dict[str, Any]:
    """The refiner has the second encoder alone."""
    prompt = str(recipe.parameters["prompt_2"]) or recipe.prompt
    negative = str(recipe.parameters["negative_2"]) or recipe.negative
    if _dialect(recipe) == "compel":
        prompt, negative = unweighted(prompt), unweighted(negative)
    return {"prompt": prompt, **({"negative_prompt": negative} if negative else {})}


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
