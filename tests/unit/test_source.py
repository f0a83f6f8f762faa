"""Reading what users write: values, the place of each key, and a sentence for everything that is wrong."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml12
from PIL import ImageColor

from aibild_build.model import Finding, Json, Level
from aibild_build.source import (
    CSS_COLOURS,
    MAX_SOURCE_BYTES,
    Document,
    Fields,
    colour_hex,
    nearest,
    read_text,
    read_toml,
    read_yaml,
    shown,
)
from aibild_build.source.toml_positions import toml_positions
from aibild_build.source.yaml_positions import yaml_positions


def yaml(text: str) -> Document:
    document, findings = read_yaml(text, "a.yaml")
    assert document is not None and not findings, findings
    return document


def toml(text: str) -> Document:
    document, findings = read_toml(text, "a.toml")
    assert document is not None and not findings, findings
    return document


def told(findings: tuple[Finding, ...]) -> list[str]:
    assert all(finding.level is Level.FATAL and finding.rule.startswith("source-") for finding in findings)
    return [f"{finding.origin}: {finding.rule}: {finding.message}" for finding in findings]


def paths(value: Json, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if at:
        yield at
    if isinstance(value, dict):
        for name, item in value.items():
            yield from paths(item, (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*at, index))


BLOCKS = """\
# a comment with key: value
subject: a b:c # not: a key
"quoted key": 1
'sq ''k': 2
"tab\\tkey": 3
list:
- a
- b: 1
  c: 2
-
  d: 3
- - x
  - y: 1
nested:
    deep: |
      not: key

      more: text
    after: >-
      also: not
    url: http://x.y/z#frag
    plain: goes on
      here
    last: it's "here"

flow: {a: 1, "b":2, c: [1, {d: 3,
   e: 4}], f}
text: "several
  lines: of text
 x: y"
anchor: &x
  k: v
again: *x
tag: !!str 5
dash: -1
empty:
end: 'x'
"""


@pytest.mark.parametrize(
    ("keys", "start"),
    [
        (("subject",), "subject:"),
        (("quoted key",), '"quoted key"'),
        (("sq 'k",), "'sq"),
        (("tab\tkey",), '"tab'),
        (("list",), "list:"),
        (("list", 1), "- b: 1"),
        (("list", 1, "c"), "  c: 2"),
        (("list", 2, "d"), "  d: 3"),
        (("list", 3, 1, "y"), "  - y: 1"),
        (("nested", "deep"), "    deep:"),
        (("nested", "after"), "    after:"),
        (("nested", "plain"), "    plain:"),
        (("nested", "last"), "    last:"),
        (("flow", "b"), "flow:"),
        (("flow", "c", 1, "e"), "   e: 4"),
        (("flow", "f"), "   e: 4"),
        (("anchor", "k"), "  k: v"),
        (("again", "k"), "again:"),
        (("end",), "end:"),
        (("list", 1, "unwritten"), "- b: 1"),
        (("end", 5, "x"), "end:"),
    ],
)
def test_line_of_each_key_in_yaml(keys: tuple[str | int, ...], start: str) -> None:
    line = yaml(BLOCKS).line_of(*keys)
    assert line is not None
    assert BLOCKS.split("\n")[line - 1].startswith(start)


def test_lines_count_from_where_the_text_begins() -> None:
    document, _ = read_yaml("a: 1\nb: 2\n", "page.md", first_line=2)
    assert document is not None
    assert (document.line_of("a"), document.line_of("b"), document.line_of(), document.line_of("c")) == (2, 3, 2, 2)


def random_value(pick: random.Random, depth: int) -> Json:
    words = [
        "a",
        "b c",
        "it's",
        'say "x"',
        "k: v",
        "# no",
        "- no",
        "",
        "yes",
        "12",
        "x\ny: z\n",
        "a, b",
        "{x}",
        "[y]",
        "&a",
        "*b",
        "é",
        "~",
        "!t",
    ]
    kind = pick.choice(["text", "text", "number", "list", "table", "table"]) if depth else "text"
    if kind == "text":
        return pick.choice(words)
    if kind == "number":
        return pick.choice([1, -2.5, True, None])
    if kind == "list":
        return [random_value(pick, depth - 1) for _ in range(pick.randrange(4))]
    return {pick.choice(words) or "k": random_value(pick, depth - 1) for _ in range(pick.randrange(5))}


@pytest.mark.parametrize("written", ["block", "flow", "flow on many lines"])
def test_positions_agree_with_the_loader_on_random_documents(written: str) -> None:
    pick = random.Random(written)
    for _ in range(150):
        value = {"first": random_value(pick, 3), "second": random_value(pick, 3)}
        if written == "block":
            text = yaml12.format_yaml(value)
        else:
            text = json.dumps(value, ensure_ascii=False, indent=2 if "many" in written else None)
        document = yaml(text)
        positions = document.positions()
        assert sorted(map(str, positions.lines)) == sorted(map(str, paths(dict(document.values)))), text
        assert not positions.duplicates


TOML = """\
a = 1
b.c = "x"
"q.k" = [1,
 {x = 1, y.z = \"\"\"a
] = \"\"\"},
]
[t.u] # c
d = 2020-01-01
when = 2020-01-01T10:00:00Z
[[s]]
n = 1
[s.sub]
m = 2
[[s]]
n = 2
[[s.inner]]
k = 'x'
[[s.inner]]
k = '''
[no]
'''
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("a",), 1),
        (("b", "c"), 2),
        (("q.k", 1, "x"), 4),
        (("q.k", 1, "y", "z"), 4),
        (("t", "u"), 7),
        (("t", "u", "d"), 8),
        (("s", 0, "sub", "m"), 13),
        (("s", 1), 14),
        (("s", 1, "inner", 1, "k"), 19),
        (("s", 1, "inner", 1, "other"), 18),
    ],
)
def test_line_of_each_key_in_toml(keys: tuple[str | int, ...], line: int) -> None:
    assert toml(TOML).line_of(*keys) == line


