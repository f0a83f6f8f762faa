"""Hosted engines through a whole build: what they cost, what is kept, what is told, and how easily one takes another's place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="hosted engines need httpx (extra hosted)")

from aibild_build import gates
from aibild_build.build import Options
from aibild_build.build.generate import generate
from aibild_build.build.ledger import cost
from aibild_build.build.upkeep import cache_gc, cache_verify
from aibild_build.canonical import digest_of
from aibild_build.errors import EngineTransient, LimitError, SourceError
from aibild_build.model import Asset, Level
from aibild_build.plan import plan
from aibild_build.store import Store
from aibild_build.wire import from_json
from tests.support.project import CONFIG, TODAY, edit, run_build, tree, write_project
from tests.support.vendors import CLIENT_SECRET, ENVIRON, KEY, MANIFEST, Vendors, serve_vendors

PROFILE = "engine: openai\nnegative: [lettering]\npalette: ['#2a6478', '#f6d68d']\nparameters:\n  quality: low\n"


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendors]:
    for variable, value in ENVIRON.items():
        monkeypatch.setenv(variable, value)
    with serve_vendors() as served:
        served.looks_needed = 1
        yield served


@pytest.fixture
def root(tmp_path: Path, vendors: Vendors) -> Path:
    """Two pictures, made by the engine of one profile; all three services at hand."""
    config = CONFIG.replace('engine = "flat"', 'profile = "house"').replace('["avif", "webp", "jpeg"]', '["jpeg"]')
    # A server that stands in for a vendor's sends plain colours, which no gate would let through.
    config += "".join(f'\n[gates.{name}]\nlevel = "off"\n' for name in gates.names() if name != "blank")
    for engine in ("openai", "ideogram", "firefly"):
        config += f"\n[engines.{engine}]\n"
        settings = vendors.settings(engine, **({"model": "image3"} if engine == "firefly" else {}))
        config += "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    briefs = {
        f"briefs/{name}.yaml": f"subject: {words}\nsize: [1024, 640]\nalt:\n  en: {words}\n"
        for name, words in (("quay", "a quay at dawn"), ("boat", "a red boat"))
    }
    # One language and two pages: what is tested here ends before pages begin.
    config = config.replace('languages = ["en", "de"]', 'languages = ["en"]').replace(', de = "Ein kleiner Hafen"', "")
    left_out = dict.fromkeys(("site/tides.md", "site/de/index.md", "site/de/boats.md", "site/de/tides.md"))
    files = {"aibild.toml": config, "briefs/profiles/house.yaml": PROFILE, **briefs, **left_out}
    return write_project(tmp_path / "site", files)


def assets(root: Path) -> list[Asset]:
    records = Store(root / ".aibild/store", read_only=True).records("asset")
    return [from_json(Asset, record["asset"]) for record in records]


def test_pictures_are_asked_for_once(root: Path, vendors: Vendors) -> None:
    first = run_build(root)
    assert first.made.picture == 2 and len(vendors.orders()) == 2
    assert first.credits == pytest.approx(2 * (40 * 5 + 1000 * 30) / 1e6)
    second = run_build(root)
    assert second.made.picture == 0 and second.credits == 0 and len(vendors.orders()) == 2
    assert run_build(root, frozen=True).made.picture == 0


def test_a_frozen_build_needs_neither_key_nor_network(root: Path, vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    run_build(root)
    before = tree(root / "dist")
    for variable in ENVIRON:
        monkeypatch.delenv(variable)
    edit(root, "aibild.toml", f'base_url = "{vendors.url}/v1"', 'base_url = "https://nowhere.invalid/v1"')
    assert run_build(root, frozen=True).made.picture == 0
    assert tree(root / "dist") == before


def test_another_provider_is_one_line_and_no_secret_reaches_a_file(root: Path, vendors: Vendors) -> None:
    run_build(root)
    for old, new in (("openai", "ideogram"), ("ideogram", "firefly")):
        edit(root, "briefs/profiles/house.yaml", f"engine: {old}", f"engine: {new}")
        planned = plan(root, today=TODAY)
        details = [work.detail for work in planned.work if work.kind == "picture"]
        assert len(details) == 2 and all("engine" in detail and "parameters" in detail for detail in details)
        built = run_build(root)
        assert built.made.picture == 2
        assert {finding.rule for finding in built.findings if finding.level is Level.NOTE} >= {"parameter-unused"}
    assert {asset.made.engine for asset in assets(root)} == {"openai", "ideogram", "firefly"}
    assert [seen.path.split("/")[1:3] for seen in vendors.orders()].count(["v1", "ideogram-v3"]) == 2
    for path, data in tree(root).items():
        for secret in (KEY, CLIENT_SECRET, "eyJ-local-token", "secret-signature"):
            assert secret.encode() not in data, path


def test_a_plan_quotes_and_a_limit_stops_before_spending(root: Path, vendors: Vendors) -> None:
    quoted = plan(root, today=TODAY).credits
    assert quoted == pytest.approx(2 * 0.006)
    with pytest.raises(LimitError, match=r"would cost 0\.012, the limit is 0\.01"):
        run_build(root, limit_credits=0.01)
    with pytest.raises(LimitError):
        generate(Options(root=root, crew="inline", limit_credits=0.01), today=TODAY)
    with (root / "aibild.toml").open("a") as file:
        file.write("\n[limits]\ncredits = 0.01\n")
    with pytest.raises(LimitError):
        run_build(root)
    with pytest.raises(LimitError):
        generate(Options(root=root, crew="inline"), today=TODAY)
    assert vendors.seen == []
    assert generate(Options(root=root, crew="inline"), ["quay"], today=TODAY).made == 1, "one of them is within it"
    assert run_build(root, limit_credits=5.0).made.picture == 1, "the command line goes before the file"


def test_the_command_line_stops_too(root: Path, vendors: Vendors) -> None:
    for command in ("build", "generate"):
        arguments = [sys.executable, "-m", "aibild_build", command, "--root", str(root), "--limit-credits", "0.001"]
        run = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, **ENVIRON})
        assert run.returncode == 3 and "the limit is 0.001" in run.stderr, run.stderr
    assert vendors.seen == []


def test_a_refusal_is_a_finding_with_the_providers_reason(root: Path, vendors: Vendors) -> None:
    vendors.moods.append("refuse")
    with pytest.raises(SourceError) as caught:
        run_build(root)
    (finding,) = caught.value.findings
    assert "rejected by the safety system" in finding.message
    assert finding.subject == "boat" and str(finding.origin).startswith("briefs/boat.yaml")
    assert finding.message.startswith("engine `openai` refused: Your request")
    assert len(vendors.orders()) == 2, "the other picture was made, and is kept"
    (spent,) = cost(root).months
    assert spent.pictures == 1 and spent.credits == pytest.approx(0.0302), "what was spent before a failure counts"
    assert run_build(root).made.picture == 1


def test_what_was_made_before_a_failure_is_not_paid_for_again(root: Path, vendors: Vendors) -> None:
    edit(root, "aibild.toml", f'base_url = "{vendors.url}/v1"', f'base_url = "{vendors.url}/v1"\nattempts = 1')
    vendors.moods.append("503")
    with pytest.raises(EngineTransient):
        run_build(root)
    run_build(root)
    assert len({seen.fields["prompt"] for seen in vendors.orders()}) == 2


def test_an_incoming_manifest_survives_the_sweep(root: Path, vendors: Vendors) -> None:
    vendors.signed = True
    run_build(root)
    store = Store(root / ".aibild/store")
    for asset in assets(root):
        original = store.get(asset.original)
        assert original is not None and MANIFEST in original
        assert asset.made.environment["c2pa"] == {"manifest": digest_of(MANIFEST), "original": asset.original}
    report = cache_gc(root, grace_s=0, max_bytes=None, now=4e9)
    assert report.blobs == 0 and all(store.has(asset.original) for asset in assets(root))
    assert list(cache_verify(root)) == []


def test_a_secret_in_the_settings_is_a_fault_without_the_secret(root: Path) -> None:
    edit(root, "aibild.toml", "[engines.openai]\n", f'[engines.openai]\napi_key = "{KEY}"\n')
    with pytest.raises(SourceError) as caught:
        plan(root, today=TODAY)
    (finding,) = caught.value.findings
    assert finding.rule == "source-value" and KEY not in str(finding) and "OPENAI_API_KEY" in finding.hint
