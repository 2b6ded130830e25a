"""`audit.yaml` -> one frozen `Settings`, with every problem at once, each at its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from audit.config.catalogs import assertion_types, catalogs
from audit.core.display import plural
from audit.core.errors import AuditError, ConfigError, Place, UnknownName, nearest
from audit.core.fingerprint import fingerprint
from audit.core.settings import Criterion, CriterionSettings, Settings, StoreSettings
from audit.core.tier import BATCH_OPTIONS
from audit.core.units import A_POINT, NoUnit
from audit.documents import Document, Keys, goes_bare, literal_keys, named, read_document

NAMES = ("audit.yaml", "audit.yml")

_OWN_FIELDS = ("directory", "config_file")
"""Fields of the settings that the loader fills in; in a file they are unknown keys."""

_SHORT = {"store": StoreSettings.from_entry}
"""Sections that a file may say in short: what it says there stands beside a key that is set from outside."""

_CRITERION: TypeAdapter[CriterionSettings] = TypeAdapter(Criterion)


def load_settings(
    path: Path | None = None, *, overrides: Mapping[str, Any] | None = None, directory: Path | None = None
) -> Settings:
    """Read the configuration.

    Args:
        path: The file; default: `audit.yaml` or `audit.yml` here, and without either the defaults.
        overrides: Values that go before the file's, written as there, by dotted key: `{"replay.offline": True}`.
        directory: Where its relative paths start; default: its own folder.

    Raises:
        ConfigError: With everything that is wrong in `problems`.
    """
    file = path or next((Path(name) for name in NAMES if Path(name).is_file()), None)
    try:
        document = Document(file="the command line") if file is None else read_document(file)
    except ConfigError as error:
        raise ConfigError(error.what, code=error.code, hint=error.hint, problems=[error]) from None
    if directory is None:
        directory = Path() if file is None else file.parent
    if not isinstance(document.values, dict):
        problem = ConfigError("the file is not a mapping of keys", code="config.type", place=document.place(()))
        raise _all(document, [problem])
    return _loaded(document, directory, overrides or {}).model_copy(
        update={"directory": directory, "config_file": file}
    )


def _loaded(document: Document, directory: Path, overrides: Mapping[str, Any]) -> Settings:
    """The settings in a document, after the overrides.

    Raises:
        ConfigError: With everything that is wrong in `problems`.
    """
    for dotted, value in overrides.items():
        _override(document.values, dotted.split("."), value)
    secrets = literal_keys(document)
    problems = [*document.problems, *secrets.values()]
    settings = None
    try:
        settings = Settings.model_validate(document.values)
    except ValidationError as error:
        problems += [_shape(document, detail) for detail in _own(error.errors()) if detail["loc"] not in secrets]
    problems += _meaning(document, directory)
    if settings is None or problems:
        raise _all(document, problems)
    return settings


def _own(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without the lists that are too short for their entries having problems of their own: these do not count there."""
    inside = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    return [detail for detail in details if not (detail["type"] == "too_short" and detail["loc"] in inside)]


def bare_settings(overrides: Mapping[str, Any]) -> Settings:
    """The settings by the command line alone, for a command that has no configuration yet.

    Raises:
        ConfigError: With everything that is wrong in `problems`.
    """
    document = Document(file="the command line")
    return _loaded(document, Path(), overrides)


def gate_places(settings: Settings) -> list[Place]:
    """Where each rule of `gate:` stands, for what points at it; without a file there are none."""
    if settings.config_file is None:
        return []
    document = read_document(settings.config_file)
    return [document.place(("gate", index, "when")) for index in range(len(settings.gate))]


def settings_digest(settings: Settings) -> str:
    """Name the settings by what decides numbers.

    Left out are the gate's rules, the contract, how a bill is read, the spend cap, paths, where work is done, and how
    fast and with which key calls are made: a run can be resumed with more money or fewer connections, on other
    machines, moved to another folder, and held against another offer. So is the store: it decides who pays for an
    answer, not what the answer is.
    """
    return fingerprint(_deciding(settings))


def section_digests(settings: Settings) -> dict[str, str]:
    """The same for each top key of `audit.yaml` by itself, so that what differs can be named."""
    return {name: fingerprint(value) for name, value in _deciding(settings).items()}


