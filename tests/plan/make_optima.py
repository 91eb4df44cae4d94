#!/usr/bin/python3
"""Random problems of plans and their optima, by exhaustive search.

Written from the definition alone: a step is the longest way through the
actions of gpipe or 1f1b, queues never being full.  All numbers of devices, all
orders of them, all cuts and all sets of recomputing stages are tried.

    make_optima.py > optima.txt
    make_optima.py 2803 > optima_fresh.txt    another seed: never tuned on
    make_optima.py divided > optima_divided.txt
    make_optima.py varied > optima_varied.txt

A line: layers devices M latency; speed and cap of each device; F, B, update,
fixed, input and saved bytes of each layer; the optimum, and the best of the
rules: equal cuts (with the best number of devices, Varuna's rule) and the
block partition of torchgpipe, devices in the order given; -1: nothing fits.

Divided problems may have two replicas, which share the micro-batches, and teams
of two devices, which have other costs.  All sets of devices are tried for each
place; a place is as fast as its slowest device, and a team holds twice what its
smallest device holds.  Behind the micro-batches of a layer there are its costs
with a team: F, B, and update; and what two replicas take to add up, alone and
with a team.

Varied problems have M or M / 2 micro-batches of 1 or 2 rows, one or two
replicas, W's of two micro-batches joined or not, and each ZeRO stage.  A layer's
line has F, B, I and W for M, the same for M / 2, and update, fixed, input and
saved bytes, parameter bytes, and what two replicas take to add up.  Both halves
of the latter take as long: with ZeRO the second comes behind the update, of
which each replica makes a half, in stage 3 not at all.
"""
import itertools
import math
import random
import sys

INF = float("inf")


def rounded(x):
    return math.floor(x + 0.5)


def lists(name, k, m):
    """Actions of each stage, as (is_backward, micro-batch)."""
    out = []
    for s in range(k):
        if name == "gpipe":
            out.append([(0, i) for i in range(m)]
                       + [(1, i) for i in reversed(range(m))])
            continue
        w = min(m, k - 1 - s)
        row = [(0, i) for i in range(w)]
        for i in range(m - w):
            row += [(0, w + i), (1, i)]
        out.append(row + [(1, i) for i in range(m - w, m)])
    return out


def step(name, k, m, latency, f, b, r, update, reduce=None):
    """Costs of each stage; r is 0 where nothing is recomputed."""
    done = {}
    free = [0] * k
    at = [0] * k
    rows = lists(name, k, m)
    left = sum(len(row) for row in rows)
    while left:
        for s in range(k):
            while at[s] < len(rows[s]):
                back, i = rows[s][at[s]]
                need = (back, s + (1 if back else -1), i)
                start = free[s]
                if back:
                    start += r[s]  # it needs no gradient
                if 0 <= need[1] < k:
                    if need not in done:
                        break
                    start = max(start, done[need] + latency)
                free[s] = start + (b[s] if back else f[s])
                done[(back, s, i)] = free[s]
                at[s] += 1
                left -= 1
    if reduce:
        free = [x + y for x, y in zip(free, reduce)]
    return max(free) + max(update)


def held(name, k, m, s):
    return m if name == "gpipe" else min(m, k - s)


def fits(p, name, places, cut, again):
    k = len(places)
    for s in range(k):
        lo, hi = cut[s], cut[s + 1]
        cap = p["caps"][places[s]]
        n = held(name, k, p["m"], s)
        fixed = sum(p["fixed"][lo:hi])
        saved = sum(p["saved"][lo:hi])
        bytes_ = fixed + n * p["input"][lo] + (1 if again[s] else n) * saved
        if cap and bytes_ > cap:
            return False
    return True


def price(p, name, places, cut, again):
    k = len(places)
    per = {}
    for kind in ("f", "b", "u"):
        per[kind] = [rounded(sum(p[kind][cut[s]:cut[s + 1]])
                             / p["speeds"][places[s]]) for s in range(k)]
    r = [per["f"][s] if again[s] else 0 for s in range(k)]
    reduce = p.get("reduce") and [
        rounded(sum(p["reduce"][cut[s]:cut[s + 1]]) / p["speeds"][places[s]])
        for s in range(k)]
    return step(name, k, p["m"], p["latency"], per["f"], per["b"], r, per["u"],
                reduce)