def test_toml_positions_name_every_key() -> None:
    document = toml(TOML)
    assert set(paths(dict(document.values))) == set(document.positions().lines)


def test_yaml_is_version_1_2_and_days_stay_text() -> None:
    assert yaml("a: yes\nb: 2024-01-01\nc: 0o17\nd: 12:30\n").values == {"a": "yes", "b": "2024-01-01", "c": 15, "d": "12:30"}
    assert yaml("").values == {} and yaml("# only this\n").values == {} and yaml("---\na: 1\n").values == {"a": 1}
    assert toml(TOML).values["t"] == {"u": {"d": "2020-01-01", "when": "2020-01-01T10:00:00+00:00"}}


@pytest.mark.parametrize(
    ("text", "line", "rule", "words"),
    [
        ("a: b: c\n", 1, "source-syntax", "mapping values are not allowed"),
        ("a: 1\nb: [1,\nc: 2\n", 3, "source-syntax", "got an error at column"),
        ("a: 'x\n", 1, "source-syntax", "quoted scalar"),
        ("a:\n\tb: 1\n", 2, "source-syntax", "tabs"),
        ("a: 1\nb: 2\na: 3\n", 3, "source-duplicate", "expected a once, got it again"),
        ("x:\n  - a: 1\n    b: 2\n    a: 3\n", 4, "source-duplicate", "expected x[0].a once"),
        ("x: {a: 1, b: 2,\n a: 3}\n", 2, "source-duplicate", "expected x.a once"),
        ('a: 1\n"a": 2\n', 2, "source-duplicate", "expected a once"),
        ("a:b: 1\na:b: 2\n", 2, "source-duplicate", "expected a:b once"),
        ("&x a: 1\na: 2\n", 2, "source-duplicate", "expected a once"),
        ("- a\n- b\n", 1, "source-value", "expected keys with values at the top of the file, got"),
        ("just words\n", 1, "source-value", "expected keys with values"),
        ("a: 1\nb: !mine x\n", 2, "source-value", "expected b as plain value, got one with the tag !mine"),
        ("a: .nan\n", 1, "source-value", "expected a as finite number, got nan"),
        ("a: 9007199254740993\n", 1, "source-value", "expected a as integer within"),
        ("a:\n  1: x\n", 1, "source-value", "expected keys as text, got 1"),
        ("a: 1\n---\nb: 2\n", 2, "source-syntax", "expected one YAML document"),
        ("a: &a [1]\nb: [" + "*a, " * 40 + "]\n", 1, "source-syntax", "expected at most 32 aliases"),
    ],
)
def test_yaml_that_cannot_be_used(text: str, line: int, rule: str, words: str) -> None:
    _, findings = read_yaml(text, "a.yaml")
    assert [(finding.rule, str(finding.origin)) for finding in findings] == [(rule, f"a.yaml:{line}")]
    assert words in findings[0].message


def test_equal_keys_of_different_tables_are_no_duplicates() -> None:
    document = yaml("x:\n- a: 1\n- a: 2\ny: {a: 1}\nz: [{a: 1}, {a: 2}]\nt: |\n  a: 1\n  a: 2\nu:\n  a: 1\nv:\n  a: 1\n")
    assert set(document.values) == {"x", "y", "z", "t", "u", "v"}


