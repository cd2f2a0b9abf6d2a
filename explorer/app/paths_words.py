"""What the paths view says, in words."""

from __future__ import annotations

from explorer.app.text import tr, translated
from explorer.engine.explain.paths_records import PathsResult, Unravelled
from explorer.engine.records import WeightsKind
from explorer.networks.lesion import Lesion
from explorer.networks.paths import (
    HELD,
    PAPER_BLOCKS,
    PAPER_LENGTHS,
    PAPER_SHARE,
    PathCounts,
    digits,
    usual_lengths,
)

ABOUT = (
    "A residual block adds its shortcut to its residual branch. Unravelled, data flow along every path from input to "
    "output that takes one of the two at each block: n blocks make 2^n paths (Veit et al. 2016, section 3). What comes "
    "out is no sum of what each path would give alone, as branches are not linear. It is the gradient that is a sum "
    "over all paths: the chain rule multiplies (1 + F′) of all blocks. A path's length is the number of residual "
    "branches on it; the shortcut of a downsampling block, which is a projection or a subsampling, is a way like any "
    "other.\n\n"
    "Lengths are binomial: most paths go through about half of the blocks. Deleting a block takes away all paths "
    "through its branch: half of them, and more of the long ones than of the short ones (section 6). Cutting a "
    "shortcut takes away those around it.\n\n"
    "Gradient by length is measured as in section 5 of the paper: the forward pass is whole; on the way back the "
    "gradient goes through the residual branch of k blocks and through the shortcut of all others. What is shown is "
    "its norm at the network's input, the mean of several random orders of the blocks; the band is their range. Batch "
    "norm is in eval mode, and the network is measured intact.\n\n"
    "Together multiplies both: how many paths of a length there are, times the mean norm over one. The paper finds "
    "that almost all of it lies on paths of 5 to 17 of 54 blocks. Norms don't tell directions: the gradients of single "
    "paths can cancel each other, and it is the gradients that add up to the whole one, not their norms.\n\n"
    "Unravelled takes three blocks apart (their Fig. 1): eight ways through them, and through all other blocks both "
    "ways at once, so that the eight gradients add up to the whole one.\n\n"
    "In the original order a ReLU follows each addition (He et al. 2015) and lies on all paths; it lets pass what was "
    "positive in the forward pass. The paper's network is pre-activated (He et al. 2016), with nothing behind the "
    "additions: PreResNet-110 is the one to compare with it."
)
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_two(exponent: int) -> str:
    """`2⁵⁴`."""
    return "2" + str(exponent).translate(_SUPERSCRIPTS)


def in_full(count: int) -> str:
    """A whole number that may be broken into lines between its groups of digits."""
    return digits(count).replace(",", ",\u200b")


def share(value: float) -> str:
    """`12.3 %`, `0.45 %`, `1.2 × 10⁻⁷ %`."""
    percent = 100 * value
    if percent == 0 or percent >= 0.01:
        return f"{percent:.3g}\u00a0%" if percent < 100 else "100\u00a0%"
    digits_, exponent = f"{percent:.1e}".split("e")
    return f"{digits_}\u00a0×\u00a010⁻{str(abs(int(exponent))).translate(_SUPERSCRIPTS)}\u00a0%"


def norm(value: float) -> str:
    """`0.72`, `3.1 × 10⁻⁹`; in words what is no number."""
    if value != value:
        return tr("no number")
    if value in (float("inf"), float("-inf")):
        return tr("infinite")
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.3g}"
    figures, exponent = f"{value:.1e}".split("e")
    sign = "⁻" if exponent.startswith("-") else ""
    return f"{figures}\u00a0×\u00a010{sign}{str(abs(int(exponent))).translate(_SUPERSCRIPTS)}"


def count_words(counts: PathCounts) -> str:
    """How many paths there are, and how long most are."""
    lengths = usual_lengths(counts.blocks)
    words = tr(
        "{power} = {count} paths: each goes through or around {blocks} blocks, 95 % through {low} to {high} of them.",
        power=power_of_two(counts.blocks), count=in_full(counts.total), blocks=counts.blocks, low=lengths[0],
        high=lengths[1],
    )  # fmt: skip
    return f"{words} {left_words(counts)}" if counts.deleted or counts.cut else words


def left_words(counts: PathCounts) -> str:
    """What is left of them."""
    done = [
        tr("{count} deleted", count=counts.deleted) if counts.deleted else "",
        tr("{count} cut", count=counts.cut) if counts.cut else "",
    ]
    gone = counts.deleted + counts.cut
    return tr(
        "With {done}, {power} = {count} are left, one in {times}.",
        done=", ".join(filter(None, done)), power=power_of_two(counts.blocks - gone), count=in_full(counts.total_left),
        times=in_full(2**gone),
    )  # fmt: skip


