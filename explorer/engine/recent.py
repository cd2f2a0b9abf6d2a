"""A mapping that keeps the last few entries used."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

Value = TypeVar("Value")


class Recent(OrderedDict[Hashable, Value]):
    """Forgets what was not used for longest.

    Args:
        size: how many entries it keeps.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def use(self, key: Hashable) -> Value | None:
        """What is kept under a key, if anything, which then counts as the last used."""
        if key not in self:
            return None
        self.move_to_end(key)
        return self[key]

    def __setitem__(self, key: Hashable, value: Value) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self._size:
            self.popitem(last=False)
