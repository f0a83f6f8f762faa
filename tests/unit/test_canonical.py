"""Canonical JSON: one byte string for one value (RFC 8785)."""

from __future__ import annotations

import hashlib
import json
import math
import random
import struct

import pytest

from aibild_build.canonical import canonical, digest_of, key_of


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (10.0, "10"),
        (100.25, "100.25"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (123456e-12, "1.23456e-7"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e21, "1.25e+21"),
        (-1e21, "-1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (333333333.3333333, "333333333.3333333"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (2**53 - 1, "9007199254740991"),
        (-(2**53 - 1), "-9007199254740991"),
        (9007199254740992.0, "9007199254740992"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
    ],
)
def test_numbers_and_words_as_ecmascript_writes_them(number: float | None, text: str) -> None:
    assert canonical(number) == text.encode()


def test_every_number_reads_back_as_itself() -> None:
    pick = random.Random(8785)
    for _ in range(3000):
        (number,) = struct.unpack("<d", pick.randbytes(8))
        if math.isfinite(number):
            assert float(canonical(number)) == number


def test_keys_are_sorted_by_utf16_units_at_every_depth() -> None:
    # U+1F600 is written as the surrogates D83D DE00 and so comes before U+FB33, though its code point is higher.
    value = {"\ufb33": 1, "\U0001f600": 2, "b": {"z": 1, "B": 2, "a": 3, "10": 4, "9": 5}, "\u20ac": 3, "\r": 4, "": 5}
    text = canonical(value).decode()
    assert text == '{"":5,"\\r":4,"b":{"10":4,"9":5,"B":2,"a":3,"z":1},"€":3,"\U0001f600":2,"\ufb33":1}'


def test_text_is_escaped_only_where_it_must_be() -> None:
    assert canonical('"\\/\b\f\n\r\t\x01\x1f\x7f é €') == '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f é €"'.encode()


def test_order_and_kind_of_sequence_make_no_difference_where_json_has_none() -> None:
    assert canonical({"a": 1, "b": (1, 2)}) == canonical({"b": [1, 2], "a": 1.0}) == b'{"a":1,"b":[1,2]}'
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 2, "b": 1})


def test_key_and_digest_are_sha256() -> None:
    assert key_of({"k": [1, "x"]}) == hashlib.sha256(b'{"k":[1,"x"]}').hexdigest()
    assert digest_of(b"x") == hashlib.sha256(b"x").hexdigest()
    assert json.loads(canonical({"deep": [{"a": None}]})) == {"deep": [{"a": None}]}


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53,
        -(2**53),
        {1: 2},
        {None: 1},
        b"bytes",
        {1, 2},
        object(),
        "\ud800",
        {"\udfff": 1},
        [[math.nan]],
    ],
)
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)
