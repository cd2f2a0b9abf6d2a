"""The plain twin that a network is shown beside, where one comes with the program."""

from __future__ import annotations

from explorer.engine.records import WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.networks import catalog
from explorer.networks.checks import SpecError
from explorer.networks.spec import NetworkSpec


def twin_of(spec: NetworkSpec) -> tuple[NetworkSpec, WeightsRef] | None:
    """The bundled plain twin, with the input that its weights need; None where there is none, or the network is plain
    itself.

    Args:
        spec: of a network with shortcuts.
    """
    if spec.plain:
        return None
    try:
        twin = spec.twin()
    except SpecError:
        return None
    found = bundled_network(catalog.preset_name(twin) or "")
    return None if found is None else (found[0], WeightsRef(WeightsKind.BUNDLED, found[1]))
