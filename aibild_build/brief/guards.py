"""Guards over prompts, before anything is spent: what a prompt may not hold, and which sensitive topics a brief speaks of.

Takes merged briefs with the site's and the profile's guards, yields findings at the brief's lines, and names of topics. Looks
at everything that reaches an engine: prompt parts, words for a second encoder, names of LoRAs and files, overrides of ratios,
variants. Negative prompts are free to name what is not wanted. What an approval is, is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..config import Config
from ..model import PROMPT_PARTS, Brief, Finding, Forbidden, Guards, Json, Level, Origin, Recipe
from ..source import Fields
from .layers import Layer
from .wordforms import Entry, Hit, Lexicon, clean

_CALLED = {"term": "the term", "person": "the person", "brand": "the brand", "motif": "the motif"}
_HINT = 'choose other words; a look-alike passes with {word = "…", exact = true} or unless = ["…"] in the guards'
_KEY = re.compile(r"[^\s#-]")  # a key at the top of a file


@dataclass(frozen=True, slots=True)
class Spoken:
    """Some text of a brief and where it stands: key path, and a name for people."""

    text: str
    at: tuple[str | int, ...]
    name: str


class _Watch:
    """Guards made ready to be looked for, with the phrases that excuse each."""

    def __init__(self, words: Sequence[Forbidden], languages: tuple[str, ...]) -> None:
        self.words = tuple(words)
        self._lexicon = Lexicon([_entry(word, languages) for word in words])
        self._unless = {
            number: Lexicon([Entry(text, word.languages or languages, exact=word.exact) for text in word.unless])
            for number, word in enumerate(words)
            if word.unless
        }

    def find(self, text: str) -> Iterator[tuple[Forbidden, str]]:
        """Each guard with the word that it was found as; every guard once for a word."""
        seen: set[tuple[int, str]] = set()
        for hit in self._lexicon.find(text):
            if (hit.entry, hit.word) not in seen and not self._excused(hit, text):
                seen.add((hit.entry, hit.word))
                yield self.words[hit.entry], hit.word

    def _excused(self, hit: Hit, text: str) -> bool:
        excuses = self._unless.get(hit.entry)
        return excuses is not None and any(one.start <= hit.start and hit.end <= one.end for one in excuses.find(text))


def guards_of(brief: Brief, config: Config) -> Guards:
    """The site's guards and those of the brief's profile."""
    if not brief.guards.words and not brief.guards.topics:
        return config.guards
    topics = {topic.name: topic for topic in (*config.guards.topics, *brief.guards.topics)}
    return Guards(words=(*config.guards.words, *brief.guards.words), topics=tuple(topics.values()))


def topics_of(brief: Brief, config: Config) -> tuple[str, ...]:
    """The names of the sensitive topics that a brief speaks of, in its prompt or in the words it is shown with; sorted. Pure."""
    topics = guards_of(brief, config).topics
    if not topics:
        return ()
    texts = [spoken.text for spoken in (*spoken_of(brief), *_shown(brief))]
    languages = _languages(config)
    return tuple(sorted(topic.name for topic in topics if any(any(_watch(topic.words, languages).find(text)) for text in texts)))


def approvers_of(brief: Brief, config: Config) -> Mapping[str, tuple[str, ...]]:
    """The roles that must approve a brief besides, by the topic that asks for them. Pure."""
    roles = {topic.name: topic.approvers for topic in guards_of(brief, config).topics}
    return {name: roles[name] for name in topics_of(brief, config)}


def guard_findings(brief: Brief, config: Config, table: Fields, layers: Sequence[Layer]) -> Iterator[Finding]:
    """One for each forbidden word in what `brief` asks for, and a note for each topic. `table` is the brief's own file."""
    watch = _watch(guards_of(brief, config).words, _languages(config))
    for spoken in spoken_of(brief) if watch.words else ():
        for word, found in watch.find(spoken.text):
            whence = _block_of(found, spoken, layers)
            yield _finding(word, found, spoken.name + whence, Origin(path=brief.origin.path, line=_line(table, spoken, found)))
    for name, roles in approvers_of(brief, config).items():
        message = f"brief speaks of the sensitive topic `{name}`: needs approval by {', '.join(roles)}"
        yield Finding(rule="guard-topic", level=Level.NOTE, message=message, origin=brief.origin)


