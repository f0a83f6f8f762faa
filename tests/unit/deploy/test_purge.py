"""Purges, against a server that answers as the vendors' documentation says; the signature is judged by a real S3 server."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aibild_build.config import PurgeSettings, TargetSettings
from aibild_build.deploy import empty_caches, purge_file
from aibild_build.errors import DeployError, TargetDenied
from aibild_build.purge import purge
from aibild_build.purge.cloudfront import folded, signature
from tests.support.buckets import Server
from tests.support.cdn import TOKEN, Cdn, cdn

NOW = "20261123T201500Z"
AWS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture
def edge() -> Iterator[Cdn]:
    with cdn() as one:
        yield one


def addresses(count: int) -> list[str]:
    return [f"https://harbour.example/page-{number}/" for number in range(count)]


def test_cloudflare_takes_a_hundred_addresses_a_request(edge: Cdn) -> None:
    settings = PurgeSettings(kind="cloudflare", zone="z1", endpoint=f"{edge.url}client/v4")
    assert purge(addresses(230), settings, {"CLOUDFLARE_API_TOKEN": TOKEN}, now=NOW) == 3
    assert [len(json.loads(body)["files"]) for _, _, body in edge.requests] == [100, 100, 30]
    assert edge.purged == addresses(230)
    with pytest.raises(TargetDenied, match="Invalid token"):
        purge(addresses(1), settings, {"CLOUDFLARE_API_TOKEN": "wrong"}, now=NOW)
    with pytest.raises(TargetDenied, match="CLOUDFLARE_API_TOKEN is not set"):
        purge(addresses(1), settings, {}, now=NOW)


def test_cloudfront_takes_paths_and_folds_full_folders(edge: Cdn) -> None:
    settings = PurgeSettings(kind="cloudfront", zone="E1", endpoint=edge.url.rstrip("/"))
    many = [f"https://harbour.example/blog/{number}/" for number in range(50)]
    assert purge([*many, "https://harbour.example/über & so/"], settings, AWS, now=NOW) == 1
    path, headers, body = edge.requests[0]
    assert path == "/2020-05-31/distribution/E1/invalidation"
    assert edge.purged == ["/%C3%BCber%20&amp;%20so/", "/blog/*"]
    assert "<Quantity>2</Quantity>" in body.decode()
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/20261123/us-east-1/cloudfront/aws4_request")


def test_folding_stops_where_it_does_not_help() -> None:
    few = addresses(5)
    assert folded(few) == tuple(f"/page-{number}/" for number in range(5))
    wide = [f"https://harbour.example/{folder}/{page}/" for folder in range(200) for page in range(19)]
    assert folded(wide) == ("/*",)


@pytest.mark.parametrize(("secret", "status"), [("adminsecret", 200), ("wrong", 403)])
def test_a_real_server_takes_our_signature(seaweed: Server, secret: str, status: int) -> None:
    """CloudFront cannot be asked here; an S3 server checks the same algorithm, and refuses a wrong secret."""
    seaweed.make("cdn")
    url = f"{seaweed.endpoint}/cdn?delete="
    body = b"<Delete><Object><Key>nothing</Key></Object></Delete>"
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = signature(url, body, "admin", secret, "", now, service="s3")
    request = urllib.request.Request(url, data=body, headers={**headers, "Content-Type": "application/xml"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            got = answer.status
    except urllib.error.HTTPError as error:
        got = error.code
        error.close()
    assert got == status


def test_a_purge_that_fails_is_a_warning_and_is_tried_again(edge: Cdn, tmp_path: Path) -> None:
    cache = PurgeSettings(kind="cloudflare", zone="z1", endpoint=f"{edge.url}client/v4")
    settings = TargetSettings(name="production", purge=cache)
    environ = {"CLOUDFLARE_API_TOKEN": TOKEN}
    edge.refuses = True
    count, findings = empty_caches(tmp_path, settings, addresses(2), environ, now=NOW)
    assert count == 0 and [one.rule for one in findings] == ["purge-failed"]
    assert json.loads(purge_file(tmp_path, "production").read_text())["addresses"] == addresses(2)
    edge.refuses = False
    count, findings = empty_caches(tmp_path, settings, addresses(3)[2:], environ, now=NOW)
    assert (count, findings) == (3, ()) and edge.purged == addresses(3)
    assert not purge_file(tmp_path, "production").exists()


def test_a_vendor_that_is_not_there_is_told(tmp_path: Path) -> None:
    cache = PurgeSettings(kind="cloudfront", zone="z1", endpoint="http://127.0.0.1:9")
    with pytest.raises(DeployError, match="CloudFront does not answer"):
        purge(addresses(1), cache, AWS, now=NOW)
