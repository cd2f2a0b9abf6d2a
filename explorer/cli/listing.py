"""`list`: every network that has a name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from explorer.engine.records import WeightsInfo, WeightsKind
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec

_ROW = "  {name:<26}{depth:>6}{parameters:>14}{macs:>17}  {weights}"


def list_networks(arguments: argparse.Namespace) -> None:
    """Print depth, parameters, MACs and the weights there are for every preset, family by family."""
    from explorer.engine import weights

    infos = (*weights.bundled(), *weights.torchvision_weights())
    networks = [_network(name, spec, infos) for name, spec in PRESETS.items()]
    print(json.dumps({"networks": networks}, ensure_ascii=False) if arguments.json else "\n".join(_lines(networks)))


def _network(name: str, spec: NetworkSpec, infos: Sequence[WeightsInfo]) -> dict[str, Any]:
    cost = network_cost(spec)
    return {
        "name": name,
        "title": spec.name,
        "heading": spec.heading,
        "depth": spec.depth,
        "parameters": cost.parameters,
        "macs": cost.macs,
        "input": list(spec.input_shape),
        "classes": spec.classes,
        "weights": [
            {
                "name": info.ref.value,
                "bundled": info.ref.kind is WeightsKind.BUNDLED,
                "accuracy": info.accuracy,
            }
            for info in infos
            if info.spec.same_architecture(spec)
        ],
    }


def _lines(networks: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for heading in dict.fromkeys(network["heading"] for network in networks):
        lines += [
            "",
            heading,
            _ROW.format(name="", depth="depth", parameters="parameters", macs="MACs", weights="weights"),
        ]
        lines += [
            _ROW.format(
                name=network["name"], depth=f"{network['depth']:,}", parameters=f"{network['parameters']:,}",
                macs=f"{network['macs']:,}", weights=_weights(network["weights"]),
            ).rstrip()
            for network in networks
            if network["heading"] == heading
        ]  # fmt: skip
    return lines[1:]


def _weights(found: Sequence[dict[str, Any]]) -> str:
    """Bundled ones first, then how many of torchvision's; each with the best accuracy."""
    parts = []
    for bundled, words in ((True, "Fashion-MNIST (bundled)"), (False, "ImageNet (torchvision)")):
        own = [one for one in found if one["bundled"] is bundled]
        if own:
            best = max(one["accuracy"] or 0.0 for one in own)
            parts.append(f"{words} {100 * best:.1f} %")
    return ", ".join(parts)
