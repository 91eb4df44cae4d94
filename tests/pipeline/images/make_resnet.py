#!/usr/bin/env python3
"""What PyTorch makes of a small ResNet: writes resnet.txt, which test_resnet.c
reads.  Made offline with PyTorch 1.13:

    python3 make_resnet.py > resnet.txt

The first line are the losses of ten steps of SGD with momentum, each over the
whole mini-batch.  Then, for each parameter, its name and the gradient of the
first step, and behind running statistics what they are after it.  The numbers
that both start from are those of value(); here they are double.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

ROWS, CLASSES, STEPS = 8, 3, 10


def value(seed, n):
    """n numbers in [-1, 1), as floats have them; test_resnet.c."""
    def mixed(k):  # the end of MurmurHash3
        k = (k ^ k >> 16) * 0x85EBCA6B % 2**32
        k = (k ^ k >> 13) * 0xC2B2AE35 % 2**32
        return k ^ k >> 16

    return [(mixed(i + 1 + seed * 100003) >> 8) / 2**23 - 1 for i in range(n)]


def tensor(seed, shape):
    return torch.tensor(value(seed, shape.numel())).reshape(shape)


def conv(i, o, k=3, stride=1):
    return nn.Conv2d(i, o, k, stride, k // 2, bias=False)


class Sum(nn.Module):
    """The sum of branches, whose names are those of the model text."""

    def __init__(self, *branches):
        super().__init__()
        for i, branch in enumerate(branches):
            self.add_module(str(i), branch)

    def forward(self, x):
        return sum(f(x) for f in self.children())


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def block(i, o, stride=1):
    return [conv(i, o, 3, stride), nn.BatchNorm2d(o), nn.ReLU(), conv(o, o),
            nn.BatchNorm2d(o)]


net = nn.Sequential(
    conv(1, 3), nn.BatchNorm2d(3), nn.ReLU(),
    Residual(*block(3, 3)), nn.ReLU(),
    Sum(nn.Sequential(*block(3, 4, 2)),
        nn.Sequential(conv(3, 4, 1, 2), nn.BatchNorm2d(4))), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES))

# In the model text pooling and flattening are one layer.
names = [n.replace("9.", "8.") if n.startswith("9.") else n
         for n, _ in net.named_parameters()]
parameters = list(net.parameters())
with torch.no_grad():
    for i, p in enumerate(parameters):
        p.copy_(tensor(10 + i, p.shape) * 0.5 + (p.dim() == 1))

x = tensor(1, torch.Size((ROWS, 1, 7, 6)))
labels = torch.tensor([i % CLASSES for i in range(ROWS)])
optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9)
losses, lines = [], []
for step in range(STEPS):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), labels)
    loss.backward()
    losses.append(loss.item())
    if step == 0:
        for name, p in zip(names, parameters):
            g = p.grad.T if p.dim() == 2 else p.grad  # W[in, out]
            lines.append((name, g.flatten().tolist()))
        for name, b in net.named_buffers():
            if "running" in name:
                lines.append((name, b.tolist()))
    optimizer.step()

print("losses", *(f"{v:.9g}" for v in losses))
for name, numbers in lines:
    print(name, *(f"{v:.8g}" for v in numbers))
