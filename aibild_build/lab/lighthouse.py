"""Runs an installed Lighthouse over pages, and maps its audits to our rules: who found what.

Takes the address of a running server and pages, yields `Audited` and, with our findings, a table of agreement. Lighthouse itself
comes from npm; it is looked for on the PATH and in `node_modules` of the given folders and of those above.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import AibildError
from ..model import Finding

_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_TIME_S = 180
_UNSCORED = ("informative", "manual", "notApplicable", "error")

# Lighthouse 13's audits that files alone can tell, and our rules that say the same
AUDITS: Mapping[str, tuple[str, ...]] = {
    "lcp-discovery-insight": (
        "hero-lazy",
        "hero-priority",
        "hero-not-in-html",
        "preload-priority",
        "picture-in-css",
        "hero-not-largest",
    ),
    "image-delivery-insight": ("image-weight", "image-waste", "picture-in-css", "hero-not-in-html"),
    "unsized-images": ("img-size-missing",),
    "image-aspect-ratio": ("img-stretched", "img-ratio", "picture-ratio-differs", "candidates-ratio"),
    "image-size-responsive": ("image-density",),
    "cls-culprits-insight": (
        "img-size-missing",
        "picture-size-missing",
        "img-ratio",
        "picture-ratio-differs",
        "embed-size-missing",
        "font-shift",
    ),
    "layout-shifts": (
        "img-size-missing",
        "picture-size-missing",
        "img-ratio",
        "picture-ratio-differs",
        "embed-size-missing",
        "font-shift",
    ),
    "cumulative-layout-shift": ("img-size-missing", "picture-size-missing", "img-ratio", "embed-size-missing", "font-shift"),
    "largest-contentful-paint": ("lcp-slow", "lcp-over"),
    "total-byte-weight": ("page-heavy", "page-bytes-over"),
    "image-alt": ("image-alt-missing",),
    "image-redundant-alt": ("image-alt-caption", "image-alt-duplicate"),
    "document-title": ("title-missing",),
    "meta-description": ("description-missing",),
    "canonical": ("canonical-dead", "canonical-relative", "canonical-other"),
    "hreflang": ("hreflang-invalid", "hreflang-relative"),
    "is-crawlable": ("robots-blocks",),
    "robots-txt": ("robots-invalid",),
    "link-text": ("link-text-generic",),
    "link-name": ("image-link-unnamed",),
    "crawlable-anchors": ("link-uncrawlable",),
    "html-has-lang": ("html-lang-missing",),
    "html-lang-valid": ("html-lang-invalid",),
    "errors-in-console": ("asset-broken", "asset-insecure", "icon-missing"),
    "charset": ("page-encoding",),
}


class Audited(NamedTuple):
    """One run: scores 0–100 by category, by failed audit what it showed, all audits that were judged, and the largest paint in ms
    (by Lighthouse's simulation; None where nothing was painted) with a selector of its element."""

    path: str
    device: str
    version: str
    scores: Mapping[str, int]
    failed: Mapping[str, str]
    judged: frozenset[str]
    lcp_ms: float | None = None
    lcp_element: str = ""


class Agreement(NamedTuple):
    """One audit on one page: whether Lighthouse objects, and which of our rules do."""

    path: str
    device: str
    audit: str
    theirs: bool
    ours: tuple[str, ...]
    shown: str

    @property
    def verdict(self) -> str:
        """`agree`, `we only` or `they only`."""
        return "agree" if self.theirs == bool(self.ours) else "they only" if self.theirs else "we only"


def find_lighthouse(folders: Sequence[Path]) -> list[str]:
    """The command of an installed Lighthouse. Raises AibildError when there is none."""
    for folder in folders:
        for place in (folder, *folder.parents):
            script = place / "node_modules" / "lighthouse" / "cli" / "index.js"
            if script.is_file() and (node := shutil.which("node")):
                return [node, str(script)]
    if found := shutil.which("lighthouse"):
        return [found]
    raise AibildError("`--lighthouse` needs Lighthouse, found none on the PATH or in node_modules", hint="npm install lighthouse")


def audit(
    command: Sequence[str], base: str, pages: Iterable[tuple[str, str]], devices: Sequence[str] = ("mobile", "desktop")
) -> Iterator[Audited]:
    """Run it over pages, given as (file, address), as each device. Raises AibildError when it fails."""
    for path, address in pages:
        for device in devices:
            yield read_report(_report(command, base + address.lstrip("/"), device), path, device)


def read_report(report: Mapping[str, Any], path: str, device: str) -> Audited:
    """Lighthouse's own JSON → what we want of it. Raises AibildError for JSON of another kind."""
    try:
        audits = {name: found for name, found in report["audits"].items() if name in AUDITS}
        scores = {
            name: round(100 * (one["score"] or 0)) for name, one in report["categories"].items() if one.get("score") is not None
        }
        judged = {
            name for name, one in audits.items() if one.get("scoreDisplayMode") not in _UNSCORED and one.get("score") is not None
        }
        failed = {name: _shown(audits[name]) for name in judged if audits[name]["score"] < _passing(name)}
        version, all_audits = str(report["lighthouseVersion"]), report["audits"]
        lcp_ms = all_audits.get("largest-contentful-paint", {}).get("numericValue")
        element = _selector(all_audits.get("lcp-breakdown-insight", {}))
        return Audited(path, device, version, scores, failed, frozenset(judged), lcp_ms, element)
    except (KeyError, TypeError, AttributeError) as error:
        raise AibildError(f"expected a report of Lighthouse, got something else ({error})") from error


def agreements(audited: Audited, findings: Iterable[Finding], prefix: str = "") -> Iterator[Agreement]:
    """Each audit that Lighthouse judged against our findings on the same page."""
    ours: set[str] = set()
    for finding in findings:
        if finding.origin is not None and finding.origin.path in (prefix + audited.path, ""):
            ours.add(finding.rule)
    for name in sorted(audited.judged):
        rules = tuple(rule for rule in AUDITS[name] if rule in ours)
        yield Agreement(audited.path, audited.device, name, name in audited.failed, rules, audited.failed.get(name, ""))


def _passing(name: str) -> float:
    """Metrics are graded: green begins at 0.9. All others pass or fail."""
    return 0.9 if name in ("largest-contentful-paint", "cumulative-layout-shift", "total-byte-weight") else 1.0


def _shown(found: Mapping[str, Any]) -> str:
    """What it says in a few words: its display value, or the first element it names."""
    if found.get("displayValue"):
        return str(found["displayValue"])
    return _selector(found)[-80:]


def _selector(found: Mapping[str, Any]) -> str:
    """The first element that an audit names, "" for none."""
    details = json.dumps(found.get("details", {}))
    at = details.find('"selector": "')
    return details[at + 13 : details.find('"', at + 13)] if at >= 0 else ""


def _report(command: Sequence[str], url: str, device: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="aibild-lighthouse-") as folder:
        file = Path(folder) / "report.json"
        options = [url, f"--chrome-flags={_FLAGS}", "--output=json", f"--output-path={file}", "--quiet"]
        options += ["--no-enable-error-reporting", "--disable-full-page-screenshot"]
        options += ["--preset=desktop"] if device == "desktop" else []
        browser = next((path for name in _BROWSERS if (path := shutil.which(name))), "")
        environment = {**os.environ, "CHROME_PATH": os.environ.get("CHROME_PATH", browser)}
        try:
            run = subprocess.run([*command, *options], capture_output=True, text=True, env=environment, timeout=_TIME_S)
            found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            said = str(error) if not isinstance(error, FileNotFoundError) else run.stderr.strip()[-200:]
            raise AibildError(f"Lighthouse gave no report on {url}: {said}") from error
        return found
