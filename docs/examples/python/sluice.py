"""Sluice from Python: schedules proved where they are written, and pipelines
that train a PyTorch model on the cores of this machine.

    import sluice

    rows = [["0F0", "0F1", "", "0B0", "0B1"],     # a list per device, as
            ["1F0", "1B0", "1F1", "1B1"]]         # PyTorch's pipelining has it
    sluice.check(rows)                            # proved, or sluice.Error
    sluice.simulate(rows, {"F": 1, "B": 2})       # makespan, bubble; in ms
    sluice.draw(rows, {"F": 1, "B": 2})           # a picture in the notebook

    pipe = sluice.from_torch(net, devices=2, microbatches=4, batch=32,
                             loss="cross_entropy", optimizer="sgd:lr=0.05")
    pipe.step(x, y)                               # -> loss, rows, correct
    pipe.to_torch()                               # net has the new parameters

It needs Python 3.7 or later, its standard library and libsluice; it uses numpy
and PyTorch where they are installed.  libsluice is looked for in this order:

    SLUICE_LIB       in the environment: the library, or the folder it is in
    this file        in its folder, and in the two folders above that one
    the loader       where programs find it
    pkg-config       pkg-config --variable=libdir sluice

Whatever the library refuses becomes a sluice.Error with its sentence.

Threads: one call of a pipeline at a time; others wait.  cancel() ends the call
under way.  The library runs without Python's global lock.
"""
import array
import collections
import csv
import ctypes
import ctypes.util
import io
import os
import subprocess
import sys
import threading
import warnings
import weakref
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_float
from ctypes import c_int, c_int32, c_int64, c_size_t, c_uint64, c_void_p

__all__ = ["Error", "Model", "Pipeline", "check", "draw", "from_torch",
           "generate", "simulate"]

VERSION = "0.1."  # of the library whose structs these are


# ---- the library -----------------------------------------------------------

def _candidates():
    """Places where the library may be, best first."""
    name = "libsluice.so.0"
    given = os.environ.get("SLUICE_LIB")
    if given:
        return [os.path.join(given, name) if os.path.isdir(given) else given]
    here = os.path.dirname(os.path.abspath(__file__))
    above = [here, os.path.dirname(here),
             os.path.dirname(os.path.dirname(here))]
    found = [os.path.join(folder, name) for folder in above]
    found = [path for path in found if os.path.exists(path)] + [name]
    try:
        libdir = subprocess.run(
            ["pkg-config", "--variable=libdir", "sluice"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            universal_newlines=True).stdout.strip()
    except OSError:
        libdir = ""
    return found + ([os.path.join(libdir, name)] if libdir else [])


def _load():
    tried = []
    for path in _candidates():
        try:
            lib = ctypes.CDLL(path)
        except OSError as error:
            tried.append(str(error))
            continue
        lib.sluice_version.restype = c_char_p
        version = lib.sluice_version().decode()
        if not version.startswith(VERSION):
            raise ImportError("%s is version %s; this sluice.py is for %sx"
                              % (path, version, VERSION))
        return lib
    raise ImportError("libsluice was not found; set SLUICE_LIB to the folder "
                      "that has libsluice.so.0 (" + "; ".join(tried) + ")")


# Room for fields that a later version of a struct has at its end: 0, so that
# they mean their defaults, or written by the library and not read here.
_LATER = ("later", ctypes.c_char * 256)


class _Struct(ctypes.Structure):
    """A struct of the headers, with its names; tests compare the layout."""


class _Diag(_Struct):
    _fields_ = [("status", c_int), ("process", c_int), ("device", c_int),
                ("stage", c_int), ("microbatch", c_int), ("position", c_int),
                ("action", ctypes.c_char * 24), ("text", ctypes.c_char * 480)]


class _Shape(_Struct):
    _fields_ = [("n_dims", c_int), ("dims", c_int64 * 8)]


class _ParamSpec(_Struct):
    _fields_ = [("name", ctypes.c_char * 32), ("shape", _Shape), _LATER]


class _Parameter(_Struct):
    _fields_ = [("layer", c_int), ("index", c_int),
                ("spec", POINTER(_ParamSpec)), ("n", c_int64),
                ("name", ctypes.c_char * 48),
                _LATER]


class _Result(_Struct):
    _fields_ = [("loss", c_double), ("rows", c_int64), ("correct", c_int64),
                ("terms", c_int64), _LATER]


class _ScheduleConfig(_Struct):
    _fields_ = [("name", c_char_p), ("devices", c_int),
                ("microbatches", c_int), ("backward_order", c_int),
                ("allocator", c_void_p), ("chunks", c_int), ("group", c_int),
                ("warm_up", c_int), ("slices", c_int),
                ("vertical_sync", c_bool),
                _LATER]


class _ScheduleOption(_Struct):
    _fields_ = [("name", c_char_p), ("help", c_char_p), ("offset", c_size_t),
                ("is_flag", c_bool), ("least", c_int), ("most", c_int),
                ("standard", c_int)]


class _VerifyConfig(_Struct):
    _fields_ = [("queue_capacity", c_int), ("forward_only", c_bool),
                ("input_bytes", c_void_p), ("inner_bytes", c_void_p),
                ("device_bytes", c_int64),
                _LATER]


class _DeviceFacts(_Struct):
    _fields_ = [("peak_activations", c_int), ("peak_inner", c_int),
                ("whole_activations", c_double), ("whole_inner", c_double),
                ("peak_bytes", c_int64), ("peak_versions", c_int),
                ("max_staleness", c_int), ("n_actions", c_int)]


class _SimulateConfig(_Struct):
    _fields_ = [("costs_ns", c_void_p), ("stage_costs_ns", c_void_p),
                ("action_costs_ns", c_void_p), ("ahead_costs_ns", c_void_p),
                ("device_speeds", c_void_p), ("latency_ns", c_int64),
                ("stage_latency_ns", c_void_p), ("queue_capacity", c_int),
                ("edges", c_void_p), ("n_edges", c_int),
                ("edge_latency_ns", c_void_p), ("spin_ns", c_int64),
                ("wake_ns", c_int64), ("no_barrier", c_bool),
                ("naive_recompute", c_bool), ("no_events", c_bool),
                ("allocator", c_void_p),
                _LATER]


class _TimeShare(_Struct):
    _fields_ = [("makespan_ns", c_int64), ("span_ns", c_int64),
                ("busy_ns", c_int64), ("wait_ns", c_int64),
                ("other_ns", c_int64),
                ("busy", c_double), ("wait", c_double), ("bubble", c_double)]


class _Trace(_Struct):
    _fields_ = [("n_devices", c_int), ("n_events", c_void_p),
                ("events", c_void_p), ("start_ns", c_int64),
                ("end_ns", c_int64), ("n_replicas", c_int),
                ("clock_error_ns", c_int64), ("n_shards", c_int),
                _LATER]


class _ReportConfig(_Struct):
    _fields_ = [("title", c_char_p), _LATER]


_WRITE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_void_p)


