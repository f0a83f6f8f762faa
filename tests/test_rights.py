"""The last day of a picture's rights, from the brief to the finding."""

from __future__ import annotations

import json
from pathlib import Path

from aibild_build.check import check_site
from tests.support.project import FILES, run_build, write_project


def test_a_picture_whose_rights_end_is_told_by_its_brief(tmp_path: Path) -> None:
    brief = FILES["briefs/quay.yaml"] + "rights:\n  holder: The Harbour\n  expires: 2026-12-10\n"
    root = write_project(tmp_path, {"briefs/quay.yaml": brief})
    run_build(root)
    index = json.loads((root / "dist/pictures.json").read_bytes())
    assert index["pictures"]["quay"]["expires"] == "2026-12-10"
    assert "expires" not in index["pictures"]["boat"]
    for today, rule in (("2026-10-01", None), ("2026-11-23", "rights-expiring"), ("2026-12-11", "rights-expired")):
        found = check_site(root / "dist", None, today=today, only=("rights-expiring", "rights-expired")).findings
        assert [one.rule for one in found] == ([rule] if rule else [])
        assert all("`quay`" in one.message for one in found)


def test_our_own_small_site_has_the_marks_it_should(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    found = check_site(root / "dist", None, today="2026-11-23").findings
    families = ("mark-", "credential-", "jsonld-", "sitemap-", "hreflang-", "og-image-f", "image-alt-", "rights-", "licence-")
    assert [one for one in found if one.rule.startswith(families)] == []
