"""Drafts of alternative text from what a brief asks for: the entry point of `aibild brief alt`.

Takes a project's root and ids, yields a draft for each brief that says nothing in a language, and writes it into the brief's file
when told to. A draft is what was asked for, not what came out: nobody has looked, so it stays marked. Drafts are in the language
of the brief's own words; nothing is translated here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..brief import read_briefs
from ..brief.alt_file import with_alt_draft
from ..budgets.text.languages import FILE_NAME, FUNCTION_WORDS, PHRASES, PROMPT, SCRIPTS
from ..config import Config, read_config
from ..disk import write_atomic
from ..errors import OutputError, SourceError
from ..model import Brief, Finding, Level
from ..source import nearest_hint

_LONGEST = 150  # characters; longer ones are a finding, `image-alt-long`
_PARTS = ("subject", "setting")
_LORA = re.compile(r"<[^<>]*>")
_WEIGHT = re.compile(r"\)\s*(?:\d*\.\d+|\d+|\++|-+)|:\s*\d*\.?\d+\s*(?=[)\]])|(?<=\w)(?:\+{1,5}|-{2,5})(?=\s|,|$)")
_MEDIUM = (
    "photo|photograph|photography|picture|image|painting|watercolou?r|illustration|drawing|sketch|render|rendering|snapshot|print|"
    "poster|close-up|wallpaper|shot|foto|fotografie|bild|gemälde|aquarell|illustration|zeichnung|grafik|abbildung|aufnahme"
)
_SHOWING = re.compile(
    rf"^(?:(?:an?|the|ein|eine|das|die)\s)?(?:[\w-]+\s){{0,3}}(?:{_MEDIUM})\s(?:of|showing|von|vom|mit)\s", re.I
)
_STYLE = re.compile(
    rf"(?!(?:an?|the|eine?|das|die)\s)(?:[\w-]+\s){{0,3}}(?:{_MEDIUM}|style|stil|bokeh|hdr|grain|lens|artwork|concept art|"
    r"lighting|resolution|quality|detail(?:s|ed)?|\d+\s?mm|f/?\d(?:\.\d)?|iso\s?\d+|anime|cinematic|realistic|photorealistic|minimalist)",
    re.I,
)
_ABSENT = re.compile(r"(?:no|not|without|nowhere|never|nothing|only|nur|ohne|kein|keine|nirgends|nichts)\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class AltDraft:
    """`text` is the draft, "" where none can be made, and `why` says then what stands against it. `people` are the site's other
    languages without a text, which are left to people. `written` says whether it stands in `path`."""

    brief: str
    path: str
    lang: str = ""
    text: str = ""
    why: str = ""
    people: tuple[str, ...] = ()
    written: bool = False


def draft_alt(root: Path, ids: Sequence[str] = (), *, lang: str = "", write: bool = False) -> tuple[AltDraft, ...]:
    """A row for each brief of `ids` (none: for each brief) whose alternative text in `lang` is missing.

    `lang` "" is the language that the brief's words are in. Raises SourceError for settings and briefs that cannot be read, and
    OutputError for files that cannot be written.
    """
    config, findings = read_config(root)
    if config is None:
        raise SourceError(findings)
    codes = [language.code for language in config.languages]
    if lang and lang not in codes:
        raise SourceError((_unknown("language", lang, codes),))
    briefs, found = read_briefs(config)
    missing = tuple(_unknown("brief", one, briefs) for one in ids if one not in briefs)
    faults = tuple(one for one in found if one.level is Level.FATAL and (not ids or one.subject in ids))
    if missing or faults:
        raise SourceError((*missing, *faults))
    rows = (_draft(config, briefs[one], codes, lang) for one in dict.fromkeys(ids or sorted(briefs)))
    return tuple(_put(root, one) if write and one.text else one for one in rows if one is not None)


def compose(brief: Brief) -> str:
    """One phrase of at most 150 characters: subject, then as much of the setting as fits.

    Left out are style, light, composition and constraints, the names and weights of models, what is said for models alone,
    "image of", and whatever is said not to be there.
    """
    parts = dict(brief.parts)
    names = sorted({one for one in _names(brief.parameters) if len(one) > 2}, key=len, reverse=True)
    pieces: list[str] = []
    for part in _PARTS:
        for piece in re.split(r"[,;\n]+", _bare(parts.get(part, ""), names)):
            words = _SHOWING.sub("", " ".join(piece.split())).strip(" .:|")
            if _says_something(words) and words.casefold() not in (one.casefold() for one in pieces):
                pieces.append(words)
    text = ""
    for piece in pieces:
        longer = f"{text}, {piece}" if text else piece
        if len(longer) > _LONGEST:
            break
        text = longer
    if pieces and not text:
        text = pieces[0][: _LONGEST + 1].rpartition(" ")[0]
    return text[:1].upper() + text[1:]


def _draft(config: Config, brief: Brief, codes: Sequence[str], lang: str) -> AltDraft | None:
    """The row on one brief; None where it lacks nothing."""
    lacking = tuple(code for code in codes if code not in brief.alt)
    text = compose(brief)
    own = lang or _own_language(text, codes, config.default_language)
    if own in brief.alt or not lacking:
        return None
    row = AltDraft(brief=brief.id, path=brief.origin.path, lang=own, people=tuple(code for code in lacking if code != own))
    if not text:
        why = "subject and setting say nothing that a reader could be told"
    elif not own:
        why = "its words are in none of the site's languages; people must write the texts"
    elif own not in _likely(text, codes):
        why = f"its words are not in `{own}`; people must write that text, nothing is translated"
    elif _is_idle(text):
        why = "its words read as written for a model"
    else:
        return replace(row, text=text)
    return replace(row, why=why)


def _put(root: Path, one: AltDraft) -> AltDraft:
    path = root / one.path
    try:
        before = path.read_bytes().decode()
        after = with_alt_draft(before, one.lang, one.text)
        if after is not None:
            write_atomic(path.resolve(), after.encode())
    except OSError as error:
        raise OutputError(f"cannot write {one.path}: {error.strerror or error}") from error
    why = "" if after is not None else f"the file's layout has no safe place for it; write `{one.lang}: {{draft: …}}` under `alt`"
    return replace(one, why=why, written=after is not None)


def _bare(text: str, names: Sequence[str]) -> str:
    """The words without weights, brackets, and names of models and tokens."""
    text = _LORA.sub(" ", text)
    for name in names:
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", " ", text, flags=re.I)
    text = PROMPT.sub(" ", _WEIGHT.sub(" ", text))
    return re.sub(r"[()\[\]{}*_#\\|]+", " ", text).replace('"', "")


def _names(value: object, key: str = "") -> Iterator[str]:
    """Every text under `loras` and `embeddings` of the engine's parameters: names, tokens, trigger words."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _names(inner, key or (name if name in ("loras", "embeddings") else ""))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner, key)
    elif isinstance(value, str) and key:
        yield value


