"""The evidence pack: what is in it, and what `audit verify` finds wrong with one that was touched."""

import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from audit.config.load import load_settings, settings_digest
from audit.core.artifacts import RunFolder, read_findings, read_plan, write_findings, write_json
from audit.core.errors import InputError
from audit.core.fingerprint import fingerprint
from audit.flow.evidence import packing
from audit.flow.evidence.as_read import keep_settings
from audit.llm.cassette import Cassette
from audit.pack import archive
from audit.pack.archive import BadPack, write_members
from audit.pack.evidence import json_bytes
from audit.pack.verify import Verification, verify_pack
from tests.golden_file import assert_golden
from tests.pack.world import real, run_folder
from tests.report.fixtures import STATES

GOLDEN = Path(__file__).parent / "golden"
ALL = {
    *("pack.json", "findings.json", "cases.jsonl", "cassette/completions.jsonl", "audit.yaml", "plan.json"),
    *("history.json", "renewal.json", "rounds.json", "prices.json", "report.html", "summary.md"),
}
WITHOUT_TEXT = ALL - {"cases.jsonl", "cassette/completions.jsonl"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run and its pack, made once."""
    place = tmp_path_factory.mktemp("made")
    packing.pack(run_folder(place / "run"), place / "evidence.zip")
    return place


@pytest.fixture
def pack(made: Path, tmp_path: Path) -> Path:
    """A pack that holds, with its run beside it; of the test's own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "evidence.zip"


def verified(path: Path) -> Verification:
    """What became of checking a pack, but for its figures: those of the fixtures are made up, each by itself."""
    return verify_pack(path, lambda findings: (), lambda findings, plan, tables: {})


def contents(path: Path) -> dict[str, bytes]:
    """Members by name."""
    with zipfile.ZipFile(path) as archive_:
        return {name: archive_.read(name) for name in archive_.namelist()}


def index_of(members: dict[str, bytes]) -> dict[str, Any]:
    """The index of a pack."""
    found: dict[str, Any] = json.loads(members["pack.json"])
    return found


def repacked(path: Path, change: Callable[[dict[str, bytes]], None], *, redo_digests: bool = False) -> Path:
    """The pack after somebody touched it; with `redo_digests` somebody who also made the index fit."""
    members = contents(path)
    change(members)
    if redo_digests:
        index = index_of(members)
        index["files"] = {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
            if name != "pack.json"
        }
        members["pack.json"] = json.dumps(index).encode()
    with zipfile.ZipFile(path, "w") as archive_:
        for name, data in members.items():
            archive_.writestr(name, data)
    return path


def test_a_pack_holds(pack: Path) -> None:
    """Everything is in it, and every check holds."""
    assert set(contents(pack)) == ALL
    found = verified(pack)
    assert found.holds
    assert [check.name for check in found.checks] == [
        *("members", "digests", "findings.json", "figures", "cases.jsonl", "renewal.json", "plan.json", "rounds.json"),
        *("report.html", "summary.md", "prices.json"),
    ]
    assert b'id="renewal"' in contents(pack)["report.html"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == "many_routes" else []) for name in STATES]
)
def test_every_state_of_a_report_can_be_made_again(name: str, tmp_path: Path) -> None:
    """A report made on another machine from the pack alone is the same, whatever it says."""
    packing.pack(run_folder(tmp_path / "run", STATES[name]()), tmp_path / "e.zip")
    assert verified(tmp_path / "e.zip").holds


