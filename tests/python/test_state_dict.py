"""Files of weights go to PyTorch and come from it: networks with the module
names of `transformers` and torchvision (tests/checkpoint/make_exchange.py)."""
import json
import os
import struct
import sys
import tempfile
import unittest

import sluice

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             os.pardir, "checkpoint"))
try:
    import torch
    import make_exchange
except ImportError:
    torch = make_exchange = None

DTYPES = {"torch.float32": "F32", "torch.int64": "I64", "torch.bool": "BOOL"}


def write(path, tensors):
    """As safetensors.torch.save_file() does."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        part = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": DTYPES[str(tensor.dtype)],
                        "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    """As safetensors.torch.load_file() does, all F32."""
    with open(path, "rb") as file:
        data = file.read()
    (n,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + n])
    header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        part = bytearray(data[8 + n + begin:8 + n + end])
        tensors[name] = torch.frombuffer(part, dtype=torch.float32).reshape(
            entry["shape"])
    return tensors


@unittest.skipIf(torch is None, "PyTorch is not installed")
class StateDict(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "w.safetensors")

    def check(self, kind):
        net = kind().eval()
        with torch.no_grad():
            make_exchange.fill(net.double())
        net.float()
        x = make_exchange.rows_of(kind.text)
        x = x.int() if x.dtype == torch.int64 else x.float()
        with torch.no_grad():
            want = net(x.long() if x.dtype == torch.int32 else x)
        with sluice.Pipeline(kind.text, loss="mse", batch=2) as pipe:
            write(self.path, net.state_dict())
            pipe.load(self.path)
            y = pipe.infer(x)
            self.assertLess((y - want).abs().max() / want.abs().max(), 1e-5)
            pipe.save(self.path, layout="pytorch")
        again = kind().eval()
        buffers = {name: tensor for name, tensor in net.state_dict().items()
                   if name.endswith(("attn.bias", "inv_freq"))
                   and not name.endswith("c_attn.bias")}
        again.load_state_dict({**read(self.path), **buffers})  # strict
        with torch.no_grad():
            y = again(x.long() if x.dtype == torch.int32 else x)
        self.assertTrue(torch.equal(y, want))
        for name, tensor in net.state_dict().items():
            self.assertTrue(torch.equal(again.state_dict()[name], tensor),
                            name)

    def test_gpt2_as_transformers_names_it(self):
        self.check(make_exchange.GPT2)

    def test_llama_as_transformers_names_it(self):
        self.check(make_exchange.Llama)

    def test_resnet_as_torchvision_names_it(self):
        self.check(make_exchange.ResNet)

    def test_a_sequential_counts_activations(self):
        self.check(make_exchange.Perceptron)

    def test_multihead_attention(self):
        self.check(make_exchange.Attention)

    def test_a_head_is_a_linear_layer_as_it_is(self):
        self.check(make_exchange.Tokens)

    def test_an_unknown_layout_is_refused(self):
        with sluice.Pipeline("4-2", loss="mse", batch=2) as pipe:
            with self.assertRaises(sluice.Error) as caught:
                pipe.save(self.path, layout="jax")
            self.assertIn("auto, sluice or pytorch", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
