"""Approvals, retractions and the trail on whole projects: builds, the command line, git and two processes at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aibild_build.audit import TRAIL_FILE, Event, append, entry, read_trail
from aibild_build.build.deciding import (
    approve_pictures,
    pick_picture,
    reinstate_pictures,
    reject_pictures,
    releases_with,
    retract_pictures,
    withdraw_pictures,
)
from aibild_build.build.generate import generate
from aibild_build.build.options import Options
from aibild_build.build.trail import show_trail, verify_trail
from aibild_build.cli import aibild
from aibild_build.cli.identity import actor
from aibild_build.errors import DecisionError, FrozenError, RefusedError, SourceError
from aibild_build.lock import LOCK_FILE, Lock, read_lock, retracted, write_lock
from aibild_build.model import Actor
from tests.support.project import CONFIG, edit, run_build, tree, write_project

CHECKOUT = Path(__file__).parents[1]
ADA = Actor(who="Ada <ada@x>", source="git", when="2026-11-23T10:00:00Z")
GRACE = Actor(who="Grace <grace@x>", source="git", when="2026-11-23T11:00:00Z")
RULES = CONFIG + (
    '\n[approvals.people]\n"ada@x" = ["art"]\n"grace@x" = ["art", "legal"]\n'
    '\n[[approvals.rules]]\nrole = "art"\nslots = ["hero"]\n'
    '\n[[approvals.rules]]\nrole = "legal"\nbriefs = ["boat"]\n'
)
HILLS = "engine: sketch\nsubject: hills\nsize: [320, 180]\nseed: 11\ncandidates: 3\nalt: {en: Hills, de: Berge}\n"


def lock_of(root: Path) -> Lock:
    return read_lock((root / LOCK_FILE).read_text())[0]


def events(root: Path) -> list[str]:
    found, findings = read_trail((root / TRAIL_FILE).read_text())
    assert findings == ()
    return [f"{one.event.value} {one.brief}" for one in found.entries]


def rules_found(root: Path) -> list[str]:
    return sorted({one.rule for one in verify_trail(root).findings})


def test_a_frozen_build_refuses_what_nobody_approved_with_the_list(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": RULES})
    report = run_build(root)
    unapproved = [one for one in report.findings if one.rule == "picture-unapproved"]
    assert [one.subject for one in unapproved] == ["boat", "quay"], "an ordinary build warns"
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert caught.value.exit_code == 1
    assert caught.value.missing == (
        "boat: needs 1 approval by art, has 0 (slot hero)",
        "boat: needs 1 approval by legal, has 0 (brief boat)",
        "quay: needs 1 approval by art, has 0 (slot hero)",
    )
    approve_pictures(root, "quay", ADA)
    approve_pictures(root, "boat", ADA)
    approve_pictures(root, "boat", GRACE, role="legal")
    before = tree(root / "dist")
    report = run_build(root, frozen=True)
    assert not [one for one in report.findings if one.rule == "picture-unapproved"]
    after = tree(root / "dist")
    assert {path for path in after if after[path] != before.get(path)} == {".aibild/build.json"}, "an approval costs no page"
    edit(root, "briefs/boat.yaml", "#b03a2e", "#b03a50")
    run_build(root)
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert {line.partition(":")[0] for line in caught.value.missing} == {"boat"}, "other pixels void the approval"


def test_a_frozen_build_holds_the_trail_against_the_lock(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": RULES})
    run_build(root)
    for brief, who, role in (("quay", ADA, ""), ("boat", ADA, ""), ("boat", GRACE, "legal")):
        approve_pictures(root, brief, who, role=role)
    run_build(root, frozen=True)
    whole, lock = (root / TRAIL_FILE).read_text(), (root / LOCK_FILE).read_text()
    lines = whole.splitlines(keepends=True)
    harms = {
        "this line was changed": whole.replace('"Ada <ada@x>"', '"Eve <eve@x>"', 1),
        "which is not in the trail": "".join(lines[:2] + lines[3:]),
        "as the newest on `boat`, and the trail lacks it": "".join(lines[:-1]),
        "and the trail does not": "".join(lines[:2]),
        "the trail lacks it": "",
    }
    for sentence, harmed in harms.items():
        (root / TRAIL_FILE).write_text(harmed)
        with pytest.raises(FrozenError) as caught:
            run_build(root, frozen=True)
        assert caught.value.exit_code == 1 and "audit verify" in caught.value.hint
        assert any(sentence in line for line in caught.value.missing), (sentence, caught.value.missing)
        run_build(root)  # others go on
        (root / TRAIL_FILE).write_text(whole)
    (root / TRAIL_FILE).unlink()
    with pytest.raises(FrozenError):
        run_build(root, frozen=True)
    (root / TRAIL_FILE).write_text(whole)
    forged = lock.replace("Grace <grace@x>", "Eve <eve@x>")
    assert forged != lock
    (root / LOCK_FILE).write_text(forged)
    with pytest.raises(FrozenError):
        run_build(root, frozen=True)
    (root / LOCK_FILE).write_text(lock)
    assert run_build(root, frozen=True).made.picture == 0


def test_the_trail_tells_what_gates_said_then(tmp_path: Path) -> None:
    on = RULES.replace('[gates.blank]\nlevel = "off"\n', "[gates.blank]\nblock = 0\nreview = 1\n")
    root = write_project(tmp_path, {"aibild.toml": on})
    with pytest.raises(RefusedError):
        run_build(root)
    approve_pictures(root, "quay", ADA)
    edit(root, "aibild.toml", "review = 1\n", "review = 0\n")  # judged otherwise from now on
    approve_pictures(root, "quay", GRACE, role="legal")
    lines = show_trail(root, "quay")
    assert [one.event.value for one in lines] == ["generated", "approved", "approved"]
    told = [one.pictures[0].verdicts["blank"] for one in lines]
    assert [one["outcome"] for one in told if isinstance(one, dict)] == ["review"] * 3
    assert {one["score"] for one in told if isinstance(one, dict)} == {
        lock_of(root).briefs["quay"]["master"].picked.scores["blank"]
    }
    assert verify_trail(root).findings == ()


def test_an_approval_outlives_a_recipe_that_gives_the_same_pixels(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": RULES})
    run_build(root)
    approve_pictures(root, "quay", ADA)
    edit(root, "briefs/quay.yaml", "light: low sun", "light: high sun")
    run_build(root)
    assert [one.who for one in lock_of(root).briefs["quay"]["master"].approvals] == ["Ada <ada@x>"]


def test_drafts_of_alternative_texts_stop_a_frozen_build_only(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    edit(root, "briefs/boat.yaml", "de: Ein rotes Boot", "de: {draft: Ein rotes Boot}")
    report = run_build(root)
    assert [(one.rule, one.subject) for one in report.findings if one.rule.startswith("image-alt")] == [
        ("image-alt-draft", "boat")
    ]
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert caught.value.missing == ("boat: the alt text of `boat` in `de` is a draft: “Ein rotes Boot”",)
    (root / "aibild.toml").write_text(CONFIG + "\n[approvals]\nalt_drafts = true\n")
    assert run_build(root, frozen=True).made.picture == 0


def test_builds_tell_what_they_pin_and_nothing_else(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": CONFIG + "\n[engines.flat]\nexact = false\n"})
    run_build(root)
    assert events(root) == ["generated boat", "generated quay"]
    stood = (root / TRAIL_FILE).stat()
    run_build(root)
    run_build(root, frozen=True)
    run_build(root, force=True)
    edit(root, "site/tides.md", "Twice a day.", "Twice a day, mostly.")
    run_build(root)
    assert (root / TRAIL_FILE).stat().st_mtime_ns == stood.st_mtime_ns, "a build that pins nothing appends nothing"
    edit(root, "briefs/boat.yaml", "#b03a2e", "#b03a50")
    run_build(root)
    edit(root, "aibild.toml", "exact = false\n", "exact = false\ndrift = 9\n")
    generate(Options(root=root, crew="inline"), ["quay"], repin=True, today="2026-11-24")
    assert events(root)[2:] == ["generated boat", "repinned quay"]
    found = show_trail(root, "quay")
    assert [one.pictures[0].pixels for one in found][-1] == lock_of(root).briefs["quay"]["master"].picked.pixels
    assert found[-1].when == "2026-11-24"
    assert show_trail(root, found[-1].pictures[0].pixels[:12]) == (found[-1],)
    assert verify_trail(root).findings == ()


def test_decisions_are_told_and_repeating_them_is_not(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    assert [one.new for one in approve_pictures(root, "quay", ADA, role="art")] == [True]
    assert [one.new for one in approve_pictures(root, "quay", ADA, role="art")] == [False]
    reject_pictures(root, "quay", GRACE, reason="too dark")
    withdraw_pictures(root, "quay", ADA)
    with pytest.raises(DecisionError):
        withdraw_pictures(root, "quay", ADA)
    withdraw_pictures(root, "quay", ADA, of=GRACE.who)
    assert events(root)[2:] == ["approved quay", "rejected quay", "withdrawn quay", "withdrawn quay"]
    assert show_trail(root)[-1].reason.endswith(GRACE.who)
    assert verify_trail(root).findings == ()
    pinned = lock_of(root).briefs["quay"]["master"]
    assert (pinned.approvals, pinned.rejections) == ((), ())
    assert pinned.audit == show_trail(root)[-1].hash


def test_roles_are_asked_for_before_anything_is_written(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": RULES})
    run_build(root)
    before = (root / LOCK_FILE).read_bytes()
    for who, role, said in (
        ("", "", "nobody is known"),
        ("Eve <eve@x>", "", "has no role in"),
        (ADA.who, "legal", r"expected a role of Ada <ada@x> \(art\), got `legal`"),
        (GRACE.who, "", "has several roles"),
    ):
        with pytest.raises(DecisionError, match=said) as caught:
            approve_pictures(root, "quay", Actor(who=who), role=role)
        assert caught.value.exit_code == 1
    approve_pictures(root, "quay", ADA)
    with pytest.raises(DecisionError, match="takes back only what is their own"):
        withdraw_pictures(root, "quay", Actor(who="Eve <eve@x>"), of=ADA.who)
    for brief, asset, pixels in (("gull", "", ""), ("quay", "4:5", ""), ("quay", "", "0" * 12), ("quay", "", "ab")):
        with pytest.raises(DecisionError):
            approve_pictures(root, brief, ADA, asset=asset, pixels=pixels)
    withdraw_pictures(root, "quay", ADA)
    assert write_lock(lock_of(root).untold()).encode() == write_lock(read_lock(before.decode())[0].untold()).encode()


def test_a_retracted_picture_stops_builds_and_lists_its_pages(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    approve_pictures(root, "boat", ADA)
    pixels = lock_of(root).briefs["boat"]["master"].picked.pixels
    done = retract_pictures(root, "boat", GRACE, reason="a lawyer called")
    assert (done.pixels, done.briefs, done.complete) == ((pixels,), ("boat",), True)
    assert done.pages == ("/boats/", "/de/boats/")
    assert retracted(lock_of(root)) == {pixels}
    shown = tree(root / "dist")
    with pytest.raises(RefusedError) as refused:
        run_build(root)
    assert refused.value.exit_code == 1
    assert refused.value.missing == ("boat: retracted: a lawyer called (pages /boats/, /de/boats/)",)
    with pytest.raises(FrozenError) as frozen:
        run_build(root, frozen=True)
    assert frozen.value.missing == ("boat: retracted: a lawyer called",)
    assert tree(root / "dist") == shown, "a refused build touches nothing"
    draft = run_build(root, draft=True)
    assert [one.subject for one in draft.findings if one.rule == "picture-draft"] == ["boat"]
    with pytest.raises(DecisionError, match="was retracted"):
        approve_pictures(root, "boat", ADA)
    (root / LOCK_FILE).write_text(write_lock(lock_of(root).only({"quay": ["master"]})))
    with pytest.raises(RefusedError, match="retracted, and nothing else"):
        run_build(root)
    reinstate_pictures(root, "boat", GRACE, reason="licence bought")
    run_build(root)
    assert lock_of(root).briefs["boat"]["master"].approvals == (), "approvals do not come back"


def test_a_retraction_holds_under_every_brief_and_against_new_recipes(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    pixels = lock_of(root).briefs["boat"]["master"].picked.pixels
    retract_pictures(root, pixels[:12], ADA, reason="licence")
    edit(root, "briefs/boat.yaml", "subject: a red boat", "subject: a boat in red")
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert caught.value.missing == ("boat: retracted: licence",), "the same pixels from another recipe"
    edit(root, "briefs/boat.yaml", "#b03a2e", "#112233")
    run_build(root)
    edit(root, "briefs/quay.yaml", "#2a6478", "#b03a2e")
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert caught.value.missing == ("quay: retracted: licence",), "and under another brief"


def test_the_next_candidate_takes_the_place_of_a_retracted_or_rejected_one(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"briefs/boat.yaml": HILLS, "aibild.toml": RULES})
    run_build(root)
    approve_pictures(root, "boat", ADA)
    first, second, third = (one.pixels for one in lock_of(root).briefs["boat"]["master"].candidates)
    reject_pictures(root, "boat", ADA, reason="too dark")
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert "boat: rejected by Ada <ada@x>: too dark" in caught.value.missing
    report = run_build(root)
    assert [one.subject for one in report.findings if one.rule == "picture-replaced"] == ["boat"]
    assert report.made.picture == 0
    assert lock_of(root).briefs["boat"]["master"].picked.pixels == second
    retract_pictures(root, second, GRACE, reason="a lawyer called")
    run_build(root)
    assert lock_of(root).briefs["boat"]["master"].picked.pixels == third
    assert events(root)[-4:] == ["rejected boat", "picked boat", "retracted boat", "picked boat"]
    reject_pictures(root, "boat", ADA, reason="too bright")
    assert run_build(root).made.picture == 0, "what is rejected stays in sight while there is nothing else"
    assert lock_of(root).briefs["boat"]["master"].picked.pixels == third
    withdraw_pictures(root, "boat", ADA, pixels=first[:12])
    run_build(root)
    assert lock_of(root).briefs["boat"]["master"].picked.pixels == first
    pick_picture(root, "boat", ADA, pixels=third[:8])
    assert lock_of(root).briefs["boat"]["master"].picked.pixels == third
    assert verify_trail(root).findings == ()


def test_a_retraction_works_while_the_source_is_wrong(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    edit(root, "site/tides.md", "hero: quay", "hero: gull")
    done = retract_pictures(root, "boat", ADA, reason="licence")
    assert (done.complete, done.briefs) == (False, ("boat",))
    for name in ("gull", "boats", "0" * 12, "abc"):
        with pytest.raises(DecisionError):
            retract_pictures(root, name, ADA, reason="licence")
    retract_pictures(root, "e" * 64, ADA, reason="not in this lock, all digits given")
    assert "e" * 64 in retracted(lock_of(root))
    with pytest.raises(DecisionError, match="nothing named `quay`"):
        reinstate_pictures(root, "quay", ADA, reason="?")


def test_releases_that_show_a_picture_are_known_from_the_trail() -> None:
    line = {"event": "published", "release": "r7", "pictures": [{"pixels": "a" * 64}]}
    from aibild_build.audit import Entry, Trail
    from aibild_build.wire import from_json

    trail = Trail(entries=(from_json(Entry, line),), lines=(1,))
    assert releases_with(trail, ["a" * 64]) == (("r7", ""),)
    assert releases_with(trail, ["b" * 64]) == ()


@pytest.fixture
def decided(tmp_path: Path) -> Path:
    root = write_project(tmp_path)
    run_build(root)
    approve_pictures(root, "quay", ADA, role="art")
    retract_pictures(root, "e" * 64, ADA, reason="licence")
    approve_pictures(root, "boat", ADA, role="art")
    assert rules_found(root) == []
    return root


def drop(root: Path, word: str) -> None:
    """Take the lines with `word` out of the trail."""
    rows = (root / TRAIL_FILE).read_text().splitlines(keepends=True)
    (root / TRAIL_FILE).write_text("".join(row for row in rows if word not in row))


def test_a_cut_tail_is_found_by_the_lock(decided: Path) -> None:
    rows = (decided / TRAIL_FILE).read_text().splitlines(keepends=True)
    (decided / TRAIL_FILE).write_text("".join(rows[:-1]))
    assert rules_found(decided) == ["audit-cut", "audit-unrecorded"]
    (decided / TRAIL_FILE).unlink()
    assert "audit-cut" in rules_found(decided)


def test_a_line_out_of_the_middle_is_found(decided: Path) -> None:
    drop(decided, '"retracted"')
    assert rules_found(decided) == ["audit-cut", "audit-missing", "audit-unrecorded"]


def test_an_approval_that_was_typed_into_the_lock_is_found(decided: Path) -> None:
    text = (decided / LOCK_FILE).read_text()
    (decided / LOCK_FILE).write_text(text.replace('"who":"Ada <ada@x>"', '"who":"Grace <grace@x>"', 1))
    assert rules_found(decided) == ["audit-unrecorded"]


def test_pixels_that_were_typed_into_the_lock_are_found(decided: Path) -> None:
    text = (decided / LOCK_FILE).read_text()
    pixels = lock_of(decided).briefs["boat"]["master"].picked.pixels
    (decided / LOCK_FILE).write_text(text.replace(pixels, "d" * 64))
    assert "audit-unrecorded" in rules_found(decided)
    messages = [one.message for one in verify_trail(decided).findings]
    assert "the lock shows dddddddddddd for `boat`, which the trail never saw there" in messages


def test_an_approval_that_came_back_after_it_was_withdrawn_is_found(decided: Path) -> None:
    before = (decided / LOCK_FILE).read_text()
    withdraw_pictures(decided, "quay", ADA)
    (decided / LOCK_FILE).write_text(before)
    assert rules_found(decided) == ["audit-ended"]
    approve_pictures(decided, "quay", ADA, role="legal")
    withdraw_pictures(decided, "quay", ADA)
    approve_pictures(decided, "quay", ADA, role="art")
    assert rules_found(decided) == []


def test_a_retraction_that_the_lock_lost_is_found(decided: Path) -> None:
    lock = lock_of(decided)
    (decided / LOCK_FILE).write_text(write_lock(Lock(models=lock.models, briefs=lock.briefs)))
    assert rules_found(decided) == ["audit-forgotten"]
    retract_pictures(decided, "e" * 64, ADA, reason="licence")
    reinstate_pictures(decided, "e" * 64, ADA, reason="bought")
    assert rules_found(decided) == []


def test_a_crash_between_trail_and_lock_leaves_both_whole(decided: Path) -> None:
    append(decided, [entry(Event.REJECTED, GRACE, brief="quay", asset="master", reason="too dark")])
    assert rules_found(decided) == [], "an event without an effect"
    reject_pictures(decided, "quay", GRACE, reason="too dark")
    assert rules_found(decided) == []


def test_a_lock_that_cannot_be_read_is_left_alone(decided: Path) -> None:
    trail = (decided / TRAIL_FILE).read_bytes()
    (decided / LOCK_FILE).write_text("{")
    with pytest.raises(SourceError):
        approve_pictures(decided, "quay", GRACE, role="art")
    assert (decided / LOCK_FILE).read_text() == "{"
    assert (decided / TRAIL_FILE).read_bytes() == trail


def git(root: Path, *arguments: str) -> str:
    base = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"], "HOME": str(root)}
    done = subprocess.run(["git", *arguments], cwd=root, env=base, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def repository(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada Lovelace")
    git(root, "config", "user.email", "ada@x")
    shutil.copy(CHECKOUT / "aibild_build/starter/gitattributes", root / ".gitattributes")
    (root / ".gitignore").write_text("/.aibild/\n/dist/\n")
    commit(root, "first")


def commit(root: Path, message: str) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_two_branches_decide_and_git_merges_them(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"briefs/boat.yaml": HILLS})
    run_build(root)
    repository(root)
    git(root, "checkout", "-q", "-b", "legal")
    approve_pictures(root, "boat", GRACE, role="legal")
    approve_pictures(root, "boat", ADA, role="art")
    commit(root, "legal")
    git(root, "checkout", "-q", "main")
    approve_pictures(root, "quay", ADA, role="art")
    commit(root, "art")
    git(root, "merge", "-q", "--no-edit", "legal")
    verified = verify_trail(root)
    assert (verified.lines, verified.findings, len(verified.heads)) == (5, (), 2)
    lock = lock_of(root)
    assert (len(lock.briefs["boat"]["master"].approvals), len(lock.briefs["quay"]["master"].approvals)) == (2, 1)
    reject_pictures(root, "quay", GRACE, reason="too dark")
    assert show_trail(root)[-1].follows == verified.heads
    assert len(verify_trail(root).heads) == 1
    commit(root, "after the merge")
    assert run_build(root).made.picture == 0


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_says_who_decides(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "user.name", "Ada  Lovelace")
    git(tmp_path, "config", "user.email", "ada@x")
    assert actor(tmp_path, {"SOURCE_DATE_EPOCH": "1795392000"}) == Actor(
        who="Ada Lovelace <ada@x>", source="git", when="2026-11-23T00:00:00Z"
    )
    assert actor(tmp_path, {"GIT_AUTHOR_NAME": "Grace", "GIT_AUTHOR_EMAIL": "grace@x"}).who == "Grace <grace@x>"
    hub = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat"}
    assert actor(tmp_path, hub).who == "octocat"
    assert actor(tmp_path, hub).source == "github"
    lab = {"GITLAB_CI": "true", "GITLAB_USER_NAME": "Grace\nHopper", "GITLAB_USER_EMAIL": "grace@x"}
    assert actor(tmp_path, lab).who == "Grace Hopper <grace@x>", "on one line"


def test_processes_that_decide_at_once_lose_nothing(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    code = (
        "import sys; from pathlib import Path; from aibild_build.build.deciding import approve_pictures; "
        "from aibild_build.model import Actor\n"
        "for n in range(5): approve_pictures(Path(sys.argv[1]), 'quay', Actor(who=f'{sys.argv[2]}{n}'), role='art')"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(root), name], env={**os.environ, "PYTHONPATH": str(CHECKOUT)})
        for name in ("ada", "grace")
    ]
    assert [one.wait(60) for one in running] == [0, 0]
    assert len(lock_of(root).briefs["quay"]["master"].approvals) == 10
    verified = verify_trail(root)
    assert (verified.lines, verified.findings, len(verified.heads)) == (12, (), 1)


def run(root: Path, *arguments: str, who: str = "Ada", mail: str = "ada@x") -> Result:
    environment = {"GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": mail, "GITHUB_ACTIONS": "", "SOURCE_DATE_EPOCH": "1795392000"}
    return CliRunner().invoke(aibild, [*arguments, "--root", str(root)], env=environment)


def test_the_command_line_decides_without_a_browser(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": RULES})
    run_build(root)
    done = run(root, "approve", "quay", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["decisions"][0]["role"] == "art"
    assert run(root, "approve", "quay", who="Eve", mail="eve@x").exit_code == 1
    assert run(root, "reject", "boat").exit_code == 2, "click asks for the reason"
    assert run(root, "reject", "boat", "--reason", "too red").exit_code == 0
    assert run(root, "withdraw", "boat").exit_code == 0
    assert run(root, "pick", "boat", lock_of(root).briefs["boat"]["master"].picked.pixels[:12]).exit_code == 0
    assert run(root, "retract", "boat").exit_code == 2
    done = run(root, "retract", "boat", "--reason", "licence")
    assert done.exit_code == 0
    assert "page /boats/" in done.stdout.splitlines()
    assert json.loads(run(root, "retract", "--json").stdout)["retracted"][0]["who"] == "Ada <ada@x>"
    assert run(root, "retract", "boat", "--lift", "--reason", "bought").exit_code == 0
    assert run(root, "audit", "verify").exit_code == 0
    shown = run(root, "audit", "show", "boat").stdout
    assert [line.split()[1] for line in shown.splitlines()] == ["generated", "rejected", "withdrawn", "retracted", "reinstated"]
    found, _ = read_trail((root / TRAIL_FILE).read_text())
    assert {one.event for one in found.entries} >= {Event.APPROVED, Event.REINSTATED}
    drop(root, '"rejected"')
    done = run(root, "audit", "verify", "--json")
    assert done.exit_code == 1
    assert {row["rule"] for row in json.loads(done.stdout)["findings"]} == {"audit-missing"}
    assert run(root, "build", "--frozen", "--no-check").exit_code == 1
