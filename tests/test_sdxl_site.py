"""One small site whose briefs use every feature of the engine `sdxl`, by the command line, from an empty cache.

Skips without the extra. What each brief asks for is looked up in the records of what was made, so that a feature which silently
fell out is noticed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from aibild_build.plan import plan
from aibild_build.reports.text import plan_lines
from tests.support.project import TODAY, edit
from tests.test_sdxl_build import EVERYTHING, PLAIN, copy, lock, project

pytestmark = pytest.mark.filterwarnings("ignore")

BRIEFS: Mapping[str, str] = {
    "quay": EVERYTHING,
    "boat": PLAIN.replace("  model: tiny\n", "  model: tiny-single\n  highres: {scale: 1.25, strength: 0.5}\n"),
    "pier": PLAIN.replace(
        "  steps: 3\n",
        "  steps: 3\n  init: {image: sketch.png, strength: 0.7}\n"
        "  controls: [{model: tiny-depth, image: sketch.png, from: depth, estimator: tiny-estimator}]\n",
    ),
    "mole": PLAIN.replace(
        "  steps: 3\n",
        "  steps: 3\n  inpaint: {image: sketch.png, mask: mask.png, strength: 0.7}\n"
        "  loras: [tiny-lora]\n  guidance_rescale: 0.5\n",
    ),
    "lock": PLAIN.replace("size:", "ratios: ['1:1']\nsize:").replace(
        "  steps: 3\n",
        "  steps: 3\n  controls: [{model: tiny-canny, image: sketch.png}]\n"
        "  refiner: {model: tiny-refiner}\n  scheduler: UniPC\n  vae_tiling: true\n",
    ),
}
MADE = 16


def starts(kind: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda asked: asked.get("start", {}).get("from") == kind


def derives(kind: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda asked: any(one["derive"]["name"] == kind for one in asked.get("controls", ()))


FEATURES: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "text to picture": starts("noise"),
    "img2img": starts("picture"),
    "inpainting by the base": lambda asked: starts("mask")(asked) and not asked["start"]["weights"],
    "inpainting by a painter": lambda asked: starts("mask")(asked) and bool(asked["start"]["weights"]),
    "outpainting": starts("canvas"),
    "depth to image": lambda asked: starts("picture")(asked) and derives("depth")(asked),
    "canny": derives("canny"),
    "depth": derives("depth"),
    "a control image that is given": derives("given"),
    "several controls": lambda asked: len(asked.get("controls", ())) > 1,
    "ip-adapter": lambda asked: "ip_adapter" in asked,
    "lora": lambda asked: bool(asked.get("loras")),
    "embedding": lambda asked: bool(asked.get("embeddings")),
    "refiner": lambda asked: "refiner" in asked,
    "second pass": lambda asked: "highres" in asked,
    "another vae": lambda asked: "weights" in asked.get("vae", {}),
    "tiles": lambda asked: asked.get("vae", {}).get("tiling") is True,
    "single file": lambda asked: "file" in asked.get("weights", {}),
    "weights in prompts": lambda asked: asked.get("weighting", {}).get("dialect") == "compel",
    "second prompt": lambda asked: bool(asked.get("prompt_2")),
    "guidance rescale": lambda asked: asked.get("guidance_rescale", 0) > 0,
    "product": lambda asked: "cutout" in asked,
    "logo": lambda asked: "overlays" in asked,
}


def run(root: Path, *arguments: str, code: int = 0) -> Any:
    """What a command printed as JSON."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "SOURCE_DATE_EPOCH": "1795392000"}
    command = [sys.executable, "-W", "ignore", "-m", "aibild_build", *arguments, "--root", str(root), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def site(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = "---\ntitle: {0}\ndescription: About a {0}.\nhero: {0}\n---\n\nText.\n"
    changes = {f"briefs/{name}.yaml": text for name, text in BRIEFS.items()}
    changes |= {f"site/{name}.md": page.format(name) for name in BRIEFS}
    root = project(tmp_path_factory.mktemp("all") / "site", tiny_models, changes=changes)
    shutil.rmtree(root / ".aibild", ignore_errors=True)
    report = run(root, "build", "--no-check")
    assert report["made"]["picture"] == MADE and report["refused"] == 0
    return root


def recipes(root: Path) -> Iterator[Mapping[str, Any]]:
    from aibild_build.store import Store

    for record in Store(root / ".aibild" / "store", read_only=True).records("recipe"):
        found: Any = record["recipe"]
        if found["engine"] == "sdxl":
            yield found["parameters"]


@pytest.mark.parametrize("feature", FEATURES)
def test_the_site_uses_it(site: Path, feature: str) -> None:
    assert any(FEATURES[feature](asked) for asked in recipes(site))


def test_the_lock_tells_of_each(site: Path) -> None:
    found = lock(site)
    assets = {brief: set(entry["assets"]) for brief, entry in found["briefs"].items()}
    assert {"master/draft", "master/refine", "master/details", "4:5/picture", "4:5", "1:1"} <= assets["quay"], "stages and ratios"
    assert assets["lock"] == {"master"}, "a crop is no picture of its own"
    assert len(found["briefs"]["quay"]["assets"]["master/draft"]["candidates"]) == 2
    assert {found["briefs"][name]["assets"]["master"]["candidates"][0]["model"] for name in ("boat", "pier")} == {
        "tiny",
        "tiny-single",
    }
    kinds = {entry["kind"] for entry in found["models"].values()}
    assert kinds == {
        *("sdxl", "sdxl-refiner", "sdxl-inpaint", "controlnet", "lora", "embedding"),
        *("vae", "ip-adapter", "image-encoder", "depth-estimator"),
    }


def test_a_second_build_makes_nothing_and_loads_no_torch(site: Path, tmp_path: Path) -> None:
    """By the command line, once as it stands and once with nothing remembered of the first build but the store."""
    root = copy(site, tmp_path)
    heavy = ("torch", "diffusers", "transformers", "safetensors", "numpy")
    code = f"""
import sys
from aibild_build.cli import aibild
if __name__ == "__main__":
    try:
        aibild(["build", "--no-check", "--json", "--frozen", "--root", {str(root)!r}])
    except SystemExit as end:
        loaded = [name for name in {heavy!r} if name in sys.modules]
        sys.exit(end.code or ("loaded " + ", ".join(loaded) if loaded else 0))
"""
    for forgotten in ("nothing", "standing.json"):
        (root / ".aibild" / forgotten).unlink(missing_ok=True)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (forgotten, done.stderr)
        made = json.loads(done.stdout)["made"]
        assert (made["picture"], made["rendition"]) == (0, 0), forgotten


def test_plan_and_why_tell_that_nothing_differs(site: Path, tmp_path: Path) -> None:
    root = copy(site, tmp_path)
    planned = run(root, "plan")
    assert [work for work in planned["work"] if work["kind"] == "picture"] == []
    for brief in ("quay", "boat"):
        answers = run(root, "why", brief)["answers"]
        assert {answer["verdict"] for answer in answers} == {"nothing differs"}
        assert {answer["identity"]["hit"] for answer in answers} == {"exact"}


@pytest.mark.parametrize(
    "brief,old,new,subjects,field",
    [
        ("boat", "scale: 1.25", "scale: 1.5", {"boat"}, "parameters.highres.scale"),
        ("boat", "tiny-single", "tiny", {"boat"}, "parameters.weights"),
        ("pier", "strength: 0.7", "strength: 0.8", {"pier"}, "parameters.start.strength"),
        ("mole", "loras: [tiny-lora]", "loras: [{model: tiny-lora, scale: 0.5}]", {"mole"}, "parameters.loras[0].scale"),
        ("lock", "scheduler: UniPC", "scheduler: DDIM", {"lock"}, "parameters.scheduler.class"),
        ("quay", "width: 0.2", "width: 0.3", {"quay", "quay 4:5", "quay 1:1"}, "parameters.overlays[0].width"),
    ],
)
def test_plan_and_why_name_what_changed(
    site: Path, tmp_path: Path, brief: str, old: str, new: str, subjects: set[str], field: str
) -> None:
    root = copy(site, tmp_path)
    edit(root, f"briefs/{brief}.yaml", old, new)
    work = [one for one in run(root, "plan")["work"] if one["kind"] == "picture"]
    assert {one["subject"] for one in work} == subjects
    assert all(one["cost"]["basis"] for one in work), "what each would take is counted from what was made"
    differing = {row["field"] for answer in run(root, "why", brief)["answers"] for row in answer["differences"]}
    assert any(name.startswith(field) for name in differing), differing


def test_a_plan_adds_up_what_a_brief_takes(site: Path, tmp_path: Path) -> None:
    root = copy(site, tmp_path)
    edit(root, "briefs/quay.yaml", "width: 0.2", "width: 0.3")
    lines = list(plan_lines(plan(root, today=TODAY), details=False))
    assert any(line.startswith("brief      quay  3 pictures  ~") for line in lines), lines


def test_the_report_of_licences_tells_of_each_model(site: Path) -> None:
    rows = {row["model"]: row for row in run(site, "report", "licenses")["models"]}
    assert set(rows) == set(lock(site)["models"])
    assert rows["tiny-single"]["briefs"] == ["boat"] and rows["tiny-lora"]["license"] == "brand-only"
    assert set(rows["tiny-lora"]["briefs"]) == {"mole", "quay"}
