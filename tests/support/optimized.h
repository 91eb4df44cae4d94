/* A problem whose pipeline has an optimizer by its text. */
#ifndef SL_TEST_SUPPORT_OPTIMIZED_H
#define SL_TEST_SUPPORT_OPTIMIZED_H

#include <check.h>

#include <sluice/optimizer.h>

#include "support/problem.h"

/* `choice` must outlive pipelines of the config. */
static inline sluice_pipeline_config
sl_test_optimized(struct sl_test_problem *problem,
                  sluice_optimizer_choice *choice, enum sl_test_kind kind,
                  int layers, int64_t batch, const char *optimizer)
{
    *problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(problem, kind, layers, batch, NULL));
    ck_assert(!sluice_optimizer_parse(optimizer, choice, NULL));
    sluice_pipeline_config config = problem->config;
    config.optimizer = choice->ops;
    config.optimizer_config = &choice->config;
    config.uneven = true;
    return config;
}

#endif
