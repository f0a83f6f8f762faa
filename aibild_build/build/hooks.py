"""Tells other systems what happened: signed posts, at least once each, in order for each hook.

Takes what the trail was told, puts a letter for each hook into `.aibild/outbox`, and posts what lies there: headers and signature
as Standard Webhooks 1.0 has them (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`). A letter leaves when its
receiver has answered with 2xx, so a crash, a dead network or a hanging receiver costs a repetition and never a letter.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

from ..audit import Entry, Event
from ..canonical import canonical, digest_of
from ..config import STATE_FOLDER, Hook, read_config
from ..disk import write_atomic
from ..errors import OutboundError, OutputError, SourceError
from ..model import Json
from ..source import fatal, nearest_hint
from ..wire import from_json, to_json
from .outside import Outside

OUTBOX = "outbox"
FAILED = "failed"
_TYPES = {
    Event.GENERATED: "picture.generated",
    Event.REPINNED: "picture.generated",
    Event.PICKED: "picture.picked",
    Event.APPROVED: "picture.approved",
    Event.REJECTED: "picture.rejected",
    Event.WITHDRAWN: "picture.withdrawn",
    Event.RETRACTED: "picture.retracted",
    Event.REINSTATED: "picture.reinstated",
}
_MOST_ATTEMPTS = 24  # with waits of up to six hours, some four days
_FIRST_WAIT_S, _LONGEST_WAIT_S = 5.0, 6 * 3600.0
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`body` is what is posted, as it was when it happened. `not_before` is seconds since 1970; `trouble` is the last one."""

    id: str
    hook: str
    type: str
    body: str
    attempts: int = 0
    not_before: float = 0.0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a run posted, what waits, what was given up, and for each hook in trouble the last sentence about it."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    troubles: Mapping[str, str] | None = None


def note_events(root: Path, entries: Sequence[Entry], hashes: Sequence[str]) -> None:
    """Letters about lines of the trail, `hashes` being theirs. A project without hooks gets none. Raises OSError."""
    if entries:
        told = ((_TYPES.get(one.event, ""), name, one.when, _data(one)) for one, name in zip(entries, hashes, strict=True))
        _put(root, [row for row in told if row[0]])


