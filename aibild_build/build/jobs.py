"""The work itself: functions that a crew's workers run. They take keys and digests, put bytes into the store, and return facts.

Module-level, so that any Executor can carry them; orders and answers are plain JSON. A job first looks whether another build
has done its work meanwhile, under a lock that the kernel drops if its holder dies, so two builds at once make nothing twice.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import engines
from ..errors import EngineError, EngineRefused, StoreCorrupt
from ..model import Asset, FileFacts, Made, Recipe, Rendition, Variant
from ..plan.exact import is_of, made_here_key
from ..plan.pictures import asset_key, find_made
from ..plan.records import digests_of
from ..plan.renditions import find_encoded
from ..plan.shared import open_remote
from ..renditions.credentials import Seal, Signer
from ..renditions.metadata import Metadata
from ..renditions.quality import Probe
from ..store import Store
from ..wire import from_json, to_json
from .spill import SpillingStore
from .telling import teller_of
from .watermarks import marked

StoreArguments = tuple[str, str, bool, int, str, str]  # folder, spill, read-only, size, shared store, its pack


@lru_cache(maxsize=8)
def open_store(root: str, spill: str, read_only: bool, max_bytes: int, shared: str = "", pack: str = "") -> SpillingStore:
    """The store of an order; one object a process. Credentials and key of the shared one are in the process's environment."""
    remote = open_remote(shared, os.environ, time.monotonic)
    return SpillingStore(Path(root), spill=Path(spill), read_only=read_only, max_bytes=max_bytes, remote=remote, pack=pack)


@lru_cache(maxsize=8)
def _engine(name: str, settings: str) -> engines.Engine:
    return engines.load(name, json.loads(settings))


def make_picture(order: Mapping[str, Any]) -> dict[str, Any]:
    """Make one candidate and put it into the store; or several in one pass.

    `order`: store, engine, settings (JSON text), recipe, inputs (role → path), parent (blob or ""), expected (pixels or ""),
    today, again (make it even if it is there), looks (folder and steps between two, or nothing). Answer: asset, seconds, made,
    note; or refused, hint, so that all refusals of a run are told at once. An order with `orders` is answered with `answers` by
    recipe key. Raises EngineError.
    """
    orders: Sequence[Mapping[str, Any]] = order.get("orders") or (order,)
    store = open_store(*orders[0]["store"])
    recipes = {recipe.key: recipe for recipe in (_recipe(one) for one in orders)}
    asked = {_recipe(one).key: one for one in orders}
    answers: dict[str, dict[str, Any]] = {}
    with store.single_flight(*recipes):
        for key, one in asked.items():
            found = None if one["again"] else _found(store, key, one["expected"])
            if found is not None:
                answers[key] = {"asset": to_json(found), "seconds": 0.0, "made": False, "note": store.degraded}
        todo = [key for key in recipes if key not in answers]
        if len(todo) > 1:
            answers |= _made_together(store, [asked[key] for key in todo], [recipes[key] for key in todo])
        for key in todo:
            if key not in answers:
                answers[key] = _made(store, asked[key], recipes[key])
    if "orders" not in order:
        return answers[next(iter(recipes))]
    return {"answers": answers, "seconds": sum(answer["seconds"] for answer in answers.values()), "note": store.degraded}


def _recipe(order: Mapping[str, Any]) -> Recipe:
    recipe: Recipe = from_json(Recipe, order["recipe"])
    return recipe


