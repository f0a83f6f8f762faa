"""`aibild enhance` from end to end: what it changes in other people's pages, and all that it leaves as it was."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from aibild_build.build import Options
from aibild_build.build.enhancing import Ask, Enhanced, enhance
from aibild_build.build.enhancing.listing import with_images
from aibild_build.build.enhancing.selectors import by_place
from aibild_build.cli import aibild
from aibild_build.errors import AibildError, OutputError, SourceError
from aibild_build.imagefile import probe
from tests.support.project import TODAY, tree, write_project

CONFIG = """[site]
name = "Harbour"
base_url = "https://harbour.example/"
languages = ["en", "de"]

[images.quality]
avif = 40
webp = 20
jpeg = 70
"""
HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Harbour</title></head><body>'
TALK = "<p>" + "Boats come and go. " * 120 + "</p>"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that differ from pixel to pixel, so that formats matter."""
    folder = tmp_path_factory.mktemp("files")
    noise = Image.effect_noise((480, 320), 60).convert("RGB")
    noise.save(folder / "quay.jpg", quality=95)
    noise.transpose(Image.Transpose.ROTATE_180).resize((401, 267)).save(folder / "boat.png")
    noise.resize((24, 24)).save(folder / "icon.png")
    noise.resize((1, 1)).save(folder / "pixel.gif")
    frames = [noise.resize((90, 90)), noise.resize((90, 90)).transpose(Image.Transpose.ROTATE_90)]
    frames[0].save(folder / "wave.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "wave.webp", save_all=True, append_images=frames[1:])
    (folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>')
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xffno picture")
    return folder


@pytest.fixture
def root(tmp_path: Path, files: Path) -> Path:
    """A project with nothing but settings, and a built site in `public/`."""
    root = tmp_path / "project"
    shutil.copytree(files, root / "public/img")
    (root / "aibild.toml").write_text(CONFIG)
    return root


def put(root: Path, body: str, path: str = "index.html", head: str = HEAD) -> Path:
    page = root / "public" / path
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes(f"{head}{body}</body></html>\n".encode())
    return page


def run(root: Path, *, check: bool = False, **asked: Any) -> Enhanced:
    return enhance(Options(root=root, crew="inline"), Ask(folder=root / "public", check=check, **asked), today=TODAY)


def rules(done: Enhanced) -> list[str]:
    return [one.rule for one in done.findings]


def without(text: str) -> str:
    """The page without what was put in: what is left must be what was there."""
    text = re.sub(r'<picture style="display:contents">(?:<source [^>]*>)*', "", text)
    text = re.sub(r"(<img[^>]*>)</picture>", r"\1", text)
    for name in ("srcset", "sizes", "width", "height", "data-sized", "data-asset", "loading", "decoding", "fetchpriority"):
        text = re.sub(rf'(<img\b[^>]*?) {name}="[^"]*"', r"\1", text)
    text = re.sub(
        r'<style id="aibild-sizes">.*?</style>|<link rel="preload"[^>]*>|<script [^>]*aibild-pictures.*?</script>', "", text
    )
    return re.sub(r'src="[^"]*"', 'src=""', text)


def test_a_page_with_everything(root: Path) -> None:
    page = put(
        root, f'<h1>Harbour</h1><img class="wide" src="img/quay.jpg" alt="A quay">{TALK}<img src="/img/boat.png" alt="A boat">'
    )
    before = page.read_text()
    done = run(root)
    text = page.read_text()
    assert (done.changed, done.tags, done.pictures, done.findings) == (("index.html", "sitemap.xml"), 2, 2, ())
    assert without(text) == re.sub(r'src="[^"]*"', 'src=""', before)
    quay, boat = re.findall(r"<picture.*?</picture>", text)
    assert 'type="image/avif"' in quay and 'type="image/webp"' in quay and 'width="480" height="320"' in quay
    assert 'fetchpriority="high"' in quay and "loading" not in quay and 'loading="lazy" decoding="async"' in boat
    assert 'sizes="(min-width: 480px) 480px, 100vw"' in quay and 'srcset="/pictures/boat-' in boat
    preload = re.findall(r'<link rel="preload"[^>]*>', text)
    sources = re.findall(r'srcset="([^"]*)" sizes="([^"]*)"', quay)
    assert len(preload) == 1 and f'imagesrcset="{sources[0][0]}" imagesizes="{sources[0][1]}"' in preload[0]
    named = set(re.findall(r"pictures/[\w.-]+", text))
    assert {f"pictures/{one.name}" for one in (root / "public/pictures").iterdir()} == named
    for name in named:
        facts = probe((root / "public" / name).read_bytes())
        assert f"-{facts.width}." in name
        assert b"digitalCreation" not in facts.xmp, "nobody said how the file came to be"


def test_a_second_run_changes_and_makes_nothing(root: Path) -> None:
    put(
        root,
        f'<img src="img/quay.jpg" alt="A quay"><img src="img/icon.png" alt="">{TALK}<figure><img src="img/boat.png"></figure>',
    )
    put(root, '<style>figure > img{border:0}</style><figure><img src="../img/quay.jpg" alt=""></figure>', "a/b.html")
    first = run(root)
    assert first.encoded and rules(first) == ["image-alt-missing"]
    before = tree(root / "public")
    again = run(root)
    assert (again.changed, again.tags, again.encoded, again.files) == ((), 0, 0, 0) and tree(root / "public") == before


def test_the_same_site_anew_takes_all_files_from_the_store(root: Path) -> None:
    put(root, '<img src="img/quay.jpg" alt="A quay">')
    run(root)
    before = tree(root / "public")
    put(root, '<img src="img/quay.jpg" alt="A quay">')
    again = run(root)
    assert again.encoded == 0 and again.reused and tree(root / "public") == before


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('<img src="img/logo.svg" alt="x">', []),
        ('<img src="img/pixel.gif" alt="" width="1" height="1">', []),
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">', []),
        ('<img src="img/wave.gif" alt="x">', ["enhance-animation"]),
        ('<img src="img/wave.webp" alt="x">', ["enhance-animation"]),
        ('<img src="https://elsewhere.example/x.jpg" alt="x">', ["enhance-foreign"]),
        ('<img src="img/none.jpg" alt="x">', ["enhance-file-missing"]),
        ('<img src="../../../etc/passwd" alt="x">', ["enhance-file-missing"]),
        ('<img src="/%2e%2e/aibild.toml" alt="x">', ["enhance-file-missing"]),
        ('<img src="img/broken.jpg" alt="x">', ["enhance-file-unreadable"]),
        ('<img data-brief="quay" alt="x">', ["enhance-brief-unknown"]),
        ('<img src="img/quay.jpg" alt="x" data-enhance="off">', []),
        ('<picture><img src="img/quay.jpg" alt="x"></picture>', []),
        ('<noscript><img src="img/quay.jpg" alt="x"></noscript>', []),
        ('<template><img src="img/quay.jpg" alt="x"></template>', []),
        ("<div style=\"background:url('img/quay.jpg')\"></div>", []),
        ("<!-- <img src='img/quay.jpg'> --><script>'<img src=img/quay.jpg>'</script>", []),
        ('<svg><image href="img/quay.jpg"/></svg>', []),
    ],
)
def test_what_is_left_alone(root: Path, body: str, told: list[str]) -> None:
    page = put(root, body)
    before = tree(root / "public")
    done = run(root)
    assert rules(done) == told and done.changed == ()
    assert tree(root / "public") == before and page.exists()


