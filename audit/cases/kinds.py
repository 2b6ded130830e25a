"""What kinds of requests fail: the requests of a route in groups by likeness, with how the answers of each fared.

Likeness is that of an embedding model: it sees what a request is about, not whether an answer is right. So groups are a
way to find cases to read, and no verdict rests on them.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from audit.cases.index import CaseIndex, Filters, selected
from audit.cases.texts import asked_last, message_texts, read_bodies
from audit.core.artifacts import RunFolder
from audit.core.interval import Estimate
from audit.embeddings import Embedder, open_embedder
from audit.stats.groups import outstanding, spherical_groups
from audit.stats.paired import wilson

MOST_CASES = 2_000
"""Cases that are grouped: the first of the sample's order, which is random."""

MOST_KINDS, LEAST_MEMBERS = 12, 20
"""Groups at most, and cases from which another group is made."""

EXAMPLES = 4
"""Cases that are named for each group."""

WORDS = 6
LEVEL = 0.95

_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKind:
    """A group of like requests.

    Attributes:
        words: That are more frequent in it than in the others, the most telling first.
        cases: In it.
        judged: Of these, cases whose answers both have a verdict.
        worse: Of these, cases on which the candidate's answer alone is not accepted.
        better: Cases on which the log's own alone is not.
        share: `worse` of `judged`, with its interval; None where nothing was judged.
        stands_out: There are more worse ones than chance would give any of the groups.
        examples: Exchanges, those on which the candidate is worse first, then what is nearest to the group's middle.
    """

    words: tuple[str, ...]
    cases: int
    judged: int
    worse: int
    better: int
    share: Estimate | None
    stands_out: bool
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The groups of a route's requests by one candidate.

    Attributes:
        kinds: The largest share of worse answers first.
        grouped: Cases that were grouped.
        cases: Cases that there are.
        embedder: Name of the model.
    """

    kinds: tuple[RequestKind, ...]
    grouped: int
    cases: int
    embedder: str


def kinds_of(folder: RunFolder, index: CaseIndex, route: str, tier: str, embedder: Embedder | None = None) -> Kinds:
    """Group the requests of a route by what was asked last.

    Args:
        folder: Of the run.
        index: Its cases.
        route: Name.
        tier: Whose answers are counted.
        embedder: Model; default: small static vectors, which carry their weights and take a second where a transformer
            takes minutes. Its vectors are kept in the run by the content of their texts, where it can be written to.
    """
    # A run that was archived may be read all the same.
    kept = folder.vectors if os.access(folder.path, os.W_OK) else None
    embedder = embedder or open_embedder("wordllama", cache=kept)
    rows = selected(index, Filters(route=route, tier=tier))
    part = rows.head(MOST_CASES)
    bodies = read_bodies(folder, part["exchange_id"].to_list())
    ids = part["exchange_id"]
    texts = [asked_last(message_texts(bodies[name]["messages"])) if name in bodies else "" for name in ids]
    vectors = embedder.embed(texts)
    groups = spherical_groups(vectors, max(1, min(MOST_KINDS, part.height // LEAST_MEMBERS)))
    part = part.with_columns(group=pl.Series(groups, dtype=pl.Int64))
    said = [frozenset(word.lower() for word in _WORD.findall(text)) for text in texts]
    counted = _counted(part)
    names = sorted(counted)
    stand_out = dict(
        zip(
            names,
            outstanding([counted[one]["worse"] for one in names], [counted[one]["judged"] for one in names]),
            strict=True,
        )
    )
    kinds = [
        RequestKind(
            words=_telling([words for words, group in zip(said, groups, strict=True) if group == name], said),
            **counted[name],
            share=_share(counted[name]),
            stands_out=stand_out[name],
            examples=_examples(part, vectors, name),
        )
        for name in names
    ]
    kinds.sort(key=lambda one: (-(one.share.est if one.share else -1.0), -one.cases, one.words))
    return Kinds(kinds=tuple(kinds), grouped=part.height, cases=rows.height, embedder=embedder.name)


def _counted(part: pl.DataFrame) -> dict[int, dict[str, int]]:
    table = part.group_by("group").agg(
        cases=pl.len(),
        judged=(pl.col("kind") != "unmeasured").sum(),
        worse=(pl.col("kind") == "only_incumbent").sum(),
        better=(pl.col("kind") == "only_candidate").sum(),
    )
    return {int(row.pop("group")): {key: int(n) for key, n in row.items()} for row in table.iter_rows(named=True)}


def _share(counts: Mapping[str, int]) -> Estimate | None:
    n, worse = counts["judged"], counts["worse"]
    return Estimate.of(worse / n, wilson(worse, n, level=LEVEL), LEVEL) if n else None


def _telling(mine: Sequence[frozenset[str]], every: Sequence[frozenset[str]]) -> tuple[str, ...]:
    """Words that stand in more of these requests than of all, by how much more likely they are here."""
    here, all_ = Counter(word for words in mine for word in words), Counter(word for words in every for word in words)
    others = max(len(every) - len(mine), 1)
    lift = {word: n / len(mine) - (all_[word] - n) / others for word, n in here.items() if n >= max(2, len(mine) // 20)}
    best = sorted((word for word in lift if lift[word] > 0.05), key=lambda word: (-lift[word], word))
    return tuple(best[:WORDS])


def _examples(part: pl.DataFrame, vectors: np.ndarray, group: int) -> tuple[str, ...]:
    places = np.flatnonzero(part["group"].to_numpy() == group)
    middle = vectors[places].sum(axis=0)
    near = vectors[places] @ middle
    worse = (part["kind"] == "only_incumbent").to_numpy()[places]
    order = np.lexsort((places, -near, ~worse))
    names = part["exchange_id"].to_list()
    return tuple(dict.fromkeys(names[int(places[one])] for one in order))[:EXAMPLES]
