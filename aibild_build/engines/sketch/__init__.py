"""`sketch`: procedural pictures from palette, seed and words; needs no model, no GPU and no network.

Takes briefs and recipes, yields pictures whose every sample is the same on every machine. The words of the prompt are not
understood: they seed the composition, and words for a time of day choose its light. Array libraries load when a picture is made,
not when it is planned. To add a motif see `motifs.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...errors import EngineError, EngineRefused
from ...model import MASTER, Brief, Cost, Finding, Json, Level, Recipe, SafeArea, Size, ratio_value
from ...source import nearest
from .. import Drawn, Progress, Resolved
from .motifs import COMMON, DEFAULT_MOTIF, MOTIFS, Motif
from .scene import read_scene
from .stream import Stream
from .tones import PALETTES

SOURCE_TYPE = "algorithmicMedia"
# Measured on one core of a 2.6 GHz EPYC 9004 (2026-11): the slower motif takes 0.30 s at 2400×1350; doubled for older machines.
_SECONDS_A_MEGAPIXEL = 0.2
# Words that set the light where the brief's parameters do not, in English and German.
_TIME_WORDS = {
    "dawn": ("dawn", "sunrise", "morning", "morgen", "sonnenaufgang", "morgendämmerung"),
    "dusk": ("dusk", "sunset", "evening", "twilight", "abend", "sonnenuntergang", "abenddämmerung"),
    "night": ("night", "midnight", "moon", "moonlight", "nacht", "mitternacht", "mond", "mondlicht"),
}


class Sketch:
    """The embedded default engine. See `Engine` for what each method promises."""

    name = "sketch"
    fingerprint = 1
    exact = True
    lane = "cpu"
    probes = tuple(MOTIFS)

    def probe(self, brief: Brief, name: str) -> Brief:
        """The brief in another motif; it keeps those of its parameters that this motif knows."""
        known = {**COMMON, **MOTIFS[name].parameters}
        kept = {parameter: value for parameter, value in brief.parameters.items() if parameter in known}
        return replace(brief, parameters={**kept, "motif": name})

    def resolve(self, brief: Brief, ratio: str, size: Size, models: Mapping[str, Json]) -> Resolved:
        """Every parameter that decides pixels, defaults written out. `models` are not used; the negative prompt is only noted."""
        findings: list[Finding] = []
        asked = dict(brief.parameters)
        name = asked.pop("motif", DEFAULT_MOTIF)
        if not isinstance(name, str) or name not in MOTIFS:
            findings.append(_wrong(brief, "motif", "one of " + ", ".join(MOTIFS), name, nearest(str(name), MOTIFS)))
            name = DEFAULT_MOTIF
        motif = MOTIFS[name]
        parameters: dict[str, Json] = {"motif": name, **_options(brief, motif, asked, findings)}
        parameters["palette"] = _palette(brief, motif, str(parameters.get("time", "")))
        parameters["focal"] = [float(place) for place in brief.focal]
        parameters["safe_areas"] = [_area(area) for area in brief.safe_areas if _applies(area, ratio, size)]
        return Resolved(
            prompt=brief.prompt,
            negative="",
            seed=brief.seed,
            size=size,
            parameters=parameters,
            noted={"negative": brief.negative} if brief.negative else {},
            findings=tuple(findings),
        )

    def estimate(self, recipe: Recipe) -> Cost:
        """Seconds on one core, from the number of pixels."""
        return Cost(seconds=round(0.05 + recipe.size[0] * recipe.size[1] / 1e6 * _SECONDS_A_MEGAPIXEL, 3))

    def generate(self, recipe: Recipe, inputs: Mapping[str, bytes], progress: Progress) -> Sequence[Drawn]:
        """One RGB picture. `inputs` are not used. Raises EngineRefused for a recipe that `resolve` did not write."""
        scene = read_scene(recipe)
        motif = MOTIFS.get(scene.motif)
        if motif is None:
            raise EngineRefused(f"sketch has no motif `{scene.motif}`", hint=f"known motifs: {', '.join(MOTIFS)}")
        for name, parameter in motif.parameters.items():
            if not parameter.accepts(scene.options.get(name)):
                raise EngineRefused(f"expected {name} as {parameter.expected}, got {scene.options.get(name)!r}")
        try:
            import numpy

            from . import calm, paint
        except ImportError as error:
            raise EngineError(f"sketch needs numpy: {error}", hint="install aibild again") from error
        progress(0.0)
        planes = motif.load()(scene, lambda share: progress(share * 0.7))
        hush = calm.settle(planes, scene, motif.calm, motif.reach)
        progress(0.8)
        seed = scene.stream.fork("paper").seed()
        samples = paint.finish(planes, scene.grain, hush, seed, lambda share: progress(0.8 + share * 0.2))
        environment = {"numpy": numpy.__version__}
        return (Drawn(samples=samples, size=recipe.size, mode="RGB", source_type=SOURCE_TYPE, environment=environment),)

    def close(self) -> None:
        """Nothing is held."""


def _options(brief: Brief, motif: Motif, asked: dict[str, Json], findings: list[Finding]) -> dict[str, Json]:
    known = {**COMMON, **motif.parameters}
    for name in sorted(set(asked) - set(known)):
        near = nearest(name, [*known, "motif"])
        findings.append(_finding(brief, "source-unknown-key", f"expected a parameter of the motif, got `{name}`", near))
    options: dict[str, Json] = {}
    for name, parameter in known.items():
        value = asked.get(name, _default_time(brief) if name == "time" else parameter.default)
        if not parameter.accepts(value):
            findings.append(_wrong(brief, name, parameter.expected, value, nearest(str(value), parameter.options)))
            value = parameter.default
        options[name] = float(value) if isinstance(value, int | float) and not parameter.whole else value
    return options


def _default_time(brief: Brief) -> str:
    words = "".join(letter if letter.isalpha() else " " for letter in brief.prompt.lower()).split()
    return next((time for word in words for time, names in _TIME_WORDS.items() if word in names), "day")


def _palette(brief: Brief, motif: Motif, time: str) -> Json:
    if brief.palette:
        return [[swatch.colour, float(swatch.weight)] for swatch in brief.palette]
    stream = Stream(brief.seed, brief.prompt, "palette")
    return [[colour, float(weight)] for colour, weight in stream.pick(PALETTES[motif.palettes or time])]


def _applies(area: SafeArea, ratio: str, size: Size) -> bool:
    """A master has no ratio of its own name, so it keeps the areas of the ratio that its size has, within 2 %."""
    if area.ratio in ("*", ratio):
        return True
    if ratio != MASTER:
        return False
    try:
        wanted = ratio_value(area.ratio)
    except ValueError:
        return False
    return abs(size[0] / size[1] / float(wanted) - 1) < 0.02


def _area(area: SafeArea) -> Json:
    return {"x": area.x, "y": area.y, "width": area.width, "height": area.height, "colour": area.colour}


def _wrong(brief: Brief, name: str, expected: str, value: Json, near: str) -> Finding:
    shown = f'"{value}"' if isinstance(value, str) else f"{value}"
    return _finding(brief, "source-value", f"expected {name} as {expected}, got {shown}", near)


def _finding(brief: Brief, rule: str, message: str, near: str) -> Finding:
    hint = f"did you mean `{near}`?" if near else ""
    return Finding(rule=rule, level=Level.FATAL, message=message, origin=brief.origin, subject=brief.id, hint=hint)
