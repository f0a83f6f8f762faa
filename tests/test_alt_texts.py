"""Drafts of alternative text: what they may hold, into which files they are written, and that they stay drafts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aibild_build.brief.alt_file import with_alt_draft
from aibild_build.build.alt_texts import AltDraft, compose, draft_alt
from aibild_build.cli import aibild
from aibild_build.errors import FrozenError, SourceError
from aibild_build.model import Brief, Json, Origin
from tests.support.project import run_build, write_project

BOAT = "subject: a red boat at the quay\nsetting: morning, under a pale sky\nstyle: oil painting\nsize: [640, 360]\nseed: 7\n"


def asked(subject: str, setting: str = "", parameters: dict[str, Json] | None = None) -> str:
    parts = (("subject", subject), ("setting", setting), ("style", "oil painting"), ("light", "low sun"))
    return compose(Brief(id="boat", origin=Origin(path="b.yaml"), engine="flat", parts=parts, parameters=parameters or {}))


@pytest.mark.parametrize(
    ("subject", "setting", "text"),
    [
        ("a red boat", "a quay at dawn", "A red boat, a quay at dawn"),
        ("a photo of a red boat", "", "A red boat"),
        ("an old watercolour painting of a red boat", "", "A red boat"),
        ("ein Foto von einem Boot", "", "Einem Boot"),
        ("a (red:1.3) boat, ((a quay)), [gulls]", "", "A red boat, a quay, gulls"),
        ("a (red)1.4 boat++ at a quay--", "", "A red boat at a quay"),
        ("a red boat <lora:harbour-v2:0.8>, masterpiece, 8k, highly detailed", "", "A red boat"),
        ("a red boat, cinematic lighting, shallow bokeh, 35mm, watercolour style", "", "A red boat"),
        ("broad ribbons", "no place, only a cloth", "Broad ribbons"),
        ("a red boat, A red boat", "", "A red boat"),
        ("HARBOR-STYLE a red boat", "", "A red boat"),
        ("a framed photograph", "", "A framed photograph"),
        ("oil painting, 8k", "", ""),
        ("", "", ""),
    ],
)
def test_what_a_draft_says(subject: str, setting: str, text: str) -> None:
    assert asked(subject, setting, {"loras": [{"model": "harbor-style", "scale": 0.8}]}) == text


def test_a_draft_has_at_most_150_characters_and_ends_with_a_whole_word() -> None:
    long = "a " + "very " * 60 + "red boat"
    assert len(asked(long)) <= 150 and asked(long).endswith(" very")
    assert asked("a red boat", "under " + "a pale sky " * 20) == "A red boat"


WHOLE = '{draft: "A boat"}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("subject: a # why\n", f"subject: a # why\nalt:\n  en: {WHOLE}\n"),
        ("subject: a", f"subject: a\nalt:\n  en: {WHOLE}\n"),
        ("# head\n", f"# head\nalt:\n  en: {WHOLE}\n"),
        ("", f"alt:\n  en: {WHOLE}\n"),
        ("---\nsubject: a\n...\n", f"---\nsubject: a\nalt:\n  en: {WHOLE}\n...\n"),
        ("  subject: a\n  seed: 4\n", f"  subject: a\n  seed: 4\n  alt:\n    en: {WHOLE}\n"),
        ("\ufeffsubject: a\r\nseed: 4\r\n", f"\ufeffsubject: a\r\nseed: 4\r\nalt:\r\n  en: {WHOLE}\r\n"),
        ("subject: |+\n  a\n\n\n", f"subject: |+\n  a\n\n\nalt:\n  en: {WHOLE}\n"),
        ("subject: >\n  a\n  b", f"subject: >\n  a\n  b\nalt:\n  en: {WHOLE}\n"),
        ("{subject: a, seed: 4}\n", f"{{alt: {{en: {WHOLE}}}, subject: a, seed: 4}}\n"),
        (
            "alt:\n  # a person's\n  de: Boot  # gut\nseed: 4\n",
            f"alt:\n  # a person's\n  en: {WHOLE}\n  de: Boot  # gut\nseed: 4\n",
        ),
        ('"alt":\n    "de": x\n', f'"alt":\n    en: {WHOLE}\n    "de": x\n'),
        ("alt:\n  de: |\n    lang\n    er\n", f"alt:\n  en: {WHOLE}\n  de: |\n    lang\n    er\n"),
        ("alt: {de: Boot}\n", f"alt: {{en: {WHOLE}, de: Boot}}\n"),
        ("alt:\n    {de: x,\n     fr: y}\n", f"alt:\n    {{en: {WHOLE}, de: x,\n     fr: y}}\n"),
        ("alt: {}\n", f"alt: {{en: {WHOLE}}}\n"),
        ("alt: ~ # none\nseed: 3\n", f"alt: {{en: {WHOLE}}} # none\nseed: 3\n"),
        ("alt:\nseed: 3\n", f"alt: {{en: {WHOLE}}}\nseed: 3\n"),
        ("alt:\n  en:   # later\n  de: x\n", f"alt:\n  en: {WHOLE}   # later\n  de: x\n"),
        ("alt: {en: null, de: x}\n", f"alt: {{en: {WHOLE}, de: x}}\n"),
    ],
)
def test_one_insertion_and_nothing_else(before: str, after: str) -> None:
    assert with_alt_draft(before, "en", "A boat") == after


@pytest.mark.parametrize(
    "text",
    [
        "alt: A boat\n",
        "alt:\n  en: A boat\n",
        "alt:\n  en: {draft: A boat}\n",
        "x: &words {de: y}\nalt: *words\n",
        "alt: &words\n  de: y\ncaption: *words\n",  # the caption would change too
        "alt: [a]\n",
        "alt: {en: A boat\n",
        "- a list\n",
    ],
)
def test_where_a_draft_is_not_wanted_or_not_safe_nothing_is_written(text: str) -> None:
    assert with_alt_draft(text, "en", "A boat") is None


def test_signs_that_yaml_reads_come_back_as_they_were() -> None:
    words = 'A "red" boat: \\1 #1 – {quay}'
    after = with_alt_draft("seed: 4\n", "en", words)
    assert after is not None and json.dumps(words, ensure_ascii=False) in after


def project(root: Path, **briefs: str) -> Path:
    return write_project(root, {f"briefs/{name}.yaml": text for name, text in briefs.items()})


def test_only_the_briefs_own_language_is_drafted(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        boat=BOAT,
        kai="subject: ein Kai und ein Boot mit rotem Segel\n",
        sphinx="subject: 静かな港の船\n",
        file="seed: 1\n",
    )
    rows = {one.brief: one for one in draft_alt(root)}
    boat = "A red boat at the quay, morning, under a pale sky"
    assert rows["boat"] == AltDraft(brief="boat", path="briefs/boat.yaml", lang="en", text=boat, people=("de",))
    assert (rows["kai"].lang, rows["kai"].text, rows["kai"].people) == ("de", "Ein Kai und ein Boot mit rotem Segel", ("en",))
    assert not rows["sphinx"].text and "none of the site's languages" in rows["sphinx"].why
    assert not rows["file"].text and "say nothing" in rows["file"].why and "quay" not in rows
    (refused,) = draft_alt(root, ["boat"], lang="de")
    assert not refused.text and "nothing is translated" in refused.why
    for ids, lang in ((("baot",), ""), ((), "fr")):
        with pytest.raises(SourceError):
            draft_alt(root, ids, lang=lang)


def test_drafts_are_written_once_and_refused_by_frozen_builds(tmp_path: Path) -> None:
    root = project(tmp_path, boat=f"# The boat.\n{BOAT}alt:\n  de: Ein rotes Boot  # seen\n")
    run = CliRunner().invoke(aibild, ["brief", "alt", "boat", "--root", str(root)])
    assert (
        run.exit_code == 0
        and "briefs/boat.yaml: en: A red boat at the quay" in run.stdout
        and "--write writes them" in run.stderr
    )
    assert "draft" not in (root / "briefs/boat.yaml").read_text()
    run = CliRunner().invoke(aibild, ["brief", "alt", "--write", "--json", "--root", str(root)])
    (row,) = json.loads(run.stdout)["drafts"]
    assert run.exit_code == 0 and row["written"] is True
    text = (root / "briefs/boat.yaml").read_text()
    assert text.startswith(f"# The boat.\n{BOAT}alt:\n  en: {{draft: ") and text.endswith("  de: Ein rotes Boot  # seen\n")
    assert "no text is missing" in CliRunner().invoke(aibild, ["brief", "alt", "--root", str(root)]).stderr
    assert {one.rule for one in run_build(root).findings} >= {"image-alt-draft"}
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert any("boat" in line for line in caught.value.missing)


def test_a_file_without_a_safe_place_stays_and_is_told(tmp_path: Path) -> None:
    text = f"{BOAT}alt: &words\n  de: Ein Boot\ncaption: *words\n"
    root = project(tmp_path, boat=text)
    run = CliRunner().invoke(aibild, ["brief", "alt", "boat", "--write", "--root", str(root)])
    assert run.exit_code == 1 and "no safe place" in run.stdout and (root / "briefs/boat.yaml").read_text() == text
