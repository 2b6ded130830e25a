"""The run folder: every artefact of a run, written whole or not at all, with a manifest of what it was made from.

This is the one module of `core` that reads and writes. `manifest.json` holds the schema of the folder and, per
artefact, its digest and the digests of what it was made from; a stage refuses an artefact made from other inputs.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.errors import InputError, LineageError
from audit.core.fingerprint import canonical_json, file_sha256
from audit.core.plain import from_plain, to_plain

# What reads a kind of document imports its classes: a command that touches traffic alone does not pay for the rest.
# Nor does one that reads findings alone pay for Arrow, which is imported where tables are.
if TYPE_CHECKING:
    import pyarrow as pa

    from audit.core.adaptation import TierNotes
    from audit.core.finding import Case, Findings
    from audit.core.history import History
    from audit.core.labels import Judgement
    from audit.core.plan import Plan
    from audit.core.renewal import Renewal

RUN_SCHEMA = "audit-run/1"
TIERS_SCHEMA = "audit-tiers/1"
ERASED = "erased"
"""In the manifest: rows of the traffic whose texts were erased."""
TRAFFIC = "traffic"
"""In the manifest: what the log was read as."""
ORIGIN = "origin.json"
"""In this machine's copy of a run in object storage: where it is from, and what it was when it was last the same."""
OWNER_FOLDER, OWNER_FILE = 0o700, 0o600
"""Rights of a run folder and of its files: they hold prompts."""
Write = Callable[[Path, bytes], None]
"""`write_atomic` or `publish`."""


