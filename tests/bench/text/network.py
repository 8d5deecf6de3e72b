"""The network: fully convolutional, an answer for each cell of 4 x 4 pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

FINE, MIDDLE, COARSE = 24, 32, 64
"""Channels at strides 4, 8 and 16."""


class Block(nn.Module):
    """A depthwise and a pointwise convolution beside the identity."""

    def __init__(self, channels: int, *, dilation: int = 1, kernel: int = 3) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.body = nn.Sequential(
            nn.Conv2d(
                channels,
                channels,
                kernel,
                padding=padding,
                dilation=dilation,
                groups=channels,
                bias=False,
            ),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, values: Tensor) -> Tensor:
        return functional.relu(values + self.body(values))


def _down(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


class TextNetwork(nn.Module):
    """Three maps in, the logit of text for each cell out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_down(3, 8), _down(8, FINE))
        self.fine = nn.Sequential(Block(FINE), Block(FINE))
        self.to_middle = _down(FINE, MIDDLE)
        self.middle = nn.Sequential(
            Block(MIDDLE), Block(MIDDLE, dilation=2), Block(MIDDLE, kernel=5)
        )
        self.to_coarse = _down(MIDDLE, COARSE)
        self.coarse = nn.Sequential(
            Block(COARSE), Block(COARSE, dilation=2), Block(COARSE, dilation=3), Block(COARSE)
        )
        self.coarse_up = nn.Conv2d(COARSE, MIDDLE, 1)
        self.middle_after = nn.Sequential(Block(MIDDLE), Block(MIDDLE))
        self.middle_up = nn.Conv2d(MIDDLE, FINE, 1)
        self.fine_after = nn.Sequential(Block(FINE), Block(FINE))
        self.head = nn.Conv2d(FINE, 1, 1)
        nn.init.constant_(self.head.bias, -3.0)

    def forward(self, maps: Tensor) -> Tensor:
        fine = self.fine(self.stem(maps))
        middle = self.middle(self.to_middle(fine))
        coarse = self.coarse(self.to_coarse(middle))
        middle = middle + functional.interpolate(self.coarse_up(coarse), scale_factor=2.0)
        middle = self.middle_after(middle)
        fine = fine + functional.interpolate(self.middle_up(middle), scale_factor=2.0)
        answer: Tensor = self.head(self.fine_after(fine))
        return answer


def loss(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy of text cells and of the hardest others, and soft Dice."""
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight
    count = int(target.sum().item())
    positive = (each * target).sum() / (weight * target).sum().clamp(min=1)
    others = (each * (1 - target)).flatten()
    hard = others.topk(min(others.numel(), max(count, 400))).values.mean()
    found = torch.sigmoid(logits) * weight
    overlap = 2 * (found * target).sum() + 1
    dice = 1 - overlap / (found.sum() + (weight * target).sum() + 1)
    return positive + hard + 0.5 * dice
