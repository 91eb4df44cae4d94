/*
 * The judge is judged: the sequential reference against a multilayer perceptron
 * written out in double, and against finite differences.
 */
#include <math.h>
#include <stdio.h>

#include <sluice/reference.h>

#include "support/allocator.h"
#include "support/problem.h"
#include "support/runner.h"

enum { IN = 6, HIDDEN = 7, OUT = 5, BATCH = 12, STEPS = 5 };

/* y = tanh(x w1 + b1) w2 + b2, squared error, momentum: in double. */
struct net {
    double w1[IN][HIDDEN], b1[HIDDEN], w2[HIDDEN][OUT], b2[OUT];
};

/* The net as a vector of its numbers. */
enum { NUMBERS = sizeof(struct net) / sizeof(double) };

static double *numbers(struct net *net)
{
    return &net->w1[0][0];
}

/* Mean squared error over rows of x and t; adds its gradient to `g`. */
static double net_loss(const struct net *net, const float *x, const float *t,
                       int rows, struct net *g)
{
    double loss = 0, terms = rows * OUT;
    for (int r = 0; r < rows; r++) {
        double h[HIDDEN], dh[HIDDEN] = {0};
        for (int j = 0; j < HIDDEN; j++) {
            double a = net->b1[j];
            for (int i = 0; i < IN; i++)
                a += (double)x[r * IN + i] * net->w1[i][j];
            h[j] = tanh(a);
        }
        for (int k = 0; k < OUT; k++) {
            double y = net->b2[k];
            for (int j = 0; j < HIDDEN; j++)
                y += h[j] * net->w2[j][k];
            double e = y - (double)t[r * OUT + k], dy = 2 * e / terms;
            loss += e * e / terms;
            g->b2[k] += dy;
            for (int j = 0; j < HIDDEN; j++) {
                g->w2[j][k] += dy * h[j];
                dh[j] += dy * net->w2[j][k];
            }
        }
        for (int j = 0; j < HIDDEN; j++) {
            double da = dh[j] * (1 - h[j] * h[j]);
            g->b1[j] += da;
            for (int i = 0; i < IN; i++)
                g->w1[i][j] += da * (double)x[r * IN + i];
        }
    }
    return loss;
}

static void net_load(struct net *net, const sluice_reference *ref,
                     sluice_status (*get)(const sluice_reference *,
                                          const char *, float *, int64_t,
                                          sluice_diag *))
{
    static const struct {
        const char *name;
        int n;
    } params[] = {{"0.weight", IN * HIDDEN},
                  {"0.bias", HIDDEN},
                  {"1.weight", HIDDEN * OUT},
                  {"1.bias", OUT}};
    double *at = numbers(net);
    for (int p = 0; p < 4; p++) {
        float values[HIDDEN * (IN + OUT)];
        ck_assert_int_eq(get(ref, params[p].name, values, params[p].n, NULL),
                         SLUICE_OK);
        for (int i = 0; i < params[p].n; i++)
            *at++ = (double)values[i];
    }
}

struct fixture {
    sluice_model *model;
    sluice_sgd_config sgd;
    sluice_pipeline_config config;
    sluice_reference *ref;
    float x[STEPS * BATCH * IN];
    float t[STEPS * BATCH * OUT];
};

static void set_up(struct fixture *f, int microbatches,
                   sluice_backward_order order)
{
    *f = (struct fixture){.sgd = {.learning_rate = 0.3, .momentum = 0.9}};
    f->config = (sluice_pipeline_config){
        .batch = BATCH,
        .schedule = {.microbatches = microbatches, .backward_order = order},
        .uneven = true,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &f->sgd,
        .seed = 11,
    };
    for (int i = 0; i < STEPS * BATCH * IN; i++)
        f->x[i] = sinf((float)(i * i % 997));
    for (int i = 0; i < STEPS * BATCH * OUT; i++)
        f->t[i] = cosf((float)(i * i % 991));
    ck_assert_int_eq(
        sluice_model_create(
            &(sluice_model_config){.input = sluice_shape_vector(IN)}, &f->model,
            NULL),
        SLUICE_OK);
    sluice_model_add(f->model, sluice_linear(),
                     &(sluice_linear_config){HIDDEN, .activation = SLUICE_TANH},
                     NULL);
    sluice_model_add(f->model, sluice_linear(),
                     &(sluice_linear_config){.out = OUT}, NULL);
    ck_assert_int_eq(
        sluice_reference_create(&f->config, f->model, &f->ref, NULL),
        SLUICE_OK);
}

