"""What prompts may not hold, as `aibild.toml` and style profiles write it alike.

Takes the table `guards`, yields `Guards`; what is wrong is told to the fields. How a word is found in a text is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model import Forbidden, Guards, Topic
from ..source import Fields

GUARDED = {"terms": "term", "people": "person", "brands": "brand", "motifs": "motif"}
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def read_guards(table: Fields) -> Guards:
    """Four lists of words, and topics by name."""
    words = tuple(word for key, kind in GUARDED.items() for word in _words(table, key, kind))
    return Guards(words=words, topics=tuple(_topic(name, topic) for name, topic in table.named("topics")))


def _topic(name: str, table: Fields) -> Topic:
    if not _NAME.fullmatch(name):
        table.tell("source-value", f"expected names of topics in kebab-case, got `{name}`")
    approvers = table.texts("approvers")
    words = _words(table, "words", "term")
    for key in ("words", "approvers"):
        if not table.value(key):
            what = "list of words that tell the topic" if key == "words" else "list of roles, like legal"
            table.tell("source-missing", f"expected guards.topics.{name}.{key} as {what}, got nothing", key)
    return Topic(name=name, words=words, approvers=approvers)


def _words(table: Fields, key: str, kind: str) -> tuple[Forbidden, ...]:
    """A list in which each item is a word or phrase, or a table that says more of it."""
    written = table.value(key)
    if written is None:
        return ()
    items = [written] if isinstance(written, str) else written
    if not isinstance(items, list | tuple):
        table.wrong(key, "list of words")
        return ()
    words = []
    for index, item in enumerate(items):
        one = table.inner((key, index), item) if isinstance(item, Mapping) else None
        word = _table(one, kind) if one else Forbidden(kind=kind, text=item.strip()) if isinstance(item, str) else None
        if word is None or not any(letter.isalnum() for letter in word.text):
            table.wrong((key, index), 'word or phrase, or {word = "…", exact = true}')
        else:
            words.append(word)
    return tuple(words)


def _table(table: Fields, kind: str) -> Forbidden:
    languages = table.texts("languages")
    return Forbidden(
        kind=kind,
        text=table.text("word"),
        exact=table.flag("exact"),
        languages=tuple(language.split("-")[0].lower() for language in languages),
        unless=table.texts("unless"),
    )
