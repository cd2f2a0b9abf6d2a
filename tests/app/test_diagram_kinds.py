"""Plain and pre-activation networks in the diagram: cards, tooltips, formulas, opened parts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from explorer.app.diagram.view import DiagramView
from explorer.app.diagram.words import card_words, formula, tooltip
from explorer.app.theme import theme
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import BlockSpec, NetworkSpec
from tests.app.diagram_support import PLAIN, PRE, RESNET, VGG, make_view


@pytest.mark.parametrize("spec", [PLAIN, VGG])
def test_a_deleted_layer_lets_its_input_pass(qtbot: QtBot, spec: NetworkSpec) -> None:
    view = make_view(qtbot, spec, 1300)
    rect = view.diagram.cards["layer1.1"].box.rect
    through = [QPointF(rect.x + share * rect.width, rect.middle[1] + 1.5) for share in (0.2, 0.5, 0.8)]

    def passing() -> list[bool]:
        picture = view.viewport().grab().toImage()
        return [picture.pixelColor(view.mapFromScene(point)).name() == theme().palette.accent for point in through]

    assert passing() == [False] * 3
    view.set_lesion(Lesion(frozenset({"layer1.1"})))
    assert passing() == [True] * 3


def tip(spec: NetworkSpec, block: str, view: DiagramView, lesion: Lesion = INTACT) -> str:
    view.set_spec(spec)
    view.set_lesion(lesion)
    card = view.diagram.cards[block]
    return tooltip(card.box.cell, spec, card.mode)


def test_nothing_about_a_plain_network_speaks_of_shortcuts(qtbot: QtBot) -> None:
    view = make_view(qtbot, PLAIN, 1300)
    for spec in (PLAIN, VGG):
        for block in spec.block_ids:
            for lesion in (INTACT, Lesion(frozenset({block}))):
                text = tip(spec, block, view, lesion)
                assert "hortcut" not in text
                assert "block" not in text
                assert "projection" not in text
    assert "becomes y = x" in tip(PLAIN, "layer1.1", view)
    assert "subsampled and zero-padded" in tip(PLAIN, "layer2.0", view)
    assert "the max pool before it stays" in tip(VGG, "layer2.0", view)
    # 64·64·9 weights and 2·64 of batch norm; at 16x16 each weight counts 256 times.
    moved = tip(VGG, "layer1.3", view, INTACT.swapped(VGG, "layer1.3", "layer2.1"))
    assert "in the place of layer2.1" in moved
    assert "36,992 parameters, 9,437,184 MACs" in moved


def test_a_tooltip_says_whether_a_block_can_change_places(qtbot: QtBot) -> None:
    view = make_view(qtbot, RESNET)
    assert "changes places" in tip(RESNET, "layer2.1", view)
    assert "changes places" not in tip(RESNET, "layer2.0", view), "no other block halves this map"


def block_of(spec: NetworkSpec, block: str) -> BlockSpec:
    return next(found for found in spec.all_blocks if found.id == block)


@pytest.mark.parametrize(
    ("spec", "block", "whole", "deleted", "cut"),
    [
        (RESNET, "layer1.0", "y = ReLU(F(x) + x)", "so y = ReLU(x) = x", "y = ReLU(F(x))"),
        (RESNET, "layer2.0", "y = ReLU(F(x) + S(x))", "so y = ReLU(S(x))", "y = ReLU(F(x))"),
        (PRESETS["resnet18"], "layer2.0", "y = ReLU(F(x) + P(x))", "so y = ReLU(P(x))", "y = ReLU(F(x))"),
        # He et al. 2016, equation 3: no ReLU behind the addition; section 5: a projection of the activated input.
        (PRE, "layer1.1", "y = F(x) + x", "so y = x", "y = F(x)"),
        (PRE.with_(shortcut="B"), "layer2.0", "y = F(x) + P(a)", "so y = P(a)", "y = F(x)"),
        (PRE.with_(shortcut="C"), "layer1.0", "y = F(x) + P(x)", "so y = P(x)", "y = F(x)"),
        (PLAIN, "layer1.1", "y = ReLU(BN(conv(x)))", "y = x", None),
        (PLAIN, "layer2.0", "y = ReLU(BN(conv(x)))", "y = S(x)", None),
        (VGG, "layer2.0", "y = ReLU(BN(conv(p)))", "y = p", None),
    ],
)
def test_formulas(spec: NetworkSpec, block: str, whole: str, deleted: str, cut: str | None) -> None:
    found = block_of(spec, block)
    assert formula(found, "whole").startswith(whole)
    assert "ReLU(F" not in formula(found, "whole") or not found.preactivated
    assert deleted in formula(found, "deleted")
    if cut is not None:
        assert formula(found, "cut").endswith(cut)


@pytest.mark.parametrize("spec", [PLAIN, VGG, PRE, PRE.with_(shortcut="B"), PRESETS["plain56"]])
@pytest.mark.parametrize("size", [(260, 150), (1400, 600)])
def test_every_part_opens_at_any_size_in_both_themes(qtbot: QtBot, spec: NetworkSpec, size: tuple[int, int]) -> None:
    view = make_view(qtbot, spec, *size)
    for name in ("light", "dark"):
        theme().use(name)  # type: ignore[arg-type]
        for part in ("stem", "layer1.0", "layer2.0", "head"):
            for lesion in (INTACT, Lesion(frozenset({"layer2.0"}))):
                view.set_lesion(lesion)
                assert view.open_part(part)
                assert not view.grab().isNull()
    theme().use("light")


def test_the_pool_explains_itself(qtbot: QtBot) -> None:
    view = make_view(qtbot, VGG, 1300)
    assert view.diagram.layout_ is not None
    for pool in view.diagram.layout_.pools:
        assert view.diagram.pool_at(QPointF(*pool.rect.middle)) == pool.place
    assert view.diagram.pool_at(QPointF(0, 0)) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mlp20_64", ("fc", "10 classes")),
        ("vgg19", ("pool · 3 fc", "1000 classes")),
        ("resnet50", ("pool · fc", "1000 classes")),
        ("densenet121", ("pool · fc", "BN, ReLU first")),
    ],
)
def test_the_heads_card_says_what_the_head_does(qtbot: QtBot, name: str, words: tuple[str, str]) -> None:
    view = make_view(qtbot, PRESETS[name], 1300)
    assert card_words(view.diagram.cards["head"].box.cell, PRESETS[name]) == words
