/* All parameters or gradients of a pipeline or a reference, in order, and how
 * near two such lists are. */
#ifndef SL_TEST_SUPPORT_VALUES_H
#define SL_TEST_SUPPORT_VALUES_H

#include <check.h>
#include <math.h>
#include <string.h>

#include <sluice/pipeline.h>
#include <sluice/reference.h>

struct sl_test_values {
    float at[1 << 14];
    int n;
};

/* Room for the next parameter. */
static inline float *sl_test_room(struct sl_test_values *values, int64_t n)
{
    float *to = values->at + values->n;
    values->n += (int)n;
    ck_assert_uint_le((size_t)values->n,
                      sizeof values->at / sizeof *values->at);
    return to;
}

static inline void sl_test_read(const sluice_pipeline *pipe,
                                const sluice_model *model, bool gradients,
                                struct sl_test_values *values)
{
    sluice_parameter at = {0};
    values->n = 0;
    while (sluice_model_next_parameter(model, &at)) {
        float *to = sl_test_room(values, at.n);
        ck_assert_int_eq(
            gradients
                ? sluice_pipeline_get_gradient(pipe, at.name, to, at.n, NULL)
                : sluice_pipeline_get_parameter(pipe, at.name, to, at.n, NULL),
            SLUICE_OK);
    }
}

static inline void sl_test_read_reference(const sluice_reference *ref,
                                          const sluice_model *model,
                                          bool gradients,
                                          struct sl_test_values *values)
{
    sluice_parameter at = {0};
    values->n = 0;
    while (sluice_model_next_parameter(model, &at)) {
        float *to = sl_test_room(values, at.n);
        ck_assert_int_eq(
            gradients
                ? sluice_reference_get_gradient(ref, at.name, to, at.n, NULL)
                : sluice_reference_get_parameter(ref, at.name, to, at.n, NULL),
            SLUICE_OK);
    }
}

/* Each within `tolerance` of the largest. */
static inline void sl_test_near(const struct sl_test_values *have,
                                const struct sl_test_values *want,
                                double tolerance, const char *what)
{
    double most = 0;
    ck_assert_int_eq(have->n, want->n);
    for (int i = 0; i < want->n; i++)
        most = fmax(most, fabs((double)want->at[i]));
    for (int i = 0; i < want->n; i++)
        ck_assert_msg(fabs((double)have->at[i] - (double)want->at[i]) <=
                          tolerance * most,
                      "%s %d is %.9g, not %.9g", what, i, (double)have->at[i],
                      (double)want->at[i]);
}

static inline bool sl_test_same(const struct sl_test_values *a,
                                const struct sl_test_values *b)
{
    return a->n == b->n && !memcmp(a->at, b->at, (size_t)a->n * sizeof *a->at);
}

#endif
