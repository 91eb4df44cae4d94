"""What the peers have in common: timing steps, and telling of them."""
import ctypes
import json
import time


def openblas_core():
    """As OpenBLAS names it; "no OpenBLAS" if there is none."""
    try:
        library = ctypes.CDLL("libopenblas.so.0")
        library.openblas_get_corename.restype = ctypes.c_char_p
        return library.openblas_get_corename().decode()
    except (OSError, AttributeError):
        return "no OpenBLAS"


def tell_steps(step, steps, backend):
    """Run step() twice untimed and `steps` times timed; print the row."""
    times = []
    for i in range(-2, steps):
        start = time.perf_counter()
        step()
        if i >= 0:
            times.append(1e3 * (time.perf_counter() - start))
    row = {"ms": times, "backend": backend, "core": openblas_core()}
    print(json.dumps(row), flush=True)
