"""Canonical JSON and the two kinds of name made from it.

Takes plain JSON values, yields the one byte string that RFC 8785 (JSON Canonicalization Scheme) gives them. Every key in aibild
is the SHA-256 of such bytes, so two machines that ask for the same thing ask under the same name.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

_MAX_INTEGER = 2**53 - 1
_plain = json.JSONEncoder(ensure_ascii=False).encode


def canonical(value: object) -> bytes:
    """The canonical UTF-8 bytes of a JSON value (RFC 8785).

    Mappings are sorted by the UTF-16 code units of their keys (section 3.2.3), numbers are written as ECMAScript does (3.2.2.3).
    Raises ValueError for what JSON cannot carry: NaN, infinities, integers beyond ±(2**53 − 1), lone surrogates, other types.
    """
    return _write(value).encode("utf-8")


def key_of(value: object) -> str:
    """SHA-256 of the canonical bytes, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def digest_of(data: bytes) -> str:
    """SHA-256 of bytes, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _write(value: object) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if abs(value) > _MAX_INTEGER:
            raise ValueError(f"integer {value} is beyond ±(2**53 - 1), write it as text")
        return str(int(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(_write(item) for item in value) + "]"
    raise ValueError(f"{type(value).__name__} is no JSON value")


def _text(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("text holds a lone surrogate") from None
    return _plain(value)


def _mapping(value: Mapping[object, object]) -> str:
    for name in value:
        if not isinstance(name, str):
            raise ValueError(f"mapping key {name!r} is no text")
    names = sorted((str(name) for name in value), key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(f"{_text(name)}:{_write(value[name])}" for name in names) + "}"


def _number(value: float) -> str:
    """ECMAScript Number::toString (ECMA-262, section 6.1.6.1.20), from Python's shortest round-trip digits."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no JSON number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = _shortest(abs(value))
    digits = mantissa.replace(".", "").rstrip("0") or "0"
    point = int(exponent) + 1
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    tail = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return sign + digits[0] + ("." + digits[1:] if count > 1 else "") + tail


def _shortest(value: float) -> tuple[str, str, str]:
    """`repr`'s shortest digits in scientific form: mantissa, "e", exponent."""
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    shift = int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    leading = len(whole.lstrip("0")) if whole.strip("0") else -(len(fraction) - len(fraction.lstrip("0")))
    return digits[0] + "." + digits[1:], "e", str(shift + leading - 1)
