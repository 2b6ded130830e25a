"""Where a replay finds answers that it need not pay for: the journal of its run folder, then what earlier runs left in
the store, or in a cassette where one is named.

A cassette is a store that travels: JSON Lines in a folder, played at any address and at any age. A run has the one or
the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from audit.core.adaptation import AskedAs
from audit.core.artifacts import RunFolder, read_tier_notes
from audit.core.exchange import Completion
from audit.core.plan import AskedOtherwise
from audit.core.tier import Tier
from audit.llm.cassette import Cassette, refuse_ambiguous
from audit.llm.tiers import is_local
from audit.replay.journal import JournalLedger
from audit.replay.otherwise import asked_otherwise
from audit.replay.plan import Call, asked_as
from audit.store.answers import AnswerStore
from audit.store.kept import AnswerName, Earlier, KeptAnswer, KeptAnswers, KnownCalls


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersAt:
    """Where the answers of earlier runs are, and which of them count.

    Attributes:
        cassette: Folder of recordings, which goes before the store; None for none.
        store: Folder of the store; None for none.
        not_before: Answers of the store that are older are not taken; seconds since 1970.
        redacted: Kinds of personal data that are replaced in answers.
        run: Name of the run, for the answers that it puts there.
    """

    cassette: Path | None = None
    store: Path | None = None
    not_before: float = 0.0
    redacted: tuple[str, ...] = ()
    run: str = ""

    def open(self, tiers: Sequence[Tier] = ()) -> KeptAnswers | None:
        """The answers; None where nothing is kept.

        Args:
            tiers: That are asked.

        Raises:
            InputError: They are damaged, or of another version.
            ConfigError: A cassette would serve the answers of one tier as another's.
        """
        if self.cassette is not None:
            refuse_ambiguous(tiers)
            return CassetteAnswers(Cassette(self.cassette))
        if self.store is None:
            return None
        return AnswerStore(self.store, redacted=self.redacted, run=self.run, not_before=self.not_before)


class CassetteAnswers:
    """A cassette as a place of kept answers. What its answers cost is not recorded, nor where they were asked."""

    served_from = "cassette"

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    def known(self, names: Iterable[AnswerName]) -> Mapping[AnswerName, Earlier]:
        """Those that are recorded."""
        has = self._cassette.has
        return {one: Earlier() for one in names if has(one.asked.answers_key, one.request_fp, one.repeat)}

    def get(self, name: AnswerName) -> KeptAnswer | None:
        """The recording, or None."""
        found = self._cassette.get(name.asked.answers_key, name.request_fp, name.repeat)
        return None if found is None else KeptAnswer(completion=found, earlier=Earlier())

    def put(self, name: AnswerName, completion: Completion, usd: float) -> None:
        """Record an answer; one that is recorded already stays."""
        self._cassette.put(name.asked.answers_key, name.request_fp, name.repeat, completion)

    def other_settings(self, asked: AskedAs) -> list[AskedAs]:
        """Under which other identities the model is recorded; addresses are not."""
        keys = self._cassette.identities(asked.answers_key.partition(" {")[0])
        return [AskedAs(answers_key=key, base_url=asked.base_url) for key in keys if key != asked.answers_key]

    def claim(self) -> None:
        """Become the only one that records.

        Raises:
            CassetteLocked: Another process does.
        """
        self._cassette.claim()

    def notes(self) -> Sequence[str]:
        """Of damage."""
        return self._cassette.notes

    def close(self) -> None:
        """Sort what was recorded, and let others record."""
        self._cassette.compact()
        self._cassette.close()


def name_of(call: Call, tier: Tier) -> AnswerName:
    """What names the answer to a call in all runs."""
    return AnswerName(asked=asked_as(tier), request_fp=call.request_fp, repeat=call.repeat)


def kept_for(calls: Sequence[Call], tiers: Mapping[str, Tier], answers: KeptAnswers | None) -> dict[str, Earlier]:
    """By call id, what earlier runs were answered. A tier in this process answers for nothing and is not looked up."""
    if answers is None:
        return {}
    names = {call.call_id: name_of(call, tiers[call.tier]) for call in calls if not is_local(tiers[call.tier])}
    known = answers.known(names.values())
    return {call_id: known[name] for call_id, name in names.items() if name in known}


def known_calls(calls: Sequence[Call], tiers: Sequence[Tier], folder: RunFolder, answers: AnswersAt) -> KnownCalls:
    """The calls that journal, store or cassette answer already; for quotes."""
    results = JournalLedger.read(folder.journal).results
    done = frozenset(call.call_id for call in calls if call.call_id in results and results[call.call_id].measured)
    others = [call for call in calls if call.call_id not in done]
    with _opened(answers) as kept:
        return KnownCalls(journal=done, kept=kept_for(others, {tier.name: tier for tier in tiers}, kept))


def answered_otherwise(
    calls: Sequence[Call], tiers: Collection[Tier], folder: RunFolder, answers: AnswersAt
) -> tuple[AskedOtherwise, ...]:
    """What journal, store or cassette hold of the calls under other settings; for quotes."""
    named, ledger = {tier.name: tier for tier in tiers}, JournalLedger.read(folder.journal)
    with _opened(answers) as kept:
        return asked_otherwise(calls, named, ledger, read_tier_notes(folder.tiers), kept)


def _opened(answers: AnswersAt) -> closing[KeptAnswers] | nullcontext[None]:
    found = answers.open()
    return nullcontext() if found is None else closing(found)
