"""Rules on being found: title, description, canonical address, robots, links between pages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..model import Level
from . import Family, Rule
from .reading import BuiltSite, Fault, Kind, OnePage
from .reading.robots import Robots, read_robots

# What says nothing about where a link leads; Lighthouse knows some of these languages, a reader all of them
_GENERIC_TEXTS = (
    "click here|click this|go|here|information|learn more|more|more info|more information|right here|read more|"
    "see more|start|this|hier|hier klicken|klicken sie hier|mehr|mehr erfahren|mehr lesen|mehr infos|weiterlesen|"
    "weitere informationen|cliquez ici|ici|en savoir plus|lire la suite|plus|plus d'infos|voir plus|haga clic aquí|"
    "aquí|clic aquí|leer más|más|más información|saber más|ver más|clicca qui|qui|leggi tutto|leggi di più|"
    "scopri di più|maggiori informazioni|clique aqui|aqui|leia mais|ler mais|mais|mais informações|saiba mais|"
    "ver mais|klik hier|lees meer|meer|meer informatie|meer lezen|lees verder|kliknij tutaj|tutaj|więcej|"
    "więcej informacji|czytaj więcej|dowiedz się więcej|klikněte zde|zde|více|více informací|číst dále|zjistit více|"
    "klicka här|här|läs mer|mer|mer information|se mer|buraya tıklayın|tıklayın|buraya|devamı|devamını oku|"
    "daha fazla|daha fazla bilgi|"
    "اضغط هنا|انقر هنا|هنا|المزيد|اقرأ المزيد|قراءة المزيد|ここをクリック|こちらをクリック|こちら|続きを読む|"
    "もっと見る|詳細|詳しくはこちら|リンク|点击这里|点击此处|这里|更多|了解更多|阅读更多|查看更多|详情"
)
_GENERIC = frozenset(_GENERIC_TEXTS.split("|"))
_ENGLISH_ONLY = frozenset({"go", "start", "this"})  # words that say something in other languages, or are names there

RULES = (
    Rule(
        id="title-missing",
        level=Level.ERROR,
        title="every page has a `<title>`",
        source="Lighthouse 13 `document-title`; WCAG 2.2, 2.4.2",
        hint="write a title that says what this page is about",
    ),
    Rule(
        id="title-duplicate",
        level=Level.WARNING,
        title="no two pages of a language have the same title",
        source="Google, title links",
        hint="say in each title what is on that page alone",
    ),
    Rule(
        id="description-missing",
        level=Level.WARNING,
        title="every page that may be found has a description",
        source="Lighthouse 13 `meta-description`",
        hint="write one or two sentences that make somebody choose this page",
    ),
    Rule(
        id="description-duplicate",
        level=Level.WARNING,
        title="no two pages of a language have the same description",
        source="Google, snippets",
        hint="describe each page by what is on it alone",
    ),
    Rule(
        id="canonical-missing",
        level=Level.WARNING,
        title="every page that may be found names its canonical address",
        source="Google, canonical URLs",
        hint='write `<link rel="canonical" href="…">` with the page\'s own address',
    ),
    Rule(
        id="canonical-relative",
        level=Level.WARNING,
        title="a canonical address is absolute",
        source="Google, canonical URLs; Lighthouse 13 `canonical`",
        hint="write it with scheme and host",
    ),
    Rule(
        id="canonical-dead",
        level=Level.ERROR,
        title="a canonical address leads to a page, and there is only one",
        source="Lighthouse 13 `canonical`",
        hint="correct the address",
    ),
    Rule(
        id="canonical-other",
        level=Level.WARNING,
        title="a page that may be found is its own canonical page",
        source="Google, localised versions",
        hint="a page in another language is no copy: let it name itself; true copies may stay as they are, with a waiver",
    ),
    Rule(
        id="preview-size",
        level=Level.WARNING,
        title="search engines may show large previews",
        source="Google, Discover and preferred thumbnails",
        hint='write `<meta name="robots" content="max-image-preview:large">`',
    ),
    Rule(
        id="robots-blocks",
        level=Level.ERROR,
        title="robots.txt blocks no page and no picture of the site",
        source="Google, image sitemaps; RFC 9309; Lighthouse 13 `is-crawlable`",
        hint="take the line out; pages that should not be found get `noindex`, which needs to be read",
    ),
    Rule(
        id="robots-invalid",
        level=Level.WARNING,
        title="every line of robots.txt is understood",
        source="RFC 9309, section 2.2; Lighthouse 13 `robots-txt`",
        hint="lines are `User-agent:`, `Allow:`, `Disallow:`, `Sitemap:` or comments",
    ),
    Rule(
        id="page-orphan",
        level=Level.WARNING,
        title="every page that may be found is linked from another one",
        source="Google, crawlable links",
        hint="link to it from a hub, or set it to `noindex`",
    ),
    Rule(
        id="page-without-hub",
        level=Level.WARNING,
        title="every page links to the start page or to a page above it",
        source="own",
        hint="a menu or breadcrumbs lead readers and search engines on",
    ),
    Rule(
        id="link-text-generic",
        level=Level.WARNING,
        title="link texts say where they lead, in fourteen languages",
        source="Lighthouse 13 `link-text`; WCAG 2.2, 2.4.4",
        hint="name what is behind the link",
    ),
    Rule(
        id="link-uncrawlable",
        level=Level.WARNING,
        title="links have addresses, not scripts",
        source="Lighthouse 13 `crawlable-anchors`",
        hint="write the address; a script may still listen to the click, or use a button",
    ),
    Rule(
        id="llms-txt",
        level=Level.WARNING,
        title="llms.txt, if there is one, has a heading, a link and some text",
        source="Lighthouse 13 agentic browsing",
        hint="write it as Markdown with `# Name` and links, or leave it out",
    ),
)


class _Note(NamedTuple):
    language: str
    title: str
    description: str
    found: bool
    leads: frozenset[str]
    pictures: frozenset[str]


def _page(page: OnePage) -> Iterator[Fault]:
    seen = page.seen
    if not seen.whole or seen.redirect is not None:
        return
    if not seen.title:
        yield page.fault("title-missing", "expected a `<title>` with words, got none")
    for anchor in seen.anchors:
        href = anchor.get("href").lower()
        if href.startswith("javascript:"):
            yield page.fault("link-uncrawlable", f"expected an address, got {anchor.get('href')[:60]}", anchor)
        elif _is_generic(anchor.text, anchor.get("lang") or seen.lang) and _leaves(page, anchor.get("href")):
            yield page.fault("link-text-generic", f"expected a text that names {anchor.get('href')}, got “{anchor.text}”", anchor)
    for anchor in seen.hollow:
        yield page.fault("link-uncrawlable", "expected an address, or no `rel` and `target` without one, got none", anchor)
    if not seen.noindex and not _is_error_page(seen.path):
        yield from _indexable(page)


def _is_generic(text: str, language: str) -> bool:
    words = text.strip(" .…»>→").casefold()
    return words in _GENERIC and (words not in _ENGLISH_ONLY or language.lower().startswith("en"))


def _leaves(page: OnePage, href: str) -> bool:
    target = page.resolve(href)
    return target is not None and target.path != page.seen.path and "://" in target.url


def _indexable(page: OnePage) -> Iterator[Fault]:
    seen = page.seen
    if not seen.meta("description"):
        yield page.fault("description-missing", "expected a description, got none")
    yield from _canonical(page)
    robots = f"{seen.meta('robots')},{seen.meta('googlebot')}".lower().replace(" ", "")
    if "max-image-preview:large" not in robots and "max-image-preview:large" not in _header_file(page.site):
        got = next((part for part in robots.split(",") if part.startswith("max-image-preview")), "") or "nothing"
        yield page.fault("preview-size", f"expected `max-image-preview:large` for robots, got {got}")


def _header_file(site: BuiltSite) -> str:
    return site.read("_headers").decode("utf-8", "replace").lower() if "_headers" in site.files else ""


def _canonical(page: OnePage) -> Iterator[Fault]:
    links = tuple(page.seen.rel("canonical"))
    if not links:
        yield page.fault("canonical-missing", f"expected {page.seen.url} as canonical address, got none")
        return
    if len({link.get("href") for link in links}) > 1:
        yield page.fault("canonical-dead", f"expected one canonical address, got {len(links)}", links[1])
    link = links[0]
    href = link.get("href")
    if not href.startswith(("https://", "http://")):
        yield page.fault("canonical-relative", f"expected an address with scheme and host, got {href or 'nothing'}", link)
    target = page.resolve(href)
    if target is None or target.kind is Kind.MISSING:
        yield page.fault("canonical-dead", f"expected the address of a page, got {href or 'nothing'}", link)
    elif target.path != page.seen.path or target.kind is not Kind.FILE:
        yield page.fault("canonical-other", f"expected {page.seen.url} as canonical address, got {href}", link)


def _note(page: OnePage) -> _Note:
    seen = page.seen
    leads = set()
    for anchor in seen.anchors:
        target = page.resolve(anchor.get("href"))
        if target is not None and target.kind is Kind.FILE and target.path != seen.path:
            leads.add(target.path)
    found = seen.whole and not seen.noindex and seen.redirect is None and not _is_error_page(seen.path)
    pictures = {option.file for shown in page.pictures for option in (shown.src,) if option is not None and option.file}
    return _Note(seen.lang, seen.title, seen.meta("description"), found, frozenset(leads), frozenset(pictures))


def _whole(notes: Mapping[str, _Note], site: BuiltSite) -> Iterator[Fault]:
    listed = {path: note for path, note in notes.items() if note.found}
    yield from _duplicates(listed, "title")
    yield from _duplicates(listed, "description")
    yield from _links(listed, notes)
    if "robots.txt" in site.files and site.base_path == "/":
        yield from _robots(listed, site)
    if "llms.txt" in site.files:
        text = site.read("llms.txt").decode("utf-8", "replace")
        wanted = {
            "a heading": re.search(r"^# \S", text, re.M),
            "a link": re.search(r"\]\(\S+\)", text),
            "50 characters": len(text.strip()) >= 50,
        }
        if missing := [name for name, found in wanted.items() if not found]:
            yield Fault("llms-txt", "llms.txt", f"expected {' and '.join(missing)}, got none", 1)


def _duplicates(notes: Mapping[str, _Note], field: str) -> Iterator[Fault]:
    first: dict[tuple[str, str], str] = {}
    for path, note in sorted(notes.items(), key=lambda item: (item[0].count("/"), item[0])):
        text = getattr(note, field)
        if text and first.setdefault((note.language, text), path) != path:
            message = f"expected a {field} of its own, got that of /{first[note.language, text]}: “{text}”"
            yield Fault(f"{field}-duplicate", path, message, 1)


def _links(listed: Mapping[str, _Note], notes: Mapping[str, _Note]) -> Iterator[Fault]:
    linked: set[str] = set()
    for note in notes.values():
        linked |= note.leads
    for path, note in listed.items():
        above = _above(path) & notes.keys()
        if not above:
            continue
        if path not in linked:
            yield Fault("page-orphan", path, "expected a link from another page, got none", 1)
        if not above & note.leads:
            example = f"/{max(above, key=len)}".removesuffix("index.html")
            yield Fault("page-without-hub", path, f"expected a link to a page above it, {example} for instance, got none", 1)


def _above(path: str) -> set[str]:
    """The index pages of all folders around a page; an index page's own folder is not around it."""
    folders = path.split("/")[:-1]
    if path.rpartition("/")[2] == "index.html" and folders:
        folders = folders[:-1]
    elif path == "index.html":
        return set()
    return {"/".join([*folders[:count], "index.html"]) for count in range(len(folders) + 1)}