class RunFolder:
    """Paths of one run, by name. Making the object touches nothing.

    Args:
        path: Of the folder.
        traffic: Folder of the traffic, where that is another run's.
    """

    def __init__(self, path: Path | str, *, traffic: Path | None = None) -> None:
        self.path = Path(path)
        self.manifest = self.path / "manifest.json"
        self.traffic = traffic or self.path / "traffic"
        self.rejects = self.path / "rejects.parquet"
        self.reconciliation = self.path / "reconciliation.json"
        self.plan = self.path / "plan.json"
        self.config_copy = self.path / "audit.yaml"
        self.slice = self.path / "slice.parquet"
        self.rounds = self.path / "rounds.json"
        self.learned = self.path / "learned.json"
        self.tiers = self.path / "replays" / "tiers.json"
        self.replays = self.path / "replays"
        self.journal = self.replays / "journal.jsonl"
        self.replay_table = self.replays / "replays.parquet"
        self.judge_replies = self.replays / "judge_replies.parquet"
        self.shards = self.replays / "shards"
        self.scores = self.path / "scores" / "scores.parquet"
        self.accepted = self.path / "scores" / "accepted.parquet"
        self.drawn = self.path / "scores" / "drawn.parquet"
        self.vectors = self.path / "scores" / "embeddings"
        self.findings = self.path / "findings.json"
        self.policies = self.path / "policies.json"
        self.policy = self.path / "policy" / "policy.json"
        self.options = self.path / "policy" / "options.json"
        self.served = self.path / "policy" / "learned.json"
        self.cases = self.path / "cases.jsonl"
        self.history = self.path / "history.json"
        self.renewal = self.path / "renewal.json"
        self.report = self.path / "report.html"
        self.summary = self.path / "summary.md"
        self.rechecks = self.path / "rechecks"
        self.recheck = self.path / "recheck.json"

    def within(self, name: str) -> RunFolder:
        """The folder of a recheck within this one: answers, scores and sample of its own, and this run's traffic."""
        return RunFolder(self.rechecks / name, traffic=self.traffic)

    def shard(self, mark: str) -> RunFolder:
        """The folder of calls that another process makes for this run: a journal of its own, until it is taken in."""
        return RunFolder(self.shards / mark)

    def all_shards(self) -> list[RunFolder]:
        """Those that were not taken in yet."""
        folders = sorted(self.shards.iterdir()) if self.shards.is_dir() else []
        return [self.shard(path.name) for path in folders if path.is_dir()]

    def all_rechecks(self) -> list[RunFolder]:
        """The folders of the rechecks of this run."""
        folders = sorted(self.rechecks.iterdir()) if self.rechecks.is_dir() else []
        return [self.within(path.name) for path in folders if path.is_dir()]

    def create(self) -> RunFolder:
        """Make the folder. A path that is something else already is an error."""
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file, not a run folder", code="run.not-a-folder")
        private_folder(self.path)
        return self

    def traffic_files(self) -> list[Path]:
        """Parquet files of the traffic's metadata, in order.

        Raises:
            InputError: A file is missing, too many, or of another size than when the log was read: what is worked out
                of the others would be of another log.
        """
        self._check_traffic()
        return sorted(self.traffic.glob("traffic-*.parquet"))

    def body_files(self) -> list[Path]:
        """Parquet files of its bodies, in order. Raises as `traffic_files`."""
        self._check_traffic()
        return sorted(self.traffic.glob("bodies-*.parquet"))

    def traffic_is_whole(self) -> bool:
        """Whether the files of the traffic are those that were read, so that the log need not be read again.

        Raises:
            InputError: They are not, and texts were erased: the log would bring them back.
        """
        try:
            self._check_traffic()
        except InputError:
            self.refuse_erased()
            return False
        return True

    def note_traffic(self, *, sizes: bool = True) -> None:
        """Note in the manifest how large each file of the traffic is; without sizes, until they are noted again, none
        is missed, for whoever changes the files one after the other."""
        facts = self.facts(TRAFFIC)
        if facts is None:
            return
        known = {name: fact for name, fact in facts.items() if name not in ("made_from", "files")}
        if sizes:
            known["files"] = self._traffic_sizes()
        self.record(TRAFFIC, facts["made_from"], **known)

    def _traffic_sizes(self) -> dict[str, int]:
        return {f"{self.traffic.name}/{path.name}": path.stat().st_size for path in self.traffic.glob("*.parquet")}

    def _check_traffic(self) -> None:
        owner = RunFolder(self.traffic.parent)  # of a recheck the run that it is within
        noted = (owner.facts(TRAFFIC) or {}).get("files") if owner.manifest.exists() else None
        if not isinstance(noted, dict):
            return  # it is being read, or erased, or was read before sizes were noted
        here = self._traffic_sizes()
        # A reading of the store notes digests too, and what it rejected.
        said = {name: size[0] if isinstance(size, list) else size for name, size in noted.items()}
        said = {name: size for name, size in said.items() if name.startswith(f"{self.traffic.name}/")}
        wrong = sorted({name for name in said.keys() | here.keys() if said.get(name) != here.get(name)})
        if wrong:
            raise InputError(
                f"the traffic of {owner.path} is not as it was read: {', '.join(wrong[:3])}"
                + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""),
                code="run.damaged",
                notes=["nothing was worked out from what is left"],
                hint="run what made this run again: the log is read anew, and answers that were paid for are kept",
            )

    def read_manifest(self) -> dict[str, Any]:
        """The manifest; a fresh one when the folder has none.

        Raises:
            LineageError: The folder was made by another version of the format.
        """
        if not self.manifest.exists():
            return {"schema": RUN_SCHEMA, "artifacts": {}}
        manifest = read_json(self.manifest)
        schema = manifest.get("schema") if isinstance(manifest, dict) else None
        if schema != RUN_SCHEMA or not isinstance(manifest.get("artifacts"), dict):
            raise LineageError(
                f"{self.path} is a run of another version: {schema!r}, this is {RUN_SCHEMA!r}",
                code="run.version",
                hint="run the audit again into a new folder, or use the version of `audit` that made it",
            )
        return dict(manifest)

    def open_existing(self) -> dict[str, Any]:
        """The manifest of a run that must be there.

        Raises:
            InputError: There is no run at this path.
        """
        if not self.manifest.exists():
            raise InputError(
                f"{self.path} is not a run folder: it has no manifest.json",
                code="run.missing",
                hint="audit replay LOGS --out RUN makes one",
            )
        return self.read_manifest()

    def open_with(self, part: Path, lacks: str) -> None:
        """See that a run is there, and has got as far as one of its files.

        Args:
            part: The file.
            lacks: What the run does not have yet where that is absent, behind "has".

        Raises:
            InputError: There is no run at this path, or it has not got there.
        """
        self.open_existing()
        if not part.exists():
            raise InputError(
                f"{self.path} has {lacks}",
                code="run.unfinished",
                hint=f"go on with it:  audit replay LOGS --out {self.path}",
            )

    def record(self, name: str, made_from: Mapping[str, str], **facts: Any) -> None:
        """Note in the manifest that artefact `name` is done, and from what."""
        manifest = self.read_manifest()
        manifest["artifacts"][name] = {"made_from": dict(sorted(made_from.items())), **facts}
        write_json(self.manifest, manifest)

    def record_findings(self, made_from: Mapping[str, str], run_id: str) -> None:
        """Note that the findings are written, and as which bytes."""
        self.record("findings", made_from, run_id=run_id, sha256=file_sha256(self.findings))

    def findings_were_edited(self) -> bool:
        """Whether the findings are other bytes than those that were concluded; False where nobody noted these."""
        noted = (self.facts("findings") or {}).get("sha256") if self.manifest.exists() else None
        return noted is not None and noted != file_sha256(self.findings)

    def config_file(self) -> Path | None:
        """The `audit.yaml` that the run's plan was made with, if it is still there."""
        plan = read_json(self.plan) if self.plan.exists() else None
        named = plan.get("config") if isinstance(plan, dict) else None
        return Path(named) if isinstance(named, str) and named and Path(named).is_file() else None

    def forget(self, *names: str) -> None:
        """Take artefacts out of the manifest, before they are made anew."""
        manifest = self.read_manifest()
        manifest["artifacts"] = {k: v for k, v in manifest["artifacts"].items() if k not in names}
        write_json(self.manifest, manifest)

    def facts(self, name: str) -> dict[str, Any] | None:
        """What the manifest says of an artefact; None when it is not done."""
        found = self.read_manifest()["artifacts"].get(name)
        return None if found is None else dict(found)

    def refuse_erased(self) -> None:
        """See that all texts are there, before answers are scored: one that was erased would be taken for a wrong one.

        Raises:
            InputError: Texts of this run were erased.
        """
        facts = self.facts(ERASED) if self.manifest.exists() else None
        if facts is not None:
            raise InputError(
                f"texts of {len(facts.get('rows', ()))} requests of {self.path} were erased: it cannot be scored again",
                code="run.erased",
                notes=["its figures stay as they were computed, and everything that only reads them works"],
                hint="to audit what is left, take these requests out of the log and name a new folder with --out",
            )

    def is_current(self, name: str, made_from: Mapping[str, str]) -> bool:
        """Whether artefact `name` is done and was made from exactly these inputs."""
        facts = self.facts(name)
        return facts is not None and facts["made_from"] == dict(made_from)

    def check(self, name: str, made_from: Mapping[str, str]) -> None:
        """Refuse an artefact made from other inputs, naming the one that differs.

        Raises:
            LineageError: It is absent, or some input differs.
        """
        facts = self.facts(name)
        if facts is None:
            raise LineageError(
                f"{self.path} has no {name} yet", code="run.incomplete", hint=f"audit replay --out {self.path}"
            )
        for key in sorted({*facts["made_from"], *made_from}):
            if facts["made_from"].get(key) != made_from.get(key):
                raise LineageError(
                    f"the {name} of {self.path} was made from another {key}",
                    hint="run the earlier stage again, or use the folder that belongs to these inputs",
                )


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner enters, whatever the umask; one that is there keeps its rights.

    Folders above it are made as any program makes them.
    """
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(exist_ok=True)
        path.chmod(OWNER_FOLDER)
    return path


def private_file(path: Path) -> Path:
    """Make an empty file that only its owner reads, for a writer that opens it by its name."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWNER_FILE))
    path.chmod(OWNER_FILE)
    return path


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; only its owner may read it."""
    private_folder(path.parent)
    _write(path, data, OWNER_FILE)


NO_PLACE = (errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)
"""What the system says of a name that no file can have: below a file, in a folder that only the kernel fills."""


def publish(path: Path, data: bytes) -> None:
    """As `write_atomic`, to a place that a person named: who may read it is for their umask to say.

    A link stays one, and what it points to is written.

    Raises:
        InputError: It is a folder or a device, or no file can be there.
        OSError: The machine refuses: a full disk, a missing permission.
    """
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "a device or a pipe, which cannot be written whole or not at all"
            raise InputError(f"{path} is {what}", code="output.place", hint="name a file")
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        if place.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(place, data, 0o666)
    except OSError as error:
        if error.errno not in NO_PLACE:
            raise
        raise InputError(
            f"{path} cannot be written: {os.strerror(error.errno).lower()}", code="output.place", hint="name a file"
        ) from None


def _write(path: Path, data: bytes, rights: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, rights), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any, *, write: Write = write_atomic) -> None:
    """Write JSON with sorted keys, two spaces and a final newline; NaN is refused."""
    text = json.dumps(to_plain(value), ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    write(path, (text + "\n").encode("utf-8", "surrogatepass"))


def read_json(path: Path) -> Any:
    """Read a JSON file that `audit` wrote.

    Raises:
        InputError: It is absent or not JSON.
    """
    text = _text(path)
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}", code="file.not-json") from None
    except RecursionError:
        raise InputError(f"{path} is nested too deeply", code="file.not-json") from None


def _text(path: Path) -> str:
    """The text of a file of a run folder, which somebody else may have made.

    Raises:
        InputError: It is absent, no plain file (a pipe would wait for ever, a device never ends), or not UTF-8.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path} is not a plain file", code="file.kind")
        return path.read_text("utf-8", "surrogatepass")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", code="file.missing") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8", code="file.not-json") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", code="file.unreadable") from None


