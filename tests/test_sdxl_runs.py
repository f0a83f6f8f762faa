"""How SDXL pictures are made: steps told, looks at unfinished ones, shares of a run, exact ones only. Skips without the extra."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aibild_build.build import Options
from aibild_build.build.generate import generate
from aibild_build.build.talk import Silent
from aibild_build.cli import aibild
from aibild_build.cli.talk import Lines
from aibild_build.errors import AibildError, EngineError, FrozenError
from aibild_build.model import PictureReason, Work
from aibild_build.plan import plan
from aibild_build.plan.why import why
from tests.support.project import TODAY, run_build
from tests.test_sdxl_build import PLAIN, copy, lock, project, wanted

pytestmark = pytest.mark.filterwarnings("ignore")


class Heard(Silent):
    """Remembers what was told of steps."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int]] = []

    def step(self, work: Work, done: int, total: int) -> None:
        self.steps.append((work.subject, done, total))


def four(root: Path, models: Path) -> Path:
    """A site with four SDXL pictures and one that is flat."""
    names = ("quay", "pier", "mole", "lock")
    changes = {f"briefs/{name}.yaml": PLAIN.replace("a quay at dawn", f"a {name} at dawn") for name in names}
    page = "---\ntitle: {0}\ndescription: About a {0}.\nhero: {0}\n---\n\nText.\n"
    pages = {f"site/{name}.md": page.format(name) for name in names}
    return project(root, models, changes={**changes, **pages})


