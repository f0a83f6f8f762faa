"""Briefs, blocks, profiles and sidecars: what comes of the merge, and a sentence for everything that is wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from aibild_build.brief import brief_of_file, explain, read_briefs
from aibild_build.canonical import canonical
from aibild_build.config import Config, read_config
from aibild_build.model import Brief, Finding, Level, RatioRule, Rights, SafeArea, Swatch, VariantOf, Words

SITE = '[site]\nname = "Demo"\nbase_url = "https://example.org/"\nlanguages = ["en", "de"]\n'


def project(root: Path, files: Mapping[str, str], settings: str = "") -> Config:
    for path, text in {"aibild.toml": SITE + settings, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    config, findings = read_config(root)
    assert config is not None and not findings, findings
    return config


def read(root: Path, files: Mapping[str, str], settings: str = "") -> tuple[Mapping[str, Brief], tuple[Finding, ...]]:
    return read_briefs(project(root, files, settings))


def good(root: Path, text: str, files: Mapping[str, str] | None = None, settings: str = "") -> Brief:
    briefs, findings = read(root, {"briefs/hero.yaml": text, **(files or {})}, settings)
    assert not findings, [finding.message for finding in findings]
    return briefs["hero"]


BLOCKS = {
    "briefs/blocks/paper.yaml": "text: cut   paper\nnote: for people\n",
    "briefs/blocks/dusk.yaml": "text: low sun\n",
    "briefs/blocks/clutter.yaml": "text: clutter, noise\n",
    "briefs/blocks/unused.yaml": "text: x\n",
}


def test_an_empty_brief_has_a_default_for_everything(tmp_path: Path) -> None:
    brief = good(tmp_path, "")
    assert (brief.engine, brief.candidates, brief.size, brief.focal, brief.text) == (
        "sketch",
        1,
        (2400, 1350),
        (0.5, 0.5),
        "none",
    )
    assert brief.seed == int(hashlib.sha256(b"hero").hexdigest()[:8], 16)
    assert str(brief.origin) == "briefs/hero.yaml:1" and brief.prompt == "" and brief.alt == {}


def test_a_whole_brief(tmp_path: Path) -> None:
    brief = good(
        tmp_path,
        """
subject: three   hills
setting: Cafe\u0301 at the shore
composition: wide
light: [dusk]
style: [paper, dusk]
constraints: no people
negative: [clutter, blur]
seed: 4294967295
candidates: 4
size: [1280, 720]
ratios:
  - "1:1"
  - {ratio: "4:5", mode: regenerate, light: night, seed: 7, size: [800, 1000], focal: [0.2, 0.3], parameters: {steps: 9}}
safe_areas:
  "16:9": [{x: 0, y: 0.5, width: 0.5, height: 0.5, colour: white}]
  "*": [{x: 0.1, y: 0.1, width: 0.2, height: 0.9, colour: "#123"}]
focal: [0.7, 0]
text: Grand Opening
engine: sdxl
parameters: {steps: 30, deep: {a: 1}}
palette: [teal, {colour: "#f00", weight: 3}]
alt: {en: "Hills", de: {draft: "Hügel"}}
caption: A caption
title: {de: Titel}
keywords: {en: [hills, "sea, sun"], de: Hügel}
credit: Ann
license: /licence/
acquire_license_page: https://example.com/buy
rights: {document: abc, holder: Demo, territory: EU, expires: 2030-01-01}
created: 2026-11-23
location: Kiel
tags: [a, b]
message: Come
kpi: visits
max_text_share: 0.2
variants:
  - {name: night, light: [dusk]}
  - {name: steps, parameters: {steps: 50}}
  - {name: bright, palette: [red]}
