"""Gate `text`: letters that nobody asked for, which is what image models like to leave.

Words of the page are HTML and lie over the picture, so a picture holds none unless its brief says which. Measured is the share
of the picture that read words cover which the brief does not want.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..model import Json, Outcome
from . import Judgement, Measured, Scored, Seen, by_rule, limit, number, rows
from .letters import Word, likeness, read_words, reader_of, words_of
from .pixels import EVIDENCE_PX, RED, box_of, evidence, image, small

ALIKE = 0.6  # of the letters of a wanted word that a reading must share to count as this word


class Text(Scored):
    name = "text"
    what = "text area"
    better = "lower"
    level = "warning"  # readers miss small print more often than a gate may: 7 % with rapidocr, 47 % with tesseract
    facts = ("engine", "text", "max_text_share")
    settings: Mapping[str, str] = {
        "review": "number",
        "block": "number",
        "reader": "text",
        "languages": "text",
        "always": "flag",
    }
    measured_with = ("reader", "languages", "always")
    review = 0.0
    block = 0.004  # of the picture: a word of some 60 × 60 px at 1024 × 576

    def measure(self, seen: Seen) -> Measured:
        """Score: share of the picture under unwanted words; facts: what was read, where, and by which reader."""
        wanted = words_of(str(seen.facts.get("text") or ""))
        allowed = seen.facts.get("max_text_share")
        if by_rule(seen) or (seen.facts.get("engine") == "imported" and allowed is None and not wanted):
            return Measured(score=0.0, facts={"read": [], "allowed": allowed})
        reader = reader_of(str(seen.settings.get("reader") or ""))
        found = read_words(image(seen), reader, str(seen.settings.get("languages") or "eng"))
        unwanted = [word for word in found if not _is_wanted(word, wanted)]
        facts: dict[str, Json] = {
            "read": [{"text": word.text, "box": [round(side, 4) for side in word.box]} for word in unwanted],
            "allowed": allowed,
            "reader": reader,
        }
        return Measured(score=round(min(sum(word.share for word in unwanted), 1.0), 5), facts=facts)

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        sides = ("x", "y", "width", "height")
        boxes = [dict(zip(sides, row["box"], strict=True)) for row in rows(measured.facts.get("read"))]
        view = small(seen, EVIDENCE_PX)
        return evidence(view, None, [(box_of(box, view.shape[1], view.shape[0]), RED) for box in boxes]) if boxes else b""

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """`max_text_share` of the brief takes the place of both limits."""
        allowed = number(measured.facts, "allowed", -1.0)
        if allowed >= 0:
            if measured.score <= allowed:
                return Judgement(outcome=Outcome.PASS, threshold=allowed)
            return Judgement(outcome=Outcome.BLOCK, threshold=allowed, message=self.told(measured, allowed))
        return super().judge(measured, settings)

    def limits(self, settings: Mapping[str, Json]) -> tuple[float | None, float | None]:
        return limit(settings, "review", self.review), limit(settings, "block", self.block)

    def told(self, measured: Measured, at: float) -> str:
        read = ", ".join(f"`{row['text']}`" for row in rows(measured.facts.get("read"))[:3])
        return f"expected {'no text' if not at else f'text on at most {at:.1%}'}, got {read} on {measured.score:.2%}"


def _is_wanted(word: Word, wanted: Sequence[str]) -> bool:
    """Whether every word of a reading is one of those the brief wants, more or less."""
    parts = words_of(word.text)
    return bool(wanted) and all(any(likeness(part, one) >= ALIKE for one in wanted) for part in parts)
