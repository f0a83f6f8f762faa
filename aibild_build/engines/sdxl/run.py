"""One recipe drawn from start to end: dress the model, make the passes, look at what came, fit it to the asked size.

Takes the resident models, a recipe and input bytes; yields a finished picture. A picture that is no picture (not a number, one
colour) is made once more in full precision; where memory is short the work is made smaller, and a note says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from ... import tensors
from ...errors import EngineError, EngineRefused
from ...model import Json, Recipe, Size
from .. import Drawn, Progress, Watching
from . import passes
from .canvas import cover, mask_of, outpaint_canvas, picture_of
from .controls import control_image
from .looks import look_at
from .resident import (
    Resident,
    dress_embeddings,
    dress_loras,
    load_controlnet,
    load_estimator,
    load_image_encoder,
    load_vae,
)

_LAST_STEP = 0.98  # what is left is decoding and fitting
_MARKED_PX = 256
_FLAT = 1.5 / 255  # a spread of fewer levels is one colour


def draw_together(
    resident: Resident, recipes: Sequence[Recipe], inputs: Mapping[str, bytes], progress: Progress
) -> tuple[Drawn, ...]:
    """The pictures of recipes that differ in seed and words alone, in one pass where memory allows. Raises as `draw` does.

    Each has its own noise and is decoded by itself, so that it hardly matters who its neighbours are: the last bits may move.
    """
    if len(recipes) == 1:
        return (draw(resident, recipes[0], inputs, progress),)
    precision = resident.precision(str(_complete(recipes[0])["precision"]))
    found: Any = None
    with suppress(tensors.torch().OutOfMemoryError, MemoryError), _refusing():
        found = _draw_once(resident, recipes, inputs, precision, _rising(progress, recipes[0]), tiled=False)
    if found is None:
        resident.let_go_of_scraps()
        half = (len(recipes) + 1) // 2
        parts = (draw_together(resident, part, inputs, progress) for part in (recipes[:half], recipes[half:]))
        return tuple(_noted(drawn, f"batch of {len(recipes)}") for part in parts for drawn in part)
    keys: list[Json] = [recipe.key for recipe in recipes]
    drawn: list[Drawn] = []
    for index, recipe in enumerate(recipes):
        picture = found[index : index + 1]
        if _fault(picture):
            drawn.append(draw(resident, recipe, inputs, progress))
            continue
        batch: Json = {"at": index, "of": keys}
        drawn.append(_finished(resident, recipe, picture, {**resident.facts(precision), "batch": batch}))
    progress(1.0)
    return tuple(drawn)


def _noted(drawn: Drawn, given_up: str) -> Drawn:
    more = drawn.environment.get("fallback")
    notes = [given_up, *(more if isinstance(more, list) else ())]
    return replace(drawn, environment={**drawn.environment, "fallback": notes})


def draw(resident: Resident, recipe: Recipe, inputs: Mapping[str, bytes], progress: Progress) -> Drawn:
    """The picture of a recipe. Raises EngineError only, but for what `progress` raises to cancel."""
    asked = _complete(recipe)
    precision = resident.precision(str(asked["precision"]))
    tries = (precision,) if precision == "float32" else (precision, "float32")
    environment: dict[str, Json] = {}
    picture: Any = None
    for attempt in tries:
        environment |= resident.facts(attempt)
        picture, notes = _within_memory(resident, recipe, inputs, attempt, _rising(progress, recipe))
        fault = _fault(picture)
        environment |= {"fallback": notes} if notes else {}
        if not fault:
            break
        environment["retried"] = f"{fault} in {attempt}"
    else:
        raise EngineRefused(
            f"the model made {_fault(picture)}, in full precision too", hint="try another seed, scheduler or guidance"
        )
    drawn = _finished(resident, recipe, picture, environment)
    progress(1.0)
    return drawn


def _finished(resident: Resident, recipe: Recipe, picture: Any, environment: dict[str, Json]) -> Drawn:
    """What the passes left, fitted to the asked size and scored where that is wanted."""
    finished = cover(_to_picture(picture), recipe.size)
    if resident.scorer.wanted:
        environment["score"] = resident.scorer.score(finished, recipe.prompt)
    return Drawn(
        samples=finished.tobytes(),
        size=recipe.size,
        mode="RGB",
        source_type="trainedAlgorithmicMedia",
        environment=environment,
    )


def _complete(recipe: Recipe) -> Mapping[str, Json]:
    """The parameters, or EngineRefused where they are not what `resolve` writes, or cannot be kept to."""
    needed = {"weights", "bucket", "steps", "guidance", "scheduler", "conditioning", "start", "precision", "vae", "weighting"}
    lacking = sorted(needed - set(recipe.parameters))
    if lacking:
        raise EngineRefused(f"expected a recipe with {', '.join(lacking)}, got it without")
    if recipe.parameters.get("watermark") is True:
        tensors.watermark()
        if min(_size(recipe.parameters["bucket"])) < _MARKED_PX:
            message = f"`watermark: true` needs a `bucket` of at least {_MARKED_PX} pixels a side, got a smaller one"
            raise EngineRefused(message)
    return recipe.parameters


def _within_memory(
    resident: Resident, recipe: Recipe, inputs: Mapping[str, bytes], precision: str, step: passes.Step
) -> tuple[Any, list[Json]]:
    """The picture, and what had to be given up to make it. Raises EngineError when there is nothing left to give up."""
    notes: list[Json] = []
    torch = tensors.torch()
    while True:
        try:
            with _refusing():
                return _draw_once(resident, (recipe,), inputs, precision, step, tiled=bool(notes)), notes
        except (torch.OutOfMemoryError, MemoryError) as error:
            pipeline = resident.pipeline(_model(recipe, "model"), recipe.parameters["weights"], precision)
            given_up = resident.make_room(pipeline, len(notes))
            if not given_up:
                hint = "set `offload = true` in [engines.sdxl], or ask for a smaller `bucket`"
                raise EngineError("the device has too little memory for this picture", hint=hint) from error
            notes.append(given_up)


@contextmanager
def _refusing() -> Iterator[None]:
    """What diffusers says where parts do not fit each other, a ControlNet of another family for instance: EngineRefused."""
    try:
        yield
    except tensors.torch().OutOfMemoryError:
        raise
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise EngineRefused(f"diffusers refused: {(str(error).strip() or type(error).__name__).splitlines()[0]}") from error


def _draw_once(
    resident: Resident, recipes: Sequence[Recipe], inputs: Mapping[str, bytes], precision: str, step: passes.Step, *, tiled: bool
) -> Any:
    """(count, height, width, 3) floats 0–1."""
    setup = _dressed(resident, recipes, inputs, precision, step)
    vae_before, vae = setup.pipeline.vae, _vae(resident, recipes[0], setup.pipeline, precision, tiled)
    if len(recipes) > 1:
        vae.enable_slicing()  # one picture at a time
    else:
        vae.disable_slicing()
    try:
        setup.pipeline.vae = vae
        return _passes(resident, setup, inputs, precision)
    finally:
        setup.pipeline.vae = vae_before
        if setup.reference is not None:
            setup.pipeline.unload_ip_adapter()


def _passes(resident: Resident, setup: passes.Setup, inputs: Mapping[str, bytes], precision: str) -> Any:
    asked = setup.asked
    size = _size(asked["bucket"])
    start = _table(asked["start"])
    refiner = asked.get("refiner")
    if start["from"] == "noise":
        until = float(str(_table(refiner)["switch"])) if refiner else None
        found = passes.from_noise(setup, size, until=until)
        if refiner:
            loaded = resident.pipeline(_model(setup.recipe, "refiner"), _table(refiner)["weights"], precision)
            loaded.vae = setup.pipeline.vae
            found = passes.refined(setup, loaded, found, size)
    elif start["from"] == "picture":
        picture = cover(_input(inputs, str(start["role"])), size)
        found = passes.from_picture(setup, [picture], strength=_real(start["strength"]))
    elif start["from"] == "mask":
        picture = cover(_input(inputs, str(start["role"])), size)
        mask = mask_of(_bytes(inputs, "mask"), size, _real(start["blur"]))
        found = _pasted(passes.into_mask(setup, picture, mask, strength=_real(start["strength"])), picture, mask)
    else:
        canvas, hard, soft = outpaint_canvas(_input(inputs, "parent"), size, _real(start["feather"]))
        found = _pasted(passes.into_mask(setup, canvas, hard, strength=_real(start["strength"])), canvas, soft)
    return _second_pass(setup, found)


def _second_pass(setup: passes.Setup, found: Any) -> Any:
    table = setup.asked.get("highres")
    if not isinstance(table, Mapping) or _fault(found):
        return found
    from PIL import Image

    scale = _real(table["scale"])
    size = (round(found.shape[2] * scale / 8) * 8, round(found.shape[1] * scale / 8) * 8)
    large = [_to_picture(one[None]).resize(size, Image.Resampling.LANCZOS) for one in found]
    return passes.from_picture(setup, large, strength=_real(table["strength"]), steps=int(str(table["steps"])))


def _dressed(
    resident: Resident, recipes: Sequence[Recipe], inputs: Mapping[str, bytes], precision: str, step: passes.Step
) -> passes.Setup:
    """The checkpoint with exactly the recipes' adapters, and everything else that the passes want."""
    recipe = recipes[0]
    asked = recipe.parameters
    painter = _table(asked["start"]).get("weights")
    pipeline = (
        resident.pipeline(_model(recipe, "inpaint"), painter, precision)
        if painter
        else resident.pipeline(_model(recipe, "model"), asked["weights"], precision)
    )
    dress_loras(resident, pipeline, asked.get("loras"), _models(recipe, "lora"))
    dress_embeddings(resident, pipeline, asked.get("embeddings"), _models(recipe, "embedding"))
    setup = passes.Setup(
        recipes=tuple(recipes),
        pipeline=pipeline,
        generators=[tensors.torch().Generator("cpu").manual_seed(one.seed) for one in recipes],
        step=step,
    )
    size = _size(asked["bucket"])
    nets, images = [], []
    controls = asked.get("controls")
    for index, table in enumerate(_table(one) for one in controls) if isinstance(controls, list | tuple) else ():
        nets.append(resident.part(_model(recipe, f"control:{index}"), table["weights"], precision, load_controlnet))
        derive = _table(table["derive"])
        estimator = None
        if derive["name"] == "depth":
            name = _model(recipe, f"estimator:{index}")
            estimator = resident.part(name, derive["weights"], "float32", load_estimator)
        images.append(control_image(_input(inputs, str(table["role"])), size, derive, estimator))
    setup.controlnets, setup.control_images = tuple(nets), tuple(images)
    if "ip_adapter" in asked:
        setup.reference = _reference(resident, setup, inputs, precision)
    return setup