@pytest.mark.parametrize(
    ("tag", "added", "kept"),
    [
        ('<img src="img/icon.png" alt="">', ['width="24" height="24" data-sized=""'], ["<picture"]),
        ('<img src="img/quay.jpg" alt="" srcset="img/quay.jpg 480w" sizes="50vw">', ['width="480" height="320"'], ["<picture"]),
        ('<img src="img/quay.jpg" alt="" width="240">', ['height="160"'], ['height="320"']),
        ('<img src="img/quay.jpg" alt="" width="200" height="200">', ["<picture"], ["data-sized"]),
        ('<img src="img/quay.jpg" alt="" width="50%">', ["<picture"], ["data-sized"]),
        ('<img src="img/quay.jpg" alt="" loading="lazy">', ['loading="eager"', 'fetchpriority="high"'], ['loading="lazy"']),
        ('<img src="img/quay.jpg" alt="" fetchpriority="low">', ["<picture"], ['fetchpriority="high"', 'loading="']),
        ("<img src=img/quay.jpg alt='a &amp; b'>", ["alt='a &amp; b'></picture>"], ['alt="a']),
        ("<IMG SRC=img/quay.jpg ALT=x />", ["ALT=x /></picture>"], []),
        ('<p><img src="img/quay.jpg" alt=""></p><style>p>img{margin:0}</style>', ["srcset="], ["<picture", "image/avif"]),
        ('<img src="img/quay.jpg" alt=""><p>x</p><style>img + p{margin:0}</style>', ["srcset="], ["<picture"]),
    ],
)
def test_only_what_is_missing_is_added(root: Path, tag: str, added: list[str], kept: list[str]) -> None:
    page = put(root, tag)
    run(root)
    text = page.read_text()
    for piece in added:
        assert piece in text, text
    for piece in kept:
        assert piece not in text.partition("<body>")[2], text


