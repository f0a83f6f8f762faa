"""robots.txt as RFC 9309 has it: groups, the longest pattern, `*` and `$`."""

from __future__ import annotations

import time

import pytest

from aibild_build.budgets.reading.robots import read_robots

TEXT = """\
# a comment
User-agent: *
Disallow: /private/
Allow: /private/open/
Disallow: /*.pdf$

User-agent: Googlebot
User-agent: OtherBot
Disallow: /drafts/

Sitemap: https://harbour.example/sitemap.xml
"""


@pytest.mark.parametrize(
    ("agent", "address", "line"),
    [
        ("somebody", "/private/x/", 3),
        ("somebody", "/private/open/x/", None),
        ("somebody", "/a/b.pdf", 5),
        ("somebody", "/a/b.pdf?x", None),
        ("googlebot", "/private/x/", None),
        ("googlebot", "/drafts/x/", 9),
        ("googlebot-image", "/drafts/x.jpg", 9),
        ("otherbot", "/drafts/", 9),
    ],
)
def test_which_line_blocks(agent: str, address: str, line: int | None) -> None:
    assert read_robots(TEXT).blocking_line(agent, address) == line


def test_allow_wins_a_tie_and_an_empty_disallow_blocks_nothing() -> None:
    assert read_robots("User-agent: *\nDisallow: /a\nAllow: /a\n").blocking_line("x", "/a") is None
    assert read_robots("User-agent: *\nDisallow:\n").blocking_line("x", "/a") is None


def test_sitemaps_and_what_is_not_understood() -> None:
    assert read_robots(TEXT).sitemaps == ("https://harbour.example/sitemap.xml",)
    robots = read_robots("Disallow: /before-any-agent\nUser-agent: *\nnonsense\nCrawl-delay: 3\n")
    assert [line for line, _ in robots.faults] == [1, 3]


def test_hostile_patterns_end() -> None:
    pattern = "/" + "a*" * 2000 + "c$"
    begun = time.perf_counter()
    assert read_robots(f"User-agent: *\nDisallow: {pattern}\n").blocking_line("x", "/" + "a" * 3000 + "b") is None
    assert time.perf_counter() - begun < 1
