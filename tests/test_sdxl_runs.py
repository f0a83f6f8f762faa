"""How SDXL pictures are made: steps told, looks at unfinished ones, shares of a run, exact ones only. Skips without the extra."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from datetime import datetime
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
from aibild_build.errors import AibildError, EngineError, EngineUnavailable, FrozenError, SourceError
from aibild_build.model import Finding, PictureReason, Work
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


_TOLD = re.compile(r'"audit": "[0-9a-f]{64}",? ?')


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
    """What the command line says on the day that the other runs are told."""
    epoch = str(int(datetime.fromisoformat(f"{TODAY}T00:00:00Z").timestamp()))
    return CliRunner(env={"SOURCE_DATE_EPOCH": epoch}).invoke(aibild, [*arguments, "--root", str(root)])


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
    # The trail tells when and by which run a picture came, and its newest lines stand in the lock.
    one, other = ((folder / "aibild.lock").read_text("utf-8") for folder in (root, made))
    assert _TOLD.sub("", one) == _TOLD.sub("", other)
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


LEVELS = 2  # of 255: what a neighbour in the batch may move


def far(first: bytes, second: bytes) -> int:
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def tiny(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tests.support.sdxl import Tiny
    from tests.support.tiny_sdxl import tables

    found = Tiny(tables(tiny_models), tmp_path_factory.mktemp("tiny"))
    yield found
    found.engine.close()


@pytest.mark.parametrize(
    "parameters,words",
    [
        ({}, ("a red tower", "a blue boat", "a quay")),
        ({"scheduler": "Euler a", "steps": 4}, ("a red tower", "a blue boat", "a quay")),
        ({"scheduler": "DPM++ 2M SDE Karras", "steps": 4}, ("a red tower", "a blue boat", "a quay")),
        ({"prompt_2": "a painting", "negative_2": "grey"}, ("a red tower", "a blue boat", "a quay")),
        ({"weighting": "compel"}, ("a red tower",) * 3),
        ({"refiner": {"model": "tiny-refiner", "switch": 0.5}}, ("a red tower", "a blue boat", "a quay")),
        ({"highres": {"scale": 1.25, "strength": 0.5}}, ("a red tower", "a blue boat", "a quay")),
        (
            {
                "controls": [{"model": "tiny-canny", "image": "a.png", "from": "canny"}],
                "ip_adapter": {"model": "tiny-adapter", "encoder": "tiny-eye", "image": "a.png"},
                "loras": ["tiny-lora"],
            },
            ("a red tower", "a blue boat", "a quay"),
        ),
    ],
    ids=["plain", "ancestral", "sde", "second halves", "weighted", "refiner", "highres", "adapters"],
)
def test_neighbours_in_a_batch_hardly_matter(tiny: Any, parameters: dict[str, Any], words: tuple[str, ...]) -> None:
    """Pictures drawn together are those drawn alone within two levels, and no other seed's."""
    engine = tiny.engine
    asked = [tiny.recipe(parameters, seed=seed, parts=(("subject", text),)) for seed, text in enumerate(words)]
    recipes = [recipe for recipe, _ in asked]
    assert len({engine.together(recipe) for recipe in recipes}) == 1 and engine.together(recipes[0])
    inputs = {role: tiny.files[path] for role, path in asked[0][1].inputs}
    together = engine.generate_together(recipes, inputs, lambda share: None)
    alone = [engine.generate(recipe, inputs, lambda share: None)[0] for recipe in recipes]
    for index, (one, other) in enumerate(zip(together, alone, strict=True)):
        assert far(one.samples, other.samples) <= LEVELS
        assert far(one.samples, alone[index - 1].samples) > LEVELS
        assert one.environment["batch"] == {"at": index, "of": [recipe.key for recipe in recipes]}
        assert other.environment["batch"] == 1


def test_what_differs_besides_seed_and_words_is_drawn_apart(tiny: Any) -> None:
    def text(parameters: dict[str, Any], **more: Any) -> str:
        return str(tiny.engine.together(tiny.recipe(parameters, **more)[0]))

    assert text({}) == text({}, seed=9)
    assert text({}) != text({"guidance": 3.0})
    assert text({}) != text({}, negative="grey"), "an empty negative prompt is another thing than a grey one"
    assert text({}, negative="blue") == text({}, negative="grey")
    assert text({"weighting": "compel"}) != text({"weighting": "compel"}, parts=(("subject", "a boat"),))
    assert text({"init": {"image": "a.png"}}) == ""


def test_short_memory_makes_batches_smaller_then_tiles(tiny: Any) -> None:
    from aibild_build import tensors

    recipes = [tiny.recipe(seed=seed)[0] for seed in range(4)]
    calls: list[int] = []

    def short(times: int) -> Any:
        def progress(share: float) -> None:
            if len(calls) < times and share < 0.9:
                calls.append(1)
                raise tensors.torch().OutOfMemoryError("no room")

        return progress

    drawn = tiny.engine.generate_together(recipes, {}, short(1))
    assert [one.environment["fallback"] for one in drawn] == [["batch of 4"]] * 4
    assert [len(one.environment["batch"]["of"]) for one in drawn] == [2, 2, 2, 2]
    calls.clear()
    drawn = tiny.engine.generate_together(recipes[:2], {}, short(2))
    assert [one.environment["fallback"] for one in drawn] == [["batch of 2", "vae tiling"], ["batch of 2"]]
    assert far(drawn[1].samples, tiny.engine.generate(recipes[1], {}, lambda share: None)[0].samples) <= LEVELS


