"""A scan as a whole: what is looked at, what is left out, and what a run adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.errors import InputError
from audit.literals.places import FileKind, Hit, Scan
from audit.literals.routes import Served
from audit.literals.run import LARGE, ScanOptions, scan
from tests.literals.corpus import PROSE, write_corpus

KNOWN = ("gpt-4o", "gpt-4o-mini", "o1", "claude-3-haiku", *(f"grok-{n}" for n in range(30)))
SERVED = (
    Served(route="support-triage", model="gpt-4o", requests=900, spend_usd=90.0),
    Served(route="doc-extract", model="gpt-4o", requests=100, spend_usd=30.0),
    Served(route="doc-extract", model="claude-3-haiku", requests=50, spend_usd=5.0),
    Served(route="chat", model="prod-deployment-7", requests=10, spend_usd=1.0),
)


def written(root: Path, **files: str) -> Path:
    """A folder with these files; a double underscore stands for the dot of a suffix."""
    for name, text in files.items():
        (root / name.replace("__", ".")).write_text(text, "utf-8")
    return root


def only(scanned: Scan) -> Hit:
    """The one hit of a scan."""
    assert len(scanned.hits) == 1, scanned.hits
    return scanned.hits[0]


def test_a_hit_says_where_it_is(tmp_path: Path) -> None:
    """File, line, column in characters, literal, model, function, callee and keyword."""
    code = 'class Desk:\n    def triage(self):\n        é = self.llm.chat.create(model="gpt-4o-2024-08-06")\n'
    hit = only(scan([written(tmp_path, desk__py=code)], KNOWN))
    assert (hit.line, hit.column, hit.literal, hit.model) == (3, 40, "gpt-4o-2024-08-06", "gpt-4o")
    assert (hit.function, hit.callee, hit.keyword) == ("Desk.triage", "self.llm.chat.create", "model")
    assert (hit.kind, hit.language, hit.known, hit.in_test) == (FileKind.ARGUMENT, "python", True, False)
    assert hit.suggestion == 'router.route("ROUTE", request).model_id'
    assert hit.spend_usd is None
    assert hit.route is None


def test_a_composed_name_counts_by_its_beginning(tmp_path: Path) -> None:
    """An f-string or a template whose constant part is a model's name is a hit."""
    scanned = scan(
        [written(tmp_path, a__py='m = f"gpt-4o-{date}"\nn = f"{p}/gpt-4o"\n', b__ts="const m = `gpt-4o-${date}`\n")],
        KNOWN,
    )
    assert [hit.model for hit in scanned.hits] == ["gpt-4o"] * 3


def test_an_address_counts_when_it_is_called(tmp_path: Path) -> None:
    """A deployment in the address of a call is a hit; the address of documentation is none."""
    code = (
        'post("https://x.example/openai/deployments/gpt-4o/chat/completions")\nget("https://x.example/models/gpt-4o")\n'
    )
    assert only(scan([written(tmp_path, a__py=code)], KNOWN)).line == 1


def test_comments_take_hits_out(tmp_path: Path) -> None:
    """`audit: ignore` on the line, or alone above it; a comment after other code is about its own line."""
    code = (
        'a = "gpt-4o"  # audit: ignore\n# audit: ignore - the judge is pinned\nb = "gpt-4o"\n'
        'x = 1  # audit: ignore\nc = "gpt-4o"\n'
    )
    scanned = scan([written(tmp_path, a__py=code)], KNOWN)
    assert only(scanned).line == 5
    assert scanned.muted == 2


def test_prose_locks_bundles_and_vendored_folders_are_left_out(tmp_path: Path) -> None:
    """None of them has a hit, and what was left out is counted."""
    write_corpus(tmp_path, rounds=0)
    scanned = scan([tmp_path], KNOWN)
    assert not scanned.hits
    assert scanned.skipped == {"bundles": 1, "lock files": 2, "not code": 4, "vendored": 3}
    assert len(PROSE) == sum(scanned.skipped.values()) + 1  # audit.yaml is where models belong


def test_what_audit_writes_is_left_out(tmp_path: Path) -> None:
    """Findings, plans and policies name models because it is their job."""
    written(tmp_path, a__json='{"model": "gpt-4o", "schema": "audit-findings/1"}', b__json='{"model": "gpt-4o"}')
    scanned = scan([tmp_path], KNOWN)
    assert only(scanned).file.endswith("b.json")
    assert scanned.skipped == {"audit's own": 1}


