"""Every feature of the engine `sdxl`, drawn with tiny models. Skips where the extra is not installed.

Weights are random, so nothing is said of beauty: what has an effect must change pixels, what has none must leave them as they
are bit for bit, and what was put on for one picture must be gone for the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aibild_build import engines
from aibild_build.engines.sdxl import schedulers
from aibild_build.errors import EngineRefused, EngineUnavailable
from aibild_build.model import Json
from tests.support.sdxl import SIZE, Tiny, picture

# Libraries warn of each other's deprecations; our own warnings are findings.
pytestmark = pytest.mark.filterwarnings("ignore")

CANNY: dict[str, Json] = {"model": "tiny-canny", "image": "a.png", "from": "canny"}
DEPTH: dict[str, Json] = {"model": "tiny-depth", "image": "a.png", "from": "depth", "estimator": "tiny-estimator"}
EYE: dict[str, Json] = {"model": "tiny-adapter", "encoder": "tiny-eye", "image": "a.png"}
PAINT: dict[str, Json] = {"image": "a.png", "mask": "mask.png"}


@pytest.fixture(scope="module")
def tiny(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    from tests.support.tiny_sdxl import tables

    found = Tiny(tables(tiny_models), tmp_path_factory.mktemp("root"))
    yield found
    found.engine.close()


@pytest.fixture(scope="module")
def plain(tiny: Tiny) -> bytes:
    """The picture of a brief without any feature."""
    return tiny.make()


def test_the_same_recipe_gives_the_same_pixels(tiny: Tiny, plain: bytes) -> None:
    assert tiny.make() == plain
    assert tiny.make(seed=8) != plain


def test_a_fresh_engine_gives_them_too(tiny: Tiny, plain: bytes, tmp_path: Path) -> None:
    again = Tiny(tiny.tables, tmp_path)
    assert again.make() == plain
    again.engine.close()


@pytest.mark.parametrize(
    "parameters",
    [
        {"steps": 4},
        {"guidance": 3.0},
        {"guidance": 1.0},
        {"guidance_rescale": 0.7},
        {"clip_skip": 1},
        {"prompt_2": "a painting"},
        {"negative_2": "grey"},
        {"original_size": [32, 32]},
        {"crop_top_left": [0, 16]},
        {"negative_target_size": [32, 32]},
        {"bucket": [96, 64]},
        {"vae": "tiny-vae"},
        {"precision": "bfloat16"},
        {"loras": ["tiny-lora"]},
        {"controls": [CANNY]},
        {"controls": [DEPTH]},
        {"controls": [CANNY, {**DEPTH, "scale": 0.5}]},
        {"ip_adapter": EYE},
        {"init": {"image": "a.png", "strength": 0.6}},
        {"inpaint": PAINT},
        {"inpaint": {**PAINT, "model": "tiny-inpaint"}},
        {"refiner": {"model": "tiny-refiner", "switch": 0.5}},
        {"highres": {"scale": 1.5, "strength": 0.5}},
        {"init": {"image": "a.png"}, "controls": [CANNY]},
        {"inpaint": PAINT, "controls": [CANNY]},
        {"loras": ["tiny-lora"], "controls": [CANNY], "ip_adapter": EYE, "highres": {"scale": 1.25}, "vae": "tiny-vae"},
    ],
    ids=lambda parameters: "+".join(parameters) + "".join(str(len(str(value))) for value in parameters.values()),
)
def test_what_has_an_effect_changes_pixels_and_is_gone_after(tiny: Tiny, plain: bytes, parameters: dict[str, Json]) -> None:
    assert tiny.make(parameters) != plain
    assert tiny.make() == plain


@pytest.mark.parametrize(
    "parameters",
    [
        {"loras": [{"model": "tiny-lora", "scale": 0.0}]},
        {"controls": [{**CANNY, "scale": 0.0}]},
        {"ip_adapter": {**EYE, "scale": 0.0}},
        {"model": "tiny-single"},
    ],
    ids=["lora", "control", "ip-adapter", "single file"],
)
def test_what_has_no_effect_changes_not_a_bit(tiny: Tiny, plain: bytes, parameters: dict[str, Json]) -> None:
    assert tiny.make(parameters) == plain


@pytest.mark.parametrize("name", schedulers.names())
def test_schedulers_repeat(tiny: Tiny, name: str) -> None:
    parameters: dict[str, Json] = {"scheduler": name, "steps": 4}
    assert tiny.make(parameters) == tiny.make(parameters)


def test_eta_is_honoured(tiny: Tiny) -> None:
    assert tiny.make({"scheduler": "DDIM"}) != tiny.make({"scheduler": "DDIM", "eta": 1.0})


def test_lora_scales(tiny: Tiny) -> None:
    half, whole = (tiny.make({"loras": [{"model": "tiny-lora", "scale": scale}]}) for scale in (0.5, 1.0))
    assert half != whole


def test_an_embedding_speaks_through_its_token_alone(tiny: Tiny, plain: bytes) -> None:
    words: dict[str, Any] = {"parts": (("subject", "a red <brand> lighthouse"),)}
    before = tiny.make(**words)
    learned = tiny.make({"embeddings": ["tiny-embedding"]}, **words)
    weighted: dict[str, Any] = {"parts": (("subject", "a (red)1.3 <brand> lighthouse"),)}
    assert learned != before
    assert tiny.make({"embeddings": ["tiny-embedding"]}, **weighted) != tiny.make(**weighted)
    assert tiny.make(**words) == before
    assert tiny.make({"embeddings": ["tiny-embedding"]}) == plain
    assert tiny.make() == plain


def test_weights_and_the_end_of_a_long_prompt(tiny: Tiny) -> None:
    def made(text: str, **parameters: Json) -> bytes:
        return tiny.make(parameters, parts=(("subject", text),))

    assert made("a (red)1.5 tower") != made("a red tower", weighting="compel")
    assert made("a red tower", weighting="compel") == made("a red tower")
    long = "red tower at dawn, " * 20
    assert made(long + "blue") == made(long + "green"), "words beyond the window are dropped"
    assert made(long + "blue", weighting="compel") != made(long + "green", weighting="compel")


def test_a_negative_prompt(tiny: Tiny, plain: bytes) -> None:
    assert tiny.make(negative="grey") != plain
    weighted = tiny.make(negative="(grey)1.4", parts=(("subject", "a (red)1.2 tower"),))
    assert weighted != tiny.make(parts=(("subject", "a (red)1.2 tower"),))


def test_a_mask_leaves_the_rest_alone(tiny: Tiny) -> None:
    made = tiny.make({"inpaint": {**PAINT, "blur": 0.0}, "bucket": list(SIZE)})
    before = tiny.make({"inpaint": {**PAINT, "blur": 0.0, "strength": 0.4}, "bucket": list(SIZE)})
    assert made[:30] == before[:30] == bytes.fromhex("225588") * 10
    assert made != before


@pytest.mark.parametrize("painter", [{}, {"model": "tiny-inpaint"}], ids=["base", "painter"])
def test_outpainting_keeps_the_parent(tiny: Tiny, painter: dict[str, Json]) -> None:
    parent = picture((64, 64), "#408020", "#408020")
    parameters: dict[str, Json] = {"parent": "master", "outpaint": painter, "bucket": [128, 64]}
    made = tiny.make(parameters, parent=parent, size=(128, 64))
    middle = (32 * 128 + 64) * 3
    assert made[middle : middle + 3] == bytes.fromhex("408020")
    assert made[:3] != bytes.fromhex("408020")


def test_a_stage_starts_from_its_parent(tiny: Tiny) -> None:
    first = tiny.make({"parent": "master/draft"}, parent=picture())
    assert first == tiny.make({"init": {"image": "a.png", "strength": 0.5}})


def test_tiles(tiny: Tiny) -> None:
    large: dict[str, Json] = {"bucket": [512, 256]}
    assert tiny.make(large) != tiny.make({**large, "vae_tiling": True})


def test_any_size_comes_out(tiny: Tiny) -> None:
    assert len(tiny.make(size=(101, 67))) == 101 * 67 * 3


def test_progress_and_cancelling(tiny: Tiny) -> None:
    asked, _ = tiny.recipe({"highres": {"scale": 1.25}, "steps": 4})
    shares: list[float] = []
    tiny.engine.generate(asked, {}, shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) >= 5

    def cancel(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny.engine.generate(asked, {}, cancel)


def test_the_environment_is_told(tiny: Tiny) -> None:
    asked, _ = tiny.recipe()
    environment = tiny.engine.generate(asked, {}, lambda share: None)[0].environment
    assert environment["precision"] == "float32" and environment["batch"] == 1
    noted = {
        "device",
        "capability",
        "threads",
        "attention",
        "compile",
        "channels_last",
        "strict",
        "precision",
        "batch",
        "versions",
    }
    assert noted <= set(environment), "everything that may move the last bits"
    versions = environment["versions"]
    assert isinstance(versions, dict) and {"torch", "diffusers", "transformers"} <= set(versions)


def test_models_stay_in_memory(tiny: Tiny) -> None:
    tiny.make()
    resident: Any = tiny.engine
    before = resident._resident.loads
    for seed in range(3):
        tiny.make(seed=seed)
    assert resident._resident.loads == before


def test_broken_numbers_are_tried_again_in_full_precision(tiny: Tiny) -> None:
    """A VAE that breaks in half precision: what comes is no picture, so it is made once more."""
    from aibild_build import tensors

    resident: Any = tiny.engine
    asked, _ = tiny.recipe({"precision": "float16", "vae_upcast": False})
    resident.generate(asked, {}, lambda share: None)
    key = next(key for key in resident._resident._loaded if key[0] == "tiny" and key[1] == "float16")
    half = resident._resident._loaded[key]
    weight = half.vae.decoder.conv_out.weight
    kept = weight.data.clone()
    weight.data.fill_(float("nan"))
    try:
        drawn = resident.generate(asked, {}, lambda share: None)[0]
    finally:
        weight.data = kept
    assert drawn.environment["precision"] == "float32"
    assert "numbers that are none in float16" in str(drawn.environment["retried"])
    assert tensors.torch().isfinite(weight).all()


def test_a_picture_of_one_colour_is_refused(tiny: Tiny) -> None:
    resident: Any = tiny.engine
    asked, _ = tiny.recipe({"precision": "float32"})
    resident.generate(asked, {}, lambda share: None)
    layer = resident._resident._loaded[("tiny", "float32")].vae.decoder.conv_out
    kept = layer.weight.data.clone()
    layer.weight.data.zero_()
    try:
        with pytest.raises(EngineRefused, match="one colour"):
            resident.generate(asked, {}, lambda share: None)
    finally:
        layer.weight.data = kept


def test_short_memory_gives_up_what_it_can(tiny: Tiny) -> None:
    from aibild_build import tensors

    asked, _ = tiny.recipe()
    failed: list[bool] = []

    def short_once(share: float) -> None:
        if not failed:
            failed.append(True)
            raise tensors.torch().OutOfMemoryError("no room")

    drawn = tiny.engine.generate(asked, {}, short_once)[0]
    assert drawn.environment["fallback"] == ["vae tiling"]


def test_a_swapped_file_is_refused(tiny_models: Path, tmp_path: Path) -> None:
    import shutil

    from tests.support.tiny_sdxl import tables

    shutil.copytree(tiny_models / "base", tmp_path / "base")
    table = {**tables(tiny_models)["tiny"], "path": str(tmp_path / "base")}
    swapped = Tiny({"tiny": table}, tmp_path)
    asked, _ = swapped.recipe()
    shutil.copy(tiny_models / "vae" / "diffusion_pytorch_model.safetensors", tmp_path / "base" / "vae")
    with pytest.raises(EngineUnavailable, match="not the one that the recipe was composed with"):
        swapped.engine.generate(asked, {}, lambda share: None)


def test_a_missing_model_and_a_missing_input(tiny: Tiny, tmp_path: Path) -> None:
    asked, _ = tiny.recipe({"init": {"image": "a.png"}})
    with pytest.raises(EngineRefused, match="input `init` is missing"):
        tiny.engine.generate(asked, {}, lambda share: None)
    gone = engines.load("sdxl", {"models": {"tiny": {"path": str(tmp_path / "gone")}}, "root": str(tmp_path)})
    with pytest.raises(EngineUnavailable, match="not on this machine"):
        gone.generate(asked, {}, lambda share: None)
    with pytest.raises(EngineRefused, match="expected a recipe with"):
        tiny.engine.generate(replace(asked, parameters={"steps": 3}), {}, lambda share: None)


def test_weights_that_cannot_be_loaded(tiny_models: Path, tmp_path: Path) -> None:
    import shutil

    from tests.support.tiny_sdxl import tables

    shutil.copytree(tiny_models / "base", tmp_path / "base")
    file = tmp_path / "base" / "unet" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])
    broken = Tiny({"tiny": {**tables(tiny_models)["tiny"], "path": str(tmp_path / "base")}}, tmp_path)
    asked, _ = broken.recipe()
    with pytest.raises(EngineUnavailable, match="model `tiny` cannot be loaded"):
        broken.engine.generate(asked, {}, lambda share: None)
