"""Metadata → XMP packet.

The packet is compact RDF/XML without padding: nobody edits a delivered file in place, and two kilobytes are much of a small one.
Source: ISO 16684-1 (XMP part 1) section 7; XMP part 3 section 1.1 (packet wrapper); field forms by the IPTC Photo Metadata
Standard 2025.1, the link to a manifest by C2PA 2.2, 11.4: creator is a Seq, rights and words are language alternatives with
`x-default` first, licensor is a Seq of structures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import EncodeError
from ...imagefile import NAMESPACES, SOURCE_TYPE_BASE
from .record import Metadata

# JPEG holds a packet in one APP1 segment of 65,533 bytes, 29 of which name it; some are left for the address of a manifest.
MOST_BYTES = 62 * 1024

_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_TAIL = '<?xpacket end="r"?>'
_META = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
_META_END = "</rdf:RDF></x:xmpmeta>"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Property:
    """`form` is text, Seq, Bag, Alt or structures; `values` are (language or member name, text)."""

    name: str
    form: str
    values: tuple[tuple[str, str], ...]


def clean(text: str) -> str:
    """One line of text that XML can carry: control characters dropped, white space brought to single spaces."""
    return " ".join(_UNWRITABLE.sub("", text).split())


def packet(metadata: Metadata) -> bytes:
    """The packet. Raises EncodeError when no segment of a JPEG could hold it."""
    written = _body(metadata) + _TAIL.encode()
    if len(written) > MOST_BYTES:
        raise EncodeError(
            f"the embedded metadata takes {len(written)} bytes, a file can hold {MOST_BYTES}", hint="set [images] words = false"
        )
    return written


def expected_fields(metadata: Metadata) -> dict[str, str]:
    """The fields that `imagefile.fields` has to read back from the packet, sorted by name."""
    found: dict[str, str] = {}
    for one in _properties(metadata):
        if one.form == "text":
            found[one.name] = one.values[0][1]
        elif one.form in ("Seq", "Bag"):
            found[one.name] = "; ".join(text for _, text in one.values)
        elif one.form == "Alt":
            found.update({one.name if key == "x-default" else f"{one.name}[{key}]": text for key, text in one.values})
        else:
            found.update(one.values)
    return dict(sorted(found.items()))


def _properties(metadata: Metadata) -> list[_Property]:
    """What is written, in the order of writing; properties without a value are left out."""
    marked = "True" if metadata.copyright or metadata.license else ""
    wanted = [
        _text("Iptc4xmpExt:DigitalSourceType", SOURCE_TYPE_BASE + metadata.source_type if metadata.source_type else ""),
        _text("Iptc4xmpExt:AISystemUsed", metadata.ai_system),
        _text("photoshop:Credit", metadata.credit),
        _text("photoshop:DateCreated", metadata.created),
        _text("xmp:CreateDate", metadata.created),
        _text("dcterms:provenance", metadata.provenance),
        _text("xmpRights:Marked", marked),
        _text("xmpRights:WebStatement", metadata.license),
        _array("dc:creator", "Seq", (metadata.creator,)),
        _alternatives("dc:rights", [("x-default", metadata.copyright)]),
        _licensor(metadata),
        *_words(metadata),
        _array("dc:subject", "Bag", metadata.keywords),
    ]
    return [one for one in wanted if one.values]


def _text(name: str, value: str) -> _Property:
    text = clean(value)
    return _Property(name, "text", (("", text),) if text else ())


def _array(name: str, form: str, values: tuple[str, ...]) -> _Property:
    return _Property(name, form, tuple(("", text) for value in values if (text := clean(value))))


def _alternatives(name: str, values: list[tuple[str, str]]) -> _Property:
    return _Property(name, "Alt", tuple((key, text) for key, value in values if (text := clean(value))))


def _licensor(metadata: Metadata) -> _Property:
    members = (("plus:LicensorName", clean(metadata.licensor_name)), ("plus:LicensorURL", clean(metadata.acquire)))
    return _Property("plus:Licensor", "structures", tuple(one for one in members if one[1]) if members[1][1] else ())


def _words(metadata: Metadata) -> Iterator[_Property]:
    """Title, description and alt text: the first language that has one stands twice, since readers look for x-default."""
    for name, part in (("dc:title", 2), ("dc:description", 1), ("Iptc4xmpCore:AltTextAccessibility", 0)):
        texts = [(code, metadata.words[code][part]) for code in metadata.languages if metadata.words[code][part]]
        yield _alternatives(name, [("x-default", text) for _, text in texts[:1]] + texts)


def _body(metadata: Metadata) -> bytes:
    """Packet header and RDF, without padding and trailer."""
    properties = _properties(metadata)
    prefixes = sorted({one.name.partition(":")[0] for one in properties})
    declared = "".join(f' xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in prefixes)
    attributes = "".join(f' {one.name}="{_quoted(one.values[0][1])}"' for one in properties if one.form == "text")
    elements = "".join(_element(one) for one in properties if one.form != "text")
    description = f'<rdf:Description rdf:about=""{declared}{attributes}>{elements}</rdf:Description>'
    return (_HEAD + _META + description + _META_END).encode()


def _element(one: _Property) -> str:
    if one.form == "structures":
        inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in one.values)
        return f'<{one.name}><rdf:Seq><rdf:li rdf:parseType="Resource">{inner}</rdf:li></rdf:Seq></{one.name}>'
    items = "".join(
        f'<rdf:li xml:lang="{_quoted(key)}">{escape(text)}</rdf:li>' if one.form == "Alt" else f"<rdf:li>{escape(text)}</rdf:li>"
        for key, text in one.values
    )
    return f"<{one.name}><rdf:{one.form}>{items}</rdf:{one.form}></{one.name}>"


def _quoted(text: str) -> str:
    return escape(text).replace('"', "&quot;")


def escape(text: str) -> str:
    """Text as it stands in XML. The standard library's own brings urllib and ssl along, 30 ms of every worker's start."""
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
