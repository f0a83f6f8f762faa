"""What aibild costs on top of diffusers, and how fast SDXL is here.

    python benchmarks/generate.py overhead   # processor seconds over a bare diffusers loop, the same model and pictures
    python benchmarks/generate.py finishing  # what comes after a model at 1024 x 1024
    python benchmarks/generate.py reloads    # 50 briefs over 3 models: how often a model is loaded
    python benchmarks/generate.py speed      # an SDXL-size model with random weights on a CUDA device
    python benchmarks/generate.py speed-try  # the same program on tiny models, to see that it runs

All but the last run anywhere, on the tiny models of the tests. `speed` wants a GPU: random weights take the time of trained ones,
and what plain diffusers does is measured in the same run. Prints one JSON object.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

from aibild_build import engines, tensors
from aibild_build.engines.sdxl import schedulers
from aibild_build.model import Json
from aibild_build.weights.single import own_config
from tests.support.sdxl import Tiny
from tests.support.tiny_sdxl import tables, write_models

_PAIRS = 24
_BRIEFS = 50
_STEPS = 30
_SIZE = (64, 64)


def overhead(folder: Path) -> dict[str, Any]:
    """Processor seconds of whole pictures, ours and a bare pipeline's in pairs, with the same scheduler, seed, steps and size.

    Other work on the machine moves the clock and hardly the processor seconds of one thread; what it still moves meets both
    halves of a pair, of which every other one begins with ours. So the median of ratios is told, with the interval that holds the
    true one in 95 of 100 runs (order statistics of the binomial distribution). Where the cores are taken even that is wide; so
    the seconds outside of the pipeline's own call are told too, both taken from one and the same picture.
    """
    tiny = Tiny(tables(write_models(folder / "models")), folder)
    asked, _ = tiny.recipe({"steps": _STEPS, "bucket": list(_SIZE)}, size=_SIZE)
    pipeline = _bare(folder / "models" / "base", asked.parameters["scheduler"])
    pictures: dict[str, bytes] = {}

    def ours() -> None:
        pictures["ours"] = tiny.engine.generate(asked, {}, lambda share: None)[0].samples

    def theirs() -> None:
        pictures["theirs"] = _plain(pipeline, asked.prompt, asked.seed, _SIZE, _STEPS).tobytes()

    pairs = _pairs(ours, theirs, _PAIRS)
    kept = [_around(ours) for _ in range(_PAIRS)]
    largest = max(abs(a - b) for a, b in zip(pictures["ours"], pictures["theirs"], strict=True))
    return {
        "pictures": f"{_SIZE[0]} x {_SIZE[1]}, {_STEPS} steps, {_PAIRS} pairs",
        "diffusers_cpu_s": round(statistics.median(bare for _, bare in pairs), 4),
        "overhead_percent": _percent(pairs),
        "overhead_ms_a_picture": round(statistics.median(mine - bare for mine, bare in pairs) * 1000, 2),
        "outside_of_diffusers_percent": _percent([(total, inside) for total, inside in kept]),
        "outside_of_diffusers_ms": round(statistics.median(total - inside for total, inside in kept) * 1000, 2),
        "largest_difference_levels": largest,
    }


def finishing(folder: Path) -> dict[str, Any]:
    """Processor seconds of what comes after a model at 1024²: looking for faults, fitting, pixels' digest, PNG, the store."""
    import numpy

    from aibild_build.engines.sdxl import run
    from aibild_build.imagefile import encode_png, pixels_digest
    from aibild_build.store import Store

    size, found, times = (1024, 1024), numpy.random.default_rng(0).random((1, 1024, 1024, 3), dtype=numpy.float32), {}
    # A photograph-like spread of frequencies would compress better; noise is the dearest that PNG can meet.
    samples = run._to_picture(found).tobytes()
    works: dict[str, Callable[[], object]] = {
        "faults": lambda: run._fault(found),
        "to 8 bits": lambda: run._to_picture(found).tobytes(),
        "digest of pixels": lambda: pixels_digest(samples, size, "RGB"),
        "PNG": lambda: encode_png(samples, size, "RGB"),
        "store": lambda: Store(folder / "store").put(encode_png(samples, size, "RGB"), durable=True),
    }
    for name, work in works.items():
        work()
        times[name] = round(statistics.median(_cpu(work) for _ in range(5)) * 1000, 1)
    return {"cpu_ms": times}


