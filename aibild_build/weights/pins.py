"""What the lock says of a model: its kind, the fingerprint of what is loaded from it, and the settings it brings along.

Takes a `Declared` model whose files are at hand, yields the entry of the lock's `models`. The fingerprint covers names and
digests of exactly those files that a pipeline loads: weights of the chosen variant and every JSON and text file beside them,
since a changed scheduler or VAE setting changes pictures too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..canonical import key_of
from ..model import Json
from .declared import Declared
from .digests import Digests
from .headers import kind_of, read_json
from .single import CONFIG_REVISION, SCHEDULER

_TEXT = (".json", ".txt", ".model")
_SINGLE = ("sdxl", "sdxl-refiner", "sdxl-inpaint")
_DROPPED = ("_class_name", "_diffusers_version", "_name_or_path")


def pin(model: Declared, digests: Digests, *, verify: bool = False) -> dict[str, Json]:
    """The lock's entry. Raises ValueError for what is no model of ours, OSError when files cannot be read."""
    if model.path is None:
        raise FileNotFoundError(f"{model.hub}@{model.revision} is not in the hub's cache")
    kind = kind_of(model.path)
    components: dict[str, dict[str, str]] = {}
    for component, name, path in files_of(model):
        components.setdefault(component, {})[name] = digests.digest(path, verify=verify)
    if not any(name.endswith(".safetensors") for files in components.values() for name in files):
        raise ValueError(f"{model.path.name} has no .safetensors weights" + _variant(model))
    _refuse_half(model, components)
    prints: dict[str, Json] = {component: key_of(files) for component, files in sorted(components.items())}
    if "file" in prints and kind in _SINGLE and model.config is None:
        prints["config"] = f"own-{CONFIG_REVISION}"
    entry: dict[str, Json] = {"kind": kind, "components": prints, "fingerprint": key_of(prints)}
    if kind in _SINGLE:
        folder = model.path if model.path.is_dir() else model.config
        entry |= _settings(folder, kind)
    return entry


def _refuse_half(model: Declared, components: Mapping[str, Mapping[str, str]]) -> None:
    """A part without weights, or that is not there at all: of a broken download, most often. Raises ValueError."""
    if "index" not in components or model.path is None:
        return
    index = read_json(model.path / "model_index.json")
    for name in sorted(name for name, value in index.items() if isinstance(value, list) and value and value[0]):
        files = components.get(name, {})
        if not files or ("config.json" in files and not any(file.endswith(".safetensors") for file in files)):
            what = "no .safetensors weights" if files else "no files"
            raise ValueError(f"{model.path.name} is not whole: {name} has {what}{_variant(model)}")


def files_of(model: Declared) -> Iterator[tuple[str, str, Path]]:
    """(component, name in it, path) of every file that is loaded, sorted. A single file's component is `file`."""
    path = model.path
    assert path is not None
    if not path.is_dir():
        yield "file", path.suffix, path  # the name on disk decides no pixel
        if model.config is not None:
            yield from (("config", name, file) for name, file in _text_files(model.config))
        return
    if not (path / "model_index.json").exists():
        yield from (("weights", name, file) for name, file in _folder_files(path, model.variant))
        return
    yield "index", "model_index.json", path / "model_index.json"
    index = read_json(path / "model_index.json")
    for component in sorted(name for name, value in index.items() if isinstance(value, list) and value and value[0]):
        if (path / component).is_dir():
            yield from ((component, name, file) for name, file in _folder_files(path / component, model.variant))


def _folder_files(folder: Path, variant: str) -> Iterator[tuple[str, Path]]:
    weights = sorted(file for file in folder.glob("*.safetensors") if _is_variant(file, variant))
    chosen = weights or sorted(file for file in folder.glob("*.safetensors") if _is_variant(file, ""))
    for file in chosen:
        yield file.name, file
    for file in sorted(folder.iterdir()):
        if file.suffix in _TEXT and file.is_file():
            yield file.name, file


def _is_variant(file: Path, variant: str) -> bool:
    """`diffusion_pytorch_model.fp16.safetensors`, or sharded `….fp16-00001-of-00002.safetensors`; none has no middle part."""
    parts = file.name.split(".")
    return parts[1].partition("-")[0] == variant if variant else len(parts) == 2


def _text_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        if file.suffix in _TEXT and file.is_file():
            yield file.relative_to(folder).as_posix(), file


def _settings(folder: Path | None, kind: str) -> dict[str, Json]:
    """The scheduler that the model brings, and what its index says of empty prompts and aesthetic scores."""
    if folder is None:
        return {"scheduler": dict(SCHEDULER), "zero_empty_negative": kind != "sdxl-refiner"}
    index = read_json(folder / "model_index.json")
    scheduler: Mapping[str, Json] = read_json(folder / "scheduler" / "scheduler_config.json")
    return {
        "scheduler": {name: value for name, value in scheduler.items() if name not in _DROPPED},
        "zero_empty_negative": bool(index.get("force_zeros_for_empty_prompt", True)),
    }


def _variant(model: Declared) -> str:
    return f" of variant {model.variant}" if model.variant else ""
