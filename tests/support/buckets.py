"""Object storage that runs here: SeaweedFS (keeps conditions), rclone (ignores them), azurite (Azure's own emulator).

Each starts on free ports of 127.0.0.1 with data in a folder of its own, is asked until it answers, and is ended by its own pid.
A server that is not installed skips the test, or fails it under `CI=true`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from tests.support.judges import absent, command, node_file

ACCOUNT = "devstoreaccount1"
# The key that Microsoft publishes for the emulator's one account.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_READY_S = 120


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `environ` are credentials for everything, `readers` for reading the bucket `cache` alone."""

    scheme: str
    endpoint: str
    folder: Path
    environ: Mapping[str, str]
    readers: Mapping[str, str]
    pid: int
    filer: str = ""

    def address(self, bucket: str, prefix: str = "") -> str:
        """An address of a bucket here, for `open_bucket` and for `aibild.toml`. The bucket is made if need be."""
        self.make(bucket)
        return f"{self.scheme}://{bucket}/{prefix}?endpoint={self.endpoint}"

    def make(self, bucket: str) -> None:
        if self.scheme == "gs":
            return
        if self.scheme == "az":
            _make_container(self.endpoint, bucket)
        elif self.filer:
            _make(urllib.request.Request(f"{self.filer}/buckets/{bucket}/", method="POST"))
        else:
            (self.folder / bucket).mkdir(exist_ok=True)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@contextmanager
def seaweed(folder: Path) -> Iterator[Server]:
    """SeaweedFS with an administrator and a reader of the bucket `cache`."""
    ports = free_ports(8)
    admin = {"accessKey": "admin", "secretKey": "adminsecret"}
    reader = {"accessKey": "reader", "secretKey": "readersecret"}
    identities = [
        {"name": "admin", "credentials": [admin], "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
        {"name": "reader", "credentials": [reader], "actions": ["Read:cache", "List:cache"]},
    ]
    (folder / "data").mkdir()
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port")
    arguments = [f"-{name}={port}" for name, port in zip(names, ports, strict=False)]
    start = [_binary("weed"), "-logtostderr=true", "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    start += [*arguments, "-s3", f"-s3.port.grpc={ports[7]}", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0"]
    start += ["-s3.port.lance=0", "-volume.max=40", "-master.volumeSizeLimitMB=64"]
    endpoint, filer = f"http://127.0.0.1:{ports[6]}", f"http://127.0.0.1:{ports[4]}"
    with _running(start, folder, (endpoint, filer)) as pid:
        server = Server("s3", endpoint, folder, _aws("admin", "adminsecret"), _aws("reader", "readersecret"), pid, filer)
        server.make("cache")
        yield server


@contextmanager
def rclone(folder: Path) -> Iterator[Server]:
    """rclone's S3, which answers 200 to every conditional write."""
    (port,) = free_ports(1)
    (folder / "data").mkdir()
    start = [_binary("rclone"), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "admin,adminsecret"]
    # Buckets are made as folders behind its back: it must look each time.
    start += [str(folder / "data"), "--vfs-cache-mode", "off", "--dir-cache-time", "1ms"]
    start += ["--config", str(folder / "rclone.conf")]
    endpoint = f"http://127.0.0.1:{port}"
    with _running(start, folder, (endpoint,)) as pid:
        environ = _aws("admin", "adminsecret")
        yield Server("s3", endpoint, folder / "data", environ, environ, pid)


@contextmanager
def azurite(folder: Path) -> Iterator[Server]:
    """Azure's emulator of blob storage."""
    script = node_file("azurite/dist/src/blob/main.js")
    (port,) = free_ports(1)
    start = [command("node"), str(script), "--silent", "--location", str(folder), "--blobHost", "127.0.0.1"]
    start += ["--blobPort", str(port), "--skipApiVersionCheck", "--disableTelemetry"]
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    with _running(start, folder, (endpoint,)) as pid:
        environ = {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY}
        yield Server("az", endpoint, folder, environ, environ, pid)


def _aws(key: str, secret: str) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": "us-east-1"}


def _binary(name: str) -> str:
    """A program that a wheel of the extra `dev` brings."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.is_file() else shutil.which(name) or absent(f"`{name}` is not installed (extra dev)")


@contextmanager
def _running(start: list[str], folder: Path, endpoints: tuple[str, ...]) -> Iterator[int]:
    log = folder / "server.log"
    with log.open("wb") as out, subprocess.Popen(start, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=folder) as server:
        try:
            for endpoint in endpoints:
                _wait(endpoint, server, log)
            yield server.pid
        finally:
            server.kill()


def _wait(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers anything at all: an error in HTTP is an answer, too."""
    until = time.monotonic() + _READY_S
    while True:
        try:
            urllib.request.urlopen(endpoint + "/", timeout=10).close()
            return
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500:
                return
        except OSError:
            pass
        if server.poll() is not None or time.monotonic() > until:
            raise AssertionError("a server does not start:\n" + log.read_text(errors="replace")[-2000:])
        time.sleep(0.05)


def _make_container(endpoint: str, name: str) -> None:
    """A signed request, since obstore makes no containers (Shared Key, version 2019-12-12, of Azure's REST reference)."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2019-12-12"}
    lines = [
        "PUT",
        *[""] * 11,
        *(f"{key}:{value}" for key, value in headers.items()),
        f"/{ACCOUNT}/{ACCOUNT}/{name}",
        "restype:container",
    ]
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256).digest()).decode()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{signature}"
    _make(urllib.request.Request(f"{endpoint}/{name}?restype=container", method="PUT", headers=headers))


def _make(request: urllib.request.Request) -> None:
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except urllib.error.HTTPError as error:
        error.close()
        assert error.code == 409, error  # it is there already
