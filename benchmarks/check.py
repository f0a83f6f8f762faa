"""How fast `aibild check` is: a generated site of many pages, cold, warm and after one edit; other judges on the same folder.

Writes the site once into a folder (each page has one picture in six files, which are hard links to six real ones), then runs the
commands as a user would, so starting Python is in every figure. Prints a Markdown table: seconds of the clock and of the
processors, most memory of a process. `--against` also runs html-validate and the Nu HTML Checker over the folder.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
NODE = ROOT / "tests" / "real" / "node"
BASE = "https://many.example/"
WIDTHS = {"avif": (480, 960), "webp": (480, 960), "jpg": (1200, 1280)}  # the JPEG of 1200 px is the picture for sharing
SHARE = (1200, 630)
TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
SIZES = "(min-width: 700px) 640px, 100vw"
WORDS = [
    "harbour",
    "crane",
    "tide",
    "quay",
    "mooring",
    "rope",
    "gull",
    "lantern",
    "fog",
    "keel",
    "anchor",
    "buoy",
    "hull",
    "mast",
    "sail",
    "deck",
    "pier",
    "ferry",
    "net",
    "oar",
]


class Cost(NamedTuple):
    """One run: seconds on the clock, seconds of all processors, most memory of one process in MiB, exit status."""

    name: str
    wall_s: float
    cpu_s: float
    memory_mib: float
    status: int


def write_site(folder: Path, pages: int) -> None:
    """A site of so many pages with six image files each; every page links to its neighbours and to a hub."""
    samples = _samples(folder / "pictures" / "sample")
    (folder / "style.css").write_text("body{margin:0 auto;max-width:640px}img{max-width:100%;height:auto}\n", "utf-8")
    (folder / "favicon.ico").write_bytes(b"\0\0\1\0")
    (folder / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {BASE}sitemap.xml\n", "utf-8")
    for number in range(pages):
        home = folder / "pictures" / f"{number // 500:03}"
        home.mkdir(parents=True, exist_ok=True)
        for (kind, width), sample in samples.items():
            os.link(sample, home / _file(number, kind, width))
        place = folder / _page(number) / "index.html"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_html(number, pages), "utf-8")
    shutil.rmtree(folder / "pictures" / "sample")
    locations = "".join(f"<url><loc>{BASE}{_url(number)}</loc></url>" for number in range(pages))
    head = '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    (folder / "sitemap.xml").write_text(f"{head}{locations}</urlset>\n", "utf-8")


def _samples(folder: Path) -> dict[tuple[str, int], Path]:
    from PIL import Image

    if ROOT not in map(Path, sys.path):
        sys.path.insert(0, str(ROOT))
    import pillow_avif  # noqa: F401  registers the format with Pillow

    folder.mkdir(parents=True)
    found = {}
    for kind, widths in WIDTHS.items():
        for width in widths:
            picture = Image.effect_mandelbrot(
                SHARE if width == SHARE[0] else (width, width * 9 // 16), (-2, -1, 1, 1), 40
            ).convert("RGB")
            found[kind, width] = folder / f"{width}.{kind}"
            picture.save(found[kind, width], quality={"avif": 40, "webp": 60, "jpg": 75}[kind])
    return found


def _page(number: int) -> str:
    return f"part-{number // 100}/page-{number}" if number else "."


def _url(number: int) -> str:
    return f"{_page(number)}/" if number else ""


def _file(number: int, kind: str, width: int) -> str:
    return f"{WORDS[number % 20]}-{number}-{width}.{number * 2654435761 % 2**32:08x}.{kind}"


def _srcset(number: int, kind: str) -> str:
    widths = [width for width in WIDTHS[kind] if width != SHARE[0]]
    return ", ".join(f"/pictures/{number // 500:03}/{_file(number, kind, width)} {width}w" for width in widths)


def _text(number: int) -> Iterator[str]:
    for at in range(12):
        words = " ".join(WORDS[(number * 7 + at * 3 + step * step) % 20] for step in range(60))
        yield f"<h2 id=s{at}>Part {at} of {number}</h2>\n<p>{words}.</p>\n"


def _html(number: int, pages: int) -> str:
    word, url = WORDS[number % 20], BASE + _url(number)
    share = f"pictures/{number // 500:03}/{_file(number, 'jpg', SHARE[0])}"
    source = f"/pictures/{number // 500:03}/{_file(number, 'jpg', 1280)}"
    near = [(number + step) % pages for step in (1, 2, 3, 7, 50, 100)]
    links = "".join(f'<li><a href="/{_url(other)}">The {WORDS[other % 20]} number {other}</a></li>\n' for other in (0, *near))
    title, description = f"The {word} number {number}", f"What the {word} number {number} is good for, and where it lies."
    avif = f'imagesrcset="{_srcset(number, "avif")}" imagesizes="{SIZES}"'
    sources = "".join(
        f'<source type="{TYPES[kind]}" srcset="{_srcset(number, kind)}" sizes="{SIZES}">' for kind in ("avif", "webp")
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta name="description" content="{description}">
<meta name="robots" content="max-image-preview:large">
<link rel="canonical" href="{url}">
<link rel="stylesheet" href="/style.css">
<link rel="preload" as="image" type="image/avif" {avif} fetchpriority="high">
<meta property="og:title" content="{title}">
<meta property="og:url" content="{url}">
<meta property="og:type" content="article">
<meta property="og:image" content="{BASE}{share}">
<meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630">
<meta property="og:image:type" content="image/jpeg">
<meta property="og:image:alt" content="The {word} number {number} at dusk">
<meta name="twitter:card" content="summary_large_image">
<script type="application/ld+json">{{"@context":"https://schema.org","@type":"WebPage","@id":"{url}#page","url":"{url}",
"name":"{title}","primaryImageOfPage":"{BASE}{share}"}}</script>
</head>
<body>
<header><nav><ul>
{links}</ul></nav></header>
<main>
<h1>{title}</h1>
<picture>{sources}<img src="{source}" srcset="{_srcset(number, "jpg")}" sizes="{SIZES}" width="1280" height="720"
 alt="The {word} number {number} at dusk" fetchpriority="high"></picture>
{"".join(_text(number))}</main>
</body>
</html>
"""


