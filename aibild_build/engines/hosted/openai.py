"""`openai`: the gpt-image family, over the Images API.

Written from the public API reference (POST /v1/images/generations) and the types of the vendor's own client, read in 2026-11;
never run against the service itself. It takes no seed and no negative prompt: what to leave out is said in words, and so is the
palette. The answer holds the picture in base64 and the tokens that are charged.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import EngineRefused
from ...model import Brief, Json, Recipe, Size
from .. import Progress
from .account import Account
from .answers import content, demand, out_of_credit
from .base import Delivery, Hosted, Words, number_of, said
from .client import Request
from .options import Option, too_long
from .sizes import sizes_by_step

MODEL = "gpt-image-2-2026-04-21"
_PROMPT_CHARACTERS = 32_000
_QUALITIES = ("low", "medium", "high")
_FIXED_SIZES = ((1024, 1024), (1536, 1024), (1024, 1536))  # of the models before gpt-image-2
_SQUARE_PIXELS = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Tariff:
    """US dollars for a square picture of 1024 pixels by quality, and for a million tokens: text in, pictures in, pictures out."""

    low: float
    medium: float
    high: float
    text: float
    seen: float
    drawn: float

    def listed(self) -> dict[str, float]:
        return {"low": self.low, "medium": self.medium, "high": self.high}


# By the beginning of the model's name, the longest first; what is not here is taken for the newest.
_TARIFFS = {
    "gpt-image-1-mini": _Tariff(0.005, 0.011, 0.036, 2.0, 2.5, 8.0),
    "gpt-image-1.5": _Tariff(0.009, 0.034, 0.133, 5.0, 8.0, 32.0),
    "gpt-image-1": _Tariff(0.011, 0.042, 0.167, 5.0, 10.0, 40.0),
    "gpt-image-2": _Tariff(0.006, 0.053, 0.211, 5.0, 8.0, 30.0),
}


class OpenAI(Hosted):
    name = "openai"
    seeded = False
    defaults = Account(engine="openai", base_url="https://api.openai.com/v1", key_env="OPENAI_API_KEY", model=MODEL)
    prices = _QUALITIES
    seconds = 40.0

    def options(self) -> Mapping[str, Option]:
        return {
            "model": Option(default=self.account.model),
            "quality": Option(default="medium", choices=_QUALITIES),
            "background": Option(default="opaque", choices=("opaque", "transparent")),
            "moderation": Option(default="auto", choices=("auto", "low")),
        }

    def sizes(self, chosen: Mapping[str, str], asked: Size) -> Iterable[Size]:
        """From gpt-image-2 on: sides of multiples of 16, 3:1 to 1:3, at most 3840 long, 655,360 to 8,294,400 pixels."""
        if chosen["model"].startswith("gpt-image-1"):
            return _FIXED_SIZES
        return sizes_by_step(asked, step=16, longest=3840, fewest_pixels=655_360, most_pixels=8_294_400, steepest=3.0)

    def words(self, brief: Brief) -> Words:
        colours = ", ".join(swatch.colour for swatch in sorted(brief.palette, key=lambda swatch: -swatch.weight))
        parts = [
            brief.prompt,
            f"Colour palette: {colours}." if colours else "",
            f"Leave out: {brief.negative}." if brief.negative else "",
        ]
        prompt = "\n".join(filter(None, parts))
        return Words(prompt=prompt, findings=too_long(brief, "the prompt", prompt, _PROMPT_CHARACTERS))

    def fixed(self, brief: Brief) -> Mapping[str, Json]:
        return {"output_format": "png"}

    def quote(self, recipe: Recipe) -> float:
        """The listed price of a square picture, in proportion to pixels for larger ones: rather too much than too little."""
        price, basis = self.price(str(recipe.parameters.get("quality")), _tariff(recipe).listed())
        area = recipe.size[0] * recipe.size[1] / _SQUARE_PIXELS
        return price if basis == "your price" else price * max(1.0, area)

    def call(self, recipe: Recipe, progress: Progress) -> Delivery:
        key = self.client.secret(self.account.key_env)
        names = ("model", "quality", "background", "moderation", "output_format", "n")
        body: dict[str, Json] = {name: recipe.parameters.get(name) for name in names}
        body |= {"prompt": recipe.prompt, "size": f"{recipe.size[0]}x{recipe.size[1]}"}
        answer = self.client.ask(
            Request(
                method="POST",
                url=f"{self.account.base_url}/images/generations",
                headers={"Authorization": f"Bearer {key}"},
                json=body,
                paid=True,
                hopeless=out_of_credit,
            )
        )
        progress(0.9)
        demand(self.account, answer, (key,))
        value = content(self.account, answer)
        spent, basis, tokens = self._spent(recipe, value)
        noted: dict[str, Json] = {"model": recipe.parameters["model"], **said(answer), **({"usage": tokens} if tokens else {})}
        return Delivery(data=_picture(value), answer=answer, spent=spent, basis=basis, noted=noted)

    def _spent(self, recipe: Recipe, value: Mapping[str, Any]) -> tuple[float, str, dict[str, Json]]:
        """The bill: the tokens that the answer counts at the model's rates, unless the user has a price of their own."""
        quoted, (_, basis) = self.quote(recipe), self.price(str(recipe.parameters.get("quality")), _tariff(recipe).listed())
        usage = value.get("usage")
        if not isinstance(usage, dict):
            return quoted, basis, {}
        details = usage.get("input_tokens_details")
        seen = number_of(details.get("image_tokens")) if isinstance(details, dict) else 0.0
        text, drawn = number_of(usage.get("input_tokens")) - seen, number_of(usage.get("output_tokens"))
        tokens: dict[str, Json] = {"text": int(max(0.0, text)), "seen": int(seen), "drawn": int(drawn)}
        if basis == "your price":
            return quoted, basis, tokens
        rates = _tariff(recipe)
        return (max(0.0, text) * rates.text + seen * rates.seen + drawn * rates.drawn) / 1e6, f"tokens, {basis}", tokens


def _tariff(recipe: Recipe) -> _Tariff:
    model = str(recipe.parameters.get("model"))
    return next((tariff for beginning, tariff in _TARIFFS.items() if model.startswith(beginning)), _TARIFFS["gpt-image-2"])


def _picture(value: Mapping[str, Any]) -> bytes:
    pictures = value.get("data")
    first = pictures[0] if isinstance(pictures, list) and pictures else None
    text = first.get("b64_json") if isinstance(first, dict) else None
    if not isinstance(text, str):
        raise EngineRefused("openai sent an answer without a picture")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EngineRefused("openai sent a picture that is no base64") from error
