"""Calls of a run, asked: under its cap, in its journal, with what its settings say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.core.exchange import Request
from audit.flow.keeping.answers import answers_at, client_options
from audit.flow.preparation import PreparedRun
from audit.replay.learned import Learned
from audit.replay.meter import Meter
from audit.replay.options import ReplayOptions
from audit.replay.plan import Call
from audit.replay.requests import load_requests
from audit.replay.run import run_replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the calls of a run share: the requests, and what was learned of the tiers."""

    run: PreparedRun
    requests: Mapping[str, Request]
    learned: Learned
    meter: Meter

    @classmethod
    def open(cls, run: PreparedRun, meter: Meter, requests: Mapping[str, Request] | None = None) -> Asking:
        """Ready to ask.

        Args:
            run: Whose calls.
            meter: Told how they go.
            requests: Those of the calls, where somebody has read them: that goes through the bodies of the whole log.
        """
        if requests is None:
            wanted = {call.request_fp for call in run.calls}
            requests = load_requests(run.folder.body_files(), run.folder.traffic_files(), wanted)
        learned = Learned.open(run.folder.tiers, {tier.name: tier for tier in run.tiers})
        return cls(run=run, requests=requests, learned=learned, meter=meter)

    def ask(
        self,
        calls: Sequence[Call],
        settled: frozenset[str] = frozenset(),
        *,
        ahead: Sequence[Call] = (),
        table: bool = True,
    ) -> None:
        """Make the calls that have no result yet.

        Args:
            calls: In the order in which they are made.
            settled: Ids of those that are not asked again, whatever became of them.
            ahead: Calls of later rounds, which tiers that ask in batches are asked along.
            table: Write the table of them all; judges' replies are no replays.

        Raises:
            PartStopped: Tiers or routes that were stopped; the others have their results.
        """
        run = self.run
        asked = {call.tier for call in calls}
        options = ReplayOptions(
            cap_usd=run.plan.max_spend_usd,
            tokens=run.tokens,
            client=client_options(run.settings),
            answers=answers_at(run.settings, run.folder),
            meter=self.meter,
            settled=settled,
            learned=self.learned,
            ahead=ahead,
            table=table,
            executor=run.settings.executor,
            models=frozenset({tier.model for tier in run.tiers} | {design.incumbent for design in run.plan.designs}),
        )
        tiers = [tier for tier in run.tiers if tier.name in asked]
        run_replay(calls, self.requests, tiers, run.settings.replay, run.folder, options)
