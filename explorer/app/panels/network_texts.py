"""What the network panel says: choices, tooltips and its explanation, with the papers' sections."""

from __future__ import annotations

ABOUT = (
    "A residual network: a stem, stages of equal blocks, and a head. Each block adds what its residual branch F(x) "
    "makes to what its shortcut carries: y = F(x) + x (He et al. 2015, section 3.2).\n\n"
    "ImageNet networks have a 7×7 stem and four stages (section 3.3, Table 1); CIFAR networks a 3×3 stem and three "
    "stages, 6n+2 layers with basic blocks (section 4.2). Depth counts the convolutions of the stem and the residual "
    "branches and the one classifier; projections are not counted.\n\n"
    "The pre-activation order puts batch norm and ReLU before each convolution and nothing behind the addition, so "
    "that an identity shortcut leaves its input untouched (He et al. 2016, section 4.1 and Fig. 4e). A plain network "
    "has the same layers without shortcuts (He et al. 2015, section 3.3); each of them stands on its own here.\n\n"
    "Deeper is not always better: on CIFAR-10 the paper's 1202 layers have 7.93 % error, its 110 layers 6.43 % "
    "(Table 6)."
)

OPTIONS: dict[str, list[tuple[str, str, str]]] = {
    "family": [
        ("imagenet", "ImageNet", "7×7 stem with max pool, four stages (He et al. 2015, Table 1)"),
        ("cifar", "CIFAR", "3×3 stem, three stages of equal length (He et al. 2015, section 4.2)"),
    ],
    "block": [
        ("basic", "Basic", "Two 3×3 convolutions (He et al. 2015, Fig. 5, left)"),
        ("bottleneck", "Bottleneck", "1×1, 3×3 and 1×1 convolutions (He et al. 2015, Fig. 5, right)"),
        ("layer", "Layer", "One 3×3 convolution, for networks without shortcuts (He et al. 2015, section 3.3)"),
    ],
    "shortcut": [
        (
            "A",
            "A",
            "Option A: identity shortcuts; where the shape changes, every second position and zeros for the new "
            "channels. No parameters (He et al. 2015, section 3.3)",
        ),
        (
            "B",
            "B",
            "Option B: identity shortcuts; where the shape changes, a projection: 1×1 convolution and batch norm "
            "(He et al. 2015, section 3.3)",
        ),
        ("C", "C", "Option C: every shortcut is a projection (He et al. 2015, section 4.1)"),
        (
            "none",
            "None",
            "No shortcuts: the plain network of the same depth, a basic block's two convolutions as two layers "
            "(He et al. 2015, section 3.3)",
        ),
    ],
    "order": [
        (
            "original",
            "Original",
            "Convolution, batch norm, ReLU; a last ReLU behind the addition (He et al. 2015, section 3.4)",
        ),
        (
            "pre-activation",
            "Pre-activation",
            "Batch norm, ReLU, convolution; nothing behind the addition (He et al. 2016, Fig. 4e)",
        ),
    ],
    "widths": [
        ("doubled", "Doubled", "Twice as many channels with each stage (He et al. 2015, section 3.3)"),
        ("same", "Same", "One width in all stages: any layer can stand in any place, and be deleted"),
    ],
    "downsampling": [
        ("stride", "Stride", "The first block or layer of a stage halves the map by its stride"),
        ("pool", "Max pool", "A 2×2 max pool before the stage halves the map, as in VGG"),
    ],
    "stride_place": [
        ("3x3", "3×3", "The halving stride is on the 3×3 convolution, as in torchvision (ResNet v1.5)"),
        ("1x1", "1×1", "The halving stride is on the first 1×1 convolution, as in the paper (He et al. 2015)"),
    ],
}

_ROW_TIPS = {
    "family": "Which of the paper's two kinds of network",
    "depth": "Weighted layers; any depth that exists (He et al. 2015, Table 1 and section 4.2)",
    "blocks": "Number of blocks in each stage, from layer1 on; of layers, where there are no shortcuts",
    "block": "What each block is made of",
    "shortcut": "What goes around the residual branch (He et al. 2015, section 3.3)",
    "order": "Of batch norm, ReLU and convolution (He et al. 2016, Fig. 4)",
    "widths": "How the width goes on from stage to stage",
    "downsampling": "What halves the map between two stages",
    "stride_place": "Which convolution of a bottleneck block halves the map",
    "input": "Input channels, and side of the square input in pixels",
    "classes": "Outputs of the classifier",
    "width": "Channels of the 3×3 convolutions in layer1; each further stage has twice as many, or as many",
}

FIGURES = [
    ("depth", "Depth", "Convolutions of stem and residual branches or plain layers, and the classifier"),
    ("parameters", "Parameters", "Learned numbers, those of batch norm included"),
    ("macs", "Multiply-adds", "Multiply-adds of conv and linear layers for one image"),
    ("activations", "Activations", "What one image's maps take up in float32"),
    ("field", "Receptive field", "Side of the square of input pixels that one position of the last map can see"),
]


def row_tip(key: str) -> str:
    """The tooltip of a row's label."""
    return _ROW_TIPS[key]
