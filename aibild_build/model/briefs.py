"""What was asked for: a brief as its author wrote it, and the recipe that decides pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..canonical import key_of
from .findings import Origin
from .plain import RECIPE_SCHEMA, Json, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeArea:
    """A rectangle that stays calm for overlay text, in fractions (0–1) of the picture at `ratio` ("*" is every ratio).

    `colour` is the CSS hex colour (#rrggbb) of the text that will lie on it.
    """

    ratio: str
    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioRule:
    """How one ratio is had: `crop` from the master, `regenerate` as an asset of its own, or `outpaint`.

    `overrides` are the brief's fields that differ at this ratio (prompt parts, seed, size, focal, parameters).
    """

    ratio: str
    mode: str = "crop"
    overrides: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """A palette colour (#rrggbb) and its weight (> 0, relative)."""

    colour: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Text in one language; a draft is not yet reviewed by a person."""

    text: str
    draft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    document: str = ""
    holder: str = ""
    territory: str = ""
    expires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transparency:
    """What is told of a picture beside what it is. `label` None shows one on what a trained model made; `people` is `none`,
    `invented` or `real`, and `risk` the author's own class, "" where nobody said."""

    label: bool | None = None
    people: str = ""
    risk: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantOf:
    """A named variant of a brief and the one field that differs in it."""

    name: str
    field: str
    value: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """A word or phrase that prompts may not hold. `kind` is term, person, brand or motif.

    An `exact` one is these very letters, any other every form that it takes in `languages` (base codes, "" is all of the
    site's and English). Where a phrase of `unless` covers it, it is no hit.
    """

    kind: str
    text: str
    exact: bool = False
    languages: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A sensitive subject: briefs that speak of it need the approval of `approvers` (roles) too."""

    name: str
    words: tuple[Forbidden, ...] = ()
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What prompts may not hold, and what needs more approvals."""

    words: tuple[Forbidden, ...] = ()
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One picture as its author asked for it, blocks and profile merged in. See the docs page "Briefs" for each field.

    The first half decides pixels and goes into the `Recipe`; the second half is how the picture is shown and costs nothing to
    change. `blocks` are (name, version) of every prompt block used, version = short digest of its text.
    `sidecar` holds what an imported file's sidecar declares (origin, source_type, licence, tool).
    `watermark` is the strength of an imperceptible mark, 0 for none.
    `thresholds` are the profile's for the gates, `required_gates` those that must have looked before a frozen build, `guards` the
    profile's guards beside the site's; `topics` are the names of the sensitive topics that the brief speaks of. `layers` says for
    each merged field which of site, profile and brief spoke.
    """

    id: str
    origin: Origin
    engine: str
    parts: tuple[tuple[str, str], ...] = ()
    blocks: tuple[tuple[str, str], ...] = ()
    negative: str = ""
    profile: str = ""
    seed: int = 0
    candidates: int = 1
    size: Size = (2400, 1350)
    ratios: tuple[RatioRule, ...] = ()
    parameters: Mapping[str, Json] = field(default_factory=dict)
    palette: tuple[Swatch, ...] = ()
    text: str = "none"
    inputs: tuple[str, ...] = ()
    sidecar: Mapping[str, Json] = field(default_factory=dict)
    watermark: float = 0.0
    safe_areas: tuple[SafeArea, ...] = ()
    focal: tuple[float, float] = (0.5, 0.5)
    # how it is shown
    alt: Mapping[str, Words] = field(default_factory=dict)
    caption: Mapping[str, str] = field(default_factory=dict)
    title: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    credit: str = ""
    license: str = ""
    acquire_license_page: str = ""
    rights: Rights = field(default_factory=Rights)
    transparency: Transparency = field(default_factory=Transparency)
    created: str = ""
    location: str = ""
    tags: tuple[str, ...] = ()
    message: str = ""
    kpi: str = ""
    max_text_share: float | None = None
    thresholds: Mapping[str, Json] = field(default_factory=dict)
    required_gates: tuple[str, ...] = ()
    variants: tuple[VariantOf, ...] = ()
    layers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guards: Guards = field(default_factory=Guards)
    topics: tuple[str, ...] = ()

    @property
    def prompt(self) -> str:
        """The prompt parts in their fixed order, joined by ", "."""
        return ", ".join(text for _, text in self.parts if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that was asked and that decides pixels. `key` names the picture that was asked for.

    `inputs` are (role, pixel or byte digest); `parents` are recipe keys; `noted` is recorded but not part of the key.
    `watermark` says which mark is put into what the engine made; empty for none, and then it is in no key.
    """

    engine: str
    fingerprint: int
    prompt: str
    negative: str
    seed: int
    size: Size
    parameters: Mapping[str, Json]
    inputs: tuple[tuple[str, str], ...] = ()
    parents: tuple[str, ...] = ()
    schema: int = RECIPE_SCHEMA
    noted: Mapping[str, Json] = field(default_factory=dict)
    watermark: Mapping[str, Json] = field(default_factory=dict)

    def asked(self) -> dict[str, Json]:
        """The invalidating fields, as the JSON whose canonical bytes are hashed."""
        return {
            "schema": self.schema,
            "engine": self.engine,
            "fingerprint": self.fingerprint,
            "prompt": self.prompt,
            "negative": self.negative,
            "seed": self.seed,
            "size": list(self.size),
            "parameters": dict(self.parameters),
            "inputs": dict(self.inputs),
            "parents": list(self.parents),
            **({"watermark": dict(self.watermark)} if self.watermark else {}),
        }

    @property
    def key(self) -> str:
        return key_of({"kind": "recipe", **self.asked()})
