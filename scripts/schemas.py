"""Writes `aibild_build/schemas/*.json`, the JSON Schemas of what users write; `--check` compares only.

The readers themselves are asked: each is run over a `Recorder` in place of a file's fields, which notes every key with type,
range and choices. What no call tells (words for people, grammars, what a bare `value` may be) stands in `schema_words.toml` and
below, and must name a key that a reader asks for. Run it from the project's folder: `python -m scripts.schemas`.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aibild_build.brief import asked, read
from aibild_build.brief.layers import Layer
from aibild_build.config import FORMATS, Config, Language
from aibild_build.config import read as config_read
from aibild_build.config.guards import GUARDED, read_guards
from aibild_build.model import PROMPT_PARTS, Finding, Json
from aibild_build.pages.front import front_of
from aibild_build.source import Document, Fields, Key

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "aibild_build/schemas"
WORDS = Path(__file__).parent / "schema_words.toml"
ANY_NAME = "*"
Schema = dict[str, Any]

_DAY = r"^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d))?$"
_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_TEXTS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_BY_LANGUAGE: Schema = {"anyOf": [_TEXT, {"type": "object", "additionalProperties": {"type": ["string", "null"]}}]}
_SIZE: Schema = {
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*(B|[kMGT]B|[KMGT]iB)$"}]
}
_SIDES: Schema = {"type": "array", "items": {"type": "integer", "minimum": 64, "maximum": 8192}, "minItems": 2, "maxItems": 2}
_POINT: Schema = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 2, "maxItems": 2}
_SWATCH: Schema = {
    "type": "object",
    "required": ["colour"],
    "additionalProperties": False,
    "properties": {"colour": _TEXT, "weight": {"type": "number", "exclusiveMinimum": 0}},
}
_PALETTE: Schema = {"type": "array", "items": {"anyOf": [_TEXT, _SWATCH]}}
_LANGUAGE: Schema = {
    "type": "object",
    "required": ["code"],
    "additionalProperties": False,
    "properties": {"code": _TEXT, "name": _TEXT, "prefix": _TEXT, "dir": {"enum": ["ltr", "rtl"]}},
}
_ALT: Schema = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": ["string", "null"]},
                    {"type": "object", "required": ["draft"], "additionalProperties": False, "properties": {"draft": _TEXT}},
                ]
            },
        },
    ]
}
_KEYWORDS: Schema = {"anyOf": [_TEXTS, {"type": "object", "additionalProperties": _TEXTS}]}

_GUARDED: Schema = {
    "type": "object",
    "required": ["word"],
    "additionalProperties": False,
    "properties": {"word": _TEXT, "exact": {"type": "boolean"}, "languages": _TEXTS, "unless": _TEXTS},
}
_GUARDS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": {"anyOf": [_TEXT, _GUARDED]}}]}

_QUALITY: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 100},
        {
            "type": "object",
            "required": ["target"],
            "additionalProperties": False,
            "properties": {"target": {"type": "number", "minimum": 30, "maximum": 95}},
        },
    ]
}

_WATERMARK: Schema = {
    "anyOf": [
        {"type": "boolean"},
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {"strength": {"type": "number", "minimum": 0.5, "maximum": 2.0, "default": 1.0}},
        },
    ]
}

# What a reader takes by `value` and judges itself, by the key's last name.
_BARE: Mapping[str, Schema] = {
    **dict.fromkeys(PROMPT_PARTS, _TEXTS),
    **dict.fromkeys((*GUARDED, "words"), _GUARDS),
    **dict.fromkeys(("avif", "webp", "jpeg"), _QUALITY),
    "alt": _ALT,
    "keywords": _KEYWORDS,
    "focal": _POINT,
    "languages": {"anyOf": [_TEXT, {"type": "array", "minItems": 1, "items": {"anyOf": [_TEXT, _LANGUAGE]}}]},
    "loras": {"type": "array"},
    "max_size": _SIZE,
    "palette": _PALETTE,
    "size": _SIDES,
    "watermark": _WATERMARK,
}


class Recorder(Fields):
    """Fields that are not there, and remember what was asked of them. Every key counts as written, with its default as value."""

    def __init__(self) -> None:
        super().__init__(Document("schema", {}))
        self.schemas: dict[str, Schema] = {}
        self.required: dict[str, None] = {}
        self._nested: dict[str, tuple[Recorder, bool]] = {}

    def schema(self) -> Schema:
        """An object with exactly the keys that were asked for."""
        for name, (inner, is_list) in self._nested.items():
            table = inner.schema()
            self.schemas[name] = {"type": "array", "items": table} if is_list else table
        named = {name: schema for name, schema in self.schemas.items() if name != ANY_NAME}
        shape: Schema = {"type": "object", "additionalProperties": self.schemas.get(ANY_NAME, False)}
        if self.required:
            shape["required"] = list(self.required)
        if named:
            shape["properties"] = named
        return shape

    def note(self, key: str, schema: Schema) -> None:
        if not self.schemas.get(key):
            self.schemas[key] = schema

    def value(self, key: str) -> Json:
        bare = _SIZE if key.endswith("_bytes") else _BARE.get(key, {})
        self.note(key, bare)
        return None

    def has(self, key: str) -> bool:
        self.schemas.setdefault(key, {})
        return True

    def names(self) -> tuple[str, ...]:
        return (ANY_NAME,)

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        self.note(key, {**_TEXT, **({"default": default} if default else {})})
        if required:
            self.required[key] = None
        return default

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        self.note(key, {**_TEXTS, **({"default": list(default)} if default else {})})
        return tuple(default)

    def whole(self, key: str, default: int = 0, *, low: int | None = None, high: int | None = None, hint: str = "") -> int:
        self.note(key, {"type": "integer", **_span(low, high)})
        return default

    def number(self, key: str, default: float = 0.0, *, low: float | None = None, high: float | None = None) -> float:
        self.note(key, {**_NUMBER, **_span(low, high)})
        return default

    def flag(self, key: str, default: bool = False) -> bool:
        self.note(key, {"type": "boolean", "default": default})
        return default

    def choice(self, key: str, options: Sequence[str], default: str) -> str:
        self.note(key, {"enum": list(options), **({"default": default} if default else {})})
        return default

    def colour(self, key: str, default: str = "") -> str:
        self.note(key, _TEXT)
        return default

    def day(self, key: str, default: str = "") -> str:
        self.note(key, {**_TEXT, "pattern": _DAY})
        return default

    def by_language(self, key: str, languages: Sequence[str], default_language: str) -> dict[str, str]:
        self.note(key, _BY_LANGUAGE)
        return {}

    def mapping(self, key: str) -> dict[str, Json]:
        self.note(key, {"type": "object"})
        return {}

    def fields(self, key: str) -> Recorder:
        return self._inside(key, is_list=False)

    def each(self, key: str) -> tuple[Fields, ...]:
        return (self._inside(key, is_list=True),)

    def named(self, key: str) -> tuple[tuple[str, Fields], ...]:
        return ((ANY_NAME, self.fields(key)._inside(ANY_NAME, is_list=False)),)

    def inner(self, keys: tuple[str | int, ...], values: Mapping[str, Json]) -> Recorder:
        return Recorder()

    def tell(self, rule: str, message: str, key: Key = (), *, hint: str = "") -> None:
        """Nothing is wrong with a file that is not there."""

    def line(self, key: Key | None = None) -> int | None:
        return None

    def finish(self) -> tuple[Finding, ...]:
        return ()

    def _inside(self, key: str, *, is_list: bool) -> Recorder:
        self._nested.setdefault(key, (Recorder(), is_list))
        self.schemas.setdefault(key, {})
        return self._nested[key][0]


def schemas() -> dict[str, Schema]:
    """Every schema by file name without suffix."""
    words = tomllib.loads(WORDS.read_text("utf-8"))
    made = {"config": _config(), "page": _page(), "brief": _brief(), "profile": _profile(), "block": _block()}
    words["profile"] = {
        **{key: text for key, text in words["brief"].items() if key in made["profile"]["properties"]},
        **words["profile"],
    }
    titles = {
        "config": "Settings of a site: aibild.toml",
        "page": "Front matter of a page: the head of site/**/*.md",
        "brief": "A picture: briefs/*.yaml",
        "profile": "A style profile: briefs/profiles/*.yaml",
        "block": "A prompt block: briefs/blocks/*.yaml",
    }
    return {
        name: {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$id": f"aibild:{name}.json",
            "title": titles[name],
            **_described(name, schema, words[name]),
        }
        for name, schema in made.items()
    }


def written() -> dict[str, bytes]:
    """The files as they are to be shipped, by name."""
    return {
        f"{name}.json": (json.dumps(schema, ensure_ascii=False, indent=1) + "\n").encode() for name, schema in schemas().items()
    }


def _config() -> Schema:
    table = Recorder()
    config_read._config(ROOT, table, None)
    schema = table.schema()
    schema["required"] = ["site"]
    schema["properties"]["site"]["required"] = ["name", "base_url"]
    output, images = schema["properties"]["output"]["properties"], schema["properties"]["images"]["properties"]
    output["compress"] = _texts_of(config_read.COMPRESSIONS)
    images["formats"] = {**_texts_of(FORMATS), "default": list(FORMATS[:3])}
    return schema


def _page() -> Schema:
    table = Recorder()
    front_of(table, _settings(), "")
    return table.schema()


def _brief() -> Schema:
    table = Recorder()
    library = read._Library(config=_settings(), site=Layer(name="site"), blocks={}, profiles={})
    read._read_brief(library, "schema", table)
    return _with_ratios(table.schema())


def _profile() -> Schema:
    table = Recorder()
    asked.read_layer(table, "profile", {}, "", table.fields("blocks"))
    read_guards(table.fields("guards"))
    table.text("note")
    return _with_ratios(table.schema())


def _block() -> Schema:
    table = Recorder()
    table.text("text", required=True)
    table.text("note")
    return table.schema()


def _with_ratios(schema: Schema) -> Schema:
    """What stands in lists of which each entry may be written in two ways."""
    rule = Recorder()
    rule.text("ratio", required=True)
    asked._rule(rule, "1:1", {})
    schema["properties"]["ratios"] = {"type": "array", "items": {"anyOf": [_TEXT, rule.schema()]}}
    if "variants" in schema["properties"]:
        varying = {"type": "object", "required": ["name"], "minProperties": 2, "properties": {"name": _TEXT}}
        schema["properties"]["variants"] = {"type": "array", "items": varying}
    return schema


def _settings() -> Config:
    """As few settings as readers need; a slot named `*` stands for all."""
    language = Language(code="en", name="English", prefix="")
    return Config(root=ROOT, name={}, base_url="https://example.org/", description={}, languages=(language,))


def _texts_of(options: Sequence[str]) -> Schema:
    return {"anyOf": [{"enum": list(options)}, {"type": "array", "items": {"enum": list(options)}}]}


def _described(name: str, schema: Schema, words: Mapping[str, str]) -> Schema:
    for path, text in words.items():
        found: Schema = schema
        for step in re.findall(r"\[\]|\*|[^.\[\]*]+", path):
            found = _step(found, step, f"{name}: {path}")
        found["description"] = text
    return schema


def _step(schema: Schema, step: str, path: str) -> Schema:
    """One step into a schema; what is shared between keys is copied first."""
    holder, key = (schema, "items") if step == "[]" else (schema, "additionalProperties")
    if step not in ("[]", ANY_NAME):
        holder, key = schema.get("properties", {}), step
    if not isinstance(holder.get(key), dict):
        raise SystemExit(f"{WORDS.name} describes `{path}`, which no reader asks for")
    holder[key] = dict(holder[key])
    found: Schema = holder[key]
    return found


def _span(low: float | None, high: float | None) -> Schema:
    return {name: bound for name, bound in (("minimum", low), ("maximum", high)) if bound is not None}


def main(arguments: Sequence[str], say: Callable[[str], None] = print) -> int:
    """Write the files, or with `--check` tell which differ; 1 when one does."""
    files = written()
    stale = [name for name, data in files.items() if not (FOLDER / name).is_file() or (FOLDER / name).read_bytes() != data]
    if "--check" in arguments:
        for name in stale:
            say(f"{name} is not what the code says; run python -m scripts.schemas")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        (FOLDER / name).write_bytes(files[name])
        say(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
