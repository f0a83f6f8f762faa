"""`[hooks.NAME]`: who is told of what happens to pictures and site. How they are told is for `build.hooks` to say."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..source import Fields, nearest_hint
from .settings import Hook

EVENTS = (
    "picture.generated",
    "picture.picked",
    "picture.approved",
    "picture.rejected",
    "picture.withdrawn",
    "picture.retracted",
    "picture.reinstated",
    "site.built",
    "site.deployed",
)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_hooks(table: Fields) -> tuple[Hook, ...]:
    """Every hook that can be used, by name; the others are findings."""
    return tuple(hook for name in table.names() if (hook := _hook(table, name, table.fields(name))) is not None)


def _hook(table: Fields, name: str, own: Fields) -> Hook | None:
    url, secret, events = own.text("url", required=True), own.text("secret_env", required=True), own.texts("events")
    private = tuple(host.lower() for host in own.texts("private"))
    good = bool(url and secret)
    if not _NAME.fullmatch(name):
        table.tell("source-value", f"expected a hook's name in kebab-case (a–z, 0–9, hyphens), got `{name}`", name)
        good = False
    if url and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname):
        own.wrong("url", "address https://…")
        good = False
    if secret and not _VARIABLE.fullmatch(secret):
        own.tell(
            "source-value",
            f"expected hooks.{name}.secret_env as name of an environment variable, got something else",
            "secret_env",
        )
        good = False
    for index, event in enumerate(events):
        if event not in EVENTS:
            own.wrong(("events", index), "one of " + ", ".join(EVENTS), hint=nearest_hint(event, EVENTS))
            good = False
    return Hook(name=name, url=url, secret_env=secret, events=events or EVENTS, private=private) if good else None
