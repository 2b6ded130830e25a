"""The files that a criterion names: right answers, schemas, and code of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.core.errors import AuditError, ConfigError
from audit.core.fingerprint import file_sha256
from audit.core.settings import CriterionSettings
from audit.documents import named_file, named_text, read_document
from audit.scoring.texts.json_values import parse_json


def read_value(entry: CriterionSettings, directory: Path) -> Any:
    """`value`, with `file://` replaced by what the file holds: JSON and YAML parsed, anything else as
    text, `.txt` without the space around it.

    Raises:
        ConfigError: The file lies outside the configuration's folder, or cannot be read.
    """
    if not isinstance(entry.value, str) or not entry.value.startswith("file://"):
        return entry.value
    try:
        path = named_file(entry.value, directory)
        if path.suffix in (".yaml", ".yml"):
            document = read_document(path)
            if document.problems:
                raise document.problems[0]
            return document.values
        text = named_text(entry.value, directory)
        if path.suffix == ".json":
            return parse_json(text)
        # The last line break of a text file is the file's, as in promptfoo.
        return text.strip() if path.suffix == ".txt" else text
    except (AuditError, ValueError) as error:
        what = error.what if isinstance(error, AuditError) else f"{path} is not JSON"
        notes, hint = (error.notes, error.hint) if isinstance(error, AuditError) else ((), None)
        raise ConfigError(f"`{entry.type}`: {what}", code="criterion.file", notes=notes, hint=hint) from None


def code_sha256(value: str, directory: Path) -> str:
    """Digest of the file of `file://scorers.py:function`."""
    return file_sha256(named_file(value.rpartition(":")[0], directory))
