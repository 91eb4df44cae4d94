/*
 * Gradients of a layer against differences.  An element is a kink if its
 * differences by a whole and by a half step disagree, which no wrong gradient
 * can bring about.  The caller's thread.
 */
#include <sluice/gradient_check.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "nn/gradient/trial.h"

enum { DEFAULT_ROWS = 3, MAX_ROWS = 1 << 16 };

static const double default_step = 1.0 / 128;
static const double default_tolerance = 0.01;

/* A check under way. */
struct check {
    struct sl_trial trial;
    sluice_gradient_config config; /* with the defaults */
    sluice_gradient_report worst;
    double noise; /* what rounding y to floats does to a difference */
    sluice_diag *why;
};

/* (sum at value + step - sum at value - step) / (2 step) */
static sluice_status difference(struct check *c, float *value, double step,
                                double *out)
{
    const float at = *value;
    double above, below;
    *value = (float)(at + step);
    const float high = *value;
    sluice_status st = sl_trial_forward(&c->trial, &above);
    *value = (float)(at - step);
    double width = (double)high - (double)*value;
    if (!st)
        st = sl_trial_forward(&c->trial, &below);
    *value = at;
    if (!st)
        *out = (above - below) / width;
    return st;
}

/* wants[n], the differences; NAN at a kink. */
static sluice_status take_differences(struct check *c, float *values, int64_t n,
                                      double *wants, double *largest)
{
    sluice_status st = SLUICE_OK;
    double step = c->config.step;
    *largest = 0;
    for (int64_t i = 0; i < n && !st; i++) {
        double half = 0;
        st = difference(c, &values[i], step, &wants[i]);
        if (!st)
            st = difference(c, &values[i], step / 2, &half);
        *largest = fmax(*largest, fabs(wants[i]));
        double apart = fabs(wants[i] - half) - 3 * c->noise;
        if (apart > c->config.tolerance * *largest / 4)
            wants[i] = NAN;
    }
    return st;
}

static sluice_status refuse(const struct check *c,
                            const sluice_gradient_report *worst)
{
    bool by_x = !strcmp(worst->tensor, "x");
    return sluice_diag_set(
        c->why, SLUICE_INVALID,
        "%s: the gradient by %s%s%s at element %" PRId64 " is %g, but "
        "differences of forward() say %g: correct backward_%s()",
        c->trial.layer->name, by_x ? "" : "\"", worst->tensor, by_x ? "" : "\"",
        worst->element, worst->gradient, worst->difference,
        by_x ? "input" : "weight");
}

/* Hold a tensor's gradient against the differences. */
static sluice_status judge(struct check *c, const char *tensor,
                           const float *gradient, const double *wants,
                           int64_t n, double largest)
{
    bool is_wrong = false;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(wants[i])) {
            c->worst.n_skipped++;
            continue;
        }
        double distance = fabs((double)gradient[i] - wants[i]) - c->noise;
        double apart = distance <= 0 ? 0 : distance / (largest + c->noise);
        c->worst.n_checked++;
        if (apart <= c->worst.apart && c->worst.tensor[0])
            continue; /* a NaN is worse than any number */
        is_wrong = is_wrong || !(apart <= c->config.tolerance);
        snprintf(c->worst.tensor, sizeof c->worst.tensor, "%s", tensor);
        c->worst.element = i;
        c->worst.gradient = (double)gradient[i];
        c->worst.difference = wants[i];
        c->worst.apart = apart;
        if (isnan(apart))
            break;
    }
    return is_wrong ? refuse(c, &c->worst) : SLUICE_OK;
}

static sluice_status check_tensor(struct check *c, const char *tensor,
                                  float *values, const float *gradient,
                                  int64_t n)
{
    const sluice_allocator *a = c->config.allocator;
    double largest;
    double *wants = sl_alloc(a, (size_t)n, sizeof *wants);
    if (!wants)
        return sl_no_memory(c->why, "the differences of a layer");
    sluice_status st = take_differences(c, values, n, wants, &largest);
    if (!st)
        st = judge(c, tensor, gradient, wants, n, largest);
    sl_free(a, wants, (size_t)n, sizeof *wants);
    return st;
}

static sluice_status check_tensors(struct check *c)
{
    struct sl_trial *t = &c->trial;
    sluice_status st = SLUICE_OK;
    if (t->x)
        st = check_tensor(c, "x", t->x, t->call.dx, t->n_in);
    for (int p = 0; p < t->plan->n_params && !st; p++)
        if (!t->plan->params[p].statistic)
            st = check_tensor(c, t->plan->params[p].name, t->params[p],
                              t->call.grads[p], sl_trial_elements(t, p));
    return st;
}

