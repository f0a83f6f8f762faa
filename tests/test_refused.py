"""Files that no engine takes: every one of them is told at once, with its place, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from aibild_build.errors import SourceError
from aibild_build.model import Asset
from aibild_build.store import Store
from aibild_build.wire import from_json
from tests.support.project import edit, run_build, write_project


def test_all_bad_files_in_one_run(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    Image.new("RGB", (400, 300), "#446688").save(root / "site/whole.jpg")
    (root / "site/cut.jpg").write_bytes((root / "site/whole.jpg").read_bytes()[:300])
    (root / "site/text.png").write_text("no picture at all")
    edit(root, "site/tides.md", "Twice a day.", "![a](cut.jpg)\n\n![b](text.png)\n\n![c](whole.jpg)")
    with pytest.raises(SourceError) as caught:
        run_build(root)
    found = {finding.subject: finding for finding in caught.value.findings}
    assert set(found) == {"file:site/cut.jpg", "file:site/text.png"} and caught.value.exit_code == 2
    assert {finding.rule for finding in found.values()} == {"source-refused"}
    assert "site/cut.jpg" in found["file:site/cut.jpg"].message
    assert not (root / "dist").exists()
    records = Store(root / ".aibild/store", read_only=True).records("recipe")
    kept = [from_json(Asset, record["asset"]).made.engine for record in records]
    assert sorted(kept) == ["flat", "flat", "imported"], "what could be made is kept"
