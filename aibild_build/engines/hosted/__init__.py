"""Hosted engines: pictures from services that are asked over HTTPS, each in a file of its own.

`base` turns a brief into parameters and an answer into a picture; a vendor adds its options, sizes, price and one call. To add a
vendor: a subclass of `base.Hosted`, a row in the engines' table, a local server in `tests/support/vendors.py`, a section of docs.
Secrets come from the environment at the moment of the call, and go into a header and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import EngineUnavailable
from ...model import Json
from .. import Engine


def load(vendor: str, settings: Mapping[str, Json]) -> Engine:
    """The engine of a vendor; `settings` is its table `[engines.NAME]`. Raises EngineUnavailable for an unknown one."""
    if vendor == "openai":
        from .openai import OpenAI

        return OpenAI(settings)
    if vendor == "ideogram":
        from .ideogram import Ideogram

        return Ideogram(settings)
    if vendor == "firefly":
        from .firefly import Firefly

        return Firefly(settings)
    raise EngineUnavailable(f"there is no hosted engine `{vendor}`")
