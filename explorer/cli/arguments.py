"""The arguments of every command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from explorer import __version__
from explorer.cli.explain.command import add_kinds
from explorer.cli.values import positive
from explorer.engine.export_records import PRECISIONS
from explorer.errors import UserError

COMMANDS = (
    "describe",
    "draw",
    "predict",
    "accuracy",
    "study",
    "explain",
    "train",
    "report",
    "recognise",
    "compare",
    "export",
    "list",
    "lessons",
)
VIEWS = ("maps", "study", "blocks", "gradients", "paths", "cam", "training")
STUDIES = ("single", "random", "reorder", "greedy", "cut")
_NETWORK = "a preset's name (resnet18, resnet20, …), a spec's JSON file, or the JSON itself"
_WEIGHTS = "untrained, fashion-mnist, imagenet, a weights enum's name, or a file"
_DATA = "fashion-mnist (the bundled 2,000), fashion-mnist-full, or a folder with one folder a class"


class _Parser(argparse.ArgumentParser):
    """Refuses with one sentence instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError("{message}; see `{program} --help`.", message=message, program=self.prog)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments as a namespace; `command` is one of COMMANDS, or `window`.

    Raises:
        UserError: an argument that can't be.
    """
    if argv and argv[0] in COMMANDS:
        return _command_parser().parse_args(argv)
    return _window_parser().parse_args(argv)


def _window_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="main.py",
        description="ResNet Explorer: build a residual network, see it, run a picture through it, delete its blocks.",
        epilog="Commands without a window: " + ", ".join(COMMANDS) + ". Each has its own --help.",
    )
    parser.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="a picture to open")
    parser.add_argument("--network", metavar="N", help=f"the network to begin with: {_NETWORK}")
    parser.add_argument("--delete", default="", metavar="IDS", help="blocks deleted at the start, ids with commas")
    parser.add_argument(
        "--study", choices=(*STUDIES, "fig3", "fig5a", "fig5b"),
        help="run a deletion study at the start, of the open network or as in a figure of Veit et al. 2016",
    )  # fmt: skip
    parser.add_argument("--view", choices=VIEWS, help="the tab to begin with")
    parser.add_argument("--lesson", metavar="NAME", help="begin with a lesson, or with its step K: NAME:K")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="save a picture of the window, and quit")
    parser.add_argument("--size", type=_size, default=(1440, 900), metavar="WxH", help="of the screenshot's window")
    parser.add_argument("--theme", choices=("light", "dark"), help="instead of the remembered one")
    parser.add_argument("--version", action="version", version=f"ResNet Explorer {__version__}")
    parser.set_defaults(command="window")
    return parser


def _command_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="main.py")
    commands = parser.add_subparsers(dest="command", required=True)

    describe = commands.add_parser("describe", help="depth, parameters, MACs and shapes of a network")
    describe.add_argument("network", metavar="NETWORK", help=_NETWORK)
    _json(describe)

    draw = commands.add_parser("draw", help="the diagram as a file")
    draw.add_argument("network", metavar="NETWORK", help=_NETWORK)
    draw.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=".svg, .png or .pdf")
    draw.add_argument("--delete", default="", metavar="IDS", help="blocks drawn as deleted, ids with commas")
    _draw(draw)

    predict = commands.add_parser("predict", help="what a network says of a picture")
    predict.add_argument("image", type=Path, metavar="IMAGE")
    _network(predict)
    predict.add_argument("--top", type=positive, default=5, metavar="K", help="how many predictions (5)")
    _json(predict)

    accuracy = commands.add_parser("accuracy", help="accuracy on labelled images, with blocks deleted")
    _network(accuracy)
    _data(accuracy)
    _json(accuracy)

    _compare(commands.add_parser("compare", help="two or three networks side by side: what differs, and a figure"))
    _study(commands.add_parser("study", help="many lesions to one network, each measured on the same images"))
    explain = commands.add_parser("explain", help="why shortcuts work: blocks, gradients, paths, where it looks")
    add_kinds(explain, _NETWORK, _WEIGHTS, _DATA)
    _train(commands.add_parser("train", help="train a network"))

    recognise = commands.add_parser("recognise", help="which network a checkpoint is of")
    recognise.add_argument("file", type=Path, metavar="FILE", help=".pth, .pt, .th, .safetensors or .onnx")
    _json(recognise)

    _export(commands.add_parser("export", help="a network as a file: specification, PyTorch code, ONNX, weights"))
    _json(commands.add_parser("list", help="every network that has a name, and the weights there are"))

    lessons = commands.add_parser("lessons", help="the lessons there are; or check, and measure, the file of one")
    lessons.add_argument("--check", type=Path, metavar="FILE", help="a lesson's .toml file")
    lessons.add_argument("--measure", action="store_true", help="measure every figure of the file, too")
    lessons.add_argument("--device", default="cpu", metavar="DEV", help="cpu, cuda, cuda:1, mps or auto")
    _json(lessons)

    report = commands.add_parser("report", help="everything about one picture, as one HTML page")
    report.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    report.add_argument("--image", type=Path, metavar="IMAGE", help="a picture instead of the bundled sample")
    _network(report)
    _data(report)
    return parser


def _compare(compare: argparse.ArgumentParser) -> None:
    compare.add_argument("networks", nargs="+", metavar="NETWORK", help=f"two or three; each {_NETWORK}")
    compare.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="the networks aligned by resolution as .svg, .png or .pdf, or the table as .csv, .md or .json",
    )  # fmt: skip
    compare.add_argument("--device", default="cpu", metavar="DEV", help="where the latency is measured (cpu)")
    compare.add_argument("--no-latency", dest="latency", action="store_false", help="leave the measurement out")
    compare.add_argument("--theme", choices=("light", "dark"), default="light", help="of the figure (light)")
    _json(compare)


def _export(export: argparse.ArgumentParser) -> None:
    export.add_argument("network", metavar="NETWORK", help=_NETWORK)
    export.add_argument("--weights", default="untrained", metavar="W", help=f"{_WEIGHTS} (untrained)")
    export.add_argument("--delete", default="", metavar="IDS", help="blocks left out for good, ids with commas")
    export.add_argument("--cut", default="", metavar="IDS", help="blocks whose shortcuts are left out for good")
    export.add_argument(
        "--precision", choices=PRECISIONS, default="same",
        help="of a .safetensors file: fp16, fp32, or (same) fp16 where that loses nothing",
    )  # fmt: skip
    export.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE",
        help=".json (the specification), .py (PyTorch), .onnx or .safetensors (the weights)",
    )  # fmt: skip


def _draw(draw: argparse.ArgumentParser) -> None:
    draw.add_argument("--theme", choices=("light", "dark"), default="light", help="colours of lines and words (light)")
    draw.add_argument(
        "--background", choices=("light", "dark", "transparent"), help="behind the diagram; the theme's unless told"
    )
    size = draw.add_mutually_exclusive_group()
    size.add_argument("--scale", type=float, metavar="S", help="pixels of a .png for each logical one, 1 to 8 (2)")
    size.add_argument("--width", type=positive, metavar="PX", help="pixels of a .png from left to right")
    draw.add_argument("--greyscale", action="store_true", help="for a print without colours: patterns in their place")
    draw.add_argument(
        "--colour", choices=("parameters", "macs", "activations"), help="fill the blocks by a quantity, with its scale"
    )
    draw.add_argument(
        "--level", choices=("stages", "runs", "blocks"), default="runs",
        help="how much is shown: stages, long runs folded, or all blocks (runs)",
    )  # fmt: skip


def _study(study: argparse.ArgumentParser) -> None:
    study.add_argument(
        "kind", choices=STUDIES,
        help="single: each block alone deleted; random: k blocks; reorder: k pairs swapped; greedy: the least harmful "
        "block, then the next; cut: each shortcut alone",
    )  # fmt: skip
    _which(study)
    _data(study)
    study.add_argument("--seeds", type=positive, default=10, metavar="R", help="repeats of random and reorder (10)")
    study.add_argument("--most", type=positive, metavar="K", help="largest k of random, reorder and greedy")
    study.add_argument(
        "--no-downsampling", dest="downsampling", action="store_false",
        help="random and greedy: leave the blocks that change the shape",
    )  # fmt: skip
    study.add_argument(
        "--reestimate", action="store_true", help="estimate batch norm statistics anew on training images each time"
    )
    study.add_argument("--fast", action="store_true", help="bfloat16 where it pays, and folded batch norms")
    study.add_argument("--resume", action="store_true", help="go on from where the same study was stopped")
    study.add_argument("-o", "--output", type=Path, metavar="FILE", help=".csv, .json, .png or .svg")
    _json(study)


def _train(train: argparse.ArgumentParser) -> None:
    train.add_argument("--network", metavar="N", help=_NETWORK)
    train.add_argument(
        "--data",
        metavar="D",
        help="fashion-mnist-full (60,000 images; the default) or a folder with one folder a class",
    )
    train.add_argument("--epochs", type=positive, metavar="E")
    train.add_argument(
        "--recipe", choices=("one-minute",), help="ResNet-8 on 10,000 images of Fashion-MNIST, in about a minute"
    )
    train.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=".safetensors")
    train.add_argument("--seed", type=int, default=0, metavar="S")
    train.add_argument("--resume", action="store_true", help="go on where a stopped or killed run was")
    train.add_argument("--pause-file", type=Path, metavar="FILE", help="the run waits while this file is there")
    train.add_argument("--side", type=positive, metavar="PX", help="side of the network's input")
    train.add_argument("--batch", type=positive, default=128, metavar="B")
    train.add_argument("--rate", type=float, default=0.1, metavar="R", help="largest learning rate (0.1)")
    train.add_argument("--schedule", choices=("onecycle", "steps"), default="onecycle")
    train.add_argument("--float32", action="store_true", help="no bfloat16 anywhere")
    train.add_argument("--device", default="auto", metavar="DEV", help="cpu, cuda, cuda:1, mps or auto")


def _network(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--delete", default="", metavar="IDS", help="blocks to delete, ids with commas: layer1.1,…")


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--network", default="resnet20", metavar="N", help=_NETWORK)
    parser.add_argument("--weights", default="fashion-mnist", metavar="W", help=_WEIGHTS)
    parser.add_argument("--device", default="cpu", metavar="DEV", help="cpu, cuda, cuda:1, mps or auto")


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", default="fashion-mnist", metavar="D", help=_DATA)
    parser.add_argument("--images", type=positive, metavar="K", help="at most so many images")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and 400 <= int(width) <= 8000 and 300 <= int(height) <= 8000):
        raise argparse.ArgumentTypeError(f"{text} is no size such as 1440x900")
    return int(width), int(height)
