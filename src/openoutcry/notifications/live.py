"""Open pages that are told at once what happens in an inbox."""

from collections.abc import Callable

from openoutcry.ports.notifications import InboxChange, InboxListener


class OpenPages:
    """`LiveInbox` of one process."""

    def __init__(self) -> None:
        self._listeners: dict[int, list[InboxListener]] = {}

    def listen(self, person_id: int, listener: InboxListener) -> Callable[[], None]:
        """Call the listener for each change from now on; returns how to stop."""
        self._listeners.setdefault(person_id, []).append(listener)

        def stop() -> None:
            mine = self._listeners.get(person_id, [])
            if listener in mine:
                mine.remove(listener)
            if not mine:
                self._listeners.pop(person_id, None)

        return stop

    def has_page(self, person_id: int) -> bool:
        """Whether anybody listens."""
        return person_id in self._listeners

    def tell(self, person_id: int, change: InboxChange) -> None:
        """Tell all pages of a person."""
        for listener in list(self._listeners.get(person_id, ())):
            listener(change)
