"""S3, Google Cloud Storage, Azure and memory through obstore (extra `cloud`); the only importer of it.

Takes a read address, an environment and patience. Everything that obstore raises is turned into our three errors here. Its rules,
each of which cost somebody a failure: retries are bounded, an update's token has no empty field, metadata names are lower-case
letters and digits, and an entity tag is no content hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from ..canonical import digest_of
from ..errors import BucketDenied, BucketError, BucketUnreachable
from .address import Address
from .terms import Entry, Headers, Object, Patience, check_key

_SHA256 = "aibildsha256"  # a hyphen in a metadata name is HTTP 400 on Azure
_AT_ONCE = 1000  # keys in one request to list or delete
_SHOWN = 200
_NO_HEADERS = Headers()
Answer = TypeVar("Answer")
_SKEWED = ("RequestTimeTooSkewed", "RequestExpired", "Request date header too old")
_DENIED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationPermissionMismatch", "403 Forbidden")


def open_cloud(address: Address, environ: Mapping[str, str], patience: Patience) -> CloudBucket:
    """The bucket at an address of a cloud. Raises BucketError where obstore is not installed or the settings make no sense."""
    try:
        from obstore import store as stores
    except ImportError as error:
        raise BucketError(f"`{address}` needs obstore", hint="pip install 'aibild[cloud]'") from error
    if address.scheme == "memory":
        return CloudBucket(stores.MemoryStore(), address)
    config = _CONFIGS[address.scheme](address, environ)
    client: dict[str, Any] = {
        "connect_timeout": timedelta(seconds=patience.connect_s),
        "read_timeout": timedelta(seconds=patience.read_s),
        "timeout": timedelta(seconds=patience.request_s),
    }
    if any(str(config.get(name, "")).startswith("http://") for name in ("endpoint", "base_url")):
        client["allow_http"] = True
    kinds: dict[str, Any] = {"s3": stores.S3Store, "gs": stores.GCSStore, "az": stores.AzureStore}
    try:
        store = kinds[address.scheme](
            address.name,
            prefix=address.prefix or None,
            config=config,
            client_options=client,
            retry_config={"max_retries": patience.tries - 1, "retry_timeout": timedelta(seconds=patience.retry_s)},
        )
    except Exception as error:
        raise BucketError(f"`{address}` cannot be opened: {_first_line(error)}") from error
    return CloudBucket(store, address)


class CloudBucket:
    """A bucket behind obstore's synchronous calls, which release the interpreter while they wait."""

    keeps_headers = True

    def __init__(self, store: Any, address: Address) -> None:
        self._store = store
        self._address = address

    @property
    def address(self) -> str:
        return str(self._address)

    def get(self, key: str, *, limit_bytes: int = 0) -> Object | None:
        import obstore

        def read() -> Object:
            found = obstore.get(self._store, check_key(key))
            entry = self._entry(found.meta, found.attributes)
            if limit_bytes and entry.bytes > limit_bytes:
                raise BucketError(f"`{key}` of {self.address} has {entry.bytes} bytes, the limit is {limit_bytes}")
            return Object(data=bytes(found.bytes()), entry=entry)

        return self._ask(key, read)

    def head(self, key: str) -> Entry | None:
        import obstore

        def read() -> Entry:
            found = obstore.get(self._store, check_key(key), options={"head": True})
            return self._entry(found.meta, found.attributes)

        return self._ask(key, read)

    def put(self, key: str, data: bytes, headers: Headers = _NO_HEADERS) -> str:
        return self._write(key, data, headers, "overwrite")

    def create(self, key: str, data: bytes, headers: Headers = _NO_HEADERS) -> str | None:
        return self._conditional(key, data, headers, "create")

    def replace(self, key: str, data: bytes, token: str, headers: Headers = _NO_HEADERS) -> str | None:
        version = {"version": token} if self._address.scheme == "gs" else {"e_tag": f'"{token}"'}
        return self._conditional(key, data, headers, version)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        import obstore

        folder = f"{check_key(prefix.strip('/'))}/" if prefix.strip("/") else ""

        def read() -> list[Entry]:
            chunks = obstore.list(self._store, prefix=folder or None, chunk_size=_AT_ONCE)
            return sorted((self._entry(meta, {}) for chunk in chunks for meta in chunk), key=lambda entry: entry.key)

        yield from self._ask(folder, read) or []

    def delete(self, keys: Iterable[str]) -> None:
        import obstore

        rest = iter(keys)
        while batch := [check_key(key) for key in islice(rest, _AT_ONCE)]:
            if self._ask(batch[0], partial(_done, obstore.delete, self._store, batch)) is None:
                # Azure calls a key that is not there a fault, and may have stopped at it.
                for key in batch:
                    self._ask(key, partial(_done, obstore.delete, self._store, key))

    def copy(self, source: str, target: str) -> bool:
        import obstore

        request = partial(_done, obstore.copy, self._store, check_key(source), check_key(target))
        return self._ask(source, request) or False

    def _conditional(self, key: str, data: bytes, headers: Headers, mode: Any) -> str | None:
        """Write under a condition. Refused or without an answer, what is there decides: our own bytes mean that we wrote them."""
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            return self._write(key, data, headers, mode)
        except BucketDenied:
            raise
        except BucketError as error:
            refused = isinstance(error.__cause__, AlreadyExistsError | PreconditionError)
            refused |= isinstance(error, _Nowhere) and mode != "create"  # what should be replaced is gone
            if not refused and not isinstance(error, BucketUnreachable):
                raise
            there = None
            with suppress(BucketUnreachable):
                there = self._ours(key, data)
            if there is None and not refused:
                raise
            return there

    def _ours(self, key: str, data: bytes) -> str | None:
        """The token of what is there, if it is these bytes."""
        there = self.head(key)
        if there is None or there.bytes != len(data):
            return None
        found = self.get(key)
        return found.entry.token if found is not None and found.data == data else None

    def _write(self, key: str, data: bytes, headers: Headers, mode: Any) -> str:
        import obstore

        attributes = {
            "Content-Type": headers.content_type,
            "Cache-Control": headers.cache_control,
            "Content-Encoding": headers.content_encoding,
            _SHA256: digest_of(data),
        }
        given = {name: value for name, value in attributes.items() if value}
        request = partial(obstore.put, self._store, check_key(key), data, attributes=given, mode=mode)
        result = self._ask(key, request)
        if result is None:
            raise _Nowhere(f"`{self.address}` has no place for `{key}`", hint="does the bucket exist?")
        return self._token(result)

    def _entry(self, meta: Any, attributes: Mapping[str, str]) -> Entry:
        return Entry(
            key=meta["path"],
            bytes=meta["size"],
            token=self._token(meta),
            modified=meta["last_modified"].timestamp(),
            sha256=attributes.get(_SHA256, ""),
            headers=Headers(
                content_type=attributes.get("Content-Type", ""),
                cache_control=attributes.get("Cache-Control", ""),
                content_encoding=attributes.get("Content-Encoding", ""),
            ),
        )

    def _token(self, named: Any) -> str:
        """Google compares generations, the others entity tags, which some listings give without their quotes."""
        return str(named["version"] or "") if self._address.scheme == "gs" else str(named["e_tag"] or "").strip('"')

    def _ask(self, key: str, request: Callable[[], Answer]) -> Answer | None:
        """What a request answers; None where nothing is there."""
        from obstore import exceptions as faults

        try:
            return request()
        except BucketError:
            raise
        except FileNotFoundError:
            return None
        except (faults.PermissionDeniedError, faults.UnauthenticatedError) as error:
            raise BucketDenied(f"`{self.address}` refuses us `{key}`", hint=_why_denied(error)) from error
        except (faults.AlreadyExistsError, faults.PreconditionError, faults.NotSupportedError, ValueError) as error:
            raise BucketError(f"`{key}` of {self.address}: {_first_line(error)}") from error
        except Exception as error:
            text = str(error)
            if any(word in text for word in _DENIED):
                raise BucketDenied(f"`{self.address}` refuses us `{key}`", hint=_why_denied(error)) from error
            raise BucketUnreachable(f"`{self.address}` does not answer as it should: {_first_line(error)}") from error


