"""Values that settings and briefs write alike: addresses, rights, palettes.

Takes a table's fields, yields nouns of the model; what is wrong is told to the fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from ..model import Json, Quality, Rights, Swatch
from ..source import Fields, Key, colour_hex, key_name

# Scheme, host (RFC 3986, names in any script), port and a path of plain parts: no user, query, fragment or dot segment.
_BASE_URL = re.compile(r"https?://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?(?:/(?!\.{1,2}(?:/|$))[\w.~!$&'()*+,;=:%-]+)*/?", re.I)
_PATH_URL = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*")


def site_url(base_url: str, address: str) -> str:
    """An address as it stands in files and markup: `/licence/` is a place on the site, everything else stays as it is."""
    return base_url + address.removeprefix("/") if address.startswith("/") else address


def read_address(table: Fields, key: str, base_url: str) -> str:
    """`https://…`, or a place on this site that begins with a slash, as an absolute URL."""
    address = table.text(key)
    if address and not is_web(address) and not (_PATH_URL.fullmatch(address) and not address.startswith("//")):
        table.wrong(key, "address https://…, or a place on this site like /licence/")
        return ""
    return site_url(base_url, address)


def read_rights(table: Fields) -> Rights:
    return Rights(
        document=table.text("document"),
        holder=table.text("holder"),
        territory=table.text("territory"),
        expires=table.day("expires"),
    )


def read_quality(table: Fields) -> Quality:
    """`quality` of the site or of a slot: a score to reach, and by format either a score or a fixed setting."""
    quality = table.fields("quality")
    fixed: dict[str, int] = {}
    targets: dict[str, float] = {}
    for name in ("avif", "webp", "jpeg"):
        if isinstance(quality.value(name), Mapping):
            own = quality.fields(name)
            if own.has("target"):
                targets[name] = _score(own)
        elif quality.has(name):
            fixed[name] = quality.whole(name, low=1, high=100, hint="a score to reach is {target = 70}")
    said = Quality(
        target=_score(quality) if quality.has("target") else None,
        targets=targets,
        fixed=fixed,
        least_bytes_per_pixel=_size(quality, "min_bytes_per_pixel"),
        most_bytes_per_pixel=_size(quality, "max_bytes_per_pixel"),
    )
    least, most = said.least_bytes_per_pixel, said.most_bytes_per_pixel
    if least is not None and most is not None and least > most:
        quality.wrong("max_bytes_per_pixel", f"at least {least:g}, which min_bytes_per_pixel is")
    return said


def _score(table: Fields) -> float:
    return table.number("target", 70.0, low=30, high=95)


def _size(table: Fields, key: str) -> float | None:
    return table.number(key, low=0, high=4) if table.has(key) else None


def read_palette(table: Fields, key: str = "palette") -> tuple[Swatch, ...]:
    """A list of CSS colours, or of tables {colour, weight}."""
    written = table.value(key)
    if written is None:
        return ()
    if not isinstance(written, list | tuple):
        table.wrong(key, "list of colours")
        return ()
    swatches = []
    for index, item in enumerate(written):
        one = table.inner((key, index), item) if isinstance(item, Mapping) else table.inner((key,), {})
        colour = one.colour("colour") if isinstance(item, Mapping) else _colour(table, (key, index), item)
        weight = one.number("weight", 1.0)
        if isinstance(item, Mapping) and not one.has("colour"):
            one.tell("source-missing", f"expected {key_name((*one.at, 'colour'))} as colour, got nothing")
        if weight <= 0:
            one.wrong("weight", "number above 0")
        elif colour:
            swatches.append(Swatch(colour=colour, weight=weight))
    return tuple(swatches)


def _colour(table: Fields, key: Key, written: Json) -> str:
    found = colour_hex(written) if isinstance(written, str) else None
    if found is None:
        table.wrong_colour(key, written)
    return found or ""


def is_base_url(url: str) -> bool:
    """Whether a site can lie at this address."""
    return is_web(url) and _BASE_URL.fullmatch(url) is not None


def is_web(address: str) -> bool:
    """Whether this is an absolute http or https address."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(letter.isspace() for letter in address)
