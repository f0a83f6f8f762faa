"""Rows of feeds in every format, with their lines; what is broken costs itself alone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aibild_build.feeds import Row, format_of, read_rows, read_template
from aibild_build.feeds.template import Template, slug
from aibild_build.model import Finding, Level
from aibild_build.source import Fields, read_yaml


def rows(data: str | bytes, format: str, items: str = "") -> tuple[list[tuple[int | None, dict[str, Any]]], list[str]]:
    """(line, values) of each row, and `line: message` of each finding."""
    found = list(read_rows(data.encode() if isinstance(data, str) else data, format, "feed", items))
    good = [(one.line, dict(one.values)) for one in found if isinstance(one, Row)]
    bad = [one for one in found if isinstance(one, Finding)]
    assert all(one.level is Level.ERROR and one.rule == "feed-row" and one.origin for one in bad)
    return good, [f"{one.origin.line if one.origin else None}: {one.message}" for one in bad]


@pytest.mark.parametrize(
    ("path", "kind", "format"),
    [
        ("shop.CSV", "", "csv"),
        ("shop", "text/csv; charset=utf-8", "csv"),
        ("rows", "application/hal+json", "json"),
        ("a.ndjson", "", "jsonl"),
        ("a.xml", "application/json", "json"),
        ("a.rss", "text/plain", "xml"),
        ("a.pdf", "", ""),
    ],
)
def test_format_by_type_or_name(path: str, kind: str, format: str) -> None:
    assert format_of(path, kind) == format


@pytest.mark.parametrize(
    "text",
    [
        "sku,title\n1,One\n2,Two\n",
        "\ufeffsku;title\r\n1;One\r\n2;Two\r\n",
        "sku\ttitle\n1\tOne\n2\tTwo",
        "sku|title\n1| One \n2|Two\n",
    ],
)
def test_csv_in_its_manners(text: str) -> None:
    good, bad = rows(text, "csv")
    assert not bad and good == [(2, {"sku": "1", "title": "One"}), (3, {"sku": "2", "title": "Two"})]


def test_csv_rows_over_several_lines_keep_their_line() -> None:
    good, bad = rows('sku,title\n1,"two\nlines"\n\n,,\n3,Three\n4\n5,"a ""b"""\n', "csv")
    assert good == [
        (2, {"sku": "1", "title": "two\nlines"}),
        (6, {"sku": "3", "title": "Three"}),
        (8, {"sku": "5", "title": 'a "b"'}),
    ]
    assert bad == ["7: expected 2 columns, got 1"], "a row of nothing is passed over"


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (b"", ["1: expected names of columns in the first line, got none"]),
        (b"sku,sku\n1,2\n", ['1: expected each column once, got "sku" again']),
        (
            b"sku,title\n1,caf\xe9\n2,Two\n",
            ["2: expected UTF-8 text, got byte 0xe9", "2: expected UTF-8 text, got other bytes"],
        ),
        (b'sku,title\n1,"a" b\n2,Two\n', ["2: expected a row of CSV, got an error: ',' expected after '\"'"]),
    ],
)
def test_broken_csv(data: bytes, messages: list[str]) -> None:
    good, bad = rows(data, "csv")
    assert bad == messages
    assert [values["title"] for _, values in good] == (["Two"] if b"Two" in data else [])


def test_json_lists_have_lines_and_a_broken_row_ends_them() -> None:
    good, bad = rows('[\n {"sku": 1},\n {"sku": 2,\n  "x": {"y": [1]}},\n 7,\n {"sku": 3}\n]', "json")
    assert good == [(2, {"sku": 1}), (3, {"sku": 2, "x": {"y": [1]}}), (6, {"sku": 3})]
    assert bad == ["5: expected row 3 as JSON object, got 7"]
    good, bad = rows('[\n {"sku": 1},\n {"sku": }\n]', "json")
    assert good == [(2, {"sku": 1})] and bad == ["3: expected JSON, got an error: expecting value"]
    assert rows('[{"sku": 1} {"sku": 2}]', "json")[1] == ['1: expected `,` or `]` after a row, got "{"']
    assert rows('[{"sku": NaN}]', "json")[1] == ["1: expected JSON, got an error: the number NaN is none of JSON's"]
    assert rows("[]", "json") == ([], [])


def test_json_rows_inside_of_an_object() -> None:
    good, bad = rows('{"data": {"rows": [{"sku": 1}]}}', "json", "data.rows")
    assert good == [(None, {"sku": 1})] and not bad
    assert rows('{"data": 1}', "json", "data.rows")[1] == ['1: expected a list of rows at "data.rows", got nothing']
    assert rows('{"data": 1}', "json")[1] == ['1: expected a list of rows at the top, got {"data": 1}']


