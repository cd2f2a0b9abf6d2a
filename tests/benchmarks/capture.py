"""All block outputs and the prediction of ResNet-50 at 224x224, against torchvision's plain forward: at most 1.10."""

from __future__ import annotations

import torch
import torchvision

from explorer.engine.build import build
from explorer.engine.capture import capture, parts_to_keep
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT
from tests.benchmarks.common import side_by_side, tell


def main(rounds: int = 15) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    spec = PRESETS["resnet50"]
    plain_network = torchvision.models.resnet50().eval().to(device)
    network = build(spec, seed=None)
    network.load_state_dict(plain_network.state_dict())
    network.to(device)
    x = torch.randn(1, 3, 224, 224, device=device)
    keep = parts_to_keep(spec)

    def ours() -> object:
        logits, maps = capture(network, x, INTACT, keep)
        assert maps.keys() >= set(spec.block_ids)
        return torch.softmax(logits, 1).cpu()

    def plain() -> object:
        with torch.inference_mode():
            return torch.softmax(plain_network(x), 1).cpu()

    ours_s, plain_s = side_by_side(ours, plain, rounds)
    tell(ratio=ours_s / plain_s, at_most=1.10, ours_s=ours_s, plain_s=plain_s, rounds=rounds, device=device)


if __name__ == "__main__":
    main()
