"""Pipelines from Python: arrays in place, refusals, and the end of them."""
import array
import gc
import os
import subprocess
import sys
import tempfile
import threading
import unittest

import sluice

try:
    import numpy
except ImportError:
    numpy = None

SETTINGS = {"batch": 8, "microbatches": 4, "devices": 2, "seed": 3,
            "loss": "cross_entropy", "optimizer": "sgd:lr=0.05"}
X = array.array("f", [(7 * i % 11) / 11 - 0.5 for i in range(8 * 6)])
Y = array.array("i", [i % 3 for i in range(8)])


def rows(x, n):
    """x as an object with a buffer of n rows."""
    return memoryview(x).cast("B").cast("f", (n, len(x) // n))


class Base(unittest.TestCase):
    def make(self, model="6-5-3", **settings):
        pipe = sluice.Pipeline(model, **dict(SETTINGS, **settings))
        self.addCleanup(pipe.close)
        return pipe

    def refused(self, says, function, *arguments, **options):
        with self.assertRaises(sluice.Error) as caught:
            function(*arguments, **options)
        self.assertIn(says, str(caught.exception))
        return caught.exception


class Pipelines(Base):
    def test_a_step_needs_nothing_but_the_standard_library(self):
        pipe = self.make()
        first = pipe.step(rows(X, 8), Y)
        self.assertEqual(first.rows, 8)
        for _ in range(200):
            last = pipe.step(rows(X, 8), Y)
        self.assertLess(last.loss, first.loss)
        self.assertEqual(pipe.n_steps, 201)
        self.assertLess(pipe.evaluate(rows(X, 8), Y).loss, last.loss)

    def test_labels_of_64_bits_are_the_same_labels(self):
        a, b = self.make(), self.make()
        self.assertEqual(a.step(rows(X, 8), Y),
                         b.step(rows(X, 8), array.array("q", Y)))
        self.refused("32 bits", a.step, rows(X, 8),
                     array.array("q", [2**33] * 8))

    def test_the_cut_does_not_change_the_bits(self):
        losses = set()
        for settings in ({"devices": 1}, {"partition": [1, 1]},
                         {"schedule": "1f1b", "remat": "always"}):
            pipe = self.make(backward_order="in_order", **settings) \
                if "schedule" not in settings else self.make(**settings)
            for _ in range(3):
                result = pipe.step(rows(X, 8), Y)
            losses.add(result.loss)
        self.assertEqual(len(losses), 1)

    def test_a_schedule_of_ones_own_runs(self):
        mine = [["0F0", "0F1", "0B1", "0B0"], ["1F0", "1F1", "1B1", "1B0"]]
        with sluice.Pipeline("6-5-3", mine, batch=8, loss="cross_entropy",
                             trace=True) as pipe:
            pipe.step(rows(X, 8), Y)
            self.assertEqual(len(pipe.account().devices), 2)
            self.assertIn("<svg", pipe.draw("mine").svg)
        self.refused("1B0", sluice.Pipeline, "6-5-3",
                     [["0F0", "0B0"], ["1B0", "1F0"]], batch=8, loss="mse")

    def test_what_does_not_fit_is_refused_with_shape_and_type(self):
        pipe = self.make()
        self.refused("5 elements in a row; a row of 6", pipe.step,
                     rows(X[:40], 8), Y)
        self.refused("x has 8 rows and y has 7", pipe.step, rows(X, 8), Y[:7])
        self.refused("float64", pipe.step, array.array("d", X), Y)
        self.refused("y has elements of float32", pipe.step, rows(X, 8), X[:8])
        self.refused("x is a list", pipe.step, [1.0], Y)
        self.refused("9", pipe.step, rows(X, 8),
                     array.array("i", [9] * 8))
        self.refused("rows", pipe.step, rows(array.array("f", [0] * 54), 9),
                     array.array("i", [0] * 9))

    def test_settings_that_do_not_exist_are_refused(self):
        self.refused("no \"device\"", self.make, device=2)
        self.refused("semicolon", self.make, optimizer="sgd; trace")
        self.refused("hidden", self.make, model="6-5; hidden")

    def test_parameters_are_read_and_written_by_name(self):
        pipe = self.make()
        self.assertEqual(pipe.model.parameters(),
                         {"0.weight": (6, 5), "0.bias": (5,),
                          "1.weight": (5, 3), "1.bias": (3,)})
        pipe.set("1.bias", array.array("f", [1, 2, 3]))
        self.assertEqual(list(pipe.get("1.bias")), [1, 2, 3])
        pipe.step(rows(X, 8), Y)
        self.assertNotEqual(list(pipe.gradient("1.bias")), [0, 0, 0])
        self.refused("1.weight", pipe.get, "2.weight")
        self.refused("(3,)", pipe.set, "1.bias", array.array("f", [1, 2]))
        self.refused("learning rate", pipe.set_learning_rate, -1)

    def test_weights_are_saved_and_loaded(self):
        a, b = self.make(), self.make(seed=4)
        a.step(rows(X, 8), Y)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "w.safetensors")
            a.save(path)
            b.load(path)
            self.refused("nothing", b.load, os.path.join(folder, "nothing"))
        self.assertEqual(list(memoryview(a.infer(rows(X, 8))).cast("B")),
                         list(memoryview(b.infer(rows(X, 8))).cast("B")))

    def test_a_closed_pipeline_says_so(self):
        pipe = self.make()
        pipe.close()
        pipe.close()
        pipe.cancel()
        for call in (lambda: pipe.step(rows(X, 8), Y), lambda: pipe.n_steps,
                     lambda: pipe.infer(rows(X, 8)),
                     lambda: pipe.get("0.weight"),
                     lambda: pipe.set_learning_rate(1)):
            self.refused("closed", call)

    def test_a_model_lives_as_long_as_its_pipelines(self):
        model = sluice.Model("6-5-3")
        pipe = self.make(model=model)
        del model
        gc.collect()
        pipe.step(rows(X, 8), Y)
        self.assertIn("linear", str(pipe.model))

    def test_another_thread_cancels_a_step(self):
        pipe = self.make(
            model="input(6); timed(forward-ns=50000000) x40; linear(3)")
        caught = []

        def run():
            try:
                while True:
                    pipe.step(rows(X, 8), Y)
            except sluice.Error as error:
                caught.append(error.status)

        thread = threading.Thread(target=run)
        thread.start()
        while not caught:  # until a step is under way
            pipe.cancel()
            thread.join(0.01)
        thread.join()
        self.assertEqual(caught, ["SLUICE_CANCELLED"])

    def test_the_interpreter_ends_cleanly_with_pipelines_alive(self):
        program = """
import array, sluice, sys, threading
x, y = array.array("f", [1] * 6), array.array("i", [0])
x = memoryview(x).cast("B").cast("f", (1, 6))
a = sluice.Pipeline("6-5-3", batch=1, devices=2, loss="cross_entropy")
b = sluice.Pipeline("6-5-3", batch=1, devices=2, loss="cross_entropy")
b.ring = b
a.step(x, y)
began = threading.Event()
def run():
    try:
        while True:
            b.step(x, y)
            began.set()
    except sluice.Error:
        pass
if "thread" in sys.argv:
    threading.Thread(target=run, daemon=True).start()
    began.wait()
if "raise" in sys.argv:
    raise SystemExit(3)
"""
        for arguments in [], ["raise"], ["thread"]:
            done = subprocess.run([sys.executable, "-c", program] + arguments,
                                  stderr=subprocess.PIPE, timeout=60,
                                  universal_newlines=True)
            self.assertEqual(done.returncode, 3 if "raise" in arguments else 0,
                             done.stderr)
            self.assertEqual(done.stderr, "")


@unittest.skipIf(numpy is None, "numpy is not installed")
class Numpy(Base):
    def test_arrays_are_read_in_place(self):
        pipe = self.make(model="6-5-3", loss="mse", devices=1)
        x = numpy.zeros((8, 6), "float32")
        y = numpy.ones((8, 3), "float32")
        at = x.__array_interface__["data"][0]
        self.assertEqual(sluice._describe(x, "x")[0], at)
        self.assertEqual(pipe.step(x, y).rows, 8)
        out = pipe.infer(x)
        self.assertEqual((out.shape, out.dtype), ((8, 3), numpy.float32))
        self.assertEqual(pipe.get("0.weight").shape, (6, 5))

    def test_what_numpy_has_and_we_do_not_read_is_refused(self):
        pipe = self.make()
        x = numpy.zeros((8, 6), "float32")
        self.refused("x.astype(\"float32\")", pipe.step,
                     x.astype("float64"), Y)
        self.refused("ascontiguousarray", pipe.step,
                     numpy.zeros((6, 8), "float32").T, Y)
        self.refused("swapped", pipe.step, x.astype(">f4"), Y)
        self.refused("uint8", pipe.step, x, numpy.zeros(8, "uint8"))
        self.refused("no rows", pipe.step, numpy.float32(1), Y)
        self.assertEqual(
            pipe.step(x, numpy.zeros(8, "int64")).rows, 8)


if __name__ == "__main__":
    unittest.main()
