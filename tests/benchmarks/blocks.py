"""What blocks add, of ResNet-56 over 64 images (ratio, cosine, every layer's response, all early exits), against a
plain forward pass of the same batches: at most 1.5 in time on one thread."""

from __future__ import annotations

import torch

from explorer.engine.build import build
from explorer.engine.explain.block_taps import Walk
from explorer.engine.steps import finish
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT
from tests.benchmarks.common import side_by_side, tell


def main(rounds: int = 9, images: int = 64, batch: int = 8) -> None:
    torch.set_num_threads(1)
    spec = PRESETS["resnet56"].with_(in_channels=1, side=28)
    network = build(spec, seed=0).eval()
    batches = torch.randn(images, 1, 28, 28, generator=torch.Generator().manual_seed(0)).split(batch)
    walk = Walk(network, INTACT)

    def ours() -> None:
        for x in batches:
            figures = finish(walk.steps(x))
            assert figures.response.shape == (batch, 55)

    def plain() -> None:
        with torch.inference_mode():
            for x in batches:
                network(x)

    ours_s, plain_s = side_by_side(ours, plain, rounds)
    tell(ratio=ours_s / plain_s, at_most=1.5, ours_s=ours_s, plain_s=plain_s, images=images, rounds=rounds)


if __name__ == "__main__":
    main()