static void tear_down(struct fixture *f)
{
    sluice_reference_destroy(f->ref);
    sluice_model_destroy(f->model);
}

static void assert_near(double *a, double *b, double tolerance, int step)
{
    for (int i = 0; i < NUMBERS; i++)
        ck_assert_msg(fabs(a[i] - b[i]) < tolerance,
                      "step %d, number %d: %.9g, not %.9g", step, i, a[i],
                      b[i]);
}

/* Momentum written out; the net in double runs beside the reference. */
static void follow(int microbatches, sluice_backward_order order)
{
    static const int rows[STEPS] = {BATCH, BATCH, 7, 2, BATCH};
    struct fixture f;
    struct net net, velocity = {0};
    set_up(&f, microbatches, order);
    net_load(&net, f.ref, sluice_reference_get_parameter);
    for (int s = 0; s < STEPS; s++) {
        struct net g = {0}, is;
        const float *x = f.x + s * BATCH * IN, *t = f.t + s * BATCH * OUT;
        double loss = net_loss(&net, x, t, rows[s], &g);
        for (int i = 0; i < NUMBERS; i++) {
            double *v = &numbers(&velocity)[i];
            *v = 0.9 * *v + numbers(&g)[i];
            numbers(&net)[i] -= 0.3 * *v;
        }
        sluice_result result;
        ck_assert_int_eq(
            sluice_reference_step(f.ref, x, t, rows[s], &result, NULL),
            SLUICE_OK);
        ck_assert_double_eq_tol(result.loss, loss, 2e-6);
        ck_assert_int_eq(result.rows, rows[s]);
        net_load(&is, f.ref, sluice_reference_get_gradient);
        assert_near(numbers(&is), numbers(&g), 2e-6, s);
        net_load(&is, f.ref, sluice_reference_get_parameter);
        assert_near(numbers(&is), numbers(&net), 5e-6, s);
    }
    ck_assert_uint_eq(sluice_reference_n_steps(f.ref), STEPS);
    tear_down(&f);
}

START_TEST(it_follows_a_net_written_out_in_double)
{
    static const int microbatches[] = {1, 2, 3, 5, 8, 12};
    for (int i = 0; i < 6; i++) {
        follow(microbatches[i], SLUICE_REVERSE);
        follow(microbatches[i], SLUICE_IN_ORDER);
    }
}
END_TEST

START_TEST(the_order_of_the_backwards_shows_in_the_bits)
{
    struct fixture f[2];
    struct net g[2];
    for (int i = 0; i < 2; i++) {
        set_up(&f[i], 4, i ? SLUICE_IN_ORDER : SLUICE_REVERSE);
        sluice_reference_step(f[i].ref, f[i].x, f[i].t, BATCH, NULL, NULL);
        net_load(&g[i], f[i].ref, sluice_reference_get_gradient);
    }
    assert_near(numbers(&g[0]), numbers(&g[1]), 1e-6, 0);
    ck_assert_mem_ne(&g[0], &g[1], sizeof g[0]);
    for (int i = 0; i < 2; i++)
        tear_down(&f[i]);
}
END_TEST

/* The slope of the loss of all rows by one element of parameter w[n]. */
static double slope(sluice_reference *ref, const struct sl_test_problem *p,
                    const char *name, float *w, int64_t n, int64_t at)
{
    const float h = 1.0F / 256, was = w[at];
    sluice_result moved[2];
    for (int i = 0; i < 2; i++) {
        w[at] = i ? was + h : was - h;
        sluice_reference_set_parameter(ref, name, w, n, NULL);
        sluice_reference_evaluate(ref, p->x, p->targets, p->config.batch,
                                  &moved[i], NULL);
    }
    w[at] = was;
    sluice_reference_set_parameter(ref, name, w, n, NULL);
    return (moved[1].loss - moved[0].loss) / (2 * (double)h);
}

static void check_parameter(sluice_reference *ref,
                            const struct sl_test_problem *p, int layer,
                            const sluice_param_spec *spec)
{
    char name[64];
    float w[256], g[256];
    int64_t n = sluice_shape_elements(&spec->shape);
    snprintf(name, sizeof name, "%d.%s", layer, spec->name);
    sluice_reference_get_parameter(ref, name, w, n, NULL);
    sluice_reference_get_gradient(ref, name, g, n, NULL);
    for (int64_t i = 0; i < n; i += n / 7 + 1) {
        double is = slope(ref, p, name, w, n, i);
        ck_assert_msg(fabs(is - (double)g[i]) < 1e-3,
                      "%s[%d]: gradient %g, slope %g", name, (int)i,
                      (double)g[i], is);
    }
}

