"""Each condition of an approval rule, met and not met, and who counts for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aibild_build.config import ApprovalRule, Approvals
from aibild_build.lock import Pin, Pinned
from aibild_build.model import Approval, Brief, Origin, Outcome, Rejection
from aibild_build.plan.approvals import applies, lacking, roles_of

A, B = "a" * 64, "b" * 64
BRIEF = Brief(id="spring/quay", origin=Origin(path="briefs/quay.yaml"), engine="sdxl", tags=("people", "sea"))
PIN = Pin(recipe=A, pixels=A, engine="sdxl", seed=1, size=(640, 360), made="2026-11-23")
PEOPLE = {"ada@x": ("art",), "grace@x": ("art", "legal"), "Linus": ("art",)}


def yes(who: str, role: str = "art", pixels: str = A) -> Approval:
    return Approval(who=who, role=role, when="2026-11-23T10:00:00Z", pixels=pixels)


def lacks(*rules: ApprovalRule, said: tuple[Approval, ...] = (), **asked: object) -> tuple[str, ...]:
    approvals = Approvals(people=PEOPLE, rules=rules)
    return lacking(approvals, BRIEF, Pinned(pick=0, candidates=(PIN,), approvals=said), A, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (ApprovalRule(), True),
        (ApprovalRule(briefs=("spring/*",)), True),
        (ApprovalRule(briefs=("autumn/*", "spring/quay")), True),
        (ApprovalRule(briefs=("autumn/*",)), False),
        (ApprovalRule(engines=("sdxl", "openai")), True),
        (ApprovalRule(engines=("sketch",)), False),
        (ApprovalRule(outcomes=("review",)), True),
        (ApprovalRule(outcomes=("pass",)), False),
        (ApprovalRule(slots=("hero", "share")), True),
        (ApprovalRule(slots=("share",)), False),
        (ApprovalRule(tags=("people",)), True),
        (ApprovalRule(tags=("children",)), False),
        (ApprovalRule(topics=("health",)), True),
        (ApprovalRule(topics=("politics",)), False),
        (ApprovalRule(tags=("people",), slots=("hero",), engines=("sdxl",)), True),
        (ApprovalRule(tags=("people",), slots=("share",), engines=("sdxl",)), False),
    ],
)
def test_a_rule_holds_where_all_its_conditions_are_met(rule: ApprovalRule, fits: bool) -> None:
    assert applies(rule, BRIEF, slots=("hero", "card"), outcome=Outcome.REVIEW, topics=("health",)) is fits


def test_without_rules_nothing_is_needed_but_where_a_gate_asks() -> None:
    assert lacks() == ()
    assert lacks(outcome=Outcome.REVIEW) == ("needs 1 approval, has 0 (gates say review)",)
    assert lacks(outcome=Outcome.REVIEW, said=(yes("Linus"),)) == ()
    own = ApprovalRule(role="legal", outcomes=("review",))
    assert lacks(own, outcome=Outcome.REVIEW, said=(yes("Linus"),)) == ("needs 1 approval by legal, has 0 (gates say review)",)


def test_a_role_is_counted_in_different_people_who_hold_it() -> None:
    two = ApprovalRule(role="art", count=2)
    assert lacks(two) == ("needs 2 approvals by art, has 0",)
    assert lacks(two, said=(yes("Ada <ada@x>"),)) == ("needs 2 approvals by art, has 1",)
    assert lacks(two, said=(yes("Ada <ada@x>"), yes("Ada <ada@x>"))) == ("needs 2 approvals by art, has 1",)
    assert lacks(two, said=(yes("Ada <ada@x>"), yes("Eve <eve@x>"))) == ("needs 2 approvals by art, has 1",)
    assert lacks(two, said=(yes("Ada <ada@x>"), yes("Grace <grace@x>", "legal"))) == ("needs 2 approvals by art, has 1",)
    assert lacks(two, said=(yes("Ada <ada@x>"), yes("Grace <grace@x>"))) == ()


def test_each_rule_asks_for_itself() -> None:
    rules = (ApprovalRule(role="art"), ApprovalRule(role="legal", tags=("people",)))
    assert lacks(*rules, said=(yes("Ada <ada@x>"),)) == ("needs 1 approval by legal, has 0 (tag people)",)
    assert lacks(*rules, said=(yes("Ada <ada@x>"), yes("Grace <grace@x>", "legal"))) == ()


def test_other_pixels_have_no_approval() -> None:
    assert lacks(ApprovalRule(role="art"), said=(yes("Ada <ada@x>", pixels=B),)) == ("needs 1 approval by art, has 0",)


def test_a_no_that_stands_is_lacking_whoever_said_yes() -> None:
    no = Rejection(who="Ada <ada@x>", role="art", when="", pixels=A, reason="too dark")
    pinned = Pinned(pick=0, candidates=(PIN,), approvals=(yes("Grace <grace@x>"),), rejections=(no,))
    assert lacking(Approvals(), BRIEF, pinned, A) == ("rejected by Ada <ada@x>: too dark",)
    assert lacking(Approvals(), BRIEF, replace(pinned, rejections=(replace(no, pixels=B),)), A) == ()


def test_topics_of_guards_bring_roles_of_their_own() -> None:
    topics, approvers = ("health",), {"health": ("legal", "medical")}
    assert lacks(topics=topics, approvers=approvers) == (
        "needs 1 approval by legal, has 0 (topic health)",
        "needs 1 approval by medical, has 0 (topic health)",
    )
    said = (yes("Grace <grace@x>", "legal"),)
    assert lacks(said=said, topics=topics, approvers=approvers) == ("needs 1 approval by medical, has 0 (topic health)",)


def test_without_people_anybody_counts_in_the_role_they_name() -> None:
    pinned = Pinned(pick=0, candidates=(PIN,), approvals=(yes("Eve <eve@x>"),))
    assert lacking(Approvals(rules=(ApprovalRule(role="art"),)), BRIEF, pinned, A) == ()
    assert lacking(Approvals(rules=(ApprovalRule(role="legal"),)), BRIEF, pinned, A) != ()


@pytest.mark.parametrize(
    ("who", "roles"),
    [
        ("Ada Lovelace <ada@x>", ("art",)),
        ("Ada Lovelace <ADA@X>", ("art",)),
        ("Linus", ("art",)),
        ("Linus <linus@elsewhere>", ()),
        ("ada@x", ("art",)),
        ("", ()),
        ("Grace <grace@x>", ("art", "legal")),
    ],
)
def test_people_are_found_by_address_and_by_a_bare_name_only(who: str, roles: tuple[str, ...]) -> None:
    assert roles_of(PEOPLE, who) == roles
