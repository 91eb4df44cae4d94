#!/usr/bin/env python3
"""What PyTorch makes of small convolutional networks: writes resnet.txt and
unet.txt, which test_networks.c reads.  Made offline with PyTorch 1.13:

    python3 make_networks.py

The first line are the losses of ten steps of SGD with momentum, each over the
whole mini-batch.  Then, for each parameter, NAME/DIMS and the gradient of the
first step, and behind running statistics what they are after it.  The numbers
that both start from are those of value(); here they are double.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

ROWS, CLASSES, STEPS = 8, 3, 10


def value(seed, n):
    """n numbers in [-1, 1), as floats have them; test_networks.c."""
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


def resnet():
    return nn.Sequential(
        conv(1, 3), nn.BatchNorm2d(3), nn.ReLU(),
        Residual(*block(3, 3)), nn.ReLU(),
        Sum(nn.Sequential(*block(3, 4, 2)),
            nn.Sequential(conv(3, 4, 1, 2), nn.BatchNorm2d(4))), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES))


class UNet(nn.Module):
    """Of depth 2, its modules named by the layers of the model text."""

    def __init__(self):
        super().__init__()
        for name, *layers in [
                ("0", conv(2, 3)), ("3", conv(3, 6)), ("6", conv(6, 12)),
                ("7", nn.Upsample(scale_factor=2), conv(12, 6)),
                ("9", conv(12, 6)),
                ("10", nn.Upsample(scale_factor=2), conv(6, 3)),
                ("12", conv(6, 3))]:
            out = layers[-1].out_channels
            self.add_module(name, nn.Sequential(*layers, nn.BatchNorm2d(out),
                                                nn.ReLU()))
        self.add_module("13", nn.Conv2d(3, 2, 1))

    def forward(self, x):
        layer = dict(self.named_children())
        a = layer["0"](x)
        b = layer["3"](F.max_pool2d(a, 2))
        c = layer["7"](layer["6"](F.max_pool2d(b, 2)))
        d = layer["10"](layer["9"](torch.cat([c, b], 1)))
        return layer["13"](layer["12"](torch.cat([d, a], 1)))


def train(path, net, renamed, shape, loss_of):
    parameters = dict(net.named_parameters())
    with torch.no_grad():
        for i, p in enumerate(parameters.values()):
            p.copy_(tensor(10 + i, p.shape) * 0.5 + (p.dim() == 1))
    x = tensor(1, torch.Size((ROWS, *shape)))
    optimizer = torch.optim.SGD(parameters.values(), lr=0.1, momentum=0.9)
    losses, lines = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(net(x))
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            for name, p in parameters.items():
                g = p.grad.T if p.dim() == 2 else p.grad  # W[in, out]
                lines.append((renamed(name), p.dim(), g.flatten().tolist()))
            for name, b in net.named_buffers():
                if "running" in name:
                    lines.append((name, b.dim(), b.tolist()))
        optimizer.step()
    with open(path, "w", encoding="ascii") as file:
        print("losses", *(f"{v:.9g}" for v in losses), file=file)
        for name, n_dims, numbers in lines:
            print(f"{name}/{n_dims}", *(f"{v:.8g}" for v in numbers), file=file)


if __name__ == "__main__":
    labels = torch.tensor([i % CLASSES for i in range(ROWS)])
    # In the model text pooling and flattening are one layer.
    train("resnet.txt", resnet(), lambda name: name.replace("9.", "8."),
          (1, 7, 6), lambda y: F.cross_entropy(y, labels))
    images = (2, 8, 4)
    train("unet.txt", UNet(), lambda name: name, images,
          lambda y: F.mse_loss(y, tensor(2, torch.Size((ROWS, *images)))))
