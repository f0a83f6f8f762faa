"""Runs Lighthouse over pages of a built site, as a phone and as a desktop, and prints what it thinks.

Takes a folder with a built site, serves it on 127.0.0.1 and prints a table of page × category scores with LCP, CLS and TBT (the
median of the runs), then every audit below its full score. Needs Chromium, Node and `npm ci --prefix tests/real/node`. It knows
the built files only. Exit 1 when a score is below `--least`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.server import serve

ROOT = Path(__file__).parents[2]
CLI = ROOT / "tests" / "real" / "node" / "node_modules" / "lighthouse" / "cli" / "index.js"
PAGES = ("/", "/guide/", "/guide/start/", "/reference/configuration/", "/de/guide/bilder/")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
METRICS = ("largest-contentful-paint", "cumulative-layout-shift", "total-blocking-time")
CHROMIUM = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
_UNSCORED = {"informative", "manual", "notApplicable"}


@dataclass(frozen=True, slots=True)
class Result:
    """One page on one device: scores 0–100, LCP and TBT in milliseconds, CLS without unit, and a line for each failed audit."""

    page: str
    device: str
    scores: tuple[int, ...]
    lcp_ms: float
    cls: float
    tbt_ms: float
    failing: tuple[str, ...]


def look(url: str, device: str) -> dict[str, Any]:
    """Lighthouse's own report of one run."""
    with tempfile.TemporaryDirectory(prefix="lighthouse-") as folder:
        report = Path(folder) / "report.json"
        command = ["node", str(CLI), url, f"--chrome-flags={CHROMIUM}", "--output=json", f"--output-path={report}", "--quiet"]
        command += ["--no-enable-error-reporting", "--disable-full-page-screenshot"]
        command += ["--preset=desktop"] if device == "desktop" else []
        environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
        run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180)
        if run.returncode != 0 or not report.is_file():
            sys.exit(f"lighthouse ended with {run.returncode} on {url}: {run.stderr[-800:]}")
        found: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return found


def failing(report: dict[str, Any]) -> Iterator[str]:
    """A line for each audit that has a score and not the full one; informative and manual ones have none."""
    for name, audit in sorted(report["audits"].items()):
        if audit["scoreDisplayMode"] not in _UNSCORED and audit["score"] is not None and audit["score"] < 1:
            yield f"{name} {audit['score']:.2f} {audit.get('displayValue', '')}".rstrip()


def judge(url: str, page: str, device: str, runs: int) -> Result:
    """The median of some runs; an audit is listed when it failed in at least half of them."""
    reports = [look(url + page, device) for _ in range(runs)]
    lines = [line for report in reports for line in failing(report)]
    names = [line.split()[0] for line in lines]
    often = {line.split()[0]: line for line in lines if 2 * names.count(line.split()[0]) >= runs}

    def metric(name: str) -> float:
        return statistics.median(float(report["audits"][name]["numericValue"]) for report in reports)

    lcp_ms, cls, tbt_ms = map(metric, METRICS)
    scores = tuple(
        round(100 * statistics.median(report["categories"][name]["score"] or 0 for report in reports)) for name in CATEGORIES
    )
    return Result(page, device, scores, lcp_ms, cls, tbt_ms, tuple(often.values()))


def table(results: Sequence[Result]) -> Iterator[str]:
    """The results as a Markdown table."""
    yield "| page | device | performance | accessibility | best practices | SEO | LCP | CLS | TBT |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for result in results:
        scores = " | ".join(map(str, result.scores))
        measured = f"{result.lcp_ms:.0f} ms | {result.cls:.3f} | {result.tbt_ms:.0f} ms"
        yield f"| `{result.page}` | {result.device} | {scores} | {measured} |"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "dist", help="folder with the built site (default: dist)")
    parser.add_argument("--page", action="append", help=f"path of a page; may be given often (default: {' '.join(PAGES)})")
    parser.add_argument("--device", choices=("mobile", "desktop"), action="append", help="default: both")
    parser.add_argument("--runs", type=int, default=1, help="runs a page and device; the median counts (default: 1)")
    parser.add_argument("--least", type=int, default=98, help="lowest score that is not a failure (default: 98)")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    for need, there in (("chromium", shutil.which("chromium")), ("node", shutil.which("node")), (str(CLI), CLI.is_file())):
        if not there:
            sys.exit(f"expected {need}, found none (see docs/contributing.md)")
    results = []
    with serve(asked.site.resolve()) as served:
        for device in asked.device or ("mobile", "desktop"):
            for page in asked.page or PAGES:
                results.append(judge(served.url, page, device, asked.runs))
                print(f"{device} {page}: {results[-1].scores}", file=sys.stderr, flush=True)
    print("\n".join(table(results)))
    for result in results:
        for line in result.failing:
            print(f"{result.page} {result.device}: {line}")
    return 1 if any(score < asked.least for result in results for score in result.scores) else 0


if __name__ == "__main__":
    sys.exit(main())
