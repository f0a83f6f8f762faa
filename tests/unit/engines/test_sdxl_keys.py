"""Keys that tell the truth: what decides an SDXL picture changes its key, and nothing else does. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aibild_build.model import Json
from tests.support import sdxl

CONTROL: dict[str, Json] = {"model": "canny", "image": "a.png", "from": "canny"}
DEPTH: dict[str, Json] = {"model": "depth", "image": "a.png", "from": "depth", "estimator": "estimator"}
EYE: dict[str, Json] = {"model": "adapter", "encoder": "eye", "image": "a.png"}
PAINT: dict[str, Json] = {"image": "a.png", "mask": "m.png"}
ALL: dict[str, Json] = {
    "model": "base",
    "vae": "vae",
    "loras": [{"model": "lora", "scale": 0.8}],
    "embeddings": ["word"],
    "controls": [CONTROL, DEPTH],
    "ip_adapter": EYE,
    "refiner": {"model": "refiner"},
    "highres": {"scale": 1.5},
}

EXTENDED: dict[str, Json] = {"parent": "master", "outpaint": {}}


def cutout(**more: Json) -> dict[str, Json]:
    return {"parent": "master", "compose": True, "cutout": {"image": "p.png", **more}}


def overlay(**more: Json) -> dict[str, Json]:
    return {"parent": "master", "compose": True, "overlays": [{"image": "l.png", **more}]}


CHANGES: Mapping[str, tuple[dict[str, Json], dict[str, Json]]] = {
    "model": ({}, {"model": "other"}),
    "steps": ({}, {"steps": 5}),
    "guidance": ({}, {"guidance": 5.0}),
    "guidance rescale": ({}, {"guidance_rescale": 0.7}),
    "clip skip": ({}, {"clip_skip": 1}),
    "scheduler": ({}, {"scheduler": "Euler a"}),
    "karras": ({"scheduler": "DPM++ 2M"}, {"scheduler": "DPM++ 2M Karras"}),
    "eta": ({"scheduler": "DDIM"}, {"scheduler": "DDIM", "eta": 0.5}),
    "second prompt": ({}, {"prompt_2": "painting"}),
    "second negative": ({}, {"negative_2": "grey"}),
    "weighting": ({}, {"weighting": "compel"}),
    "bucket": ({}, {"bucket": [64, 64]}),
    "original size": ({}, {"original_size": [512, 512]}),
    "target size": ({}, {"target_size": [512, 512]}),
    "crop": ({}, {"crop_top_left": [0, 16]}),
    "negative original size": ({}, {"negative_original_size": [512, 512]}),
    "negative target size": ({}, {"negative_target_size": [512, 512]}),
    "negative crop": ({}, {"negative_crop_top_left": [0, 16]}),
    "vae": ({}, {"vae": "vae"}),
    "vae tiling": ({}, {"vae_tiling": True}),
    "vae upcast": ({}, {"vae_upcast": False}),
    "precision": ({}, {"precision": "bfloat16"}),
    "watermark": ({}, {"watermark": True}),
    "lora": ({}, {"loras": ["lora"]}),
    "lora scale": ({"loras": ["lora"]}, {"loras": [{"model": "lora", "scale": 0.5}]}),
    "lora order": ({"loras": ["lora", "lora-two"]}, {"loras": ["lora-two", "lora"]}),
    "embedding": ({}, {"embeddings": ["word"]}),
    "token": ({"embeddings": ["word"]}, {"embeddings": [{"model": "word", "token": "<w>"}]}),
    "control": ({}, {"controls": [CONTROL]}),
    "control model": ({"controls": [CONTROL]}, {"controls": [{**CONTROL, "model": "depth"}]}),
    "control scale": ({"controls": [CONTROL]}, {"controls": [{**CONTROL, "scale": 0.5}]}),
    "control start": ({"controls": [CONTROL]}, {"controls": [{**CONTROL, "start": 0.1}]}),
    "control end": ({"controls": [CONTROL]}, {"controls": [{**CONTROL, "end": 0.9}]}),
    "canny low": ({"controls": [CONTROL]}, {"controls": [{**CONTROL, "low": 0.05}]}),
    "canny high": ({"controls": [CONTROL]}, {"controls": [{**CONTROL, "high": 0.3}]}),
    "canny sigma": ({"controls": [CONTROL]}, {"controls": [{**CONTROL, "sigma": 2.0}]}),
    "given or derived": ({"controls": [CONTROL]}, {"controls": [{**CONTROL, "from": "given"}]}),
    "second control": ({"controls": [CONTROL]}, {"controls": [CONTROL, DEPTH]}),
    "ip-adapter": ({}, {"ip_adapter": EYE}),
    "ip-adapter scale": ({"ip_adapter": EYE}, {"ip_adapter": {**EYE, "scale": 0.3}}),
    "init": ({}, {"init": {"image": "a.png"}}),
    "init strength": ({"init": {"image": "a.png"}}, {"init": {"image": "a.png", "strength": 0.7}}),
    "mask": ({"init": {"image": "a.png"}}, {"inpaint": PAINT}),
    "mask blur": ({"inpaint": PAINT}, {"inpaint": {**PAINT, "blur": 0.1}}),
    "mask strength": ({"inpaint": PAINT}, {"inpaint": {**PAINT, "strength": 0.5}}),
    "painter": ({"inpaint": PAINT}, {"inpaint": {**PAINT, "model": "painter"}}),
    "refiner": ({}, {"refiner": {"model": "refiner"}}),
    "switch": ({"refiner": {"model": "refiner"}}, {"refiner": {"model": "refiner", "switch": 0.7}}),
    "aesthetic score": ({"refiner": {"model": "refiner"}}, {"refiner": {"model": "refiner", "aesthetic_score": 7.0}}),
    "negative aesthetic score": (
        {"refiner": {"model": "refiner"}},
        {"refiner": {"model": "refiner", "negative_aesthetic_score": 3.0}},
    ),
    "extended or cut": ({"parent": "master"}, {"parent": "master", "outpaint": {}}),
    "outpaint strength": ({**EXTENDED}, {**EXTENDED, "outpaint": {"strength": 0.9}}),
    "outpaint feather": ({**EXTENDED}, {**EXTENDED, "outpaint": {"feather": 0.1}}),
    "outpaint painter": ({**EXTENDED}, {**EXTENDED, "outpaint": {"model": "painter"}}),
    "product anchor": (cutout(), cutout(anchor="left")),
    "product offset": (cutout(), cutout(offset={"x": 0.1})),
    "shadow opacity": (cutout(), cutout(shadow={"opacity": 0.5})),
    "shadow blur": (cutout(), cutout(shadow={"blur": 0.1})),
    "shadow x": (cutout(), cutout(shadow={"x": 0.1})),
    "shadow y": (cutout(), cutout(shadow={"y": 0.1})),
    "shadow flatten": (cutout(), cutout(shadow={"flatten": 0.5})),
    "logo anchor": (overlay(), overlay(anchor="top")),
    "logo width": (overlay(), overlay(width=0.5)),
    "logo margin": (overlay(), overlay(margin=0.1)),
    "logo opacity": (overlay(), overlay(opacity=0.5)),
    "control mode": ({"controls": [CONTROL]}, {"controls": [{**DEPTH}]}),
    "second pass": ({}, {"highres": {}}),
    "second pass scale": ({"highres": {}}, {"highres": {"scale": 2.0}}),
    "second pass strength": ({"highres": {}}, {"highres": {"strength": 0.5}}),
    "second pass steps": ({"highres": {}}, {"highres": {"steps": 9}}),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_what_decides_a_picture_changes_its_key(name: str) -> None:
    before, after = CHANGES[name]
    assert sdxl.key(before) == sdxl.key(dict(before))
    assert sdxl.key(before) != sdxl.key(after)


@pytest.mark.parametrize(
    "change",
    [{"seed": 8}, {"negative": "blur"}, {"size": (64, 64)}, {"parts": (("subject", "a blue lighthouse"),)}],
    ids=lambda change: next(iter(change)),
)
def test_the_brief_s_own_fields_change_it_too(change: dict[str, Any]) -> None:
    size = change.get("size", sdxl.SIZE)
    found = sdxl.resolved(sdxl.brief(**change), size=size)
    assert sdxl.recipe_of(found).key != sdxl.key()


@pytest.mark.parametrize(
    "name,component",
    [
        *(("base", part) for part in ("unet", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "vae")),
        *(("refiner", part) for part in ("unet", "text_encoder_2", "tokenizer_2", "vae")),
        *((name, "weights") for name in ("vae", "lora", "word", "canny", "depth", "estimator", "adapter", "eye")),
    ],
)
def test_a_swapped_file_under_the_same_name_changes_the_key(name: str, component: str) -> None:
    swapped = sdxl.entries()
    table = sdxl.entry(name, sdxl.KINDS[name])
    parts = table["components"]
    assert isinstance(parts, dict)
    swapped[name] = {**table, "components": {**parts, component: "swapped"}}
    assert sdxl.key(ALL) != sdxl.key(ALL, swapped)


def test_a_painter_s_file_counts_where_it_paints() -> None:
    swapped = sdxl.entries()
    swapped["painter"] = {**sdxl.entry("painter", "sdxl-inpaint"), "components": {"unet": "swapped"}}
    asked: dict[str, Json] = {"inpaint": {**PAINT, "model": "painter"}}
    assert sdxl.key(asked) != sdxl.key(asked, swapped)


def test_a_changed_scheduler_of_the_model_changes_the_key() -> None:
    changed = sdxl.entries()
    changed["base"] = {**sdxl.entry("base", "sdxl"), "scheduler": {**sdxl.SCHEDULER, "prediction_type": "v_prediction"}}
    assert sdxl.key() != sdxl.key(models=changed)


def test_what_an_empty_negative_means_is_in_the_key() -> None:
    changed = sdxl.entries()
    changed["base"] = {**sdxl.entry("base", "sdxl"), "zero_empty_negative": False}
    assert sdxl.key() != sdxl.key(models=changed)


@pytest.mark.parametrize(
    "parameters,role",
    [
        ({"controls": [CONTROL]}, "control:0:canny"),
        ({"controls": [CONTROL, DEPTH]}, "control:1:depth"),
        ({"ip_adapter": EYE}, "reference"),
        ({"init": {"image": "a.png"}}, "init"),
        ({"inpaint": PAINT}, "init"),
        ({"inpaint": PAINT}, "mask"),
        (cutout(), "product"),
        (overlay(), "overlay:0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_input_pictures_are_in_the_key(parameters: dict[str, Json], role: str) -> None:
    found = sdxl.resolved(sdxl.brief(parameters))
    assert role in dict(found.inputs)
    assert sdxl.recipe_of(found).key != sdxl.recipe_of(found, {role: "1" * 64}).key


def test_schema_and_render_code_are_in_the_key() -> None:
    first = sdxl.recipe_of(sdxl.resolved(sdxl.brief()))
    assert replace(first, fingerprint=2).key != first.key
    assert replace(first, schema=first.schema + 1).key != first.key
    assert first.parameters["generator"] == "cpu" and first.parameters["fit"] == {"kernel": "lanczos", "mode": "cover"}
    assert replace(first, parameters={**first.parameters, "generator": "cuda"}).key != first.key


def test_the_pixels_that_a_stage_starts_from_are_in_the_key() -> None:
    found = sdxl.resolved(sdxl.brief({"parent": "master/draft"}))
    first = sdxl.recipe_of(found)
    begun = [replace(first, inputs=(("parent", digit * 64),), parents=(digit,)).key for digit in "12"]
    assert len({first.key, *begun}) == 3


def test_one_text_has_one_key_however_it_is_composed() -> None:
    """Unicode: é as one sign, or as e with an accent."""
    spelled = [(("subject", text),) for text in ("caf\u00e9", "cafe\u0301")]
    keys = {sdxl.recipe_of(sdxl.resolved(sdxl.brief(parts=parts))).key for parts in spelled}
    assert len(keys) == 1


def test_how_weights_are_read_has_a_revision() -> None:
    weighted = sdxl.resolved(sdxl.brief({"weighting": "compel"})).parameters["weighting"]
    assert weighted == {"dialect": "compel", "revision": 1}
    controls: Any = sdxl.resolved(sdxl.brief({"controls": [CONTROL, DEPTH]})).parameters["controls"]
    assert [one["derive"]["revision"] for one in controls] == [1, 1]


def test_a_model_s_name_is_noted_and_not_hashed() -> None:
    renamed = {**sdxl.entries(), "other": sdxl.entries()["base"]}
    assert sdxl.key({"model": "other"}, renamed) == sdxl.key({"model": "base"}, renamed)
    assert sdxl.resolved(sdxl.brief({"model": "other"}), renamed).noted["model"] == "other"


def test_how_a_picture_is_shown_costs_nothing() -> None:
    assert sdxl.key(credit="Somebody", focal=(0.1, 0.9), tags=("sea",)) == sdxl.key()


def test_the_recipe_names_no_library_and_no_device() -> None:
    text = str(sdxl.recipe_of(sdxl.resolved(sdxl.brief(ALL))).asked())
    assert not [
        word
        for word in ("torch", "diffusers", "cuda", "threads", "batch", "tf32", "attention", "compile", "channels")
        if word in text
    ]


def test_defaults_are_written_out() -> None:
    spelled: dict[str, Json] = {
        "guidance": 7.0,
        "guidance_rescale": 0.0,
        "clip_skip": 0,
        "eta": 0.0,
        "scheduler": "DPM++ 2M Karras",
        "weighting": "none",
        "precision": "auto",
        "vae_tiling": False,
        "vae_upcast": True,
        "crop_top_left": [0, 0],
        "watermark": False,
    }
    assert sdxl.key(spelled) == sdxl.key()
