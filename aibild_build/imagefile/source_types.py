"""The IPTC vocabulary of digital source types, and which of them say that a trained model was at work.

Source: IPTC NewsCodes `digitalsourcetype`, retired terms left out as values to write, accepted as values to read.
"""

from __future__ import annotations

SOURCE_TYPE_BASE = "http://cv.iptc.org/newscodes/digitalsourcetype/"

SOURCE_TYPES = (
    "algorithmicMedia",
    "algorithmicallyEnhanced",
    "composite",
    "compositeCapture",
    "compositeSynthetic",
    "compositeWithTrainedAlgorithmicMedia",
    "computationalCapture",
    "dataDrivenMedia",
    "digitalCapture",
    "digitalCreation",
    "humanEdits",
    "negativeFilm",
    "positiveFilm",
    "print",
    "screenCapture",
    "trainedAlgorithmicMedia",
    "virtualRecording",
)
_RETIRED = {"minorHumanEdits": "humanEdits", "digitalArt": "digitalCreation", "softwareImage": "digitalCreation"}

AI_SOURCE_TYPES = frozenset({"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"})


def is_ai(source_type: str) -> bool:
    """Whether a picture of that source type has to be called made, or partly made, by a trained model."""
    return source_type in AI_SOURCE_TYPES


def source_type_of(value: str) -> str:
    """The short name behind a URI or a short name, retired terms brought to their successors; "" when it is none of IPTC's."""
    name = value.strip().removeprefix("https://").removeprefix("http://").removeprefix("cv.iptc.org/newscodes/digitalsourcetype/")
    name = _RETIRED.get(name, name)
    return name if name in SOURCE_TYPES else ""
