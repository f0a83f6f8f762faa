"""`[models.NAME]`: the models that engines may use, as their owner declares them.

Takes the table `models`, yields plain tables with the keys that were written. Whether files are there, and what they hold, is
looked at by whoever needs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model import Json
from ..source import Fields, shown

_NAME = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def read_models(table: Fields) -> dict[str, Mapping[str, Json]]:
    """Each model lies at `path` (a folder in diffusers form, or a .safetensors file) or comes from `hub` with a `revision`."""
    models: dict[str, Mapping[str, Json]] = {}
    for name in table.names():
        if not _NAME.fullmatch(name):
            table.tell("source-value", f"expected names of models of letters, digits, dots and hyphens, got {shown(name)}", name)
            table.value(name)
        else:
            models[name] = _model(table.fields(name))
    return models


def _model(one: Fields) -> dict[str, Json]:
    path, hub = one.text("path"), one.text("hub")
    if one.has("path") == one.has("hub"):
        one.tell("source-value", f"expected either `path` or `hub` of a model, got {'both' if path else 'neither'}")
    if hub and not _REPOSITORY.fullmatch(hub):
        one.wrong("hub", "repository OWNER/NAME")
    revision = one.text("revision")
    if hub and not revision:
        one.tell("source-missing", "expected revision of a hub model as commit or tag, got nothing", hint="pixels depend on it")
    found: dict[str, Json] = {"path": path, "hub": hub, "revision": revision}
    for key in ("file", "variant", "config", "token", "license", "card", "training", "owner", "contract"):
        found[key] = one.text(key)
    found["native"] = one.whole("native", 0, low=16, high=4096) if one.has("native") else 0
    return {key: value for key, value in found.items() if value}
