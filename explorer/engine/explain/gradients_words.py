"""What the measured gradients say, in words: only what the figures at hand show."""

from __future__ import annotations

import math

import numpy as np

from explorer.engine.explain.gradients_records import SCHEME_WORDS, GradientsResult, Kind, Profile, middle
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Joined, Sentence

_SAME, _GONE, _LOUD = 2.0, 1e-3, 10.0
"""A ratio up to which a gradient keeps its size, one from which on it vanishes, and a mean loss that says that the
logits have grown out of bounds: guessing among a thousand classes costs 6.9."""
_DIGITS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNLIKELY = Sentence(
    "He et al. 2015 (section 4.1) call vanishing gradients an unlikely cause of degradation: their plain networks have "
    "batch norm, and they checked that the gradients were healthy."
)


def figure(value: float) -> str:
    """Two figures, for gradients of any size: `0`, `0.0031`, `35`, `1,400`, `1.4·10⁴`, `5.6·10⁻⁸`."""
    if not math.isfinite(value):
        return "∞" if value == math.inf else "NaN"
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    power = int(exponent)
    if -4 < power < 4:
        return f"{float(f'{value:.1e}'):,.{max(1 - power, 0)}f}"
    return f"{mantissa}·10{str(power).translate(_DIGITS)}"


def lesioned(spec: NetworkSpec, lesion: Lesion) -> str:
    """The network's name, and what is done to it: `ResNet-20 (1 deleted, 1 cut)`."""
    done = [Sentence("{count} deleted", count=len(lesion.deleted))] if lesion.deleted else []
    done += [Sentence("{count} cut", count=len(lesion.cut))] if lesion.cut else []
    done += [Sentence("blocks moved")] if lesion.order else []
    return Sentence("{network} ({changes})", network=spec.name, changes=Joined(", ", done)) if done else spec.name


def lesion_notes(spec: NetworkSpec, lesion: Lesion, twin: NetworkSpec | None) -> list[Sentence]:
    """What is done to which blocks, and that nothing is to the twin's; empty for the intact network."""
    said = []
    for ids, words in ((lesion.deleted, "Deleted: {ids}."), (lesion.cut, "Shortcuts cut: {ids}.")):
        if ids:
            said.append(Sentence(words, ids=", ".join(one for one in spec.block_ids if one in ids)))
    if lesion.order:
        said.append(Sentence("Blocks are moved; their order: {ids}.", ids=", ".join(lesion.order)))
    if said and twin is not None:
        said.append(Sentence("The twin is {network}, intact.", network=twin.name))
    return said


def setting(result: GradientsResult) -> Sentence:
    """How it was measured, for the foot of a chart."""
    request, count = result.request, result.images
    known = "{count} labelled images"
    if not result.labelled:
        known = "{count} images without labels" if result.scheme == "trained" else "{count} images with random labels"
    what = {
        "noise": Sentence("{count} images of noise with random labels", count=count),
        "images": Sentence(known, count=count),
        "picture": Sentence("one picture", count=count),
    }[request.on]
    if result.scheme == "trained":
        return Sentence("Trained weights, batch norm in eval mode, mean cross entropy of {what}", what=what)
    norm = Sentence("batch norm over the batch") if request.norm else Sentence("without batch norm")
    return Sentence(
        "{scheme} initialisation, {norm}, {what} a seed, {seeds} of {total} seeds",
        scheme=SCHEME_WORDS[result.scheme], norm=norm, what=what, seeds=result.seeds, total=result.total,
    )  # fmt: skip


def course(profile: Profile, kind: Kind) -> Sentence:
    """How one network's gradient changes from the last block back to the first."""
    ratio, name = middle(profile.ratios(kind)), profile.name
    if not math.isfinite(ratio):
        return Sentence("{network}: the gradient is no finite number.", network=name)
    if ratio == 0:
        return Sentence("{network}: nothing of the gradient is left at the first block.", network=name)
    if ratio >= _SAME:
        return Sentence(
            "{network}: the gradient grows {factor}‑fold toward the input.", network=name, factor=figure(ratio)
        )
    if ratio <= 1 / _SAME:
        words = "{network}: the gradient shrinks {factor}‑fold toward the input."
        if ratio <= _GONE:
            words = "{network}: the gradient vanishes toward the input, {factor}‑fold."
        return Sentence(words, network=name, factor=figure(1 / ratio))
    return Sentence(
        "{network}: the gradient keeps its size, {factor} times as large at the first block.",
        network=name, factor=figure(ratio),
    )  # fmt: skip


