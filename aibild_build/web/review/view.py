"""Boards → HTML, in the languages that there are words for. Pure: opens nothing but its own templates and words."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from ...build.board import Board, Choice, Cut, Entry
from ...build.on_page import frame_name
from ...build.preview import cut_name
from ...model import Json

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
DEFAULT_LANGUAGE = "en"
PREVIEW_PX = 1600
THUMB_PX = 640
_SLOT = re.compile(r"\\{(\w+)\\}")
_TICKS = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Frame:
    """One view of a candidate: a cut of it, or the whole. `place` lays the whole picture so that the frame shows the cut."""

    name: str
    cut: Cut
    place: str
    filled: str = "left:0;top:0;width:100%"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cut, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a page tells of the last action: its kind if it was `done`, else the `problem`, and the `reason` that was typed."""

    done: str = ""
    problem: str = ""
    reason: str = ""
    pixels: str = ""


class Pages:
    """Renders boards. `static` leaves all that acts out."""

    def __init__(self, *, who: str = "", key: str = "", static: bool = False) -> None:
        self._who, self._key, self._static = who, key, static

    def index(self, board: Board, lang: str, version: str = "") -> str:
        return self._fill("index.html", board, lang, "index", version)

    def entry(self, board: Board, entry: Entry, lang: str, version: str = "", notice: Notice | None = None) -> str:
        at = next(index for index, one in enumerate(board.entries) if one.slug == entry.slug)
        told, words = notice or Notice(), words_of(lang)
        after = board.entries[at + 1 : at + 2]
        still_open = [one for one in (*board.entries[at + 1 :], *board.entries[:at]) if one.open]
        still_open.sort(key=lambda one: one.state != "open")
        numbers = {choice.pixels: choice.number for choice in entry.choices}
        first = next((index for index, one in enumerate(entry.shown) if one.lang == lang), 0)
        names = dict.fromkeys(cut.ratio for choice in entry.choices for cut in choice.cuts)
        return self._fill(
            "entry.html",
            board,
            lang,
            entry.slug,
            version,
            entry=entry,
            number=at + 1,
            before=board.entries[at - 1] if at else None,
            after=after[0] if after else None,
            next_open=still_open[0] if still_open else None,
            done=words.get(f"done_{told.done}", ""),
            problem=told.problem,
            kept=told.reason,
            kept_pixels=told.pixels,
            views=(*names, "whole"),
            has_areas=any(cut.areas for choice in entry.choices for cut in choice.cuts),
            has_evidence=any(verdict.evidence for choice in entry.choices for verdict in choice.verdicts),
            first_shown=first,
            siblings=[one for one in board.entries if one.brief == entry.brief and one is not entry],
            frames=frames_of,
            frame_name=lambda choice, showing: f"pages/{frame_name(entry.slug, choice.number, showing)}",
            number_of=lambda pixels: numbers.get(pixels, 0),
            mine=lambda choice: any(one.who == self._who for one in choice.approvals),
            said_by_me=lambda choice: any(one.who == self._who for one in (*choice.approvals, *choice.rejections)),
        )

    def _fill(self, template: str, board: Board, lang: str, name: str, version: str, **more: object) -> str:
        words = words_of(lang)
        html: str = (
            _environment()
            .get_template(template)
            .render(
                board=board,
                lang=lang,
                w=words,
                tell=lambda text: translated(text, lang),
                say=lambda key, **values: words[key].format(**values),
                languages=[(code, words_of(code)["language"]) for code in languages()],
                page_name=lambda slug: page_name(slug, lang),
                here=lambda code: page_name(name, code),
                thumb=lambda choice: f"cuts/{cut_name(choice.pixels, whole(choice), THUMB_PX)}",
                preview=preview_of,
                evidence=lambda digest: f"evidence/{digest}.png",
                focal_of=_focal_of,
                by=lambda one: ", ".join(part for part in (one.who, one.role, _moment(one.when)) if part),
                static=self._static,
                who=self._who,
                key=self._key,
                version=version,
                **{"done": "", "problem": "", **more},
            )
        )
        return html


