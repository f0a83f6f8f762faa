"""Signed provenance for delivered files (C2PA 2.2): who signs, what the manifest says, and the signature itself.

`find_signer` says who signs here, `seal_of` what one file will be signed with; both load nothing heavy, so that a plan can ask.
`sign.sign` signs a finished file and reads it back, `profile` tells what is wrong with a certificate, `local` makes a test chain.
"""

from __future__ import annotations

from .findings import credential_findings
from .manifest import Parent, Seal, Story, seal_of, sidecar_name
from .signer import Signer, check_key, credential_folders, data_folder, find_signer, key_text, local_chain

__all__ = [
    "Parent",
    "Seal",
    "Signer",
    "Story",
    "check_key",
    "credential_findings",
    "credential_folders",
    "data_folder",
    "find_signer",
    "key_text",
    "seal_of",
    "sidecar_name",
    "local_chain",
]
