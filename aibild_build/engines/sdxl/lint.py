"""What of a prompt reaches the encoders: a finding where words fall off, and the counts that `aibild brief show` prints.

Takes a brief and the folders of tokenizers that are at hand; where none is, nothing can be said and nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...model import Brief, Finding, Json, Level
from ...weights import declared
from .words import WINDOW, Counter, TokenCount, has_merges, unweighted


def token_counts(
    brief: Brief, parameters: Mapping[str, Json], model: str, settings: Mapping[str, Json], root: Path
) -> tuple[TokenCount, ...]:
    """One count for each prompt and encoder; empty where no tokenizer is at hand."""
    second = str(parameters.get("prompt_2") or "") or brief.prompt
    negative_second = str(parameters.get("negative_2") or "") or brief.negative
    texts = {"tokenizer": (brief.prompt, brief.negative), "tokenizer_2": (second, negative_second)}
    counts: list[TokenCount] = []
    for encoder, (prompt, negative) in texts.items():
        counter = _counter(model, encoder, settings, root)
        if counter is not None:
            counts += [
                counter.count(encoder, kind, unweighted(text)) for kind, text in (("prompt", prompt), ("negative", negative))
            ]
    return tuple(counts)


def token_findings(
    brief: Brief, parameters: Mapping[str, Json], model: str, settings: Mapping[str, Json], root: Path
) -> tuple[Finding, ...]:
    """`prompt-truncated` for each prompt whose end would be dropped silently. With weighting on, long prompts are read whole."""
    weighting = parameters.get("weighting")
    if isinstance(weighting, Mapping) and weighting.get("dialect") != "none":
        return ()
    lost = {(count.prompt, count.lost): count for count in token_counts(brief, parameters, model, settings, root) if count.lost}
    return tuple(
        Finding(
            rule="prompt-truncated",
            level=Level.WARNING,
            message=f"the {count.prompt} of `{brief.id}` has {count.tokens} tokens; the encoder drops “{count.lost}”",
            origin=brief.origin,
            subject=brief.id,
            measured=count.tokens,
            limit=WINDOW,
            hint="shorten it, move words to `prompt_2`, or set `weighting: compel`, which reads long prompts whole",
        )
        for count in lost.values()
    )


def _counter(model: str, encoder: str, settings: Mapping[str, Json], root: Path) -> Counter | None:
    tables = settings.get("models")
    table = tables.get(model) if isinstance(tables, Mapping) else None
    if not isinstance(table, Mapping):
        return None
    found = declared(model, table, root)
    for folder in (found.path, found.config):
        if folder is not None and has_merges(folder / encoder):
            return Counter(folder / encoder)
    return None
