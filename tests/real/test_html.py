"""The Nu HTML Checker and html-validate read every page."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.conftest import Built
from tests.support.judges import NODE, ask, command, node_file, nu_checker


def errors(folder: Path) -> list[str]:
    """A line for each error the checker finds in the HTML and SVG files of a folder."""
    run = ask([*nu_checker(), "--skip-non-html", "--also-check-svg", "--format", "json", folder])
    messages = json.loads(run.stderr)["messages"]
    return [
        f"{entry.get('url', '')}:{entry.get('lastLine', 0)}: {entry['message']}" for entry in messages if entry["type"] != "info"
    ]


def complaints(folder: Path) -> list[str]:
    """A line for each error or warning of html-validate in the HTML files of a folder. Rules of mere style are off."""
    judge, settings = node_file("html-validate/bin/html-validate.mjs"), NODE / "htmlvalidate.json"
    run = ask([command("node"), judge, "--config", settings, "--formatter", "json", "--ext", "html", folder])
    assert run.stdout, run.stderr
    return [
        f"{file['filePath']}:{entry['line']}: {entry['ruleId']}: {entry['message']}"
        for file in json.loads(run.stdout)
        for entry in file["messages"]
    ]


def test_every_page_is_valid(built: Built) -> None:
    assert built.pages()
    assert errors(built.output) == []


def test_the_judge_sees_a_fault(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<!doctype html><html lang="en"><title>t</title><p><img src="a.png"><p id="a"><p id="a">')
    found = "\n".join(errors(tmp_path))
    assert "alt" in found
    assert "Duplicate ID" in found


def test_every_page_pleases_html_validate(built: Built) -> None:
    assert complaints(built.output) == []


def test_the_other_judge_sees_faults(tmp_path: Path) -> None:
    """What the first one lets pass: no alt in a figure with a caption, an unclosed element, an address twice as id."""
    (tmp_path / "page.html").write_text(
        '<!doctype html>\n<html lang="en"><head><title>t</title></head><body><h1>t</h1><h3>u</h3>'
        '<figure><img src="a.png"><figcaption>c</figcaption></figure><p id="a">a<p id="a">b</body></html>\n'
    )
    rules = {line.split(": ")[1] for line in complaints(tmp_path)}
    assert {"wcag/h37", "heading-level", "no-dup-id", "no-implicit-close"} & rules >= {"wcag/h37", "heading-level", "no-dup-id"}
