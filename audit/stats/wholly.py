"""Whether a part of some requests that fails wholly is more than chance."""

from __future__ import annotations

import math


def wholly_lost_p(size: int, lost: int, n: int) -> float:
    """Exact probability that a part of given size holds nothing but losses, where these fall on requests at random.

    Args:
        size: Requests of the part, all of them lost.
        lost: Losses among all requests.
        n: All requests.

    Returns:
        The product of (lost - i) / (n - i) over the part's requests: the upper tail of the hypergeometric distribution.

    Special cases:
        An empty part: 1. A part with more requests than there are losses: 0.

    Source:
        Fisher (1935), The logic of inductive inference, J. R. Stat. Soc. 98:39-82.
    """
    if size > lost:
        return 0.0
    return math.prod((lost - i) / (n - i) for i in range(size))
