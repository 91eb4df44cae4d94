#!/usr/bin/python3
"""Writes exchange.txt: networks by PyTorch, with the names of their tensors.

    /usr/bin/python3 make_exchange.py > exchange.txt

Not run by the tests.  Needs PyTorch (1.13 made the file).  The networks have
the module names of `transformers` and torchvision, whose state_dict() gives the
names and shapes; outputs are computed in double.  Values are numbers that
test_exchange.c makes by the same formula.
"""
import math

import numpy
import torch
import torch.nn.functional as F
from torch import nn


def hashed(seed, n):
    i = numpy.arange(1, n + 1, dtype=numpy.uint64)
    return ((i * 2654435761 + seed * 40503) % 2**32) >> 16


def filled(seed, shape, middle, size):
    n = math.prod(shape)
    h = (hashed(seed, n).astype(float) - 32768) / 32768
    return torch.tensor(middle + size * h).reshape(tuple(shape))


class Conv1D(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_in, n_out))
        self.bias = nn.Parameter(torch.empty(n_out))

    def forward(self, x):
        return x @ self.weight + self.bias


def module(**parts):
    made = nn.Module()
    for name, part in parts.items():
        setattr(made, name, part)
    return made


def attend(q, k, v, heads, kv_heads):
    """Causal; q, k, v have [rows, positions, elements of all heads]."""
    b, n, width = q.shape
    q = q.reshape(b, n, heads, -1).transpose(1, 2)
    k = k.reshape(b, n, kv_heads, -1).transpose(1, 2)
    v = v.reshape(b, n, kv_heads, -1).transpose(1, 2)
    k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (k, v))
    return q, k, v


def mix(q, k, v):
    n = q.shape[2]
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[3])
    later = torch.ones(n, n, dtype=torch.bool).triu(1)
    z = scores.masked_fill(later, -math.inf).softmax(-1) @ v
    return z.transpose(1, 2).flatten(2)


class GPT2(nn.Module):
    text = ("input(5, int32); gpt2(layers=2, heads=2, width=6, vocabulary=11, "
            "context=7)")

    def __init__(self):
        super().__init__()

        def block():
            attn = module(c_attn=Conv1D(6, 18), c_proj=Conv1D(6, 6))
            mask = torch.ones(7, 7, dtype=torch.bool).tril()
            attn.register_buffer("bias", mask.reshape(1, 1, 7, 7))
            return module(ln_1=nn.LayerNorm(6), attn=attn,
                          ln_2=nn.LayerNorm(6),
                          mlp=module(c_fc=Conv1D(6, 24), c_proj=Conv1D(24, 6)))

        self.transformer = module(
            wte=nn.Embedding(11, 6), wpe=nn.Embedding(7, 6),
            h=nn.ModuleList([block(), block()]), ln_f=nn.LayerNorm(6))
        self.lm_head = nn.Linear(6, 11, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, x):
        t = self.transformer
        y = t.wte(x) + t.wpe.weight[:x.shape[1]]
        for h in t.h:
            q, k, v = h.attn.c_attn(h.ln_1(y)).split(6, -1)
            y = y + h.attn.c_proj(mix(*attend(q, k, v, 2, 2)))
            f = F.gelu(h.mlp.c_fc(h.ln_2(y)), approximate="tanh")
            y = y + h.mlp.c_proj(f)
        return self.lm_head(t.ln_f(y))


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))

    def forward(self, x):
        mean = x.pow(2).mean(-1, keepdim=True)
        return x / torch.sqrt(mean + 1e-5) * self.weight


class Llama(nn.Module):
    text = ("input(5, int32); llama(layers=2, heads=2, kv-heads=1, width=8, "
            "hidden=10, vocabulary=11, context=7)")

    def __init__(self):
        super().__init__()

        def linear(n_in, n_out):
            return nn.Linear(n_in, n_out, bias=False)

        def block():
            rotary = nn.Module()
            rotary.register_buffer("inv_freq", torch.empty(2))
            return module(
                self_attn=module(q_proj=linear(8, 8), k_proj=linear(8, 4),
                                 v_proj=linear(8, 4), o_proj=linear(8, 8),
                                 rotary_emb=rotary),
                mlp=module(gate_proj=linear(8, 10), up_proj=linear(8, 10),
                           down_proj=linear(10, 8)),
                input_layernorm=RMSNorm(8), post_attention_layernorm=RMSNorm(8))

        self.model = module(embed_tokens=nn.Embedding(11, 8),
                            layers=nn.ModuleList([block(), block()]),
                            norm=RMSNorm(8))
        self.lm_head = linear(8, 11)

    @staticmethod
    def turned(x):
        half = x.shape[-1] // 2
        rate = 10000.0 ** (-2.0 * torch.arange(half) / x.shape[-1])
        angle = torch.arange(x.shape[2])[:, None] * rate.double()
        cos, sin = (torch.cat([f(angle)] * 2, -1).to(x.dtype)
                    for f in (torch.cos, torch.sin))
        swapped = torch.cat([-x[..., half:], x[..., :half]], -1)
        return x * cos + swapped * sin

    def forward(self, x):
        y = self.model.embed_tokens(x)
        for b in self.model.layers:
            f = b.input_layernorm(y)
            a = b.self_attn
            q, k, v = attend(a.q_proj(f), a.k_proj(f), a.v_proj(f), 2, 1)
            y = y + a.o_proj(mix(self.turned(q), self.turned(k), v))
            f = b.post_attention_layernorm(y)
            f = F.silu(b.mlp.gate_proj(f)) * b.mlp.up_proj(f)
            y = y + b.mlp.down_proj(f)
        return self.lm_head(self.model.norm(y))


