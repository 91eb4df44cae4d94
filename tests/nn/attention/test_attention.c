/*
 * Attention against the definition in double: its forward, and its gradients
 * against central differences along random directions, below, at and beyond
 * the blocks of queries.
 *
 * The layer computes in float.  Sums have at most some hundred terms; results
 * are within 3e-6 of the largest.
 */
#include "nn/attention/attention_double.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/attention/attention_plan.h"
#include "nn/rig.h"
#include "support/runner.h"
#include "tensor/numbers.h"

enum { ROWS = 2, DIRECTIONS = 3 };

static const double step = 1e-4;
static const double tolerance = 3e-6;

static struct rig rig;
static double *values[5]; /* x and the parameters, in double */
static double *y, *mask;
static struct attention_double twin;

static double *doubles(int64_t n)
{
    double *at = malloc((size_t)n * sizeof *at);
    ck_assert_ptr_nonnull(at);
    return at;
}

static double *widened(int64_t n, const float *from)
{
    double *to = doubles(n);
    for (int64_t i = 0; i < n; i++)
        to[i] = (double)from[i];
    return to;
}

/* The masks as their contract says: by (seed, step, layer, row, head, query,
 * key), in blocks of 8 keys. */
static void draw_mask(float rate)
{
    int64_t n = twin.positions, i = 0;
    mask = doubles(ROWS * twin.heads * n * n);
    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t q = 0; q < twin.heads * n; q++)
            for (int64_t k = 0; k < n; k++) {
                uint32_t bits[8];
                struct sl_rng_counter at = {
                    {3, 5, (uint64_t)r, (uint64_t)(q * ((n + 7) / 8) + k / 8)}};
                sl_rng_block(17, SL_RNG_DROPOUT, at, bits);
                bool drops = bits[k % 8] < (uint32_t)((double)rate * 0x1p32);
                mask[i++] = drops ? 0 : 1 / (1 - (double)rate);
            }
}

static void set_up(int64_t positions, int64_t width,
                   const sluice_attention_config *config)
{
    ck_assert_msg(!rig_init(&rig, sluice_attention(), config,
                            sluice_shape_matrix(positions, width), ROWS, 1),
                  "%s", rig.why.text);
    twin = (struct attention_double){
        .rows = ROWS,
        .positions = positions,
        .width = width,
        .heads = config->heads,
        .kv_heads = config->kv_heads ? config->kv_heads : config->heads,
        .causal = config->causal,
        .rotary = (double)config->rotary,
    };
    values[0] = widened(rig.n_in, rig.x);
    for (int p = 0; p < 4; p++)
        values[p + 1] = p < rig.plan.n_params
                            ? widened(rig.n_params[p], rig.params[p])
                            : NULL;
    y = doubles(rig.n_out);
    mask = NULL;
    if (config->dropout > 0)
        draw_mask(config->dropout);
    twin.mask = mask;
}

static void fini(void)
{
    for (int i = 0; i < 5; i++)
        free(values[i]);
    free(y);
    free(mask);
    rig_fini(&rig);
}

static void run_twin(void)
{
    attention_double(&twin, values[0], (const double *const *)values + 1, y);
}

static double objective(const float *dy)
{
    double sum = 0;
    run_twin();
    for (int64_t i = 0; i < rig.n_out; i++)
        sum += (double)dy[i] * y[i];
    return sum;
}

static void move(int64_t n, double by, const float *direction, double *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += by * (double)direction[i];
}

/* The derivative of sum(dy * y) along a direction, by both. */
static void check_direction(const char *what, int64_t n, uint64_t seed,
                            double *at, const float *gradient)
{
    float *direction = malloc((size_t)n * sizeof *direction);
    double got = 0, size = 0;
    ck_assert_ptr_nonnull(direction);
    sl_test_fill(seed, n, direction);
    for (int64_t i = 0; i < n; i++) {
        got += (double)gradient[i] * (double)direction[i];
        size += pow((double)gradient[i], 2);
    }
    move(n, step, direction, at);
    double above = objective(rig.call.dy);
    move(n, -2 * step, direction, at);
    double below = objective(rig.call.dy);
    move(n, step, direction, at);
    double apart = fabs((above - below) / (2 * step) - got);
    ck_assert_double_gt(size, 0);
    ck_assert_msg(apart <= tolerance * sqrt(size), "%s: %g apart, of size %g",
                  what, apart, sqrt(size));
    free(direction);
}

