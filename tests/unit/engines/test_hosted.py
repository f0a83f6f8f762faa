"""What every hosted engine does when its service is well, and when it is not: against local servers, without a real wait."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

pytest.importorskip("httpx", reason="hosted engines need httpx (extra hosted)")

from aibild_build.canonical import digest_of
from aibild_build.engines import Drawn
from aibild_build.engines.hosted.base import Hosted
from aibild_build.engines.hosted.firefly import Firefly
from aibild_build.engines.hosted.ideogram import Ideogram
from aibild_build.engines.hosted.openai import OpenAI
from aibild_build.errors import EngineError, EngineRefused, EngineTransient, EngineUnavailable
from aibild_build.imagefile import decode
from aibild_build.model import Brief, Json, Level, Origin, Recipe, Size, Swatch
from aibild_build.recipe import compose
from tests.support.clock import Clock
from tests.support.vendors import CLIENT_SECRET, ENVIRON, KEY, MANIFEST, Vendors, serve_vendors

VENDORS: dict[str, type[Hosted]] = {"openai": OpenAI, "ideogram": Ideogram, "firefly": Firefly}
# The smallest that each of them makes, so that tests are quick.
ASKED: dict[str, Size] = {"openai": (1024, 640), "ideogram": (1024, 1024), "firefly": (1024, 1024)}
SETTINGS: dict[str, dict[str, Json]] = {"openai": {}, "ideogram": {}, "firefly": {"model": "image3"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Vendors]:
    with serve_vendors() as vendors:
        yield vendors


@pytest.fixture
def vendors(server: Vendors) -> Vendors:
    """The server, well and without a memory."""
    server.seen.clear()
    server.moods.clear()
    server.jobs.clear()
    server.retry_after, server.signed = "7", False
    return server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=sorted(VENDORS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Make(Protocol):
    def __call__(self, name: str, *, environ: Mapping[str, str] = ENVIRON, url: str = "", **more: Json) -> Hosted:
        """An engine that asks the local server; `more` are further settings."""
        ...


@pytest.fixture
def make(vendors: Vendors, clock: Clock, tmp_path: Path) -> Iterator[Make]:
    opened: list[Hosted] = []

    def made(name: str, *, environ: Mapping[str, str] = ENVIRON, url: str = "", **more: Json) -> Hosted:
        server = replace(vendors, url=url) if url else vendors
        engine = VENDORS[name](server.settings(name, **SETTINGS[name], **more), clock.outside(tmp_path, environ))
        opened.append(engine)
        return engine

    yield made
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(name: str, make: Make) -> Hosted:
    return make(name)


def brief(name: str, **more: object) -> Brief:
    known = Brief(
        id="quay",
        origin=Origin(path="briefs/quay.yaml", line=2),
        engine=name,
        parts=(("subject", "a quay"), ("light", "low sun")),
        negative="lettering",
        palette=(Swatch(colour="#f6d68d", weight=1), Swatch(colour="#0b3c49", weight=4)),
        seed=4_294_967_295,
    )
    return replace(known, **more)  # type: ignore[arg-type]


def recipe(engine: Hosted, **more: object) -> Recipe:
    resolved = engine.resolve(brief(engine.name, **more), "master", ASKED[engine.name], {})
    return compose(
        engine=engine.name,
        fingerprint=engine.fingerprint,
        prompt=resolved.prompt,
        negative=resolved.negative,
        seed=resolved.seed,
        size=resolved.size,
        parameters=resolved.parameters,
        noted=resolved.noted,
    )


def draw(engine: Hosted) -> Drawn:
    (drawn,) = engine.generate(recipe(engine), {}, lambda share: None)
    return drawn


def failure(engine: Hosted, kind: type[EngineError]) -> EngineError:
    with pytest.raises(kind) as caught:
        draw(engine)
    assert type(caught.value) is kind
    return caught.value


# all is well


def test_a_picture_comes_whole(engine: Hosted, vendors: Vendors, clock: Clock) -> None:
    drawn = draw(engine)
    assert drawn.size == ASKED[engine.name] and len(drawn.samples) == drawn.size[0] * drawn.size[1] * 3
    assert drawn.source_type == "trainedAlgorithmicMedia"
    assert drawn.environment["service"] == engine.name and drawn.environment["recreatable"] is False
    assert drawn.environment["attempts"] == 1 and "lost" not in drawn.environment
    assert drawn.credits > 0 and drawn.original == b""
    assert len(vendors.orders()) == 1


def test_everything_that_decides_pixels_is_in_the_recipe(engine: Hosted, vendors: Vendors) -> None:
    asked = recipe(engine)
    assert asked.parameters["n"] == 1 and asked.parameters["model"]
    draw(engine)
    sent = vendors.orders()[0].fields
    said = str(sent)
    assert "a quay, low sun" in said and "lettering" in said
    if engine.name == "openai":
        assert asked.seed == 0 and asked.negative == "" and "#0b3c49, #f6d68d" in asked.prompt
        assert sent["size"] == "1024x640" and sent["model"] == "gpt-image-2-2026-04-21" and sent["quality"] == "medium"
    else:
        assert asked.seed == 4_294_967_295 and asked.negative == "lettering"
        assert str(4_294_967_295 % 2**31) in said, "services take seeds below 2**31"
    if engine.name == "ideogram":
        assert asked.parameters["palette"] == [
            {"color_hex": "#0b3c49", "color_weight": 1.0},
            {"color_hex": "#f6d68d", "color_weight": 0.25},
        ]
        assert '"color_hex": "#0b3c49"' in sent["color_palette"] and sent["magic_prompt"] == "OFF"


def test_an_incoming_manifest_is_kept_with_its_file(engine: Hosted, vendors: Vendors) -> None:
    vendors.signed = True
    drawn = draw(engine)
    assert drawn.environment["c2pa"] == {"manifest": digest_of(MANIFEST), "original": digest_of(drawn.original)}
    assert decode(drawn.original).samples == drawn.samples


def test_the_estimate_is_the_bill_or_more(engine: Hosted) -> None:
    cost = engine.estimate(recipe(engine))
    assert cost.credits > 0
    assert draw(engine).credits <= cost.credits


def test_your_price_is_the_price(name: str, vendors: Vendors, clock: Clock, make: Make) -> None:
    engine = make(name, price=0.5)
    assert engine.estimate(recipe(engine)).credits == 0.5
    drawn = draw(engine)
    assert drawn.credits == 0.5 and drawn.environment["price"] == {"credits": 0.5, "basis": "your price"}


def test_tokens_are_billed_at_the_models_rates(vendors: Vendors, clock: Clock, make: Make) -> None:
    drawn = draw(make("openai"))
    assert drawn.environment["usage"] == {"text": 40, "seen": 0, "drawn": 1000}
    assert drawn.credits == pytest.approx((40 * 5 + 1000 * 30) / 1e6)


# secrets


def test_no_secret_is_left_anywhere(engine: Hosted, vendors: Vendors, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asked = recipe(engine)
    drawn = draw(engine)
    vendors.moods.append("refuse")
    refused = failure(engine, EngineRefused)
    left = f"{asked!r} {drawn.environment!r} {caplog.text} {refused.message} {refused.hint} {pickle.dumps(refused)!r}"
    for secret in (KEY, CLIENT_SECRET, "eyJ-local-token", "secret-signature"):
        assert secret not in left
    sent = " ".join(str(dict(seen.headers)) for seen in vendors.seen if seen.path.startswith("/files/"))
    assert KEY not in sent and "eyJ" not in sent, "whoever stores pictures needs no key"


def test_a_wrong_key_is_told_without_the_key(name: str, vendors: Vendors, clock: Clock, make: Make) -> None:
    wrong = dict.fromkeys(ENVIRON, "sk-wrong-abcdefgh")
    error = failure(make(name, environ=wrong), EngineUnavailable)
    variable = "FIREFLY_SERVICES_CLIENT_ID" if name == "firefly" else f"{name.upper()}_API_KEY"
    assert variable in error.message and error.hint
    assert "sk-wron" not in error.message and "efgh" not in error.message
    assert clock.slept == [], "a wrong key does not become right by waiting"


def test_without_a_key_nothing_is_asked(name: str, vendors: Vendors, clock: Clock, make: Make) -> None:
    engine = make(name, environ={})
    assert recipe(engine).key, "a plan needs no key"
    assert "environment variable" in failure(engine, EngineUnavailable).message
    assert vendors.seen == []


def test_the_key_may_stand_in_another_variable(vendors: Vendors, clock: Clock, make: Make) -> None:
    engine = make("openai", environ={"TEAM_KEY": f" {KEY}\n"}, key_env="TEAM_KEY")
    assert draw(engine).size


def test_a_key_with_strange_signs_is_not_sent(vendors: Vendors, clock: Clock, make: Make) -> None:
    engine = make("openai", environ={"OPENAI_API_KEY": "sk-one\nsk-two"})
    error = failure(engine, EngineUnavailable)
    assert "sk-one" not in error.message and vendors.seen == []


# the service says no


def test_a_refusal_carries_the_services_reason(engine: Hosted, vendors: Vendors, clock: Clock) -> None:
    vendors.moods.append("refuse")
    error = failure(engine, EngineRefused)
    reasons = {
        "openai": "Your request was rejected by the safety system. (moderation_blocked)",
        "ideogram": "Prompt failed the safety check.",
        "firefly": "The prompt violates the guidelines. (prompt_unsafe)",
    }
    assert error.message == reasons[engine.name] and "brief" in error.hint
    assert len(vendors.orders()) == 1 and clock.slept == []


def test_a_picture_that_is_withheld_is_a_refusal(vendors: Vendors, clock: Clock, make: Make) -> None:
    vendors.moods.append("unsafe")
    assert "safety" in failure(make("ideogram"), EngineRefused).message
    vendors.moods.append("status failed")
    error = failure(make("firefly"), EngineRefused)
    assert error.message == "The picture was filtered. (image_unsafe)"


@pytest.mark.parametrize("status", ["402", "403"])
def test_an_account_without_credit_or_rights(engine: Hosted, vendors: Vendors, status: str) -> None:
    vendors.moods.append(status)
    assert f"status {status}" in failure(engine, EngineUnavailable).message


def test_an_empty_account_is_not_asked_again(vendors: Vendors, clock: Clock, make: Make) -> None:
    vendors.moods.append("empty")
    error = failure(make("openai"), EngineUnavailable)
    assert "no credit left" in error.message and clock.slept == []


# the service is not well


def test_too_many_requests_waits_as_long_as_told(engine: Hosted, vendors: Vendors, clock: Clock) -> None:
    vendors.moods.extend(["429", "429"])
    assert draw(engine).environment["attempts"] == 3
    assert clock.slept[:2] == [7.0, 7.0]


def test_retry_after_may_be_a_date(vendors: Vendors, clock: Clock, make: Make) -> None:
    from email.utils import formatdate

    vendors.retry_after = formatdate(clock.wall() + 30, usegmt=True)
    vendors.moods.append("429")
    draw(make("openai"))
    assert clock.slept == [30.0]


def test_a_wait_of_an_hour_is_not_waited(engine: Hosted, vendors: Vendors, clock: Clock) -> None:
    vendors.retry_after = "3600"
    vendors.moods.append("429")
    assert "3600 s" in failure(engine, EngineTransient).message
    assert clock.slept == []


def test_a_failing_service_is_asked_again(engine: Hosted, vendors: Vendors, clock: Clock) -> None:
    vendors.moods.extend(["500", "503"])
    assert draw(engine).environment["attempts"] == 3
    assert clock.slept[:2] == [1.0, 2.0]


def test_not_for_ever(engine: Hosted, vendors: Vendors, clock: Clock) -> None:
    vendors.moods.extend(["503"] * 9)
    error = failure(engine, EngineTransient)
    assert "503" in error.message and "4 times" in error.message
    assert len(vendors.orders()) == 4 and clock.slept == [1.0, 2.0, 4.0]


def test_a_cut_connection_is_tried_once_more(engine: Hosted, vendors: Vendors) -> None:
    vendors.moods.append("cut")
    drawn = draw(engine)
    assert drawn.environment["attempts"] == 2 and drawn.environment["lost"] == 1, "what may have been charged is noted"


def test_a_connection_that_keeps_breaking_is_given_up(engine: Hosted, vendors: Vendors) -> None:
    vendors.moods.extend(["cut", "cut", "cut"])
    error = failure(engine, EngineTransient)
    assert "broke off" in error.message and "charged" in error.hint
    assert len(vendors.orders()) == 2, "each lost answer may cost money"


@pytest.mark.parametrize("mood", ["slow", "drip"])
def test_a_slow_service_is_given_up_and_not_paid_twice(name: str, mood: str, vendors: Vendors, clock: Clock, make: Make) -> None:
    vendors.moods.append(mood)
    error = failure(make(name, timeout_s=0.15), EngineTransient)
    assert "0.15 s" in error.message and "charged" in error.hint
    assert len(vendors.orders()) == 1


def test_nobody_at_home(name: str, vendors: Vendors, clock: Clock, make: Make) -> None:
    error = failure(make(name, url="http://127.0.0.1:9", attempts=2), EngineTransient)
    assert "cannot be reached" in error.message


# what comes is not what was ordered


def test_a_wrong_size_is_refused(engine: Hosted, vendors: Vendors) -> None:
    vendors.moods.append("wrong size")
    message = failure(engine, EngineRefused).message
    width, height = ASKED[engine.name]
    assert f"{width // 2} × {height // 2}" in message and f"{width} × {height} were ordered" in message


def test_bytes_that_are_no_picture_are_refused(engine: Hosted, vendors: Vendors) -> None:
    vendors.moods.append("no picture")
    assert "sent no picture" in failure(engine, EngineRefused).message


def test_an_answer_that_is_no_json_is_refused(engine: Hosted, vendors: Vendors) -> None:
    vendors.moods.append("garbage")
    assert "no JSON" in failure(engine, EngineRefused).message


def test_a_huge_answer_is_not_taken(name: str, vendors: Vendors, clock: Clock, make: Make) -> None:
    vendors.moods.append("huge")
    assert "more than 1000000 bytes" in failure(make(name, max_bytes=1_000_000), EngineRefused).message


# links and jobs


@pytest.mark.parametrize("name", ["ideogram", "firefly"])
def test_an_expired_link_is_asked_for_anew_once(name: str, vendors: Vendors, clock: Clock, make: Make) -> None:
    engine = make(name)
    vendors.moods.append("link expired")
    assert draw(engine).size
    looks = [seen for seen in vendors.seen if seen.path.startswith("/status/")]
    assert len(looks) == (4 if name == "firefly" else 0), "the job gives a new link"
    vendors.moods.extend(["link expired", "link expired"])
    error = failure(engine, EngineTransient)
    assert "expired" in error.message and "signature" not in error.message and "charged" in error.hint


@pytest.mark.parametrize("name", ["ideogram", "firefly"])
def test_a_cut_download_is_no_new_order(name: str, vendors: Vendors, clock: Clock, make: Make) -> None:
    vendors.moods.extend(["link cut", "link cut"])
    assert draw(make(name)).size
    assert len(vendors.orders()) == 1


def test_a_job_without_an_end_is_given_up(vendors: Vendors, clock: Clock, make: Make) -> None:
    vendors.moods.append("status running")
    error = failure(make("firefly", timeout_s=20), EngineTransient)
    assert "20 s" in error.message
    assert set(clock.slept) == {1.0} and len(clock.slept) <= 20


def test_a_token_is_kept_and_renewed_when_it_is_refused(vendors: Vendors, clock: Clock, make: Make) -> None:
    engine = make("firefly")
    draw(engine)
    draw(engine)
    signed_in = [seen for seen in vendors.seen if seen.path == "/ims/token/v3"]
    assert len(signed_in) == 1
    vendors.tokens += 1
    draw(engine)
    assert len([seen for seen in vendors.seen if seen.path == "/ims/token/v3"]) == 2


# cancelling, and faults of settings and briefs


def test_cancelling_costs_nothing(engine: Hosted, vendors: Vendors) -> None:
    def cancel(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.generate(recipe(engine), {}, cancel)
    assert vendors.seen == []


def test_a_shape_that_cannot_be_had_is_said() -> None:
    resolved = Firefly({"price": 1}).resolve(brief("firefly"), "master", (2100, 900), {})
    (finding,) = resolved.findings
    assert (finding.rule, finding.level) == ("picture-shape", Level.WARNING)
    assert "2100 × 900" in finding.message and resolved.size == (2688, 1536)
    assert OpenAI().resolve(brief("openai"), "master", (2100, 900), {}).findings == ()
    assert OpenAI({"model": "gpt-image-1"}).resolve(brief("openai"), "master", (2400, 1350), {}).size == (1536, 1024)


def test_a_missing_price_of_firefly_is_said() -> None:
    assert [one.rule for one in Firefly().resolve(brief("firefly"), "master", (2048, 2048), {}).findings] == ["price-assumed"]


@pytest.mark.parametrize(
    ("parameters", "rule", "level", "words"),
    [
        ({"quality": "lavish"}, "source-value", Level.FATAL, "one of low, medium, high"),
        ({"qualty": "high"}, "source-unknown-key", Level.FATAL, "did you mean `quality`?"),
        ({"openai": {"steps": 3}}, "source-unknown-key", Level.FATAL, "`openai.steps`"),
        ({"openai": "high"}, "source-value", Level.FATAL, "table of parameters"),
        ({"motif": "landscape"}, "parameter-unused", Level.NOTE, "no parameter `motif`"),
    ],
)
def test_parameters_of_a_brief(parameters: dict[str, Json], rule: str, level: Level, words: str) -> None:
    (finding,) = OpenAI().resolve(brief("openai", parameters=parameters), "master", (1024, 1024), {}).findings
    assert (finding.rule, finding.level) == (rule, level) and words in f"{finding.message} {finding.hint}"


def test_parameters_by_vendor() -> None:
    parameters: dict[str, Json] = {"quality": "low", "openai": {"quality": "high"}, "ideogram": {"style_type": "DESIGN"}}
    resolved = OpenAI().resolve(brief("openai", parameters=parameters), "master", (1024, 1024), {})
    assert resolved.parameters["quality"] == "high" and resolved.findings == ()


def test_a_prompt_that_is_too_long_is_a_fault() -> None:
    long = brief("firefly", parts=(("subject", "x" * 1025),), palette=())
    found = Firefly({"price": 1}).resolve(long, "master", (2048, 2048), {}).findings
    assert [one.rule for one in found] == ["source-value"] and "1024 characters, got 1025" in found[0].message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_key": KEY}, "expected no secret in aibild.toml, got `engines.openai.api_key`"),
        ({"base_url": "http://example.org"}, "address https://…"),
        ({"base_url": "https://me:secret@example.org"}, "address https://…"),
        ({"timeout": 5}, "did you mean `timeout_s`?"),
        ({"attempts": 0}, "whole number of at least 1"),
        ({"price": {"huge": 3}}, "table of numbers for low, medium, high"),
        ({"price": -1}, "number, or table of numbers"),
        ({"key_env": ""}, "as text"),
    ],
)
def test_settings_are_looked_at(settings: dict[str, Json], words: str) -> None:
    (finding,) = OpenAI(settings).resolve(brief("openai"), "master", (1024, 1024), {}).findings
    assert finding.level is Level.FATAL and words in f"{finding.message} {finding.hint}"
    assert KEY not in f"{finding}"
    assert finding.origin == Origin(path="aibild.toml")