class ResNet(nn.Module):
    text = "input(3x6x6); resnet(blocks=2, width=2, classes=3, stages=2)"

    def __init__(self):
        super().__init__()

        def conv(n_in, n_out, stride=1):
            return nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)

        def block(n_in, n_out, stride):
            made = module(conv1=conv(n_in, n_out, stride),
                          bn1=nn.BatchNorm2d(n_out), conv2=conv(n_out, n_out),
                          bn2=nn.BatchNorm2d(n_out))
            if stride > 1:
                made.downsample = nn.Sequential(
                    nn.Conv2d(n_in, n_out, 1, stride, bias=False),
                    nn.BatchNorm2d(n_out))
            return made

        self.conv1 = conv(3, 2)
        self.bn1 = nn.BatchNorm2d(2)
        self.layer1 = nn.Sequential(block(2, 2, 1), block(2, 2, 1))
        self.layer2 = nn.Sequential(block(2, 4, 2), block(4, 4, 1))
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        for b in (*self.layer1, *self.layer2):
            f = F.relu(b.bn1(b.conv1(y)))
            f = b.bn2(b.conv2(f))
            y = F.relu(f + (b.downsample(y) if hasattr(b, "downsample") else y))
        return self.fc(y.mean((2, 3)))


class Perceptron(nn.Sequential):
    text = ("input(5); linear(4, activation=relu); batch_norm; "
            "sequence{linear(4, activation=tanh); linear(4)}; linear(3)")

    def __init__(self):
        super().__init__(
            nn.Linear(5, 4), nn.ReLU(), nn.BatchNorm1d(4),
            nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)),
            nn.Linear(4, 3))


class Attention(nn.Sequential):
    text = "input(4x6); attention(2); linear(3, per-position)"

    def __init__(self):
        super().__init__(nn.MultiheadAttention(6, 2, batch_first=True),
                         nn.Linear(6, 3))

    def forward(self, x):
        return self[1](self[0](x, x, x, need_weights=False)[0])


class Tokens(nn.Sequential):
    text = ("input(5, int32); embedding(11, width=6); linear(4, per-position, "
            "activation=gelu_tanh); head(7)")

    def __init__(self):
        super().__init__(nn.Embedding(11, 6), nn.Linear(6, 4),
                         nn.GELU(approximate="tanh"),
                         nn.Linear(4, 7, bias=False))


def rows_of(text):
    """Two rows of what the text says is the input."""
    shape, *kind = text[len("input("):text.index(")")].split(", ")
    dims = [2, *map(int, shape.split("x"))]
    if kind:
        x = hashed(900, math.prod(dims)) % 11
        return torch.tensor(x.astype(numpy.int64)).reshape(dims)
    return filled(900, dims, 0, 1)


def fill(net):
    """Set all tensors that are numbers, in the order of state_dict()."""
    lines = []
    for i, (name, tensor) in enumerate(net.state_dict().items()):
        kind = {torch.float64: "F32", torch.int64: "I64",
                torch.bool: "BOOL"}[tensor.dtype]
        is_norm = tensor.dim() == 1 and name.endswith("weight")
        middle = 1 if is_norm or name.endswith("var") else 0
        seed = 0 if name == "lm_head.weight" and "wpe" in str(net) else i
        if kind == "F32":
            tensor.copy_(filled(seed, tensor.shape, middle, 0.5))
        elif kind == "I64":
            tensor.fill_(i)
        lines.append(" ".join(map(str, ["tensor", name, kind, seed, middle,
                                        *tensor.shape])))
    return lines


def main():
    print("# PyTorch %s, in double; see make_exchange.py" % torch.__version__)
    for kind in GPT2, Llama, ResNet, Perceptron, Attention, Tokens:
        net = kind().double().eval()
        lines = fill(net)
        with torch.no_grad():
            y = net(rows_of(kind.text)).flatten()
        print("case", kind.text)
        print("\n".join(lines))
        print("y", y.numel(), *("%.9g" % v for v in y.tolist()))


if __name__ == "__main__":
    main()
