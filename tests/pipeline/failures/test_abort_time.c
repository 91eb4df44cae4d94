/*
 * How long a step goes on after a cell has failed: no longer than a cell that
 * runs already, and 50 ms.  Every cell takes a millisecond.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "support/problem.h"
#include "support/runner.h"

enum {
    LAYERS = 6,
    BATCH = 8,
    MICROBATCHES = 8,
    CELL_NS = 1000 * 1000,
    MOST_NS = 50 * 1000 * 1000 + CELL_NS,
};

/* The cell that fails, and when it did. */
struct failing {
    enum sl_test_pass pass;
    int layer;
    int64_t first_row;
    atomic_llong failed_ns;
};

static sluice_status fail_there(void *context, const struct sl_test_cell *cell)
{
    struct failing *f = context;
    const struct timespec pause = {0, CELL_NS};
    nanosleep(&pause, NULL);
    if (cell->pass != f->pass || cell->layer != f->layer ||
        cell->first_row != f->first_row)
        return SLUICE_OK;
    atomic_store(&f->failed_ns, sl_now_ns());
    return SLUICE_LAYER;
}

static int64_t longest(const char *schedule, int devices)
{
    static const enum sl_test_pass passes[] = {SL_TEST_FORWARD, SL_TEST_INPUT,
                                               SL_TEST_WEIGHT};
    struct failing f = {.layer = 0};
    struct sl_test_problem p = {.probe = {fail_there, &f}};
    int64_t most = 0;
    sluice_pipeline *pipe;
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.schedule.name = schedule;
    config.schedule.devices = devices;
    config.schedule.microbatches = MICROBATCHES;
    ck_assert_int_eq(sluice_pipeline_create(&config, p.model, &pipe, NULL),
                     SLUICE_OK);
    for (int i = 0; i < 3 * LAYERS * MICROBATCHES; i++) {
        f.pass = passes[i % 3];
        f.layer = i / 3 % LAYERS;
        f.first_row = i / 3 / LAYERS;
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, p.x, p.targets, BATCH, NULL, NULL),
            SLUICE_LAYER);
        int64_t took = sl_now_ns() - atomic_load(&f.failed_ns);
        most = took > most ? took : most;
    }
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&p);
    return most;
}

START_TEST(a_failed_step_ends_within_50_ms_of_the_cells_that_run)
{
    static const char *const schedules[] = {"gpipe", "1f1b", "zb-h1"};
    for (int i = 0; i < 3; i++)
        for (int devices = 2; devices <= LAYERS; devices *= 3) {
            int64_t most = longest(schedules[i], devices);
            printf("%s on %d devices: %.1f ms at most\n", schedules[i], devices,
                   (double)most / 1e6);
            ck_assert_int_le(most, MOST_NS);
        }
}
END_TEST

SLUICE_TEST_MAIN("abort_time",
                 a_failed_step_ends_within_50_ms_of_the_cells_that_run)
