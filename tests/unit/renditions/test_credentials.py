"""Certificates good and bad, keys from files and from the environment, what a manifest says, and time stamps."""

from __future__ import annotations

import http.server
import io
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aibild_build.config import Credentials
from aibild_build.errors import CredentialError
from aibild_build.imagefile.manifest import verify_manifest
from aibild_build.model import Variant
from aibild_build.renditions.credentials import Parent, Seal, Signer, Story, find_signer, key_text, seal_of, sidecar_name
from aibild_build.renditions.credentials.profile import faults
from aibild_build.renditions.credentials.sign import sign
from tests.support.certificates import MAIL, WEB_SERVER, write_chain
from tests.support.judges import command

NAMED = Credentials(certificate="certs/chain.pem", key="certs/key.pem", trust="certs/root.pem")
TODAY = datetime.now(UTC).date().isoformat()
STORY = Story(title="quay", source_type="trainedAlgorithmicMedia", agent="m", day="2026-11-23", size=(64, 48))
VARIANT = Variant(pixels="0" * 64, crop=(0, 0, 64, 48), size=(64, 48), format="jpeg", settings={}, codec=1)


def jpeg() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.effect_noise((64, 48), 40).convert("RGB").save(file, "JPEG", quality=70)
    return file.getvalue()


def signer_of(root: Path, settings: Credentials = NAMED, **wrong: Any) -> Signer:
    write_chain(root / "certs", **wrong)
    found = find_signer(settings, root, {})
    assert found is not None
    return found


def seal(signer: Signer, settings: Credentials = NAMED, story: Story = STORY, variant: Variant = VARIANT) -> Seal:
    return seal_of(story, variant, settings, signer)


