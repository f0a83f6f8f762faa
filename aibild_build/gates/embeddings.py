"""Pictures and words as vectors of one CLIP model from local weights, by open_clip.

Takes the path of a .safetensors file and the name of an architecture (or a JSON file that describes one), yields unit vectors.
Nothing is fetched: without the file nothing runs. Knows no gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .. import tensors
from ..model import Json
from .terms import NotRun

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Vectors: TypeAlias = NDArray[np.float32]

ARCHITECTURE = "ViT-B-32"


class Embedder:
    """A model with its tokenizer and its own way to prepare pictures. Vectors are (n, dimensions), each of length 1."""

    def __init__(self, model: Any, prepare: Any, tokenize: Any) -> None:
        self._model, self._prepare, self._tokenize = model, prepare, tokenize

    def picture(self, image: Image.Image) -> Vectors:
        torch = tensors.torch()
        with torch.no_grad():
            found: Vectors = self._model.encode_image(self._prepare(image)[None], normalize=True).float().numpy()
        return found

    def words(self, texts: Sequence[str]) -> Vectors:
        torch = tensors.torch()
        with torch.no_grad():
            found: Vectors = self._model.encode_text(self._tokenize(list(texts)), normalize=True).float().numpy()
        return found


def embedder_of(settings: Mapping[str, Json]) -> Embedder:
    """The model that `weights` and `model` name. Raises NotRun when it cannot be had."""
    weights = str(settings.get("weights") or "")
    if not weights:
        raise NotRun("no weights: `weights` names a local .safetensors file of a CLIP model")
    if not Path(weights).is_file():
        raise NotRun(f"the weights {Path(weights).name} are not on this machine")
    if not weights.endswith(".safetensors"):
        raise NotRun(f"expected weights as .safetensors file, got {Path(weights).name}")
    return _loaded(weights, str(settings.get("model") or ARCHITECTURE), str(settings.get("architecture") or ""))


@cache
def _loaded(weights: str, name: str, architecture: str) -> Embedder:
    if not tensors.has_torch():
        raise NotRun("torch is not installed: pip install open_clip_torch")
    try:
        open_clip = tensors.open_clip()
    except ImportError as error:
        raise NotRun(f"open_clip is not installed: pip install open_clip_torch ({error})") from error
    try:
        if architecture:
            name = Path(architecture).stem
            open_clip.add_model_config(Path(architecture))
        model, _, prepare = open_clip.create_model_and_transforms(name, pretrained=weights)
        tokenize = open_clip.get_tokenizer(name)
    except Exception as error:  # whatever three libraries raise over a file that is not theirs
        raise NotRun(f"{Path(weights).name} is no `{name}`: {(str(error).splitlines() or [''])[0][:120]}") from error
    return Embedder(model.eval(), prepare, tokenize)