def _reference(resident: Resident, setup: passes.Setup, inputs: Mapping[str, bytes], precision: str) -> Any:
    """The picture that an IP-Adapter looks at; the adapter is put on the pipeline, and taken off when the picture is made."""
    table = _table(setup.asked["ip_adapter"])
    weights = resident.tensors_of(_model(setup.recipe, "ip_adapter"), table["weights"])
    encoder = resident.part(_model(setup.recipe, "image_encoder"), table["encoder"], precision, load_image_encoder)
    side = int(encoder.config.image_size)
    extractor = tensors.transformers().CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    setup.pipeline.register_modules(image_encoder=encoder, feature_extractor=extractor)
    state: dict[str, dict[str, Any]] = {"image_proj": {}, "ip_adapter": {}}
    for name, value in weights.items():
        head, _, rest = name.partition(".")
        if head in state:
            state[head][rest] = value
    setup.pipeline.load_ip_adapter(state, subfolder="", weight_name="", image_encoder_folder=None)
    setup.pipeline.set_ip_adapter_scale(_real(table["scale"]))
    return _input(inputs, "reference").convert("RGB")


def _vae(resident: Resident, recipe: Recipe, pipeline: Any, precision: str, tiled: bool) -> Any:
    """The recipe's own VAE, or the checkpoint's; `upcast` says whether half precision decodes in full, `tiled` forces tiles."""
    table = _table(recipe.parameters["vae"])
    vae = pipeline.vae
    if "weights" in table:
        vae = resident.part(_model(recipe, "vae"), table["weights"], precision, load_vae)
    if tiled or table["tiling"]:
        vae.enable_tiling()
    else:
        vae.disable_tiling()
    vae.register_to_config(force_upcast=bool(table["upcast"]))
    return vae