@pytest.fixture(scope="module")
def made(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four pictures by one run."""
    root = four(tmp_path_factory.mktemp("made") / "site", tiny_models)
    assert generate(Options(root=root, crew="inline"), today=TODAY).made == 5
    return root


def command(root: Path, *arguments: str) -> Any:
    return CliRunner().invoke(aibild, [*arguments, "--root", str(root)])


@pytest.mark.parametrize("crew", ["inline", "local"])
def test_steps_are_told_as_they_are_done(tiny_models: Path, tmp_path: Path, crew: str) -> None:
    brief = PLAIN.replace("  steps: 3\n", "  steps: 4\n  highres: {scale: 1.25, strength: 0.5}\n")
    root, heard = project(tmp_path / "site", tiny_models, brief), Heard()
    generate(Options(root=root, crew=crew), ["quay"], today=TODAY, talk=heard)
    assert heard.steps == [("quay", done, 6) for done in range(1, 7)]


def test_looks_at_an_unfinished_picture_leave_it_as_it_is(made: Path, tmp_path: Path) -> None:
    root, looks = copy(made, tmp_path), tmp_path / "looks"
    before = lock(root)["briefs"]["quay"]
    done = command(root, "generate", "quay", "--repin", "--preview", str(looks), "--preview-every", "1", "--json")
    assert done.exit_code == 0, done.stderr
    assert lock(root)["briefs"]["quay"] == before
    from PIL import Image

    (file,) = looks.iterdir()
    with Image.open(file) as look:
        assert look.format == "PNG" and look.mode == "RGB" and max(look.size) <= 256
        assert len(look.getcolors(1 << 20) or ()) > 8


def test_a_log_gets_a_line_on_steps_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter((0.0, 0.0, *(moment for step in range(1, 9) for moment in (step * 4.0,) * 3)))
    last = [0.0]

    def now() -> float:
        last[0] = next(clock, last[0])
        return last[0]

    lines = Lines(False, now)
    lines.begin("picture", 2, None)
    for step in range(1, 9):
        lines.step(Work(kind="picture", key="k", subject="quay", reason=PictureReason.NEW), step, 30)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "pictures: 2 to make"
    assert 1 <= len(told) - 1 < 8, "not a line for each step"
    assert told[1].startswith("pictures: 0/2 quay, step ") and told[1].endswith(" left")


def pins(root: Path) -> dict[str, Any]:
    return {brief: entry["assets"]["master"]["candidates"] for brief, entry in lock(root)["briefs"].items()}


def test_shares_of_several_runs_equal_one_run(made: Path, tiny_models: Path, tmp_path: Path) -> None:
    root = four(tmp_path / "site", tiny_models)
    counts = []
    for share in ("3/3", "1/3", "2/3"):
        done = command(root, "generate", "--shard", share, "--json")
        assert done.exit_code == 0, done.stderr
        counts.append(json.loads(done.stdout)["made"])
    assert sum(counts) == 5 and max(counts) == 2, "each picture once, dealt evenly"
    assert pins(root) == pins(made)
    assert (root / "aibild.lock").read_bytes() == (made / "aibild.lock").read_bytes()
    again = json.loads(command(root, "generate", "--shard", "2/3", "--json").stdout)
    assert again["made"] == 0 and again["reused"] == counts[2]


def test_shares_on_machines_of_their_own_meet_in_the_store(made: Path, tiny_models: Path, tmp_path: Path) -> None:
    """Two checkouts, one store; each writes its own lock, and a build elsewhere pins what the store has."""
    for number in ("1", "2"):
        root = four(tmp_path / number, tiny_models)
        generate(Options(root=root, store=tmp_path / "store", crew="inline"), shard=f"{number}/2", today=TODAY)
    third = four(tmp_path / "third", tiny_models)
    done = generate(Options(root=third, store=tmp_path / "store", crew="inline"), today=TODAY)
    assert (done.made, done.reused) == (0, 5)
    assert pins(third) == pins(made)


def test_a_run_keeps_what_another_pinned_meanwhile(made: Path, tiny_models: Path, tmp_path: Path) -> None:
    root = four(tmp_path / "site", tiny_models)

    class Other(Silent):
        """While the first share is being made, the second is done elsewhere on this very folder."""

        def begin(self, kind: str, total: int, seconds: float | None) -> None:
            if not (root / "aibild.lock").exists() and kind == "picture":
                generate(Options(root=root, crew="inline"), shard="2/2", today=TODAY)

    generate(Options(root=root, crew="inline"), shard="1/2", today=TODAY, talk=Other())
    assert pins(root) == pins(made)


@pytest.mark.parametrize("share", ["0/2", "3/2", "1", "1/0", "a/b", "-1/2", "1/2/3", "1 / 2"])
def test_a_share_that_is_none(made: Path, share: str) -> None:
    done = command(made, "generate", f"--shard={share}")
    assert done.exit_code == 3
    assert f"expected a shard as `i/n` with i from 1 to n, got `{share}`" in done.stderr


def test_what_was_made_before_an_interrupt_is_kept(tiny_models: Path, tmp_path: Path) -> None:
    root = four(tmp_path / "site", tiny_models)

    class Stops(Silent):
        """Ctrl-C in the middle of the third picture."""

        def __init__(self) -> None:
            self.begun: set[str] = set()

        def step(self, work: Work, done: int, total: int) -> None:
            self.begun.add(work.subject)
            if len(self.begun) == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(Options(root=root, crew="inline"), today=TODAY, talk=Stops())
    assert not (root / "aibild.lock").exists()
    done = generate(Options(root=root, crew="inline"), today=TODAY)
    assert (done.made, done.reused) == (2, 3), "the flat one came first"


def strictly(root: Path, *, repin: bool = False, briefs: Sequence[str] = ("quay",)) -> tuple[int, int]:
    done = generate(Options(root=root, crew="inline", strict=True), briefs, repin=repin, today=TODAY)
    return done.made, done.reused


def test_strict_takes_exact_pictures_only(made: Path, tmp_path: Path) -> None:
    root = copy(made, tmp_path)
    assert wanted(root) == []
    # made without the strict kernels: the same pixels must come once more, and then count as made here
    assert strictly(root) == (1, 0)
    assert strictly(root) == (0, 1)
    assert pins(root) == pins(made)
    assert run_build(root, strict=True).made.picture == 3, "the other three"
    assert run_build(root, strict=True, frozen=True).made.picture == 0


def test_an_upgrade_is_noted_and_strict_makes_again(made: Path, tmp_path: Path) -> None:
    root = copy(made, tmp_path)
    strictly(root)
    older(root, "quay")
    assert wanted(root) == [], "a library repaints nothing"
    (answer,) = why(root, "quay")
    assert answer.verdict == "nothing differs"
    assert isinstance(answer.identity, dict) and isinstance(answer.identity["environment"], dict)
    assert answer.identity["hit"] == "equivalent"
    assert answer.identity["environment"]["versions.diffusers"] == ["0.1.0", version("diffusers")]
    assert "versions.diffusers: 0.1.0 → " in command(root, "why", "quay").stdout
    with pytest.raises(FrozenError) as caught:
        run_build(root, strict=True, frozen=True)
    assert "quay: made in another environment" in caught.value.missing
    assert strictly(root) == (1, 0)


def test_strict_never_replaces_pinned_pixels(made: Path, tmp_path: Path) -> None:
    """Pixels that this machine does not give again are an error until they are repinned."""
    root = copy(made, tmp_path)
    text = (root / "aibild.lock").read_text()
    pin = lock(root)["briefs"]["quay"]["assets"]["master"]["candidates"][0]
    other = lock(root)["briefs"]["pier"]["assets"]["master"]["candidates"][0]
    swap_record(root, pin, other)
    (root / "aibild.lock").write_text(text.replace(pin["pixels"], other["pixels"]))
    assert wanted(root) == []
    with pytest.raises(EngineError, match=r"made other pixels for `quay` than aibild\.lock pins"):
        strictly(root)
    assert strictly(root, repin=True)[0] == 1


def records(root: Path) -> Any:
    from aibild_build.store import Store

    return Store(root / ".aibild" / "store")


def older(root: Path, brief: str) -> None:
    """Rewrite the store's records of a brief's picture as if an older diffusers had made it."""
    pin = lock(root)["briefs"][brief]["assets"]["master"]["candidates"][0]
    rewrite(root, pin["recipe"], pin["pixels"], lambda asset: asset["made"]["environment"]["versions"].update(diffusers="0.1.0"))


def swap_record(root: Path, pin: dict[str, Any], other: dict[str, Any]) -> None:
    """Make the store believe that the recipe of `pin` gave the pixels of `other`."""
    from aibild_build.plan.pictures import asset_key

    store = records(root)
    found = store.lookup(asset_key(other["recipe"], other["pixels"]))
    fields = {name: found[name] for name in ("asset", "recipe", "noted")}
    fields["asset"] = {**fields["asset"], "recipe": pin["recipe"]}
    store.record(asset_key(pin["recipe"], other["pixels"]), "asset", fields)


def rewrite(root: Path, recipe: str, pixels: str, change: Any) -> None:
    from aibild_build.plan.pictures import asset_key

    store = records(root)
    attested = [record["key"] for record in store.records("environment")]
    for key, kind in ((recipe, "recipe"), (asset_key(recipe, pixels), "asset")):
        found = json.loads(json.dumps(store.lookup(key)))
        change(found["asset"])
        store.set_aside(key)
        store.record(key, kind, {name: found[name] for name in ("asset", "recipe", "noted")})
    for key in attested:
        store.set_aside(key)


def test_a_plan_counts_with_the_past(made: Path, tmp_path: Path) -> None:
    root = copy(made, tmp_path)
    brief = root / "briefs" / "quay.yaml"
    brief.write_text(brief.read_text().replace("a quay at dawn", "a quay at noon"))
    (work,) = [work for work in plan(root, today=TODAY).work if work.kind == "picture"]
    assert work.cost.basis == "as 4 like it on cpu"
    alike = work.cost.seconds
    brief.write_text(brief.read_text().replace("steps: 3", "steps: 30"))
    (work,) = [work for work in plan(root, today=TODAY).work if work.kind == "picture"]
    assert work.cost.basis == "from 4 others on cpu" and work.cost.seconds is not None and alike is not None
    assert work.cost.seconds > 2 * alike
    shown = command(root, "plan")
    assert "from 4 others on cpu" in shown.stdout
    shutil.rmtree(root / ".aibild" / "store")
    (root / "aibild.lock").unlink()
    assert {work.cost.basis for work in plan(root, today=TODAY).work if work.kind == "picture"} == {"first guess", ""}


def test_a_plan_counts_with_this_machine_s_device(made: Path, tmp_path: Path) -> None:
    """A shared store holds what a graphics card made as well; what this machine last used decides."""
    root = copy(made, tmp_path)
    entries = lock(root)["briefs"]
    for name in ("quay", "pier", "mole"):
        pin = entries[name]["assets"]["master"]["candidates"][0]
        rewrite(root, pin["recipe"], pin["pixels"], lambda asset: asset["made"]["environment"].update(device="some card"))
    brief = root / "briefs" / "quay.yaml"
    brief.write_text(brief.read_text().replace("a quay at dawn", "a quay at noon"))

    def basis() -> str:
        return next(work.cost.basis for work in plan(root, today=TODAY).work if work.subject == "quay")

    assert basis() == "as 1 like it on cpu"
    (root / ".aibild" / "ledger.jsonl").unlink()
    assert basis() == "as 3 like it on some card"


def test_a_share_is_no_answer_to_an_unknown_brief(made: Path) -> None:
    with pytest.raises(AibildError, match="has 1 fault"):
        generate(Options(root=made, crew="inline"), ["quai"], shard="1/2", today=TODAY)
