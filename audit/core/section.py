"""What every section of `audit.yaml` has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A section: frozen, and no key that it does not know.

    Its validator is built when it is first used: a section within another is built with that one, and not once more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, value: Any) -> Any:
        """A key with nothing behind it, as YAML has it when every entry is commented out, is the default."""
        if not isinstance(value, Mapping):
            return value
        optional = {info.alias or name for name, info in cls.model_fields.items() if not info.is_required()}
        return {key: item for key, item in value.items() if item is not None or key not in optional}
