"""Text → `Document`: read a file, load YAML 1.2 or TOML, and turn what cannot be used into findings.

Takes text, a path for the findings and the line at which the text begins in its file; yields plain JSON values (dates stay text)
and the findings. Syntax, encoding and duplicate keys are judged here; what a key means is not.
"""

from __future__ import annotations

import datetime
import math
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from ..disk import safe_join
from ..model import Finding, Json
from .faults import KeyPath, fatal, key_name, shown
from .positions import Positions
from .toml_positions import toml_positions
from .yaml_positions import yaml_positions

MAX_SOURCE_BYTES = 4 * 1024 * 1024
_MAX_INTEGER = 2**53 - 1
_MAX_ALIASES = 32  # aliases inside aliases multiply; 80 of them are enough to fill a machine's memory
_MAX_EXPANDED = 256 * 1024 * 1024
_MAX_DEPTH = 64
_TOO_DEEP = f"expected values at most {_MAX_DEPTH} levels deep, got more"
_YAML_ERROR = re.compile(
    r"(?:YAML parse error: )?(?P<what>.*?)(?: at byte \d+ line (?P<line>\d+) column (?P<column>\d+))?$", re.S
)
_TOML_ERROR = re.compile(r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.S)
_TOML_DUPLICATE = re.compile(
    r"cannot overwrite a value|cannot declare .* twice|duplicate inline table key|cannot mutate immutable", re.I
)
_YAML_HINTS = (
    ("mapping values are not allowed", 'put a text that holds ": " in quotes'),
    ("illegal placement of ':'", "close the bracket of the line before"),
    ("tabs disallowed", "indent with spaces"),
    ("unexpected character", "put a text that begins with a special character in quotes"),
    ("did not find expected key", "give all keys of one table the same indentation"),
    ("unknown anchor", "put a text that begins with `*` in quotes"),
    ("unexpected end of stream", "close the quotes that were opened there"),
)
# One key a line, as far as a glance can tell: enough to be sure that there is no duplicate, never enough to be sure of one.
_YAML_KEY = re.compile(r"^([ \t-]*)([^\s#:'\"?-](?:[^:\n]|:(?=\S))*):(?=\s|$)", re.M)
_YAML_UNSURE = re.compile(r"[{}]|^[ \t-]*['\"?&!].*:", re.M)
_YAML_ANCHOR = re.compile(r"(?:^|[\s\[{,])&([^\s,\[\]{}]+)")
_YAML_ALIAS = re.compile(r"(?:^|[\s\[{,])\*([^\s,\[\]{}]+)")
# No text format allows them: HTML, XML 1.0 (section 2.2) and TOML forbid them all, and a NUL is the mark of UTF-16.
_CONTROL_BYTES = bytes(code for code in range(32) if code not in b"\t\n\r")
_LAST_OF_PLANE = b"\xef\xbf"  # how U+FFFE and U+FFFF begin in UTF-8
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Document:
    """One source file's values. `path` is relative to the project, `first_line` the file's line at which `text` begins."""

    path: str
    values: Mapping[str, Json]
    text: str = field(default="", repr=False, compare=False)
    syntax: Literal["yaml", "toml"] = field(default="yaml", compare=False)
    first_line: int = field(default=1, compare=False)
    _found: list[Positions] = field(default_factory=list, repr=False, compare=False)

    def positions(self) -> Positions:
        """The line of every key path, counted from the text's own first line; looked for at the first call."""
        if not self._found:
            self._found.append(yaml_positions(self.text) if self.syntax == "yaml" else toml_positions(self.text))
        return self._found[0]

    def line_of(self, *keys: str | int) -> int | None:
        """The file's line of a key path, or of the nearest table around it that has a line of its own."""
        lines = self.positions().lines
        for end in range(len(keys), 0, -1):
            if (line := lines.get(keys[:end])) is not None:
                return line + self.first_line - 1
        return self.first_line


