"""Rules on the words about pictures: alternative text, captions, file names, and the text that stands around.

Judged is what a reader hears or a search engine reads. Which phrases are idle and how a language is known stands in `languages`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from ...model import Level
from .. import Family, Rule
from ..reading import BuiltSite, Fault, OnePage, Shown
from ..reading.names import is_hash, picture_name
from .languages import FILE_NAME, FUNCTION_WORDS, NAMELESS, PHRASES, PROMPT, SCRIPTS

_MOST_GRAPHEMES = 150
_LARGE_PX = 100
_WORD = re.compile(r"[^\W\d_]+")
_LIST = re.compile(r"[,،、，;|]")

RULES = (
    Rule(
        id="image-alt-missing",
        level=Level.ERROR,
        title="every `<img>` has an `alt`",
        source="WCAG 2.2, 1.1.1; Lighthouse 13 `image-alt`",
        hint='describe the picture in one sentence, or write `alt=""` if it only decorates',
    ),
    Rule(
        id="image-alt-blank",
        level=Level.WARNING,
        title="an `alt` is words or nothing, never blanks",
        source="HTML standard, section 4.8.4.4",
        hint='write `alt=""` for decoration: some screen readers read the file name aloud when they find blanks',
    ),
    Rule(
        id="image-link-unnamed",
        level=Level.ERROR,
        title="a link that holds only a picture says where it leads",
        source="WCAG 2.2, 2.4.4; Lighthouse 13 `link-name`",
        hint="let the picture's `alt` name the link's goal",
    ),
    Rule(
        id="image-alt-long",
        level=Level.WARNING,
        title=f"an `alt` has at most {_MOST_GRAPHEMES} characters",
        source="W3C alt techniques; own",
        hint="say it in one sentence, and put the rest into the caption",
    ),
    Rule(
        id="image-alt-phrase",
        level=Level.WARNING,
        title="no `alt` begins with “image of” in any of fourteen languages",
        source="W3C alt techniques",
        hint="begin with what is to be seen: that it is a picture is said anyway",
    ),
    Rule(
        id="image-alt-file-name",
        level=Level.WARNING,
        title="no `alt` and no caption is a file name",
        source="W3C alt techniques (F30)",
        hint="describe the picture",
    ),
    Rule(
        id="image-alt-keywords",
        level=Level.WARNING,
        title="an `alt` is a sentence, not a list of keywords",
        source="Google, image SEO",
        hint="write a sentence; search engines take lists for spam",
    ),
    Rule(
        id="image-alt-prompt",
        level=Level.WARNING,
        title="no `alt` and no caption holds what was written for a model",
        source="own",
        hint="write for a reader: the prompt stays in the brief",
    ),
    Rule(
        id="image-alt-caption",
        level=Level.WARNING,
        title="an `alt` is not the caption over again",
        source="WCAG 2.2, 1.1.1; HTML standard, section 4.8.4.4.5",
        hint="the alt describes, the caption explains; a reader hears both",
    ),
    Rule(
        id="image-alt-redundant",
        level=Level.WARNING,
        title="a linked picture's `alt` does not repeat the link's text",
        source="Lighthouse 13 `image-redundant-alt`",
        hint='write `alt=""`: the link is named by its text, and would be read aloud twice',
    ),
    Rule(
        id="image-alt-duplicate",
        level=Level.WARNING,
        title="different pictures on a page have different texts",
        source="W3C alt techniques",
        hint="say what tells the pictures apart",
    ),
    Rule(
        id="image-alt-untranslated",
        level=Level.WARNING,
        title="a picture's `alt` is not the same in two languages",
        source="WCAG 2.2, 3.1.2",
        hint="translate it",
    ),
    Rule(
        id="image-alt-language",
        level=Level.WARNING,
        title="`alt` and caption are in the page's language",
        source="WCAG 2.2, 3.1.2",
        hint="translate it, or give the element its own `lang`",
    ),
    Rule(
        id="image-name",
        level=Level.NOTE,
        title="a picture's file name says what it shows",
        source="Google, image SEO",
        hint="two to six words with hyphens; only a hash may stand behind them",
    ),
    Rule(
        id="image-context",
        level=Level.NOTE,
        title="the text around a large picture shares a word with it",
        source="Google, image SEO",
        hint="name in the text what the picture shows, or choose another picture",
    ),
)


class _Said(NamedTuple):
    """A text about a picture for the comparison across languages."""

    name: str
    language: str
    alt: str
    line: int
    selector: str


def _page(page: OnePage) -> Iterator[Fault]:
    language = _primary(page.seen.lang)
    told: dict[str, str] = {}
    for shown in page.pictures:
        tag = shown.img.tag
        yield from _presence(page, shown)
        alt, name = _plain(tag.get("alt")), _name(shown)
        own = _primary(tag.get("lang")) or language
        if alt:
            yield from _form(page, shown, alt, own)
            if name and told.setdefault(alt.casefold(), name) != name:
                yield page.fault("image-alt-duplicate", f"expected a text of its own, got that of another picture: “{alt}”", tag)
        for text, what in ((alt, "an `alt`"), (shown.img.caption, "a caption")):
            yield from _words(page, shown, text, what, own)
        yield from _surroundings(page, shown, alt, name)


def _presence(page: OnePage, shown: Shown) -> Iterator[Fault]:
    tag = shown.img.tag
    if not tag.has("alt"):
        if tag.get("role") not in ("presentation", "none") and tag.get("aria-hidden") != "true":
            yield page.fault("image-alt-missing", f"expected an `alt` for {tag.get('src')}, got none", tag)
    elif tag.attrs["alt"] and not tag.get("alt"):
        yield page.fault("image-alt-blank", "expected words or an empty `alt`, got blanks", tag)
    if shown.img.link is not None and tag.get("alt"):
        said = next((one.text for one in page.seen.anchors if tag.path.startswith(one.path + " > ")), "")
        if said and _folded(said) == _folded(tag.get("alt")):
            yield page.fault("image-alt-redundant", f"expected no more than the link's text, got it twice: “{said}”", tag)
    elif shown.img.link is not None and not tag.get("aria-label") and not _link_text(page, tag.path):
        yield page.fault("image-link-unnamed", f"expected an `alt` that names {shown.img.link}, got none", tag)


def _link_text(page: OnePage, path: str) -> str:
    """What else names the link around a picture."""
    for anchor in page.seen.anchors:
        if path.startswith(anchor.path + " > "):
            others = [one.img.tag.get("alt") for one in page.pictures if one.img.tag.path.startswith(anchor.path + " > ")]
            return (
                anchor.text or anchor.get("aria-label") or anchor.get("aria-labelledby") or anchor.get("title") or "".join(others)
            )
    return ""


def _form(page: OnePage, shown: Shown, alt: str, language: str) -> Iterator[Fault]:
    tag = shown.img.tag
    length = _graphemes(alt)
    if length > _MOST_GRAPHEMES:
        message = f"expected at most {_MOST_GRAPHEMES} characters, got {length}: “{alt[:60]}…”"
        yield page.fault("image-alt-long", message, tag, measured=length, limit=_MOST_GRAPHEMES)
    for code in dict.fromkeys((language, "en")):
        if code in PHRASES and (found := PHRASES[code].search(alt)):
            yield page.fault("image-alt-phrase", f"expected what is to be seen, got “{found[0].strip()}” in “{alt}”", tag)
            break
    pieces = [piece.split() for piece in _LIST.split(alt) if piece.strip()]
    if len(pieces) >= 5 and sum(map(len, pieces)) <= 2 * len(pieces):
        yield page.fault("image-alt-keywords", f"expected a sentence, got a list of {len(pieces)} keywords: “{alt}”", tag)
    if shown.img.caption and _folded(shown.img.caption) == _folded(alt):
        yield page.fault("image-alt-caption", f"expected another text than the caption's, got “{alt}”", tag)


def _words(page: OnePage, shown: Shown, text: str, what: str, language: str) -> Iterator[Fault]:
    """What holds for `alt` and caption alike."""
    tag = shown.img.tag
    file = shown.img.tag.get("src").rpartition("/")[2].partition(".")[0]
    if text and (FILE_NAME.fullmatch(text) or (text == file and re.search(r"[\d_-]", text))):
        yield page.fault("image-alt-file-name", f"expected {what} that describes, got the file name “{text}”", tag)
    elif found := PROMPT.search(text):
        yield page.fault("image-alt-prompt", f"expected {what} for readers, got “{found[0]}”", tag)
    elif other := _foreign(text, language):
        yield page.fault(
            "image-alt-language",
            f"expected {what} in `{language}`, got “{text[:60]}” in {other}",
            tag,
            measured=other.strip("`"),
            limit=language,
        )


@lru_cache(maxsize=4096)
def _foreign(text: str, language: str) -> str:
    """What a text is in if that is surely not the page's language, "" otherwise."""
    words = [word.casefold() for word in _WORD.findall(text)]
    script = SCRIPTS.get(language)
    if script is not None:
        return "another script" if len(words) >= 3 and not script.search(text) else ""
    if language not in FUNCTION_WORDS or len(words) < 4:
        return ""
    own = sum(word in FUNCTION_WORDS[language] for word in words)
    counts = {code: sum(word in known for word in words) for code, known in FUNCTION_WORDS.items() if code != language}
    best = max(counts, key=lambda code: counts[code])
    return f"`{best}`" if counts[best] >= 2 and counts[best] >= 2 * own + 2 else ""


