"""A project behind `aibild serve` in this process: the loop in a thread of its own, as little else as that takes."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aibild_build.build import Options
from aibild_build.build.idling import Refiner
from aibild_build.build.resident import Resident, State
from aibild_build.build.review import ReviewDesk
from aibild_build.build.talk import Silent
from aibild_build.model import Actor
from aibild_build.reports.places import rule_url
from aibild_build.web import Events, Local
from aibild_build.web.serve import Bell, Loop, Site
from aibild_build.web.serve.shelf import Shelf
from aibild_build.web.serve.slow import Line

from .project import TODAY

T = TypeVar("T")
PATIENCE_S = 90.0


@dataclass(slots=True)
class Serving:
    root: Path
    resident: Resident
    loop: Loop
    events: Events
    server: Local
    said: list[State] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url.rstrip("/")

    def get(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET"
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The answer and its whole body."""
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE_S)
        try:
            line.request(method, path, headers=headers or {})
            answer = line.getresponse()
            return answer, answer.read()
        finally:
            line.close()

    def text(self, path: str) -> str:
        return self.get(path)[1].decode()

    def until(self, path: str, text: str) -> str:
        """The page, once it holds the text."""
        return until(lambda: page if text in (page := self.text(path)) else "")


def until(look: Callable[[], T]) -> T:
    """What `look` gives once that is something; fails when it takes too long."""
    end = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found


@contextmanager
def serving(
    root: Path, *, line: Line | None = None, watch: bool = True, refine_after_s: float | None = None
) -> Iterator[Serving]:
    """Serve the project, built once, until the block ends. Without `refine_after_s` nothing is refined."""
    options = Options(root=root, output=root / ".aibild/serve", draft=True, time_box_s=0.0, crew="inline")
    actor = Actor(who="ada@example.org", when=TODAY)
    resident = Resident(options, today=lambda: TODAY, talk=Silent(), actor=lambda: actor)
    events, said = Events(), list[State]()
    refiner = Refiner(root, None, lambda: loop.better(), refine_after_s) if refine_after_s is not None else None
    loop = Loop(resident, events, None, said.append, lambda path: site.page_of(path), refiner)
    shelf = Shelf(lambda: ReviewDesk(root, lambda: actor), lambda: resident.base_path, lambda: loop.state.drafts)
    site = Site(resident, events, shelf, told=loop.told, rule_url=rule_url, line=line, live=watch)
    with Local(site, token="", headers={}, forms=False) as server, Bell(resident.places, root, loop.rung):
        loop.first()
        thread = threading.Thread(target=loop.run, daemon=True)
        thread.start()
        try:
            yield Serving(root, resident, loop, events, server, said)
        finally:
            events.close()
            loop.close()
            thread.join(PATIENCE_S)
            if refiner is not None:
                refiner.stir()
