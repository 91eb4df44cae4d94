/*
 * A layer whose columns a team shares out, y[r][i] = x[r][i] * weight[i], and
 * which fails in one call of one device of the team.  A weight gradient may be
 * spoilt instead, for an optimizer that refuses it (wary_sgd.h).
 */
#ifndef SL_TEST_MEMBER_FAULT_H
#define SL_TEST_MEMBER_FAULT_H

#include <stdatomic.h>
#include <string.h>

#include <sluice/layer.h>
#include <sluice/team.h>

enum { SL_TEST_MEMBER_WIDTH = 64 };

enum sl_test_member_pass {
    SL_TEST_MEMBER_FORWARD,
    SL_TEST_MEMBER_INPUT,
    SL_TEST_MEMBER_WEIGHT,
    SL_TEST_MEMBER_SPOILS,
    SL_TEST_MEMBER_PASSES,
};

/* Which call fails: of the device with that share, in that pass. */
static struct sl_test_member_fault {
    atomic_bool armed;
    enum sl_test_member_pass pass;
    int layer;
    int64_t first_row;
    int64_t first; /* of the columns of the device that fails */
    bool before;   /* it fails before the layer's own meeting, or after it */
} sl_test_member_fault;

static inline sluice_status sl_test_member_infer(const void *config,
                                                 sluice_layer_plan *plan,
                                                 sluice_diag *why)
{
    (void)config;
    (void)why;
    plan->out = plan->in;
    plan->needs_x = true;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_vector(SL_TEST_MEMBER_WIDTH),
        .init = SLUICE_INIT_ONE,
        .divided = true,
    };
    return SLUICE_OK;
}

static inline bool sl_test_member_fails(const sluice_layer_call *call,
                                        enum sl_test_member_pass pass,
                                        int64_t first, bool before)
{
    const struct sl_test_member_fault *fault = &sl_test_member_fault;
    return atomic_load(&fault->armed) && fault->pass == pass &&
           fault->layer == call->layer && fault->first_row == call->first_row &&
           fault->first == first && fault->before == before;
}

/* The device's share of the columns.  The team meets, before and after which
 * each of them may fail. */
static inline sluice_status sl_test_member_begin(const sluice_layer_call *call,
                                                 enum sl_test_member_pass pass,
                                                 int64_t *first, int64_t *n)
{
    sluice_team_share(call, SL_TEST_MEMBER_WIDTH, first, n);
    if (sl_test_member_fails(call, pass, *first, true))
        return sluice_diag_set(call->why, SLUICE_IO, "a member broke");
    sluice_status st = sluice_team_meet(call);
    if (!st && sl_test_member_fails(call, pass, *first, false))
        return sluice_diag_set(call->why, SLUICE_IO, "a member broke");
    return st;
}

static inline sluice_status sl_test_member_scale(const sluice_layer_call *call,
                                                 enum sl_test_member_pass pass,
                                                 const float *from, float *to)
{
    int64_t first, n;
    sluice_status st = sl_test_member_begin(call, pass, &first, &n);
    for (int64_t r = 0; r < call->rows && to && !st; r++)
        for (int64_t i = first; i < first + n; i++)
            to[r * SL_TEST_MEMBER_WIDTH + i] =
                from[r * SL_TEST_MEMBER_WIDTH + i] * call->params[0][i - first];
    return st;
}

static inline sluice_status
sl_test_member_forward(const sluice_layer_call *call)
{
    return sl_test_member_scale(call, SL_TEST_MEMBER_FORWARD, call->x, call->y);
}

static inline sluice_status
sl_test_member_backward_input(const sluice_layer_call *call)
{
    return sl_test_member_scale(call, SL_TEST_MEMBER_INPUT, call->dy, call->dx);
}

static inline sluice_status
sl_test_member_backward_weight(const sluice_layer_call *call)
{
    int64_t first, n;
    sluice_status st =
        sl_test_member_begin(call, SL_TEST_MEMBER_WEIGHT, &first, &n);
    if (st)
        return st;
    float *g = call->grads[0];
    memset(g, 0, call->accumulate ? 0 : (size_t)n * sizeof *g);
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t i = 0; i < n; i++) {
            int64_t at = r * SL_TEST_MEMBER_WIDTH + first + i;
            g[i] += call->dy[at] * call->x[at];
        }
    if (sl_test_member_fails(call, SL_TEST_MEMBER_SPOILS, first, true) ||
        sl_test_member_fails(call, SL_TEST_MEMBER_SPOILS, first, false))
        g[n - 1] = 1e35F;
    return SLUICE_OK;
}

static inline const sluice_layer_ops *sl_test_member_layer(void)
{
    static const sluice_layer_ops ops = {
        .name = "shared",
        .infer = sl_test_member_infer,
        .forward = sl_test_member_forward,
        .backward_input = sl_test_member_backward_input,
        .backward_weight = sl_test_member_backward_weight,
        .team = SLUICE_TEAM_SHARES,
    };
    return &ops;
}

/* linear, shared, linear, shared...: `n` layers.  Returns NULL without memory.
 */
static inline sluice_model *sl_test_member_model(int n)
{
    const sluice_model_config empty = {
        .input = sluice_shape_vector(SL_TEST_MEMBER_WIDTH)};
    const sluice_linear_config linear = {.out = SL_TEST_MEMBER_WIDTH};
    sluice_model *model;
    if (sluice_model_create(&empty, &model, NULL))
        return NULL;
    for (int i = 0; i < n; i += 2)
        if (sluice_model_add(model, sluice_linear(), &linear, NULL) ||
            sluice_model_add(model, sl_test_member_layer(), NULL, NULL)) {
            sluice_model_destroy(model);
            return NULL;
        }
    return model;
}

#endif
