"""What hosts take: each limit as its documentation says it, and none that another host has."""

from __future__ import annotations

from pathlib import Path

import pytest

from aibild_build.check import check_site
from aibild_build.config import read_check_config
from aibild_build.model import Finding

LONG = "/*\n  X-Note: " + "a" * 2_000
HEADERS = "".join(f"/{number}\n  X-Note: a\n" for number in range(101))


def told(site: Path, host: str, *rules: str) -> list[Finding]:
    settings = site.parent / "check.toml"
    settings.write_text(f'[check]\nhost = "{host}"\n' if host else "")
    config, faults = read_check_config(settings)
    assert not faults
    return list(check_site(site, config, today="2026-11-23", base_url="https://quay.example/", only=rules).findings)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    root.mkdir()
    return root


@pytest.mark.parametrize(
    ("file", "text", "measured"),
    [
        ("_headers", HEADERS, 101),
        ("_redirects", "".join(f"/{number} /\n" for number in range(2_001)), 2_001),
        ("_redirects", "".join(f"/{number}/* /\n" for number in range(51)) + "/:a /\n" * 50, 101),
    ],
    ids=["header rules", "static", "dynamic"],
)
def test_limits_of_one_host_are_not_those_of_another(site: Path, file: str, text: str, measured: int) -> None:
    (site / file).write_text(text)
    (found,) = told(site, "cloudflare-pages", "host-limits")
    assert found.measured == measured
    assert told(site, "netlify", "host-limits") == told(site, "", "host-limits") == []


def test_a_colon_in_an_address_makes_no_redirect_dynamic(site: Path) -> None:
    (site / "_redirects").write_text("".join(f"/a:b{number} https://quay.example/\n" for number in range(101)))
    assert told(site, "cloudflare-pages", "host-limits") == []


def test_long_headers_are_refused_by_one_host_only(site: Path) -> None:
    (site / "_headers").write_text(LONG)
    assert [found.measured for found in told(site, "cloudflare-pages", "headers-invalid")] == [2_010]
    assert len(told(site, "", "headers-invalid")) == 1
    assert told(site, "netlify", "headers-invalid") == []


def test_files_are_counted_by_folder_where_the_host_does(site: Path) -> None:
    for folder in ("a", "b"):
        (site / folder).mkdir()
    for number in range(54_001):
        (site / "a" / f"{number}.txt").touch()
    (found,) = told(site, "netlify", "host-limits")
    assert (found.measured, found.limit) == (54_001, 54_000)
    (site / "a" / "0.txt").rename(site / "b" / "0.txt")
    assert told(site, "netlify", "host-limits") == []
    (found,) = told(site, "cloudflare-pages", "host-limits")
    assert (found.measured, found.limit) == (54_001, 20_000)


def test_a_host_without_header_files_says_so(site: Path) -> None:
    (site / "_headers").write_text("/*\n  X-Note: a\n")
    assert [found.rule for found in told(site, "github-pages", "host-headers-unread", "host-limits")] == ["host-headers-unread"]