def edges(profile: Profile, kind: Kind) -> str:
    """How many norms lie at the chart's edge; empty where none does."""
    total = profile.norms(kind).size
    zeros = profile.count(kind, lambda norms: norms == 0)
    broken = profile.count(kind, lambda norms: ~np.isfinite(norms))
    said: list[str] = []
    if zeros:
        said.append(
            Sentence(
                "{network}: {count} of {total} norms are exactly 0, below the least that float32 can hold.",
                network=profile.name,
                count=zeros,
                total=total,
            )
        )
    if broken:
        said.append(
            Sentence(
                "{network}: {count} of {total} norms are no finite numbers.",
                network=profile.name,
                count=broken,
                total=total,
            )
        )
    return Joined(" ", said)


def meaning(result: GradientsResult) -> list[str]:
    """What follows from the figures, with the papers."""
    said = [Sentence("{network}: the loss is no finite number.", network=profile.name)
            for profile in result.networks if not np.isfinite(profile.losses).all()]  # fmt: skip
    plain = next((one for one in result.networks if one.name == _plain_name(result)), None)
    ratio = math.nan if plain is None else middle(plain.ratios("inputs"))
    if result.scheme == "trained":
        said += _of_trained(result)
    elif result.request.norm:
        said += _with_norm(ratio)
    else:
        said += _without_norm(result, ratio)
    return [*said, _UNLIKELY]


def _plain_name(result: GradientsResult) -> str:
    return result.networks[0].name if result.request.spec.plain else result.networks[-1].name if _pair(result) else ""


def _pair(result: GradientsResult) -> bool:
    return len(result.networks) > 1


def _of_trained(result: GradientsResult) -> list[Sentence]:
    ratios = [middle(profile.ratios("inputs")) for profile in result.networks]
    if any(not math.isfinite(ratio) or ratio <= _GONE for ratio in ratios):
        return []
    if any(ratio <= 1 / _SAME for ratio in ratios):
        return [_arrives(profile, ratio) for profile, ratio in zip(result.networks, ratios, strict=True)]
    if result.request.lesion:
        return [Sentence("With these changes, too, the gradient does not vanish on its way to the input.")]
    if _pair(result):
        return [Sentence("In neither of the two trained networks does the gradient vanish on its way to the input.")]
    return [Sentence("In this trained network the gradient does not vanish on its way to the input.")]


def _arrives(profile: Profile, ratio: float) -> Sentence:
    if ratio <= 1 / _SAME:
        return Sentence(
            "In {network} as trained the gradient arrives at the first block, {factor}‑fold smaller.",
            network=profile.name, factor=figure(1 / ratio),
        )  # fmt: skip
    return Sentence(
        "In {network} as trained the gradient does not vanish on its way to the input.", network=profile.name
    )


def _with_norm(ratio: float) -> list[Sentence]:
    """Of the plain network."""
    if not (math.isfinite(ratio) and ratio > _SAME):
        return []
    return [
        Sentence(
            "With batch norm the gradient of a plain network does not vanish at initialisation: it grows toward the "
            "input, and exponentially with depth (Yang et al. 2019, arXiv:1902.08129)."
        )
    ]


def _without_norm(result: GradientsResult, ratio: float) -> list[Sentence]:
    said = []
    if ratio <= _GONE:
        said.append(
            Sentence(
                "Without batch norm, and with {scheme} initialisation, the gradient of a plain network vanishes. The "
                "plain networks of He et al. 2015 have batch norm.",
                scheme=SCHEME_WORDS[result.scheme],
            )
        )
    elif result.scheme == "he" and 1 / _LOUD < ratio < _LOUD:
        said.append(
            Sentence(
                "He's scheme is made to keep the size of gradients in plain networks without batch norm (He et al. "
                "2015, arXiv:1502.01852, section 2.2)."
            )
        )
    first = result.networks[0]
    loss = middle(first.losses)
    if not result.request.spec.plain and (loss > _LOUD or not math.isfinite(loss)):
        said.append(
            Sentence(
                "Without batch norm the blocks of {network} add up to ever larger numbers: its mean loss is {loss}.",
                network=first.name,
                loss=figure(loss),
            )
        )
    return said