def test_a_vendored_folder_is_looked_at_when_it_is_asked_for(tmp_path: Path) -> None:
    """Only what is below the given path is held against the list."""
    folder = tmp_path / "site-packages" / "x"
    folder.mkdir(parents=True)
    written(folder, a__py='model = "gpt-4o"\n')
    assert scan([folder], KNOWN).hits
    assert not scan([tmp_path], KNOWN).hits


def test_tests_are_listed_apart(tmp_path: Path) -> None:
    """Hits in tests are no hits of the code, and can be left out."""
    (tmp_path / "tests").mkdir()
    for name in ("test_a.py", "tests/b.py", "c.spec.ts", "d_test.go", "ETest.java"):
        (tmp_path / name).write_text('model = "gpt-4o";\n')
    scanned = scan([tmp_path], KNOWN)
    assert (len(scanned.hits), len(scanned.test_hits)) == (0, 5)
    without = scan([tmp_path], KNOWN, options=ScanOptions(tests=False))
    assert (len(without.test_hits), without.skipped) == (0, {"tests": 5})


def test_ignore_files_hold(tmp_path: Path) -> None:
    """.gitignore and .auditignore, in any folder, the deeper one over the other."""
    (tmp_path / "gen").mkdir()
    (tmp_path / "kept").mkdir()
    for name in ("gen/a.py", "kept/a.py", "kept/b.py"):
        (tmp_path / name).write_text('model = "gpt-4o"\n')
    (tmp_path / ".gitignore").write_text("gen/\na.py\n")
    (tmp_path / "kept" / ".auditignore").write_text("!a.py\nb.py\n")
    scanned = scan([tmp_path], KNOWN)
    assert only(scanned).file.endswith("kept/a.py")
    assert scanned.skipped["ignored"] == 2


def test_odd_files_are_counted(tmp_path: Path) -> None:
    """Binary files, huge lines, large files, links and loops hinder nothing; other encodings are read all the same."""
    (tmp_path / "binary.py").write_bytes(b'model = "gpt-4o"\0')
    (tmp_path / "wide.js").write_text('const model = "gpt-4o";' + "x" * 30_000)
    (tmp_path / "large.py").write_text('model = "gpt-4o"\n' * 150_000)
    (tmp_path / "latin.py").write_bytes('model = "gpt-4o"  # dépôt\n'.encode("latin-1"))
    (tmp_path / "old.py").write_text('print "x"\nmodel = "gpt-4o"\n')
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.py").symlink_to(tmp_path / "old.py")
    scanned = scan([tmp_path], KNOWN)
    assert scanned.skipped == {"binary": 1, "huge lines": 1, "links": 2, "too large": 1}
    assert scanned.irregular == {"Python that does not parse": 1, "not UTF-8": 1}
    assert len(scanned.hits) == 2


def test_lists_of_models_are_no_choices(tmp_path: Path) -> None:
    """A long list and a file that is a catalogue are mentions; a default in the same file stays a hit."""
    many = ", ".join(f'"grok-{n}"' for n in range(7))
    table = "".join(f'    "a{n}": {{"id": "grok-{n}"}},\n' for n in range(30))
    code = f"TABLE = {{\n{table}}}\nDEFAULT_MODEL = 'gpt-4o'\n"
    scanned = scan([written(tmp_path, a__py=f"ALL = [{many}]\n", b__py=code)], KNOWN)
    assert only(scanned).literal == "gpt-4o"
    assert scanned.mentions == 37
    assert [one.models for one in scanned.catalogues] == [31]


def test_a_run_adds_spend_and_the_models_it_has(tmp_path: Path) -> None:
    """The spend of a model is counted once for all its hits; a deployment of the log is a model's name."""
    code = 'a = ask(model="gpt-4o")\nb = ask(model="gpt-4o")\nc = ask(model="prod-deployment-7")\nd = ask(model="o1")\n'
    scanned = scan([written(tmp_path, a__py=code)], KNOWN, SERVED)
    assert (scanned.spend_usd, scanned.run_spend_usd) == (121.0, 126.0)
    assert [(use.model, use.hits, use.spend_usd) for use in scanned.models] == [
        ("gpt-4o", 2, 120.0),
        ("prod-deployment-7", 1, 1.0),
        ("o1", 1, 0),
    ]
    assert scanned.models[0].routes == ("support-triage", "doc-extract")


