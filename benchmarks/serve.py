"""From a save to the changed page over HTTP, against `hugo server` on the same synthetic site, as ratios within one run.

    python benchmarks/serve.py [--pages 1000] [--saves 20] [--folder DIR]

Both servers run at once and are saved to in turn, so that what else the machine does weighs on both. A save appends a line to the
body of a post; the clock runs from before the write until an answer holds the line, over one kept connection that asks every two
milliseconds. Between two saves both have time to come to rest. The site and Hugo are those of `pages.py`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pages import EDITED, Peer, edit, peers

_EVERY_S = 0.002
_LATE_S = 60.0
_READY_S = 300.0


@dataclass
class Server:
    """A server at work: where its post lies, and what was measured of it."""

    port: int
    post: Path
    ready_s: float = 0.0
    seen_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_LATE_S)

    def page(self) -> bytes:
        """The post as it is served now, b"" while nobody answers."""
        try:
            self._line.request("GET", f"/{EDITED}/")
            answer = self._line.getresponse()
            data = answer.read()
            return data if answer.status == 200 else b""
        except (OSError, http.client.HTTPException):
            self._line.close()
            return b""

    def save(self, token: str) -> None:
        """Save, and wait until it is served."""
        began = time.perf_counter()
        edit(self.post, token)
        while token.encode() not in self.page():
            if time.perf_counter() - began > _LATE_S:
                raise SystemExit(f"{self.post} was not served within {_LATE_S:g} s")
            time.sleep(_EVERY_S)
        self.seen_ms.append((time.perf_counter() - began) * 1000)


@contextmanager
def running(name: str, peer: Peer, folder: Path) -> Iterator[Server]:
    """The server of one generator, ready, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "aibild": (sys.executable, "-m", "aibild_build", "serve", "-q", "--port", str(port)),
        "hugo": (peer.command[0], "server", "--quiet", "--bind", "127.0.0.1", "--port", str(port)),
    }
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    began = time.perf_counter()
    process = subprocess.Popen(options[name], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = Server(port, folder / peer.edited)
        while not server.page():
            if process.poll() is not None or time.perf_counter() - began > _READY_S:
                raise SystemExit(f"{name} does not serve {folder}")
            time.sleep(0.05)
        server.ready_s = time.perf_counter() - began
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def at(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def table(servers: dict[str, Server]) -> Iterator[str]:
    yield "| server | save to page, median ms | p95 ms | max ms | × hugo, median | ready s |"
    yield "|---|---|---|---|---|---|"
    base = servers["hugo"].seen_ms
    for name, one in servers.items():
        ratio = statistics.median(ours / theirs for ours, theirs in zip(one.seen_ms, base, strict=True))
        seen = f"{statistics.median(one.seen_ms):.0f} | {at(one.seen_ms, 0.95):.0f} | {max(one.seen_ms):.0f}"
        yield f"| {name} | {seen} | {ratio:.3f} | {one.ready_s:.1f} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=1000)
    options.add_argument("--saves", type=int, default=20)
    options.add_argument("--rest", type=float, default=1.0, help="seconds between two saves")
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "aibild-pages")
    asked = options.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    found = peers(asked.folder / "tools", ["hugo"])
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name, peer in found.items():
            folder = asked.folder / f"{name}-{asked.pages}"
            if not folder.exists():
                peer.write(folder, asked.pages)
            servers[name] = stack.enter_context(running(name, peer, folder))
        time.sleep(2 * asked.rest)
        for number in range(asked.saves):
            for name, server in servers.items():
                server.save(f"{name}-{number}-{time.time_ns()}")
                print(f"# {number} {name}: {server.seen_ms[-1]:.0f} ms", file=sys.stderr)
                time.sleep(asked.rest)
    print(f"{asked.pages} pages, {asked.saves} saves, load {os.getloadavg()[0]:.1f}\n")
    for line in table(servers):
        print(line)


if __name__ == "__main__":
    main()
