"""Whether a state dict fits a network, what of the network must change for it, and which network it looks like."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from explorer.engine.recognising import described, not_fitting, times
from explorer.engine.words import listed
from explorer.errors import UserError
from explorer.networks.naming import COUNTER
from explorer.networks.operations import parameter_shapes
from explorer.networks.recognition import Candidate, compare, recognise
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

State = dict[str, Tensor]


def fit_state(state: State, spec: NetworkSpec, name: str) -> tuple[NetworkSpec, State]:
    """The network with the input channels and classes of the weights, and the weights complete.

    Counters of batches that old files lack are added. Values that are no numbers stay; `broken_values` tells of them.

    Args:
        state: under the names of the file.
        spec: the network that was asked for.
        name: of the file, for errors.

    Raises:
        UserError: entries are missing, unknown or of another shape; it says which network would fit.
    """
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    candidate = compare(shapes, spec)
    if not candidate.fits:
        found = recognise(shapes, spec).candidates
        if found:
            raise UserError(
                "{name} looks like {other}, not like {network}: choose that network.",
                name=name, other=described(found[0].spec, spec), network=described(spec, found[0].spec),
            )  # fmt: skip
        raise not_fitting(candidate, name)
    fitted = _completed(state, candidate)
    negative = [key for key, value in fitted.items() if key.endswith("running_var") and (value.numpy() < 0).any()]
    if negative:
        raise UserError(
            "{name} holds variances below 0 in {count} of its entries ({keys}); its training went wrong or the file is "
            "damaged.",
            name=name, count=len(negative), keys=listed(negative),
        )  # fmt: skip
    return candidate.spec, fitted


def broken_values(state: State, name: str) -> str:
    """One sentence that names the entries with values that are no numbers, empty where there are none."""
    # NumPy checks in this thread; torch would wake its whole pool for each of thousands of small tensors.
    broken = [key for key, value in state.items() if not np.isfinite(value.numpy()).all()]
    if not broken:
        return ""
    words = (
        "{name} is loaded, but holds values that are no numbers (NaN or infinite) in {count:,} of its entries ({keys})."
    )
    if len(broken) == 1:
        words = "{name} is loaded, but holds values that are no numbers (NaN or infinite) in 1 of its entries ({keys})."
    return Sentence(words, name=name, count=len(broken), keys=listed(broken))


def _completed(state: State, candidate: Candidate) -> State:
    """The weights under this program's keys, in the network's order, shapes and types."""
    keys = {name: key for key, name in candidate.names.items()}
    none = torch.zeros(())
    return {
        name: (state[keys[name]] if name in keys else none)
        .reshape(shape)
        .to(torch.long if name.endswith(COUNTER) else torch.float32)
        for name, shape in parameter_shapes(candidate.spec).items()
    }


def adaptation(asked: NetworkSpec, got: NetworkSpec) -> str:
    """One sentence on what the weights changed of the network, empty where nothing."""
    if asked.input_shape != got.input_shape:
        words = "The network was adapted to the weights: its input is now {input} instead of {old_input}."
        if asked.classes != got.classes:
            words = (
                "The network was adapted to the weights: its input is now {input} instead of {old_input} and it has "
                "{classes:,} classes instead of {old_classes:,}."
            )
    elif asked.classes != got.classes:
        words = "The network was adapted to the weights: it has {classes:,} classes instead of {old_classes:,}."
    else:
        return ""
    return Sentence(
        words,
        input=times(got.input_shape), old_input=times(asked.input_shape),
        classes=got.classes, old_classes=asked.classes,
    )  # fmt: skip