def test_equal_runs_are_equal_bytes(tmp_path: Path) -> None:
    """Neither the hour, the folder, the umask nor the time zone is in a pack."""
    digests = set()
    for name, environment in (("a", {"TZ": "UTC"}), ("b", {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"})):
        folder = run_folder(tmp_path / name)
        os.utime(folder.findings, (1e9, 1e9))
        command = [sys.executable, "-m", "audit", "report", str(folder.path), "--pack", str(tmp_path / f"{name}.zip")]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
        digests.add(hashlib.sha256((tmp_path / f"{name}.zip").read_bytes()).hexdigest())
    assert len(digests) == 1
    with zipfile.ZipFile(tmp_path / "a.zip") as archive_:
        entries = archive_.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {stat.S_IFREG | 0o644}


def test_texts_are_redacted_as_configured(pack: Path) -> None:
    """Keys always, and the kinds that the configuration asks for; ids stay, and no folder of the machine is in it."""
    members = contents(pack)
    everything = b"".join(members.values())
    assert b"sk-abcdefghij0123456789" not in everything
    assert b"1234 5678" not in everything
    assert b"<phone:" in members["cassette/completions.jsonl"]
    assert b"/secret/place" not in everything
    ids = [json.loads(line)["exchange_id"] for line in members["cases.jsonl"].splitlines()]
    assert ids[:2] == ["x1", "x2"]


def test_without_text(tmp_path: Path) -> None:
    """`--text none` leaves out cases and completions, and says so in the index."""
    folder = run_folder(tmp_path / "run")
    assert run(["report", str(folder.path), "--text", "none", "--pack", str(tmp_path / "e.zip")]) == 0
    members = contents(tmp_path / "e.zip")
    assert set(members) == WITHOUT_TEXT
    assert index_of(members)["text"] == "none"
    assert b"Which queue does this ticket belong to" not in b"".join(members.values())
    assert verified(tmp_path / "e.zip").holds


def test_the_cassette_plays(pack: Path, tmp_path: Path) -> None:
    """Recorded completions are found by model, request and repeat; what failed has none, a refusal is one."""
    folder = tmp_path / "cassette"
    folder.mkdir()
    (folder / "completions.jsonl").write_bytes(contents(pack)["cassette/completions.jsonl"])
    tiers = json.loads(contents(pack)["findings.json"])["provenance"]["tiers"]
    model = tiers.get("medium", {}).get("model", "medium")
    with Cassette(folder) as cassette:
        assert len(cassette) == 4
        assert not cassette.notes
        first, second, third, fifth = (cassette.get(model, f"{number:064x}") for number in (1, 2, 3, 5))
    assert first is not None
    assert first.text is not None
    assert first.text.startswith("answer 1, call <phone:")
    assert first.usage is not None
    assert (first.usage.prompt_tokens, first.latency_ms) == (10, 12.5)
    assert second is not None
    assert second.tool_calls[0]["function"]["name"] == "f"
    assert third is not None
    assert (third.text, third.refusal) == (None, "I will not")
    assert fifth is not None
    assert fifth.usage is None


def test_what_stays_in_the_run_folder_is_named(pack: Path, tmp_path: Path) -> None:
    """Tables that are not packed have their digests in the index, so that folder and pack can be matched."""
    beside = index_of(contents(pack))["left_in_the_run_folder"]
    table = tmp_path / "run" / "replays" / "replays.parquet"
    policy = tmp_path / "run" / "policy" / "policy.json"
    assert beside == {
        "policy/policy.json": hashlib.sha256(policy.read_bytes()).hexdigest(),
        "replays/replays.parquet": hashlib.sha256(table.read_bytes()).hexdigest(),
    }


def with_one_byte_changed(name: str) -> Callable[[dict[str, bytes]], None]:
    """A change of the last letter or digit of a member."""

    def change(members: dict[str, bytes]) -> None:
        data = bytearray(members[name])
        place = max(i for i, byte in enumerate(data) if chr(byte).isalnum())
        data[place] = ord("7") if data[place] != ord("7") else ord("8")
        members[name] = bytes(data)

    return change


@pytest.mark.parametrize("name", sorted(ALL - {"pack.json"}))
def test_a_touched_member_is_named(name: str, pack: Path) -> None:
    """One byte is enough, and nothing but that member is said to differ."""
    found = verified(repacked(pack, with_one_byte_changed(name)))
    assert [check.name for check in found.checks if not check.holds] == [name]


@pytest.mark.parametrize("name", sorted(ALL - {"pack.json"}))
def test_a_touched_member_whose_digest_was_made_to_fit(name: str, pack: Path) -> None:
    """It is found where something else follows from it; the pack has another id in any case."""
    before = verified(pack).pack_id
    found = verified(repacked(pack, with_one_byte_changed(name), redo_digests=True))
    assert found.pack_id != before
    follows = name not in {"audit.yaml", "cassette/completions.jsonl", "rounds.json"}
    assert found.holds is not follows


@pytest.mark.parametrize(
    "field", ["run_id", "seed", "text", "files", "tool_version", "schema", "made_from", "demo", "simulated"]
)
def test_a_touched_index(field: str, pack: Path) -> None:
    """What the index says is checked against the members, or gives the pack another id."""
    before = verified(pack).pack_id

    def change(members: dict[str, bytes]) -> None:
        index = index_of(members)
        index[field] = "none" if field == "text" else {} if isinstance(index[field], dict) else "x"
        members["pack.json"] = json.dumps(index, ensure_ascii=False, sort_keys=True, indent=2).encode() + b"\n"

    touched = repacked(pack, change)
    if field == "schema":
        with pytest.raises(BadPack):
            verified(touched)
        return
    found = verified(touched)
    assert found.pack_id != before
    assert found.holds is (field == "tool_version")


@pytest.mark.parametrize(
    "rounds",
    [
        lambda rounds: None,
        lambda rounds: [],
        lambda rounds: rounds[:1],
        lambda rounds: [*rounds, rounds[0]],
        lambda rounds: [*rounds, {"nowhere": {"small": 9}}],
        lambda rounds: [{route: dict.fromkeys(tiers, "1") for route, tiers in one.items()} for one in rounds],
    ],
    ids=["none", "no round", "the first alone", "back again", "another route", "texts"],
)
def test_rounds_lead_to_the_looks_that_were_taken(rounds: Callable[[Any], Any], tmp_path: Path) -> None:
    """They only ever ask for more, and for every look of the findings; with whatever digests."""
    packing.pack(run_folder(tmp_path / "run", real()), tmp_path / "real.zip")
    assert verified(tmp_path / "real.zip").holds

    def change(members: dict[str, bytes]) -> None:
        document = json.loads(members["rounds.json"])
        members["rounds.json"] = json_bytes(document | {"rounds": rounds(document["rounds"])})

    found = verified(repacked(tmp_path / "real.zip", change, redo_digests=True))
    assert [check.name for check in found.checks if not check.holds] == ["rounds.json"]


def test_a_renewal_of_other_findings_is_not_packed(tmp_path: Path) -> None:
    """It was worked out from findings that have changed since: neither the pack nor its report has it."""
    folder = run_folder(tmp_path / "run")
    write_findings(folder.findings, replace(read_findings(folder.findings), replay_cost_usd=0.5))
    packing.pack(folder, tmp_path / "e.zip")
    assert set(contents(tmp_path / "e.zip")) == ALL - {"renewal.json"}
    assert verified(tmp_path / "e.zip").holds


def test_figures_that_were_improved_are_found(pack: Path) -> None:
    """Who changes the findings and makes the digests fit has a report that does not follow from them."""

    def improve(members: dict[str, bytes]) -> None:
        findings = json.loads(members["findings.json"])
        findings["avoidable_usd"]["est"] *= 2
        members["findings.json"] = (json.dumps(findings, sort_keys=True, indent=2) + "\n").encode()

    found = verified(repacked(pack, improve, redo_digests=True))
    assert [check.name for check in found.checks if not check.holds] == ["report.html", "summary.md"]


def flipped(value: object) -> object:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x" if isinstance(value, str) else 7


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value that holds no others."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))
    else:
        yield path


def one_of_each_kind(paths: Iterable[tuple[str | int, ...]]) -> list[tuple[str | int, ...]]:
    """One place of those that differ only in where in a list they stand: each is held by what holds the others."""
    return list({tuple(part for part in path if isinstance(part, str)): path for path in paths}.values())


def at(value: Any, path: tuple[str | int, ...]) -> tuple[Any, Any]:
    """What holds the value at a path, and its key there."""
    for key in path[:-1]:
        value = value[key]
    return value, path[-1]


UNCHECKED = {
    ("tool_version",),
    *(("left_in_the_run_folder", n) for n in ("policy/policy.json", "replays/replays.parquet")),
}
"""Of the index: who packed, which is told and nothing more, and digests of files that only the run's owner has."""


@pytest.mark.parametrize("name", ["pack.json", "plan.json", "rounds.json"])
def test_values_that_stand_beside_the_findings_are_theirs(name: str, pack: Path) -> None:
    """Each value by itself is changed, and the digests made to fit: what repeats the findings is held against them."""
    members = contents(pack)
    document = json.loads(members[name])
    missed = []
    for path in one_of_each_kind(places(document)):
        again = json.loads(members[name])
        holder, key = at(again, path)
        holder[key] = flipped(holder[key])
        touched = members | {name: json_bytes(again)}
        write_members(pack, touched)
        if name != "pack.json":
            repacked(pack, lambda m: None, redo_digests=True)
        try:
            missed += [path] if verified(pack).holds else []
        except BadPack:
            continue
    assert {path for path in missed if name == "pack.json"} <= UNCHECKED
    if name == "plan.json":
        told = {path[0] for path in places(document)} - {path[0] for path in missed}
        assert {"made_from", "seed", "confidence", "whole_usd", "schema"} <= told
        assert not [path for path in missed if path[-1] in ("requests", "spend_usd", "route") and path[0] == "designs"]
    if name == "rounds.json":
        assert ("plan",) not in missed


@pytest.mark.parametrize(
    ("field", "value"), [("verdict", "switch"), ("share_moved", 1.0), ("avoidable_usd", {"est": 9.0})]
)
def test_headline_figures_that_findings_repeat_are_held_against_their_own(field: str, value: Any, pack: Path) -> None:
    """A reader with `jq` reads them, and a report is drawn from what they repeat."""

    def change(members: dict[str, bytes]) -> None:
        findings = json.loads(members["findings.json"])
        findings["routes"][-1][field] = value
        members["findings.json"] = json_bytes(findings)

    found = verified(repacked(pack, change, redo_digests=True))
    assert [check.name for check in found.checks if not check.holds] == ["findings.json"]


def test_figures_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    """Whoever doubles the total, draws the report anew and makes every digest fit is found by the sum."""
    folder = run_folder(tmp_path / "run", real())
    checked = packing.verify(packing.pack(folder, tmp_path / "e.zip").path)
    assert [check.name for check in checked.checks if not check.holds] == ["tables/"]  # the world has none
    found = read_findings(folder.findings)
    saved = replace(found.avoidable_usd, est=100.0, lo=99.0, hi=101.0)
    write_findings(folder.findings, replace(found, avoidable_usd=saved))
    checked = packing.verify(packing.pack(folder, tmp_path / "e.zip").path)
    assert [check.name for check in checked.checks if not check.holds] == ["figures", "tables/"]
    assert "avoidable_usd" in next(check.says for check in checked.checks if not check.holds)


def test_a_run_with_fixed_looks_and_a_seed_has_its_configuration(tmp_path: Path) -> None:
    """`--fixed` and `--seed` are no change of the configuration."""
    folder = run_folder(tmp_path / "run")
    found = read_findings(folder.findings)
    given = load_settings(tmp_path / "run" / "audit.yaml", overrides={"slice.looks": 1, "seed": 7})
    made = replace(found.provenance, config_sha256=settings_digest(given), seed=7)
    write_findings(folder.findings, replace(found, provenance=made))
    assert "audit.yaml" in packing.pack(folder, tmp_path / "e.zip").members


EDITS = {
    "margin": lambda text: re.sub("margin: .*", "margin: 9pt", text),
    "it is gone": None,
    "routes": lambda text: text + 'routes: [{match: "*", assert: [{type: is-json}]}]\n',
    "it cannot be read": lambda text: "{]",
    "": lambda text: text + "# a note\ngate: [{when: quality_delta >= -2pt}]\n",
}
"""What may happen to `audit.yaml` after a run, by what is named of it; the gate's rules decide no number."""


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "made before copies were kept"])
@pytest.mark.parametrize("edit", EDITS)
def test_a_run_is_packed_with_what_it_was_made_with_or_not_at_all(edit: str, kept: bool, tmp_path: Path) -> None:
    """Whatever became of the user's file, no pack is written whose figures cannot be worked out again."""
    folder = run_folder(tmp_path / "run")
    file = folder.config_file()
    assert file is not None
    was = file.read_bytes()
    moved = file.rename(tmp_path / "audit.yaml")
    write_json(folder.plan, replace(read_plan(folder.plan), config=str(moved)))
    if kept:
        seed = read_findings(folder.findings).provenance.seed
        given = {"seed": seed, "slice.looks": 1, "slice.tiers": ("medium",), "slice.routes": ("/*",)}
        read = load_settings(moved, overrides=given)
        keep_settings(folder, read)
        found = read_findings(folder.findings)
        made = replace(found.provenance, config_sha256=settings_digest(read))
        write_findings(folder.findings, replace(found, provenance=made))
    change = EDITS[edit]
    moved.unlink() if change is None else moved.write_text(change(was.decode()), "utf-8")
    if kept or not edit:
        packed = packing.pack(folder, tmp_path / "e.zip")
        assert contents(tmp_path / "e.zip")["audit.yaml"] == (was if kept else moved.read_bytes())
        assert packed.edited == ((edit,) if edit else ())
        return
    with pytest.raises(InputError) as caught:
        packing.pack(folder, tmp_path / "e.zip")
    assert (caught.value.code, caught.value.exit_code) == ("pack.config", 2)
    assert "audit replay" in str(caught.value.hint)
    assert not (tmp_path / "e.zip").exists()


def test_a_run_that_was_scored_again_by_other_criteria_is_told_from_another_run(tmp_path: Path) -> None:
    """Whoever packs it learns that it does not hold, and whoever checks it learns why."""
    folder = run_folder(tmp_path / "run")
    found = read_findings(folder.findings)
    plan = read_plan(folder.plan)
    planned = {**plan.made_from, "audit.yaml": "0" * 64}
    write_json(folder.plan, replace(plan, made_from=planned))
    made = replace(found.provenance, plan_sha256=fingerprint(planned))
    write_findings(folder.findings, replace(found, provenance=made))
    assert packing.pack(folder, tmp_path / "e.zip").rescored
    (check,) = [one for one in verified(tmp_path / "e.zip").checks if one.name == "plan.json"]
    assert not check.holds
    assert "scored again with another configuration" in check.says
    assert not packing.pack(run_folder(tmp_path / "as planned"), tmp_path / "f.zip").rescored


@pytest.mark.parametrize("name", ["rounds.json", "plan.json", "cases.jsonl", "replays/replays.parquet", "history.json"])
def test_nothing_is_packed_through_a_link(name: str, tmp_path: Path) -> None:
    """Somebody else's run may have links to files of whoever packs it."""
    folder = run_folder(tmp_path / "run")
    outside = tmp_path / "outside"
    outside.write_text('{"token": "theirs"}', "utf-8")
    (folder.path / name).unlink()
    (folder.path / name).symlink_to(outside)
    with pytest.raises(InputError) as caught:
        packing.pack(folder, tmp_path / "e.zip")
    assert caught.value.code in ("pack.link", "file.not-json", "history.damaged", "plan.damaged")
    assert not (tmp_path / "e.zip").exists()


def test_another_id_for_another_content(pack: Path) -> None:
    """Who makes everything fit has a pack with another id than the one that the sender was shown."""
    before = verified(pack).pack_id
    touched = repacked(pack, lambda m: m.update({"audit.yaml": b"margin: 9pt\n"}), redo_digests=True)
    found = verified(touched)
    assert found.holds
    assert found.pack_id != before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.pop("report.html"), "report.html is listed and not there"),
        (lambda m: m.update({"extra.html": b"<script>"}), "extra.html is there and not listed"),
    ],
)
def test_members_that_are_missing_or_extra(change: Callable[[dict[str, bytes]], None], says: str, pack: Path) -> None:
    """A pack is exactly what it lists."""
    found = verified(repacked(pack, change))
    assert says in found.checks[0].says
    assert not found.holds


