"""Bad inputs, and what the user sees of each: the table that `docs/bad-inputs.md` shows and `tests/test_bad_inputs.py` tries.

A row says in words what is put into the small project of `project.py`, how, and what comes: exit code and the first line on
stderr of `aibild build -q`, "" where there is none. Rows with `process` run as a process of their own, with a time limit and
limited memory; the others run in the test's process.

`python -m tests.support.bad_inputs` prints the document.
"""

# ruff: noqa: E501

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from . import bad_keys
from .certificates import signed_by
from .pictures import JPEG, PNG, png, zeros
from .project import CONFIG, edit

KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "CONFIG": ("`aibild.toml`", bad_keys.CONFIG),
    "BRIEF": ("A brief", bad_keys.BRIEF),
    "PROFILE": ("A style profile", bad_keys.PROFILE),
    "BLOCK": ("A prompt block", bad_keys.BLOCK),
    "SIDECAR": ("A sidecar", bad_keys.SIDECAR),
    "PAGE": ("Front matter", bad_keys.PAGE),
}
PAGE = "site/tides.md"
Prepare = Callable[[Path], object]
RETRACTION = '{"who": "Ada", "when": "2026-11-23", "pixels": "bb", "reason": "licence"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """`files` are written (None removes one), then `prepare` is called. `limit_s` shortens the time that a page may take.

    `arguments` go to the command line of `command`, "{root}" in them standing for the project's folder. `look` looks at the project afterwards.
    """

    put: str
    exit: int
    line: str
    files: Mapping[str, str | bytes | None] = field(default_factory=dict)
    prepare: Prepare | None = None
    arguments: tuple[str, ...] = ()
    process: bool = False
    command: str = "build"
    limit_s: float = 0.0
    look: Callable[[Path], object] | None = None


def prepare(root: Path, bad: Bad) -> None:
    """Put a row's files into the project."""
    for path, content in bad.files.items():
        target = root / path
        target.unlink(missing_ok=True)
        if content is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
    if bad.prepare is not None:
        bad.prepare(root)


def page(matter: str = "", body: str = "Twice a day.") -> dict[str, str | bytes | None]:
    return {PAGE: f"---\ntitle: Tides\n{matter}\n---\n\n{body}\n"}


def brief(text: str) -> dict[str, str | bytes | None]:
    return {"briefs/boat.yaml": text}


def picture(name: str, data: bytes) -> dict[str, str | bytes | None]:
    return {f"site/{name}": data, **page(body=f"![A boat]({name})")}


def template(text: str) -> dict[str, str | bytes | None]:
    return {"templates/article.html": text}


def site(key: str, value: str) -> Prepare:
    return setting(f"[site] {key} = {value}")


def setting(written: str) -> Prepare:
    from .bad_keys_make import put_key

    return lambda root: put_key(root, "CONFIG", written)


ENHANCED = CONFIG + '\n[[enhance.slots]]\nselector = ".cards img"\nslot = "card"\n'
LAUGHS = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss><channel><item><sku>1</sku><title>&b;</title></item></channel></rss>'
FEED = 'id: "shoe-{{ sku }}"\nbrief:\n  subject: "{{ title }}"\n'


def built(body: str) -> str:
    """A page that some other generator wrote."""
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>x</title></head><body>{body}</body></html>\n'


def lock(change: Callable[[str], str]) -> Prepare:
    def go(root: Path) -> None:
        path = root / "aibild.lock"
        path.write_text(change(path.read_text("utf-8")), encoding="utf-8")

    return go


def fifo(path: str, names: str = "") -> Prepare:
    def go(root: Path) -> None:
        (root / path).unlink(missing_ok=True)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(root / path)
        if names:
            (root / PAGE).write_text(f"---\ntitle: Tides\n---\n\n![A boat]({names})\n")

    return go


def outside(path: str, content: str | bytes) -> Prepare:
    """A link at `path` to a file outside the project that holds `content`."""

    def go(root: Path) -> None:
        beyond = root.parent / f"outside-{Path(path).name}"
        beyond.write_bytes(content if isinstance(content, bytes) else content.encode())
        (root / path).unlink(missing_ok=True)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(beyond)

    return go


def moved_out(folder: str) -> Prepare:
    """A folder of the project as a link to one outside."""

    def go(root: Path) -> None:
        beyond = root.parent / f"outside-{folder}"
        beyond.mkdir()
        if (root / folder).exists():
            shutil.rmtree(beyond)
            shutil.move(root / folder, beyond)
        (root / folder).symlink_to(beyond)

    return go


def emptied(root: Path) -> None:
    """No page is left."""
    for path in root.rglob("*.md"):
        path.unlink()


def flattened(root: Path) -> None:
    """A file where the content's folder was."""
    shutil.rmtree(root / "site")
    (root / "site").write_text("x")


def recoded(path: str, encoding: str) -> Prepare:
    return lambda root: (root / path).write_bytes((root / path).read_text("utf-8").encode(encoding))


def everywhere(change: Callable[[bytes], bytes]) -> Prepare:
    def go(root: Path) -> None:
        for path in (*root.rglob("*.md"), *root.rglob("*.yaml"), root / "aibild.toml", root / "aibild.lock"):
            path.write_bytes(change(path.read_bytes()))

    return go


def said(*texts: str, without: tuple[str, ...] = (), at: str = "dist/tides/index.html") -> Callable[[Path], None]:
    """The page has all of these texts and none of those."""

    def look(root: Path) -> None:
        html = (root / at).read_text("utf-8")
        for text in texts:
            assert text in html, text
        for text in without:
            assert text not in html, text

    return look


def untouched(path: str, content: str) -> Callable[[Path], None]:
    def look(root: Path) -> None:
        assert (root / path).read_text("utf-8") == content

    return look


def _bomb() -> str:
    names = "abcdefghi"
    levels = "".join(f"  {one}: &{one} [{', '.join([f'*{before}'] * 9)}]\n" for before, one in pairwise(names))
    return f"extra:\n  a: &a [x, x, x, x, x, x, x, x, x]\n{levels}"


def _narrow_bomb() -> str:
    names = "abcdefgh"
    levels = "".join(f"  {one}: &{one} [{', '.join([f'*{before}'] * 4)}]\n" for before, one in pairwise(names))
    return f"extra:\n  a: &a '{'x' * 1_000_000}'\n{levels}"


_HOSTILE = '"><script>alert(1)</script>'
_ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"

