"""Declared models: kinds by header, fingerprints, the memory of digests, settings of a single file. Needs no torch."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from aibild_build.config.models import read_models
from aibild_build.source import Fields, read_toml
from aibild_build.weights import Digests, declared, files_of, hub_folder, kind_of, pin
from aibild_build.weights.single import _UNET, own_config

UNET = "model.diffusion_model.input_blocks.0.0.weight"
BASE = {
    UNET: (320, 4, 3, 3),
    "model.diffusion_model.label_emb.0.0.weight": (1280, 2816),
    "conditioner.embedders.0.transformer.x": (1,),
    "conditioner.embedders.1.model.x": (1,),
}


def safetensors(path: Path, shapes: Mapping[str, tuple[int, ...]], filling: bytes = b"") -> Path:
    """A file with that header; its tensors have no room for values, which no reader here asks for."""
    header = {name: {"dtype": "F16", "shape": list(shape), "data_offsets": [0, 0]} for name, shape in shapes.items()}
    text = json.dumps({**header, "__metadata__": {"format": "pt"}}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + filling)
    return path


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def pipeline(folder: Path, *, refiner: bool = False, channels: int = 4, family: str = "StableDiffusionXLPipeline") -> Path:
    """A pipeline's folder in diffusers form, its weights a few bytes."""
    encoder = [None, None] if refiner else ["transformers", "CLIPTextModel"]
    parts = {"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
    index = {"_class_name": family, "text_encoder": encoder, "scheduler": ["diffusers", "EulerDiscreteScheduler"], **parts}
    write(folder / "model_index.json", index)
    write(folder / "unet" / "config.json", {"in_channels": channels})
    write(folder / "vae" / "config.json", {"scaling_factor": 0.13025})
    write(folder / "scheduler" / "scheduler_config.json", {"_class_name": "EulerDiscreteScheduler", "beta_end": 0.012})
    for part in ("unet", "vae", *(() if refiner else ("text_encoder",))):
        safetensors(folder / part / "model.safetensors", {"x": (1,)}, part.encode())
    (folder / "README.md").write_text("a card")
    return folder


KINDS: dict[str, dict[str, tuple[int, ...]]] = {
    "sdxl": BASE,
    "sdxl-inpaint": {**BASE, UNET: (320, 9, 3, 3)},
    "sdxl-refiner": {name: shape for name, shape in BASE.items() if "embedders.1" not in name},
    "lora": {"unet.down_blocks.0.attn.to_k.lora_A.weight": (4, 320)},
    "embedding": {"clip_l": (2, 768), "clip_g": (2, 1280)},
    "controlnet": {"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3)},
    "vae": {"decoder.conv_in.weight": (512, 4, 3, 3)},
    "ip-adapter": {"image_proj.proj.weight": (8, 8), "ip_adapter.1.to_k_ip.weight": (8, 8)},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_kind_of_a_file(tmp_path: Path, kind: str) -> None:
    assert kind_of(safetensors(tmp_path / "model.safetensors", KINDS[kind])) == kind


@pytest.mark.parametrize(
    "kind,make",
    [
        ("sdxl", {}),
        ("sdxl-refiner", {"refiner": True}),
        ("sdxl-inpaint", {"channels": 9}),
    ],
)
def test_the_kind_of_a_pipeline(tmp_path: Path, kind: str, make: dict[str, int]) -> None:
    assert kind_of(pipeline(tmp_path / "m", **make)) == kind  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind,config",
    [
        ("controlnet", {"_class_name": "ControlNetModel"}),
        ("vae", {"_class_name": "AutoencoderKL"}),
        ("image-encoder", {"architectures": ["CLIPVisionModelWithProjection"]}),
        ("depth-estimator", {"architectures": ["DPTForDepthEstimation"]}),
        ("clip", {"architectures": ["CLIPModel"]}),
    ],
)
def test_the_kind_of_a_folder(tmp_path: Path, kind: str, config: dict[str, object]) -> None:
    write(tmp_path / "m" / "config.json", config)
    assert kind_of(tmp_path / "m") == kind


def test_a_folder_with_one_lora(tmp_path: Path) -> None:
    safetensors(tmp_path / "m" / "pytorch_lora_weights.safetensors", KINDS["lora"])
    assert kind_of(tmp_path / "m") == "lora"


@pytest.mark.parametrize(
    "name,data,told",
    [
        ("model.ckpt", b"x", "expected a folder or a .safetensors file, got model.ckpt"),
        ("model.safetensors", b"x", "is no .safetensors file"),
        ("model.safetensors", struct.pack("<Q", 3) + b"{x}", "is no .safetensors file"),
        ("model.safetensors", struct.pack("<Q", 2**40) + b"{}", "is no .safetensors file"),
        ("model.safetensors", struct.pack("<Q", 2) + b"{}", "holds no SDXL model"),
    ],
)
def test_files_that_are_no_models(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=told):
        kind_of(tmp_path / name)


def test_other_families_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="another family"):
        kind_of(pipeline(tmp_path / "m", family="StableDiffusionPipeline"))
    with pytest.raises(ValueError, match="another family"):
        kind_of(safetensors(tmp_path / "sd15.safetensors", {UNET: (320, 4, 3, 3)}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="neither a pipeline"):
        kind_of(tmp_path / "empty")


def fingerprint(path: Path, **table: str) -> object:
    return pin(declared("m", {"path": str(path), **table}, Path("/")), Digests())["fingerprint"]


def test_a_fingerprint_is_of_what_is_loaded(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "m")
    first = fingerprint(folder)
    (folder / "README.md").write_text("another card")
    (folder / "unet" / "model.bin").write_bytes(b"not loaded")
    safetensors(folder / "unet" / "model.fp16.safetensors", {"x": (1,)}, b"half")
    assert fingerprint(folder) == first
    assert fingerprint(folder, variant="fp16") != first
    (folder / "m2").mkdir()
    assert fingerprint(folder.rename(tmp_path / "renamed")) == first


@pytest.mark.parametrize("file", ["unet/model.safetensors", "vae/config.json", "scheduler/scheduler_config.json"])
def test_every_loaded_file_counts(tmp_path: Path, file: str) -> None:
    folder = pipeline(tmp_path / "m")
    before = pin(declared("m", {"path": str(folder)}, Path("/")), Digests())
    path = folder / file
    path.write_bytes(path.read_bytes().replace(b"unet", b"tenu").replace(b"0.1", b"0.2").replace(b"0.0", b"0.1"))
    after = pin(declared("m", {"path": str(folder)}, Path("/")), Digests())
    part = file.partition("/")[0]
    assert before["fingerprint"] != after["fingerprint"]
    changed = {name for name in before["components"] if before["components"][name] != after["components"][name]}  # type: ignore[union-attr,index]
    assert changed == {part}


def test_an_entry_carries_the_scheduler_and_what_an_empty_negative_means(tmp_path: Path) -> None:
    entry = pin(declared("m", {"path": str(pipeline(tmp_path / "m"))}, Path("/")), Digests())
    assert entry["scheduler"] == {"beta_end": 0.012}
    assert entry["zero_empty_negative"] is True


def test_a_folder_without_safetensors(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "m")
    for path in folder.rglob("*.safetensors"):
        path.rename(path.with_suffix(".bin"))
    with pytest.raises(ValueError, match=r"has no \.safetensors weights"):
        fingerprint(folder)


def test_a_single_file_counts_with_its_settings(tmp_path: Path) -> None:
    file = safetensors(tmp_path / "m.safetensors", BASE)
    own = fingerprint(file)
    write(tmp_path / "config" / "vae" / "config.json", {"scaling_factor": 0.2})
    write(tmp_path / "config" / "model_index.json", {})
    given = fingerprint(file, config=str(tmp_path / "config"))
    assert own != given
    assert fingerprint(file.rename(tmp_path / "other.safetensors")) == own


def test_digests_are_remembered_until_a_file_changes(tmp_path: Path) -> None:
    file, memory = tmp_path / "weights.safetensors", tmp_path / "state" / "weights.json"
    file.write_bytes(b"a" * 1000)
    first = Digests(memory)
    digest = first.digest(file)
    assert first.digest(file) == digest and first.read_bytes == 1000
    first.save()
    second = Digests(memory)
    assert second.digest(file) == digest and second.read_bytes == 0
    assert second.digest(file, verify=True) == digest and second.read_bytes == 1000
    stat = file.stat()
    other = tmp_path / "other"
    other.write_bytes(b"b" * 1000)
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.rename(file)
    assert Digests(memory).digest(file) != digest, "an older file of equal size and time, put in place of another"


def test_a_damaged_memory_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "weights.json").write_text("[1")
    (tmp_path / "x").write_bytes(b"x")
    assert len(Digests(tmp_path / "weights.json").digest(tmp_path / "x")) == 64


def test_a_hub_s_blob_is_known_by_its_name(tmp_path: Path) -> None:
    name = "ab" * 32
    blob = tmp_path / "blobs" / name
    blob.parent.mkdir()
    blob.write_bytes(b"weights")
    link = tmp_path / "snapshots" / "c0ffee" / "model.safetensors"
    link.parent.mkdir(parents=True)
    link.symlink_to(blob)
    digests = Digests()
    assert digests.digest(link) == name and digests.read_bytes == 0 and digests.is_named(link)
    assert digests.digest(link, verify=True) != name


def test_a_hub_model_lies_in_its_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert hub_folder("owner/name", "v1") is None
    snapshot = tmp_path / "models--owner--name" / "snapshots" / "c0ffee"
    pipeline(snapshot)
    assert hub_folder("owner/name", "c0ffee") == snapshot
    (tmp_path / "models--owner--name" / "refs").mkdir()
    (tmp_path / "models--owner--name" / "refs" / "v1").write_text("c0ffee")
    found = declared("m", {"hub": "owner/name", "revision": "v1"}, Path("/"))
    assert found.path == snapshot and found.here
    assert next(iter(files_of(found)))[1] == "model_index.json"


@pytest.mark.skipif(find_spec("open_clip") is None, reason="needs CLIP's merges: pip install open_clip_torch")
def test_settings_of_a_single_file_are_those_of_the_published_model(tmp_path: Path) -> None:
    folder = own_config("sdxl-inpaint", tmp_path / "inpaint")
    assert json.loads((folder / "unet/config.json").read_text()) == {**_UNET, "in_channels": 9}
    assert len(json.loads((folder / "tokenizer/vocab.json").read_text())) == 49408
    assert kind_of(folder) == "sdxl-inpaint"
    assert kind_of(own_config("sdxl-refiner", tmp_path / "refiner")) == "sdxl-refiner"
    assert not (tmp_path / "refiner" / "tokenizer").exists()


@pytest.mark.skipif(find_spec("diffusers") is None, reason="needs the extra `sdxl`")
@pytest.mark.filterwarnings("ignore")
def test_the_published_sizes(tmp_path: Path) -> None:
    """Parameters of the published base, refiner and VAE, in millions."""
    from aibild_build import tensors
    from aibild_build.weights.single import _REFINER_UNET, _VAE

    diffusers, torch = tensors.diffusers(), tensors.torch()
    with torch.device("meta"):
        counts = [
            sum(weight.numel() for weight in kind.from_config(dict(config)).parameters())
            for kind, config in (
                (diffusers.UNet2DConditionModel, _UNET),
                (diffusers.UNet2DConditionModel, _REFINER_UNET),
                (diffusers.AutoencoderKL, _VAE),
            )
        ]
    assert [round(count / 1e6, 1) for count in counts] == [2567.5, 2259.5, 83.7]


def read(text: str) -> tuple[dict[str, object], list[str]]:
    document, _ = read_toml(text, "aibild.toml")
    assert document is not None
    table = Fields(document)
    models = read_models(table.fields("models"))
    return dict(models), [finding.message for finding in table.finish()]


def test_declaring_models() -> None:
    models, faults = read(
        '[models.base]\nhub = "owner/name"\nrevision = "v1"\nvariant = "fp16"\nlicense = "openrail++"\n'
        '[models."brand-2.0"]\npath = "models/brand.safetensors"\ntoken = "<brand>"\nnative = 512\n'
    )
    assert faults == []
    assert models["brand-2.0"] == {"path": "models/brand.safetensors", "token": "<brand>", "native": 512}


@pytest.mark.parametrize(
    "text,told",
    [
        ("[models.a]\n", "expected either `path` or `hub` of a model, got neither"),
        ('[models.a]\npath = "x"\nhub = "o/n"\nrevision = "v"\n', "got both"),
        ('[models.a]\nhub = "o/n"\n', "expected revision of a hub model"),
        ('[models.a]\nhub = "name"\nrevision = "v"\n', "repository OWNER/NAME"),
        ('[models."a b"]\npath = "x"\n', "names of models"),
        ('[models.a]\npath = "x"\nlicence = "mit"\n', "licence"),
    ],
)
def test_faults_of_a_declaration(text: str, told: str) -> None:
    _, faults = read(text)
    assert any(told in fault for fault in faults), faults
