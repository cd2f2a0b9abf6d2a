"""What the study panel says: names of studies and measures, tooltips, and what a point did, in words."""

from __future__ import annotations

from explorer.app.study_numbers import Measure, block_of, halves, value_of
from explorer.app.text import tr, translated
from explorer.app.widgets.numbers import UNKNOWN, percent, scaled, signed, whole
from explorer.engine.records import WeightsInfo, WeightsKind
from explorer.engine.study_records import StudyKind, StudyPoint, StudyResult
from explorer.networks.lesion import exchangeable
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

ABOUT = (
    "Lesion studies of a trained network, after Veit et al. 2016 (arXiv:1605.06431), section 4: blocks are deleted, "
    "cut off from their shortcuts or put in each other's places at test time, without training again, and the network "
    "is measured on the same images each time.\n\n"
    "Deleting a block sets its residual branch to zero: an identity block passes its input on; a block that changes "
    "the shape keeps only its shortcut. Cutting a shortcut is the opposite: y = F(x). A layer of a network without "
    "shortcuts becomes the identity, or subsamples and pads where the shape changes.\n\n"
    "Changes of accuracy are against the intact network on the same images; their 95 % intervals are the paired ones. "
    "Click a bar or a point to do the same to the open network; undo takes it back."
)

KINDS: dict[StudyKind, str] = {
    "single": "Delete each block alone",
    "random": "Delete blocks at random",
    "reorder": "Reorder blocks",
    "greedy": "Delete the least harmful",
    "cut": "Cut each shortcut alone",
}
PLAIN_KINDS: dict[StudyKind, str] = {
    "single": "Delete each layer alone",
    "random": "Delete layers at random",
    "reorder": "Reorder layers",
    "greedy": "Delete the least harmful",
    "cut": "Cut each shortcut alone",
}
MEANINGS: dict[StudyKind, str] = {
    "single": "Each block in turn loses its residual branch; all others stay.",
    "random": "k blocks, drawn at random, lose their residual branches, for each k.",
    "reorder": "k random pairs of blocks of equal shape change places, for each k.",
    "greedy": "The block that harms least goes first, then the next one, until none is left.",
    "cut": "The opposite of deleting: each shortcut in turn is set to zero, so that y = F(x).",
}
PLAIN_MEANINGS: dict[StudyKind, str] = {
    **MEANINGS,
    "single": "Each layer in turn becomes the identity; where the shape changes, it subsamples and pads.",
    "random": "k layers, drawn at random, become identities, for each k.",
    "reorder": "k random pairs of layers of equal shape change places, for each k.",
    "greedy": "The layer that harms least goes first, then the next one, until none is left.",
}
MEASURE_NAMES: dict[Measure, str] = {
    "change": "Change of accuracy",
    "accuracy": "Accuracy",
    "error": "Error",
    "agreement": "Agreement with intact",
    "probability": "Probability of the true class",
}
MEASURE_TIPS: dict[Measure, str] = {
    "change": "Against intact on the same images, in percentage points, with the paired 95 % interval",
    "accuracy": "Share of images whose likeliest class is the true one, with Wilson's 95 % interval",
    "error": "100 % minus the accuracy, as Veit et al. 2016 draw it",
    "agreement": "Share of images on which this network and the intact one say the same class",
    "probability": "Mean change of the true class's probability against intact, in percentage points",
}
FAST_TIP = (
    "bfloat16 where the device has it, channels_last and batch norms folded into the convolutions. Faster; single "
    "predictions may differ from the exact ones. Named in every result."
)
REESTIMATE_TIP = (
    "Batch norm's means and variances were estimated while all blocks were present. Without a block, later layers get "
    "other numbers than those statistics describe, and part of the damage is only that. Switched on, they are "
    "estimated anew on training images after each deletion. Veit et al. 2016 did not do that."
)
DOWNSAMPLING_TIP = (
    "Whether blocks that change the shape may be deleted as well. Of them only the projection, or the subsampling "
    "shortcut, is left; they cost visibly more than their neighbours."
)
SEEDS_TIP = "Repeats, with seeds 0, 1 …; the paper does not say how many it did"
MOST_TIP = "The largest k; all: until every block has its turn"
IMAGES_TIP = "From the front of the set's balanced, shuffled order; more images make the intervals narrower"


def kind_name(kind: StudyKind, plain: bool) -> str:
    return tr((PLAIN_KINDS if plain else KINDS)[kind])


def meaning(kind: StudyKind, plain: bool) -> str:
    return tr((PLAIN_MEANINGS if plain else MEANINGS)[kind])


def obstacle(kind: StudyKind, spec: NetworkSpec) -> str:
    """Why a network can't have a study; empty where it can."""
    if kind == "cut" and spec.plain:
        return tr("This network has no shortcuts to cut.")
    if kind == "reorder" and not exchangeable(spec):
        return tr("No two blocks of this network have the same shape, so none can change places.")
    return ""


def weights_note(info: WeightsInfo | None) -> str:
    """What is to be known of the weights before a study; empty where nothing is."""
    if info is None or info.ref.kind is not WeightsKind.UNTRAINED:
        return ""
    return tr(
        "These weights are untrained: the accuracy is chance, one in {count}, whatever is deleted.",
        count=whole(info.spec.classes),
    )


