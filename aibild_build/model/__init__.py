"""The nouns: what the rooms hand to each other.

Frozen dataclasses, standard library only, no I/O. Lists are tuples, sizes are pixels, mappings are never changed after they were
handed over. No pixel arrays, no open files, no callables: any noun may cross a process border.

Two digests are never mixed. `pixels` is SHA-256 over (width, height, mode, 8-bit sRGB samples) and names a picture; `digest` is
SHA-256 over file bytes and names a blob. A *key* is SHA-256 over canonical JSON of what was asked (see `canonical`).
"""

from __future__ import annotations

from .assets import Actor, Approval, Asset, Made, Outcome, Rejection, Retraction, Verdict
from .briefs import Brief, Forbidden, Guards, RatioRule, Recipe, Rights, SafeArea, Swatch, Topic, Transparency, VariantOf, Words
from .findings import Finding, Level, Origin
from .pages import Cache, Heading, LinkRef, Output, Page, PictureRef, Site, StaticFile
from .pictures import Candidate, Picture, Related, Source
from .plain import MASTER, PROMPT_PARTS, RECIPE_SCHEMA, RENDITION_SCHEMA, Json, Size, ratio_value
from .renditions import Breakpoint, Crop, FileFacts, Quality, Rendition, Slot, Variant, delivery_key
from .work import Cost, PageReason, PictureReason, Plan, Reason, RenditionReason, Report, Tally, Work

__all__ = [
    "Actor",
    "Approval",
    "Asset",
    "Breakpoint",
    "Brief",
    "Cache",
    "Candidate",
    "Cost",
    "Crop",
    "FileFacts",
    "Finding",
    "Forbidden",
    "Guards",
    "Heading",
    "Json",
    "Level",
    "LinkRef",
    "MASTER",
    "Made",
    "Origin",
    "Outcome",
    "Output",
    "PROMPT_PARTS",
    "Page",
    "PageReason",
    "Picture",
    "PictureReason",
    "PictureRef",
    "Plan",
    "RECIPE_SCHEMA",
    "RENDITION_SCHEMA",
    "RatioRule",
    "Reason",
    "Quality",
    "Recipe",
    "Rejection",
    "Related",
    "Rendition",
    "RenditionReason",
    "Report",
    "Retraction",
    "Rights",
    "SafeArea",
    "Site",
    "Size",
    "Slot",
    "Source",
    "StaticFile",
    "Swatch",
    "Tally",
    "Topic",
    "Transparency",
    "Variant",
    "VariantOf",
    "Verdict",
    "Words",
    "Work",
    "delivery_key",
    "ratio_value",
]
