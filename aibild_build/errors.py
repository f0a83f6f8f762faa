"""The exception tree. A fault of the user's *site* is a `Finding`; these are for "we cannot go on".

    AibildError                 exit 3 unless a command says otherwise
    ├─ SourceError              the site's source is wrong: carries findings `source-*`, exit 2
    ├─ TemplateError            a template failed: carries where, exit 2
    ├─ FrozenError              a frozen build would have to change or miss a picture: carries the list, exit 1
    ├─ RefusedError             gates or guards refused pictures that pages need: carries the list, exit 1
    ├─ DecisionError            an approval, rejection, pick or retraction that cannot stand: nothing was written, exit 1
    ├─ LimitError               the plan costs more than the limits allow: nothing was made, exit 3
    ├─ EngineError
    │  ├─ EngineUnavailable     a missing extra, no device, an unknown engine
    │  ├─ EngineRefused         the engine declined this recipe
    │  └─ EngineTransient       may be retried
    ├─ StoreError
    │  └─ StoreCorrupt          a blob that is not what its name says
    ├─ EncodeError
    ├─ CredentialError
    ├─ OutboundError            an address that a user wrote cannot be asked, or must not be
    ├─ OutputError              the output folder cannot be written, or is not ours
    ├─ BucketError              object storage was asked for what cannot be
    │  ├─ BucketDenied          it refused our credentials or our right
    │  └─ BucketUnreachable     the network, or a server that fails: may be retried
    └─ DeployError
       ├─ TargetDenied
       └─ TargetConflict

Libraries' own exceptions are wrapped where they cross into aibild, with the original as `__cause__`.
"""

from __future__ import annotations

from typing import Any


class AibildError(Exception):
    """Base of all: one sentence for the user, and a hint of what to do."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SourceError(AibildError):
    """The site's source is wrong. `findings` holds every `source-*` finding of the run."""

    exit_code = 2

    def __init__(self, findings: tuple[Any, ...]) -> None:  # of `model.Finding`, which lies above this floor
        super().__init__(f"the site's source has {len(findings)} fault{'' if len(findings) == 1 else 's'}")
        self.findings = findings


class TemplateError(AibildError):
    """A template failed. `path` and `line` name the template's own source, `page` what was being rendered."""

    exit_code = 2

    def __init__(self, message: str, *, path: str, line: int | None, page: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line
        self.page = page


class FrozenError(AibildError):
    """`--frozen` forbids what this site would need. `missing` lists it, one line each."""

    exit_code = 1

    def __init__(self, message: str, missing: tuple[str, ...], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.missing = missing


class RefusedError(AibildError):
    """Gates refused every candidate of pictures that pages need, or guards their prompts.

    `missing` lists them with the reasons, one line each; `findings` are those that stand behind it.
    """

    exit_code = 1

    def __init__(self, message: str, missing: tuple[str, ...] = (), *, hint: str = "", findings: tuple[Any, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.missing = missing
        self.findings = findings


class DecisionError(AibildError):
    """Somebody decided what cannot stand: no such candidate, a retracted picture, a role they do not have."""

    exit_code = 1


class LimitError(AibildError):
    """The plan costs more than a limit allows; nothing was made."""


class EngineError(AibildError):
    """An engine could not make a picture."""


class EngineUnavailable(EngineError):
    """The engine is unknown, its extra is not installed, or it has no device."""


class EngineRefused(EngineError):
    """The engine looked at the recipe or its input and declined."""


class EngineTransient(EngineError):
    """The same call may succeed later."""


class StoreError(AibildError):
    """The store cannot be read or written."""


class StoreCorrupt(StoreError):
    """A blob whose bytes are not what its name says."""


class EncodeError(AibildError):
    """A rendition could not be encoded or read back."""


class CredentialError(AibildError):
    """A file could not be signed or its manifest not be verified."""


class OutboundError(AibildError):
    """An address that a user wrote cannot be asked, or must not be. `again` says whether another try may succeed."""

    def __init__(self, message: str, *, hint: str = "", again: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.again = again


class OutputError(AibildError):
    """The output folder cannot be written, or holds files that aibild did not build."""


class BucketError(AibildError):
    """Object storage was asked for what cannot be: a wrong address or key, an absent bucket, an object over its limit."""


class BucketDenied(BucketError):
    """Object storage refused our credentials, or our right to do this."""


class BucketUnreachable(BucketError):
    """Object storage did not answer, or failed: the same request may succeed later."""


class DeployError(AibildError):
    """A target could not take the site."""


class TargetDenied(DeployError):
    """The target refused our credentials or our right to write."""


class TargetConflict(DeployError):
    """Somebody else is deploying to the target, or changed it meanwhile."""
