"""The imperceptible mark: put into what an engine made, and the key for it, from a file or the environment.

Takes a picture and its recipe, yields the picture with the mark that the recipe asks for. What a mark is, `imagefile.watermark`
says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..brief import read_briefs
from ..config import Config
from ..engines import Drawn
from ..errors import AibildError
from ..imagefile.watermark import PUBLIC_KEY, embed, mark_id
from ..model import Recipe
from .verify import Marks

KEY_VARIABLE = "AIBILD_WATERMARK_KEY"
_SHORTEST_BYTES = 16


def marked(drawn: Drawn, recipe: Recipe, key_file: str, environment: Mapping[str, str]) -> Drawn:
    """The picture with its recipe's mark; itself where the recipe asks for none. Raises AibildError without the key."""
    asked = recipe.watermark
    if not asked:
        return drawn
    samples = embed(
        drawn.samples,
        drawn.size,
        drawn.mode,
        id=str(asked["id"]),
        key=watermark_key(key_file, environment),
        strength=float(str(asked["strength"])),
    )
    return replace(drawn, samples=samples)


def watermark_key(file: str, environment: Mapping[str, str]) -> bytes:
    """The secret that `[watermark]` names, the environment's first; the public key where it names none. Raises AibildError."""
    if not file:
        return PUBLIC_KEY
    hint = f"write at least {_SHORTEST_BYTES} bytes that nobody can guess into it, or export them as {KEY_VARIABLE}"
    try:
        key = environment.get(KEY_VARIABLE, "").encode() or Path(file).read_bytes()
    except OSError as error:
        raise AibildError(f"cannot read the key of watermarks, {file}: {error.strerror or error}", hint=hint) from error
    key = key.strip()
    if len(key) < _SHORTEST_BYTES:
        raise AibildError(f"expected a key of watermarks of at least {_SHORTEST_BYTES} bytes, got {len(key)}", hint=hint)
    return key


def marks_of(config: Config | None, environment: Mapping[str, str]) -> Marks:
    """What a project's watermarks are looked for with; the public key without a project. Raises AibildError."""
    if config is None:
        return Marks(PUBLIC_KEY)
    file = str(config.root / config.watermark_key) if config.watermark_key else ""
    briefs = read_briefs(config)[0].values()
    return Marks(watermark_key(file, environment), {mark_id(one.id): one.id for one in briefs if one.watermark})
