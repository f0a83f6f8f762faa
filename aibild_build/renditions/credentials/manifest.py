"""What a manifest says of one file: how the picture came to be, what was done to it since, and what it may be used for.

Pure: takes what is known of a picture and one variant of it, yields a `Seal` whose names and keys hang on everything that is
said, and on no version of aibild or of a library. Source: C2PA 2.2 sections 18.14 (actions), 18.16 (ingredients); CAWG training
and data mining 1.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...canonical import key_of
from ...config import Credentials
from ...imagefile import SOURCE_TYPE_BASE
from ...model import Json, Variant
from .signer import Signer

MANIFEST = 1
"""Fingerprint of this file: raised by hand when the same facts are told in another way."""

_PARENT = "parent"
_SMALL_BYTES = 8_192  # in a smaller file the manifest would be more than a third of what is sent
_LINKABLE = ("jpeg", "webp")  # readers look for a link in AVIF's XMP in a place where no encoder puts it
_CHOICES = {"allowed": "allowed", "constrained": "constrained", "not-allowed": "notAllowed"}
_USES = ("cawg.ai_generative_training", "cawg.ai_inference", "cawg.ai_training", "cawg.data_mining")
_MIME = {"jpeg": "image/jpeg", "webp": "image/webp", "avif": "image/avif", "png": "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What a picture was made from. `original` is the blob of the file with its own manifest, "" where it had none."""

    title: str
    format: str
    original: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """How a picture came to be. `agent` is the model or engine; `day` (YYYY-MM-DD) when; `imported` was made elsewhere."""

    title: str
    source_type: str
    agent: str
    day: str
    size: tuple[int, int]
    parent: Parent | None = None
    imported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What one file is signed with. `policy` is what is done to this very file: `embed` or `link`.

    `manifest` carries no version; `certificate` is the chain's fingerprint, `name` what file names take for it.
    """

    policy: str
    manifest: Mapping[str, Json]
    certificate: str
    name: str
    time_stamp: bool = False
    original: str = ""
    original_format: str = ""
    small: bool = False

    @property
    def said(self) -> str:
        """Digest of all that is said and how, with the certificate by the name that file names know."""
        return key_of({**self._all, "certificate": self.name})

    def key(self, unsigned: str) -> str:
        """Key of the signed file over those unsigned bytes."""
        return key_of({"kind": "signed", "unsigned": unsigned, **self._all, "certificate": self.certificate})

    def skips(self, unsigned_bytes: int) -> bool:
        """Whether a file of that many bytes goes out unsigned, as `auto` wants it for small ones."""
        return self.small and unsigned_bytes < _SMALL_BYTES

    @property
    def _all(self) -> dict[str, Json]:
        said: dict[str, Json] = {"manifest": self.manifest, "policy": self.policy, "original": self.original}
        return {**said, "time_stamp": True} if self.time_stamp else said


def seal_of(story: Story, variant: Variant, settings: Credentials, signer: Signer) -> Seal:
    """What a variant of that picture is signed with."""
    linked = settings.policy == "link" and variant.format in _LINKABLE
    return Seal(
        policy="link" if linked else "embed",
        manifest=_manifest(story, variant, settings.training),
        certificate=signer.fingerprint,
        name=signer.name,
        time_stamp=bool(signer.time_stamp),
        original=story.parent.original if story.parent else "",
        original_format=_MIME.get(story.parent.format, "") if story.parent else "",
        small=settings.policy == "auto" and variant.format in _LINKABLE,
    )


def sidecar_name(slug: str, variant: Variant, seal: Seal, metadata: str) -> str:
    """Name of the file that holds a linked manifest. The linked bytes name it, so it cannot hang on them: it does on all that
    decides them (the encode key, the metadata's digest) and on what is signed."""
    short = key_of({"kind": "sidecar", "encode": variant.encode, "metadata": metadata, "said": seal.said})[:8]
    return f"{slug}-{variant.size[0]}.{short}.c2pa"


def _manifest(story: Story, variant: Variant, training: str) -> dict[str, Json]:
    ingredients: list[Json] = []
    if story.parent is not None and not story.parent.original:
        ingredients = [_ingredient(story.parent)]
    return {
        "manifest": MANIFEST,
        "title": story.title,
        "format": _MIME[variant.format],
        "ingredients": ingredients,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": _actions(story, variant)}},
            {"label": "cawg.training-mining", "data": {"entries": {use: {"use": _CHOICES[training]} for use in _USES}}},
        ],
    }


def _ingredient(parent: Parent) -> dict[str, Json]:
    return {
        "title": parent.title,
        "format": _MIME.get(parent.format, f"image/{parent.format}"),
        "relationship": "parentOf",
        "label": _PARENT,
        "instance_id": "xmp:iid:" + key_of({"title": parent.title, "format": parent.format})[:32],
    }


def _actions(story: Story, variant: Variant) -> list[Json]:
    """Created, or opened and edited; then what this rendition is of it. The first two are asked for by section 18.14."""
    origin: dict[str, Json] = {"digitalSourceType": SOURCE_TYPE_BASE + story.source_type} if story.source_type else {}
    made: dict[str, Json] = {**origin, "softwareAgent": {"name": story.agent}}
    if story.day:
        made["when"] = f"{story.day}T00:00:00Z"
    opened: dict[str, Json] = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_PARENT]}}
    actions: list[Json]
    if story.parent is None:
        actions = [{"action": "c2pa.created", **made}]
    elif story.imported:
        actions = [{**opened, **origin}]
    else:
        actions = [opened, {"action": "c2pa.edited", **made}]
    if variant.crop != (0, 0, *story.size):
        actions.append({"action": "c2pa.cropped"})
    if variant.size != variant.crop[2:]:
        actions.append({"action": "c2pa.resized"})
    return [*actions, {"action": "c2pa.transcoded"}]