FAMILIES: Mapping[str, tuple[Bad, ...]] = {
    "A server that cannot be": (
        Bad(
            put="`aibild serve` where there is no `aibild.toml`",
            files={"aibild.toml": None},
            command="serve",
            process=True,
            exit=2,
            line='aibild.toml: error: expected a file at "aibild.toml", got none [source-missing]',
        ),
        Bad(
            put="`aibild serve --host 203.0.113.1`, an address of another machine",
            arguments=("--host", "203.0.113.1", "--port", "8000"),
            command="serve",
            process=True,
            exit=3,
            line="aibild: error: cannot listen on 203.0.113.1:8000: Cannot assign requested address",
        ),
        Bad(
            put="`aibild serve --host nowhere.invalid`",
            arguments=("--host", "nowhere.invalid"),
            command="serve",
            process=True,
            exit=3,
            line="aibild: error: cannot listen on nowhere.invalid:8000: Name or service not known",
        ),
    ),
    "Files that are missing, cut off or no files": (
        Bad(
            put="no `aibild.toml`",
            files={"aibild.toml": None},
            process=True,
            exit=2,
            line='aibild.toml: error: expected a file at "aibild.toml", got none [source-missing]',
        ),
        Bad(
            put="an empty `aibild.toml`",
            files={"aibild.toml": ""},
            exit=2,
            line="aibild.toml:1: error: expected site.base_url as address https://…, got nothing [source-missing]",
        ),
        Bad(
            put="an `aibild.toml` that ends within a text",
            files={"aibild.toml": '[site]\nname = "Har'},
            process=True,
            exit=2,
            line="aibild.toml: error: expected TOML, got an error at the end of the file: unterminated string [source-syntax]",
        ),
        Bad(
            put="a folder named `aibild.toml`",
            files={"aibild.toml": None, "aibild.toml/x": ""},
            exit=2,
            line='aibild.toml: error: expected a file, got a folder at "aibild.toml" [source-missing]',
        ),
        Bad(
            put="no folder `site/`",
            prepare=lambda root: shutil.rmtree(root / "site"),
            exit=2,
            line="site: error: expected a folder site/, got none [source-missing]",
        ),
        Bad(
            put="an empty folder `site/`",
            prepare=emptied,
            exit=2,
            line='aibild.toml: error: expected a page\'s id in menu `main`, got "boats" [source-reference]',
        ),
        Bad(
            put="a file named `site`",
            prepare=flattened,
            exit=2,
            line='site: error: expected a folder, got something else at "site" [source-path]',
        ),
        Bad(
            put="a file named `templates`",
            files={"templates": "x"},
            exit=2,
            line='templates: error: expected a folder, got something else at "templates" [source-path]',
        ),
        Bad(
            put="a file named `briefs/blocks`",
            files={"briefs/blocks": "x"},
            exit=2,
            line='briefs/blocks: error: expected a folder, got something else at "briefs/blocks" [source-path]',
        ),
        Bad(
            put="no home page",
            files={"site/index.md": None},
            process=True,
            exit=2,
            line="site: error: expected a home page in en at site/index.md, got none [source-missing]",
        ),
        Bad(
            put="a menu page that the first language lacks",
            files={"site/boats.md": None, "site/index.md": "---\ntitle: Harbour\n---\n"},
            exit=2,
            line='aibild.toml: error: expected a page in en for menu `main`, got "boats", which has none [source-reference]',
        ),
        Bad(
            put="an empty page",
            files={PAGE: ""},
            exit=2,
            line="site/tides.md:1: error: expected title as text, got nothing [source-missing]",
        ),
        Bad(
            put="a page without a title",
            files={PAGE: "---\ndescription: x\n---\n"},
            process=True,
            exit=2,
            line="site/tides.md:2: error: expected title as text, got nothing [source-missing]",
        ),
        Bad(
            put="a title of blanks",
            files={PAGE: "---\ntitle: '   '\n---\n"},
            exit=2,
            line="site/tides.md:2: error: expected title as text, got nothing [source-missing]",
        ),
        Bad(
            put="a brief that ends within a text",
            files=brief('subject: "a red'),
            exit=2,
            line="briefs/boat.yaml:1: error: expected YAML, got an error at column 10: while scanning a quoted scalar, found unexpected end of stream [source-syntax]",
        ),
        Bad(
            put="a folder named `briefs/boat.yaml`",
            files={"briefs/boat.yaml": None, "briefs/boat.yaml/x": ""},
            exit=2,
            line='briefs/boat.yaml: error: expected a file, got a folder at "briefs/boat.yaml" [source-missing]',
        ),
        Bad(
            put="a folder named `site/photo.jpg`, shown on a page",
            files={"site/photo.jpg/x": "", **page(body="![A boat](photo.jpg)")},
            exit=2,
            line='site/tides.md:6: error: expected a picture at "photo.jpg", got a folder [source-reference]',
        ),
        Bad(put="a folder named `site/x.md`", files={"site/x.md/note.txt": ""}, exit=0, line=""),
        Bad(
            put="a pipe named `site/x.md`",
            prepare=fifo("site/x.md"),
            process=True,
            exit=2,
            line='site/x.md: error: expected a file, got a pipe or device at "site/x.md" [source-missing]',
        ),
        Bad(
            put="a pipe named `site/photo.jpg`, shown on a page",
            prepare=fifo("site/photo.jpg", "photo.jpg"),
            process=True,
            exit=2,
            line='site/tides.md:5: error: expected a picture at "photo.jpg", got a pipe or device [source-reference]',
        ),
        Bad(
            put="a pipe named `site/static/pipe`",
            prepare=fifo("site/static/pipe"),
            process=True,
            exit=2,
            line='site/static/pipe: error: expected a file, no pipe or device, got "site/static/pipe" [source-path]',
        ),
        Bad(
            put="a pipe named `briefs/pipe.yaml`",
            prepare=fifo("briefs/pipe.yaml"),
            process=True,
            exit=2,
            line='briefs/pipe.yaml: error: expected a file, got a pipe or device at "briefs/pipe.yaml" [source-missing]',
        ),
        Bad(
            put="a pipe as the sidecar of a picture",
            files={"site/photo.jpg": JPEG},
            prepare=fifo("site/photo.jpg.yaml", "photo.jpg"),
            process=True,
            exit=2,
            line='site/photo.jpg.yaml: error: expected a file, got a pipe or device at "site/photo.jpg.yaml" [source-missing]',
        ),
        Bad(
            put="a pipe named `templates/article.html`",
            prepare=fifo("templates/article.html"),
            process=True,
            exit=2,
            line="templates/article.html: error: expected a template, got something else [source-template]",
        ),
        Bad(
            put="a pipe named `aibild.lock`",
            prepare=fifo("aibild.lock"),
            process=True,
            exit=2,
            line='aibild.lock: error: expected a file, got a pipe or device at "aibild.lock" [source-missing]',
        ),
        Bad(
            put="a folder named `templates/article.html`",
            files={"templates/article.html/x": ""},
            exit=2,
            line="templates/article.html: error: expected a template, got a folder [source-template]",
        ),
    ),
    "Pictures": (
        Bad(
            put="a PNG whose header claims 60000 × 60000 pixels",
            files=picture("bomb.png", png(60000, 60000, zeros(1000))),
            process=True,
            exit=2,
            line="site/bomb.png: error: engine `imported` refused: site/bomb.png: the picture has 60000 × 60000 pixels (3600 million), 120 million are allowed [source-refused]",
        ),
        Bad(
            put="a PNG of 100 × 100 pixels with 100 MB of zeros packed into 100 kB",
            files=picture("bomb.png", png(100, 100, zeros(100_000_000))),
            exit=0,
            line="",
        ),
        Bad(
            put="a PNG of 11000 × 11000 pixels in 350 kB",
            files=picture("bomb.png", png(11000, 11000, zeros(363_011_000))),
            exit=2,
            line="site/bomb.png: error: engine `imported` refused: site/bomb.png: the picture has 11000 × 11000 pixels (121 million), 120 million are allowed [source-refused]",
        ),
        Bad(
            put="a GIF whose header claims 65535 × 65535 pixels",
            files=picture("bomb.gif", b"GIF89a" + b"\xff" * 4 + bytes(20)),
            exit=2,
            line="site/bomb.gif: error: engine `imported` refused: site/bomb.gif: the picture has 65535 × 65535 pixels (4295 million), 120 million are allowed [source-refused]",
        ),
        Bad(
            put="the first 300 bytes of a JPEG",
            files=picture("cut.jpg", JPEG[:300]),
            process=True,
            exit=2,
            line="site/cut.jpg: error: engine `imported` refused: site/cut.jpg: the file ends too early (truncated) [source-refused]",
        ),
        Bad(
            put="a PNG that ends within its pixels",
            files=picture("cut.png", PNG[:60]),
            exit=2,
            line="site/cut.png: error: engine `imported` refused: site/cut.png: the file ends too early (truncated) [source-refused]",
        ),
        Bad(
            put="an empty JPEG",
            files=picture("empty.jpg", b""),
            exit=2,
            line="site/empty.jpg: error: engine `imported` refused: site/empty.jpg: the file is empty [source-refused]",
        ),
        Bad(
            put="a web page named `photo.jpg`",
            files=picture("photo.jpg", b"<!doctype html><p>404"),
            exit=2,
            line="site/photo.jpg: error: engine `imported` refused: site/photo.jpg: the file is no image of a known format (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG) [source-refused]",
        ),
        Bad(
            put="a PDF named `photo.jpg`",
            files=picture("photo.jpg", b"%PDF-1.7\n"),
            exit=2,
            line="site/photo.jpg: error: engine `imported` refused: site/photo.jpg: this is a PDF file, which is not read; export it as JPEG, PNG or TIFF [source-refused]",
        ),
        Bad(
            put="an SVG with nested entities",
            files=picture(
                "laughs.svg",
                b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg" width="&b;"/>',
            ),
            exit=2,
            line="site/laughs.svg: error: engine `imported` refused: site/laughs.svg: SVG is drawn by browsers and has no pixels to import; export it as PNG [source-refused]",
        ),
        Bad(
            put="a TIFF whose directory points at itself",
            files=picture("loop.tif", b"II*\0\x08\0\0\0\x01\0\0\x01\x04\0\x01\0\0\0\x01\0\0\0\x08\0\0\0"),
            exit=2,
            line="site/loop.tif: error: engine `imported` refused: site/loop.tif: the TIFF file is damaged: its picture has no size [source-refused]",
        ),
        Bad(
            put="`aibild.toml` as a picture",
            files=page(body="![A boat](/aibild.toml)"),
            exit=2,
            line="aibild.toml: error: engine `imported` refused: aibild.toml: the file is no image of a known format (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG) [source-refused]",
        ),
        Bad(
            put="a brief with a colour that is none",
            files=brief("subject: x\nparameters: {colour: redd}\nalt: {en: a, de: b}\n"),
            exit=2,
            line="briefs/boat.yaml:1: error: expected colour as #rrggbb, got 'redd' [source-value]",
        ),
    ),
    "Text and its encoding": (
        Bad(
            put="a page in Latin-1",
            prepare=lambda root: (root / PAGE).write_bytes("---\ntitle: T\n---\n\nfür\n".encode("latin-1")),
            process=True,
            exit=2,
            line="site/tides.md:5: error: expected UTF-8 text, got byte 0xfc [source-encoding]",
        ),
        Bad(
            put="a page in UTF-16",
            prepare=recoded(PAGE, "utf-16"),
            exit=2,
            line="site/tides.md:1: error: expected UTF-8 text, got byte 0xff [source-encoding]",
        ),
        Bad(
            put="a brief in UTF-16 without a mark",
            prepare=recoded("briefs/boat.yaml", "utf-16-le"),
            exit=2,
            line="briefs/boat.yaml:1: error: expected text, got the control character U+0000 [source-encoding]",
        ),
        Bad(
            put="settings in UTF-16",
            prepare=recoded("aibild.toml", "utf-16"),
            process=True,
            exit=2,
            line="aibild.toml:1: error: expected UTF-8 text, got byte 0xff [source-encoding]",
        ),
        Bad(
            put="a template with a byte 0xff",
            files={"templates/article.html": b"<p>\n\xff"},
            exit=2,
            line="templates/article.html:2: error: expected UTF-8 text, got byte 0xff [source-template]",
        ),
        Bad(
            put="a template with a NUL",
            files=template("<p>\n\0head\0"),
            exit=2,
            line="templates/article.html:2: error: expected text, got the control character U+0000 [source-template]",
        ),
        Bad(
            put="a NUL in the text of a page",
            files=page(body="A\0B"),
            exit=2,
            line="site/tides.md:6: error: expected text, got the control character U+0000 [source-encoding]",
        ),
        Bad(
            put="an escape character in the text of a page",
            files=page(body="A\x1b[31mB"),
            exit=2,
            line="site/tides.md:6: error: expected text, got the control character U+001B [source-encoding]",
        ),
        Bad(
            put="a NUL in a title, written `\\0`",
            files={PAGE: '---\ntitle: "A\\0B"\n---\n'},
            exit=2,
            line="site/tides.md:2: error: expected title as text without control characters, got U+0000 [source-value]",
        ),
        Bad(
            put="half of a surrogate pair in a title, written `\\ud800`",
            files={PAGE: '---\ntitle: "A\\ud800B"\n---\n'},
            exit=2,
            line="site/tides.md:2: error: expected YAML, got an error at column 8: while parsing a quoted scalar, found invalid Unicode character escape code [source-syntax]",
        ),
        Bad(
            put="a byte order mark before settings, brief and lock",
            prepare=everywhere(lambda data: b"\xef\xbb\xbf" + data),
            exit=0,
            line="",
        ),
        Bad(put="Windows line ends everywhere", prepare=everywhere(lambda data: data.replace(b"\n", b"\r\n")), exit=0, line=""),
        Bad(
            put="line ends of old Macintoshes in a page",
            prepare=lambda root: (root / PAGE).write_bytes((root / PAGE).read_bytes().replace(b"\n", b"\r")),
            exit=0,
            line="",
        ),
        Bad(
            put="a page whose file name is no UTF-8",
            prepare=lambda root: Path(os.fsdecode(os.fsencode(root) + b"/site/\xff.md")).write_text("x"),
            process=True,
            exit=2,
            line='site/\\udcff.md: error: expected a file name of letters, digits and - _ . ~ (it becomes the URL), got "\\udcff" [source-path]',
        ),
        Bad(
            put="a passed-through file whose name is no UTF-8",
            prepare=lambda root: Path(os.fsdecode(os.fsencode(root) + b"/site/static/\xff.txt")).write_text("x"),
            process=True,
            exit=2,
            line='site/static/\\udcff.txt: error: expected a file name in UTF-8 without control characters and backslashes, got "site/static/\\udcff.txt" [source-path]',
        ),
        Bad(
            put="a passed-through file with a line break in its name",
            files={"site/static/a\nb.txt": "x"},
            exit=2,
            line='site/static/a\\nb.txt: error: expected a file name in UTF-8 without control characters and backslashes, got "site/static/a\\nb.txt" [source-path]',
        ),
    ),
    "Paths that lead out": (
        Bad(
            put="`slug: ../../etc`",
            files=page("slug: ../../etc"),
            process=True,
            exit=2,
            line='site/tides.md:3: error: expected slug as one part of a URL (letters, digits, - _ . ~), got "../../etc" [source-value]',
        ),
        Bad(
            put="`slug: ..`",
            files=page("slug: .."),
            exit=2,
            line='site/tides.md:3: error: expected slug as one part of a URL (letters, digits, - _ . ~), got ".." [source-value]',
        ),
        Bad(
            put="`slug: /etc/passwd`",
            files=page("slug: /etc/passwd"),
            exit=2,
            line='site/tides.md:3: error: expected slug as one part of a URL (letters, digits, - _ . ~), got "/etc/passwd" [source-value]',
        ),
        Bad(
            put="`aliases: [/../x]`",
            files=page("aliases: [/../x]"),
            exit=2,
            line='site/tides.md:3: error: expected aliases[0] as place on this site like /old/page/ or /old.html, got "/../x" [source-value]',
        ),
        Bad(
            put="a picture at `../../../etc/passwd`",
            files=page(body="![A boat](../../../etc/passwd)"),
            process=True,
            exit=2,
            line='site/tides.md:6: error: expected a picture inside the project, got "../../../etc/passwd" [source-path]',
        ),
        Bad(
            put="a picture at `/etc/passwd`",
            files=page(body="![A boat](/etc/passwd)"),
            exit=2,
            line='site/tides.md:6: error: expected a picture at "/etc/passwd", got no such file [source-reference]',
        ),
        Bad(
            put="a picture at `%2e%2e/%2e%2e/etc/passwd`",
            files=page(body="![A boat](%2e%2e/%2e%2e/etc/passwd)"),
            exit=2,
            line='site/tides.md:6: error: expected a picture inside the project, got "../../etc/passwd" [source-path]',
        ),
        Bad(
            put="a picture at `file:///etc/passwd`",
            files=page(body="![A boat](file:///etc/passwd)"),
            exit=2,
            line='site/tides.md:6: error: expected a picture\'s path without `file:`, got "file:///etc/passwd" [source-path]',
        ),
        Bad(
            put="`hero: ../../../etc/passwd`",
            files=page("hero: ../../../etc/passwd"),
            exit=2,
            line='site/tides.md:3: error: expected a picture inside the project, got "../../../etc/passwd" [source-path]',
        ),
        Bad(
            put="`hero: file:site/boat.jpg`",
            files=page("hero: 'file:site/boat.jpg'"),
            exit=2,
            line='site/tides.md:3: error: expected a picture\'s path without `file:`, got "file:site/boat.jpg" [source-path]',
        ),
        Bad(
            put="`file: ../../etc/passwd` in a brief",
            files=brief("file: ../../etc/passwd\nalt: {en: a, de: b}\n"),
            exit=2,
            line='briefs/boat.yaml:1: error: expected a path inside the project, got "../../etc/passwd" [source-path]',
        ),
        Bad(
            put="`file: /etc/passwd` in a brief",
            files=brief("file: /etc/passwd\nalt: {en: a, de: b}\n"),
            exit=2,
            line='briefs/boat.yaml:1: error: expected a path inside the project, got "/etc/passwd" [source-path]',
        ),
        Bad(
            put="`template: ../x.html`",
            files=page("template: ../x.html"),
            exit=2,
            line='site/tides.md:3: error: expected template as template\'s name like article.html, got "../x.html" [source-value]',
        ),
        Bad(
            put='`{% include "../aibild.toml" %}`',
            files=template('{% include "../aibild.toml" %}'),
            exit=2,
            line="templates/article.html:1: error: there is no template `../aibild.toml` [source-template]",
        ),
        Bad(
            put='`[output] dir = "../out"`',
            prepare=setting('[output] dir = "../out"'),
            process=True,
            exit=2,
            line='aibild.toml:42: error: expected output.dir as folder inside the project, got "../out" [source-path]',
        ),
        Bad(
            put='`[output] dir = "/tmp"`',
            prepare=setting('[output] dir = "/tmp"'),
            exit=2,
            line='aibild.toml:42: error: expected output.dir as folder inside the project, got "/tmp" [source-path]',
        ),
        Bad(
            put='`[output] dir = "site"`',
            prepare=setting('[output] dir = "site"'),
            exit=2,
            line='aibild.toml:42: error: expected output.dir as folder of its own, got "site" [source-path]',
        ),
        Bad(
            put='`[store] path = "../store"`',
            prepare=setting('[store] path = "../store"'),
            exit=2,
            line='aibild.toml:42: error: expected store.path as folder inside the project, or an absolute path, got "../store" [source-path]',
        ),
        Bad(
            put='`[store] path = "dist"`',
            prepare=setting('[store] path = "dist"'),
            exit=2,
            line='aibild.toml:42: error: expected store.path as folder of its own, got "dist" [source-path]',
        ),
        Bad(
            put='`[budgets] file = "../budget.json"`',
            prepare=setting('[budgets] file = "../budget.json"'),
            exit=2,
            line='aibild.toml:42: error: expected a path inside the project, got "../budget.json" [source-path]',
        ),
        Bad(
            put='`time_zone = "../../etc/passwd"`',
            prepare=site("time_zone", '"../../etc/passwd"'),
            exit=2,
            line='aibild.toml:2: error: expected site.time_zone as time zone like Europe/Berlin, got "../../etc/passwd" [source-value]',
        ),
        Bad(
            put='a language with `prefix = "../x"`',
            prepare=site("languages", '[{code = "en"}, {code = "de", prefix = "../x"}]'),
            exit=2,
            line='aibild.toml:2: error: expected site.languages[1].prefix as folder name of letters, digits and hyphens, got "../x" [source-value]',
        ),
        Bad(
            put="a passed-through `.aibild/build.json`",
            files={"site/static/.aibild/build.json": "{}"},
            exit=2,
            line='site/static/.aibild/build.json: error: expected a name other than .aibild, got "site/static/.aibild/build.json" [source-path]',
        ),
    ),
    "Links that lead out": (
        Bad(
            put="a page as a link to a file outside",
            prepare=outside("site/x.md", "---\ntitle: x\n---\n"),
            process=True,
            exit=2,
            line='site/x.md: error: expected a path inside the project, got "site/x.md" [source-path]',
        ),
        Bad(
            put="a folder in `site/` as a link to one outside",
            prepare=lambda root: (root / "site/x").symlink_to(root.parent),
            exit=2,
            line="site/x: error: expected a folder, got a symbolic link to one [source-path]",
        ),
        Bad(
            put="`site/` itself as a link to a folder outside",
            prepare=moved_out("site"),
            exit=2,
            line='site: error: expected a folder inside the project, got a link that leads out at "site" [source-path]',
        ),
        Bad(
            put="`templates/` as a link to a folder outside",
            prepare=moved_out("templates"),
            exit=2,
            line='templates: error: expected a folder inside the project, got a link that leads out at "templates" [source-path]',
        ),
        Bad(
            put="a page as a link to itself",
            prepare=lambda root: (root / "site/x.md").symlink_to("x.md"),
            process=True,
            exit=2,
            line='site/x.md: error: expected a path inside the project, got "site/x.md" [source-path]',
        ),
        Bad(
            put="a page as a link to nothing",
            prepare=lambda root: (root / "site/x.md").symlink_to("nowhere.md"),
            exit=2,
            line='site/x.md: error: expected a file at "site/x.md", got none [source-missing]',
        ),
        Bad(
            put="a page as a link to `/dev/zero`",
            prepare=lambda root: (root / "site/x.md").symlink_to("/dev/zero"),
            process=True,
            exit=2,
            line='site/x.md: error: expected a path inside the project, got "site/x.md" [source-path]',
        ),
        Bad(
            put="a picture as a link to one outside",
            files=page(body="![A boat](p.jpg)"),
            prepare=outside("site/p.jpg", JPEG),
            exit=2,
            line='site/tides.md:6: error: expected a picture inside the project, got "p.jpg" [source-path]',
        ),
        Bad(
            put="a passed-through file as a link to one outside",
            prepare=outside("site/static/p.txt", "x"),
            exit=2,
            line='site/static/p.txt: error: expected a path inside the project, got "site/static/p.txt" [source-path]',
        ),
        Bad(
            put="a brief as a link to one outside",
            prepare=outside("briefs/x.yaml", "subject: x\n"),
            process=True,
            exit=2,
            line='briefs/x.yaml: error: expected a path inside the project, got "briefs/x.yaml" [source-path]',
        ),
        Bad(
            put="a sidecar as a link to one outside",
            files={"site/p.jpg": JPEG, **page(body="![A boat](p.jpg)")},
            prepare=outside("site/p.jpg.yaml", "alt: x\n"),
            exit=2,
            line='site/p.jpg.yaml: error: expected a path inside the project, got "site/p.jpg.yaml" [source-path]',
        ),
        Bad(
            put="a template as a link to one outside",
            prepare=outside("templates/article.html", "x"),
            exit=2,
            line="templates/article.html: error: expected a template, got a link that leads out [source-template]",
        ),
        Bad(
            put="the lock as a link to one outside",
            prepare=outside("aibild.lock", "{}"),
            exit=2,
            line='aibild.lock: error: expected a path inside the project, got "aibild.lock" [source-path]',
        ),
    ),
    "Said twice": (
        Bad(
            put="a key twice in front matter",
            files=page("title: Again"),
            exit=2,
            line="site/tides.md:3: error: expected title once, got it again [source-duplicate]",
        ),
        Bad(
            put="a key twice in a brief",
            files=brief("subject: a\nsubject: b\nalt: {en: a, de: b}\n"),
            process=True,
            exit=2,
            line="briefs/boat.yaml:2: error: expected subject once, got it again [source-duplicate]",
        ),
        Bad(
            put="a language twice in an alt text",
            files=brief("subject: a\nalt: {en: a, en: b, de: c}\n"),
            exit=2,
            line="briefs/boat.yaml:2: error: expected alt.en once, got it again [source-duplicate]",
        ),
        Bad(
            put="a table twice in `aibild.toml`",
            prepare=lambda root: edit(root, "aibild.toml", "[menus]", "[site]\n[menus]"),
            exit=2,
            line="aibild.toml:11: error: expected each key once, got it again (cannot declare site twice) [source-duplicate]",
        ),
        Bad(
            put="a language twice",
            prepare=site("languages", '["en", "de", "de"]'),
            exit=2,
            line="aibild.toml:2: error: expected each language once, got `de` again [source-duplicate]",
        ),
        Bad(
            put="two pages at one address",
            files=page("slug: boats"),
            process=True,
            exit=2,
            line="site/tides.md: error: expected each URL once, got `boats/index.html` from site/boats.md and from site/tides.md [source-duplicate]",
        ),
        Bad(
            put="two pages that differ in upper case only",
            files={"site/Tides.md": "---\ntitle: T\n---\n"},
            exit=2,
            line="site/tides.md: error: expected each URL once, got `tides/index.html` from site/Tides.md and from site/tides.md [source-duplicate]",
        ),
        Bad(
            put="a page in a language twice, by folder and by suffix",
            files={"site/tides.de.md": "---\ntitle: T\n---\n"},
            exit=2,
            line="site/tides.de.md: error: expected each URL once, got `de/tides/index.html` from site/de/tides.md and from site/tides.de.md [source-duplicate]",
        ),
        Bad(
            put="a passed-through file at a page's address",
            files={"site/static/tides/index.html": "x"},
            exit=2,
            line="site/static/tides/index.html: error: expected each URL once, got `tides/index.html` from site/tides.md and from site/static/tides/index.html [source-duplicate]",
        ),
        Bad(
            put="a passed-through file where a page's folder must be",
            files={"site/static/tides": "x"},
            exit=2,
            line="site/static/tides: error: expected a path that no page has, got /tides [source-duplicate]",
        ),
        Bad(
            put="a passed-through `Sitemap.xml`",
            files={"site/static/Sitemap.xml": "x"},
            exit=2,
            line="site/static/Sitemap.xml: error: expected a path that no page has, got /Sitemap.xml [source-duplicate]",
        ),
        Bad(
            put="an alias that is a page's address",
            files=page("aliases: [/boats/]"),
            exit=2,
            line="site/tides.md: error: expected each URL once, got `boats/index.html` from site/boats.md and from site/tides.md [source-duplicate]",
        ),
        Bad(
            put="`hero` twice, the second time under `pictures`",
            files=page("hero: quay\npictures: {hero: boat}"),
            exit=2,
            line="site/tides.md:4: error: expected one picture for slot `hero`, got `hero` and `pictures.hero` [source-duplicate]",
        ),
        Bad(
            put="two slots that are first",
            prepare=lambda root: edit(root, "aibild.toml", "[slots.card]", "[slots.card]\npriority = true"),
            exit=2,
            line="aibild.toml:20: error: expected at most one priority slot, got `hero` and `card` [source-duplicate]",
        ),
        Bad(
            put="two tags that differ in upper case only",
            files=page("tags: [red, Red]"),
            exit=2,
            line='site/tides.md: error: expected each tag in one spelling, got "Red" beside "red" [source-duplicate]',
        ),
    ),
    "Circles, and what never ends": (
        Bad(
            put="a template that extends itself",
            files=template('{% extends "article.html" %}'),
            process=True,
            exit=2,
            line="templates/article.html:1: error: expected a template that comes to an end, got one that uses itself [source-template]",
        ),
        Bad(
            put="a template that includes itself",
            files=template('{% include "article.html" %}'),
            exit=2,
            line="templates/article.html:1: error: expected a template that comes to an end, got one that uses itself [source-template]",
        ),
        Bad(
            put="a macro that calls itself",
            files=template("{% macro a() %}{{ a() }}{% endmacro %}\n{{ a() }}"),
            exit=2,
            line="templates/article.html:1: error: expected a template that comes to an end, got one that uses itself [source-template]",
        ),
        Bad(
            put="a loop over a billion numbers",
            files=template("<p>\n{% for i in range(1000000000) %}{% endfor %}"),
            limit_s=0.3,
            exit=2,
            line="templates/article.html:2: error: expected a finished page within 20 s, got none by then [source-template]",
        ),
        Bad(
            put="a text of 100 GB, made by a template",
            files=template("{{ 'x' * 100000000000 }}"),
            process=True,
            exit=2,
            line="templates/article.html:1: error: MemoryError [source-template]",
        ),
        Bad(
            put="a slot that feeds itself",
            prepare=lambda root: edit(root, "aibild.toml", 'also = ["card"]', 'also = ["hero"]'),
            exit=2,
            line='aibild.toml:16: error: expected slots.hero.also[0] as another slot, got "hero" [source-reference]',
        ),
        Bad(
            put="two slots that feed each other",
            prepare=lambda root: edit(root, "aibild.toml", "[slots.card]", '[slots.card]\nalso = ["hero"]'),
            exit=0,
            line="",
        ),
        Bad(
            put="a menu that names a page twice",
            prepare=lambda root: edit(root, "aibild.toml", '{page = "boats"}', '{page = "boats"}, {page = "boats"}'),
            exit=0,
            line="",
        ),
        Bad(
            put="a YAML alias within its own anchor",
            files=page("extra: &a\n  x: *a"),
            exit=2,
            line="site/tides.md: error: expected YAML, got an error at the end of the file: encountered an invalid YAML scalar value [source-syntax]",
        ),
    ),
    "Hostile data": (
        Bad(
            put="YAML aliases of aliases, 9 by 9, 8 levels deep",
            files=page(_bomb()),
            process=True,
            exit=2,
            line="site/tides.md:2: error: expected at most 32 aliases (`*name`), got 72 [source-syntax]",
        ),
        Bad(
            put="28 YAML aliases of a text of 1 MB, 4 by 4",
            files=page(_narrow_bomb()),
            process=True,
            exit=2,
            line="site/tides.md:2: error: expected at most 15 aliases (`*name`), got 28 [source-syntax]",
        ),
        Bad(
            put="`title: !!python/object/apply:os.system [id]`",
            files={PAGE: "---\ntitle: !!python/object/apply:os.system [id]\n---\n"},
            process=True,
            exit=2,
            line="site/tides.md:2: error: expected title as plain value, got one with the tag tag:yaml.org,2002:python/object/apply:os.system [source-value]",
        ),
        Bad(
            put="`title: !secret x`",
            files={PAGE: "---\ntitle: !secret x\n---\n"},
            exit=2,
            line="site/tides.md:2: error: expected title as plain value, got one with the tag !secret [source-value]",
        ),
        Bad(
            put="a number of 5000 digits in YAML",
            files=page(f"order: {'9' * 5000}"),
            exit=2,
            line="site/tides.md:3: error: expected order as finite number, got inf [source-value]",
        ),
        Bad(
            put="a number of 5000 digits in TOML",
            files={PAGE: f"+++\ntitle = 'T'\norder = {'9' * 5000}\n+++\n"},
            exit=2,
            line="site/tides.md: error: expected TOML, got a number of thousands of digits [source-syntax]",
        ),
        Bad(
            put="`order: .nan`",
            files=page("order: .nan"),
            exit=2,
            line="site/tides.md:3: error: expected order as finite number, got nan [source-value]",
        ),
        Bad(
            put="100000 brackets in YAML",
            files=page(f"extra: {{a: {'[' * 100_000}{']' * 100_000}}}"),
            process=True,
            exit=2,
            line="site/tides.md:3: error: expected YAML, got an error at column 266: recursion limit exceeded [source-syntax]",
        ),
        Bad(
            put="100 brackets in YAML",
            files=page(f"extra: {{a: {'[' * 100}{']' * 100}}}"),
            exit=2,
            line="site/tides.md:3: error: expected values at most 64 levels deep, got more in extra [source-value]",
        ),
        Bad(
            put="100000 brackets in TOML",
            files={PAGE: f"+++\ntitle = 'T'\nextra = {{a = {'[' * 100_000}{']' * 100_000}}}\n+++\n"},
            exit=2,
            line="site/tides.md: error: expected values at most 64 levels deep, got more [source-syntax]",
        ),
        Bad(
            put="a key of 3000 parts in TOML",
            files={PAGE: f"+++\ntitle = 'T'\nextra{'.a' * 3000} = 1\n+++\n"},
            exit=2,
            line="site/tides.md: error: expected values at most 64 levels deep, got more [source-syntax]",
        ),
        Bad(
            put="10 MB of front matter",
            files=page(f"extra: {{a: {'x' * 10_000_000}}}"),
            exit=2,
            line="site/tides.md: error: expected a file of at most 4194304 bytes, got 10000048 bytes [source-path]",
        ),
        Bad(
            put="front matter without an end",
            files={PAGE: "---\ntitle: Tides\nTwice a day.\n"},
            process=True,
            exit=2,
            line="site/tides.md:1: error: expected a line `---` after the front matter, got none [source-syntax]",
        ),
        Bad(
            put="50000 unknown keys",
            files=page("".join(f"k{index}: v\n" for index in range(50_000))),
            exit=2,
            line="site/tides.md:3: error: expected a known key, got `k0` [source-unknown-key]",
        ),
        Bad(
            put="100000 YAML anchors",
            files=page("extra:\n" + "".join(f"  k{index}: &a{index} x\n" for index in range(100_000))),
            exit=0,
            line="",
        ),
        Bad(put="200000 blanks within a line of YAML", files=page(f"description: a{' ' * 200_000}b"), exit=0, line=""),
        Bad(
            put="a list as front matter",
            files={PAGE: "---\n- a\n---\n"},
            exit=2,
            line='site/tides.md:2: error: expected keys with values at the top of the file, got ["a"] [source-value]',
        ),
        Bad(
            put="a number as a key",
            files=page("4: x"),
            exit=2,
            line="site/tides.md:2: error: expected keys as text, got 4 [source-value]",
        ),
        Bad(
            put="tabs as indentation",
            files=page("extra:\n\ta: b"),
            exit=2,
            line="site/tides.md:4: error: expected YAML, got an error at column 2: tabs disallowed within this context (block indentation) [source-syntax]",
        ),
        Bad(
            put="two YAML documents in a brief",
            files=brief("subject: a\n---\nsubject: b\n"),
            exit=2,
            line="briefs/boat.yaml:2: error: expected one YAML document, got a second one after `---` [source-syntax]",
        ),
    ),
    "Huge or deep text": (
        Bad(
            put="20 MB of Markdown",
            files=page(body="word " * 4_000_000),
            process=True,
            exit=2,
            line="site/tides.md: error: expected a file of at most 4194304 bytes, got 20000024 bytes [source-path]",
        ),
        Bad(put="4 MB of Markdown", files=page(body="word " * 800_000), exit=0, line=""),
        Bad(put="100000 opening brackets", files=page(body="[" * 100_000), process=True, exit=0, line=""),
        Bad(put="100000 links without an end", files=page(body="[a](" * 100_000), process=True, exit=0, line=""),
        Bad(
            put="20000 quotes in quotes",
            files=page(body=">" * 20_000 + "a"),
            process=True,
            exit=1,
            line="dist/tides/index.html: error: expected elements at most 500 deep, got 513 [page-too-large]",
        ),
        Bad(put="100000 comments without an end", files=page(body="<!-- " * 100_000), process=True, exit=0, line=""),
        Bad(put="20000 headings of raw HTML without an end", files=page(body="<h1>" * 20_000), process=True, exit=0, line=""),
        Bad(put="100000 tags without an end", files=page(body="<h1 " * 100_000), exit=0, line=""),
        Bad(put="20000 headings of the same text", files=page(body="# a\n\n" * 20_000), exit=0, line=""),
        Bad(put="a title of 100000 letters", files={PAGE: f"---\ntitle: {'T' * 100_000}\n---\n"}, exit=0, line=""),
        Bad(
            put="a slug of 300 letters",
            files=page(f"slug: {'a' * 300}"),
            exit=2,
            line="site/tides.md: error: expected an address with parts of at most 240 bytes, got one of 300 [source-path]",
        ),
        Bad(
            put="an alias of 300 letters",
            files=page(f"aliases: [/{'a' * 300}/]"),
            exit=2,
            line="site/tides.md: error: expected an address with parts of at most 240 bytes, got one of 300 [source-path]",
        ),
        Bad(
            put="a brief's id of 150 letters",
            files={f"briefs/{'a' * 150}.yaml": "subject: x\n"},
            exit=2,
            line="briefs/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.yaml: error: expected a file name of at most 100 characters before .yaml, got 150 [source-path]",
        ),
    ),
    "Templates": (
        Bad(
            put="`{{ nothing.here }}`",
            files=template("<p>\n{{ nothing.here }}"),
            process=True,
            exit=2,
            line="templates/article.html:2: error: 'nothing' is undefined [source-template]",
        ),
        Bad(
            put="`{{ page.titel }}`",
            files=template("{{ page.titel }}"),
            exit=2,
            line="templates/article.html:1: error: `Page` has no attribute 'titel' [source-template]",
        ),
        Bad(
            put="`{% if x %}` without an end",
            files=template("{% if x %}"),
            exit=2,
            line="templates/article.html:1: error: Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'. [source-template]",
        ),
        Bad(
            put="`{{ 1 / 0 }}`",
            files=template("{{ 1 / 0 }}"),
            exit=2,
            line="templates/article.html:1: error: ZeroDivisionError: division by zero [source-template]",
        ),
        Bad(
            put="`{{ x|shout }}`",
            files=template("{{ lang|shout }}"),
            exit=2,
            line="templates/article.html:1: error: No filter named 'shout'. [source-template]",
        ),
        Bad(
            put='`{% extends "bse.html" %}`',
            files=template('{% extends "bse.html" %}'),
            exit=2,
            line="templates/article.html:1: error: there is no template `bse.html` [source-template]",
        ),
        Bad(
            put='`{{ url("botas") }}`',
            files=template('{{ url("botas") }}'),
            exit=2,
            line="templates/article.html:1: error: there is no page `botas`; did you mean `boats`? [source-template]",
        ),
        Bad(
            put='`{{ picture("heroo") }}`',
            files=template('{{ picture("heroo") }}'),
            exit=2,
            line="templates/article.html:1: error: there is no slot `heroo` in aibild.toml; did you mean `hero`? [source-template]",
        ),
        Bad(
            put='`{{ static("site.css") }}`',
            files=template('{{ static("site.css") }}'),
            exit=2,
            line="templates/article.html:1: error: there is no file `site/static/site.css`; known: note.txt [source-template]",
        ),
        Bad(
            put='`pages(order="size")`',
            files=template('{{ pages(order="size") }}'),
            exit=2,
            line="templates/article.html:1: error: expected order as one of order, date, updated, title, got `size` [source-template]",
        ),
        Bad(
            put="`template: nope.html`",
            files=page("template: nope.html"),
            process=True,
            exit=2,
            line="site/tides.md: error: there is no template `nope.html` [source-template]",
        ),
    ),
    "The lock": (
        Bad(
            put="a lock that was cut in half",
            prepare=lock(lambda text: text[: len(text) // 2]),
            process=True,
            exit=2,
            line="aibild.lock:9: error: expected JSON, got an error at column 5: expecting property name enclosed in double quotes [source-lock]",
        ),
        Bad(
            put="a lock with a conflict of a merge",
            prepare=lock(lambda text: text.replace('  "boat"', '<<<<<<< ours\n  "boat"', 1)),
            process=True,
            exit=2,
            line="aibild.lock:5: error: expected JSON, got an error at column 1: expecting property name enclosed in double quotes [source-lock]",
        ),
        Bad(
            put="a lock that names a brief twice",
            prepare=lock(lambda text: text.replace('  "boat"', '  "quay": {"assets": {}},\n  "boat"', 1)),
            exit=2,
            line="aibild.lock:5: error: expected `quay` once, got it again [source-lock]",
        ),
        Bad(
            put="a lock of schema 99",
            prepare=lock(lambda text: text.replace('"schema": 1', '"schema": 99')),
            exit=2,
            line="aibild.lock:2: error: expected schema 1, got 99 [source-lock]",
        ),
        Bad(
            put="an empty lock",
            prepare=lock(lambda text: ""),
            exit=2,
            line="aibild.lock:1: error: expected JSON, got an error at column 1: expecting value [source-lock]",
        ),
        Bad(
            put="a list as the lock",
            prepare=lock(lambda text: "[]"),
            exit=2,
            line="aibild.lock: error: expected a table, got [] [source-lock]",
        ),
        Bad(
            put="100000 brackets as the lock",
            prepare=lock(lambda text: "[" * 100_000),
            process=True,
            exit=2,
            line="aibild.lock: error: expected JSON, got too many brackets [source-lock]",
        ),
        Bad(
            put="a number of 5000 digits in the lock",
            prepare=lock(lambda text: '{"schema": ' + "9" * 5000 + "}"),
            exit=2,
            line="aibild.lock: error: expected JSON, got a number of thousands of digits [source-lock]",
        ),
        Bad(
            put="a digest with letters beyond f",
            prepare=lock(lambda text: re.sub(r'"pixels":"..', '"pixels":"zz', text, count=1)),
            exit=2,
            line="aibild.lock:5: error: expected `pixels` of a candidate of `boat` as 64 hexadecimal digits, got `zz6d218fa54d8eca7f89` [source-lock]",
        ),
        Bad(
            put="a seed as text",
            prepare=lock(lambda text: re.sub(r'"seed":(\d+)', r'"seed":"\1"', text, count=1)),
            exit=2,
            line='aibild.lock:5: error: expected `seed` of a candidate of `boat` as whole number, got "634238061" [source-lock]',
        ),
        Bad(
            put="a day that is none",
            prepare=lock(lambda text: text.replace('"made":"2026', '"made":"MMXX', 1)),
            exit=2,
            line="aibild.lock:5: error: expected `made` of a candidate of `boat` as day YYYY-MM-DD, got `MMXX-11-23` [source-lock]",
        ),
        Bad(
            put="an approval by nobody",
            prepare=lock(lambda text: text.replace('"approvals": []', '"approvals": [{"role": "lead"}]', 1)),
            exit=2,
            line='aibild.lock:5: error: expected approvals of `boat` as a list of tables with who, role, when, pixels, got [{"role": "lead"}] [source-lock]',
        ),
        Bad(
            put="a rejection without a reason",
            prepare=lock(lambda text: text.replace('"approvals": []', '"approvals": [],\n    "rejections": [{"who": "Ada"}]', 1)),
            exit=2,
            line="aibild.lock:5: error: a rejection of `boat`: role: expected a value, got none [source-lock]",
        ),
        Bad(
            put="a retraction of other pixels than it says",
            prepare=lock(lambda text: text.replace("\n }\n}", '\n },\n "retracted": {"aa": ' + RETRACTION + "}\n}", 1)),
            exit=2,
            line="aibild.lock:16: error: expected a retraction under its pixels as 64 hexadecimal digits, got `aa` [source-lock]",
        ),
        Bad(
            put="a hash of the trail that is none",
            prepare=lock(lambda text: re.sub(r'"audit": "[^"]*"', '"audit": "newest"', text, count=1)),
            exit=2,
            line='aibild.lock:5: error: expected `audit` of `boat` as 64 hexadecimal digits, got "newest" [source-lock]',
        ),
    ),
    "Output and store": (
        Bad(
            put="a file named `dist`",
            files={"dist": "x"},
            process=True,
            exit=3,
            line="aibild: error: expected a folder for the output, got something else at {root}/dist",
        ),
        Bad(
            put="a `dist/` of somebody else",
            files={"dist/mine.txt": "mine"},
            process=True,
            exit=3,
            line="aibild: error: {root}/dist holds files that aibild did not build",
            look=untouched("dist/mine.txt", "mine"),
        ),
        Bad(
            put="`--output` naming the project itself",
            arguments=("--output", "{root}"),
            process=True,
            exit=3,
            line="aibild: error: {root} holds files that aibild did not build",
        ),
        Bad(
            put="`dist` as a link to nothing",
            prepare=lambda root: (root / "dist").symlink_to(root.parent / "nowhere"),
            exit=3,
            line="aibild: error: expected a folder for the output, got something else at {root}/dist",
        ),
        Bad(
            put="a marker that owns files outside",
            files={"dist/.aibild/build.json": '{"schema":1,"outputs":[{"path":"../site/static/note.txt"}]}'},
            exit=0,
            line="",
            look=untouched("site/static/note.txt", "passed through\n"),
        ),
        Bad(
            put="a marker of numbers", files={"dist/.aibild/build.json": '{"schema":1,"outputs":[{"path":4},7]}'}, exit=0, line=""
        ),
        Bad(
            put="a list of pending files outside",
            files={"dist/.aibild/pending.json": '["../site/static/note.txt", 4]'},
            exit=0,
            line="",
            look=untouched("site/static/note.txt", "passed through\n"),
        ),
        Bad(
            put="`--store` naming a file",
            files={"store": "x"},
            arguments=("--store", "{root}/store"),
            process=True,
            exit=3,
            line="aibild: error: expected a folder for the store, got the file `{root}/store`",
        ),
        Bad(
            put="a file named `.aibild`",
            files={".aibild": "x"},
            exit=3,
            line="aibild: error: cannot write aibild's own folder {root}/.aibild: File exists",
        ),
        Bad(put="damaged memory of what pages were made of", files={".aibild/pages.db": "{"}, exit=0, line=""),
    ),
    "Languages and addresses": (
        Bad(
            put='`languages = ["english"]`',
            prepare=site("languages", '["english"]'),
            process=True,
            exit=2,
            line='aibild.toml:2: error: expected site.languages[0] as language code (BCP 47), got "english" [source-value]',
        ),
        Bad(
            put='`languages = ["en_US"]`',
            prepare=site("languages", '["en_US"]'),
            exit=2,
            line='aibild.toml:2: error: expected site.languages[0] as language code (BCP 47), got "en_US" [source-value]',
        ),
        Bad(
            put='`languages = [""]`',
            prepare=site("languages", '[""]'),
            exit=2,
            line='aibild.toml:2: error: expected site.languages[0] as language code (BCP 47), got "" [source-value]',
        ),
        Bad(
            put="`languages = []`",
            prepare=site("languages", "[]"),
            exit=2,
            line="aibild.toml:2: error: expected site.languages as list of language codes, the default first, got [] [source-value]",
        ),
        Bad(
            put="an alt text in a language that the site lacks",
            files=brief("subject: x\nalt: {en: a, de: b, fr: c}\n"),
            exit=2,
            line="briefs/boat.yaml:2: error: expected alt in languages of the site (en, de), got `fr` [source-reference]",
        ),
        Bad(
            put='`base_url = "harbour.example"`',
            prepare=site("base_url", '"harbour.example"'),
            process=True,
            exit=2,
            line='aibild.toml:2: error: expected site.base_url as address https://… without query and fragment, got "harbour.example" [source-value]',
        ),
        Bad(
            put='`base_url = "javascript:alert(1)"`',
            prepare=site("base_url", '"javascript:alert(1)"'),
            exit=2,
            line='aibild.toml:2: error: expected site.base_url as address https://… without query and fragment, got "javascript:alert(1)" [source-value]',
        ),
        Bad(
            put='`base_url = "https://harbour.example/?a=1"`',
            prepare=site("base_url", '"https://harbour.example/?a=1"'),
            exit=2,
            line='aibild.toml:2: error: expected site.base_url as address https://… without query and fragment, got "https://harbour.example/?a=1" [source-value]',
        ),
        Bad(
            put='`base_url = "https://user:secret@harbour.example/"`',
            prepare=site("base_url", '"https://user:secret@harbour.example/"'),
            exit=2,
            line='aibild.toml:2: error: expected site.base_url as address https://… without query and fragment, got "https://user:secret@harbour.example/" [source-value]',
        ),
        Bad(
            put='`base_url = "https://harbour.example/<script>/"`',
            prepare=site("base_url", '"https://harbour.example/<script>/"'),
            exit=2,
            line='aibild.toml:2: error: expected site.base_url as address https://… without query and fragment, got "https://harbour.example/<script>/" [source-value]',
        ),
        Bad(
            put='`base_url = "https://harbour.example/a/../b/"`',
            prepare=site("base_url", '"https://harbour.example/a/../b/"'),
            exit=2,
            line='aibild.toml:2: error: expected site.base_url as address https://… without query and fragment, got "https://harbour.example/a/../b/" [source-value]',
        ),
        Bad(
            put='`base_url = "https://harbour.example:99999/"`',
            prepare=site("base_url", '"https://harbour.example:99999/"'),
            exit=2,
            line='aibild.toml:2: error: expected site.base_url as address https://… without query and fragment, got "https://harbour.example:99999/" [source-value]',
        ),
        Bad(
            put="`--base-url nonsense`",
            arguments=("--base-url", "nonsense"),
            process=True,
            exit=2,
            line='aibild.toml:4: error: expected --base-url as address https://… without query and fragment, got "nonsense" [source-value]',
        ),
        Bad(
            put='`time_zone = "Mars/Olympus"`',
            prepare=site("time_zone", '"Mars/Olympus"'),
            exit=2,
            line='aibild.toml:2: error: expected site.time_zone as time zone like Europe/Berlin, got "Mars/Olympus" [source-value]',
        ),
        Bad(
            put='`{ url = "javascript:alert(1)" }` in a menu',
            prepare=lambda root: edit(root, "aibild.toml", '{page = "boats"}', '{url = "javascript:alert(1)", label = "x"}'),
            exit=2,
            line='aibild.toml:12: error: expected menus.main[1].url as address https://…, or a place on this site like /feed.xml, got "javascript:alert(1)" [source-value]',
        ),
        Bad(
            put="a link to a page's file that does not exist",
            files=page(body="[boats](botas.md)"),
            process=True,
            exit=2,
            line='site/tides.md:6: error: expected a link to a page\'s file, got "botas.md", which is none [source-link]',
        ),
        Bad(
            put="a link to a heading that does not exist",
            files=page(body="[red](boats.md#redd)"),
            exit=2,
            line="site/tides.md:6: error: expected a heading's id in site/boats.md, got `#redd` [source-link]",
        ),
    ),
    "Names that nobody knows": (
        Bad(
            put="`[stie]`",
            prepare=lambda root: edit(root, "aibild.toml", "[images]", "[stie]\nx = 1\n[images]"),
            exit=2,
            line="aibild.toml:25: error: expected a known key, got `stie` [source-unknown-key]",
        ),
        Bad(
            put="`nmae` in `[site]`",
            prepare=site("nmae", '"x"'),
            process=True,
            exit=2,
            line="aibild.toml:2: error: expected a known key, got `site.nmae` [source-unknown-key]",
        ),
        Bad(
            put="`sede` in a brief",
            files=brief("subject: x\nsede: 4\nalt: {en: a, de: b}\n"),
            exit=2,
            line="briefs/boat.yaml:2: error: expected a known key, got `sede` [source-unknown-key]",
        ),
        Bad(
            put="`titel` in front matter",
            files=page("titel: x"),
            exit=2,
            line="site/tides.md:3: error: expected a known key, got `titel` [source-unknown-key]",
        ),
        Bad(
            put="`hero: baot`",
            files=page("hero: baot"),
            process=True,
            exit=2,
            line="site/tides.md:3: error: there is no brief `baot` [source-reference]",
        ),
        Bad(
            put="`engine: sktech`",
            files=brief("engine: sktech\nsubject: x\nalt: {en: a, de: b}\n"),
            exit=2,
            line="briefs/boat.yaml:1: error: expected engine as one of firefly, flat, ideogram, imported, openai, sdxl, sketch, got `sktech` [source-reference]",
        ),
        Bad(
            put="`profile: hosue`",
            files=brief("profile: hosue\nsubject: x\nalt: {en: a, de: b}\n"),
            exit=2,
            line='briefs/boat.yaml:1: error: expected profile as name of a style profile, got "hosue" [source-reference]',
        ),
        Bad(
            put="`style: [papr]`, a block",
            files={"briefs/blocks/paper.yaml": "text: paper\n", **brief("subject: x\nstyle: [papr]\nalt: {en: a, de: b}\n")},
            exit=2,
            line='briefs/boat.yaml:2: error: expected style[0] as name of a prompt block, got "papr" [source-reference]',
        ),
        Bad(
            put="`pictures: {crad: boat}`, a slot",
            files=page("pictures: {crad: boat}"),
            exit=2,
            line="site/tides.md:3: error: expected a slot of aibild.toml, got `crad` [source-reference]",
        ),
        Bad(
            put='`[menus] main = [{ page = "baots" }]`',
            prepare=setting('[menus] main = [{ page = "baots" }]'),
            exit=2,
            line='aibild.toml: error: expected a page\'s id in menu `main`, got "baots" [source-reference]',
        ),
        Bad(
            put="`[engines.sktech]`",
            prepare=setting("[engines.sktech] x = 1"),
            exit=2,
            line="aibild.toml: error: expected [engines.NAME] with one of firefly, flat, ideogram, imported, openai, sdxl, sketch, got `sktech` [source-unknown-key]",
        ),
        Bad(
            put="`[gates.blnak]`",
            prepare=setting('[gates.blnak] level = "off"'),
            exit=2,
            line="aibild.toml: error: expected [gates.NAME] with one of artefacts, blank, brisque, clip, clutter, contrast, duplicate, fidelity, legible, logo, motif, nsfw, palette, sharpness, size, text, thumbnail, got `blnak` [source-unknown-key]",
        ),
        Bad(
            put="`[gates.blank] spraed = 2`",
            prepare=setting("[gates.blank] spraed = 2"),
            exit=2,
            line="aibild.toml: error: expected a known key, got `gates.blank.spraed` [source-unknown-key]",
        ),
        Bad(
            put='`[engines.flat] drift = "many"`',
            prepare=setting('[engines.flat] drift = "many"'),
            exit=3,
            line="aibild: error: expected engines.flat.drift as integer, got 'many'",
        ),
        Bad(
            put="a brief named `Boat.yaml`",
            files={"briefs/Boat.yaml": "subject: x\n"},
            exit=2,
            line='briefs/Boat.yaml: error: expected a file name in kebab-case (a–z, 0–9, hyphens), got "Boat.yaml" [source-path]',
        ),
        Bad(
            put="a brief named `boat.yml`",
            files={"briefs/boat.yml": "subject: x\n"},
            exit=2,
            line='briefs/boat.yml: error: expected files that end in .yaml, got "boat.yml" [source-path]',
        ),
        Bad(
            put="a brief named with an emoji",
            files={"briefs/🚤.yaml": "subject: x\n"},
            exit=2,
            line='briefs/🚤.yaml: error: expected a file name in kebab-case (a–z, 0–9, hyphens), got "🚤.yaml" [source-path]',
        ),
        Bad(
            put="a page named with an emoji",
            files={"site/🚤.md": "---\ntitle: T\n---\n"},
            exit=2,
            line='site/🚤.md: error: expected a file name of letters, digits and - _ . ~ (it becomes the URL), got "🚤" [source-path]',
        ),
        Bad(
            put="a page named with a turn of direction (U+202E)",
            files={"site/a\u202eb.md": "---\ntitle: T\n---\n"},
            exit=2,
            line='site/a\\u202eb.md: error: expected a file name of letters, digits and - _ . ~ (it becomes the URL), got "a\\u202eb" [source-path]',
        ),
        Bad(
            put="a page named `a b.md`",
            files={"site/a b.md": "---\ntitle: T\n---\n"},
            exit=2,
            line='site/a b.md: error: expected a file name of letters, digits and - _ . ~ (it becomes the URL), got "a b" [source-path]',
        ),
    ),
    "Words that want to be markup": (
        Bad(
            put="a script in a title",
            files={PAGE: f"---\ntitle: '{_HOSTILE}'\n---\n"},
            exit=0,
            line="",
            look=said(_ESCAPED, without=("<script>alert",)),
        ),
        Bad(
            put="a script in a description",
            files=page(f"description: '{_HOSTILE}'"),
            exit=0,
            line="",
            look=said(_ESCAPED, without=("<script>alert",)),
        ),
        Bad(
            put="`</script>` in a title, which is in the structured data too",
            files={PAGE: "---\ntitle: 'A</script><b>'\n---\n"},
            exit=0,
            line="",
            look=said("A&lt;/script&gt;&lt;b&gt;", without=("A</script>",)),
        ),
        Bad(
            put="a script in a brief's alt text, caption and credit",
            files={
                **brief(
                    f"subject: a red boat\nsize: [640, 360]\nparameters: {{colour: '#b03a2e'}}\ncredit: '{_HOSTILE}'\ncaption: {{en: '{_HOSTILE}', de: x}}\nalt: {{en: '{_HOSTILE}', de: b}}\n"
                ),
                **page(body="![](brief:boat)"),
            },
            exit=0,
            line="",
            look=said(_ESCAPED, without=("<script>alert",)),
        ),
        Bad(
            put="a script in an alt text and caption of Markdown",
            files=page(body='![a &quot;><script>alert(1)</script>](brief:boat "<script>alert(1)</script>")'),
            exit=0,
            line="",
            look=said(_ESCAPED, without=("<script>alert",)),
        ),
        Bad(
            put="a script as a tag",
            files=page(f"tags: ['{_HOSTILE}']"),
            exit=0,
            line="",
            look=said(_ESCAPED, without=("<script>alert",), at="dist/tags/index.html"),
        ),
        Bad(
            put="a script in a menu label",
            prepare=lambda root: edit(
                root, "aibild.toml", '{page = "boats"}', '{page = "boats", label = "<script>alert(1)</script>"}'
            ),
            exit=0,
            line="",
            look=said(_ESCAPED, without=("<script>alert",)),
        ),
        Bad(
            put="a script as the site's name",
            prepare=site("name", '"<script>alert(1)</script>"'),
            exit=0,
            line="",
            look=said(_ESCAPED, without=("<script>alert",)),
        ),
        Bad(
            put="a template's words in a title",
            files={PAGE: "---\ntitle: '{{ 7 * 7 }} {% raise %}'\n---\n\n{{ 7 * 7 }}\n"},
            exit=0,
            line="",
            look=said("{{ 7 * 7 }} {% raise %}", "<p>{{ 7 * 7 }}</p>"),
        ),
        Bad(
            put="an emoji and a turn of direction in a title",
            files={PAGE: '---\ntitle: "🚤 \\u202Eb"\n---\n'},
            exit=0,
            line="",
            look=said("🚤 \u202eb"),
        ),
        Bad(
            put="a page named `größe.md`",
            files={"site/größe.md": "---\ntitle: Größe\n---\n"},
            exit=0,
            line="",
            look=said('href="https://harbour.example/gr%C3%B6%C3%9Fe/"', at="dist/größe/index.html"),
        ),
    ),
    "Credentials": (
        Bad(
            put='`policy = "embedd"`',
            prepare=setting('[credentials] policy = "embedd"'),
            exit=2,
            line='aibild.toml:42: error: expected credentials.policy as one of embed, link, auto, off, got "embedd" [source-value]',
        ),
        Bad(
            put="a private key in `aibild.toml`",
            prepare=setting('[credentials] key = "-----BEGIN PRIVATE KEY-----"'),
            exit=2,
            line="aibild.toml:42: error: expected credentials.key as path of a file, got a key [source-value]",
        ),
        Bad(
            put="a key without a certificate",
            prepare=setting('[credentials] key = "key.pem"'),
            exit=2,
            line="aibild.toml:41: error: expected credentials.certificate beside credentials.key, got nothing [source-missing]",
        ),
        Bad(
            put="a time-stamp authority that is no address",
            prepare=setting('[credentials] time_stamp = "tsa.example"'),
            exit=2,
            line='aibild.toml:42: error: expected credentials.time_stamp as address http://… or https://… of a time-stamp authority, got "tsa.example" [source-value]',
        ),
        Bad(
            put="a certificate that is not there",
            prepare=setting('[credentials] certificate = "certs/chain.pem"'),
            exit=3,
            line="aibild: error: the certificate chain cannot be read: {root}/certs/chain.pem: No such file or directory",
        ),
        Bad(
            put="a certificate that is none",
            files={"certs/chain.pem": "hello"},
            prepare=setting('[credentials] certificate = "certs/chain.pem"'),
            exit=3,
            line="aibild: error: expected a certificate chain as PEM text, got none",
        ),
        Bad(
            put="a certificate without a key",
            prepare=signed_by(without='key = "certs/key.pem"\n'),
            exit=3,
            line="aibild: error: there are pictures to sign, and no key for the certificate is named",
        ),
        Bad(
            put="a key that is not there",
            prepare=signed_by(lose="key.pem"),
            exit=3,
            line="aibild: error: the key cannot be read: {root}/certs/key.pem: No such file or directory",
        ),
        Bad(
            put="a key that everybody can read",
            prepare=signed_by(mode=0o644),
            exit=3,
            line="aibild: error: expected a key that only its owner can read, got mode 0644 at {root}/certs/key.pem",
        ),
        Bad(
            put="a key with a password",
            prepare=signed_by(password=b"harbour"),
            exit=3,
            line="aibild: error: pictures cannot be signed: expected a key without a password, got one with",
        ),
        Bad(
            put="another certificate's key",
            prepare=signed_by(other_key=True),
            exit=3,
            line="aibild: error: pictures cannot be signed: expected the key of this certificate, got another's",
        ),
        Bad(
            put="a certificate that ended in 2020",
            prepare=signed_by(starts=datetime(2020, 1, 1, tzinfo=UTC), ends=datetime(2020, 6, 1, tzinfo=UTC)),
            exit=3,
            line="aibild: error: pictures cannot be signed: expected a certificate that holds today, got one that ended on 2020-06-01",
        ),
        Bad(
            put="a certificate that signed itself",
            prepare=signed_by(itself=True),
            exit=3,
            line="aibild: error: pictures cannot be signed: expected a certificate that somebody issued, got one that signed itself",
        ),
        Bad(
            put="a web server's certificate",
            prepare=signed_by(purposes=("1.3.6.1.5.5.7.3.1",)),
            exit=3,
            line="aibild: error: pictures cannot be signed: expected a certificate for signing content (1.3.6.1.4.1.62558.2.1), got extended key usage 1.3.6.1.5.5.7.3.1",
        ),
        Bad(
            put="a time-stamp authority that does not answer",
            prepare=signed_by('time_stamp = "http://127.0.0.1:9/"\n'),
            exit=3,
            line="aibild: error: the time-stamp authority http://127.0.0.1:9/ did not answer, and nothing was signed",
        ),
    ),
    "Any built site, and feeds": (
        Bad(
            put="`enhance` of a folder that is not there",
            files={},
            exit=3,
            line="aibild: error: there is no folder public",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance` of an output that aibild built",
            files={"public/index.html": built(""), "public/.aibild/build.json": "{}"},
            exit=3,
            line="aibild: error: expected another generator's output in public, got one that aibild built",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance --out` inside the folder itself",
            files={"public/index.html": built("")},
            exit=3,
            line="aibild: error: expected --out beside public, got public/more",
            command="enhance",
            arguments=("public", "--out", "public/more", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance --out` over somebody's files",
            files={"public/index.html": built(""), "mine/letter.txt": "x"},
            exit=3,
            line="aibild: error: mine holds files that aibild has not written",
            command="enhance",
            arguments=("public", "--out", "mine", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance` of a page whose picture is missing",
            files={"public/index.html": built('<img src="none.jpg" alt="x">')},
            exit=1,
            line="index.html:1: error: expected a file of the site at none.jpg, got none [enhance-file-missing]",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance` of a page that names a file outside of its folder",
            files={"public/index.html": built('<img src="../aibild.toml" alt="x">')},
            exit=1,
            line="index.html:1: error: expected a file of the site at ../aibild.toml, got none [enhance-file-missing]",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance` of a page with half a picture",
            files={"public/index.html": built('<img src="half.jpg" alt="x">'), "public/half.jpg": JPEG[:40]},
            exit=1,
            line="index.html:1: error: expected a picture that can be read at /half.jpg, got: the file ends too early (truncated) [enhance-file-unreadable]",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance` of a page that asks for a brief that nobody wrote",
            files={"public/index.html": built('<img data-brief="qay" alt="x">')},
            exit=1,
            line="index.html:1: error: there is no brief `qay` [enhance-brief-unknown]",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance` of a page that asks for a slot that nobody declared",
            files={"public/index.html": built('<img data-brief="quay" data-slot="heroo" alt="x">')},
            exit=1,
            line="index.html:1: error: there is no slot `heroo` [enhance-slot-unknown]",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="a feed that is not there",
            files={"briefs/feeds/shoes.yaml": FEED},
            exit=2,
            line='shop.csv: error: expected a feed at "shop.csv", got none [source-missing]',
            command="briefs import",
            arguments=("shop.csv", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed with a template that nobody wrote",
            files={"shop.csv": "sku,title\n1,A boat\n"},
            exit=2,
            line="briefs/feeds/shoes.yaml: error: there is no feed template `shoes` [source-missing]",
            command="briefs import",
            arguments=("shop.csv", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed whose name tells no format",
            files={"briefs/feeds/shoes.yaml": FEED, "shop.csv": "x"},
            exit=2,
            line='shop: error: expected a feed that ends in .csv, .tsv, .json, .jsonl or .xml, got "shop" [source-path]',
            command="briefs import",
            arguments=("shop", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed with a row that is too short",
            files={"briefs/feeds/shoes.yaml": FEED, "shop.csv": "sku,title\n1,A boat\n2\n"},
            exit=1,
            line="shop.csv:3: error: expected 2 columns, got 1 [feed-row]",
            command="briefs import",
            arguments=("shop.csv", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed with one id twice",
            files={"briefs/feeds/shoes.yaml": FEED, "shop.csv": "sku,title\n1,A boat\n1,Another\n"},
            exit=1,
            line="shop.csv:3: error: row 2: expected each brief once, got `shoe-1` again, first in line 2 [feed-row]",
            command="briefs import",
            arguments=("shop.csv", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed whose ids look like paths: they become plain names",
            files={"briefs/feeds/shoes.yaml": FEED, "shop.csv": "sku,title\n../../x,A boat\n"},
            exit=0,
            line="",
            command="briefs import",
            arguments=("shop.csv", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed from the machine itself",
            files={"briefs/feeds/shoes.yaml": FEED},
            exit=3,
            line="aibild: error: 127.0.0.1 lies in a private network (127.0.0.1)",
            command="briefs import",
            arguments=("https://127.0.0.1/shop.csv", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="`enhance` of a site of one page that is no text",
            files={"public/index.html": b"<meta charset=utf-8>\xff<img src=x.jpg alt=x>"},
            exit=0,
            line="",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance` of a page whose picture is a pipe",
            files={"public/index.html": built('<img src="pipe.jpg" alt="x">')},
            prepare=fifo("public/pipe.jpg"),
            exit=1,
            line="index.html:1: error: expected a file of the site at pipe.jpg, got none [enhance-file-missing]",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`enhance` with a selector that finds no picture",
            files={"public/index.html": built(""), "aibild.toml": ENHANCED},
            exit=0,
            line="",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="`pictures` over somebody's files",
            files={"mine/letter.txt": "x"},
            exit=3,
            line="aibild: error: {root}/mine holds files that aibild did not build",
            command="pictures",
            arguments=("--out", "mine"),
            process=True,
        ),
        Bad(
            put="`pictures` for a slot that nobody declared",
            files={"aibild.toml": CONFIG + '\n[pictures]\nslots = ["crad"]\n'},
            exit=2,
            line='aibild.toml:42: error: expected pictures.slots[0] as name of a slot, got "crad" [source-reference]',
            command="pictures",
            arguments=("--out", "own"),
            process=True,
        ),
        Bad(
            put="a feed in XML with an entity that grows",
            files={"briefs/feeds/shoes.yaml": FEED, "shop.xml": LAUGHS},
            exit=1,
            line="shop.xml:1: error: expected XML without a document type, got one [feed-row]",
            command="briefs import",
            arguments=("shop.xml", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed in JSON that is no list",
            files={"briefs/feeds/shoes.yaml": FEED, "shop.json": "4"},
            exit=1,
            line="shop.json:1: error: expected a list of rows at the top, got 4 [feed-row]",
            command="briefs import",
            arguments=("shop.json", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed with a column that the template asks for and the row lacks",
            files={"briefs/feeds/shoes.yaml": FEED, "shop.csv": "sku\n1\n"},
            exit=1,
            line='shop.csv:2: error: row 1: expected a value for `title`, got none (`{{ title | default("") }}` does without) [feed-row]',
            command="briefs import",
            arguments=("shop.csv", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="a feed whose row would write over a brief that somebody wrote",
            files={
                "briefs/feeds/boats.yaml": FEED.replace("shoe-{{ sku }}", "{{ sku }}"),
                "shop.csv": "sku,title\nboat,A boat\n",
            },
            exit=1,
            line="shop.csv:2: error: row 1: brief `boat` is there already, and not from this feed [feed-row]",
            command="briefs import",
            arguments=("shop.csv", "--template", "boats"),
            process=True,
        ),
        Bad(
            put="a template that reads what is not a column",
            files={
                "briefs/feeds/shoes.yaml": FEED.replace("{{ title }}", "{{ title.__class__.__mro__ }}"),
                "shop.csv": "sku,title\n1,A boat\n",
            },
            exit=1,
            line="shop.csv:2: error: row 1: the template failed on this row: access to attribute '__class__' of 'str' object is unsafe. [feed-row]",
            command="briefs import",
            arguments=("shop.csv", "--template", "shoes"),
            process=True,
        ),
        Bad(
            put="`enhance` of a picture whose header claims 60000 × 60000 pixels",
            files={"public/index.html": built('<img src="bomb.png" alt="x">'), "public/bomb.png": png(60000, 60000, zeros(1000))},
            exit=1,
            line="index.html:1: error: expected a picture of at most 120 million pixels at /bomb.png, got 60000 × 60000 [enhance-file-unreadable]",
            command="enhance",
            arguments=("public", "--no-check"),
            process=True,
        ),
        Bad(
            put="a hook whose secret is in no variable",
            files={"aibild.toml": CONFIG + '\n[hooks.cms]\nurl = "https://cms.example/"\nsecret_env = "NO_SECRET_HERE"\n'},
            exit=0,
            line="hook cms: its secret is expected in the environment variable NO_SECRET_HERE; `aibild hooks send` tries again",
            command="build",
            arguments=(),
            process=True,
        ),
        Bad(
            put="a hook on this machine that is not named under `private`",
            files={"aibild.toml": CONFIG + '\n[hooks.cms]\nurl = "https://127.0.0.1/"\nsecret_env = "PATH"\n'},
            exit=0,
            line="hook cms: 127.0.0.1 lies in a private network (127.0.0.1); `aibild hooks send` tries again",
            command="build",
            arguments=(),
            process=True,
        ),
        Bad(
            put="`pictures` of a brief without an alt text",
            files={"briefs/boat.yaml": "subject: a boat\nsize: [640, 360]\n"},
            exit=1,
            line="briefs/boat.yaml:1: error: picture `boat` has no alt text in `en` [image-alt-missing]",
            command="pictures",
            arguments=("--out", "own"),
            process=True,
        ),
        Bad(
            put="a collection with a line that is no object",
            files={"briefs/shoes.jsonl": "4\n"},
            exit=2,
            line='briefs/shoes.jsonl:1: error: expected one JSON object a line, got "4" [source-syntax]',
            command="build",
            arguments=(),
            process=True,
        ),
        Bad(
            put="`hooks test` of a hook that nobody declared",
            files={},
            exit=2,
            line="aibild.toml: error: there is no hook `cms` [source-reference]",
            command="hooks test",
            arguments=("cms",),
            process=True,
        ),
    ),
}


def rows() -> Iterator[Bad]:
    for family in FAMILIES.values():
        yield from family


def document() -> str:
    """docs/bad-inputs.md."""
    count = sum(1 for _ in rows()) + sum(len(keys) for _, keys in KINDS.values())
    lines = [
        "# Bad inputs, and what the user sees",
        "",
        f"{count} of them. Each is put into a small whole project and built with `aibild build -q`; the exit code and the first",
        "line on stderr are held to this table by `tests/test_bad_inputs.py`. The table comes from `tests/support/bad_inputs.py`:",
        "change it there, then `python -m tests.support.bad_inputs > docs/bad-inputs.md`.",
        "",
        "Exit 0 is success, 2 says that the site's source is wrong, 3 that something around it is.",
    ]
    for title, family in FAMILIES.items():
        lines += ["", f"## {title}", "", "| what is put in | exit | first line |", "|---|---|---|"]
        lines += [f"| {_cell(bad.put)} | {bad.exit} | {_code(bad.line) if bad.line else '(none)'} |" for bad in family]
    lines += ["", "## Every key with a value of a wrong type", "", "All of them exit with 2."]
    for title, keys in KINDS.values():
        lines += ["", f"### {title}", "", "| what is written | first line |", "|---|---|"]
        lines += [f"| {_code(written)} | {_code(line)} |" for written, line in keys.items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    """Code in a table: more ticks outside than inside."""
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{_cell(text)}{pad}{ticks}"


if __name__ == "__main__":
    sys.stdout.write(document())