/* The gradient of a model whose parameters a step does not move. */
static void check_gradients(enum sl_test_kind kind)
{
    enum { ROWS = 8, LAYERS = 5 };
    struct sl_test_problem p = {0};
    sl_test_problem_init(&p, kind, LAYERS, ROWS, NULL);
    p.sgd = (sluice_sgd_config){.learning_rate = 1e-30};
    p.config.schedule.microbatches = 3;
    sluice_reference *ref;
    ck_assert_int_eq(sluice_reference_create(&p.config, p.model, &ref, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(
        sluice_reference_step(ref, p.x, p.targets, ROWS, NULL, NULL),
        SLUICE_OK);
    for (int i = 0; i < LAYERS; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(p.model, i);
        for (int q = 0; q < plan->n_params; q++)
            check_parameter(ref, &p, i, &plan->params[q]);
    }
    sluice_reference_destroy(ref);
    sl_test_problem_fini(&p);
}

START_TEST(gradients_are_slopes)
{
    check_gradients(SL_TEST_NORM); /* smooth, as slopes by difference ask */
}
END_TEST

START_TEST(evaluation_is_the_loss_of_all_rows_and_changes_nothing)
{
    struct fixture f;
    struct net net, after, g = {0};
    set_up(&f, 5, SLUICE_REVERSE);
    net_load(&net, f.ref, sluice_reference_get_parameter);
    for (int rows = 1; rows <= STEPS * BATCH; rows += 7) {
        sluice_result result;
        double loss = net_loss(&net, f.x, f.t, rows, &g);
        ck_assert_int_eq(
            sluice_reference_evaluate(f.ref, f.x, f.t, rows, &result, NULL),
            SLUICE_OK);
        ck_assert_double_eq_tol(result.loss, loss, 2e-6);
        ck_assert_int_eq(result.rows, rows);
    }
    net_load(&after, f.ref, sluice_reference_get_parameter);
    ck_assert_mem_eq(&net, &after, sizeof net);
    tear_down(&f);
}
END_TEST

START_TEST(inference_gives_the_outputs_that_the_loss_sees)
{
    struct fixture f;
    float y[STEPS * BATCH * OUT];
    sluice_result result;
    set_up(&f, 3, SLUICE_REVERSE);
    ck_assert_int_eq(sluice_reference_infer(f.ref, f.x, STEPS * BATCH, y, NULL),
                     SLUICE_OK);
    sluice_reference_evaluate(f.ref, f.x, f.t, STEPS * BATCH, &result, NULL);
    double sum = 0;
    for (int i = 0; i < STEPS * BATCH * OUT; i++)
        sum +=
            ((double)y[i] - (double)f.t[i]) * ((double)y[i] - (double)f.t[i]);
    ck_assert_double_eq_tol(sum / (STEPS * BATCH * OUT), result.loss, 1e-6);
    tear_down(&f);
}
END_TEST

/* Fails the pass it is told to. */
struct failing {
    enum sl_test_pass pass;
    bool armed;
};

static sluice_status fail_if_armed(void *context,
                                   const struct sl_test_cell *cell)
{
    struct failing *failing = context;
    if (!failing->armed || cell->pass != failing->pass)
        return SLUICE_OK;
    sluice_diag_set(cell->why, SLUICE_IO, "as asked");
    cell->why->text[2] = '\n'; /* a layer writes what it likes */
    return SLUICE_IO;
}

START_TEST(a_failed_step_changes_nothing)
{
    struct failing failing = {0};
    struct sl_test_problem p = {.probe = {fail_if_armed, &failing}};
    sl_test_problem_init(&p, SL_TEST_PROBE, 3, 6, NULL);
    static const enum sl_test_pass passes[] = {
        SL_TEST_FORWARD, SL_TEST_INPUT, SL_TEST_WEIGHT, SL_TEST_LOSS_FORWARD,
        SL_TEST_LOSS_BACKWARD};
    sluice_reference *ref;
    ck_assert_int_eq(sluice_reference_create(&p.config, p.model, &ref, NULL),
                     SLUICE_OK);
    for (int i = 0; i < 5; i++) {
        float before[6], after[6];
        sluice_diag why;
        sluice_result result = {.rows = -1};
        failing = (struct failing){passes[i], true};
        sluice_reference_get_parameter(ref, "1.weight", before, 6, NULL);
        ck_assert_int_eq(
            sluice_reference_step(ref, p.x, p.targets, 6, &result, &why),
            SLUICE_IO);
        ck_assert_str_eq(why.text, "as?asked");
        ck_assert_int_eq(result.rows, -1);
        ck_assert_uint_eq(sluice_reference_n_steps(ref), (uint64_t)i);
        sluice_reference_get_parameter(ref, "1.weight", after, 6, NULL);
        ck_assert_mem_eq(before, after, sizeof before);
        failing.armed = false;
        ck_assert_int_eq(
            sluice_reference_step(ref, p.x, p.targets, 6, &result, &why),
            SLUICE_OK);
    }
    sluice_reference_destroy(ref);
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    struct fixture f;
    sluice_reference *ref = NULL;
    set_up(&f, 2, SLUICE_REVERSE);
    sluice_pipeline_config bad[6];
    for (int i = 0; i < 6; i++)
        bad[i] = f.config;
    bad[0].batch = 0;
    bad[1].schedule.microbatches = -1;
    bad[2].schedule.microbatches = SLUICE_MAX_MICROBATCHES + 1;
    bad[3].loss = NULL;
    bad[4].optimizer = NULL;
    bad[5].uneven = false;
    bad[5].schedule.microbatches = 5;
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(sluice_reference_create(&bad[i], f.model, &ref, NULL),
                         SLUICE_INVALID);
    ck_assert_ptr_null(ref);
    sluice_diag why;
    bad[0] = f.config;
    bad[0].replicas = -2;
    ck_assert_int_eq(sluice_reference_create(&bad[0], f.model, &ref, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "-2 replicas; give 1 to "), "%s", why.text);
    float values[8];
    ck_assert_int_eq(sluice_reference_copies(f.ref, 0, NULL, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "0 copies; give 1 to "), "%s", why.text);
    ck_assert_int_eq(sluice_reference_step(f.ref, f.x, f.t, 0, NULL, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "0 rows; give 1 to "), "%s", why.text);
    ck_assert_int_eq(
        sluice_reference_step(f.ref, f.x, f.t, BATCH + 1, NULL, NULL),
        SLUICE_INVALID);
    ck_assert_int_eq(sluice_reference_evaluate(f.ref, f.x, f.t, 0, NULL, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_reference_infer(f.ref, f.x, 0, values, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(
        sluice_reference_get_parameter(f.ref, "0.nothing", values, 7, NULL),
        SLUICE_NOT_FOUND);
    ck_assert_int_eq(
        sluice_reference_set_parameter(f.ref, "0.bias", values, 8, NULL),
        SLUICE_INVALID);
    tear_down(&f);
}
END_TEST

START_TEST(without_memory_it_is_not_made_and_leaks_nothing)
{
    struct fixture f;
    struct sl_test_allocator allocator;
    sl_test_allocator_init(&allocator);
    set_up(&f, 3, SLUICE_REVERSE);
    f.config.allocator = &allocator.hooks;
    for (long at = 1;; at++) {
        sluice_reference *ref = NULL;
        sl_test_allocator_arm(&allocator, at, false);
        sluice_status st =
            sluice_reference_create(&f.config, f.model, &ref, NULL);
        bool failed = sl_test_allocator_failed(&allocator);
        ck_assert_int_eq(st, failed ? SLUICE_NO_MEMORY : SLUICE_OK);
        ck_assert(failed == !ref);
        sluice_reference_destroy(ref);
        ck_assert_int_eq(allocator.n_live, 0);
        ck_assert_int_eq(allocator.n_wrong, 0);
        if (!failed)
            break;
    }
    tear_down(&f);
}
END_TEST

SLUICE_TEST_MAIN("reference.reference", it_follows_a_net_written_out_in_double,
                 the_order_of_the_backwards_shows_in_the_bits,
                 gradients_are_slopes,
                 evaluation_is_the_loss_of_all_rows_and_changes_nothing,
                 inference_gives_the_outputs_that_the_loss_sees,
                 a_failed_step_changes_nothing, bad_arguments_are_refused,
                 without_memory_it_is_not_made_and_leaks_nothing)