def damaged_tables(folder: Path) -> list[Path]:
    """Parquet files of a run folder that cannot be read whole; none where the folder is no run. Reads all of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = []
    for path in sorted(folder.rglob("*.parquet")) if (folder / "manifest.json").is_file() else ():
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    batch.validate(full=True)
        except (pa.ArrowException, OSError):
            found.append(path)
    return found


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomic(path, sink.getvalue().to_pybytes())


def read_labels(path: Path) -> tuple[Judgement, ...]:
    """Every line of a file of judged answers.

    Raises:
        InputError: It is absent or not text, or a line is not as it should be.
    """
    from audit.core.labels import parse_judgements

    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"the labels {path} cannot be read",
            code="labels.unreadable",
            hint="`labels:` of a route is a file of JSON Lines, relative to audit.yaml",
        ) from None
    return parse_judgements(text, str(path))


def append_labels(path: Path, judgements: Iterable[Judgement]) -> None:
    """Append lines to a file of judged answers; on the disk when this returns. A last line without an end gets one."""
    text = "".join(one.line + "\n" for one in judgements)
    # A lone surrogate of a log becomes the escape that JSON has for it.
    data = text.encode("utf-8", "backslashreplace")
    with path.open("ab+") as file:
        if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            data = b"\n" + data
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_table(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """Read a Parquet file that `audit` wrote.

    Raises:
        InputError: It is absent or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, columns=None if columns is None else list(columns))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", code="file.missing") from None
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} is not a Parquet file: {error}", code="file.not-parquet") from None