class _Sink(_Struct):
    _fields_ = [("write", _WRITE), ("context", c_void_p)]


_P = c_void_p
_SIGNATURES = {
    "status_name": (c_char_p, c_int),
    "shape_elements": (c_int64, POINTER(_Shape)),
    "model_parse": (c_int, c_char_p, _P, _P, _P),
    "model_destroy": (None, _P),
    "model_print": (c_size_t, _P, c_char_p, c_size_t),
    "model_input": (_Shape, _P),
    "model_input_type": (c_int, _P),
    "model_output": (_Shape, _P),
    "model_next_parameter": (c_bool, _P, POINTER(_Parameter)),
    "pipeline_parse": (c_int, c_char_p, _P, _P, _P, _P, _P),
    "pipeline_destroy": (None, _P),
    "pipeline_step": (c_int, _P, _P, _P, c_int64, _P, _P),
    "pipeline_evaluate": (c_int, _P, _P, _P, c_int64, _P, _P),
    "pipeline_infer": (c_int, _P, _P, c_int64, _P, _P),
    "pipeline_cancel": (None, _P),
    "pipeline_get_tensor": (c_int, _P, c_char_p, _P, c_int64, _P),
    "pipeline_set_tensor": (c_int, _P, c_char_p, _P, c_int64, _P),
    "pipeline_get_gradient": (c_int, _P, c_char_p, _P, c_int64, _P),
    "pipeline_set_learning_rate": (c_int, _P, c_double),
    "pipeline_n_steps": (c_uint64, _P),
    "pipeline_set_n_steps": (None, _P, c_uint64),
    "pipeline_target_bytes": (c_int64, _P, _P),
    "pipeline_save_model_as": (c_int, _P, _P, c_int, c_char_p, _P),
    "pipeline_load_weights_as": (c_int, _P, _P, c_int, c_char_p, _P, _P),
    "weights_layout_find": (c_int, c_char_p, POINTER(c_int)),
    "pipeline_trace": (c_int, _P, POINTER(_Trace), _P),
    "schedule_generator": (c_char_p, c_int),
    "schedule_options": (POINTER(_ScheduleOption), c_int, _P),
    "schedule_generate": (c_int, POINTER(_ScheduleConfig), _P, _P),
    "schedule_parse_csv": (c_int, c_char_p, c_size_t, c_int, _P, _P, _P),
    "schedule_format_csv": (c_int, _P, c_bool, c_char_p, c_size_t,
                            POINTER(c_size_t), _P),
    "schedule_format_marked": (c_size_t, _P, _P, c_char_p, c_size_t),
    "schedule_remark": (c_char_p, _P),
    "schedule_destroy": (None, _P),
    "schedule_verify": (c_int, _P, POINTER(_VerifyConfig), _P, _P),
    "schedule_n_devices": (c_int, _P),
    "schedule_n_stages": (c_int, _P),
    "simulate": (c_int, _P, POINTER(_SimulateConfig), _P, _P),
    "simulation_destroy": (None, _P),
    "simulation_trace": (_P, _P),
    "simulation_account": (None, _P, _P, _P),
    "trace_account": (None, _P, _P, _P),
    "report_svg": (c_int, _P, POINTER(_ReportConfig), _Sink, _P),
    "report_text": (c_int, _P, POINTER(_ReportConfig), _Sink, _P),
}


class _Functions:
    """sluice_NAME() as an attribute NAME."""

    def __init__(self, lib):
        for name, (result, *arguments) in _SIGNATURES.items():
            function = getattr(lib, "sluice_" + name)
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)


_c = _Functions(_load())


# ---- errors ----------------------------------------------------------------

class Error(Exception):
    """What the library refused, in its words.

    status is the name of the code, "SLUICE_INVALID"; device, stage, microbatch
    and position are numbers or None, action is "2F0" or None; grid shows a
    schedule with the action marked, or is "".
    """

    def __init__(self, text, status="SLUICE_INVALID", diag=None, grid=""):
        super().__init__(text + ("\n" + grid if grid else ""))
        self.status = status
        self.grid = grid
        for name in ("device", "stage", "microbatch", "position"):
            value = getattr(diag, name) if diag else -1
            setattr(self, name, value if value >= 0 else None)
        self.action = diag.action.decode() or None if diag else None


def _call(function, *arguments, schedule=None):
    """Call what returns a status and takes a diagnosis last."""
    diag = _Diag()
    if function(*arguments, byref(diag)) == 0:
        return
    grid = ""
    if schedule and diag.position >= 0:
        grid = _text(_c.schedule_format_marked, schedule, byref(diag))
    raise Error(diag.text.decode(), _c.status_name(diag.status).decode(), diag,
                grid)


