from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from aibild_build.engines import Drawn, load
from aibild_build.engines.imported import Imported, pasted_parameters
from aibild_build.errors import EngineRefused
from aibild_build.model import Brief, Json, Level, Origin, Recipe

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{}"/></rdf:RDF></x:xmpmeta>'
)


def saved(format: str, *, mark: str = "", **options: Any) -> bytes:
    stream = BytesIO()
    if mark:
        options["xmp"] = XMP.format(mark).encode()
    Image.new("RGB", (30, 20), (200, 100, 50)).save(stream, format, **options)
    return stream.getvalue()


def brief(sidecar: Mapping[str, Json] | None = None, inputs: tuple[str, ...] = ("images/a.jpg",)) -> Brief:
    return Brief(
        id="photo",
        origin=Origin(path="briefs/photo.yaml", line=3),
        engine="imported",
        inputs=inputs,
        sidecar=sidecar or {},
        seed=9,
    )


def recipe(parameters: Mapping[str, Json] | None = None, name: str = "images/a.jpg") -> Recipe:
    return Recipe(
        engine="imported",
        fingerprint=1,
        prompt="",
        negative="",
        seed=0,
        size=(2400, 1350),
        parameters=parameters or {"source_type": "digitalCreation", "tool": ""},
        noted={"file": name},
    )


def made(data: bytes, parameters: Mapping[str, Json] | None = None, name: str = "images/a.jpg") -> Drawn:
    (drawn,) = Imported().generate(recipe(parameters, name), {"file": data}, lambda share: None)
    return drawn


def test_the_table_knows_it() -> None:
    engine = load("imported")
    assert (engine.name, engine.exact, engine.lane, engine.fingerprint) == ("imported", True, "cpu", 1)
    assert engine.estimate(recipe()).credits == 0
    engine.close()


def test_words_of_a_brief_decide_nothing() -> None:
    resolved = Imported().resolve(brief(), "master", (2400, 1350), {})
    assert (resolved.prompt, resolved.negative, resolved.seed) == ("", "", 0)
    assert resolved.inputs == (("file", "images/a.jpg"),)
    assert resolved.findings == ()