def _says_something(words: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", words)) and not (_STYLE.fullmatch(words) or _ABSENT.match(words))


def _is_idle(text: str) -> bool:
    return bool(PROMPT.search(text) or FILE_NAME.fullmatch(text) or any(one.search(text) for one in PHRASES.values()))


def _likely(text: str, codes: Sequence[str]) -> tuple[str, ...]:
    """Those of `codes` whose function words or letters the text has most of; all that cannot be told apart where it has none."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    for code in sorted(SCRIPTS, key=lambda one: one == "zh"):  # kana tell Japanese, and Chinese is what is left
        if SCRIPTS[code].search(text) and (code != "ja" or re.search(r"[\u3040-\u30ff]", text)):
            return tuple(one for one in codes if _base(one) == code)
    hits = {code: sum(word in known for word in words) for code, known in FUNCTION_WORDS.items()}
    most = max(hits.values())
    likely = {code for code, count in hits.items() if count == most} if most else set(FUNCTION_WORDS)
    return tuple(one for one in codes if _base(one) in likely)


def _own_language(text: str, codes: Sequence[str], default: str) -> str:
    likely = _likely(text, codes)
    return default if default in likely else next(iter(likely), "")


def _base(code: str) -> str:
    return code.partition("-")[0].lower()


def _unknown(kind: str, name: str, known: Mapping[str, object] | Sequence[str]) -> Finding:
    hint = nearest_hint(name, known) or f"{kind}s: {', '.join(sorted(known)) or 'none yet'}"
    return Finding(rule="source-reference", level=Level.FATAL, message=f"there is no {kind} `{name}`", subject=name, hint=hint)
