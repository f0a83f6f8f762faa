"""Opens a project's store together with the shared one: what `[store]` says, and what this machine may do.

Takes settings, an environment and a clock; yields a `Store`. Who has the private key writes signed records, who has a namespace
writes below it, everybody else only reads. `bytes_of` is how a deploy comes by a file that a lazy build left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from ..bucket import Patience, open_bucket, scoped
from ..canonical import canonical, key_of
from ..config import Config
from ..errors import StoreError
from ..store import RecordKey, Remote, Store

REMOTE_VARIABLE, KEY_VARIABLE, NAMESPACE_VARIABLE = "AIBILD_STORE_REMOTE", "AIBILD_STORE_KEY", "AIBILD_STORE_NAMESPACE"
_CREDENTIALS = "AIBILD_STORE_"
_PATIENCE = Patience(connect_s=5, read_s=20, request_s=300, tries=3, retry_s=10)


def shared_arguments(config: Config, environ: Mapping[str, str], *, reads: bool = False) -> str:
    """What any process needs to open the shared store, as JSON text without secrets; "" when there is none.

    `AIBILD_STORE_REMOTE` stands before `[store] remote`; `off` there means none. `reads` forbids writing. Raises StoreError where
    nobody is trusted, or a namespace is no name.
    """
    address = environ.get(REMOTE_VARIABLE) or config.store_remote
    if not address or address == "off":
        return ""
    namespace = environ.get(NAMESPACE_VARIABLE, "")
    if namespace and not namespace.replace("-", "").isalnum():
        raise StoreError(f"expected {NAMESPACE_VARIABLE} in letters, digits and hyphens, got {namespace!r}")
    if not config.store_trusted:
        raise StoreError(
            f"the shared store `{address.partition('?')[0]}` is used by those who trust its records' signers, and none is named",
            hint="`aibild cache key FILE` makes a key, and prints the line for `trusted` in [store]",
        )
    asked = {
        "address": address,
        "base": str(config.root.resolve()),
        "trusted": list(config.store_trusted),
        "namespace": namespace,
        "reads": reads,
    }
    return canonical(asked).decode()


def open_remote(arguments: str, environ: Mapping[str, str], clock: Callable[[], float]) -> Remote | None:
    """The shared store of `shared_arguments`; None for "". Raises BucketError and StoreError; nothing is asked of it yet."""
    if not arguments:
        return None
    asked = json.loads(arguments)
    bucket = open_bucket(asked["address"], environ=scoped(environ, _CREDENTIALS), patience=_PATIENCE, base=Path(asked["base"]))
    namespace = "" if asked["reads"] else asked["namespace"]
    key = None if asked["reads"] or namespace else _key(environ)
    if key is not None and key.public not in asked["trusted"]:
        raise StoreError(
            f"{KEY_VARIABLE} holds the private key of `{key.public}`, which [store] does not trust",
            hint="name it in `trusted`, or leave the variable out to only read",
        )
    return Remote(bucket, trusted=asked["trusted"], key=key, namespace=namespace, clock=clock)


def pack_name(config: Config) -> str:
    """Under what name a site's records lie together."""
    return key_of({"site": config.base_url})[:32]


def open_shared(
    config: Config,
    environ: Mapping[str, str],
    clock: Callable[[], float],
    *,
    store_dir: Path | None = None,
    read_only: bool = False,
    reads: bool = False,
) -> Store:
    """The project's store, with the shared one behind it where there is one. `read_only` is about this machine's folder."""
    remote = open_remote(shared_arguments(config, environ, reads=reads or read_only), environ, clock)
    if remote is not None:
        remote.begin(listed=True)
    root = store_dir or config.root / config.store
    return Store(root, max_bytes=config.store_max_bytes, read_only=read_only, remote=remote, pack=pack_name(config))


def bytes_of(store: Store, digest: str) -> bytes:
    """The bytes of an output that the folder lacks (`.aibild/lazy.json`), verified. Raises StoreError when nobody has them."""
    data = store.get(digest)
    if data is None:
        why = f" ({store.degraded})" if store.degraded else ""
        raise StoreError(
            f"the bytes of {digest[:12]} are neither here nor in the shared store{why}", hint="build without --lazy-bytes"
        )
    return data


def _key(environ: Mapping[str, str]) -> RecordKey | None:
    """The private key: PEM text, or the path of a file with it."""
    named = environ.get(KEY_VARIABLE, "").strip()
    if not named:
        return None
    if named.startswith("-----BEGIN"):
        return RecordKey(named.encode())
    try:
        return RecordKey(Path(named).expanduser().read_bytes())
    except OSError as error:
        raise StoreError(f"{KEY_VARIABLE} names {named}, which cannot be read: {error.strerror}") from error
