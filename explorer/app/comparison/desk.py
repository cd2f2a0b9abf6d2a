"""The comparison at work: what is compared, the jobs for it, and the window once it is wanted.

Nothing is run while the window is closed. The picture is the main window's, on its device; the network that is open
there comes with its own weights, the others with what is at hand for them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from explorer.app.jobs import Lane
from explorer.app.text import sentence, tr
from explorer.app.theme import theme
from explorer.app.times import TimingJob
from explorer.engine.comparing_records import ComparedPicture, ComparedRequest
from explorer.engine.known_accuracies import Known, known_accuracies
from explorer.engine.records import Step, WeightsKind, WeightsRef
from explorer.engine.timing_records import TimingRequest
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.checks import SpecError
from explorer.networks.comparison import FIGURE_3
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.app.comparison.window import ComparisonWindow
    from explorer.app.window import Window
    from explorer.engine.session import Session

_KINDS = "SVG (*.svg);;PDF (*.pdf);;PNG (*.png)"


class ComparisonDesk(QObject):
    """Opens the comparison, and answers what it asks for.

    Args:
        window: the main window.

    Attributes:
        view: the comparison's window; None until it was opened once.
        specs: what is compared.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self.view: ComparisonWindow | None = None
        self.specs: tuple[NetworkSpec, ...] = ()
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._run_picture)
        jobs, document = window.jobs, window.document
        jobs.started.connect(self._started)
        jobs.stepped.connect(self._stepped)
        jobs.finished.connect(self._finished)
        jobs.failed.connect(self._failed)
        jobs.stopped.connect(self._stopped)
        document.picture_changed.connect(self._stale)
        document.device_changed.connect(self._stale)
        document.weights_changed.connect(self._weights_changed)
        window.runner.offered.connect(self._show_known)

    # -- opening -------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """What was compared last; at first the network that is open beside its plain twin, or beside ResNet-34."""
        if not self.specs:
            self.specs = self._first()
        self._bring_up()

    def open_figure_3(self) -> None:
        """VGG-19, Plain-34 and ResNet-34."""
        self.specs = tuple(PRESETS[name] for name in FIGURE_3)
        self._bring_up()

    def compare(self, specs: tuple[NetworkSpec, ...]) -> None:
        """Two or three networks."""
        self.specs = specs
        self._bring_up()

    def close(self) -> None:
        """With the main window."""
        if self.view is not None:
            self.view.close()

    def _first(self) -> tuple[NetworkSpec, ...]:
        spec = self._window.document.state.spec
        try:
            twin = spec.twin()
        except SpecError:
            twin = spec
        return (spec, PRESETS["resnet34"]) if twin == spec else (twin, spec)

    def _bring_up(self) -> None:
        if self.view is None:
            self.view = self._made()
        for lane in (Lane.COMPARE, Lane.COMPARE_TIMES):
            self._window.jobs.cancel(lane)
        self.view.show_networks(self.specs)
        self.view.table.show_networks(self.specs, self._known())
        self.view.choosers.show_trained(info.spec for info in self._window.runner.bundled())
        self._stale()
        self.view.show()
        self.view.raise_()
        self.view.activateWindow()

    def _made(self) -> ComparisonWindow:
        from explorer.app.comparison.window import ComparisonWindow  # which a start need not wait for

        view = ComparisonWindow(self._window)
        view.networks_chosen.connect(self.compare)
        view.figure_3_requested.connect(self.open_figure_3)
        view.export_requested.connect(self.export)
        view.cancel_requested.connect(self.cancel)
        view.table.measure_requested.connect(self.measure_or_stop)
        view.shown.connect(self._shown)
        return view

    def _shown(self, shown: bool) -> None:
        if not shown:
            self.cancel()

    # -- asked for -----------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """What runs for the comparison; what is there stays."""
        for lane in (Lane.COMPARE, Lane.COMPARE_TIMES):
            self._window.jobs.cancel(lane)

    def measure_or_stop(self) -> None:
        """Time all networks in turns, or stop that."""
        jobs = self._window.jobs
        if Lane.COMPARE_TIMES in jobs.running():
            jobs.cancel(Lane.COMPARE_TIMES)
            return
        device = self._window.document.state.device.id
        jobs.submit(Lane.COMPARE_TIMES, TimingJob(TimingRequest(self.specs, device=device, by_part=True)))

    def export(self) -> None:
        """The figure as a file, as it is folded on the screen."""
        from explorer.app.comparison.figure import ComparisonFigure

        assert self.view is not None
        name = "-".join(spec.name.lower().replace(" ", "-") for spec in self.specs)
        path = self._window.files.where(tr("Export the comparison"), f"{name}.svg", _KINDS)
        if path is None:
            return
        try:
            ComparisonFigure(self.specs, theme().palette, self.view.view.figure.unfolded).save(path)
        except UserError as error:
            self.view.notice.refuse(sentence(error))
        else:
            self.view.notice.inform(tr("Saved as {path}", path=path))

    # -- the picture ---------------------------------------------------------------------------------------------

    def _stale(self) -> None:
        """Answers belong to other networks, or to another picture: they are made anew, once all changes are in."""
        if self.view is not None and self.specs:
            self._window.jobs.cancel(Lane.COMPARE)
            self.view.pictures.show_networks(self.specs, self._window.document.state.picture)
            self._soon.start()

    def _weights_changed(self) -> None:
        """They matter where the network that is open is among those compared."""
        if any(spec.same_architecture(self._window.document.state.spec) for spec in self.specs):
            self._stale()

    def _run_picture(self) -> None:
        state = self._window.document.state
        if self.view is None or not self.view.isVisible() or state.picture is None:
            return
        weights = tuple(self._weights(spec) for spec in self.specs)
        request = ComparedRequest(self.specs, state.picture, weights, state.device.id)
        self._window.jobs.submit(Lane.COMPARE, _ComparedJob(request))

    def _weights(self, spec: NetworkSpec) -> WeightsRef | None:
        """Those of the network that is open, where it is this one."""
        state = self._window.document.state
        own = state.weights.kind is not WeightsKind.UNTRAINED and spec.same_architecture(state.spec)
        return state.weights if own else None

    # -- jobs ----------------------------------------------------------------------------------------------------

    def _known(self) -> tuple[tuple[Known, ...], ...]:
        offered = self._window.runner.offer.weights
        return tuple(known_accuracies(spec, offered) for spec in self.specs)

    def _show_known(self) -> None:
        if self.view is not None:
            self.view.table.show_known(self._known())

    def _started(self, lane: Lane) -> None:
        if self.view is None:
            return
        if lane is Lane.COMPARE:
            self.view.pictures.show_busy(True)
        elif lane is Lane.COMPARE_TIMES:
            self.view.table.show_progress(0.0)

    def _stepped(self, lane: Lane, value: object) -> None:
        if self.view is None:
            return
        if lane is Lane.COMPARE and isinstance(value, ComparedPicture):
            self.view.pictures.show_answer(value)
        elif lane is Lane.COMPARE_TIMES and isinstance(value, Step):
            self.view.table.show_progress(value.fraction or 0.0)

    def _finished(self, lane: Lane, value: Any) -> None:
        if lane is Lane.COMPARE_TIMES and self.view is not None:
            self.view.table.show_timing(value)

    def _failed(self, lane: Lane, error: UserError) -> None:
        if lane in (Lane.COMPARE, Lane.COMPARE_TIMES) and self.view is not None:
            self.view.notice.refuse(sentence(error))

    def _stopped(self, lane: Lane) -> None:
        if self.view is None:
            return
        if lane is Lane.COMPARE:
            self.view.pictures.show_busy(False)
        elif lane is Lane.COMPARE_TIMES:
            self.view.table.show_progress(None)


class _ComparedJob:
    def __init__(self, request: ComparedRequest) -> None:
        self.request = request

    def __call__(self, session: Session) -> Generator[Step | ComparedPicture, None, None]:
        return session.compared(self.request)