def recipe_findings(brief: Brief, config: Config, recipes: Iterable[Recipe], known: Iterable[str]) -> Iterator[Finding]:
    """What an engine's own words (trigger words of a LoRA, for one) add to a prompt that the guards forbid.

    `known` are words that were told already.
    """
    watch = _watch(guards_of(brief, config).words, _languages(config))
    told = set(known)
    for recipe in recipes if watch.words else ():
        for text in (recipe.prompt, *(text for _, text in _texts(recipe.parameters))):
            for word, found in watch.find(text):
                if found not in told:
                    told.add(found)
                    yield _finding(word, found, "what the engine is given", brief.origin)


def spoken_of(brief: Brief) -> Iterator[Spoken]:
    """Everything that a brief says to an engine."""
    for part, text in brief.parts:
        yield Spoken(text, (part,), part)
    if brief.text != "none":
        yield Spoken(brief.text, ("text",), "text")
    for keys, text in _texts(brief.parameters):
        yield Spoken(text, (keys[0],) if keys[0] == "loras" else ("parameters", *keys), ".".join(map(str, keys)))
    for number, rule in enumerate(brief.ratios):
        for keys, text in _texts(rule.overrides):
            yield Spoken(text, ("ratios", number, *keys), f"{'.'.join(map(str, keys))} at {rule.ratio}")
    for number, variant in enumerate(brief.variants):
        if variant.field.partition("_")[0] != "negative":
            yield from (
                Spoken(text, ("variants", number, *keys), f"variant {variant.name}") for keys, text in _texts({"": variant.value})
            )
    for path in brief.inputs:
        yield Spoken(path.rpartition("/")[2], ("file",), "file")
    yield Spoken(brief.id, (), "the brief's name")


def _shown(brief: Brief) -> Iterator[Spoken]:
    """The words that a picture is shown with."""
    words = [text.text for text in brief.alt.values()]
    words += [*brief.caption.values(), *brief.title.values(), *brief.tags, brief.message]
    words += [word for keywords in brief.keywords.values() for word in keywords]
    yield from (Spoken(text, (), "") for text in words if text)


def _texts(values: Mapping[str, Json], at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in a table and in what lies in it, with its keys; negative prompts left out."""
    for name, value in values.items():
        if name.partition("_")[0] != "negative":
            yield from _inner(value, (*at, name))


def _inner(value: Json, at: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        yield from _texts(value, at)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _inner(item, (*at, index))


def _finding(word: Forbidden, found: str, where: str, origin: Origin) -> Finding:
    return Finding(
        rule=f"guard-{word.kind}",
        level=Level.ERROR,
        message=f"expected a prompt without {_CALLED[word.kind]} `{word.text}`, got `{found}` in {where}",
        origin=origin,
        measured=found,
        limit=word.text,
        hint=_HINT,
    )


def _line(table: Fields, spoken: Spoken, found: str) -> int | None:
    """The line in which the word stands, else that of its key; of words that the brief has from its profile, the profile's."""
    if not spoken.at:
        return 1
    if not table.has(str(spoken.at[0])):
        return table.line("profile") if table.has("profile") else 1
    first = table.line(spoken.at) or 1
    lines = table.document.text.split("\n")[first - table.document.first_line :]
    for number, line in enumerate(lines):
        if number and _KEY.match(line):
            break
        if found.casefold() in clean(line).casefold():
            return first + number
    return first


def _block_of(found: str, spoken: Spoken, layers: Sequence[Layer]) -> str:
    """Which profile or block brought the word, where it was not the brief itself."""
    if spoken.at and spoken.at[0] in PROMPT_PARTS:
        for layer in layers:
            for piece in layer.parts.get(str(spoken.at[0]), ()):
                if found in clean(piece.text):
                    whence = [layer.name] if layer.name != "brief" else []
                    whence += [f"block {piece.block}"] if piece.block else []
                    return f" ({', '.join(whence)})" if whence else ""
    return ""


def _entry(word: Forbidden, languages: tuple[str, ...]) -> Entry:
    return Entry(word.text, word.languages or languages, exact=word.exact, reversible=word.kind == "person")


def _languages(config: Config) -> tuple[str, ...]:
    """The site's languages and English, which most models are spoken to in."""
    return tuple(dict.fromkeys((*(language.code.split("-")[0].lower() for language in config.languages), "en")))


@lru_cache(maxsize=64)
def _watch(words: tuple[Forbidden, ...], languages: tuple[str, ...]) -> _Watch:
    return _Watch(words, languages)
