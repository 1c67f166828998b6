"""A compact inception network for small pictures, fast enough to be fitted and run on two CPU cores.

The modules are those of batch-normalised Inception (S. Ioffe and C. Szegedy, arXiv:1502.03167, section 4.2): two 3x3
convolutions in place of the 5x5, batch norm before every ReLU. They carry GoogLeNet's names, and each module's output
is joined after the ReLUs, so that no layer is ever negative.
"""

import torch
from torch import nn

INCEPTION = {
    # name: channels of 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5, pool_proj
    "inception_3a": (16, 16, 32, 8, 16, 16),
    "inception_3b": (24, 24, 48, 12, 24, 16),
    "inception_4a": (48, 32, 64, 16, 32, 24),
    "inception_4b": (48, 40, 80, 16, 32, 32),
    "inception_5a": (64, 48, 96, 24, 48, 32),
    "inception_5b": (80, 56, 112, 28, 56, 32),
}
POOL_AFTER = ("inception_3b", "inception_4b")
STEM = (24, 48)


class Unit(nn.Sequential):
    """Convolution, batch norm, ReLU.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        size: Side of the convolution's window, odd.
        stride: Step of the window.
    """

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1) -> None:
        convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        super().__init__(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Inception(nn.Module):
    """Four branches side by side, joined along the channels.

    Args:
        inputs: Channels that come in.
        widths: Channels of 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5, pool_proj.
    """

    def __init__(self, inputs: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        c1, c3r, c3, c5r, c5, cp = widths
        self.branch_1x1 = Unit(inputs, c1, 1)
        self.branch_3x3 = nn.Sequential(Unit(inputs, c3r, 1), Unit(c3r, c3, 3))
        self.branch_5x5 = nn.Sequential(Unit(inputs, c5r, 1), Unit(c5r, c5, 3), Unit(c5, c5, 3))
        self.branch_pool = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), Unit(inputs, cp, 1))
        self.width = c1 + c3 + c5 + cp

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Joins the branches: (batch, inputs, height, width) to (batch, self.width, height, width), never negative."""
        branches = (self.branch_1x1, self.branch_3x3, self.branch_5x5, self.branch_pool)
        return torch.cat([branch(x) for branch in branches], dim=1)


class SmallInception(nn.Module):
    """The network, from (batch, 3, height, width), made for 96x96, to (batch, n_classes) logits.

    Args:
        n_classes: Width of the classifier.
    """

    def __init__(self, n_classes: int = 64) -> None:
        super().__init__()
        first, second = STEM
        self.conv1 = Unit(3, first, 3, stride=2)
        self.conv2 = Unit(first, second, 3)
        channels = second
        for name, widths in INCEPTION.items():
            module = Inception(channels, widths)
            self.add_module(name, module)
            channels = module.width
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.classifier = nn.Linear(channels, n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Computes the logits."""
        x = images.to(memory_format=torch.channels_last)  # on the CPU more than twice as fast as channels first
        x = self.conv2(self.pool(self.conv1(x)))
        for name in INCEPTION:
            x = self.get_submodule(name)(x)
            if name in POOL_AFTER:
                x = self.pool(x)
        logits: torch.Tensor = self.classifier(x.mean(dim=(2, 3)))
        return logits
