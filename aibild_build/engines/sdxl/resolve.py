"""A brief's parameters → everything that decides an SDXL picture, defaults written out.

Takes the brief, the size that is asked for and the lock's entries of the models it names; yields the parameters, inputs and
findings of a `Resolved`. Loads no library and opens no picture. A model is known by the fingerprints of its parts, never by its
name, so a swapped file changes the key and a new name does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...model import Brief, Json, Level, Size
from ...source import nearest_hint, shown
from . import schedulers
from .asked import Asked
from .buckets import bucket_for
from .words import is_weighted

ANCHORS = ("top-left", "top", "top-right", "left", "centre", "right", "bottom-left", "bottom", "bottom-right")
PRECISIONS = ("auto", "float32", "float16", "bfloat16")
PARENT, COMPOSE = "parent", "compose"  # what the plan tells of the chain that a picture is part of; no brief may say it
_CONTROL_SOURCES = ("given", "canny", "depth")
_COMPONENTS = ("unet", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "vae", "file", "config")
_WEIGHTING_REVISION = 1  # raised when the same text would give other embeddings by our doing
_BASES = ("sdxl", "sdxl-inpaint")


@dataclass(slots=True)
class Drafted:
    """What has been resolved so far. `used` are (role, name) of models."""

    parameters: dict[str, Json] = field(default_factory=dict)
    inputs: list[tuple[str, str]] = field(default_factory=list)
    used: dict[str, Json] = field(default_factory=dict)


class Models:
    """The models that may be named: the lock's entries, what aibild.toml declares, and what is allowed."""

    def __init__(self, entries: Mapping[str, Json], settings: Mapping[str, Json]) -> None:
        self._entries = entries
        tables = settings.get("models")
        self._declared: Mapping[str, Json] = tables if isinstance(tables, Mapping) else {}
        allow = settings.get("allow")
        self._allow: Mapping[str, Json] = allow if isinstance(allow, Mapping) else {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._declared))

    def table(self, name: str) -> Mapping[str, Json]:
        found = self._declared.get(name)
        return found if isinstance(found, Mapping) else {}

    def entry(self, asked: Asked, key: str, kinds: tuple[str, ...], default: str = "") -> tuple[str, Mapping[str, Json]]:
        """The name and the lock's entry of the model that `key` names; an empty entry, and a finding, when there is none."""
        name = asked.text(key, default, required=not default)
        entry = self._entries.get(name)
        if not name:
            return name, {}
        if name not in self._declared and not isinstance(entry, Mapping):
            hint = nearest_hint(name, self._declared) or f"declare it in aibild.toml as [models.{name}]"
            asked.wrong(key, "name of a declared model", hint=hint, rule="source-reference")
        elif not isinstance(entry, Mapping):
            asked.tell(
                "source-model",
                f"model `{name}` is neither on this machine nor in aibild.lock",
                hint=f"`aibild models pull {name}`, or build where it is and commit aibild.lock",
            )
        elif entry.get("kind") not in kinds:
            asked.tell("source-model", f"expected model `{name}` of kind {' or '.join(kinds)}, got {shown(entry.get('kind'))}")
        elif not self._forbidden(asked, name, entry):
            return name, entry
        return name, {}

    def _forbidden(self, asked: Asked, name: str, entry: Mapping[str, Json]) -> bool:
        """The allow-list: by licence, by fingerprint; a model passes when every list that is there lets it pass."""
        licenses, prints = self._allow.get("licenses"), self._allow.get("fingerprints")
        license = str(self.table(name).get("license") or "")
        if isinstance(licenses, list | tuple) and license not in licenses:
            got = f"`{license}`" if license else "none"
            message = f"expected model `{name}` under one of the licences {', '.join(map(str, licenses))}, got {got}"
            asked.tell("source-model", message, hint="[engines.sdxl.allow] in aibild.toml says what may be used")
            return True
        if isinstance(prints, list | tuple) and entry.get("fingerprint") not in prints:
            message = (
                f"model `{name}` with fingerprint {str(entry.get('fingerprint'))[:12]} is not on the list of what may be used"
            )
            asked.tell("source-model", message, hint="[engines.sdxl.allow] in aibild.toml says what may be used")
            return True
        return False