def _rising(progress: Progress, recipe: Recipe) -> passes.Step:
    """Counts steps of all passes and tells them; the share never falls, even if the passes are more than expected."""
    total = expected_steps(recipe.parameters)
    watcher: object = progress
    watching = watcher if isinstance(watcher, Watching) else None
    done = 0

    def step(pipeline: Any, latents: Any) -> None:
        nonlocal done
        done += 1
        progress(min(done / total, 1.0) * _LAST_STEP)
        if watching is not None:
            watching.step(min(done, total), total)
            if watching.every and done % watching.every == 0 and done < total:
                watching.look(*look_at(pipeline, latents))

    return step


def expected_steps(asked: Mapping[str, Json]) -> int:
    """Steps of all passes: of a picture that starts from another only the share `strength` is taken."""

    def taken(steps: Json, strength: Json) -> int:
        return max(1, int(int(str(steps)) * _real(strength)))

    second = asked.get("highres")
    first = taken(asked["steps"], _table(asked["start"]).get("strength", 1.0))
    return first + (taken(second["steps"], second["strength"]) if isinstance(second, Mapping) else 0)


def _fault(found: Any) -> str:
    """What is wrong with floats that should be a picture; "" for a picture."""
    import numpy

    if not numpy.isfinite(found.sum(dtype=numpy.float64)):  # one number that is none makes the sum none
        return "numbers that are none"
    if all(float(found[..., channel].max() - found[..., channel].min()) < _FLAT for channel in range(found.shape[-1])):
        return "a picture of one colour"
    return ""


