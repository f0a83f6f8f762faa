"""What a file says of its own origin: the digital source type in its XMP, or in the C2PA manifest that it carries."""

from __future__ import annotations

from .fields import fields
from .found import Probe
from .source_types import SOURCE_TYPE_BASE, is_ai, source_type_of

_IN_MANIFEST = ("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia")


def embedded_source_type(found: Probe) -> str:
    """The short IPTC name that the file itself declares, "" when it declares none.

    XMP speaks for the file, but a manifest that names a trained model is heard even when the XMP is silent or says otherwise. The
    manifest is searched, not verified: its text lies open in CBOR, and a mark of that kind is kept, not trusted.
    """
    declared = source_type_of(fields(found).get("Iptc4xmpExt:DigitalSourceType", ""))
    if is_ai(declared):
        return declared
    return next((name for name in _IN_MANIFEST if (SOURCE_TYPE_BASE + name).encode() in found.c2pa), declared)