def named_models(parameters: Mapping[str, Json], default: str) -> tuple[str, ...]:
    """Every model that parameters name, whether they are right or not; sorted."""
    found = {default} if default else set()

    def walk(value: Json) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if key in ("model", "vae", "encoder", "estimator") and isinstance(inner, str):
                    found.add(inner)
                elif key == "embeddings":
                    found.update(str(name) for name in (inner if isinstance(inner, list | tuple) else [inner]))
                elif key == "loras" and isinstance(inner, list | tuple):
                    found.update(one for one in inner if isinstance(one, str))
                walk(inner)
        elif isinstance(value, list | tuple):
            for item in value:
                walk(item)

    walk(parameters)
    return tuple(sorted(found))


def weights_of(entry: Mapping[str, Json]) -> dict[str, Json]:
    """The parts that decide pixels. The scheduler is not among them: its full configuration stands in the recipe by itself."""
    components = entry.get("components")
    if not isinstance(components, Mapping):
        return {}
    kept = {name: value for name, value in components.items() if name in _COMPONENTS}
    return kept or dict(components)


def resolve(asked: Asked, brief: Brief, size: Size, models: Models, default_model: str) -> Drafted:
    """Everything but the words of the prompt, which stand in the recipe by themselves."""
    draft = Drafted()
    name, entry = models.entry(asked, "model", _BASES, default_model)
    draft.used["model"] = name
    native = int(str(models.table(name).get("native") or 1024))
    bucket = asked.size("bucket", bucket_for(size, native), low=16, high=4096, step=8)
    steps = asked.whole("steps", 30, 1, 200)
    draft.parameters |= {
        "weights": weights_of(entry),
        "bucket": list(bucket),
        "fit": {"kernel": "lanczos", "mode": "cover"},
        "steps": steps,
        "guidance": asked.number("guidance", 7.0, 0.0, 50.0),
        "guidance_rescale": asked.number("guidance_rescale", 0.0, 0.0, 1.0),
        "zero_empty_negative": bool(entry.get("zero_empty_negative", True)),
        "precision": asked.choice("precision", PRECISIONS, "auto"),
        "watermark": asked.flag("watermark", False),
        "generator": "cpu",
        "vae": _vae(asked, models, draft),
    }
    _words(asked, brief, draft)
    _scheduler(asked, entry, draft)
    _conditioning(asked, bucket, draft)
    _adapters(asked, brief, models, draft)
    _controls(asked, models, draft)
    _start(asked, models, draft)
    _refiner(asked, models, draft)
    _second_pass(asked, draft)
    return draft


def _vae(asked: Asked, models: Models, draft: Drafted) -> dict[str, Json]:
    vae: dict[str, Json] = {"tiling": asked.flag("vae_tiling", False), "upcast": asked.flag("vae_upcast", True)}
    if asked.has("vae"):
        name, entry = models.entry(asked, "vae", ("vae",))
        draft.used["vae"] = name
        vae["weights"] = weights_of(entry)
    return vae


def _words(asked: Asked, brief: Brief, draft: Drafted) -> None:
    second, negative_second = asked.text("prompt_2"), asked.text("negative_2")
    texts = (brief.prompt, brief.negative, second, negative_second)
    weighted = any(is_weighted(text) for text in texts)
    dialect = asked.choice("weighting", ("auto", "none", "compel"), "auto")
    if dialect == "auto":
        dialect = "compel" if weighted else "none"
    clip_skip = asked.whole("clip_skip", 0, 0, 10)
    if clip_skip and dialect == "compel":
        asked.wrong("clip_skip", "0 where prompts are weighted", hint="weighted prompts always use the last layer but one")
    draft.parameters |= {
        "prompt_2": second,
        "negative_2": negative_second,
        "weighting": {"dialect": dialect} | ({"revision": _WEIGHTING_REVISION} if dialect != "none" else {}),
        "clip_skip": clip_skip,
    }


