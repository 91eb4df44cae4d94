#!/usr/bin/python3
"""One training of a residual network in PyTorch, timed step by step.

    peer_resnet.py BLOCKS WIDTH BATCH MICROBATCHES THREADS LAYOUT STEPS

The network of the preset resnet(blocks=BLOCKS, width=WIDTH) on images
3 x 32 x 32: He et al., 2016, for small images.  The mini-batch goes in
MICROBATCHES parts, one after the other, gradients added up; 1: the whole batch.
LAYOUT is `planes`, as PyTorch has it by default, or `channels_last`.  THREADS is
for torch.set_num_threads().  Prints JSON.
"""
import sys

import torch
from measured import tell_steps
from torch import nn

STAGES = 4
CLASSES = 10


class Block(nn.Module):
    """relu(g(x) + f(x)), g being x itself unless the shape changes."""

    def __init__(self, before, width, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.short = nn.Identity()
        if stride != 1 or before != width:
            self.short = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False),
                nn.BatchNorm2d(width),
            )

    def forward(self, x):
        return torch.relu_(self.body(x) + self.short(x))


def network(blocks, width):
    parts = [
        nn.Conv2d(3, width, 3, 1, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    ]
    before = width
    for stage in range(STAGES):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            parts.append(Block(before, width << stage, stride))
            before = width << stage
    parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, CLASSES)]
    return nn.Sequential(*parts)


def step(model, optimizer, x, y, microbatches):
    optimizer.zero_grad(set_to_none=True)
    for xs, ys in zip(x.chunk(microbatches), y.chunk(microbatches)):
        loss = nn.functional.mse_loss(model(xs), ys) / microbatches
        loss.backward()
    optimizer.step()


def main():
    blocks, width, batch, microbatches, threads = map(int, sys.argv[1:6])
    layout, steps = sys.argv[6], int(sys.argv[7])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = network(blocks, width)
    x = torch.rand(batch, 3, 32, 32) * 2 - 1
    y = torch.rand(batch, CLASSES) * 2 - 1
    if layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    tell_steps(
        lambda: step(model, optimizer, x, y, microbatches),
        steps,
        "torch " + torch.__version__,
    )


if __name__ == "__main__":
    main()
