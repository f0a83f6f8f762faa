"""Gate `legible`: words that a brief wants in its picture can be read in the smallest file that a visitor may get.

Read by rapidocr unless settings say otherwise: tesseract misses so much that its not reading a word says nothing of the word.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Json
from . import Measured, Scored, Seen, by_rule, rows
from .letters import read_words, readable, reader_of, words_of
from .pixels import image


class Legible(Scored):
    name = "legible"
    what = "wanted words read"
    scope = "rendition"
    level = "warning"
    sample = "ends"
    facts = ("engine", "text")
    wants = ("text",)
    settings: Mapping[str, str] = {
        "review": "number",
        "block": "number",
        "reader": "text",
        "languages": "text",
        "always": "flag",
    }
    measured_with = ("reader", "languages", "always")
    review = 0.9
    block = 0.6

    def measure(self, seen: Seen) -> Measured:
        """Score: share of the wanted words that was read, 0–1; 1 where none is wanted."""
        wanted = words_of(str(seen.facts.get("text") or ""))
        if not wanted or by_rule(seen):
            return Measured(score=1.0, facts={"wanted": [], "read": []})
        reader = reader_of(str(seen.settings.get("reader") or "rapidocr"))
        found = read_words(image(seen), reader, str(seen.settings.get("languages") or "eng"))
        read = [part for word in found for part in words_of(word.text)]
        facts: dict[str, Json] = {"wanted": list(wanted), "read": list(read), "width": seen.size[0], "reader": reader}
        return Measured(score=round(readable(wanted, read), 4), facts=facts)

    def told(self, measured: Measured, at: float) -> str:
        wanted, read = (" ".join(map(str, rows(measured.facts.get(name)))) for name in ("wanted", "read"))
        return f"expected `{wanted}` readable at {measured.facts.get('width')} px, got `{read[:60]}`"
