"""BVLC GoogLeNet, the network of the paper: Caffe's release of "Going deeper with convolutions" (arXiv:1409.4842).

Layer and tensor names are Caffe's (``inception_3a/5x5_reduce.weight``), so its weights load as they are. It differs
from torchvision's `googlenet`: no batch norm, true 5x5 convolutions, local response normalisation, pooling that rounds
up, BGR input from 0 to 255.
"""

import torch
from torch import nn
from torch.nn import functional

INCEPTION = {
    # name: channels of 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5, pool_proj
    "inception_3a": (64, 96, 128, 16, 32, 32),
    "inception_3b": (128, 128, 192, 32, 96, 64),
    "inception_4a": (192, 96, 208, 16, 48, 64),
    "inception_4b": (160, 112, 224, 24, 64, 64),
    "inception_4c": (128, 128, 256, 24, 64, 64),
    "inception_4d": (112, 144, 288, 32, 64, 64),
    "inception_4e": (256, 160, 320, 32, 128, 128),
    "inception_5a": (256, 160, 320, 32, 128, 128),
    "inception_5b": (384, 192, 384, 48, 128, 128),
}
POOL_AFTER = ("inception_3b", "inception_4e")


class Concat(nn.Module):
    """Joins the branches of an inception module along the channels; its output is the layer ``.../output``."""

    def forward(self, *branches: torch.Tensor) -> torch.Tensor:
        """Returns the joined branches."""
        return torch.cat(branches, dim=1)


class ResponseNorm(nn.Module):
    """Local response normalisation over five channels, x / (1 + alpha / 5 * sum of squares) ** 0.75 (AlexNet, 3.3).

    Equal to ``nn.LocalResponseNorm(5, alpha, 0.75)`` within 1e-6, at a fraction of its time: squares are added in
    pairs, and s ** -0.75 is r * sqrt(r) with r = 1 / sqrt(s). Without gradients it overwrites its input, one image
    after another, since fresh memory would cost more than the arithmetic.

    Args:
        alpha: Weight of the mean of the squares.
    """

    def __init__(self, alpha: float = 1e-4) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalises activations of shape (batch, channels, height, width)."""
        if torch.is_grad_enabled():
            root = self._root(x)
            return x * root * root.sqrt()
        for image in torch.split(x, 1):
            root = self._root(image)
            image.mul_(root).mul_(root.sqrt_())
        return x

    def _root(self, x: torch.Tensor) -> torch.Tensor:
        x = x.float()  # also of bfloat16, whose sums would keep two digits
        squares = functional.pad(x * x, (0, 0, 0, 0, 2, 2))
        pairs = squares[:, 1:] + squares[:, :-1]
        fours = pairs[:, 2:] + pairs[:, :-2]
        return (fours[:, :-1] + squares[:, 4:]).mul_(self.alpha / 5).add_(1.0).rsqrt_()


class BVLCGoogLeNet(nn.Module):
    """The network, from (batch, 3, 224, 224) to (batch, n_classes) logits.

    Args:
        n_classes: Width of the classifier.
    """

    def __init__(self, n_classes: int = 1000) -> None:
        super().__init__()
        self.add_module("conv1/7x7_s2", nn.Conv2d(3, 64, 7, stride=2, padding=3))
        self.add_module("conv2/3x3_reduce", nn.Conv2d(64, 64, 1))
        self.add_module("conv2/3x3", nn.Conv2d(64, 192, 3, padding=1))
        channels = 192
        for name, (c1, c3r, c3, c5r, c5, cp) in INCEPTION.items():
            self.add_module(f"{name}/1x1", nn.Conv2d(channels, c1, 1))
            self.add_module(f"{name}/3x3_reduce", nn.Conv2d(channels, c3r, 1))
            self.add_module(f"{name}/3x3", nn.Conv2d(c3r, c3, 3, padding=1))
            self.add_module(f"{name}/5x5_reduce", nn.Conv2d(channels, c5r, 1))
            self.add_module(f"{name}/5x5", nn.Conv2d(c5r, c5, 5, padding=2))
            self.add_module(f"{name}/pool_proj", nn.Conv2d(channels, cp, 1))
            self.add_module(f"{name}/output", Concat())
            channels = c1 + c3 + c5 + cp
        self.norm = ResponseNorm(alpha=1e-4)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.add_module("loss3/classifier", nn.Linear(channels, n_classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Computes the logits."""
        x = self.norm(self.pool(self._relu("conv1/7x7_s2", images)))
        x = self._relu("conv2/3x3", self._relu("conv2/3x3_reduce", x))
        x = self.pool(self.norm(x))
        for name in INCEPTION:
            x = self._inception(name, x)
            if name in POOL_AFTER:
                x = self.pool(x)
        logits: torch.Tensor = self.get_submodule("loss3/classifier")(x.mean(dim=(2, 3)))
        return logits

    def _relu(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.get_submodule(name)(x), inplace=True)

    def _inception(self, name: str, x: torch.Tensor) -> torch.Tensor:
        pooled = functional.max_pool2d(x, 3, stride=1, padding=1)
        output: torch.Tensor = self.get_submodule(f"{name}/output")(
            self._relu(f"{name}/1x1", x),
            self._relu(f"{name}/3x3", self._relu(f"{name}/3x3_reduce", x)),
            self._relu(f"{name}/5x5", self._relu(f"{name}/5x5_reduce", x)),
            self._relu(f"{name}/pool_proj", pooled),
        )
        return output
