"""Whether a picture is approved enough, by the rules in `[approvals]`.

Pure: takes settings, a brief, what the lock says of it and what the gates said of its pixels; yields what is lacking, one
sentence each. Approvals are bound to pixels, so other pixels have none. Roles are looked up now, not when somebody approved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from ..brief import approvers_of, topics_of
from ..config import ApprovalRule, Approvals, path_matches
from ..errors import FrozenError
from ..lock import Lock, Pinned
from ..model import Approval, Asset, Brief, Finding, Level, Outcome
from ..pages.listing import references
from .pictures import WantedAsset
from .reading import Project, Use, uses


def lacking(
    approvals: Approvals,
    brief: Brief,
    pinned: Pinned | None,
    pixels: str,
    *,
    slots: Collection[str] = (),
    outcome: Outcome = Outcome.PASS,
    topics: Collection[str] = (),
    approvers: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> tuple[str, ...]:
    """What the picture `pixels` of `brief` lacks before a frozen build may show it in `slots`; nothing when that is enough.

    `outcome` is the worst that any gate said of it, `topics` the sensitive ones it touches, `approvers` the roles that guards ask
    for besides, by topic. Where a gate asks for a review and no rule
    speaks of that, one approval in any role is needed. A no that stands is lacking too. What a gate blocked is none of this:
    no approval helps it.
    """
    yeses = tuple(one for one in pinned.approvals if one.pixels == pixels) if pinned else ()
    noes = tuple(one for one in pinned.rejections if one.pixels == pixels) if pinned else ()
    found = [f"rejected by {one.who}: {one.reason}" for one in noes]
    rules = [rule for rule in approvals.rules if applies(rule, brief, slots=slots, outcome=outcome, topics=topics)]
    if outcome is Outcome.REVIEW and not any("review" in rule.outcomes for rule in rules):
        rules.append(ApprovalRule(outcomes=("review",)))
    rules += (ApprovalRule(role=role, topics=(topic,)) for topic, roles in sorted(approvers.items()) for role in roles)
    for rule in dict.fromkeys(rules):
        count = len({one.who for one in yeses if counts(approvals, one, rule.role)})
        if count < rule.count:
            found.append(_short(rule, count))
    return tuple(dict.fromkeys(found))


def lacking_of(
    project: Project,
    brief_id: str,
    asset: str,
    pixels: str,
    *,
    outcome: Outcome = Outcome.PASS,
    topics: Collection[str] = (),
    lock: Lock | None = None,
    use: Use | None = None,
) -> tuple[str, ...]:
    """`lacking` for an asset of an open project, shown wherever its pages show it; `topics` are added to what guards find.

    `lock` is what is pinned now, where that is not what the project was opened with; `use` is the brief's, where it is known.
    """
    brief, used = project.site.briefs[brief_id], use or uses(project.config, project.site).get(brief_id)
    return lacking(
        project.config.approvals,
        brief,
        (lock or project.lock).pinned(brief_id, asset),
        pixels,
        slots=used.slots if used else (),
        outcome=outcome,
        topics={*topics, *topics_of(brief, project.config)},
        approvers=approvers_of(brief, project.config),
    )


def unapproved(
    project: Project,
    wanted: Sequence[WantedAsset],
    shown: Mapping[str, Mapping[str, Asset]],
    lock: Lock,
    *,
    said: Mapping[str, tuple[Outcome, Collection[str]]] = MappingProxyType({}),
) -> tuple[tuple[WantedAsset, tuple[str, ...]], ...]:
    """The pictures that pages show without the approvals they need, each with what is lacking.

    `shown` is the asset in use by brief and name, `lock` what is pinned now, `said` the outcome and the topics of each subject. A
    draft's stand-ins need none.
    """
    used = uses(project.config, project.site)
    found = []
    for want in wanted:
        asset = shown.get(want.brief, {}).get(want.name)
        if asset is None or want.draft or want.hidden or want.brief not in used:
            continue
        outcome, topics = said.get(want.subject, (Outcome.PASS, ()))
        lacks = lacking_of(
            project, want.brief, want.name, asset.pixels, outcome=outcome, topics=topics, lock=lock, use=used[want.brief]
        )
        if lacks:
            found.append((want, lacks))
    return tuple(found)


def refuse_lacking(project: Project, lacks: Sequence[tuple[WantedAsset, tuple[str, ...]]], review: Sequence[str] = ()) -> None:
    """Raises FrozenError with every picture that lacks approvals, and every alternative text that is a draft.

    `review` are lines on what gates want a person to see.
    """
    missing = [*review] + [f"{want.subject}: {reason}" for want, reasons in lacks for reason in reasons]
    if not project.config.approvals.alt_drafts:
        missing += [f"{one.subject}: {one.message}" for one in alt_drafts(project)]
    if missing:
        count = len({line.partition(":")[0] for line in missing})
        raise FrozenError(
            f"{count} picture{' is' if count == 1 else 's are'} not approved",
            tuple(sorted(missing)),
            hint="`aibild review` shows them; `aibild approve ID` says yes to one; commit aibild.lock and aibild.audit.jsonl",
        )


def approval_findings(
    project: Project, wanted: Sequence[WantedAsset], lacks: Sequence[tuple[WantedAsset, tuple[str, ...]]]
) -> Iterator[Finding]:
    """What a frozen build would refuse, as warnings: pictures that lack approvals, or that another one takes the place of."""
    for want, reasons in lacks:
        yield Finding(
            rule="picture-unapproved",
            level=Level.WARNING,
            message=f"`{want.subject}` {'; '.join(reasons)}",
            origin=project.site.briefs[want.brief].origin,
            subject=want.subject,
            hint=f"`aibild approve {want.brief}`; `aibild build --frozen` refuses it until then",
        )
    for want in wanted:
        if want.replaced and not want.barred:
            yield Finding(
                rule="picture-replaced",
                level=Level.WARNING,
                message=f"another candidate of `{want.subject}` is used: the one before was {want.replaced}",
                origin=project.site.briefs[want.brief].origin,
                subject=want.subject,
                hint="look at it, and commit aibild.lock; the new one needs approvals of its own",
            )


def alt_drafts(project: Project) -> Iterator[Finding]:
    """One for each picture whose alternative text, as a page shows it, is a draft that nobody has reviewed."""
    told: set[tuple[str, str]] = set()
    for page in project.site.pages:
        for reference in references(page):
            brief = project.site.briefs.get(reference.brief)
            words = brief.alt.get(page.lang) if brief is not None and not reference.alt else None
            if brief is None or words is None or not words.draft or (brief.id, page.lang) in told:
                continue
            told.add((brief.id, page.lang))
            yield Finding(
                rule="image-alt-draft",
                level=Level.WARNING,
                message=f"the alt text of `{brief.id}` in `{page.lang}` is a draft: “{words.text}”",
                origin=brief.origin,
                subject=brief.id,
                hint=f"read it, look at the picture, and write `alt: {{{page.lang}: …}}` without `draft`",
            )


def pages_with(project: Project, briefs: Collection[str]) -> tuple[str, ...]:
    """The addresses of pages that show any of `briefs`, sorted."""
    urls = {(page.lang, page.id): "/" + page.url for page in project.site.pages}
    shown = uses(project.config, project.site)
    return tuple(sorted({urls[page] for brief in briefs if brief in shown for page in shown[brief].pages}))


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