def _scheduler(asked: Asked, entry: Mapping[str, Json], draft: Drafted) -> None:
    name = asked.choice("scheduler", schedulers.names(), schedulers.DEFAULT)
    brought = entry.get("scheduler")
    resolved = schedulers.resolve(name, brought if isinstance(brought, Mapping) else {})
    draft.parameters["scheduler"] = resolved
    eta = asked.number("eta", 0.0, 0.0, 1.0)
    if eta and resolved["class"] not in schedulers.HONOURS_ETA:
        asked.wrong("eta", f"0 with scheduler {name}", hint=f"it means something to {' and '.join(schedulers.HONOURS_ETA)} only")
    draft.parameters["eta"] = eta


def _conditioning(asked: Asked, bucket: Size, draft: Drafted) -> None:
    """What SDXL is told of sizes, written out; the negative side is told the same unless the brief says otherwise."""
    original = asked.size("original_size", bucket, low=1)
    target = asked.size("target_size", bucket, low=1)
    corner = asked.size("crop_top_left", (0, 0), low=0)
    draft.parameters["conditioning"] = {
        "original_size": list(original),
        "target_size": list(target),
        "crop_top_left": list(corner),
        "negative_original_size": list(asked.size("negative_original_size", original, low=1)),
        "negative_target_size": list(asked.size("negative_target_size", target, low=1)),
        "negative_crop_top_left": list(asked.size("negative_crop_top_left", corner, low=0)),
    }


def _adapters(asked: Asked, brief: Brief, models: Models, draft: Drafted) -> None:
    loras: list[Json] = []
    for index, one in enumerate(asked.tables("loras", text_as="model")):
        name, entry = models.entry(one, "model", ("lora",))
        draft.used[f"lora:{index}"] = name
        loras.append({"weights": weights_of(entry), "scale": one.number("scale", 1.0, -4.0, 4.0)})
        one.finish()
    embeddings: list[Json] = []
    words = " ".join((brief.prompt, brief.negative, asked.text("prompt_2"), asked.text("negative_2")))
    for index, one in enumerate(asked.tables("embeddings", text_as="model")):
        name, entry = models.entry(one, "model", ("embedding",))
        token = one.text("token", str(models.table(name).get("token") or f"<{name}>"))
        draft.used[f"embedding:{index}"] = name
        embeddings.append({"weights": weights_of(entry), "token": token})
        if token not in words:
            message = f"embedding `{name}` does nothing: its token {token} stands in no prompt"
            asked.tell("embedding-unused", message, hint="write the token where its meaning belongs", level=Level.WARNING)
        one.finish()
    draft.parameters |= {name: value for name, value in (("loras", loras), ("embeddings", embeddings)) if value}
    reference = asked.table("ip_adapter")
    if reference is not None:
        name, entry = models.entry(reference, "model", ("ip-adapter",))
        encoder, encoder_entry = models.entry(reference, "encoder", ("image-encoder",))
        draft.used |= {"ip_adapter": name, "image_encoder": encoder}
        draft.inputs.append(("reference", reference.text("image", required=True)))
        draft.parameters["ip_adapter"] = {
            "weights": weights_of(entry),
            "encoder": weights_of(encoder_entry),
            "scale": reference.number("scale", 0.6, 0.0, 2.0),
        }
        reference.finish()