def _make(function, *arguments):
    """The same with the object that it makes before the diagnosis."""
    out = c_void_p()
    _call(function, *arguments, byref(out))
    return out


def _text(function, *arguments):
    """The text of a function that prints as snprintf() does."""
    n = function(*arguments, None, 0)
    text = ctypes.create_string_buffer(n + 1)
    function(*arguments, text, n + 1)
    return text.value.decode()


# ---- schedules -------------------------------------------------------------

_KINDS = ["F", "B", "I", "W", "R", "S", "T", "UPDATE", "SEND_F", "RECV_F",
          "SEND_B", "RECV_B", "REDUCE_GRAD", "UNSHARD", "RESHARD"]
_DIALECTS = ["detect", "new", "old"]
_ORDERS = ["reverse", "in_order"]

Facts = collections.namedtuple(
    "Facts", "activations inner versions staleness actions")
Facts.__doc__ = """Of a device: the peak of micro-batches whose inputs, and
whose inner activations, are held; versions of the weights; how many updates a
gradient is late; actions."""

Share = collections.namedtuple("Share", "makespan busy wait bubble")
Share.__doc__ = """makespan in ms; busy (computing), wait (in queues) and bubble
(1 - busy) as shares of it, from 0 to 1."""

Simulation = collections.namedtuple("Simulation",
                                    Share._fields + ("devices",))
Simulation.__doc__ = Share.__doc__ + "  devices has a Share for each device."


def _depth_of_caller():
    """How far above the function that calls this one the user's code is."""
    depth = 1
    while sys._getframe(depth).f_code.co_filename == __file__:
        depth += 1
    return depth


class _Schedule:
    """A schedule of the library while a `with` lasts."""

    def __init__(self, rows, dialect="detect"):
        if dialect not in _DIALECTS:
            raise Error("dialect is %r; it must be one of %s"
                        % (dialect, ", ".join(_DIALECTS)))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(_cells(rows))
        text = text.getvalue().encode()
        self.ptr = _make(_c.schedule_parse_csv, text, len(text),
                         _DIALECTS.index(dialect), None)
        remark = _c.schedule_remark(self.ptr).decode()
        if remark:
            warnings.warn(remark, stacklevel=_depth_of_caller())

    def __enter__(self):
        return self.ptr

    def __exit__(self, *_):
        _c.schedule_destroy(self.ptr)


def _cells(rows):
    """Rows of strings from rows of actions, or PyTorch's {rank: actions}."""
    if hasattr(rows, "keys"):
        rows = [rows[rank] for rank in sorted(rows)]
    if isinstance(rows, str) or any(isinstance(row, str) for row in rows):
        raise Error("rows must be a list for each device, with a string for "
                    "each action: [[\"0F0\", \"0B0\"], ...]")
    return [["" if cell is None else str(cell) for cell in row]
            for row in rows]


def check(rows, queue_capacity=2, dialect="detect"):
    """Prove that a schedule runs to its end, or raise an Error that says what
    is wrong, where, and what to do.

    rows has a list for each device with a string for each action, "2F0", and
    "" or None where it idles; PyTorch's pipeline_order is taken, too.  Returns
    a list of Facts, one for each device.
    """
    with _Schedule(rows, dialect) as schedule:
        facts = (_DeviceFacts * _c.schedule_n_devices(schedule))()
        config = _VerifyConfig(queue_capacity=queue_capacity)
        _call(_c.schedule_verify, schedule, byref(config), facts,
              schedule=schedule)
        return [Facts(f.whole_activations, f.whole_inner, f.peak_versions,
                      f.max_staleness, f.n_actions) for f in facts]


def _costs(costs, n_stages):
    """[stage][kind] in ns from {kind: ms}, or a list of them."""
    stages = [costs] * n_stages if hasattr(costs, "keys") else list(costs)
    if len(stages) != n_stages:
        raise Error("costs are given for %d stages; the schedule has %d"
                    % (len(stages), n_stages))
    table = (c_int64 * (n_stages * len(_KINDS)))()
    for s, stage in enumerate(stages):
        row = dict.fromkeys(_KINDS, -1)
        row.update(SEND_F=0, RECV_F=0, SEND_B=0, RECV_B=0, UPDATE=0,
                   REDUCE_GRAD=0, UNSHARD=0, RESHARD=0)
        for kind, ms in stage.items():
            if kind not in row:
                raise Error("costs has %r; kinds of actions are %s"
                            % (kind, ", ".join(_KINDS)))
            if not 0 <= ms < 1e9:
                raise Error("the cost of %s is %r; give milliseconds, from 0"
                            % (kind, ms))
            row[kind] = round(ms * 1e6)
        if row["B"] < 0 and row["I"] >= 0 and row["W"] >= 0:
            row["B"] = row["I"] + row["W"]
        if row["R"] < 0:
            row["R"] = row["F"]
        for k, kind in enumerate(_KINDS):
            table[s * len(_KINDS) + k] = row[kind]
    return table


class _Simulated:
    """A simulation of the library while a `with` lasts."""

    def __init__(self, rows, costs, latency, queue_capacity, dialect):
        with _Schedule(rows, dialect) as schedule:
            table = _costs(costs, _c.schedule_n_stages(schedule))
            config = _SimulateConfig(
                stage_costs_ns=ctypes.cast(table, c_void_p),
                latency_ns=round(latency * 1e6),
                queue_capacity=queue_capacity)
            self.n_devices = _c.schedule_n_devices(schedule)
            _call(_c.schedule_verify, schedule, byref(
                _VerifyConfig(queue_capacity=queue_capacity)), None,
                schedule=schedule)
            self.ptr = _make(_c.simulate, schedule, byref(config))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _c.simulation_destroy(self.ptr)


