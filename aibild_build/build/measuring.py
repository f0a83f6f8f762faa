"""Has gates measure what was not measured yet: orders for a crew, and the jobs that its workers run.

Takes questions, yields what was measured by key, or why it could not be. A gate that could not run leaves no record, so that it
is asked again once what it lacks is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .. import gates
from ..crews import Crew
from ..errors import StoreCorrupt
from ..model import PictureReason, Size, Work
from ..plan.gates import Judged, Question, judge, known
from ..plan.records import digests_of
from ..store import Store
from ..wire import from_json, to_json
from .carry import carry_out
from .jobs import StoreArguments, open_store
from .talk import Talk

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One encoded file that a gate of scope `rendition` looks at."""

    encode: str
    digest: str
    format: str


@dataclass(slots=True)
class Answers:
    """What was measured, and why a gate could not; both by key."""

    measured: dict[str, gates.Measured] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)

    def judged(self, question: Question) -> Judged:
        return judge(question, self.measured.get(question.key), self.why_not.get(question.key, ""))


def measure(
    questions: Iterable[Question],
    store: Store,
    arguments: StoreArguments,
    crew: Crew,
    talk: Talk,
    files: Mapping[str, File] | None = None,
) -> Answers:
    """Answer all questions, from records where there are some. `files` are those that questions name, by encode key."""
    answers = Answers()
    missing: dict[str, list[Question]] = {}
    for question in questions:
        if question.key in answers.measured:
            continue
        found = known(store, question)
        if found is not None:
            answers.measured[question.key] = found
        else:
            assert question.asset is not None
            missing.setdefault(question.asset.pixels, []).append(question)
    orders = [_order(group, asked, arguments, files or {}) for group, asked in missing.items()]
    for _, answer in carry_out("measure", measure_picture, orders, crew, talk):
        answers.why_not |= answer["why_not"]
        answers.measured |= {key: from_json(gates.Measured, one) for key, one in answer["measured"].items()}
    return answers


def _order(
    group: str, asked: Sequence[Question], arguments: StoreArguments, files: Mapping[str, File]
) -> tuple[Work, dict[str, Any]]:
    first = asked[0]
    assert first.asset is not None
    named = sorted({encode for question in asked for encode in question.files})
    return Work(kind="measure", key=group, subject=first.subject, reason=PictureReason.NEW), {
        "store": arguments,
        "asset": first.asset.digest,
        "pixels": first.asset.pixels,
        "files": [to_json(files[encode]) for encode in named],
        "asked": [
            {
                "key": question.key,
                "gate": question.gate.name,
                "facts": dict(question.facts),
                "settings": dict(question.settings),
                "crop": list(question.crop),
                "place": question.place,
                "files": list(question.files),
            }
            for question in sorted({question.key: question for question in asked}.values(), key=lambda one: one.crop)
        ],
    }


def measure_picture(order: Mapping[str, Any]) -> dict[str, Any]:
    """Let gates measure one asset, its cuts or its files, and record what they saw.

    `order`: store, asset (blob), pixels, files, asked (list of {key, gate, facts, settings, crop, place, files}). Answer:
    measured and why_not by key, seconds, note.
    """
    from ..imagefile import decode_png

    store = open_store(*order["store"])
    started = time.perf_counter()
    samples, size, mode = decode_png(_blob(store, order["asset"], order["pixels"]))
    whole = gates.Seen(samples=samples, size=size, mode=mode)
    cut: tuple[tuple[int, ...], gates.Seen] = ((), whole)
    files = {one["encode"]: from_json(File, one) for one in order["files"]}
    measured: dict[str, Any] = {}
    why_not: dict[str, str] = {}
    for asked in order["asked"]:
        crop = tuple(asked["crop"])
        if crop != cut[0]:
            cut = (crop, _cut(whole, crop))  # one at a time: what is computed for each fills some 100 MB
        seen = replace(cut[1], facts=asked["facts"], settings=asked["settings"])
        gate = gates.load(asked["gate"])
        try:
            if asked["files"]:
                found, overlay = _measure_files(store, gate, seen, [files[encode] for encode in asked["files"]])
            else:
                found = gate.measure(seen)
                overlay = gate.overlay(seen, found)
        except gates.NotRun as reason:
            why_not[asked["key"]] = str(reason)
            continue
        found = replace(found, evidence=store.put(overlay).digest) if overlay else found
        measured[asked["key"]] = _recorded(store, asked, order["pixels"], found)
    return {"measured": measured, "why_not": why_not, "seconds": time.perf_counter() - started, "note": store.degraded}


def _blob(store: Store, digest: str, name: str) -> bytes:
    data = store.get(digest)
    if data is None:
        raise StoreCorrupt(f"the picture {name[:12]} in the store was damaged", hint="build again: it is made anew")
    return data


def _recorded(store: Store, asked: Mapping[str, Any], pixels: str, found: gates.Measured) -> dict[str, Any]:
    fields = {"gate": asked["gate"], "pixels": pixels, "place": asked["place"], "measured": to_json(found)}
    before = store.lookup(asked["key"])
    if before is not None and not all(store.has(named) for named in digests_of(before)):
        store.set_aside(asked["key"])
    stands = store.record(asked["key"], "measure", fields, needs=(found.evidence,) if found.evidence else ())
    kept: dict[str, Any] = dict(stands["measured"])  # type: ignore[arg-type]  # a record's fields are JSON
    return kept


def _cut(whole: gates.Seen, crop: tuple[int, ...]) -> gates.Seen:
    from PIL import Image

    x, y, width, height = crop
    if (x, y, (width, height)) == (0, 0, whole.size):
        return whole
    image = Image.frombytes(whole.mode, whole.size, whole.samples).crop((x, y, x + width, y + height))
    return gates.Seen(samples=image.tobytes(), size=image.size, mode=whole.mode)


def _on_white(samples: bytes, size: Size, mode: str) -> Image.Image:
    """As RGB; what shows through lies on white, as JPEG has it."""
    from PIL import Image

    image = Image.frombytes(mode, size, samples)
    if mode == "RGB":
        return image
    return Image.alpha_composite(Image.new("RGBA", size, "white"), image.convert("RGBA")).convert("RGB")


def _measure_files(store: Store, gate: gates.Gate, cut: gates.Seen, files: Sequence[File]) -> tuple[gates.Measured, bytes]:
    """The worst of what a gate measured on each file, with the scores of all as `files`: encode key → score."""
    from PIL import Image

    from ..imagefile import decode

    master = _on_white(cut.samples, cut.size, cut.mode)
    found: dict[str, tuple[gates.Measured, gates.Seen]] = {}
    for file in files:
        data = _blob(store, file.digest, file.digest)
        shown = decode(data)
        flat = _on_white(shown.samples, shown.size, shown.mode)
        key = f"reference {shown.size[0]}×{shown.size[1]}"
        if key not in cut.memo:
            cut.memo[key] = master.resize(shown.size, Image.Resampling.LANCZOS).tobytes()
        seen = replace(
            cut,
            samples=flat.tobytes(),
            size=shown.size,
            mode="RGB",
            reference=cut.memo[key],
            file=data,
            format=file.format,
            memo={},
        )
        found[file.encode] = gate.measure(seen), seen
    worst = (min if gate.better == "higher" else max)(found.values(), key=lambda one: one[0].score)
    facts = {**worst[0].facts, "files": {encode: one.score for encode, (one, _) in found.items()}}
    return replace(worst[0], facts=facts), gate.overlay(worst[1], worst[0])
