#!/usr/bin/python3
"""Writes steps.txt: what PyTorch makes of two tensors in 20 steps.

    /usr/bin/python3 make_steps.py > steps.txt

Not run by the tests.  Needs PyTorch (1.13 made the file).  It computes in
double, so that the file is the definition and only Sluice's rounding is left.
Weights, gradients and their formulas are those of test_adaptive.c.
"""
import sys

import torch

STEPS = 20
SHAPES = [(3, 4), (5,)]

CASES = [
    "adam",
    "adam:lr=0.01,weight-decay=0.1",
    "adam:lr=0.01,weight-decay=0.1,decay-all",
    "adam:lr=0.05,beta1=0,beta2=0.9,epsilon=0.01",
    "adam:lr=0.02,weight-decay=0.1,clip=0.5",
    "adamw",
    "adamw:lr=0.01,weight-decay=0",
    "adamw:lr=0.01,weight-decay=0.5",
    "adamw:lr=0.01,weight-decay=0.5,decay-all",
    "adamw:lr=0.02,beta1=0.8,beta2=0.95,weight-decay=0.1,clip=0.5",
    "rmsprop",
    "rmsprop:lr=0.01,alpha=0.9,epsilon=0.001",
    "rmsprop:lr=0.01,weight-decay=0.1",
    "rmsprop:lr=0.01,weight-decay=0.1,decay-all",
    "rmsprop:lr=0.005,momentum=0.9",
    "rmsprop:lr=0.005,centered",
    "rmsprop:lr=0.005,momentum=0.5,centered,weight-decay=0.1,clip=0.5",
]

MAKERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}


def count(shape):
    return torch.Size(shape).numel()


def weight(tensor, i):
    return ((i * 29 + tensor * 13) % 31 - 15) / 8


def gradient(tensor, i, step):
    return ((i * 37 + tensor * 17 + step * 11) % 101 - 50) / 64


def filled(tensor, value):
    shape = SHAPES[tensor]
    values = [value(tensor, i) for i in range(count(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def read(case):
    name, _, text = case.partition(":")
    options = {}
    for item in filter(None, text.split(",")):
        key, _, value = item.partition("=")
        options[key] = float(value) if value else True
    return name, options


def make(name, options, params):
    known = {"lr": options["lr"]} if "lr" in options else {}
    for key in ("alpha", "momentum", "centered"):
        if key in options:
            known[key] = options[key]
    if "epsilon" in options:
        known["eps"] = options["epsilon"]
    if "beta1" in options or "beta2" in options:
        known["betas"] = (options.get("beta1", 0.9), options.get("beta2", 0.999))
    usual = 0.01 if name == "adamw" else 0
    decay = options.get("weight-decay", usual)
    groups = [{
        "params": [p],
        "weight_decay": decay if p.dim() >= 2 or "decay-all" in options else 0,
    } for p in params]
    return MAKERS[name](groups, **known)


def run(case):
    name, options = read(case)
    params = [torch.nn.Parameter(filled(t, weight)) for t in range(2)]
    optimizer = make(name, options, params)
    for step in range(STEPS):
        for t, p in enumerate(params):
            p.grad = filled(t, lambda t, i: gradient(t, i, step))
        if "clip" in options:
            torch.nn.utils.clip_grad_norm_(params, options["clip"])
        optimizer.step()
        if step in (0, 1, STEPS - 1):
            values = torch.cat([p.detach().flatten() for p in params])
            print(case, step + 1, *("%.12g" % v for v in values.tolist()))


if __name__ == "__main__":
    print("# PyTorch %s, in double; see make_steps.py" % torch.__version__)
    for text in CASES:
        run(text)
    sys.exit(0)