def _share(share):
    return Share(share.makespan_ns / 1e6, share.busy, share.wait, share.bubble)


def _account(function, trace, n_devices):
    devices, total = (_TimeShare * n_devices)(), _TimeShare()
    function(trace, devices, byref(total))
    return Simulation(*_share(total), [_share(d) for d in devices])


def simulate(rows, costs, latency=0, queue_capacity=2, dialect="detect"):
    """What a schedule would cost on devices with a core each.

    costs is {"F": 1, "B": 2} in milliseconds, with I and W where a schedule
    splits the backward, or a list of such for each stage; latency is that of a
    hand-off.  Returns a Simulation.
    """
    with _Simulated(rows, costs, latency, queue_capacity, dialect) as s:
        return _account(_c.simulation_account, s.ptr, s.n_devices)


class Picture:
    """A timeline: a notebook shows it, str() draws it with letters, save()
    writes it as SVG."""

    def __init__(self, trace, title):
        self.svg = _draw(_c.report_svg, trace, title)
        self.text = _draw(_c.report_text, trace, title)

    def __str__(self):
        return self.text

    def _repr_svg_(self):
        return self.svg

    def save(self, path):
        """Write the picture as SVG."""
        if not os.fsdecode(path).endswith(".svg"):
            raise Error("%s does not tell that SVG is written: let it end with "
                        ".svg" % os.fsdecode(path))
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)


def _draw(function, trace, title):
    parts = []

    def write(_context, text, n, _why):
        parts.append(ctypes.string_at(text, n))
        return 0

    config = _ReportConfig(title=title.encode() if title else None)
    _call(function, trace, byref(config), _Sink(write=_WRITE(write)))
    return b"".join(parts).decode()


def draw(rows, costs=None, path=None, title=None, latency=0, queue_capacity=2,
         dialect="detect"):
    """The timeline of simulate(), as a Picture; with a path also as SVG.

    Without costs a forward takes 1 ms and a backward 2, 1 for each half.
    """
    costs = costs or {"F": 1, "B": 2, "I": 1, "W": 1}
    with _Simulated(rows, costs, latency, queue_capacity, dialect) as s:
        picture = Picture(_c.simulation_trace(s.ptr), title)
    if path:
        picture.save(path)
    return picture


def _options_of(name):
    """The options that a generator reads; None if there is no such one."""
    i, n = 0, c_int()
    while _c.schedule_generator(i) not in (None, name.encode()):
        i += 1
    if not _c.schedule_generator(i):
        return None
    options = _c.schedule_options(i, byref(n))
    names = [options[o].name.decode().replace("-", "_") for o in range(n.value)]
    return names + ["backward_order"] * (name == "gpipe")


def generate(name, devices, microbatches, strict=True, **options):
    """The rows of a schedule of the library: "1f1b", "zb-v", ...

    options: chunks, group, warm_up, slices, vertical_sync, backward_order.
    Without strict the rows also have what PyTorch does not have: UPDATE, R and
    versions.
    """
    config = _ScheduleConfig(name=name.encode(), devices=devices,
                             microbatches=microbatches)
    fields = [field for field, _ in _ScheduleConfig._fields_[5:-1]]
    read = _options_of(name)
    for option, value in options.items():
        if option == "backward_order" and value in _ORDERS:
            value = _ORDERS.index(value)
        elif option not in fields:
            raise Error("schedules have no option %s=%r; they have %s"
                        % (option, value, ", ".join(
                            fields + ["backward_order=reverse|in_order"])))
        if read is not None and option not in read:
            raise Error("%s does not read %s; it reads %s"
                        % (name, option, ", ".join(read) or "no option"))
        setattr(config, option, value)
    schedule = _make(_c.schedule_generate, byref(config))
    try:
        n = c_size_t()
        _call(_c.schedule_format_csv, schedule, strict, None, 0, byref(n))
        text = ctypes.create_string_buffer(n.value + 1)
        _call(_c.schedule_format_csv, schedule, strict, text, n.value + 1,
              byref(n))
    finally:
        _c.schedule_destroy(schedule)
    return list(csv.reader(io.StringIO(text.value.decode())))


# ---- arrays ----------------------------------------------------------------

_TYPES = {0: None, 2: "float32", 3: "int32"}  # sluice_element
_FORMATS = {"f": "float32", "d": "float64", "i": "int32", "q": "int64"}


def _is_torch(a):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(a, torch.Tensor)


def _describe(a, what):
    """(address, shape, type, in C order) of an array's own memory."""
    if _is_torch(a):
        if a.device.type != "cpu":
            raise Error("%s lies on %s: pass %s.cpu()" % (what, a.device, what))
        return (a.data_ptr(), tuple(a.shape), str(a.dtype)[len("torch."):],
                a.is_contiguous())
    if hasattr(a, "__array_interface__"):
        facts = a.__array_interface__
        code = facts["typestr"]
        kind = {"f": "float", "i": "int", "u": "uint", "b": "bool"}.get(
            code[1], code[1])
        native = code[0] == "|" or (code[0] == "<") == (
            sys.byteorder == "little")
        name = kind + str(8 * int(code[2:])) + ("" if native else " swapped")
        return facts["data"][0], facts["shape"], name, not facts["strides"]
    try:
        view = memoryview(a)
    except TypeError:
        raise Error("%s is a %s; pass a tensor, an array of numpy, or another "
                    "object with a buffer" % (what, type(a).__name__)) from None
    address = ctypes.addressof(ctypes.c_char.from_buffer(a)) if view.nbytes \
        else 0
    return (address, view.shape, _FORMATS.get(view.format, view.format),
            view.c_contiguous)


def _is_long(a):
    return _describe(a, "y")[2] == "int64"


