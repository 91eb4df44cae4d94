/* The layer and the loss that check what they are handed. */
#include "support/probe.h"

#include <string.h>

enum {
    WORKSPACE = 52, /* bytes per row; on purpose no power of two */
    SCRATCH = 76,   /* bytes of a call */
};

/* What the layer saves per row. */
struct mark {
    uint64_t step;
    int64_t row;
    int64_t layer;
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)config;
    (void)why;
    int64_t n = sluice_shape_elements(&plan->in);
    plan->out = plan->in;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_vector(n),
        .init = SLUICE_INIT_ONE,
    };
    plan->needs_x = true;
    plan->needs_y = true;
    plan->saved_row_bytes = sizeof(struct mark);
    plan->workspace_row_bytes = WORKSPACE;
    plan->scratch_bytes = SCRATCH;
    plan->forward_row_flops = n;
    plan->input_row_flops = n;
    plan->weight_row_flops = 2 * n;
    return SLUICE_OK;
}

static sluice_status watch(const sluice_layer_call *call,
                           enum sl_test_pass pass)
{
    const struct sl_test_probe *probe = call->config;
    if (!probe->watch)
        return SLUICE_OK;
    struct sl_test_cell cell = {
        .pass = pass,
        .layer = call->layer,
        .first_row = call->first_row,
        .has_y = call->y != NULL,
        .gradient = pass == SL_TEST_WEIGHT ? call->grads[0] : NULL,
        .why = call->why,
    };
    return probe->watch(probe->context, &cell);
}

static sluice_status complain(const sluice_layer_call *call, const char *what)
{
    return sluice_diag_set(call->why, SLUICE_FORMAT,
                           "the pipeline handed layer %d wrong data: %s",
                           call->layer, what);
}

static struct mark mark_of(const sluice_layer_call *call, int64_t row)
{
    return (struct mark){call->step, call->first_row + row, call->layer};
}

static sluice_status forward(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    struct mark *marks = call->saved;
    memset(call->workspace, 0x5A, (size_t)(call->rows * WORKSPACE));
    memset(call->scratch, 0x5A, SCRATCH);
    for (int64_t r = 0; r < call->rows; r++) {
        marks[r] = mark_of(call, r);
        for (int64_t i = 0; i < n; i++)
            call->y[r * n + i] = call->x[r * n + i] * call->params[0][i];
    }
    if (call->recompute && !call->training)
        return complain(call, "a recompute outside training");
    return watch(call, call->recompute ? SL_TEST_RECOMPUTE : SL_TEST_FORWARD);
}

/* x, y and saved of a backward pass belong together. */
static sluice_status check_backward(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    const struct mark *marks = call->saved;
    memset(call->workspace, 0xA5, (size_t)(call->rows * WORKSPACE));
    memset(call->scratch, 0xA5, SCRATCH);
    if (!call->training)
        return complain(call, "a backward outside training");
    for (int64_t r = 0; r < call->rows; r++) {
        struct mark mark = mark_of(call, r);
        if (memcmp(&marks[r], &mark, sizeof mark))
            return complain(call, "saved is that of another row or step");
    }
    for (int64_t i = 0; i < call->rows * n; i++)
        if (call->y[i] != call->x[i] * call->params[0][i % n])
            return complain(call, "y is not f(x)");
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    sluice_status st = check_backward(call);
    if (st)
        return st;
    for (int64_t i = 0; call->dx && i < call->rows * n; i++)
        call->dx[i] = call->dy[i] * call->params[0][i % n];
    return watch(call, SL_TEST_INPUT);
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    if (call->y || call->dx)
        return complain(call, "a weight gradient that sees y or dx");
    int64_t n = sluice_shape_elements(&call->plan->in);
    for (int64_t i = 0; i < n && !call->accumulate; i++)
        call->grads[0][i] = 0;
    for (int64_t i = 0; i < call->rows * n; i++)
        call->grads[0][i % n] += call->dy[i] * call->x[i];
    return watch(call, SL_TEST_WEIGHT);
}

const sluice_layer_ops *sl_test_probe_layer(void)
{
    static const sluice_layer_ops ops = {
        .name = "probe",
        .config_bytes = sizeof(struct sl_test_probe),
        .infer = infer,
        .forward = forward,
        .backward_input = backward_input,
        .backward_weight = backward_weight,
    };
    return &ops;
}

static sluice_status loss_infer(sluice_loss_plan *plan, sluice_diag *why)
{
    (void)why;
    plan->row_terms = sluice_shape_elements(&plan->out);
    plan->target_row_bytes = sizeof(struct sl_test_target);
    return SLUICE_OK;
}

static sluice_status loss_watch(const sluice_loss_call *call,
                                enum sl_test_pass pass)
{
    const struct sl_test_target *targets = call->targets;
    const struct sl_test_probe *probe = targets->probe;
    if (!probe || !probe->watch)
        return SLUICE_OK;
    struct sl_test_cell cell = {
        .pass = pass,
        .layer = -1,
        .first_row = targets->row,
        .why = call->why,
    };
    return probe->watch(probe->context, &cell);
}

static sluice_status loss_forward(const sluice_loss_call *call, double *sum,
                                  int64_t *correct)
{
    int64_t n = call->plan->row_terms;
    const struct sl_test_target *targets = call->targets;
    *sum = 0;
    *correct = 0;
    for (int64_t i = 0; i < call->rows * n; i++) {
        double e = (double)call->y[i] - (double)targets[i / n].t;
        *sum += e * e / 2;
    }
    return loss_watch(call, SL_TEST_LOSS_FORWARD);
}

static sluice_status loss_backward(const sluice_loss_call *call, float scale,
                                   float *dy)
{
    int64_t n = call->plan->row_terms;
    const struct sl_test_target *targets = call->targets;
    for (int64_t i = 0; i < call->rows * n; i++)
        dy[i] = scale * (call->y[i] - targets[i / n].t);
    return loss_watch(call, SL_TEST_LOSS_BACKWARD);
}

const sluice_loss_ops *sl_test_probe_loss(void)
{
    static const sluice_loss_ops ops = {
        .name = "probe",
        .infer = loss_infer,
        .forward = loss_forward,
        .backward = loss_backward,
    };
    return &ops;
}