def lesion_note(there: bool) -> str:
    """What a study makes of what the open network lacks; empty where it lacks nothing."""
    return tr("A study starts from the intact network: what is deleted, cut or moved now is left out.") if there else ""


def study_name(result: StudyResult) -> str:
    """`ResNet-20 · Fashion-MNIST`: the network and its weights."""
    title = result.info.title
    # The accuracy in a title is that of another set of images, or of more of them: beside the study's it would puzzle.
    if isinstance(title, Sentence) and "share" in title.values:
        title = str(title.values["name"])
    return f"{result.request.spec.name} · {translated(title)}"


def intact_words(result: StudyResult) -> str:
    """`intact 93.6 %, n = 500`."""
    accuracy, n = result.intact.counts.accuracy, images_words(result)
    return n if accuracy is None else tr("intact {accuracy} %, {n}", accuracy=percent(accuracy), n=n)


def images_words(result: StudyResult) -> str:
    """`n = 500`, `n = 120 of 500`: how many images the point that is furthest behind has seen."""
    seen = [point.counts.images for point in result.points if point.counts.images]
    least = min(seen, default=0)
    if result.finished or least == result.total:
        return tr("n = {total}", total=whole(result.total))
    return tr("n = {seen} of {total}", seen=whole(least), total=whole(result.total))


def change_words(point: StudyPoint) -> str:
    """`−2.4 ± 0.8`, in points."""
    change = point.change()
    return UNKNOWN if change is None else f"{signed(100 * change[0])} ± {100 * change[1]:.1f}"


def lesion_words(point: StudyPoint, result: StudyResult) -> str:
    """What was done: `layer2.1`, `12 blocks, seed 3`, `4 swaps, seed 0`, `3: + layer2.1` (greedy)."""
    if result.request.kind == "greedy":
        return tr("{count}: + {block}", count=point.size, block=newest(point, result))
    block = block_of(point)
    drawn = result.request.kind in ("random", "reorder")
    if block is not None and not drawn:
        return block
    plain = result.request.spec.plain
    if result.request.kind == "reorder":
        words = tr("1 swap") if point.size == 1 else tr("{count} swaps", count=point.size)
    elif point.size == 1:
        words = tr("1 layer") if plain else tr("1 block")
    else:
        words = tr("{count} layers", count=point.size) if plain else tr("{count} blocks", count=point.size)
    return words if point.seed is None else tr("{what}, seed {seed}", what=words, seed=point.seed)


def newest(point: StudyPoint, result: StudyResult) -> str:
    """The block that a point of a greedy study deletes on top of the point before it."""
    before = next((other.lesion.deleted for other in result.points if other.size == point.size - 1), frozenset())
    return ", ".join(sorted(point.lesion.deleted - before))


def point_lines(result: StudyResult, number: int) -> list[str]:
    """Everything about a point, line by line, for the tooltip."""
    point = result.points[number]
    lines = [_heading(result, point)]
    if not point.counts.images:
        return [*lines, tr("not measured yet")]
    if point.counts.correct is not None:
        low, high = point.counts.interval()
        lines.append(
            tr(
                "Accuracy {accuracy} % ({low} – {high}), intact {intact} %",
                accuracy=percent(point.counts.accuracy),
                low=percent(low),
                high=percent(high),
                intact=percent(point.intact.accuracy),
            )
        )
        lines.append(tr("Change {change} points (paired 95 % interval)", change=change_words(point)))
    lines.append(tr("Agreement with intact {share} %", share=percent(point.counts.agreement)))
    probability = value_of(point, "probability")
    if probability is not None:
        lines.append(tr("Probability of the true class {change} points", change=signed(probability.value)))
    lines += _costs(point)
    lines.append(tr("n = {images} images", images=whole(point.counts.images)))
    return lines


def _heading(result: StudyResult, point: StudyPoint) -> str:
    words = lesion_words(point, result)
    block = block_of(point)
    if block is not None and result.request.kind in ("single", "cut") and halves(result.request.spec, block):
        words = tr("{block}, changes the shape", block=block)
    name = {"cut": tr("cut"), "reorder": tr("reordered")}.get(result.request.kind, tr("deleted"))
    return f"{words} · {name} · {result.request.spec.name}"


def _costs(point: StudyPoint) -> list[str]:
    number, prefix = scaled(point.macs)
    lines = [tr("{macs} multiply-adds an image", macs=f"{number} {prefix}".strip())]
    if point.kendall_tau is not None:
        lines.append(tr("Kendall’s τ {tau}", tau=f"{point.kendall_tau:.3f}"))
    if point.latency is not None:
        timed = point.latency
        lines.append(
            tr(
                "{now} ms an image ({low} – {high}), intact {before} ms",
                now=f"{1e3 * timed.median:.2f}",
                low=f"{1e3 * timed.low:.2f}",
                high=f"{1e3 * timed.high:.2f}",
                before=f"{1e3 * timed.intact:.2f}",
            )
        )
    return lines


def duration(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `1 h 5 min`."""
    total = round(seconds)
    if total < 60:
        return tr("{seconds} s", seconds=total)
    if total < 3600:
        return tr("{minutes} min {seconds} s", minutes=total // 60, seconds=total % 60)
    return tr("{hours} h {minutes} min", hours=total // 3600, minutes=total % 3600 // 60)
