"""Lines for a terminal or a log: findings, a plan, what a build did, why something differs.

Readable without colour; a caller that has colour may style the first word of a line. Every line stands for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import category

from ..model import Finding, Json, Level, Plan, Report, Tally, Work

_ORDER = (Level.FATAL, Level.ERROR, Level.WARNING, Level.NOTE)


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """`path:line: level: message [rule]`, hints on lines of their own; sorted by place. Fatal findings are called errors."""
    for finding in sorted(findings, key=_place):
        where = f"{finding.origin}: " if finding.origin else f"{finding.subject}: " if finding.subject else ""
        level = "error" if finding.level is Level.FATAL else finding.level.value
        yield printable(f"{where}{level}: {finding.message} [{finding.rule}]")
        if finding.hint:
            yield printable(f"  hint: {finding.hint}")


def printable(text: str) -> str:
    """One line that a terminal shows as it is: control characters, line breaks and turns of direction are written out."""
    if text.isprintable():
        return text
    shown = (letter if letter.isprintable() or category(letter) == "Zs" else ascii(letter)[1:-1] for letter in text)
    return "".join(shown)


def _place(finding: Finding) -> tuple[str, int, str]:
    """What is wrong with one line stays in the order in which it was found."""
    origin = finding.origin
    return (origin.path, origin.line or 0, "") if origin else ("", 0, finding.subject)


def annotation_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """GitHub workflow commands, so that findings show beside the lines they are about."""
    for finding in findings:
        kind = {Level.FATAL: "error", Level.ERROR: "error", Level.WARNING: "warning"}.get(finding.level, "notice")
        place = f" file={finding.origin.path},line={finding.origin.line or 1}," if finding.origin else " "
        message = finding.message.replace("%", "%25").replace("\n", "%0A")
        yield f"::{kind}{place}title={finding.rule}::{message}"


def plan_lines(plan: Plan, *, details: bool) -> Iterator[str]:
    """What would be made and why. Without `details` the work on files is counted by picture and reason."""
    for work in plan.work:
        if work.kind == "picture" or details:
            yield _work_line(work)
    yield from _by_brief(plan.work)
    if not details:
        yield from _counted(plan.work)
    for line in plan.blocked:
        yield f"blocked    {line}"
    making = {work.subject for work in plan.work if work.kind == "picture"}
    for subject in plan.unlocked:
        if subject not in making:
            yield f"unpinned   {subject}: the store has it, a build pins it in aibild.lock"
    yield ""
    yield f"to make: {_tally(plan.made)} · there: {_tally(plan.reused)}"
    if plan.work:
        unknown = f", {plan.unknown} of unknown cost" if plan.unknown else ""
        credits = f", {plan.credits:g} credits" if plan.credits else ""
        yield f"expected: {duration(plan.seconds)} on one core{credits}{unknown}"
    else:
        yield "nothing to make"


def _by_brief(works: Iterable[Work]) -> Iterator[str]:
    """What the pictures of a brief take together, where it has several."""
    briefs: dict[str, list[Work]] = {}
    for work in works:
        if work.kind == "picture":
            briefs.setdefault(work.subject.partition(" ")[0], []).append(work)
    for brief, own in briefs.items():
        if len(own) > 1:
            seconds = sum(work.cost.seconds or 0.0 for work in own)
            yield f"{'brief':<10} {brief}  {len(own)} pictures  ~{duration(seconds)}"


def _work_line(work: Work) -> str:
    basis = f", {work.cost.basis}" if work.cost.basis else ""
    cost = "" if work.cost.seconds is None else f"  ~{duration(work.cost.seconds)}{basis}"
    detail = f": {work.detail}" if work.detail else ""
    return f"{work.kind:<10} {work.subject}  {work.reason.value}{detail}{cost}"


def _counted(works: Iterable[Work]) -> Iterator[str]:
    files: Counter[tuple[str, str]] = Counter()
    pages: Counter[str] = Counter()
    for work in works:
        if work.kind == "rendition":
            files[work.subject.rpartition("-")[0], work.reason.value] += 1
        elif work.kind == "page":
            pages[work.reason.value] += 1
    for (slug, reason), count in sorted(files.items()):
        yield f"rendition  {slug}  {_count(count, 'file')}, {reason}"
    for reason, count in sorted(pages.items()):
        yield f"page       {_count(count, 'page')}, {reason}"


def report_lines(report: Report) -> Iterator[str]:
    """What a build did, in two lines."""
    words = f", {_count(report.embedded, 'file')} with new words" if report.embedded else ""
    words += f", {_count(report.signed, 'file')} signed" if report.signed else ""
    words += f", {_count(report.improvable, 'file')} to improve" if report.improvable else ""
    yield f"made {_tally(report.made)}{words}; reused {_tally(report.reused)}"
    if not report.folder:
        yield f"a share of the site, for a build after all shares to write; {duration(report.seconds)}"
        return
    changed = f"{report.written} written, {report.removed} removed" if report.written or report.removed else "untouched"
    yield f"{report.folder}: {_count(report.outputs, 'file')}, {size(report.bytes)}, {changed}; {duration(report.seconds)}"


def difference_line(name: str, before: Json, now: Json) -> str:
    """A field: before and now; or, where before is not known, what it is now."""
    return f"  {name}: {_value(now)}" if before is None else f"  {name}: {_value(before)} → {_value(now)}"


def _value(value: Json) -> str:
    text = "(absent)" if value is None else str(value)
    return text if len(text) <= 72 else text[:69] + "…"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(count: float) -> str:
    """Bytes in binary units."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError


def _tally(tally: Tally) -> str:
    return f"{_count(tally.picture, 'picture')}, {_count(tally.rendition, 'file')}, {_count(tally.page, 'page')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def worst(findings: Sequence[Finding]) -> Level:
    """The gravest level among them, `OFF` when there are none."""
    return next((level for level in _ORDER if any(finding.level is level for finding in findings)), Level.OFF)
