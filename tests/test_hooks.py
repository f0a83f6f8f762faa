"""Hooks from end to end: what is told, how it is signed, and that nothing is lost while receivers fail, hang and repeat."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aibild_build.build import hooks
from aibild_build.build.outside import Outside
from aibild_build.cli import aibild
from tests.support.project import CONFIG, write_project
from tests.support.receiver import Receiver, receive

SECRET = "whsec_" + base64.b64encode(b"sixteen or more octets").decode()
HOOK = '\n[hooks.cms]\nurl = "{url}"\nsecret_env = "HOOK_SECRET"\nprivate = ["127.0.0.1"]\n'


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ada@example.org")
    with receive() as one:
        yield one


@pytest.fixture
def root(tmp_path: Path, receiver: Receiver) -> Path:
    return write_project(tmp_path / "site", {"aibild.toml": CONFIG + HOOK.format(url=receiver.url)})


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(aibild, [*arguments, "--root", str(root)])


def later(seconds: float = 0.0) -> Outside:
    return Outside(environ=os.environ, sleep=time.sleep, wall=lambda: time.time() + seconds)


def test_a_build_and_decisions_are_told(root: Path, receiver: Receiver) -> None:
    assert run(root, "build", "--crew", "inline").exit_code == 0
    made = receiver.types.count("picture.generated")
    assert made == 2 and receiver.types[-1] == "site.built" and len(receiver.types) == made + 1
    assert receiver.data(-1)["made"]["picture"] == made and receiver.data(-1)["site"] == "https://harbour.example/"
    receiver.came.clear()
    assert run(root, "build", "--crew", "inline").exit_code == 0 and not receiver.came, "nothing happened, nothing is told"
    assert run(root, "approve", "quay").exit_code == 0
    assert run(root, "reject", "boat", "--reason", "too red").exit_code == 0
    pixels = receiver.data(0)["pictures"][0]["pixels"]
    assert run(root, "retract", pixels, "--reason", "a brand").exit_code == 0
    assert receiver.types == ["picture.approved", "picture.rejected", "picture.retracted"]
    asset = receiver.data(0)
    assert (asset["brief"], asset["asset"], asset["who"]) == ("quay", "master", "Ada <ada@example.org>")
    assert asset["pictures"][0]["recipe"] and receiver.data(1)["reason"] == "too red"


def test_what_is_taken_back_or_chosen_is_told(root: Path, receiver: Receiver) -> None:
    (root / "briefs/boat.yaml").write_text(
        "engine: sketch\nsubject: boat\nsize: [640, 360]\ncandidates: 2\nalt: {en: A boat, de: Ein Boot}\n"
    )
    assert run(root, "build", "--crew", "inline").exit_code == 0
    asset = json.loads((root / "aibild.lock").read_text())["briefs"]["boat"]["assets"]["master"]
    first, second = (asset["candidates"][at]["pixels"] for at in (asset["pick"], 1 - asset["pick"]))
    assert first != second
    receiver.came.clear()
    for arguments in (
        ("pick", "boat", second),
        ("approve", "boat"),
        ("withdraw", "boat"),
        ("retract", first, "--reason", "a brand"),
        ("retract", first, "--lift", "--reason", "no brand"),
    ):
        assert run(root, *arguments).exit_code == 0, arguments
    names = ["picked", "approved", "withdrawn", "retracted", "reinstated"]
    assert receiver.types == [f"picture.{name}" for name in names]
    for number, pixels in enumerate((second, second, second, first, first)):
        asset = receiver.data(number)
        assert asset["pictures"][0]["pixels"] == pixels and asset["site"] == "https://harbour.example/"
        assert asset["who"] == "Ada <ada@example.org>"


def test_an_outbox_survives_a_kill_and_what_is_no_letter(root: Path, receiver: Receiver) -> None:
    """A file that was cut off, and one that is none, hold up nobody."""
    receiver.answers = [503]
    run(root, "build", "--crew", "inline")
    outbox = root / ".aibild/outbox"
    (outbox / "00000000000000000000-00000-cms.json").write_text('{"id": "x", "ho')
    (outbox / "notes.json").write_text("[]")
    receiver.came.clear()
    sent = run(root, "hooks", "send")
    assert sent.exit_code == 0 and "posted 3, waiting 0" in sent.stderr and len(receiver.came) == 3


def test_the_signature_is_that_of_standard_webhooks(root: Path, receiver: Receiver) -> None:
    run(root, "build", "--crew", "inline")
    headers, body = receiver.came[0]
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(b"sixteen or more octets", said, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 600 and headers["content-type"] == "application/json"
    # The example of the Standard Webhooks documents.
    example = hooks.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert example == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_events_that_a_hook_did_not_ask_for(root: Path, receiver: Receiver) -> None:
    config = root / "aibild.toml"
    config.write_text(config.read_text() + 'events = ["picture.approved"]\n')
    assert run(root, "build", "--crew", "inline").exit_code == 0 and not receiver.came
    run(root, "approve", "quay")
    assert receiver.types == ["picture.approved"]


def test_a_failing_receiver_gets_all_of_it_in_order_later(root: Path, receiver: Receiver) -> None:
    receiver.answers = [500]
    built = run(root, "build", "--crew", "inline")
    assert built.exit_code == 0 and "hook cms: answered 500" in built.stderr and len(receiver.came) == 1
    first = receiver.came.pop()
    waiting, failed = hooks.outbox(root)
    assert len(waiting) == 3 and not failed and waiting[0].attempts == 1
    assert hooks.post(root, later()).waiting == 3 and not receiver.came, "not before its time"
    done = hooks.post(root, later(60))
    assert (done.sent, done.waiting) == (3, 0)
    assert receiver.came[0][1] == first[1] and receiver.came[0][0]["webhook-id"] == first[0]["webhook-id"]
    assert receiver.types == ["picture.generated", "picture.generated", "site.built"] and hooks.outbox(root) == ((), ())


def test_a_hanging_receiver_holds_nobody_up(root: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_TIMEOUT_S", 0.2)
    receiver.answers = [0]
    built = run(root, "build", "--crew", "inline")
    assert built.exit_code == 0 and "did not answer within 0.2 s" in built.stderr and len(receiver.came) == 1
    assert run(root, "hooks", "send").exit_code == 0
    ids = [headers["webhook-id"] for headers, _ in receiver.came]
    assert len(ids) == 4 and len(set(ids)) == 3, "told twice, with one id, so that the receiver can tell"


def test_a_crash_loses_no_letter(root: Path, receiver: Receiver) -> None:
    receiver.answers = [0]
    call = [sys.executable, "-m", "aibild_build", "build", "--crew", "inline", "--root", str(root)]
    with subprocess.Popen(call, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not receiver.came and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert len(hooks.outbox(root)[0]) == 3
    receiver.came.clear()
    assert run(root, "hooks", "send").exit_code == 0 and len(receiver.came) == 3


def test_given_up_and_taken_up_again(root: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_MOST_ATTEMPTS", 2)
    receiver.answers = [404, 404]
    run(root, "build", "--crew", "inline")
    done = hooks.post(root, later(60))
    assert (done.failed, done.waiting) == (1, 2)
    told = run(root, "hooks", "status")
    assert told.exit_code == 1 and "given up: cms picture.generated" in told.stdout and "answered 404" in told.stdout
    assert json.loads(run(root, "hooks", "status", "--json").stdout)["failed"][0]["attempts"] == 2
    sent = run(root, "hooks", "send", "--failed")
    assert sent.exit_code == 0 and "posted 3, waiting 0, given up 0" in sent.stderr


def test_one_hook_in_trouble_does_not_hold_up_another(root: Path, receiver: Receiver) -> None:
    with receive() as other:
        config = root / "aibild.toml"
        config.write_text(config.read_text() + HOOK.format(url=other.url).replace("hooks.cms", "hooks.dam"))
        receiver.answers = [503] * 9
        run(root, "build", "--crew", "inline")
        assert len(other.came) == 3 and len(receiver.came) == 1 and len(hooks.outbox(root)[0]) == 3


def test_two_at_once_post_nothing_twice(root: Path, receiver: Receiver) -> None:
    receiver.answers = [500]
    run(root, "build", "--crew", "inline")
    receiver.came.clear()
    call = [sys.executable, "-m", "aibild_build", "hooks", "send", "--root", str(root)]
    for process in [subprocess.Popen(call, stderr=subprocess.DEVNULL) for _ in range(2)]:
        process.wait(60)
    ids = [headers["webhook-id"] for headers, _ in receiver.came]
    assert len(ids) == len(set(ids)) == 3


def test_without_its_secret_nothing_is_posted(root: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    built = run(root, "build", "--crew", "inline")
    assert built.exit_code == 0 and "HOOK_SECRET" in built.stderr and not receiver.came and len(hooks.outbox(root)[0]) == 3
    assert SECRET not in "".join(path.read_text() for path in (root / ".aibild/outbox").glob("*.json"))


def test_a_ping(root: Path, receiver: Receiver) -> None:
    assert run(root, "hooks", "test", "cms").stdout == "cms: received\n" and receiver.types == ["ping"]
    receiver.answers = [401]
    refused = run(root, "hooks", "test", "cms")
    assert refused.exit_code == 3 and refused.stdout == "cms: answered 401\n"
    unknown = run(root, "hooks", "test", "csm")
    assert unknown.exit_code == 2 and "did you mean `cms`?" in unknown.stderr


def test_a_project_without_hooks_has_no_outbox(tmp_path: Path) -> None:
    root = write_project(tmp_path / "site", {})
    assert run(root, "build", "--crew", "inline").exit_code == 0 and not (root / ".aibild/outbox").exists()


def test_releases_are_told(root: Path, receiver: Receiver, tmp_path: Path) -> None:
    config = root / "aibild.toml"
    where = f'\n[targets.live]\nkind = "local"\naddress = "{tmp_path / "www"}"\nbase_url = "https://harbour.example/"\n'
    config.write_text(config.read_text() + where)
    assert run(root, "build", "--crew", "inline").exit_code == 0
    receiver.came.clear()
    shipped = run(root, "deploy", "live", "--no-check")
    assert shipped.exit_code == 0, shipped.stderr
    assert receiver.types == ["site.deployed"] and receiver.data(0)["target"] == "live" and receiver.data(0)["sent"] > 10
    assert run(root, "deploy", "live", "--no-check").exit_code == 0 and len(receiver.came) == 1, "nothing new, nothing told"
