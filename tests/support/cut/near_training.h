/* A training whose sums have another order than the reference's. */
#ifndef SL_TEST_CUT_NEAR_TRAINING_H
#define SL_TEST_CUT_NEAR_TRAINING_H

#include "support/values.h"

/* Steps of a pipeline and of a reference, the second with two rows less than
 * a batch: counts are equal, losses within 1e-6, gradients and parameters
 * within 1e-5 of the largest. */
static inline void sl_test_trains_near(sluice_pipeline *pipe,
                                       const sluice_pipeline_config *config,
                                       const sluice_model *model, const void *x,
                                       const void *targets, int n_steps)
{
    static struct sl_test_values have, want;
    sluice_reference *ref;
    ck_assert(!sluice_reference_create(config, model, &ref, NULL));
    for (int step = 0; step < n_steps; step++) {
        sluice_result got, judged;
        sluice_diag why = {.text = ""};
        int64_t rows = step == 1 ? config->batch - 2 : config->batch;
        ck_assert_msg(!sluice_pipeline_step(pipe, x, targets, rows, &got, &why),
                      "%s", why.text);
        ck_assert(!sluice_reference_step(ref, x, targets, rows, &judged, NULL));
        ck_assert_double_eq_tol(got.loss, judged.loss, 1e-6 * judged.loss);
        ck_assert_int_eq(got.correct, judged.correct);
        ck_assert_int_eq(got.terms, judged.terms);
        sl_test_read(pipe, model, true, &have);
        sl_test_read_reference(ref, model, true, &want);
        sl_test_near(&have, &want, 1e-5, "gradient");
        sl_test_read(pipe, model, false, &have);
        sl_test_read_reference(ref, model, false, &want);
        sl_test_near(&have, &want, 1e-5, "parameter");
    }
    sluice_reference_destroy(ref);
}

#endif
