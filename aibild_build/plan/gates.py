"""What gates are to be asked about which pictures, what is known of the answers, and what they weigh.

Takes a project and wanted assets, yields questions with the keys of their answers, and verdicts on what was measured. Judging is
free, so it happens wherever a verdict is wanted; nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .. import gates
from ..brief import guards_of
from ..canonical import digest_of
from ..colour import parse_translucent
from ..config import Config
from ..disk import safe_join
from ..model import MASTER, Asset, Brief, Json, Level, Outcome, Size, Variant, Verdict
from ..recipe import for_ratio
from ..renditions import focal_at, shown_crop, text_areas
from ..store import Store
from ..wire import from_json
from .chains import bases
from .pictures import WantedAsset
from .reading import Project, uses
from .renditions import WantedBrief

_PLAIN = {"asked", "engine"}  # what a step that no page shows can be asked about
_BUILTIN_SCRIM = "rgb(6 26 32/.78)"  # of pages/builtin/theme.css


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One gate and one thing it looks at: an asset, a cut of it at ratio `place`, the files of a cut, or a prompt (no asset).

    `facts` and `settings` are what the gate is told; `key` is the key of its answer. `level` and `judging` are what its verdict
    weighs and is held against.
    """

    gate: gates.Gate
    subject: str
    brief: str
    facts: Mapping[str, Json]
    settings: Mapping[str, Json]
    judging: Mapping[str, Json]
    level: Level
    key: str
    asset: Asset | None = None
    place: str = ""
    crop: tuple[int, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A crop that pages show: its ratio, its box in the asset's pixels, and whether text lies on it in some slot."""

    ratio: str
    box: tuple[int, int, int, int]
    text: bool


def gates_at_work(project: Project) -> tuple[gates.Gate, ...]:
    """Every gate that the site, or a brief of it, has not switched off."""
    briefs = project.site.briefs.values()
    found = []
    for name in gates.names() if briefs else ():
        gate = gates.load(name)
        if any(level_of(project.config, brief, gate) is not Level.OFF for brief in briefs):
            found.append(gate)
    return tuple(found)


def settings_of(config: Config, brief: Brief, gate: str) -> Mapping[str, Json]:
    """A gate's settings for one brief: `[gates.NAME]`, over it the thresholds of the brief's profile and of the brief."""
    own = brief.thresholds.get(gate)
    said = {**config.gates.get(gate, {}), **(own if isinstance(own, Mapping) else {})}
    if gate == "motif" and "labels" not in said:
        motifs = dict.fromkeys(word.text for word in guards_of(brief, config).words if word.kind == "motif")
        said |= {"labels": list(motifs)} if motifs else {}
    return said


def level_of(config: Config, brief: Brief, gate: gates.Gate) -> Level:
    """What a verdict of this gate weighs for one brief."""
    return Level(str(settings_of(config, brief, gate.name).get("level", gate.level)))


def required_of(config: Config, brief: Brief) -> tuple[str, ...]:
    """The gates that must have looked before a frozen build shows the brief's pictures."""
    return tuple(sorted({*config.required_gates, *brief.required_gates}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A question with its answer: `measured` is None where the gate did not run, and the verdict's message then says why."""

    question: Question
    measured: gates.Measured | None
    verdict: Verdict

    @property
    def blocks(self) -> bool:
        return self.verdict.outcome is Outcome.BLOCK and self.question.level is Level.ERROR

    @property
    def asks_review(self) -> bool:
        return self.verdict.outcome is Outcome.REVIEW and self.question.level is Level.ERROR


def questions(project: Project, want: WantedAsset, asset: Asset, at_work: Sequence[gates.Gate]) -> Iterator[Question]:
    """What gates of every scope but `rendition` are asked about one candidate. Drafts are not judged.

    A step that no page shows is asked only what needs no facts of the brief.
    """
    if want.draft:
        return
    ask = _Asking(project, want, asset)
    cuts = () if want.hidden else cuts_of(project, ask.brief, want.name, asset)
    for gate in at_work:
        if want.hidden and set(gate.facts) - _PLAIN:
            continue
        if gate.scope == "crop":
            for cut in cuts:
                yield from ask.about(gate, cut)
        elif gate.scope != "rendition":
            yield from ask.about(gate)


def prompt_questions(project: Project, want: WantedAsset, at_work: Sequence[gates.Gate]) -> Iterator[Question]:
    """What gates of scope `prompt` are asked before anything is made."""
    ask = _Asking(project, want, None)
    for gate in at_work:
        if gate.scope == "prompt":
            yield from ask.about(gate)


def file_questions(project: Project, briefs: Sequence[WantedBrief]) -> tuple[Question, ...]:
    """What gates of scope `rendition` are asked about the files of every cut; those of drafts are not judged."""
    at_work = [gate for gate in gates_at_work(project) if gate.scope == "rendition"]
    asked: list[Question] = []
    for brief in (brief for brief in briefs if at_work and not brief.draft):
        cuts: dict[tuple[str, tuple[int, ...]], list[Variant]] = {}
        for one in brief.renditions:
            cuts.setdefault((one.variant.pixels, one.variant.crop), []).append(one.variant)
        by_pixels = {asset.pixels: asset for asset in brief.assets.values()}
        for (pixels, crop), variants in sorted(cuts.items(), key=lambda cut: cut[0]):
            variants.sort(key=lambda variant: (variant.size, variant.format))
            for gate in at_work:
                level = level_of(project.config, brief.brief, gate)
                if level is not Level.OFF and (brief.brief.text != "none" or "text" not in gate.wants):
                    asked.append(_of_files(project, brief.brief, gate, level, by_pixels[pixels], crop, variants))
    return tuple(asked)


def _of_files(
    project: Project,
    brief: Brief,
    gate: gates.Gate,
    level: Level,
    asset: Asset,
    crop: tuple[int, ...],
    variants: Sequence[Variant],
) -> Question:
    place = f"{crop[2]}×{crop[3]}"
    chosen = variants if gate.sample == "all" else (variants[0], variants[-1])
    files = tuple(dict.fromkeys(variant.encode for variant in chosen))
    told: dict[str, Json] = {"engine": brief.engine, "text": brief.text if brief.text != "none" else ""}
    return _question(project, brief, gate, level, told, subject=brief.id, asset=asset, place=place, crop=crop, files=files)


class _Asking:
    """Composes questions about one asset; what is the same for all gates is worked out once."""

    def __init__(self, project: Project, want: WantedAsset, asset: Asset | None) -> None:
        self._project, self._want, self._asset = project, want, asset
        self.brief = project.site.briefs[want.brief]
        self._shaped = for_ratio(self.brief, want.name.partition("/")[0])
        self._told = self._facts()

    def about(self, gate: gates.Gate, cut: Cut | None = None) -> Iterator[Question]:
        level = level_of(self._project.config, self.brief, gate)
        told = self._told
        if cut is not None and self._asset is not None:
            told = {**told, **_facts_in(self._project, self.brief, self._want.name, self._asset.size, cut)}
        settings = settings_of(self._project.config, self.brief, gate.name)
        if level is Level.OFF or not all(told.get(name) or settings.get(name) for name in gate.wants):
            return
        yield _question(
            self._project,
            self.brief,
            gate,
            level,
            told,
            subject=self._want.subject,
            asset=self._asset,
            place=cut.ratio if cut is not None else "",
            crop=cut.box if cut is not None else (),
        )

    def _facts(self) -> dict[str, Json]:
        brief, want = self._shaped, self._want
        return {
            "asked": list(want.size),
            "engine": want.engine,
            "focal": list(focal_at(self.brief, want.name)),
            "palette": [[swatch.colour, swatch.weight] for swatch in brief.palette],
            "prompt": want.recipes[0].prompt,
            "negative": want.recipes[0].negative,
            "parts": dict(brief.parts),
            "text": brief.text,
            "max_text_share": brief.max_text_share,
            "tags": list(brief.tags),
        }


def _facts_in(project: Project, brief: Brief, name: str, size: Size, cut: Cut) -> dict[str, Json]:
    """What a brief says of one cut of its asset `name`; text lies only where a slot lays it."""
    x, y, width, height = cut.box
    across, down = focal_at(brief, cut.ratio)
    box = shown_crop(brief, cut.ratio, size, own=cut.ratio == name)
    areas = text_areas(size, cut.ratio, box, brief.safe_areas) if cut.text else ()
    return {
        "ratio": cut.ratio,
        "focal": [_within((across * size[0] - x) / width), _within((down * size[1] - y) / height)],
        "safe_areas": [
            {side: round(getattr(area, side), 4) for side in ("x", "y", "width", "height")} | {"colour": area.colour}
            for area in areas
        ],
        "scrim": list(scrim(project.config)),
    }


def hero_styles(project: Project, store: Store, briefs: Sequence[WantedBrief]) -> dict[str, str]:
    """The CSS that gates lay on the heroes of briefs, by brief: where `apply` is set, and as far as records tell."""
    laying = [gate for gate in gates_at_work(project) if gate.scope == "crop" and "apply" in gate.settings]
    styles = {}
    for want in (want for want in briefs if not want.draft):
        properties: dict[str, str] = {}
        for gate in laying:
            settings = settings_of(project.config, want.brief, gate.name)
            if settings.get("apply") is True and level_of(project.config, want.brief, gate) is not Level.OFF:
                properties |= gate.properties(tuple(_on_cuts(project, store, want, gate)), settings)
        if properties:
            styles[want.brief.id] = ";".join(f"{name}:{value}" for name, value in sorted(properties.items()))
    return styles


def _on_cuts(project: Project, store: Store, want: WantedBrief, gate: gates.Gate) -> Iterator[gates.Measured]:
    """What is recorded of the cuts of a brief by a gate that asks for nothing but what is true of a cut."""
    level = level_of(project.config, want.brief, gate)
    for name, asset in want.assets.items():
        for cut in cuts_of(project, want.brief, name, asset):
            told = _facts_in(project, want.brief, name, asset.size, cut)
            if all(told.get(fact) for fact in gate.wants):
                one = _question(project, want.brief, gate, level, told, subject=name, asset=asset, place=cut.ratio, crop=cut.box)
                if (measured := known(store, one)) is not None:
                    yield measured


def cuts_of(project: Project, brief: Brief, name: str, asset: Asset) -> tuple[Cut, ...]:
    """Every ratio at which pages show this asset of a brief, each once."""
    used = uses(project.config, project.site).get(brief.id)
    own = set(bases(brief)) - {MASTER}
    text: dict[str, bool] = {}
    for slot in (project.config.slots[slot] for slot in (used.slots if used is not None else ())):
        for ratio in {breakpoint.ratio for breakpoint in slot.breakpoints}:
            if name == (ratio if ratio in own else MASTER):
                text[ratio] = text.get(ratio, False) or slot.priority
    cuts = []
    for ratio in sorted(text):
        box = shown_crop(brief, ratio, asset.size, own=ratio == name)
        cuts.append(Cut(ratio=ratio, box=(box.x, box.y, box.width, box.height), text=text[ratio]))
    return tuple(cuts)


def scrim(config: Config) -> tuple[int, int, int, float]:
    """What the theme lays under a hero's words; nothing where its colour is none that we can read."""
    return parse_translucent(str(config.theme.get("scrim", _BUILTIN_SCRIM))) or (0, 0, 0, 0.0)


def _question(
    project: Project,
    brief: Brief,
    gate: gates.Gate,
    level: Level,
    told: Mapping[str, Json],
    *,
    subject: str,
    asset: Asset | None,
    place: str = "",
    crop: tuple[int, ...] = (),
    files: tuple[str, ...] = (),
) -> Question:
    judging = settings_of(project.config, brief, gate.name)
    facts = {name: told.get(name) for name in gate.facts}
    given, named = _measuring(project, gate, judging)
    pixels = asset.pixels if asset is not None else ""
    key = gates.measure_key(gate, pixels, crop=crop, facts=facts, settings=named, files=files)
    return Question(
        gate=gate,
        subject=subject,
        brief=brief.id,
        facts=facts,
        settings=given,
        judging=judging,
        level=level,
        key=key,
        asset=asset,
        place=place,
        crop=crop,
        files=files,
    )


def _measuring(project: Project, gate: gates.Gate, judging: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The settings that a gate measures with: as it is told them, and as they stand in the key (a file by its digest).

    Weights stand there by their name: they lie on few machines, and a frozen build must find what was measured with them.
    """
    given: dict[str, Json] = {}
    named: dict[str, Json] = {}
    for name in gate.measured_with:
        if name not in judging:
            continue
        given[name] = named[name] = judging[name]
        if gate.settings.get(name) == "weights":
            given[name] = str(project.config.root / str(judging[name]))
        elif gate.settings.get(name) == "file":
            path = safe_join(project.config.root, str(judging[name]))
            if path is not None and path.is_file():
                given[name], named[name] = str(path), digest_of(path.read_bytes())
    return given, named


def known(store: Store, question: Question) -> gates.Measured | None:
    """The recorded answer, None where there is none or its evidence is lost."""
    record = store.lookup(question.key)
    if record is None:
        return None
    try:
        measured: gates.Measured = from_json(gates.Measured, record["measured"])
    except (KeyError, ValueError):
        return None
    return measured if not measured.evidence or store.has(measured.evidence) else None


def judge(question: Question, measured: gates.Measured | None, why_not: str = "") -> Judged:
    """The verdict on what was measured; `not-run` where nothing was, for the reason given."""
    pixels = question.asset.pixels if question.asset is not None else ""
    if measured is None:
        verdict = Verdict(gate=question.gate.name, pixels=pixels, outcome=Outcome.NOT_RUN, message=why_not, place=question.place)
        return Judged(question=question, measured=None, verdict=verdict)
    judgement = question.gate.judge(measured, question.judging)
    verdict = Verdict(
        gate=question.gate.name,
        pixels=pixels,
        outcome=judgement.outcome,
        score=measured.score,
        threshold=judgement.threshold,
        message=judgement.message,
        evidence=measured.evidence,
        place=question.place,
    )
    return Judged(question=question, measured=measured, verdict=verdict)


def verdicts(project: Project, store: Store, want: WantedAsset, asset: Asset) -> tuple[Judged, ...]:
    """All that is known of one candidate from records alone, `not-run` where nothing is recorded; for a page to show."""
    asked = questions(project, want, asset, gates_at_work(project))
    return tuple(judge(question, known(store, question), "was not measured yet") for question in asked)


def _within(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 4)
