"""People's decisions on a lock: each goes from a lock to a lock, and none stands on other pixels than it was given for."""

from __future__ import annotations

import json

import pytest

from aibild_build.errors import DecisionError
from aibild_build.lock import (
    Lock,
    Pin,
    Pinned,
    approve,
    merge,
    pick,
    read_lock,
    reinstate,
    reject,
    retract,
    retracted,
    withdraw,
    write_lock,
)

A, B, C = "a" * 64, "b" * 64, "c" * 64
WHEN = "2026-11-23T10:00:00Z"


def pin(pixels: str) -> Pin:
    return Pin(recipe=pixels[::-1], pixels=pixels, engine="flat", seed=1, size=(640, 360), made="2026-11-23")


LOCK = (
    Lock()
    .pin("quay", "master", Pinned(pick=0, candidates=(pin(A), pin(B))))
    .pin("boat", "master", Pinned(pick=0, candidates=(pin(C),)))
)


def approved(lock: Lock, pixels: str = A, who: str = "Ada <ada@x>", role: str = "art") -> Lock:
    return approve(lock, "quay", "master", pixels, who=who, role=role, when=WHEN)


def rejected(lock: Lock, who: str = "Ada <ada@x>", reason: str = "too dark") -> Lock:
    return reject(lock, "quay", "master", A, who=who, role="art", when=WHEN, reason=reason)


def quay(lock: Lock) -> Pinned:
    pinned = lock.pinned("quay", "master")
    assert pinned is not None
    return pinned


def test_an_approval_is_of_pixels_and_is_written_once() -> None:
    lock = approved(LOCK)
    assert [(one.who, one.role, one.when, one.pixels) for one in quay(lock).approvals] == [("Ada <ada@x>", "art", WHEN, A)]
    assert approved(lock) is lock
    assert len(quay(approved(lock, role="legal")).approvals) == 2
    assert len(quay(approved(lock, B)).approvals) == 2


def test_every_decision_survives_the_file_one_row_a_line() -> None:
    lock = retract(rejected(approved(approved(LOCK, B), B, who="Bo")), C, who="Ada", when=WHEN, reason="licence", brief="boat")
    text = write_lock(lock)
    assert read_lock(text) == (lock, ())
    assert write_lock(read_lock(text)[0]) == text
    assert [line.count('"who"') for line in text.splitlines() if '"who"' in line] == [1, 1, 1, 1]
    assert json.loads(text)["retracted"][C]["brief"] == "boat"


def test_a_lock_without_decisions_is_written_as_it_always_was() -> None:
    text = write_lock(LOCK)
    assert "rejections" not in text
    assert "retracted" not in text
    assert "audit" not in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"reason":"too dark"', '"reason":4', "a rejection of `quay`: reason: expected"),
        ('"pixels":"cccc', '"pixels":"dddd', "expected a retraction under its pixels"),
        ('"master": {"pick": 0', '"master": {"audit": "x", "pick": 0', "expected `audit` of"),
    ],
)
def test_a_damaged_decision_is_told_with_its_line(old: str, new: str, said: str) -> None:
    text = write_lock(retract(rejected(LOCK), C, who="Ada", when=WHEN, reason="licence"))
    at = text.rindex(old)
    _, findings = read_lock(text[:at] + new + text[at + len(old) :])
    assert said in findings[0].message
    assert findings[0].origin is not None
    assert findings[0].origin.line


def test_a_yes_takes_the_place_of_ones_own_no_and_the_other_way_round() -> None:
    assert quay(approved(rejected(LOCK))).rejections == ()
    assert quay(rejected(approved(LOCK))).approvals == ()
    both = approved(rejected(LOCK), who="Bo")
    assert (len(quay(both).approvals), len(quay(both).rejections)) == (1, 1), "another's no stands"


def test_who_takes_back_takes_back_their_own() -> None:
    assert quay(withdraw(approved(LOCK), "quay", "master", A, who="Ada <ada@x>")).approvals == ()
    assert quay(withdraw(rejected(LOCK), "quay", "master", A, who="Ada <ada@x>")).rejections == ()
    with pytest.raises(DecisionError, match="nothing that Bo said") as caught:
        withdraw(approved(LOCK), "quay", "master", A, who="Bo")
    assert caught.value.hint == "approved or rejected by Ada <ada@x>"


def test_what_cannot_be_decided_says_so() -> None:
    with pytest.raises(DecisionError, match="the lock has no `gull`"):
        approve(LOCK, "gull", "master", A, who="Ada", role="", when=WHEN)
    with pytest.raises(DecisionError, match=r"`quay` has no candidate with pixels cccccccccccc"):
        approved(LOCK, C)
    with pytest.raises(DecisionError, match="without a reason"):
        rejected(LOCK, reason=" ")
    with pytest.raises(DecisionError, match="needs a reason"):
        retract(LOCK, A, who="Ada", when=WHEN, reason="")
    barred = retract(LOCK, A, who="Ada", when=WHEN, reason="a lawyer called")
    for decide in (approved, lambda lock: pick(lock, "quay", "master", A)):
        with pytest.raises(DecisionError, match="was retracted: a lawyer called"):
            decide(barred)
    with pytest.raises(DecisionError, match="is not retracted"):
        reinstate(LOCK, A)


def test_a_pick_is_of_pixels() -> None:
    assert quay(pick(LOCK, "quay", "master", B)).picked.pixels == B
    assert pick(LOCK, "quay", "master", A) is LOCK


def test_a_retraction_takes_approvals_with_it_and_lifting_it_does_not_bring_them_back() -> None:
    barred = retract(approved(approved(LOCK), B), A, who="Ada", when=WHEN, reason="licence")
    assert retracted(barred) == {A}
    assert [one.pixels for one in quay(barred).approvals] == [B]
    assert retracted(reinstate(barred, A)) == frozenset()
    assert [one.pixels for one in quay(reinstate(barred, A)).approvals] == [B]
    assert retract(barred, A, who="Bo", when=WHEN, reason="again") is barred


def test_what_people_decide_while_a_build_runs_is_kept() -> None:
    built = LOCK.pin("quay", "master", Pinned(pick=0, candidates=(pin(B),))).pin(
        "gull", "master", Pinned(pick=0, candidates=(pin(A),))
    )
    meanwhile = approved(approved(LOCK), B)
    meanwhile = approve(meanwhile, "boat", "master", C, who="Ada", role="art", when=WHEN)
    meanwhile = retract(meanwhile, "d" * 64, who="Ada", when=WHEN, reason="licence")
    merged = merge(LOCK, built, meanwhile)
    assert quay(merged).candidates == (pin(B),)
    assert [one.pixels for one in quay(merged).approvals] == [B], "the approval of pixels that are gone is void"
    assert len(merged.briefs["boat"]["master"].approvals) == 1
    assert set(merged.briefs) == {"quay", "boat", "gull"}
    assert retracted(merged) == {"d" * 64}
    assert merge(LOCK, built, LOCK) is built
    assert merge(LOCK, LOCK, meanwhile) == meanwhile
