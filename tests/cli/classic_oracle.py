#!/usr/bin/python3
"""The classic demonstration as a plain NumPy loop.

11 layers 128-256x10-10, relu and a linear end, mean squared error, batch 32,
3 epochs of 8 batches in order, gradient descent.  Weights and data come from an
integer sequence that classic_files.h writes to files, bit by bit the same.

Prints the loss of each of the 24 steps: classic_losses.txt.  Run by hand; the
tests need no Python.
"""
import numpy as np

ROWS, BATCH, EPOCHS, RATE = 256, 32, 3, 0.02
SIZES = [128] + [256] * 10 + [10]


def uniform(n, state=[1]):
    """n numbers in [-1, 1), multiples of 2^-23, of one continuing sequence."""
    bits = np.empty(n, np.uint32)
    x = state[0]
    for i in range(n):
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        bits[i] = x >> 40
    state[0] = x
    return (bits * 2.0**-23 - 1).astype(np.float32)


def weight(fan_in, fan_out):
    """About He's variance."""
    scale = np.float32(7 / 32 if fan_in == 128 else 5 / 32)
    return (uniform(fan_in * fan_out) * scale).reshape(fan_in, fan_out)


def train(real):
    x = inputs.astype(real)
    y = targets.astype(real)
    w = [a.astype(real) for a in weights]
    b = [np.zeros(n, real) for n in SIZES[1:]]
    losses = []
    for step in range(EPOCHS * ROWS // BATCH):
        rows = slice(step * BATCH % ROWS, step * BATCH % ROWS + BATCH)
        acts = [x[rows]]
        for i in range(len(w)):
            z = acts[-1] @ w[i] + b[i]
            acts.append(np.maximum(z, 0) if i + 1 < len(w) else z)
        error = acts[-1] - y[rows]
        losses.append(np.mean(error * error, dtype=np.float64))
        d = real(2 / error.size) * error
        for i in reversed(range(len(w))):
            gw, gb = acts[i].T @ d, d.sum(0)
            d = (d @ w[i].T) * (acts[i] > 0)
            w[i] -= real(RATE) * gw
            b[i] -= real(RATE) * gb
    return np.array(losses)


inputs = uniform(ROWS * SIZES[0]).reshape(ROWS, -1)
weights = [weight(a, b) for a, b in zip(SIZES, SIZES[1:])]
targets = inputs[:, :10].copy()

if __name__ == "__main__":
    import sys
    double = train(np.float64)
    single = train(np.float32)
    print("float32 differs by", np.max(np.abs(single / double - 1)),
          file=sys.stderr)
    for loss in double:
        print(f"{loss:.12g}")
