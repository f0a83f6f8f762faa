"""Sites with SDXL pictures, from brief to page: lock, store, plan, stages, models that change. Skips without the extra."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aibild_build import gates
from aibild_build.build import Options
from aibild_build.build.generate import generate
from aibild_build.build.models import licences, list_models, update_model, verify_models
from aibild_build.errors import EngineUnavailable, FrozenError, SourceError
from aibild_build.lock import read_lock
from aibild_build.model import Asset, Finding
from aibild_build.plan import plan
from aibild_build.plan.why import why
from aibild_build.wire import from_json
from tests.support.project import CONFIG, TODAY, edit, run_build, write_project

# Libraries warn of each other's deprecations; our own warnings are findings.
pytestmark = pytest.mark.filterwarnings("ignore")

PLAIN = """\
subject: a quay at dawn
engine: sdxl
negative: blur
size: [128, 72]
parameters:
  model: tiny
  steps: 3
alt:
  en: A quay at dawn
  de: Ein Kai im Morgenlicht
"""
EVERYTHING = """\
subject: a (red)1.3 <brand> quay at dawn
light: low sun
engine: sdxl
negative: blur
size: [128, 72]
candidates: 2
ratios:
  - {ratio: '4:5', mode: outpaint}
  - {ratio: '1:1', mode: regenerate, subject: a quay from above}
parameters:
  model: tiny
  steps: 3
  scheduler: Euler a
  guidance: 6.0
  prompt_2: a painting
  vae: tiny-vae
  loras: [{model: tiny-lora, scale: 0.7}]
  embeddings: [tiny-embedding]
  controls:
    - {model: tiny-canny, image: sketch.png, from: canny, scale: 0.5}
    - {model: tiny-depth, image: sketch.png, from: depth, estimator: tiny-estimator, scale: 0.4}
  ip_adapter: {model: tiny-adapter, encoder: tiny-eye, image: sketch.png, scale: 0.5}
  cutout: {image: product.png, anchor: bottom}
  overlays: [{image: logo.png, anchor: top-right, width: 0.2}]
  stages:
    - {name: draft, size: [96, 56], refiner: {model: tiny-refiner, switch: 0.5}}
    - {name: refine, init: {strength: 0.5}, highres: {scale: 1.25, strength: 0.5}}
    - {name: details, prompt: a lamp, inpaint: {mask: mask.png, model: tiny-inpaint}}
alt:
  en: A quay at dawn
  de: Ein Kai im Morgenlicht
"""


def project(root: Path, models: Path, brief: str = PLAIN, changes: Mapping[str, str] | None = None) -> Path:
    from PIL import Image, ImageDraw

    from tests.support.tiny_sdxl import tables, toml

    root.mkdir(parents=True, exist_ok=True)
    # Random weights draw noise, in which a gate may well see text or artefacts.
    off = "".join(f'[gates.{name}]\nlevel = "off"\n\n' for name in gates.names())
    config = CONFIG.replace('[gates.blank]\nlevel = "off"\n', off)
    write_project(root, {"aibild.toml": config + toml(tables(models)), "briefs/quay.yaml": brief, **(changes or {})})
    drawn = Image.new("RGB", (128, 72), "#225588")
    ImageDraw.Draw(drawn).ellipse((30, 10, 90, 60), fill="#ffaa00")
    drawn.save(root / "sketch.png")
    mask = Image.new("L", (128, 72), 0)
    mask.paste(255, (50, 20, 90, 50))
    mask.save(root / "mask.png")
    for name, size in (("product.png", (30, 30)), ("logo.png", (40, 20))):
        layer = Image.new("RGBA", size, (0, 0, 0, 0))
        ImageDraw.Draw(layer).rectangle((5, 5, size[0] - 6, size[1] - 6), fill="#cc2222")
        layer.save(root / name)
    return root


def lock(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "aibild.lock").read_text())
    return found


def wanted(root: Path) -> list[str]:
    """The pictures that a build would make."""
    return [work.subject for work in plan(root, today=TODAY).work if work.kind == "picture"]


@pytest.fixture(scope="module")
def everything(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose brief uses every feature, built once; tests work on copies."""
    root = project(tmp_path_factory.mktemp("everything") / "site", tiny_models, EVERYTHING)
    assert run_build(root).made.picture == 13
    return root


@pytest.fixture(scope="module")
def plain(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("plain") / "site", tiny_models)
    assert run_build(root).made.picture == 2
    return root


def copy(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target / "site"))


def test_a_second_build_makes_nothing(everything: Path, tmp_path: Path) -> None:
    root = copy(everything, tmp_path)
    assert wanted(root) == []
    report = run_build(root)
    assert (report.made.picture, report.made.rendition) == (0, 0)
    assert report.reused.picture > 0
    report = run_build(root, frozen=True)
    assert (report.made.picture, report.made.rendition, report.made.page) == (0, 0, 0)


