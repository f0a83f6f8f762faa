"""A CLIP model small enough for tests: real layers, random weights. It proves plumbing; it knows nothing of pictures."""

from __future__ import annotations

import json
from pathlib import Path

from aibild_build import tensors

ARCHITECTURE = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def write_tiny_clip(folder: Path) -> tuple[Path, Path]:
    """`tiny.safetensors` and `tiny.json` in `folder`; the same bytes each time."""
    torch, open_clip = tensors.torch(), tensors.open_clip()
    from safetensors.torch import save_file

    architecture, weights = folder / "tiny.json", folder / "tiny.safetensors"
    architecture.write_text(json.dumps(ARCHITECTURE))
    open_clip.add_model_config(architecture)
    torch.manual_seed(5)  # whose pictures and words happen to point the same way
    model = open_clip.create_model("tiny", load_weights=False)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, str(weights))
    return weights, architecture
