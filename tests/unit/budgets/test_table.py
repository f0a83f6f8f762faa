"""docs/rules.md says where each rule comes from: it names every rule, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from aibild_build.check import all_rules

TABLE = Path(__file__).parents[3] / "docs/rules.md"


def test_every_rule_stands_in_the_table() -> None:
    named = set(re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", TABLE.read_text("utf-8")))
    assert sorted(set(all_rules()) - named) == []


def test_the_table_names_no_rule_that_is_not_there() -> None:
    rows = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    cells = [row.split(" | ")[-1] for row in rows]
    named = {name for cell in cells for name in re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", cell)}
    assert sorted(named - set(all_rules())) == []


def test_every_row_has_a_rule_or_a_reason() -> None:
    rows = [line.split(" | ") for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ")]
    bare = [row for row in rows if row[-1] not in ("rules |", "--- |") and "`" not in row[-1] and len(row[-1]) < 20]
    assert [row for row in bare if row[0] != "| row" and "lcp-" not in row[-1]] == []