def _deciding(settings: Settings) -> dict[str, Any]:
    left_out = {"gate", "contract", "reconcile", "max_spend", "replay", "store", "executor", *_OWN_FIELDS}
    plain = settings.model_dump(mode="json", exclude=left_out)
    if settings.references is not None:
        plain["references"].pop("path")
    plain["slice"]["looks"] = settings.looks
    for tier in plain["tiers"]:
        for name in ("api_key_env", "concurrency", "requests_per_minute", "tokens_per_minute", "batch", "plain_http"):
            tier.pop(name)
        tier["options"] = {name: value for name, value in tier["options"].items() if name not in BATCH_OPTIONS}
        if tier["repeats"] == 1:
            tier.pop("repeats")
        if tier["redact"] is None:
            tier.pop("redact")
    return plain


def settings_schema() -> dict[str, Any]:
    """JSON Schema of `audit.yaml`, for editors. Quantities are texts with a unit."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}
    schema["title"] = "audit.yaml"
    for own in _OWN_FIELDS:
        schema["properties"].pop(own)
    sections, known = schema["$defs"], catalogs()
    sections["TierSettings"]["properties"]["provider"]["enum"] = known["provider"].known()
    sections["IngestSettings"]["properties"]["format"]["anyOf"][0]["enum"] = known["format"].known()
    sections["ExecutorSettings"]["properties"]["name"]["enum"] = known["executor"].known()
    criterion = sections["CriterionSettings"]
    criterion["properties"].pop("options")
    criterion["properties"]["type"]["pattern"] = f"^(not-)?({'|'.join(assertion_types())})$"
    # A scorer's own options stand beside `type`, and only the scorer knows them.
    criterion["additionalProperties"] = True
    for section in [schema, *sections.values()]:
        for entry in section.get("properties", {}).values():
            _write_default(entry)
    return schema


def _write_default(entry: dict[str, Any]) -> None:
    """Say a default as people write it, with its unit, where the schema asks for text with a unit."""
    patterns = [part.get("pattern", "") for part in [entry, *entry.get("anyOf", [])]]
    unit = next((unit for unit in ("%", "pt") if any(unit in pattern for pattern in patterns)), None)
    if unit and isinstance(entry.get("default"), float):
        entry["default"] = f"{entry['default'] * 100:.4g}{unit}"


def _all(document: Document, problems: list[AuditError]) -> ConfigError:
    # What an anchor repeats is one problem.
    told = {(p.code, p.place) if p.place and p.place.line else (p.what, None): p for p in reversed(problems)}
    ordered = sorted(told.values(), key=lambda p: (p.place.line or 0, p.place.column or 0) if p.place else (0, 0))
    return ConfigError(f"{document.file} has {plural(len(ordered), 'problem')}", problems=ordered)


def _override(values: dict[Any, Any], keys: list[str], value: Any) -> None:
    *sections, last = keys
    for section in sections:
        entry = values.get(section)
        if section in _SHORT:
            entry = _SHORT[section](entry)
        values[section] = entry if isinstance(entry, dict) else {}
        values = values[section]
    values[last] = value


# What is wrong with the shape: the models of `core.settings` say it, and this words it.


def _shape(document: Document, detail: ErrorDetails) -> ConfigError:
    path: Keys = detail["loc"]
    kind, message = detail["type"], detail["msg"]
    if kind == "extra_forbidden":
        return _unknown_key(document, path)
    if kind == "missing":
        return ConfigError(
            f"{named(path[:-1])} lacks `{path[-1]}`", code="config.missing-key", place=document.place(path[:-1])
        )
    place = document.place(path)
    if kind == "value_error":
        what, _, hint = message.removeprefix("Value error, ").partition("; ")
        cause = detail.get("ctx", {}).get("error")
        example = cause.example if isinstance(cause, NoUnit) else None
        return ConfigError(
            f"{named(path)} {what}",
            code="config.unit" if example else "config.range",
            place=place,
            notes=["3pt means three percentage points; 3% would be relative to today's rate"]
            if example == A_POINT
            else [],
            hint=hint or None,
        )
    if kind == "string_type" and isinstance(detail["input"], bool | int | float):
        what, hint = "has to be a text, and YAML reads this as something else", "put it in quotes"
        return ConfigError(f"{named(path)} {what}", code="config.type", place=place, hint=hint)
    known = re.findall(r"'([^']+)'", message) if kind == "literal_error" else []
    near = nearest(str(detail["input"]), known)
    wanted = f"did you mean `{near}`?" if near else _as_mapping(path, detail)
    code = "config.value" if known else "config.type"
    return ConfigError(f"{named(path)} {_worded(message)}", code=code, place=place, hint=wanted)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that a type is made of, such as the one of a list's entries."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _as_mapping(path: Keys, detail: ErrorDetails) -> str | None:
    """`references: {path: ...}`, with the keys that a section must have, where something else stands in its place."""
    name = detail.get("ctx", {}).get("class_name")
    top = Settings.model_fields.get(str(path[0])) if path else None
    section = next((one for one in _models_in(top.annotation) if one.__name__ == name), None) if top else None
    if section is None:
        return None
    needed = [field.alias or name for name, field in section.model_fields.items() if field.is_required()]
    keys = ", ".join(f"{name}: ..." for name in needed or list(section.model_fields)[:1])
    return f"- {{{keys}}}" if isinstance(path[-1], int) else f"{path[-1]}: {{{keys}}}"


def _worded(message: str) -> str:
    """Pydantic's sentence in our words, without naming Python's types."""
    message = message.split(" or instance of ")[0].split(", unable to ")[0].replace("Input should be", "has to be")
    message = re.sub(r"\w+ should have at least (\d+) items?\b.*", r"has to have at least \1 entry", message)
    return message.replace("a valid tuple", "a list").replace("a valid dictionary", "a mapping of keys")


def _unknown_key(document: Document, path: Keys) -> ConfigError:
    known = _keys_of(_section(Settings, path[:-1]))
    near = nearest(str(path[-1]), known)
    return ConfigError(
        f"unknown key: `{path[-1]}`" + (f" in {named(path[:-1])}" if len(path) > 1 else ""),
        code="config.unknown-key",
        place=document.place(path, key=True),
        notes=[f"known: {', '.join(known)}"],
        hint=f"did you mean `{near}`?" if near else None,
    )


def _keys_of(section: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in section.model_fields.items() if not info.exclude]


def _section(section: type[BaseModel], path: Keys) -> type[BaseModel]:
    """The model that describes the value at `path`."""
    for key in path:
        if isinstance(key, str):
            fields = {info.alias or name: info.annotation for name, info in section.model_fields.items()}
            section = next(_models(fields[key]))
    return section


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    if get_origin(annotation) in (Union, UnionType, Annotated, tuple):
        for part in get_args(annotation):
            yield from _models(part)


# What is wrong with the meaning: names that nothing has, options that a scorer refuses, rules that cannot be read.


def _meaning(document: Document, directory: Path) -> Iterator[AuditError]:
    values = document.values
    for own in _OWN_FIELDS:
        if own in values:
            yield _unknown_key(document, (own,))
    yield from _tiers(document)
    yield from _looks(document)
    ingest = values.get("ingest")
    if isinstance(ingest, dict) and isinstance(name := ingest.get("format"), str):
        yield from _in_catalog(document, "format", ("ingest", "format"), name)
    yield from _executor(document)
    names = [tier.get("name") for _, tier in _entries(values, "tiers")]
    for index, route in _entries(values, "routes"):
        path: Keys = ("routes", index)
        for number, name in enumerate(_listed(route, "candidates")):
            if isinstance(name, str) and name not in names:
                yield _unknown(document, "tier", (*path, "candidates", number), name, names)
        for number, entry in _entries(route, "assert"):
            yield from _criterion(document, (*path, "assert", number), entry, names, directory)
        for number, entry in _entries(route, "rules"):
            yield from _routing_rule(document, (*path, "rules", number), entry, route, names)
    for index, rule in _entries(values, "gate"):
        if isinstance(rule.get("when"), str):
            yield from _rule(document, ("gate", index, "when"), rule["when"])


def _executor(document: Document) -> Iterator[AuditError]:
    section = document.values.get("executor")
    if not isinstance(section, dict) or not isinstance(name := section.get("name", "local"), str):
        return
    catalog = catalogs()["executor"]
    yield from _in_catalog(document, "executor", ("executor", "name"), name)
    if section.get("address") is not None and name in catalog and not catalog.get(name).addressed:
        yield ConfigError(
            f"{named(('executor', 'address'))} is of no use: the executor `{name}` works on this machine",
            code="config.executor-address",
            place=document.place(("executor", "address")),
            hint="name the executor that works elsewhere:  executor: {name: ray, address: ...}",
        )


def _listed(section: Any, key: str) -> list[Any]:
    found = section.get(key)
    return found if isinstance(found, list) else []


def _entries(section: Any, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, entry in enumerate(_listed(section, key)):
        if isinstance(entry, dict):
            yield index, entry


def _unknown(document: Document, kind: str, path: Keys, name: str, known: list[Any]) -> UnknownName:
    error = UnknownName.among(kind, name, [str(one) for one in known], place=document.place(path))
    # Sixty names of assertion types help nobody who has mistyped one.
    return UnknownName(error.what, code=error.code, place=error.place, hint=error.hint) if error.hint else error


def _in_catalog(document: Document, kind: str, path: Keys, name: str) -> Iterator[AuditError]:
    if name not in (catalog := catalogs()[kind]):
        yield _unknown(document, kind, path, name, list(catalog.known()))


def _tiers(document: Document) -> Iterator[AuditError]:
    first: dict[Any, int | None] = {}
    for index, tier in _entries(document.values, "tiers"):
        path: Keys = ("tiers", index)
        if isinstance(name := tier.get("name"), str):
            place = document.place((*path, "name"))
            if name in first:
                notes = [f"first in line {first[name]}"] if first[name] else []
                what = f"two tiers have the name `{name}`"
                yield ConfigError(what, code="config.duplicate-tier", place=place, notes=notes)
            first.setdefault(name, place.line)
        if isinstance(provider := tier.get("provider"), str):
            yield from _in_catalog(document, "provider", (*path, "provider"), provider)
        if isinstance(url := tier.get("base_url"), str) and tier.get("plain_http") is not True and goes_bare(url):
            yield ConfigError(
                f"{named((*path, 'base_url'))} sends text and key to another network unencrypted",
                code="config.plain-http",
                place=document.place((*path, "base_url")),
                hint="write https://, or allow it for this tier:  plain_http: true",
            )


def _looks(document: Document) -> Iterator[AuditError]:
    """Looks stop a route when early answers decide it, and a batch has no early answers."""
    tiers = [tier for _, tier in _entries(document.values, "tiers") if tier.get("batch") is True]
    slice_ = document.values.get("slice")
    if tiers and isinstance(slice_, dict) and slice_.get("looks", 1) != 1:
        yield ConfigError(
            f"`slice.looks` wants early answers, and tier `{tiers[0].get('name')}` answers in batches",
            code="config.batch-looks",
            place=document.place(("slice", "looks")),
            notes=["a batch run asks for the whole sample at once, as with --fixed"],
            hint="leave out `slice.looks`, or leave out `batch: true`",
        )


def _criterion(
    document: Document, path: Keys, entry: dict[str, Any], tiers: list[Any], directory: Path
) -> Iterator[AuditError]:
    from audit.scoring.criteria import build_criteria
    from audit.scoring.scorers import NOT_SUPPORTED

    kind = entry.get("type")
    if isinstance(kind, str) and kind.removeprefix("not-") not in (known := assertion_types()) and kind not in known:
        yield _unknown(document, "assertion type", (*path, "type"), kind, list(known))
        return
    judges = entry.get("judge")
    for judge in [judges] if isinstance(judges, str) else judges if isinstance(judges, list) else []:
        if isinstance(judge, str) and judge not in tiers:
            yield _unknown(document, "tier", (*path, "judge"), judge, tiers)
    try:
        criterion = _CRITERION.validate_python(entry)
    except ValidationError:
        return  # its shape is wrong, and `_shape` says so
    if criterion.type.removeprefix("not-") in NOT_SUPPORTED:
        return
    try:
        build_criteria((criterion,), directory)
    except AuditError as error:
        for problem in getattr(error, "problems", ()) or [error]:
            key = next((key for key in entry if f"`{key}`" in problem.what), None)
            place = document.place(path) if key is None else document.place((*path, key), key=True)
            yield ConfigError(problem.what, code=problem.code, place=place, notes=problem.notes, hint=problem.hint)


def _routing_rule(
    document: Document, path: Keys, entry: dict[str, Any], route: dict[str, Any], tiers: list[Any]
) -> Iterator[AuditError]:
    from audit.signals.written import ConditionProblem, written_rule

    if isinstance(to := entry.get("to"), str):
        candidates = _listed(route, "candidates")
        if to not in tiers:
            yield _unknown(document, "tier", (*path, "to"), to, tiers)
        elif candidates and to not in candidates:
            yield ConfigError(
                f"`{to}` is no candidate of the route, so nothing would be replayed on it",
                code="config.rule-tier",
                place=document.place((*path, "to")),
                hint=f"add it to the route's `candidates`, or move to one of {', '.join(map(str, candidates))}",
            )
    if isinstance(text := entry.get("when"), str):
        try:
            written_rule(text)
        except ConditionProblem as error:
            place = document.inside((*path, "when"), error.start, error.width)
            yield ConfigError(error.what, code=error.code, place=place, notes=error.notes, hint=error.hint)


def _rule(document: Document, path: Keys, text: str) -> Iterator[AuditError]:
    from audit.gate.rules import RuleProblem, parse_rule

    try:
        parse_rule(text)
    except RuleProblem as error:
        place = document.inside(path, error.start, error.width)
        yield ConfigError(error.what, code=error.code, place=place, notes=error.notes, hint=error.hint)