static void check(void)
{
    double largest = 0, apart = 0;
    rig_forward(&rig);
    run_twin();
    for (int64_t i = 0; i < rig.n_out; i++) {
        largest = fmax(largest, fabs(y[i]));
        apart = fmax(apart, fabs(y[i] - (double)rig.call.y[i]));
    }
    ck_assert_msg(apart <= tolerance * largest, "y: %g apart, of %g", apart,
                  largest);
    rig_backward(&rig);
    for (uint64_t d = 0; d < DIRECTIONS; d++) {
        check_direction("x", rig.n_in, d, values[0], rig.call.dx);
        for (int p = 0; p < rig.plan.n_params; p++)
            check_direction(rig.plan.params[p].name, rig.n_params[p],
                            10 * (d + 1) + (uint64_t)p, values[p + 1],
                            rig.call.grads[p]);
    }
    fini();
}

static const struct {
    int64_t width;
    sluice_attention_config config;
} kinds[] = {
    {6, {.heads = 1}},
    {6, {.heads = 2, .causal = true}},
    {12, {.heads = 6, .kv_heads = 2, .causal = true, .no_bias = true}},
    {12, {.heads = 3, .kv_heads = 1, .rotary = 10000, .causal = true}},
    {8, {.heads = 2, .rotary = 100, .no_bias = true}},
    {6, {.heads = 2, .causal = true, .dropout = 0.3f}},
    {8, {.heads = 4, .kv_heads = 2, .rotary = 500, .dropout = 0.5f}},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

START_TEST(values_and_gradients_are_those_of_the_definition)
{
    static const int64_t positions[] = {
        1, 2, 7, 33, SL_ATTENTION_BLOCK, SL_ATTENTION_BLOCK + 1};
    for (int k = 0; k < N_KINDS; k++)
        for (int i = 0; i < 6; i++) {
            if (positions[i] == 1 && kinds[k].config.dropout > 0)
                continue; /* all of it may be dropped: no gradient */
            set_up(positions[i], kinds[k].width, &kinds[k].config);
            if (positions[i] > 1)
                check();
            else
                fini();
        }
}
END_TEST

START_TEST(three_blocks_of_queries_are_those_of_the_definition)
{
    for (int k = 1; k < N_KINDS; k += 2) {
        set_up(2 * SL_ATTENTION_BLOCK + 5, kinds[k].width, &kinds[k].config);
        check();
    }
}
END_TEST

/* Heads wider than the pairs whose angles are known at once. */
START_TEST(wide_heads_are_turned_as_a_whole)
{
    sluice_attention_config config = {.heads = 1, .rotary = 10000};
    set_up(3, 150, &config);
    check();
}
END_TEST

START_TEST(nothing_is_dropped_in_evaluation)
{
    float kept[ROWS * 5 * 6];
    sluice_attention_config config = {.heads = 2};
    set_up(5, 6, &config);
    rig_forward(&rig);
    memcpy(kept, rig.call.y, sizeof kept);
    fini();
    config.dropout = 0.9f;
    set_up(5, 6, &config);
    rig.call.training = false;
    rig_forward(&rig);
    ck_assert_mem_eq(rig.call.y, kept, sizeof kept);
    rig.call.training = true;
    rig_forward(&rig);
    ck_assert_double_gt(sl_test_distance(rig.n_out, rig.call.y, kept), 0.01);
    fini();
}
END_TEST

START_TEST(a_causal_position_does_not_see_later_ones)
{
    enum { N = 70, WIDTH = 6, CHANGED = 66 };
    float before[CHANGED * WIDTH];
    sluice_attention_config config = {.heads = 2, .causal = true};
    set_up(N, WIDTH, &config);
    rig_forward(&rig);
    memcpy(before, rig.call.y, sizeof before);
    for (int i = CHANGED * WIDTH; i < N * WIDTH; i++)
        rig.x[i] += 1;
    rig_forward(&rig);
    ck_assert_mem_eq(rig.call.y, before, sizeof before);
    ck_assert_float_ne(rig.call.y[CHANGED * WIDTH], 0);
    fini();
}
END_TEST

START_TEST(two_calls_give_the_same_bits)
{
    for (int k = 0; k < N_KINDS; k++) {
        set_up(67, kinds[k].width, &kinds[k].config);
        size_t saved = (size_t)(ROWS * rig.plan.saved_row_bytes);
        size_t bytes = (size_t)rig.n_out * sizeof(float);
        char *once = malloc(saved + bytes);
        ck_assert_ptr_nonnull(once);
        rig_forward(&rig);
        memcpy(once, rig.call.saved, saved);
        memcpy(once + saved, rig.call.y, bytes);
        rig_backward(&rig);
        rig_forward(&rig);
        ck_assert_mem_eq(rig.call.saved, once, saved);
        ck_assert_mem_eq(rig.call.y, once + saved, bytes);
        free(once);
        fini();
    }
}
END_TEST

START_TEST(the_input_gradient_may_be_unwanted)
{
    float grads[8 * 24];
    sluice_attention_config config = {.heads = 2, .causal = true};
    set_up(7, 8, &config);
    rig_forward(&rig);
    rig_backward(&rig);
    memcpy(grads, rig.call.grads[0], sizeof grads);
    fini();
    set_up(7, 8, &config);
    rig_forward(&rig);
    float *dx = rig.call.dx;
    rig.call.dx = NULL;
    rig_backward(&rig);
    ck_assert_mem_eq(rig.call.grads[0], grads, sizeof grads);
    rig.call.dx = dx;
    fini();
}
END_TEST

START_TEST(accumulating_adds_what_overwriting_writes)
{
    sluice_attention_config config = {.heads = 2};
    set_up(7, 8, &config);
    rig_forward(&rig);
    rig_backward(&rig);
    float *once[4];
    for (int p = 0; p < 4; p++) {
        size_t bytes = (size_t)rig.n_params[p] * sizeof(float);
        once[p] = malloc(bytes);
        ck_assert_ptr_nonnull(once[p]);
        memcpy(once[p], rig.call.grads[p], bytes);
    }
    rig.call.accumulate = true;
    ck_assert(!sluice_attention()->backward_weight(&rig.call));
    for (int p = 0; p < 4; p++) {
        for (int64_t i = 0; i < rig.n_params[p]; i++)
            once[p][i] *= 2;
        ck_assert_double_lt(
            sl_test_distance(rig.n_params[p], rig.call.grads[p], once[p]),
            1e-6);
        free(once[p]);
    }
    fini();
}
END_TEST

static sluice_layer_plan plan_of(int64_t positions,
                                 const sluice_attention_config *config)
{
    static sluice_param_spec params[4];
    static sluice_product_spec products[2];
    sluice_layer_plan plan = {.in = sluice_shape_matrix(positions, 24),
                              .params = params,
                              .products = products};
    sluice_diag why;
    ck_assert_msg(!sluice_attention()->infer(config, &plan, &why), "%s",
                  why.text);
    return plan;
}

START_TEST(the_plan_says_what_is_kept)
{
    sluice_attention_config config = {.heads = 6, .kv_heads = 2};
    sluice_layer_plan plan = plan_of(10, &config);
    /* q of 24, k and v of 2 heads of 4, what the heads found; two numbers for
     * each head */
    ck_assert_int_eq(plan.saved_row_bytes, 10 * 4 * (24 + 16 + 24 + 2 * 6));
    ck_assert(plan.needs_x && !plan.needs_y && !plan.joins_rows);
    ck_assert_int_eq(plan.n_products, 2);
    ck_assert_int_eq(plan.products[0].out, 40);
    ck_assert_int_eq(plan.products[0].rows_per_row, 10);
}
END_TEST

START_TEST(memory_grows_with_the_positions_and_not_with_their_square)
{
    sluice_attention_config config = {.heads = 6};
    sluice_layer_plan some = plan_of(1000, &config);
    sluice_layer_plan many = plan_of(8000, &config);
    ck_assert_int_eq(many.saved_row_bytes, 8 * some.saved_row_bytes);
    ck_assert_int_eq(many.workspace_row_bytes, 8 * some.workspace_row_bytes);
    ck_assert_int_le(many.scratch_bytes, 8 * some.scratch_bytes);
}
END_TEST

START_TEST(causal_attention_counts_half_of_the_work)
{
    sluice_attention_config config = {.heads = 1},
                            causal = {.heads = 1, .causal = true};
    struct sl_attention all = {.positions = 6400},
                        half = {.positions = 6400, .causal = true};
    ck_assert_int_eq(sl_attention_pairs(&all), 6400 * 6400);
    ck_assert_int_eq(sl_attention_pairs(&half), 64 * 64 * 50 * 101);
    ck_assert_int_lt(plan_of(640, &causal).forward_row_flops,
                     plan_of(640, &config).forward_row_flops);
}
END_TEST

START_TEST(huge_scores_do_not_overflow)
{
    sluice_attention_config config = {.heads = 1};
    set_up(9, 4, &config);
    for (int64_t i = 0; i < rig.n_in; i++)
        rig.x[i] *= 1e4f;
    rig_forward(&rig);
    rig_backward(&rig);
    for (int64_t i = 0; i < rig.n_in; i++)
        ck_assert(isfinite(rig.call.y[i]) && isfinite(rig.call.dx[i]));
    fini();
}
END_TEST

START_TEST(nan_stays_in_its_row)
{
    sluice_attention_config config = {.heads = 1, .causal = true};
    set_up(9, 4, &config);
    rig.x[4] = NAN;
    rig_forward(&rig);
    for (int64_t i = 4; i < rig.n_out; i++)
        ck_assert(isnan(rig.call.y[i]) == (i < rig.n_out / 2));
    fini();
}
END_TEST

static void check_refused(sluice_shape in, sluice_attention_config config,
                          const char *word)
{
    struct rig bad;
    ck_assert_int_eq(rig_init(&bad, sluice_attention(), &config, in, 1, 1),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(bad.why.text, word), "%s", bad.why.text);
}

START_TEST(what_cannot_be_is_refused)
{
    sluice_shape in = sluice_shape_matrix(4, 6);
    check_refused(in, (sluice_attention_config){0}, "0 heads");
    check_refused(in, (sluice_attention_config){.heads = 4}, "4 heads");
    check_refused(in, (sluice_attention_config){.heads = 3, .kv_heads = 2},
                  "3 heads and 2");
    check_refused(in, (sluice_attention_config){.heads = 1, .kv_heads = -1},
                  "-1 of keys");
    check_refused(in, (sluice_attention_config){.heads = 2, .rotary = 10},
                  "heads of 3 elements");
    check_refused(in, (sluice_attention_config){.heads = 2, .rotary = -1},
                  "base of -1");
    check_refused(in, (sluice_attention_config){.heads = 2, .dropout = 1},
                  "dropout 1");
    check_refused(in, (sluice_attention_config){.heads = 2, .std = NAN}, "nan");
    check_refused(in, (sluice_attention_config){.heads = 2, .out_std = -2},
                  "-2");
    check_refused(sluice_shape_vector(24),
                  (sluice_attention_config){.heads = 1}, "1 dims");
    check_refused(sluice_shape_matrix((int64_t)1 << 31, 1),
                  (sluice_attention_config){.heads = 1},
                  "attention: rows of 2147483648 x 1 elements; 1073741823 x "
                  "715827882 are possible");
}
END_TEST

SLUICE_TEST_MAIN(
    "nn.attention", values_and_gradients_are_those_of_the_definition,
    three_blocks_of_queries_are_those_of_the_definition,
    wide_heads_are_turned_as_a_whole, nothing_is_dropped_in_evaluation,
    a_causal_position_does_not_see_later_ones, two_calls_give_the_same_bits,
    the_input_gradient_may_be_unwanted,
    accumulating_adds_what_overwriting_writes, the_plan_says_what_is_kept,
    memory_grows_with_the_positions_and_not_with_their_square,
    causal_attention_counts_half_of_the_work, huge_scores_do_not_overflow,
    nan_stays_in_its_row, what_cannot_be_is_refused)
