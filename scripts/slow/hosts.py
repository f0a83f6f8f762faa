"""Two hosts that build one site, while one of them is killed or cut off: is what comes the same as from one machine?

    python -m scripts.slow.hosts [--pictures 60] [--trial none --trial killed --trial cut]

Two network namespaces with a wire between them are two hosts, each with a file system of its own where it counts
(Ray's sockets, /dev/shm, the project, the local store): `h` (10.77.6.1: head, the command, the object store) and `w`
(10.77.6.2). `w` sees nothing of the project: what its jobs need comes as orders and out of the object store
(SeaweedFS, through `store.remote`). Sixty sketches and 540 files are made over Ray by `aibild build`. At the
fifteenth picture all processes of `w` are killed, and another host joins after ten seconds; or its link is set down
and stays so. Pages, files and pinned pixels must equal those that one machine makes. Needs root, `ip`, `curl`, the
extras `ray` and `cloud`, and the development tools. Takes two to four minutes a trial.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from aibild_build.store import new_key

HEAD, WORKER = "10.77.6.1", "10.77.6.2"
PORT, S3_PORT = 6399, 8333
CHECKOUT = Path(__file__).parents[2]
CONFIG = """\
[site]
name = "Harbour"
description = "A small harbour"
base_url = "https://harbour.example/"
[site.organisation]
name = "Harbour Office"
url = "https://harbour.example/"
[menus]
main = [{page = ""}]
[slots.hero]
priority = true
breakpoints = [{min = 0, ratio = "16:9", width = "100vw", max = "320px"}]
[images]
formats = ["jpeg"]
creator = "Harbour Office"
credit = "Harbour Office"
copyright = "© Harbour Office"
license = "https://harbour.example/"
[images.quality]
jpeg = 75
[briefs]
engine = "sketch"
[gates.blank]
level = "off"
[gates.duplicate]
level = "off"
"""


def write_site(root: Path, pictures: int, remote: str = "", trusted: str = "") -> Path:
    """A page for each picture, and a front page."""
    (root / "briefs").mkdir(parents=True)
    (root / "site").mkdir()
    store = f'[store]\nremote = "{remote}"\ntrusted = ["{trusted}"]\n' if remote else ""
    (root / "aibild.toml").write_text(CONFIG + store, "utf-8")
    for number in range(pictures):
        brief = f"subject: paper hills\nseed: {number}\nsize: [960, 540]\nalt: Paper hills, number {number}\n"
        (root / f"briefs/hill-{number}.yaml").write_text(brief, "utf-8")
        page = f"---\ntitle: Hill {number}\ndescription: Hill number {number}.\nhero: hill-{number}\n---\n\nA hill.\n"
        (root / f"site/hill-{number}.md").write_text(page, "utf-8")
    (root / "site/index.md").write_text("---\ntitle: Hills\ndescription: All hills.\nhero: hill-0\n---\n\nHills.\n", "utf-8")
    return root


def digest(folder: Path, lock: Path) -> str:
    """Of every file's path and bytes, and of the pixels that the lock pins; when they came, the trail tells of each run."""
    briefs = json.loads(lock.read_bytes())["briefs"]
    pinned = {name: [one["pixels"] for one in entry["assets"]["master"]["candidates"]] for name, entry in briefs.items()}
    whole = hashlib.sha256(json.dumps(pinned, sort_keys=True).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def ask(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def network(names: tuple[str, str]) -> Iterator[None]:
    """Two namespaces and a wire between them."""
    first, second = names
    try:
        for name in names:
            ask("ip", "netns", "add", name)
        ask("ip", "link", "add", f"v{first}", "type", "veth", "peer", "name", f"v{second}")
        for name, address in zip(names, (HEAD, WORKER), strict=True):
            ask("ip", "link", "set", f"v{name}", "netns", name)
            ask("ip", "-n", name, "addr", "add", f"{address}/24", "dev", f"v{name}")
            for link in ("lo", f"v{name}"):
                ask("ip", "-n", name, "link", "set", link, "up")
        yield
    finally:
        for name in names:
            end_all(name)
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def end_all(name: str) -> None:
    """kill -9 for every process of a host."""
    for number in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(number), signal.SIGKILL)


def host(name: str, own: list[Path], log: Path, environment: dict[str, str], *command: str) -> subprocess.Popen[bytes]:
    """Start a command on a host, where the folders `own` are empty and nobody else's."""
    mounts = "".join(f"mkdir -p {folder}; mount -t tmpfs t {folder}; " for folder in own)
    script = f'mount --make-rprivate /; mount -t tmpfs -o size=512m t /dev/shm; {mounts}cd {own[-1]}; exec "$@"'
    with log.open("ab") as out:
        return subprocess.Popen(
            ["ip", "netns", "exec", name, "unshare", "-m", "bash", "-c", script, "bash", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def wait_until(ready: Callable[[], bool], seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise SystemExit(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.1)


class Trial:
    """One run on two hosts. `folder` holds all that it leaves."""

    def __init__(self, folder: Path, pictures: int, remote: bool) -> None:
        self._folder, self._pictures, self._remote = folder, pictures, remote
        self._names = (f"h{os.getpid()}", f"w{os.getpid()}")
        self._there = ["ip", "netns", "exec", self._names[0]]
        self._root, self._store, self._ray = folder / "site", folder / "store", Path("/tmp/ray")
        key, self._trusted = new_key()
        self._environment = {
            **os.environ,
            "AIBILD_STORE_KEY": key.decode(),
            "PYTHONPATH": str(CHECKOUT),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": token_hex(16),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ADDRESS": f"{HEAD}:{PORT}",
            "AWS_ACCESS_KEY_ID": "admin",
            "AWS_SECRET_ACCESS_KEY": "adminsecret",
            "AWS_REGION": "us-east-1",
        }

    def run(self, event: str) -> dict[str, object]:
        address = f"s3://cache/?endpoint=http://{HEAD}:{S3_PORT}" if self._remote else ""
        write_site(self._root, self._pictures, address, self._trusted)
        self._store.mkdir()
        with network(self._names):
            if self._remote:
                self._object_store()
            head = self._node(
                self._names[0], "--head", f"--port={PORT}", f"--node-ip-address={HEAD}", "--include-dashboard=false"
            )
            other = self._join()
            return self._build(head, other, event)

    def _build(self, head: subprocess.Popen[bytes], other: subprocess.Popen[bytes], event: str) -> dict[str, object]:
        """The command, on the head, among the head's own mounts; the event as soon as a quarter of the pictures is there."""
        talk = self._folder / "talk"
        command = [sys.executable, "-m", "aibild_build", "build", "--crew", "ray", "--json", "-v"]
        places = ["--root", str(self._root), "--store", str(self._store), "--no-check"]
        into = [*self._there, "nsenter", f"--mount=/proc/{head.pid}/ns/mnt"]
        started = time.monotonic()
        with talk.open("wb") as err:
            run = subprocess.Popen([*into, *command, *places], env=self._environment, stdout=subprocess.PIPE, stderr=err)
        if event != "none":
            wait_until(lambda: self._told(talk, "pictures") >= self._pictures // 4 or run.poll() is not None, 300, "a quarter")
            print(f"  {event} after {time.monotonic() - started:.1f} s, {self._told(talk, 'pictures')} pictures", flush=True)
        there = self._kept_by(other)
        if event == "killed":
            end_all(self._names[1])
            time.sleep(10)
            other = self._join()
        elif event == "cut":
            ask("ip", "-n", self._names[1], "link", "set", f"v{self._names[1]}", "down")
        out, _ = run.communicate(timeout=900)
        took_s = time.monotonic() - started
        if run.returncode:
            raise SystemExit(f"the build ended with {run.returncode}:\n{talk.read_text()[-3000:]}")
        made, there = json.loads(out)["made"], (there if event == "killed" else 0) + self._kept_by(other)
        return {"event": event, "seconds": round(took_s, 1), "made": made, "blobs of the other": there, "digest": self._result()}

    def _result(self) -> str:
        return digest(self._root / "dist", self._root / "aibild.lock")

    def _told(self, talk: Path, kind: str) -> int:
        """How many of a kind the command has told of."""
        lines = [line for line in talk.read_text("utf-8").splitlines() if line.startswith(f"{kind}: ") and "/" in line]
        return int(lines[-1].split()[1].partition("/")[0]) if lines else 0

    def _kept_by(self, node: subprocess.Popen[bytes]) -> int:
        """How many blobs lie in the store of the other host: what it made, and the masters that it cut files from."""
        if not self._remote:
            return 0
        look = ["nsenter", f"--mount=/proc/{node.pid}/ns/mnt", "find", str(self._store / "cas"), "-type", "f"]
        return len(subprocess.run(look, check=False, capture_output=True, text=True).stdout.splitlines())

    def _join(self) -> subprocess.Popen[bytes]:
        return self._node(self._names[1], f"--address={HEAD}:{PORT}", f"--node-ip-address={WORKER}")

    def _node(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"node-{len(list(self._folder.glob('node-*')))}"
        mine = name == self._names[1]
        own = [self._ray, *([self._root] if mine else []), *([self._store] if mine and self._remote else [])]
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *arguments, "--num-cpus=1", "--num-gpus=1"]
        node = host(
            name, own, log, self._environment, *command, "--object-store-memory=100000000", "--disable-usage-stats", "--block"
        )
        wait_until(lambda: "Ray runtime started" in log.read_text() or node.poll() is not None, 120, f"a node on {name}")
        if node.poll() is not None:
            raise SystemExit(log.read_text()[-3000:])
        return node

    def _object_store(self) -> None:
        """SeaweedFS on the head, with one who may write."""
        data, log = self._folder / "seaweed", self._folder / "seaweed.log"
        data.mkdir()
        secrets, may = {"accessKey": "admin", "secretKey": "adminsecret"}, ["Admin", "Read", "Write", "List", "Tagging"]
        writer = {"name": "admin", "credentials": [secrets], "actions": may}
        (self._folder / "s3.json").write_text(json.dumps({"identities": [writer]}))
        weed = str(Path(sys.executable).parent / "weed")
        arguments = [f"-dir={data}", f"-ip={HEAD}", "-ip.bind=0.0.0.0", "-s3", f"-s3.port={S3_PORT}", "-s3.port.iceberg=0"]
        arguments += [
            f"-s3.config={self._folder / 's3.json'}",
            "-s3.port.lance=0",
            "-volume.max=40",
            "-master.volumeSizeLimitMB=64",
        ]
        host(self._names[0], [data], log, self._environment, weed, "-logtostderr=true", "server", *arguments)
        bucket = [*self._there, "curl", "-sf", "-o", "/dev/null", "-X", "POST", f"http://{HEAD}:8888/buckets/cache/"]
        wait_until(lambda: subprocess.run(bucket, check=False).returncode == 0, 120, "the object store")


def alone(folder: Path, pictures: int) -> tuple[str, float]:
    """The digest of the site as one machine makes it."""
    root = write_site(folder / "site", pictures)
    started = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "aibild_build",
        "build",
        "--no-check",
        "-q",
        "--root",
        str(root),
        "--store",
        str(folder / "store"),
    ]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, check=True)
    return digest(root / "dist", root / "aibild.lock"), time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--trial", choices=("none", "killed", "cut"), action="append")
    parser.add_argument(
        "--shared-folder", action="store_true", help="let the hosts share the store's folder, without an object store"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hosts") as first:
        expected, took_s = alone(Path(first), asked.pictures)
    print(f"alone: {took_s:.1f} s, {expected[:12]}", flush=True)
    wrong = 0
    for event in asked.trial or ("none", "killed", "cut"):
        with tempfile.TemporaryDirectory(prefix="hosts") as folder:
            result = Trial(Path(folder), asked.pictures, not asked.shared_folder).run(event)
        same = result["digest"] == expected
        wrong += not same
        print(json.dumps(result | {"equal": same}), flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