/* Rounding errors of floats are half of 2^-23 of them, and add up at worst. */
static double noise_of(const struct sl_trial *t, double step)
{
    double magnitude = 0;
    for (int64_t i = 0; i < t->n_out; i++)
        magnitude += fabs((double)t->dy_start[i] * (double)t->call.y[i]);
    return magnitude * 0x1p-23 / step;
}

/* forward() twice with the same arguments. */
static sluice_status check_repeatable(struct check *c)
{
    struct sl_trial *t = &c->trial;
    size_t bytes = (size_t)t->n_out * sizeof(float);
    double sum;
    float *first = sl_alloc(c->config.allocator, bytes, 1);
    if (!first)
        return sl_no_memory(c->why, "an output of a layer");
    sluice_status st = sl_trial_forward(t, &sum);
    memcpy(first, t->call.y, bytes);
    if (!st)
        st = sl_trial_forward(t, &sum);
    if (!st && memcmp(first, t->call.y, bytes) != 0)
        st = sluice_diag_set(c->why, SLUICE_INVALID,
                             "%s: forward() gives other bits when it is called "
                             "again: draw random numbers by seed, step, layer "
                             "and row alone",
                             t->layer->name);
    sl_free(c->config.allocator, first, bytes, 1);
    return st;
}

/* A second backward that accumulates doubles every gradient, exactly. */
static sluice_status check_accumulates(struct check *c, int p,
                                       const float *once, int64_t n)
{
    const float *twice = c->trial.call.grads[p];
    for (int64_t i = 0; i < n; i++)
        if (fabsf(twice[i] - 2 * once[i]) > 1e-5F * fabsf(once[i]) + 1e-6F)
            return sluice_diag_set(
                c->why, SLUICE_INVALID,
                "%s: backward_weight() with `accumulate`, and without dx, "
                "makes %g of the gradient %g by \"%s\" at element %" PRId64
                ": it must add to what is there",
                c->trial.layer->name, (double)twice[i], (double)once[i],
                c->trial.plan->params[p].name, i);
    return SLUICE_OK;
}

static sluice_status check_second_backward(struct check *c)
{
    struct sl_trial *t = &c->trial;
    const sluice_allocator *a = c->config.allocator;
    sluice_status st = SLUICE_OK;
    for (int p = 0; p < t->plan->n_params && !st; p++) {
        int64_t n = sl_trial_elements(t, p);
        double sum;
        float *once = sl_alloc(a, (size_t)n, sizeof *once);
        if (!once)
            return sl_no_memory(c->why, "a gradient of a layer");
        st = sl_trial_forward(t, &sum);
        if (!st)
            st = sl_trial_backward(t, true, false);
        memcpy(once, t->call.grads[p], (size_t)n * sizeof *once);
        if (!st)
            st = sl_trial_forward(t, &sum);
        if (!st)
            st = sl_trial_backward(t, false, true);
        if (!st)
            st = check_accumulates(c, p, once, n);
        sl_free(a, once, (size_t)n, sizeof *once);
    }
    return st;
}

static sluice_status settle(struct check *c,
                            const sluice_gradient_config *config)
{
    c->config = *config;
    if (!c->config.rows)
        c->config.rows = DEFAULT_ROWS;
    if (c->config.step == 0)
        c->config.step = default_step;
    if (c->config.tolerance == 0)
        c->config.tolerance = default_tolerance;
    if (c->config.rows > 0 && c->config.rows <= MAX_ROWS &&
        c->config.step > 0 && isfinite(c->config.step) &&
        c->config.tolerance > 0)
        return SLUICE_OK;
    return sluice_diag_set(c->why, SLUICE_INVALID,
                           "a gradient check with %" PRId64 " rows, step %g "
                           "and tolerance %g: give 1 to %d rows, and numbers "
                           "above 0",
                           c->config.rows, c->config.step, c->config.tolerance,
                           MAX_ROWS);
}

sluice_status sluice_gradient_check(const sluice_layer_ops *layer,
                                    const void *layer_config,
                                    const sluice_gradient_config *config,
                                    sluice_gradient_report *report,
                                    sluice_diag *why)
{
    struct check c = {.why = why};
    double sum;
    sluice_status st = settle(&c, config);
    if (st)
        return st;
    st = sl_trial_init(&c.trial, layer, layer_config, &c.config, why);
    if (st)
        return st;
    st = check_repeatable(&c);
    if (!st)
        st = sl_trial_forward(&c.trial, &sum);
    c.noise = noise_of(&c.trial, c.config.step);
    if (!st)
        st = sl_trial_backward(&c.trial, true, false);
    if (!st)
        st = check_tensors(&c);
    if (!st)
        st = check_second_backward(&c);
    if (report)
        *report = c.worst;
    sl_trial_fini(&c.trial);
    return st;
}
