"""Where the documentation of a rule is found."""

from __future__ import annotations

HOME = "https://aibild.example/"


def rule_url(rule: str) -> str:
    """The heading of a rule on the page "Rules"."""
    return f"{HOME}reference/rules/#{rule}"