def gradient_words(result: PathsResult) -> str:
    """How the norm changes with the length."""
    mean = result.mean()
    blocks = len(result.forks)
    words = tr(
        "Over one path: from {first} around all blocks to {last} through all {blocks}.",
        first=norm(float(mean[0])), last=norm(float(mean[-1])), blocks=blocks,
    )  # fmt: skip
    if not (mean[0] > 0 and mean[-1] > 0 and float(mean[0]) < float("inf") and float(mean[-1]) < float("inf")):
        return words
    factor = float((mean[-1] / mean[0]) ** (1 / blocks))
    return words + " " + tr("Each further branch multiplies it by {factor}, on average.", factor=f"{factor:.2g}")


def effective_words(result: PathsResult) -> str:
    """Which lengths matter, and what the paper found."""
    found = result.effective()
    if found is None:
        return tr("There is no such interval: some norms are no numbers, or all are zero.")
    return tr(
        "Effective lengths (grey), the shortest interval with {held} % of this product: {low} to {high} of {blocks}, "
        "{share} of all paths. Veit et al. 2016: almost all, {first} to {last} of {of}, {theirs} of all paths.",
        held=f"{100 * HELD:.0f}", low=found[0], high=found[1], blocks=len(result.forks),
        share=share(float(result.counts.share_between(*found))), first=PAPER_LENGTHS[0], last=PAPER_LENGTHS[1],
        of=PAPER_BLOCKS, theirs=share(PAPER_SHARE),
    )  # fmt: skip


def source_words(result: PathsResult, orders: bool = True) -> str:
    """On what, and how often, it was measured; without the orders of the blocks where what is told needs none."""
    count = len(result.norms) if orders else 0
    what = translated(result.source)
    if result.request.picture is None:
        if result.request.data.kind != "folder":  # its name says how many there are
            words = "{source}: {count} of them"
        else:
            words = "1 image of {source}" if result.images == 1 else "{count} images of {source}"
        what = tr(words, count=result.images, source=what)
    loss = tr("loss of their labels") if result.labelled else tr("loss of the predicted class")
    untrained = result.request.weights.kind is WeightsKind.UNTRAINED
    parts = [what, *([tr("weights as initialised")] if untrained else []), loss, translated(result.device)]
    if count:
        parts.insert(0, tr("1 order of the blocks") if count == 1 else tr("{count} orders of the blocks", count=count))
    parts += [f"{result.seconds:.1f}\u00a0s", *map(translated, result.notes)]
    return " · ".join(parts)


def length_words(counts: PathCounts, result: PathsResult | None, length: int) -> str:
    """All about the paths of one length."""
    paths = counts.of_length(length)
    number = tr("1 path") if paths == 1 else tr("{count} paths", count=digits(paths))
    parts = [tr("length {length}", length=length), number, share(paths / counts.total)]
    if counts.deleted or counts.cut:
        parts.append(tr("{share} of them left", share=share(float(counts.share_left(length)))))
    if result is not None and len(result.norms):
        low, high = result.spread()
        spread = (norm(float(result.mean()[length])), norm(float(low[length])), norm(float(high[length])))
        parts.append(tr("norm {mean} ({low} to {high})", mean=spread[0], low=spread[1], high=spread[2]))
        carried = float(result.carried_shares()[length])
        if carried == carried:
            parts.append(tr("{share} of the product", share=share(carried)))
    return " · ".join(parts)


def way_words(taken: frozenset[str], chosen: tuple[str, ...]) -> str:
    """`through layer1.0 and layer1.2`."""
    through = [block for block in chosen if block in taken]
    if not through:
        return tr("around all of them")
    return tr("through {blocks}", blocks=", ".join(through))


def gone_words(taken: frozenset[str], chosen: tuple[str, ...], lesion: Lesion) -> str:
    """Why a path is not there any more; empty where it is."""
    deleted = [block for block in chosen if block in taken & lesion.deleted]
    if deleted:
        return tr("gone: {block} is deleted", block=", ".join(deleted))
    cut = [block for block in chosen if block in lesion.cut - taken]
    return tr("gone: the shortcut of {block} is cut", block=", ".join(cut)) if cut else ""


def unravelled_words(found: Unravelled, left: int) -> str:
    """What the eight paths are of."""
    count = len(found.taken)
    words = tr(
        "{count} ways through these blocks, and through all others both ways at once: their gradients add up to the "
        "whole one, whose norm is {whole}. Shares are of the sum of the norms.",
        count=count, whole=norm(found.whole),
    )  # fmt: skip
    return words if left == count else words + " " + tr("{left} of {count} are left.", left=left, count=count)
