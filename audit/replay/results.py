"""Where the results of a replay go: the journal of its run folder, and the answers that later runs need not pay for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.exchange import Completion
from audit.core.tier import Tier
from audit.llm.tiers import is_local
from audit.replay.journal import Journal
from audit.replay.kept import name_of
from audit.replay.plan import Call
from audit.store.kept import KeptAnswer, KeptAnswers


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResults:
    """The results of a session.

    Attributes:
        journal: Of the run folder.
        kept: Answers of earlier runs, and of this one; None where nothing is kept.
        tiers: By name.
        known: Calls of this plan. A journal may hold others, of a tier that has become another one since.
    """

    journal: Journal
    kept: KeptAnswers | None
    tiers: Mapping[str, Tier]
    known: frozenset[str]

    def at_hand(self, call: Call) -> KeptAnswer | None:
        """The answer that an earlier run was given; None where it has to be asked for, or costs nothing anyway."""
        tier = self.tiers[call.tier]
        return None if self.kept is None or is_local(tier) else self.kept.get(name_of(call, tier))

    def book(self, call: Call, row: Mapping[str, Any], answer: Completion | None) -> None:
        """Journal a result, and keep its answer for later runs.

        Args:
            row: As `table.journal_row` makes it.
            answer: None where the call brought none.
        """
        self.journal.done(dict(row))
        if self.kept is None or answer is None or row["served_from"] != "network":
            return
        if call.call_id in self.known:
            self.kept.put(name_of(call, self.tiers[call.tier]), answer, row["spent_usd"] - row["failed_usd"])
