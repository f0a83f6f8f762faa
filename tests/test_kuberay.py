"""The manifest in docs/ has only fields that exist. No cluster is asked: it says so itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml12

# Reference of ray.io/v1 (docs.ray.io/en/master/cluster/kubernetes/references/api.html) and of Kubernetes' batch/v1 and core/v1.
FIELDS = {
    "RayJob": {"apiVersion", "kind", "metadata", "spec"},
    "RayJob.metadata": {"name"},
    "RayJob.spec": {"entrypoint", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished", "backoffLimit", "rayClusterSpec"},
    "rayClusterSpec": {
        "rayVersion",
        "authOptions",
        "enableInTreeAutoscaling",
        "autoscalerOptions",
        "headGroupSpec",
        "workerGroupSpecs",
    },
    "authOptions": {"mode"},
    "autoscalerOptions": {"idleTimeoutSeconds", "upscalingMode"},
    "headGroupSpec": {"rayStartParams", "template"},
    "workerGroupSpecs": {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"},
    "rayStartParams": {"num-cpus"},
    "template": {"spec"},
    "template.spec": {"containers", "restartPolicy", "terminationGracePeriodSeconds", "tolerations"},
    "tolerations": {"key", "operator", "effect"},
    "containers": {"name", "image", "workingDir", "command", "envFrom", "resources"},
    "envFrom": {"secretRef"},
    "secretRef": {"name"},
    "resources": {"requests", "limits"},
    "requests": {"cpu", "memory", "nvidia.com/gpu"},
    "limits": {"cpu", "memory", "nvidia.com/gpu"},
    "Job": {"apiVersion", "kind", "metadata", "spec"},
    "Job.metadata": {"name"},
    "Job.spec": {"completionMode", "completions", "parallelism", "backoffLimitPerIndex", "template"},
}


def unknown(value: Any, *path: str) -> Iterator[str]:
    """Fields that the references do not name, by path."""
    if isinstance(value, list):
        for one in value:
            yield from unknown(one, *path)
    elif isinstance(value, dict):
        known = FIELDS.get(".".join(path[-2:]), FIELDS.get(path[-1], set()))
        for key, inner in value.items():
            if key not in known:
                yield ".".join((*path, key))
            yield from unknown(inner, *path, key)


def documents(checkout: Path) -> list[dict[str, Any]]:
    parts = re.split(r"^---$", (checkout / "docs/kuberay.yaml").read_text("utf-8"), flags=re.M)
    read: list[Any] = [yaml12.parse_yaml(part) for part in parts]
    return read


def test_the_manifest_has_only_fields_that_exist(checkout: Path) -> None:
    made = documents(checkout)
    assert [one["kind"] for one in made] == ["RayJob", "Job"]
    assert [field for one in made for field in unknown(one, one["kind"])] == []


def test_a_wrong_field_is_noticed(checkout: Path) -> None:
    job = documents(checkout)[0]
    job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]["maxReplica"] = 3
    assert list(unknown(job, "RayJob")) == ["RayJob.spec.rayClusterSpec.workerGroupSpecs.maxReplica"]


def test_the_cluster_is_behind_a_token_and_shares_are_counted_from_one(checkout: Path) -> None:
    ray, shares = documents(checkout)
    assert ray["spec"]["rayClusterSpec"]["authOptions"] == {"mode": "token"}
    assert shares["spec"]["completions"] == 64
    command = shares["spec"]["template"]["spec"]["containers"][0]["command"][-1]
    assert '--shard "$((JOB_COMPLETION_INDEX + 1))/64"' in command
