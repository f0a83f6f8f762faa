"""What kind of model a file or folder holds, from headers and small JSON files alone.

Takes paths, yields a kind; reads no weights. The layout of a .safetensors file (an 8-byte little-endian length, then JSON with
names, types and shapes) is that of https://github.com/huggingface/safetensors#format. Other weight formats can run code when
they are opened, and are not read at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KINDS = (
    "sdxl",
    "sdxl-refiner",
    "sdxl-inpaint",
    "lora",
    "embedding",
    "controlnet",
    "vae",
    "ip-adapter",
    "image-encoder",
    "depth-estimator",
    "clip",
)
_MAX_HEADER_BYTES = 100_000_000  # the format's own limit
_ARCHITECTURES = {
    "CLIPVisionModelWithProjection": "image-encoder",
    "CLIPModel": "clip",
    "DPTForDepthEstimation": "depth-estimator",
    "DepthAnythingForDepthEstimation": "depth-estimator",
    "ZoeDepthForDepthEstimation": "depth-estimator",
}
_CLASSES = {"ControlNetModel": "controlnet", "ControlNetUnionModel": "controlnet", "AutoencoderKL": "vae"}


def read_header(path: Path) -> Mapping[str, Any]:
    """Tensor name → {dtype, shape, data_offsets}; `__metadata__` is left in. Raises ValueError for any other file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= _MAX_HEADER_BYTES:
            raise ValueError(f"{path.name} is no .safetensors file")
        try:
            header = json.loads(file.read(length))
        except (ValueError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name} is no .safetensors file") from error
    if not isinstance(header, dict):
        raise ValueError(f"{path.name} is no .safetensors file")
    return header


def kind_of(path: Path) -> str:
    """One of `KINDS`. Raises ValueError, with one clear sentence, for what is none of them; OSError when it cannot be read."""
    return _kind_of_folder(path) if path.is_dir() else _kind_of_file(path)


def _kind_of_file(path: Path) -> str:
    if path.suffix != ".safetensors":
        raise ValueError(f"expected a folder or a .safetensors file, got {path.name}")
    shapes = {name: entry["shape"] for name, entry in read_header(path).items() if name != "__metadata__"}
    first = shapes.get("model.diffusion_model.input_blocks.0.0.weight")
    if first is not None:
        if "model.diffusion_model.label_emb.0.0.weight" not in shapes:
            raise ValueError(f"{path.name} is a checkpoint of another family than SDXL")
        if not any(name.startswith("conditioner.embedders.1.") for name in shapes):
            return "sdxl-refiner"
        return "sdxl-inpaint" if first[1] == 9 else "sdxl"
    signs = (
        ("lora", ("lora_", ".lora.")),
        ("ip-adapter", ("image_proj.",)),
        ("controlnet", ("controlnet_cond_embedding.", "control_model.")),
        ("vae", ("decoder.conv_in.", "first_stage_model.")),
    )
    for kind, parts in signs:
        if any(part in name for name in shapes for part in parts):
            return kind
    if {"clip_l", "clip_g"} <= set(shapes):
        return "embedding"
    raise ValueError(f"{path.name} holds no SDXL model, LoRA, embedding, ControlNet, VAE or IP-Adapter")


def _kind_of_folder(folder: Path) -> str:
    index = read_json(folder / "model_index.json")
    if index:
        if "XL" not in str(index.get("_class_name", "")):
            raise ValueError(f"{folder.name} is a pipeline of another family than SDXL: {index.get('_class_name')}")
        if (index.get("text_encoder") or [None])[0] is None:
            return "sdxl-refiner"
        return "sdxl-inpaint" if read_json(folder / "unet" / "config.json").get("in_channels") == 9 else "sdxl"
    config = read_json(folder / "config.json")
    kind = _CLASSES.get(str(config.get("_class_name", "")))
    for name in config.get("architectures") or ():
        kind = kind or _ARCHITECTURES.get(str(name))
    if kind is None:
        files = sorted(folder.glob("*.safetensors"))
        if len(files) != 1:
            raise ValueError(f"{folder.name} holds neither a pipeline (model_index.json) nor one model (config.json)")
        return _kind_of_file(files[0])
    return kind


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where there is no file. Raises ValueError for a file that holds none."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path.name} is no JSON: {error}") from error
    return found if isinstance(found, dict) else {}
