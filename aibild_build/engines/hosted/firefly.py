"""`firefly`: Adobe's Firefly Services, asynchronous.

Written from the public API reference (POST /v3/images/generate-async, then its status address), read in 2026-11; never run
against the service itself. Id and secret are exchanged for a token; the job is looked at once a second; the link in its result is
followed at once, and asked for anew when it has expired. Four requests a minute are what an organisation has by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ...errors import EngineRefused, EngineTransient, EngineUnavailable
from ...model import Brief, Finding, Json, Level, Recipe, Size
from .. import Progress
from .account import Account, is_service_address
from .answers import content, demand, in_words
from .base import Delivery, Hosted, Words, said
from .client import Answer, Request
from .options import Option, too_long
from .outside import Outside

_CHARACTERS = 1024
_SEEDS = 2**31
_POLL_S = 1.0
_SCOPE = "openid,AdobeID,session,additional_info,read_organizations,firefly_api,ff_apis"
# Adobe names no list price: contracts count operations. This stands in, and says so, until the user writes a price.
_ASSUMED = {"image3": 0.10, "image4_standard": 0.10, "image4_ultra": 0.20}
_SQUARE_AND_WIDE = ((2048, 2048), (2304, 1792), (1792, 2304), (2688, 1536))
_SIZES = {
    "image3": (*_SQUARE_AND_WIDE, (1024, 1024), (1152, 896), (896, 1152), (1344, 768)),
    "image4_standard": (*_SQUARE_AND_WIDE, (1440, 2560)),
    "image4_ultra": (*_SQUARE_AND_WIDE, (1440, 2560)),
}


class Firefly(Hosted):
    name = "firefly"
    defaults = Account(
        engine="firefly",
        base_url="https://firefly-api.adobe.io",
        key_env="FIREFLY_SERVICES_CLIENT_ID",
        model="image4_standard",
        per_minute=4,
        more={"secret_env": "FIREFLY_SERVICES_CLIENT_SECRET", "token_url": "https://ims-na1.adobelogin.com/ims/token/v3"},
    )
    prices = tuple(_ASSUMED)
    seconds = 20.0

    def __init__(self, settings: Mapping[str, Json] | None = None, outside: Outside | None = None) -> None:
        super().__init__(settings, outside)
        self._token = ""
        self._token_until = 0.0

    def options(self) -> Mapping[str, Option]:
        return {
            "model": Option(default=self.account.model, choices=tuple(_SIZES)),
            "content_class": Option(default="photo", choices=("photo", "art")),
        }

    def sizes(self, chosen: Mapping[str, str], asked: Size) -> Iterable[Size]:
        return _SIZES.get(chosen["model"], _SQUARE_AND_WIDE)

    def words(self, brief: Brief) -> Words:
        findings = (
            *too_long(brief, "the prompt", brief.prompt, _CHARACTERS),
            *too_long(brief, "the negative prompt", brief.negative, _CHARACTERS),
            *self._unpriced(brief),
        )
        return Words(prompt=brief.prompt, negative=brief.negative, findings=findings)

    def quote(self, recipe: Recipe) -> float:
        return self.price(str(recipe.parameters.get("model")), _ASSUMED)[0]

    def call(self, recipe: Recipe, progress: Progress) -> Delivery:
        answer = self._ask(self._order(recipe))
        started = content(self.account, answer)
        progress(0.3)
        result = self._result(started)
        progress(0.7)
        made = _first(result)
        data = self.client.download(_link(made), lambda: _link(_first(self._result(started))))
        price, basis = self.price(str(recipe.parameters.get("model")), _ASSUMED)
        noted: dict[str, Json] = {"model": recipe.parameters["model"], **said(answer)}
        for name, value in (("seed", made.get("seed")), ("job", started.get("jobId"))):
            if isinstance(value, str | int):
                noted[name] = value
        assumed = basis if basis == "your price" else "assumed: Adobe names no list price"
        return Delivery(data=data, answer=answer, spent=price, basis=assumed, noted=noted)

    def _order(self, recipe: Recipe) -> Request:
        body: dict[str, Json] = {
            "prompt": recipe.prompt,
            "contentClass": recipe.parameters["content_class"],
            "numVariations": 1,
            "seeds": [recipe.seed % _SEEDS],
            "size": {"width": recipe.size[0], "height": recipe.size[1]},
        }
        if recipe.negative:
            body["negativePrompt"] = recipe.negative
        url = f"{self.account.base_url}/v3/images/generate-async"
        return Request(method="POST", url=url, headers={"x-model-version": str(recipe.parameters["model"])}, json=body, paid=True)

    def _ask(self, request: Request) -> Answer:
        """With a token; one that has run out before its time is exchanged once."""
        for attempt in range(2):
            token, client_id = self._signed_in(), self.client.secret(self.account.key_env)
            headers = {**request.headers, "Authorization": f"Bearer {token}", "x-api-key": client_id}
            answer = self.client.ask(
                Request(method=request.method, url=request.url, headers=headers, json=request.json, paid=request.paid)
            )
            if answer.status == 401 and not attempt:
                self._token = ""
                continue
            break
        demand(self.account, answer, (token, client_id))
        return answer

    def _signed_in(self) -> str:
        """A token for the id and secret (OAuth 2.0, RFC 6749 section 4.4), kept until shortly before it runs out."""
        if self._token and self.outside.now() < self._token_until:
            return self._token
        client_id, secret = self.client.secret(self.account.key_env), self.client.secret(self.account.more["secret_env"])
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, "scope": _SCOPE}
        answer = self.client.ask(Request(method="POST", url=self.account.more["token_url"], form=form))
        if answer.status in (400, 401):
            pair = f"{self.account.key_env} with the secret in {self.account.more['secret_env']}"
            raise EngineUnavailable(f"firefly does not accept the id in {pair}", hint="are both of the same project?")
        demand(self.account, answer, (client_id, secret))
        value = content(self.account, answer)
        token, lasts_s = value.get("access_token"), value.get("expires_in")
        if not isinstance(token, str) or not token:
            raise EngineRefused("firefly sent no token", hint="is token_url right?")
        self._token = token
        self._token_until = self.outside.now() + (0.9 * lasts_s if isinstance(lasts_s, int | float) else 600.0)
        return token

    def _result(self, started: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the job came to. Raises EngineRefused when it failed, EngineTransient when it takes too long."""
        url = str(started.get("statusUrl") or "")
        if not self._is_theirs(url):
            raise EngineRefused("firefly gave a status address that is not its own")
        began = self.outside.now()
        while self.outside.now() - began < self.account.timeout_s:
            value = content(self.account, self._ask(Request(method="GET", url=url)))
            status = str(value.get("status", "")).casefold()
            result = value.get("result")
            if status == "succeeded" and isinstance(result, dict):
                return result
            if status in ("failed", "canceled", "cancelled", "timeout"):
                fault = {name: part for name, part in value.items() if name not in ("jobId", "status")}
                why = in_words(fault, (self._token,)) or status
                raise EngineRefused(why, hint="change the words or parameters of the brief, or its engine")
            self.outside.sleep(_POLL_S)
        raise EngineTransient(
            f"firefly did not finish within {self.account.timeout_s:g} s", hint="the service may have charged for it"
        )

    def _is_theirs(self, url: str) -> bool:
        """The token goes to no other domain than the service's own."""
        if not is_service_address(url, local=self.account.local):
            return False
        home, host = (str(urlsplit(one).hostname) for one in (self.account.base_url, url))
        return host == home or host.endswith("." + ".".join(home.split(".")[-2:]))

    def _unpriced(self, brief: Brief) -> tuple[Finding, ...]:
        if self.account.price is not None:
            return ()
        message = "Adobe names no list price for engine `firefly`; plans and limits count with an assumed one"
        hint = "[engines.firefly] price = … says what your contract says"
        return (
            Finding(rule="price-assumed", level=Level.NOTE, message=message, origin=brief.origin, subject=brief.id, hint=hint),
        )


def _first(result: Mapping[str, Any]) -> Mapping[str, Any]:
    outputs = result.get("outputs")
    if not isinstance(outputs, list) or not outputs or not isinstance(outputs[0], dict):
        raise EngineRefused("firefly finished without a picture")
    return outputs[0]


def _link(made: Mapping[str, Any]) -> str:
    image = made.get("image")
    link = image.get("url") if isinstance(image, dict) else None
    if not isinstance(link, str) or not link:
        raise EngineRefused("firefly finished without a picture")
    return link
