"""What an answer says: its JSON, and why a service said no.

Takes an `Answer`, yields values, or the EngineError that fits its status. A reason is the service's own words, in one line,
without anything that is secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import EngineRefused, EngineUnavailable
from .account import Account
from .client import Answer

_LONGEST_REASON = 300


def content(account: Account, answer: Answer) -> Mapping[str, Any]:
    """The JSON object of an answer that was a success. Raises EngineRefused for anything else in the body."""
    try:
        value = json.loads(answer.body)
    except ValueError as error:
        raise EngineRefused(f"{account.engine} sent an answer that is no JSON", hint="is base_url right?") from error
    if not isinstance(value, dict):
        raise EngineRefused(f"{account.engine} sent an answer that is no JSON object", hint="is base_url right?")
    return value


def demand(account: Account, answer: Answer, secrets: Iterable[str]) -> None:
    """Raises EngineUnavailable when it is about the account, EngineRefused when it is about the picture."""
    if 200 <= answer.status < 300:
        return
    name, variable = account.engine, account.key_env
    if answer.status == 401:
        # The service's own words repeat parts of the key.
        raise EngineUnavailable(
            f"{name} does not accept the key in {variable}", hint=f"look at {variable}; is it of this service?"
        )
    why = reason(answer, secrets) or f"status {answer.status}"
    if answer.status == 402 or out_of_credit(answer):
        raise EngineUnavailable(f"{name}: the account has no credit left: {why}", hint="top it up, or use another engine")
    if answer.status == 403:
        raise EngineUnavailable(f"{name} denies this account what was asked: {why}", hint="look at the rights of the account")
    raise EngineRefused(why, hint="change the words or parameters of the brief, or its engine")


def reason(answer: Answer, secrets: Iterable[str]) -> str:
    """Why a service said no, as it put it; "" where it did not say."""
    try:
        return in_words(json.loads(answer.body), secrets)
    except ValueError:
        return ""


def in_words(value: Any, secrets: Iterable[str]) -> str:
    """`reason` for JSON that was read already."""
    words = " ".join(_words(value).split())
    for secret in secrets:
        words = words.replace(secret, "…") if secret else words
    return words if len(words) <= _LONGEST_REASON else words[: _LONGEST_REASON - 1] + "…"


def out_of_credit(answer: Answer) -> bool:
    """Whether a service says that the account is empty; asking again does not fill it."""
    return answer.status < 500 and _code(answer) in ("insufficient_quota", "billing_hard_limit_reached", "quota_exceeded")


def _code(answer: Answer) -> str:
    try:
        value = json.loads(answer.body)
    except ValueError:
        return ""
    inner = value.get("error", value) if isinstance(value, dict) else {}
    return str(inner.get("code") or inner.get("error_code") or "") if isinstance(inner, dict) else ""


def _words(value: Any) -> str:
    """The sentence in the shapes that services use, the code in brackets where there is one."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value)))
    if not isinstance(value, dict):
        return ""
    for name in ("error", "errors"):
        if isinstance(value.get(name), dict | list):
            return _words(value[name])
    text = next((_words(value[name]) for name in ("message", "error", "detail", "title", "reason") if value.get(name)), "")
    code = str(value.get("code") or value.get("error_code") or "")
    return f"{text} ({code})" if text and code else text or code
