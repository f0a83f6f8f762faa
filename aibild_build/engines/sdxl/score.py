"""How well a picture fits its prompt, by a CLIP model: the cosine between the two embeddings.

Takes the settings and a picture, yields a number (−1 to 1, five digits; the last ones move with the device). It picks among
candidates and decides no pixel, so it is noted and not part of a recipe. Score: Hessel et al. 2021, arXiv:2104.08718.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import tensors
from ...errors import EngineUnavailable
from ...model import Json
from ...weights import declared
from .words import unweighted

_MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the pictures that CLIP was trained on, by channel
_SPREAD = (0.26862954, 0.26130258, 0.27577711)


class Scorer:
    """One CLIP model with its tokenizer, loaded when the first picture is scored."""

    def __init__(self, settings: Mapping[str, Json], root: Path, device: str) -> None:
        self._name = str(settings.get("score") or "")
        tables = settings.get("models")
        self._table = tables.get(self._name) if isinstance(tables, Mapping) else None
        self._root = root
        self._device = device
        self._loaded: Any = None

    @property
    def wanted(self) -> bool:
        return bool(self._name)

    def score(self, picture: Any, prompt: str) -> float:
        """Raises EngineUnavailable when the model is not to be had."""
        torch = tensors.torch()
        model, tokenizer = self._model()
        words = tokenizer([unweighted(prompt)], padding=True, truncation=True, max_length=77, return_tensors="pt").to(
            self._device
        )
        with torch.no_grad():
            found = model(**words, pixel_values=self._pixels(picture, int(model.config.vision_config.image_size)))
        seen, read = found.image_embeds[0].float(), found.text_embeds[0].float()
        return round(float(torch.nn.functional.cosine_similarity(seen, read, dim=0)), 5)

    def _model(self) -> Any:
        if self._loaded is None:
            if not isinstance(self._table, Mapping):
                raise EngineUnavailable(f"model `{self._name}` is not declared", hint="[engines.sdxl] score names a CLIP model")
            found = declared(self._name, self._table, self._root)
            transformers = tensors.transformers()
            try:
                place = str(found.path)
                model = transformers.CLIPModel.from_pretrained(place, local_files_only=True).to(self._device).eval()
                self._loaded = model, transformers.CLIPTokenizer.from_pretrained(place, local_files_only=True)
            except (OSError, ValueError, RuntimeError) as error:
                raise EngineUnavailable(f"model `{self._name}` cannot be loaded: {str(error).splitlines()[0]}") from error
        return self._loaded

    def _pixels(self, picture: Any, side: int) -> Any:
        """The picture's middle square as CLIP was trained on it: (1, 3, side, side) floats."""
        import numpy

        from .canvas import cover

        values = numpy.asarray(cover(picture, (side, side)), dtype=numpy.float32) / 255
        values = (values - numpy.array(_MEAN, numpy.float32)) / numpy.array(_SPREAD, numpy.float32)
        return tensors.torch().from_numpy(values.transpose(2, 0, 1)[None].copy()).to(self._device)
