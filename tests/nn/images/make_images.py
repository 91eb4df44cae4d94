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
    def mixed(k):  # the end of MurmurHash3
        k = (k ^ k >> 16) * 0x85EBCA6B % 2**32
        k = (k ^ k >> 13) * 0xC2B2AE35 % 2**32
        return k ^ k >> 16

    return [((mixed(i + 1 + seed * 100003) >> 8) / 2**23 - 1) * scale
            for i in range(n)]


def tensor(seed, shape):
    made = torch.tensor(value(seed, math.prod(shape))).reshape(shape)
    return made.requires_grad_()


def case(text, shape, rows, params, function):
    """`params` are shapes; function(x, *params) is y."""
    x = tensor(1, (rows, *shape))
    given = [tensor(10 + i, p) for i, p in enumerate(params)]
    y = function(x, *given)
    y, beside = y if isinstance(y, tuple) else (y, 0)
    dy = tensor(2, y.shape).detach()
    ((y * dy).sum() + beside).backward()
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


def pools():
    case("max_pool(2)", (2, 5, 6), 2, [], lambda x: F.max_pool2d(x, 2))
    case("max_pool(3,stride=2,padding=1)", (2, 6, 7), 2, [],
         lambda x: F.max_pool2d(x, 3, 2, 1))
    case("max_pool(3,stride=1)", (4, 5), 2, [],
         lambda x: F.max_pool2d(x.unsqueeze(1), 3, 1))
    case("average_pool(2)", (2, 5, 6), 2, [], lambda x: F.avg_pool2d(x, 2))
    case("average_pool(3,stride=2,padding=1)", (2, 6, 7), 2, [],
         lambda x: F.avg_pool2d(x, 3, 2, 1))
    case("global_average_pool", (3, 5, 3), 2, [], lambda x: x.mean((2, 3)))
    case("upsample(2)", (2, 3, 4), 2, [],
         lambda x: F.interpolate(x, scale_factor=2))
    case("upsample(3)", (1, 2, 5), 2, [],
         lambda x: F.interpolate(x, scale_factor=3))


def norms():
    case("group_norm(2)", (4, 3, 5), 2, [(4,), (4,)],
         lambda x, w, b: F.group_norm(x, 2, w, b))
    case("group_norm(3,epsilon=0.1)", (3, 2, 7), 2, [(3,), (3,)],
         lambda x, w, b: F.group_norm(x, 3, w, b, 0.1))
    case("group_norm(1)", (4, 4), 2, [(1,), (1,)],
         lambda x, w, b: F.group_norm(x.unsqueeze(1), 1, w, b).squeeze(1))


def batch_norm(text, shape, rows, epsilon=1e-5):
    """d2 to d4 are what the running statistics are made of: sums over rows of
    the means, of the means of the squares, and the number of rows."""
    def function(x, w, b, mean, square, count):
        per_row = x.reshape(rows, shape[0], -1)
        y = F.batch_norm(x, None, None, w, b, True, 0.1, epsilon)
        # What has these gradients, and the value 0.
        sums = ((mean * per_row.mean(2).sum(0).detach()).sum() +
                (square * (per_row**2).mean(2).sum(0).detach()).sum() +
                count.sum() * rows)
        return y, sums
    channels = (shape[0],)
    case(text, shape, rows, [channels] * 4 + [(1,)], function)


def batch_norms():
    batch_norm("batch_norm", (3, 3, 5), 2)
    batch_norm("batch_norm(epsilon=0.1)", (2, 2, 2), 3, 0.1)
    batch_norm("batch_norm", (5,), 4)


def branching():
    conv = F.conv2d
    case("branches{conv2d(3,stride=2,padding=1); sequence{conv2d(4,kernel=1,"
         "activation=tanh); conv2d(3,kernel=1,stride=2)}}",
         (2, 5, 4), 2,
         [(3, 2, 3, 3), (3,), (4, 2, 1, 1), (4,), (3, 4, 1, 1), (3,)],
         lambda x, w, b, v, c, u, d: conv(x, w, b, 2, 1) +
         conv(torch.tanh(conv(x, v, c)), u, d, 2))
    case("branches{activate(tanh); activate(sigmoid); activate(identity)}",
         (2, 3), 2, [], lambda x: torch.tanh(x) + torch.sigmoid(x) + x)
    case("concat{activate(identity); sequence{conv2d(2,padding=1,"
         "activation=sigmoid); conv2d(1,kernel=1)}; conv2d(2,kernel=1)}",
         (2, 3, 4), 3,
         [(2, 2, 3, 3), (2,), (1, 2, 1, 1), (1,), (2, 2, 1, 1), (2,)],
         lambda x, w, b, v, c, u, d: torch.cat(
             [x, conv(torch.sigmoid(conv(x, w, b, 1, 1)), v, c),
              conv(x, u, d)], 1))


if __name__ == "__main__":
    convolutions()
    pools()
    norms()
    batch_norms()
    branching()
