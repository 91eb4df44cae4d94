#!/usr/bin/python3
"""Write the files of this directory and the fuzzing corpus beside it.

Needs NumPy, which wrote the .npy files; the others follow their formats'
documents.  The tests need neither this script nor NumPy.

    python3 make.py
"""
import gzip
import json
import os
import struct

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def npy(name, array, version=None):
    with open(os.path.join(HERE, name), "wb") as f:
        np.lib.format.write_array(f, array, version=version)


def safetensors(tensors, metadata=None):
    """tensors: name -> (dtype, shape, bytes)."""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def idx(code, dims, data):
    head = struct.pack(">BBBB", 0, 0, code, len(dims))
    return head + b"".join(struct.pack(">I", d) for d in dims) + data


def npy_text(text, data, version=(1, 0)):
    size = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + size + text + data


def corpus(parser, name, data):
    write(os.path.join(CORPUS, parser, name), data)


# x[i] = (37 i mod 101 - 50) / 8 is exact in every type used.
exact = (np.arange(24) * 37 % 101 - 50) / 8
ints = np.arange(24) * 37 % 101 - 50
# y[i] = (i + 1) / 3 is rounded.
thirds = (np.arange(24) + 1) / 3

npy("f4.npy", exact.astype("<f4").reshape(2, 3, 4))
npy("f8.npy", thirds.astype("<f8").reshape(4, 6))
npy("i4.npy", ints.astype("<i4"))
npy("i8.npy", ints.astype("<i8").reshape(24, 1))
npy("u1.npy", (ints + 50).astype("|u1").reshape(3, 8))
npy("f4-v2.npy", exact.astype("<f4"), (2, 0))
npy("f4-v3.npy", exact.astype("<f4"), (3, 0))
npy("fortran.npy", np.asfortranarray(exact.reshape(4, 6)))
npy("big-endian.npy", exact.astype(">f4"))
npy("record.npy", np.zeros(3, [("a", "<f4"), ("b", "<i4")]))

# Halves: exact ones, the smallest subnormal, the largest, infinity, -0.
halves = np.array([1.5, -2.25, 2**-24, 65504, np.inf, -0.0, 3 * 2**-20],
                  "<f2")
# bfloat16: the upper halves of floats.
brains = (np.array([1.5, -2.25, 2**-126, 2**100, -np.inf, 0], "<f4")
          .view("<u4") >> 16).astype("<u2")
write(os.path.join(HERE, "types.safetensors"), safetensors({
    "0.weight": ("F32", [2, 3, 4], exact.astype("<f4").tobytes()),
    "0.bias": ("F64", [24], thirds.astype("<f8").tobytes()),
    "half": ("F16", [7], halves.tobytes()),
    "brain": ("BF16", [2, 3], brains.tobytes()),
    "scalar": ("F32", [], struct.pack("<f", 0.5)),
    "count": ("I64", [3], struct.pack("<3q", 1, 2, 3)),
}, {"format": "pt"}))

# The corpus: what begins with ok- is read, all else is refused.
small = idx(8, [2, 3], bytes(range(6)))
corpus("idx", "ok-bytes", small)
corpus("idx", "ok-ints", idx(12, [3], struct.pack(">3i", -1, 0, 70000)))
corpus("idx", "ok-floats", idx(13, [1, 2, 1], struct.pack(">2f", 0.5, -3)))
corpus("idx", "ok-gzip", gzip.compress(small, mtime=0))
corpus("idx", "ok-members",
       gzip.compress(small[:7], mtime=0) + gzip.compress(small[7:], mtime=0))
