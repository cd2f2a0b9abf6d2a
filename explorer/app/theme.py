"""Colours, spacing and the style sheet, light and dark.

Stage colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), and of a sixth and seventh stage two of
Paul Tol's muted scheme, safe for colour-blind eyes, the same in diagram, maps and plots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette

ThemeName = Literal["light", "dark", "system"]

_PARTS = {
    "stem": "#999999",
    "layer1": "#0072B2",
    "layer2": "#009E73",
    "layer3": "#E69F00",
    "layer4": "#D55E00",
    "layer5": "#56B4E9",
    "layer6": "#882255",
    "layer7": "#332288",
    "head": "#CC79A7",
}
_ON_DARK = {"layer6": "#B84C82", "layer7": "#8C80E0"}
"""Lighter, where those above would not stand out."""
SPACE = 8
"""The unit of spacing, in logical pixels; gaps are 4, 8, 16 or 24."""


@dataclass(frozen=True)
class Palette:
    """Colours of one theme, as `#rrggbb`.

    Attributes:
        window: behind everything.
        control: behind buttons, fields and bars.
        raised: a chosen segment on a control; a card in the diagram.
        line: separators.
        text, muted: written words, and those of second rank.
        accent: the one accent colour; on_accent: text on it.
        error: text of a refusal.
        edge: arrows and arcs of the diagram.
        band: share of a stage's colour in its band, card: in a deleted card's fill.
    """

    dark: bool
    window: str
    control: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    error: str
    edge: str
    band: float
    card: float


LIGHT = Palette(
    False, "#ffffff", "#f2f4f7", "#ffffff", "#e1e4e9", "#1d232b", "#5b646f", "#0b62d6", "#ffffff", "#b3261e", "#7b8794",
    0.09, 0.2,
)  # fmt: skip
DARK = Palette(
    True, "#1c2027", "#252a32", "#343b46", "#2b313a", "#e6e9ee", "#a3adb9", "#5aa2ff", "#10141a", "#ff8a80", "#98a2ae",
    0.14, 0.22,
)  # fmt: skip


def part_colour(part_id: str, palette: Palette | None = None) -> QColor:
    """The colour of a part: `stem`, a stage, any block of it, an operation of it, `head`.

    Args:
        part_id: which.
        palette: that it is painted on, None for the window's.
    """
    part = part_id.split(".")[0]
    if part in _ON_DARK and (palette or theme().palette).dark:
        return QColor(_ON_DARK[part])
    return QColor(_PARTS.get(part, _PARTS["stem"]))


def mixed(colour: QColor, share: float, ground: QColor | str) -> QColor:
    """`share` of a colour on a ground."""
    ground = QColor(ground)
    above = (colour.redF(), colour.greenF(), colour.blueF())
    below = (ground.redF(), ground.greenF(), ground.blueF())
    return QColor.fromRgbF(*(share * top + (1 - share) * under for top, under in zip(above, below, strict=True)))


class Theme(QObject):
    """The theme in use. Widgets that paint themselves read `theme().palette` and repaint on `changed`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.name: ThemeName = "system"
        self.palette = LIGHT

    def use(self, name: ThemeName) -> None:
        """Switch the whole application to `light`, `dark` or what the system says."""
        self.name = name
        hints = QGuiApplication.styleHints()
        dark = hints.colorScheme() == Qt.ColorScheme.Dark if name == "system" else name == "dark"
        self.palette = DARK if dark else LIGHT
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.setPalette(_qt_palette(self.palette))
        if hasattr(app, "setStyleSheet"):
            app.setStyleSheet(style_sheet(self.palette))
        self.changed.emit()


_theme: Theme | None = None


def theme() -> Theme:
    """The application's one theme."""
    global _theme
    if _theme is None:
        _theme = Theme()
    return _theme


def _qt_palette(colours: Palette) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.Base: colours.window,
        QPalette.ColorRole.AlternateBase: colours.control,
        QPalette.ColorRole.Button: colours.control,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.ToolTipBase: colours.control,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.muted,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.Link: colours.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.muted))
    return palette


