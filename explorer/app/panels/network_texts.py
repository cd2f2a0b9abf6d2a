"""What the network panel says beside the knobs' own words: its explanation by family, with the papers' sections."""

from __future__ import annotations

from explorer.networks.catalog import FAMILIES, first_of
from explorer.networks.knobs import Option
from explorer.networks.spec import NetworkSpec

_RESNET = (
    "A residual network: a stem, stages of equal blocks, and a head. Each block adds what its residual branch F(x) "
    "makes to what its shortcut carries: y = F(x) + x (He et al. 2015, section 3.2).\n\n"
    "ImageNet networks have a 7×7 stem and four stages (section 3.3, Table 1); CIFAR networks a 3×3 stem and three "
    "stages, 6n+2 layers with basic blocks (section 4.2). Depth counts the convolutions of the stem and the residual "
    "branches and the one classifier; projections are not counted. A plain network has the same layers without "
    "shortcuts (section 3.3); each of them stands on its own here.\n\n"
    "The orders (a) to (e) place batch norm and ReLU around the convolutions and the addition; in (d) and (e) nothing "
    "follows the addition, so that an identity shortcut leaves its input untouched (He et al. 2016, section 4 and "
    "Fig. 4). Wide ResNets have more channels in fewer blocks (Zagoruyko and Komodakis 2016); their names count three "
    "projections and not the classifier, so WRN-28-10 has depth 26 here. ResNeXt splits the 3×3 convolution of a "
    "bottleneck into groups (Xie et al. 2017, section 3).\n\n"
    "Deeper is not always better: on CIFAR-10 the paper's 1202 layers have 7.93 % error, its 110 layers 6.43 % "
    "(He et al. 2015, Table 6)."
)
_VGG = (
    "A VGG network: 3×3 convolutions one after another without shortcuts, five max pools that halve the map, and three "
    "fully connected layers (Simonyan and Zisserman 2015, section 2.1). Depth counts the convolutions and those three. "
    "Here the first convolution is the stem and each further one a layer.\n\n"
    "It is what He et al. 2015 measure their plain and residual networks against (section 3.3): VGG-19 takes 19.6 "
    "billion multiply-adds for one image, ResNet-34 3.6 billion and ResNet-152 11.3 billion (Table 1).\n\n"
    "With batch norm, each convolution is followed by it; that came after the paper."
)
_DENSENET = (
    "A DenseNet: each layer gets the channels of all layers before it in its stage and puts its own k, the growth, "
    "behind them. Its shortcut is a concatenation, not an addition (Huang et al. 2017, section 3).\n\n"
    "DenseNet-B has a 1×1 convolution with 4k channels in front of each 3×3 one; DenseNet-C halves the channels "
    "between two stages (section 3, Bottleneck layers and Compression). The paper calls a stage a dense block, "
    "and what stands between two of them a transition. Depth counts the convolutions of stem, layers and "
    "transitions, and the classifier.\n\n"
    "DenseNet-BC-100-12 has 0.8 million parameters and 4.51 % error on CIFAR-10; DenseNet-40-12 has 1.0 million and "
    "5.24 % (the authors' table)."
)
_EFFICIENTNET = (
    "An EfficientNet: inverted residual blocks, which widen the channels with a 1×1 convolution, filter each channel "
    "on its own, weight the channels by squeeze-excitation and narrow them again (Tan and Le 2019, section 4 and "
    "Table 1). A block that keeps the shape adds its input; the others have no shortcut, so they can't be deleted."
    "\n\nB1 to B7 scale depth, width and input side of B0 together (section 3.3). The side is each one's own; another "
    "one can be set. Depth counts the convolutions on the way of the image and the classifier, those of "
    "squeeze-excitation aside; the paper states none."
)
_MLP = (
    "A residual MLP: fully connected layers with a shortcut around every two of them, y = ReLU(F(x) + x) (He et al. "
    "2015, equation 1), on a picture that is one row of numbers. Batch norm follows each layer, as in the paper's "
    "convolutional networks. Nothing changes the width between the first layer and the classifier, so each block may "
    "be deleted, or stand in any other's place.\n\n"
    "Its plain twin has the same layers without shortcuts. Depth counts all fully connected layers."
)
_PRUNED = (
    "What remains of a network whose deleted blocks were left out for good. A block that was the identity once it was "
    "deleted is gone; of one that changes the shape its shortcut remains (Veit et al. 2016, section 4.1, say what "
    "deleting is). The outputs are those of the whole network with these blocks deleted; the remaining blocks keep "
    "their names.\n\nTo change the network, open the whole one first."
)
_ANY = (
    "A network: a stem, stages of blocks, and a head. Depth counts its weighted layers as its family's paper does; "
    "multiply-adds are those of convolutions and fully connected layers for one image."
)
_ABOUT = {
    "imagenet": _RESNET,
    "cifar": _RESNET,
    "vgg": _VGG,
    "densenet": _DENSENET,
    "efficientnet": _EFFICIENTNET,
    "mlp": _MLP,
    "pruned": _PRUNED,
}

_OTHERS = "Blocks left out"
FAMILY_TIP = "Which kind of network; each starts from its first one"
MORE_TIP = "What is mostly left as it is"
TWIN_TIPS = {
    False: "The same network without any shortcut, layer by layer where its blocks are basic (He et al. 2015, section "
    "3.3)",
    True: "Back to the network with shortcuts whose plain twin this is",
}

FIGURES = [
    ("depth", "Depth", "Weighted layers, as the family's paper counts them"),
    ("parameters", "Parameters", "Learned numbers, those of batch norm included"),
    ("macs", "Multiply-adds", "Multiply-adds of conv and linear layers for one image"),
    ("activations", "Activations", "What one image's maps take up in float32"),
    ("field", "Receptive field", "Side of the square of input pixels that one position of the last map can see"),
]


def about(spec: NetworkSpec) -> str:
    """What one is looking at, of a network's family."""
    return _ABOUT.get(spec.family, _ANY)


def family_options(present: NetworkSpec) -> tuple[Option, ...]:
    """Every family that has presets, under the heading of its first one; and what remains of another network, where
    that is open."""
    firsts = {family: first_of(family) for family in FAMILIES}
    named = tuple(Option(family, first.heading) for family, first in firsts.items() if first is not None)
    return named if firsts.get(present.family) else (*named, Option(present.family, _OTHERS))
