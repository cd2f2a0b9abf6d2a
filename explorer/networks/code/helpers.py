"""Small pieces of code that a generated file has where its network needs them."""

from __future__ import annotations

SQUEEZE_EXCITATION = '''class SqueezeExcitation(nn.Module):
    """Each channel times a factor made of the means of all channels."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        factor = functional.silu(self.fc1(functional.adaptive_avg_pool2d(x, 1)))
        return torch.sigmoid(self.fc2(factor)) * x'''

SUBSAMPLING = '''class Subsampling(nn.Module):
    """Every stride-th position; zeros in the new channels (option A)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.extra = out_channels - in_channels
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        kept = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(kept, (0, 0, 0, 0, 0, self.extra))'''

STAGE = '''def stage(in_channels: int, *rows: tuple[Any, ...]) -> nn.Sequential:
    """Blocks one after another.

    Args:
        in_channels: of the first.
        rows: what makes a block, how many of them follow each other, and their
            arguments behind the input channels.
    """
    blocks = nn.Sequential()
    for make, count, *arguments in rows:
        for _ in range(count):
            blocks.append(make(in_channels, *arguments))
            in_channels = blocks[-1].out_channels
    return blocks'''

NUMBERED_STAGE = '''def stage(in_channels: int, *rows: tuple[Any, ...]) -> nn.Sequential:
    """Blocks one after another.

    Args:
        in_channels: of the first.
        rows: what makes a block, the numbers of those that follow each other, and their
            arguments behind the input channels.
    """
    blocks = nn.Sequential()
    for make, numbers, *arguments in rows:
        for number in numbers:
            block = make(in_channels, *arguments)
            blocks.add_module(PREFIX, block)
            in_channels = block.out_channels
    return blocks'''


def numbered_stage(prefix: str) -> str:
    """The function for blocks whose names begin with a prefix."""
    name = f'f"{prefix}{{number}}"' if prefix else "str(number)"
    return NUMBERED_STAGE.replace("PREFIX", name)