def test_text_in_a_pack_that_says_it_has_none(pack: Path) -> None:
    """The promise is checked."""

    def promise(members: dict[str, bytes]) -> None:
        members["pack.json"] = json.dumps({**index_of(members), "text": "none"}).encode()

    assert "it holds no text" in verified(repacked(pack, promise)).checks[0].says


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found.pop("ledger"),
        lambda found: found.update(routes=[{"route": 3}]),
        lambda found: found.update(window=None),
        lambda found: found.update(spend_usd="a lot"),
        lambda found: found.update(avoidable_usd=None),
    ],
)
def test_findings_that_make_no_report(spoil: Callable[[dict[str, Any]], None], pack: Path) -> None:
    """A stranger's findings are never a bug of ours: they are what differs."""

    def change(members: dict[str, bytes]) -> None:
        findings = json.loads(members["findings.json"])
        spoil(findings)
        members["findings.json"] = json.dumps(findings).encode()

    assert not verified(repacked(pack, change, redo_digests=True)).holds


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "a/../../evil",
        "C:\\evil",
        "..\\evil",
        "a//b",
        ".hidden",
        "a/b/c",
        "",
        "a\nb",
        "é",
        "x/",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, pack: Path, tmp_path: Path) -> None:
    """Nothing of such a pack is read, and nothing is written anywhere."""
    with zipfile.ZipFile(pack, "a") as archive_:
        archive_.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(BadPack) as caught:
        verified(pack)
    assert caught.value.code == "pack.name"
    assert not (tmp_path.parent / "evil").exists()


