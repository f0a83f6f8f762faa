"""Copies of one page of our site with one damage each, and pages that stay as they were built.

Takes a folder with our built site, yields a corpus: file → case. What Lighthouse or our check think of them is not known here.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

BASE_PAGE = "guide/start/index.html"
AS_BUILT = "as built"
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
    """Copy the site and add the damaged pages, in place of an earlier corpus; yields file → case."""
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.copytree(site, corpus, ignore=shutil.ignore_patterns(".aibild"))
    _samples(corpus / "case")
    base = (corpus / BASE_PAGE).read_text("utf-8")
    cases = {path: AS_BUILT for path in SOUND if (corpus / path).is_file()}
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