def test_a_second_build_imports_no_torch(plain: Path, tmp_path: Path) -> None:
    root = copy(plain, tmp_path)
    code = f"""
import sys
from pathlib import Path
from aibild_build.build import Options, build
if __name__ == "__main__":
    report = build(Options(root=Path({str(root)!r}), crew="inline", frozen=True), today="2026-11-23")
    assert report.made.picture == 0
    assert not [name for name in ("torch", "diffusers", "transformers", "safetensors") if name in sys.modules]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_lock_pins_models_stages_and_pixels(everything: Path) -> None:
    found = lock(everything)
    used = {"tiny", "tiny-vae", "tiny-lora", "tiny-embedding", "tiny-canny", "tiny-depth", "tiny-estimator", "tiny-adapter"}
    assert set(found["models"]) == used | {"tiny-eye", "tiny-refiner", "tiny-inpaint"}
    assert found["models"]["tiny"]["scheduler"]["beta_schedule"] == "scaled_linear"
    assets = found["briefs"]["quay"]["assets"]
    expected = {"master", "master/draft", "master/refine", "master/details", "4:5", "4:5/picture"}
    expected |= {"1:1", "1:1/draft", "1:1/refine", "1:1/details"}
    assert set(assets) == expected
    assert len(assets["master/draft"]["candidates"]) == 2
    assert assets["master/draft"]["candidates"][0]["model"] == "tiny"
    text = (everything / "aibild.lock").read_text()
    assert read_lock(text)[1] == ()


def test_pages_show_no_steps_on_the_way(everything: Path) -> None:
    shown = json.loads((everything / "dist" / "pictures.json").read_text())
    assert "master/" not in json.dumps(shown) and "4:5/picture" not in json.dumps(shown)


def test_a_machine_without_models_builds_from_lock_and_store(everything: Path, tiny_models: Path, tmp_path: Path) -> None:
    root = copy(everything, tmp_path)
    edit(root, "aibild.toml", str(tiny_models), "/nowhere")
    assert wanted(root) == []
    assert run_build(root, frozen=True).made.picture == 0
    edit(root, "briefs/quay.yaml", "steps: 3", "steps: 4")
    with pytest.raises(FrozenError):
        run_build(root, frozen=True)
    with pytest.raises(EngineUnavailable, match="not on this machine"):
        run_build(root)


def test_steps_on_the_way_need_not_be_in_the_store(everything: Path, tmp_path: Path) -> None:
    """A shared store may hold what pages show and nothing else."""
    root = copy(everything, tmp_path)
    assets = lock(root)["briefs"]["quay"]["assets"]
    hidden = [pin["pixels"] for name, asset in assets.items() if "/" in name for pin in asset["candidates"]]
    shown = [pin["pixels"] for name, asset in assets.items() if "/" not in name for pin in asset["candidates"]]
    _forget(root, set(hidden) - set(shown))
    assert wanted(root) == []
    assert run_build(root, frozen=True).made.picture == 0


def _forget(root: Path, pixels: set[str]) -> None:
    """Remove the blobs of these pictures from the project's store."""
    from aibild_build.store import Store

    store = Store(root / ".aibild" / "store")
    assets = [from_json(Asset, record["asset"]) for record in store.records("asset")]
    digests = {asset.digest for asset in assets if asset.pixels in pixels}
    assert digests
    removed = [
        path for path in (root / ".aibild" / "store").rglob("*") if path.is_file() and path.name.partition(".")[0] in digests
    ]
    for path in removed:
        path.unlink()
    assert len(removed) == len(digests)


@pytest.mark.parametrize(
    "old,new,made",
    [
        ("width: 0.2", "width: 0.3", {"quay", "quay 4:5", "quay 1:1"}),
        (
            "prompt: a lamp",
            "prompt: a lantern",
            {"quay", "quay 4:5", "quay 1:1", "quay master/details", "quay 1:1/details", "quay 4:5/picture"},
        ),
    ],
    ids=["logo", "details"],
)
def test_a_change_in_the_last_stage_makes_the_last_alone(
    everything: Path, tmp_path: Path, old: str, new: str, made: set[str]
) -> None:
    root = copy(everything, tmp_path)
    edit(root, "briefs/quay.yaml", old, new)
    assert set(wanted(root)) == made
    assert run_build(root).made.picture == len(made)
    assert wanted(root) == []


def test_a_change_in_the_first_stage_makes_all(everything: Path, tmp_path: Path) -> None:
    root = copy(everything, tmp_path)
    edit(root, "briefs/quay.yaml", "dawn\nlight", "night\nlight")
    assert len(wanted(root)) == 7, "the square has a subject of its own"


