"""What tests of the engine `sdxl` share: made-up entries of the lock, briefs, recipes and small pictures. Needs no torch."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aibild_build import engines
from aibild_build.engines import Engine, Resolved
from aibild_build.model import MASTER, Brief, Json, Origin, Recipe, Size
from aibild_build.recipe import compose
from aibild_build.weights import Digests, declared, pin

SIZE: Size = (96, 64)
SCHEDULER: Mapping[str, Json] = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "steps_offset": 1,
    "timestep_spacing": "leading",
}
KINDS = {
    "base": "sdxl",
    "other": "sdxl",
    "refiner": "sdxl-refiner",
    "painter": "sdxl-inpaint",
    "lora": "lora",
    "lora-two": "lora",
    "word": "embedding",
    "canny": "controlnet",
    "depth": "controlnet",
    "vae": "vae",
    "adapter": "ip-adapter",
    "eye": "image-encoder",
    "estimator": "depth-estimator",
}


def entries() -> dict[str, Json]:
    """An entry of the lock for a model of every kind; no files stand behind them."""
    return {name: entry(name, kind) for name, kind in KINDS.items()}


def entry(name: str, kind: str) -> dict[str, Json]:
    parts = ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet", "vae", "scheduler", "index")
    components = {part: f"{name}-{part}" for part in parts} if kind.startswith("sdxl") else {"weights": f"{name}-weights"}
    found: dict[str, Json] = {"kind": kind, "fingerprint": f"{name}-print", "components": components}
    if kind.startswith("sdxl"):
        found |= {"scheduler": dict(SCHEDULER), "zero_empty_negative": True}
    return found


def settings(**more: Json) -> dict[str, Json]:
    tables: dict[str, Json] = {name: {"path": f"models/{name}", "native": 64, "license": "openrail"} for name in KINDS}
    return {"models": tables, "root": "/nowhere", **more}


def brief(parameters: Mapping[str, Json] | None = None, **more: Any) -> Brief:
    fields = {
        "id": "sample",
        "origin": Origin(path="briefs/sample.yaml"),
        "engine": "sdxl",
        "parts": (("subject", "a red lighthouse at dawn"),),
        "seed": 7,
        "size": SIZE,
        "parameters": {**({} if "compose" in (parameters or {}) else {"model": "base", "steps": 4}), **(parameters or {})},
    }
    return Brief(**{**fields, **more})


def resolved(asked: Brief, models: Mapping[str, Json] | None = None, engine: Engine | None = None, size: Size = SIZE) -> Resolved:
    engine = engine or engines.load("sdxl", settings())
    return engine.resolve(asked, MASTER, size, entries() if models is None else models)


def recipe_of(found: Resolved, digests: Mapping[str, str] | None = None) -> Recipe:
    return compose(
        engine="sdxl",
        fingerprint=1,
        prompt=found.prompt,
        negative=found.negative,
        seed=found.seed,
        size=found.size,
        parameters=found.parameters,
        inputs=[(role, (digests or {}).get(role, "0" * 64)) for role, _ in found.inputs],
        noted=found.noted,
    )


def key(parameters: Mapping[str, Json] | None = None, models: Mapping[str, Json] | None = None, **more: Any) -> str:
    """The key of a brief with these parameters; it must be without fault."""
    found = resolved(brief(parameters, **more), models)
    assert [finding.message for finding in found.findings if finding.level == "fatal"] == []
    return recipe_of(found).key


def messages(parameters: Mapping[str, Json], **more: Any) -> list[str]:
    return [finding.message for finding in resolved(brief(parameters, **more)).findings]


class Tiny:
    """The tiny models with an engine over them: `make` draws what a brief asks for."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]], root: Path) -> None:
        digests = Digests()
        self.tables = tables
        self.entries: dict[str, Json] = {name: pin(declared(name, table, Path("/")), digests) for name, table in tables.items()}
        self.engine = engines.load("sdxl", {"models": {n: dict(t) for n, t in tables.items()}, "root": str(root), "resident": 4})
        self.files = {"a.png": picture(), "mask.png": picture(SIZE, "#000000", "#ffffff")}

    def recipe(self, parameters: Mapping[str, Json] | None = None, *, size: Size = SIZE, **more: Any) -> tuple[Recipe, Resolved]:
        asked = brief({"model": "tiny", "steps": 3, **(parameters or {})}, size=size, **more)
        found = self.engine.resolve(asked, MASTER, size, self.entries)
        assert [finding.message for finding in found.findings if finding.level == "fatal"] == []
        return recipe_of(found), found

    def make(
        self, parameters: Mapping[str, Json] | None = None, *, parent: bytes | None = None, size: Size = SIZE, **more: Any
    ) -> bytes:
        """Samples of the picture."""
        asked, found = self.recipe(parameters, size=size, **more)
        inputs = {role: self.files[path] for role, path in found.inputs}
        if parent is not None:
            inputs["parent"] = parent
        drawn = self.engine.generate(asked, inputs, lambda share: None)[0]
        assert drawn.size == size and len(drawn.samples) == size[0] * size[1] * 3
        return drawn.samples


def picture(size: Size = SIZE, ground: str = "#225588", figure: str = "#ffaa00") -> bytes:
    """A PNG with an ellipse in it."""
    from PIL import Image, ImageDraw

    drawn = Image.new("RGB", size, ground)
    ImageDraw.Draw(drawn).ellipse((size[0] // 4, size[1] // 6, size[0] * 2 // 3, size[1] * 3 // 4), fill=figure)
    return png(drawn)


def png(drawn: Any) -> bytes:
    target = io.BytesIO()
    drawn.save(target, "PNG")
    return target.getvalue()
