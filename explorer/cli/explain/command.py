"""The kinds of `explain`, and what their command lines have in common."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

KINDS = {
    "blocks": "what each block adds: |F(x)| / |x|, cosine, response, and the prediction after each block",
    "gradients": "the loss's gradient at every block and convolution, beside the plain twin",
    "paths": "how many paths there are, how long, and which carry the gradient (Veit et al. 2016, section 5)",
    "cam": "Grad-CAM: which parts of the picture speak for a class",
}


def add_kinds(explain: argparse.ArgumentParser, network_help: str, weights_help: str, data_help: str) -> None:
    """The sub-commands; the modules are light: none of them imports torch or Qt at once."""
    kinds = explain.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, text in KINDS.items():
        parser = kinds.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        parser.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="a picture (a bundled sample)")
        parser.add_argument("--network", default="resnet20", metavar="N", help=network_help)
        parser.add_argument("--weights", metavar="W", help=f"{weights_help} (bundled ones, or untrained)")
        parser.add_argument("--delete", default="", metavar="IDS", help="blocks to delete, ids with commas")
        parser.add_argument("--device", default="cpu", metavar="DEV", help="cpu, cuda, cuda:1, mps or auto")
        parser.add_argument("--data", default="fashion-mnist", metavar="D", help=data_help)
        parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=".csv, .png or .svg")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        import_module(f"{__package__}.{name}").add_arguments(parser)


def explain(arguments: argparse.Namespace) -> None:
    """Run the kind that was asked for."""
    import_module(f"{__package__}.{arguments.kind}").run(arguments)