def read_text(root: Path, path: str, *, walked: bool = False) -> tuple[str | None, tuple[Finding, ...]]:
    """The text of a UTF-8 file of at most 4 MiB inside `root`, without byte order mark and with "\\n" line ends.

    A `walked` path was come upon below `root` without following a link, so that it need not be held against it.
    """
    real = f"{root}/{path}" if walked else safe_join(root, path)
    if real is None:
        return None, (fatal("source-path", f"expected a path inside the project, got {shown(path)}", path),)
    try:
        found = os.stat(real)
        size = found.st_size
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or device"
            return None, (fatal("source-missing", f"expected a file, got {kind} at {shown(path)}", path),)
        if size > MAX_SOURCE_BYTES:
            return None, (fatal("source-path", f"expected a file of at most {MAX_SOURCE_BYTES} bytes, got {size} bytes", path),)
        with open(real, "rb", buffering=0) as file:
            raw = file.readall()
    except FileNotFoundError:
        return None, (fatal("source-missing", f"expected a file at {shown(path)}, got none", path),)
    except OSError as error:
        return None, (fatal("source-missing", f"expected a readable file, got: {error.strerror or error}", path),)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"expected UTF-8 text, got byte 0x{raw[error.start]:02x}"
        return None, (fatal("source-encoding", message, path, line, hint="save the file with encoding UTF-8"),)
    if b"\r" in raw:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _may_hold_control(raw) and (odd := _CONTROL.search(text)):
        line = text.count("\n", 0, odd.start()) + 1
        message = f"expected text, got the control character U+{ord(odd[0]):04X}"
        return None, (fatal("source-encoding", message, path, line, hint="save the file with encoding UTF-8"),)
    return text, ()


def _may_hold_control(raw: bytes) -> bool:
    """Told by a glance at the bytes, which takes a fifth of the time of a look at the text."""
    return len(raw.translate(None, _CONTROL_BYTES)) < len(raw) or _LAST_OF_PLANE in raw


def read_yaml(text: str, path: str, *, first_line: int = 1) -> tuple[Document | None, tuple[Finding, ...]]:
    """YAML 1.2 core schema, one document, a table at its top (an empty text is an empty table). Duplicate keys are findings."""
    from yaml12 import parse_yaml

    text = text.replace("\r\n", "\n")
    if refused := _refused_yaml(text, path, first_line):
        return None, refused
    try:
        values = parse_yaml(text)
    except (ValueError, TypeError, RecursionError) as error:
        return None, (_syntax_finding("YAML", _YAML_ERROR, str(error), path, first_line),)
    values = {} if values is None else values
    if not isinstance(values, dict):
        message = f"expected keys with values at the top of the file, got {shown(values)}"
        return None, (fatal("source-value", message, path, first_line),)
    document = Document(path, cast("dict[str, Json]", values), text, "yaml", first_line)
    unusable = _not_json(document)
    return (None if unusable else document), (*_yaml_duplicates(document), *unusable)


def read_toml(text: str, path: str, *, first_line: int = 1) -> tuple[Document | None, tuple[Finding, ...]]:
    """TOML 1.0; dates and times become their RFC 3339 text."""
    try:
        values = _dates_as_text(tomllib.loads(text.replace("\r\n", "\n")))
    except RecursionError:
        return None, (fatal("source-syntax", _TOO_DEEP, path),)
    except ValueError as error:
        if not isinstance(error, tomllib.TOMLDecodeError):
            return None, (fatal("source-syntax", "expected TOML, got a number of thousands of digits", path),)
        return None, (_syntax_finding("TOML", _TOML_ERROR, str(error), path, first_line),)
    document = Document(path, cast("dict[str, Json]", values), text, "toml", first_line)
    findings = _not_json(document)
    return (None, findings) if findings else (document, ())


