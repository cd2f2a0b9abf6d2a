"""One figure of a lesson on its way."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.engine.explain.records import ExplainRequest
from explorer.engine.lesson_records import Figure, Measured
from explorer.engine.records import DataRef, Step, WeightsRef
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.engine.session import Session

DATA = DataRef("fashion-mnist")
Work = Generator[Step, None, Measured]


@dataclass(frozen=True)
class Task:
    """One figure to be measured.

    Attributes:
        session: to measure on.
        figure: which.
        spec, weights: of its network, with the input that the weights need.
        device: torch's name.
        kept: results of requests that several figures of a step share.
    """

    session: Session
    figure: Figure
    spec: NetworkSpec
    weights: WeightsRef
    device: str
    kept: dict[ExplainRequest, Any] = field(default_factory=dict)

    @property
    def images(self) -> int:
        return int(self.figure.arguments["images"])

    @property
    def seeds(self) -> int:
        return int(self.figure.arguments["seeds"])

    def explain(self, request: ExplainRequest, step_of: Callable[[Any], Step]) -> Generator[Step, None, Any]:
        """The result of a view's request, measured once."""
        if request not in self.kept:
            self.kept[request] = yield from retold(self.session.explain(request), step_of)
        return self.kept[request]


def retold(job: Generator[Any, None, Any], step_of: Callable[[Any], Step]) -> Generator[Step, None, Any]:
    """A job whose partial results are told as steps; closed where it is dropped."""
    with closing(job):
        while True:
            try:
                value = next(job)
            except StopIteration as end:
                return end.value
            yield value if isinstance(value, Step) else step_of(value)