class _Nowhere(BucketError):
    """A write to what does not exist."""


def _done(request: Callable[..., None], *arguments: Any) -> bool:
    request(*arguments)
    return True


def _why_denied(error: Exception) -> str:
    if any(word in str(error) for word in _SKEWED):
        return "requests are signed with the time, and this machine's clock is wrong by more than a quarter of an hour"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _s3(address: Address, environ: Mapping[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = {
        name: environ[variable]
        for name, variable in (
            ("access_key_id", "AWS_ACCESS_KEY_ID"),
            ("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
            ("session_token", "AWS_SESSION_TOKEN"),
            ("endpoint", "AWS_ENDPOINT_URL"),
            ("endpoint", "AWS_ENDPOINT_URL_S3"),
            ("region", "AWS_DEFAULT_REGION"),
            ("region", "AWS_REGION"),
        )
        if environ.get(variable)
    }
    config |= address.options
    config.setdefault("region", "us-east-1")
    # A server of one's own has no name for each bucket; Amazon's buckets with a dot would not fit its certificate.
    config["virtual_hosted_style_request"] = "endpoint" not in config and "." not in address.name
    return config


def _azure(address: Address, environ: Mapping[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = {
        name: environ[variable]
        for name, variable in (
            ("account_name", "AZURE_STORAGE_ACCOUNT_NAME"),
            ("account_key", "AZURE_STORAGE_ACCOUNT_KEY"),
            ("sas_key", "AZURE_STORAGE_SAS_KEY"),
            ("client_id", "AZURE_CLIENT_ID"),
            ("client_secret", "AZURE_CLIENT_SECRET"),
            ("tenant_id", "AZURE_TENANT_ID"),
            ("federated_token_file", "AZURE_FEDERATED_TOKEN_FILE"),
            ("endpoint", "AZURE_STORAGE_ENDPOINT"),
        )
        if environ.get(variable)
    }
    if "account" in address.options:
        config["account_name"] = address.options["account"]
    if "endpoint" in address.options:
        config["endpoint"] = address.options["endpoint"]
    return config


def _google(address: Address, environ: Mapping[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = {
        name: environ[variable]
        for name, variable in (
            ("application_credentials", "GOOGLE_APPLICATION_CREDENTIALS"),
            ("service_account_key", "GOOGLE_SERVICE_ACCOUNT_KEY"),
        )
        if environ.get(variable)
    }
    if "endpoint" in address.options:
        config["base_url"] = address.options["endpoint"]
    return config


_CONFIGS: dict[str, Callable[[Address, Mapping[str, str]], dict[str, Any]]] = {"s3": _s3, "az": _azure, "gs": _google}
