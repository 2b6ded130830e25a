"""What is wrong with an `audit.yaml`, word for word: every case is a file with its expected message beside it."""

from pathlib import Path

import pytest

from audit.cli.problems import error_lines
from audit.config.load import load_settings
from audit.core.errors import ConfigError
from tests.golden_file import assert_golden

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_message(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All problems of a file are told at once, each with its line, column, excerpt, caret and hint."""
    monkeypatch.chdir(CASES)
    with pytest.raises(ConfigError) as caught:
        load_settings(Path(f"{name}.yaml"))
    assert caught.value.problems
    assert_golden(CASES / f"{name}.txt", "\n".join(error_lines(caught.value)) + "\n")


@pytest.mark.parametrize("name", NAMES)
def test_columns_point_at_the_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The excerpt is the line of the file, but for masked secrets, and the caret stands inside it."""
    monkeypatch.chdir(CASES)
    lines = (CASES / f"{name}.yaml").read_bytes().decode("utf-8", "replace").split("\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(Path(f"{name}.yaml"))
    for problem in caught.value.problems:
        place = problem.place
        if place is not None and place.line is not None and place.excerpt is not None:
            assert len(place.excerpt) == len(lines[place.line - 1])
            assert place.column is not None
            assert place.column - 1 + place.width <= max(len(place.excerpt), place.column)


def test_a_name_like_none_gets_the_list(tmp_path: Path) -> None:
    """Where no known name is near, all of them are told."""
    (tmp_path / "a.yaml").write_text("routes: [{match: x, assert: [{type: frobnicate}]}]")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "a.yaml")
    (problem,) = caught.value.problems
    assert problem.hint is None
    assert "is-json" in problem.notes[0]
    assert "javascript" in problem.notes[0]


def test_a_missing_file_says_what_writes_one(tmp_path: Path) -> None:
    """A named file that is not there is an error, never the defaults."""
    with pytest.raises(ConfigError, match=r"absent\.yaml does not exist") as caught:
        load_settings(tmp_path / "absent.yaml")
    assert caught.value.code == "config.missing"
    assert "audit init" in str(caught.value.hint)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    """A path that cannot be read says why."""
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    assert caught.value.code == "config.unreadable"


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    """A log given in place of the configuration is not parsed."""
    (tmp_path / "a.yaml").write_text("x: 1\n" * 300_000)
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "a.yaml")
    assert caught.value.code == "config.too-large"


def test_deep_nesting_is_an_error(tmp_path: Path) -> None:
    """Ten thousand brackets do not end in a traceback."""
    (tmp_path / "a.yaml").write_text("a: " + "[" * 10_000)
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "a.yaml")
    assert caught.value.problems[0].code == "config.yaml"


def test_a_number_of_many_digits_is_an_error(tmp_path: Path) -> None:
    """Python refuses to read it; that is a problem of the file."""
    (tmp_path / "a.yaml").write_text("seed: " + "9" * 5_000)
    with pytest.raises(ConfigError):
        load_settings(tmp_path / "a.yaml")


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was put into the file appears in no message."""
    monkeypatch.chdir(CASES)
    with pytest.raises(ConfigError) as caught:
        load_settings(Path("secrets.yaml"))
    text = "\n".join(error_lines(caught.value))
    for secret in ("my-very-own-key", "abcdefghijklmnop", "hunter22", "plain-words"):
        assert secret not in text
    assert text.count("api_key_env: OPENAI_API_KEY") == 2
    assert text.count("env:GATEWAY_KEY") == 2


@pytest.mark.parametrize(
    ("vendors", "said"),
    [
        ("[]", "has to have at least 1 entry"),
        (
            '[{name: a, models: ["a-*"], discounts: [{from: $9, discount: 1%}, {from: $1, discount: 2%}]}]',
            "out of order",
        ),
        ('[{name: a, models: ["a-*"], nonsense: 1}]', "nonsense"),
    ],
)
def test_a_list_whose_entry_is_wrong_is_not_called_too_short(tmp_path: Path, vendors: str, said: str) -> None:
    """One mistake is one problem, and it is the entry's."""
    (tmp_path / "audit.yaml").write_text(f"contract:\n  vendors: {vendors}\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "audit.yaml")
    (problem,) = caught.value.problems
    assert said in problem.what
