"""A run's evidence for somebody else: packed, and checked when it comes from somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from audit.config.load import load_settings, settings_digest
from audit.core.artifacts import RunFolder, read_run
from audit.core.finding import Provenance
from audit.core.settings import Settings
from audit.findings.recount import disagreements
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

    A configuration that is no longer the one that the run read is left out: it would vouch for other numbers. So are
    the tables then, because what dollars assume of the candidates stands in it.
    """
    made = read_run(folder.path).provenance
    config = folder.config_file()
    settings = Settings() if config is None else load_settings(config)
    same = _is_as_read(settings, made)
    redact = Redactor(settings.ingest.redact).value
    tables = tables_of(folder, settings) if same else {}
    if tables and text == "sample":
        tables |= {COMPARED: compared_answers(folder, settings, redact)}
    return pack_run(
        folder,
        output,
        text=text,
        redact=redact,
        config=config if same else None,
        tables=tables,
        voucher=Voucher(key=key, previous=None if after is None else pack_id_of(after)),
    )


def _is_as_read(settings: Settings, made: Provenance) -> bool:
    """Whether the settings are those of the run, which may have had a seed and `--fixed` from its command line."""
    fixed = settings.slice.model_copy(update={"looks": 1})
    read = (settings.model_copy(update={"seed": made.seed, "slice": part}) for part in (settings.slice, fixed))
    return any(settings_digest(one) == made.config_sha256 for one in read)


def verify(path: Path, *, key: Path | None = None, after: Path | None = None) -> Verification:
    """Check an evidence pack that somebody made, offline; nothing of it is kept or executed.

    Args:
        key: A file with the public key of whoever must have signed it.
        after: The pack that it must follow.
    """
    previous = None if after is None else pack_id_of(after)
    return verify_pack(path, disagreements, retested, key=key, previous=previous)