def _controls(asked: Asked, models: Models, draft: Drafted) -> None:
    controls: list[Json] = []
    for index, one in enumerate(asked.tables("controls")):
        name, entry = models.entry(one, "model", ("controlnet",))
        draft.used[f"control:{index}"] = name
        source = one.choice("from", _CONTROL_SOURCES, "given")
        role = f"control:{index}:{source}"
        draft.inputs.append((role, one.text("image", required=True)))
        control: dict[str, Json] = {
            "weights": weights_of(entry),
            "role": role,
            "scale": one.number("scale", 1.0, 0.0, 2.0),
            "start": one.number("start", 0.0, 0.0, 1.0),
            "end": one.number("end", 1.0, 0.0, 1.0),
            "derive": _derived(one, source, models, draft, index),
        }
        controls.append(control)
        one.finish()
    if controls:
        draft.parameters["controls"] = controls
        if draft.parameters["guidance_rescale"]:
            asked.wrong("guidance_rescale", "0 where controls are used", hint="diffusers has no rescaling with ControlNets")


def _derived(one: Asked, source: str, models: Models, draft: Drafted, index: int) -> dict[str, Json]:
    """How the control image is had from the one that is named, with the preprocessor's own version and settings."""
    if source == "canny":
        low, high = one.number("low", 0.1, 0.0, 1.0), one.number("high", 0.2, 0.0, 1.0)
        return {"name": "canny", "revision": 1, "low": low, "high": high, "sigma": one.number("sigma", 1.4, 0.0, 10.0)}
    if source == "depth":
        name, entry = models.entry(one, "estimator", ("depth-estimator",))
        draft.used[f"estimator:{index}"] = name
        return {"name": "depth", "revision": 1, "weights": weights_of(entry)}
    return {"name": "given"}


def _start(asked: Asked, models: Models, draft: Drafted) -> None:
    """What the picture starts from: noise, a picture, a picture with a mask, or a parent's picture that is extended."""
    parent = bool(asked.text(PARENT))
    first, painted, extended = asked.table("init"), asked.table("inpaint"), asked.table("outpaint")
    role = "parent" if parent else "init"
    draft.parameters["start"] = {"from": "noise"}
    if extended is not None and parent:
        draft.parameters["start"] = {
            "from": "canvas",
            "strength": extended.number("strength", 1.0, 0.05, 1.0),
            "feather": extended.number("feather", 0.04, 0.0, 0.5),
            "weights": _painter(extended, models, draft),
        }
        extended.finish()
        _enough_steps(asked, draft.parameters["start"], int(str(draft.parameters["steps"])))
        return
    image = first.text("image") if first is not None else painted.text("image") if painted is not None else ""
    if (first is not None or painted is not None) and not parent:
        draft.inputs.append((role, image))
        if not image:
            (first or painted or asked).wrong("image", "path of a picture in the project")
    if painted is not None:
        draft.inputs.append(("mask", painted.text("mask", required=True)))
        draft.parameters["start"] = {
            "from": "mask",
            "role": role,
            "strength": painted.number("strength", 0.9, 0.05, 1.0),
            "blur": painted.number("blur", 0.02, 0.0, 0.5),
            "weights": _painter(painted, models, draft),
        }
        painted.finish()
    elif first is not None or parent:
        strength = first.number("strength", 0.5, 0.05, 1.0) if first is not None else 0.5
        draft.parameters["start"] = {"from": "picture", "role": role, "strength": strength}
    if first is not None:
        first.finish()
    _enough_steps(asked, draft.parameters["start"], int(str(draft.parameters["steps"])))


def _enough_steps(asked: Asked, table: Json, steps: int) -> None:
    """Of all steps only the share `strength` is taken; none would be left of too few."""
    if isinstance(table, Mapping) and "strength" in table and int(steps * float(str(table["strength"]))) < 1:
        asked.tell("source-value", f"expected steps × strength of at least 1, got {steps} × {table['strength']}")


def _painter(table: Asked, models: Models, draft: Drafted) -> dict[str, Json]:
    """The inpainting model of its own, if one is named; the base paints otherwise."""
    if not table.has("model"):
        return {}
    name, entry = models.entry(table, "model", ("sdxl-inpaint",))
    draft.used["inpaint"] = name
    return weights_of(entry)


