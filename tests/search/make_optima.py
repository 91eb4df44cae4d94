#!/usr/bin/env python3
"""Optimal makespans of small problems, for test_optimum.c (optima.txt).

Written from the text above sluice_simulate() and sluice_schedule_search()
alone.  Time goes in steps of one; at each step all states that any sequence of
decisions can lead to are kept, so the first step at which all is done is the
optimum.  A line of the output:

    K M chunks place split capacity limit  F I W of each stage  optimum

place is 0 for a loop and 1 for a V.  split is 0 for whole backwards, which take
I + W.  limit 0 is none.  With --limited the problems of test_optimum.c that
have a limit and a latency are solved instead, a line for each placement and
split.

    make_optima.py N SEED > optima.txt
    make_optima.py --limited
"""
import random
import sys

MOST_STATES = 400000


def devices_of(k, stages, place):
    if place == 0:
        return [s % k for s in range(stages)]
    return [s if s < k else 2 * k - 1 - s for s in range(stages)]


def optimum(k, m, stages, where, split, capacity, limit, costs, latency=0):
    """The least makespan; None if nothing can run, or it is too large."""
    def cost(kind, s):
        f, i, w = costs[s]
        return {'F': f, 'B': i if split else i + w, 'W': w}[kind]

    # A state: for each device (kind, stage, left): an action under way, or with
    # left == 0 one that waits to hand over; None if it is idle.  For each stage
    # F, B, W begun, items pushed on and back, and how long those of them that
    # are under way still are, the latest first.
    start = (tuple([None] * k), tuple([(0, 0, 0, 0, 0, (), ())] * stages))

    def held(d, counts):
        total = 0
        for s in range(stages):
            if where[s] == d:
                total += counts[s][0] - counts[s][2]
        return total

    def settle(state):
        """Hand over what can be handed over; release what is done."""
        devs, counts = list(state[0]), [list(c) for c in state[1]]
        moved = True
        while moved:
            moved = False
            for d in range(k):
                if devs[d] is None or devs[d][2] > 0:
                    continue
                kind, s, _ = devs[d]
                if kind == 'F':
                    if s + 1 < stages and where[s + 1] != d and \
                            counts[s][3] - counts[s + 1][0] >= capacity:
                        continue
                    counts[s][3] += 1
                    if latency and s + 1 < stages and where[s + 1] != d:
                        counts[s][5] = (latency,) + counts[s][5]
                elif kind == 'B':
                    if s > 0 and where[s - 1] != d and \
                            counts[s][4] - counts[s - 1][1] >= capacity:
                        continue
                    counts[s][4] += 1
                    if latency and s > 0 and where[s - 1] != d:
                        counts[s][6] = (latency,) + counts[s][6]
                devs[d] = None
                moved = True
        return tuple(devs), tuple(tuple(c) for c in counts)

    def begin(state):
        """Every state after one more start of an action."""
        devs, counts = state
        for d in range(k):
            if devs[d] is not None:
                continue
            for s in range(stages):
                if where[s] != d:
                    continue
                f, b, w, pushed, back, on, off = counts[s]
                options = []
                arrived = m if s == 0 else \
                    counts[s - 1][3] - len(counts[s - 1][5])
                if f < m and f < arrived and \
                        (not limit or held(d, counts) + 1 <= limit):
                    options.append(('F', (f + 1, b, w, pushed, back, on, off)))
                ready = pushed if s + 1 == stages else \
                    min(pushed, counts[s + 1][4] - len(counts[s + 1][6]))
                if b < ready:
                    # a whole backward releases at its end; W is begun with it
                    options.append(('B', (f, b + 1, w, pushed, back, on, off)))
                if split and w < back:
                    options.append(('W', (f, b, w + 1, pushed, back, on, off)))
                for kind, count in options:
                    new = list(devs)
                    new[d] = (kind, s, cost(kind, s))
                    yield (tuple(new), counts[:s] + (count,) + counts[s + 1:])

    def release(state):
        """Whole backwards that have ended count as W."""
        if split:
            return state
        devs, counts = state
        return devs, tuple((f, b, back, pushed, back, on, off)
                           for f, b, w, pushed, back, on, off in counts)

    def done(state):
        return all(x is None for x in state[0]) and \
            all(c[0] == c[1] == m and c[2] == m for c in state[1])

    def come_nearer(counts):
        return tuple(c[:5] + tuple(tuple(x - 1 for x in way if x > 1)
                                   for way in c[5:]) for c in counts)

    states, time = {start}, 0
    while states:
        todo = list(states)
        while todo:
            state = todo.pop()
            for new in begin(state):
                new = release(settle(new))
                if new not in states:
                    states.add(new)
                    todo.append(new)
            if len(states) > MOST_STATES:
                return None
        if any(done(s) for s in states):
            return time
        later = set()
        for devs, counts in states:
            if all(x is None or x[2] == 0 for x in devs) and \
                    not any(c[5] or c[6] for c in counts):
                continue  # nothing is under way: waiting changes nothing
            later.add(release(settle((tuple(
                None if x is None else (x[0], x[1], max(0, x[2] - 1))
                for x in devs), come_nearer(counts)))))
        states, time = later, time + 1
    return None


# K, M, chunks, capacity, limit, latency, and F, I, W of each stage.
LIMITED = [(3, 3, 2, 3, 2, 4, (1, 4, 2)), (3, 6, 1, 6, 2, 1, (1, 6, 1)),
           (2, 2, 3, 2, 3, 0, (2, 2, 1)), (2, 3, 2, 3, 4, 0, (5, 12, 2))]


def solve_limited():
    for k, m, chunks, capacity, limit, latency, one in LIMITED:
        stages = k * chunks
        for place in range(2 if chunks == 2 else 1):
            for split in 0, 1:
                print(k, m, chunks, place, split, capacity, limit, latency,
                      *one, optimum(k, m, stages,
                                    devices_of(k, stages, place), split,
                                    capacity, limit, [one] * stages, latency),
                      flush=True)


def main():
    if sys.argv[1:] == ['--limited']:
        return solve_limited()
    n, rng = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    while n:
        k, m, chunks = rng.choice(
            [(1, 3, 2), (2, 2, 1), (2, 3, 1), (2, 4, 1), (2, 5, 1), (3, 2, 1),
             (3, 3, 1), (3, 4, 1), (2, 2, 2), (2, 3, 2), (2, 2, 3), (4, 2, 1),
             (3, 2, 2), (4, 3, 1)])
        stages = k * chunks
        place = rng.randrange(2) if chunks == 2 else 0
        split, capacity = rng.randrange(2), rng.choice([1, 2, 2, 4])
        limit = rng.choice([0, 0, chunks, chunks + 1, chunks + 2, 2 * chunks])
        equal = rng.randrange(2)
        one = [rng.randint(1, 3) for _ in range(3)]
        costs = [one if equal else [rng.randint(1, 4) for _ in range(3)]
                 for _ in range(stages)]
        best = optimum(k, m, stages, devices_of(k, stages, place), split,
                       capacity, limit, costs)
        if best is None:
            continue
        print(k, m, chunks, place, split, capacity, limit,
              *[c for s in costs for c in s], best, flush=True)
        n -= 1


main()
