"""The arithmetic of a campaign: 100,000 briefs on 64 GPUs. Prints docs/campaign.md; the numbers in it are computed here.

    python -m scripts.campaign > docs/campaign.md

`MEASURED` are unit costs of this program with where they come from; `ASSUMED` is what a reader puts in: prices,
latency, the model's own seconds. `tests/test_campaign.py` holds the page against this script, and counts what a build
stores against `MEASURED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    value: float
    source: str


MEASURED: Mapping[str, Unit] = {
    "files": Unit(value=29, source="a hero that is a card too, in AVIF, WebP and JPEG, master 1344 × 768"),
    "blobs": Unit(value=32, source="what one such picture leaves in `cas/`, master and files among them"),
    "records": Unit(value=85, source="and in `rec/`: recipe, asset, 3 qualities, 22 measurements, two for each file"),
    "record_bytes": Unit(value=1240, source="mean of those records, signature included"),
    "master_bytes": Unit(value=1_960_000, source="mean of 104 lossless masters of our own site"),
    "file_bytes": Unit(value=16_700, source="mean of 10,258 files of our own site"),
    "share_writes": Unit(value=117, source="writes a picture of `build --shard` into an empty shared store; next to no reads"),
    "collect_reads": Unit(value=29, source="reads a picture of the build after all shares on an empty disk: files alone"),
    "adopt_s": Unit(value=0.00036, source="processor a record of a share's pack: unpacked, signature verified, kept on the disk"),
    "encode_core_s": Unit(value=0.28, source="`benchmarks/images.py`: 10.1 s of processor for 36 files, qualities searched"),
    "finish_s": Unit(value=0.14, source="`benchmarks/generate.py finishing`: 8 bits, digest and PNG of a picture"),
    "engine_overhead": Unit(value=0.0047, source="`benchmarks/generate.py overhead`: beside the pipeline's own call"),
    "dispatch_cpu_s": Unit(value=0.00175, source="`benchmarks/crews.py --crew ray`: the driver's processor a job"),
    "jobs": Unit(value=5, source="jobs a picture: itself, gates, qualities, two crops"),
    "page_s": Unit(value=0.001, source="`benchmarks/README.md`: reading and rendering a page on one core"),
}
ASSUMED: Mapping[str, Unit] = {
    "briefs": Unit(value=100_000, source="one candidate each"),
    "gpus": Unit(value=64, source="H100"),
    "cores": Unit(value=16, source="beside each GPU"),
    "picture_s": Unit(value=2.496, source="SDXL, 30 steps, 1024 × 1024, an H100: published by Stability AI, not run here"),
    "gpu_hour": Unit(value=3.5, source="dollars an H100 hour"),
    "put_1000": Unit(value=0.005, source="dollars for 1,000 writes or lists, S3 standard"),
    "get_1000": Unit(value=0.0004, source="dollars for 1,000 reads, S3 standard"),
    "gb_month": Unit(value=0.023, source="dollars a gigabyte and month, S3 standard"),
    "request_s": Unit(value=0.015, source="one small request to object storage of the same region"),
    "prefix_writes": Unit(value=3500, source="writes a second that S3 promises for one prefix, before it splits it"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What comes of the units. Times in seconds, money in dollars."""

    picture_s: float
    gpu_s: float
    encode_s: float
    put_s: float
    share_s: float
    gpu_dollars: float
    writes: float
    reads: float
    lists: float
    request_dollars: float
    stored_bytes: float
    month_dollars: float
    writes_a_second: float
    collect_s: float
    lazy_s: float
    pages_s: float
    driver_share: float
    most_gpus: float


def reckon(measured: Mapping[str, Unit] = MEASURED, assumed: Mapping[str, Unit] = ASSUMED) -> Campaign:
    """The whole arithmetic, in shares: every GPU's machine makes its pictures, then their files."""
    m, a = ({name: unit.value for name, unit in units.items()} for units in (measured, assumed))
    own = a["briefs"] / a["gpus"]
    picture_s = a["picture_s"] * (1 + m["engine_overhead"]) + m["finish_s"]
    writes_each = m["share_writes"] * a["request_s"]
    gpu_s = own * picture_s
    encode_s = own * m["files"] * m["encode_core_s"] / a["cores"]
    put_s = own * writes_each / a["cores"]
    share_s = gpu_s + encode_s + put_s
    writes = a["briefs"] * m["share_writes"]
    reads = a["briefs"] * m["collect_reads"]
    lists = a["briefs"] * (m["blobs"] + m["records"]) / 1000
    stored = a["briefs"] * (m["master_bytes"] + m["files"] * m["file_bytes"] + m["records"] * m["record_bytes"])
    jobs_a_second = a["gpus"] * m["jobs"] / (share_s / own)
    return Campaign(
        picture_s=picture_s,
        gpu_s=gpu_s,
        encode_s=encode_s,
        put_s=put_s,
        share_s=share_s,
        gpu_dollars=a["gpus"] * share_s / 3600 * a["gpu_hour"],
        writes=writes,
        reads=reads,
        lists=lists,
        request_dollars=((writes + lists) * a["put_1000"] + reads * a["get_1000"]) / 1000,
        stored_bytes=stored,
        month_dollars=stored / 1e9 * a["gb_month"],
        writes_a_second=writes / share_s,
        collect_s=reads * a["request_s"] + a["briefs"] * m["records"] * m["adopt_s"],
        lazy_s=a["briefs"] * m["records"] * m["adopt_s"],
        pages_s=a["briefs"] * m["page_s"],
        driver_share=jobs_a_second * m["dispatch_cpu_s"],
        most_gpus=a["gpus"] / (jobs_a_second * m["dispatch_cpu_s"]),
    )


