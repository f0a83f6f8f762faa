"""`aibild verify`."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

from ..build.verify import Said
from .shared import common, errors, print_json

_SIGNATURES = {
    "none": "none",
    "linked": "its manifest lies elsewhere and was not read (`--fetch` reads it)",
    "invalid": "does not hold",
    "valid": "holds, by a certificate that is not trusted here",
    "trusted": "holds, by a certificate that is trusted here",
}
_WATERMARKS = {
    "none": "none found",
    "small": "the picture is too small to look for one",
    "unread": "found, its symbols cannot be read",
}
_LOCKS = {
    "equal": "it is what aibild.lock pins",
    "altered": "its name is that of a built file, its bytes are not",
    "passed": "a file that the project passes through",
    "unpinned": "aibild.lock pins other pixels",
    "unknown": "the project has no such file",
}


@click.command()
@click.argument("targets", metavar="FILE|DIR|URL...", nargs=-1, required=True)
@common
@click.option("--output", type=click.Path(path_type=Path), help="The built site that files are held against.")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Root certificates (PEM) that are trusted.")
@click.option("--signed", is_flag=True, help="Every file must carry a signature that holds.")
@click.option("--watermark", is_flag=True, help="Look for watermarks too; about a second a file.")
@click.option("--fetch", is_flag=True, help="Follow the address of a manifest that does not lie in the file.")
def verify(
    targets: tuple[str, ...],
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    output: Path | None,
    trust: Path | None,
    signed: bool,
    watermark: bool,
    fetch: bool,
) -> None:
    """Say what picture files tell of themselves: marks, signature, and whether they are what aibild.lock pins.

    Exit code 1 where a file cannot be read, its signature does not hold, or it is not what the project built.
    """
    with errors(as_json):
        from ..build.verify import Known, known_files
        from ..build.verify import verify as run
        from ..build.watermarks import marks_of
        from ..config import CONFIG_FILE, read_config
        from ..errors import AibildError, CredentialError
        from ..renditions.credentials import find_signer
        from ..wire import to_json

        config = read_config(root)[0] if (root / CONFIG_FILE).is_file() else None
        signer = None
        with suppress(CredentialError):  # who cannot sign here can verify all the same
            signer = find_signer(config.credentials, root, os.environ) if config is not None else None
        known = Known() if config is None else known_files(root, output or root / config.output)
        try:
            roots = trust.read_text("ascii") if trust is not None else signer.trust if signer is not None else ""
        except (OSError, ValueError) as error:
            raise AibildError(f"cannot read the root certificates {trust}") from error
        marks = marks_of(config, os.environ) if watermark else None
        found = list(run(targets, known, trust=roots, fetch=fetch, marks=marks))
        held = ("valid", "trusted")
        bad = [one for one in found if not one.good or (signed and one.credential not in held and one.lock != "passed")]
        if as_json:
            print_json({"schema": 1, "files": [to_json(one) for one in found], "bad": len(bad)})
            sys.exit(1 if bad else 0)
        for one in found if verbose or len(found) == 1 else bad:
            click.echo(one.file)
            for line in _lines(one):
                click.echo(f"  {line}")
        if not quiet and len(found) != 1:
            states = Counter("unreadable" if one.fault else one.credential for one in found)
            locks = Counter(one.lock for one in found)
            click.echo(f"{len(found)} files: {_counts(states)}; against the lock: {_counts(locks)}; {len(bad)} bad", err=True)
        sys.exit(1 if bad else 0)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def _lines(one: Said) -> Iterator[str]:
    if one.fault:
        yield f"cannot be read: {one.fault}"
        return
    yield f"{one.format}, {one.width} × {one.height} px, {one.bytes} bytes"
    yield f"source type: {one.source_type or 'not said'}"
    for name in ("dc:creator", "dc:rights", "photoshop:Credit", "xmpRights:WebStatement", "Iptc4xmpExt:AISystemUsed"):
        if name in one.fields:
            yield f"{name}: {one.fields[name]}"
    yield f"signature: {_SIGNATURES[one.credential]}" + (f" ({', '.join(one.faults)})" if one.faults else "")
    if one.signed_by:
        when = f", on {one.time}" if one.time else ", without a time stamp"
        yield f"signed by: {one.signed_by}, {one.issuer}{when}"
    if one.actions:
        yield f"actions: {', '.join(one.actions)}"
    if one.watermark:
        yield f"watermark: {_WATERMARKS.get(one.watermark, one.watermark)}, score {one.watermark_score:g}"
    yield f"against the lock: {_LOCKS[one.lock]}" + (f" ({one.picture})" if one.picture else "")
