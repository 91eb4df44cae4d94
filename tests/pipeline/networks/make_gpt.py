#!/usr/bin/python3
"""Writes gpt.txt: a small GPT by PyTorch.

    /usr/bin/python3 make_gpt.py > gpt.txt

Not run by the tests.  Needs PyTorch (1.13 made the file).  It computes in
double: outputs, the gradients of the first step (of each tensor its norm and
its products with two other tensors), and the losses of ten steps of AdamW.
Parameters, tokens and labels are numbers that test_gpt.c makes by the same
formulas; one step has three rows, which is one less than there are
micro-batches.  Dropout is drawn as Sluice's contract says: Philox4x64-10 by
(layer, step, row, element / 8).
"""
import math

import numpy
import torch
import torch.nn.functional as F

BLOCKS, HEADS, WIDTH, VOCABULARY, CONTEXT = 2, 4, 64, 48, 16
ROWS, POSITIONS, STEPS, SEED = 6, 8, 10, 42
FEW_ROWS, FEW_STEP = 3, 4
INSIDE = 65536  # layers inside others are numbered from here


def hashed(seed, n):
    i = numpy.arange(1, n + 1, dtype=numpy.uint64)
    return ((i * 2654435761 + seed * 40503) % 2**32) >> 16


def filled(seed, shape, middle, size):
    h = (hashed(seed, math.prod(shape)).astype(float) - 32768) / 32768
    return torch.tensor(middle + size * h).reshape(shape).requires_grad_()


def parameters(tied):
    """All of them by the names that they have in Sluice, in its order."""
    shapes = [
        ("0.0.weight", (VOCABULARY, WIDTH), 0, 0.5),
        ("0.1.weight", (CONTEXT, WIDTH), 0, 0.5),
    ]
    for b in range(1, BLOCKS + 1):
        shapes += [
            ("%d.0.0.weight" % b, (WIDTH,), 1, 0.25),
            ("%d.0.0.bias" % b, (WIDTH,), 0, 0.25),
            ("%d.0.1.qkv_weight" % b, (WIDTH, 3 * WIDTH), 0, 0.25),
            ("%d.0.1.out_weight" % b, (WIDTH, WIDTH), 0, 0.125),
            ("%d.0.1.qkv_bias" % b, (3 * WIDTH,), 0, 0.25),
            ("%d.0.1.out_bias" % b, (WIDTH,), 0, 0.25),
            ("%d.1.0.weight" % b, (WIDTH,), 1, 0.25),
            ("%d.1.0.bias" % b, (WIDTH,), 0, 0.25),
            ("%d.1.1.weight" % b, (WIDTH, 4 * WIDTH), 0, 0.125),
            ("%d.1.1.bias" % b, (4 * WIDTH,), 0, 0.25),
            ("%d.1.2.weight" % b, (4 * WIDTH, WIDTH), 0, 0.125),
            ("%d.1.2.bias" % b, (WIDTH,), 0, 0.25),
        ]
    last = BLOCKS + 1
    shapes += [
        ("%d.0.weight" % last, (WIDTH,), 1, 0.25),
        ("%d.0.bias" % last, (WIDTH,), 0, 0.25),
    ]
    if not tied:
        shapes.append(("%d.1.weight" % last, (VOCABULARY, WIDTH), 0, 0.125))
    return {
        name: filled(i, shape, middle, size)
        for i, (name, shape, middle, size) in enumerate(shapes)
    }


def tokens(step):
    x = hashed(1000 + step, ROWS * POSITIONS) % VOCABULARY
    y = hashed(2000 + step, ROWS * POSITIONS) % VOCABULARY
    y = y.astype(numpy.int64)
    y[hashed(3000 + step, len(y)) % 5 == 0] = -100
    shape = (ROWS, POSITIONS)
    return (
        torch.tensor(x.astype(numpy.int64)).reshape(shape),
        torch.tensor(y).reshape(shape),
    )