def page_name(slug: str, lang: str) -> str:
    """The file that holds a page: `SLUG.html`, and `SLUG.LANG.html` in other languages than English."""
    return f"{slug}.html" if lang == DEFAULT_LANGUAGE else f"{slug}.{lang}.html"


def preview_of(choice: Choice) -> str:
    """Address of a candidate's whole picture, as large as a screen needs."""
    return f"cuts/{cut_name(choice.pixels, whole(choice), PREVIEW_PX)}"


def whole(choice: Choice) -> tuple[int, int, int, int]:
    return 0, 0, *choice.size


def frames_of(choice: Choice) -> list[Frame]:
    """Every cut of a candidate, widest first, then the whole picture with the marks of the cut that is most like it."""
    frames = [Frame(cut.ratio, cut, _place(choice, cut)) for cut in choice.cuts]
    box = whole(choice)
    own = next((cut for cut in choice.cuts if cut.box == box), None)
    focal = own.focal if own else _focal(choice)
    every = Cut(ratio="whole", slots=(), box=box, focal=focal, areas=own.areas if own else ())
    return [*frames, Frame("whole", every, _place(choice, every))]


def _place(choice: Choice, cut: Cut) -> str:
    x, y, width, height = cut.box
    sides = (("left", -x / width), ("top", -y / height), ("width", choice.size[0] / width), ("height", choice.size[1] / height))
    return ";".join(f"{side}:{_percent(share)}" for side, share in sides)


def _focal(choice: Choice) -> tuple[float, float]:
    """The focal point in fractions of the whole picture, from any cut that has it."""
    for cut in choice.cuts:
        x, y, width, height = cut.box
        return (cut.focal[0] * width + x) / choice.size[0], (cut.focal[1] * height + y) / choice.size[1]
    return 0.5, 0.5


def _focal_of(choice: Choice) -> str:
    return " ".join(_percent(share) for share in _focal(choice))


def languages() -> tuple[str, ...]:
    """Languages that have words, English first."""
    return tuple(
        sorted((file.stem for file in (HERE / "words").glob("*.toml")), key=lambda code: (code != DEFAULT_LANGUAGE, code))
    )


@cache
def words_of(lang: str) -> Mapping[str, str]:
    """The words of one language."""
    words: dict[str, str] = tomllib.loads((HERE / "words" / f"{lang}.toml").read_text("utf-8"))
    return words


def translated(text: str, lang: str) -> str:
    """A sentence of ours in `lang`, as it is where there is no translation; so are people's own words within it."""
    for pattern, words in _sentences(lang):
        if found := pattern.fullmatch(text):
            values = {name: value if name in _OWN else translated(value, lang) for name, value in found.groupdict().items()}
            return words.format(**values)
    pieces = text.split("; ")
    return "; ".join(translated(one, lang) for one in pieces) if len(pieces) > 1 else text


_OWN = frozenset({"name", "who", "reason", "role", "read", "words", "label"})  # said by people, or read in pictures


def _captured(slot: re.Match[str]) -> str:
    return f"(?P<{slot[1]}>{'[^;]*' if slot[1] == 'name' else '.*?'})"


@cache
def _sentences(lang: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of sentences and what they are in `lang`; none in English."""
    path = HERE / "sentences" / f"{lang}.toml"
    if not path.is_file():
        return ()
    rows = tomllib.loads(path.read_text("utf-8"))["sentences"]
    return tuple((re.compile(_SLOT.sub(_captured, re.escape(english))), own) for english, own in rows)


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., object]] = {
        "percent": _percent,
        "moment": _moment,
        "number": lambda value: f"{value:.4g}",
        "ticks": lambda text: Markup(_TICKS.sub(r"<code>\1</code>", str(escape(text)))),
        "value": _value,
    }
    environment.filters.update(filters)
    return environment


def _moment(when: str) -> str:
    """A time of RFC 3339 without its seconds."""
    return when[:16].replace("T", " ")


def _percent(share: float) -> str:
    return f"{share * 100:.3f}".rstrip("0").rstrip(".") + "%"


def _value(value: Json) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
