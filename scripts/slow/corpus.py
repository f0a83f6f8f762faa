"""Holds our findings and our estimate against Lighthouse: our site, damaged copies of a page, sites of other generators.

Takes a folder with our built site and, with `--foreign`, one with the sites of `generators.py`; checks all, runs Lighthouse (as a
phone; for the estimate also as a `--device desktop`) over the pages and prints `docs/check-corpus.md`: agree, we only, they only,
each difference with its explanation, and the error of the estimated largest paint. Needs Chromium, Node and
`npm ci --prefix tests/real/node`. `--only NAME` looks at some cases, `--keep FOLDER` keeps what Lighthouse said: a second run
asks for what is missing, so a changed check is compared quickly.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))

from aibild_build.check import check_site
from aibild_build.check.judging import CheckReport
from aibild_build.lab.expected import LAPTOP, PHONE, promises, sample
from aibild_build.lab.lighthouse import Agreement, Audited, agreements, audit, find_lighthouse
from aibild_build.lab.serving import serve
from scripts.slow.damages import AS_BUILT, write_corpus
from scripts.slow.generators import PAGES

ROOT = Path(__file__).parents[2]
TODAY = "2026-11-23"
OURS = "ours"
FOREIGN_PAGES = 4  # of each generator
GOOD_MS = {"mobile": 2_500, "desktop": 1_200}
_DEVICES = {"mobile": PHONE, "desktop": LAPTOP}

# Why the two differ, by audit and side; a difference without a line here is printed as unexplained
WHY: Mapping[tuple[str, str], str] = {
    (
        "lcp-discovery-insight",
        "we only",
    ): "Lighthouse lets a lazy picture pass that a preload has fetched; browsers that pass over "
    "the preload (another format, another crop) still find it late.",
    ("lcp-discovery-insight", "they only"): "Only layout can tell which picture is the largest.",
    ("image-delivery-insight", "we only"): "Lighthouse looks at what its one phone loaded; we look at five devices and at every "
    "candidate.",
    ("image-delivery-insight", "they only"): "Shown smaller than `sizes` says: only layout can tell.",
    ("unsized-images", "we only"): "A stylesheet gives the picture its box (`aspect-ratio`), which files alone do not show; the "
    "attributes are still what reserves it before the stylesheet is there.",
    ("image-aspect-ratio", "we only"): "A stylesheet crops the picture (`object-fit`), or the screen takes another row.",
    ("image-aspect-ratio", "they only"): "Only layout can tell the box: selectors or units leave it open.",
    ("image-size-responsive", "we only"): "Lighthouse looks at its one phone; another of the five devices is served too little.",
    ("image-size-responsive", "they only"): "Shown larger than `sizes` says: only layout can tell.",
    (
        "cls-culprits-insight",
        "we only",
    ): "Nothing moved on Lighthouse's screen, since the styles hold the box or the element lies "
    "below the fold; the reason for a shift is there.",
    ("layout-shifts", "we only"): "Nothing moved on Lighthouse's screen.",
    ("cumulative-layout-shift", "we only"): "Nothing moved on Lighthouse's screen, or it moved little.",
    (
        "largest-contentful-paint",
        "they only",
    ): "Lighthouse's simulation counts the 182 KiB of deferred scripts if they happened to arrive before the paint on "
    "the machine that it ran on, where the line is a loopback: in five runs 1.1 and 1.4 s where they came after it, "
    "2.7, 2.8 and 3.2 s where they came before, the first paint at 0.9 s in all. With the line itself slowed down "
    "(`--throttling-method=devtools`) the page paints after 1.6 and 2.0 s, a second before the scripts are there. "
    "One style sheet blocks it, so the number of connections plays no part.",
    ("largest-contentful-paint", "we only"): "Text and a picture are about as large: the later of the two is estimated.",
    (
        "image-redundant-alt",
        "we only",
    ): "The audit compares with the text of the link or button around the picture; we compare with "
    "captions, and with other pictures of the page.",
    (
        "canonical",
        "we only",
    ): "Lighthouse accepts a canonical address on another page of the host; for a page that is meant to be found "
    "it is still wrong.",
    ("link-text", "we only"): "The list of words is longer, in fourteen languages.",
    ("errors-in-console", "they only"): "A script failed while it ran, or wanted a file of another host: the run reaches none.",
    ("crawlable-anchors", "they only"): "A script listens to an `<a>` without an address; files do not tell that it does.",
    ("hreflang", "they only"): "A feed with a language is taken for a version of the page; search engines do not.",
    ("meta-description", "we only"): "Lighthouse leaves pages alone that ask not to be indexed.",
    ("cls-culprits-insight", "they only"): "A script moves things after the page is shown; a check of files runs no script.",
    ("layout-shifts", "they only"): "A script moves things.",
    ("cumulative-layout-shift", "they only"): "A script moves things.",
    ("is-crawlable", "they only"): "`noindex` on a page is a wish, not a fault: no rule of ours objects to it.",
}


class Corpus(NamedTuple):
    """One site: its folder, what our check said of it, and the pages to look at with what they are."""

    name: str
    root: Path
    report: CheckReport
    cases: Mapping[str, str]


class Result(NamedTuple):
    """One page on one device: what it is, what Lighthouse said, how that agrees with us, and our estimate in ms."""

    site: str
    case: str
    audited: Audited
    agreed: Sequence[Agreement]
    told_ms: int | None


def foreign(folder: Path) -> Iterator[tuple[str, Path, dict[str, str]]]:
    """The sites of other generators; of each the first page, the ones with our pictures, and some more."""
    for root in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.html"))
        ours = [path for path in paths if path.removesuffix(".html").removesuffix("/index").rpartition("/")[2] in PAGES]
        wanted = [path for path in ("index.html",) if path in paths]
        wanted += ours[:2]
        wanted += [
            path for path in sample([path for path in paths if path not in wanted], 50) if "http-equiv" not in _text(root / path)
        ]
        yield root.name, root, dict.fromkeys(wanted[:FOREIGN_PAGES], root.name)


def _text(file: Path) -> str:
    """Pages that lead elsewhere at once are none to look at."""
    text = file.read_text("utf-8", "replace")
    return text if "refresh" in text[:2000].lower() else ""


def ask_lighthouse(corpus: Corpus, devices: Sequence[str], keep: Path) -> Iterator[Audited]:
    """What Lighthouse says of each page, two at a time; taken from an earlier run where it was asked before. As a desktop it
    looks at what confirms the estimate: our pages as built, and two of each other site."""
    file = keep / f"heard-{corpus.name}.jsonl"
    known = {(one.path, one.device): one for one in heard(file)}
    sound = [path for path, case in corpus.cases.items() if case == AS_BUILT]
    few = sound if corpus.name == OURS else list(corpus.cases)[:2]
    wanted = [(path, device) for path in corpus.cases for device in devices if device == "mobile" or path in few]
    yield from (known[asked] for asked in wanted if asked in known)
    missing = [asked for asked in wanted if asked not in known]
    command = find_lighthouse([ROOT / "tests" / "real" / "node"])
    with serve(corpus.root, urlsplit(corpus.report.base_url).path or "/") as base, ThreadPoolExecutor(2) as pool:

        def one(asked: tuple[str, str]) -> Audited:
            return next(audit(command, base, [(asked[0], asked[0].removesuffix("index.html"))], asked[1:]))

        for audited in pool.map(one, missing):
            print(f"{corpus.name} {audited.path} {audited.device}: {dict(audited.scores)}", file=sys.stderr, flush=True)
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(audited._replace(judged=sorted(audited.judged))) + "\n")  # type: ignore[arg-type]
            yield audited


def heard(file: Path) -> Iterator[Audited]:
    """What Lighthouse said in an earlier run."""
    for line in file.read_text("utf-8").splitlines() if file.is_file() else ():
        said = Audited(*json.loads(line))
        yield said._replace(judged=frozenset(said.judged))


def results(corpus: Corpus, said: Sequence[Audited]) -> Iterator[Result]:
    """Each page with our opinion. Lighthouse came by plain HTTP, so the estimate is asked for a site without a key exchange."""
    plain = corpus.report.base_url.replace("https:", "http:", 1)
    told = {
        (one.path, one.device): one.lcp_ms
        for one in promises(corpus.root, None, corpus.cases, [PHONE, LAPTOP], base_url=plain, today=TODAY)
    }
    for audited in said:
        agreed = list(agreements(audited, corpus.report.findings))
        yield Result(corpus.name, corpus.cases[audited.path], audited, agreed, told.get((audited.path, _DEVICES[audited.device])))


def document(found: Sequence[Result]) -> Iterator[str]:
    """The page of the docs."""
    phone = [one for one in found if one.audited.device == "mobile"]
    ours = sum(one.case == AS_BUILT for one in phone)
    others = Counter(one.site for one in phone if one.site != OURS)
    yield "# aibild and Lighthouse over one corpus\n"
    copies = len(phone) - ours - others.total()
    yield (
        f"`scripts/slow/corpus.py` wrote this page on {TODAY}. {len(phone)} pages: {ours} of our site as built, {copies} copies "
        f"of one page with one damage each, and {others.total()} of sites that other generators made from their own scaffolds "
        f"({', '.join(sorted(others))}; `scripts/slow/generators.py`). Lighthouse {found[0].audited.version} ran once a page, as "
        "a phone; our check read the files, for five devices. Compared are the audits that files can tell.\n"
    )
    yield from _table("Our site and its damaged copies", [row for one in phone if one.site == OURS for row in one.agreed])
    yield from _table("Other generators", [row for one in phone if one.site != OURS for row in one.agreed])
    yield "## Every difference\n"
    yield "| case | audit | who | what | why |"
    yield "|---|---|---|---|---|"
    yield from _differences(phone)
    yield from _estimates(found)


def _table(title: str, rows: Sequence[Agreement]) -> Iterator[str]:
    if not rows:
        return
    yield f"## {title}\n"
    yield "| audit | agree, both object | agree, neither | we only | they only |"
    yield "|---|---|---|---|---|"
    by_audit: dict[str, list[Agreement]] = defaultdict(list)
    for row in rows:
        by_audit[row.audit].append(row)
    for name, found in sorted(by_audit.items()):
        kinds = Counter((row.verdict, row.theirs) for row in found)
        counts = [kinds["agree", True], kinds["agree", False], kinds["we only", False], kinds["they only", True]]
        yield f"| `{name}` | {' | '.join(map(str, counts))} |"
    total = Counter(row.verdict for row in rows)
    ours, theirs = total["we only"], total["they only"]
    yield f"\nIn all {total['agree']} agreements, {ours} findings of ours alone, {theirs} of Lighthouse alone.\n"


def _differences(found: Sequence[Result]) -> Iterator[str]:
    """One line for each page of ours; of other generators one line for what is the same on several pages."""
    same: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for one in found:
        for row in one.agreed:
            if row.verdict != "agree":
                what = ", ".join(f"`{rule}`" for rule in row.ours) or row.shown.replace("|", "/")
                case = one.case if one.site == OURS else one.site
                same[case, row.audit, row.verdict, what].append(row.path.removesuffix("index.html") or "/")
    for (case, audit_name, verdict, what), paths in same.items():
        why = WHY.get((audit_name, verdict), "unexplained")
        more = f" and {len(paths) - 1} more" if paths[1:] else ""
        yield f"| {case}, `{paths[0]}`{more} | `{audit_name}` | {verdict} | {what} | {why} |"


def _estimates(found: Sequence[Result]) -> Iterator[str]:
    """How far the estimate of the largest paint is from Lighthouse's, by site and device."""
    measured = [(one, one.audited.lcp_ms, one.told_ms) for one in found if one.audited.lcp_ms and one.told_ms]
    yield "\n## The estimated largest paint\n"
    yield (
        "Error is the estimate's distance from Lighthouse's largest paint, as a part of it. Lighthouse simulates a "
        "phone at 150 ms and 1.6 Mbit/s and a laptop at 40 ms and 10 Mbit/s. Its own figure moves by a round trip from "
        "run to run, and by more where scripts run and other work keeps the machine busy, as it did here. The server "
        "spoke HTTP/1.1, where each further connection costs a round trip; the estimate reckons with one connection. "
        "Where a picture and a text are about as large, the later of the two is told: that makes the pages at the top "
        "of the list below, with text as the largest paint.\n"
    )
    yield "| device | pages | median error | nine of ten below | told too early | slow page missed | good page called slow |"
    yield "|---|---|---|---|---|---|---|"
    for device, good in GOOD_MS.items():
        rows = [(lcp, told) for one, lcp, told in measured if one.audited.device == device]
        if rows:
            errors = sorted(abs(told - lcp) / lcp for lcp, told in rows)
            middle, most = statistics.median(errors), errors[int(0.9 * (len(errors) - 1))]
            counts = (
                sum(told < lcp for lcp, told in rows),
                sum(lcp > good >= told for lcp, told in rows),
                sum(told > good >= lcp for lcp, told in rows),
            )
            told_of = " | ".join(map(str, counts))
            yield f"| {device}, good to {good} ms | {len(rows)} | {middle:.0%} | {most:.0%} | {told_of} |"
    yield "\nThe farthest off:\n"
    yield "| page | device | Lighthouse | estimate | Lighthouse's element |"
    yield "|---|---|---|---|---|"
    for one, lcp, told in sorted(measured, key=lambda row: -abs(row[2] - row[1]) / row[1])[:12]:
        said = one.audited
        name = f"{one.case}, `{said.path}`"
        yield f"| {name} | {said.device} | {lcp:.0f} ms | {told} ms | `{said.lcp_element[-60:]}` |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, nargs="?", default=ROOT / "dist", help="folder with our built site (default: dist)")
    parser.add_argument("--foreign", type=Path, help="folder of `generators.py` with other sites")
    parser.add_argument("--device", choices=sorted(GOOD_MS), action="append", help="default: mobile")
    parser.add_argument("--only", action="append", help="a case or a generator; may be given often (default: all)")
    parser.add_argument("--keep", type=Path, help="a folder for the corpus and what Lighthouse said")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aibild-corpus-") as temporary:
        home = asked.keep or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        sites = [(OURS, home / "corpus", write_corpus(asked.site, home / "corpus"))]
        sites += list(foreign(asked.foreign)) if asked.foreign else []
        found: list[Result] = []
        for name, root, cases in sites:
            wanted = {path: case for path, case in cases.items() if not asked.only or case in asked.only}
            if wanted:
                corpus = Corpus(name, root, check_site(root, None, today=TODAY), wanted)
                found += results(corpus, list(ask_lighthouse(corpus, asked.device or ["mobile"], home)))
    print("\n".join(document(found)))


if __name__ == "__main__":
    main()
