"""`sketch`: what it promises about pixels, words, safe areas and bad input; the same questions for every motif."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aibild_build import colour
from aibild_build.engines import sketch
from aibild_build.engines.sketch import Sketch, mesh, noise, tones
from aibild_build.engines.sketch.motifs import MOTIFS
from aibild_build.engines.sketch.stream import Stream
from aibild_build.errors import EngineRefused
from aibild_build.model import Brief, Json, Level, Origin, Recipe, SafeArea, Size, Swatch

MOTIF_NAMES = sorted(MOTIFS)
ALL = "landscape, mesh, contours, weave, tiles, bokeh"
BRAND = (Swatch(colour="#0b3954", weight=2), Swatch(colour="#bfd7ea"), Swatch(colour="#ff6663"), Swatch(colour="#f2e9e4"))
LEFT = SafeArea(ratio="*", x=0.05, y=0.5, width=0.42, height=0.4, colour="#ffffff")


def brief(motif: str = "landscape", **more: object) -> Brief:
    plain = Brief(
        id="hero",
        origin=Origin(path="briefs/hero.yaml"),
        engine="sketch",
        parts=(("subject", "hills over a lake"),),
        seed=11,
        focal=(0.68, 0.4),
        parameters={"motif": motif},
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def recipe_of(asked: Brief, size: Size = (240, 135), ratio: str = "master") -> Recipe:
    resolved = Sketch().resolve(asked, ratio, size, {})
    assert resolved.findings == ()
    return Recipe(
        engine="sketch",
        fingerprint=Sketch.fingerprint,
        prompt=resolved.prompt,
        negative=resolved.negative,
        seed=resolved.seed,
        size=size,
        parameters=resolved.parameters,
    )


def drawn(recipe: Recipe) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    (picture,) = Sketch().generate(recipe, {}, lambda share: None)
    return np.frombuffer(picture.samples, np.uint8).reshape(recipe.size[1], recipe.size[0], 3)


def digest(recipe: Recipe) -> str:
    width, height = recipe.size
    return hashlib.sha256(f"{width}x{height} RGB\n".encode() + drawn(recipe).tobytes()).hexdigest()


RECORDED = {
    "landscape": "62e6c04b1b99f147b2beda4f04cedbef85648456b886d77b9ee86c675a9f699d",
    "landscape with words": "e3beba8add5a0fa3a7af320226e5ab925ce0f8ebecefb97b9767940b7260e061",
    "mesh": "6000c67ed8c918309db61fa0c92f05161d351dcb181ef59d0706ef40125005b6",
    "mesh with words": "56d8dc816b9673d3131093b296d8a3abea77f207036e4e456713e6937875ab1c",
    "contours": "4fe9636e6ab3fc728b91d229aad09cf029097829740bce0f883154258204a1d6",
    "weave": "5a7827907f03b2c380fe50b3d978d3ed74fe3a3531c899f1029578ff847dde4a",
    "tiles": "cbc66a33e868165b57ce2a7c557af80515c11e04a035cb59e530726014721999",
    "bokeh": "956df4f30b017f4064f8df12ba50c2bcccccba971d15f1427196c5592e730c9b",
    "contours with words": "f75fa9f178732a5af16a0c56bbee1be605fb78db282ee39620a56dab2ebf3cd2",
    "weave with words": "6fa82e041127bb2af448cd2df679d51cb5959f17b907595624b1c1e76079b159",
    "tiles with words": "ccb3276055f11f9744f19d0428c1a051e8413ef0d0f8fbaa9e3018a3db2792a3",
    "bokeh with words": "d793b87a778eecbd6ea9c57d19c59e0b8c5cf365eb8aeeee18c577f99cd21ecc",
}
RECORDED_BRIEFS = {
    "landscape": brief(parameters={"motif": "landscape", "time": "night"}),
    "landscape with words": brief(palette=BRAND, safe_areas=(LEFT,)),
    "mesh": brief("mesh"),
    "mesh with words": brief("mesh", palette=BRAND, safe_areas=(LEFT,)),
    **{name: brief(name) for name in ("contours", "weave", "tiles", "bokeh")},
    **{f"{name} with words": brief(name, palette=BRAND, safe_areas=(LEFT,)) for name in ("contours", "weave", "tiles", "bokeh")},
}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_pixels_are_those_on_record(name: str) -> None:
    """A change here repaints every site: raise `Sketch.fingerprint`, say so in the changelog, then record the new digests."""
    assert digest(recipe_of(RECORDED_BRIEFS[name], (480, 270))) == RECORDED[name]


@pytest.mark.parametrize("motif", MOTIF_NAMES)
def test_pixels_do_not_depend_on_the_processor(motif: str, tmp_path: Path) -> None:
    """The same picture with numpy's vector code switched off as far as the build allows."""
    recipe = recipe_of(brief(motif, palette=BRAND, safe_areas=(LEFT,)))
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    script = tmp_path / "draw.py"
    script.write_text(
        "import hashlib, json, sys\n"
        "from aibild_build.engines.sketch import Sketch\n"
        "from aibild_build.model import Recipe\n"
        "asked = json.load(sys.stdin)\n"
        "asked['size'] = tuple(asked['size'])\n"
        "(picture,) = Sketch().generate(Recipe(**asked), {}, lambda share: None)\n"
        "print(hashlib.sha256(picture.samples).hexdigest())\n"
    )
    asked = {key: value for key, value in recipe.asked().items() if key not in ("schema", "inputs", "parents")}
    plain = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(found), "PYTHONPATH": str(Path(sketch.__file__).parents[3])}
    run = [sys.executable, str(script)]
    result = subprocess.run(run, input=json.dumps(asked), capture_output=True, text=True, env=plain, check=True)
    assert result.stdout.strip() == hashlib.sha256(drawn(recipe).tobytes()).hexdigest()


