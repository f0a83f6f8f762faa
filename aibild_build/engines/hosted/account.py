"""`[engines.NAME]` of a hosted engine: where the service is, which variable holds the key, how patient we are, what it costs.

Takes the table as it was written and the vendor's own defaults, yields an `Account` whose `faults` say what is wrong with the
table. A key written into the table is such a fault, and is never repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from ...model import Finding, Json, Level, Origin
from ...source import nearest_hint, shown

SETTINGS_FILE = "aibild.toml"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SECRETS = ("key", "api_key", "apikey", "secret", "client_secret", "token", "access_token", "password")
_NOT_OURS = ("models", "root")  # what the house adds to every engine's table


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How to talk to a service.

    `per_minute` 0 is no limit of ours; `price` is one number for any picture, or numbers by name, in money of the user's choice;
    `more` are settings that this vendor alone has.
    """

    engine: str
    base_url: str
    key_env: str
    model: str = ""
    timeout_s: float = 180.0
    attempts: int = 4
    per_minute: int = 0
    max_bytes: int = 64 * 2**20
    price: float | Mapping[str, float] | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Finding, ...] = ()

    @property
    def local(self) -> bool:
        """Whether the service is on this machine: a test's, or a proxy."""
        return urlsplit(self.base_url).hostname in _LOOPBACK


def read_account(defaults: Account, settings: Mapping[str, Json], prices: tuple[str, ...]) -> Account:
    """The defaults with the table laid over them. `prices` are the names that a table of prices may have."""
    faults: list[Finding] = []
    values: dict[str, object] = {}
    more = dict(defaults.more)
    known = ("base_url", "key_env", "model", "timeout_s", "attempts", "per_minute", "max_bytes", "price", *more)
    for name, value in settings.items():
        where = f"engines.{defaults.engine}.{name}"
        if name in _NOT_OURS:
            continue
        if name.casefold() in _SECRETS:
            hint = f"export it as {defaults.key_env}, or name another variable with key_env; and have this one withdrawn"
            faults.append(_fault("source-value", f"expected no secret in {SETTINGS_FILE}, got `{where}`", hint))
        elif name not in known:
            faults.append(
                _fault("source-unknown-key", f"expected a setting of the engine, got `{where}`", nearest_hint(name, known))
            )
        elif (expected := _expected(name, value, prices)) != "":
            faults.append(_fault("source-value", f"expected {where} as {expected}, got {shown(value)}", ""))
        elif name in more:
            more[name] = str(value)
        else:
            values[name] = value.rstrip("/") if name == "base_url" and isinstance(value, str) else value
    return replace(defaults, more=more, faults=tuple(faults), **values)  # type: ignore[arg-type]


def is_service_address(url: str, *, local: bool) -> bool:
    """An address that a secret or a picture may travel to or from: https, or this very machine where `local` allows it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username is not None or any(sign.isspace() for sign in url):
        return False
    return parts.scheme == "http" if local and host in _LOOPBACK else parts.scheme == "https" and host not in _LOOPBACK


def _expected(name: str, value: Json, prices: tuple[str, ...]) -> str:
    """What a setting should have been, "" where it is that."""
    if name in ("base_url", "token_url"):
        fine = isinstance(value, str) and is_service_address(value, local=True) and not set(value) & set("?#")
        return "" if fine else "address https://… without a name, a password or a query"
    if name in ("timeout_s", "attempts", "per_minute", "max_bytes"):
        whole = name != "timeout_s"
        low = 0 if name == "per_minute" else 1 if whole else 0.01
        fine = isinstance(value, int if whole else int | float) and not isinstance(value, bool) and _at_least(value, low)
        return "" if fine else f"{'whole number' if whole else 'number of seconds'} of at least {low}"
    if name == "price":
        if isinstance(value, Mapping):
            fine = set(value) <= set(prices) and all(_is_price(price) for price in value.values())
        else:
            fine = _is_price(value)
        return "" if fine else f"number, or table of numbers for {', '.join(prices)}"
    return "" if isinstance(value, str) and value and value == value.strip() else "text"


def _is_price(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _at_least(value, 0)


def _at_least(value: Json, low: float) -> bool:
    return isinstance(value, int | float) and low <= value < float("inf")


def _fault(rule: str, message: str, hint: str) -> Finding:
    return Finding(rule=rule, level=Level.FATAL, message=message, origin=Origin(path=SETTINGS_FILE), hint=hint)
