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
        picture = decode(data)
    except ImageFault as fault:
        raise EngineRefused(
            f"{engine} sent no picture: {fault}", hint="build again; the service may have charged for it"
        ) from fault
    if picture.size != size:
        asked, got = (f"{one[0]} × {one[1]}" for one in (size, picture.size))
        raise EngineRefused(
            f"{engine} sent a picture of {got} pixels, {asked} were ordered", hint="ask for another size or model"
        )
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