def _surroundings(page: OnePage, shown: Shown, alt: str, name: str) -> Iterator[Fault]:
    if shown.is_vector or (shown.src is not None and shown.src.facts is not None and shown.src.facts.width < _LARGE_PX):
        return
    tag = shown.img.tag
    src = tag.get("src")
    if src and not src.startswith("data:") and (NAMELESS.fullmatch(name) or is_hash(name)):
        yield page.fault("image-name", f"expected words in the file name, got {src.rpartition('/')[2]}", tag)
    if page.hero is not shown or not shown.img.near:
        return
    terms = _terms(f"{alt} {name.replace('-', ' ').replace('_', ' ')}")
    if len(terms) >= 3:
        heading = " ".join(one.text for one in page.seen.headings[:6])
        around = _terms(" ".join((shown.img.near, shown.img.caption, page.seen.title, heading, page.seen.meta("description"))))
        if not terms & around and len(around) >= 5:
            message = f"expected a word of “{alt}” in the text around it, got none"
            yield page.fault("image-context", message, tag)


def _terms(text: str) -> set[str]:
    """Beginnings of words, so that forms of one word are one; pairs of letters where words are not parted."""
    words = {word.casefold() for word in _WORD.findall(text)}
    found = {word[:5] for word in words if len(word) >= 4 and word.isascii()}
    for word in words:
        if not word.isascii():
            plain = _folded(word)
            if re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", word):
                found |= {word[at : at + 2] for at in range(len(word) - 1)}
            elif len(plain) >= 4:
                found.add(plain[:5])
    return found


