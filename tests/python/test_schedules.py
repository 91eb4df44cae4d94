"""Schedules from Python are proved, priced and drawn as in C."""
import ctypes
import os
import subprocess
import sys
import tempfile
import unittest
import warnings

import sluice

GOOD = [["0F0", "0F1", "", "0B0", "0B1"], ["1F0", "1B0", None, "1F1", "1B1"]]


class Action:
    """As PyTorch's: an object that prints as its text."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text


class Schedules(unittest.TestCase):
    def refused(self, says, function, *arguments, **options):
        with self.assertRaises(sluice.Error) as caught:
            function(*arguments, **options)
        self.assertIn(says, str(caught.exception))
        return caught.exception

    def test_a_good_schedule_is_proved_with_its_peaks(self):
        facts = sluice.check(GOOD)
        self.assertEqual([f.activations for f in facts], [2, 1])
        self.assertEqual([f.actions for f in facts], [5, 5])  # with UPDATE

    def test_a_bad_schedule_is_refused_with_rule_and_place(self):
        error = self.refused("order: 1B0 at position 0 of device 1",
                             sluice.check, [["0F0", "0B0"], ["1B0", "1F0"]])
        self.assertEqual(error.status, "SLUICE_SCHEDULE")
        self.assertEqual((error.device, error.stage, error.microbatch,
                          error.position, error.action), (1, 1, 0, 0, "1B0"))
        self.assertIn("1:>    1B0", error.grid)
        self.assertIn(error.grid, str(error))

    def test_a_deadlock_depends_on_the_capacity_of_queues(self):
        rows = sluice.generate("looped-bfs", 2, 8)
        self.refused("deadlock", sluice.check, rows)
        self.assertEqual(len(sluice.check(rows, queue_capacity=4)), 2)
        self.refused("deadlock", sluice.simulate, rows, {"F": 1, "B": 2})
        self.refused("capacity", sluice.check, rows, queue_capacity=-1)

    def test_actions_of_pytorch_are_taken_as_they_are(self):
        order = {1: [Action("1F0"), None, Action("1B0")],
                 0: [Action("0F0"), None, None, Action("0B0")]}
        self.assertEqual([f.actions for f in sluice.check(order)], [3, 3])
        pairs = [["0F0", "0F1", "(0F2;0B0)OVERLAP_F_B", "0B1", "0B2"]]
        self.assertEqual(sluice.check(pairs)[0].actions, 7)

    def test_what_is_no_schedule_is_refused(self):
        self.refused("list for each device", sluice.check, "0F0,0B0")
        self.refused("list for each device", sluice.check, ["0F0", "0B0"])
        self.refused("0X0", sluice.check, [["0X0"]])
        self.refused("detect, new, old", sluice.check, GOOD, dialect="newest")

    def test_an_assumption_of_the_reader_is_a_warning(self):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            sluice.check(GOOD + [[]])
        self.assertIn("blank", str(seen[0].message))
        self.assertEqual(seen[0].filename, __file__)

    def test_the_bubble_is_the_formula(self):
        for k, m in (2, 4), (4, 8), (3, 7):
            rows = sluice.generate("1f1b", k, m)
            s = sluice.simulate(rows, {"F": 1, "B": 2})
            self.assertAlmostEqual(s.bubble, (k - 1) / (m + k - 1))
            self.assertEqual(s.makespan, 3 * (m + k - 1))
            self.assertEqual(len(s.devices), k)

    def test_costs_may_differ_by_stage_and_hand_offs_take_time(self):
        s = sluice.simulate(GOOD, [{"F": 1, "B": 2}, {"F": 2, "B": 4}])
        self.assertAlmostEqual(s.devices[1].busy * s.makespan, 12)
        later = sluice.simulate(GOOD, {"F": 1, "B": 2}, latency=0.5)
        self.assertGreater(later.makespan, 9)

    def test_costs_that_make_no_sense_are_refused(self):
        self.refused("'X'", sluice.simulate, GOOD, {"F": 1, "X": 2})
        self.refused("-1", sluice.simulate, GOOD, {"F": -1, "B": 2})
        self.refused("1 stages", sluice.simulate, GOOD, [{"F": 1, "B": 2}])
        self.refused("B", sluice.simulate, GOOD, {"F": 1})

    def test_halves_of_the_backward_add_up_to_it(self):
        s = sluice.simulate(GOOD, {"F": 1, "I": 1, "W": 1})
        self.assertEqual(s.makespan, 9)

    def test_a_picture_is_text_and_svg(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "mine.svg")
            picture = sluice.draw(GOOD, path=path, title="mine")
            self.refused("let it end with .svg", picture.save, path + ".pdf")
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), picture._repr_svg_())
        self.assertIn("<svg", picture.svg)
        self.assertIn("mine", picture.svg)
        self.assertIn("66.7 %", str(picture))
        self.refused("1B0", sluice.draw, [["0F0", "0B0"], ["1B0", "1F0"]])

    def test_a_generated_schedule_comes_back_as_rows(self):
        rows = sluice.generate("interleaved-1f1b", 2, 4, chunks=3)
        self.assertIn("5F3", rows[1])
        self.assertNotIn("0UPDATE", rows[0])
        self.assertIn("0UPDATE",
                      sluice.generate("gpipe", 1, 1, strict=False)[0])
        self.assertEqual(
            sluice.generate("gpipe", 1, 2, backward_order="in_order"),
            [["0F0", "0F1", "0B0", "0B1"]])
        self.refused("chunks", sluice.generate, "1f1b", 2, 4, chunk=3)
        self.refused("1f1b does not read chunks; it reads no option",
                     sluice.generate, "1f1b", 2, 4, chunks=3)
        self.refused("zb-v does not read backward_order", sluice.generate,
                     "zb-v", 2, 4, backward_order="in_order")
        self.refused("it reads chunks, group, warm_up", sluice.generate,
                     "interleaved-1f1b", 2, 4, slices=2)
        self.refused("fast", sluice.generate, "fast", 2, 4)


class Loading(unittest.TestCase):
    def load(self, **environment):
        return subprocess.run(
            [sys.executable, "-c", "import sluice; print(sluice.VERSION)"],
            env=dict(os.environ, PATH="/usr/bin:/bin", **environment),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True)

    def test_the_variable_may_name_the_file_or_its_folder(self):
        given = os.environ["SLUICE_LIB"]
        path = os.path.join(given, "libsluice.so.0")
        for lib in given, path:
            done = self.load(SLUICE_LIB=lib)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_missing_library_is_an_import_error_that_says_what_to_do(self):
        done = self.load(SLUICE_LIB="/nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ImportError: libsluice was not found; set SLUICE_LIB",
                      done.stderr)


class Layout(unittest.TestCase):
    def test_structs_are_those_of_the_headers(self):
        structs = {}
        for value in vars(sluice).values():
            if isinstance(value, type) and issubclass(value, sluice._Struct) \
                    and value is not sluice._Struct:
                words = "".join("_" + c.lower() if c.isupper() else c
                                for c in value.__name__[1:])
                structs["sluice" + words] = value
        self.assertGreater(len(structs), 9)
        lines = ["(size_t)SLUICE_N_ACTION_KINDS"]
        ours = [len(sluice._KINDS)]
        for name, struct in structs.items():
            fields = [field for field, *_ in struct._fields_]
            if "later" in fields:
                fields.remove("later")
            else:
                lines.append("sizeof(%s)" % name)
                ours.append(ctypes.sizeof(struct))
            for field in fields:
                lines.append("offsetof(%s, %s)" % (name, field))
                ours.append(getattr(struct, field).offset)
                lines.append("sizeof(((%s *)NULL)->%s)" % (name, field))
                ours.append(getattr(struct, field).size)
        program = "#include <stddef.h>\n#include <stdio.h>\n" \
            "#include <sluice/sluice.h>\nint main(void)\n{\n" + "".join(
                "    printf(\"%%zu\\n\", %s);\n" % line for line in lines) \
            + "    return 0;\n}\n"
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "layout.c")
            with open(source, "w", encoding="utf-8") as file:
                file.write(program)
            out = os.path.join(folder, "layout")
            subprocess.run([os.environ["CC"], "-I",
                            os.environ["SLUICE_INCLUDE"], source, "-o", out],
                           check=True)
            theirs = subprocess.run([out], stdout=subprocess.PIPE, check=True,
                                    universal_newlines=True).stdout.split()
        for line, a, b in zip(lines, ours, map(int, theirs)):
            self.assertEqual(a, b, line + " differs from the header's: mend "
                             "the struct in docs/examples/python/sluice.py")


if __name__ == "__main__":
    unittest.main()
