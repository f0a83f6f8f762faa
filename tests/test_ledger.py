"""What was spent, and what a visitor pays."""

from __future__ import annotations

from pathlib import Path

from aibild_build.build.ledger import Spent, by_month, cost, note_spent
from aibild_build.build.publish import read_marker
from tests.support.project import edit, run_build, write_project


def test_runs_are_summed_by_month_and_torn_lines_passed_over(tmp_path: Path) -> None:
    note_spent(tmp_path, Spent(day="2026-11-30", pictures=2, engine_seconds=1.5, credits=0.25))
    note_spent(tmp_path, Spent(day="2026-12-01", encodes=9, encode_seconds=3.25))
    note_spent(tmp_path, Spent(day="2026-12-02", pictures=1, engine_seconds=1.0))
    note_spent(tmp_path, Spent(day="2026-12-03"))
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert len(lines) == 3, "a run that made nothing adds nothing"
    assert by_month(iter([*lines, '{"day": "2026-1', "[]"])) == (
        Spent(day="2026-11", pictures=2, engine_seconds=1.5, credits=0.25),
        Spent(day="2026-12", pictures=1, engine_seconds=1.0, encodes=9, encode_seconds=3.25),
    )


def test_report_of_a_built_site(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    run_build(root)
    edit(root, "briefs/boat.yaml", "#b03a2e", "#104020")
    run_build(root, today="2026-12-24")
    found = cost(root)
    assert [(month.day, month.pictures) for month in found.months] == [("2026-11", 2), ("2026-12", 1)]
    assert found.months[0].encodes > 10 and found.complete
    pages = {page.url: page for page in found.pages}
    assert set(pages) == {"/", "/boats/", "/tides/", "/de/", "/de/boats/", "/de/tides/"}
    marker = read_marker(root / "dist")
    assert marker is not None
    sizes = {f"/{row['path']}": row["bytes"] for row in marker["outputs"]}
    tides = pages["/tides/"]
    assert tides.pictures == 1
    page = (root / "dist/tides/index.html").read_text()
    loaded = tides.desktop_bytes - sizes["/tides/index.html"]
    assert any(size == loaded and path in page for path, size in sizes.items()), "one file of the page, exactly"
    assert found.store_bytes > 0 and found.output_bytes >= sum(sizes.values())
