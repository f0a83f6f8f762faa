"""Our own site, built once for all outside judges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Built:
    """A built site: its folder, the address it is made for, and the project it was made from."""

    output: Path
    base_url: str
    project: Path

    def pages(self) -> list[Path]:
        """All HTML files."""
        return sorted(self.output.rglob("*.html"))

    def renditions(self) -> list[Path]:
        """All pictures that aibild made: those of the output that are not passed through from `site/static/`."""
        kinds = (".avif", ".webp", ".jpg", ".png")
        files = (path for path in sorted(self.output.rglob("*")) if path.suffix in kinds)
        return [path for path in files if not (self.project / "site" / "static" / path.relative_to(self.output)).exists()]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def built(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Our own site at its own address. Frozen: the lock in version control must be enough."""
    base_url = tomllib.loads((checkout / "aibild.toml").read_text("utf-8"))["site"]["base_url"]
    return _build(checkout, tmp_path_factory.mktemp("real") / "site", base_url)


@pytest.fixture(scope="session")
def built_below(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The same site for an address with a path."""
    return _build(checkout, tmp_path_factory.mktemp("below") / "site", "https://example.org/some/path/")


def signing(data: Path) -> dict[str, str]:
    """An environment in which a build finds a test chain of its own, in the folder `data`."""
    environment = {**os.environ, "XDG_DATA_HOME": str(data)}
    subprocess.run(
        [sys.executable, "-m", "aibild_build", "credentials", "init-test", "-q"], check=True, env=environment, capture_output=True
    )
    return environment


def _build(project: Path, output: Path, base_url: str) -> Built:
    command = [sys.executable, "-m", "aibild_build", "build", "--frozen", "--json", "--root", str(project)]
    environment = signing(output.parent / "data")
    run = subprocess.run(
        [*command, "--output", str(output), "--base-url", base_url], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, f"our own site does not build:\n{run.stderr}\n{run.stdout}"
    report = json.loads(run.stdout)
    assert report["outputs"] > 0
    return Built(output, base_url, project)
