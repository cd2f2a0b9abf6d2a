"""The export of the network: as PyTorch code, weights, ONNX or specification, with or without the deleted blocks."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from explorer.app.jobs import Lane
from explorer.app.text import sentence, tr
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.switch import SwitchBox
from explorer.engine.export_records import Exported, ExportRequest, Precision, check_packages, check_target
from explorer.engine.records import Step
from explorer.errors import UserError
from explorer.networks.code import class_name
from explorer.networks.cost import network_cost
from explorer.networks.families.pruned import pruned
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.app.window import Window
    from explorer.engine.session import Session

_KINDS = (
    (".py", "PyTorch code", "A stand-alone file that needs nothing but PyTorch; export its weights beside it"),
    (".safetensors", "Weights", "With specification, classes and preprocessing, so that this program opens it again"),
    (".onnx", "ONNX", "Network and weights for ONNX Runtime and others; torch.onnx takes some seconds, or minutes"),
    (".json", "Specification", "The network without weights, as this program opens it again"),
)
_PRECISIONS: tuple[tuple[Precision, str], ...] = (
    ("same", "fp16 where that loses nothing, else fp32"),
    ("fp16", "fp16, half the size"),
    ("fp32", "fp32"),
)


class NetworkExportDialog(QDialog):
    """What to write of the network.

    Args:
        spec, lesion: the network and what is done to it.
        parent: the window.
    """

    chosen = Signal()
    """Save was pressed: `suffix`, `precision` and `left_out` say what is wanted."""

    def __init__(self, spec: NetworkSpec, lesion: Lesion, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export the network"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.spec, self.lesion = spec, lesion
        self.kind = Choice(tr("Format"))
        for suffix, words, _ in _KINDS:
            self.kind.addItem(f"{tr(words)} ({suffix})", suffix)
        self.numbers = Choice(tr("Numbers"))
        for precision, words in _PRECISIONS:
            self.numbers.addItem(tr(words), precision)
        self.without = SwitchBox(
            tr("Without the deleted blocks"),
            tr("A smaller network that computes the same: what is deleted or cut is left out for good"),
            on=bool(lesion),
        )
        self.without.setVisible(bool(lesion))
        self.about, self.told = QLabel(), QLabel()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self._lay_out()
        self.kind.currentIndexChanged.connect(self.refresh)
        self.without.toggled.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        for choice in (self.kind, self.numbers):
            form.addRow(choice.accessibleName(), choice)
        form.addRow("", self.without)
        for label in (self.about, self.told):
            label.setWordWrap(True)
            label.setMinimumHeight(38)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.about.setProperty("rank", "muted")
        save = self.buttons.button(QDialogButtonBox.StandardButton.Save)
        save.setText(tr("Save…"))
        save.setProperty("primary", True)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addLayout(form)
        column.addWidget(self.about)
        column.addWidget(self.told)
        column.addWidget(self.buttons)
        self.setMinimumWidth(480)

    # -- what is chosen ------------------------------------------------------------------------------------------

    @property
    def suffix(self) -> str:
        """Of the kind of file."""
        return str(self.kind.currentData())

    @property
    def precision(self) -> Precision:
        """Of the weights' numbers."""
        chosen: Precision = self.numbers.currentData()
        return chosen

    @property
    def left_out(self) -> Lesion:
        """What is left out for good."""
        return self.lesion if self.without.isChecked() else INTACT

    def accept(self) -> None:
        """Close, and tell that it was chosen, unless that can't be."""
        if self.buttons.button(QDialogButtonBox.StandardButton.Save).isEnabled():
            super().accept()
            self.chosen.emit()

    def refresh(self) -> None:
        """Say what would be written."""
        self.numbers.setEnabled(self.suffix == ".safetensors")
        self.about.setText(next(tr(words) for suffix, _, words in _KINDS if suffix == self.suffix))
        error = ""
        try:
            words = self._size()
            check_packages(self.suffix)
        except UserError as found:
            words = error = sentence(found)
        self.told.setText(words)
        self.told.setProperty("rank", "error" if error else "")
        self.told.style().unpolish(self.told)
        self.told.style().polish(self.told)
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(not error)

    def _size(self) -> str:
        spec = pruned(self.spec, self.left_out)
        now, whole = network_cost(spec), network_cost(self.spec)
        if now == whole:
            return tr("{parameters:,} parameters\n{macs:,} MACs", parameters=now.parameters, macs=now.macs)
        return tr(
            "{parameters:,} parameters instead of {whole_parameters:,}\n{macs:,} MACs instead of {whole_macs:,}",
            parameters=now.parameters, whole_parameters=whole.parameters, macs=now.macs, whole_macs=whole.macs,
        )  # fmt: skip


class NetworkExport(QObject):
    """Asks what to export and where to, has it written as a job, and tells when it is.

    Args:
        window: whose network it is.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        window.jobs.finished.connect(self._finished)

    def open(self) -> None:
        """Ask."""
        state = self._window.document.state
        dialog = NetworkExportDialog(state.spec, state.lesion, self._window)
        dialog.chosen.connect(partial(self._chosen, dialog))
        dialog.open()

    def _chosen(self, dialog: NetworkExportDialog) -> None:
        suffix = dialog.suffix
        name = file_name(pruned(dialog.spec, dialog.left_out), suffix)
        kinds = f"{suffix[1:]} (*{suffix})"
        path = self._window.files.where(tr("Export network"), name, kinds)
        if path is None:
            return
        try:
            check_target(path)
        except UserError as error:
            self._window.notice.refuse(sentence(error))
            return
        weights = self._window.document.state.weights
        request = ExportRequest(dialog.spec, weights, path, dialog.left_out, dialog.precision)
        self._window.jobs.submit(Lane.EXPORT, _Export(request))

    def _finished(self, lane: Lane, value: object) -> None:
        if lane is Lane.EXPORT and isinstance(value, Exported):
            self._window.notice.inform(
                tr(
                    "Saved as {path}: {network} with {parameters:,} parameters and {macs:,} MACs",
                    path=value.path, network=value.spec.name, parameters=value.parameters, macs=value.macs,
                )
            )  # fmt: skip


def file_name(spec: NetworkSpec, suffix: str) -> str:
    """What a file of the network is called: as Python could import it, where it is code."""
    return (class_name(spec).lower() if suffix == ".py" else "-".join(spec.name.lower().split())) + suffix


class _Export:
    """The job, which nothing of the window travels with."""

    def __init__(self, request: ExportRequest) -> None:
        self.request = request

    def __call__(self, session: Session) -> Generator[Step, None, Exported]:
        return session.export(self.request)
