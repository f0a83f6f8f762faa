"""The evidence of a build as JSON and as one HTML file to file away. Takes a `Bundle`, opens nothing; the day is an argument."""

from __future__ import annotations

from ..build.transparency import Bundle
from ..model import Json
from ..wire import to_json

SCHEMA = 1


def transparency_object(bundle: Bundle, today: str) -> dict[str, Json]:
    """The shape of `transparency.json`: what holds for the build, one entry a picture, and counts."""
    pictures: list[Json] = [{**to_json(one), "machine_readable_layers": one.machine_readable} for one in bundle.pictures]
    return {
        "schema": SCHEMA,
        "day": today,
        **{name: value for name, value in to_json(bundle).items() if name != "pictures"},
        "pictures": pictures,
        "totals": {
            "pictures": len(bundle.pictures),
            "ai": sum(one.ai for one in bundle.pictures),
            "two_layers": sum(one.machine_readable >= 2 for one in bundle.pictures),
            "lacking": sum(bool(one.lacking) for one in bundle.pictures),
        },
    }


def transparency_html(bundle: Bundle, today: str) -> str:
    """The same to look at: no script, no network, nothing beside it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("aibild_build", "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    totals = transparency_object(bundle, today)["totals"]
    return environment.get_template("transparency.html").render(bundle=bundle, today=today, totals=totals)
