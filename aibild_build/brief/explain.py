"""A brief as `aibild brief show` prints it: what came out of the merge, and who said it.

Takes a `Brief`, yields plain JSON in a fixed order. Everything is in there, defaults included; nothing is looked up.
"""

from __future__ import annotations

from dataclasses import asdict

from ..model import Brief, Json


def explain(brief: Brief) -> dict[str, Json]:
    """`prompt` and `negative` as engines get them, `parts` with the layers and blocks each came from, then every other field."""
    fields = asdict(brief)
    layers = fields.pop("layers")
    parts: dict[str, Json] = {part: {"text": text, "from": list(layers.get(part, ()))} for part, text in fields.pop("parts")}
    head: dict[str, Json] = {
        "id": fields.pop("id"),
        "origin": str(brief.origin),
        "engine": fields.pop("engine"),
        "prompt": brief.prompt,
        "parts": parts,
        "negative": {"text": fields.pop("negative"), "from": list(layers.get("negative", ()))},
        "blocks": dict(fields.pop("blocks")),
    }
    del fields["origin"], fields["guards"]
    from_: dict[str, Json] = {
        name: list(names) for name, names in sorted(layers.items()) if name not in parts and name != "negative"
    }
    return {**head, **fields, "from": from_}