def sets_of(devices, k, size):
    """All ways to give each of k places its own devices."""
    if k == 0:
        yield ()
        return
    for members in itertools.combinations(devices, size):
        left = [d for d in devices if d not in members]
        for others in sets_of(left, k - 1, size):
            yield (members,) + others


def divided(p, replicas, team):
    """The problem of one replica, if each place is one device."""
    q = dict(p)
    q["m"] = p["m"] // replicas
    if team == 2:
        q.update({"f": p["f2"], "b": p["b2"], "u": p["u2"]})
    q["reduce"] = None
    if replicas == 2:
        q["reduce"] = p["reduce2" if team == 2 else "reduce"]
    return q


def divided_optimum(p):
    best = INF
    for replicas, team in itertools.product((1, 2), (1, 2)):
        size = replicas * team
        if p["m"] % replicas or size > p["n_devices"]:
            continue
        q = divided(p, replicas, team)
        for k in range(1, min(p["n_devices"] // size, p["n"]) + 1):
            for places in sets_of(range(p["n_devices"]), k, size):
                q["speeds"] = [min(p["speeds"][d] for d in s) for s in places]
                caps = [[p["caps"][d] for d in s if p["caps"][d]]
                        for s in places]
                q["caps"] = [team * min(c) if c else 0 for c in caps]
                for cut in cuts_of(p["n"], k):
                    best = min(best, best_of(q, tuple(range(k)), cut))
    return best


def varied_list(name, k, m, s, joins, again):
    """Actions of a stage, as (kind, micro-batch)."""
    plain = [(int(back), i) for back, i in lists(name, k, m)[s]]
    if joins and name == "gpipe":
        plain = [(0, i) for i in range(m)] + [(1, i) for i in range(m)]
    out, waiting = [], []
    for back, i in plain:
        if not back:
            out.append(("F", i))
            continue
        if again:
            out.append(("R", i))
        if not joins:
            out.append(("B", i))
            continue
        out.append(("I", i))
        waiting.append(("W", i))
        if len(waiting) == joins:
            out += waiting
            waiting = []
    return out


def in_sequence(row):
    """Whether nothing but R's stands between what makes gradients."""
    at = [j for j, (kind, _) in enumerate(row) if kind in "BW"]
    return all(kind in "BWR" for kind, _ in row[at[0]:at[-1]])


def peak(row, again, input_bytes, saved_bytes):
    """Of inputs, live from F to B or W, and inner activations, from R on where
    they are recomputed."""
    live = most = 0
    for kind, _ in row:
        live += input_bytes if kind == "F" else 0
        live += saved_bytes if kind == ("R" if again else "F") else 0
        most = max(most, live)
        if kind in "BW":
            live -= input_bytes + saved_bytes
    return most


def varied_step(rows, latency, costs, reduce, update):
    done, free, at = {}, [0] * len(rows), [0] * len(rows)
    left = sum(len(row) for row in rows)
    while left:
        for s, row in enumerate(rows):
            while at[s] < len(row):
                kind, i = row[at[s]]
                group = "I" if kind == "B" else kind
                need = {"F": ("F", s - 1, i), "I": ("I", s + 1, i)}.get(group)
                start = free[s]
                if need and 0 <= need[1] < len(rows):
                    if need not in done:
                        break
                    start = max(start, done[need] + latency)
                free[s] = done[(group, s, i)] = start + costs[s][kind]
                at[s] += 1
                left -= 1
    return max(f + r for f, r in zip(free, reduce)) + max(update)


def varied_bytes(p, cut, s, q, row, again):
    n, z = q["replicas"], q["zero"]
    lo, hi = cut[s], cut[s + 1]
    total = lent = 0
    for i in range(lo, hi):
        params = p["param"][i]
        states = p["fixed"][i] - 2 * params
        parts = [-(-x // (n if z >= least else 1)) for x, least in
                 ((params, 3), (params, 2), (states, 1))]
        total += sum(parts)
        lent += params - parts[1]
    return total + lent + q["rows"] * peak(row, again, p["input"][lo],
                                           sum(p["saved"][lo:hi]))


def varied_price(p, q, name, places, cut):
    """The best set of recomputing stages on these sets of devices."""
    k, best, joins, z = len(places), INF, q["joins"], q["zero"]
    speeds = [min(p["speeds"][d] for d in place) for place in places]
    caps = [min([p["caps"][d] for d in place if p["caps"][d]] or [INF])
            for place in places]
    costs, reduce, update = [], [], []
    for s in range(k):
        layers = range(cut[s], cut[s + 1])
        of = {kind: sum(p[kind][q["m"]][i] for i in layers) for kind in "FBI"}
        of["R"] = of["F"]
        of["W"] = sum((p["W"][q["m"] // joins][i] + joins // 2) // joins
                      for i in layers) if joins else 0
        costs.append({kind: rounded(x / speeds[s]) for kind, x in of.items()})
        sums = sum(p["reduce"][i] for i in layers) * (q["replicas"] - 1)
        half = rounded(sums / 2 / speeds[s])
        reduce.append(half if z else rounded(sums / speeds[s]))
        u = sum((p["u"][i] + 1) // 2 if z else p["u"][i] for i in layers)
        update.append(rounded(u / speeds[s]) + (half if z in (1, 2) else 0))
    for again in itertools.product((False, True), repeat=k):
        rows = [varied_list(name, k, q["m"] // q["replicas"], s, joins,
                            again[s]) for s in range(k)]
        if z >= 2 and not all(in_sequence(row) for row in rows):
            continue
        if all(varied_bytes(p, cut, s, q, rows[s], again[s]) <= caps[s]
               for s in range(k)):
            best = min(best, varied_step(rows, p["latency"], costs, reduce,
                                         update))
    return best


def varied_optimum(p):
    best = INF
    for m, replicas, joins, zero in itertools.product(
            (p["m"], p["m"] // 2), (1, 2), (0, 2), (0, 1, 2, 3)):
        q = {"m": m, "replicas": replicas, "joins": joins, "zero": zero,
             "rows": p["m"] // m}
        if (m % replicas or replicas > p["n_devices"]
                or (zero and replicas == 1)
                or (joins and (m < p["m"] or m // replicas % joins))):
            continue
        for k in range(1, min(p["n_devices"] // replicas, p["n"]) + 1):
            for places in sets_of(range(p["n_devices"]), k, replicas):
                for cut in cuts_of(p["n"], k):
                    for name in ("gpipe", "1f1b"):
                        best = min(best,
                                   varied_price(p, q, name, places, cut))
    return best


def cuts_of(n, k):
    for inner in itertools.combinations(range(1, n), k - 1):
        yield (0,) + inner + (n,)


def best_of(p, places, cut):
    """The best schedule and set of recomputing stages."""
    best = INF
    for name in ("gpipe", "1f1b"):
        for again in itertools.product((False, True), repeat=len(places)):
            if fits(p, name, places, cut, again):
                best = min(best, price(p, name, places, cut, again))
    return best


def optimum(p):
    best = INF
    for k in range(1, min(p["n_devices"], p["n"]) + 1):
        for places in itertools.permutations(range(p["n_devices"]), k):
            for cut in cuts_of(p["n"], k):
                best = min(best, best_of(p, places, cut))
    return best


def block_partition(costs, k):
    """Barany and Grinberg's, as torchgpipe balances."""
    n = len(costs)
    most = max(costs)
    costs = [c / most for c in costs]
    splits = [n // k * (x + 1) for x in range(k - 1)] + [n]

    def size(i):
        return sum(costs[(splits[i - 1] if i else 0):splits[i]])

    for _ in range(10000):
        largest, p = max((size(i), i) for i in range(k))
        while True:
            smallest = min(size(i) for i in range(k))
            if largest <= smallest + 1:
                return (0,) + tuple(splits)
            q = min((i for i in range(k) if size(i) == smallest),
                    key=lambda i: abs(i - p))
            if p < q:
                splits[q - 1] -= 1
            else:
                splits[q] += 1
            if size(p) < max(size(i) for i in range(k)):
                break
            largest = size(p)
    return (0,) + tuple(splits)


def rules(p):
    best = INF
    for k in range(1, min(p["n_devices"], p["n"]) + 1):
        n = p["n"]
        sizes = [n // k + (s < n % k) for s in range(k)]
        equal = (0,) + tuple(itertools.accumulate(sizes))
        block = block_partition([f + b for f, b in zip(p["f"], p["b"])], k)
        for cut in (equal, block):
            if all(a < b for a, b in zip(cut, cut[1:])):
                best = min(best, best_of(p, tuple(range(k)), cut))
    return best


def problem(rng):
    n = rng.randint(3, 8)
    d = rng.randint(2, 3 if n > 6 else 4)
    p = {"n": n, "n_devices": d, "m": rng.randint(1, 6),
         "latency": rng.choice((0, 0, 7, 40))}
    p["speeds"] = [rng.choice((1, 1, 0.5, 0.75, 0.3, 2)) for _ in range(d)]
    p["f"] = [rng.randint(20, 200) for _ in range(n)]
    p["b"] = [rounded(f * rng.uniform(1.2, 2.5)) for f in p["f"]]
    p["u"] = [rng.randint(0, 20) for _ in range(n)]
    p["fixed"] = [rng.randint(5, 60) for _ in range(n)]
    p["input"] = [rng.randint(1, 10) for _ in range(n)]
    p["saved"] = [rng.randint(1, 25) for _ in range(n)]
    least = sum(p["fixed"]) / d
    p["caps"] = [rng.choice((0, 0, rounded(least * rng.uniform(0.9, 3))))
                 for _ in range(d)]
    if rng.random() < 0.4:
        p["caps"] = [rounded(least * rng.uniform(1.1, 2.5))] * d
    return p


def divide(p, rng):
    p["m"] = rng.choice((1, 2, 3, 4, 6))
    for key in ("f", "b", "u"):
        p[key + "2"] = [rounded(x * rng.uniform(0.5, 0.95)) for x in p[key]]
    p["reduce"] = [rng.randint(0, 150) for _ in range(p["n"])]
    p["reduce2"] = [x // 2 for x in p["reduce"]]


def print_divided():
    rng = random.Random(77)
    for _ in range(80):
        p = problem(rng)
        divide(p, rng)
        words = [p["n"], p["n_devices"], p["m"], p["latency"]]
        for d in range(p["n_devices"]):
            words += [p["speeds"][d], p["caps"][d]]
        for i in range(p["n"]):
            words += [p[key][i] for key in
                      ("f", "b", "u", "fixed", "input", "saved", "f2", "b2",
                       "u2", "reduce", "reduce2")]
        best = divided_optimum(p)
        print(*words, -1 if best == INF else best)


def vary(p, rng):
    """Costs of M and M / 2 micro-batches, and what replicas share."""
    p["m"] = m = rng.choice((2, 4, 8))
    one = {"F": p["f"], "B": p["b"]}
    one["I"] = [rounded(b * rng.uniform(0.4, 0.6)) for b in p["b"]]
    one["W"] = [rounded(b * rng.uniform(0.4, 0.6)) for b in p["b"]]
    for kind, costs in one.items():
        p[kind] = {m: costs, m // 2: [rounded(x * rng.uniform(1.2, 2))
                                      for x in costs]}
    p["param"] = [rng.randint(0, 25) for _ in range(p["n"])]
    p["fixed"] = [2 * x + rng.randint(0, 30) for x in p["param"]]
    p["reduce"] = [rng.randint(0, 150) for _ in range(p["n"])]
    p["u"] = [rng.randint(0, 60) for _ in range(p["n"])]
    least = (sum(p["fixed"]) + 20) / p["n_devices"]
    p["caps"] = [rounded(least * rng.uniform(0.9, 3))
                 if rng.random() < 0.6 else 0] * p["n_devices"]


def print_varied():
    rng = random.Random(1128)
    for _ in range(60):
        p = problem(rng)
        if p["n"] > 6:
            p["n"] = 6
            for key in ("f", "b", "u", "fixed", "input", "saved"):
                p[key] = p[key][:6]
        vary(p, rng)
        words = [p["n"], p["n_devices"], p["m"], p["latency"]]
        for d in range(p["n_devices"]):
            words += [p["speeds"][d], p["caps"][d]]
        for i in range(p["n"]):
            words += [p[kind][m][i] for m in (p["m"], p["m"] // 2)
                      for kind in "FBIW"]
            words += [p[key][i] for key in ("u", "fixed", "input", "saved",
                                            "param", "reduce")]
        best = varied_optimum(p)
        print(*words, -1 if best == INF else best)


def main():
    if sys.argv[1:] == ["varied"]:
        print_varied()
        return
    if sys.argv[1:] == ["divided"]:
        print_divided()
        return
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 14)
    for _ in range(200):
        p = problem(rng)
        words = [p["n"], p["n_devices"], p["m"], p["latency"]]
        for d in range(p["n_devices"]):
            words += [p["speeds"][d], p["caps"][d]]
        for i in range(p["n"]):
            words += [p[key][i] for key in
                      ("f", "b", "u", "fixed", "input", "saved")]
        words += [-1 if x == INF else x for x in (optimum(p), rules(p))]
        print(*words)


main()
