"""The model mix of a run with its lever ledger, which is taken once for each log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audit import __version__
from audit.core.artifacts import RunFolder
from audit.core.fingerprint import fingerprint
from audit.core.levers import LeverLedger
from audit.core.mixture import Mix
from audit.core.plain import from_plain, to_plain
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.reconciling import reconciliation_of
from audit.levers.run import measure_levers
from audit.llm.logprices import own_prices, rates_of
from audit.mix.run import measure_mix


def mix_with_levers(folder: RunFolder, settings: Settings, tiers: Sequence[Tier]) -> Mix:
    """The model mix of a run folder, with all levers: those that read prompts too."""
    return replace(
        measure_mix(folder.traffic_files(), tiers, rates_of(settings.tiers)),
        levers=_levers(folder, settings),
        reconciliation=reconciliation_of(folder),
    )


def _levers(folder: RunFolder, settings: Settings) -> LeverLedger:
    """The ledger, from the manifest where it was taken of the same traffic at the same prices."""
    traffic = (folder.facts("traffic") or {}).get("made_from", {})
    made_from = {
        "traffic": fingerprint(traffic),
        "prices": fingerprint(own_prices(settings.tiers)),
        "version": __version__,
    }
    if folder.is_current("levers", made_from):
        return from_plain(LeverLedger, (folder.facts("levers") or {})["ledger"])
    ledger = measure_levers(folder.traffic_files(), rates_of(settings.tiers), folder.body_files())
    folder.record("levers", made_from, ledger=to_plain(ledger))
    return ledger
