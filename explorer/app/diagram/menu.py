"""What can be done to a block, as a context menu."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from explorer.app.diagram.dragging import neighbour
from explorer.app.text import tr
from explorer.networks.graph import Graph
from explorer.networks.lesion import Mode

if TYPE_CHECKING:
    from explorer.app.diagram.mouse import MouseView


def block_menu(view: MouseView, graph: Graph, block_id: str, mode: Mode) -> QMenu:
    """Delete or restore, cut or restore the shortcut, move, open; the keys that do the same stand beside."""
    menu = QMenu(view)
    menu.setToolTipsVisible(True)
    block = next(node.block for node in graph.nodes if node.id == block_id)
    assert block is not None
    text = tr("Restore {id}", id=block_id) if mode == "deleted" else tr("Delete {id}", id=block_id)
    menu.addAction(f"{text}\t{tr('Space')}", partial(view.delete_toggled.emit, block_id))
    if block.shortcut != "none":
        text = tr("Restore its shortcut") if mode == "cut" else tr("Cut its shortcut")
        menu.addAction(f"{text}\tX", partial(view.cut_toggled.emit, block_id))
    menu.addSeparator()
    for step, text, keys in ((-1, tr("Move backward"), "Alt+←"), (1, tr("Move forward"), "Alt+→")):
        place = neighbour(graph, block_id, step)
        action = menu.addAction(f"{text}\t{keys}", partial(view.moved.emit, block_id, place or ""))
        action.setEnabled(place is not None)
        if place is not None:
            action.setToolTip(tr("Swap with what stands at {place}, the next of equal shape", place=place))
    menu.addSeparator()
    menu.addAction(f"{tr('Open')}\t{tr('Enter')}", partial(view.open_part, block_id))
    return menu
