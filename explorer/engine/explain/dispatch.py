"""From a request to the module that answers it, which is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from explorer.engine.explain.records import ExplainRequest

if TYPE_CHECKING:
    from explorer.engine.session import Session


def run(session: Session, request: ExplainRequest) -> Generator[Any, None, Any]:
    """The job of a request.

    Args:
        session: gives networks and images.
        request: of one of the views; its `view` names the module.
    """
    module = import_module(f"{__package__}.{request.view}")
    return (yield from module.run(session, request))
