"""The papers that residual networks come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.networks.families.resnet import ResNetSpec

DEEP_RESIDUAL = "He et al. 2015, Deep Residual Learning for Image Recognition (arXiv:1512.03385)"
_IDENTITY_MAPPINGS = "He et al. 2016, Identity Mappings in Deep Residual Networks (arXiv:1603.05027)"
_WIDE = "Zagoruyko and Komodakis 2016, Wide Residual Networks (arXiv:1605.07146)"
_AGGREGATED = "Xie et al. 2017, Aggregated Residual Transformations for Deep Neural Networks (arXiv:1611.05431)"
_ENSEMBLES = (
    "Veit et al. 2016, Residual Networks Behave Like Ensembles of Relatively Shallow Networks (arXiv:1605.06431)"
)


def papers(spec: ResNetSpec) -> tuple[str, ...]:
    """Those of a network, the first one first."""
    later = (
        (spec.order != "original" or spec.variant != "none", _IDENTITY_MAPPINGS),
        (spec.base_width != 64 or spec.widening is not None, _WIDE),
        (spec.groups > 1, _AGGREGATED),
        (spec.downsampling == "pool", _ENSEMBLES),
    )
    return (DEEP_RESIDUAL, *(paper for applies, paper in later if applies))
