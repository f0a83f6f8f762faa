"""`aibild.toml`: what it may say, what comes of it, and a sentence for everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from aibild_build.config import Config, Language, MenuEntry, read_config
from aibild_build.model import Breakpoint, Finding, Level, Quality, Rights, Swatch

HEAD = '[site]\nname = "Demo"\nbase_url = "https://example.org/"\nlanguages = ["en", "de"]\n'


def read(tmp_path: Path, text: str, base_url: str | None = None) -> tuple[Config, tuple[Finding, ...]]:
    (tmp_path / "aibild.toml").write_text(text, encoding="utf-8")
    config, findings = read_config(tmp_path, base_url=base_url)
    assert config is not None, findings
    return config, findings


def good(tmp_path: Path, text: str, base_url: str | None = None) -> Config:
    config, findings = read(tmp_path, text, base_url)
    assert not findings, [finding.message for finding in findings]
    return config


WHOLE = """
[site]
name = {en = "Demo", de-AT = "Vorführung"}
description = "About"
base_url = "https://example.org/docs"
languages = ["en", "de-AT", "ar"]
time_zone = "Europe/Berlin"
[site.organisation]
name = "Demo Ltd"
url = "https://example.org"
logo = "site/static/logo.svg"
[site.theme]
accent = "#123456"
[menus]
main = [{page = ""}, {page = "guide/start"}, {url = "https://code.example/", label = {en = "Code", ar = "رمز"}}]
[slots.hero]
priority = true
also = ["card", "thumb"]
breakpoints = [{min = 0, ratio = "4:5", width = "100vw"}, {min = 640, ratio = "16:9", width = "100vw - 4rem+2px", max = "75rem"}]
[images]
formats = ["avif", "jpeg"]
creator = "Ann"
license = "/licence/"
acquire_license_page = "https://example.com/buy"
[images.quality]
avif = 50
[briefs]
engine = "sketch"
profile = "house"
negative = ["blur"]
palette = ["teal", {colour = "#ABC", weight = 2}]
[briefs.rights]
holder = "Demo Ltd"
expires = 2030-01-01
[engines.sketch]
grain = 2
[gates.noise]
level = "warning"
limit = 0.2
[rules]
image-alt-missing = "warning"
brief-unused = "off"
[store]
path = "/var/cache/aibild"
max_size = "1.5 GiB"
[output]
dir = "public/site"
pictures_json = false
[metadata]
words = true
[limits]
seconds = 60
images = 4
"""


def test_every_table_of_a_whole_file(tmp_path: Path) -> None:
    config = good(tmp_path, WHOLE)
    assert config.root == tmp_path
    assert config.name == {"en": "Demo", "de-AT": "Vorführung"} and config.description == {"en": "About"}
    assert config.base_url == "https://example.org/docs/" and config.base_path == "/docs/"
    assert config.languages == (
        Language(code="en", name="English", prefix=""),
        Language(code="de-AT", name="Deutsch", prefix="de-AT"),
        Language(code="ar", name="العربية", prefix="ar", dir="rtl"),
    )
    assert config.default_language == "en" and config.time_zone == "Europe/Berlin"
    assert config.organisation.name == "Demo Ltd" and config.theme == {"accent": "#123456"}
    assert config.menus["main"] == (
        MenuEntry(page=""),
        MenuEntry(page="guide/start"),
        MenuEntry(url="https://code.example/", label={"en": "Code", "ar": "رمز"}),
    )
    hero = config.slots["hero"]
    assert hero.priority and hero.also == ("card", "thumb")
    assert hero.breakpoints == (
        Breakpoint(min_width=0, ratio="4:5"),
        Breakpoint(min_width=640, ratio="16:9", vw=100.0, offset=-62.0, max_width=1200.0),
    )
    assert set(config.slots) == {"hero", "card", "prose", "thumb"}
    assert (
        config.images.formats == ("avif", "jpeg") and config.images.quality == Quality(fixed={"avif": 50}) and config.images.words
    )
    assert config.images.license == "https://example.org/docs/licence/"
    assert config.images.acquire_license_page == "https://example.com/buy"
    assert config.defaults.palette == (Swatch(colour="#008080"), Swatch(colour="#aabbcc", weight=2.0))
    assert config.defaults.rights == Rights(holder="Demo Ltd", expires="2030-01-01")
    assert config.defaults.negative == ("blur",) and config.defaults.profile == "house"
    assert config.engines == {"sketch": {"grain": 2}} and config.gates == {"noise": {"level": "warning", "limit": 0.2}}
    assert config.levels == {"image-alt-missing": Level.WARNING, "brief-unused": Level.OFF}
    assert config.store == "/var/cache/aibild" and config.store_max_bytes == 3 * 2**29
    assert config.output == "public/site" and not config.pictures_json
    assert config.limit_seconds == 60.0 and config.limit_images == 4


def test_the_least_that_a_file_must_say(tmp_path: Path) -> None:
    config = good(tmp_path, '[site]\nname = "Demo"\nbase_url = "https://example.org"\n')
    assert [language.code for language in config.languages] == ["en"]
    assert config.output == "dist" and config.store == ".aibild/store" and config.limit_seconds is None
    assert [name for name, slot in config.slots.items() if slot.priority] == ["hero"]
    assert all(slot.breakpoints[0].min_width == 0 for slot in config.slots.values())


def test_languages_as_tables(tmp_path: Path) -> None:
    config = good(
        tmp_path,
        '[site]\nname = "x"\nbase_url = "https://x.org/"\n'
        'languages = [{code = "pt-BR", name = "Brasileiro"}, {code = "he", prefix = "iw"}, {code = "az-Arab", dir = "rtl"}]\n',
    )
    assert [(one.code, one.name, one.prefix, one.dir) for one in config.languages] == [
        ("pt-BR", "Brasileiro", "", "ltr"),
        ("he", "עברית", "iw", "rtl"),
        ("az-Arab", "az-Arab", "az-Arab", "rtl"),
    ]


def test_a_base_url_from_the_command_line(tmp_path: Path) -> None:
    assert good(tmp_path, HEAD, "http://localhost:8000/x").base_url == "http://localhost:8000/x/"
    _, findings = read(tmp_path, HEAD, "example.org")
    assert [finding.message for finding in findings] == [
        'expected --base-url as address https://… without query and fragment, got "example.org"'
    ]


def test_another_priority_slot_takes_the_place_of_the_hero(tmp_path: Path) -> None:
    config = good(tmp_path, HEAD + '[slots.banner]\npriority = true\nbreakpoints = [{ratio = "3:1", width = "50vw"}]\n')
    assert [name for name, slot in config.slots.items() if slot.priority] == ["banner"]


def test_no_file(tmp_path: Path) -> None:
    config, findings = read_config(tmp_path)
    assert config is None
    assert [(finding.rule, finding.hint) for finding in findings] == [
        ("source-missing", "`aibild init` writes a small site to begin with")
    ]


def test_a_file_that_cannot_be_parsed(tmp_path: Path) -> None:
    (tmp_path / "aibild.toml").write_text("[site\n")
    config, findings = read_config(tmp_path)
    assert config is None
    assert [(finding.rule, str(finding.origin)) for finding in findings] == [("source-syntax", "aibild.toml:1")]


BREAKPOINTS = '[slots.a]\nbreakpoints = [{min = 0, ratio = "1:1", width = "100vw"}, '


@pytest.mark.parametrize(
    ("text", "line", "rule", "words"),
    [
        ('[site]\nbase_url = "https://x.org/"\n', 1, "source-missing", "expected site.name as text"),
        ('[site]\nname = "x"\n', 1, "source-missing", "expected site.base_url as address"),
        (HEAD.replace("https://example.org/", "ftp://x.org/"), 3, "source-value", "expected site.base_url as address"),
        (HEAD.replace("https://example.org/", "https://x.org/?q"), 3, "source-value", "without query"),
        (HEAD.replace('"de"', '"de_at"'), 4, "source-value", "expected site.languages[1] as language code (BCP 47)"),
        (HEAD.replace('"de"', '"en"'), 4, "source-duplicate", "expected each language once, got `en` again"),
        (HEAD.replace('["en", "de"]', "[]"), 4, "source-value", "expected site.languages as list of language codes"),
        (
            HEAD + 'description = {fr = "x"}\n',
            5,
            "source-reference",
            "expected site.description in languages of the site (en, de)",
        ),
        (HEAD + 'time_zone = "Europe/Berln"\n', 5, "source-value", "expected site.time_zone as time zone"),
        (HEAD + "[menus]\nmain = [{}]\n", 6, "source-value", "expected either `page` or `url` in menus.main[0], got neither"),
        (HEAD + '[menus]\nmain = [{page="a", url="/b"}]\n', 6, "source-value", "got both"),
        (HEAD + '[menus]\nmain = [{url="/b"}]\n', 6, "source-missing", "expected menus.main[0].label as text"),
        (HEAD + '[menus]\nmain = [{url="b", label="B"}]\n', 6, "source-value", "expected menus.main[0].url as address"),
        (HEAD + '[menus]\nmain = "a"\n', 6, "source-value", "expected menus.main as list of tables"),
        (HEAD + "[slots.a]\npriority = false\n", 5, "source-missing", "expected slots.a.breakpoints as list of tables"),
        (
            HEAD + '[slots.a]\nbreakpoints = [{min = 5, ratio = "1:1", width = "1px"}]\n',
            6,
            "source-value",
            "0 in the first breakpoint",
        ),
        (
            HEAD + BREAKPOINTS + '{min = 0, ratio = "1:1", width = "1px"}]\n',
            6,
            "source-value",
            "as more than 0, the breakpoint before",
        ),
        (HEAD + BREAKPOINTS + '{min = 9, ratio = "1x1", width = "1px"}]\n', 6, "source-value", "as ratio of whole numbers"),
        (HEAD + BREAKPOINTS + '{min = 9, ratio = "1:0", width = "1px"}]\n', 6, "source-value", "as ratio of whole numbers"),
        (
            HEAD + BREAKPOINTS + '{min = 9, ratio = "1:1", width = "50%"}]\n',
            6,
            "source-value",
            "as sum of vw (0–100), px and rem",
        ),
        (HEAD + BREAKPOINTS + '{min = 9, ratio = "1:1", width = "100vw 4px"}]\n', 6, "source-value", "as sum of vw"),
        (HEAD + BREAKPOINTS + '{min = 9, ratio = "1:1", width = "120vw"}]\n', 6, "source-value", "as sum of vw"),
        (
            HEAD + BREAKPOINTS + '{min = 9, ratio = "1:1", width = "10vw - 64px"}]\n',
            6,
            "source-value",
            "leaves something at 320 px",
        ),
        (
            HEAD + BREAKPOINTS + '{min = 9, ratio = "1:1", width = "1px", max = "4vw"}]\n',
            6,
            "source-value",
            "as length in px or rem",
        ),
        (HEAD + BREAKPOINTS + ']\nalso = ["crad"]\n', 7, "source-reference", "expected slots.a.also[0] as another slot"),
        (HEAD + BREAKPOINTS + ']\nalso = ["a"]\n', 7, "source-reference", "as another slot"),
        (HEAD + BREAKPOINTS + ']\nformats = ["png"]\n', 7, "source-value", "as one of images.formats"),
        (HEAD + BREAKPOINTS.replace("slots.a", "slots.A_b") + "]\n", 5, "source-value", "slot names in kebab-case"),
        (
            HEAD + '[images]\nformats = ["avif", "jpg"]\n',
            6,
            "source-value",
            "expected images.formats[1] as one of avif, webp, jpeg, png",
        ),
        (HEAD + '[images]\nformats = ["avif"]\n', 6, "source-value", "expected images.formats with jpeg"),
        (HEAD + '[images]\nformats = ["jpeg", "jpeg"]\n', 6, "source-duplicate", "expected each format once"),
        (HEAD + "[images.quality]\navif = 101\n", 6, "source-value", "expected images.quality.avif as integer 1–100"),
        (HEAD + "[images.quality]\ntiff = 1\n", 6, "source-unknown-key", "`images.quality.tiff`"),
        (HEAD + '[images]\nlicense = "CC BY"\n', 6, "source-value", "expected images.license as address"),
        (HEAD + '[images]\nlicense = "//x.org"\n', 6, "source-value", "expected images.license as address"),
        (HEAD + '[briefs]\npalette = ["tael"]\n', 6, "source-value", "expected briefs.palette[0] as colour"),
        (HEAD + "[briefs]\npalette = [{weight = 1}]\n", 6, "source-missing", "expected briefs.palette[0].colour as colour"),
        (HEAD + '[briefs]\npalette = [{colour = "red", weight = 0}]\n', 6, "source-value", "palette[0].weight as number above 0"),
        (HEAD + "[engines]\nsketch = 1\n", 6, "source-value", "expected engines.sketch as table"),
        (HEAD + '[gates.a]\nlevel = "fatal"\n', 6, "source-value", "expected gates.a.level as one of error, warning, note, off"),
        (HEAD + '[rules]\na = "fatal"\n', 6, "source-value", "expected rules.a as one of error"),
        (HEAD + '[rules]\nsource-syntax = "off"\n', 6, "source-value", "expected a rule whose level can be set"),
        (HEAD + '[rules]\nA_b = "off"\n', 6, "source-value", "expected rule ids in kebab-case"),
        (HEAD + '[store]\npath = "../x"\n', 6, "source-path", "expected store.path as folder inside the project"),
        (HEAD + '[store]\nmax_size = "2 gigs"\n', 6, "source-value", "expected store.max_size as size"),
        (HEAD + '[output]\ndir = "/tmp/x"\n', 6, "source-path", "expected output.dir as folder inside the project"),
        (HEAD + '[output]\ndir = "a/../.."\n', 6, "source-path", "expected output.dir as folder inside the project"),
        (HEAD + '[output]\ndir = "site"\n', 6, "source-path", "expected output.dir as folder of its own"),
        (HEAD + "[limits]\nseconds = -1\n", 6, "source-value", "expected limits.seconds as number of at least 0"),
        (HEAD + "[limit]\nseconds = 1\n", 5, "source-unknown-key", "got `limit`"),
    ],
)
def test_each_fault_has_its_sentence_and_place(tmp_path: Path, text: str, line: int, rule: str, words: str) -> None:
    config, (finding,) = read(tmp_path, text)
    assert (finding.rule, str(finding.origin)) == (rule, f"aibild.toml:{line}")
    assert words in finding.message
    assert finding.level is Level.FATAL
    assert config.languages and config.base_url.endswith("/") and config.slots


def test_two_priority_slots(tmp_path: Path) -> None:
    one = '[slots.{}]\npriority = true\nbreakpoints = [{{ratio = "1:1", width = "1px"}}]\n'
    _, (finding,) = read(tmp_path, HEAD + one.format("a") + one.format("b"))
    assert (finding.message, str(finding.origin)) == ("expected at most one priority slot, got `a` and `b`", "aibild.toml:9")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    _, findings = read(tmp_path, '[site]\nnane = "x"\nbase_url = 5\n[output]\ndir = "site"\n[rules]\na = "b"\n')
    assert [finding.origin.line for finding in findings if finding.origin] == sorted(
        finding.origin.line or 0 for finding in findings if finding.origin
    )
    assert len(findings) == 5


def test_the_digest_covers_what_a_page_may_show_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    digest = good(tmp_path, HEAD).digest
    unseen = '[store]\npath = "x"\n[output]\ndir = "y"\n[limits]\nimages = 1\n[gates.a]\nlimit = 1\n'
    unseen += '[engines.hosted]\nkey = "secret"\n[rules]\na = "off"\n'
    assert good(tmp_path / "other", HEAD + unseen).digest == digest
    settings = ('description = "x"\n', '[images]\ncredit = "x"\n', "[menus]\nmain = []\n", '[site.theme]\naccent = "red"\n')
    for shown in settings:
        assert good(tmp_path, HEAD + shown).digest != digest
    assert good(tmp_path, HEAD, "https://example.org/x/").digest != digest


def test_what_stands_beside_the_pages(tmp_path: Path) -> None:
    config = good(tmp_path, HEAD)
    assert (config.feeds, config.headers, config.compress, config.version_query) == (True, False, (), False)
    text = '[output]\nfeeds = false\nheaders = true\ncompress = ["gzip", "br", "gzip"]\nversion_query = true\n'
    config = good(tmp_path, HEAD + text)
    assert (config.feeds, config.headers, config.compress, config.version_query) == (False, True, ("gzip", "br"), True)


def test_the_vocabulary_of_tags(tmp_path: Path) -> None:
    tags = 'harbour = {en = "Harbour", de = "Hafen"}\nred-boats = "Red"\n'
    text = f"[taxonomy]\nhubs = false\npaginate = 0\n[taxonomy.tags]\n{tags}"
    taxonomy = good(tmp_path, HEAD + text).taxonomy
    assert taxonomy.tags == {"harbour": {"en": "Harbour", "de": "Hafen"}, "red-boats": {"en": "Red"}}
    assert (taxonomy.hubs, taxonomy.paginate) == (False, 0)
    assert good(tmp_path, HEAD).digest != good(tmp_path, HEAD + text).digest


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('[output]\ncompress = ["gz"]\n', 'expected output.compress[0] as one of gzip, br, got "gz"', "did you mean `gzip`?"),
        ("[output]\ncompress = 1\n", "expected output.compress as list of text, got 1", ""),
        ('[output]\nheaders = "yes"\n', 'expected output.headers as true or false, got "yes"', ""),
        ("[taxonomy]\npaginate = -1\n", "expected taxonomy.paginate as integer 0–1000, got -1", ""),
        ('[taxonomy.tags]\n"Red Boats" = "x"\n', "expected tags in kebab-case", "a tag is part of an address"),
        ('[taxonomy.tags]\nred = {fr = "rouge"}\n', "got `fr`", "known: de, en"),
        ("[taxonomy]\ntags = 1\n", "expected taxonomy.tags as table, got 1", ""),
        ("[taxonomy]\ntag = {}\n", "expected a known key, got `taxonomy.tag`", "did you mean `tags`?"),
    ],
)
def test_faults_of_output_and_taxonomy(tmp_path: Path, text: str, message: str, hint: str) -> None:
    (finding,) = read(tmp_path, HEAD + text)[1]
    assert message in finding.message and hint in finding.hint
