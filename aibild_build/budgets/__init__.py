"""Budgets: checks on the built site, from its files alone. An open set of rule families.

A member is one file in this folder with the rules of one subject, and one row in `_MEMBERS`; outside packages join by the
entry-point group `aibild.budgets` with a `Family`. Members do not know each other; what they share is in `reading`.

To add a rule: its row in the family's `RULES`, a few lines in a function that yields `Fault`s, a good and a smallest bad site
under `tests/sites_invalid/<rule-id>/`, its heading on the page "Rules" in both languages.
`tests/test_budgets_contract.py` asks every family the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from ..errors import AibildError
from ..model import Level
from .reading import BuiltSite, Fault, OnePage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: a stable kebab-case id, the level it has unless the settings say otherwise, what it asks for in a few words,
    where that comes from, and what to do."""

    id: str
    level: Level
    title: str
    source: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Rules on one subject, and the functions that judge them; each is optional.

    `page` looks at one page at a time. What only the whole site can tell goes in two steps: `note` takes what it needs of a page
    (plain values, small: all pages' notes are held at once), `whole` gets the notes by page path, in order, and yields faults.
    None of them may open a file but through the site. `fingerprint` is raised by hand when verdicts change.
    """

    name: str
    fingerprint: int
    rules: tuple[Rule, ...]
    page: Callable[[OnePage], Iterable[Fault]] | None = None
    note: Callable[[OnePage], Any] | None = None
    whole: Callable[[Mapping[str, Any], BuiltSite], Iterable[Fault]] | None = None


def _drafts() -> Family:
    from .drafts import FAMILY

    return FAMILY


def _estimate() -> Family:
    from .estimate import FAMILY

    return FAMILY


def _files() -> Family:
    from .files import FAMILY

    return FAMILY


def _formats() -> Family:
    from .formats import FAMILY

    return FAMILY


def _hero() -> Family:
    from .hero import FAMILY

    return FAMILY


def _hosts() -> Family:
    from .hosts import FAMILY

    return FAMILY


def _hreflang() -> Family:
    from .hreflang import FAMILY

    return FAMILY


def _links() -> Family:
    from .links import FAMILY

    return FAMILY


def _marks() -> Family:
    from .marks import FAMILY

    return FAMILY


def _paint() -> Family:
    from .paint import FAMILY

    return FAMILY


def _preload() -> Family:
    from .preload import FAMILY

    return FAMILY


def _rights() -> Family:
    from .rights import FAMILY

    return FAMILY


def _screens() -> Family:
    from .screens import FAMILY

    return FAMILY


def _search() -> Family:
    from .search import FAMILY

    return FAMILY


def _sharing() -> Family:
    from .sharing import FAMILY

    return FAMILY


def _shift() -> Family:
    from .shift import FAMILY

    return FAMILY


def _sitemaps() -> Family:
    from .sitemaps import FAMILY

    return FAMILY


def _stretch() -> Family:
    from .stretch import FAMILY

    return FAMILY


def _structured() -> Family:
    from .structured import FAMILY

    return FAMILY


def _text() -> Family:
    from .text import FAMILY

    return FAMILY


def _visibility() -> Family:
    from .visibility import FAMILY

    return FAMILY


def _weight() -> Family:
    from .weight import FAMILY

    return FAMILY


_MEMBERS: dict[str, Callable[[], Family]] = {
    "drafts": _drafts,
    "estimate": _estimate,
    "files": _files,
    "formats": _formats,
    "hero": _hero,
    "hosts": _hosts,
    "hreflang": _hreflang,
    "links": _links,
    "marks": _marks,
    "paint": _paint,
    "preload": _preload,
    "rights": _rights,
    "screens": _screens,
    "search": _search,
    "sharing": _sharing,
    "shift": _shift,
    "sitemaps": _sitemaps,
    "stretch": _stretch,
    "structured": _structured,
    "text": _text,
    "visibility": _visibility,
    "weight": _weight,
}


def names() -> tuple[str, ...]:
    """All families, outside ones included."""
    return tuple(sorted({*_MEMBERS, *(point.name for point in entry_points(group="aibild.budgets"))}))


@cache
def load(name: str) -> Family:
    """The family of that name. Raises AibildError for an unknown one, and for one without a fingerprint."""
    loader = _MEMBERS.get(name)
    family: Any = loader() if loader is not None else None
    if loader is None:
        for point in entry_points(group="aibild.budgets", name=name):
            family = point.load()
    if family is None:
        raise AibildError(f"there is no family of rules `{name}`", hint=f"known families: {', '.join(names())}")
    if not isinstance(family, Family) or not isinstance(family.fingerprint, int):
        raise AibildError(f"`{name}` is no family of rules with a fingerprint", hint="see aibild_build/budgets/__init__.py")
    return family


@cache
def families() -> tuple[Family, ...]:
    return tuple(load(name) for name in names())


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by id. Raises AibildError when two families claim one id."""
    found: dict[str, Rule] = {}
    for family in families():
        for rule in family.rules:
            if rule.id in found:
                raise AibildError(f"two families have the rule `{rule.id}`, one of them is `{family.name}`")
            found[rule.id] = rule
    return found
