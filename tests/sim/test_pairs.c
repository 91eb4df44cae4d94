/*
 * DualPipe's idle time.  The published formula is that of a forward and a
 * backward done as one action, both handed over at its end; an evaluator of
 * three rules finds it here.  Threads hand the forward over before the backward
 * begins, and idle less.
 */
#include "sim/priced.h"

#include "support/runner.h"

enum { MAX_DEVICES = 8, MAX_STAGES = 16, MAX_M = 32 };

/* When things are done, -1 if they are not yet. */
struct pairs {
    const sluice_schedule *schedule;
    int depth; /* parts of the model */
    struct price costs;
    int64_t forward[MAX_STAGES][MAX_M];
    int64_t backward[MAX_STAGES][MAX_M];
    int64_t now[MAX_DEVICES];
    int at[MAX_DEVICES]; /* in the device's list */
};

static bool is_backward(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_I;
}

/* When the action may begin, -1 if that is not known yet. */
static int64_t ready(const struct pairs *pairs, sluice_action action)
{
    int s = action.stage, m = action.microbatch;
    if (action.kind == SLUICE_F)
        return s % pairs->depth == 0 ? 0 : pairs->forward[s - 1][m];
    if (!is_backward(action))
        return 0;
    return (s + 1) % pairs->depth == 0 ? pairs->forward[s][m]
                                       : pairs->backward[s + 1][m];
}

/* The next action of a device, or the next two if they are a pair; false if it
 * has to wait for a device that has not got there. */
static bool advance(struct pairs *pairs, int d)
{
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(pairs->schedule, d, &n);
    const sluice_action *next = &actions[pairs->at[d]];
    if (pairs->at[d] == n)
        return false;
    int width =
        1 + (pairs->at[d] + 1 < n && next[0].kind == SLUICE_F &&
             next[1].kind == SLUICE_B && next[0].stage != next[1].stage);
    int64_t end = pairs->now[d];
    for (int i = 0; i < width; i++) {
        int64_t from = ready(pairs, next[i]);
        if (from < 0)
            return false;
        end = from > end ? from : end;
    }
    for (int i = 0; i < width; i++)
        end += pairs->costs.ns[next[i].kind];
    for (int i = 0; i < width; i++) {
        if (next[i].kind == SLUICE_F)
            pairs->forward[next[i].stage][next[i].microbatch] = end;
        if (is_backward(next[i]))
            pairs->backward[next[i].stage][next[i].microbatch] = end;
    }
    pairs->now[d] = end;
    pairs->at[d] += width;
    return true;
}

/* The makespan less what each device has to do. */
static int64_t idle_in_pairs(int k, int m, struct price costs)
{
    sluice_schedule *schedule = generate("dualpipe", k, m);
    struct pairs pairs = {.schedule = schedule, .depth = k, .costs = costs};
    for (int s = 0; s < MAX_STAGES; s++)
        for (int i = 0; i < MAX_M; i++)
            pairs.forward[s][i] = pairs.backward[s][i] = -1;
    bool moves = true;
    while (moves) {
        moves = false;
        for (int d = 0; d < k; d++)
            while (advance(&pairs, d))
                moves = true;
    }
    int64_t last = 0;
    for (int d = 0; d < k; d++) {
        int n;
        sluice_schedule_actions(schedule, d, &n);
        ck_assert_int_eq(pairs.at[d], n);
        last = pairs.now[d] > last ? pairs.now[d] : last;
    }
    sluice_schedule_destroy(schedule);
    return last - m * (costs.ns[SLUICE_F] + costs.ns[SLUICE_B]);
}

static int64_t idle_of_threads(const char *name, int k, int m, int chunks,
                               struct price costs)
{
    int64_t work = m * chunks * (costs.ns[SLUICE_F] + costs.ns[SLUICE_B]);
    return price(generate(name, k, m), costs, 0, 0, NULL).makespan_ns - work;
}

START_TEST(the_formula_is_that_of_pairs)
{
    struct price unit = price_of(UNIT, UNIT, UNIT);
    for (int k = 2; k <= MAX_DEVICES; k += 2)
        for (int m = 2 * k; m <= MAX_M; m += 2)
            /* (p/2 - 1)(tF&B + tB - 3 tW), tF&B = tF + tB */
            ck_assert_int_eq(idle_in_pairs(k, m, unit),
                             (k / 2 - 1) * (3 + 2 - 3) * UNIT);
}
END_TEST

START_TEST(threads_idle_half_of_that)
{
    struct price unit = price_of(UNIT, UNIT, UNIT);
    for (int k = 2; k <= MAX_DEVICES; k += 2)
        for (int m = 2 * k; m <= MAX_M; m += 2)
            /* (p/2 - 1)(tF + tI - tW) */
            ck_assert_int_eq(idle_of_threads("dualpipe", k, m, 1, unit),
                             (k / 2 - 1) * UNIT);
}
END_TEST

START_TEST(one_copy_in_a_v_idles_as_twice_the_devices)
{
    struct price unit = price_of(UNIT, UNIT, UNIT);
    for (int k = 2; k <= MAX_DEVICES; k++)
        ck_assert_int_eq(idle_of_threads("dualpipe-v", k, 2 * k, 2, unit),
                         (k - 1) * UNIT);
}
END_TEST

SLUICE_TEST_MAIN("sim.pairs", the_formula_is_that_of_pairs,
                 threads_idle_half_of_that,
                 one_copy_in_a_v_idles_as_twice_the_devices)
