"""Bytes from a service become a picture, at once and for good.

Takes the file as it came and the size that was ordered, yields a `Drawn`. A wrong size is refused rather than scaled: what was
asked for is in the recipe. A C2PA manifest that came with the file is kept by keeping the file.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...canonical import digest_of
from ...errors import EngineRefused
from ...imagefile import ImageFault, decode, embedded_source_type, is_ai, probe
from ...model import Json, Size
from .. import Drawn

SOURCE_TYPE = "trainedAlgorithmicMedia"


def land(engine: str, data: bytes, size: Size, environment: Mapping[str, Json], spent: float) -> Drawn:
    """The picture in `data`. Raises EngineRefused for bytes that are no picture, or one of another size than `size`."""
    try:
        seen = probe(data)
        own = embedded_source_type(seen)
        if seen.width:  # by the header, so that a wrong picture is not unpacked; a drawing has no size
            _check_size(engine, seen.displayed, size)
        picture = decode(data)
    except ImageFault as fault:
        raise EngineRefused(
            f"{engine} sent no picture: {fault}", hint="build again; the service may have charged for it"
        ) from fault
    noted: dict[str, Json] = {
        **environment,
        "file": {"format": picture.format, "bytes": len(data), "digest": digest_of(data)},
        "notes": list(picture.notes),
    }
    if seen.c2pa:
        noted["c2pa"] = {"manifest": digest_of(seen.c2pa), "original": digest_of(data)}
    return Drawn(
        samples=picture.samples,
        size=picture.size,
        mode=picture.mode,
        source_type=own if own and is_ai(own) else SOURCE_TYPE,
        environment=noted,
        credits=round(spent, 6),
        original=data if seen.c2pa else b"",
    )


def _check_size(engine: str, got: Size, ordered: Size) -> None:
    if got != ordered:
        sizes = [f"{one[0]} × {one[1]}" for one in (got, ordered)]
        message = f"{engine} sent a picture of {sizes[0]} pixels, {sizes[1]} were ordered"
        raise EngineRefused(message, hint="ask for another size or model; the service may have charged for it")
