"""What in the window leads to what: actions, requests of panels, jobs and their results."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from explorer.app.explain.views import VIEWS
from explorer.app.help import show_about, show_keys
from explorer.app.times import TIME
from explorer.engine.training_logs import training_logs

if TYPE_CHECKING:
    from explorer.app.window import Window
    from explorer.networks.colouring import Colouring


def slots(window: Window) -> dict[str, Callable[[], object]]:
    """What each entry of the table of actions does."""
    return {
        "open": window.files.open_image,
        "paste": window.files.paste,
        "sample": window.next_sample,
        "chart": window.runner.open_chart,
        "choose_network": window.choose_network,
        "open_network": window.files.open_network,
        "save_network": window.files.save_network,
        "open_weights": window.files.open_weights,
        "export_network": window.network_export.open,
        "export_diagram": window.files.export_diagram,
        "copy_diagram": window.files.copy_diagram,
        "export_maps": window.files.export_maps,
        "export_predictions": window.files.export_predictions,
        "export_study": partial(window.study_desk.export, "csv"),
        "export_chart": partial(window.study_desk.export, "svg"),
        "copy_chart": partial(window.study_desk.export, "copy"),
        "quit": window.close,
        "undo": window.document.undo_stack.undo,
        "redo": window.document.undo_stack.redo,
        "toggle": window.toggle_selected,
        "restore": window.restore_all,
        "twin": window.show_twin,
        "find": window.find_block,
        "run_study": window.study_desk.run_setup,
        "pause_study": window.studies.pause_or_resume,
        "cancel_study": window.studies.cancel,
        "training_logs": partial(_show_training, window),
        "zoom_in": window.diagram.zoom_in,
        "zoom_out": window.diagram.zoom_out,
        "fit": window.diagram.fit,
        "level_stages": partial(window.diagram.choose_level, "stages"),
        "level_runs": partial(window.diagram.choose_level, "runs"),
        "level_blocks": partial(window.diagram.choose_level, "blocks"),
        "level_operations": window.diagram.open_current,
        "minimap": partial(_show_minimap, window),
        "compare": window.comparison.open,
        "figure_3": window.comparison.open_figure_3,
        "show_maps": window.show_maps,
        "show_study": window.study_desk.show,
        **{f"show_{view.name}": partial(window.views.show, view.name) for view in VIEWS},
        "lessons": window.lessons.open,
        "end_lesson": window.lessons.leave,
        "lessons_folder": window.lessons.menu.open_folder,
        "cancel": window.runner.cancel,
        "theme_system": partial(window.use_theme, "system"),
        "theme_light": partial(window.use_theme, "light"),
        "theme_dark": partial(window.use_theme, "dark"),
        "keys": partial(show_keys, window),
        "about": partial(show_about, window),
    }


def _show_training(window: Window) -> None:
    from explorer.app.training_log import show_training_logs  # with pyqtgraph, which takes a while to import

    show_training_logs(training_logs(), window.document.state.weights.value, window)


def _show_minimap(window: Window) -> None:
    window.settings.minimap = window.actions_by_name["minimap"].isChecked()
    window.diagram.set_minimap(window.settings.minimap)


def _colour_by_time(window: Window, colouring: Colouring | None) -> None:
    """Times that hold no longer take no other colours away."""
    present = window.diagram.colouring
    if colouring is not None or (present is not None and present.kind == TIME):
        window.diagram.set_colouring(colouring)


def wire_panels(window: Window) -> None:
    """Requests of panels -> commands, or jobs that lead to them."""
    window.actions_by_name["minimap"].setCheckable(True)
    window.actions_by_name["minimap"].setChecked(window.settings.minimap)
    window.diagram.set_minimap(window.settings.minimap)
    window.network_panel.spec_requested.connect(window.runner.request_network)
    window.toolbar.network_requested.connect(window.runner.request_preset)
    window.toolbar.weights_requested.connect(window.use_weights)
    window.toolbar.checkpoint_requested.connect(window.files.open_weights)
    window.toolbar.device_requested.connect(window.use_device)
    window.toolbar.found.connect(window.reveal)
    window.toolbar.search_changed.connect(window.blocks_panel.set_filter)
    for panel in (window.diagram, window.blocks_panel):
        panel.delete_toggled.connect(window.toggle)
        panel.selected.connect(window.select)
        panel.cut_toggled.connect(window.toggle_cut)
    window.diagram.moved.connect(window.move_block)
    window.prediction_panel.open_requested.connect(window.files.open_image)
    window.prediction_panel.sample_requested.connect(window.next_sample)
    window.prediction_panel.chart_requested.connect(window.runner.open_chart)
    window.accuracy_panel.restore_requested.connect(window.toggle)
    window.accuracy_panel.shortcut_requested.connect(window.toggle_cut)
    window.accuracy_panel.place_requested.connect(window.put_back)
    window.accuracy_panel.restore_all_requested.connect(window.restore_all)
    window.accuracy_panel.data_requested.connect(window.use_data)
    window.accuracy_panel.measure_requested.connect(window.runner.measure_anyway)
    window.maps_panel.maps_requested.connect(window.runner.run_picture)
    window.maps_panel.save_requested.connect(window.files.save_maps)
    window.maps_panel.copy_requested.connect(window.files.copy_image)
    window.status.cancel_requested.connect(window.runner.cancel)
    window.diagram.colouring_requested.connect(window.times.colour)
    window.blocks_panel.columns.measure_requested.connect(window.times.measure)
    window.diagram.offer_time(True)


def wire_results(window: Window) -> None:
    """Jobs and results -> panels."""
    window.jobs.started.connect(window.status.job_started)
    window.jobs.started.connect(partial(window.show_busy, True))
    window.jobs.stepped.connect(window.status.job_stepped)
    window.jobs.stopped.connect(window.status.job_stopped)
    window.jobs.stopped.connect(partial(window.show_busy, False))
    window.jobs.paused.connect(window.status.job_paused)
    window.jobs.resumed.connect(window.status.job_resumed)
    window.times.measured.connect(window.blocks_panel.set_times)
    window.times.coloured.connect(partial(_colour_by_time, window))
    window.times.said.connect(window.notice.inform)
    window.times.refused.connect(window.notice.refuse)
    window.runner.offered.connect(window.toolbar.show_offer)
    window.toolbar.show_trained(window.settings.trained)
    window.runner.picture_done.connect(window.prediction_panel.show_result)
    window.runner.picture_done.connect(window.maps_panel.show_result)
    window.runner.picture_done.connect(window.status.show_pass)
    window.runner.accuracy_done.connect(window.accuracy_panel.show_accuracy)
    window.jobs.stopped.connect(window.settle, Qt.ConnectionType.QueuedConnection)
    window.runner.said.connect(window.notice.inform)
    window.runner.refused.connect(window.refuse)
    window.runner.refused.connect(window.files.show_tensors)
    window.runner.recognised.connect(window.files.offer_alternatives)
