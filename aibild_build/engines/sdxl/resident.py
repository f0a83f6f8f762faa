"""Models in memory: loaded once a process, dressed for each picture, and let go of when others need the room.

Takes the declared models and the project's root, yields pipelines with exactly the adapters that a recipe names. LoRAs are set,
never fused: fused weights drift when they are taken out again. Every model is held against the fingerprints of the recipe before
it is loaded, so that a file that was swapped under its name cannot make a picture.
"""

from __future__ import annotations

import copy
import gc
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import tensors
from ...errors import EngineUnavailable
from ...model import Json
from ...weights import MEMORY, Declared, Digests, declared, own_config, pin
from .resolve import weights_of
from .score import Scorer

_STATE = ".aibild"
_PIPELINES = {
    "sdxl": "StableDiffusionXLPipeline",
    "sdxl-inpaint": "StableDiffusionXLInpaintPipeline",
    "sdxl-refiner": "StableDiffusionXLImg2ImgPipeline",
}
_DEFAULT_KEPT = 2


class Resident:
    """`[engines.sdxl]`: `device`, `resident` (how many checkpoints stay in memory), `offload`, `strict` and the kernels' settings
    are read here."""

    def __init__(self, settings: Mapping[str, Json], root: Path) -> None:
        self._settings = settings
        self._root = root
        self._digests = Digests(root / _STATE / MEMORY)
        self._loaded: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._parts: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self.loads = 0
        try:
            self.device = str(settings.get("device") or tensors.best_device())
        except ImportError as error:
            raise EngineUnavailable(f"engine `sdxl` needs torch: {error}", hint="pip install 'aibild[sdxl]'") from error
        self.scorer = Scorer(settings, root, self.device)
        if settings.get("strict") is True:
            _be_strict(self.device)

    def precision(self, asked: str) -> str:
        """`auto` by device: float32 on a processor, where half precision is slow or missing; float16 on a device."""
        return asked if asked != "auto" else "float32" if self.device == "cpu" else "float16"

    def pipeline(self, name: str, weights: Json, precision: str) -> Any:
        """The checkpoint of that name as diffusers loads it, on the device. Its scheduler is nobody's business here."""
        key = (name, precision)
        if key not in self._loaded:
            model, entry = self._model(name, weights)
            while len(self._loaded) >= int(str(self._settings.get("resident") or _DEFAULT_KEPT)):
                self._loaded.popitem(last=False)
                self._empty_cache()
            self._loaded[key] = self._quicker(self._place(_load(model, str(entry["kind"]), precision, self._root / _STATE)))
            self.loads += 1
        self._loaded.move_to_end(key)
        return self._loaded[key]

    def part(self, name: str, weights: Json, precision: str, load: Any) -> Any:
        """A ControlNet, VAE, encoder or estimator; `load` is called with its path and its type of number, once."""
        key = (name, precision, load.__name__)
        if key not in self._parts:
            model, _ = self._model(name, weights)
            with _readable(name):
                self._parts[key] = load(model.path, getattr(tensors.torch(), precision)).to(self.device).eval()
            self.loads += 1
        return self._parts[key]

    def tensors_of(self, name: str, weights: Json) -> dict[str, Any]:
        """All tensors of an adapter's file."""
        model, _ = self._model(name, weights)
        assert model.path is not None
        path = model.path if model.path.is_file() else next(iter(sorted(model.path.glob("*.safetensors"))))
        with _readable(name):
            return tensors.read_tensors(path)

    def facts(self, precision: str) -> dict[str, Json]:
        """What of this machine may move the last bits."""
        return {
            **tensors.device_facts(self.device),
            "precision": precision,
            "attention": "sdpa",
            "compile": self._compiling,
            "channels_last": self._channels_last,
            "strict": self._settings.get("strict") is True,
            "batch": 1,
            "versions": dict(tensors.versions()),
        }

    def let_go_of_scraps(self) -> None:
        """What an attempt that broke off has left in the device's memory."""
        gc.collect()
        self._empty_cache()

    def make_room(self, pipeline: Any, step: int) -> str:
        """The next thing to give up when memory is short, the caller decoding in tiles from then on; "" when none is left."""
        self._empty_cache()
        if step == 0:
            self._parts.clear()
            while len(self._loaded) > 1:
                self._loaded.popitem(last=False)
            return "vae tiling"
        if step == 1 and self.device.startswith("cuda"):
            pipeline.enable_model_cpu_offload()
            return "offload"
        return ""

    def close(self) -> None:
        self._loaded.clear()
        self._parts.clear()
        self._digests.save()
        self._empty_cache()

    def _model(self, name: str, weights: Json) -> tuple[Declared, Mapping[str, Json]]:
        """The declared model of that name, held against the recipe. Raises EngineUnavailable."""
        tables = self._settings.get("models")
        table = tables.get(name) if isinstance(tables, Mapping) else None
        if not isinstance(table, Mapping):
            raise EngineUnavailable(f"model `{name}` is not declared", hint=f"declare it in aibild.toml as [models.{name}]")
        model = declared(name, table, self._root)
        if not model.here:
            raise EngineUnavailable(f"model `{name}` is not on this machine", hint=f"`aibild models pull {name}`")
        try:
            entry = pin(model, self._digests)
        except (OSError, ValueError) as error:
            raise EngineUnavailable(f"model `{name}` cannot be used: {error}") from error
        if weights_of(entry) != weights:
            raise EngineUnavailable(
                f"model `{name}` on this machine is not the one that the recipe was composed with",
                hint=f"`aibild models update {name}` takes the new one into aibild.lock",
            )
        self._digests.save()
        return model, entry

    @property
    def _compiling(self) -> str:
        return "off" if self._settings.get("strict") is True else str(self._settings.get("compile") or "off")

    @property
    def _channels_last(self) -> bool:
        return self._settings.get("channels_last") is True and self._settings.get("strict") is not True

    def _quicker(self, pipeline: Any) -> Any:
        """Kernels that do the same sums in another order; the environment names them."""
        if self._channels_last:
            for part in (pipeline.unet, pipeline.vae):
                part.to(memory_format=tensors.torch().channels_last)
        if self._compiling != "off":
            pipeline.unet.compile(mode=self._compiling)
            pipeline.vae.decoder.compile(mode=self._compiling)
        return pipeline

    def _place(self, pipeline: Any) -> Any:
        if self._settings.get("offload") is True and self.device.startswith("cuda"):
            pipeline.enable_model_cpu_offload()
            return pipeline
        return pipeline.to(self.device)

    def _empty_cache(self) -> None:
        if self.device.startswith("cuda"):
            tensors.torch().cuda.empty_cache()