def _narrow(a):
    """Labels of 64 bits, which PyTorch uses, in 32: the one copy we make."""
    if _is_torch(a):
        narrow = a.int()
        fits = bool((narrow == a).all())
    elif hasattr(a, "astype"):
        narrow = a.astype("int32")
        fits = bool((narrow == a).all())
    else:
        low = [v for v in memoryview(a) if -2**31 <= v < 2**31]
        narrow, fits = array.array("i", low), len(low) == len(a)
    if not fits:
        raise Error("y has a label that does not fit in 32 bits")
    return narrow


def _rows_of(a, what, wanted, row_elements):
    """(address, rows), if the elements are `wanted` and a row has that many."""
    address, shape, kind, in_order = _describe(a, what)
    if wanted and kind != wanted:
        cast = {"float32": ".float()", "int32": ".int()"}[wanted] \
            if _is_torch(a) else ".astype(\"%s\")" % wanted
        raise Error("%s has elements of %s, and %s is read: pass %s%s"
                    % (what, kind, wanted, what, cast))
    if not in_order:
        fix = "%s.contiguous()" % what if _is_torch(a) \
            else "numpy.ascontiguousarray(%s)" % what
        raise Error("%s is not contiguous: pass %s" % (what, fix))
    if not shape:
        raise Error("%s has no rows: its first dimension is the batch" % what)
    n = 1
    for dim in shape[1:]:
        n *= dim
    if n != row_elements:
        raise Error("%s has the shape %s, %d elements in a row; a row of %d is "
                    "read" % (what, tuple(shape), n, row_elements))
    return address, shape[0]


def _empty(shape, like=None):
    """A new array of floats: a tensor, or numpy's if there is numpy."""
    if like is not None and _is_torch(like):
        return sys.modules["torch"].empty(shape)
    try:
        import numpy
    except ImportError:
        n = 1
        for dim in shape:
            n *= dim
        return array.array("f", bytes(4 * n))
    return numpy.empty(shape, "float32")


# ---- models and pipelines --------------------------------------------------

Result = collections.namedtuple("Result", "loss rows correct terms")
Result.__doc__ = """Of a mini-batch: the mean loss, its rows, how many terms of
the loss were classified correctly, if it counts them, and how many there were:
as many as rows, unless the loss has several in a row or ignores some."""


def _dims(shape):
    return tuple(shape.dims[:shape.n_dims])


class Model:
    """A network from a text, "784-64-10" or "input(784); linear(64); ...".

    It is freed when nothing refers to it; a Pipeline does.
    """

    def __init__(self, text):
        self.ptr = _make(_c.model_parse, text.encode(), None)
        weakref.finalize(self, _c.model_destroy, self.ptr)
        self.input = _dims(_c.model_input(self.ptr))
        self.input_type = _TYPES[_c.model_input_type(self.ptr)]
        self.output = _dims(_c.model_output(self.ptr))

    def __str__(self):
        return _text(_c.model_print, self.ptr)

    def parameters(self):
        """{name: shape}, in the order of the layers."""
        at, shapes = _Parameter(), {}
        while _c.model_next_parameter(self.ptr, byref(at)):
            shapes[at.name.decode()] = _dims(at.spec.contents.shape)
        return shapes


def _end(ptr, lock, _model):
    """Destroy a pipeline, and drop what must outlive it; after its step."""
    with lock:
        _c.pipeline_destroy(ptr)


def _setting(name, value):
    if value is True or value is False:
        value = str(value).lower()
    elif isinstance(value, (list, tuple)):
        value = ",".join(str(v) for v in value)
    elif isinstance(value, float):
        value = repr(value)
    value = str(value)
    if ";" in value or "\n" in value:
        raise Error("the value of %s has a semicolon or a newline" % name)
    return "%s = %s" % (name, value)


def _layout(name):
    layout = c_int()
    if _c.weights_layout_find(name.encode(), byref(layout)):
        raise Error("layout is %r; it must be auto, sluice or pytorch" % name)
    return layout


