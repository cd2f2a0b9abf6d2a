"""Help: the keyboard, and what the program is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from explorer import __version__
from explorer.app.text import tr

_KEYS = (
    ("← →", "walk along the blocks"),
    ("Space", "delete the selected block, or restore it"),
    ("X", "cut its shortcut, or restore it"),
    ("Alt+←  Alt+→", "swap it with the block of equal shape before or after it"),
    ("Enter", "open a block into its operations, or unfold a run; again to close"),
    ("+  −  0  F", "zoom in, zoom out, actual size, fit"),
    ("1  2  3  4", "stages, fold all, unfold all, operations of the selected part"),
    ("Home  End", "first and last part"),
    ("Ctrl+F", "find a block by its id"),
    ("Ctrl+Z  Ctrl+Shift+Z", "undo, redo"),
    ("Ctrl+O  Ctrl+V  Ctrl+J", "open a picture, paste one, next sample"),
    ("Ctrl+D  Ctrl+Shift+R", "delete or restore the selected block, restore all"),
    ("Ctrl+1  Ctrl+2", "feature maps, deletion study"),
    ("Ctrl+3  Ctrl+4  Ctrl+5", "residuals, gradients, paths"),
    ("Ctrl+6  Ctrl+7", "where it looks, training"),
    ("Ctrl+K", "compare two or three networks"),
    ("Ctrl+L", "all lessons"),
    ("Ctrl+R  Ctrl+Shift+P", "run a study; pause it, or go on"),
    ("Ctrl+E  Ctrl+Shift+E", "export the diagram; a study as CSV"),
    ("Esc", "cancel what is running; a study, and after it a training, come last"),
)


def show_keys(parent: QWidget) -> None:
    """The keys that a person can use."""
    rows = "".join(
        f"<tr><td style='padding: 3px 20px 3px 0'><b>{keys}</b></td><td style='padding: 3px 0'>{tr(what)}</td></tr>"
        for keys, what in _KEYS
    )
    _box(parent, tr("Keyboard"), f"<table>{rows}</table>")


def show_about(parent: QWidget) -> None:
    """Name, version and the papers it rests on."""
    text = tr(
        "<h3>ResNet Explorer {version}</h3>"
        "<p>See how a residual network works by handling one: build it, run a picture through it, delete its "
        "blocks and watch the accuracy change.</p>"
        "<p>He et al. 2015, <i>Deep Residual Learning for Image Recognition</i>, arXiv:1512.03385<br>"
        "Veit et al. 2016, <i>Residual Networks Behave Like Ensembles of Relatively Shallow Networks</i>, "
        "arXiv:1605.06431</p>"
        "<p>Images: Fashion-MNIST, © 2017 Zalando SE, Expat licence.</p>",
        version=__version__,
    )
    _box(parent, tr("About ResNet Explorer"), text)


def _box(parent: QWidget, title: str, text: str) -> None:
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setText(text)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
