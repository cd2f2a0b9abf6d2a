"""`export`: a network as a file."""

from __future__ import annotations

import argparse

from explorer.cli.values import ids
from explorer.engine.export_records import ExportRequest, check_target
from explorer.engine.records import UNTRAINED
from explorer.networks import catalog
from explorer.networks.lesion import lesion


def export(arguments: argparse.Namespace) -> None:
    """Write the file, and say what is in it."""
    spec = catalog.find(arguments.network)
    check_target(arguments.output)
    done = lesion(spec, ids(arguments.delete), ids(arguments.cut))
    from explorer.engine import weights
    from explorer.engine.session import Session
    from explorer.engine.steps import finish

    ref = UNTRAINED if arguments.weights == "untrained" else weights.parse_ref(arguments.weights, spec)
    request = ExportRequest(spec, ref, arguments.output, done, arguments.precision)
    result = finish(Session().export(request))
    print(result.path)
    print(f"{result.spec.name}: {result.parameters:,} parameters, {result.macs:,} MACs")
    if result.note:
        print(result.note)
