"""The calls of a round, asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.core.exchange import Request
from audit.flow.keeping import answers_at, client_options
from audit.flow.preparation import PreparedRun
from audit.flow.rounds import Rounds
from audit.replay.learned import Learned
from audit.replay.meter import Meter
from audit.replay.requests import load_requests
from audit.replay.run import ReplayOptions, run_replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the rounds of a run share: the requests, and what was learned of the tiers."""

    run: PreparedRun
    requests: Mapping[str, Request]
    learned: Learned
    meter: Meter

    @classmethod
    def open(cls, run: PreparedRun, meter: Meter) -> Asking:
        """Read the requests of a run."""
        wanted = {call.request_fp for call in run.calls}
        requests = load_requests(run.folder.body_files(), run.folder.traffic_files(), wanted)
        learned = Learned.open(run.folder.tiers, {tier.name: tier for tier in run.tiers})
        return cls(run=run, requests=requests, learned=learned, meter=meter)

    def ask(self, rounds: Rounds) -> None:
        """Make the calls of a round that have no result yet.

        Raises:
            PartStopped: Tiers or routes that were stopped; the others have their results.
        """
        run, calls = self.run, rounds.calls()
        asked = {call.tier for call in calls}
        options = ReplayOptions(
            cap_usd=run.plan.max_spend_usd,
            tokens=run.tokens,
            client=client_options(run.settings),
            answers=answers_at(run.settings, run.folder),
            meter=self.meter,
            settled=rounds.settled(),
            learned=self.learned,
            ahead=run.calls,
            models=frozenset({tier.model for tier in run.tiers} | {design.incumbent for design in run.plan.designs}),
        )
        tiers = [tier for tier in run.tiers if tier.name in asked]
        run_replay(calls, self.requests, tiers, run.settings.replay, run.folder, options)
