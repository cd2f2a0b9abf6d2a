"""The table beside the chart: sorts, keeps its selection, applies with Enter."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.study_numbers import value_of
from explorer.app.widgets.study_table import StudyTable
from explorer.networks.lesion import INTACT
from tests.app.panel_support import show
from tests.app.study_support import first, study
from tests.engine.networks import TINY


def column(table: StudyTable, number: int) -> list[str]:
    return [str(table.source.index(row, number).data()) for row in range(table.source.rowCount())]


def headings(table: StudyTable) -> list[str]:
    count = table.source.columnCount()
    return [str(table.source.headerData(number, Qt.Orientation.Horizontal)) for number in range(count)]


def table_of(qtbot: QtBot) -> StudyTable:
    table = show(qtbot, StudyTable(), 500, 300)
    table.show_results([study("single")], INTACT)
    return table


def test_rows_are_blocks_and_figures_have_units(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    assert column(table, 0) == list(TINY.block_ids)
    assert headings(table) == ["Block", "Change, points", "Accuracy, %", "Agree, %", "Prob., points", "MACs, M"]
    point = study("single").points[2]
    change, value = point.change(), value_of(point, "change")
    assert change is not None
    assert value is not None
    written = column(table, 1)[2].replace("−", "-")
    middle, half = written.split(" ± ")
    assert float(middle) == round(value.value, 1)
    assert float(half) == round(100 * change[1], 1)


def test_any_column_sorts_by_number_not_by_word(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    result = study("single")
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    losses = {point: value_of(point, "change") for point in result.points}
    wanted = sorted(value.value for value in losses.values() if value)
    shown = [float(text.split(" ± ")[0].replace("−", "-")) for text in column(table, 1)]
    assert shown == [round(value, 1) for value in wanted]


def test_enter_and_a_double_click_apply_the_row(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    table.setFocus()
    with qtbot.waitSignal(table.pointed) as pointed:
        table.selectRow(3)
    assert pointed.args == [0, 3]
    with qtbot.waitSignal(table.chosen) as chosen:
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert chosen.args == [0, 3]
    with qtbot.waitSignal(table.pointed) as pointed:
        qtbot.keyClick(table, Qt.Key.Key_Down)
    assert pointed.args == [0, 4]


def test_a_snapshot_keeps_the_selection(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    table.show_results([first(study("single"), 5)], INTACT)
    table.selectRow(2)
    told: list[tuple[int, int]] = []
    table.pointed.connect(lambda *at: told.append(at))
    table.show_results([first(study("single"), 25)], INTACT)
    assert [index.row() for index in table.selectionModel().selectedRows()] == [2]
    assert told == []


def test_pointing_from_elsewhere_selects_without_telling(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    told: list[tuple[int, int]] = []
    table.pointed.connect(lambda *at: told.append(at))
    table.select_point(0, 5)
    assert [index.row() for index in table.selectionModel().selectedRows()] == [5]
    table.select_point(-1, -1)
    assert not table.selectionModel().selectedRows()
    assert told == []


def test_what_the_network_has_now_is_bold(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    table.show_results([study("single")], study("single").points[1].lesion)
    bold = [table.source.index(row, 0).data(Qt.ItemDataRole.FontRole) for row in range(7)]
    assert [font is not None and font.bold() for font in bold] == [row == 1 for row in range(7)]


def test_studies_of_the_same_blocks_share_rows(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    table.show_results([study("single"), study("cut")], INTACT)
    assert table.source.rowCount() == 7
    assert headings(table)[6:] == ["Change, points ◇", "Accuracy, % ◇", "Agree, % ◇", "Prob., points ◇", "MACs, M ◇"]
    assert table.source.row_of(1, 3) == 3


def test_studies_of_other_blocks_have_rows_of_their_own(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    table.show_results([study("single"), study("single", TINY.twin())], INTACT)
    assert table.source.rowCount() == 7 + 14
    assert column(table, 0)[7] == "◇ layer1.0"
    assert column(table, 6)[0] == ""
    assert column(table, 1)[7] == ""
    assert table.source.point_of(8) == (1, 1)


def test_columns_that_only_some_studies_have(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    table.show_results([study("reorder")], INTACT)
    assert headings(table)[0] == "Swaps"
    assert "Kendall’s τ" in headings(table)
    assert column(table, 0)[:2] == ["1 swap, seed 0", "1 swap, seed 1"]
    table.show_results([study("greedy")], INTACT)
    assert "Time, ms" in headings(table)
    assert column(table, 0)[0] == f"1: + {next(iter(study('greedy').points[0].lesion.deleted))}"
    table.show_results([study("single", labelled=False)], INTACT)
    assert headings(table) == ["Block", "Agree, %", "MACs, M"]


def test_a_snapshot_sorts_again_and_the_selection_goes_along(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    table.show_results([first(study("single"), 8)], INTACT)
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    table.select_point(0, 3)
    for seen in (20, 40):
        table.show_results([first(study("single"), seen)], INTACT)
        shown = [float(text.split(" ± ")[0].replace("−", "-")) for text in column(table, 1)]
        assert shown == sorted(shown, reverse=True)
        assert [index.data() for index in table.selectionModel().selectedRows()] == ["layer2.1"]