def document() -> str:
    """docs/campaign.md."""
    made, a, m = reckon(), *({name: unit.value for name, unit in units.items()} for units in (ASSUMED, MEASURED))
    hours = {name: getattr(made, name) / 3600 for name in ("gpu_s", "encode_s", "share_s", "collect_s", "lazy_s")}
    return f"""\
# {a["briefs"]:,.0f} briefs on {a["gpus"]:.0f} GPUs

What a campaign costs, where the time goes, and what gives way first. Nobody ran it: these are unit costs, multiplied. Computed by
`scripts/campaign.py`; change units there, then `python -m scripts.campaign > docs/campaign.md`.

| what | comes to |
|---|---|
| a picture, drawn and made a file | {made.picture_s:.2f} s of one GPU |
| all pictures | {hours["gpu_s"]:.1f} h on {a["gpus"]:.0f} GPUs |
| all files | {hours["encode_s"]:.1f} h on {a["gpus"]:.0f} × {a["cores"]:.0f} cores, the GPUs idle |
| all writes | {made.put_s / 60:.0f} min, waited for by the cores side by side |
| **a share from begin to end** | **{hours["share_s"]:.1f} h** |
| **GPU machines** | **${made.gpu_dollars:,.0f}** |
| writes to the store | {made.writes / 1e6:.1f} million, {made.writes_a_second:,.0f} a second |
| reads by the run that collects | {made.reads / 1e6:.1f} million, and {made.lists:,.0f} lists |
| **requests** | **${made.request_dollars:,.0f}** |
| bytes in the store | {made.stored_bytes / 1e9:,.0f} GB, {made.stored_bytes / a["briefs"] / 1e6:.1f} MB a picture |
| **keeping them** | **${made.month_dollars:,.0f} a month** |
| the run that collects, on an empty disk | {hours["collect_s"]:.0f} h; `--lazy-bytes`: {60 * hours["lazy_s"]:.0f} min of a core |
| reading and rendering the pages | {made.pages_s / 60:.1f} min of one core |

## Where it bends

1. **The run that collects.** Each share leaves its records in one piece, so that they come in {a["gpus"]:,.0f}
   requests; verifying {a["briefs"] * m["records"] / 1e6:.1f} million of them takes one core {60 * hours["lazy_s"]:.0f}
   minutes. Files it asks for one by one: {hours["collect_s"]:.0f} hours at this latency, which `--lazy-bytes` leaves
   to the deploy, 32 at a time and only those that the origin lacks. Several sites of some thousand pages each are
   easier on everybody.
2. **GPUs idle while files are made**: {100 * made.encode_s / made.share_s:.0f} % of a share, since a run makes all
   its pictures first. `aibild generate --shard i/n` on GPU machines and `aibild build --shard i/n` on machines
   without costs less: then the GPUs are paid for {hours["gpu_s"]:.1f} h,
   ${a["gpus"] * hours["gpu_s"] * a["gpu_hour"]:,.0f}.
3. **Writes a second.** {made.writes_a_second:,.0f} on average against {a["prefix_writes"]:,.0f} that S3 promises for
   one prefix at once. Names begin with a digest, so that the 256 folders of the store split well.
4. **One driver.** With one run over Ray in the place of shares, the driver spends {100 * made.driver_share:.0f} % of
   a core on handing out work; one core is full at about {made.most_gpus:,.0f} GPUs. Lists are the harder limit: each
   stage lists the store anew, up to {made.lists:,.0f} requests, 32 at a time. For a campaign of this size take shares.
5. **Uneven shares.** Shares are even in briefs, and the slowest machine ends last. Take more shares than machines.
6. **Pages.** So many pages in one site were not built here; 10,000 were (293 MiB, see the benchmarks), and memory
   grows with them.

## Measured

| unit | value | from |
|---|---|---|
{_rows(MEASURED)}

All of it on two shared cores, 2026-11-23. What is stored is counted again by a test; seconds are not those of your machines.

## Assumed

| unit | value | what |
|---|---|---|
{_rows(ASSUMED)}
"""


def _rows(units: Mapping[str, Unit]) -> str:
    return "\n".join(f"| `{name}` | {unit.value:,g} | {unit.source} |" for name, unit in units.items())


if __name__ == "__main__":
    print(document(), end="")