def test_another_pick_of_the_draft_makes_what_follows(everything: Path, tmp_path: Path) -> None:
    root = copy(everything, tmp_path)
    text = (root / "aibild.lock").read_text()
    at = text.index('"master/draft": {')
    (root / "aibild.lock").write_text(text[:at] + text[at:].replace('"pick": 0', '"pick": 1', 1))
    # the other candidate is in the store; what starts from it is not made yet
    assert set(wanted(root)) == {"quay master/refine", "quay master/details", "quay", "quay 4:5/picture", "quay 4:5"}


def test_repinning_a_staged_picture(plain: Path, tmp_path: Path) -> None:
    root = copy(plain, tmp_path)
    done = generate(Options(root=root, crew="inline"), ["quay"], repin=True, today=TODAY)
    assert (done.made, done.reused) == (1, 0)


def test_a_new_process_makes_the_same_pixels(plain: Path, tmp_path: Path) -> None:
    root = copy(plain, tmp_path)
    before = lock(root)
    shutil.rmtree(root / ".aibild")
    shutil.rmtree(root / "dist")
    (root / "aibild.lock").unlink()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "SOURCE_DATE_EPOCH": "1795392000"}
    command = [sys.executable, "-m", "aibild_build", "build", "--root", str(root), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["made"]["picture"] == 2
    after = lock(root)
    assert after["models"] == before["models"]
    pins = [found["briefs"]["quay"]["assets"]["master"]["candidates"][0] for found in (before, after)]
    assert pins[0]["recipe"] == pins[1]["recipe"] and pins[0]["pixels"] == pins[1]["pixels"]


def test_a_swapped_weight_file_is_noticed_and_taken_by_update(plain: Path, tiny_models: Path, tmp_path: Path) -> None:
    root = copy(plain, tmp_path)
    shutil.copytree(tiny_models / "base", tmp_path / "base")
    edit(root, "aibild.toml", str(tiny_models / "base"), str(tmp_path / "base"))
    assert wanted(root) == [], "another place, the same files"
    shutil.copy(tiny_models / "vae" / "diffusion_pytorch_model.safetensors", tmp_path / "base" / "vae")
    report = run_build(root)
    assert report.made.picture == 0, "pictures at hand are used"
    (finding,) = [finding for finding in report.findings if finding.rule == "model-differs"]
    assert "`tiny`" in finding.message and "models update tiny" in finding.hint
    assert [row.lock for row in list_models(root) if row.name == "tiny"] == ["differs"]
    edit(root, "briefs/quay.yaml", "steps: 3", "steps: 2")
    with pytest.raises(EngineUnavailable, match=r"not the files that aibild\.lock pins: model tiny"):
        generate(Options(root=root, crew="inline"), today=TODAY)
    edit(root, "briefs/quay.yaml", "steps: 2", "steps: 3")
    before, now = update_model(root, "tiny")
    assert before != now
    answer = why(root, "quay")[0]
    assert [row.field for row in answer.differences] == ["parameters.weights.vae"]
    assert run_build(root).made.picture == 1


def test_library_versions_are_noted_and_not_asked(plain: Path) -> None:
    from aibild_build.store import Store

    pin = lock(plain)["briefs"]["quay"]["assets"]["master"]["candidates"][0]
    record = Store(plain / ".aibild" / "store").lookup(pin["recipe"])
    assert record is not None
    versions = from_json(Asset, record["asset"]).made.environment["versions"]
    assert isinstance(versions, dict) and "torch" in versions
    assert "torch" not in json.dumps(record["recipe"])


def test_drafts_stand_in_for_what_cannot_be_made(everything: Path, tmp_path: Path) -> None:
    root = copy(everything, tmp_path)
    edit(root, "briefs/quay.yaml", "steps: 3", "steps: 2")
    report = run_build(root, draft=True)
    assert {finding.subject for finding in report.findings if finding.rule == "picture-draft"} == {"quay"}


def test_the_candidate_that_fits_best_is_picked(tiny_models: Path, tmp_path: Path) -> None:
    root = project(tmp_path / "site", tiny_models, PLAIN.replace("size:", "candidates: 4\nsize:"))
    with (root / "aibild.toml").open("a") as file:
        file.write('\n[engines.sdxl]\nscore = "tiny-clip"\n')
    assert run_build(root).made.picture == 5
    master = lock(root)["briefs"]["quay"]["assets"]["master"]
    scores = [pin["scores"]["clip"] for pin in master["candidates"]]
    assert len(set(scores)) > 1 and master["pick"] == scores.index(max(scores))
    assert run_build(root).made.picture == 0


def test_faults_of_a_brief_stop_the_build(tiny_models: Path, tmp_path: Path) -> None:
    brief = PLAIN.replace("  steps: 3\n", "  steps: 3\n  stages: [{init: {strength: 0.5}}]\n  loras: [tiny-vae]\n")
    root = project(tmp_path / "site", tiny_models, brief)
    with pytest.raises(SourceError) as caught:
        run_build(root)
    assert "parameters.stages" in str([finding.message for finding in caught.value.findings if isinstance(finding, Finding)])


@pytest.mark.parametrize("parameter", ["parent: master", "compose: true", "stages: []", "stages: [{name: A b}]"])
def test_what_a_brief_may_not_say(tiny_models: Path, tmp_path: Path, parameter: str) -> None:
    root = project(tmp_path / "site", tiny_models, PLAIN.replace("  steps: 3\n", f"  steps: 3\n  {parameter}\n"))
    with pytest.raises(SourceError) as caught:
        run_build(root)
    assert {finding.rule for finding in caught.value.findings if isinstance(finding, Finding)} == {"source-value"}


def test_a_model_that_is_no_model_is_a_finding(tiny_models: Path, tmp_path: Path) -> None:
    root = project(tmp_path / "site", tiny_models)
    edit(root, "aibild.toml", str(tiny_models / "base"), str(tiny_models / "base" / "model_index.json"))
    with pytest.raises(SourceError) as caught:
        run_build(root)
    (finding,) = caught.value.findings
    assert isinstance(finding, Finding) and finding.rule == "source-model" and "expected a folder" in finding.message


def test_the_allow_list_stops_a_build(tiny_models: Path, tmp_path: Path) -> None:
    root = project(tmp_path / "site", tiny_models)
    with (root / "aibild.toml").open("a") as file:
        file.write('\n[engines.sdxl.allow]\nlicenses = ["openrail"]\n')
    with pytest.raises(SourceError) as caught:
        run_build(root)
    (finding,) = caught.value.findings
    assert isinstance(finding, Finding) and "under one of the licences openrail, got `test`" in finding.message


def test_models_by_the_command_line(plain: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from aibild_build.cli import aibild

    root = copy(plain, tmp_path)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(aibild, [*arguments, "--root", str(root), "--json"])

    rows = json.loads(run("models", "list").stdout)["models"]
    assert {row["name"]: row["kind"] for row in rows}["tiny-single"] == "sdxl"
    assert {row["name"]: row["lock"] for row in rows}["tiny"] == "equal"
    found = json.loads(run("models", "inspect", "tiny").stdout)
    assert {"unet", "vae", "text_encoder_2", "scheduler"} <= set(found["components"])
    assert run("models", "verify", "tiny").exit_code == 0
    assert json.loads(run("models", "update", "tiny-vae").stdout)["before"] == ""
    assert "tiny-vae" in lock(root)["models"]
    missing = run("models", "inspect", "tinny")
    assert missing.exit_code == 3 and "did you mean `tiny`?" in missing.stderr
    pulled = run("models", "pull", "tiny")
    assert pulled.exit_code == 3 and "lies at a path of its own" in pulled.stderr
    report = json.loads(run("report", "licenses").stdout)["models"]
    assert [(row["model"], row["license"], row["owner"], row["briefs"]) for row in report] == [
        ("tiny", "test", "aibild", ["quay"])
    ]
    assert "/de/" in report[0]["pages"]
    shown = json.loads(run("brief", "show", "quay").stdout)
    assert [row["tokens"] > 0 for row in shown["tokens"]["counts"]] == [True, True, True, True]


def test_verifying_reads_every_byte(plain: Path, tiny_models: Path, tmp_path: Path) -> None:
    root = copy(plain, tmp_path)
    shutil.copytree(tiny_models / "base", tmp_path / "base")
    edit(root, "aibild.toml", str(tiny_models / "base"), str(tmp_path / "base"))
    list_models(root)
    file = tmp_path / "base" / "unet" / "diffusion_pytorch_model.safetensors"
    stat, data = file.stat(), file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert [row.lock for row in verify_models(root, ("tiny",))] == ["differs"]


def test_licences_name_every_model_of_every_stage(everything: Path) -> None:
    rows = {row.model: row for row in licences(everything)}
    assert set(rows) == set(lock(everything)["models"])
    assert rows["tiny-lora"].license == "brand-only"


def test_pulling_without_a_network_says_so(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aibild_build.build.models import pull_model

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    root = project(tmp_path / "site", tiny_models)
    with (root / "aibild.toml").open("a") as file:
        file.write('\n[models.far]\nhub = "owner/name"\nrevision = "v1"\n')
    with pytest.raises(EngineUnavailable, match="model `far` could not be pulled"):
        pull_model(root, "far")
