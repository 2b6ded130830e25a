"""The run folder and its manifest."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from audit.core.artifacts import RunFolder, private_folder, publish, read_findings, read_json, write_json, write_table
from audit.core.errors import InputError, LineageError


def test_an_artefact_is_current_only_for_its_inputs(tmp_path: Path) -> None:
    """A stage is skipped only when it was made from exactly the inputs at hand."""
    folder = RunFolder(tmp_path / "run").create()
    assert not folder.is_current("slice", {"traffic": "a"})
    folder.record("slice", {"traffic": "a", "seed": "1"}, rows=3)
    assert folder.is_current("slice", {"seed": "1", "traffic": "a"})
    assert not folder.is_current("slice", {"traffic": "a", "seed": "2"})
    assert folder.facts("slice") == {"made_from": {"seed": "1", "traffic": "a"}, "rows": 3}


def test_a_foreign_artefact_is_refused_by_name(tmp_path: Path) -> None:
    """The error says which input differs."""
    folder = RunFolder(tmp_path / "run").create()
    folder.record("slice", {"traffic": "a", "seed": "1"})
    with pytest.raises(LineageError, match="was made from another seed"):
        folder.check("slice", {"traffic": "a", "seed": "2"})
    with pytest.raises(LineageError, match="has no replays yet"):
        folder.check("replays", {})


def test_a_run_of_another_version_is_refused(tmp_path: Path) -> None:
    """A folder of another format is never read as if it were this one."""
    folder = RunFolder(tmp_path / "run").create()
    write_json(folder.manifest, {"schema": "audit-run/0", "artifacts": {}})
    with pytest.raises(LineageError, match="is a run of another version: 'audit-run/0'"):
        folder.open_existing()


def test_a_folder_without_a_manifest_is_no_run(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(InputError, match="is not a run folder"):
        RunFolder(tmp_path).open_existing()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_run_is_its_owners_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """Folder and files of a run are closed to others; what a person names an output for follows their umask."""
    before = os.umask(umask)
    try:
        folder = RunFolder(tmp_path / "runs" / "a").create()
        folder.record("slice", {})
        write_json(folder.replays / "tiers.json", {})
        write_table(folder.scores, pa.table({"a": [1]}))
        publish(tmp_path / "named" / "report.html", b"x")
        write_json(tmp_path / "named" / "plan.json", {}, write=publish)
    finally:
        os.umask(before)
    for path in (folder.path, *folder.path.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert (tmp_path / "runs").stat().st_mode & 0o777 == 0o777 & ~umask
    for path in (tmp_path / "named").iterdir():
        assert path.stat().st_mode & 0o777 == 0o666 & ~umask, path


def test_a_folder_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    """A folder that people share on purpose stays shared; a run's files in it are private all the same."""
    shared = tmp_path / "run"
    shared.mkdir()
    shared.chmod(0o755)
    folder = RunFolder(shared).create()
    folder.record("slice", {})
    assert shared.stat().st_mode & 0o777 == 0o755
    assert folder.manifest.stat().st_mode & 0o777 == 0o600


def test_nan_is_never_written(tmp_path: Path) -> None:
    """A number that is none fails where it is made, and leaves no half-written file."""
    target = tmp_path / "x.json"
    with pytest.raises(ValueError, match=r"NaN|nan|JSON compliant"):
        write_json(target, {"delta": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_json_is_stable(tmp_path: Path) -> None:
    """Keys are sorted, so that equal values are equal bytes."""
    for name, value in (("a", {"x": 1, "y": 2}), ("b", {"y": 2, "x": 1})):
        write_json(tmp_path / name, value)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_json(tmp_path / "a") == {"x": 1, "y": 2}


def test_findings_of_another_schema_are_refused(tmp_path: Path) -> None:
    """The reader says which schema it found."""
    write_json(tmp_path / "findings.json", {"schema": "audit-findings/0"})
    with pytest.raises(InputError, match="audit-findings/0"):
        read_findings(tmp_path / "findings.json")


def test_a_traffic_that_is_not_as_it_was_read_is_missed(tmp_path: Path) -> None:
    """A file that is gone, one too many, one of another size; from a recheck within the run as well."""
    folder = RunFolder(tmp_path / "run").create()
    private_folder(folder.traffic)
    for name in ("traffic-00000", "traffic-00001", "bodies-00000"):
        (folder.traffic / f"{name}.parquet").write_bytes(b"x" * 9)
    folder.record("traffic", {"logs": "a"}, report={})
    assert len(folder.traffic_files()) == 2, "sizes are not noted yet"
    folder.note_traffic()
    assert (len(folder.traffic_files()), len(folder.body_files())) == (2, 1)
    changes: tuple[Callable[[Path], object], ...] = (
        lambda traffic: (traffic / "bodies-00000.parquet").unlink(),
        lambda traffic: (traffic / "bodies-00000.parquet").write_bytes(b"more than there was"),
        lambda traffic: (traffic / "traffic-00002.parquet").write_bytes(b"x"),
    )
    for change in changes:
        change(folder.traffic)
        for asked in (folder.traffic_files, folder.body_files, folder.within("other").traffic_files):
            with pytest.raises(InputError) as refused:
                asked()
            assert refused.value.code == "run.damaged"
    folder.note_traffic(sizes=False)
    assert len(folder.traffic_files()) == 3


def test_what_a_link_points_to_is_written(tmp_path: Path) -> None:
    """The link stays: somebody keeps the file elsewhere. One that leads nowhere yet makes the file where it leads."""
    (tmp_path / "elsewhere").mkdir()
    for name, before in (("there.json", b"old"), ("absent.json", None)):
        target, link = tmp_path / "elsewhere" / name, tmp_path / name
        if before is not None:
            target.write_bytes(before)
        link.symlink_to(target)
        publish(link, b"new")
        assert link.is_symlink()
        assert target.read_bytes() == b"new"
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["absent.json", "there.json"]


@pytest.mark.parametrize(
    "place",
    ["folder", "file/below", "x" * 300, "loop", "/dev/null", "pipe", *(["/proc/x"] if sys.platform == "linux" else [])],
)
def test_where_no_file_can_be_is_no_bug(tmp_path: Path, place: str) -> None:
    """A folder, below a file, a name too long, links in a circle, a device, a pipe: refused, and all stays."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"kept")
    (tmp_path / "loop").symlink_to("again")
    (tmp_path / "again").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError) as refused:
        publish(tmp_path / place, b"new")
    assert refused.value.code == "output.place"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "file").read_bytes() == b"kept"
