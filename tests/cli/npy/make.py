#!/usr/bin/env python3
"""Write the .npy files beside this one: 16 rows that `sluice train` takes, and
the same with one thing wrong.  Run it in this directory; no module is needed."""

import struct

ROWS = 16
FORMS = {"<f4": "f", "<i4": "i", "<i8": "q", "|u1": "B"}


def write(name, descr, shape, values):
    head = str({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    head += b" " * (-(11 + len(head)) % 64) + b"\n"
    with open(name + ".npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head)
        file.write(struct.pack("<%d%s" % (len(values), FORMS[descr]), *values))


x = [(i * 7 % 19 - 9) / 8 for i in range(4 * ROWS)]
labels = [i % 3 for i in range(ROWS)]
write("x", "<f4", (ROWS, 4), x)
write("x_nan", "<f4", (ROWS, 4), x[:37] + [float("nan")] + x[38:])
write("x_bytes", "|u1", (ROWS, 4), [i * 37 % 256 for i in range(4 * ROWS)])
write("labels", "<i4", (ROWS,), labels)
write("labels_late", "<i4", (ROWS,), labels[:-1] + [3])
write("labels_float", "<f4", (ROWS,), labels)
write("labels_column", "<i8", (ROWS, 1), labels)
write("values_inf", "<f4", (ROWS,), [0.0] * 5 + [float("inf")] + [0.0] * 10)
