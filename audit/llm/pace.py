"""How fast a host takes the calls that are made with one key: found out from what it refuses.

A limit is the host's and the key's, so all tiers that share both share one pace, and take turns. Control is by what was
*sent*: a refusal counts for the second in which its call went out, and an answer need not be there for its call to
count as taken, because refusals come at once and answers after seconds.

Calls go out freely until a third of a second's calls is refused. From then on starts are spaced, and each second that
was sent at the present speed says whether it was too fast: with a seventh of refusals it is cut to what was taken; with
less than a twentieth it grows, by a tenth at first and faster from second to second; between them it stays, a little
above what the host takes. Two processes that know nothing of each other share a limit that way, if not in equal parts.

Some hosts limit each model by itself. Where one tier is refused while the others that went out in the same second were
taken, that tier gets a pace of its own.

Refusals that have nothing to do with speed must not slow anybody down: a share of refusals that two cuts did not lower
is taken off before the rest is judged, until some second shows less.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator

from audit.core.clock import Clock

WINDOW_S = 1.0
WINDOW_CALLS = 8
LONGEST_WINDOW_S = 4.0
"""A window is over after a second with eight calls, or after four seconds."""
FIRST_WINDOW_CALLS = 16
OVERLOADED_SHARE = 1 / 3
"""A tenth of refusals is a host with hiccups, and slowing down would not change it; a third is a limit."""
BEYOND_CHANCE = 2.33
"""Standard errors by which refusals must exceed that share before a host is slowed down at all: of sixteen calls, so
many are refused by chance, and the cut would go by those few."""
TOO_MANY, FEW = 0.15, 0.05
CUT_TO_TAKEN = 0.9
DEEPEST_CUT = 0.5
FLOOR_OF_TAKEN = 0.5
FLOOR_S = 30.0
SLOWEST_PER_S = 0.2
FIRST_GROWTH, MOST_GROWTH, FASTER = 1.1, 2.0, 1.5
HARDLY_ANY = 0.05
CUTS_IN_VAIN = 2
MOST_SCATTERED = 0.6
CUT_AGAIN_S = 30.0
LIFTED = 1.5
"""Times what is sent at which a speed holds nobody back any more."""
REFUSED_IN_A_ROW = 3
REFUSALS_REMEMBERED_S = 300.0
CATCH_UP_S = 0.1
"""Of starts that are late because the machine is: they are made up for."""
LAG_DECAY = 0.9
Tell = Callable[[str, float | None], None]


class Window:
    """The calls that went out in one stretch of time."""

    __slots__ = ("closed", "opened", "refused", "sent")

    def __init__(self, opened: float) -> None:
        self.opened = opened
        self.closed = math.inf
        self.sent: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    @property
    def seconds(self) -> float:
        """How long it was open."""
        return self.closed - self.opened

    @property
    def share(self) -> float:
        """Of its calls, those that were refused."""
        return self.refused.total() / max(self.sent.total(), 1)


class PacedCall:
    """One call that went out: tell what became of it, once."""

    __slots__ = ("_name", "_pace", "_sent_at", "_window")

    def __init__(self, pace: Pace, window: Window, name: str, sent_at: float) -> None:
        self._pace = pace
        self._window = window
        self._name = name
        self._sent_at = sent_at

    @property
    def was_refused_lately(self) -> bool:
        """Whether the host has refused any call of late, so that its word on what is left is worth reading."""
        return self._pace._limits_now()

    def refused(self, pause_s: float | None = None) -> None:
        """The host did not take it, and asks everybody to wait so long."""
        self._pace._refused(self._window, self._name, self._sent_at, pause_s)

    def taken(self, spent_s: float | None = None) -> None:
        """The host took it; by its headers no other is taken for so many seconds."""
        self._pace._taken(spent_s)


class Pace:
    """The pace of one host and key. One event loop.

    Args:
        tell: Told the names of the tiers and their rate per second when it is cut, and None when it is lifted.

    Attributes:
        rate_per_s: Calls that go out; None for as many as come.
    """

    def __init__(self, clock: Clock, tell: Tell = lambda names, rate_per_s: None) -> None:
        self._clock = clock
        self._tell = tell
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}
        self._usher: asyncio.Task[None] | None = None
        self._next_start = 0.0
        self._paused_until = 0.0
        self._window = Window(clock.now())
        self._closed: deque[Window] = deque()
        self._taken_lately: deque[tuple[float, float, int]] = deque()
        self._lag_s = 0.0
        self._row = 0
        self._changed_at = -math.inf
        self._refused_at = -math.inf
        self._growth = FIRST_GROWTH
        self._scattered = 0.0
        self._cut_at, self._cut_share, self._cut_speed = -math.inf, 0.0, 0.0
        self._in_vain = 0
        self._names: set[str] = set()
        self._apart: dict[str, Pace] = {}
        self.rate_per_s: float | None = None

    async def turn(self, name: str) -> PacedCall:
        """Wait for one's turn; tiers of different names take turns."""
        if (own := self._apart.get(name)) is not None:
            return await own.turn(name)
        if self.rate_per_s is not None or self._lines or self._paused_until > self._clock.now():
            await self._in_line(name)
        now = self._clock.now()
        self._review(now)
        self._names.add(name)
        self._window.sent[name] += 1
        return PacedCall(self, self._window, name, now)

    async def _in_line(self, name: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(name, deque()).append(turn)
        if self._usher is None or self._usher.done():
            self._usher = asyncio.create_task(self._admit())
        await turn

    async def _admit(self) -> None:
        """Let those in line in, one after the other, each tier in its turn."""
        for turn in self._in_turn():
            while (wait := max(self._next_start, self._paused_until) - self._clock.now()) > 1e-6:
                await self._clock.sleep(wait)
            if turn.done():
                continue
            interval = 1.0 / self.rate_per_s if self.rate_per_s is not None else 0.0
            self._next_start = max(self._next_start, self._clock.now() - CATCH_UP_S) + interval
            turn.set_result(None)

    def _in_turn(self) -> Iterator[asyncio.Future[None]]:
        while self._lines:
            name = next(iter(self._lines))
            line = self._lines.pop(name)
            turn = line.popleft()
            if line:
                self._lines[name] = line
            if not turn.done():
                yield turn

    def _refused(self, window: Window, name: str, sent_at: float, pause_s: float | None) -> None:
        now = self._clock.now()
        self._refused_at = now
        self._lag_s = max(self._lag_s, now - sent_at)
        # One that comes after its window was judged counts for the present one.
        (self._window if window.closed <= now - self._lag_s else window).refused[name] += 1
        self._row += 1
        if pause_s and self._row >= REFUSED_IN_A_ROW and window.share > OVERLOADED_SHARE:
            self._paused_until = max(self._paused_until, now + pause_s)
        self._review(now)

    def _taken(self, spent_s: float | None) -> None:
        now = self._clock.now()
        self._row = 0
        # A gateway that always says that nothing is left must not hold anybody back: it must have refused lately.
        if spent_s and self._limits_now():
            self._paused_until = max(self._paused_until, now + spent_s)
        self._review(now)

    def _limits_now(self) -> bool:
        return self._clock.now() - self._refused_at < REFUSALS_REMEMBERED_S

    def _review(self, now: float) -> None:
        """Close the window if it is over, and judge those whose refusals are there."""
        open_s = now - self._window.opened
        calls = self._window.sent.total()
        if calls and open_s >= WINDOW_S and (calls >= WINDOW_CALLS or open_s >= LONGEST_WINDOW_S):
            self._close(now)
        while self._closed and now >= self._closed[0].closed + self._lag_s:
            self._judge(self._closed.popleft(), now)

    def _close(self, now: float) -> None:
        self._window.closed = now
        self._closed.append(self._window)
        self._window = Window(now)

    def _judge(self, window: Window, now: float) -> None:
        calls, share = window.sent.total(), window.share
        self._lag_s *= LAG_DECAY
        if not calls or not window.seconds:
            return
        noise = math.sqrt(share * (1 - share) / calls)
        self._scattered = min(self._scattered, share + 2 * noise)
        taken = max(calls - window.refused.total(), 0)
        self._taken_lately.append((window.opened, window.closed, taken))
        while self._taken_lately[0][1] < now - FLOOR_S:
            self._taken_lately.popleft()
        if window.opened < self._changed_at:
            return  # it was sent at another speed
        if (name := _refused_alone(window)) is not None:
            self._part(name, window, now)
            return
        speed = calls / window.seconds
        if self.rate_per_s is None:
            allowed = max(OVERLOADED_SHARE, self._scattered + TOO_MANY)
            if calls >= FIRST_WINDOW_CALLS and share > allowed + BEYOND_CHANCE * noise:
                self._cut(speed, share, taken / window.seconds, now)
        elif share - noise > self._scattered + TOO_MANY:
            self._cut(speed, share, taken / window.seconds, now)
        elif share <= self._scattered + FEW:
            self._grow(speed, now)
        else:
            self._growth = FIRST_GROWTH

    def _part(self, name: str, window: Window, now: float) -> None:
        """Give a tier its own pace, at what was taken of it."""
        if self.rate_per_s is not None:
            self._tell(self._together, None)
        self._names.discard(name)
        own = self._apart[name] = Pace(self._clock, self._tell)
        own._names.add(name)
        taken = max(window.sent[name] - window.refused[name], 0) / window.seconds
        own._change(max(taken * CUT_TO_TAKEN, SLOWEST_PER_S), now)
        self._change(None, now)

    @property
    def _together(self) -> str:
        """The tiers at this pace, in words."""
        return " + ".join(sorted(self._names))

    def _cut(self, speed: float, share: float, taken_per_s: float, now: float) -> None:
        # Were speed the reason, what is taken would stay as it was, and so its share would rise as the speed fell.
        before, after = 1 - self._cut_share, 1 - share
        due = before * math.sqrt(max(self._cut_speed / speed, 1.0))
        helped = after > due or after < HARDLY_ANY or now - self._cut_at > CUT_AGAIN_S or speed > self._cut_speed
        self._in_vain = 0 if helped else self._in_vain + 1
        self._growth = FIRST_GROWTH
        if self._in_vain >= CUTS_IN_VAIN:
            self._in_vain, self._scattered = 0, min(share, MOST_SCATTERED)
            return
        self._cut_at, self._cut_share, self._cut_speed = now, share, speed
        slower = max(taken_per_s * CUT_TO_TAKEN, (self.rate_per_s or speed) * DEEPEST_CUT, self._floor(now))
        self._change(min(slower, self.rate_per_s or speed), now)

    def _floor(self, now: float) -> float:
        """Half of what was taken in the last half minute, so that a lull of the host does not end in a crawl."""
        opened = self._taken_lately[0][0]
        taken = sum(calls for _, _, calls in self._taken_lately)
        return max(FLOOR_OF_TAKEN * taken / max(now - opened, WINDOW_S), SLOWEST_PER_S)

    def _grow(self, speed: float, now: float) -> None:
        assert self.rate_per_s is not None
        if self.rate_per_s > LIFTED * speed and not self._lines:
            self._change(None, now)
            return
        self._change(self.rate_per_s * self._growth, now)
        self._growth = min(1 + (self._growth - 1) * FASTER, MOST_GROWTH)

    def _change(self, rate_per_s: float | None, now: float) -> None:
        cut_or_lifted = rate_per_s is None or self.rate_per_s is None or rate_per_s < self.rate_per_s
        self.rate_per_s, self._changed_at = rate_per_s, now
        self._close(now)
        if cut_or_lifted:
            self._tell(self._together, rate_per_s)


def _refused_alone(window: Window) -> str | None:
    """The tier that was refused while others were taken; None where none was, or all were."""
    for name, calls in window.sent.items():
        others = window.sent.total() - calls
        refused, others_refused = window.refused[name], window.refused.total() - window.refused[name]
        if min(calls, others) >= WINDOW_CALLS and refused > calls * OVERLOADED_SHARE and others_refused <= others * FEW:
            return name
    return None
