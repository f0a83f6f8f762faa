"""A feed becomes briefs: the entry point of `aibild briefs import`.

Takes a project's root, a feed and a template, writes brief files or one collection, and says what became of each row. A row that
stands as it stood costs nothing; a file that a person has edited since is left alone; what vanished from the feed is listed, and
goes only when told to. What was written is noted in `briefs/feeds/NAME.state.json`, which belongs into version control.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..brief import judge_briefs
from ..canonical import digest_of, key_of
from ..config import Config, read_config
from ..disk import safe_join, write_atomic
from ..errors import OutboundError, OutputError, SourceError
from ..feeds import Row, Template, fault, format_of, read_rows, read_template
from ..model import Finding, Json, Level
from ..outbound import Reach
from ..source import Document, Fields, fatal, nearest_hint, read_text, read_yaml, shown
from .feeding import Asking, FeedPage, ask_pages, is_address
from .fetching import FOLDER, Pictures
from .outside import Outside

MAX_FEED_BYTES = 1024 * 1024 * 1024
_SHORT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Ids of what was `made`, `changed` and `vanished`; `pruned` were taken away for it. `kept` are files that a person has
    edited since, and `unchanged` counts the rest. `fetched` counts pictures that came over the network."""

    template: str
    rows: int = 0
    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    kept: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    pruned: tuple[str, ...] = ()
    fetched: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`feed` is a path or an address, "" for the template's own `source`; `format` overrides what its name tells.

    `overwrite` takes the feed's word over a person's edits, `prune` takes briefs away whose rows vanished, `refresh` asks for
    pictures again that are there, `dry_run` writes nothing.
    """

    feed: str = ""
    template: str = ""
    format: str = ""
    overwrite: bool = False
    prune: bool = False
    refresh: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class _State:
    """What the last import wrote: for each id the row's and the brief's digest; for each picture's address, where it lies."""

    template: str = ""
    briefs: dict[str, list[str]] = field(default_factory=dict)
    pictures: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Result:
    written: dict[str, tuple[Row, str, dict[str, Json] | None]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0


def import_briefs(root: Path, ask: Ask, outside: Outside) -> Imported:
    """Read the feed, write what it changes. Raises SourceError for a project or template that cannot be read, OutboundError for a
    feed that cannot be had (nothing is written then), OutputError for files that cannot be written."""
    config, faults = read_config(root)
    if config is None:
        raise SourceError(faults)
    template, digest = _template(root, ask.template)
    state = _read_state(root, template.name)
    same = state.template == digest
    pictures = Pictures(root, template, state.pictures, outside, refresh=ask.refresh, dry_run=ask.dry_run)
    result = _Result()
    for page in _pages(root, ask.feed or template.source, template, ask.format, outside):
        _take(page, template, state if same else _State(), pictures, result, ask.refresh)
    _judge(config, template, result, pictures.left)
    done = _write(root, template, state, result, ask)
    if not ask.dry_run:
        state.template = digest
        _save(root, template.name, state)
    return replace(done, fetched=pictures.fetched)


def _template(root: Path, name: str) -> tuple[Template, str]:
    path = name if name.endswith(".yaml") else f"{FOLDER}/{name}.yaml"
    if name and not name.endswith(".yaml") and safe_join(root, path) is not None and not (root / path).is_file():
        known = [one.stem for one in sorted((root / FOLDER).glob("*.yaml"))]
        hint = nearest_hint(name, known) or f"write {path}"
        raise SourceError((fatal("source-missing", f"there is no feed template `{name}`", path, hint=hint),))
    text, findings = read_text(root, path)
    document, found = read_yaml(text, path) if text is not None else (None, ())
    if text is None or document is None:
        raise SourceError((*findings, *found))
    template, faults = read_template(Fields(document), Path(path).stem, path)
    if template is None:
        raise SourceError((*found, *faults))
    return template, digest_of(text.encode())


def _pages(root: Path, feed: str, template: Template, format: str, outside: Outside) -> Iterator[FeedPage]:
    if not feed:
        message = f"expected a feed, got none, and {template.path} names none as source"
        raise SourceError((fatal("source-missing", message, template.path, hint="aibild briefs import FEED --template NAME"),))
    if is_address(feed):
        token = ""
        if template.token_env:
            token = outside.environ.get(template.token_env, "").strip()
            if not token or not (token.isascii() and token.isprintable()):
                raise OutboundError(
                    f"{template.path} needs a token in the environment variable {template.token_env}",
                    hint=f"export {template.token_env}=…",
                )
        reach = Reach(hosts=template.hosts, private=template.private)
        asking = Asking(reach=reach, format=format, after=template.after, token=token)
        for page in ask_pages(root, feed, asking, outside):
            if not page.format:
                raise OutboundError(f"{page.path} does not say what format it has", hint="--format csv, json, jsonl or xml")
            yield page
        return
    place = Path(feed) if Path(feed).is_absolute() else root / feed
    kind = format or format_of(feed)
    if not kind:
        message = f"expected a feed that ends in .csv, .tsv, .json, .jsonl or .xml, got {shown(feed)}"
        raise SourceError((fatal("source-path", message, feed, hint="--format says what it is"),))
    try:
        if not place.is_file():
            raise SourceError((fatal("source-missing", f"expected a feed at {shown(feed)}, got none", feed),))
        if (size := place.stat().st_size) > MAX_FEED_BYTES:
            message = f"expected a feed of at most {MAX_FEED_BYTES} bytes at {shown(feed)}, got {size} bytes"
            raise SourceError((fatal("source-path", message, feed, hint="split it, one template for each part"),))
        yield FeedPage(path=feed, format=kind, data=place.read_bytes())
    except OSError as error:
        raise SourceError((fatal("source-missing", f"expected a readable file, got: {error.strerror}", feed),)) from error


def _take(page: FeedPage, template: Template, state: _State, pictures: Pictures, result: _Result, refresh: bool) -> None:
    """Each row to its brief, or to a finding. A row that is as it was keeps its brief without a look at the template."""
    lines: dict[str, int | None] = {}
    for row in read_rows(page.data, page.format, page.path, template.items):
        if isinstance(row, Finding):
            result.findings.append(row)
            continue
        result.rows += 1
        try:
            name = template.id_of(row)
            if name in result.written:
                first = lines.get(name)
                raise ValueError(f"expected each brief once, got `{name}` again{f', first in line {first}' if first else ''}")
            lines[name] = row.line
            known = state.briefs.get(name)
            if known and known[0] == _row_digest(row) and not refresh:
                result.written[name] = (row, page.path, None)
            else:
                result.written[name] = (row, page.path, template.values_of(row, pictures.for_brief(name)))
        except (ValueError, OutboundError) as error:
            message = error.message if isinstance(error, OutboundError) else str(error)
            hint = error.hint if isinstance(error, OutboundError) else ""
            result.findings.append(fault(f"row {row.number}: {message}", page.path, row.line, hint=hint))


def _judge(config: Config, template: Template, result: _Result, left: Container[str]) -> None:
    """What a brief file would be blamed for, told at the row it came from; such a row is left out. Briefs that are `left` lack a
    picture that a dry run did not fetch."""
    fresh = [(name, values) for name, (_, _, values) in result.written.items() if values is not None and name not in left]
    documents = ((name, Document(template.path, values, "", "yaml", 1)) for name, values in fresh)
    for name, findings in judge_briefs(config, documents):
        for one in findings:
            if one.level is Level.FATAL:
                row, path, _ = result.written[name]
                message = f"row {row.number} makes a brief that is none: {one.message}"
                result.findings.append(fault(message, path, row.line, hint=one.hint, subject=name))
        if any(one.level is Level.FATAL for one in findings):
            del result.written[name]


def _write(root: Path, template: Template, state: _State, result: _Result, ask: Ask) -> Imported:
    """Files or the collection as the feed has them, and the state beside."""
    made: list[str] = []
    changed: list[str] = []
    kept: list[str] = []
    unchanged = 0
    collection = _read_collection(root, template) if template.keep == "collection" else None
    before = dict(state.briefs)
    for name, (row, path, values) in sorted(result.written.items()):
        here = _standing(root, name, collection)
        known = before.get(name)
        ours = known is not None and here is not None and digest_of(here)[:_SHORT] == known[1]
        if values is None and ours:
            unchanged += 1
            continue
        if values is None:
            values = template.values_of(row, lambda address: state.pictures.get(address, {}).get("file", ""))
        data = _text_of(name, values, template, collection is not None)
        # What an import that was cut off has written already is as good as ours.
        if here is not None and not ours and here != data and not ask.overwrite:
            if known is not None:
                kept.append(name)
                continue
            message = f"row {row.number}: brief `{name}` is there already, and not from this feed"
            result.findings.append(fault(message, path, row.line, hint="--overwrite replaces it", subject=name))
            continue
        state.briefs[name] = [_row_digest(row), digest_of(data)[:_SHORT]]
        if here == data:
            unchanged += 1
            continue
        (changed if here is not None else made).append(name)
        if not ask.dry_run:
            _put(root, name, data, collection)
    faulty = {one.subject for one in result.findings}
    vanished = sorted(set(before) - set(result.written) - faulty) if result.rows else sorted(before)
    pruned = _prune(root, vanished, state, collection, ask) if ask.prune and result.rows and not result.findings else []
    if collection is not None and not ask.dry_run:
        _put_collection(root, template, collection)
    return Imported(
        template=template.name,
        rows=result.rows,
        made=tuple(made),
        changed=tuple(changed),
        unchanged=unchanged,
        kept=tuple(kept),
        vanished=tuple(name for name in vanished if name not in pruned),
        pruned=tuple(pruned),
        findings=tuple(_few(sorted(result.findings, key=_place))),
    )


def _place(finding: Finding) -> tuple[str, int]:
    return (finding.origin.path, finding.origin.line or 0) if finding.origin else ("", 0)


def _few(findings: Sequence[Finding], most: int = 5) -> Iterator[Finding]:
    """A fault of the template is one of every row: the first few tell it, the others are counted."""
    counts: dict[str, int] = {}
    for one in findings:
        what = _without_number(one.message)
        counts[what] = counts.get(what, 0) + 1
        if counts[what] <= most:
            yield one
    for what, count in counts.items():
        if count > most:
            first = next(one for one in findings if _without_number(one.message) == what)
            yield replace(first, message=f"{count - most} more rows: {what}", origin=None)


def _without_number(message: str) -> str:
    first, _, rest = message.partition(": ")
    return rest if first.startswith("row ") and rest else message


def _prune(root: Path, vanished: Sequence[str], state: _State, collection: dict[str, bytes] | None, ask: Ask) -> list[str]:
    pruned = []
    for name in vanished:
        here = _standing(root, name, collection)
        if here is not None and digest_of(here)[:_SHORT] != state.briefs[name][1] and not ask.overwrite:
            continue
        pruned.append(name)
        if ask.dry_run:
            continue
        del state.briefs[name]
        if collection is not None:
            collection.pop(name, None)
        else:
            (root / "briefs" / f"{name}.yaml").unlink(missing_ok=True)
    return pruned


def _standing(root: Path, name: str, collection: dict[str, bytes] | None) -> bytes | None:
    """The brief as it stands, None where there is none."""
    if collection is not None:
        return collection.get(name)
    try:
        return (root / "briefs" / f"{name}.yaml").read_bytes()
    except FileNotFoundError:
        return None


def _text_of(name: str, values: Mapping[str, Json], template: Template, line: bool) -> bytes:
    if line:
        return json.dumps({"id": name, **values}, ensure_ascii=False).encode()
    from yaml12 import format_yaml

    told = (
        f"# From the feed `{template.name}` by `aibild briefs import`. A file that was edited is left alone by later imports.\n"
    )
    return (told + format_yaml(dict(values))).rstrip("\n").encode() + b"\n"


def _put(root: Path, name: str, data: bytes, collection: dict[str, bytes] | None) -> None:
    if collection is not None:
        collection[name] = data
        return
    try:
        write_atomic(root / "briefs" / f"{name}.yaml", data)
    except OSError as error:
        raise OutputError(f"cannot write briefs/{name}.yaml: {error.strerror}") from error


def _read_collection(root: Path, template: Template) -> dict[str, bytes]:
    lines: dict[str, bytes] = {}
    place = root / "briefs" / f"{template.name}.jsonl"
    for line in place.read_bytes().splitlines() if place.is_file() else ():
        try:
            lines[str(json.loads(line)["id"])] = line
        except (ValueError, KeyError, TypeError) as error:
            message = "expected one JSON object a line with its id, got something else"
            raise SourceError(
                (fatal("source-syntax", message, f"briefs/{place.name}", hint="mend it, or delete the file"),)
            ) from error
    return lines


def _put_collection(root: Path, template: Template, collection: Mapping[str, bytes]) -> None:
    place = root / "briefs" / f"{template.name}.jsonl"
    data = b"".join(collection[name] + b"\n" for name in sorted(collection))
    try:
        if data or place.exists():
            write_atomic(place, data)
    except OSError as error:
        raise OutputError(f"cannot write briefs/{place.name}: {error.strerror}") from error


def _row_digest(row: Row) -> str:
    try:
        return key_of(row.values)[:_SHORT]
    except ValueError:  # numbers that JSON cannot carry everywhere
        return digest_of(json.dumps(row.values, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))[:_SHORT]


def _read_state(root: Path, name: str) -> _State:
    place = root / FOLDER / f"{name}.state.json"
    try:
        found: Any = json.loads(place.read_bytes())
        briefs = {str(key): [str(one) for one in value] for key, value in found["briefs"].items() if len(value) == 2}
        pictures = {
            str(key): {"file": str(value["file"]), "etag": str(value["etag"])} for key, value in found["pictures"].items()
        }
        return _State(template=str(found["template"]), briefs=briefs, pictures=pictures)
    except FileNotFoundError:
        return _State()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        path = f"{FOLDER}/{place.name}"
        message = "expected what an import has written, got something else"
        hint = "restore it from version control; without it every brief is taken for edited"
        raise SourceError((fatal("source-syntax", message, path, hint=hint),)) from error


def _save(root: Path, name: str, state: _State) -> None:
    table = {"schema": 1, "template": state.template, "briefs": state.briefs, "pictures": state.pictures}
    try:
        write_atomic(root / FOLDER / f"{name}.state.json", (json.dumps(table, indent=0, sort_keys=True) + "\n").encode())
    except OSError as error:
        raise OutputError(f"cannot write {FOLDER}/{name}.state.json: {error.strerror}") from error
