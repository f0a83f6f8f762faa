"""Puts one key with a given value into the small project: what the tables of `bad_keys` say, carried out."""

from __future__ import annotations

import re
from pathlib import Path

from .pictures import JPEG

_CONFIG_KEY = re.compile(r"(?:(\[\[?[a-z_.]+\]\]?) )?([a-z_-]+) = (.+)")
_BOAT = {
    "subject": "a red boat",
    "size": "[640, 360]",
    "parameters": "{colour: '#b03a2e'}",
    "alt": "{en: A red boat, de: Ein rotes Boot}",
}


def put_key(root: Path, kind: str, written: str) -> None:
    """Write `written` ("[table] key = value" for the config, "key: value" elsewhere) into the project's file of that kind."""
    if kind == "CONFIG":
        path = root / "aibild.toml"
        path.write_text(with_key(path.read_text("utf-8"), written), encoding="utf-8")
        return
    key = written.partition(":")[0]
    files: dict[str, str | bytes] = {}
    if kind == "BRIEF":
        files["briefs/boat.yaml"] = "\n".join([written, *(f"{name}: {value}" for name, value in _BOAT.items() if name != key)])
    elif kind in ("PROFILE", "BLOCK"):
        files[f"briefs/{kind.lower()}s/odd.yaml"] = (
            written if key in ("text", "blocks") or kind == "PROFILE" else f"{written}\ntext: x"
        )
    elif kind == "SIDECAR":
        files = {
            "site/photo.jpg": JPEG,
            "site/photo.jpg.yaml": written,
            "site/tides.md": "---\ntitle: T\n---\n\n![A boat](photo.jpg)\n",
        }
    else:
        rest = {"title": "", "product": "title: Tides\nschema: Product\n"}.get(key, "title: Tides\n")
        files["site/tides.md"] = f"---\n{written}\n{rest}---\n\nTwice a day.\n"
    for path_, content in files.items():
        (root / path_).parent.mkdir(parents=True, exist_ok=True)
        (root / path_).write_bytes(content if isinstance(content, bytes) else content.encode())


def with_key(text: str, written: str) -> str:
    """The settings with one key set: first in its table, in place of the key and of the tables below it."""
    found = _CONFIG_KEY.fullmatch(written)
    assert found is not None, written
    header, key, value = found[1] or "", found[2], found[3]
    below = f"{header.strip('[]')}.{key}" if header else key
    kept: list[str] = []
    inside = ""
    for line in text.split("\n"):
        inside = line.strip("[]") if line.startswith("[") else inside
        same = inside == header.strip("[]") and line.partition("=")[0].strip() == key
        if not (same or inside == below or inside.startswith(f"{below}.")):
            kept.append(line)
    if not header:
        return "\n".join([f"{key} = {value}", *kept])
    if header not in kept:
        return "\n".join([*kept, header, f"{key} = {value}", ""])
    at = kept.index(header) + 1
    return "\n".join([*kept[:at], f"{key} = {value}", *kept[at:]])
