"""The review board as one JSON object (`schemas/review.json`)."""

from __future__ import annotations

from ..build.board import Board, Choice
from ..model import Json

SCHEMA = 1


def review_object(board: Board) -> dict[str, Json]:
    """What waits for a decision, and what is decided."""
    return {
        "schema": SCHEMA,
        "open": sum(1 for entry in board.entries if entry.open),
        "pictures": [
            {
                "brief": entry.brief,
                "asset": entry.name,
                "open": entry.open,
                "needs": [need.value for need in entry.needs],
                "lacks": list(entry.lacks),
                "candidates": [_candidate(choice) for choice in entry.choices],
            }
            for entry in board.entries
        ],
    }


def _candidate(choice: Choice) -> dict[str, Json]:
    return {
        "pixels": choice.pixels,
        "seed": choice.seed,
        "picked": choice.picked,
        "published": choice.published,
        "gates": choice.outcome.value,
        "approved_by": [one.who for one in choice.approvals],
        "rejected_by": [one.who for one in choice.rejections],
    }
