"""The words of a text as a short vector: hashed, so that a policy holds no word of anybody's prompts.

No embedder, no vocabulary, no state: a fifth of a millisecond, and the same number everywhere and always.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

BUCKETS = 4096
"""Numbers that a word can be. Two words in one bucket blur each other; more buckets make a larger policy."""

LONGEST_CHARS = 2_000
"""What is read of a text: half of it from each end, where a template keeps its instructions."""

_WORD = re.compile(r"\w+")


def word_vector(text: str) -> Mapping[int, float]:
    """The bucket of every word and of every two neighbours, weighted by the logarithm of how often it occurs.

    Args:
        text: Any; only both ends of a long one are read.

    Returns:
        Coordinates other than zero of a vector with `BUCKETS` of them and length 1. Case does not count.

    Special cases:
        No words: empty. A script that writes no spaces: its runs of letters count as words, so little is learned.

    Source:
        Weinberger et al. (2009), Feature hashing for large scale multitask learning, arXiv 0902.2206.
    """
    if len(text) > LONGEST_CHARS:
        text = f"{text[: LONGEST_CHARS // 2]} {text[-LONGEST_CHARS // 2 :]}"
    words = _WORD.findall(text.casefold())
    said = (*words, *map(" ".join, pairwise(words)))
    counts = Counter(zlib.crc32(each.encode("utf-8", "surrogatepass")) % BUCKETS for each in said)
    if not counts:
        return {}
    weights = np.log1p(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
    weights /= np.sqrt(np.sum(weights * weights))
    return dict(zip(counts, weights.tolist(), strict=True))
