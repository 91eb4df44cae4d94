/*
 * Every layer's forward against its twin in double, and its gradients against
 * central differences of the twin (promise E2).
 *
 * Central differences with step 1e-5 are off by about 1e-10.  The layers
 * compute in float: rounded inputs are the twin's exactly, and sums of at most
 * 37 products stay within 1e-6 of the largest gradient.
 */
#include "nn/twin.h"

#include <sluice/across_layers.h>

#include <math.h>

#include <sluice/sequence_layers.h>

#include "nn/layers/composites.h"
#include "nn/rig.h"
#include "support/runner.h"
#include "tensor/numbers.h"

enum { MOST = 37 * 37, ROWS = 4 };

static const double step = 1e-5;
static const double tolerance = 1e-6;

/* A rig and the same values in double. */
struct pair {
    struct rig rig;
    twin_forward *twin;
    struct twin_size size;
    double x[MOST];
    double params[RIG_MAX_PARAMS][MOST];
    double dy[MOST];
    double y[MOST];
};

static struct pair pair;

static void widen(int64_t n, const float *from, double *to)
{
    ck_assert_int_le(n, MOST);
    for (int64_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

/* The twin sees `vectors` of each row as rows of their own. */
static void set_up_shape(const sluice_layer_ops *ops, const void *config,
                         sluice_shape in, int64_t vectors, twin_forward *twin,
                         struct twin_size size, uint64_t seed)
{
    struct rig *rig = &pair.rig;
    ck_assert(!rig_init(rig, ops, config, in, ROWS, seed));
    pair.twin = twin;
    pair.size = size;
    pair.size.rows = ROWS * vectors;
    pair.size.in = rig->n_in / pair.size.rows;
    pair.size.out = rig->n_out / pair.size.rows;
    widen(rig->n_in, rig->x, pair.x);
    widen(rig->n_out, rig->call.dy, pair.dy);
    for (int p = 0; p < rig->plan.n_params; p++)
        widen(rig->n_params[p], rig->params[p], pair.params[p]);
}

static void set_up(const sluice_layer_ops *ops, const void *config, int64_t in,
                   twin_forward *twin, struct twin_size size, uint64_t seed)
{
    set_up_shape(ops, config, sluice_shape_vector(in), 1, twin, size, seed);
}

static void run_twin(void)
{
    const double *params[RIG_MAX_PARAMS] = {NULL};
    for (int p = 0; p < pair.rig.plan.n_params; p++)
        params[p] = pair.params[p];
    pair.twin(&pair.size, pair.x, params, pair.y);
}

/* sum(dy * y), whose gradient by x and params is what the layer computes. */
static double objective(void)
{
    double sum = 0;
    run_twin();
    for (int64_t i = 0; i < pair.rig.n_out; i++)
        sum += pair.dy[i] * pair.y[i];
    return sum;
}

static double difference_at(double *value)
{
    double at = *value;
    *value = at + step;
    double above = objective();
    *value = at - step;
    double below = objective();
    *value = at;
    return (above - below) / (2 * step);
}

static void check_gradient(int64_t n, double *values, const float *gradient)
{
    double largest = 0, apart = 0;
    for (int64_t i = 0; i < n; i++) {
        double want = difference_at(&values[i]);
        double distance = fabs((double)gradient[i] - want);
        ck_assert(!isnan(distance));
        largest = fmax(largest, fabs(want));
        apart = fmax(apart, distance);
    }
    ck_assert_double_gt(largest, 0);
    ck_assert_double_le(apart, tolerance * largest);
}

static void check_forward(void)
{
    double largest = 0, apart = 0;
    run_twin();
    for (int64_t i = 0; i < pair.rig.n_out; i++) {
        largest = fmax(largest, fabs(pair.y[i]));
        apart = fmax(apart, fabs((double)pair.rig.call.y[i] - pair.y[i]));
    }
    ck_assert_double_le(apart, tolerance * largest);
}

static void check(void)
{
    struct rig *rig = &pair.rig;
    rig_forward(rig);
    check_forward();
    rig_backward(rig);
    check_gradient(rig->n_in, pair.x, rig->call.dx);
    for (int p = 0; p < rig->plan.n_params; p++)
        check_gradient(rig->n_params[p], pair.params[p], rig->call.grads[p]);
    rig_fini(rig);
}

START_TEST(linear)
{
    const int64_t sizes[][2] = {{1, 1}, {5, 3}, {7, 8}, {37, 2}, {2, 37}};
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++)
        for (int i = 0; i < 5; i++)
            for (int no_bias = 0; no_bias < 2; no_bias++) {
                sluice_activation activation = (sluice_activation)a;
                sluice_linear_config config = {
                    .out = sizes[i][1],
                    .activation = activation,
                    .no_bias = no_bias,
                };
                set_up(sluice_linear(), &config, sizes[i][0], twin_linear,
                       (struct twin_size){.activation = activation},
                       (uint64_t)(10 * a + i));
                check();
            }
}
END_TEST

START_TEST(head)
{
    const int64_t sizes[][2] = {{1, 1}, {5, 3}, {7, 8}, {37, 2}, {2, 37}};
    for (int i = 0; i < 5; i++) {
        const sluice_head_config config = {.vocabulary = sizes[i][1]};
        set_up(sluice_head(), &config, sizes[i][0], twin_head,
               (struct twin_size){0}, (uint64_t)i);
        check();
    }
}
END_TEST

START_TEST(activate)
{
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++)
        for (int64_t n = 1; n < 10; n++) {
            sluice_activation activation = (sluice_activation)a;
            sluice_activate_config config = {activation};
            set_up(sluice_activate(), &config, n, twin_activate,
                   (struct twin_size){.activation = activation}, (uint64_t)n);
            check();
        }
}
END_TEST