def measure(name: str, command: Sequence[str | Path], cwd: Path = ROOT) -> Cost:
    """Run a command to its end. Memory is that of the largest process so far, so run the small ones first."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    # As installed: with the bytecode that a user's first run leaves behind
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = subprocess.Popen(
        [str(part) for part in command], cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    errors = run.stderr.read() if run.stderr is not None else b""
    _, status, used = os.wait4(run.pid, 0)
    wall_s = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    code = os.waitstatus_to_exitcode(status)
    run.returncode = code
    if code not in (0, 1):
        sys.exit(f"{name} ended with {code}: {errors[-800:].decode(errors='replace')}")
    return Cost(name, wall_s, cpu_s, used.ru_maxrss / 1024, code)


def our_runs(folder: Path, cache: Path) -> Iterator[Cost]:
    """Cold, with nothing changed, after one edit of a page, and cold in one process without a cache."""
    command: list[str | Path] = [sys.executable, "-m", "aibild_build", "check", folder, "--base", BASE, "--json", "-q"]
    cached: list[str | Path] = [*command, "--cache", cache]
    cache.unlink(missing_ok=True)
    yield measure("aibild check, cold", cached)
    yield measure("aibild check, nothing changed", cached)
    page = folder / _page(7) / "index.html"
    page.write_text(page.read_text("utf-8").replace("</main>", f"<p>Edited {time.time_ns()}.</p></main>"), "utf-8")
    yield measure("aibild check, one page edited", cached)
    yield measure("aibild check, one process, no cache", [*command, "--workers", "1"])


def their_runs(folder: Path) -> Iterator[Cost]:
    """The other judges, where they are installed (`npm ci --prefix tests/real/node`)."""
    validate = NODE / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    if validate.is_file():
        settings = NODE / "htmlvalidate.json"
        yield measure("html-validate", ["node", validate, "-c", settings, "-f", "json", "--ext", "html", folder], NODE)
    nu = NODE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    if nu.is_file():
        yield measure("Nu HTML Checker", ["java", "-Xss1024k", "-jar", nu, "--skip-non-html", "--format", "json", folder])


def table(pages: int, costs: Sequence[Cost]) -> Iterator[str]:
    first = costs[0]
    yield "| run | seconds | processor seconds | pages/s | largest process | against cold |"
    yield "|---|---|---|---|---|---|"
    for cost in costs:
        ratio = f"{cost.wall_s / first.wall_s:.3g} ×"
        speed = f"{pages / cost.wall_s:,.0f}"
        yield f"| {cost.name} | {cost.wall_s:.2f} | {cost.cpu_s:.2f} | {speed} | {cost.memory_mib:.0f} MiB | {ratio} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000, help="how many pages the site has (default: 1000)")
    parser.add_argument("--folder", type=Path, help="where the site is kept for the next run (default: a temporary folder)")
    parser.add_argument("--against", action="store_true", help="run html-validate and the Nu HTML Checker as well")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aibild-many-") as temporary:
        folder = (asked.folder or Path(temporary) / "site").resolve()
        if not (folder / "robots.txt").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            write_site(folder, asked.pages)
        costs = list(our_runs(folder, Path(temporary) / "verdicts"))
        if asked.against:
            costs += their_runs(folder)
    print(f"{asked.pages} pages, {asked.pages * 6} image files, {os.cpu_count()} processors\n")
    print("\n".join(table(asked.pages, costs)))


if __name__ == "__main__":
    main()
