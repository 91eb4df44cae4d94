#!/usr/bin/python3
"""Writes cross_entropy.txt: PyTorch's loss and gradient of a few positions.

    /usr/bin/python3 make_cross_entropy.py > cross_entropy.txt

Not run by the tests.  Needs PyTorch (1.13 made the file).  It computes in
double, so that the file is the definition and only Sluice's rounding is left.
Outputs and labels and their formulas are those of test_cross_entropy.c.
"""
import torch

ROWS, POSITIONS, OUTPUTS = 3, 4, 7

# Text of the loss; label smoothing, ignored label, classes among the outputs.
CASES = [
    ("cross_entropy", 0, -100, 7),
    ("cross_entropy:label-smoothing=0.1", 0.1, -100, 7),
    ("cross_entropy:ignore=-1", 0, -1, 7),
    ("cross_entropy:classes=5", 0, -100, 5),
    ("cross_entropy:label-smoothing=0.3,ignore=-7,padded=5", 0.3, -7, 5),
]


def output(i):
    return ((i * 37) % 101 - 50) / 16


def label(i, ignored, classes):
    return ignored if i % 4 == 1 or i == 6 else (i * 5 + 2) % classes


def main():
    print(f"# PyTorch {torch.__version__}, in double; see "
          "make_cross_entropy.py")
    n = ROWS * POSITIONS
    for text, smoothing, ignored, classes in CASES:
        y = torch.tensor([output(i) for i in range(n * OUTPUTS)],
                         dtype=torch.float64).reshape(n, OUTPUTS)
        y.requires_grad_()
        labels = torch.tensor([label(i, ignored, classes) for i in range(n)])
        loss = torch.nn.CrossEntropyLoss(
            label_smoothing=smoothing,
            ignore_index=ignored)(y[:, :classes], labels)
        loss.backward()
        values = [loss.item()] + y.grad.flatten().tolist()
        print(text, *(f"{v:.12g}" for v in values))


main()
