"""What users write: YAML, TOML and text files → plain values with the place of each.

Takes text and a path for the findings, yields a `Document` and the findings on it. `Fields` takes typed values out of a document
and says what is wrong with each, by name and line. Nothing here knows what a brief, a page or a setting is.
Documents are read by fast loaders; places are looked for only when a finding needs one.
"""

from __future__ import annotations

from .colours import CSS_COLOURS, colour_hex
from .document import MAX_SOURCE_BYTES, Document, read_text, read_toml, read_yaml
from .faults import KeyPath, fatal, key_name, nearest, nearest_hint, shown
from .fields import Fields, Key

__all__ = [
    "CSS_COLOURS",
    "MAX_SOURCE_BYTES",
    "Document",
    "Fields",
    "Key",
    "KeyPath",
    "colour_hex",
    "fatal",
    "key_name",
    "nearest",
    "nearest_hint",
    "read_text",
    "read_toml",
    "read_yaml",
    "shown",
]
