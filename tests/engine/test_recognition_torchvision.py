"""torchvision's own models, built without memory, are recognised exactly; and files lead to their networks."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import get_model, list_models

from explorer.networks.catalog import PRESETS
from explorer.networks.recognition import recognise

NAMES = [name for name in list_models() if name in PRESETS]


@pytest.mark.parametrize("name", NAMES)
def test_torchvisions_models_are_recognised_exactly(name: str) -> None:
    with torch.device("meta"):
        model = get_model(name, num_classes=1000)
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = recognise(shapes).candidates
    assert found[0].spec == PRESETS[name].with_(side=found[0].spec.side)
    assert dict(found[0].names) == {key: key for key in shapes}
    assert {each.spec.family for each in found} == {PRESETS[name].family}


def test_another_library_has_no_network_here() -> None:
    with torch.device("meta"):
        model = get_model("vit_b_16")
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    assert not recognise(shapes).candidates
