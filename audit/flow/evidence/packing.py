"""A run's evidence for somebody else: packed, and checked when it comes from somebody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from audit.core.artifacts import RunFolder, read_run
from audit.core.settings import Settings
from audit.findings.recount import disagreements
from audit.flow.evidence.as_read import settings_as_read
from audit.flow.evidence.packed_tables import tables_of
from audit.flow.evidence.rescoring import COMPARED, compared_answers
from audit.flow.evidence.retest import retested
from audit.masking.redact import Redactor
from audit.pack.evidence import Packed, Voucher, pack_run
from audit.pack.verify import Verification, pack_id_of, verify_pack

TextPolicy = Literal["sample", "none"]


def pack(
    folder: RunFolder,
    output: Path,
    *,
    text: TextPolicy = "sample",
    key: Path | None = None,
    after: Path | None = None,
) -> Packed:
    """Write the evidence of a run into one zip file that `audit verify` checks; texts redacted as configured.

    Args:
        key: A file with the private key to sign with.
        after: The pack that this one follows.

    The configuration is what the run read. The user's own file may have been edited for the next run: the copy in the
    run folder is packed then, because a run that was made stays evidence whatever is planned after it.

    Raises:
        InputError: The configuration of a run that tested something is not to be had any more.
    """
    found = settings_as_read(folder, read_run(folder.path))
    settings = Settings() if found is None else found.settings
    redact = Redactor(settings.ingest.redact).value
    tables = {} if found is None else tables_of(folder, settings)
    if tables and text == "sample":
        tables |= {COMPARED: compared_answers(folder, settings, redact)}
    packed = pack_run(
        folder,
        output,
        text=text,
        redact=redact,
        config=None if found is None else found.file,
        tables=tables,
        voucher=Voucher(key=key, previous=None if after is None else pack_id_of(after)),
    )
    return replace(packed, edited=() if found is None else found.edited)


def verify(path: Path, *, key: Path | None = None, after: Path | None = None) -> Verification:
    """Check an evidence pack that somebody made, offline; nothing of it is kept or executed.

    Args:
        key: A file with the public key of whoever must have signed it.
        after: The pack that it must follow.
    """
    previous = None if after is None else pack_id_of(after)
    return verify_pack(path, disagreements, retested, key=key, previous=previous)
