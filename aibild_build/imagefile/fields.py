"""XMP packet → flat fields by their usual names.

Takes a `Probe` or a packet, yields text by name: `dc:creator`, `plus:LicensorURL`, … Arrays are joined with "; ", languages
other than `x-default` are `name[de]`, members of structures stand by their own names. Foreign namespaces are passed over.
Source: ISO 16684-1 (XMP part 1) section 7; the field names are those of the IPTC Photo Metadata Standard 2025.1.
"""

from __future__ import annotations

from typing import Any

from .found import Probe

NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}
_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MOST_BYTES = 4_000_000


def fields(found: Probe) -> dict[str, str]:
    """The fields of a file's XMP, sorted by name; {} when it has none, or none that can be read."""
    return fields_of_xmp(found.xmp)


def fields_of_xmp(packet: bytes) -> dict[str, str]:
    """The fields of a packet, sorted by name. Damaged XML gives what stands before the damage; documents with a DTD give {}."""
    from lxml import etree

    if not packet or len(packet) > _MOST_BYTES or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return {}
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(packet.rstrip(b"\0"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    found: dict[str, str] = {}
    if root is not None:
        for description in root.iter(_RDF + "Description"):
            _read_node(description, found)
    return dict(sorted(found.items()))


def _name(tag: object) -> str:
    """`{uri}local` → `prefix:local` for the namespaces we know, "" otherwise."""
    uri, brace, local = str(tag)[1:].partition("}")
    prefix = _PREFIXES.get(uri, "")
    return f"{prefix}:{local}" if brace and prefix else ""


def _read_node(node: Any, found: dict[str, str]) -> None:
    """A description or structure: its properties stand as attributes or as elements."""
    for attribute, value in node.attrib.items():
        _put(found, _name(attribute), value)
    for element in node.iterchildren("{*}*"):
        name = _name(element.tag)
        if name:
            _read_property(name, element, found)


def _read_property(name: str, element: Any, found: dict[str, str]) -> None:
    items = list(element.iterfind(f"{_RDF}*/{_RDF}li"))
    if items:
        for item in items:
            language = item.get(_LANG, "x-default")
            if item.get(_RDF + "parseType") == "Resource" or (len(item) == 0 and _has_own(item)):
                _read_node(item, found)
            elif len(item) == 0:
                _put(
                    found,
                    name if language == "x-default" else f"{name}[{language}]",
                    item.text or "",
                    joined=_LANG not in item.attrib,
                )
    elif element.get(_RDF + "parseType") == "Resource":
        _read_node(element, found)
    elif len(element) == 0:
        _put(found, name, element.get(_RDF + "resource") or element.text or "")


def _has_own(item: Any) -> bool:
    return any(_name(attribute) for attribute in item.attrib)


def _put(found: dict[str, str], name: str, value: str, *, joined: bool = False) -> None:
    text = value.strip()
    if name and text:
        found[name] = f"{found[name]}; {text}" if joined and name in found else found.setdefault(name, text)
