"""Which kernels OpenBLAS has chosen."""
import ctypes


def openblas_core():
    """As OpenBLAS names it; "no OpenBLAS" if there is none."""
    try:
        library = ctypes.CDLL("libopenblas.so.0")
        library.openblas_get_corename.restype = ctypes.c_char_p
        return library.openblas_get_corename().decode()
    except (OSError, AttributeError):
        return "no OpenBLAS"
