"""A path through the network, lit in the diagram: through the branches of some blocks, around others."""

from __future__ import annotations

from explorer.app.diagram.scene import DiagramScene


def light_path(scene: DiagramScene, taken: frozenset[str], around: frozenset[str]) -> None:
    """Light a path in place of the one before; empty sets for none.

    Args:
        scene: where.
        taken: ids of the blocks whose branch it takes.
        around: ids of the blocks whose shortcut it takes.
    """
    look = scene.look
    if (look.taken, look.around) == (taken, around):
        return
    touched = look.taken | look.around | taken | around
    look.taken, look.around = taken, around
    if scene.bring_out(taken | around):
        return
    for block in touched:
        card = scene.card_of(block)
        if card is not None:
            card.update()
        if block in scene.arcs:
            scene.arcs[block].refresh()
    if scene.summary:
        scene.update()