class Pipeline:
    """A model cut into stages, on a thread each.

    model is a Model or its text; schedule the name of a generator or rows, as
    check() takes them; the settings are those of sluice/pipeline_text.h:
    devices, microbatches, batch, loss, optimizer, remat, partition, seed ...

    close() ends it, as leaving a `with` does, and as the interpreter does.
    """

    def __init__(self, model, schedule=None, **settings):
        self.model = model if isinstance(model, Model) else Model(model)
        if isinstance(schedule, str):
            settings["schedule"] = schedule
        text = "\n".join(_setting(*item) for item in settings.items()
                         if item[1] is not None).encode()
        if schedule is None or isinstance(schedule, str):
            ptr = _make(_c.pipeline_parse, text, None, self.model.ptr, None)
        else:
            with _Schedule(schedule) as custom:
                ptr = _make(_c.pipeline_parse, text, custom, self.model.ptr,
                            None)
        self._lock = threading.Lock()
        self._net = None
        self._input_elements = _c.shape_elements(
            byref(_c.model_input(self.model.ptr)))
        element = c_int()
        self._target_bytes = _c.pipeline_target_bytes(ptr, byref(element))
        self._target_type = _TYPES.get(element.value)
        self._end = weakref.finalize(self, _end, ptr, self._lock, self.model)
        self._ptr = ptr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Join the devices and free everything; twice is allowed."""
        self._end()

    def _open(self):
        if not self._end.alive:
            raise Error("the pipeline is closed: make another one")
        return self._ptr

    def _mini_batch(self, x, y):
        x_at, rows = _rows_of(x, "x", self.model.input_type,
                              self._input_elements)
        y_at, y_rows = _rows_of(y, "y", self._target_type,
                                self._target_bytes // 4)
        if rows != y_rows:
            raise Error("x has %d rows and y has %d" % (rows, y_rows))
        return x_at, y_at, rows

    def _with_result(self, function, x, y):
        if self._target_type == "int32" and _is_long(y):
            y = _narrow(y)
        arguments = self._mini_batch(x, y)
        result = _Result()
        with self._lock:
            _call(function, self._open(), *arguments, byref(result))
        return Result(result.loss, result.rows, result.correct, result.terms)

    def step(self, x, y):
        """One training step; returns a Result.

        x and y are tensors on the CPU, arrays of numpy, or others with a
        buffer; they are read in place.  Labels may have 64 bits, as PyTorch's
        have: these are copied.
        """
        return self._with_result(_c.pipeline_step, x, y)

    def evaluate(self, x, y):
        """The Result of any number of rows, without a step."""
        return self._with_result(_c.pipeline_evaluate, x, y)

    def infer(self, x):
        """The network's output for x, as a new tensor or array."""
        x_at, rows = _rows_of(x, "x", self.model.input_type,
                              self._input_elements)
        y = _empty((rows,) + self.model.output, x)
        with self._lock:
            _call(_c.pipeline_infer, self._open(), x_at, rows,
                  _describe(y, "y")[0])
        return y

    def cancel(self):
        """End the call under way in another thread with an Error."""
        if self._end.alive:
            _c.pipeline_cancel(self._ptr)

    def _read(self, function, name, out):
        address, shape, _, _ = _describe(out, name)
        n = 1
        for dim in shape:
            n *= dim
        with self._lock:
            _call(function, self._open(), name.encode(), address, n)
        return out

    def _shape_of(self, name):
        shapes = self.model.parameters()
        if name not in shapes:
            raise Error("the model has no parameter %r; it has %s"
                        % (name, ", ".join(shapes)), "SLUICE_NOT_FOUND")
        return shapes[name]

    def get(self, name):
        """A copy of the parameter "0.weight", in Sluice's layout [in, out]."""
        return self._read(_c.pipeline_get_tensor, name,
                          _empty(self._shape_of(name)))

    def gradient(self, name):
        """A copy of the gradient that the last update used."""
        return self._read(_c.pipeline_get_gradient, name,
                          _empty(self._shape_of(name)))

    def set(self, name, values):
        """Set a parameter from an array or a tensor of its shape."""
        shape = self._shape_of(name)
        n = 1
        for dim in shape[1:]:
            n *= dim
        address, rows = _rows_of(values, name, "float32", n)
        if rows != shape[0]:
            raise Error("%s has the shape %s; %s was given"
                        % (name, shape, (rows,) + shape[1:]))
        with self._lock:
            _call(_c.pipeline_set_tensor, self._open(), name.encode(), address,
                  rows * n)

    def set_learning_rate(self, rate):
        with self._lock:
            if _c.pipeline_set_learning_rate(self._open(), rate):
                raise Error("the learning rate is %r; it must be a number from "
                            "0 that a float can hold" % rate)

    @property
    def n_steps(self):
        return _c.pipeline_n_steps(self._open())

    def save(self, path, layout="sluice"):
        """Write all parameters and the model's text as safetensors; with the
        layout "pytorch" under the names, and in the order, that they have in
        the state_dict() of PyTorch's network."""
        layout = _layout(layout)
        with self._lock:
            _call(_c.pipeline_save_model_as, self._open(), None, layout,
                  os.fsencode(path))

    def load(self, path, layout="auto"):
        """Set all parameters from a file that save() wrote, or PyTorch.  "auto"
        goes by what the file says, its names and shapes; else say "sluice" or
        "pytorch"."""
        layout = _layout(layout)
        with self._lock:
            _call(_c.pipeline_load_weights_as, self._open(), self.model.ptr,
                  layout, os.fsencode(path), None)

    def account(self):
        """Where the time of the last step went, as a Simulation; needs
        trace=True."""
        with self._lock:
            trace = _Trace()
            _call(_c.pipeline_trace, self._open(), byref(trace))
            return _account(_c.trace_account, byref(trace), trace.n_devices)

    def draw(self, title=None):
        """The timeline of the last step, as a Picture; needs trace=True."""
        with self._lock:
            trace = _Trace()
            _call(_c.pipeline_trace, self._open(), byref(trace))
            return Picture(byref(trace), title)

    def to_torch(self, net=None):
        """Copy all parameters into a network of PyTorch, in its layout, and
        return it; without one, into the network that from_torch() read."""
        net = self._net if net is None else net
        if net is None:
            raise Error("to_torch() needs the network that takes the "
                        "parameters: this pipeline is not from from_torch()")
        _copy(self, net, _to_torch)
        return net


# ---- PyTorch ---------------------------------------------------------------

def _flags(*words):
    """Options of a layer, without those that are empty."""
    return ", ".join(word for word in words if word)


def _wants(m, **values):
    """Refuse a module of which something is not as the layer has it."""
    for name, value in values.items():
        if getattr(m, name) != value:
            raise Error("%s is %r, and the layer has %r"
                        % (name, getattr(m, name), value))


def _same(m, name):
    """The one number of a pair for both dimensions."""
    value = getattr(m, name)
    if isinstance(value, tuple):
        if len(set(value)) != 1:
            raise Error("%s is %s; both must be the same" % (name, value))
        value = value[0]
    if not isinstance(value, int):
        raise Error("%s is %r; it must be a number" % (name, value))
    return value


def _per_position(width, shape):
    """Whether PyTorch works on the last dimension of more than one."""
    return "per-position" if len(shape) > 1 and shape[-1] == width else ""


def _linear(m, shape):
    return "linear(%s)" % _flags(
        str(m.out_features), "" if m.bias is not None else "no-bias",
        _per_position(m.in_features, shape))


def _gelu(m, shape):
    exact = getattr(m, "approximate", "none") == "none"
    return "activate(%s)" % ("gelu" if exact else "gelu_tanh")


def _epsilon(m):
    """A layer's option; its 0 stands for 1e-5."""
    if not m.eps > 0:
        raise Error("eps is %r; it must be above 0" % m.eps)
    return "epsilon=%r" % m.eps


