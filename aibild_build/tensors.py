"""The one door to torch, diffusers, transformers, peft, compel and safetensors, opened inside functions.

Takes nothing, yields modules; importing this module imports none of them. Every function first makes the import itself work
without a network: hub look-ups are switched off, and a torchvision that was built for another torch is kept from taking all
else down with it. Knows nothing of briefs, recipes or models on disk.
"""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .errors import EngineUnavailable

_NOTED = ("torch", "diffusers", "transformers", "accelerate", "peft", "compel", "safetensors")


def torch() -> Any:
    """The module `torch`, ready for all that imports torchvision on its own."""
    _offline()
    import torch as module

    _declare_missing_operators()
    return module


def diffusers() -> Any:
    """The module `diffusers`, silent but for errors. Name classes: a star import of it may fail."""
    transformers()
    with _quiet():
        import diffusers as module

        module.utils.logging.set_verbosity_error()
        module.utils.logging.disable_progress_bar()
    return module


def transformers() -> Any:
    torch()
    with _quiet():
        import transformers as module

        module.utils.logging.set_verbosity_error()
        module.utils.logging.disable_progress_bar()
    return module


def compel() -> Any:
    """The module `compel`, for weighted and long prompts. Raises EngineUnavailable without it."""
    diffusers()
    try:
        with _quiet():
            import compel as module
    except ImportError as error:
        raise EngineUnavailable(f"prompt weights need compel: {error}", hint="pip install 'aibild[sdxl]'") from error
    return module


def open_clip() -> Any:
    """The module `open_clip`. Raises ImportError without it."""
    torch()
    with _quiet():
        import open_clip as module
    return module


def read_tensors(path: Path) -> dict[str, Any]:
    """Every tensor of a .safetensors file, on the CPU."""
    torch()
    from safetensors.torch import load_file

    return dict(load_file(str(path)))


def watermark() -> Any:
    """The module `imwatermark`, which diffusers puts its invisible mark in with. Raises EngineUnavailable without it."""
    torch()
    try:
        with _quiet():
            import imwatermark as module
    except ImportError as error:
        hint = "pip install invisible-watermark opencv-python-headless, or leave `watermark` out"
        raise EngineUnavailable(f"`watermark: true` needs the package invisible-watermark: {error}", hint=hint) from error
    return module


def has_torch() -> bool:
    """Whether torch could be imported; does not import it."""
    return importlib.util.find_spec("torch") is not None


@cache
def versions() -> Mapping[str, str]:
    """Versions of the libraries that may move the last bits of a picture."""
    found = {}
    for name in _NOTED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def best_device() -> str:
    """`cuda`, `mps` or `cpu`: the quickest that torch can use here."""
    module = torch()
    if module.cuda.is_available():
        return "cuda"
    return "mps" if module.backends.mps.is_available() else "cpu"


def device_facts(device: str) -> Mapping[str, str | int]:
    """What of a device may move the last bits: its name, capability or instruction set, and threads."""
    module = torch()
    if device.startswith("cuda"):
        major, minor = module.cuda.get_device_capability()
        return {
            "device": module.cuda.get_device_name(),
            "capability": f"{major}.{minor}",
            "cuda": str(module.version.cuda),
            "tf32": int(module.backends.cuda.matmul.allow_tf32) + 2 * int(module.backends.cudnn.allow_tf32),
        }
    if device == "cpu":
        return {"device": "cpu", "capability": module.backends.cpu.get_cpu_capability(), "threads": module.get_num_threads()}
    return {"device": device}


def _offline() -> None:
    # Read when the hub's library is imported. With it a missing file fails at once; without it a closed network means retries.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")  # progress is told by the build, not by each library


def _quiet() -> warnings.catch_warnings[None]:
    """Libraries warn about each other's deprecations while they import; none of it is the user's to mend."""
    return warnings.catch_warnings(action="ignore")


@cache
def _declare_missing_operators() -> object:
    """Keep `import torchvision` working where its compiled part does not fit this torch (a CUDA wheel beside a CPU torch).

    Its Python part then asks for two operators that nobody declared, and dies; so their schemas are declared, without a kernel.
    The declaration lives as long as the object that is returned, hence the cache.
    """
    import torch as module

    spec = importlib.util.find_spec("torchvision")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    compiled = Path(places[0]) / "_C.so" if places else None
    if compiled is None or not compiled.exists():
        return None
    try:
        module.ops.load_library(str(compiled))
        return None
    except OSError:
        library = module.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library