def test_looking_for_places_ends_on_any_text() -> None:
    pick = random.Random(1)
    for _ in range(400):
        text = "".join(pick.choice("ab:-#{}[],'\"|>&*! \n\n  \t?=.") for _ in range(pick.randrange(60)))
        for places in (yaml_positions(text), toml_positions(text)):
            assert places is not None


def test_a_duplicate_does_not_hide_the_other_faults_of_its_file() -> None:
    document, findings = read_yaml("a: 1\na: x\n", "a.yaml")
    assert document is not None and len(findings) == 1


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("a = \n", 1, "source-syntax"),
        ("a = 1\na = 2\n", 2, "source-duplicate"),
        ("[a]\n[a]\n", 2, "source-duplicate"),
        ("a = nan", 1, "source-value"),
    ],
)
def test_toml_that_cannot_be_used(text: str, line: int, rule: str) -> None:
    document, findings = read_toml(text, "a.toml")
    assert document is None
    assert [(finding.rule, str(finding.origin)) for finding in findings] == [(rule, f"a.toml:{line}")]


def test_text_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbfone\r\ntwo\n")
    assert read_text(tmp_path, "a.md") == ("one\ntwo\n", ())


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("none.md", "source-missing"),
        ("folder", "source-missing"),
        ("../x", "source-path"),
        ("/etc/passwd", "source-path"),
        ("out.md", "source-path"),
        ("latin.md", "source-encoding"),
        ("big.md", "source-path"),
    ],
)
def test_text_that_cannot_be_read(tmp_path: Path, path: str, rule: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "folder").mkdir()
    (tmp_path / "secret").write_text("x")
    os.symlink(tmp_path / "secret", root / "out.md")
    (root / "latin.md").write_bytes("one\ngr\xfc\xdfe".encode("latin-1"))
    with (root / "big.md").open("wb") as file:
        file.truncate(MAX_SOURCE_BYTES + 1)
    text, findings = read_text(root, path)
    assert text is None
    assert [finding.rule for finding in findings] == [rule]
    if rule == "source-encoding":
        assert str(findings[0].origin) == "latin.md:2"


def test_fields_of_every_kind() -> None:
    fields = Fields(
        yaml(
            "text: ' x '\ntexts: [a, b]\none: a\nwhole: 3\nnumber: 2\nflag: true\nchoice: crop\ncolour: Teal\nshort: '#ABC'\n"
            "day: 2026-11-23\nmoment: 2026-11-23T10:00:00+01:00\nwords: {en: x, de: y}\nword: z\ntable: {a: {b: 1}}\n"
            "list: [{n: 1}, {n: 2}]\nempty:\n"
        )
    )
    assert fields.text("text") == "x"
    assert fields.texts("texts") == ("a", "b") and fields.texts("one") == ("a",)
    assert fields.whole("whole", low=0, high=3) == 3 and fields.number("number") == 2.0
    assert fields.flag("flag") and fields.choice("choice", ("crop", "pad"), "pad") == "crop"
    assert fields.colour("colour") == "#008080" and fields.colour("short") == "#aabbcc"
    assert fields.day("day") == "2026-11-23" and fields.day("moment") == "2026-11-23T10:00:00+01:00"
    assert fields.by_language("words", ["en", "de"], "en") == {"en": "x", "de": "y"}
    assert fields.by_language("word", ["en", "de"], "en") == {"en": "z"}
    assert [(name, table.whole("b")) for name, table in fields.named("table")] == [("a", 1)]
    assert [table.whole("n") for table in fields.each("list")] == [1, 2]
    assert not fields.has("empty") and not fields.has("absent") and fields.text("empty", "default") == "default"
    assert fields.mapping("absent") == {} and fields.fields("absent").text("x") == ""
    assert fields.finish() == ()


