"""Jobs are generators: they yield `Step`s, and their return value is the result."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from explorer.engine.records import Step

Result = TypeVar("Result")


def finish(job: Generator[Step, None, Result], tell: Callable[[Step], object] | None = None) -> Result:
    """Run a job to its end, telling each step to `tell`; what the command line does with every job."""
    while True:
        try:
            step = next(job)
        except StopIteration as end:
            result: Result = end.value
            return result
        if tell is not None:
            tell(step)
