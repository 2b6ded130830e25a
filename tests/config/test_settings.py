"""What a good `audit.yaml` becomes."""

import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from audit.config.load import load_settings, settings_digest, settings_schema
from audit.core.errors import ConfigError
from audit.core.settings import Settings
from tests.shared import SHARED, needs_shared

GOOD = """
margin: 2.5pt
confidence: 90%
max_spend: $1,200
tiers:
  - &small {name: small, model: a, provider: simulated, price: {input: 0.5, output: 1, as_of: 2026-11-20}}
  - {<<: *small, name: other, model: b}
routes:
  - match: /extract-*
    candidates: [small]
    margin: 2pt
    floor: 92%
    assert: [{type: equals, value: "{{reference}}", weight: 2}]
  - match: "*"
gate:
  - {name: quality holds, when: "quality_delta{route:*} >= -2pt", level: warn}
"""


def write(folder: Path, text: str) -> Path:
    """A configuration in a file."""
    path = folder / "audit.yaml"
    path.write_text(text, "utf-8")
    return path


def test_values_are_read_in_base_units(tmp_path: Path) -> None:
    """Points and shares become fractions, dollars become numbers, a date stays the text that it is."""
    settings = load_settings(write(tmp_path, GOOD))
    assert (settings.margin, settings.confidence, settings.max_spend) == (0.025, 0.9, 1200.0)
    assert settings.margin_of("/extract-invoice") == 0.02
    assert settings.margin_of("/chat") == 0.025
    assert settings.tiers[0].price is not None
    assert settings.tiers[0].price.as_of == "2026-11-20"
    assert settings.directory == tmp_path


def test_anchors_and_merges_are_fine(tmp_path: Path) -> None:
    """A tier that is merged from another differs where it says so."""
    first, second = load_settings(write(tmp_path, GOOD)).tiers
    assert (second.name, second.model, second.price) == ("other", "b", first.price)


@pytest.mark.parametrize(
    "line",
    [
        *("margin: 0pt", "margin: -3pt", "margin: 100pt", "confidence: 0%", "confidence: 100%", "max_spend: $1e999"),
        *("slice: {power: 0%}", "slice: {power: 100%}", "slice: {tuning_share: 0%}", "slice: {tuning_share: 100%}"),
        *("seed: -1", f"seed: {10**400}", "routes: [{match: '*', margin: 0pt}]"),
        *(
            f"tiers: [{{name: a, model: a, provider: simulated, price: {{input: {n}, output: 1}}}}]"
            for n in (".inf", 1e308)
        ),
        "routes: [{match: '*', assert: [{type: is-json, weight: .inf}]}]",
    ],
)
def test_quantities_of_which_nothing_can_be_concluded_are_refused(tmp_path: Path, line: str) -> None:
    """A margin of nothing, a certain level, a price without end: an error with its place, before anything is read."""
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, line + "\n"))
    assert all(problem.place is not None and problem.place.line == 1 for problem in caught.value.problems)


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeff# a byte order mark\n", "---\n"])
def test_an_empty_file_is_the_defaults(tmp_path: Path, text: str) -> None:
    """Every key has a default."""
    settings = load_settings(write(tmp_path, text))
    assert settings.model_dump(exclude={"directory", "config_file"}) == Settings().model_dump(
        exclude={"directory", "config_file"}
    )