def test_a_name_with_a_nul_is_refused(pack: Path) -> None:
    """zipfile cuts a name at its NUL; what stands in the file counts."""
    with zipfile.ZipFile(pack, "a") as archive_:
        archive_.writestr("nulXevil", b"x")
    pack.write_bytes(pack.read_bytes().replace(b"nulXevil", b"nul\x00evil"))
    with pytest.raises(BadPack):
        verified(pack)


def test_links_and_doubles_are_refused(pack: Path) -> None:
    """A member is a plain file, once."""
    whole = pack.read_bytes()
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(pack, "a") as archive_:
        archive_.writestr(link, b"/etc/passwd")
    with pytest.raises(BadPack) as caught:
        verified(pack)
    assert caught.value.code == "pack.member"
    pack.write_bytes(whole)
    with zipfile.ZipFile(pack, "a") as archive_, pytest.warns(UserWarning, match="Duplicate name"):
        archive_.writestr("report.html", b"x")
    with pytest.raises(BadPack) as caught:
        verified(pack)
    assert caught.value.code == "pack.twice"


def test_a_bomb_is_refused(pack: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sizes are bounded per member, in all, and in number; one that says a smaller size than it has is refused too."""
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 10_000)
    with pytest.raises(BadPack) as caught:
        verified(pack)
    assert caught.value.code == "pack.too-large"
    with pytest.raises(BadPack):
        write_members(tmp_path / "large.zip", {"a": b"x" * 10_001})
    assert not (tmp_path / "large.zip").exists()
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 1 << 30)
    monkeypatch.setattr(archive, "MAX_PACK_BYTES", 10_000)
    with pytest.raises(BadPack):
        verified(pack)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive_:
        for number in range(65):
            archive_.writestr(f"m{number}", b"")
    with pytest.raises(BadPack) as caught:
        verified(tmp_path / "many.zip")
    assert caught.value.code == "pack.members"


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    """A member that says 10 bytes and holds a megabyte is damaged, and a megabyte is not read."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive_:
        archive_.writestr("pack.json", b" " * 1_000_000)
    data = buffer.getvalue().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    (tmp_path / "lies.zip").write_bytes(data)
    with pytest.raises(BadPack):
        verified(tmp_path / "lies.zip")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "pack.not-zip"),
        (b"PK\x03\x04 not really", "pack.not-zip"),
        (None, "file.missing"),
    ],
)
def test_what_is_no_zip_file(data: bytes | None, code: str, tmp_path: Path) -> None:
    """An error that says so, exit 2."""
    path = tmp_path / "e.zip"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        verified(path)
    assert (caught.value.code, caught.value.exit_code) == (code, 2)