def reloads(folder: Path) -> dict[str, Any]:
    """Pictures of three models, as they come and as a build sorts them; one model fits into memory."""
    source = write_models(folder / "models")
    models = {name: tables(source)["tiny"] for name in ("first", "second", "third")}
    order = [f"{('first', 'second', 'third')[index % 3]}" for index in range(_BRIEFS)]
    counts = {}
    for how, names in (("as they come", order), ("sorted by model", sorted(order))):
        made = Tiny(models, folder)
        made.engine = engines.load("sdxl", {"models": models, "root": str(folder), "resident": 1})
        started = time.perf_counter()
        for seed, name in enumerate(names):
            made.make({"model": name, "steps": 1, "bucket": [64, 64]}, size=(64, 64), seed=seed)
        resident: Any = made.engine
        counts[how] = {"loads": resident._resident.loads, "seconds": round(time.perf_counter() - started, 2)}
    return {"briefs": _BRIEFS, "models": 3, **counts}


def speed(folder: Path) -> dict[str, Any]:
    """Pictures a minute at 1024², 30 steps with guidance and 4 without: plain diffusers, aibild, and aibild with each lever."""
    torch = tensors.torch()
    if not torch.cuda.is_available():
        return {"skipped": "no CUDA device"}
    found = _speeds(folder, _full_size(folder / "full"), (1024, 1024), "cuda", "float16", native=1024)
    return {"device": torch.cuda.get_device_name(), **found}


_LEVERS: dict[str, dict[str, Json]] = {
    "plain": {},
    "channels_last": {"channels_last": True},
    "batch of 4": {"batch": 4, "channels_last": True},
    "batch of 4, compiled": {"batch": 4, "channels_last": True, "compile": "max-autotune-no-cudagraphs"},
}
_RECIPES: dict[str, dict[str, Json]] = {
    "30 steps": {"steps": 30, "guidance": 7.0, "scheduler": "DPM++ 2M Karras"},
    "4 steps": {"steps": 4, "guidance": 1.0, "scheduler": "Euler trailing"},
}


def _speeds(folder: Path, base: Path, size: tuple[int, int], device: str, precision: str, *, native: int) -> dict[str, Any]:
    """By recipe, then by lever: pictures a minute, and the largest difference from what plain diffusers draws."""
    found: dict[str, Any] = {}
    for name, parameters in _RECIPES.items():
        asked: dict[str, Json] = {**parameters, "bucket": list(size), "precision": precision}
        full = Tiny({"tiny": {"path": str(base), "license": "random", "native": native}}, folder)
        recipes = [full.recipe(asked, size=size, seed=seed)[0] for seed in range(4)]
        pipeline = _bare(base, recipes[0].parameters["scheduler"], precision).to(device)
        steps, guidance = int(str(parameters["steps"])), float(str(parameters["guidance"]))

        def theirs(
            pipeline: Any = pipeline, recipes: Sequence[Any] = recipes, how: tuple[Any, ...] = (steps, guidance)
        ) -> list[Any]:
            return [_plain(pipeline, one.prompt, one.seed, size, *how) for one in recipes]

        plain, bare = [one.tobytes() for one in theirs()], _minute(theirs)
        del pipeline, theirs
        told: dict[str, Any] = {"diffusers_a_minute": bare}
        for lever, settings in _LEVERS.items():
            if "compile" in settings and device != "cuda":
                continue
            engine: Any = engines.load("sdxl", {"models": full.engine._settings["models"], "root": str(folder), **settings})  # type: ignore[attr-defined]
            size_of = engine.batch

            def ours(engine: Any = engine, size_of: int = size_of) -> list[bytes]:
                parts = [recipes[at : at + size_of] for at in range(0, len(recipes), size_of)]  # noqa: B023
                return [one.samples for part in parts for one in engine.generate_together(part, {}, lambda share: None)]

            levels = max(abs(a - b) for mine, other in zip(ours(), plain, strict=True) for a, b in zip(mine, other, strict=True))
            told[lever] = {"aibild_a_minute": _minute(ours), "difference_levels": levels}
            engine.close()
        found[name] = told
    return found