def _to_picture(found: Any) -> Any:
    """(1, height, width, 3) floats 0–1 → Pillow RGB."""
    import numpy
    from PIL import Image

    return Image.fromarray((found[0] * 255).round().clip(0, 255).astype(numpy.uint8))


def _pasted(found: Any, picture: Any, mask: Any) -> Any:
    """What the mask leaves black is the old picture's own pixels."""
    import numpy

    keep = 1.0 - numpy.asarray(mask, dtype=numpy.float32)[None, :, :, None] / 255
    old = numpy.asarray(picture, dtype=numpy.float32)[None] / 255
    return found * (1 - keep) + old * keep


def _model(recipe: Recipe, role: str) -> str:
    names = recipe.noted.get("models")
    name = names.get(role) if isinstance(names, Mapping) else None
    if not name:
        raise EngineRefused(f"the recipe does not say which model is its `{role}`")
    return str(name)


def _models(recipe: Recipe, role: str) -> list[str]:
    names = recipe.noted.get("models")
    found = [name for name in names if name.startswith(f"{role}:")] if isinstance(names, Mapping) else []
    return [_model(recipe, name) for name in sorted(found, key=lambda name: int(name.partition(":")[2]))]


def _input(inputs: Mapping[str, bytes], role: str) -> Any:
    return picture_of(_bytes(inputs, role), role)


def _bytes(inputs: Mapping[str, bytes], role: str) -> bytes:
    if role not in inputs:
        raise EngineRefused(f"input `{role}` is missing")
    return inputs[role]


def _table(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _size(value: Json) -> Size:
    assert isinstance(value, list | tuple)
    return int(str(value[0])), int(str(value[1]))


def _real(value: Json) -> float:
    return float(str(value))
