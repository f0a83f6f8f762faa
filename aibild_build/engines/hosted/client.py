"""The one HTTP client of all hosted engines.

Takes a method, an address and what to send, yields the whole answer. It keeps the pace, obeys `Retry-After`, tries again what may
succeed, and takes no more bytes than allowed. What an answer means is the vendor's to say. No message of this file holds an
address or a secret: links to pictures are signed, and whoever has them has the picture.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from ...errors import EngineRefused, EngineTransient, EngineUnavailable
from ...model import Json
from .account import Account, is_service_address
from .outside import Outside
from .pace import Pace

_LONGEST_WAIT_S = 120.0
_FIRST_WAIT_S = 1.0
_CONNECT_S = 15.0
_MAY_BE_CHARGED = "the service may have charged for it; build again to ask once more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`attempts` requests went out for it; `lost` of them broke off after they were sent, and may have been charged."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    attempts: int = 1
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`paid` requests are counted by the pace, and not repeated when nobody can say whether they were carried out.

    `json` or `form` or `parts` (multipart) is the body; `hopeless` says of an answer that asking again will not help.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Json = None
    form: Mapping[str, str] | None = None
    parts: Mapping[str, str] | None = None
    paid: bool = False
    hopeless: Callable[[Answer], bool] = lambda answer: False


class _Failed(Exception):
    """One attempt came to nothing. `again` says whether the next may be made."""

    def __init__(self, problem: str, *, again: bool, lost: bool = False, hint: str = "") -> None:
        super().__init__(problem)
        self.problem, self.again, self.lost, self.hint = problem, again, lost, hint


class Client:
    """Connections to one service; opened at the first request, kept until `close`, and opened again after it."""

    def __init__(self, account: Account, outside: Outside) -> None:
        self._account = account
        self._outside = outside
        self._pace = Pace(f"{account.engine} {account.base_url}", account.per_minute, outside)
        self._http: Any = None

    def secret(self, variable: str) -> str:
        """The value of an environment variable that must be there. Raises EngineUnavailable, naming the variable."""
        value = self._outside.environ.get(variable, "").strip()
        if not value:
            raise EngineUnavailable(
                f"engine `{self._account.engine}` needs a key in the environment variable {variable}",
                hint=f"export {variable}=…, or build where it is set; a frozen build needs none",
            )
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise EngineUnavailable(f"the environment variable {variable} holds signs that no key has", hint="paste it again")
        return value

    def ask(self, request: Request) -> Answer:
        """The service's answer: any status but those that were tried again to the end. Raises EngineError."""
        lost = 0
        for attempt in range(1, self._account.attempts + 1):
            if request.paid:
                self._pace.take()
            wait_s = _FIRST_WAIT_S * 2.0 ** (attempt - 1)
            try:
                answer = self._once(request)
            except _Failed as failed:
                problem, hint = failed.problem, failed.hint
                lost += failed.lost
                if not failed.again or (request.paid and lost > 1):
                    raise EngineTransient(f"{self._account.engine} {problem}", hint=hint) from failed.__cause__
            else:
                if not _may_succeed_later(answer.status) or request.hopeless(answer):
                    return Answer(status=answer.status, headers=answer.headers, body=answer.body, attempts=attempt, lost=lost)
                problem, hint = f"answered {answer.status} {_MEANINGS.get(answer.status, '')}".rstrip(), "try again later"
                wait_s = self._retry_after_s(answer.headers, wait_s)
            if attempt < self._account.attempts:
                self._wait(wait_s, problem)
        times = "once" if self._account.attempts == 1 else f"{self._account.attempts} times"
        raise EngineTransient(f"{self._account.engine} {problem}, {times}", hint=hint)

    def download(self, url: str, renew: Callable[[], str] | None = None) -> bytes:
        """The bytes behind a link that the service gave. A link that no longer leads anywhere is asked for anew, once."""
        for attempt in range(2):
            if attempt and renew is not None:
                url = renew()
            if not is_service_address(url, local=self._account.local):
                raise EngineRefused(f"{self._account.engine} gave a link to its picture that is not https")
            answer = self.ask(Request(method="GET", url=url))
            if answer.status == 200:
                return answer.body
            if answer.status not in (401, 403, 404, 410):
                break
        raise EngineTransient(
            f"{self._account.engine} gave a link that leads to no picture (status {answer.status}): it has expired",
            hint=_MAY_BE_CHARGED,
        )

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _wait(self, wait_s: float, problem: str) -> None:
        if wait_s > _LONGEST_WAIT_S:
            raise EngineTransient(
                f"{self._account.engine} {problem}, and asks to wait {wait_s:.0f} s", hint="build again when that time is over"
            )
        self._outside.sleep(wait_s)

    def _retry_after_s(self, headers: Mapping[str, str], otherwise: float) -> float:
        """RFC 9110, 10.2.3: seconds, or a date; `retry-after-ms` is what some services add."""
        exact, given = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
        if exact.replace(".", "", 1).isdigit():
            return float(exact) / 1000
        if given.replace(".", "", 1).isdigit():
            return float(given)
        try:
            return max(0.0, parsedate_to_datetime(given).timestamp() - self._outside.wall())
        except (TypeError, ValueError):
            return otherwise

    def _once(self, request: Request) -> Answer:
        """One attempt. Raises _Failed, and EngineRefused for more bytes than allowed."""
        httpx = _httpx()
        started = self._outside.now()
        try:
            with self._opened().stream(
                request.method,
                request.url,
                headers=dict(request.headers),
                json=request.json,
                data=None if request.form is None else dict(request.form),
                files=None if request.parts is None else {name: (None, text) for name, text in request.parts.items()},
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(status=response.status_code, headers=headers, body=self._body(response, request, started))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _Failed("cannot be reached", again=True, hint="is the network up, and base_url right?") from error
        except httpx.TimeoutException as error:
            raise self._too_slow(request) from error
        except httpx.DecodingError as error:
            raise EngineRefused(f"{self._account.engine} sent an answer that cannot be unpacked") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Failed("broke off the connection", again=True, lost=True, hint=_MAY_BE_CHARGED) from error

    def _body(self, response: Any, request: Request, started: float) -> bytes:
        parts: list[bytes] = []
        taken = 0
        for part in response.iter_bytes():
            taken += len(part)
            parts.append(part)
            if taken > self._account.max_bytes:
                limit = self._account.max_bytes
                raise EngineRefused(
                    f"{self._account.engine} sent more than {limit} bytes", hint=f"[engines.{self._account.engine}] max_bytes"
                )
            if self._outside.now() - started > self._account.timeout_s:
                raise self._too_slow(request)
        return b"".join(parts)

    def _too_slow(self, request: Request) -> _Failed:
        return _Failed(
            f"did not answer within {self._account.timeout_s:g} s",
            again=not request.paid,
            lost=True,
            hint=_MAY_BE_CHARGED if request.paid else f"[engines.{self._account.engine}] timeout_s",
        )

    def _opened(self) -> Any:
        if self._http is None:
            httpx = _httpx()
            # They tell every address at level INFO, and signed links are addresses.
            for name in ("httpx", "httpcore"):
                logging.getLogger(name).setLevel(logging.WARNING)
            timeout_s = self._account.timeout_s
            self._http = httpx.Client(
                timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
                headers={"User-Agent": "aibild"},
                follow_redirects=False,
                trust_env=not self._account.local,
            )
        return self._http


_MEANINGS = {408: "(too slow)", 429: "(too many requests)", 500: "(it failed)", 503: "(overloaded)"}


def _may_succeed_later(status: int) -> bool:
    return status in (408, 425, 429) or status >= 500


def _httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        raise EngineUnavailable("hosted engines need the package httpx", hint="pip install 'aibild[hosted]'") from error
    return httpx


def library() -> str:
    """Name and version of the HTTP library, to be noted beside a picture."""
    return f"httpx {_httpx().__version__}"
