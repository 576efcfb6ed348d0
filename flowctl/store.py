"""What a step may keep over restarts: a small mapping of JSON values."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any


class Store(MutableMapping[str, Any]):
    """State of one step; reading is instant, writing is saved soon by the engine's writer."""

    def __init__(
        self,
        held: dict[str, Any] | None = None,
        save: Callable[[str, Any], None] | None = None,
    ) -> None:
        self._held = held if held is not None else {}
        self._save = save

    def __getitem__(self, key: str) -> Any:
        return self._held[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._held[key] = value
        if self._save:
            self._save(key, value)

    def __delitem__(self, key: str) -> None:
        del self._held[key]
        if self._save:
            self._save(key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)
