"""The study tab in the window: what its panel asks for, what its menu entries do, where its files go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from explorer.app.files import Files
from explorer.app.panels.study import Setup, StudyPanel
from explorer.app.studies import Studies
from explorer.app.study_recipes import RECIPES
from explorer.app.study_texts import kind_name
from explorer.app.text import sentence, tr
from explorer.app.theme import theme
from explorer.engine.study_files import Unfinished
from explorer.engine.study_records import FlippedImages, StudyKind, StudyPoint, StudyRequest, StudyResult
from explorer.engine.study_tables import csv_text
from explorer.errors import UserError
from explorer.networks.lesion import INTACT, Lesion

if TYPE_CHECKING:
    from explorer.app.window import Window


class StudyDesk:
    """Brings panel, studies, diagram and files together.

    Args:
        window: whose tab it is.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._studies: Studies = window.studies
        self._files: Files = window.files
        self._unfinished: tuple[Unfinished, ...] = ()
        self._panel = StudyPanel()

    @property
    def panel(self) -> StudyPanel:
        return self._panel

    def wire(self) -> None:
        """Connect everything, once the window has its actions and the other panels."""
        self._wire_panel()
        self._wire_studies()
        self._follow()

    def _wire_panel(self) -> None:
        """Requests of the panel -> studies."""
        panel, studies = self._panel, self._studies
        panel.run_requested.connect(self.run)
        panel.pause_requested.connect(studies.pause)
        panel.resume_requested.connect(studies.resume)
        panel.cancel_requested.connect(studies.cancel)
        panel.recipe_requested.connect(studies.follow_recipe)
        panel.compare_requested.connect(studies.compare)
        panel.comparison_dropped.connect(studies.drop_comparison)
        panel.point_chosen.connect(self._apply)
        panel.hovered.connect(self._light)
        panel.flipped_requested.connect(self._fetch)
        panel.export_requested.connect(self.export)
        panel.take_up_requested.connect(self._take_up)
        panel.discard_requested.connect(self._discard)

    def _wire_studies(self) -> None:
        """Studies -> the panel, and words to the notice."""
        panel, studies, notice = self._panel, self._studies, self._window.notice
        studies.progressed.connect(panel.setup_column.show_progress)
        studies.results_changed.connect(panel.show_results)
        studies.results_changed.connect(self._mark)
        studies.activity_changed.connect(self._show_activity)
        studies.unfinished_changed.connect(self._show_unfinished)
        studies.flipped_done.connect(self._show_flipped)
        studies.said.connect(notice.inform)
        studies.refused.connect(notice.refuse)
        studies.shown.connect(self.show)

    def _follow(self) -> None:
        """The document -> the panel."""
        document = self._window.document
        for changed in (document.spec_changed, document.weights_changed):
            changed.connect(self._show_network)
        for changed in (document.spec_changed, document.deleted_changed, document.weights_changed):
            changed.connect(self._mark)
        self._show_network()
        self._show_activity("idle")

    # -- what the menus do ---------------------------------------------------------------------------------------

    def show(self) -> None:
        """Bring the tab to the front, and its dock back if it was closed."""
        self._window.docks["maps"].show()
        self._window.tabs.setCurrentWidget(self._panel)

    def show_error(self, words: str) -> None:
        """Say why a study ended: in the panel, and above the diagram where the panel is not in sight."""
        self._panel.show_error(words)
        if not self._panel.isVisible():
            self._window.notice.refuse(words)

    def run_setup(self) -> None:
        """Run what is set up in the panel, and show it."""
        self.show()
        if self._panel.setup_column.run.isEnabled():
            self.run(self._panel.setup())

    def begin(self, name: str) -> None:
        """Run a study by its name: a figure of the paper (`fig3`, `fig5a`, `fig5b`), or a kind, as the panel is set
        up."""
        if name in RECIPES:
            self._panel.setup_column.recipes[name].click()
        else:
            self._panel.set_setup(replace(self._panel.setup(), kind=cast(StudyKind, name)))
            self.run_setup()

    def run(self, setup: Setup) -> None:
        """Study what is open now."""
        state = self._window.document.state
        self._studies.run(
            StudyRequest(
                setup.kind, state.spec, state.weights, state.data, setup.images, setup.seeds, setup.most,
                setup.downsampling, setup.fast, setup.reestimate, state.device.id,
            )
        )  # fmt: skip

    def export(self, kind: str) -> None:
        """Save what is shown as `csv`, `png` or `svg`, or `copy` the chart."""
        results = self._studies.results
        if not results:
            self._window.notice.refuse(tr("There is no study to save yet: run one first."))
        elif kind == "csv":
            self._export_csv(results)
        elif kind == "copy":
            self._copy(results)
        else:
            self._export_chart(results, kind)

    def _export_csv(self, results: tuple[StudyResult, ...]) -> None:
        """One file a study: the second one's stands beside the first one's, under its network's name."""
        path = self._files.where(tr("Export study"), f"{_file_name(results[0])}.csv", "CSV (*.csv)")
        if path is None:
            return
        paths = [path, path.with_stem(f"{path.stem}-{results[-1].request.spec.name.lower()}")][: len(results)]
        for place, result in zip(paths, results, strict=True):
            if not self._files.save(place, csv_text(result).encode()):
                return
        if len(paths) > 1:
            self._window.notice.inform(tr("Saved as {path} and {other}", path=paths[0], other=paths[1].name))

    def _export_chart(self, results: tuple[StudyResult, ...], kind: str) -> None:
        from explorer.app.study_export import render_study  # with pyqtgraph, which takes a while to import

        path = self._files.where(tr("Export study chart"), f"{_file_name(results[0])}.{kind}", _chart_kinds(kind))
        if path is None:
            return
        try:
            render_study(results, path, theme().palette.dark, self._panel.look())
        except UserError as error:
            self._window.notice.refuse(sentence(error))
        else:
            self._window.notice.inform(tr("Saved as {path}", path=path))

    def _copy(self, results: tuple[StudyResult, ...]) -> None:
        from explorer.app.study_export import copy_study

        copy_study(results, theme().palette.dark, self._panel.look())
        self._window.notice.inform(tr("The chart is on the clipboard."))

    # -- what the panel asks for ---------------------------------------------------------------------------------

    def _apply(self, lesion: Lesion, study: int) -> None:
        self._studies.apply(self._studies.results[study], lesion)

    def _light(self, block_id: str | None, study: int) -> None:
        results = self._studies.results
        there = study < len(results)
        self._window.diagram.light(self._studies.block_to_light(results[study], block_id) if there else None)

    def _fetch(self, study: int, point: int, label: int | None) -> None:
        result = self._studies.results[study]
        self._studies.ask_for_flipped(result, result.points[point], label)

    def _take_up(self) -> None:
        if self._unfinished:
            request = self._unfinished[0].request
            self._panel.set_setup(
                Setup(
                    request.kind, request.images, request.seeds, request.most,
                    request.downsampling, request.fast, request.reestimate,
                )
            )  # fmt: skip
            self._studies.take_up(self._unfinished[0])

    def _discard(self) -> None:
        if self._unfinished:
            self._studies.discard(self._unfinished[0])

    # -- what is shown -------------------------------------------------------------------------------------------

    def _show_activity(self, activity: str) -> None:
        self._panel.show_state(activity)
        actions = self._window.actions_by_name
        for name in ("pause_study", "cancel_study"):
            actions[name].setEnabled(activity != "idle")
        actions["pause_study"].setText(tr("Go on with the study") if activity == "paused" else tr("Pause the study"))

    def _show_unfinished(self, found: tuple[Unfinished, ...]) -> None:
        """The last one; the next shows once that is taken up or thrown away."""
        self._unfinished = found
        self._panel.show_unfinished(_unfinished_words(found) if found else None)

    def _show_flipped(self, images: FlippedImages, result: StudyResult, point: StudyPoint, label: int | None) -> None:
        self._panel.show_flipped(images, result, point, label)

    def _show_network(self) -> None:
        state = self._window.document.state
        self._panel.show_network(state.spec, state.info)

    def _mark(self, *_: object) -> None:
        """Mark what the open network has in the chart of a study of it."""
        state = self._window.document.state
        self._panel.setup_column.show_lesion(bool(state.lesion))
        self._panel.mark(state.lesion if any(map(self._studies.is_open, self._studies.results)) else INTACT)


def _unfinished_words(found: tuple[Unfinished, ...]) -> str:
    request = found[0].request
    words = tr(
        "Not finished: {network}, {study}, {share}\u00a0%",
        network=request.spec.name, study=kind_name(request.kind, request.spec.plain).lower(),
        share=int(100 * found[0].fraction),
    )  # fmt: skip
    return words if len(found) == 1 else tr("{words}; and {count} more", words=words, count=len(found) - 1)


def _file_name(result: StudyResult) -> str:
    return f"{result.request.kind}-{result.request.spec.name.lower()}"


def _chart_kinds(first: str) -> str:
    """The filters of the dialog, the one asked for first."""
    kinds = {"svg": "SVG (*.svg)", "png": "PNG (*.png)"}
    return ";;".join([kinds.pop(first), *kinds.values()])