def test_rules_that_are_off_change_nothing(root: Path) -> None:
    off = ("image-oversize", "img-size-missing", "hero-priority", "image-waste", "sitemap-missing")
    (root / "aibild.toml").write_text(CONFIG + "[rules]\n" + "".join(f'{rule} = "off"\n' for rule in off))
    put(root, f'<img src="img/quay.jpg" alt="">{TALK}<img src="img/boat.png" alt="">')
    before = tree(root / "public")
    assert run(root).changed == () and tree(root / "public") == before


def test_a_dry_run_shows_and_writes_nothing(root: Path) -> None:
    put(root, '<img src="img/quay.jpg" alt="A quay">')
    before = tree(root / "public")
    done = run(root, dry_run=True)
    assert tree(root / "public") == before
    assert done.diff[:2] == ("--- a/index.html", "+++ b/index.html")
    assert any(line.startswith("+") and "<picture" in line for line in done.diff)
    real = run(root)
    assert real.changed == done.changed and real.encoded == 0


def test_another_folder_takes_the_whole_site(root: Path, tmp_path: Path) -> None:
    put(root, '<img src="img/quay.jpg" alt="A quay">')
    (root / "public/app.js").write_text("1")
    before, out = tree(root / "public"), tmp_path / "out"
    run(root, out=out)
    assert tree(root / "public") == before
    after = tree(out)
    assert {path for path in before if after[path] != before[path]} == {"index.html"} and b"<picture" in after["index.html"]
    run(root, out=out)
    assert tree(out) == after


def test_folders_that_cannot_serve(root: Path, tmp_path: Path) -> None:
    put(root, "")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("x")
    with pytest.raises(OutputError, match="has not written"):
        run(root, out=tmp_path / "full")
    with pytest.raises(AibildError, match="beside"):
        run(root, out=root / "public/more")
    with pytest.raises(AibildError, match="no folder"):
        enhance(Options(root=root), Ask(folder=root / "none"), today=TODAY)
    (root / "public/.aibild").mkdir()
    (root / "public/.aibild/build.json").write_text("{}")
    with pytest.raises(AibildError, match="aibild built"):
        run(root)