def _made(store: Store, order: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        drawn = _engine(order["engine"], order["settings"]).generate(recipe, _inputs(store, order), teller_of(order, recipe))[0]
        drawn = marked(drawn, recipe, order.get("watermark_key", ""), os.environ)
        asset = _keep(store, order, recipe, drawn, _png(drawn), time.perf_counter() - started)
    except EngineRefused as refusal:
        seconds = time.perf_counter() - started
        return {"refused": refusal.message, "hint": refusal.hint, "seconds": seconds, "made": False, "note": store.degraded}
    return {"asset": to_json(asset), "seconds": time.perf_counter() - started, "made": True, "note": store.degraded}


def _made_together(store: Store, orders: Sequence[Mapping[str, Any]], recipes: Sequence[Recipe]) -> dict[str, dict[str, Any]]:
    """Answers by recipe key; none when the engine refuses, so that each is tried alone and told by itself."""
    started, first = time.perf_counter(), orders[0]
    engine = _engine(first["engine"], first["settings"])
    if not isinstance(engine, engines.Batching):
        return {}
    try:
        drawn = engine.generate_together(recipes, _inputs(store, first), teller_of(first, recipes[0]))
    except EngineRefused:
        return {}
    with ThreadPoolExecutor(min(len(drawn), os.cpu_count() or 1)) as threads:
        drawn = [
            marked(one, recipe, order.get("watermark_key", ""), os.environ)
            for order, recipe, one in zip(orders, recipes, drawn, strict=True)
        ]
        files = list(threads.map(_png, drawn))  # the device waits meanwhile
    seconds = (time.perf_counter() - started) / len(recipes)
    answers: dict[str, dict[str, Any]] = {}
    for order, recipe, one, png in zip(orders, recipes, drawn, files, strict=True):
        asset = _keep(store, order, recipe, one, png, seconds)
        answers[recipe.key] = {"asset": to_json(asset), "seconds": seconds, "made": True, "note": store.degraded}
    return answers


def _inputs(store: Store, order: Mapping[str, Any]) -> dict[str, bytes]:
    inputs = {role: Path(path).read_bytes() for role, path in order["inputs"]}
    if order.get("parent"):
        inputs["parent"] = _parent(store, order["parent"])
    return inputs


def _parent(store: Store, digest: str) -> bytes:
    """The picture that this one starts from. Raises StoreCorrupt when its bytes are gone."""
    data = store.get(digest)
    if data is None:
        raise StoreCorrupt(f"the picture {digest[:12]} in the store was damaged", hint="build again: it is made anew")
    return data


def _found(store: Store, recipe_key: str, expected: str) -> Asset | None:
    found = find_made(store, recipe_key)
    return found if found is not None and expected in ("", found.pixels) else None


def _png(drawn: engines.Drawn) -> bytes:
    from ..imagefile import encode_png

    return encode_png(drawn.samples, drawn.size, drawn.mode)


def _keep(store: Store, order: Mapping[str, Any], recipe: Recipe, drawn: engines.Drawn, png: bytes, seconds: float) -> Asset:
    """Put a picture into the store and record it. Raises EngineError when other pixels were to come."""
    from ..imagefile import pixels_digest

    pixels = pixels_digest(drawn.samples, drawn.size, drawn.mode)
    if order["expected"] not in ("", pixels):
        raise EngineError(
            f"engine `{order['engine']}` made other pixels for {order['subject']} than aibild.lock pins",
            hint="if the change is wanted, `aibild generate --repin` pins the new picture",
        )
    asset = Asset(
        recipe=recipe.key,
        pixels=pixels,
        digest=store.put(png, durable=True).digest,
        size=drawn.size,
        mode=drawn.mode,
        source_type=drawn.source_type,
        made=Made(
            engine=order["engine"],
            environment=drawn.environment,
            seconds=round(seconds, 3),
            when=order["today"],
            credits=drawn.credits,
        ),
        original=store.put(drawn.original, durable=True).digest if drawn.original else "",
    )
    fields = {"asset": to_json(asset), "recipe": recipe.asked(), "noted": dict(recipe.noted)}
    first = stand(store, asset_key(recipe.key, pixels), "asset", fields, asset.digest)
    if from_json(Asset, first["asset"]).made.environment != asset.made.environment:
        _record_here(store, order, recipe, asset)
    stands = stand(store, recipe.key, "recipe", fields, asset.digest)
    if order["again"] or order["expected"]:
        return asset
    # Another machine was first, and pixels differ between machines: what it recorded is right for both.
    return from_json(Asset, stands["asset"])


def _record_here(store: Store, order: Mapping[str, Any], recipe: Recipe, asset: Asset) -> None:
    """The same pixels came in another environment: as good as made here, unless something had to be given up for it."""
    here = environment_of({**order, "recipe": to_json(recipe)})["environment"]
    if here is not None and is_of(asset.made.environment, here):
        store.record(made_here_key(asset, here), "environment", {"pixels": asset.pixels, "environment": here})


def environment_of(order: Mapping[str, Any]) -> dict[str, Any]:
    """What of a worker's machine may move the last bits of a picture. `order`: engine, settings, recipe. Raises EngineError.

    Answer: `environment`, None for an engine whose pixels depend on no machine.
    """
    engine = _engine(order["engine"], order["settings"])
    recipe: Recipe = from_json(Recipe, order["recipe"])
    return {"environment": dict(engine.environment(recipe)) if isinstance(engine, engines.Situated) else None}


def make_files(order: Mapping[str, Any]) -> dict[str, Any]:
    """Cut one crop of one asset into the wanted files.

    `order`: store, asset (blob), metadata, wanted (list of {variant, delivery, provenance, seal}), signer, again. Answer: one
    {delivery, rendition, seconds, kind, signed} a file, kind being `encoded`, `embedded` or `found`. Raises EncodeError and
    CredentialError.
    """
    store = open_store(*order["store"])
    metadata: Metadata = from_json(Metadata, order["metadata"])
    wanted = {one["delivery"]: from_json(Variant, one["variant"]) for one in order["wanted"]}
    links = {one["delivery"]: str(one.get("provenance", "")) for one in order["wanted"]}
    seals = {one["delivery"]: one["seal"] for one in order["wanted"] if one.get("seal")}
    answers: list[dict[str, Any]] = []
    with store.single_flight(*wanted):
        encodes: dict[str, str] = {}
        for delivery, variant in wanted.items():
            record = None if order["again"] else store.lookup(delivery)
            if record is not None and store.has(str(record["rendition"]["digest"])):
                answers.append({"delivery": delivery, "rendition": record["rendition"], "seconds": 0.0, "kind": "found"})
            elif order["again"] or not (
                answer := _embed(store, delivery, variant, replace(metadata, provenance=links[delivery]))
            ):
                encodes[variant.encode] = delivery
            else:
                answers.append(answer)
        answers += _encode(
            store,
            order["asset"],
            {wanted[delivery].encode: wanted[delivery] for delivery in encodes.values()},
            encodes,
            metadata,
            {encode: links[delivery] for encode, delivery in encodes.items()},
        )
        if seals:
            signer: Signer = from_json(Signer, order["signer"])
            answers = [_signed(store, answer, seals.get(answer["delivery"]), signer) for answer in answers]
    return {"files": answers, "seconds": sum(answer["seconds"] for answer in answers), "note": store.degraded}


def find_qualities(order: Mapping[str, Any]) -> dict[str, Any]:
    """Find which encoder settings reach the wanted scores on one master.

    `order`: store, asset (blob), wanted (list of probes). Answer: how many were found and trials made, seconds, note. Raises
    EncodeError.
    """
    started = time.perf_counter()
    store = open_store(*order["store"])
    probes: list[Probe] = [from_json(Probe, one) for one in order["wanted"]]
    trials = 0
    with store.single_flight(*(probe.key for probe in probes)):
        missing = [probe for probe in probes if store.lookup(probe.key) is None]
        if missing:
            from ..renditions.quality import LARGE_PROBE_PX, Small, find

            master = _decoded(store, order["asset"])
            small, large = Small(master), Small(master, LARGE_PROBE_PX)
            for probe in missing:
                found = find(small, probe, large)
                trials += found.trials
                store.record(probe.key, "quality", {**to_json(found), "probe": to_json(probe)})
    seconds = time.perf_counter() - started
    return {"found": len(missing), "trials": trials, "seconds": seconds, "note": store.degraded}


def master_of(store: Store, asset: str) -> bytes:
    master = store.get(asset)
    if master is None:
        raise StoreCorrupt(f"the picture {asset[:12]} in the store was damaged", hint="build again: it is made anew")
    return master


@lru_cache(maxsize=1)
def _decoded(store: Store, asset: str) -> Any:
    """A master's pixels: the last one stays, since all crops of a picture are handed out one after the other."""
    from ..renditions.make import decoded

    return decoded(master_of(store, asset))


def _embed(store: Store, delivery: str, variant: Variant, metadata: Metadata) -> dict[str, Any] | None:
    """Other words and rights put into an encode that is there already; None when there is none."""
    digest = find_encoded(store, variant.encode)
    encoded = store.get(digest) if digest else None
    if encoded is None:
        return None
    from ..renditions.make import deliver

    started = time.perf_counter()
    known = store.lookup(variant.encode) or {}
    data, facts = deliver(encoded, variant, metadata, from_json(FileFacts, known["facts"]))
    return _record(store, delivery, variant, data, facts, time.perf_counter() - started, "embedded")


def _encode(
    store: Store,
    asset: str,
    variants: Mapping[str, Variant],
    deliveries: Mapping[str, str],
    metadata: Metadata,
    links: Mapping[str, str],
) -> list[dict[str, Any]]:
    if not variants:
        return []
    from ..renditions.make import make

    master = _decoded(store, asset)
    answers = []
    started = time.perf_counter()
    for variant, data, facts in make(master, tuple(variants.values()), metadata, links):
        seconds = time.perf_counter() - started
        answer = _record(store, deliveries[variant.encode], variant, data, facts, seconds, "encoded")
        fields = {
            "digest": answer["rendition"]["digest"],
            "variant": to_json(variant),
            "seconds": round(seconds, 4),
            "facts": answer["rendition"]["facts"],
        }
        stand(store, variant.encode, "encode", fields, answer["rendition"]["digest"])
        answers.append(answer)
        started = time.perf_counter()
    return answers


def _record(
    store: Store, delivery: str, variant: Variant, data: bytes, facts: FileFacts, seconds: float, kind: str
) -> dict[str, Any]:
    rendition = Rendition(
        encode=variant.encode, delivery=delivery, digest=store.put(data).digest, format=variant.format, facts=facts, url=""
    )
    stands = stand(store, delivery, "delivery", {"rendition": to_json(rendition)}, rendition.digest)
    return {"delivery": delivery, "rendition": stands["rendition"], "seconds": seconds, "kind": kind}


def _signed(store: Store, answer: dict[str, Any], asked: Any, signer: Signer) -> dict[str, Any]:
    """The answer with the signed file in the place of the unsigned one. What was signed before is not signed again."""
    if asked is None:
        return answer
    seal: Seal = from_json(Seal, asked)
    unsigned: Rendition = from_json(Rendition, answer["rendition"])
    if seal.skips(unsigned.facts.bytes):
        return answer
    key = seal.key(unsigned.facts.unsigned)
    record = store.lookup(key)
    if record is not None and all(store.has(named) for named in digests_of(record)):
        return {**answer, "rendition": record["rendition"]}
    from ..renditions.credentials.sign import sign

    started = time.perf_counter()
    data, original = store.get(unsigned.digest), store.get(seal.original) if seal.original else b""
    if data is None or original is None:
        raise StoreCorrupt(f"the file {unsigned.digest[:12]} in the store was damaged", hint="build again: it is made anew")
    data, sidecar = sign(data, seal, signer, os.environ, original)
    added = len(data) - unsigned.facts.bytes
    state = "linked" if sidecar else "embedded"
    facts = replace(unsigned.facts, bytes=len(data), signed_bytes=added, credential=state)
    rendition = replace(unsigned, digest=store.put(data).digest, facts=facts)
    if sidecar:
        rendition = replace(rendition, sidecar=store.put(sidecar).digest, sidecar_bytes=len(sidecar))
    fields = {"rendition": to_json(rendition), "said": seal.said}
    stands = stand(store, key, "signed", fields, rendition.digest)
    seconds = answer["seconds"] + time.perf_counter() - started
    return {**answer, "rendition": stands["rendition"], "seconds": seconds, "signed": True}


def stand(store: Store, key: str, kind: str, fields: Mapping[str, Any], digest: str) -> Mapping[str, Any]:
    """Record what came of `key`; a record whose bytes are lost makes way, since nothing can be had under it any more."""
    before = store.lookup(key)
    if before is not None and not all(store.has(named) for named in digests_of(before)):
        store.set_aside(key)
    return store.record(key, kind, fields, needs=(digest,), durable=kind in ("asset", "recipe"))