def _minute(work: Callable[[], Sequence[Any]]) -> float:
    """Pictures a minute of work that draws four: the best of three, the device warm."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        count = len(work())
        times.append((time.perf_counter() - started) / count)
    return round(60 / min(times), 1)


def speed_try(folder: Path) -> dict[str, Any]:
    """`speed` on the tiny model and whatever device is there: its figures say nothing but that the program runs."""
    base = write_models(folder / "models") / "base"
    precision = "float16" if tensors.best_device() == "cuda" else "float32"
    return _speeds(folder, base, (64, 64), tensors.best_device(), precision, native=64)


def _bare(base: Path, scheduler: Json, precision: str = "float32") -> Any:
    diffusers = tensors.diffusers()
    assert isinstance(scheduler, dict)
    pipeline = diffusers.StableDiffusionXLPipeline.from_pretrained(
        str(base), dtype=getattr(tensors.torch(), precision), add_watermarker=False, local_files_only=True
    )
    pipeline.scheduler = getattr(diffusers, str(scheduler["class"]))(**scheduler["config"])
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _plain(pipeline: Any, prompt: str, seed: int, size: tuple[int, int], steps: int, guidance: float = 7.0) -> Any:
    generator = tensors.torch().Generator("cpu").manual_seed(seed)
    return pipeline(
        prompt, width=size[0], height=size[1], num_inference_steps=steps, guidance_scale=guidance, generator=generator
    ).images[0]


def _in_turn(works: Sequence[Callable[[], None]], rounds: int) -> list[list[float]]:
    """Seconds of each work in each round, taken in turn so that a slow minute of the machine meets all alike."""
    for work in works:
        work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for index, work in enumerate(works):
            started = time.perf_counter()
            work()
            times[index].append(time.perf_counter() - started)
    return times


def _pairs(first: Callable[[], None], second: Callable[[], None], count: int) -> list[tuple[float, float]]:
    """Processor seconds of both, as (first, second); every other pair is run the other way round."""
    first()
    second()
    found = []
    for index in range(count):
        if index % 2:
            found.append((_cpu(first), _cpu(second)))
        else:
            later = _cpu(second)
            found.append((_cpu(first), later))
    return found


def _around(work: Callable[[], None]) -> tuple[float, float]:
    """Processor seconds of a picture, and those of them that the pipeline's own call took."""
    kind = tensors.diffusers().StableDiffusionXLPipeline
    call, spent = kind.__call__, [0.0]

    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.process_time()
        try:
            return call(*arguments, **named)
        finally:
            spent[0] += time.process_time() - started

    kind.__call__ = timed
    try:
        return _cpu(work), spent[0]
    finally:
        kind.__call__ = call


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _percent(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    """The median of ratios less one, and the interval of its order statistics, in percent."""
    ratios = sorted(mine / bare for mine, bare in pairs)
    count = len(ratios)
    low = next(rank for rank in range(count) if sum(math.comb(count, k) for k in range(rank + 1)) / 2**count > 0.025)
    median, least, most = statistics.median(ratios), ratios[low], ratios[count - 1 - low]
    return {name: round((value - 1) * 100, 2) for name, value in (("median", median), ("from", least), ("to", most))}


def _full_size(folder: Path) -> Path:
    """The published architecture with random weights in half precision, 6.9 GB."""
    torch, diffusers, transformers = tensors.torch(), tensors.diffusers(), tensors.transformers()
    if (folder / "unet").exists():
        return folder
    config = own_config("sdxl", folder / "config")
    torch.manual_seed(0)
    with torch.device("cuda"):
        torch.set_default_dtype(torch.float16)
        parts = {
            "unet": diffusers.UNet2DConditionModel.from_config(str(config / "unet")),
            "vae": diffusers.AutoencoderKL.from_config(str(config / "vae")),
            "text_encoder": transformers.CLIPTextModel(_text(config / "text_encoder")),
            "text_encoder_2": transformers.CLIPTextModelWithProjection(_text(config / "text_encoder_2")),
        }
        torch.set_default_dtype(torch.float32)
    tokenizers = {name: transformers.CLIPTokenizer.from_pretrained(str(config / name)) for name in ("tokenizer", "tokenizer_2")}
    scheduler = diffusers.EulerDiscreteScheduler(**schedulers.resolve("Euler", {})["config"])  # type: ignore[arg-type]
    pipeline = diffusers.StableDiffusionXLPipeline(scheduler=scheduler, add_watermarker=False, **parts, **tokenizers)
    pipeline.save_pretrained(folder)
    return folder


def _text(folder: Path) -> Any:
    return tensors.transformers().CLIPTextConfig.from_pretrained(str(folder))


def main(arguments: list[str]) -> int:
    names = {"overhead": overhead, "finishing": finishing, "reloads": reloads, "speed": speed, "speed-try": speed_try}
    if len(arguments) != 2 or arguments[1] not in names:
        print(__doc__, file=sys.stderr)
        return 2
    with warnings.catch_warnings(action="ignore"), tempfile.TemporaryDirectory() as folder:
        tensors.torch().set_num_threads(1)
        print(json.dumps({"benchmark": arguments[1], **names[arguments[1]](Path(folder))}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