def test_a_likely_route_has_its_reason(tmp_path: Path) -> None:
    """Named around the call, every word of it in the names around, or the model's only one; else no route is told."""
    code = (
        'def ask_one():\n    return llm(model="gpt-4o", metadata={"route": "doc-extract"})\n' + "\n" * 14
        + 'def triage_support_mail():\n    return llm(model="gpt-4o")\n' + "\n" * 14
        + 'def something():\n    return llm(model="gpt-4o")\n' + "\n" * 14
        + 'def other():\n    return llm(model="claude-3-haiku")\n'
    )  # fmt: skip
    hits = scan([written(tmp_path, a__py=code)], KNOWN, SERVED).hits
    told = [(hit.route.route, hit.route.reason.split(" ")[0]) if hit.route else None for hit in hits]
    assert told == [("doc-extract", "line"), ("support-triage", "every"), None, ("doc-extract", "the")]
    assert [hit.route_spend_usd for hit in hits] == [30.0, 90.0, None, 5.0]
    assert hits[1].suggestion == 'router.route("support-triage", request).model_id'


def test_processes_change_nothing(tmp_path: Path) -> None:
    """Two processes find what one finds, in the same order."""
    filler = f"# {'x' * 98}\n" * 6_000
    for number in range(LARGE // len(filler) + 1):
        (tmp_path / f"m{number}.py").write_text(f'{filler}model = "gpt-4o"\n')
    alone = scan([tmp_path], KNOWN, options=ScanOptions(workers=1))
    assert scan([tmp_path], KNOWN, options=ScanOptions(workers=2)) == alone
    assert len(alone.hits) >= 8


def test_paths_are_looked_at_once(tmp_path: Path) -> None:
    """A file that two of the given paths hold is one file; a path that is not there is an error."""
    written(tmp_path, a__py='model = "gpt-4o"\n')
    assert scan([tmp_path, tmp_path / "a.py"], KNOWN).files == 1
    with pytest.raises(InputError, match="does not exist"):
        scan([tmp_path / "nowhere"], KNOWN)


@pytest.mark.parametrize("text", ["", "(", '"', "'''", "}{)(", "<?php '", "a: [", "\\", '{"a":', "=\n=", "<<EOF\n"])
@pytest.mark.parametrize(
    "suffix", ["py", "ts", "go", "java", "kt", "cs", "rb", "rs", "php", "sh", "yaml", "json", "toml"]
)
def test_broken_files_hinder_nothing(text: str, suffix: str, tmp_path: Path) -> None:
    """Whatever a file holds, it is read to its end."""
    (tmp_path / f"a.{suffix}").write_text(f'{text}\n// model: "gpt-4o"\nmodel = "gpt-4o"\n')
    assert scan([tmp_path], KNOWN).files == 1


def test_a_list_that_says_something_of_its_models_is_no_call(tmp_path: Path) -> None:
    """Models are looked up in it; a list to choose from is one of calls."""
    code = 'UNSUPPORTED_MODELS = ["gpt-4o"]\nSERIES_MARKERS = ("o1", "gpt-4o")\nmodels_without_tools = ["o1"]\n'
    scanned = scan([written(tmp_path, llm__py=code + 'FALLBACK_MODELS = ["gpt-4o-mini"]\n')], KNOWN)
    assert (only(scanned).line, only(scanned).kind) == (4, FileKind.ITEM)


@pytest.mark.parametrize(
    ("line", "route"),
    [
        ("SUPPORT_TRIAGE_PROMPT = load()", "support-triage"),
        ("text = read('prompts/doc-extract.md')", "doc-extract"),
        ("const text = docExtractPrompt(question)", "doc-extract"),
        ("text = get_prompt('doc-extract')", "doc-extract"),
        ("PROMPT = read('prompts/other.md')", None),
        ("DOC_EXTRACT = load()", None),
    ],
)
def test_a_route_may_be_named_by_its_prompt(line: str, route: str | None, tmp_path: Path) -> None:
    """Call sites seldom have the route's name as a string; the prompt that they send is mostly called by it."""
    code = f'{line}\nclient.create(model="gpt-4o", messages=text)\n'
    hit = only(scan([written(tmp_path, a__py=code)], KNOWN, SERVED))
    assert (hit.route and hit.route.route) == route
