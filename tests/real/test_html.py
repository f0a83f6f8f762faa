"""The Nu HTML Checker reads every page."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.conftest import Built
from tests.support.judges import ask, nu_checker


def errors(folder: Path) -> list[str]:
    """A line for each error the checker finds in the HTML and SVG files of a folder."""
    run = ask([*nu_checker(), "--skip-non-html", "--also-check-svg", "--format", "json", folder])
    messages = json.loads(run.stderr)["messages"]
    return [
        f"{entry.get('url', '')}:{entry.get('lastLine', 0)}: {entry['message']}" for entry in messages if entry["type"] != "info"
    ]


def test_every_page_is_valid(built: Built) -> None:
    assert built.pages()
    assert errors(built.output) == []


def test_the_judge_sees_a_fault(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<!doctype html><html lang="en"><title>t</title><p><img src="a.png"><p id="a"><p id="a">')
    found = "\n".join(errors(tmp_path))
    assert "alt" in found
    assert "Duplicate ID" in found
