/*
 * Soak: pipelines of random settings make steps in which random cells fail or
 * are cancelled; every step that succeeds has the bits of the reference, and
 * the process does not grow.  The seed is printed, and SLUICE_SOAK_SEED in the
 * environment repeats a run; SLUICE_SOAK_SECONDS says how long it takes.
 */
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum {
    SECONDS = 600, /* unless the environment says otherwise */
    WARM_UP = 40,  /* pipelines before memory is looked at */
    STEPS = 12,
    HANG_S = 60, /* a pipeline that takes longer hangs */
    MOST_KIB_PER_HOUR = 64,
    SLACK_KIB = 512, /* that the process may grow by in a short run */
};

static uint64_t state;

static int roll(int n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int)((state >> 33) % (uint64_t)n);
}

/* What happens in the step under way. */
static struct {
    atomic_int countdown; /* [atomic] cells until it happens; negative: never */
    int what;             /* 0: the cell fails; 1: the step is cancelled */
    sluice_pipeline *pipe;
    atomic_bool armed; /* [atomic] for the pipeline's step alone */
} trouble;

static sluice_status watch(void *context, const struct sl_test_cell *cell)
{
    (void)context;
    if (!atomic_load(&trouble.armed) ||
        atomic_fetch_sub(&trouble.countdown, 1) != 0)
        return SLUICE_OK;
    if (trouble.what == 0)
        return sluice_diag_set(cell->why, SLUICE_LAYER, "trouble was wanted");
    sluice_pipeline_cancel(trouble.pipe);
    return SLUICE_OK;
}

/* A step in which something may happen: it succeeds, or it says what. */
static void troubled_step(const struct sl_test_pair *pair,
                          const struct sl_test_problem *p)
{
    trouble.pipe = pair->pipe;
    trouble.what = roll(2);
    atomic_store(&trouble.countdown, roll(40));
    atomic_store(&trouble.armed, true);
    sluice_status st = sluice_pipeline_evaluate(pair->pipe, p->x, p->targets,
                                                p->n_rows / 3, NULL, NULL);
    ck_assert(!st || st == SLUICE_LAYER || st == SLUICE_CANCELLED);
    atomic_store(&trouble.countdown, roll(200));
    st = sluice_pipeline_step(pair->pipe, p->x, p->targets, p->n_rows / 3, NULL,
                              NULL);
    atomic_store(&trouble.armed, false);
    ck_assert(!st || st == SLUICE_LAYER || st == SLUICE_CANCELLED);
}

static sluice_schedule_config drawn; /* of the pipeline under way */

static bool draw_pair(struct sl_test_pair *pair, struct sl_test_problem *p)
{
    /* The first two add up gradients in the reverse order. */
    static const char *const schedules[] = {"gpipe", "looped-bfs", "1f1b",
                                            "zb-h1", "interleaved-1f1b"};
    static const enum sl_test_kind kinds[] = {SL_TEST_RELU, SL_TEST_DROPOUT,
                                              SL_TEST_NORM, SL_TEST_BLOCKS,
                                              SL_TEST_PROBE};
    p->probe = (struct sl_test_probe){watch, NULL};
    enum sl_test_kind kind = kinds[roll(5)];
    ck_assert(!sl_test_problem_init(p, kind, 4 + 2 * roll(3),
                                    4 + (int64_t)roll(9), NULL));
    sluice_pipeline_config config = p->config;
    int schedule = roll(5);
    config.schedule.name = schedules[schedule];
    config.schedule.devices = 1 + roll(4);
    config.schedule.microbatches = 1 + roll(5);
    config.schedule.backward_order =
        schedule < 2 ? SLUICE_REVERSE : SLUICE_IN_ORDER;
    config.remat = (sluice_remat)roll(2);
    config.queue_capacity = 1 + roll(3);
    config.uneven = true;
    drawn = config.schedule;
    config.trace = roll(2);
    config.finite = (sluice_finite)roll(4);
    config.spin_ns = roll(2) ? -1 : 0;
    if (!sl_test_pair_init(pair, p, &config))
        return true;
    sl_test_problem_fini(p); /* these settings do not go together */
    return false;
}

/* Returns whether there was such a pipeline. */
static bool run_one(void)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct sl_test_pair pair;
    alarm(HANG_S);
    if (!draw_pair(&pair, &p))
        return false;
    for (int i = 0; i < STEPS; i++) {
        int64_t batch = p.n_rows / 3;
        int64_t row = roll(3) * batch, rows = 1 + roll((int)batch);
        ck_assert_msg(!sl_test_step(&pair, row, rows),
                      "%s, %d devices, %d of %d rows: %s", drawn.name,
                      drawn.devices, (int)rows, (int)batch, pair.text);
        bool is_probe = p.probe.watch && p.config.loss == sl_test_probe_loss();
        if (is_probe && roll(2)) {
            troubled_step(&pair, &p);
            break; /* the reference has not made that step */
        }
    }
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
    return true;
}

static long resident_kib(void)
{
    long pages = 0;
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static uint64_t from_environment(const char *name, uint64_t standard)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : standard;
}

START_TEST(random_pipelines_with_troubles_keep_their_bits_and_do_not_grow)
{
    uint64_t seed = from_environment("SLUICE_SOAK_SEED", (uint64_t)sl_now_ns());
    int64_t seconds = (int64_t)from_environment("SLUICE_SOAK_SECONDS", SECONDS);
    int64_t begin = sl_now_ns(), measured = begin;
    long n = 0, refused = 0, first_kib = 0;
    state = seed;
    printf("SLUICE_SOAK_SEED=%ju\n", (uintmax_t)seed);
    fflush(stdout);
    while (n < WARM_UP || sl_now_ns() - begin < seconds * 1000000000) {
        if (run_one())
            n++;
        else
            refused++;
        if (n == WARM_UP && !first_kib) {
            first_kib = resident_kib();
            measured = sl_now_ns();
        }
    }
    alarm(0);
    double hours = (double)(sl_now_ns() - measured) / 3600e9;
    long grown = resident_kib() - first_kib;
    printf("%ld pipelines, %ld settings refused, %.2f h, grown by %ld KiB\n", n,
           refused, hours, grown);
    ck_assert_int_le(grown, SLACK_KIB + (long)(MOST_KIB_PER_HOUR * hours));
}
END_TEST

SLUICE_TEST_MAIN("soak",
                 random_pipelines_with_troubles_keep_their_bits_and_do_not_grow)