def announce(root: Path, type: str, when: str, data: Mapping[str, Json]) -> None:
    """A letter about the site as a whole, `site.built` for instance. Raises OSError."""
    _put(root, [(type, digest_of(canonical({"type": type, "when": when, "at": time_ns() // 1000, "data": data})), when, data)])


def post(root: Path, outside: Outside, *, limit_s: float = 10.0, all_now: bool = False) -> Posted:
    """Post what lies in the outbox and is due, or all of it, until `limit_s` is over. One process posts at a time.

    A hook in trouble keeps its letters in order: the rest of them wait. Raises OutputError when the outbox cannot be written.
    """
    folder, until = root / STATE_FOLDER / OUTBOX, monotonic() + limit_s
    config, _ = read_config(root)
    hooks = {hook.name: hook for hook in config.hooks} if config is not None else {}
    sent = failed = waiting = 0
    troubles: dict[str, str] = {}
    with _turn(folder) as mine:
        for path, letter in _letters(folder):
            if letter.hook in troubles or not mine or monotonic() > until:
                waiting += 1
                continue
            if letter.not_before > outside.wall() and not all_now:
                troubles[letter.hook] = letter.trouble
                waiting += 1
                continue
            trouble = _posted(letter, hooks.get(letter.hook), outside)
            if not trouble:
                path.unlink(missing_ok=True)
                sent += 1
                continue
            troubles[letter.hook] = trouble
            tried = letter.attempts + 1
            wait_s = min(_FIRST_WAIT_S * 2.0**letter.attempts, _LONGEST_WAIT_S)
            later = replace(letter, attempts=tried, not_before=outside.wall() + wait_s, trouble=trouble)
            gone = tried >= _MOST_ATTEMPTS
            failed, waiting = failed + gone, waiting + (not gone)
            _write((folder / FAILED / path.name) if gone else path, later)
            if gone:
                path.unlink(missing_ok=True)
    return Posted(sent=sent, waiting=waiting, failed=failed, troubles=troubles)


def outbox(root: Path) -> tuple[tuple[Letter, ...], tuple[Letter, ...]]:
    """The letters that wait, and those that were given up."""
    folder = root / STATE_FOLDER / OUTBOX
    return tuple(one for _, one in _letters(folder)), tuple(one for _, one in _letters(folder / FAILED))


def retry_failed(root: Path) -> int:
    """Put letters that were given up back into the outbox; how many there were."""
    folder = root / STATE_FOLDER / OUTBOX
    letters = tuple(_letters(folder / FAILED))
    for path, letter in letters:
        _write(folder / path.name, replace(letter, attempts=0, not_before=0.0))
        path.unlink(missing_ok=True)
    return len(letters)


def ping(root: Path, name: str, outside: Outside) -> str:
    """Post a `ping` to one hook; "" when it was received, else what is wrong. Raises SourceError for an unknown hook."""
    config, findings = read_config(root)
    if config is None:
        raise SourceError(findings)
    hooks = {hook.name: hook for hook in config.hooks}
    if name not in hooks:
        hint = nearest_hint(name, hooks) or "hooks are tables [hooks.NAME]"
        raise SourceError((fatal("source-reference", f"there is no hook `{name}`", "aibild.toml", hint=hint),))
    body = json.dumps({"type": "ping", "timestamp": "", "data": {"site": config.base_url}})
    return _posted(Letter(id=digest_of(f"ping {time_ns()}".encode()), hook=name, type="ping", body=body), hooks[name], outside)


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks 1.0). A secret `whsec_…` is base64."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    mac = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def _data(one: Entry) -> Mapping[str, Json]:
    table: Any = to_json(one)
    return {name: value for name, value in table.items() if name not in ("schema", "follows", "hash", "event", "when")}


def _put(root: Path, rows: Sequence[tuple[str, str, str, Mapping[str, Json]]]) -> None:
    config, _ = read_config(root)
    if config is None or not config.hooks:
        return
    at = time_ns()
    for number, (type, id, when, data) in enumerate(rows):
        body = canonical({"type": type, "timestamp": when, "data": {"site": config.base_url, **data}}).decode()
        for hook in config.hooks:
            if type in hook.events:
                name = f"{at:020d}-{number:05d}-{hook.name}.json"
                _write(root / STATE_FOLDER / OUTBOX / name, Letter(id=id, hook=hook.name, type=type, body=body))


def _posted(letter: Letter, hook: Hook | None, outside: Outside) -> str:
    """Post one letter; "" when it was received, else what is wrong."""
    if hook is None:
        return "there is no such hook any more"
    secret = outside.environ.get(hook.secret_env, "").strip()
    if not secret:
        return f"its secret is expected in the environment variable {hook.secret_env}"
    # Opening encrypted connections takes a while to import, and most builds have nothing to post.
    from ..outbound import Limits, Reach, request

    moment, body = int(outside.wall()), letter.body.encode()
    try:
        headers = {
            "Content-Type": "application/json",
            "webhook-id": letter.id,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(secret, letter.id, moment, body),
        }
        limits = Limits(timeout_s=_TIMEOUT_S, max_bytes=1024 * 1024)
        reply = request("POST", hook.url, headers=headers, body=body, reach=Reach(private=hook.private), limits=limits)
    except OutboundError as error:
        return error.message
    except ValueError:
        return f"the secret in {hook.secret_env} begins with whsec_ and is no base64"
    return "" if 200 <= reply.status < 300 else f"answered {reply.status}"


def _letters(folder: Path) -> Iterator[tuple[Path, Letter]]:
    """In the order in which they were written. A file that is no letter is left where it is."""
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            yield path, from_json(Letter, json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            continue


def _write(path: Path, letter: Letter) -> None:
    try:
        write_atomic(path, json.dumps(asdict(letter), ensure_ascii=False).encode(), durable=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def _turn(folder: Path) -> Iterator[bool]:
    """Whether this process may post: another one that is at it has the turn, and takes our letters along."""
    if not folder.is_dir():
        yield False
        return
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)