def _layer_norm(m, shape):
    _wants(m, elementwise_affine=True)
    last = tuple(m.normalized_shape)
    return "layer_norm(%s)" % _flags(
        _epsilon(m),
        _per_position(last[0], shape) if len(last) == 1 else "")


def _embedding(m, shape):
    _wants(m, padding_idx=None, max_norm=None, scale_grad_by_freq=False)
    return "embedding(%d, width=%d)" % (m.num_embeddings, m.embedding_dim)


def _conv2d(m, shape):
    _wants(m, padding_mode="zeros", dilation=(1, 1))
    return "conv2d(%s)" % _flags(
        str(m.out_channels), "kernel=%d" % _same(m, "kernel_size"),
        "stride=%d" % _same(m, "stride"), "padding=%d" % _same(m, "padding"),
        "groups=%d" % m.groups, "" if m.bias is not None else "no-bias")


def _pool(name, **values):
    def text(m, shape):
        _wants(m, ceil_mode=False, **values)
        return "%s(%d, stride=%d, padding=%d)" % (
            name, _same(m, "kernel_size"), _same(m, "stride"),
            _same(m, "padding"))
    return text


def _global_pool(m, shape):
    if m.output_size not in (1, (1, 1)):
        raise Error("output_size is %s; it must be 1" % (m.output_size,))
    return "global_average_pool"


def _batch_norm(m, shape):
    _wants(m, affine=True, track_running_stats=True)
    if m.momentum is None:
        raise Error("momentum is None; it must be a number")
    return "batch_norm(momentum=%r, %s)" % (m.momentum, _epsilon(m))


def _group_norm(m, shape):
    _wants(m, affine=True)
    return "group_norm(%d, %s)" % (m.num_groups, _epsilon(m))


def _flatten(m, shape):
    _wants(m, start_dim=1, end_dim=-1)
    return "flatten"


def _sequence(m, shape):
    return "sequence{%s}" % "; ".join(_layers(m, shape))


def _plain(text):
    return lambda m, shape: text


TORCH_LAYERS = {
    "Linear": _linear,
    "ReLU": _plain("activate(relu)"),
    "Tanh": _plain("activate(tanh)"),
    "Sigmoid": _plain("activate(sigmoid)"),
    "SiLU": _plain("activate(silu)"),
    "GELU": _gelu,
    "Identity": _plain("activate(identity)"),
    "Flatten": _flatten,
    "Dropout": lambda m, shape: "dropout(%r)" % m.p,
    "LayerNorm": _layer_norm,
    "Embedding": _embedding,
    "Conv2d": _conv2d,
    "MaxPool2d": _pool("max_pool", dilation=1, return_indices=False),
    "AvgPool2d": _pool("average_pool", count_include_pad=True,
                       divisor_override=None),
    "AdaptiveAvgPool2d": _global_pool,
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "GroupNorm": _group_norm,
    "Sequential": _sequence,
}
"""For a class of torch.nn the function that makes a layer's text from a module
and the shape of a row; one layer for each module, so that names and indices of
parameters are PyTorch's."""


def _layers(net, shape):
    """The texts of the layers of a network whose rows have a shape."""
    texts = []
    for name, module in net._modules.items():  # named_children() skips repeats
        kind = type(module).__name__
        try:
            if kind not in TORCH_LAYERS:
                raise Error("there is no layer of Sluice for it; there are "
                            "some for " + ", ".join(TORCH_LAYERS))
            text = TORCH_LAYERS[kind](module, shape)
            rows = ", int32" if text.startswith("embedding") else ""
            shape = Model("input(%s%s); %s" % ("x".join(map(str, shape)), rows,
                                               text)).output
            texts.append(text)
        except Error as error:
            if str(error).startswith("layer "):
                raise
            raise Error("layer %s is torch.nn.%s: %s"
                        % (name, kind, error)) from None
    return texts


def _input(net):
    """The shape of a row, and its type, from the first layer that says it."""
    for module in net.modules():
        kind = type(module).__name__
        if kind == "Linear":
            return (module.in_features,)
        if kind == "LayerNorm":
            return tuple(module.normalized_shape)
        if kind not in ("Sequential", "Flatten", "Identity", "Dropout", "ReLU",
                        "Tanh", "Sigmoid", "SiLU", "GELU", "BatchNorm1d"):
            break
    raise Error("the shape of a row does not follow from the first layer: pass "
                "input_shape=(N,), or (channels, height, width) of images")


def _check_own(net):
    """Refuse a parameter that several layers have: each would train its own."""
    first = {}
    for prefix, module in net.named_modules(remove_duplicate=False):
        for name, value in module._parameters.items():
            full = prefix + "." + name
            if value is not None and first.setdefault(id(value), full) != full:
                raise Error("%s and %s are one parameter; from_torch() makes "
                            "layers with parameters of their own"
                            % (first[id(value)], full))


def _tensors(net):
    """(name, tensor, whether Sluice has it transposed) of a network, buffers
    included."""
    for prefix, module in net.named_modules():
        linear = type(module).__name__ == "Linear"
        for tensors in module.named_parameters, module.named_buffers:
            for name, value in tensors(prefix, recurse=False):
                yield name, value, linear and name.endswith(".weight")


def _copy(pipe, net, copy):
    torch = sys.modules["torch"]
    shapes = pipe.model.parameters()
    names = set()
    for name, value, transposed in _tensors(net):
        names.add(name)
        ours, theirs = shapes.get(name), tuple(value.shape) or (1,)
        if ours != (theirs[::-1] if transposed else theirs):
            raise Error("%s has the shape %s in PyTorch and %s here"
                        % (name, theirs, ours or "does not exist"))
        if value.is_floating_point() and value.dtype != torch.float32:
            raise Error("%s has elements of %s; make the network float32 with "
                        "net.float()" % (name, str(value.dtype)[6:]))
        with torch.no_grad():
            copy(pipe, name, value, ours, transposed)
    if names != set(shapes):
        raise Error("the network lacks %s"
                    % ", ".join(sorted(set(shapes) - names)))