@pytest.mark.parametrize(
    ("ask", "value", "message"),
    [
        ("text", "5", "expected k as text, got 5"),
        ("texts", "[a, 1]", "expected k[1] as text, got 1"),
        ("texts", "{a: 1}", 'expected k as list of text, got {"a": 1}'),
        ("whole", "auto", 'expected k as integer 0–9, got "auto"'),
        ("whole", "10", "expected k as integer 0–9, got 10"),
        ("whole", "true", "expected k as integer 0–9, got true"),
        ("whole", "1.5", "expected k as integer 0–9, got 1.5"),
        ("number", "high", 'expected k as number of at least 0, got "high"'),
        ("number", "-1", "expected k as number of at least 0, got -1"),
        ("flag", "yes", 'expected k as true or false, got "yes"'),
        ("choice", "crob", 'expected k as one of crop, pad, got "crob"'),
        ("colour", "grren", 'expected k as colour (#rgb, #rrggbb or a CSS colour name), got "grren"'),
        ("colour", "'#12345'", 'expected k as colour (#rgb, #rrggbb or a CSS colour name), got "#12345"'),
        ("day", "2026-02-30", 'expected k as day YYYY-MM-DD, or date and time with zone (RFC 3339), got "2026-02-30"'),
        (
            "day",
            "2026-02-20T10:00:00",
            'expected k as day YYYY-MM-DD, or date and time with zone (RFC 3339), got "2026-02-20T10:00:00"',
        ),
        ("day", "20260220", "expected k as day YYYY-MM-DD, or date and time with zone (RFC 3339), got 20260220"),
        ("by_language", "{fr: x}", "expected k in languages of the site (en, de), got `fr`"),
        ("by_language", "{en: 1}", "expected k.en as text, got 1"),
        ("by_language", "[x]", 'expected k as text, or text by language, got ["x"]'),
        ("mapping", "x", 'expected k as table, got "x"'),
        ("each", "[1]", "expected k[0] as table, got 1"),
        ("each", "{a: 1}", 'expected k as list of tables, got {"a": 1}'),
        ("named", "{a: 1}", "expected k.a as table, got 1"),
    ],
)
def test_a_wrong_value_has_its_sentence_and_gives_the_default(ask: str, value: str, message: str) -> None:
    fields = Fields(yaml(f"# first\nk: {value}\n"))
    asked: dict[str, Callable[[], object]] = {
        "text": lambda: fields.text("k"),
        "texts": lambda: fields.texts("k"),
        "whole": lambda: fields.whole("k", 7, low=0, high=9),
        "number": lambda: fields.number("k", 0.5, low=0),
        "flag": lambda: fields.flag("k"),
        "choice": lambda: fields.choice("k", ("crop", "pad"), "pad"),
        "colour": lambda: fields.colour("k"),
        "day": lambda: fields.day("k"),
        "by_language": lambda: fields.by_language("k", ["en", "de"], "en"),
        "mapping": lambda: fields.mapping("k"),
        "each": lambda: fields.each("k"),
        "named": lambda: fields.named("k"),
    }
    assert asked[ask]() in ("", (), 7, 0.5, False, "pad", {}, ("a",))
    (finding,) = fields.finish()
    assert finding.message == message
    assert str(finding.origin) == "a.yaml:2"


def test_unknown_and_missing_keys() -> None:
    fields = Fields(yaml("seed: 1\nrights:\n  hodler: x\nsubjekt: y\n"))
    fields.whole("seed")
    fields.text("subject", required=True)
    fields.text("title", required=True)
    fields.fields("rights").text("holder")
    assert told(fields.finish()) == [
        "a.yaml:1: source-missing: expected subject as text, got nothing",
        "a.yaml:1: source-missing: expected title as text, got nothing",
        "a.yaml:3: source-unknown-key: expected a known key, got `rights.hodler`",
        "a.yaml:4: source-unknown-key: expected a known key, got `subjekt`",
    ]
    assert [finding.hint for finding in fields.findings if finding.rule == "source-unknown-key"] == [
        "did you mean `subject`?",
        "did you mean `holder`?",
    ]
    assert len(fields.finish()) == 4, "finish tells nothing twice"


def test_own_checks_speak_with_the_place_of_their_key() -> None:
    fields = Fields(yaml("a:\n  b:\n  - x\n  - y\n"), ("a",))
    fields.wrong(("b", 1), "page of this site", hint="look", rule="source-reference")
    (finding,) = fields.findings
    assert finding.message == 'expected a.b[1] as page of this site, got "y"'
    assert (str(finding.origin), finding.rule, finding.hint) == ("a.yaml:4", "source-reference", "look")
    assert fields.line("b") == 2 and fields.line() == 1


def test_nearest_known_name() -> None:
    assert nearest("sed", ["seed", "size", "setting"]) == "seed"
    assert nearest("Seed", ["seed", "size"]) == "seed"
    assert nearest("zebra", ["seed", "size"]) == "" and nearest("x", []) == ""


def test_values_as_messages_quote_them() -> None:
    assert [shown(value) for value in (None, True, 1.5, 'a"b', [1, 2])] == ["nothing", "true", "1.5", '"a\\"b"', "[1, 2]"]
    assert len(shown("x" * 500)) == 60 and shown(list(range(100))) == "a list" and shown({"k": "x" * 100}) == "a table"


def test_colour_names_are_those_of_css() -> None:
    known = {name: "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(name)) for name in ImageColor.colormap}
    assert known == CSS_COLOURS
    assert colour_hex(" RebeccaPurple ") == "#663399" and colour_hex("#12") is None and colour_hex("transparent") is None
