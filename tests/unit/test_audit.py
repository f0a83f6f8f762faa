"""The trail: every tampering is found, every merge is taken, and what a crash tore is repaired."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aibild_build.audit import TRAIL_FILE, Entry, Event, Seen, append, entry, read_trail
from aibild_build.model import Actor, Finding, Level

ADA = Actor(who="Ada <ada@x>", source="git", when="2026-11-23T10:00:00Z")


def event(brief: str) -> Entry:
    return entry(Event.APPROVED, ADA, brief=brief, asset="master", pictures=(Seen(pixels="a" * 64, seed=4),), role="art")


def trail(root: Path, *briefs: str) -> list[str]:
    append(root, [event(brief) for brief in briefs])
    return (root / TRAIL_FILE).read_text().splitlines()


def faults(lines: list[str], end: str = "\n") -> list[tuple[str, int | None]]:
    return [said(one) for one in read_trail("\n".join(lines) + end)[1]]


def said(finding: Finding) -> tuple[str, int | None]:
    assert finding.origin is not None
    return finding.rule, finding.origin.line


def test_lines_follow_each_other_and_are_read_back(tmp_path: Path) -> None:
    lines = trail(tmp_path, "quay", "boat")
    trail(tmp_path, "gull")
    text = (tmp_path / TRAIL_FILE).read_text()
    assert text.splitlines()[:2] == lines, "what stands is never written again"
    found, findings = read_trail(text)
    assert findings == ()
    assert [one.brief for one in found.entries] == ["quay", "boat", "gull"]
    assert found.entries[0].follows == ()
    assert [one.follows for one in found.entries[1:]] == [(one.hash,) for one in found.entries[:2]]
    assert found.heads == (found.entries[2].hash,)
    assert found.entries[0].pictures == (Seen(pixels="a" * 64, seed=4),)


def test_nothing_to_tell_touches_nothing(tmp_path: Path) -> None:
    assert append(tmp_path, []) == ()
    assert list(tmp_path.iterdir()) == []
    assert read_trail("")[1] == ()


def test_a_changed_line_is_found(tmp_path: Path) -> None:
    lines = trail(tmp_path, "quay", "boat", "gull")
    lines[1] = lines[1].replace("ada@x", "eve@x")
    assert faults(lines) == [("audit-changed", 2)]


def test_a_changed_line_with_a_hash_of_its_own_is_missed_by_the_next(tmp_path: Path) -> None:
    lines = trail(tmp_path, "quay", "boat", "gull")
    (tmp_path / "other").mkdir()
    forged = trail(tmp_path / "other", "quay", "quack")
    assert faults([lines[0], forged[1], lines[2]]) == [("audit-missing", 3)]


def test_a_dropped_line_is_found(tmp_path: Path) -> None:
    lines = trail(tmp_path, "quay", "boat", "gull")
    assert faults([lines[0], lines[2]]) == [("audit-missing", 2)]
    assert faults(lines[1:]) == [("audit-missing", 1)], "the first one too"


def test_a_reparented_line_is_found(tmp_path: Path) -> None:
    lines = trail(tmp_path, "quay", "boat", "gull")
    row = json.loads(lines[2])
    row["follows"] = json.loads(lines[1])["follows"]
    lines[2] = json.dumps(row, sort_keys=True, separators=(",", ":"))
    assert faults(lines) == [("audit-changed", 3)]


def test_an_exact_double_is_a_warning(tmp_path: Path) -> None:
    lines = trail(tmp_path, "quay", "boat")
    found, findings = read_trail("\n".join([*lines, lines[0]]) + "\n")
    assert [(said(one), one.level) for one in findings] == [(("audit-duplicate", 3), Level.WARNING)]
    assert len(found.entries) == 2


@pytest.mark.parametrize(
    "row",
    ["<<<<<<< ours", "", "[]", "{}", "null", '{"event":"blessed","schema":1}', "[" * 100_000],
)
def test_what_is_no_line_is_told(tmp_path: Path, row: str) -> None:
    assert faults([*trail(tmp_path, "quay"), row]) == [("audit-line", 2)]


def test_a_line_that_is_not_canonical_is_no_line(tmp_path: Path) -> None:
    lines = trail(tmp_path, "quay")
    assert faults([json.dumps(json.loads(lines[0]))]) == [("audit-line", 1)]
    assert faults([lines[0] + "\r", lines[0]])[0][0] == "audit-duplicate", "line ends of Windows change no hash"


def test_two_branches_merge_in_any_order_and_the_next_line_follows_both(tmp_path: Path) -> None:
    trail(tmp_path, "quay")
    base = (tmp_path / TRAIL_FILE).read_text()
    ours = trail(tmp_path, "boat", "gull")[1:]
    (tmp_path / TRAIL_FILE).write_text(base)
    theirs = trail(tmp_path, "tide")[1:]
    first = base.splitlines()
    for merged in ([*first, *ours, *theirs], [*first, *theirs, *ours], [*theirs, *reversed(ours), *first]):
        (tmp_path / TRAIL_FILE).write_text("\n".join(merged) + "\n")
        found, findings = read_trail((tmp_path / TRAIL_FILE).read_text())
        assert findings == ()
        assert len(found.heads) == 2
        append(tmp_path, [event("both")])
        after, findings = read_trail((tmp_path / TRAIL_FILE).read_text())
        assert findings == ()
        assert after.entries[-1].follows == found.heads
        assert len(after.heads) == 1
    rows = (tmp_path / TRAIL_FILE).read_text().splitlines()
    kept = [row for row in rows if row not in theirs]
    assert [rule for rule, _ in faults(kept)] == ["audit-missing"], "after the next line a dropped branch is found"


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_a_torn_last_line_is_told_and_then_repaired(tmp_path: Path, cut: int) -> None:
    lines = trail(tmp_path, "quay", "boat")
    path = tmp_path / TRAIL_FILE
    path.write_bytes(path.read_bytes()[:-cut])
    _, findings = read_trail(path.read_text())
    assert [(one.rule, one.level) for one in findings] == [("audit-torn", Level.WARNING)]
    append(tmp_path, [event("gull")])
    found, findings = read_trail(path.read_text())
    assert findings == ()
    whole = cut == 1
    assert [one.brief for one in found.entries] == (["quay", "boat", "gull"] if whole else ["quay", "gull"])
    assert path.read_text().splitlines()[0] == lines[0]


def test_bytes_that_are_no_text_are_a_torn_line(tmp_path: Path) -> None:
    trail(tmp_path, "quay")
    with (tmp_path / TRAIL_FILE).open("ab") as file:
        file.write(b'{"asset":"\xff\xfe')
    append(tmp_path, [event("boat")])
    assert read_trail((tmp_path / TRAIL_FILE).read_text())[1] == ()
