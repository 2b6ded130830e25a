"""Azure Blob Storage: `az://container/prefix`, in the account that the platform's variables name.

The account and its credentials are found as Azure's command line finds them: `AZURE_STORAGE_CONNECTION_STRING`, or
`AZURE_STORAGE_ACCOUNT` with `AZURE_STORAGE_KEY` or `AZURE_STORAGE_SAS_TOKEN`; without either, by the platform's default
credential (`AZURE_CLIENT_ID` and its siblings, a managed identity, what `az login` left).

Reference: Azure CLI, "Configuration values and environment variables"; Azure Storage, "Configure connection strings"
and "Blob Storage error codes".
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from audit.core.errors import InputError
from audit.storage.object_storage import ObjectStorage

if TYPE_CHECKING:
    from pyarrow.fs import AzureFileSystem


def connected() -> AzureFileSystem:
    """The file system of the account.

    Raises:
        InputError: No variable names an account.
    """
    from pyarrow.fs import AzureFileSystem

    named = _connection_string(os.environ.get("AZURE_STORAGE_CONNECTION_STRING", ""))
    account = named.get("AccountName") or os.environ.get("AZURE_STORAGE_ACCOUNT")
    if not account:
        raise InputError(
            "an az:// address names a container, and no variable names its account",
            code="storage.refused",
            hint="set AZURE_STORAGE_ACCOUNT, or AZURE_STORAGE_CONNECTION_STRING",
        )
    key = named.get("AccountKey") or os.environ.get("AZURE_STORAGE_KEY")
    token = named.get("SharedAccessSignature") or os.environ.get("AZURE_STORAGE_SAS_TOKEN")
    # A key opens more than a token does, and Arrow takes one of the two.
    secret = {"account_key": key} if key else {"sas_token": token} if token else {}
    return AzureFileSystem(account, **secret, **_place(named))


def _connection_string(text: str) -> Mapping[str, str]:
    """`Name=value;Name=value` as a mapping; a value may itself hold `=`, as a key does."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _place(named: Mapping[str, str]) -> Mapping[str, str]:
    """Where the account answers: an emulator's or another cloud's address, where the connection string has one."""
    if endpoint := named.get("BlobEndpoint"):
        parts = urlsplit(endpoint)
        scheme, account = parts.scheme, named.get("AccountName", "")
        # Arrow puts the account before a suffix and behind a whole host, which is how emulators have it.
        host = parts.netloc.removeprefix(account) if parts.netloc.startswith(f"{account}.") else parts.netloc
    elif suffix := named.get("EndpointSuffix"):
        scheme, host = named.get("DefaultEndpointsProtocol", "https"), f".blob.{suffix}"
    else:
        return {}
    beside = host.replace(".blob.", ".dfs.", 1)
    return {
        "blob_storage_scheme": scheme, "blob_storage_authority": host,
        "dfs_storage_scheme": scheme, "dfs_storage_authority": beside,
    }  # fmt: skip


STORAGE = ObjectStorage(
    name="az",
    summary="Azure Blob Storage",
    connect=connected,
    variables="AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or AZURE_STORAGE_CONNECTION_STRING",
    code=re.compile(r"Azure Error: \[(\w+)\]"),
    absent=frozenset({"BlobNotFound", "ContainerNotFound", "PathNotFound", "ResourceNotFound"}),
    passing=frozenset({"ServerBusy", "InternalError", "OperationTimedOut"}),
)