def test_a_site_is_drawn_in_batches(made: Path, tiny_models: Path, tmp_path: Path) -> None:
    """The keys are those of a run one by one; what came is within the tolerance; a strict run draws alone."""
    root = four(tmp_path / "site", tiny_models)
    with (root / "aibild.toml").open("a") as file:
        file.write("\n[engines.sdxl]\nbatch = 3\n")
    heard = Heard()
    done = generate(Options(root=root, crew="inline"), today=TODAY, talk=heard)
    assert done.made == 5 and len(heard.steps) == 6, "three pictures in one pass, then one"
    found, other = pins(root), pins(made)
    assert {name: [pin["recipe"] for pin in one] for name, one in found.items()} == {
        name: [pin["recipe"] for pin in one] for name, one in other.items()
    }
    makeup = {name: environment(root, name)["batch"] for name in ("quay", "pier", "mole", "lock")}
    assert sorted(len(one["of"]) if isinstance(one, dict) else one for one in makeup.values()) == [1, 3, 3, 3]
    for name in makeup:
        assert far(samples(root, name), samples(made, name)) <= LEVELS
    assert wanted(root) == []
    strict = four(tmp_path / "strict", tiny_models)
    shutil.copy(root / "aibild.toml", strict / "aibild.toml")
    generate(Options(root=strict, crew="inline", strict=True), today=TODAY)
    assert {environment(strict, name)["batch"] for name in makeup} == {1}


def test_each_refusal_of_a_batch_is_told(tiny_models: Path, tmp_path: Path) -> None:
    """A model whose pictures are of one colour: no picture of the pass is one, and every brief is named."""
    from safetensors.torch import load_file, save_file

    base = Path(shutil.copytree(tiny_models / "base", tmp_path / "base"))
    file = base / "vae" / "diffusion_pytorch_model.safetensors"
    save_file({name: value * (0 if "conv_out" in name else 1) for name, value in load_file(file).items()}, file)
    root = four(tmp_path / "site", tiny_models)
    text = (root / "aibild.toml").read_text().replace(str(tiny_models / "base"), str(base))
    (root / "aibild.toml").write_text(text + "\n[engines.sdxl]\nbatch = 4\n")
    with pytest.raises(SourceError) as caught:
        generate(Options(root=root, crew="inline"), today=TODAY)
    told = [finding for finding in caught.value.findings if isinstance(finding, Finding)]
    assert {finding.subject for finding in told} == {"quay", "pier", "mole", "lock"}
    assert all(finding.rule == "source-refused" and "one colour" in finding.message for finding in told)


@pytest.mark.parametrize("size", ["0", "65", "true", '"two"'])
def test_a_batch_that_is_none(tiny_models: Path, tmp_path: Path, size: str) -> None:
    root = project(tmp_path / "site", tiny_models)
    with (root / "aibild.toml").open("a") as file:
        file.write(f"\n[engines.sdxl]\nbatch = {size}\n")
    with pytest.raises(EngineUnavailable, match=r"expected `engines\.sdxl\.batch` as integer 1–64, got"):
        plan(root, today=TODAY)


def environment(root: Path, brief: str) -> dict[str, Any]:
    pin = lock(root)["briefs"][brief]["assets"]["master"]["candidates"][0]
    found: dict[str, Any] = records(root).lookup(pin["recipe"])["asset"]["made"]["environment"]
    return found


def samples(root: Path, brief: str) -> bytes:
    from aibild_build.imagefile import decode_png

    pin = lock(root)["briefs"][brief]["assets"]["master"]["candidates"][0]
    store = records(root)
    return decode_png(store.get(store.lookup(pin["recipe"])["asset"]["digest"]))[0]


def test_another_layout_in_memory_is_noted_and_hardly_matters(tiny: Any, tmp_path: Path) -> None:
    from tests.support.sdxl import Tiny

    asked = tiny.recipe()[0]
    plain = tiny.engine.generate(asked, {}, lambda share: None)[0]
    other = Tiny(tiny.tables, tmp_path)
    other.engine = type(tiny.engine)({**tiny.engine._settings, "channels_last": True})
    drawn = other.engine.generate(asked, {}, lambda share: None)[0]
    assert (plain.environment["channels_last"], drawn.environment["channels_last"]) == (False, True)
    assert far(plain.samples, drawn.samples) <= LEVELS
    strict = type(tiny.engine)({**tiny.engine._settings, "channels_last": True, "compile": "default", "strict": True, "batch": 4})
    facts = strict.environment(asked)
    assert (facts["channels_last"], facts["compile"], strict.batch) == (False, "off", 1)


@pytest.mark.parametrize("setting", ['compile = "fast"', "compile = true", "channels_last = 1"])
def test_kernels_that_are_none(tiny_models: Path, tmp_path: Path, setting: str) -> None:
    root = project(tmp_path / "site", tiny_models)
    with (root / "aibild.toml").open("a") as file:
        file.write(f"\n[engines.sdxl]\n{setting}\n")
    with pytest.raises(EngineUnavailable, match=r"expected `engines\.sdxl\.(compile|channels_last)` as"):
        plan(root, today=TODAY)
