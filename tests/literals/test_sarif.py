"""SARIF 2.1.0: what the standard requires, and what code hosts need."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest

from audit.literals.run import scan
from audit.literals.sarif import sarif_document
from tests.literals.test_scan import KNOWN, SERVED, written

REQUIRED = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {"rules": {"items": {"required": ["id"]}, "uniqueItems": True}},
                            }
                        },
                    },
                    "results": {
                        "items": {
                            "required": ["message", "ruleId", "locations"],
                            "properties": {
                                "message": {"required": ["text"]},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "locations": {
                                    "minItems": 1,
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "required": ["uri"],
                                                        "properties": {"uri": {"pattern": "^[^ ]+$"}},
                                                    },
                                                    "region": {
                                                        "required": ["startLine"],
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        },
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        }
                    },
                },
            },
        },
    },
}
"""The fields that the standard's schema requires, where this document has them."""


def test_required_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every required field is there, of its type; rules are those that results name."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path, a__py='a = ask(model="gpt-4o")\n', test_b__py='b = "gpt-4o"\n')
    (tmp_path / "a file.py").write_text('a = "gpt-4o"\n')
    document = sarif_document(scan([Path()], KNOWN, SERVED))
    jsonschema_rs.validate(REQUIRED, document)
    run = document["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [result["ruleId"] for result in run["results"]]
    assert [result["level"] for result in run["results"]] == ["warning", "warning", "note"]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert uris == ["a%20file.py", "a.py", "test_b.py"]


def test_a_fingerprint_survives_an_edit_above(tmp_path: Path) -> None:
    """A finding that moved down is the same finding; two in one function are two."""
    code = 'def f():\n    return ask("gpt-4o", "gpt-4o")\n'
    before = sarif_document(scan([written(tmp_path, a__py=code)], KNOWN))["runs"][0]["results"]
    after = sarif_document(scan([written(tmp_path, a__py="import os\n\n" + code)], KNOWN))["runs"][0]["results"]
    assert [one["partialFingerprints"] for one in before] == [one["partialFingerprints"] for one in after]
    assert before[0]["partialFingerprints"] != before[1]["partialFingerprints"]
