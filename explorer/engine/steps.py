"""Jobs are generators: they yield `Step`s or partial results, and their return value is the result."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")


def finish(job: Generator[Any, None, Result], tell: Callable[[Any], object] | None = None) -> Result:
    """Run a job to its end, telling each step to `tell`; what the command line does with every job."""
    while True:
        try:
            step = next(job)
        except StopIteration as end:
            result: Result = end.value
            return result
        if tell is not None:
            tell(step)
