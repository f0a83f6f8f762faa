"""Rules on languages: `lang`, and the matrix of `hreflang` that joins the versions of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..model import Level
from . import Family, Rule
from .reading import BuiltSite, Fault, Kind, OnePage, Tag

_CODE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.I)
# ISO 639-1, and the three-letter codes that sites use where it has none
_LANGUAGE_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es "
    "et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj "
    "kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv "
    "ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti "
    "tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu fil haw hmn yue"
)
_LANGUAGES = frozenset(_LANGUAGE_CODES.split())
# ISO 3166-1 alpha-2
_REGION_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD "
    "CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF "
    "GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN "
    "KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA "
    "NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI "
    "SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI "
    "VN VU WF WS YE YT ZA ZM ZW"
)
_REGIONS = frozenset(_REGION_CODES.split())

RULES = (
    Rule(
        id="html-lang-missing",
        level=Level.ERROR,
        title="`<html>` names the page's language",
        source="WCAG 2.2, 3.1.1; Lighthouse 13 `html-has-lang`",
        hint='write `<html lang="en">`',
    ),
    Rule(
        id="html-lang-invalid",
        level=Level.ERROR,
        title="`lang` is a language that there is",
        source="BCP 47; Lighthouse 13 `html-lang-valid`",
        hint="write ISO 639-1's code, and a region of ISO 3166-1 if it matters: `en-GB`, not `en-UK`",
    ),
    Rule(
        id="html-lang-differs",
        level=Level.WARNING,
        title="`lang` is the language that `hreflang` gives the page",
        source="Google, localised versions; WCAG 2.2, 3.1.1",
        hint="correct the one that is wrong",
    ),
    Rule(
        id="hreflang-invalid",
        level=Level.ERROR,
        title="`hreflang` is `x-default` or a language, with script and region if needed",
        source="Google, localised versions; Lighthouse 13 `hreflang`",
        hint="write ISO 639-1's code, and a region of ISO 3166-1 if it matters: `en-GB`, not `en-UK`",
    ),
    Rule(
        id="hreflang-relative",
        level=Level.ERROR,
        title="addresses of other versions are absolute",
        source="Google, localised versions; Lighthouse 13 `hreflang`",
        hint="write them with scheme and host",
    ),
    Rule(
        id="hreflang-dead",
        level=Level.ERROR,
        title="other versions are there, may be found and are canonical",
        source="Google, localised versions",
        hint="correct the address, or leave the version out",
    ),
    Rule(
        id="hreflang-self",
        level=Level.ERROR,
        title="a page that lists versions lists itself",
        source="Google, localised versions",
        hint="every version lists itself and all others",
    ),
    Rule(
        id="hreflang-return",
        level=Level.ERROR,
        title="a version that is linked links back",
        source="Google, localised versions",
        hint="without the link back, search engines ignore the pair",
    ),
    Rule(
        id="hreflang-matrix",
        level=Level.ERROR,
        title="all versions of a page list the same versions",
        source="Google, localised versions",
        hint="every version lists itself and all others, each language once",
    ),
    Rule(
        id="hreflang-default",
        level=Level.WARNING,
        title="versions name an `x-default` for all other readers",
        source="Google, localised versions",
        hint='write `<link rel="alternate" hreflang="x-default" href="…">`',
    ),
)

_FEED = re.compile(r"\b(?:rss|atom|rdf|feed)\b", re.I)


class _Note(NamedTuple):
    """`versions` maps a code in lower case to the file behind it, "" for what lies elsewhere."""

    versions: Mapping[str, str]
    found: bool
    canonical: str


def is_language(code: str) -> bool:
    """Whether a code is a language of ISO 639-1 with, if any, a script's form and a region of ISO 3166-1."""
    parts = _CODE.fullmatch(code)
    if parts is None or parts[1].lower() not in _LANGUAGES:
        return False
    return parts[3] is None or parts[3].isdigit() or parts[3].upper() in _REGIONS


def _page(page: OnePage) -> Iterator[Fault]:
    seen = page.seen
    if not seen.whole:
        return
    lang = seen.lang.strip()
    if not lang:
        yield page.fault("html-lang-missing", 'expected `<html lang="…">`, got none')
    elif not is_language(lang):
        yield page.fault("html-lang-invalid", f"expected a language, got `{lang}`", measured=lang)
    links = _links(page)
    codes: dict[str, str] = {}
    for code, href, tag in links:
        if code != "x-default" and not is_language(code):
            yield page.fault("hreflang-invalid", f"expected `x-default` or a language, got `{code or 'nothing'}`", tag)
        if not href.startswith(("https://", "http://")):
            yield page.fault("hreflang-relative", f"expected an address with scheme and host, got {href or 'nothing'}", tag)
        if codes.setdefault(code, href) != href:
            yield page.fault("hreflang-matrix", f"expected one address for `{code}`, got two", tag)
        target = page.resolve(href)
        if target is None or target.kind is Kind.MISSING:
            yield page.fault("hreflang-dead", f"expected the address of a page, got {href or 'nothing'}", tag)
    if not links or seen.noindex:
        return
    own = [code for code, href, _ in links if code != "x-default" and _file(page, href) == seen.path]
    if not own:
        yield page.fault("hreflang-self", f"expected {seen.url} among its versions, got none", links[0][2])
    elif lang and lang.lower().partition("-")[0] not in {code.partition("-")[0] for code in own}:
        message = f"expected `lang` and `hreflang` to be equal, got `{lang}` and `{own[0]}`"
        yield page.fault("html-lang-differs", message, measured=lang, limit=own[0])
    if "x-default" not in codes and len(codes) > 1:
        yield page.fault("hreflang-default", "expected an `x-default` among the versions, got none", links[0][2])


def _links(page: OnePage) -> list[tuple[str, str, Tag]]:
    """Code, address and element of the page's other versions; a feed in a language is none of them."""
    links = [link for link in page.seen.rel("alternate") if link.has("hreflang")]
    return [(link.get("hreflang").lower(), link.get("href"), link) for link in links if not _FEED.search(link.get("type"))]


def _file(page: OnePage, href: str) -> str:
    target = page.resolve(href)
    return target.path if target is not None and target.kind is Kind.FILE else ""


def _note(page: OnePage) -> _Note:
    versions = {code: _file(page, href) for code, href, _ in _links(page)}
    return _Note(versions, not page.seen.noindex, _file(page, page.seen.canonical) if page.seen.canonical else page.seen.path)


def _whole(notes: Mapping[str, _Note], site: BuiltSite) -> Iterator[Fault]:
    for path, note in notes.items():
        if not note.found:
            continue
        others = {code: file for code, file in note.versions.items() if code != "x-default" and file in notes and file != path}
        for code, file in others.items():
            other = notes[file]
            if not other.found or other.canonical != file:
                why = "is not to be found" if not other.found else "names another page as canonical"
                yield Fault("hreflang-dead", path, f"expected a version that counts, got `{code}` at /{file}, which {why}", 1)
            elif path not in {back for known, back in other.versions.items() if known != "x-default"}:
                yield Fault("hreflang-return", path, f"expected /{file} (`{code}`) to link back, got no such link", 1)
            elif missing := sorted(set(note.versions) - set(other.versions) - {"x-default"}):
                message = f"expected /{file} to list the versions of this page, got none for {', '.join(missing)}"
                yield Fault("hreflang-matrix", path, message, 1)


FAMILY = Family(name="hreflang", fingerprint=2, rules=RULES, page=_page, note=_note, whole=_whole)
