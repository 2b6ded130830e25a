"""The words of a text as a short vector: hashed, so that a policy holds no word of anybody's prompts.

No embedder, no vocabulary, no state: a tenth of a millisecond, and the same number everywhere and always.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.core.personal import without_masks

BUCKETS = 4096
"""Numbers that a word can be. Two words in one bucket blur each other; more buckets make a larger policy."""

LONGEST_CHARS = 2_000
"""What is read of a text: half of it from each end, where a template keeps its instructions."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Words:
    """The coordinates other than zero of a vector with `BUCKETS` of them and length 1.

    Attributes:
        buckets: Which, ascending, each once, shape (k,).
        weights: Of each, shape (k,).
    """

    buckets: npt.NDArray[np.intp]
    weights: npt.NDArray[np.float64]


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, in order; only both ends of a long one are read.

    What the log holds masked has no words: whoever is served says something else there, and a policy that goes by a
    placeholder would meet none.
    """
    if len(text) > LONGEST_CHARS:
        text = f"{text[: LONGEST_CHARS // 2]} {text[-LONGEST_CHARS // 2 :]}"
    return _WORD.findall(without_masks(text).casefold())


def word_vector(text: str) -> Words:
    """The bucket of every word and of every two neighbours, weighted by the logarithm of how often it occurs.

    Args:
        text: Any; only both ends of a long one are read. Case does not count.

    Special cases:
        No words: no coordinates. A script that writes no spaces: its runs of letters count as words, so little is
        learned.

    Source:
        Weinberger et al. (2009), Feature hashing for large scale multitask learning, arXiv 0902.2206.
    """
    words = [word.encode("utf-8", "surrogatepass") for word in words_of(text)]
    alone = [zlib.crc32(word) for word in words]
    # A CRC goes on from another: this is that of both words with a space between.
    pairs = [zlib.crc32(b" " + word, before) for word, before in zip(words[1:], alone, strict=False)]
    said = np.array(alone + pairs, dtype=np.intp) % BUCKETS
    buckets, counts = np.unique(said, return_counts=True)
    weights = np.log1p(counts.astype(np.float64))
    return Words(buckets=buckets, weights=weights / np.sqrt(np.sum(weights * weights)))
