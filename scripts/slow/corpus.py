"""Holds our findings against Lighthouse's audits over a corpus: pages of our site as they are, and copies with one damage each.

Takes a folder with our built site, writes the corpus into a temporary folder, checks it, runs Lighthouse (as a phone) over every
page and prints `docs/check-corpus.md`: agree, we only, they only, each difference with its explanation. Needs Chromium, Node and
`npm ci --prefix tests/real/node`. `--only NAME` looks at some cases, `--keep FOLDER` keeps the corpus and what
Lighthouse said, `--heard FILE` takes what it said from there, to compare a changed check without another hour of browser.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))

from aibild_build.check import check_site
from aibild_build.lab.lighthouse import Agreement, Audited, agreements, audit, find_lighthouse
from aibild_build.lab.serving import serve

ROOT = Path(__file__).parents[2]
BASE_PAGE = "guide/start/index.html"
SOUND = (
    "index.html",
    "guide/index.html",
    "guide/start/index.html",
    "guide/briefs/index.html",
    "guide/pictures/index.html",
    "guide/engines/index.html",
    "guide/gates/index.html",
    "reference/index.html",
    "reference/configuration/index.html",
    "de/index.html",
    "de/guide/index.html",
    "licence/index.html",
)
TODAY = "2026-11-23"

# Why the two differ, by audit and side; a difference without a line here is printed as unexplained
WHY: Mapping[tuple[str, str], str] = {
    (
        "lcp-discovery-insight",
        "we only",
    ): "Lighthouse lets a lazy picture pass that a preload has fetched; browsers that pass over "
    "the preload (another format, another crop) still find it late.",
    ("lcp-discovery-insight", "they only"): "A large picture above the hero, without high priority, paints largest; a page with "
    "an urgent picture is taken at its word.",
    ("image-delivery-insight", "we only"): "Lighthouse looks at what its one phone loaded; we look at five devices and at every "
    "candidate.",
    ("image-delivery-insight", "they only"): "Shown smaller than `sizes` says: only layout can tell.",
    ("unsized-images", "we only"): "A stylesheet gives the picture its box (`aspect-ratio`), which files alone do not show; the "
    "attributes are still what reserves it before the stylesheet is there.",
    ("image-aspect-ratio", "we only"): "A stylesheet crops the picture (`object-fit`), or the screen takes another row.",
    ("image-aspect-ratio", "they only"): "A stylesheet stretches the box: only layout can tell.",
    ("image-size-responsive", "we only"): "Lighthouse looks at its one phone; another of the five devices is served too little.",
    ("image-size-responsive", "they only"): "Shown larger than `sizes` says: only layout can tell.",
    (
        "cls-culprits-insight",
        "we only",
    ): "Nothing moved on Lighthouse's screen, since the styles hold the box or the element lies "
    "below the fold; the reason for a shift is there.",
    ("layout-shifts", "we only"): "As above.",
    ("cumulative-layout-shift", "we only"): "As above.",
    (
        "largest-contentful-paint",
        "they only",
    ): "The largest paint is a picture in a style, which the estimate does not count; `picture-in-css` tells of it.",
    ("largest-contentful-paint", "we only"): "The estimate is more careful than Lighthouse's simulation.",
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
    ("errors-in-console", "they only"): "A script failed while it ran.",
    ("meta-description", "we only"): "Lighthouse leaves pages alone that ask not to be indexed.",
    ("cls-culprits-insight", "they only"): "A script moves things after the page is shown; a check of files runs no script.",
    ("layout-shifts", "they only"): "As above.",
    ("cumulative-layout-shift", "they only"): "As above.",
    ("is-crawlable", "they only"): "`noindex` on a page is a wish, not a fault: no rule of ours objects to it.",
}

_IMG = re.compile(r"<img\b[^>]*>")
_HERO = re.compile(r"<picture\b.*?</picture>", re.S)
_PRELOAD = re.compile(r'<link rel="preload" as="image"[^>]*>\s*')


def _hero(change: Callable[[str], str]) -> Callable[[str], str]:
    """A damage of the first `<picture>`."""
    return lambda html: _HERO.sub(lambda found: change(found[0]), html, count=1)


def _drop(pattern: str, new: str = "", count: int = 0) -> Callable[[str], str]:
    return lambda html: re.sub(pattern, new, html, count=count, flags=re.S)


def _before_end(text: str) -> Callable[[str], str]:
    return lambda html: html.replace("</main>", text + "</main>", 1)


def _at_start(text: str) -> Callable[[str], str]:
    return lambda html: re.sub(r"(<main\b[^>]*>)", lambda found: found[1] + text, html, count=1)


def _both(*changes: Callable[[str], str]) -> Callable[[str], str]:
    def change(html: str) -> str:
        for one in changes:
            html = one(html)
        return html

    return change


_NO_PRELOAD = _drop(_PRELOAD.pattern)
_NO_PRIORITY = _drop(r'\sfetchpriority="high"')
_PLAIN = '<img src="/case/noise.jpg" {} alt="Coloured noise, as a test picture">'

DAMAGES: Mapping[str, Callable[[str], str]] = {
    "hero-lazy": _both(_NO_PRELOAD, _NO_PRIORITY, _hero(lambda html: html.replace("<img ", '<img loading="lazy" '))),
    "hero-lazy-preloaded": _hero(lambda html: html.replace("<img ", '<img loading="lazy" ')),
    "hero-no-priority": _both(_NO_PRELOAD, _NO_PRIORITY),
    "hero-priority-on-preload": _hero(_NO_PRIORITY),
    "hero-by-script": _both(
        _NO_PRELOAD,
        _hero(lambda html: re.sub(r"<source[^>]*>", "", html)),
        _hero(lambda html: re.sub(r'\ssrcset="[^"]*"', "", html).replace(" src=", " data-src=")),
        _before_end("<script>for(const i of document.querySelectorAll('[data-src]'))i.src=i.dataset.src</script>"),
    ),
    "hero-in-css": _both(
        _NO_PRELOAD,
        _hero(lambda _: '<div style="height:420px;background:url(/case/noise.jpg) center/cover"></div>'),
    ),
    "hero-unsized": _hero(_drop(r'\s(width|height)="\d+"')),
    "hero-wrong-size": _hero(_drop(r'height="\d+"', 'height="2400"')),
    "hero-no-alt": _hero(_drop(r'\salt="[^"]*"')),
    "hero-sizes-too-large": _hero(_drop(r'sizes="[^"]*"', 'sizes="400vw"')),
    "hero-sizes-too-small": _hero(_drop(r'sizes="[^"]*"', 'sizes="80px"')),
    "preload-other-sizes": _drop(r'imagesizes="[^"]*"', 'imagesizes="50vw"'),
    "preload-without-media": _drop(r'(imagesizes="[^"]*") media="[^"]*"', r"\1"),
    "preload-unused": lambda html: html.replace("</title>", '</title><link rel="preload" as="image" href="/case/noise.jpg">', 1),
    "picture-heavy": _at_start(_PLAIN.format('width="800" height="500" style="max-width:100%;height:auto"')),
    "picture-too-wide": _before_end(_PLAIN.format('width="160" height="100"')),
    "picture-unsized": _at_start(_PLAIN.format('style="max-width:100%"')),
    "picture-stretched": _at_start(_PLAIN.format('width="800" height="500" style="width:100%;height:700px"')),
    "picture-small": _at_start('<img src="/case/small.jpg" width="360" height="225" alt="Coloured noise in few pixels">'),
    "picture-missing": _at_start('<img src="/case/none.jpg" width="360" height="225" alt="Nothing at all">'),
    "alt-missing": _before_end('<img src="/case/small.jpg" width="80" height="50">'),
    "alt-redundant": _before_end(
        '<a href="/">Coloured noise <img src="/case/small.jpg" width="80" height="50" alt="Coloured noise"></a>'
    ),
    "link-unnamed": _before_end('<a href="/"><img src="/case/small.jpg" width="80" height="50" alt=""></a>'),
    "link-text": _before_end('<p><a href="/guide/">click here</a></p>'),
    "link-uncrawlable": _before_end('<p><a href="javascript:void(0)">The engines of the guide</a></p>'),
    "title-missing": _drop(r"<title>.*?</title>", count=1),
    "description-missing": _drop(r'<meta name="description"[^>]*>', count=1),
    "canonical-relative": _drop(r'(<link rel="canonical" href=")[^"]*', r"\1/guide/start/", count=1),
    "hreflang-invalid": _drop(r'hreflang="de"', 'hreflang="deutsch-x"', count=1),
    "lang-missing": _drop(r'<html lang="en"', "<html", count=1),
    "lang-invalid": _drop(r'<html lang="en"', '<html lang="english-very"', count=1),
    "noindex": _drop(r'<meta name="robots"[^>]*>', '<meta name="robots" content="noindex">', count=1),
    "frame-unsized": _at_start('<iframe src="/licence/" title="The licence"></iframe>'),
    "frame-injected": _at_start(
        "<div id=late></div><script>setTimeout(()=>{late.innerHTML='<p style=\"height:300px\">Late</p>'},600)</script>"
    ),
    "page-heavy": _before_end(
        "".join(f'<img src="/case/heavy.png?{at}" width="800" height="500" alt="Noise {at}">' for at in range(3))
    ),
    "script-missing": _before_end('<script src="/case/none.js"></script>'),
    "charset-missing": _drop(r'<meta charset="utf-8">', count=1),
    "two-urgent": _at_start('<img src="/case/small.jpg" width="180" height="112" fetchpriority="high" alt="Noise">'),
}


def _itself(html: str, name: str) -> str:
    """A copy names itself as canonical, or each would have that fault as well."""
    return html.replace(f'/{BASE_PAGE.removesuffix("index.html")}">', f'/case/{name}/">')


def write_corpus(site: Path, corpus: Path) -> dict[str, str]:
    """Copy the site and add the damaged pages; yields file → case."""
    shutil.copytree(site, corpus, ignore=shutil.ignore_patterns(".aibild"))
    _samples(corpus / "case")
    base = (corpus / BASE_PAGE).read_text("utf-8")
    cases = {path: "as built" for path in SOUND if (corpus / path).is_file()}
    for name, damage in DAMAGES.items():
        own = re.sub(r'<link rel="canonical"[^>]*>', lambda found, name=name: _itself(found[0], name), base)  # type: ignore[misc]
        damaged = damage(own)
        if damaged == own:
            sys.exit(f"the damage {name} changes nothing")
        page = corpus / "case" / name / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(damaged, "utf-8")
        cases[page.relative_to(corpus).as_posix()] = name
    return cases


def _samples(folder: Path) -> None:
    from PIL import Image

    folder.mkdir()
    noise = Image.merge("RGB", [Image.effect_noise((1600, 1000), 90 + 10 * at) for at in range(3)])
    noise.save(folder / "noise.jpg", quality=95)
    noise.resize((160, 100)).save(folder / "small.jpg", quality=80)
    noise.save(folder / "heavy.png")


def ask_lighthouse(corpus: Path, base_url: str, pages: Sequence[str], keep: Path | None) -> Iterator[Audited]:
    """Two pages at a time, as a phone."""
    command = find_lighthouse([ROOT / "tests" / "real" / "node"])
    with serve(corpus, urlsplit(base_url).path or "/") as base, ThreadPoolExecutor(2) as pool:

        def one(path: str) -> Audited:
            return next(audit(command, base, [(path, path.removesuffix("index.html"))], ("mobile",)))

        for audited in pool.map(one, pages):
            print(f"{audited.path}: {dict(audited.scores)}", file=sys.stderr, flush=True)
            if keep is not None:
                with (keep / "heard.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps([*audited[:-1], sorted(audited.judged)]) + "\n")
            yield audited


def heard(file: Path, pages: Sequence[str]) -> Iterator[Audited]:
    """What Lighthouse said in an earlier run."""
    for line in file.read_text("utf-8").splitlines():
        path, device, version, scores, failed, judged = json.loads(line)
        if path in pages:
            yield Audited(path, device, version, scores, failed, frozenset(judged))


def document(cases: Mapping[str, str], results: Sequence[tuple[Audited, list[Agreement]]]) -> Iterator[str]:
    """The page of the docs."""
    rows = [row for _, found in results for row in found]
    version = results[0][0].version if results else ""
    yield "# aibild and Lighthouse over one corpus\n"
    sound = sum(cases[one.path] == "as built" for one, _ in results)
    yield (
        f"`scripts/slow/corpus.py` wrote this page. {len(results)} pages: {sound} of our site as built, and copies of one page "
        f"with one damage each. Lighthouse {version} ran once a page, as a phone; our check read the files, for five devices. "
        "Compared are the audits that files can tell.\n"
    )
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
    yield "## Every difference\n"
    yield "| case | audit | who | what | why |"
    yield "|---|---|---|---|---|"
    for row in rows:
        if row.verdict != "agree":
            what = ", ".join(f"`{rule}`" for rule in row.ours) or row.shown.replace("|", "/")
            why = WHY.get((row.audit, row.verdict), "unexplained")
            case = f"{cases[row.path]}, `{row.path.removesuffix('index.html')}`"
            yield f"| {case} | `{row.audit}` | {row.verdict} | {what} | {why} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, nargs="?", default=ROOT / "dist", help="folder with our built site (default: dist)")
    parser.add_argument("--only", action="append", help="a case; may be given often (default: all)")
    parser.add_argument("--keep", type=Path, help="a folder for the corpus and what was found")
    parser.add_argument("--heard", type=Path, help="`heard.jsonl` of an earlier run, instead of running Lighthouse")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aibild-corpus-") as temporary:
        home = asked.keep or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        cases = write_corpus(asked.site, home / "corpus")
        report = check_site(home / "corpus", None, today=TODAY)
        pages = [path for path, case in cases.items() if not asked.only or case in asked.only]
        said = heard(asked.heard, pages) if asked.heard else ask_lighthouse(home / "corpus", report.base_url, pages, asked.keep)
        results = [(audited, list(agreements(audited, report.findings))) for audited in said]
    print("\n".join(document(cases, results)))


if __name__ == "__main__":
    main()