def _note(page: OnePage) -> tuple[_Said, ...]:
    language = _primary(page.seen.lang)
    said = []
    for shown in page.pictures if language else ():
        tag = shown.img.tag
        alt, name = _plain(tag.get("alt")), _name(shown)
        if name and len(alt) >= 8 and (len(alt.split()) >= 3 or not alt.isascii()) and not tag.get("lang"):
            said.append(_Said(name, language, alt, tag.line, tag.path))
    return tuple(said)


def _whole(notes: Mapping[str, tuple[_Said, ...]], site: BuiltSite) -> Iterator[Fault]:
    """A picture's text that stands unchanged on pages of several languages is wrong in all but one of them."""
    places: dict[tuple[str, str], dict[str, list[tuple[str, _Said]]]] = defaultdict(lambda: defaultdict(list))
    for path, said in notes.items():
        for one in said:
            places[one.name, one.alt.casefold()][one.language].append((path, one))
    main = site.config.languages[0].code if site.config.languages else ""
    for by_language in places.values():
        if len(by_language) < 2:
            continue
        right = _primary(main) if _primary(main) in by_language else min(by_language, key=lambda one: _depth(by_language[one]))
        for language, found in by_language.items():
            for path, one in found if language != right else ():
                message = f"expected an `alt` in `{language}`, got the same text as in `{right}`: “{one.alt}”"
                yield Fault("image-alt-untranslated", path, message, one.line, one.selector, language, right)


def _depth(found: list[tuple[str, _Said]]) -> tuple[int, str]:
    """The main language is the one whose pages lie nearest to the root, if the settings do not say."""
    return min((path.count("/"), path) for path, _ in found)


def _name(shown: Shown) -> str:
    return picture_name(shown.img.tag.get("src"))


def _primary(code: str) -> str:
    return code.strip().lower().partition("-")[0]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _folded(text: str) -> str:
    """Letters only, without marks and case."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def _graphemes(text: str) -> int:
    """Characters as a reader counts them: marks, joiners and what they join count as one (nearly UAX 29)."""
    count, joined = 0, False
    for letter in unicodedata.normalize("NFC", text):
        if letter == "\u200d":
            joined = True
        elif unicodedata.category(letter) not in ("Mn", "Me", "Cf"):
            count += not joined
            joined = False
    return count


FAMILY = Family(name="text", fingerprint=1, rules=RULES, page=_page, note=_note, whole=_whole)
