"""Gates look at a picture before any page may show it: an open set.

A gate *measures* once for given pixels, which is recorded, and *judges* what was measured against its settings, which is free:
changing a threshold measures nothing again, and a frozen build needs no gate library. Members do not know each other. To add
one: one file with the attributes of `Gate` (`Scored` has all of them but `measure`), one row in `_MEMBERS`, one heading on the
docs page "Gates". What several members need of pixels is in `pixels`. Outside packages join by the entry-point group
`aibild.gates`; a gate without a `fingerprint` is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points

from ..canonical import key_of
from ..errors import AibildError
from ..model import Json
from .terms import FACTS, SCOPES, Gate, Judgement, Measured, NotRun, Pair, Scored, Seen, by_rule, limit, number, rows

__all__ = [
    "FACTS",
    "Gate",
    "Judgement",
    "Measured",
    "NotRun",
    "Pair",
    "SCOPES",
    "Scored",
    "Seen",
    "by_rule",
    "limit",
    "load",
    "measure_key",
    "names",
    "number",
    "rows",
]


def _artefacts() -> Gate:
    from .artefacts import Artefacts

    return Artefacts()


def _blank() -> Gate:
    from .blank import Blank

    return Blank()


def _brisque() -> Gate:
    from .brisque import Brisque

    return Brisque()


def _clip() -> Gate:
    from .clip import Clip

    return Clip()


def _clutter() -> Gate:
    from .clutter import Clutter

    return Clutter()


def _contrast() -> Gate:
    from .contrast import Contrast

    return Contrast()


def _duplicate() -> Gate:
    from .duplicate import Duplicate

    return Duplicate()


def _fidelity() -> Gate:
    from .fidelity import Fidelity

    return Fidelity()


def _legible() -> Gate:
    from .legible import Legible

    return Legible()


def _logo() -> Gate:
    from .logo import Logo

    return Logo()


def _motif() -> Gate:
    from .motif import Motif

    return Motif()


def _nsfw() -> Gate:
    from .nsfw import Nsfw

    return Nsfw()


def _palette() -> Gate:
    from .palette import Palette

    return Palette()


def _sharpness() -> Gate:
    from .sharpness import Sharpness

    return Sharpness()


def _size() -> Gate:
    from .size import AskedSize

    return AskedSize()


def _text() -> Gate:
    from .text import Text

    return Text()


def _thumbnail() -> Gate:
    from .thumbnail import Thumbnail

    return Thumbnail()


_MEMBERS: dict[str, Callable[[], Gate]] = {
    "artefacts": _artefacts,
    "blank": _blank,
    "brisque": _brisque,
    "clip": _clip,
    "clutter": _clutter,
    "contrast": _contrast,
    "duplicate": _duplicate,
    "fidelity": _fidelity,
    "legible": _legible,
    "logo": _logo,
    "motif": _motif,
    "nsfw": _nsfw,
    "palette": _palette,
    "sharpness": _sharpness,
    "size": _size,
    "text": _text,
    "thumbnail": _thumbnail,
}


@cache
def names() -> tuple[str, ...]:
    """All gates that can be named, outside ones included. Packages do not come and go while a process runs."""
    return tuple(sorted({*_MEMBERS, *(point.name for point in entry_points(group="aibild.gates"))}))


def load(name: str) -> Gate:
    """The gate of that name. Raises AibildError for one that is unknown, cannot be imported, or is none."""
    loader = _MEMBERS.get(name)
    if loader is None:
        for point in entry_points(group="aibild.gates", name=name):
            loader = point.load()
    if loader is None:
        raise AibildError(f"there is no gate `{name}`", hint=f"known gates: {', '.join(names())}")
    try:
        gate = loader()
    except ImportError as error:
        raise AibildError(f"gate `{name}` cannot be loaded: {error}", hint="pip install 'aibild[gates]'") from error
    if not isinstance(getattr(gate, "fingerprint", None), int):
        raise AibildError(f"gate `{name}` has no fingerprint", hint="a gate must say when it measures differently")
    unknown = set(gate.facts) - set(FACTS)
    if gate.scope not in SCOPES or unknown:
        fault = f"has scope `{gate.scope}`" if gate.scope not in SCOPES else f"asks for `{sorted(unknown)[0]}`"
        raise AibildError(f"gate `{name}` {fault}, which there is not", hint=f"scopes are {', '.join(SCOPES)}")
    return gate


def measure_key(
    gate: Gate,
    pixels: str,
    *,
    crop: Sequence[int] = (),
    facts: Mapping[str, Json] | None = None,
    settings: Mapping[str, Json] | None = None,
    files: Sequence[str] = (),
) -> str:
    """Key of what a gate measured: on given pixels, in a cut of them, told these facts. `files` are encode keys."""
    asked: dict[str, Json] = {"kind": "measure", "gate": gate.name, "fingerprint": gate.fingerprint, "pixels": pixels}
    parts: dict[str, Json] = {
        "crop": list(crop),
        "facts": dict(facts or {}),
        "settings": dict(settings or {}),
        "files": list(files),
    }
    return key_of({**asked, **{name: value for name, value in parts.items() if value}})
