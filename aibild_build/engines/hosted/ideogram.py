"""`ideogram`: Ideogram 3.0, the model that takes a palette, a negative prompt and a seed.

Written from the public API reference (POST /v1/ideogram-v3/generate, multipart), read in 2026-11; never run against the service
itself. The answer holds a link that expires, so it is followed at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import EngineRefused
from ...model import Brief, Json, Recipe, Size
from .. import Progress
from .account import Account
from .answers import content, demand, out_of_credit
from .base import Delivery, Hosted, Words, said
from .client import Request
from .options import Option

MODEL = "ideogram-v3"
_SEEDS = 2**31
# US dollars a picture, by rendering speed (ideogram.ai/features/api-pricing).
_LISTED = {"FLASH": 0.03, "TURBO": 0.03, "DEFAULT": 0.06, "QUALITY": 0.09}
# The widths that the model makes at each height, from its list of 69 resolutions.
_WIDTHS = {
    512: (1536,),
    576: (1408, 1472, 1536),
    640: (1344, 1408, 1472, 1536),
    704: (1152, 1216, 1280, 1344, 1408, 1472),
    736: (1312,),
    768: (1088, 1216, 1280, 1344),
    800: (1280,),
    832: (960, 1024, 1088, 1152, 1216, 1248),
    864: (1152,),
    896: (960, 1024, 1088, 1120, 1152),
    960: (1024, 1088),
    1024: (1024,),
}
_LEAST_WEIGHT = 0.05


class Ideogram(Hosted):
    name = "ideogram"
    defaults = Account(
        engine="ideogram", base_url="https://api.ideogram.ai", key_env="IDEOGRAM_API_KEY", model=MODEL, per_minute=0
    )
    prices = tuple(_LISTED)
    seconds = 15.0

    def options(self) -> Mapping[str, Option]:
        """`magic_prompt` is off unless asked for: the service would write the prompt anew, differently each time."""
        return {
            "model": Option(default=self.account.model, choices=(MODEL,)),
            "rendering_speed": Option(default="DEFAULT", choices=tuple(_LISTED)),
            "magic_prompt": Option(default="OFF", choices=("AUTO", "ON", "OFF")),
            "style_type": Option(default="GENERAL", choices=("AUTO", "GENERAL", "REALISTIC", "DESIGN", "FICTION")),
            "style_preset": Option(default=""),
        }

    def sizes(self, chosen: Mapping[str, str], asked: Size) -> Iterable[Size]:
        flat = [(width, height) for height, widths in _WIDTHS.items() for width in widths]
        return {*flat, *((height, width) for width, height in flat)}

    def words(self, brief: Brief) -> Words:
        return Words(prompt=brief.prompt, negative=brief.negative)

    def fixed(self, brief: Brief) -> Mapping[str, Json]:
        """The palette: weights from 0.05 to 1, heaviest first, as the service wants them."""
        heaviest = max((swatch.weight for swatch in brief.palette), default=1.0)
        members: list[Json] = [
            {"color_hex": swatch.colour, "color_weight": round(max(_LEAST_WEIGHT, swatch.weight / heaviest), 4)}
            for swatch in sorted(brief.palette, key=lambda swatch: (-swatch.weight, swatch.colour))
        ]
        return {"palette": members}

    def quote(self, recipe: Recipe) -> float:
        return self.price(str(recipe.parameters.get("rendering_speed")), _LISTED)[0]

    def call(self, recipe: Recipe, progress: Progress) -> Delivery:
        key = self.client.secret(self.account.key_env)
        answer = self.client.ask(
            Request(
                method="POST",
                url=f"{self.account.base_url}/v1/ideogram-v3/generate",
                headers={"Api-Key": key},
                parts=_form(recipe),
                paid=True,
                hopeless=out_of_credit,
            )
        )
        progress(0.6)
        demand(self.account, answer, (key,))
        made = _first(content(self.account, answer))
        if made.get("is_image_safe") is False:
            raise EngineRefused(
                "ideogram withholds the picture: it did not pass the safety check", hint="change the words of the brief"
            )
        link = made.get("url")
        if not isinstance(link, str) or not link:
            raise EngineRefused("ideogram sent an answer without a picture")
        data = self.client.download(link)
        spent, basis = self.price(str(recipe.parameters.get("rendering_speed")), _LISTED)
        noted: dict[str, Json] = {"model": MODEL, **said(answer)}
        for name in ("seed", "prompt", "style_type"):
            if isinstance(made.get(name), str | int):
                noted[name] = made[name]
        return Delivery(data=data, answer=answer, spent=spent, basis=basis, noted=noted)


def _form(recipe: Recipe) -> dict[str, str]:
    form = {
        "prompt": recipe.prompt,
        "seed": str(recipe.seed % _SEEDS),
        "resolution": f"{recipe.size[0]}x{recipe.size[1]}",
        "num_images": "1",
        **{name: str(recipe.parameters[name]) for name in ("rendering_speed", "magic_prompt", "style_type")},
    }
    if recipe.negative:
        form["negative_prompt"] = recipe.negative
    if recipe.parameters.get("style_preset"):
        form["style_preset"] = str(recipe.parameters["style_preset"])
    if recipe.parameters.get("palette"):
        form["color_palette"] = json.dumps({"members": recipe.parameters["palette"]}, sort_keys=True)
    return form


def _first(value: Mapping[str, Any]) -> Mapping[str, Any]:
    made = value.get("data")
    if not isinstance(made, list) or not made or not isinstance(made[0], dict):
        raise EngineRefused("ideogram sent an answer without a picture")
    return made[0]