def test_only_exactly_rounded_arithmetic_reaches_pixels() -> None:
    """Sines, powers and sums of floats differ in the last bit between processors; the source uses none on arrays."""
    forbidden = {
        "sin", "cos", "tan", "exp", "exp2", "log", "log2", "power", "pow", "cbrt", "hypot", "arctan2", "dot", "matmul", "einsum",
        "sum", "mean", "average", "std", "var", "interp", "random", "convolve", "fft", "linalg", "gradient", "linspace", "prod",
    }  # fmt: skip
    for path in sorted(Path(sketch.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            used = node.attr if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "np" else ""
            assert used not in forbidden, f"{path.name}:{getattr(node, 'lineno', 0)}: np.{used}"
            assert not isinstance(node, ast.MatMult), path.name


def test_the_encoding_table_is_far_from_every_rounding_edge() -> None:
    """Its powers come from the platform's library: none may lie so near a half that another library rounds it elsewhere."""
    exact = [colour.to_srgb((code / 4095) ** 2) * 255 * 65536 for code in range(4096)]
    assert min(abs(value % 1 - 0.5) for value in exact) > 1e-6
    assert np.array_equal(mesh.encoding(), np.array([round(value) / 65536 for value in exact]))


@pytest.mark.parametrize("motif", MOTIF_NAMES)
def test_seed_words_palette_and_focal_each_move_the_picture(motif: str) -> None:
    asked = brief(motif)
    others = [
        replace(asked, seed=12),
        replace(asked, parts=(("subject", "hills over a river"),)),
        replace(asked, palette=BRAND),
        replace(asked, focal=(0.3, 0.4)),
        replace(asked, safe_areas=(LEFT,)),
        replace(asked, parameters={"motif": motif, "grain": 0.9}),
    ]
    keys = {recipe_of(one).key for one in (asked, *others)}
    pictures = {digest(recipe_of(one, (96, 54))) for one in (asked, *others)}
    assert len(keys) == len(pictures) == 7


@pytest.mark.parametrize("motif", MOTIF_NAMES)
def test_each_parameter_of_the_motif_moves_the_picture(motif: str) -> None:
    plain = digest(recipe_of(brief(motif), (192, 108)))
    for name, parameter in MOTIFS[motif].parameters.items():
        value: Json = parameter.options[-1] if parameter.options else int(parameter.high) if parameter.whole else parameter.high
        assert digest(recipe_of(brief(motif, parameters={"motif": motif, name: value}), (192, 108))) != plain, name


@pytest.mark.parametrize("motif", MOTIF_NAMES)
@pytest.mark.parametrize("text", ["#ffffff", "#111111", "#777777", "#ffe08a"])
@pytest.mark.parametrize("size", [(480, 270), (216, 270)])
def test_words_can_be_read_on_calm_ground(motif: str, text: str, size: Size) -> None:
    area = replace(LEFT, colour=text)
    picture = drawn(recipe_of(brief(motif, palette=BRAND, safe_areas=(area,)), size))
    top, bottom = int(area.y * size[1]), int((area.y + area.height) * size[1])
    left, right = int(area.x * size[0]), int((area.x + area.width) * size[0])
    region = picture[top:bottom, left:right]
    first_percentile, _, _ = colour.region_contrast(region, colour.parse(text))
    assert first_percentile >= 4.5
    steps = np.abs(np.diff(region.astype(int).mean(axis=2), axis=1))
    assert steps.mean() < 1.5 and np.percentile(steps, 99) < 6


def test_a_safe_area_is_what_makes_the_ground_calm() -> None:
    busy = drawn(recipe_of(brief(palette=BRAND), (480, 270)))[135:243, 24:225].astype(int).mean(axis=2)
    calm = drawn(recipe_of(brief(palette=BRAND, safe_areas=(LEFT,)), (480, 270)))[135:243, 24:225].astype(int).mean(axis=2)
    assert np.abs(np.diff(calm, axis=0)).mean() < 0.6 * np.abs(np.diff(busy, axis=0)).mean()


@pytest.mark.parametrize("motif", MOTIF_NAMES)
def test_gradients_do_not_band(motif: str) -> None:
    """In a banded gradient neighbours are equal over long runs; dithering breaks every run, even without grain."""
    picture = drawn(recipe_of(brief(motif, parameters={"motif": motif, "grain": 0}), (480, 270)))
    changes = (np.diff(picture[:60].astype(int), axis=1) != 0).any(axis=2)
    longest = max(max(map(len, "".join("x" if moved else "." for moved in row).split("x"))) for row in changes)
    assert longest < 40


def test_the_palette_is_what_one_sees() -> None:
    """The mean colour of a teal picture is teal, of a red one red, whatever the motif."""
    for motif in MOTIF_NAMES:
        for name, channel in (("#127a74", (1, 2)), ("#b3202c", (0, 0))):
            mean = drawn(recipe_of(brief(motif, palette=(Swatch(colour=name),)))).reshape(-1, 3).mean(axis=0)
            assert int(mean.argmax()) in channel


@pytest.mark.parametrize("motif", MOTIF_NAMES)
@pytest.mark.parametrize("size", [(16, 16), (17, 33), (16, 400), (400, 16), (131, 64)])
def test_any_size_and_any_corner(motif: str, size: Size) -> None:
    corner = SafeArea(ratio="*", x=0.95, y=0.95, width=0.05, height=0.05, colour="#fff")
    asked = brief(motif, palette=(Swatch(colour="#808080"),), focal=(1.0, 0.0), safe_areas=(corner,))
    assert drawn(recipe_of(asked, size)).shape == (size[1], size[0], 3)


def test_resolve_writes_out_every_default() -> None:
    resolved = Sketch().resolve(brief(negative="blurry"), "master", (2400, 1350), {})
    parameters = resolved.parameters
    palette = parameters["palette"]
    assert {
        name: parameters[name] for name in ("motif", "time", "layers", "relief", "trees", "grain", "focal", "safe_areas")
    } == {
        "motif": "landscape",
        "time": "day",
        "layers": 7,
        "relief": 0.5,
        "trees": 0.5,
        "grain": 0.35,
        "focal": [0.68, 0.4],
        "safe_areas": [],
    }
    assert isinstance(palette, list) and len(palette) >= 4
    assert (resolved.prompt, resolved.negative, resolved.noted) == ("hills over a lake", "", {"negative": "blurry"})


@pytest.mark.parametrize(
    ("words", "time"), [("hills at night", "night"), ("Abend am See", "dusk"), ("a knight", "day"), ("sunrise, mist", "dawn")]
)
def test_words_for_a_time_of_day_set_the_light(words: str, time: str) -> None:
    asked = brief(parts=(("subject", words),))
    assert Sketch().resolve(asked, "master", (96, 54), {}).parameters["time"] == time
    explicit = replace(asked, parameters={"time": "dusk"})
    assert Sketch().resolve(explicit, "master", (96, 54), {}).parameters["time"] == "dusk"


@pytest.mark.parametrize(
    ("ratio", "size", "kept"),
    [("4:5", (1080, 1350), ["*", "4:5"]), ("master", (2400, 1350), ["*", "16:9"]), ("master", (1000, 1000), ["*"])],
)
def test_safe_areas_of_this_ratio_only(ratio: str, size: Size, kept: list[str]) -> None:
    areas = tuple(
        SafeArea(ratio=name, x=0, y=0, width=number / 10, height=0.1, colour="#ffffff")
        for number, name in enumerate(("*", "4:5", "16:9"), start=1)
    )
    found = Sketch().resolve(brief(safe_areas=areas), ratio, size, {}).parameters["safe_areas"]
    assert isinstance(found, list)
    widths = {area.width: area.ratio for area in areas}
    assert [widths[area["width"]] for area in found] == kept  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("parameters", "rule", "message", "hint"),
    [
        ({"motif": "landscpe"}, "source-value", f'expected motif as one of {ALL}, got "landscpe"', "`landscape`"),
        ({"motif": 3}, "source-value", f"expected motif as one of {ALL}, got 3", ""),
        ({"time": "nigth"}, "source-value", 'expected time as one of dawn, day, dusk, night, got "nigth"', "`night`"),
        ({"layers": 40}, "source-value", "expected layers as integer 3–12, got 40", ""),
        ({"layers": 4.5}, "source-value", "expected layers as integer 3–12, got 4.5", ""),
        ({"grain": True}, "source-value", "expected grain as number 0–1, got True", ""),
        ({"layer": 4}, "source-unknown-key", "expected a parameter of the motif, got `layer`", "`layers`"),
    ],
)
def test_a_fault_in_the_brief_is_a_finding(parameters: dict[str, Json], rule: str, message: str, hint: str) -> None:
    resolved = Sketch().resolve(brief(parameters=parameters), "master", (96, 54), {})
    (finding,) = resolved.findings
    assert (finding.rule, finding.level, finding.message) == (rule, Level.FATAL, message)
    assert hint in finding.hint and finding.subject == "hero"


@pytest.mark.parametrize(
    "change",
    [
        {"motif": "portrait"},
        {"palette": []},
        {"palette": [["#123456", -1]]},
        {"palette": [["bluish", 1]]},
        {"palette": "#123456"},
        {"focal": [0.5]},
        {"focal": [2, 0.5]},
        {"safe_areas": [{"x": 0}]},
        {"safe_areas": [{"x": 2, "y": 0, "width": 1, "height": 1, "colour": "#fff"}]},
        {"layers": "many"},
        {"time": None},
        {"grain": "coarse"},
        {"layers": 4000},
        {"time": "noon"},
    ],
)
def test_a_recipe_that_resolve_did_not_write_is_refused(change: dict[str, Json]) -> None:
    good = recipe_of(brief())
    with pytest.raises(EngineRefused):
        drawn(replace(good, parameters={**good.parameters, **change}))


def test_a_size_that_no_memory_holds_is_refused() -> None:
    for size in ((8, 8), (100_000, 100_000)):
        with pytest.raises(EngineRefused):
            drawn(recipe_of(brief(), size))


def test_it_never_calls_itself_ai() -> None:
    (picture,) = Sketch().generate(recipe_of(brief(), (64, 36)), {}, lambda share: None)
    assert picture.source_type == "algorithmicMedia"
    assert picture.environment == {"numpy": np.__version__}


def test_the_stream_is_for_ever() -> None:
    stream = Stream(1, "words")
    assert [stream.seed() for _ in range(3)] == [1989526915, 605427127, 4233955892]
    assert Stream(1, "words").fork("sky").seed() != Stream(1, "words").fork("ridge 0").seed()


def test_a_palette_of_one_middle_tone_gets_depth() -> None:
    ramp = tones.ramp([("#3366cc", 1.0)])
    assert ramp.oklab(0.0)[0] < 0.35 and ramp.oklab(1.0)[0] > 0.9
    places = [ramp.oklab(step / 10)[0] for step in range(11)]
    assert places == sorted(places)


def test_weights_give_room_on_the_ramp() -> None:
    heavy = tones.ramp([("#101030", 8.0), ("#8080a0", 1.0), ("#f8f8ff", 1.0)])
    even = tones.ramp([("#101030", 1.0), ("#8080a0", 1.0), ("#f8f8ff", 1.0)])
    assert heavy.oklab(0.5)[0] < even.oklab(0.5)[0]


def test_enlarged_meets_the_grid_and_is_straight_between() -> None:
    small = np.array([[0, 8, 0], [16, 24, 0], [0, 0, 0]], np.float32)
    large = noise.enlarged(small, 4, 0, 5, 5)
    assert large[0, 0] == 0 and large[0, 4] == 8 and large[4, 0] == 16 and large[4, 4] == 24
    assert list(large[0]) == [0, 2, 4, 6, 8] and list(large[:, 0]) == [0, 4, 8, 12, 16]


def test_blurred_keeps_a_flat_ground_and_spreads_a_point() -> None:
    flat = np.full((20, 30), 1000, np.int32)
    assert np.array_equal(noise.blurred(flat, 3), flat)
    point = np.zeros((21, 21), np.int32)
    point[10, 10] = 100_000
    soft = noise.blurred(point, 2)
    assert soft[10, 10] == soft.max() > soft[10, 13] > 0 == soft[0, 0]


@pytest.mark.parametrize(("page", "to"), [("site/guide/motifs.md", "to"), ("site/de/guide/motifs.md", "bis")])
def test_every_motif_is_documented_with_its_ranges(page: str, to: str) -> None:
    text = (Path(__file__).parents[3] / page).read_text("utf-8")
    for name, motif in MOTIFS.items():
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert f"brief:motif-{name}" in section
        for key, parameter in motif.parameters.items():
            values = ", ".join(f"`{option}`" for option in parameter.options) or f"{parameter.low:g} {to} {parameter.high:g}"
            default = f"`{parameter.default}`" if parameter.options else f"{parameter.default:g}"
            assert f"| `{key}` | {values} | {default} |" in section, key
