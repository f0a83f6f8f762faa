"""Whether a picture is approved enough, by the rules in `[approvals]`.

Pure: takes settings, a brief, what the lock says of it and what the gates said of its pixels; yields what is lacking, one
sentence each. Approvals are bound to pixels, so other pixels have none. Roles are looked up now, not when somebody approved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..config import ApprovalRule, Approvals, path_matches
from ..lock import Pinned
from ..model import Approval, Brief, Outcome
from .reading import Project, uses


def lacking(
    approvals: Approvals,
    brief: Brief,
    pinned: Pinned | None,
    pixels: str,
    *,
    slots: Collection[str] = (),
    outcome: Outcome = Outcome.PASS,
    topics: Collection[str] = (),
) -> tuple[str, ...]:
    """What the picture `pixels` of `brief` lacks before a frozen build may show it in `slots`; nothing when that is enough.

    `outcome` is the worst that any gate said of it, `topics` what prompt guards found. Where a gate asks for a review and no rule
    speaks of that, one approval in any role is needed. A no that stands is lacking too. What a gate blocked is none of this:
    no approval helps it.
    """
    yeses = tuple(one for one in pinned.approvals if one.pixels == pixels) if pinned else ()
    noes = tuple(one for one in pinned.rejections if one.pixels == pixels) if pinned else ()
    found = [f"rejected by {one.who}: {one.reason}" for one in noes]
    rules = [rule for rule in approvals.rules if applies(rule, brief, slots=slots, outcome=outcome, topics=topics)]
    if outcome is Outcome.REVIEW and not any("review" in rule.outcomes for rule in rules):
        rules.append(ApprovalRule(outcomes=("review",)))
    for rule in dict.fromkeys(rules):
        count = len({one.who for one in yeses if counts(approvals, one, rule.role)})
        if count < rule.count:
            found.append(_short(rule, count))
    return tuple(dict.fromkeys(found))


def lacking_of(
    project: Project, brief_id: str, asset: str, pixels: str, *, outcome: Outcome = Outcome.PASS, topics: Collection[str] = ()
) -> tuple[str, ...]:
    """`lacking` for an asset of an open project, shown wherever its pages show it."""
    used = uses(project.config, project.site).get(brief_id)
    return lacking(
        project.config.approvals,
        project.site.briefs[brief_id],
        project.lock.pinned(brief_id, asset),
        pixels,
        slots=used.slots if used else (),
        outcome=outcome,
        topics=topics,
    )


def applies(rule: ApprovalRule, brief: Brief, *, slots: Collection[str], outcome: Outcome, topics: Collection[str]) -> bool:
    """Whether a picture fits every condition of `rule`; a condition of several values is met by any of them."""
    conditions: tuple[tuple[tuple[str, ...], Collection[str]], ...] = (
        (rule.engines, (brief.engine,)),
        (rule.outcomes, (outcome.value,)),
        (rule.slots, slots),
        (rule.tags, brief.tags),
        (rule.topics, topics),
    )
    named = not rule.briefs or any(path_matches(pattern, brief.id) for pattern in rule.briefs)
    return named and all(not wanted or not set(wanted).isdisjoint(there) for wanted, there in conditions)


def counts(approvals: Approvals, approval: Approval, role: str) -> bool:
    """Whether an approval counts for a rule that asks for `role` ("" is any): its role fits, and the person holds it."""
    if role and approval.role != role:
        return False
    if not approvals.people:
        return True
    held = roles_of(approvals.people, approval.who)
    return approval.role in held if approval.role else bool(held)


def roles_of(people: Mapping[str, tuple[str, ...]], who: str) -> tuple[str, ...]:
    """The roles of `who` ("Ada Lovelace <ada@example.org>"), by the whole text, the address, or a bare name."""
    return tuple(
        dict.fromkeys(role for name in _names(who) for key, held in people.items() if key.casefold() == name for role in held)
    )


def _names(who: str) -> Iterator[str]:
    name, _, rest = who.partition("<")
    if rest:
        yield rest.rstrip("> ").casefold()
    else:
        yield name.strip().casefold()
    yield who.casefold()


def _short(rule: ApprovalRule, count: int) -> str:
    role = f" by {rule.role}" if rule.role else ""
    because = [
        f"{name} {', '.join(values)}"
        for name, values in (
            ("brief", rule.briefs),
            ("engine", rule.engines),
            ("gates say", rule.outcomes),
            ("slot", rule.slots),
            ("tag", rule.tags),
            ("topic", rule.topics),
        )
        if values
    ]
    why = f" ({'; '.join(because)})" if because else ""
    return f"needs {rule.count} approval{'' if rule.count == 1 else 's'}{role}, has {count}{why}"
