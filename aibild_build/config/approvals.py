"""`[approvals]`: who must say yes to which pictures before a frozen build or a deploy takes them.

Takes the table, yields `Approvals`. What a slot, a tag or a topic is, is not known here; an unknown slot is told by the caller.
"""

from __future__ import annotations

import re

from ..source import Fields, shown
from .settings import ApprovalRule, Approvals

OUTCOMES = ("pass", "review")
_ROLE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def read_approvals(table: Fields) -> Approvals:
    """`[approvals.people]` maps an e-mail address or a name to roles; `[[approvals.rules]]` says what needs whom."""
    people = table.fields("people")
    holders: dict[str, tuple[str, ...]] = {}
    for name in people.names():
        roles = people.texts(name)
        for role in roles:
            _check(people, name, role)
        holders[name] = tuple(dict.fromkeys(roles))
    known = {role for roles in holders.values() for role in roles}
    rules = tuple(_rule(one, known) for one in table.each("rules"))
    return Approvals(people=holders, rules=rules, alt_drafts=table.flag("alt_drafts"))


def _rule(table: Fields, known: set[str]) -> ApprovalRule:
    role, count = table.text("role"), table.whole("count", 1, low=1, high=20)
    if role and _check(table, "role", role) and known and role not in known:
        hint = "roles: " + ", ".join(sorted(known))
        table.wrong("role", "role that somebody in [approvals.people] has", rule="source-reference", hint=hint)
    outcomes = table.texts("outcomes")
    for index, outcome in enumerate(outcomes):
        if outcome not in OUTCOMES:
            hint = "what a gate blocks reaches no page, whoever approves it" if outcome == "block" else ""
            table.wrong(("outcomes", index), "one of " + ", ".join(OUTCOMES), hint=hint)
    return ApprovalRule(
        role=role,
        count=count,
        briefs=table.texts("briefs"),
        engines=table.texts("engines"),
        outcomes=outcomes,
        slots=table.texts("slots"),
        tags=table.texts("tags"),
        topics=table.texts("topics"),
        line=table.line(),
    )


def _check(table: Fields, key: str, role: str) -> bool:
    if _ROLE.fullmatch(role):
        return True
    table.tell("source-value", f"expected roles in kebab-case (a–z, 0–9, hyphens), got {shown(role)}", key)
    return False
