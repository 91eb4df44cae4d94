/*
 * A model of probe layers whose functions a test has altered, so that a value
 * is spoilt in one cell; and what a step of it must leave as it was.
 */
#ifndef SL_TEST_PIPELINE_ALTERED_H
#define SL_TEST_PIPELINE_ALTERED_H

#include <stdio.h>

#include <check.h>

#include "support/problem.h"

enum { LAYERS = 4, BATCH = 6, MICROBATCHES = 3, WIDTH = 64 };

struct altered {
    struct sl_test_problem problem;
    sluice_layer_ops ops; /* altered before altered_begin() */
    sluice_model *model;
};

/* What the layers do where nothing is altered. */
static inline void altered_ops(struct altered *a)
{
    a->ops = *sl_test_probe_layer();
}

static inline void altered_begin(struct altered *a)
{
    const struct sl_test_probe probe = {.watch = NULL};
    ck_assert(
        !sl_test_problem_init(&a->problem, SL_TEST_PROBE, LAYERS, BATCH, NULL));
    const sluice_model_config config = {
        .input = {.n_dims = 1, .dims = {a->problem.in}}};
    ck_assert(!sluice_model_create(&config, &a->model, NULL));
    for (int i = 0; i < LAYERS; i++)
        ck_assert(!sluice_model_add(a->model, &a->ops, &probe, NULL));
}

static inline void altered_end(struct altered *a)
{
    sluice_model_destroy(a->model);
    sl_test_problem_fini(&a->problem);
}

static inline sluice_status
altered_step(struct altered *a, sluice_pipeline *pipe, sluice_diag *why)
{
    *why = (sluice_diag){.text = ""};
    return sluice_pipeline_step(pipe, a->problem.x, a->problem.targets, BATCH,
                                NULL, why);
}

static inline void altered_read(const struct altered *a,
                                const sluice_pipeline *pipe,
                                float values[LAYERS][WIDTH])
{
    for (int i = 0; i < LAYERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.weight", i);
        ck_assert(!sluice_pipeline_get_parameter(pipe, name, values[i],
                                                 a->problem.in, NULL));
    }
}

#endif
