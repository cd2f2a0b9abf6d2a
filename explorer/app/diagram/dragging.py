"""A block's card on its way to another place of equal shape (reordering: Veit et al. 2016, section 4.3)."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF

from explorer.app.diagram.items import CardItem
from explorer.app.diagram.look import Look
from explorer.networks.graph import Graph, Node
from explorer.networks.spec import BlockSpec


class Drag:
    """What is being dragged, and where it may go: the two blocks change places, so a target is another block of equal
    shape. Nothing of the network changes here.

    Args:
        card: that was taken.
        at: where, in the scene.
        ghost: another card of the same block, which follows the mouse.
        cards: of the scene.
        look: of the scene; holds the targets while the drag lasts.
    """

    def __init__(self, card: CardItem, at: QPointF, ghost: CardItem, cards: Mapping[str, CardItem], look: Look) -> None:
        self.ghost = ghost
        self._card = card
        self._offset = card.pos() - at
        self._cards = cards
        self._look = look
        own = _block(card)
        look.targets = frozenset(
            name for name, other in cards.items() if other is not card and _fits(own, other.box.cell.node)
        )
        ghost.lift()
        self.move(at)

    def move(self, at: QPointF) -> None:
        """The mouse is here."""
        self.ghost.setPos(at + self._offset)
        over = next(
            (name for name in self._look.targets or () if self._cards[name].sceneBoundingRect().contains(at)), None
        )
        if over != self._look.over:
            changed = {self._look.over, over} - {None}
            self._look.over = over
            for name in changed:
                self._cards[str(name)].update()

    def end(self) -> str | None:
        """Put it down: the place that it was over, None where it was over none."""
        over = self._look.over
        self._look.targets = self._look.over = None
        return None if over is None else self._cards[over].box.cell.node.place


def neighbour(graph: Graph, block_id: str, step: int) -> str | None:
    """The nearest place of equal shape before (-1) or after (+1) a block; None where there is none."""
    nodes = [node for node in graph.nodes if node.block is not None]
    here = next((index for index, node in enumerate(nodes) if node.id == block_id), None)
    if here is None:
        return None
    own = nodes[here].block
    assert own is not None
    way = nodes[here + 1 :] if step > 0 else nodes[:here][::-1]
    return next((node.place for node in way if _fits(own, node)), None)


def _block(card: CardItem) -> BlockSpec:
    block = card.box.cell.node.block
    assert block is not None
    return block


def _fits(block: BlockSpec, node: Node) -> bool:
    return node.block is not None and node.block.form == block.form