def test_links_that_lead_out_are_not_followed(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.html"
    secret.write_text(f'{HEAD}<img src="img/quay.jpg" alt="">')
    (root / "public/away.html").symlink_to(secret)
    shutil.copy(root / "public/img/quay.jpg", tmp_path / "secret.jpg")
    (root / "public/img/away.jpg").symlink_to(tmp_path / "secret.jpg")
    put(root, '<img src="img/away.jpg" alt="">')
    before = secret.read_bytes()
    done = run(root, out=tmp_path / "out")
    assert sorted(rules(done)) == ["enhance-file-missing", "enhance-page-left"] and secret.read_bytes() == before
    assert not (tmp_path / "out/away.html").exists() and not (tmp_path / "out/img/away.jpg").exists()


def test_briefs_fill_what_asks_for_them(tmp_path: Path) -> None:
    root = write_project(tmp_path / "site")
    page = put(
        root,
        '<img data-brief="quay" data-slot="hero"><img data-brief="boat" alt="Mine" src="old.jpg">',
        head=HEAD.replace("en", "de", 1),
    )
    done = run(root)
    text = page.read_text()
    assert 'alt="Ein Kai im Morgenlicht"' in text and 'alt="Mine"' in text and 'media="(max-width: 639.98px)"' in text
    assert not [rule for rule in rules(done) if not rule.startswith("gate-")]
    assert '"boat"' in (root / "aibild.lock").read_text(), "pinned, as by a build"
    found = re.search(r'aibild-pictures">(.*?)</script>', text)
    assert found is not None
    graph = json.loads(found[1])["@graph"]
    assert {node["creditText"] for node in graph} == {"Harbour Office", "The Boatyard"}
    assert run(root).changed == ()


def test_a_slot_that_nobody_declared(root: Path) -> None:
    put(root, '<img src="img/quay.jpg" alt="" data-slot="heroo">')
    done = run(root)
    assert rules(done) == ["enhance-slot-unknown"] and done.findings[0].hint == "did you mean `hero`?"


DECLARED = """
[[enhance.slots]]
selector = "article img:first-of-type"
priority = true
breakpoints = [{ min = 0, width = "100vw" }, { min = 800, width = "240px" }]

[[enhance.slots]]
selector = ".cards img"
slot = "thumb"
"""


def test_slots_declared_by_selector(root: Path) -> None:
    (root / "aibild.toml").write_text(CONFIG + DECLARED)
    page = put(
        root,
        '<img src="img/quay.jpg" alt="Above"><div class="cards"><img src="img/quay.jpg" alt="A card"></div>'
        '<article><img src="img/boat.png" alt="First"><p><b>x</b></p></article>',
    )
    put(root, '<div class="cards"><img src="../img/boat.png" alt="Mine" data-slot="card"></div>', "a/b.html")
    done = run(root)
    above, card, first = re.findall(r"<picture.*?</picture>", page.read_text())
    assert done.findings == () and 'fetchpriority="high"' in first and "fetchpriority" not in above + card
    assert 'sizes="(min-width: 800px) 240px, 100vw"' in first and 'sizes="(min-width: 480px) 480px, 100vw"' in above
    assert 'sizes="96px"' in card and "media=" not in card + first
    other = (root / "public/a/b.html").read_text()
    assert "33vw" in other, "what the page says itself goes first"
    before = tree(root / "public")
    again = run(root)
    assert (again.changed, again.findings) == ((), ()) and tree(root / "public") == before


def test_a_selector_that_finds_nothing_is_told(root: Path) -> None:
    (root / "aibild.toml").write_text(CONFIG + DECLARED)
    put(root, '<article><img src="img/quay.jpg" alt="A quay"></article>')
    done = run(root)
    assert rules(done) == ["enhance-slot-unused"] and "`.cards img`" in done.findings[0].message


def test_a_broken_brief_stops_before_anything_is_written(tmp_path: Path) -> None:
    root = write_project(tmp_path / "site", {"briefs/boat.yaml": "sede: 1\n"})
    put(root, '<img data-brief="quay" alt="">')
    before = tree(root / "public")
    with pytest.raises(SourceError):
        run(root)
    assert tree(root / "public") == before


def test_the_rules_find_less_afterwards(root: Path) -> None:
    put(root, f'<img src="img/quay.jpg" alt="A quay">{TALK}<img src="img/boat.png" alt="A boat">')
    done = run(root, check=True)
    assert done.before is not None and done.after is not None
    assert sum(done.after.values()) < sum(done.before.values()) and done.after["error"] < done.before["error"]


def test_a_sitemap_that_is_there_gets_the_pictures(root: Path) -> None:
    put(root, '<img src="img/quay.jpg" alt="A quay">')
    begins = '<?xml version="1.0"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n  <url>'
    old = begins + "<loc>https://harbour.example/</loc>\n  </url>\n</urlset>\n"
    (root / "public/sitemap.xml").write_text(old)
    run(root)
    new = (root / "public/sitemap.xml").read_text()
    found = re.search(
        r"<image:image><image:loc>https://harbour.example/pictures/quay-480\.\w+\.jpg</image:loc></image:image>", new
    )
    assert found is not None
    assert new.replace(found[0], "").replace(' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"', "") == old


def test_sitemaps_that_are_no_plain_list_are_left() -> None:
    pages = {"https://a.example/": ["https://a.example/x.jpg"]}
    assert with_images(b"<sitemapindex><sitemap/></sitemapindex>", pages) is None
    assert with_images(b"<urlset><!-- <url> --></urlset>", pages) is None
    plain = b"<urlset><url><loc>https://b.example/</loc></url></urlset>"
    assert with_images(plain, pages) == plain


def test_an_encoding_of_long_ago_stays(root: Path) -> None:
    page = root / "public/old.html"
    page.write_bytes(
        "<html><head><meta charset=windows-1252><title>Fähre</title></head><body>ß\r\n<img src=img/quay.jpg alt=Fähre>".encode(
            "cp1252"
        )
    )
    run(root)
    data = page.read_bytes()
    assert b"<title>F\xe4hre</title>" in data and b"\xdf\r\n<picture" in data and data.endswith(b"alt=F\xe4hre></picture>")


def test_pages_that_cannot_be_read_for_sure_are_left(root: Path) -> None:
    (root / "public/odd.html").write_bytes(b'<meta charset="utf-8">\xff<img src="img/quay.jpg" alt="">')
    done = run(root)
    assert rules(done) == ["enhance-page-left"] and done.changed == ()


def test_selectors_that_look_at_neighbours() -> None:
    css = "/* a > img */ figure > img:hover, .a img{} @media x{p img:first-child{}} img + .b{} .c > *{} ul > li{}"
    assert by_place(css) == ("figure > img", "p img:first-child", "img + .b", "img", ".c > *")


def test_the_command(root: Path) -> None:
    put(root, '<img src="img/quay.jpg" alt="A quay"><img src="none.jpg" alt="">')
    arguments = ["enhance", str(root / "public"), "--root", str(root), "--workers", "1", "--no-check"]
    dry = CliRunner().invoke(aibild, [*arguments, "--dry-run"])
    assert dry.exit_code == 1 and dry.stdout.startswith("--- a/index.html\n") and "would change 2 files of 1 pages" in dry.stderr
    done = CliRunner().invoke(aibild, [*arguments, "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 1 and told["changed"] == ["index.html", "sitemap.xml"] and told["encoded"] == 0
    assert told["findings"][0]["rule"] == "enhance-file-missing"
