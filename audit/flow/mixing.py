"""What traffic alone tells: the model mix, with the lever ledger and a bill beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from audit.core.levers import LEDGER_REQUESTS
from audit.core.mixture import Mix
from audit.core.settings import Settings
from audit.flow.reading import traffic_of
from audit.levers.run import measure_levers
from audit.llm.logprices import rates_of
from audit.llm.tiers import resolve_tiers
from audit.mix.escalations import escalations_of
from audit.mix.export import kind_of_table, write_cells
from audit.mix.run import mix_of
from audit.mix.tables import tables_of


def mix(
    sources: Sequence[Path],
    settings: Settings,
    *,
    prompts: bool = False,
    bill: Sequence[Path] = (),
    table_to: Path | None = None,
    openmetrics_to: Path | None = None,
) -> Mix:
    """The model mix of some logs, with the lever ledger: free and local.

    Args:
        prompts: Take the levers that read prompts too, however long the log is.
        bill: An invoice or a cost export to hold against the log; one file, or several of one format.
        table_to: Where to write the mix as a table by day and labels, as CSV or Parquet by its suffix.
        openmetrics_to: Where to write it as OpenMetrics text.

    Raises:
        InputError: The suffix of `table_to` is neither `.csv` nor `.parquet`.
    """
    if table_to is not None:
        kind_of_table(table_to)
    with traffic_of(sources, settings) as (folder, report):
        files = folder.traffic_files()
        rates = rates_of(settings.tiers)
        tiers = resolve_tiers(settings)
        tables = tables_of(files, tiers)
        found = mix_of(tables, tiers, rates).read_as(report.rejects, report.warnings)
        if prompts or found.requests <= LEDGER_REQUESTS:
            bodies = folder.body_files() if prompts else ()
            levers = measure_levers(files, rates, bodies)
            found = replace(found, levers=levers, escalations=escalations_of(files))
        if table_to is not None or openmetrics_to is not None:
            write_cells(tables, table_to, openmetrics_to)
        if not bill:
            return found
        # Imported here: a first look at a log needs neither bills nor the arrays that they are held against it with.
        from audit.flow.reconciling import compared

        return replace(found, reconciliation=compared(folder, bill, settings))
