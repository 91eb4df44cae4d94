#!/usr/bin/python3
"""Writes attention.txt: attention by PyTorch, with all gradients.

    /usr/bin/python3 make_attention.py > attention.txt

Not run by the tests.  Needs PyTorch (1.13 made the file).  It computes in
double.  Without rotary positions and shared heads it is PyTorch's
MultiheadAttention; these two are written out here from their definitions.
Inputs are numbers that test_attention_oracle.c makes by the same formula.
"""
import math

import torch

ROWS, POSITIONS, WIDTH = 2, 5, 8

# heads, heads of keys and values, causal, rotary base, bias
CASES = [(2, 2, 0, 0, 1), (4, 4, 1, 0, 1), (4, 2, 1, 10000, 0), (2, 1, 0, 100, 1)]


def filled(seed, shape):
    n = math.prod(shape)
    values = [
        ((((i + 1) * 2654435761 + seed * 40503) % 2**32 >> 16) - 32768) / 32768
        for i in range(n)
    ]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def by_pytorch(x, params, heads, causal):
    qkv_weight, out_weight, qkv_bias, out_bias = params
    layer = torch.nn.MultiheadAttention(WIDTH, heads, batch_first=True)
    layer = layer.double()
    del layer.in_proj_weight, layer.in_proj_bias
    del layer.out_proj.weight, layer.out_proj.bias
    layer.in_proj_weight = qkv_weight.T
    layer.in_proj_bias = qkv_bias
    layer.out_proj.weight = out_weight.T
    layer.out_proj.bias = out_bias
    mask = None
    if causal:
        mask = torch.ones(POSITIONS, POSITIONS, dtype=torch.bool).triu(1)
    return layer(x, x, x, need_weights=False, attn_mask=mask)[0]


def turned(x, base):
    """x[rows, heads, positions, d], in Llama's half-split convention."""
    d = x.shape[-1]
    speed = base ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)
    angle = torch.arange(x.shape[2], dtype=torch.float64)[:, None] * speed
    z = torch.complex(x[..., : d // 2], x[..., d // 2 :])
    z = z * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([z.real, z.imag], -1)


def by_definition(x, params, heads, kv_heads, causal, rotary):
    qkv_weight, out_weight, qkv_bias, out_bias = params
    d = WIDTH // heads
    qkv = x @ qkv_weight + (0 if qkv_bias is None else qkv_bias)
    q, k, v = qkv.split([WIDTH, kv_heads * d, kv_heads * d], -1)
    q, k, v = (
        t.reshape(ROWS, POSITIONS, -1, d).transpose(1, 2) for t in (q, k, v)
    )
    if rotary:
        q, k = turned(q, rotary), turned(k, rotary)
    k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(d)
    if causal:
        later = torch.ones(POSITIONS, POSITIONS, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -math.inf)
    z = scores.softmax(-1) @ v
    z = z.transpose(1, 2).reshape(ROWS, POSITIONS, WIDTH)
    return z @ out_weight + (0 if out_bias is None else out_bias)


def line(name, tensor):
    values = " ".join("%.10g" % v for v in tensor.detach().flatten().tolist())
    print(name, tensor.numel(), values)


def main():
    print("# PyTorch %s, in double; see make_attention.py" % torch.__version__)
    for heads, kv_heads, causal, rotary, bias in CASES:
        qkv = WIDTH + 2 * kv_heads * WIDTH // heads
        x = filled(1, (ROWS, POSITIONS, WIDTH)).requires_grad_()
        params = [filled(2, (WIDTH, qkv)), filled(3, (WIDTH, WIDTH))]
        params += [filled(4, (qkv,)), filled(5, (WIDTH,))] if bias else [None, None]
        for p in params:
            if p is not None:
                p.requires_grad_()
        if rotary == 0 and kv_heads == heads:
            y = by_pytorch(x, params, heads, causal)
        else:
            y = by_definition(x, params, heads, kv_heads, causal, rotary)
        y.backward(filled(6, (ROWS, POSITIONS, WIDTH)))
        print("case", heads, kv_heads, causal, rotary, bias)
        line("y", y)
        line("x", x.grad)
        for name, p in zip(("qkv_weight", "out_weight", "qkv_bias", "out_bias"), params):
            if p is not None:
                line(name, p.grad)


main()