START_TEST(glu)
{
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++)
        for (int64_t n = 1; n < 19; n++) {
            sluice_activation activation = (sluice_activation)a;
            sluice_glu_config config = {activation};
            set_up(sluice_glu(), &config, 2 * n, twin_glu,
                   (struct twin_size){.activation = activation}, (uint64_t)n);
            check();
        }
}
END_TEST

/* What an element of ones becomes is the mask: dropout is linear. */
START_TEST(dropout)
{
    static double mask[MOST];
    sluice_dropout_config config = {0.4f};
    set_up(sluice_dropout(), &config, 29, twin_masked, (struct twin_size){0},
           1);
    struct rig *rig = &pair.rig;
    for (int64_t i = 0; i < rig->n_in; i++)
        rig->x[i] = 1;
    rig_forward(rig);
    widen(rig->n_out, rig->call.y, mask);
    pair.size.mask = mask;
    sl_test_fill(100, rig->n_in, rig->x);
    check();
}
END_TEST

/* Not narrower: the gradient by a row of two is nothing but rounding. */
START_TEST(layer_norm)
{
    const int64_t sizes[] = {4, 9, 16, 37};
    const float epsilons[] = {0, 1e-5f, 0.1f};
    for (int i = 0; i < 4; i++)
        for (int e = 0; e < 3; e++) {
            sluice_layer_norm_config config = {epsilons[e]};
            double epsilon = e ? (double)epsilons[e] : 1e-5;
            set_up(sluice_layer_norm(), &config, sizes[i], twin_layer_norm,
                   (struct twin_size){.epsilon = epsilon}, (uint64_t)i);
            check();
        }
}
END_TEST

START_TEST(rms_norm)
{
    const int64_t sizes[] = {4, 9, 16, 37};
    const float epsilons[] = {0, 1e-5f, 0.1f};
    for (int i = 0; i < 4; i++)
        for (int e = 0; e < 3; e++) {
            sluice_rms_norm_config config = {epsilons[e]};
            double epsilon = e ? (double)epsilons[e] : 1e-5;
            set_up(sluice_rms_norm(), &config, sizes[i], twin_rms_norm,
                   (struct twin_size){.epsilon = epsilon}, (uint64_t)i);
            check();
        }
}
END_TEST

/* One position, several, and several along two dimensions. */
static const struct {
    sluice_shape shape;
    int64_t n;
} positions[] = {
    {{1, {9}}, 1}, {{2, {1, 9}}, 1}, {{2, {5, 9}}, 5}, {{3, {2, 3, 9}}, 6}};

START_TEST(linear_of_positions)
{
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++)
        for (int i = 0; i < 4; i++) {
            sluice_activation activation = (sluice_activation)a;
            sluice_linear_config config = {
                .out = 4, .activation = activation, .per_position = true};
            set_up_shape(sluice_linear(), &config, positions[i].shape,
                         positions[i].n, twin_linear,
                         (struct twin_size){.activation = activation},
                         (uint64_t)(10 * a + i));
            check();
        }
}
END_TEST

START_TEST(norms_of_positions)
{
    sluice_layer_norm_config layer = {.per_position = true};
    sluice_rms_norm_config rms = {.per_position = true};
    struct twin_size size = {.epsilon = 1e-5};
    for (int i = 0; i < 4; i++) {
        set_up_shape(sluice_layer_norm(), &layer, positions[i].shape,
                     positions[i].n, twin_layer_norm, size, (uint64_t)i);
        check();
        set_up_shape(sluice_rms_norm(), &rms, positions[i].shape,
                     positions[i].n, twin_rms_norm, size, (uint64_t)i);
        check();
    }
}
END_TEST

/* The second table has positions that a row does not reach. */
START_TEST(position_embedding)
{
    for (int i = 0; i < 2; i++) {
        sluice_position_embedding_config config = {.context = i ? 5 : 0};
        set_up_shape(sluice_position_embedding(), &config,
                     sluice_shape_matrix(3, 7), 1, twin_positions,
                     (struct twin_size){0}, (uint64_t)i);
        check();
    }
}
END_TEST

START_TEST(timed)
{
    sluice_timed_config config = {0};
    set_up(sluice_timed(), &config, 6, twin_scaled, (struct twin_size){0}, 1);
    check();
}
END_TEST

static void check_composite(const sluice_layer_ops *ops,
                            const struct twin_part *parts)
{
    int64_t in = composites_in;
    sluice_model *model = composites_make(ops, parts);
    set_up(
        ops, sl_model_layer_config(model, 0), in, twin_composite,
        (struct twin_size){.parts = parts, .adds_x = ops == sluice_residual()},
        7);
    check();
    sluice_model_destroy(model);
}

START_TEST(residual)
{
    for (int i = 0; composites_residual[i]; i++)
        check_composite(sluice_residual(), composites_residual[i]);
}
END_TEST

START_TEST(sequence)
{
    for (int i = 0; composites_residual[i]; i++)
        check_composite(sluice_sequence(), composites_residual[i]);
    check_composite(sluice_sequence(), composites_narrowing);
}
END_TEST

SLUICE_TEST_MAIN("nn.gradients", linear, head, activate, glu, dropout,
                 layer_norm, rms_norm, linear_of_positions, norms_of_positions,
                 position_embedding, timed, residual, sequence)
