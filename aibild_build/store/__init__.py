"""The store: blobs by digest, records by key; the one stateful object.

Layout, all under one folder that a CI host can keep:

    cas/ab/<sha256>   bytes; the name is their digest; never modified
    rec/ab/<key>      one line of canonical JSON with `schema`, `key`, `kind`, `check`; never replaced; line 2 may be a signature
    tmp/ lock/ bad/   files being written · one lock file per three hexadecimal digits · what was damaged, moved aside

What is not here may lie in a shared store (`remote`): object storage with the same layout and signed records.

Only `plan`, `build`, `deploy` and `cli` may import it. Knows no noun: records are JSON, `wire` makes nouns of them.
"""

from __future__ import annotations

from .folder import BLOB_LIMIT_BYTES, RECORD_LIMIT_BYTES, Store, Stored
from .lines import RECORD_SCHEMA, RESERVED
from .remote import Remote
from .sharing import Moved, gc_remote, pull, push, stats_remote, verify_remote
from .signing import RecordKey, is_signed, new_key
from .upkeep import GcReport, Problem, StoreStats

__all__ = [
    "BLOB_LIMIT_BYTES",
    "RECORD_LIMIT_BYTES",
    "RECORD_SCHEMA",
    "RESERVED",
    "GcReport",
    "Moved",
    "Problem",
    "RecordKey",
    "Remote",
    "Store",
    "StoreStats",
    "Stored",
    "gc_remote",
    "is_signed",
    "new_key",
    "pull",
    "push",
    "stats_remote",
    "verify_remote",
]
