"""`aibild report drift`: another look shows, the same look does not, and few pictures say nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageFilter

from aibild_build.build.drift import LEAST, distance, drift, look_of
from aibild_build.cli import aibild
from aibild_build.errors import SourceError
from scripts.slow.damaged import leaves
from tests.support.project import CONFIG, run_build, write_project

COUNT = 2 * LEAST


def looks(pictures: list[Image.Image]) -> list[object]:
    return [look_of(picture.tobytes(), picture.size, picture.mode) for picture in pictures]


def test_another_look_is_further_away_than_other_pictures() -> None:
    pictures = [leaves(seed, 96) for seed in range(COUNT)]
    older, newer = looks(pictures[::2]), looks(pictures[1::2])
    same = distance(older, newer)  # type: ignore[arg-type]
    blurred = looks([picture.filter(ImageFilter.GaussianBlur(1.5)) for picture in pictures[1::2]])
    tinted = looks([Image.blend(picture, Image.new("RGB", picture.size, "#ff8000"), 0.6) for picture in pictures[1::2]])
    assert distance(older, older) == 0  # type: ignore[arg-type]
    assert distance(older, blurred) > 2 * same and distance(older, tinted) > 2 * same  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen plates of one profile, the second half made on another day."""
    root = tmp_path_factory.mktemp("drift")
    files: dict[str, str | None] = {"aibild.toml": CONFIG, "briefs/profiles/house.yaml": "engine: sketch\nsize: [320, 180]\n"}
    links = ""
    for number in range(COUNT):
        files[f"briefs/plate-{number}.yaml"] = f"subject: hills\nprofile: house\nseed: {number}\nalt: {{en: A, de: B}}\n"
        links += f"![A](brief:plate-{number})\n\n"
    files["site/tides.md"] = f"---\ntitle: T\ndescription: D.\nhero: quay\n---\n\n{links}"
    write_project(root, files)
    run_build(root)
    lock = json.loads((root / "aibild.lock").read_text())
    for number in range(COUNT // 2, COUNT):
        lock["briefs"][f"plate-{number}"]["assets"]["master"]["candidates"][0]["made"] = "2026-12-24"
    (root / "aibild.lock").write_text(json.dumps(lock))
    return root


def test_a_profile_is_parted_by_day(site: Path) -> None:
    (found,) = drift(site, since="2026-12-01")
    assert (found.profile, found.older, found.newer, found.usual) == ("house", LEAST, LEAST, None)
    assert found.distance is not None and 0 < found.distance < 5
    (few,) = drift(site, since="2027-01-01", profile="house")
    assert (few.older, few.newer, few.distance) == (COUNT, 0, None)


def test_the_command_says_it(site: Path) -> None:
    said = CliRunner().invoke(aibild, ["report", "drift", "house", "--since", "2026-12-01", "--root", str(site)])
    assert said.exit_code == 0 and said.stdout.startswith("house: ") and "(4 before 2026-12-01, 4 since)" in said.stdout
    few = CliRunner().invoke(aibild, ["report", "drift", "--since", "2027-01-01", "--root", str(site)])
    assert few.stdout == "house: too few pictures to say (8 before 2027-01-01, 0 since)\n"
    rows = json.loads(
        CliRunner().invoke(aibild, ["report", "drift", "--since", "2026-12-01", "--json", "--root", str(site)]).stdout
    )
    assert rows["profiles"][0]["older"] == 4
    with pytest.raises(SourceError):
        drift(site, since="2026-12-01", profile="hause")
