"""Trains the regression of gate `brisque` and writes `aibild_build/gates/brisque.json`.

    python -m scripts.slow.train_brisque [PHOTOGRAPH…]

Photographs are not needed to run it, and those that the shipped coefficients were trained with are in the public domain and come
with scikit-image (astronaut, coffee, chelsea, rocket). The last quarter of the seeds is held out and reported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aibild_build.gates.brisque import patches_of, warped
from aibild_build.gates.naturalness import features_of
from aibild_build.gates.pixels import luma
from scripts.slow.damaged import DAMAGES, crops, leaves

TARGET = Path(__file__).parents[2] / "aibild_build/gates/brisque.json"
LEAVES, CROPS, CENTRES = 44, 8, 110
_GAMMA, _RIDGE = 0.012, 1e-3


def main(paths: Sequence[str]) -> None:
    pictures = [leaves(seed, 384) for seed in range(LEAVES)]
    pictures += [piece for number, path in enumerate(paths) for piece in crops(Path(path), CROPS, number)]
    order = np.random.default_rng(1).permutation(len(pictures))
    held = set(order[: len(pictures) // 4].tolist())
    rows, targets, groups = [], [], []
    for number, picture in enumerate(pictures):
        for _, badness, damage in DAMAGES:
            bright = luma(np.asarray(damage(picture, number))).astype(np.float64)
            for patch in patches_of(bright):
                rows.append(warped(features_of(patch)))
                targets.append(badness)
                groups.append(number)
    found, wanted = np.array(rows), np.array(targets, np.float64)
    train = np.array([group not in held for group in groups])
    mean, spread = found[train].mean(0), found[train].std(0) + 1e-6
    normal = np.clip((found - mean) / spread, -4, 4)
    centres = _spread_out(normal[train], CENTRES)
    near = np.exp(-_GAMMA * ((normal[:, None] - centres[None]) ** 2).sum(-1))
    bias = float(wanted[train].mean())
    square = near[train].T @ near[train] + _RIDGE * np.eye(CENTRES)
    weights = np.linalg.solve(square, near[train].T @ (wanted[train] - bias))
    told = np.clip(near @ weights + bias, 0, 100)
    for name, rows_of in (("trained on", train), ("held out", ~train)):
        error = np.abs(told - wanted)[rows_of].mean()
        alike = np.corrcoef(told[rows_of], wanted[rows_of])[0, 1]
        print(f"{name}: {rows_of.sum()} pictures, mean error {error:.1f}, correlation {alike:.3f}")
    for kind, badness, _ in DAMAGES:
        at = np.array([index % len(DAMAGES) for index in range(len(told))]) == [d[0] for d in DAMAGES].index(kind)
        print(f"  {kind:12} set {badness:3.0f}, told {np.median(told[at & ~train]):5.1f}")
    model = {
        "about": "python -m scripts.slow.train_brisque",
        "gamma": _GAMMA,
        "bias": round(bias, 4),
        "mean": mean.round(5).tolist(),
        "spread": spread.round(5).tolist(),
        "weights": weights.round(3).tolist(),
        "centres": centres.round(3).tolist(),
    }
    TARGET.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")


def _spread_out(points: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Points that lie far from each other (k-means++ with a fixed seed)."""
    dice = np.random.default_rng(7)
    chosen = [points[0]]
    nearest = ((points - chosen[0]) ** 2).sum(1)
    while len(chosen) < count:
        chosen.append(points[int(dice.choice(len(points), p=nearest / nearest.sum()))])
        nearest = np.minimum(nearest, ((points - chosen[-1]) ** 2).sum(1))
    return np.array(chosen)


if __name__ == "__main__":
    main(sys.argv[1:])
