"""Networks with blocks left out are drawn like any other."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from explorer.app.diagram import words
from explorer.app.diagram.view import DiagramView
from explorer.networks.families.pruned import pruned
from explorer.networks.graph import block_graph, operation_graph
from explorer.networks.lesion import Lesion
from tests.engine.test_code import SMALL


@pytest.mark.parametrize("name", sorted(SMALL))
def test_what_remains_of_any_block_is_drawn_and_described(name: str, qtbot: QtBot) -> None:
    view = DiagramView()
    qtbot.addWidget(view)
    spec = SMALL[name]
    ids = [block.id for block in spec.all_blocks if not block.kept]
    for gone in [ids[:1], ids[-1:], ids[1:]]:
        if not gone:
            continue
        small = pruned(spec, Lesion(frozenset(gone)))
        view.set_spec(small)
        assert not view.grab().isNull()
        for node in block_graph(small).nodes:
            assert operation_graph(small, node.id).nodes if node.kind in ("stem", "block", "head") else True
            if node.block is not None:
                assert words.kernels_text(node)
                assert words.formula(node.block, "whole", node.input)
                assert words.deletion_text(node.block)


def test_a_card_says_that_only_the_shortcut_is_left(qtbot: QtBot) -> None:
    spec = SMALL["basic B"]
    small = pruned(spec, Lesion(frozenset(["layer2.0"])))
    texts = {node.id: words.kernels_text(node) for node in block_graph(small).nodes if node.block is not None}
    assert texts["layer2.0"] == "1×1"
    other = pruned(SMALL["basic A"], Lesion(frozenset(["layer2.0"])))
    texts = {node.id: words.kernels_text(node) for node in block_graph(other).nodes if node.block is not None}
    assert texts["layer2.0"] == "shortcut"
