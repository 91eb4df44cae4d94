#!/usr/bin/python3
"""The same training as a plain NumPy loop, the whole batch at once.

    peer_numpy.py LAYERS WIDTH BATCH STEPS

The threads are those of the BLAS, set by its environment variables.  Prints
JSON.
"""
import sys

import numpy as np
from measured import tell_steps


def step(weights, biases, velocities, x, target):
    """One step of gradient descent with momentum on the mean squared error."""
    last = len(weights) - 1
    outputs = [x]
    for i, (w, b) in enumerate(zip(weights, biases)):
        z = outputs[-1] @ w + b
        outputs.append(z if i == last else np.maximum(z, 0))
    dy = (outputs[-1] - target) * np.float32(2 / target.size)
    for i in range(last, -1, -1):
        if i < last:
            dy = dy * (outputs[i + 1] > 0)
        gradients = outputs[i].T @ dy, dy.sum(0)
        if i > 0:
            dy = dy @ weights[i].T
        for values, velocity, gradient in zip(
            (weights[i], biases[i]), velocities[i], gradients
        ):
            velocity *= np.float32(0.9)
            velocity += gradient
            values -= np.float32(0.01) * velocity


def main():
    layers, width, batch, steps = map(int, sys.argv[1:])
    random = np.random.default_rng(1)
    bound = (6 / width) ** 0.5
    weights = [
        random.uniform(-bound, bound, (width, width)).astype(np.float32)
        for _ in range(layers)
    ]
    biases = [np.zeros(width, np.float32) for _ in range(layers)]
    velocities = [
        (np.zeros_like(w), np.zeros_like(b)) for w, b in zip(weights, biases)
    ]
    x = random.uniform(-1, 1, (batch, width)).astype(np.float32)
    y = random.uniform(-1, 1, (batch, width)).astype(np.float32)
    tell_steps(
        lambda: step(weights, biases, velocities, x, y),
        steps,
        "numpy " + np.__version__,
    )


if __name__ == "__main__":
    main()
