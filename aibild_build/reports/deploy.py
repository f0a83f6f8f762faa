"""A deploy as lines and as one JSON object: the plan, what was done, what readers see now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..deploy import Change, Shipped, Verified
from ..model import Finding, Json
from ..wire import to_json
from .text import size

SCHEMA = 1


def plan_lines(done: Shipped) -> Iterator[str]:
    """One line a file: reason, path, bytes and what is sent with it."""
    width = max((len(change.reason.value) for change in done.changes), default=0)
    for change in done.changes:
        yield f"{change.reason.value:<{width}}  {change.path}{_sent(change)}"


def _sent(change: Change) -> str:
    if change.row is None:
        return ""
    headers = change.row.headers
    parts = [headers.content_type, headers.cache_control, headers.content_encoding and f"encoded {headers.content_encoding}"]
    told = "; ".join(part for part in parts if part)
    return f"  {size(change.bytes) if change.bytes else 'compressed'}" + (f"  {told}" if told else "")


def shipped_lines(done: Shipped | None, seen: Verified | None, *, planned: bool) -> Iterator[str]:
    """What a person wants to know at the end."""
    if done is not None:
        yield from _done_lines(done, planned=planned)
    if seen is not None and not seen.looked:
        yield f"verified nothing: {seen.base_url} does not answer"
    elif seen is not None:
        yield (
            f"verified {seen.looked} of {seen.files} files through {seen.base_url}: {seen.protocol or 'unknown protocol'}, "
            f"pages {seen.encoding or 'not compressed'}, first byte after {seen.ttfb_ms:.0f} ms (median), "
            f"{seen.hits} of {seen.looked} from a cache"
        )


def _done_lines(done: Shipped, *, planned: bool) -> Iterator[str]:
    counts = Counter(change.reason.value for change in done.changes)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    if not done.changes and (not done.release or done.release == done.previous):
        yield f"{done.target}: nothing to do, {done.files} files are there" + (f" ({done.release})" if done.release else "")
        return
    if planned:
        yield f"{done.target}: would change {told or 'nothing'}"
        return
    yield f"{done.target}: {told or 'nothing differs'}; sent {done.sent} files, {size(done.sent_bytes)}"
    if done.release:
        yield f"release {done.release} is shown" + (f"; `aibild rollback {done.previous}` goes back" if done.previous else "")


def shipped_object(done: Shipped | None, seen: Verified | None, findings: Sequence[Finding], *, planned: bool) -> dict[str, Json]:
    """What `--json` prints."""
    told: dict[str, Json] = {"schema": SCHEMA, "planned": planned, "findings": [to_json(one) for one in findings]}
    if done is not None:
        told |= {
            "target": done.target,
            "release": done.release,
            "previous": done.previous,
            "changes": [_change(change) for change in done.changes],
            "sent": done.sent,
            "sent_bytes": done.sent_bytes,
            "files": done.files,
            "purge": list(done.purge),
        }
    if seen is not None:
        told["verified"] = {name: value for name, value in to_json(seen).items() if name != "findings"}
    return told


def _change(change: Change) -> dict[str, Json]:
    told: dict[str, Json] = {"path": change.path, "reason": change.reason.value, "bytes": change.bytes}
    if change.row is not None:
        told["digest"] = change.row.digest
        told["headers"] = {name: value for name, value in to_json(change.row.headers).items() if value}
    return told
