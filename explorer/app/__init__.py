"""The window: Qt and pyqtgraph, and never torch."""
