"""The lab without a browser: what files promise, what a recording says, how two opinions are compared, the server."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from aibild_build.check import all_rules
from aibild_build.devices import DEVICES
from aibild_build.errors import AibildError
from aibild_build.lab.compare import Seen, Spread, disagreements, spread
from aibild_build.lab.expected import Promise, promises, sample
from aibild_build.lab.har import held_against, read_har
from aibild_build.lab.lighthouse import AUDITS, agreements, find_lighthouse, read_report
from aibild_build.lab.serving import serve
from aibild_build.model import Finding, Level, Origin

BASE = "https://quay.example/docs/"
WIDTHS = (400, 800, 1600)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    root.mkdir()
    for width in WIDTHS:
        Image.new("RGB", (width, width // 2), "teal").save(root / f"quay-{width}.jpg")
    srcset = ", ".join(f"/docs/quay-{width}.jpg {width}w" for width in WIDTHS)
    (root / "index.html").write_text(
        '<!doctype html><html lang="en"><head><title>Quay</title></head><body><main><h1>Quay</h1>'
        f'<img src="/docs/quay-1600.jpg" srcset="{srcset}" sizes="100vw" width="1600" height="800" fetchpriority="high" alt="Q">'
        "</main></body></html>"
    )
    (root / "404.html").write_text("<title>None</title>")
    return root


@pytest.fixture
def promised(site: Path) -> list[Promise]:
    return promises(site, None, ["index.html", "none.html"], DEVICES, base_url=BASE, today="2026-11-23")


def test_files_promise_a_candidate_a_device(promised: list[Promise]) -> None:
    assert [promise.hero.file for promise in promised if promise.hero] == [
        "quay-1600.jpg",
        "quay-800.jpg",
        "quay-1600.jpg",
        "quay-1600.jpg",
        "quay-1600.jpg",
    ]
    assert [promise.lcp_ms is not None for promise in promised] == [False, True, False, True, False]


def test_a_sample_is_spread_over_the_site() -> None:
    paths = ["404.html", "index.html", *(f"{folder}/{number}/index.html" for folder in "ab" for number in range(5))]
    assert sample(paths, 3) == ["index.html", "a/2/index.html", "b/1/index.html"]
    assert len(sample(paths, 50)) == 11


def seen(promise: Promise, **changes: Any) -> Seen:
    hero = promise.hero
    assert hero is not None
    good = Seen(
        path=promise.path,
        device=promise.device,
        runs=3,
        lcp_ms=spread([float(promise.lcp_ms or 900)]),
        cls=spread([0.0]),
        inp_ms=spread([24.0]),
        tbt_ms=spread([0.0]),
        ttfb_ms=spread([5.0]),
        lcp_element="img",
        lcp_file=hero.file,
        shown={hero.selector: hero.file},
        asked={"index.html": 1, hero.file: 1},
        priorities={hero.file: "High"},
    )
    return good._replace(**changes)


DIFFERENT: Mapping[str, tuple[str, dict[str, Any]]] = {
    "another candidate": ("lab-candidate-differs", {"shown": {"main > img": "quay-400.jpg"}, "asked": {"quay-400.jpg": 1}}),
    "two downloads": ("lab-double-download", {"asked": {"quay-800.jpg": 1, "quay-1600.jpg": 1}}),
    "no download": ("lab-not-loaded", {"shown": {}, "asked": {}}),
    "text is largest": ("lab-lcp-element-differs", {"lcp_file": "", "lcp_element": "h1"}),
    "much slower": ("lab-lcp-differs", {"lcp_ms": Spread(9000, 8000, 9900)}),
    "a shift": ("lab-shift", {"cls": Spread(0.23, 0.2, 0.3)}),
    "a slow tap": ("lab-slow-tap", {"inp_ms": Spread(350, 300, 400)}),
    "low priority": ("lab-low-priority", {"priorities": {"quay-800.jpg": "Low"}}),
}


def test_agreement_is_silent(promised: list[Promise]) -> None:
    assert list(disagreements(promised[1], seen(promised[1]), prefix="")) == []


@pytest.mark.parametrize("name", DIFFERENT)
def test_each_difference_is_a_note(promised: list[Promise], name: str) -> None:
    rule, changes = DIFFERENT[name]
    promise = promised[1]
    assert promise.hero is not None
    if changes.get("shown"):
        changes = {**changes, "shown": {promise.hero.selector: "quay-400.jpg"}}
    found = list(disagreements(promise, seen(promise, **changes), prefix="dist/"))
    assert [finding.rule for finding in found] == [rule]
    assert found[0].level is Level.NOTE and found[0].origin == Origin(path="dist/index.html") and "on a phone" in found[0].message


def test_the_median_of_an_even_number_lies_between() -> None:
    assert spread([4, 1, 3, 2]) == Spread(2.5, 1, 4)
    assert spread([]) == Spread(0, 0, 0)


def har(*requests: tuple[str, str, str], status: int = 200) -> str:
    entries = [
        {
            "pageref": "p",
            "request": {"url": f"https://elsewhere.example{path}"},
            "response": {
                "status": status,
                "headers": [{"name": "Cache-Control", "value": cache}],
                "content": {"mimeType": media},
                "_transferSize": 900,
            },
        }
        for path, media, cache in requests
    ]
    return json.dumps({"log": {"pages": [{"id": "p", "pageTimings": {"_largestContentfulPaint": 812.5}}], "entries": entries}})


YEAR = "public, max-age=31536000, immutable"
PAGE = ("/docs/", "text/html; charset=utf-8", "no-cache")


def rules_of(text: str, promised: list[Promise]) -> list[str]:
    return [one.rule for load in read_har(text, "x.har") for one in held_against(load, promised, base_path="/docs/", prefix="")]


def test_a_sound_recording_is_silent(promised: list[Promise]) -> None:
    text = har(PAGE, ("/docs/quay-800.jpg", "image/jpeg", YEAR))
    assert read_har(text, "x.har")[0].lcp_ms == 812.5
    assert rules_of(text, promised) == []


def test_a_recording_tells_of_the_host(promised: list[Promise]) -> None:
    hasty = har(PAGE, ("/docs/quay-800.jpg", "image/jpg", "max-age=600"))
    assert rules_of(hasty, promised) == [
        "lab-media-type",
        "lab-cache-lifetime",
    ]
    twice = har(PAGE, ("/docs/quay-800.jpg", "image/jpeg", YEAR), ("/docs/quay-400.jpg", "image/jpeg", YEAR))
    assert rules_of(twice, promised) == ["lab-double-download"]
    assert rules_of(har(PAGE, ("/docs/quay-400.jpg", "image/jpeg", YEAR)), promised) == ["lab-candidate-differs"]
    assert rules_of(har(PAGE), promised) == ["lab-not-loaded"]


def test_a_result_of_webpagetest_is_read(promised: list[Promise]) -> None:
    view = {
        "chromeUserTiming.LargestContentfulPaint": 1400,
        "requests": [
            {"full_url": "https://a.example/docs/", "responseCode": 200, "contentType": "text/html", "bytesIn": 90_000},
            {"full_url": "https://a.example/docs/quay-800.jpg", "contentType": "image/jpeg", "bytesIn": 5, "cacheControl": YEAR},
        ],
    }
    text = json.dumps({"data": {"runs": {"1": {"firstView": view}}}})
    assert read_har(text, "wpt.json")[0].lcp_ms == 1400
    assert rules_of(text, promised) == ["lab-page-heavier"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"log": {}}', '{"data": {}}', '{"log": {"entries": []}}', '{"log": {"entries": [{}]}}']
)
def test_other_files_are_no_recording(text: str) -> None:
    with pytest.raises(AibildError, match=r"x\.har"):
        read_har(text, "x.har")


def lighthouse(**scores: float | None) -> dict[str, Any]:
    audits: dict[str, Any] = {}
    for name, score in scores.items():
        mode = "binary" if score is not None else "notApplicable"
        audits[name.replace("_", "-")] = {"score": score, "scoreDisplayMode": mode, "details": {}}
    return {"lighthouseVersion": "13.5.0", "audits": audits, "categories": {"seo": {"score": 0.92}, "extra": {"score": None}}}


PLACES = (("img-size-missing", "index.html"), ("image-alt-missing", "index.html"), ("title-missing", "other.html"))


def test_audits_are_held_against_our_rules() -> None:
    report = lighthouse(unsized_images=0, image_alt=1, hreflang=None, document_title=0, no_audit_of_ours=0)
    audited = read_report(report, "index.html", "mobile")
    assert audited.scores == {"seo": 92}
    ours = [
        Finding(rule=rule, level=Level.ERROR, message="", origin=Origin(path=path))
        for rule, path in (
            ("img-size-missing", "index.html"),
            ("image-alt-missing", "index.html"),
            ("title-missing", "other.html"),
        )
    ]
    verdicts = {one.audit: one.verdict for one in agreements(audited, ours)}
    assert verdicts == {"unsized-images": "agree", "image-alt": "we only", "document-title": "they only"}


def test_the_largest_paint_of_lighthouse_is_kept() -> None:
    report = lighthouse(largest_contentful_paint=1, lcp_breakdown_insight=1)
    assert read_report(report, "index.html", "mobile")[-2:] == (None, "")
    report["audits"]["largest-contentful-paint"]["numericValue"] = 931.5
    node = {"type": "node", "selector": "main > img"}
    report["audits"]["lcp-breakdown-insight"]["details"] = {"type": "list", "items": [{"type": "table"}, node]}
    assert read_report(report, "index.html", "mobile")[-2:] == (931.5, "main > img")


def test_every_rule_that_an_audit_stands_for_exists() -> None:
    assert {rule for rules in AUDITS.values() for rule in rules} <= set(all_rules())


def test_what_is_no_report_of_lighthouse_is_refused() -> None:
    with pytest.raises(AibildError, match="a report of Lighthouse"):
        read_report({"audits": []}, "index.html", "mobile")


def test_lighthouse_is_found_in_node_modules_above(tmp_path: Path) -> None:
    script = tmp_path / "node_modules" / "lighthouse" / "cli" / "index.js"
    script.parent.mkdir(parents=True)
    script.write_text("")
    try:
        found = find_lighthouse([tmp_path / "a" / "b"])
    except AibildError:
        pytest.skip("Node is not installed")
    assert found[-1] == str(script)


def get(url: str, **headers: str) -> tuple[int, Any, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_the_server_answers_as_a_careful_host(site: Path) -> None:
    (site.parent / "secret.txt").write_text("not of the site")
    (site / "quay.0123abcd.avif").write_bytes(b"x")
    with serve(site, "/docs/") as base:
        status, headers, body = get(base, **{"Accept-Encoding": "gzip"})
        assert status == 200 and headers["Content-Encoding"] == "gzip" and b"<h1>" in gzip.decompress(body)
        assert headers["Cache-Control"] == "no-cache" and headers["Content-Type"].startswith("text/html")
        _, headers, _ = get(base + "quay.0123abcd.avif")
        assert headers["Content-Type"] == "image/avif" and "immutable" in headers["Cache-Control"]
        assert get(base + "none")[0] == 404 and b"None" in get(base + "none")[2]
        assert get(base + "../secret.txt")[0] == 404 and get(base + "%2e%2e/secret.txt")[0] == 404
        assert get(base.replace("/docs/", "/index.html"))[0] == 404
