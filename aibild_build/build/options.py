"""How to build: what the command line says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to build.

    `store` and `output` override `aibild.toml`; `workers` 0 is one for each core; `crew` says who works; limits None are the
    site's own. With `check` the rules look at the built site, where `[check] build` lets them.
    """

    root: Path
    output: Path | None = None
    store: Path | None = None
    read_only_store: bool = False
    base_url: str | None = None
    frozen: bool = False
    draft: bool = False
    force: bool = False
    check: bool = False
    limit_seconds: float | None = None
    limit_images: int | None = None
    limit_credits: float | None = None
    workers: int = 0
    crew: str = "local"
