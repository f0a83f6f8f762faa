"""Rule ids are for ever, and every one can be re-levelled."""

from __future__ import annotations

import re

from aibild_build.check import all_rules


def test_ids_are_kebab_case_and_free_of_the_fatal_prefix() -> None:
    for rule in all_rules():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule), rule
        assert not rule.startswith("source-"), f"{rule} could not be re-levelled"
