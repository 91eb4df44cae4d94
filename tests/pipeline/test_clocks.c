/*
 * With a core for each device the virtual clock tells the same as the wall.
 * Judged by the wall clock: needs an idle machine.
 */
#include <math.h>
#include <sched.h>

#include "support/runner.h"

#include <sluice/pipeline.h>

enum { STEPS = 200, WARMUP = 3, M = 8, WIDTH = 512, BATCH = 256 };

static int n_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

static sluice_pipeline *make_pipeline(const sluice_model *model, int devices,
                                      int batch)
{
    sluice_sgd_config sgd = {.learning_rate = 0.001};
    sluice_pipeline_config config = {
        .schedule = {.devices = devices, .microbatches = M},
        .batch = batch,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
    };
    sluice_pipeline *pipe;
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    return pipe;
}

/* Virtual less wall of a step, as a share of the wall's. */
static double difference(sluice_pipeline *pipe, int batch, const float *x)
{
    static sluice_trace_event storage[2 * (2 * M + 1)];
    const sluice_trace_event *events[2];
    sluice_trace trace, own_cores;
    ck_assert(!sluice_pipeline_step(pipe, x, x, batch, NULL, NULL));
    ck_assert(!sluice_pipeline_trace(pipe, &trace, NULL));
    sluice_trace_virtual(&trace, storage, events, &own_cores);
    double wall = (double)(trace.end_ns - trace.start_ns);
    return (double)(own_cores.end_ns - own_cores.start_ns) / wall - 1;
}

/* Others on the machine can only make the wall's step longer: so no step's
 * virtual one may be, and among many steps there is one left in peace. */
static void check_agree(const sluice_model *model, int batch, const float *x)
{
    for (int devices = 1; devices <= 2 && devices <= n_cores(); devices++) {
        sluice_pipeline *pipe = make_pipeline(model, devices, batch);
        double best = -INFINITY;
        for (int i = -WARMUP; i < STEPS && best < -0.02; i++) {
            double off = difference(pipe, batch, x);
            ck_assert_msg(off <= 0.02,
                          "%d devices: the virtual step is %+.2f %% longer",
                          devices, 100 * off);
            if (i >= 0 && off > best)
                best = off;
        }
        ck_assert_msg(best >= -0.02,
                      "%d devices: the virtual step is at best %+.2f %% longer",
                      devices, 100 * best);
        sluice_pipeline_destroy(pipe);
    }
}

START_TEST(the_clocks_agree_on_timed_cells)
{
    static const float x[M] = {1, 2, 3};
    sluice_timed_config cell = {2000000, 2000000, 2000000, 2000000};
    sluice_model_config shape = {.input = sluice_shape_vector(1)};
    sluice_model *model;
    ck_assert(!sluice_model_create(&shape, &model, NULL));
    for (int i = 0; i < 2; i++)
        ck_assert(!sluice_model_add(model, sluice_timed(), &cell, NULL));
    check_agree(model, M, x);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(the_clocks_agree_on_matrix_products)
{
    static float x[BATCH * WIDTH];
    sluice_model *model;
    for (int i = 0; i < BATCH * WIDTH; i++)
        x[i] = (float)(i % 7) / 7;
    ck_assert(!sluice_model_parse("512-512x8", NULL, &model, NULL));
    check_agree(model, BATCH, x);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.clocks", the_clocks_agree_on_timed_cells,
                 the_clocks_agree_on_matrix_products)