def _refused_yaml(text: str, path: str, first_line: int) -> tuple[Finding, ...]:
    names = set(_YAML_ANCHOR.findall(text)) if "&" in text else set()
    aliases = sum(name in names for name in _YAML_ALIAS.findall(text)) if names else 0
    # n aliases in levels of three grow a text most: by 3 to the power of n/3.
    if aliases > _MAX_ALIASES or len(text) * 3 ** (aliases / 3) > _MAX_EXPANDED:
        most = min(_MAX_ALIASES, int(3 * math.log(_MAX_EXPANDED / len(text), 3)))
        return (fatal("source-syntax", f"expected at most {most} aliases (`*name`), got {aliases}", path, first_line),)
    lines = text.split("\n")
    started = False
    for number, line in enumerate(lines if "---" in text else (), start=first_line):
        marker = line == "---" or line.startswith("--- ")
        if marker and started:
            return (fatal("source-syntax", "expected one YAML document, got a second one after `---`", path, number),)
        started = started or marker or bool(line.strip() and not line.lstrip().startswith(("#", "%")))
    return ()


def _syntax_finding(language: str, pattern: re.Pattern[str], message: str, path: str, first_line: int) -> Finding:
    found = pattern.match(message)
    what, line, column = (found["what"], found["line"], found["column"]) if found else (message, None, None)
    number = int(line) + first_line - 1 if line else None
    if language == "TOML" and _TOML_DUPLICATE.search(what):
        plain = re.sub(r"\('(.*?)',?\)", lambda names: names[1].replace("', '", "."), what)
        return fatal("source-duplicate", f"expected each key once, got it again ({plain[:1].lower()}{plain[1:]})", path, number)
    at = f" at column {column}" if column else " at the end of the file"
    hint = next((hint for sign, hint in _YAML_HINTS if sign in what), "") if language == "YAML" else ""
    return fatal("source-syntax", f"expected {language}, got an error{at}: {what[:1].lower()}{what[1:]}", path, number, hint=hint)


def _yaml_duplicates(document: Document) -> tuple[Finding, ...]:
    """The loader silently keeps the last of two equal keys, so this looks itself: by a glance, then closely if in doubt."""
    if not _YAML_UNSURE.search(document.text):
        keys = [(len(found[1]), found[2].rstrip()) for found in _YAML_KEY.finditer(document.text)]
        if len(set(keys)) == len(keys):
            return ()
    start = document.first_line - 1
    return tuple(
        fatal(
            "source-duplicate",
            f"expected {key_name(keys)} once, got it again",
            document.path,
            line + start,
            hint=f"it is first written in line {first + start}",
        )
        for keys, line, first in document.positions().duplicates
    )


def _dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _dates_as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(item) for item in value]
    if isinstance(value, datetime.date | datetime.time):  # a datetime is a date
        return value.isoformat()
    return value


def _not_json(document: Document) -> tuple[Finding, ...]:
    """Findings for what a key could not be made of: tagged nodes, keys that are no text, NaN, integers beyond ±(2**53 - 1)."""
    findings: list[Finding] = []
    waiting: list[tuple[KeyPath, object]] = [((), document.values)]
    while waiting:
        keys, value = waiting.pop()
        if len(keys) > _MAX_DEPTH:
            message = f"{_TOO_DEEP} in {key_name(keys[:1])}"
            findings.append(fatal("source-value", message, document.path, document.line_of(*keys[:1])))
            break
        if isinstance(value, dict):
            for name, item in value.items():
                if isinstance(name, str):
                    waiting.append(((*keys, name), item))
                else:
                    message = f"expected keys as text, got {shown(name)}"
                    findings.append(
                        fatal("source-value", message, document.path, document.line_of(*keys), hint="put the key in quotes")
                    )
        elif isinstance(value, list):
            waiting.extend(((*keys, index), item) for index, item in enumerate(value))
        elif (wrong := _wrong_scalar(value)) is not None:
            findings.append(
                fatal("source-value", f"expected {key_name(keys)} as {wrong}", document.path, document.line_of(*keys))
            )
    return tuple(sorted(findings, key=lambda finding: (finding.origin.line or 0) if finding.origin else 0))


def _wrong_scalar(value: object) -> str | None:
    if isinstance(value, str):
        if value.isprintable():
            return None
        found = _CONTROL.search(value)
        return f"text without control characters, got U+{ord(found[0]):04X}" if found else None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if abs(value) <= _MAX_INTEGER else f"integer within ±{_MAX_INTEGER}, got {value}"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"finite number, got {value}"
    return f"plain value, got one with the tag {getattr(value, 'tag', '')}"
