"""The configuration folder that a single-file checkpoint of the published SDXL architecture lacks.

Takes a kind and a place, writes small JSON files and two CLIP tokenizers; with it the file loads without any hub. The values are
those of the published base 1.0, its inpainting sibling and the refiner 1.0. The byte-pair merges come from the copy that the
package open_clip_torch carries; its code is not imported.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Mapping
from pathlib import Path

from ..canonical import canonical
from ..disk import write_atomic
from ..model import Json

CONFIG_REVISION = 1  # raised when a value below changes: it is part of a single file's fingerprint
SCHEDULER: Mapping[str, Json] = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "interpolation_type": "linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
    "use_karras_sigmas": False,
}
_UNET: Mapping[str, Json] = {
    "_class_name": "UNet2DConditionModel",
    "act_fn": "silu",
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "attention_head_dim": [5, 10, 20],
    "block_out_channels": [320, 640, 1280],
    "cross_attention_dim": 2048,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "in_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "out_channels": 4,
    "projection_class_embeddings_input_dim": 2816,
    "sample_size": 128,
    "transformer_layers_per_block": [1, 2, 10],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "use_linear_projection": True,
}
_REFINER_UNET: Mapping[str, Json] = {
    **_UNET,
    "attention_head_dim": [6, 12, 24, 24],
    "block_out_channels": [384, 768, 1536, 1536],
    "cross_attention_dim": 1280,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "projection_class_embeddings_input_dim": 2560,
    "transformer_layers_per_block": 4,
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
}
_VAE: Mapping[str, Json] = {
    "_class_name": "AutoencoderKL",
    "act_fn": "silu",
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "force_upcast": True,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "out_channels": 3,
    "sample_size": 1024,
    "scaling_factor": 0.13025,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
_TEXT: Mapping[str, Json] = {
    "bos_token_id": 0,
    "eos_token_id": 2,
    "max_position_embeddings": 77,
    "model_type": "clip_text_model",
    "pad_token_id": 1,
    "vocab_size": 49408,
}
_FIRST: Mapping[str, Json] = {
    **_TEXT,
    "architectures": ["CLIPTextModel"],
    "hidden_act": "quick_gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "projection_dim": 768,
}
_SECOND: Mapping[str, Json] = {
    **_TEXT,
    "architectures": ["CLIPTextModelWithProjection"],
    "hidden_act": "gelu",
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_attention_heads": 20,
    "num_hidden_layers": 32,
    "projection_dim": 1280,
}
_MERGES = 49152 - 256 - 2
_SPECIAL = ("<|startoftext|>", "<|endoftext|>")


def own_config(kind: str, folder: Path) -> Path:
    """Write the configuration for a single file of `kind` into `folder` and return it.

    Raises FileNotFoundError when the merges of CLIP's tokenizer are not to be had.
    """
    merges = clip_merges()
    refiner = kind == "sdxl-refiner"
    unet = _REFINER_UNET if refiner else {**_UNET, "in_channels": 9} if kind == "sdxl-inpaint" else _UNET
    files: dict[str, Mapping[str, Json]] = {
        "model_index.json": _index(kind),
        "scheduler/scheduler_config.json": {"_class_name": "EulerDiscreteScheduler", **SCHEDULER},
        "text_encoder_2/config.json": _SECOND,
        "unet/config.json": unet,
        "vae/config.json": _VAE,
    }
    if not refiner:
        files["text_encoder/config.json"] = _FIRST
        write_tokenizer(folder / "tokenizer", merges, _SPECIAL[1])
    write_tokenizer(folder / "tokenizer_2", merges, "!")
    for name, value in files.items():
        write_atomic(folder / name, canonical(value))
    return folder


def _index(kind: str) -> dict[str, Json]:
    refiner = kind == "sdxl-refiner"
    name = {"sdxl": "", "sdxl-inpaint": "Inpaint", "sdxl-refiner": "Img2Img"}[kind]
    return {
        "_class_name": f"StableDiffusionXL{name}Pipeline",
        "force_zeros_for_empty_prompt": not refiner,
        "requires_aesthetics_score": refiner,
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": [None, None] if refiner else ["transformers", "CLIPTextModel"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer": [None, None] if refiner else ["transformers", "CLIPTokenizer"],
        "tokenizer_2": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }


def clip_merges() -> tuple[str, ...]:
    """The 48 894 byte-pair merges of CLIP's tokenizer, in order. Raises FileNotFoundError."""
    spec = importlib.util.find_spec("open_clip")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        file = Path(place) / "bpe_simple_vocab_16e6.txt.gz"
        if file.exists():
            return tuple(gzip.decompress(file.read_bytes()).decode("utf-8").split("\n")[1 : _MERGES + 1])
    raise FileNotFoundError("the merges of CLIP's tokenizer are not on this machine")


def write_tokenizer(folder: Path, merges: tuple[str, ...], pad: str) -> int:
    """`vocab.json`, `merges.txt` and settings of a CLIP tokenizer; returns the size of its vocabulary.

    The vocabulary is the 256 letters that stand for bytes, the same at the end of a word, a piece for each merge, two marks.
    """
    letters = byte_letters()
    pieces = [*letters, *(letter + "</w>" for letter in letters), *("".join(merge.split()) for merge in merges), *_SPECIAL]
    special: dict[str, Json] = {
        "bos_token": _SPECIAL[0],
        "eos_token": _SPECIAL[1],
        "unk_token": _SPECIAL[1],
        "pad_token": pad,
    }
    settings: dict[str, Json] = {
        **special,
        "add_prefix_space": False,
        "do_lower_case": True,
        "model_max_length": 77,
        "tokenizer_class": "CLIPTokenizer",
    }
    write_atomic(folder / "vocab.json", canonical({piece: index for index, piece in enumerate(pieces)}))
    write_atomic(folder / "merges.txt", ("#version: 0.2\n" + "\n".join(merges) + "\n").encode())
    write_atomic(folder / "special_tokens_map.json", canonical(special))
    write_atomic(folder / "tokenizer_config.json", canonical(settings))
    return len(pieces)


def byte_letters() -> list[str]:
    """The 256 printable letters that stand for bytes, in CLIP's order: printable ones for themselves, then from 256 up."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(256 - len(printable))]
