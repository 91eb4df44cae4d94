#!/usr/bin/env python3
"""What PyTorch makes of layers on images: writes images.txt, which
test_image_layers.c reads.  Made offline with PyTorch 1.13:

    python3 make_images.py > images.txt

A case is a layer as the model text has it, the shape of its input, its rows,
and then y, the gradients by x and by each parameter of sum(dy * y).  Inputs are
numbers of value(); they are double here, so that what is stored is exact.
"""
import math
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def value(seed, n, scale=1.0):
    """n numbers in [-1, 1), as floats have them; test_image_layers.c."""
    numbers = [((((i + 1) * 7919 + seed * 104729) * 2654435761) % 2**32) >> 8
               for i in range(n)]
    return [(k / 2**23 - 1) * scale for k in numbers]


def tensor(seed, shape):
    made = torch.tensor(value(seed, math.prod(shape))).reshape(shape)
    return made.requires_grad_()


def case(text, shape, rows, params, function):
    """`params` are shapes; function(x, *params) is y."""
    x = tensor(1, (rows, *shape))
    given = [tensor(10 + i, p) for i, p in enumerate(params)]
    y = function(x, *given)
    dy = tensor(2, y.shape).detach()
    y.backward(dy)
    print(f"case {text}")
    print("in", rows, *shape)
    print("out", *y.shape[1:])
    for name, numbers in [("y", y), ("dx", x.grad)] + [
            (f"d{i}", p.grad) for i, p in enumerate(given)]:
        print(name, *(f"{v:.8g}" for v in numbers.detach().flatten().tolist()))


ACTIVATIONS = {"": lambda z: z, "relu": F.relu, "tanh": torch.tanh,
               "gelu": F.gelu, "silu": F.silu, "sigmoid": torch.sigmoid}


def conv2d(shape, rows, out, k, stride=1, padding=0, groups=1, activation="",
           bias=True):
    act = f",activation={activation}" if activation else ""
    text = (f"conv2d({out},kernel={k},stride={stride},padding={padding},"
            f"groups={groups}{act}{'' if bias else ',no-bias'})")
    params = [(out, shape[0] // groups, k, k)] + ([(out,)] if bias else [])
    case(text, shape, rows, params,
         lambda x, w, b=None: ACTIVATIONS[activation](
             F.conv2d(x, w, b, stride, padding, 1, groups)))


def convolutions():
    conv2d((1, 5, 7), 2, 2, 3)
    conv2d((2, 6, 5), 2, 3, 3, padding=1, activation="relu")
    conv2d((3, 7, 5), 1, 4, 3, stride=2, padding=1, activation="gelu")
    conv2d((4, 7, 6), 2, 6, 3, stride=2, padding=1, groups=2)
    conv2d((3, 5, 5), 2, 3, 3, padding=1, groups=3, bias=False)
    conv2d((3, 4, 5), 2, 5, 1, activation="silu")
    conv2d((3, 5, 7), 2, 2, 1, stride=2)
    conv2d((2, 3, 3), 2, 2, 5, padding=3, activation="tanh")
    conv2d((1, 9, 8), 1, 2, 4, stride=3, padding=2)


if __name__ == "__main__":
    convolutions()