def rows_table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of a declared schema from rows; absent columns are null."""
    import pyarrow as pa

    held = [dict(row) for row in rows]
    # From a list pyarrow makes a table only after it has imported pandas where that is installed: half a second.
    return pa.Table.from_pylist(held, schema=schema) if held else schema.empty_table()


def write_findings(path: Path, findings: Findings, *, write: Write = write_atomic) -> None:
    """Write `findings.json`."""
    write_json(path, findings, write=write)


def read_findings(path: Path) -> Findings:
    """Read `findings.json`.

    Raises:
        InputError: It is absent, or of another version.
    """
    from audit.core.finding import Findings

    value = read_json(path)
    if not isinstance(value, dict) or value.get("schema") != Findings.__dataclass_fields__["schema"].default:
        schema = value.get("schema") if isinstance(value, dict) else None
        raise InputError(f"{path} has the schema {schema!r}, which this version cannot read", code="findings.version")
    try:
        return from_plain(Findings, value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} lacks or spoils the field {error}", code="findings.damaged") from None


def read_run(path: Path | str) -> Findings:
    """The findings of a run folder.

    Raises:
        InputError: There is no run at this path, it has no findings yet, or they cannot be read.
        LineageError: The folder was made by another version of the format.
    """
    folder = RunFolder(path)
    folder.open_with(folder.findings, "no findings yet: no replay in it has come to its end")
    return read_findings(folder.findings)


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """Write `cases.jsonl`, one case a line."""
    text = "".join(canonical_json(to_plain(case)) + "\n" for case in cases)
    write_atomic(path, text.encode("utf-8", "surrogatepass"))


def read_cases(path: Path) -> list[Case]:
    """Read `cases.jsonl`; no file means no cases."""
    from audit.core.finding import Case

    if not path.exists():
        return []
    cases = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        try:
            cases += [from_plain(Case, json.loads(line))] if line else []
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            # Without the message, which could quote an answer.
            raise InputError(f"line {number} of {path} is no case", code="cases.damaged") from None
    return cases


def write_history(path: Path, history: History) -> None:
    """Write `history.json`; without earlier audits there is no file."""
    if history.audits:
        write_json(path, history)
    else:
        path.unlink(missing_ok=True)


def read_history(path: Path) -> History:
    """Read `history.json`; no file means no earlier audits.

    Raises:
        InputError: It is damaged, or of another version.
    """
    from audit.core.history import SCHEMA, History

    if not path.exists():
        return History()
    try:
        found = from_plain(History, read_json(path))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} lacks or spoils the field {error}", code="history.damaged") from None
    if found.schema != SCHEMA:
        raise InputError(f"{path} is of another version: {found.schema!r}", code="history.version")
    return found


def write_renewal(folder: RunFolder, renewal: Renewal) -> None:
    """Write `renewal.json`, and note which findings it is about."""
    write_json(folder.renewal, renewal)
    folder.record("renewal", {"findings": file_sha256(folder.findings)})


def read_renewal(folder: RunFolder) -> Renewal | None:
    """Read `renewal.json`; None when there is none, or when the findings have changed since.

    Raises:
        InputError: It is damaged, or of another version.
    """
    from audit.core.renewal import SCHEMA, Renewal

    if not folder.renewal.exists() or not folder.is_current("renewal", {"findings": file_sha256(folder.findings)}):
        return None
    value = read_json(folder.renewal)
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise InputError(f"{folder.renewal} is of another version", code="renewal.version", hint="audit renew RUN")
    try:
        return from_plain(Renewal, value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder.renewal} lacks or spoils the field {error}", code="renewal.damaged") from None


def read_plan(path: Path) -> Plan:
    """Read `plan.json`.

    Raises:
        InputError: It is absent, damaged, or of another version.
    """
    from audit.core.plan import plan_from_plain

    try:
        return plan_from_plain(read_json(path))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} lacks or spoils the field {error}", code="plan.damaged") from None


def write_tier_notes(path: Path, notes: Mapping[str, TierNotes]) -> None:
    """Write `replays/tiers.json`: what a replay learned of its tiers."""
    write_json(path, {"schema": TIERS_SCHEMA, "tiers": to_plain(dict(sorted(notes.items())))})


def read_tier_notes(path: Path) -> dict[str, TierNotes]:
    """What a replay learned of its tiers; nothing where it learned nothing."""
    from audit.core.adaptation import TierNotes

    document = read_json(path) if path.exists() else {}
    if not isinstance(document, dict) or document.get("schema") != TIERS_SCHEMA:
        return {}
    return {name: from_plain(TierNotes, plain) for name, plain in document["tiers"].items()}
