"""Counted work of one picture, for expectations: what a device must do, whatever its speed.

Takes a recipe's parameters, yields teraflops. Counted with torch's FlopCounterMode on the published configuration (two FLOP a
MAC): evaluations of the UNet grow with area and batch, and the last decode comes on top.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...model import Json

_STEP_TERAFLOP = 6.761  # one evaluation at 1024 × 1024
_DECODE_TERAFLOP = 10.47
_TRAINED_PIXELS = 1024 * 1024


def teraflop(parameters: Mapping[str, Json]) -> float:
    """Evaluations of the UNet and the last decode, scaled by area; 0 for a picture that no model draws."""
    if "compose" in parameters:
        return 0.0
    bucket = parameters.get("bucket")
    width, height = (int(str(side)) for side in bucket) if isinstance(bucket, list | tuple) else (1024, 1024)
    area = width * height / _TRAINED_PIXELS
    guided = 2 if float(str(parameters.get("guidance", 7.0))) > 1 else 1
    work = area * (int(str(parameters.get("steps", 30))) * guided * _STEP_TERAFLOP + _DECODE_TERAFLOP)
    second = parameters.get("highres")
    if isinstance(second, Mapping):
        scale, strength = float(str(second["scale"])), float(str(second["strength"]))
        work += area * scale**2 * (int(str(second["steps"])) * strength * guided * _STEP_TERAFLOP + _DECODE_TERAFLOP)
    return work