@pytest.mark.parametrize(
    "kind",
    [{}, {"intermediate": True}, {"algorithm": "p384"}, {"algorithm": "ed25519"}, {"purposes": (MAIL,)}],
    ids=["plain", "intermediate", "p384", "ed25519", "mail"],
)
def test_good_chains_sign_and_are_trusted(kind: dict[str, Any], tmp_path: Path) -> None:
    signer = signer_of(tmp_path, **kind)
    assert list(faults(signer.chain, key_text(signer, {}), TODAY)) == []
    data, sidecar = sign(jpeg(), seal(signer), signer, {})
    assert sidecar == b"" and verify_manifest(data, "image/jpeg", trust=signer.trust).state == "trusted"
    assert not signer.test and signer.name == signer.fingerprint


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"purposes": (WEB_SERVER,)}, "expected a certificate for signing content"),
        ({"purposes": ()}, "expected a certificate for signing content"),
        ({"itself": True}, "expected a certificate that somebody issued"),
        ({"ends": datetime(2026, 1, 2, tzinfo=UTC), "starts": datetime(2026, 1, 1, tzinfo=UTC)}, "one that ended on 2026-01-02"),
        ({"other_key": True}, "expected the key of this certificate, got another's"),
        ({"password": b"secret"}, "expected a key without a password"),
    ],
    ids=["web server", "no purpose", "signed itself", "expired", "other key", "password"],
)
def test_bad_chains_are_told_and_do_not_sign(wrong: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    signer = signer_of(tmp_path, **wrong)
    assert any(sentence in fault for fault in faults(signer.chain, key_text(signer, {}), TODAY))
    if "itself" not in wrong:  # the library would sign with that one, so it is well that we look before
        with pytest.raises(CredentialError) as refused:
            sign(jpeg(), seal(signer), signer, {})
        assert "BEGIN" not in str(refused.value)


def test_chains_in_the_wrong_order_are_told(tmp_path: Path) -> None:
    signer = signer_of(tmp_path, intermediate=True)
    parts = signer.chain.split("-----END CERTIFICATE-----\n")
    turned = "-----END CERTIFICATE-----\n".join([parts[1], parts[0], ""])
    assert "expected the signer's certificate first in the chain, got an authority's" in list(faults(turned, "", TODAY))


def test_the_last_day_is_the_certificate_s(tmp_path: Path) -> None:
    from cryptography import x509

    for ends in (datetime(2027, 3, 4, tzinfo=UTC), datetime(2051, 6, 7, tzinfo=UTC)):
        signer = signer_of(tmp_path, ends=ends)
        leaf = x509.load_pem_x509_certificate(signer.chain.encode())
        assert signer.ends == leaf.not_valid_after_utc.date().isoformat() == ends.date().isoformat()


def test_the_environment_goes_first(tmp_path: Path) -> None:
    write_chain(tmp_path / "certs")
    other = write_chain(tmp_path / "other")
    environ = {"AIBILD_C2PA_CERTIFICATE": str(other / "chain.pem"), "AIBILD_C2PA_KEY": (other / "key.pem").read_text()}
    signer = find_signer(NAMED, tmp_path, environ)
    assert signer is not None and signer.chain == (other / "chain.pem").read_text() and signer.key_file == ""
    assert "PRIVATE" not in repr(signer)
    assert key_text(signer, environ).startswith("-----BEGIN PRIVATE KEY")
    by_path = {**environ, "AIBILD_C2PA_KEY": str(other / "key.pem")}
    assert key_text(signer, by_path) == (other / "key.pem").read_text()
    (other / "key.pem").chmod(0o640)
    with pytest.raises(CredentialError, match="only its owner can read, got mode 0640"):
        key_text(signer, by_path)


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_chain_is_refused(text: str, tmp_path: Path) -> None:
    write_chain(tmp_path / "certs")
    (tmp_path / "certs/chain.pem").write_text(text)
    with pytest.raises(CredentialError):
        find_signer(NAMED, tmp_path, {})


def test_keys_and_names_hang_on_what_is_said(tmp_path: Path) -> None:
    signer = signer_of(tmp_path)
    first = seal(signer)
    others = [
        seal(signer, Credentials(certificate="x", training="allowed")),
        seal(signer, story=Story(title="quay", source_type="algorithmicMedia", agent="m", day="", size=(64, 48))),
        seal(signer, Credentials(certificate="x", policy="link")),
        seal(signer, variant=Variant(**{**fields_of(VARIANT), "crop": (0, 0, 32, 48)})),
        seal(signer, story=Story(**{**fields_of(STORY), "parent": Parent(title="p", format="png")})),
    ]
    assert len({one.said for one in (first, *others)}) == len({one.key("u") for one in (first, *others)}) == 6
    assert first.key("a") != first.key("b") and "1." not in first.said
    assert sidecar_name("quay", VARIANT, first, "m") != sidecar_name("quay", VARIANT, first, "n")
    other = find_signer(NAMED, write_chain(tmp_path / "two/certs").parent, {})
    assert other is not None and seal(other).key("a") != first.key("a") and seal(other).said != first.said


def fields_of(noun: Any) -> dict[str, Any]:
    return {name: getattr(noun, name) for name in noun.__dataclass_fields__}


def test_a_painted_over_picture_is_opened_and_edited(tmp_path: Path) -> None:
    signer = signer_of(tmp_path)
    story = Story(**{**fields_of(STORY), "parent": Parent(title="picture 0123", format="png")})
    data, _ = sign(jpeg(), seal(signer, story=story), signer, {})
    manifest = verify_manifest(data, "image/jpeg", trust=signer.trust).manifest
    actions = next(one for one in manifest["assertions"] if one["label"].startswith("c2pa.actions"))["data"]["actions"]
    assert [one["action"] for one in actions] == ["c2pa.opened", "c2pa.edited", "c2pa.transcoded"]
    assert [(one["title"], one["relationship"]) for one in manifest["ingredients"]] == [("picture 0123", "parentOf")]


def test_a_parent_s_own_manifest_is_kept(tmp_path: Path) -> None:
    """What a service signed is inside of what we sign."""
    service, ours = signer_of(tmp_path / "service"), signer_of(tmp_path / "ours")
    original, _ = sign(jpeg(), seal(service), service, {})
    story = Story(
        **{**fields_of(STORY), "parent": Parent(title="as it came", format="jpeg", original="b" * 64), "imported": True}
    )
    data, _ = sign(jpeg(), seal(ours, story=story), ours, {}, original)
    state = verify_manifest(data, "image/jpeg", trust=ours.trust + service.trust)
    assert state.state == "trusted"
    ingredient = state.manifest["ingredients"][0]
    assert ingredient["relationship"] == "parentOf" and ingredient["active_manifest"]


def test_a_linked_manifest_binds_the_file(tmp_path: Path) -> None:
    settings = Credentials(**{**fields_of(NAMED), "policy": "link"})
    signer = signer_of(tmp_path, settings)
    data, sidecar = sign(jpeg_once := jpeg(), seal(signer, settings), signer, {})
    assert data == jpeg_once
    assert verify_manifest(data, "image/jpeg", manifest=sidecar, trust=signer.trust).state == "trusted"
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    assert verify_manifest(bytes(changed), "image/jpeg", manifest=sidecar, trust=signer.trust).state == "invalid"
    assert seal(signer, settings, variant=Variant(**{**fields_of(VARIANT), "format": "avif"})).policy == "embed"


def test_an_authority_that_does_not_answer_stops_signing(tmp_path: Path) -> None:
    settings = Credentials(**{**fields_of(NAMED), "time_stamp": "http://127.0.0.1:9/"})
    signer = signer_of(tmp_path, settings)
    with pytest.raises(CredentialError) as refused:
        sign(jpeg(), seal(signer, settings), signer, {})
    assert "http://127.0.0.1:9/ did not answer" in refused.value.message


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[str]:
    """A time-stamp authority of this machine: `openssl ts` behind a loopback server."""
    program = command("openssl")
    folder = tmp_path / "tsa"
    folder.mkdir()
    (folder / "tsa.cnf").write_text(
        f"[tsa]\ndefault_tsa = t\n[t]\ndir = {folder}\nserial = {folder}/serial\nsigner_digest = sha256\n"
        "default_policy = 1.2.3.4\n"
        "digests = sha256, sha384, sha512\nordering = no\ntsa_name = no\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n"
        "[ext]\nextendedKeyUsage = critical,timeStamping\n"
        "keyUsage = critical,digitalSignature\nbasicConstraints = critical,CA:false\n"
    )
    (folder / "serial").write_text("01\n")

    def openssl(*arguments: str) -> None:
        subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=TSA root")
    openssl("req", *curve, "-keyout", "t.key", "-out", "t.csr", "-subj", "/CN=TSA")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "tsa.cnf", "-extensions", "ext")
    openssl("x509", "-req", "-in", "t.csr", *signed, "-out", "t.pem", "-days", "20")

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (folder / "q").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            given = ("-signer", "t.pem", "-inkey", "t.key", "-chain", "ca.pem")
            openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q", *given, "-out", "a")
            body = (folder / "a").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_time_stamp_is_in_the_signature(authority: str, tmp_path: Path) -> None:
    settings = Credentials(**{**fields_of(NAMED), "time_stamp": authority})
    signer = signer_of(tmp_path, settings)
    data, _ = sign(jpeg(), seal(signer, settings), signer, {})
    trust = signer.trust + (tmp_path / "tsa/ca.pem").read_text()
    state = verify_manifest(data, "image/jpeg", trust=trust)
    assert state.state == "trusted" and state.manifest["signature_info"]["time"].startswith(TODAY[:4])
    assert seal(signer, settings).time_stamp and len(data) > 8_000
