"""ResNet Explorer: build a residual network, see it, run it, delete its blocks."""

__version__ = "0.1.0"
