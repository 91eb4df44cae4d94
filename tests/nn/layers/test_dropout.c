/* Dropout: what its masks depend on, and what they do not. */
#include <sluice/layer.h>

#include <math.h>
#include <string.h>

#include "nn/rig.h"
#include "support/runner.h"

enum { ROWS = 12, WIDTH = 37, N = ROWS * WIDTH };

static struct rig rig;

static void set_up(float rate)
{
    static sluice_dropout_config config;
    config.rate = rate;
    ck_assert(!rig_init(&rig, sluice_dropout(), &config,
                        sluice_shape_vector(WIDTH), ROWS, 1));
}

static void forward(float y[N])
{
    rig_forward(&rig);
    memcpy(y, rig.call.y, N * sizeof *y);
}

START_TEST(a_recompute_draws_the_same_mask)
{
    float first[N], again[N];
    set_up(0.5f);
    forward(first);
    rig.call.recompute = true;
    forward(again);
    ck_assert_mem_eq(first, again, sizeof first);
    rig_fini(&rig);
}
END_TEST

START_TEST(seed_step_layer_and_row_each_change_it)
{
    float first[N], other[N];
    set_up(0.5f);
    forward(first);
    const sluice_layer_call call = rig.call;
    rig.call.seed++;
    forward(other);
    ck_assert_mem_ne(first, other, sizeof first);
    rig.call = call;
    rig.call.step++;
    forward(other);
    ck_assert_mem_ne(first, other, sizeof first);
    rig.call = call;
    rig.call.layer++;
    forward(other);
    ck_assert_mem_ne(first, other, sizeof first);
    rig.call = call;
    rig.call.first_row++;
    forward(other);
    ck_assert_mem_ne(first, other, sizeof first);
    rig.call = call;
    rig_fini(&rig);
}
END_TEST

/* Forward and backward of rows first..first + rows as a micro-batch. */
static void run_rows(int64_t first, int64_t rows)
{
    sluice_layer_call call = rig.call;
    call.first_row = first;
    call.rows = rows;
    call.x += first * WIDTH;
    call.y += first * WIDTH;
    call.dy += first * WIDTH;
    call.dx += first * WIDTH;
    ck_assert(!sluice_dropout()->forward(&call));
    ck_assert(!sluice_dropout()->backward_input(&call));
}

START_TEST(micro_batches_draw_the_mini_batchs_mask)
{
    float y[N], dx[N];
    set_up(0.3f);
    rig_forward(&rig);
    rig_backward(&rig);
    memcpy(y, rig.call.y, sizeof y);
    memcpy(dx, rig.call.dx, sizeof dx);
    for (int64_t size = 1; size <= ROWS; size++) {
        memset(rig.call.y, 0xff, sizeof y);
        memset(rig.call.dx, 0xff, sizeof dx);
        for (int64_t first = 0; first < ROWS; first += size)
            run_rows(first, ROWS - first < size ? ROWS - first : size);
        ck_assert_mem_eq(rig.call.y, y, sizeof y);
        ck_assert_mem_eq(rig.call.dx, dx, sizeof dx);
    }
    rig_fini(&rig);
}
END_TEST

START_TEST(backward_uses_the_mask_of_forward)
{
    set_up(0.5f);
    rig_forward(&rig);
    memcpy(rig.call.dy, rig.x, N * sizeof(float));
    rig_backward(&rig);
    ck_assert_mem_eq(rig.call.dx, rig.call.y, N * sizeof(float));
    rig_fini(&rig);
}
END_TEST

/* Kept elements are scaled exactly; dropped ones are a share `rate`, within
 * five standard deviations. */
static void check_rate(float rate)
{
    enum { STEPS = 200 };
    long dropped = 0;
    set_up(rate);
    float scale = (float)(1 / (1 - (double)rate));
    for (uint64_t step = 0; step < STEPS; step++) {
        rig.call.step = step;
        rig_forward(&rig);
        for (int i = 0; i < N; i++) {
            float y = rig.call.y[i], x = rig.x[i];
            ck_assert(y == 0 || y == x * scale);
            dropped += y == 0 && x != 0;
        }
    }
    double n = (double)N * STEPS, want = (double)rate;
    double deviation = sqrt(want * (1 - want) / n);
    ck_assert_double_eq_tol((double)dropped / n, want, 5 * deviation);
    rig_fini(&rig);
}

START_TEST(the_share_of_dropped_elements_is_the_rate)
{
    const float rates[] = {0.01f, 0.1f, 0.5f, 0.9f};
    for (int i = 0; i < 4; i++)
        check_rate(rates[i]);
}
END_TEST

START_TEST(no_two_columns_share_their_mask)
{
    enum { STEPS = 64 };
    static bool kept[WIDTH][STEPS * ROWS];
    set_up(0.5f);
    for (int step = 0; step < STEPS; step++) {
        rig.call.step = (uint64_t)step;
        rig_forward(&rig);
        for (int i = 0; i < N; i++)
            kept[i % WIDTH][step * ROWS + i / WIDTH] = rig.call.y[i] != 0;
    }
    for (int a = 0; a < WIDTH; a++)
        for (int b = 0; b < a; b++)
            ck_assert_mem_ne(kept[a], kept[b], sizeof kept[a]);
    rig_fini(&rig);
}
END_TEST

START_TEST(rate_zero_and_evaluation_copy)
{
    set_up(0);
    rig_forward(&rig);
    ck_assert_mem_eq(rig.call.y, rig.x, N * sizeof(float));
    rig_fini(&rig);
    set_up(0.5f);
    rig.call.training = false;
    rig_forward(&rig);
    ck_assert_mem_eq(rig.call.y, rig.x, N * sizeof(float));
    rig_fini(&rig);
}
END_TEST

START_TEST(nothing_is_written_if_nobody_wants_dx)
{
    set_up(0.5f);
    float *dx = rig.call.dx;
    rig.call.dx = NULL;
    rig_backward(&rig);
    rig.call.dx = dx;
    rig_fini(&rig);
}
END_TEST

START_TEST(rates_out_of_range_are_refused)
{
    const float bad[] = {-0.1f, 1, 1.5f, NAN, INFINITY};
    for (int i = 0; i < 5; i++) {
        sluice_dropout_config config = {bad[i]};
        ck_assert_int_eq(rig_init(&rig, sluice_dropout(), &config,
                                  sluice_shape_vector(2), 1, 1),
                         SLUICE_INVALID);
        ck_assert(strstr(rig.why.text, "rate"));
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.dropout", a_recompute_draws_the_same_mask,
                 seed_step_layer_and_row_each_change_it,
                 micro_batches_draw_the_mini_batchs_mask,
                 backward_uses_the_mask_of_forward,
                 the_share_of_dropped_elements_is_the_rate,
                 no_two_columns_share_their_mask, rate_zero_and_evaluation_copy,
                 nothing_is_written_if_nobody_wants_dx,
                 rates_out_of_range_are_refused)
