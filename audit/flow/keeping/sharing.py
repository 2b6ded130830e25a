"""A command's session with the store that it shares with other machines: `store: {path: s3://bucket/team}`.

It begins with what others have shared, shares what it pays for every minute and at its end, and works on this machine's
copy in between, so that an outage of the storage costs others money and this command nothing.
"""

from __future__ import annotations

import threading
from contextlib import closing, suppress

from audit.core.artifacts import RunFolder
from audit.core.errors import AuditError, InputError
from audit.core.settings import Settings
from audit.flow.places import copy_of_store, store_address, store_folder
from audit.storage.address import ObjectAddress
from audit.storage.working_copy import EVERY_S
from audit.store.answers import AnswerStore
from audit.store.shared import SharedStore, TakenIn


class Sharing:
    """A session, from `open` to `close`."""

    def __init__(self, store: SharedStore, *, every_s: float = EVERY_S) -> None:
        self.address: ObjectAddress = store.address
        self._store = store
        self._every_s = every_s
        self._put: dict[str, int] = {}
        """Pieces by name, each with the number of its answers."""
        self._stop = threading.Event()
        self._helper = threading.Thread(target=self._go_on, name="share", daemon=True)

    def open(self) -> TakenIn:
        """Take in what others have shared and erased, and go on to share what is paid for, until `close`.

        Raises:
            InputError: The storage refuses, or an erasure there is damaged: without it all that others have paid for
                would be paid again.
        """
        try:
            taken = self._store.take_in()
        except InputError as error:
            error.notes = (*error.notes, "nothing was sent to a tier, $0.00 spent")
            own = f"to go on with what this machine has:  --store {self._store.folder}"
            error.hint = own if error.hint is None else f"{error.hint}; {own}"
            raise
        self._helper.start()
        return taken

    def close(self) -> int:
        """Share for the last time; how many answers this session has shared.

        Raises:
            InputError: The storage refuses. The copy keeps everything, and the next session shares it.
        """
        self._stop.set()
        if self._helper.is_alive():
            self._helper.join()
        self._put |= self._store.share()
        if len(self._put) > 1:
            with suppress(InputError):  # more pieces than need be are no harm
                self._store.gather(list(self._put))
        return sum(self._put.values())

    def _go_on(self) -> None:
        while not self._stop.wait(self._every_s):
            with suppress(AuditError, OSError):  # whatever it is, the last one says it
                self._put |= self._store.share()


def forget_answers(
    settings: Settings, run: RunFolder, own: frozenset[str], judged: frozenset[str], *, sure: bool
) -> int:
    """Erase answers from the store of a run; how many. Where machines share it, none of them brings an answer to one of
    this person's requests back; what judges are asked is about others too, and may be asked again.

    Args:
        own: Fingerprints of the person's requests.
        judged: These, and all that judges were asked in the run.
        sure: Do it; False counts alone.

    Raises:
        InputError: The store cannot be read or written.
    """
    store, address = store_folder(settings, run), store_address(settings)
    if store is None:
        return 0
    if address is not None:
        return SharedStore(address, store).forget(own, judged, sure=sure)
    with closing(AnswerStore(store)) as answers:
        return answers.forget(judged, sure=sure)


def shared_store(address: ObjectAddress, run: RunFolder | None = None) -> SharedStore:
    """The store at an address, with this machine's copy: beside a run, or in `runs/`."""
    beside = {} if run is None else {"beside": run.path.parent}
    return SharedStore(address, copy_of_store(address, **beside))


def sharing_of(settings: Settings, run: RunFolder | None) -> Sharing | None:
    """The session that a command needs which takes answers; None where it shares no store, or none is asked.

    Args:
        run: Its folder; None where it has the default one.

    Raises:
        InputError: An address of an unknown scheme.
    """
    address = store_address(settings)
    if address is None or settings.replay.offline or settings.replay.cassette is not None:
        return None
    return Sharing(shared_store(address, run))