def _load(model: Declared, kind: str, precision: str, state: Path) -> Any:
    diffusers = tensors.diffusers()
    kind_of_pipeline = getattr(diffusers, _PIPELINES[kind])
    options = {"dtype": getattr(tensors.torch(), precision), "local_files_only": True, "add_watermarker": False}
    assert model.path is not None
    with _readable(model.name):
        if model.path.is_dir():
            variant = model.variant or None
            return kind_of_pipeline.from_pretrained(str(model.path), variant=variant, use_safetensors=True, **options)
        try:
            config = model.config or own_config(kind, state / "sdxl-config" / kind)
        except FileNotFoundError as error:
            raise EngineUnavailable(
                f"model `{model.name}` is a single file, and {error}",
                hint="pip install open_clip_torch, or set `config` to a folder of the model's settings and tokenizers",
            ) from error
        return kind_of_pipeline.from_single_file(str(model.path), config=str(config), **options)


class _readable:
    """Whatever a library says of a file that it cannot read becomes EngineUnavailable, the model's name in it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, EngineUnavailable | MemoryError) or not isinstance(error, Exception):
            return
        if type(error).__name__ == "OutOfMemoryError":
            return
        raise EngineUnavailable(f"model `{self._name}` cannot be loaded: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def dress_loras(resident: Resident, pipeline: Any, loras: Json, names: list[str]) -> None:
    """Set exactly these LoRAs with their scales; none of them means the bare weights, bit for bit."""
    wanted = [one for one in loras if isinstance(one, Mapping)] if isinstance(loras, list | tuple) else []
    adapters: list[str] = []
    scales: list[float] = []
    there = set(getattr(pipeline, "aibild_loras", ()))
    for one, name in zip(wanted, names, strict=True):
        adapter = f"lora_{name}".replace(".", "_").replace("-", "_")
        if adapter not in there:
            with _readable(name):
                pipeline.load_lora_weights(resident.tensors_of(name, one["weights"]), adapter_name=adapter)
            there.add(adapter)
        if adapter not in adapters:
            adapters.append(adapter)
            scales.append(float(str(one["scale"])))
    pipeline.aibild_loras = tuple(sorted(there))
    if adapters:
        pipeline.enable_lora()
        pipeline.set_adapters(adapters, scales)
    elif there:
        pipeline.disable_lora()


def dress_embeddings(resident: Resident, pipeline: Any, embeddings: Json, names: list[str]) -> None:
    """Teach both tokenizers exactly these tokens; what an earlier picture taught them is taken out."""
    wanted = [one for one in embeddings if isinstance(one, Mapping)] if isinstance(embeddings, list | tuple) else []
    now = tuple((str(one["token"]), str(one["weights"])) for one in wanted)
    before = getattr(pipeline, "aibild_embeddings", ())
    if now == before:
        return
    _restore_words(pipeline)
    sides = (
        ("clip_l", pipeline.tokenizer, pipeline.text_encoder),
        ("clip_g", pipeline.tokenizer_2, pipeline.text_encoder_2),
    )
    for one, name in zip(wanted, names, strict=True):
        vectors = resident.tensors_of(name, one["weights"])
        with _readable(name):
            for key, tokenizer, encoder in sides:
                pipeline.load_textual_inversion(vectors[key], token=one["token"], tokenizer=tokenizer, text_encoder=encoder)
    pipeline.aibild_embeddings = now


def _restore_words(pipeline: Any) -> None:
    """Tokenizers and word vectors as they were loaded. Diffusers' own way back leaves tokens of several vectors behind."""
    sides = (("tokenizer", pipeline.text_encoder), ("tokenizer_2", pipeline.text_encoder_2))
    if not hasattr(pipeline, "aibild_plain"):
        pipeline.aibild_plain = tuple((getattr(pipeline, name), encoder.get_input_embeddings()) for name, encoder in sides)
    for (name, encoder), (tokenizer, vectors) in zip(sides, pipeline.aibild_plain, strict=True):
        setattr(pipeline, name, copy.deepcopy(tokenizer))
        encoder.set_input_embeddings(copy.deepcopy(vectors))
        encoder.config.vocab_size = vectors.num_embeddings