@pytest.mark.parametrize(
    ("index", "code"),
    [
        (None, "pack.incomplete"),
        (b"[", "pack.damaged"),
        (b"[" * 100_000, "pack.damaged"),
        (b'{"schema": "audit-pack/0"}', "pack.version"),
        (b'{"schema": "audit-pack/2"}', "pack.damaged"),
        (b'{"schema": "audit-pack/2", "files": {"a": 1}}', "pack.damaged"),
        (b"[]", "pack.version"),
    ],
)
def test_an_index_that_cannot_be_read(index: bytes | None, code: str, tmp_path: Path) -> None:
    """Another version and a spoilt index are told apart."""
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive_:
        archive_.writestr("other.txt", b"")
        if index is not None:
            archive_.writestr("pack.json", index)
    with pytest.raises(BadPack) as caught:
        verified(tmp_path / "e.zip")
    assert caught.value.code == code


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`audit report --pack` and `audit verify` show the same id; exit 0, and 2 with what differs, never 1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(packing, "retested", lambda findings, plan, tables: {"pairs": []})  # the world has no tables
    run_folder(Path("run"), real())
    assert run(["report", "run", "--pack", "e.zip"]) == 0
    packed = capsys.readouterr().out
    assert run(["verify", "e.zip"]) == 0
    out = capsys.readouterr().out
    shown = next(line for line in out.splitlines() if line.startswith("Pack id"))
    assert shown in packed.splitlines()
    assert_golden(GOLDEN / "verify.txt", out.replace(shown, "Pack id  ...").replace(real().run_id, "..."))
    assert run(["verify", "e.zip", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["holds"]
    repacked(Path("e.zip"), lambda m: m.update({"report.html": m["report.html"] + b" "}))
    assert run(["verify", "e.zip"]) == 2
    out = capsys.readouterr().out
    assert "  ✗ report.html  its digest or size is not the one listed" in out
    assert out.endswith("PACK DIFFERS\n")


def test_a_pack_is_one_file_of_its_own_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A flag that would be ignored is an error."""
    folder = run_folder(tmp_path / "run")
    for flags in (["-o", "x.html"], ["--format", "md"]):
        assert run(["report", str(folder.path), "--pack", str(tmp_path / "e.zip"), *flags]) == 2
        assert "error[usage]" in capsys.readouterr().err
    assert not (tmp_path / "e.zip").exists()


def test_a_run_without_findings_cannot_be_packed(tmp_path: Path) -> None:
    """There is nothing to prove yet."""
    folder = RunFolder(tmp_path / "run").create()
    folder.record("traffic", {})
    with pytest.raises(InputError):
        packing.pack(folder, tmp_path / "e.zip")
    assert not (tmp_path / "e.zip").exists()


def test_the_findings_in_a_pack_are_the_runs(pack: Path, tmp_path: Path) -> None:
    """Byte for byte what the run folder has, so the gate can be asked about them too."""
    assert contents(pack)["findings.json"] == (tmp_path / "run" / "findings.json").read_bytes()
    assert read_findings(tmp_path / "run" / "findings.json").run_id == index_of(contents(pack))["run_id"]
