"""Tiny SDXL models with random weights, real in every other respect: built once for a test run, without any network.

`write_models(folder)` writes a base, a refiner, an inpainting model, two ControlNets, a LoRA, an embedding, an IP-Adapter with
its image encoder, a depth estimator, a CLIP model, another VAE, and the base once more as a single file. Widths are tiny and the
vocabulary is cut to a few merges; structure, file names and layouts are those of published models.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aibild_build import tensors
from aibild_build.weights.single import clip_merges, write_tokenizer

# The two text encoders must differ in width: single-file loading tells them apart by it.
_FIRST, _SECOND = 32, 48
_TIME = 8
_MERGES = 256
_IMAGE_WIDTH = 32


def write_models(folder: Path) -> Path:
    """All of them; about ten seconds on one core."""
    folder.mkdir(parents=True, exist_ok=True)
    torch, diffusers = tensors.torch(), tensors.diffusers()
    torch.manual_seed(0)
    parts = _parts(folder)
    unet = diffusers.UNet2DConditionModel(**_unet(_FIRST + _SECOND, 6)).eval()
    pipeline = diffusers.StableDiffusionXLPipeline(unet=unet, add_watermarker=False, **parts)
    pipeline.save_pretrained(folder / "base")
    _write_siblings(folder, parts)
    _write_controlnets(folder, unet)
    _write_vae(folder)
    _write_adapters(folder, pipeline)
    _write_image_models(folder)
    _write_single_file(folder)
    return folder


def tables(folder: Path) -> dict[str, dict[str, Any]]:
    """The `[models]` of a project that has them all, paths absolute."""
    return {
        "tiny": {"path": str(folder / "base"), "native": 64, "license": "test", "owner": "aibild", "contract": "none"},
        "tiny-single": {
            "path": str(folder / "single.safetensors"),
            "config": str(folder / "single-config"),
            "native": 64,
            "license": "test",
        },
        "tiny-refiner": {"path": str(folder / "refiner"), "native": 64},
        "tiny-inpaint": {"path": str(folder / "inpaint"), "native": 64},
        "tiny-canny": {"path": str(folder / "controlnet-canny")},
        "tiny-depth": {"path": str(folder / "controlnet-depth")},
        "tiny-vae": {"path": str(folder / "vae")},
        "tiny-lora": {"path": str(folder / "lora" / "brand.safetensors"), "license": "brand-only"},
        "tiny-embedding": {"path": str(folder / "embedding.safetensors"), "token": "<brand>"},
        "tiny-adapter": {"path": str(folder / "ip-adapter.safetensors")},
        "tiny-eye": {"path": str(folder / "image-encoder")},
        "tiny-estimator": {"path": str(folder / "estimator")},
        "tiny-clip": {"path": str(folder / "clip")},
    }


def toml(models: Mapping[str, Mapping[str, Any]]) -> str:
    """The same as text of an aibild.toml."""
    lines: list[str] = []
    for name, table in models.items():
        lines += [f"[models.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()), ""]
    return "\n".join(lines)


def _parts(folder: Path) -> dict[str, Any]:
    transformers, diffusers = tensors.transformers(), tensors.diffusers()
    merges = clip_merges()[:_MERGES]
    vocabulary = write_tokenizer(folder / "tokenizer-1", merges, "<|endoftext|>")
    write_tokenizer(folder / "tokenizer-2", merges, "!")
    return {
        "text_encoder": transformers.CLIPTextModel(_text(vocabulary, "quick_gelu", _FIRST)).eval(),
        "text_encoder_2": transformers.CLIPTextModelWithProjection(_text(vocabulary, "gelu", _SECOND)).eval(),
        "tokenizer": transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer-1"),
        "tokenizer_2": transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer-2"),
        "vae": _vae(),
        "scheduler": diffusers.EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            timestep_spacing="leading",
        ),
    }


def _text(vocabulary: int, activation: str, width: int) -> Any:
    return tensors.transformers().CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=3,
        num_attention_heads=4,
        projection_dim=width,
        max_position_embeddings=77,
        hidden_act=activation,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=1,
    )


def _unet(width: int, time_ids: int, channels: int = 4) -> dict[str, Any]:
    return {
        "sample_size": 16,
        "in_channels": channels,
        "out_channels": 4,
        "layers_per_block": 1,
        "block_out_channels": (16, 32, 32),
        "norm_num_groups": 8,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 1, 2),
        "attention_head_dim": (2, 4, 4),
        "use_linear_projection": True,
        "cross_attention_dim": width,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": _TIME,
        "projection_class_embeddings_input_dim": _SECOND + time_ids * _TIME,
    }


def _vae() -> Any:
    return (
        tensors.diffusers()
        .AutoencoderKL(
            block_out_channels=(16,) * 4,
            norm_num_groups=8,
            layers_per_block=1,
            latent_channels=4,
            sample_size=128,
            scaling_factor=0.13025,
            force_upcast=True,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        )
        .eval()
    )


def _write_siblings(folder: Path, parts: Mapping[str, Any]) -> None:
    diffusers = tensors.diffusers()
    refiner = {
        **parts,
        "text_encoder": None,
        "tokenizer": None,
        "unet": diffusers.UNet2DConditionModel(**_unet(_SECOND, 5)).eval(),
    }
    diffusers.StableDiffusionXLImg2ImgPipeline(
        requires_aesthetics_score=True, force_zeros_for_empty_prompt=False, add_watermarker=False, **refiner
    ).save_pretrained(folder / "refiner")
    painter = diffusers.UNet2DConditionModel(**_unet(_FIRST + _SECOND, 6, channels=9)).eval()
    diffusers.StableDiffusionXLInpaintPipeline(unet=painter, add_watermarker=False, **parts).save_pretrained(folder / "inpaint")


def _write_controlnets(folder: Path, unet: Any) -> None:
    torch, diffusers = tensors.torch(), tensors.diffusers()
    for name in ("canny", "depth"):
        net = diffusers.ControlNetModel.from_unet(unet, conditioning_channels=3, load_weights_from_unet=True).eval()
        for weight in net.controlnet_down_blocks.parameters():  # born zero, without any effect
            torch.nn.init.normal_(weight, std=0.5)
        net.save_pretrained(folder / f"controlnet-{name}")


def _write_vae(folder: Path) -> None:
    _vae().save_pretrained(folder / "vae")


def _write_adapters(folder: Path, pipeline: Any) -> None:
    """A LoRA and an embedding; the pipeline is not to be used after it."""
    torch, diffusers = tensors.torch(), tensors.diffusers()
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import save_file

    pipeline.unet.add_adapter(
        LoraConfig(r=4, lora_alpha=4, init_lora_weights="gaussian", target_modules=["to_k", "to_q", "to_v", "to_out.0"])
    )
    for name, weight in pipeline.unet.named_parameters():
        if "lora_B" in name:  # born zero, without any effect
            torch.nn.init.normal_(weight, std=0.2)
    layers = diffusers.utils.convert_state_dict_to_diffusers(get_peft_model_state_dict(pipeline.unet))
    diffusers.StableDiffusionXLPipeline.save_lora_weights(
        folder / "lora", unet_lora_layers=layers, weight_name="brand.safetensors"
    )
    vectors = {"clip_l": torch.randn(2, _FIRST), "clip_g": torch.randn(2, _SECOND)}
    save_file(vectors, folder / "embedding.safetensors")


def _write_image_models(folder: Path) -> None:
    """An image encoder with an IP-Adapter for it, a depth estimator, and a CLIP model that scores."""
    torch, transformers = tensors.torch(), tensors.transformers()
    from safetensors.torch import save_file

    vision = transformers.CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        projection_dim=_IMAGE_WIDTH,
        image_size=32,
        patch_size=8,
    )
    transformers.CLIPVisionModelWithProjection(vision).save_pretrained(folder / "image-encoder")
    width = _FIRST + _SECOND
    weights = {
        "image_proj.proj.weight": torch.randn(4 * width, _IMAGE_WIDTH) * 0.2,
        "image_proj.proj.bias": torch.zeros(4 * width),
        "image_proj.norm.weight": torch.ones(width),
        "image_proj.norm.bias": torch.zeros(width),
    }
    for index, channels in enumerate(_attended_channels(folder)):
        for side in ("to_k_ip", "to_v_ip"):
            weights[f"ip_adapter.{2 * index + 1}.{side}.weight"] = torch.randn(channels, width) * 0.2
    save_file(weights, folder / "ip-adapter.safetensors")
    depth = transformers.DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        is_hybrid=False,
    )
    transformers.DPTForDepthEstimation(depth).save_pretrained(folder / "estimator")
    text = _text(_MERGES + 514, "quick_gelu", 32).to_dict()
    clip = transformers.CLIPConfig(text_config=text, vision_config=vision.to_dict(), projection_dim=32)
    transformers.CLIPModel(clip).save_pretrained(folder / "clip")
    for file in (folder / "tokenizer-1").iterdir():
        shutil.copy(file, folder / "clip" / file.name)


def _attended_channels(folder: Path) -> Iterable[int]:
    """The width of every cross-attention, in the order in which diffusers numbers attention processors."""
    unet = tensors.diffusers().UNet2DConditionModel.from_pretrained(folder / "base" / "unet", local_files_only=True)
    for name in unet.attn_processors:
        if name.endswith("attn2.processor"):
            yield unet.get_submodule(name.removesuffix(".processor")).to_k.out_features


def _write_single_file(folder: Path) -> None:
    """The base in the layout in which checkpoints are traded, and its settings and tokenizers beside it."""
    from safetensors.torch import save_file

    base = folder / "base"
    weights = "diffusion_pytorch_model.safetensors"
    layers = json.loads((base / "unet/config.json").read_text())["layers_per_block"]
    blocks = len(json.loads((base / "vae/config.json").read_text())["block_out_channels"])
    traded = {
        **_traded_unet(tensors.read_tensors(base / "unet" / weights), layers),
        **_traded_vae(tensors.read_tensors(base / "vae" / weights), blocks),
        **_traded_text(
            tensors.read_tensors(base / "text_encoder/model.safetensors"),
            tensors.read_tensors(base / "text_encoder_2/model.safetensors"),
        ),
    }
    save_file({name: value.contiguous() for name, value in traded.items()}, folder / "single.safetensors")
    for file in base.rglob("*"):
        if file.suffix in (".json", ".txt"):
            target = folder / "single-config" / file.relative_to(base)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)


_RESNET = (
    ("norm1.", "in_layers.0."),
    ("conv1.", "in_layers.2."),
    ("norm2.", "out_layers.0."),
    ("conv2.", "out_layers.3."),
    ("time_emb_proj.", "emb_layers.1."),
    ("conv_shortcut.", "skip_connection."),
)
_OUTER = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}


def _renamed(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    for old, new in pairs:
        name = name.replace(old, new)
    return name


def _traded_unet(weights: Mapping[str, Any], layers: int) -> dict[str, Any]:
    """diffusers names blocks and their parts; checkpoints number everything in one row down and one row up."""
    attended = {tuple(name.split(".")[:2]) for name in weights if ".attentions." in name}
    return {"model.diffusion_model." + _traded_unet_name(name, layers, attended): value for name, value in weights.items()}


def _traded_unet_name(name: str, layers: int, attended: set[tuple[str, ...]]) -> str:
    stem, leaf = name.rsplit(".", 1)
    if stem in _OUTER:
        return f"{_OUTER[stem]}.{leaf}"
    parts = name.split(".")
    if parts[0] == "mid_block":
        rest = ".".join(parts[3:])
        is_attention = parts[1] == "attentions"
        return f"middle_block.1.{rest}" if is_attention else f"middle_block.{2 * int(parts[2])}.{_renamed(rest, _RESNET)}"
    block, kind, number, rest = int(parts[1]), parts[2], int(parts[3]), ".".join(parts[4:])
    if kind == "downsamplers":
        return f"input_blocks.{(block + 1) * (layers + 1)}.0.op.{leaf}"
    if kind == "upsamplers":
        place = 2 if ("up_blocks", parts[1]) in attended else 1
        return f"output_blocks.{block * (layers + 1) + layers}.{place}.conv.{leaf}"
    down = parts[0] == "down_blocks"
    index = block * (layers + 1) + number + (1 if down else 0)
    place = 1 if kind == "attentions" else 0
    side = "input_blocks" if down else "output_blocks"
    return f"{side}.{index}.{place}." + (rest if place else _renamed(rest, _RESNET))


def _traded_vae(weights: Mapping[str, Any], blocks: int) -> dict[str, Any]:
    attention = (("group_norm.", "norm."), ("to_q.", "q."), ("to_k.", "k."), ("to_v.", "v."), ("to_out.0.", "proj_out."))
    traded = {}
    for name, value in weights.items():
        parts = name.split(".")
        new = _renamed(name, (("conv_norm_out", "norm_out"), ("conv_shortcut", "nin_shortcut")))
        if len(parts) > 2 and parts[1] == "mid_block":
            if parts[2] == "attentions":
                new = f"{parts[0]}.mid.attn_1." + _renamed(".".join(parts[4:]), attention)
                value = value[..., None, None] if value.ndim == 2 else value
            else:
                new = f"{parts[0]}.mid.block_{int(parts[3]) + 1}." + ".".join(new.split(".")[4:])
        elif len(parts) > 2 and parts[1] in ("down_blocks", "up_blocks"):
            new = _traded_vae_block(parts, new, blocks)
        traded["first_stage_model." + new] = value
    return traded


def _traded_vae_block(parts: list[str], new: str, blocks: int) -> str:
    down = parts[1] == "down_blocks"
    level = int(parts[2]) if down else blocks - 1 - int(parts[2])
    head, rest = f"{parts[0]}.{'down' if down else 'up'}.{level}", ".".join(new.split(".")[5:])
    return {
        "resnets": f"{head}.block.{parts[4]}.{rest}",
        "downsamplers": f"{head}.downsample.{rest}",
        "upsamplers": f"{head}.upsample.{rest}",
    }[parts[3]]


def _traded_text(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The second encoder in OpenCLIP's layout: query, key and value in one matrix, the projection turned."""
    torch = tensors.torch()
    plain = {name.removeprefix("text_model."): value for name, value in first.items()}
    traded = {"conditioner.embedders.0.transformer.text_model." + name: value for name, value in plain.items()}
    rest = {name.removeprefix("text_model."): value for name, value in second.items()}
    fixed = {
        "embeddings.position_embedding.weight": "positional_embedding",
        "embeddings.token_embedding.weight": "token_embedding.weight",
        "final_layer_norm.weight": "ln_final.weight",
        "final_layer_norm.bias": "ln_final.bias",
    }
    inner = (
        ("encoder.layers", "transformer.resblocks"),
        ("layer_norm", "ln_"),
        ("fc1", "c_fc"),
        ("fc2", "c_proj"),
        ("self_attn", "attn"),
    )
    head = "conditioner.embedders.1.model."
    for name, value in rest.items():
        if name in fixed:
            traded[head + fixed[name]] = value
        elif name == "text_projection.weight":
            traded[head + "text_projection"] = value.T.contiguous()
        elif ".q_proj." in name:
            joined = torch.cat([rest[name.replace(".q_proj.", f".{side}_proj.")] for side in "qkv"])
            place = name.replace("encoder.layers", "transformer.resblocks")
            traded[head + place.replace("self_attn.q_proj.", "attn.in_proj_")] = joined
        elif not any(f".{side}_proj." in name for side in "kv"):
            traded[head + _renamed(name, inner)] = value
    return traded
