"""What the block tree says: its explanation, its columns, and the words for kinds and shortcuts."""

from __future__ import annotations

from explorer.app.text import tr
from explorer.networks.lesion import Mode
from explorer.networks.spec import BlockSpec

ABOUT = (
    "Every part of the network, from input to output, with its parameters and its multiply-adds for one image; a "
    "stage's are those of all its blocks. A click on a heading sorts the blocks of each stage, a third one brings the "
    "network's order back; further columns are in the menu above.\n\n"
    "The switch deletes a block: its residual branch gives zero, its shortcut stays (Veit et al. 2016, section 4.1). "
    "X cuts the shortcut instead: then only the residual branch is left. Blocks of equal shape can change places "
    "(section 4.3): drag one onto another in the diagram, or press Alt and an arrow key there; ↔ marks a block in "
    "another one's place. A block without a switch can't be deleted: Space on it says why.\n\n"
    "A plain network has layers in the place of blocks: a deleted layer of equal shape passes its input on; of one "
    "that changes the shape, where it can be deleted, the input goes on subsampled and padded. A max pool stays where "
    "it is. A deleted layer of a DenseNet adds zeros in the place of its channels.\n\n"
    "In a deep network, deleting one block that does not change the shape is hardly noticeable; one that halves the "
    "map makes a visible dip. Many at once add up: with ten of 54 deleted the paper's error is near 0.2, with twenty "
    "it is severe. That holds for whole blocks of such networks, not for any layer of any network."
)

COLUMNS = (
    ("parameters", "Params", "Parameters", "Learned numbers, those of batch norm included"),
    ("macs", "MACs", "Multiply-adds", "Multiply-adds of conv and linear layers for one image"),
    ("activations", "Memory", "Activation memory", "What one image's maps take up in float32"),
    ("time", "Time", "Measured time", "Of one pass, as measured here"),
)
"""Key, heading, name in the menu, and tooltip."""

_KINDS = {
    "basic": "basic block",
    "bottleneck": "bottleneck block",
    "layer": "plain layer",
    "mbconv": "inverted residual block",
    "dense layer": "dense layer",
    "fully connected": "block of two layers",
}
_SHORTCUTS = {
    "identity": "identity shortcut",
    "projection": "projection shortcut",
    "subsampling": "subsampling shortcut",
    "scale": "scaled shortcut",
    "gate": "gated shortcut",
    "dropout": "dropout shortcut",
    "concat": "concatenation",
    "none": "no shortcut",
}
_STATES = {"whole": "present", "deleted": "deleted", "cut": "shortcut cut"}


def spoken(block: BlockSpec, mode: Mode) -> str:
    """A block's row, as a screen reader says it."""
    kind, state = tr(_KINDS.get(block.kind, block.kind)), tr(_STATES[mode])
    if block.kind == "layer":
        text = tr("{id}, {kind}, {state}", id=block.id, kind=kind, state=state)
    else:
        shortcut = tr(_SHORTCUTS[block.shortcut])
        text = tr("{id}, {kind}, {shortcut}, {state}", id=block.id, kind=kind, shortcut=shortcut, state=state)
    return tr("{block}, can't be deleted", block=text) if block.kept else text
