"""The one door to object storage: S3, Google Cloud Storage, Azure, a folder, memory; the same few verbs for each.

Takes an address (`s3://bucket/prefix?endpoint=…&region=…`, `gs://…`, `az://container/prefix`, `file:///folder`, `memory://`)
and an environment with credentials; yields a `Bucket`. obstore (extra `cloud`) is imported in `cloud` alone, when
a bucket is opened. Knows neither store nor site. Raises BucketError, BucketDenied and BucketUnreachable, and no library's own.

An answer that was lost is looked for: after a failed conditional write the object is read back, and what we wrote counts as ours.
"""

from __future__ import annotations

from .address import Address, read_address
from .opening import bucket_time, honours_conditions, open_bucket, scoped
from .terms import Bucket, Entry, Headers, Object, Patience
from .together import LANES, begun, together

__all__ = [
    "LANES",
    "Address",
    "Bucket",
    "Entry",
    "Headers",
    "Object",
    "Patience",
    "begun",
    "bucket_time",
    "honours_conditions",
    "open_bucket",
    "read_address",
    "scoped",
    "together",
]
