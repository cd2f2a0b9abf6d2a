"""Accuracies that papers printed for networks of the catalogue, each with where it stands.

Only figures of the papers themselves, or of their authors' own pages; torchvision's weights bring theirs with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from explorer.networks.catalog import preset_name
from explorer.networks.spec import NetworkSpec

_CIFAR = "CIFAR-10"
_IMAGENET = "ImageNet"
_HE15 = "He et al. 2015, arXiv:1512.03385"
_HE16 = "He et al. 2016, arXiv:1603.05027"
_WRN = "Zagoruyko and Komodakis 2016, arXiv:1605.07146"


@dataclass(frozen=True)
class Published:
    """A top-1 error.

    Attributes:
        error: in per cent.
        data: which images, and how they were shown.
        source: paper and table.
    """

    error: float
    data: str
    source: str

    @property
    def accuracy(self) -> float:
        """Top-1 share of correct predictions."""
        return round((100 - self.error) / 100, 6)


def _of(source: str, data: str, errors: dict[str, float]) -> dict[str, Published]:
    return {name: Published(error, data, source) for name, error in errors.items()}


_ERRORS: dict[str, Published] = {
    **_of(
        f"{_HE15}, Table 6", f"{_CIFAR} test",
        {"resnet20": 8.75, "resnet32": 7.51, "resnet44": 7.17, "resnet56": 6.97, "resnet110": 6.43, "resnet1202": 7.93},
    ),
    **_of(f"{_HE15}, Table 2", f"{_IMAGENET} validation, 10 crops", {"plain18": 27.94, "plain34": 28.54}),
    **_of(
        f"{_HE15}, Table 3", f"{_IMAGENET} validation, 10 crops",
        {
            "vgg16": 28.07, "resnet34": 24.52, "resnet50_v1": 22.85, "resnet101_v1": 21.75, "resnet152_v1": 21.43,
        },
    ),
    **_of(f"{_HE16}, Table 3", f"{_CIFAR} test, median of 5 runs", {
        "preresnet110": 6.37, "resnet164": 5.93, "preresnet164": 5.46, "resnet1001": 7.61, "preresnet1001": 4.92,
    }),
    **_of(f"{_HE16}, Table 2", f"{_CIFAR} test, median of 5 runs", {
        "resnet110_bn_after": 8.17, "resnet110_relu_before": 7.84, "resnet110_relu_only": 6.71,
    }),
    **_of(f"{_HE16}, Table 1", f"{_CIFAR} test, median of 5 runs", {
        "resnet110_scale_both": 12.35, "resnet110_exclusive_gate": 8.70, "resnet110_shortcut_gate": 6.91,
        "resnet110_conv_shortcut": 12.22,
    }),
    **_of(f"{_HE16}, Table 5", f"{_IMAGENET} validation, one crop of 320 px", {
        "resnet200": 21.8, "preresnet200": 20.7,
    }),
    **_of(f"{_WRN}, Table 5", f"{_CIFAR} test", {"wrn28_10": 4.00, "wrn40_4": 4.53}),
    **_of("Xie et al. 2017, arXiv:1611.05431, Table 7", f"{_CIFAR} test, mean of 10 runs", {"resnext29_8x64d": 3.65}),
    **_of("Huang et al. 2017, arXiv:1608.06993, Table 2", f"{_CIFAR} test, augmented", {
        "densenet40_12": 5.24, "densenet_bc100_12": 4.51,
    }),
}  # fmt: skip


def published(spec: NetworkSpec) -> Published | None:
    """What its paper printed for a network, whatever its input and classes are now; None where none is known."""
    return _ERRORS.get(preset_name(spec) or "")
