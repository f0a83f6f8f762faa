"""`imported`: ordinary image files, and pictures that another tool made.

Takes one input file; its sidecar may declare where it comes from (`source_type`, `tool`, and `parameters` as Midjourney and its
like let them be copied). Yields its pixels, upright and in sRGB, in their own size: the recipe's size is not used. A mark of AI
origin that the file carries is never lost. Knows no file system: bytes come in by role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import EngineRefused
from ..imagefile import (
    AI_SOURCE_TYPES,
    SOURCE_TYPES,
    Decoded,
    ImageFault,
    decode,
    embedded_source_type,
    fields,
    format_of_name,
    is_ai,
    probe,
    source_type_of,
)
from ..model import Brief, Cost, Finding, Json, Level, Recipe, Size
from ..source import nearest_hint
from . import Drawn, Progress, Resolved

ROLE = "file"
# What is claimed of a file whose origin nobody declares: made with digital tools, neither camera nor model.
UNDECLARED = "digitalCreation"
_AI = "trainedAlgorithmicMedia"
KEPT_MARKS = ("dc:creator", "dc:rights", "photoshop:Credit", "xmpRights:WebStatement")  # rights that travel on with the picture
# Tools whose pictures come from a trained model: lower case, letters and digits only, without their version.
_AI_TOOLS = {
    "adobefirefly",
    "automatic1111",
    "chatgpt",
    "comfyui",
    "dalle",
    "dreamstudio",
    "firefly",
    "flux",
    "gemini",
    "gptimage",
    "ideogram",
    "imagen",
    "invokeai",
    "krea",
    "leonardo",
    "midjourney",
    "nanobanana",
    "openai",
    "playground",
    "recraft",
    "sdxl",
    "seedream",
    "stablediffusion",
}


class Imported:
    name = "imported"
    fingerprint = 1
    exact = True
    lane = "cpu"

    def resolve(self, brief: Brief, ratio: str, size: Size, models: Mapping[str, Json]) -> Resolved:
        """The file, and what is declared of its origin. Prompt and seed decide nothing here, so they are left empty.

        Findings: `source-missing` (no file), `source-value` (a source type that IPTC does not know, or that denies the tool).
        """
        tool = str(brief.sidecar.get("tool") or "")
        declared = str(brief.sidecar.get("source_type") or "")
        pasted = pasted_parameters(str(brief.sidecar.get("parameters") or ""))
        # Whoever pastes a prompt beside a picture says that a model made it.
        source_type = source_type_of(declared) if declared else (_AI if _is_ai_tool(tool) or pasted else UNDECLARED)
        return Resolved(
            prompt="",
            negative="",
            seed=0,
            size=size,
            parameters={"source_type": source_type, "tool": tool},
            inputs=tuple((ROLE, path) for path in brief.inputs[:1]),
            noted={**({ROLE: brief.inputs[0]} if brief.inputs else {}), **({"pasted": pasted} if pasted else {})},
            findings=_findings(brief, declared, source_type, tool),
        )

    def estimate(self, recipe: Recipe) -> Cost:
        return Cost(seconds=0.5)

    def generate(self, recipe: Recipe, inputs: Mapping[str, bytes], progress: Progress) -> Sequence[Drawn]:
        """Decode the file. Raises EngineRefused with one sentence that names the file and what is wrong with it."""
        import PIL

        name = str(recipe.noted.get(ROLE, "the file"))
        if ROLE not in inputs:
            raise EngineRefused("an imported picture needs its file, none was given")
        try:
            seen = probe(inputs[ROLE])
            own = embedded_source_type(seen)
            marks = fields(seen)
            picture = decode(inputs[ROLE])
        except ImageFault as fault:
            raise EngineRefused(f"{name}: {fault}", hint="export the picture again, or name another file") from fault
        source_type, origin_notes = _origin(own, str(recipe.parameters.get("source_type") or UNDECLARED))
        progress(1.0)
        environment: dict[str, Json] = {
            "pillow": PIL.__version__,
            "format": picture.format,
            "source_mode": picture.source_mode,
            "notes": [*_name_notes(name, picture), *picture.notes, *origin_notes],
            "marks": {name: marks[name] for name in KEPT_MARKS if marks.get(name)},
        }
        return (
            Drawn(
                samples=picture.samples,
                size=picture.size,
                mode=picture.mode,
                source_type=source_type,
                environment=environment,
                original=inputs[ROLE] if seen.c2pa else b"",
            ),
        )

    def close(self) -> None:
        return None


def pasted_parameters(text: str) -> dict[str, Json]:
    """`"a boat --ar 16:9 --seed 5 --tile"` → prompt, and each parameter as text, True for one without a value. Empty gives {}.

    Dashes that an editor has joined to one long dash count, too; of a parameter that stands twice the last holds.
    """
    prompt, *given = re.split(r"(?:^|(?<=\s))(?:--|—)(?=[A-Za-z])", text.strip())
    found: dict[str, Json] = {"prompt": " ".join(prompt.split())} if prompt.strip() else {}
    for piece in given:
        name, _, value = piece.strip().partition(" ")
        found[name] = " ".join(value.split()) or True
    return found


def _is_ai_tool(tool: str) -> bool:
    """Whether the name begins with a known one, in whole words but for a version: "DALL·E 3", "Midjourney v7", "flux1-dev"."""
    words = re.findall(r"[a-z0-9]+", tool.casefold())
    beginnings = ("".join(words[:count]) for count in range(1, len(words) + 1))
    return any(re.sub(r"v?[0-9]+$", "", beginning) in _AI_TOOLS for beginning in beginnings)


def _findings(brief: Brief, declared: str, source_type: str, tool: str) -> tuple[Finding, ...]:
    findings = []

    def fault(rule: str, message: str, hint: str) -> None:
        fields: dict[str, Any] = {"level": Level.FATAL, "origin": brief.origin, "subject": brief.id}
        findings.append(Finding(rule=rule, message=message, hint=hint, **fields))

    if not brief.inputs:
        fault("source-missing", "expected file as the path of a picture, got nothing", "file: images/photo.jpg")
    if declared and not source_type:
        fault("source-value", f'expected source_type as an IPTC digital source type, got "{declared}"', _nearest(declared))
    elif declared and _is_ai_tool(tool) and not is_ai(source_type):
        expected = " or ".join(sorted(AI_SOURCE_TYPES, reverse=True))
        hint = "leave source_type out, or leave tool out if no model took part"
        fault("source-value", f'expected source_type as {expected} for tool "{tool}", got "{declared}"', hint)
    return tuple(findings)


def _nearest(declared: str) -> str:
    return nearest_hint(declared.rpartition("/")[2], SOURCE_TYPES)


def _origin(own: str, declared: str) -> tuple[str, tuple[str, ...]]:
    """The file's own mark before what was declared, unless only the declaration names a trained model."""
    if not own or own == declared:
        return declared, ()
    if is_ai(declared) and not is_ai(own):
        return declared, (f"the file says {own}, but {declared} is declared",)
    return own, (f"the file's own mark {own} was kept, {declared} was declared",)


def _name_notes(name: str, picture: Decoded) -> tuple[str, ...]:
    promised = format_of_name(name)
    if promised and promised != picture.format:
        return (f"the name says {promised}, the bytes are {picture.format}",)
    return ()
