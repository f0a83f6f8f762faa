"""Rules on rights: pictures whose time is up, and licence pages that are not there.

The last day comes from `pictures.json`, where aibild writes a brief's `rights.expires`, and from `expires` of an ImageObject.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from ..model import Level
from . import Family, Rule
from .reading import BuiltSite, Fault, Kind, OnePage

_SOON_DAYS = 30
_INDEX = "pictures.json"
_PAGES = ("xmpRights:WebStatement", "plus:LicensorURL")

RULES = (
    Rule(
        id="rights-expired",
        level=Level.ERROR,
        title="no picture is shown beyond the last day of its rights",
        source="schema.org, `expires`; own",
        hint="take the picture off its pages, or prolong the rights and say so in the brief",
    ),
    Rule(
        id="rights-expiring",
        level=Level.WARNING,
        title=f"no picture's rights end within {_SOON_DAYS} days",
        source="own",
        hint="prolong the rights, or choose another picture in time",
    ),
    Rule(
        id="licence-page-dead",
        level=Level.ERROR,
        title="licence pages that pictures name are there",
        source="Google, image metadata",
        hint="write the page, or correct `license` and `acquire_license_page`",
    ),
    Rule(
        id="licence-page-missing",
        level=Level.WARNING,
        title="a site that names its pictures' owner names a licence page, too",
        source="Google, image metadata",
        hint="write a page that says who may use the pictures and how, and name it as `license`",
    ),
)


class _Note(NamedTuple):
    """`owned` and `licensed`: whether any picture on the page names an owner, or a licence; `pages` are the
    licence pages that its picture files name, each with one of the files."""

    owned: bool
    licensed: bool
    pages: Mapping[str, str]


def _page(page: OnePage) -> Iterator[Fault]:
    for entity in page.graph.of_type("ImageObject"):
        url = entity.text("contentUrl") or entity.text("url")
        if last := entity.text("expires")[:10]:
            for rule, message in _judge(last, page.site.today):
                yield page.fault(rule, f"{message}: {url}", entity.tag, measured=last, limit=page.site.today)
        for name in ("license", "acquireLicensePage"):
            target = page.resolve(entity.text(name)) if entity.text(name) else None
            if target is not None and target.kind is Kind.MISSING:
                yield page.fault("licence-page-dead", f"expected a page at `{name}`, got none: {entity.text(name)}", entity.tag)


def _judge(last: str, today: str) -> Iterator[tuple[str, str]]:
    try:
        end, now = date.fromisoformat(last), date.fromisoformat(today)
    except ValueError:
        return
    if end < now:
        yield "rights-expired", f"expected rights until {today} or later, got {last}"
    elif end - now <= timedelta(days=_SOON_DAYS):
        yield "rights-expiring", f"expected rights for {_SOON_DAYS} more days, got {(end - now).days}, until {last}"


def _note(page: OnePage) -> _Note:
    images = list(page.graph.of_type("ImageObject"))
    owned = any(one.node.get(name) for one in images for name in ("creator", "creditText", "copyrightNotice"))
    pages: dict[str, str] = {}
    for path in sorted({option.file for shown in page.pictures for _, option in shown.options()} - {""}):
        inside = page.site.embedded(path)
        for name in _PAGES if inside is not None else ():
            if inside is not None and inside.fields.get(name, "").startswith(("https://", "http://")):
                pages.setdefault(inside.fields[name], path)
    return _Note(owned, any(one.node.get("license") for one in images), pages)


def _whole(notes: Mapping[str, _Note], site: BuiltSite) -> Iterator[Fault]:
    yield from _listed(site)
    if any(note.owned for note in notes.values()) and not any(note.licensed for note in notes.values()):
        first = next(path for path, note in notes.items() if note.owned)
        yield Fault("licence-page-missing", first, "expected `license` for the pictures of the site, got none", 1)
    pages: dict[str, str] = {}
    for note in notes.values():
        pages = {**note.pages, **pages}
    for url, path in sorted(pages.items()):
        target = site.resolve(url, site.base_url)
        if target is not None and target.kind is Kind.MISSING:
            yield Fault("licence-page-dead", path, f"expected a page at the address in the file, got none: {url}")


def _listed(site: BuiltSite) -> Iterator[Fault]:
    try:
        index: Any = json.loads(site.read(_INDEX)) if _INDEX in site.files else {}
        pictures = dict(index.get("pictures", {}))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return
    for name, row in sorted(pictures.items()):
        last = row.get("expires") if isinstance(row, dict) else None
        for rule, message in _judge(last, site.today) if isinstance(last, str) else ():
            pages = [str(page) for page in row.get("pages", ())]
            shown = f", shown on {', '.join(pages[:3])}" + (f" and {len(pages) - 3} more" if len(pages) > 3 else "")
            yield Fault(rule, _INDEX, f"{message} for `{name}`{shown}", 1, "", last, site.today)


FAMILY = Family(name="rights", fingerprint=1, rules=RULES, page=_page, note=_note, whole=_whole)