@pytest.mark.parametrize(
    ("sidecar", "expected"),
    [
        ({}, "digitalCreation"),
        ({"tool": "Midjourney v7"}, "trainedAlgorithmicMedia"),
        ({"tool": "DALL·E 3"}, "trainedAlgorithmicMedia"),
        ({"tool": "flux1-dev"}, "trainedAlgorithmicMedia"),
        ({"tool": "gpt-image-1"}, "trainedAlgorithmicMedia"),
        ({"tool": "Imagenomic Portraiture"}, "digitalCreation"),
        ({"tool": "Capture One"}, "digitalCreation"),
        ({"source_type": "digitalCapture"}, "digitalCapture"),
        ({"source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm"}, "negativeFilm"),
        ({"tool": "firefly", "source_type": "compositeWithTrainedAlgorithmicMedia"}, "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_origin_comes_from_the_sidecar(sidecar: dict[str, Json], expected: str) -> None:
    resolved = Imported().resolve(brief(sidecar), "master", (1, 1), {})
    assert resolved.parameters == {"source_type": expected, "tool": sidecar.get("tool", "")}
    assert resolved.findings == ()


def test_pasted_parameters_are_noted_and_say_that_a_model_made_it() -> None:
    pasted = "a red boat, well-kept --ar 16:9 --seed 5 --v 7 --no text, people --tile"
    resolved = Imported().resolve(brief({"parameters": pasted}), "master", (1, 1), {})
    assert resolved.parameters == {"source_type": "trainedAlgorithmicMedia", "tool": ""}
    assert resolved.noted["pasted"] == {
        "prompt": "a red boat, well-kept",
        "ar": "16:9",
        "seed": "5",
        "v": "7",
        "no": "text, people",
        "tile": True,
    }
    photo = Imported().resolve(brief({"parameters": pasted, "source_type": "digitalCapture"}), "master", (1, 1), {})
    assert photo.parameters["source_type"] == "digitalCapture"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("  a boat ", {"prompt": "a boat"}),
        ("--v 7", {"v": "7"}),
        ("a boat —ar 4:5", {"prompt": "a boat", "ar": "4:5"}),
        ("a -- boat --s 50 --s 250", {"prompt": "a -- boat", "s": "250"}),
    ],
)
def test_pasted_parameters(text: str, expected: dict[str, Json]) -> None:
    assert pasted_parameters(text) == expected


@pytest.mark.parametrize(
    ("asked", "rule", "message", "hint"),
    [
        (brief(inputs=()), "source-missing", "expected file as the path of a picture, got nothing", "file: images/photo.jpg"),
        (
            brief({"source_type": "trainedAlgoritmicMedia"}),
            "source-value",
            'expected source_type as an IPTC digital source type, got "trainedAlgoritmicMedia"',
            "did you mean `trainedAlgorithmicMedia`?",
        ),
        (
            brief({"tool": "midjourney", "source_type": "digitalCapture"}),
            "source-value",
            "expected source_type as trainedAlgorithmicMedia or compositeWithTrainedAlgorithmicMedia "
            'for tool "midjourney", got "digitalCapture"',
            "leave source_type out, or leave tool out if no model took part",
        ),
    ],
)
def test_faults_of_a_sidecar_are_findings(asked: Brief, rule: str, message: str, hint: str) -> None:
    (finding,) = Imported().resolve(asked, "master", (1, 1), {}).findings
    assert (finding.rule, finding.level, finding.message, finding.hint) == (rule, Level.FATAL, message, hint)
    assert (str(finding.origin), finding.subject) == ("briefs/photo.yaml:3", "photo")


def test_a_picture_keeps_its_own_size() -> None:
    drawn = made(saved("PNG"), name="a.png")
    assert (drawn.size, drawn.mode) == ((30, 20), "RGB")
    assert drawn.samples == bytes((200, 100, 50)) * 600
    assert drawn.source_type == "digitalCreation"
    assert drawn.environment["format"] == "png"
    assert drawn.environment["notes"] == []
    assert made(saved("PNG"), name="a.png") == drawn


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize(
    ("mark", "declared", "expected"),
    [
        ("trainedAlgorithmicMedia", "digitalCreation", "trainedAlgorithmicMedia"),
        ("trainedAlgorithmicMedia", "digitalCapture", "trainedAlgorithmicMedia"),
        ("digitalCapture", "digitalCreation", "digitalCapture"),
        ("digitalCapture", "trainedAlgorithmicMedia", "trainedAlgorithmicMedia"),
        ("digitalArt", "print", "digitalCreation"),
        ("nonsense", "print", "print"),
        ("", "print", "print"),
    ],
)
def test_a_mark_in_the_file_is_never_lost(format: str, mark: str, declared: str, expected: str) -> None:
    drawn = made(saved(format, mark=mark), {"source_type": declared, "tool": ""}, f"a.{format.lower()}")
    assert drawn.source_type == expected
    assert bool(drawn.environment["notes"]) is (mark not in ("", "nonsense"))


def test_a_name_that_promises_another_format_is_noted() -> None:
    assert made(saved("JPEG"), name="images/a.png").environment["notes"] == ["the name says png, the bytes are jpeg"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "images/a.jpg: the file is empty"),
        (saved("JPEG")[:300], "images/a.jpg: the file ends too early (truncated)"),
        (saved("JPEG")[:-10], "images/a.jpg: the JPEG file ends too early (truncated)"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "images/a.jpg: SVG is drawn by browsers and has no pixels to import; export it as PNG",
        ),
        (b"not an image", "images/a.jpg: the file is no image of a known format (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG)"),
    ],
)
def test_what_cannot_be_decoded_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(EngineRefused) as caught:
        made(data)
    assert caught.value.message == sentence


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(EngineRefused, match="needs its file"):
        Imported().generate(recipe(), {}, lambda share: None)
