from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image, ImageEnhance, ImageOps

from aibild_build import gates
from aibild_build.errors import AibildError
from aibild_build.gates.duplicate import Duplicate
from aibild_build.model import Json, Outcome


def picture(seed: int = 1, size: tuple[int, int] = (320, 180)) -> Image.Image:
    """Blocks of colour over a gradient: a picture with a layout of its own for each seed."""
    dice = random.Random(seed)
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    for _ in range(12):
        x, y = dice.randrange(size[0]), dice.randrange(size[1])
        colour = tuple(dice.randrange(256) for _ in range(3))
        image.paste(colour, (x, y, x + dice.randrange(20, 120), y + dice.randrange(20, 120)))
    return image


def seen(image: Image.Image, asked: tuple[int, int] | None = None, engine: str = "sketch") -> gates.Seen:
    facts: dict[str, Json] = {"asked": list(asked or image.size), "engine": engine}
    return gates.Seen(samples=image.tobytes(), size=image.size, mode=image.mode, facts=facts)


def judged(name: str, subject: gates.Seen, **settings: float) -> Outcome:
    gate = gates.load(name)
    return gate.judge(gate.measure(subject), settings).outcome


FACTS: dict[str, Json] = {
    "ratio": "16:9",
    "safe_areas": [{"x": 0.1, "y": 0.6, "width": 0.3, "height": 0.3, "colour": "#ffffff"}],
    "scrim": [0, 0, 0, 0.5],
    "focal": [0.5, 0.5],
    "palette": [["#204060", 1], ["#f0e0c0", 2]],
    "prompt": "a quay at dawn",
    "negative": "people",
    "parts": {"subject": "a quay at dawn"},
    "text": "none",
    "max_text_share": 0.1,
    "tags": ["harbour"],
}


@pytest.mark.parametrize("name", gates.names())
def test_every_gate_keeps_the_contract(name: str) -> None:
    gate = gates.load(name)
    assert gate.name == name and gate.fingerprint >= 1 and gate.scope in gates.SCOPES
    assert set(gate.facts) <= set(gates.FACTS) and set(gate.wants) <= {*gate.facts, *gate.settings}
    assert set(gate.measured_with) <= set(gate.settings) and gate.level in ("error", "warning", "note", "off")
    assert gate.better in ("higher", "lower") and gate.sample in ("all", "ends")
    assert gates.measure_key(gate, "a" * 64) != gates.measure_key(gate, "b" * 64)
    assert gates.measure_key(gate, "a" * 64, facts={"asked": [8, 8]}) != gates.measure_key(gate, "a" * 64)
    if "file" in gate.settings.values() or gate.level == "off":
        return  # it sleeps until it is given something to look for
    whole = seen(picture())
    told = {one: {**FACTS, **whole.facts}[one] for one in gate.facts}
    try:
        first, second = (gate.measure(replace(whole, facts=told, reference=whole.samples, memo={})) for _ in range(2))
    except gates.NotRun:
        return
    assert first == second and gate.judge(first, {}).outcome in (Outcome.PASS, Outcome.REVIEW, Outcome.BLOCK)


def test_an_unknown_gate_is_named() -> None:
    with pytest.raises(AibildError, match="there is no gate `blnak`"):
        gates.load("blnak")


BLANKS: dict[str, Callable[[], Image.Image]] = {
    "black": lambda: Image.new("RGB", (64, 64)),
    "white": lambda: Image.new("RGB", (64, 64), "white"),
    "one colour": lambda: Image.new("RGB", (64, 64), "#3050a0"),
    "noise on black": lambda: Image.eval(Image.effect_noise((64, 64), 30).convert("RGB"), lambda value: value // 100),
    "clear": lambda: Image.new("RGBA", (64, 64), (9, 9, 9, 0)),
}


@pytest.mark.parametrize("case", sorted(BLANKS))
def test_blank_blocks(case: str) -> None:
    assert judged("blank", seen(BLANKS[case]())) is Outcome.BLOCK
    assert judged("blank", seen(BLANKS[case](), engine="imported")) is Outcome.PASS, "somebody chose that file"


def test_blank_passes_what_is_calm() -> None:
    assert judged("blank", seen(Image.linear_gradient("L").convert("RGB"))) is Outcome.PASS
    assert judged("blank", seen(picture()), block=200) is Outcome.BLOCK


def test_size_blocks_another_size_than_asked() -> None:
    gate = gates.load("size")
    judgement = gate.judge(gate.measure(seen(picture(), asked=(640, 360))), {})
    assert (judgement.outcome, judgement.message) == (Outcome.BLOCK, "expected a picture of 640×360 px, got 320×180")
    assert judged("size", seen(picture(), asked=(640, 360), engine="imported")) is Outcome.PASS


def pairs(**images: Image.Image) -> list[tuple[str, str, Outcome]]:
    gate = gates.load("duplicate")
    measured = {name: gate.measure(seen(image)) for name, image in images.items()}
    return [(pair.first, pair.second, pair.judgement.outcome) for pair in gate.compare(measured, {})]


def test_duplicates_are_found_through_what_pipelines_do() -> None:
    base = picture()
    assert pairs(a=base, b=base) == [("a", "b", Outcome.BLOCK)]
    assert pairs(a=base, b=base.resize((640, 360))) == [("a", "b", Outcome.BLOCK)]
    assert pairs(a=base, b=ImageEnhance.Brightness(base).enhance(1.04)) == [("a", "b", Outcome.BLOCK)]
    assert pairs(a=base, b=ImageOps.mirror(base)) == [("a", "b", Outcome.BLOCK)]


def test_other_pictures_and_other_tints_pass() -> None:
    assert pairs(**{f"p{seed}": picture(seed) for seed in range(12)}) == []
    red, blue = Image.new("RGB", (64, 64), "#b03a2e"), Image.new("RGB", (64, 64), "#2a6478")
    assert pairs(a=red, b=blue) == []


def test_many_pictures_are_compared_as_few_are() -> None:
    """The fast way over hundreds of pictures finds exactly what the plain way finds."""
    gate = Duplicate()
    dice = random.Random(4)
    base = [dice.getrandbits(64) for _ in range(30)]

    def near(bits: int) -> int:
        for _ in range(dice.randrange(14)):
            bits ^= 1 << dice.randrange(64)
        return bits

    def facts() -> gates.Measured:
        straight = near(dice.choice(base))
        values = {"phash": f"{straight:016x}", "mirror": f"{near(dice.choice(base)):016x}", "dhash": f"{near(straight):016x}"}
        return gates.Measured(score=0, facts={**values, "colour": "#808080"})

    measured = {f"p{number:04}": facts() for number in range(420)}
    fast = {(pair.first, pair.second, pair.distance) for pair in gate.compare(measured, {})}
    slow = set()
    names = sorted(measured)
    for start in range(0, len(names), 60):
        for other in range(start, len(names), 60):
            part = {name: measured[name] for name in [*names[start : start + 60], *names[other : other + 60]]}
            slow |= {(pair.first, pair.second, pair.distance) for pair in gate.compare(part, {})}
    assert fast == slow and len(fast) > 100
