"""The lease: one deploy at a time switches pages, and one that was killed or cut off blocks nobody for long.

Takes a bucket, yields a lease that is held, renewed and dropped. Its age is told by the bucket's clock alone, since ours may be
wrong. Where a bucket ignores conditions the lease only warns; the settings say then that nobody else deploys (`exclusive`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from ..bucket import Bucket, bucket_time
from ..errors import BucketError, DeployError, TargetConflict
from .records import INTENT, Intent, intent_bytes, read_intent

LEASE_S = 60.0
_SLACK_S = 2.0  # buckets tell times in whole seconds
_RENEW_AFTER_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time, handed in: `monotonic` in seconds from anywhere, `sleep`, and `moment` of now as `20261123T201500Z`."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    moment: Callable[[], str]


class Lease:
    """`seconds` without a word from its holder, and anybody may take it over."""

    def __init__(self, bucket: Bucket, clock: Clock, *, conditional: bool, seconds: float = LEASE_S) -> None:
        self._bucket = bucket
        self._clock = clock
        self._conditional = conditional
        self._intent = Intent(release="", holder=secrets.token_hex(8), seconds=seconds)
        self._token = ""
        self._spoke = 0.0
        self.taken_over = False

    def take(self, release: str, *, wait_s: float = 0.0) -> None:
        """Hold the lease for switching to `release`. Waits up to `wait_s` for another to end. Raises TargetConflict.

        `taken_over` says afterwards that somebody had it and gave no word for too long.
        """
        self._intent = replace(self._intent, release=release)
        until = self._clock.monotonic() + wait_s
        while True:
            left = self._try()
            if left <= 0:
                return
            if self._clock.monotonic() >= until:
                raise TargetConflict(
                    f"another deploy to {self._bucket.address} is switching pages",
                    hint=f"if it was broken off, its lease ends in {left:.0f} s; `--wait {left + 5:.0f}s` waits for it",
                )
            self._clock.sleep(min(left, max(0.1, until - self._clock.monotonic()), 2.0))

    def renew(self) -> None:
        """Say that we are still at it, if that was long ago. Raises TargetConflict when somebody else took over meanwhile."""
        if self._clock.monotonic() - self._spoke < min(_RENEW_AFTER_S, self._intent.seconds / 4):
            return
        self._intent = replace(self._intent, count=self._intent.count + 1)
        token = self._write(intent_bytes(self._intent), self._token)
        if token is None:
            raise TargetConflict(
                f"this deploy to {self._bucket.address} was silent for too long, and another one took over",
                hint="pages are of its release, or will be; deploy again if yours is the newer one",
            )
        self._token, self._spoke = token, self._clock.monotonic()

    def give_up(self) -> None:
        """Tell that the switch broke off: others need not wait, and know that pages are of several releases."""
        self._intent = replace(self._intent, seconds=0.0, count=self._intent.count + 1)
        with suppress(BucketError):
            self._write(intent_bytes(self._intent), self._token)

    def drop(self) -> None:
        """Let others in; what cannot be dropped ends by itself."""
        with suppress(BucketError):
            found = self._bucket.head(INTENT)
            if found is not None and (not self._conditional or found.token == self._token):
                self._bucket.delete([INTENT])

    def _try(self) -> float:
        """0 when the lease is ours, else for how many seconds it is certainly not."""
        data = intent_bytes(self._intent)
        started = self._clock.monotonic()
        there = self._bucket.get(INTENT)
        token = None
        if there is None:
            token = self._bucket.create(INTENT, data) if self._conditional else self._bucket.put(INTENT, data)
        else:
            left = self._left(there.data, there.entry.modified)
            if left > 0:
                return left
            self._intent = replace(self._intent, after=_broken(there.data))
            data = intent_bytes(self._intent)
            token = self._write_over(data, there.entry.token)
            self.taken_over = self.taken_over or token is not None
        if token is None:
            return _SLACK_S
        self._token, self._spoke = token, started
        return 0.0

    def _left(self, data: bytes, modified: float) -> float:
        try:
            seconds = read_intent(data).seconds
        except DeployError:
            seconds = LEASE_S
        return modified + seconds + _SLACK_S - bucket_time(self._bucket)

    def _write_over(self, data: bytes, token: str) -> str | None:
        return self._bucket.replace(INTENT, data, token) if self._conditional else self._bucket.put(INTENT, data)

    def _write(self, data: bytes, token: str) -> str | None:
        if self._conditional:
            return self._bucket.replace(INTENT, data, token)
        there = self._bucket.get(INTENT)
        ours = there is not None and (there.entry.token == token or there.data == data)
        return self._bucket.put(INTENT, data) if ours else None


def _broken(data: bytes) -> tuple[str, ...]:
    """The releases that were being switched to when their deploys broke off."""
    try:
        intent = read_intent(data)
    except DeployError:
        return ()
    return tuple(dict.fromkeys((*intent.after, intent.release)))
