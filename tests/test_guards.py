"""Prompt guards: forbidden words are found wherever they reach an engine, and nothing is made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from aibild_build.brief import approvers_of, guards_of, topics_of
from aibild_build.build import Options
from aibild_build.build.generate import generate
from aibild_build.build.sheet import sheet
from aibild_build.cli import aibild
from aibild_build.errors import RefusedError, SourceError
from aibild_build.model import Finding, Level
from aibild_build.plan import plan
from aibild_build.plan.reading import open_project
from aibild_build.store import Store
from tests.support.project import CONFIG, TODAY, run_build, write_project

GUARDS = """
[guards]
terms = ["weapon", {word = "Zigarette", languages = "de"}]
people = ["Taylor Swift"]
brands = [{word = "Apple", exact = true}, {word = "amazon", unless = ["Amazon river", "Amazonas"]}]
motifs = ["swastika"]

[guards.topics.health]
words = ["pill", "Arzt"]
approvers = ["legal", "medical"]
"""
QUAY = "subject: a quay at dawn\nsize: [640, 360]\nalt:\n  en: A quay\n  de: Ein Kai\n"


def site(root: Path, boat: str, files: Mapping[str, str] | None = None, guards: str = GUARDS) -> Path:
    brief = f"{boat}size: [640, 360]\nalt:\n  en: A boat\n  de: Ein Boot\n"
    return write_project(root, {"aibild.toml": CONFIG + guards, "briefs/boat.yaml": brief, **(files or {})})


def found(root: Path) -> list[Finding]:
    return [finding for finding in open_project(root).findings if finding.rule.startswith("guard-")]


def told(root: Path) -> list[tuple[str, str, str]]:
    return [(finding.rule, str(finding.origin), str(finding.measured)) for finding in found(root)]


@pytest.mark.parametrize(
    ("boat", "rule", "line", "word"),
    [
        ("subject: a boat\nlight: glint of weapons\n", "guard-term", 2, "weapons"),
        ("subject: >\n  a boat\n  full of\n  Weapons\n", "guard-term", 4, "Weapons"),
        ("subject: Zigarettenschachtel\n", "guard-term", 1, "Zigarettenschachtel"),
        ("subject: a boat like taylor-swift's\n", "guard-person", 1, "taylor-swift"),
        ("subject: a boat\nstyle: Apple advert\n", "guard-brand", 2, "Apple"),
        ("subject: a parcel by Amazon\n", "guard-brand", 1, "Amazon"),
        ("subject: a boat\ntext: no swastikas\n", "guard-motif", 2, "swastikas"),
        ("subject: a boat\nparameters:\n  steps: 3\n  prompt_2: old weapon\n", "guard-term", 4, "weapon"),
        ("subject: a boat\nloras:\n- name: taylor_swift_v2\n  weight: 0.5\n", "guard-person", 3, "taylor_swift"),
        (
            "subject: a boat\nratios:\n- '4:5'\n- ratio: '1:1'\n  mode: regenerate\n  subject: a weapon\n",
            "guard-term",
            6,
            "weapon",
        ),
        ("subject: a boat\nvariants:\n- name: b\n  subject: weapons\n", "guard-term", 4, "weapons"),
    ],
)
def test_a_forbidden_word_is_found_where_it_stands(tmp_path: Path, boat: str, rule: str, line: int, word: str) -> None:
    assert told(site(tmp_path, boat)) == [(rule, f"briefs/boat.yaml:{line}", word)]


@pytest.mark.parametrize(
    "boat",
    [
        "subject: an apple pie, apples, upon a warp\n",
        "subject: a boat on the Amazon River\n",
        "subject: a boat on the Amazonas\n",
        "subject: a swift tailor\n",
        "subject: a boat\nnegative: weapons, swastika, Apple logo\nparameters:\n  negative_2: weapon\n",
    ],
)
def test_a_look_alike_is_let_by(tmp_path: Path, boat: str) -> None:
    assert told(site(tmp_path, boat)) == []


def test_blocks_and_profiles_are_looked_through(tmp_path: Path) -> None:
    files = {
        "briefs/blocks/arms.yaml": "text: an old weapon\n",
        "briefs/profiles/noir.yaml": "blocks:\n  style: Apple minimalism\nguards:\n  terms: [cigar]\n",
    }
    root = site(tmp_path, "subject: a cigar\nprofile: noir\ncomposition: [arms]\n", files)
    findings = found(root)
    assert sorted((str(one.origin), one.message) for one in findings) == [
        ("briefs/boat.yaml:1", "expected a prompt without the term `cigar`, got `cigar` in subject"),
        ("briefs/boat.yaml:2", "expected a prompt without the brand `Apple`, got `Apple` in style (profile noir)"),
        ("briefs/boat.yaml:3", "expected a prompt without the term `weapon`, got `weapon` in composition (block arms)"),
    ]
    assert {one.subject for one in findings} == {"boat"} and all(one.hint for one in findings)


def test_a_name_is_looked_at_too(tmp_path: Path) -> None:
    root = site(tmp_path, "subject: a boat\n", {"briefs/taylor-swift.yaml": QUAY})
    assert told(root) == [("guard-person", "briefs/taylor-swift.yaml:1", "taylor-swift")]


def test_nothing_is_made_of_forbidden_words(tmp_path: Path) -> None:
    root = site(tmp_path, "subject: a boat full of weapons\n")
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert caught.value.exit_code == 1 and [one.rule for one in caught.value.findings] == ["guard-term"]
    with pytest.raises(RefusedError):
        generate(Options(root=root, crew="inline"), ["boat"], today=TODAY)
    assert not list(Store(root / ".aibild/store", read_only=True).records("recipe")), "the engine was asked for none"
    assert generate(Options(root=root, crew="inline"), ["quay"], today=TODAY).made == 1, "of other briefs pictures are made"


def test_a_pinned_picture_is_refused_once_its_words_are_forbidden(tmp_path: Path) -> None:
    root = site(tmp_path, "subject: a boat full of weapons\n", guards="")
    run_build(root)
    (root / "aibild.toml").write_text(CONFIG + GUARDS)
    with pytest.raises(RefusedError):
        run_build(root, frozen=True)


def test_the_commands_say_where(tmp_path: Path) -> None:
    root = site(tmp_path, "subject: a boat\nlight: on weapons\n")
    said = "briefs/boat.yaml:2: error: expected a prompt without the term `weapon`, got `weapons` in light [guard-term]"
    for command in ("plan", "build", "generate"):
        result = CliRunner().invoke(aibild, [command, "--root", str(root)])
        assert result.exit_code == 1 and said in result.stderr, command
    fault = json.loads(CliRunner().invoke(aibild, ["build", "--json", "--root", str(root)]).stdout)
    assert fault["findings"][0]["rule"] == "guard-term"


def test_a_level_lets_them_through(tmp_path: Path) -> None:
    root = site(tmp_path, "subject: weapons\n", guards=GUARDS + "\n[rules]\nguard-term = 'warning'\n")
    report = run_build(root)
    assert [one.level for one in report.findings if one.rule == "guard-term"] == [Level.WARNING]


def test_what_the_engine_itself_adds_is_looked_at(tmp_path: Path) -> None:
    """The engine of tests makes a colour of the seed, which stands in no text of the brief."""
    guards = '\n[guards]\nterms = [{word = "808080", exact = true}]\n'
    root = site(tmp_path, f"subject: a boat\nseed: {0x808080}\n", guards=guards)
    assert found(root) == []
    added = [one for one in plan(root, today=TODAY).findings if one.rule == "guard-term"]
    assert [(one.subject, one.measured, str(one.origin)) for one in added] == [("boat", "808080", "briefs/boat.yaml:1")]
    assert "what the engine is given" in added[0].message
    with pytest.raises(RefusedError):
        run_build(root)


def test_a_look_book_is_guarded(tmp_path: Path) -> None:
    files = {"briefs/profiles/noir.yaml": "engine: flat\nblocks:\n  style: full of weapons\n"}
    root = site(tmp_path, "subject: a boat\n", files)
    with pytest.raises(RefusedError):
        sheet(Options(root=root, crew="inline"), "noir", today=TODAY)


def test_topics_ask_for_more_approvers(tmp_path: Path) -> None:
    files = {"briefs/profiles/care.yaml": "guards:\n  topics:\n    age: {words: [elderly], approvers: [ethics]}\n"}
    root = site(tmp_path, "subject: an elderly woman with pills\nprofile: care\n", files)
    project = open_project(root)
    boat, quay = project.site.briefs["boat"], project.site.briefs["quay"]
    assert boat.topics == topics_of(boat, project.config) == ("age", "health")
    assert approvers_of(boat, project.config) == {"age": ("ethics",), "health": ("legal", "medical")}
    assert topics_of(quay, project.config) == () and approvers_of(quay, project.config) == {}
    assert [one.message for one in found(root)] == [
        "brief speaks of the sensitive topic `age`: needs approval by ethics",
        "brief speaks of the sensitive topic `health`: needs approval by legal, medical",
    ]
    assert [topic.name for topic in guards_of(boat, project.config).topics] == ["health", "age"]
    shown = json.loads(CliRunner().invoke(aibild, ["brief", "show", "boat", "--json", "--root", str(root)]).stdout)
    assert shown["topics"] == ["age", "health"]


def test_a_topic_is_told_from_the_words_shown_too(tmp_path: Path) -> None:
    root = site(tmp_path, "subject: a boat\ncaption: {de: Die Ärzte an Bord}\n")
    assert open_project(root).site.briefs["boat"].topics == ("health",)


@pytest.mark.parametrize(
    ("guards", "message"),
    [
        ("terms = 3", "expected guards.terms as list of words, got 3"),
        ("terms = [3]", 'expected guards.terms[0] as word or phrase, or {word = "…", exact = true}, got 3'),
        ("terms = ['…']", 'expected guards.terms[0] as word or phrase, or {word = "…", exact = true}, got "…"'),
        ("terms = [{exact = true}]", "expected guards.terms[0] as word or phrase"),
        ("brands = [{word = 'a', exakt = true}]", "expected a known key, got `guards.brands[0].exakt`"),
        (
            "[guards.topics.Health]\nwords = ['pill']\napprovers = ['legal']",
            "expected names of topics in kebab-case, got `Health`",
        ),
        ("[guards.topics.health]\nwords = ['pill']", "expected guards.topics.health.approvers as list of roles"),
        ("[guards.topics.health]\napprovers = ['legal']", "expected guards.topics.health.words as list of words"),
        ("term = ['a']", "expected a known key, got `guards.term`"),
    ],
)
def test_wrong_guards_are_told(tmp_path: Path, guards: str, message: str) -> None:
    root = site(tmp_path, "subject: a boat\n", guards=f"\n[guards]\n{guards}\n")
    with pytest.raises(SourceError) as caught:
        open_project(root)
    assert [one.message for one in caught.value.findings if one.message.startswith(message)], caught.value.findings
    assert all(one.origin.line > len(CONFIG.splitlines()) for one in caught.value.findings)