corpus("idx", "ok-eight-dims", idx(8, [1] * 7 + [2], b"ab"))
corpus("idx", "nine-dims", idx(8, [1] * 9, b"a"))
corpus("idx", "doubles", idx(14, [1], bytes(8)))
corpus("idx", "huge", idx(13, [2**32 - 1] * 8, b""))
corpus("idx", "large", idx(8, [2**31, 2], bytes(64)))
corpus("idx", "empty-dim", idx(8, [0, 3], b""))
corpus("idx", "more", small + b"\0")
corpus("idx", "bomb", gzip.compress(idx(8, [2**31], bytes(2**20)), mtime=0))
corpus("idx", "gzip-short", gzip.compress(small, mtime=0)[:-6])
corpus("idx", "gzip-more", gzip.compress(small, mtime=0) + b"more")

form = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n"
four = struct.pack("<4f", 1, 2, 3, 4)
corpus("npy", "ok-f4", npy_text((form % ("<f4", "False", "(2, 2)")).encode(),
                                four))
corpus("npy", "ok-v3", npy_text((form % ("<f4", "False", "(4,)")).encode(),
                                four, (3, 0)))
corpus("npy", "ok-f8", npy_text((form % ("<f8", "False", "(2,)")).encode(),
                                struct.pack("<2d", 1 / 3, -1e-300)))
corpus("npy", "ok-i8", npy_text((form % ("<i8", "False", "(2,)")).encode(),
                                struct.pack("<2q", -2**31, 2**31 - 1)))
corpus("npy", "ok-u1", npy_text((form % ("|u1", "False", "(3, 1)")).encode(),
                                b"abc"))
corpus("npy", "ok-order",
       npy_text(b'{"shape":(4,),"fortran_order":False,"descr":"<f4"}', four))
corpus("npy", "large-i8", npy_text((form % ("<i8", "False", "(1,)")).encode(),
                                   struct.pack("<q", 2**31)))
corpus("npy", "large-f8", npy_text((form % ("<f8", "False", "(1,)")).encode(),
                                   struct.pack("<d", 1e39)))
corpus("npy", "huge", npy_text(
    (form % ("<f8", "False", "(9223372036854775807, 9)")).encode(), four))
corpus("npy", "overflow", npy_text(
    (form % ("<f8", "False", "(99999999999999999999,)")).encode(), four))
corpus("npy", "scalar", npy_text((form % ("<f4", "False", "()")).encode(),
                                 four[:4]))
corpus("npy", "fortran", npy_text((form % ("<f4", "True", "(2, 2)")).encode(),
                                  four))
corpus("npy", "record", npy_text(
    b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
    four[:4]))
corpus("npy", "long-header", b"\x93NUMPY\2\0\xff\xff\xff\xff{")


def header(text, data=b""):
    return struct.pack("<Q", len(text)) + text + data


two = struct.pack("<2f", 1, 2)
entry = b'{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
corpus("safetensors", "ok-one", safetensors({"a": ("F32", [2], two)}))
corpus("safetensors", "ok-two", safetensors({
    "b.weight": ("F32", [1, 2], two),
    "a_0-x": ("F16", [2], b"\0\x3c\0\xbc"),
}, {"k": "v"}))
corpus("safetensors", "ok-empty", header(b"{}"))
corpus("safetensors", "ok-any-order", header(
    b'{"z":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},'
    b'"y":{"data_offsets":[0,2],"shape":[],"dtype":"BF16"}}', b"\1\2\3\4"))
corpus("safetensors", "ok-listed", safetensors({"n": ("I64", [1], bytes(8))}))
corpus("safetensors", "twice", header(
    b'{"a":' + entry + b',"a":' + entry + b"}", two))
corpus("safetensors", "overlap", header(
    b'{"a":' + entry + b',"b":' + entry + b"}", two))
corpus("safetensors", "gap", header(
    b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', two))
corpus("safetensors", "negative", header(
    b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,-4]}}'))
corpus("safetensors", "name", header(b'{"a/b":' + entry + b"}", two))
corpus("safetensors", "deep", header(b"[" * 5000))
corpus("safetensors", "deep-object", header(b'{"a":' * 3000))
corpus("safetensors", "long", b"\xff" * 8 + b"{}")
corpus("safetensors", "escape", header(b'{"a\\u0000":' + entry + b"}", two))