def _from_torch(pipe, name, value, shape, transposed):
    value = value.detach().cpu().float()
    value = value.t() if transposed else value.reshape(shape)
    pipe.set(name, value.contiguous())


def _to_torch(pipe, name, value, shape, transposed):
    ours = sys.modules["torch"].empty(shape)
    pipe._read(_c.pipeline_get_tensor, name, ours)
    value.copy_(ours.t() if transposed else ours.reshape(value.shape))


def _loss_text(loss):
    kind = type(loss).__name__
    if isinstance(loss, str):
        return loss
    if getattr(loss, "reduction", None) == "mean":
        if kind == "MSELoss":
            return "mse"
        if (kind == "CrossEntropyLoss" and loss.weight is None
                and loss.ignore_index < 0):
            return "cross_entropy:label-smoothing=%r,ignore=%d" % (
                loss.label_smoothing, loss.ignore_index)
    raise Error("the loss %r has no counterpart: pass \"mse\", "
                "\"cross_entropy\", or torch.nn.MSELoss or CrossEntropyLoss "
                "with the mean as reduction, no weights and an ignore_index "
                "below 0" % (loss,))


_OPTIMIZERS = {
    # class: (text, {option: key of a group}, states in our order)
    "SGD": ("sgd", {"momentum": "momentum", "nesterov": "nesterov"},
            ["momentum_buffer"]),
    "Adam": ("adam:decay-all", {}, ["exp_avg", "exp_avg_sq"]),
    "AdamW": ("adamw:decay-all", {}, ["exp_avg", "exp_avg_sq"]),
    "RMSprop": ("rmsprop:decay-all",
                {"alpha": "alpha", "momentum": "momentum",
                 "centered": "centered"},
                ["square_avg", "grad_avg", "momentum_buffer"]),
}


def _shapes(tensors):
    return sorted(tuple(tensor.shape) for tensor in tensors)


def _optimizer_text(optimizer, net):
    for name, value in net.named_parameters():
        if not value.requires_grad:
            raise Error("%s does not require a gradient; a pipeline trains all "
                        "parameters" % name)
    if isinstance(optimizer, str):
        return optimizer
    kind = type(optimizer).__name__
    groups = getattr(optimizer, "param_groups", [])
    if kind not in _OPTIMIZERS or len(groups) != 1:
        raise Error("the optimizer %s with %d groups has no counterpart; there "
                    "is one for %s with one group"
                    % (kind, len(groups), ", ".join(_OPTIMIZERS)))
    group = groups[0]
    unknowns = ["dampening", "amsgrad", "maximize"]
    if kind == "Adam":  # in AdamW's groups it is true, too
        unknowns.append("decoupled_weight_decay")
    for unknown in unknowns:
        if group.get(unknown):
            raise Error("%s=%r of %s has no counterpart"
                        % (unknown, group[unknown], kind))
    if _shapes(group["params"]) != _shapes(net.parameters()):
        raise Error("the optimizer has other tensors than the network; a "
                    "pipeline trains all parameters")
    text, options, _ = _OPTIMIZERS[kind]
    words = ["lr=%r" % group["lr"],
             "weight-decay=%r" % group["weight_decay"]]
    if "betas" in group:
        words += ["beta1=%r" % group["betas"][0],
                  "beta2=%r" % group["betas"][1]]
    if "eps" in group:
        words.append("epsilon=%r" % group["eps"])
    for option, key in options.items():
        words.append("%s=%s" % (option, str(group[key]).lower()))
    return text + (":" if ":" not in text else ",") + ",".join(words)


def _copy_states(pipe, net, optimizer):
    """What an optimizer of PyTorch has gathered, into the pipeline's."""
    states = _OPTIMIZERS[type(optimizer).__name__][2]
    for name, value, transposed in _tensors(net):
        state = optimizer.state.get(value, {})
        there = [s for s in states if state.get(s) is not None]
        for i, key in enumerate(there):
            tensor = state[key].detach().cpu()
            tensor = (tensor.t() if transposed else tensor).contiguous()
            full = "state%d.%s" % (i, name)
            _call(_c.pipeline_set_tensor, pipe._open(), full.encode(),
                  tensor.data_ptr(), tensor.numel())
        if "step" in state:
            _c.pipeline_set_n_steps(pipe._open(), int(state["step"]))


def from_torch(net, loss, optimizer="sgd:lr=0.01", input_shape=None,
               schedule=None, **settings):
    """A Pipeline that goes on with a torch.nn.Sequential where it stands.

    Its parameters are copied; their names and indices stay PyTorch's.  loss is
    a text or one of torch.nn's, optimizer a text or one of torch.optim's, whose
    states are taken over.  The settings are those of Pipeline.
    """
    if type(net).__name__ != "Sequential":
        raise Error("from_torch() takes a torch.nn.Sequential, not a %s"
                    % type(net).__name__)
    shape = tuple(input_shape) if input_shape else _input(net)
    _check_own(net)
    layers = "; ".join(_layers(net, shape))
    whole = "x".join(str(dim) for dim in shape)
    if layers.startswith("embedding"):
        whole += ", int32"
    pipe = Pipeline("input(%s); %s" % (whole, layers), schedule,
                    loss=_loss_text(loss),
                    optimizer=_optimizer_text(optimizer, net), **settings)
    try:
        _copy(pipe, net, _from_torch)
        if not isinstance(optimizer, str):
            _copy_states(pipe, net, optimizer)
    except BaseException:
        pipe.close()
        raise
    pipe._net = net
    return pipe
