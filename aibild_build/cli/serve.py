"""`aibild serve`."""

from __future__ import annotations

import errno
import os
import signal
import webbrowser
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..build.resident import State
from ..errors import AibildError, SourceError
from .shared import common, errors, print_findings, print_json, today

PORT = 8000
_NEXT = 20  # ports that are tried after it
_FOLDER = ".aibild/serve"
_TAKEN = (errno.EADDRINUSE, errno.EACCES)


@click.command()
@common
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on; without it 8000 or the next free one.")
@click.option("--host", default="127.0.0.1", help="The address to listen on; 0.0.0.0 lets other machines look.")
@click.option("--watch/--no-watch", default=True, help="Build when something is saved, and show it in open pages.")
@click.option("--generate/--no-generate", default=True, help="Have missing pictures made meanwhile; never at a price.")
@click.option("--open", "open_", is_flag=True, help="Open the site in your browser.")
@click.option("--output", type=click.Path(path_type=Path), help="The output folder, instead of .aibild/serve.")
@click.option("--throttle", type=click.Choice(("slow-4g", "3g")), help="Send everything as slowly as such a line.")
def serve(
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    port: int | None,
    host: str,
    watch: bool,
    generate: bool,
    open_: bool,
    output: Path | None,
    throttle: str | None,
) -> None:
    """Serve the site on this machine while you work on it: what you save is in the page at once. Ctrl-C ends it.

    Pictures that are not made yet are sketched, marked as drafts, and take their place when they are ready.
    """
    with errors(as_json):
        from ..build import Options
        from ..build.idling import Refiner
        from ..build.painting import Painter
        from ..build.resident import Resident
        from ..build.review import ReviewDesk
        from ..reports.places import rule_url
        from ..web import Events
        from ..web.serve import LINES, Bell, Loop, Site
        from ..web.serve.shelf import Shelf
        from .identity import actor
        from .talk import talk_for

        root = root.absolute()
        _refuse_no_project(root)
        options = Options(root=root, output=output or root / _FOLDER, store=store, draft=True, time_box_s=0.0)
        who = partial(actor, root)
        resident = Resident(options, today=today, talk=talk_for(quiet=quiet, verbose=verbose), actor=who)
        events = Events()
        painter = Painter(root, store, lambda: loop.tell()) if generate else None
        refiner = Refiner(root, store, lambda: loop.better())
        loop = Loop(resident, events, painter, _Terminal(quiet).said, lambda path: site.page_of(path), refiner)
        shelf = Shelf(lambda: ReviewDesk(root, who, store_dir=store), lambda: resident.base_path, lambda: loop.state.drafts)
        line = LINES[throttle] if throttle else None
        site = Site(resident, events, shelf, told=loop.told, rule_url=rule_url, line=line, live=watch)
        server = _listening(site, host, port)
        address = server.url.rstrip("/")
        _end_with((refiner.stir, *((painter.close,) if painter is not None else ())), quiet)
        with server, Bell(resident.places, root, loop.rung) if watch else nullcontext():
            if as_json:
                print_json({"schema": 1, "url": f"{address}/", "folder": str(resident.output)})
            loop.first()
            if not as_json:
                click.echo(f"{address}{resident.base_path}")
            if open_:
                webbrowser.open(f"{address}{resident.base_path}")
            loop.run()


def _refuse_no_project(root: Path) -> None:
    """A site whose settings are wrong can be mended while it is served; a folder without any is no project."""
    from ..config import CONFIG_FILE, read_config

    if not (root / CONFIG_FILE).is_file():
        raise SourceError(read_config(root)[1])


def _listening(site: Any, host: str, port: int | None) -> Any:
    """A server at the port that was asked for, or at the first free one."""
    from ..web import Local

    door = partial(Local, site, token="", host=host, headers={}, forms=False)
    if port is not None:
        return door(port=port)
    for number in range(PORT, PORT + _NEXT):
        try:
            return door(port=number)
        except AibildError as error:
            if not isinstance(error.__cause__, OSError) or error.__cause__.errno not in _TAKEN:
                raise
    return door(port=0)


def _end_with(closing: Iterable[Callable[[], None]], quiet: bool) -> None:
    """End at once on Ctrl-C: a build may stop anywhere, since the next one completes it, and streams have no end of their own."""

    def end(number: int, frame: object) -> None:
        for close in closing:
            close()
        if not quiet:
            os.write(2, b"\nstopped\n")
        os._exit(0)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)


class _Terminal:
    """One line a build on stderr; findings when they are others than before."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._told: tuple[object, ...] = ()

    def said(self, state: State) -> None:
        findings = tuple(fault.finding for fault in state.faults) or state.findings
        if findings != self._told:
            self._told = findings
            print_findings(findings, quiet=self._quiet)
        if self._quiet:
            return
        if state.faults:
            click.echo("not built: the last good pages stay", err=True)
        elif state.pages:
            count = f"{state.pages} page{'' if state.pages == 1 else 's'}"
            drafts = f", {len(state.drafts)} pictures as drafts" if state.drafts else ""
            click.echo(f"built {count} in {state.seconds:.2f} s{drafts}", err=True)