def _robots(listed: Mapping[str, _Note], site: BuiltSite) -> Iterator[Fault]:
    robots: Robots = read_robots(site.read("robots.txt").decode("utf-8", "replace"))
    for line, text in robots.faults:
        yield Fault("robots-invalid", "robots.txt", f"expected a directive of robots.txt, got `{text}`", line)
    blocked: dict[tuple[str, int], list[str]] = defaultdict(list)
    pictures = sorted(set().union(*(note.pictures for note in listed.values()))) if listed else []
    for agent, paths in (("googlebot", [*listed]), ("googlebot-image", pictures)):
        for path in paths:
            address = site.page_url(path)[len(site.base_url) - 1 :] if path in listed else "/" + path
            blocking = robots.blocking_line(agent, address)
            if blocking is not None:
                blocked["pages" if path in listed else "pictures", blocking].append(address)
    for (what, line), addresses in sorted(blocked.items()):
        message = f"expected no {what} to be blocked, got {len(addresses)}, {addresses[0]} for instance"
        yield Fault("robots-blocks", "robots.txt", message, line, "", len(addresses), 0)


def _is_error_page(path: str) -> bool:
    return re.fullmatch(r"(?:.*/)?(?:404|403|500|50x|offline)(?:\.html|/index\.html)", path) is not None


FAMILY = Family(name="search", fingerprint=2, rules=RULES, page=_page, note=_note, whole=_whole)