def _refiner(asked: Asked, models: Models, draft: Drafted) -> None:
    table = asked.table("refiner")
    if table is None:
        return
    name, entry = models.entry(table, "model", ("sdxl-refiner",))
    draft.used["refiner"] = name
    draft.parameters["refiner"] = {
        "weights": weights_of(entry),
        "switch": table.number("switch", 0.8, 0.05, 1.0),
        "aesthetic_score": table.number("aesthetic_score", 6.0, 0.0, 10.0),
        "negative_aesthetic_score": table.number("negative_aesthetic_score", 2.5, 0.0, 10.0),
    }
    table.finish()
    start = draft.parameters["start"]
    if isinstance(start, Mapping) and start["from"] != "noise":
        asked.wrong("refiner", "left out where a picture starts from another", hint="refine in a stage of its own")


def _second_pass(asked: Asked, draft: Drafted) -> None:
    table = asked.table("highres")
    if table is None:
        return
    draft.parameters["highres"] = {
        "scale": table.number("scale", 1.5, 1.0, 4.0),
        "strength": table.number("strength", 0.35, 0.05, 1.0),
        "steps": table.whole("steps", int(str(draft.parameters["steps"])), 1, 200),
        "kernel": "lanczos",
    }
    table.finish()
    second = draft.parameters["highres"]
    if isinstance(second, Mapping):
        _enough_steps(asked, second, int(str(second["steps"])))


def compose_only(asked: Asked) -> Drafted:
    """A stage that draws nothing: a product set onto the parent's picture, logos laid over it. Needs no model."""
    draft = Drafted()
    draft.parameters["compose"] = 1
    product = asked.table("cutout")
    if product is not None:
        draft.inputs.append(("product", product.text("image", required=True)))
        draft.parameters["cutout"] = {
            "anchor": product.choice("anchor", ANCHORS, "bottom"),
            "offset": _offset(product),
            "shadow": _shadow(product),
        }
        product.finish()
    overlays: list[Json] = []
    for index, one in enumerate(asked.tables("overlays")):
        draft.inputs.append((f"overlay:{index}", one.text("image", required=True)))
        overlays.append(
            {
                "anchor": one.choice("anchor", ANCHORS, "bottom-right"),
                "width": one.number("width", 0.0, 0.0, 1.0),
                "margin": one.number("margin", 0.03, 0.0, 0.5),
                "opacity": one.number("opacity", 1.0, 0.0, 1.0),
            }
        )
        one.finish()
    if overlays:
        draft.parameters["overlays"] = overlays
    return draft


def _offset(table: Asked) -> list[Json]:
    offset = table.table("offset")
    if offset is None:
        return [0.0, 0.0]
    found: list[Json] = [offset.number("x", 0.0, -1.0, 1.0), offset.number("y", 0.0, -1.0, 1.0)]
    offset.finish()
    return found


def _shadow(table: Asked) -> dict[str, Json]:
    """Lengths are shares of the product's height."""
    shadow = table.table("shadow")
    if shadow is None:
        return {"opacity": 0.35, "blur": 0.04, "x": 0.0, "y": 0.03, "flatten": 1.0}
    found: dict[str, Json] = {
        "opacity": shadow.number("opacity", 0.35, 0.0, 1.0),
        "blur": shadow.number("blur", 0.04, 0.0, 1.0),
        "x": shadow.number("x", 0.0, -1.0, 1.0),
        "y": shadow.number("y", 0.03, -1.0, 1.0),
        "flatten": shadow.number("flatten", 1.0, 0.05, 1.0),
    }
    shadow.finish()
    return found


def missing_paths(inputs: list[tuple[str, str]]) -> Iterator[str]:
    """Roles without a path."""
    return (role for role, path in inputs if not path)
