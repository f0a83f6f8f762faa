from __future__ import annotations

import pytest

from aibild_build.imagefile import SOURCE_TYPES, fields_of_xmp, is_ai, source_type_of

HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/">'
)
TAIL = "</rdf:RDF></x:xmpmeta>"


def read(description: str) -> dict[str, str]:
    return fields_of_xmp((HEAD + description + TAIL).encode())


def test_attributes_and_elements_are_equal() -> None:
    expected = {"photoshop:Credit": "A & B"}
    assert read('<rdf:Description photoshop:Credit="A &amp; B" crs:Exposure="1"/>') == expected
    assert read("<rdf:Description><photoshop:Credit> A &amp; B </photoshop:Credit></rdf:Description>") == expected


def test_foreign_prefixes_get_their_usual_names() -> None:
    assert read(
        "<rdf:Description><d:creator><rdf:Seq><rdf:li>A</rdf:li><rdf:li>B</rdf:li></rdf:Seq></d:creator></rdf:Description>"
    ) == {"dc:creator": "A; B"}


def test_languages_stand_apart() -> None:
    items = '<rdf:li xml:lang="x-default">Bike</rdf:li><rdf:li xml:lang="de">Rad</rdf:li><rdf:li xml:lang="fr"/>'
    found = read(f"<rdf:Description><d:title><rdf:Alt>{items}</rdf:Alt></d:title></rdf:Description>")
    assert found == {"dc:title": "Bike", "dc:title[de]": "Rad"}


@pytest.mark.parametrize(
    "item",
    [
        '<rdf:li rdf:parseType="Resource"><plus:LicensorURL>https://a.example/</plus:LicensorURL></rdf:li>',
        '<rdf:li plus:LicensorURL="https://a.example/"/>',
        '<rdf:li><rdf:Description plus:LicensorURL="https://a.example/"/></rdf:li>',
    ],
)
def test_structures_give_their_members(item: str) -> None:
    found = read(f"<rdf:Description><plus:Licensor><rdf:Seq>{item}</rdf:Seq></plus:Licensor></rdf:Description>")
    assert found == {"plus:LicensorURL": "https://a.example/"}


def test_a_resource_is_a_value() -> None:
    uri = "http://cv.iptc.org/newscodes/digitalsourcetype/print"
    found = read(f'<rdf:Description><Iptc4xmpExt:DigitalSourceType rdf:resource="{uri}"/></rdf:Description>')
    assert source_type_of(found["Iptc4xmpExt:DigitalSourceType"]) == "print"


def test_what_was_read_before_the_damage_is_kept() -> None:
    cut = (HEAD + '<rdf:Description photoshop:Credit="A"/><rdf:Description photoshop:').encode()
    assert fields_of_xmp(cut) == {"photoshop:Credit": "A"}


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\0\0",
        b"no xml",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"<x>" * 100_000,
        (HEAD + "<rdf:Description photoshop:Credit='" + "A" * 5_000_000).encode(),
    ],
)
def test_hostile_packets_give_nothing(packet: bytes) -> None:
    assert fields_of_xmp(packet) == {}


def test_source_types() -> None:
    assert source_type_of("https://cv.iptc.org/newscodes/digitalsourcetype/digitalArt") == "digitalCreation"
    assert source_type_of("trainedalgorithmicmedia") == ""
    assert [name for name in SOURCE_TYPES if is_ai(name)] == ["compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia"]
