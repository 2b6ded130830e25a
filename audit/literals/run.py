"""Source code to hard-coded model names: walk, filter, parse, and lay a run's traffic beside what is found."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from audit.literals.extract import FileFindings, counted, findings_of, read_source
from audit.literals.files import SourceFile, source_files
from audit.literals.names import ModelNames
from audit.literals.places import CatalogueFile, Hit, ModelUse, Scan
from audit.literals.prefilter import Prefilter
from audit.literals.routes import Served, Traffic, likely_route, suggestion

LARGE = 6_000_000
"""Bytes to parse from which on processes pay for their start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to scan.

    Attributes:
        tests: Look at tests and fixtures too.
        workers: Processes at most; default: the machine's.
    """

    tests: bool = True
    workers: int | None = None


def scan(
    paths: Sequence[Path],
    known: Iterable[str],
    served: Sequence[Served] | None = None,
    options: ScanOptions = ScanOptions(),
) -> Scan:
    """Find hard-coded model names under some paths.

    Args:
        paths: Files and folders.
        known: Names of models, of the price catalogue for example.
        served: What a run says of each model and route; its names count too. None: no dollars, no routes.

    Returns:
        Hits by file and line. The same files, names and traffic give the same scan, whatever the number of processes.

    Raises:
        InputError: A path does not exist.
    """
    names = ModelNames(known, {one.model for one in served or ()})
    routes = tuple(sorted({one.route for one in served or () if one.route}))
    skipped: Counter[str] = Counter()
    irregular: Counter[str] = Counter()
    files, read_bytes, chosen = _filtered(paths, names, options, skipped)
    hits: list[Hit] = []
    totals: Counter[str] = Counter()
    catalogues = []
    traffic = Traffic(served or (), names)
    for file, found in zip(chosen, _parsed(chosen, names, routes, options), strict=True):
        skipped.update([found.skipped] if found.skipped else [])
        irregular.update([found.irregular] if found.irregular else [])
        totals.update(mentions=found.mentions, muted=found.muted)
        if found.catalogue:
            catalogues.append(CatalogueFile(file=file.shown, models=found.catalogue))
        hits += _with_traffic(found, traffic, priced=served is not None)
    models = _uses(hits, traffic, priced=served is not None)
    ours = [hit for hit in hits if not hit.in_test]
    named = {hit.model for hit in ours}
    return Scan(
        files=files,
        read_bytes=read_bytes,
        hits=tuple(ours),
        test_hits=tuple(hit for hit in hits if hit.in_test),
        models=models,
        mentions=totals["mentions"],
        catalogues=tuple(catalogues),
        muted=totals["muted"],
        skipped=counted(skipped),
        irregular=counted(irregular),
        spend_usd=None if served is None else sum(use.spend_usd or 0.0 for use in models if use.model in named),
        run_spend_usd=None if served is None else sum(one.spend_usd for one in served),
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    file: SourceFile
    size: int

    @property
    def shown(self) -> str:
        return self.file.shown


def _filtered(
    paths: Sequence[Path], names: ModelNames, options: ScanOptions, skipped: Counter[str]
) -> tuple[int, int, list[_Chosen]]:
    """Number and bytes of the files looked at, and those worth parsing."""
    prefilter, chosen, files, read_bytes = Prefilter(names), [], 0, 0
    for file in source_files(paths, skipped):
        if file.in_test and not options.tests:
            skipped["tests"] += 1
            continue
        data, reason = read_source(file.path)
        if reason:
            skipped[reason] += 1
            continue
        files, read_bytes = files + 1, read_bytes + len(data)
        if prefilter.passes(data):
            chosen.append(_Chosen(file, len(data)))
    return files, read_bytes, sorted(chosen, key=lambda one: one.shown)


def _parsed(
    chosen: Sequence[_Chosen], names: ModelNames, routes: tuple[str, ...], options: ScanOptions
) -> Iterable[FileFindings]:
    """The findings of each file, in their order."""
    workers = options.workers or min(os.cpu_count() or 1, 8)
    files = [one.file for one in chosen]
    if workers < 2 or sum(one.size for one in chosen) < LARGE:
        _start(names, routes)
        return list(map(_parse, files))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(names, routes)) as pool:
        return list(pool.map(_parse, files, chunksize=max(1, len(files) // (workers * 8))))


_JOB: list[tuple[ModelNames, Prefilter, tuple[str, ...]]] = []
"""What every file of a process is read with; sent once to each process."""


def _start(names: ModelNames, routes: tuple[str, ...]) -> None:
    _JOB[:] = [(names, Prefilter(names), routes)]


def _parse(file: SourceFile) -> FileFindings:
    data, reason = read_source(file.path)
    if reason:  # it changed since it passed the filter
        return FileFindings(skipped=reason)
    return findings_of(file, data, *_JOB[0])


def _with_traffic(found: FileFindings, traffic: Traffic, *, priced: bool) -> list[Hit]:
    made = []
    for hit, nearby in zip(found.hits, found.nearby, strict=True):
        served = traffic.of(hit.literal, hit.model)
        route = likely_route(hit, served, nearby) if priced else None
        on_route = [one.spend_usd for one in served if route and one.route == route.route]
        made.append(
            replace(
                hit,
                route=route,
                spend_usd=sum(one.spend_usd for one in served) if priced else None,
                route_spend_usd=sum(on_route) if route else None,
                suggestion=suggestion(hit.language, route),
            )
        )
    return made


def _uses(hits: Sequence[Hit], traffic: Traffic, *, priced: bool) -> tuple[ModelUse, ...]:
    uses = []
    for model in sorted({hit.model for hit in hits}):
        of_model, served = [hit for hit in hits if hit.model == model], traffic.of_model(model)
        ours = [hit for hit in of_model if not hit.in_test]
        uses.append(
            ModelUse(
                model=model,
                hits=len(ours),
                test_hits=len(of_model) - len(ours),
                files=len({hit.file for hit in of_model}),
                spend_usd=sum(one.spend_usd for one in served) if priced else None,
                requests=sum(one.requests for one in served) if priced else None,
                routes=tuple(dict.fromkeys(one.route for one in served if one.route)),
            )
        )
    return tuple(sorted(uses, key=lambda use: (-(use.spend_usd or 0.0), -use.hits, use.model)))
