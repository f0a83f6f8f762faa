"""`briefs/feeds/NAME.yaml` → a `Template`: how a row becomes a brief.

Takes the template's table, yields for each row an id and what the brief's file says. Texts are Jinja2 expressions over the row's
columns, in a sandbox; what a text has no value for is a fault of the row, and a key whose text comes out empty is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..model import Finding, Json
from ..source import Fields, fatal, shown
from .rows import Row

ID_LENGTH = 100
_ONE = re.compile(r"\{\{((?:(?!\}\}|\{\{).)*)\}\}", re.S)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})

Render = Callable[[Mapping[str, Json]], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How rows become briefs; `path` is the template's own.

    `source` is the feed that is read when none is named; `items` and `after` lead to the rows and to the next page of JSON;
    `token_env` names the environment variable with a bearer token. `hosts` and `private` are where pictures may be fetched from
    (`outbound.Reach`). `keep` is "files" or "collection".
    """

    name: str
    path: str
    id: Render
    brief: Mapping[str, Json | Render] = field(repr=False)
    source: str = ""
    items: str = ""
    after: str = ""
    token_env: str = ""
    hosts: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    keep: str = "files"

    def id_of(self, row: Row) -> str:
        """The brief's id in kebab-case. Raises ValueError in words for a row that has none."""
        made = self.id(row.values)
        name = slug(str(made))
        if any(letter.isalnum() and not slug(letter) for letter in str(made)):
            raise ValueError(f"expected an id in Latin letters and digits, got {shown(made)}")
        if not name or len(name) > ID_LENGTH:
            raise ValueError(f"expected an id of 1–{ID_LENGTH} letters and digits, got {shown(made)}")
        return name

    def values_of(self, row: Row, fetch: Callable[[str], str]) -> dict[str, Json]:
        """What the brief's file says. `fetch` takes the address of a picture and yields its path in the project; it is called
        by the filter of that name. Raises ValueError in words for a row that lacks what a text asks for."""
        made = _made(self.brief, {**row.values, FETCH: fetch})
        assert isinstance(made, dict)
        return made


FETCH = "_fetch"


def read_template(table: Fields, name: str, path: str) -> tuple[Template | None, tuple[Finding, ...]]:
    """A feed's template, and every fault of it."""
    findings: list[Finding] = []
    environment = _environment()
    id_text = table.text("id", required=True)
    written = table.value("brief")
    texts: dict[str, Json | Render] = {}
    if not isinstance(written, Mapping) or not written:
        findings.append(fatal("source-value", f"expected brief as table of a brief's keys, got {shown(written)}", path))
        written = {}
    compiled = _compiled(written, environment, findings, table, ("brief",))
    if isinstance(compiled, dict):
        texts = compiled
    made_id = _compiled(id_text, environment, findings, table, ("id",))
    template = Template(
        name=name,
        path=path,
        id=made_id if callable(made_id) else partial(_same, id_text),
        brief=texts,
        source=table.text("source"),
        items=table.text("items"),
        after=table.text("next"),
        token_env=table.text("token_env"),
        hosts=tuple(host.lower() for host in table.texts("hosts")),
        private=tuple(host.lower() for host in table.texts("private")),
        keep=table.choice("keep", ("files", "collection"), "files"),
    )
    if id_text and not callable(made_id) and not findings:
        message = f"expected id with a column in it, like `{{{{ sku }}}}`, got {shown(id_text)}"
        findings.append(fatal("source-value", message, path, table.document.line_of("id")))
    found = table.finish()
    return (None if found or findings else template), (*found, *findings)


def slug(text: str) -> str:
    """Letters and digits in lower case with hyphens between; accents are dropped, other scripts are not rendered."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


def _environment() -> Any:
    from jinja2 import StrictUndefined, pass_context
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)

    @pass_context
    def fetch(context: Any, address: object) -> str:
        wanted = address[0] if isinstance(address, list) and address else address
        return str(context[FETCH](str(wanted).strip())) if wanted else ""

    environment.filters |= {"fetch": fetch, "slug": lambda text: slug(str(text))}
    return environment


def _compiled(value: Json, environment: Any, findings: list[Finding], table: Fields, at: tuple[str | int, ...]) -> Any:
    """Texts with expressions become functions of the row's values; all else stays."""
    if isinstance(value, Mapping):
        return {key: _compiled(inner, environment, findings, table, (*at, key)) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_compiled(inner, environment, findings, table, (*at, index)) for index, inner in enumerate(value)]
    if not isinstance(value, str) or not ("{{" in value or "{%" in value):
        return value
    from jinja2 import TemplateSyntaxError

    try:
        if one := _ONE.fullmatch(value.strip()):
            return partial(_expressed, environment.compile_expression(one[1], undefined_to_none=False))
        return partial(_rendered, environment.from_string(value))
    except TemplateSyntaxError as error:
        message = f"expected Jinja2, got an error: {error.message}"
        findings.append(fatal("source-template", message, table.document.path, table.document.line_of(*at)))
        return value


def _made(value: Any, row: Mapping[str, Any]) -> Any:
    if callable(value):
        return value(row)
    if isinstance(value, Mapping):
        made = {key: _made(inner, row) for key, inner in value.items()}
        return {key: inner for key, inner in made.items() if not _empty(inner)}
    if isinstance(value, list):
        return [inner for inner in (_made(one, row) for one in value) if not _empty(inner)]
    return value


def _empty(value: Json) -> bool:
    return value is None or value == "" or value == {} or value == []


def _expressed(expression: Any, row: Mapping[str, Json]) -> Json:
    from jinja2 import Undefined

    value = _asked(expression, row)
    if isinstance(value, Undefined):
        raise ValueError(_missing(str(getattr(value, "_undefined_name", ""))))
    return _tidy(value) if isinstance(value, str) else value if isinstance(value, int | float | list | dict) else _plain(value)


def _plain(value: Any) -> Json:
    return None if value is None else _tidy(str(value))


def _rendered(template: Any, row: Mapping[str, Json]) -> Json:
    return _tidy(str(_asked(template.render, row)))


def _asked(call: Callable[[Mapping[str, Json]], Any], row: Mapping[str, Json]) -> Any:
    from jinja2 import TemplateError, UndefinedError

    try:
        return call(row)
    except UndefinedError as error:
        name = re.match(r"'([^']+)' is undefined", error.message or "")
        raise ValueError(_missing(name[1]) if name else f"the template found no value: {error.message}") from error
    except (TemplateError, TypeError, ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"the template failed on this row: {error}") from error


def _missing(name: str) -> str:
    return f'expected a value for `{name}`, got none (`{{{{ {name} | default("") }}}}` does without)'


def _tidy(text: str) -> str:
    if odd := _CONTROL.search(text):
        raise ValueError(f"expected text, got the control character U+{ord(odd[0]):04X}")
    return " ".join(text.split())


def _same(text: str, _: Mapping[str, Json]) -> Json:
    return text
