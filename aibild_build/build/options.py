"""How to build: what the command line says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..standing import STATE_FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a run makes pictures: what is no part of what they are.

    `looks` is a folder for previews, None for none; `every` is the number of steps between two. `strict` has pictures made, and
    takes them, only as they come out here: one at a time, with kernels that repeat.
    """

    looks: Path | None = None
    every: int = 5
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to build.

    `store` and `output` override `aibild.toml`; `workers` 0 is one for each core; `crew` says who works; limits None are the
    site's own. With `check` the rules look at the built site, where `[check] build` lets them. `preview` is a folder for looks at
    pictures at work; `strict` takes only pictures that were made as they would be here.
    `noindex` closes every page to search engines; `target` names the place that this build is for, where it differs from the
    site's own. In a `time_box_s` files are encoded fast, and the time left goes into better ones; a frozen build takes no
    notice of it. What a draft encodes fast is judged by no gate.
    With `lazy_bytes` pictures that only the shared store has stay there, and are left out of the output.
    `pictures` makes pictures, their records and partials alone, and leaves pages to another generator.
    """

    root: Path
    output: Path | None = None
    store: Path | None = None
    read_only_store: bool = False
    base_url: str | None = None
    frozen: bool = False
    draft: bool = False
    noindex: bool = False
    target: str = ""
    force: bool = False
    check: bool = False
    limit_seconds: float | None = None
    limit_images: int | None = None
    limit_credits: float | None = None
    workers: int = 0
    crew: str = "local"
    preview: Path | None = None
    preview_every: int = 5
    strict: bool = False
    time_box_s: float | None = None
    lazy_bytes: bool = False
    pictures: bool = False

    @property
    def memory(self) -> Path:
        """What builds of this kind remember. Drafts, previews and pictures without pages keep apart, and take nothing from the
        real site."""
        state = self.root / STATE_FOLDER
        state = state / "draft" if self.draft else state / f"target-{self.target}" if self.target else state
        return state / "pictures" if self.pictures else state

    @property
    def manner(self) -> Manner:
        return Manner(looks=self.preview, every=self.preview_every, strict=self.strict)