def load_controlnet(path: Path, dtype: Any) -> Any:
    kind = tensors.diffusers().ControlNetModel
    if path.is_file():
        return kind.from_single_file(str(path), dtype=dtype, local_files_only=True)
    return kind.from_pretrained(str(path), dtype=dtype, local_files_only=True, use_safetensors=True)


def load_vae(path: Path, dtype: Any) -> Any:
    kind = tensors.diffusers().AutoencoderKL
    if path.is_file():
        return kind.from_single_file(str(path), dtype=dtype, local_files_only=True)
    return kind.from_pretrained(str(path), dtype=dtype, local_files_only=True, use_safetensors=True)


def load_image_encoder(path: Path, dtype: Any) -> Any:
    return tensors.transformers().CLIPVisionModelWithProjection.from_pretrained(str(path), dtype=dtype, local_files_only=True)


def load_estimator(path: Path, dtype: Any) -> Any:
    return tensors.transformers().AutoModelForDepthEstimation.from_pretrained(str(path), dtype=dtype, local_files_only=True)


def _be_strict(device: str) -> None:
    """Bits that repeat on one machine: one thread on a processor, deterministic kernels on a device."""
    torch = tensors.torch()
    if device == "cpu":
        torch.set_num_threads(1)
        return
    import os

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