class Dropout:
    """The masks of one step, or none."""

    def __init__(self, rate, step):
        self.rate = float(numpy.float32(rate))
        self.step = step

    def mask(self, layer, rows, n):
        """[rows, n] for the elements of each row."""
        threshold = int(self.rate * 2**32)
        bits = numpy.empty((rows, (n + 7) // 8, 4), dtype=numpy.uint64)
        for row in range(rows):
            for block in range((n + 7) // 8):
                # random_raw() adds 1 to the counter first
                counter = [INSIDE + layer - 1, self.step, row, block]
                source = numpy.random.Philox(counter=counter, key=[SEED, 2])
                bits[row, block] = source.random_raw(4)
        halves = numpy.stack([bits & 0xFFFFFFFF, bits >> 32], -1)
        kept = halves.reshape(rows, -1)[:, :n] >= threshold
        return torch.tensor(kept / (1 - self.rate))

    def __call__(self, layer, x):
        if self.rate == 0:
            return x
        return x * self.mask(layer, len(x), x[0].numel()).reshape(x.shape)


def attention(p, x, layer, dropout):
    n = x.shape[1]
    qkv = x @ p["qkv_weight"] + p["qkv_bias"]
    q, k, v = (
        t.reshape(len(x), n, HEADS, -1).transpose(1, 2)
        for t in qkv.split(WIDTH, -1)
    )
    scores = q @ k.transpose(2, 3) / math.sqrt(WIDTH // HEADS)
    later = torch.ones(n, n, dtype=torch.bool).triu(1)
    weights = scores.masked_fill(later, -math.inf).softmax(-1)
    # each query has as many blocks of 8 elements as its keys need
    padded = (n + 7) // 8 * 8
    wide = F.pad(weights, (0, padded - n))
    z = dropout(layer, wide)[..., :n] @ v
    z = z.transpose(1, 2).reshape(len(x), n, WIDTH)
    return z @ p["out_weight"] + p["out_bias"]


def below(p, prefix):
    return {k[len(prefix) :]: v for k, v in p.items() if k.startswith(prefix)}


def norm(p, x):
    return F.layer_norm(x, (WIDTH,), p["weight"], p["bias"], 1e-5)


def forward(p, x, dropout):
    h = F.embedding(x, p["0.0.weight"]) + p["0.1.weight"][: x.shape[1]]
    layer = 2
    h = dropout(layer, h)
    for b in range(1, BLOCKS + 1):
        own = below(p, "%d." % b)
        f = norm(below(own, "0.0."), h)
        f = attention(below(own, "0.1."), f, layer + 2, dropout)
        h = h + dropout(layer + 3, f)
        f = norm(below(own, "1.0."), h) @ own["1.1.weight"] + own["1.1.bias"]
        f = F.gelu(f, approximate="tanh") @ own["1.2.weight"] + own["1.2.bias"]
        h = h + dropout(layer + 8, f)
        layer += 9
    last = below(p, "%d." % (BLOCKS + 1))
    table = last.get("1.weight", p["0.0.weight"])
    return norm(below(last, "0."), h) @ table.T


def run(rate, tied):
    p = parameters(tied)
    adamw = torch.optim.AdamW(
        [
            {"params": [t for t in p.values() if t.dim() > 1]},
            {"params": [t for t in p.values() if t.dim() < 2], "weight_decay": 0},
        ],
        lr=1e-3,
        weight_decay=0.1,
    )
    if rate == 0:
        y = forward(p, tokens(0)[0][:1], Dropout(0, 0)).flatten()
        print("y", y.numel(), *("%.9g" % v for v in y.tolist()))
    for step in range(STEPS):
        x, labels = tokens(step)
        rows = FEW_ROWS if step == FEW_STEP else ROWS
        y = forward(p, x[:rows], Dropout(rate, step))
        loss = F.cross_entropy(y.flatten(0, 1), labels[:rows].flatten())
        print("loss %.10g" % loss.item())
        adamw.zero_grad()
        loss.backward()
        for i, (name, t) in enumerate(p.items()):
            if step == 0:
                numbers = [t.grad.norm()]
                for k in (4000, 5000):
                    other = filled(k + i, t.shape, 0, 1).detach()
                    numbers.append((t.grad * other).sum())
                print("grad", name, *("%.10g" % v.item() for v in numbers))
        adamw.step()


def main():
    print("# PyTorch %s, in double; see make_gpt.py" % torch.__version__)
    for rate, tied in ((0, True), (0, False), (0.1, True)):
        print("case", rate, "tied" if tied else "untied")
        run(rate, tied)


main()