def test_the_file_is_found_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path, `audit.yaml` here, then `audit.yml`, then the defaults."""
    monkeypatch.chdir(tmp_path)
    assert load_settings().seed == 0
    Path("audit.yml").write_text("seed: 1")
    assert load_settings().seed == 1
    Path("audit.yaml").write_text("seed: 2")
    assert load_settings().seed == 2


def test_overrides_go_before_the_file(tmp_path: Path) -> None:
    """A flag of the command line wins, and is checked like the file."""
    path = write(tmp_path, "seed: 1\nreplay: {attempts: 2}\n")
    settings = load_settings(path, overrides={"seed": 9, "replay.offline": True, "max_spend": "$5"})
    assert (settings.seed, settings.replay.attempts, settings.replay.offline) == (9, 2, True)
    assert settings.max_spend == 5
    with pytest.raises(ConfigError) as caught:
        load_settings(path, overrides={"max_spend": "a lot"})
    assert "`max_spend` has no unit or is not a number" in caught.value.problems[0].what


def test_known_but_unsupported_assertions_are_accepted(tmp_path: Path) -> None:
    """A list pasted from promptfoo loads; what is not measured is said later, by route."""
    settings = load_settings(write(tmp_path, "routes: [{match: x, assert: [{type: not-javascript, value: 'true'}]}]"))
    assert settings.routes[0].criteria[0].type == "not-javascript"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ("max_spend: $9", True),
        ("gate: [{when: requests > 5n}]", True),
        ("replay: {cassette: elsewhere}", True),
        ("margin: 2pt", False),
        ("seed: 1", False),
        ("tiers: [{name: a, model: b, provider: simulated}]", False),
    ],
)
def test_the_digest_names_what_decides_numbers(tmp_path: Path, change: str, same: bool) -> None:
    """A rule of the gate, a cap or a path may change between two sessions of a run; a margin may not."""
    assert (settings_digest(load_settings(write(tmp_path, change))) == settings_digest(Settings())) is same


def test_where_a_batch_is_handed_in_decides_no_number(tmp_path: Path) -> None:
    """Another role or another folder is the same run; another region may have another model."""
    own = "tiers: [{name: a, model: b, provider: simulated, options: {region: %s, batch_role: %s, batch_least: %s}}]"
    first, other, third = (
        settings_digest(load_settings(write(tmp_path, own % values)))
        for values in (("x", "r", 1), ("x", "s", 9), ("y", "r", 1))
    )
    assert first == other != third


def test_the_digest_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    """The same file elsewhere is the same configuration."""
    (tmp_path / "b").mkdir()
    one, other = load_settings(write(tmp_path, GOOD)), load_settings(write(tmp_path / "b", GOOD))
    assert settings_digest(one) == settings_digest(other)


def test_the_schema_accepts_what_the_loader_does(tmp_path: Path) -> None:
    """An editor underlines what the loader refuses, and nothing else, on these files."""
    validator = jsonschema_rs.validator_for(settings_schema())
    safe = GOOD.replace("2026-11-20", '"2026-11-20"')
    assert validator.is_valid(yaml.safe_load(safe))
    for wrong in ("margin: 3", "margn: 3pt", "tiers: [{name: a, model: b, provider: nope}]", "ingest: {format: nope}"):
        assert not validator.is_valid(yaml.safe_load(wrong)), wrong
    assert not validator.is_valid(yaml.safe_load("routes: [{match: x, assert: [{type: is-jsn}]}]"))


@pytest.mark.parametrize("place", ["s3://bucket/team", "../audits/store"])
def test_a_store_is_named_in_short(place: str, tmp_path: Path) -> None:
    """A plain text is its path, and stays so beside what the command line sets; editors accept it, and no number."""
    forms = f"store: {place}", f"store: {{path: '{place}'}}"
    for given, fresh in (({}, False), ({"store.fresh": True}, True)):
        found = {load_settings(write(tmp_path, text), overrides=given).store for text in forms}
        assert [(store.path, store.fresh) for store in found] == [(place, fresh)]
    assert load_settings(write(tmp_path, forms[0]), overrides={"store.path": "here"}).store.path == "here"
    validator = jsonschema_rs.validator_for(settings_schema())
    assert [validator.is_valid({"store": entry}) for entry in (place, {"path": place}, 7)] == [True, True, False]


def test_the_schema_says_defaults_as_they_are_written() -> None:
    """A default with a unit is a text that the schema itself accepts."""
    schema = settings_schema()
    assert schema["properties"]["margin"]["default"] == "3pt"
    assert schema["properties"]["confidence"]["default"] == "95%"
    assert "directory" not in schema["properties"]


@needs_shared("data/dev/audit.yaml")
def test_the_development_configuration_loads_as_it_stands() -> None:
    """The configuration of the development log is a contract."""
    settings = load_settings(SHARED / "data/dev/audit.yaml")
    assert len(settings.tiers) == 9
    assert [route.match for route in settings.routes] == [
        "/solve-word-problem",
        "/faq-answer",
        "/smart-action",
        "/assistant",
    ]


def test_importing_the_loader_is_light() -> None:
    """The configuration needs no data frame, no array and no HTTP client."""
    heavy = ("polars", "pyarrow", "numpy", "httpx", "torch")
    code = f"import sys, audit.config.load; print([m for m in sys.modules if m in {heavy}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
