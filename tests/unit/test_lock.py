from __future__ import annotations

import json

import pytest

from aibild_build.lock import Lock, LockState, Pin, Pinned, compare, read_lock, write_lock
from aibild_build.model import Approval

ONE = Pin(recipe="a" * 64, pixels="b" * 64, engine="sketch", seed=1, size=(2400, 1350), made="2026-11-23")
TWO = Pin(
    recipe="c" * 64,
    pixels="d" * 64,
    engine="sdxl",
    seed=2,
    size=(1344, 768),
    made="2026-11-24",
    model="base",
    scores={"clip": 0.31},
)
YES = Approval(who="Ada", role="art", when="2026-11-25", pixels="d" * 64)
LOCK = Lock(models={"base": {"fingerprint": "x"}}).pin("quay", "master", Pinned(pick=1, candidates=(ONE, TWO), approvals=(YES,)))


def test_what_is_written_is_read_back() -> None:
    for lock in (
        Lock(),
        LOCK,
        LOCK.pin("quay", "4:5", Pinned(pick=0, candidates=(ONE,))).pin("aft", "master", Pinned(pick=0, candidates=(TWO,))),
    ):
        text = write_lock(lock)
        json.loads(text)
        assert read_lock(text) == (lock, ())
        assert write_lock(read_lock(text)[0]) == text


def test_variants_stand_below_their_brief() -> None:
    other = Pinned(pick=0, candidates=(ONE,))
    lock = LOCK.pin("quay@warm", "master", other).pin("quay@warm", "4:5", other).pin("quay@cold", "master", other)
    lock = lock.pin("file:site/a@2x.png", "master", other).pin("only@one", "master", other)
    text = write_lock(lock)
    value = json.loads(text)
    assert set(value["briefs"]) == {"quay", "only", "file:site/a@2x.png"}
    assert {name: list(entry["assets"]) for name, entry in value["briefs"]["quay"]["variants"].items()} == {
        "cold": ["master"],
        "warm": ["4:5", "master"],
    }
    assert read_lock(text) == (lock, ())


def test_no_file_is_an_empty_lock() -> None:
    assert read_lock(None) == (Lock(), ())


def test_one_candidate_a_line_sorted() -> None:
    text = write_lock(LOCK.pin("aft", "master", Pinned(pick=0, candidates=(ONE,))))
    assert text.index('"aft"') < text.index('"quay"')
    rows = [line for line in text.splitlines() if '"recipe"' in line]
    assert len(rows) == 3
    changed = write_lock(LOCK.pin("aft", "master", Pinned(pick=0, candidates=(TWO,))))
    assert sum(a != b for a, b in zip(text.splitlines(), changed.splitlines(), strict=True)) == 1


def test_only_keeps_what_is_named() -> None:
    lock = LOCK.pin("quay", "4:5", Pinned(pick=0, candidates=(ONE,))).pin("gone", "master", Pinned(pick=0, candidates=(ONE,)))
    kept = lock.only({"quay": ("master",), "new": ("master",)})
    assert {brief: list(pins) for brief, pins in kept.briefs.items()} == {"quay": ["master"]}
    assert kept.models == LOCK.models


def test_compare() -> None:
    pinned = LOCK.pinned("quay", "master")
    assert compare(pinned, [ONE.recipe, TWO.recipe]) is LockState.EQUAL
    assert compare(pinned, [TWO.recipe, ONE.recipe]) is LockState.EQUAL
    assert compare(pinned, [ONE.recipe]) is LockState.DIFFERS
    assert compare(None, [ONE.recipe]) is LockState.ABSENT


BAD = {
    "too many brackets": ("[" * 100_000, "expected JSON, got too many brackets"),
    "a number of thousands of digits": ('{"schema": ' + "9" * 5000 + "}", "expected JSON, got a number"),
    "no number": ('{"schema": 1, "models": {"a": NaN}}', "expected JSON, got NaN"),
    "both sides of a merge": ('{"schema": 1, "briefs": {"quay": {}, "quay": {}}}', "expected `quay` once, got it again"),
    "a day that is none": (
        write_lock(LOCK).replace('"made":"2026', '"made":"XXVI'),
        "expected `made` of a candidate of `quay` as day",
    ),
    "an approval of numbers": (write_lock(LOCK).replace('"role":"', '"role":4,"x":"'), "expected approvals of `quay`"),
    "not json": ("{", "expected JSON"),
    "a merge": (write_lock(LOCK).replace(' "models"', '<<<<<<< ours\n "models"'), "expected JSON"),
    "a list": ("[]", "expected a table, got []"),
    "another schema": ('{"schema": 2}', "expected schema 1, got 2"),
    "a pick beyond": (write_lock(LOCK).replace('"pick": 1', '"pick": 5'), "expected pick of `quay` as 0–1, got 5"),
    "no candidates": (
        '{"schema":1,"briefs":{"quay":{"assets":{"master":{"pick":0,"candidates":[]}}}}}',
        "expected candidates of `quay`",
    ),
    "a short digest": (
        write_lock(LOCK).replace("b" * 64, "b" * 60),
        "expected `pixels` of a candidate of `quay` as 64 hexadecimal digits",
    ),
    "a seed as text": (
        write_lock(LOCK).replace('"seed":1,', '"seed":"1",'),
        "expected `seed` of a candidate of `quay` as whole number",
    ),
    "an unknown approval": (
        write_lock(LOCK).replace('"who"', '"whom"'),
        "expected approvals of `quay` as a list of tables with who",
    ),
    "a size of one": (
        write_lock(LOCK).replace("[2400,1350]", "[2400]"),
        "expected `size` of a candidate of `quay` as two whole numbers",
    ),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_a_bad_lock_is_a_fatal_finding_with_its_line(case: str) -> None:
    text, message = BAD[case]
    lock, findings = read_lock(text)
    assert lock == Lock()
    assert findings[0].rule == "source-lock" and findings[0].level.value == "fatal"
    assert message in findings[0].message
    assert findings[0].origin is not None and findings[0].origin.path == "aibild.lock"
