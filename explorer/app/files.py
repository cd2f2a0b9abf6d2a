"""Opening and saving: dialogs, what a dropped file is, and writing without harming the file of before."""

from __future__ import annotations

import csv
import io
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QSizeF
from PySide6.QtGui import QAction, QGuiApplication, QImage, QImageWriter
from PySide6.QtWidgets import QFileDialog, QMenu

from explorer.app import commands, export
from explorer.app.export_dialog import ExportDialog
from explorer.app.jobs import Lane
from explorer.app.picture import WindowPart
from explorer.app.tensor_tree import TensorTreeDialog
from explorer.app.text import sentence, tr, translated
from explorer.engine.recognising import UnrecognisedError, described
from explorer.engine.records import UNTRAINED, DataRef, PictureResult, WeightsInfo, WeightsKind, WeightsRef
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.app.window import Window

_PICTURES = "*.jpg *.jpeg *.png *.webp *.bmp *.tif *.tiff *.gif"
_CHECKPOINTS = (".pth", ".pt", ".th", ".safetensors", ".onnx")


class Files:
    """What the File menu does.

    Args:
        window: whose document it is.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._recent = QMenu()

    # -- opening -------------------------------------------------------------------------------------------------

    def open_image(self) -> None:
        self._ask(tr("Open image"), tr("Pictures") + f" ({_PICTURES});;" + tr("All files") + " (*)")

    def open_network(self) -> None:
        self._ask(tr("Open network"), tr("Networks") + " (*.json)")

    def open_weights(self) -> None:
        self._ask(tr("Open checkpoint"), tr("Checkpoints") + " (*" + " *".join(_CHECKPOINTS) + ")")

    def open_folder(self) -> None:
        """A labelled folder as the image set."""
        folder = QFileDialog.getExistingDirectory(
            self._window, tr("Open a folder with one folder a class"), self._window.settings.folder
        )
        if folder:
            self.take(Path(folder))

    def _ask(self, title: str, kinds: str) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, title, self._window.settings.folder, kinds)
        if name:
            self.take(Path(name))

    def take(self, path: Path) -> None:
        """Open whatever a path is: a folder is an image set, `.json` a network, a checkpoint weights, all else a
        picture. What can't be opened is refused, and what was open stays."""
        window = self._window
        window.settings.folder = str(path.parent)
        suffix = path.suffix.lower()
        if os.path.isdir(path):
            window.runner.request_data(DataRef("folder", str(path)))
        elif suffix == ".json":
            try:
                commands.set_network(window.document, NetworkSpec.load(path), UNTRAINED)
            except UserError as error:
                window.notice.refuse(sentence(error))
        elif suffix in _CHECKPOINTS:
            window.runner.request_weights(WeightsRef(WeightsKind.FILE, str(path)))
        else:
            window.runner.open_picture(path)

    def offer_alternatives(self, info: WeightsInfo) -> None:
        """Say which network a file was of, and offer the others that its names and shapes fit."""
        words = tr("{name} holds the weights of {network}, which is open now.", name=info.title, network=info.spec.name)
        others = [(translated(described(spec, info.spec)), spec) for spec in info.alternatives]
        if len(others) == 1:
            words += " " + tr("Names and shapes fit {other} as well.", other=others[0][0])
        elif others:
            words += " " + tr("Names and shapes fit {count} other networks as well.", count=len(others))
        request = self._window.runner.request_weights
        self._window.notice.offer(
            words, tr("Open as …"), [(name, partial(request, info.ref, spec)) for name, spec in others]
        )

    def show_tensors(self, _lane: Lane, error: UserError) -> None:
        """What a file holds that is of no known network, instead of the refusal alone."""
        if isinstance(error, UnrecognisedError):
            TensorTreeDialog(error.file, sentence(error), self._window).open()

    def add_recent_menu(self, menu: QMenu, before: QAction) -> None:
        """The pictures opened lately, as a menu of its own."""
        self._recent = QMenu(tr("Open recent"), menu)
        menu.insertMenu(before, self._recent)
        self._recent.aboutToShow.connect(self._fill_recent)
        self._recent.triggered.connect(self._take_recent)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in self._window.settings.recent:
            action = self._recent.addAction(path.name.replace("&", "&&"))
            action.setToolTip(str(path))
            action.setData(path)
        if self._recent.isEmpty():
            self._recent.addAction(tr("No pictures yet")).setEnabled(False)

    def _take_recent(self, action: QAction) -> None:
        self.take(action.data())

    def remember(self) -> None:
        """Once a picture is open: its file is among the recent ones."""
        picture = self._window.document.state.picture
        if picture is not None and picture.path:
            self._window.settings.add_recent(Path(picture.path))

    def paste(self) -> None:
        """The picture, or the file, that was copied."""
        self._take_data(QGuiApplication.clipboard().mimeData(), tr("pasted image"), tr("copy"))

    def drop(self, data: QMimeData) -> None:
        """What was dropped on the window: the first file of several, or a picture from a browser."""
        self._take_data(data, tr("dropped image"), tr("drop"))

    def _take_data(self, data: QMimeData, name: str, verb: str) -> None:
        local = [url for url in data.urls() if url.isLocalFile()]
        # A picture copied in an editor may come with a link to where it was: the picture itself is what is meant.
        image = QImage(data.imageData()) if data.hasImage() else QImage()
        if local:
            self.take(Path(local[0].toLocalFile()))
        elif not image.isNull():
            self._window.runner.open_bytes(encoded(image), name)
        else:
            self._window.notice.refuse(
                tr("There is no picture or file in what came: {verb} a picture, or the file of one.", verb=verb)
            )

    # -- saving --------------------------------------------------------------------------------------------------

    def save_network(self) -> None:
        spec = self._window.document.state.spec
        path = self.where(tr("Save network"), f"{spec.name.lower()}.json", "JSON (*.json)")
        if path is not None:
            self.save(path, spec.to_json().encode() + b"\n")

    def export_diagram(self) -> None:
        """Ask what of it is wanted and how, then where to."""
        state, view = self._window.document.state, self._window.diagram
        shown = view.diagram.shown()
        part = WindowPart(shown, view.seen(), QSizeF(view.viewport().size()))
        dialog = ExportDialog(state.spec, state.lesion, shown, part, self._window)
        dialog.chosen.connect(partial(self._export_chosen, dialog))
        dialog.open()

    def _export_chosen(self, dialog: ExportDialog) -> None:
        path = self.where(
            tr("Export diagram"), f"{dialog.spec.name.lower()}{dialog.suffix}",
            f"{dialog.suffix[1:].upper()} (*{dialog.suffix})",
        )  # fmt: skip
        if path is None:
            return
        try:
            export.render_diagram(
                dialog.spec, dialog.lesion, path, None, dialog.options, shown=dialog.shown, window=dialog.window_part
            )
            self._window.notice.inform(tr("Saved as {path}", path=path))
        except UserError as error:
            self._window.notice.refuse(sentence(error))

    def copy_diagram(self) -> None:
        state = self._window.document.state
        export.copy_diagram(state.spec, state.lesion)
        self._window.notice.inform(tr("The diagram is on the clipboard."))

    def export_maps(self) -> None:
        self.save_maps(self._window.maps_panel.image())

    def save_maps(self, image: QImage) -> None:
        if image.isNull():
            self._window.notice.refuse(tr("There are no feature maps to save yet: open a picture first."))
            return
        path = self.where(tr("Export feature maps"), "feature-maps.png", "PNG (*.png)")
        if path is not None:
            self.save(path, export.png(image))

    def copy_image(self, image: QImage) -> None:
        QGuiApplication.clipboard().setImage(image)
        self._window.notice.inform(tr("The feature maps are on the clipboard."))

    def export_predictions(self) -> None:
        result = self._window.runner.result
        if result is None:
            self._window.notice.refuse(tr("There are no predictions to save yet: open a picture first."))
            return
        path = self.where(tr("Export predictions"), "predictions.csv", "CSV (*.csv)")
        if path is not None:
            self.save(path, predictions_csv(result).encode())

    def where(self, title: str, name: str, kinds: str) -> Path | None:
        """Ask for a file to write, proposing a name; the chosen kind's ending is added where there is none."""
        proposed = str(Path(self._window.settings.folder) / name)
        chosen, kind = QFileDialog.getSaveFileName(self._window, title, proposed, kinds)
        if not chosen:
            return None
        path = Path(chosen)
        if not path.suffix:
            path = path.with_suffix(kind.partition("(*")[2].rstrip(")"))
        self._window.settings.folder = str(path.parent)
        return path

    def save(self, path: Path, data: bytes) -> bool:
        """Write a file, or say why not; whether it was written."""
        try:
            export.write_whole(path, data)
        except UserError as error:
            self._window.notice.refuse(sentence(error))
            return False
        self._window.notice.inform(tr("Saved as {path}", path=path))
        return True


def encoded(image: QImage) -> bytes:
    """A pasted picture as a file's bytes: BMP, which takes a twentieth of PNG's time, unless it is transparent."""
    if image.hasAlphaChannel():
        return export.png(image)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"bmp")).write(image)
    return bytes(data.data())


def predictions_csv(result: PictureResult) -> str:
    """Every class with its probability now and intact, the likeliest first, below a header that tells what was run."""
    request = result.request
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([f"# network {request.spec.name}, weights {request.weights.kind}:{request.weights.value}"])
    done = [f"picture {request.picture.name}", f"deleted {' '.join(sorted(request.deleted)) or 'none'}"]
    done += [f"shortcuts cut {' '.join(sorted(request.cut))}"] if request.cut else []
    done += [f"order {' '.join(request.order)}"] if request.order else []
    writer.writerow([f"# {', '.join(done)}"])
    writer.writerow(["index", "label", "probability", "intact_probability"])
    for index, label, share in result.prediction.top(len(result.prediction.classes)):
        writer.writerow([index, label, f"{share:.6g}", f"{float(result.intact.probabilities[index]):.6g}"])
    return text.getvalue()