def style_sheet(c: Palette) -> str:
    """Qt style sheet of the whole program. Labels choose a rank by the dynamic property `rank`: title, muted, error,
    figure (large number)."""
    return f"""
    QWidget {{ color: {c.text}; font-size: 13px; }}
    QMainWindow, QDialog, QScrollArea, QScrollArea > QWidget > QWidget {{ background: {c.window}; }}
    QLabel[rank="title"] {{ color: {c.muted}; font-weight: 600; }}
    QLabel[rank="muted"] {{ color: {c.muted}; }}
    QLabel[rank="small"] {{ color: {c.muted}; font-size: 12px; }}
    QLabel[rank="error"] {{ color: {c.error}; }}
    QLabel[rank="figure"] {{ font-size: 28px; font-weight: 700; }}
    QLabel[rank="headline"] {{ font-size: 18px; font-weight: 700; }}
    QPushButton, QToolButton, QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{
        background: {c.control}; border: 1px solid transparent; border-radius: 6px; padding: 5px 10px;
        min-height: 18px; }}
    QToolButton {{ padding: 5px 8px; }}
    QLineEdit > QToolButton {{ background: transparent; border: none; padding: 0; min-height: 0; }}
    QPushButton:hover, QToolButton:hover, QComboBox:hover {{ background: {c.line}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {c.raised}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus, QSpinBox:focus,
    QDoubleSpinBox:focus, QLineEdit:focus {{
        border-color: {c.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {mixed(QColor(c.muted), 0.6, c.window).name()}; }}
    QPushButton[chip="true"] {{ border-radius: 12px; padding: 3px 12px; }}
    QPushButton[chip="true"]:checked {{ background: {c.accent}; color: {c.on_accent}; }}
    QToolButton::menu-indicator, QPushButton::menu-indicator {{ image: none; width: 0; }}
    QToolButton[popupMode="2"] {{ padding-right: 10px; }}
    QLineEdit[refused="true"], QSpinBox[refused="true"] {{ border-color: {c.error}; }}
    QComboBox[small="true"] {{ padding: 2px 10px; }}
    QPushButton[quiet="true"][flush="true"] {{ padding-left: 0; }}
    QComboBox::drop-down {{ border: none; width: 18px; }}
    QSpinBox, QDoubleSpinBox {{ padding: 4px 6px; }}
    QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
        width: 0; border: none; }}
    QMenu {{ background: {c.window}; border: 1px solid {c.line}; padding: 4px; }}
    QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {c.control}; }}
    QMenu::item:disabled {{ color: {c.muted}; }}
    QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 8px; }}
    QToolTip {{ background: {c.control}; color: {c.text}; border: 1px solid {c.line}; padding: 4px; }}
    QProgressBar {{ background: {c.control}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
    QTreeView {{ background: {c.window}; border: none; outline: none; selection-background-color: transparent; }}
    QTreeView::item {{ padding: 3px 0; border: none; }}
    QTreeView::item:selected {{ background: transparent; color: {c.text}; }}
    QTabBar {{ background: {c.window}; }}
    QTabBar::tab {{ color: {c.muted}; padding: 8px 2px; margin-right: 16px; border: none;
        border-bottom: 2px solid transparent; background: transparent; }}
    QTabBar::tab:selected {{ color: {c.text}; font-weight: 600; border-bottom-color: {c.accent}; }}
    QTabWidget::pane {{ border: none; }}
    QTabWidget::tab-bar {{ left: 16px; }}
    QAbstractScrollArea::corner {{ background: transparent; border: none; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {c.line}; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 1px; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: none; border: none; width: 0; height: 0; }}
    QSplitter::handle {{ background: {c.line}; }}
    QMainWindow::separator {{ background: {c.line}; width: 1px; height: 1px; }}
    QDockWidget {{ titlebar-close-icon: none; color: {c.muted}; font-weight: 600; }}
    QToolBar {{ background: {c.window}; border: none; border-bottom: 1px solid {c.line}; padding: 6px 12px;
        spacing: 8px; }}
    QToolBar::separator {{ background: {c.line}; width: 1px; margin: 6px 4px; }}
    QStatusBar {{ background: {c.window}; border-top: 1px solid {c.line}; }}
    QStatusBar::item {{ border: none; }}
    QMenuBar {{ background: {c.window}; }}
    QMenuBar::item {{ padding: 4px 8px; background: transparent; }}
    QMenuBar::item:selected {{ background: {c.control}; border-radius: 4px; }}
    QWidget[segmented="true"] {{ background: {c.control}; border-radius: 7px; }}
    QPushButton[segment="true"] {{ background: transparent; color: {c.muted}; border-radius: 5px; padding: 2px 6px; }}
    QPushButton[segment="true"]:hover {{ color: {c.text}; }}
    QPushButton[segment="true"]:checked {{ background: {c.raised}; color: {c.text}; }}
    QPushButton[segment="true"]:checked:!focus {{ border-color: {c.line}; }}
    QPushButton[segment="true"]:focus {{ border-color: {c.accent}; }}
    QPushButton[segment="true"]:disabled {{ color: {mixed(QColor(c.muted), 0.5, c.window).name()}; }}
    QLineEdit[number="true"] {{ padding: 2px 4px; }}
    QPushButton[primary="true"] {{ background: {c.accent}; color: {c.on_accent}; font-weight: 600; }}
    QPushButton[primary="true"]:hover {{ background: {mixed(QColor(c.accent), 0.85, c.text).name()}; }}
    QPushButton[primary="true"]:disabled {{ background: {c.control}; color: {c.muted}; }}
    QTableView {{ background: {c.window}; border: none; outline: none;
        selection-background-color: {c.control}; selection-color: {c.text}; }}
    QTableView::item {{ padding: 0 6px; border: none; }}
    QHeaderView {{ background: {c.window}; }}
    QHeaderView::section {{ background: {c.window}; color: {c.muted}; border: none;
        border-bottom: 1px solid {c.line}; padding: 3px 8px; font-size: 12px; }}
    QPushButton[small="true"] {{ padding: 2px 10px; font-size: 12px; }}
    QPushButton[quiet="true"], QToolButton[quiet="true"] {{
        background: transparent; padding: 2px 6px; color: {c.muted}; }}
    QPushButton[quiet="true"]:hover, QToolButton[quiet="true"]:hover {{ background: {c.control}; color: {c.text}; }}
    QPushButton[quiet="true"]:focus, QToolButton[quiet="true"]:focus {{ border-color: {c.accent}; }}
    QToolButton[info="true"], QToolButton[info="true"]:focus {{
        background: transparent; border: none; padding: 0; min-height: 0; }}
    QPushButton:checked {{ background: {c.accent}; color: {c.on_accent}; }}
    QFrame[popover="true"] {{ background: {c.window}; border: 1px solid {c.line}; }}
    QSlider::groove:horizontal {{ background: {c.control}; height: 4px; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {c.accent}; width: 12px; margin: -4px 0; border-radius: 6px; }}
    QSlider::handle:horizontal:focus {{ background: {c.text}; }}
    QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled {{ background: {c.muted}; }}
    QFrame[line="true"] {{ background: {c.line}; max-height: 1px; min-height: 1px; border: none; }}
    """