def test_json_lines() -> None:
    good, bad = rows(b'\xef\xbb\xbf{"sku": 1}\n\n{"sku": \n[1]\n{"sku": "\xff"}\n{"sku": 2}', "jsonl")
    assert good == [(1, {"sku": 1}), (6, {"sku": 2})]
    assert bad == [
        "3: expected one JSON object a line, got an error: expecting value",
        "4: expected row 3 as JSON object, got [1]",
        "5: expected one JSON object a line, got an error: it is not UTF-8",
    ]


MERCHANT = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item>
 <g:id>A1</g:id><title>Walker &amp; Co</title>
 <g:additional_image_link>https://a/1</g:additional_image_link>
 <g:additional_image_link>https://a/2</g:additional_image_link>
 <g:shipping><g:country>DE</g:country></g:shipping>
 <description><![CDATA[<b>bold</b>]]></description>
</item>
<item><g:id>A2</g:id></item>
</channel></rss>"""


def test_a_merchant_feed() -> None:
    good, bad = rows(MERCHANT, "xml")
    first = {
        "id": "A1",
        "title": "Walker & Co",
        "additional_image_link": ["https://a/1", "https://a/2"],
        "shipping": {"country": "DE"},
        "description": "<b>bold</b>",
    }
    assert not bad and good == [(3, first), (10, {"id": "A2"})]
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><link href="https://a/"/></entry></feed>'
    assert rows(atom, "xml")[0] == [(1, {"id": "1", "link": "https://a/"})]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MERCHANT.replace("</channel>", "</chanel>"), "11: expected XML, got an error: mismatched tag"),
        ("<rss><channel/></rss>", "1: expected <item> or <entry> elements, got none"),
        ('<!DOCTYPE r [<!ENTITY a "aaaa">]><r><item>&a;</item></r>', "1: expected XML without a document type, got one"),
        ("", "1: expected XML, got an error: no element found"),
    ],
)
def test_broken_xml(text: str, message: str) -> None:
    good, bad = rows(text, "xml")
    assert bad == [message]
    assert len(good) == (2 if "</chanel>" in text else 0), "rows before the fault are used"


def template(text: str) -> tuple[Template | None, tuple[Finding, ...]]:
    document, found = read_yaml(text, "briefs/feeds/shoes.yaml")
    assert document is not None and not found
    return read_template(Fields(document), "shoes", "briefs/feeds/shoes.yaml")


def made(text: str, **values: Any) -> dict[str, Any]:
    read, findings = template(f'id: "{{{{ sku }}}}"\nbrief:\n{text}')
    assert read is not None, findings
    return read.values_of(Row(values=values, number=1), lambda address: f"got/{address}")


def test_values_come_as_what_they_are() -> None:
    text = '  subject: "{{ t }} in {{ c | lower }}"\n  seed: "{{ n | int }}"\n  size: [640, 360]\n  tags: "{{ tags }}"\n'
    assert made(text, t="A\n  walker", c="RED", n="4", tags=["a"]) == {
        "subject": "A walker in red",
        "seed": 4,
        "size": [640, 360],
        "tags": ["a"],
    }
    assert made('  file: "{{ pictures | fetch }}"\n', pictures=["https://a/1", "https://a/2"]) == {"file": "got/https://a/1"}
    assert made('  alt: {en: "{{ t }}", de: "{{ d | default(\'\') }}"}\n  caption: {en: "{{ e }}"}\n', t="A", e="") == {
        "alt": {"en": "A"}
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('  subject: "{{ colour }}"\n', "expected a value for `colour`, got none"),
        ('  subject: "a {{ colour }}"\n', "expected a value for `colour`, got none"),
        ('  seed: "{{ 1 // 0 }}"\n', "the template failed on this row"),
        ('  subject: "{{ t }}"\n', "expected text, got the control character U+0001"),
        ('  subject: "{{ t.__class__.__mro__ }} x"\n', "the template failed on this row"),
    ],
)
def test_rows_that_lack_something(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        made(text, t="\x01")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("brief: {subject: x}\n", "expected id as text, got nothing"),
        ("id: shoe\nbrief: {subject: x}\n", "expected id with a column in it, like `{{ sku }}`, got"),
        ('id: "{{ sku }}"\n', "expected brief as table of a brief's keys, got nothing"),
        ('id: "{{ sku }}"\nbrief: {subject: "{{ a"}\n', "expected Jinja2, got an error"),
        ('id: "{{ sku }}"\nbrief: {subject: a}\nkeep: nothing\n', "expected keep as one of files, collection"),
        ('id: "{{ sku }}"\nbrief: {subject: a}\nhost: a\n', "expected a known key, got `host`"),
    ],
)
def test_templates_that_are_none(text: str, message: str) -> None:
    read, findings = template(text)
    assert read is None and message in " ".join(finding.message for finding in findings)


@pytest.mark.parametrize(
    ("text", "id"),
    [("Größe 42/Blau", "grosse-42-blau"), ("  A__b ", "a-b"), ("Łódź Café", "lodz-cafe"), ("鞋", ""), ("4.50", "4-50")],
)
def test_slugs(text: str, id: str) -> None:
    assert slug(text) == id