""",
        BLOCKS,
    )
    assert brief.parts == (
        ("subject", "three hills"),
        ("setting", "Café at the shore"),
        ("composition", "wide"),
        ("light", "low sun"),
        ("style", "cut paper, low sun"),
        ("constraints", "no people"),
    )
    assert brief.negative == "clutter, noise, blur"
    assert [name for name, _ in brief.blocks] == ["clutter", "dusk", "paper"]
    assert dict(brief.blocks)["paper"] == hashlib.sha256(b"cut paper").hexdigest()[:12]
    assert (brief.seed, brief.candidates, brief.size, brief.focal) == (4294967295, 4, (1280, 720), (0.7, 0.0))
    assert brief.ratios == (
        RatioRule(ratio="1:1"),
        RatioRule(
            ratio="4:5",
            mode="regenerate",
            overrides={"seed": 7, "size": [800, 1000], "parameters": {"steps": 9}, "focal": [0.2, 0.3], "light": "night"},
        ),
    )
    assert brief.safe_areas == (
        SafeArea(ratio="*", x=0.1, y=0.1, width=0.2, height=0.9, colour="#112233"),
        SafeArea(ratio="16:9", x=0.0, y=0.5, width=0.5, height=0.5, colour="#ffffff"),
    )
    assert brief.engine == "sdxl" and brief.text == "Grand Opening" and brief.parameters == {"steps": 30, "deep": {"a": 1}}
    assert brief.palette == (Swatch(colour="#008080"), Swatch(colour="#ff0000", weight=3.0))
    assert brief.alt == {"en": Words(text="Hills"), "de": Words(text="Hügel", draft=True)}
    assert brief.caption == {"en": "A caption"} and brief.title == {"de": "Titel"}
    assert brief.keywords == {"en": ("hills", "sea", "sun"), "de": ("Hügel",)}
    assert brief.license == "https://example.org/licence/" and brief.acquire_license_page == "https://example.com/buy"
    assert brief.rights == Rights(document="abc", holder="Demo", territory="EU", expires="2030-01-01")
    assert (brief.created, brief.location, brief.tags, brief.message, brief.kpi) == (
        "2026-11-23",
        "Kiel",
        ("a", "b"),
        "Come",
        "visits",
    )
    assert brief.max_text_share == 0.2
    assert brief.variants == (
        VariantOf(name="night", field="light", value="low sun"),
        VariantOf(name="steps", field="parameters.steps", value=50),
        VariantOf(name="bright", field="palette", value=[["#ff0000", 1.0]]),
    )


PROFILE = """
engine: sdxl
blocks: {style: [paper], light: [dusk]}
negative: [text, clutter]
palette: [teal]
parameters: {steps: 30, deep: {a: 1, b: 2}}
loras: [{name: soft, weight: 0.5}]
thresholds: {noise: 0.1}
required_gates: [noise]
safe_areas: {"16:9": [{x: 0, y: 0, width: 1, height: 0.2, colour: black}], "1:1": []}
ratios: [{ratio: "4:5", mode: regenerate, style: [dusk]}, "1:1"]
size: [1024, 1024]
credit: Studio
rights: {holder: Studio, territory: EU}
note: for people
"""
DEFAULTS = """
[briefs]
profile = "house"
negative = ["blur", "text"]
palette = ["red"]
[briefs.rights]
holder = "Site"
expires = "2031-01-01"
"""


def test_site_profile_and_brief_merge_in_this_order(tmp_path: Path) -> None:
    files = {**BLOCKS, "briefs/profiles/house.yaml": PROFILE}
    text = (
        "subject: hills\nstyle: bold shapes\nnegative: [blur, people]\nparameters: {deep: {b: 3, c: 4}}\n"
        'safe_areas: {"1:1": [{x: 0, y: 0, width: 0.5, height: 0.5, colour: white}]}\nratios: ["1:1", "3:2"]\n'
        "thresholds: {noise: 0.3}\nrights: {territory: DE}\n"
    )
    brief = good(tmp_path, text, files, DEFAULTS)
    assert brief.profile == "house" and brief.engine == "sdxl" and brief.size == (1024, 1024) and brief.credit == "Studio"
    assert brief.prompt == "hills, low sun, cut paper, bold shapes"
    assert brief.negative == "blur, text, clutter, noise, people"
    assert brief.palette == (Swatch(colour="#008080"),)
    assert brief.parameters == {"steps": 30, "deep": {"a": 1, "b": 3, "c": 4}, "loras": [{"name": "soft", "weight": 0.5}]}
    assert brief.thresholds == {"noise": 0.3} and brief.required_gates == ("noise",)
    assert [area.ratio for area in brief.safe_areas] == ["16:9", "1:1"]
    assert [(rule.ratio, rule.mode) for rule in brief.ratios] == [("4:5", "regenerate"), ("1:1", "crop"), ("3:2", "crop")]
    assert brief.ratios[0].overrides == {"style": "low sun, bold shapes"}
    assert brief.rights == Rights(holder="Studio", territory="DE", expires="2031-01-01")


def test_a_brief_may_do_without_the_profile_of_the_site(tmp_path: Path) -> None:
    brief = good(tmp_path, 'subject: hills\nprofile: ""\n', {**BLOCKS, "briefs/profiles/house.yaml": PROFILE}, DEFAULTS)
    assert brief.profile == "" and brief.engine == "sketch" and brief.negative == "blur, text" and brief.rights.holder == "Site"


def test_an_override_of_the_brief_keeps_what_the_profile_says(tmp_path: Path) -> None:
    text = 'style: bold\nnegative: people\nratios: [{ratio: "1:1", mode: outpaint, style: calm, negative: [clutter]}]\n'
    brief = good(tmp_path, text, {**BLOCKS, "briefs/profiles/house.yaml": PROFILE}, DEFAULTS)
    assert brief.ratios[1].overrides == {"style": "cut paper, calm", "negative": "blur, text, clutter, noise"}


def test_wording_of_a_block_is_its_version(tmp_path: Path) -> None:
    first = good(tmp_path, "style: [paper]\n", BLOCKS)
    spaced = good(tmp_path, "style: [paper]\n", {**BLOCKS, "briefs/blocks/paper.yaml": "text: |\n  cut\n  paper\n"})
    other = good(tmp_path, "style: [paper]\n", {**BLOCKS, "briefs/blocks/paper.yaml": "text: torn paper\n"})
    assert first.blocks == spaced.blocks != other.blocks


def test_words_cost_no_prompt(tmp_path: Path) -> None:
    before, after = good(tmp_path, "subject: a\n"), good(tmp_path, "# moved\n\nsubject: a\nalt: x\ncredit: y\ntags: [z]\n")
    assert (before.parts, before.seed, before.negative, before.parameters) == (
        after.parts,
        after.seed,
        after.negative,
        after.parameters,
    )


def test_briefs_are_sorted_and_folders_are_drawn_on_only(tmp_path: Path) -> None:
    files = {f"briefs/{name}.yaml": "subject: x\n" for name in ("zebra", "apple", "m-1")}
    briefs, findings = read(
        tmp_path, {**files, **BLOCKS, "briefs/notes.md": "x", "briefs/.hidden.yaml": ":", "briefs/old/x.yaml": "?"}
    )
    assert list(briefs) == ["apple", "m-1", "zebra"] and not findings
    assert read(tmp_path / "empty", {}) == ({}, ())


def test_an_imported_file_takes_words_from_its_sidecar(tmp_path: Path) -> None:
    files = {
        "photos/a.jpg": "not looked at",
        "photos/a.jpg.yaml": "tool: midjourney\nsource_type: trainedAlgorithmicMedia\nlicence: /licence/\ncredit: Ann\n"
        "focal: [0.1, 0.2]\nalt: {en: From the file, de: Aus der Datei}\ncreated: 2020-02-03\n",
    }
    brief = good(tmp_path, "file: photos/a.jpg\nalt: {en: From the brief}\nsidecar: {origin: archive}\n", files)
    assert brief.engine == "imported" and brief.inputs == ("photos/a.jpg",) and brief.focal == (0.1, 0.2)
    assert brief.alt == {"en": Words(text="From the brief"), "de": Words(text="Aus der Datei")}
    assert brief.credit == "Ann" and brief.license == "https://example.org/licence/" and brief.created == "2020-02-03"
    assert brief.sidecar == {
        "tool": "midjourney",
        "source_type": "trainedAlgorithmicMedia",
        "licence": "https://example.org/licence/",
        "origin": "archive",
    }


def test_an_input_file_does_not_overrule_an_engine_that_the_brief_names(tmp_path: Path) -> None:
    assert good(tmp_path, "file: a.png\nengine: sdxl\n", {"a.png": "x"}).engine == "sdxl"


def test_the_brief_of_an_ordinary_file(tmp_path: Path) -> None:
    sidecar = "alt: Bee\ncaption: {de: Biene}\nrights: {holder: Ann}\n"
    config = project(tmp_path, {"site/a b.jpg": "x", "site/b.png": "x", "site/b.png.yaml": sidecar})
    brief, findings = brief_of_file(config, "site/a b.jpg")
    assert brief is not None and not findings
    assert (brief.id, brief.engine, brief.inputs, str(brief.origin)) == (
        "file:site/a b.jpg",
        "imported",
        ("site/a b.jpg",),
        "site/a b.jpg",
    )
    brief, findings = brief_of_file(config, "site/b.png")
    assert brief is not None and not findings
    assert brief.alt == {"en": Words(text="Bee")} and brief.caption == {"de": "Biene"} and brief.rights.holder == "Ann"
    assert str(brief.origin) == "site/b.png.yaml"


@pytest.mark.parametrize(
    ("path", "rule", "hint"), [("site/b.pgn", "source-missing", "did you mean `b.png`?"), ("../b.png", "source-path", "")]
)
def test_no_brief_for_a_file_that_is_not_there(tmp_path: Path, path: str, rule: str, hint: str) -> None:
    config = project(tmp_path, {"site/b.png": "x"})
    brief, (finding,) = brief_of_file(config, path)
    assert brief is None and finding.rule == rule and finding.level is Level.FATAL and finding.hint.startswith(hint)


def test_a_sidecar_with_faults(tmp_path: Path) -> None:
    config = project(tmp_path, {"a.png": "x", "a.png.yaml": "tol: x\nalt: {fr: y}\nfocal: 3\n"})
    brief, findings = brief_of_file(config, "a.png")
    assert brief is not None
    assert [(str(finding.origin), finding.rule) for finding in findings] == [
        ("a.png.yaml:1", "source-unknown-key"),
        ("a.png.yaml:2", "source-reference"),
        ("a.png.yaml:3", "source-value"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "rule", "words", "hint"),
    [
        ("\nsubjekt: x\n", 2, "source-unknown-key", "got `subjekt`", "did you mean `subject`?"),
        ("subject: 5\n", 1, "source-value", "expected subject as text, or list of block names, got 5", ""),
        (
            "style:\n- papr\n",
            2,
            "source-reference",
            'expected style[0] as name of a prompt block, got "papr"',
            "did you mean `paper`?",
        ),
        (
            "style: [my own words]\n",
            1,
            "source-reference",
            "expected style[0] as name of a prompt block",
            "write words of your own",
        ),
        ("profile: huose\n", 1, "source-reference", "expected profile as name of a style profile", "did you mean `house`?"),
        ("seed: auto\n", 1, "source-value", 'expected seed as integer 0–4294967295, got "auto"', "leave seed out"),
        ("seed: 4294967296\n", 1, "source-value", "got 4294967296", ""),
        ("candidates: 0\n", 1, "source-value", "expected candidates as integer 1–64, got 0", ""),
        ("size: [63, 64]\n", 1, "source-value", "expected size as [width, height] in pixels, each 64–8192, got [63, 64]", ""),
        ("size: [64.0, 64]\n", 1, "source-value", "expected size as [width, height]", ""),
        ("focal: [0.5]\n", 1, "source-value", "expected focal as [x, y], each 0–1", ""),
        ("focal: [true, 0]\n", 1, "source-value", "expected focal as [x, y], each 0–1", ""),
        ('ratios: "4:5"\n', 1, "source-value", "expected ratios as list of ratios", ""),
        ("ratios:\n- 4x5\n", 2, "source-value", 'expected ratios[0] as ratio of whole numbers 1–100, like 4:5, got "4x5"', ""),
        ("ratios:\n- {mode: crop}\n", 2, "source-missing", "expected ratios[0].ratio as text", ""),
        ('ratios:\n- "4:5"\n- {ratio: "4:5"}\n', 3, "source-duplicate", "expected each ratio once", ""),
        (
            'ratios: [{ratio: "4:5", mode: corp}]\n',
            1,
            "source-value",
            "expected ratios[0].mode as one of",
            "did you mean `crop`?",
        ),
        ('ratios: [{ratio: "4:5", light: x}]\n', 1, "source-value", "as regenerate or outpaint where light differs", "a crop"),
        ('ratios: [{ratio: "4:5", alt: x}]\n', 1, "source-unknown-key", "`ratios[0].alt`", ""),
        ("safe_areas: {16x9: []}\n", 1, "source-value", "expected safe_areas by ratio", ""),
        ('safe_areas: {"*": [{x: 0, y: 0, width: 1, height: 1}]}\n', 1, "source-missing", "expected colour of a safe area", ""),
        ('safe_areas: {"*": [{x: 0.6, y: 0, width: 0.5, height: 1, colour: red}]}\n', 1, "source-value", "at most 0.4", ""),
        (
            'safe_areas: {"*": [{x: 0, y: 0, width: 1, height: 0, colour: red}]}\n',
            1,
            "source-value",
            "height as fraction above 0",
            "",
        ),
        ('safe_areas: {"*": [{x: 2, y: 0, width: 1, height: 1, colour: red}]}\n', 1, "source-value", "as number 0–1, got 2", ""),
        ("alt:\n  fr: x\n", 2, "source-reference", "expected alt in languages of the site (en, de), got `fr`", ""),
        ("alt:\n  eng: x\n", 2, "source-reference", "got `eng`", "did you mean `en`?"),
        ("alt: {en: {draft: 5}}\n", 1, "source-value", "expected alt.en.draft as text", ""),
        ("alt: {en: {darft: x, draft: y}}\n", 1, "source-unknown-key", "`alt.en.darft`", "did you mean `draft`?"),
        ("caption: {xx: y}\n", 1, "source-reference", "expected caption in languages of the site", ""),
        ("keywords: {xx: [y]}\n", 1, "source-reference", "expected keywords in languages of the site", ""),
        ("rights: {expires: soon}\n", 1, "source-value", "expected rights.expires as day YYYY-MM-DD", ""),
        ("created: 23.11.2026\n", 1, "source-value", "expected created as day", ""),
        ("max_text_share: 2\n", 1, "source-value", "expected max_text_share as number 0–1, got 2", ""),
        ("parameters: [1]\n", 1, "source-value", "expected parameters as table, got [1]", ""),
        ("loras: x\n", 1, "source-value", "expected loras as list", ""),
        ("palette: [blurple]\n", 1, "source-value", "expected palette[0] as colour", "did you mean `purple`?"),
        ("license: CC BY 4.0\n", 1, "source-value", "expected license as address", ""),
        ("engine: imported\n", 1, "source-missing", "expected file as path of a picture for engine imported", ""),
        ("file: ../a.png\n", 1, "source-path", "expected a path inside the project", ""),
        ("file: site/a.pgn\n", 1, "source-missing", 'expected a file at "site/a.pgn"', "did you mean `a.png`?"),
        (
            "variants: [{name: a, light: x, style: y}]\n",
            1,
            "source-value",
            "exactly one field that differs in a variant, got light, style",
            "",
        ),
        ("variants: [{name: a, parameters: {a: 1, b: 2}}]\n", 1, "source-value", "got parameters.a, parameters.b", ""),
        ("variants: [{name: a}]\n", 1, "source-value", "got none", ""),
        ("variants: [{light: x}]\n", 1, "source-missing", "expected variants[0].name", ""),
        ("variants: [{name: a, alt: x}]\n", 1, "source-unknown-key", "expected a field that can vary, got `alt`", ""),
        ("variants: [{name: a, seed: 1}, {name: a, seed: 2}]\n", 1, "source-duplicate", "expected each variant once", ""),
        (
            "subject: x\nsubject: y\n",
            2,
            "source-duplicate",
            "expected subject once, got it again",
            "it is first written in line 1",
        ),
    ],
)
def test_each_fault_has_its_sentence_and_place(tmp_path: Path, text: str, line: int, rule: str, words: str, hint: str) -> None:
    files = {**BLOCKS, "briefs/profiles/house.yaml": PROFILE, "briefs/hero.yaml": text, "site/a.png": "x"}
    briefs, (finding,) = read(tmp_path, files)
    assert (finding.rule, str(finding.origin), finding.level) == (rule, f"briefs/hero.yaml:{line}", Level.FATAL)
    assert words in finding.message and finding.hint.startswith(hint)
    assert "hero" in briefs, "a brief with a fault still comes back, so that pages that name it are not called wrong as well"


def test_every_fault_of_every_file_is_told_in_one_run(tmp_path: Path) -> None:
    _, findings = read(
        tmp_path,
        {
            "briefs/a.yaml": "seed: x\nsize: y\n",
            "briefs/b.yaml": "subject: [\n",
            "briefs/Bad Name.yaml": "subject: x\n",
            "briefs/c.yml": "subject: x\n",
            "briefs/d.yaml": "style: [broken]\n",
            "briefs/blocks/broken.yaml": "txt: x\n",
            "briefs/profiles/p.yaml": "blocks: {sytle: [broken]}\nseed: 1\n",
        },
        '[briefs]\nprofile = "q"\n',
    )
    assert [(str(finding.origin), finding.rule) for finding in findings] == [
        ("briefs/blocks/broken.yaml:1", "source-missing"),
        ("briefs/blocks/broken.yaml:1", "source-unknown-key"),
        ("briefs/profiles/p.yaml:1", "source-unknown-key"),
        ("briefs/profiles/p.yaml:2", "source-unknown-key"),
        ("aibild.toml", "source-reference"),
        ("briefs/Bad Name.yaml", "source-path"),
        ("briefs/b.yaml:2", "source-syntax"),
        ("briefs/c.yml", "source-path"),
        ("briefs/a.yaml:1", "source-value"),
        ("briefs/a.yaml:2", "source-value"),
    ]
    assert {finding.subject for finding in findings if "briefs/a.yaml" in str(finding.origin)} == {"a"}


def test_explain_says_what_came_out_and_who_said_it(tmp_path: Path) -> None:
    text = "subject: hills\nstyle: bold\nparameters: {steps: 9}\n"
    brief = good(tmp_path, text, {**BLOCKS, "briefs/profiles/house.yaml": PROFILE}, DEFAULTS)
    told = json.loads(canonical(explain(brief)))
    assert told["prompt"] == "hills, low sun, cut paper, bold"
    assert told["parts"]["style"] == {"text": "cut paper, bold", "from": ["profile house: block paper", "brief"]}
    assert told["negative"]["from"] == ["site", "profile house", "profile house: block clutter"]
    assert told["from"]["engine"] == ["profile house"] and told["from"]["parameters"] == ["profile house", "brief"]
    assert set(told["blocks"]) == {"clutter", "dusk", "paper"}
    assert told["seed"] == brief.seed and told["size"] == [1024, 1024] and told["origin"] == "briefs/hero.yaml:1"
