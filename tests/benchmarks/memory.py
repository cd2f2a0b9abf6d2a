"""Peak memory of a ResNet-152 run at 224x224 with the maps of every block at hand, against the plain forward: at most
1.25. Each runs in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys

from tests.benchmarks.common import tell


def plain() -> None:
    import torch
    import torchvision

    network = torchvision.models.resnet152().eval()
    with torch.inference_mode():
        network(torch.randn(1, 3, 224, 224))


def ours() -> None:
    from explorer.engine.records import UNTRAINED, PictureRequest
    from explorer.engine.session import Session
    from explorer.engine.steps import finish
    from explorer.networks.catalog import PRESETS

    session = Session()
    picture = finish(session.open_picture("chart", None))
    result = finish(session.run_picture(PictureRequest(PRESETS["resnet152"], UNTRAINED, picture)))
    assert set(PRESETS["resnet152"].block_ids) <= result.maps.keys()


def _peak(name: str) -> float:
    """MiB of a fresh process that runs one of the above."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.memory", name], check=True, capture_output=True, text=True
    )
    return float(done.stdout.split()[-1])


def main() -> None:
    if len(sys.argv) > 1:
        {"plain": plain, "ours": ours}[sys.argv[1]]()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(peak / (2**20 if sys.platform == "darwin" else 2**10))
        return
    ours_mib, plain_mib = _peak("ours"), _peak("plain")
    tell(ratio=ours_mib / plain_mib, at_most=1.25, ours_mib=ours_mib, plain_mib=plain_mib)


if __name__ == "__main__":
    main()
