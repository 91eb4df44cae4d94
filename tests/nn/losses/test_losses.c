/* Losses: values against double, gradients against central differences of the
 * same in double, and what they refuse. */
#include <sluice/loss.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/runner.h"
#include "tensor/numbers.h"

enum { ROWS = 5, MOST = ROWS * 11 };

static const double step = 1e-5;
static const double tolerance = 1e-6; /* of the largest; float carries 6e-8 */

static float y[MOST], t[MOST], dy[MOST + 1];
static double wide[MOST];
static int32_t labels[ROWS];
static sluice_diag why;

static double mse_exact(int64_t n, const double *v)
{
    double sum = 0;
    for (int64_t i = 0; i < ROWS * n; i++)
        sum += pow(v[i] - (double)t[i], 2);
    return sum;
}

static sluice_cross_entropy_config smoothed; /* of all calls */

static double cross_entropy_exact(int64_t n, const double *v)
{
    double sum = 0;
    for (int64_t r = 0; r < ROWS; r++) {
        double largest = -INFINITY, others = 0;
        for (int64_t j = 0; j < n; j++)
            largest = fmax(largest, v[r * n + j]);
        for (int64_t j = 0; j < n; j++)
            others += exp(v[r * n + j] - largest);
        for (int64_t j = 0; j < n; j++) {
            double share = smoothed.label_smoothing / (double)n;
            if (j == labels[r])
                share += 1 - smoothed.label_smoothing;
            sum += share * (log(others) + largest - v[r * n + j]);
        }
    }
    return sum;
}

typedef double exact(int64_t n, const double *v);

static void set_up(int64_t n, float size)
{
    sl_test_fill((uint64_t)n, ROWS * n, y);
    sl_test_fill((uint64_t)n + 100, ROWS * n, t);
    for (int64_t i = 0; i < ROWS * n; i++) {
        y[i] *= size;
        wide[i] = (double)y[i];
    }
    for (int r = 0; r < ROWS; r++)
        labels[r] = (int32_t)((r * 3) % n);
}

static sluice_loss_call make_call(const sluice_loss_ops *loss,
                                  sluice_loss_plan *plan, int64_t n,
                                  const void *targets)
{
    static sluice_config_room config; /* of this loss, with its defaults */
    sluice_option_table table = sluice_loss_options(loss);
    config = (sluice_config_room){0};
    sluice_options_preset(&table, &config);
    if (loss == sluice_cross_entropy())
        memcpy(&config, &smoothed, sizeof smoothed);
    *plan =
        (sluice_loss_plan){.out = sluice_shape_vector(n), .config = &config};
    ck_assert(!loss->infer(plan, &why));
    return (sluice_loss_call){
        .plan = plan,
        .rows = ROWS,
        .y = y,
        .targets = targets,
        .why = &why,
    };
}

static void check_gradient(int64_t n, exact *f, double scale)
{
    double apart = 0, largest = 0;
    for (int64_t i = 0; i < ROWS * n; i++) {
        double at = wide[i];
        wide[i] = at + step;
        double want = f(n, wide);
        wide[i] = at - step;
        want = scale * (want - f(n, wide)) / (2 * step);
        wide[i] = at;
        ck_assert(!isnan(dy[i]));
        apart = fmax(apart, fabs((double)dy[i] - want));
        largest = fmax(largest, fabs(want));
    }
    ck_assert_double_le(apart, tolerance * largest + 1e-9);
}

static void check(const sluice_loss_ops *loss, exact *f, const void *targets)
{
    for (int64_t n = 1; n <= 11; n++)
        for (float size = 0.1f; size < 20; size *= 10) {
            sluice_loss_plan plan;
            set_up(n, size);
            sluice_loss_call call = make_call(loss, &plan, n, targets);
            double sum;
            int64_t correct;
            ck_assert(!loss->forward(&call, &sum, &correct));
            ck_assert_double_eq_tol(sum, f(n, wide),
                                    tolerance * (1 + f(n, wide)));
            dy[ROWS * n] = 42;
            ck_assert(!loss->backward(&call, 0.125f, dy));
            ck_assert_float_eq(dy[ROWS * n], 42);
            check_gradient(n, f, 0.125);
        }
}

START_TEST(mean_squared_error_is_exact)
{
    check(sluice_mean_squared_error(), mse_exact, t);
}
END_TEST

START_TEST(cross_entropy_is_exact)
{
    check(sluice_cross_entropy(), cross_entropy_exact, labels);
}
END_TEST

START_TEST(smoothed_cross_entropy_is_exact)
{
    const double shares[] = {0.1, 0.5, 1};
    for (int i = 0; i < 3; i++) {
        smoothed.label_smoothing = shares[i];
        check(sluice_cross_entropy(), cross_entropy_exact, labels);
    }
    smoothed.label_smoothing = 0;
}
END_TEST

/* Calculated by hand: the logarithms are log 4, log 4 - log 2 and log 4. */
START_TEST(smoothing_moves_a_share_of_the_target_to_all_classes)
{
    sluice_loss_plan plan;
    double sum;
    int64_t correct;
    smoothed.label_smoothing = 0.3;
    set_up(3, 1);
    sluice_loss_call call = make_call(sluice_cross_entropy(), &plan, 3, labels);
    call.rows = 1;
    y[0] = y[2] = 0;
    y[1] = logf(2);
    labels[0] = 1;
    ck_assert(!sluice_cross_entropy()->forward(&call, &sum, &correct));
    ck_assert_double_eq_tol(sum, 0.8 * log(2) + 0.2 * log(4), 1e-7);
    ck_assert(!sluice_cross_entropy()->backward(&call, 1, dy));
    ck_assert_double_eq_tol((double)dy[0], 0.25 - 0.1, 1e-7);
    ck_assert_double_eq_tol((double)dy[1], 0.5 - 0.8, 1e-7);
    ck_assert_double_eq_tol((double)dy[2], 0.25 - 0.1, 1e-7);
    smoothed.label_smoothing = 0;
}
END_TEST

START_TEST(impossible_smoothings_are_refused)
{
    const double bad[] = {-0.1, 1.1, NAN, INFINITY};
    for (int i = 0; i < 4; i++) {
        const sluice_cross_entropy_config config = {bad[i]};
        sluice_loss_plan plan = {.out = sluice_shape_vector(3),
                                 .config = &config};
        ck_assert_int_eq(sluice_cross_entropy()->infer(&plan, &why),
                         SLUICE_INVALID);
        ck_assert(strstr(why.text, "label-smoothing"));
    }
}
END_TEST

START_TEST(plans_describe_the_targets)
{
    sluice_loss_plan plan;
    make_call(sluice_mean_squared_error(), &plan, 7, t);
    ck_assert_int_eq(plan.row_terms, 7);
    ck_assert_int_eq(plan.target_row_bytes, 28);
    ck_assert(!plan.counts_correct);
    ck_assert_int_eq(plan.target_type, SLUICE_F32);
    ck_assert_int_eq(plan.classes, 0);
    make_call(sluice_cross_entropy(), &plan, 7, labels);
    ck_assert_int_eq(plan.row_terms, 1);
    ck_assert_int_eq(plan.target_row_bytes, 4);
    ck_assert(plan.counts_correct);
    ck_assert_int_eq(plan.target_type, SLUICE_I32);
    ck_assert_int_eq(plan.classes, 7);
}
END_TEST

START_TEST(correct_rows_are_counted)
{
    sluice_loss_plan plan;
    double sum;
    int64_t correct;
    set_up(3, 1);
    sluice_loss_call call = make_call(sluice_cross_entropy(), &plan, 3, labels);
    for (int hits = 0; hits <= ROWS; hits++) {
        for (int r = 0; r < ROWS; r++)
            for (int j = 0; j < 3; j++)
                y[r * 3 + j] = (j == labels[r]) == (r < hits);
        ck_assert(!sluice_cross_entropy()->forward(&call, &sum, &correct));
        ck_assert_int_eq(correct, hits);
    }
}
END_TEST

START_TEST(mse_counts_no_row)
{
    sluice_loss_plan plan;
    double sum;
    int64_t correct = -1;
    set_up(3, 1);
    sluice_loss_call call = make_call(sluice_mean_squared_error(), &plan, 3, y);
    ck_assert(!sluice_mean_squared_error()->forward(&call, &sum, &correct));
    ck_assert_int_eq(correct, 0);
    ck_assert_double_eq(sum, 0);
}
END_TEST

START_TEST(confident_scores_do_not_overflow)
{
    sluice_loss_plan plan;
    double sum;
    int64_t correct;
    set_up(2, 1);
    for (int r = 0; r < ROWS; r++) {
        labels[r] = 0;
        y[2 * r] = r ? 1e4f : -1e4f;
        y[2 * r + 1] = -y[2 * r];
    }
    sluice_loss_call call = make_call(sluice_cross_entropy(), &plan, 2, labels);
    ck_assert(!sluice_cross_entropy()->forward(&call, &sum, &correct));
    ck_assert_double_eq(sum, 2e4);
    ck_assert_int_eq(correct, ROWS - 1);
    ck_assert(!sluice_cross_entropy()->backward(&call, 1, dy));
    ck_assert_float_eq(dy[0], -1);
    ck_assert_float_eq(dy[1], 1);
    ck_assert_float_eq(dy[2], 0);
}
END_TEST

START_TEST(equal_logits_give_the_log_of_their_number_at_any_size)
{
    for (float size = 1; size < 1e38f; size *= 10)
        for (int sign = -1; sign <= 1; sign += 2)
            for (int64_t n = 1; n <= 11; n++) {
                sluice_loss_plan plan;
                double sum;
                int64_t correct;
                set_up(n, 1);
                for (int64_t i = 0; i < ROWS * n; i++)
                    y[i] = (float)sign * size;
                sluice_loss_call call =
                    make_call(sluice_cross_entropy(), &plan, n, labels);
                ck_assert(
                    !sluice_cross_entropy()->forward(&call, &sum, &correct));
                ck_assert_double_eq_tol(sum, ROWS * log((double)n), 1e-12);
                smoothed.label_smoothing = 0.1;
                ck_assert(
                    !sluice_cross_entropy()->forward(&call, &sum, &correct));
                ck_assert_double_eq_tol(sum, ROWS * log((double)n), 1e-12);
                smoothed.label_smoothing = 0;
            }
}
END_TEST

START_TEST(labels_out_of_range_are_named)
{
    const int32_t bad[] = {-1, 4, INT32_MIN, INT32_MAX};
    char want[64];
    for (int i = 0; i < 4; i++)
        for (int row = 0; row < ROWS; row++) {
            sluice_loss_plan plan;
            double sum = 7;
            int64_t correct = 7;
            set_up(4, 1);
            labels[row] = bad[i];
            sluice_loss_call call =
                make_call(sluice_cross_entropy(), &plan, 4, labels);
            ck_assert_int_eq(
                sluice_cross_entropy()->forward(&call, &sum, &correct),
                SLUICE_INVALID);
            snprintf(want, sizeof want,
                     "row %d of the micro-batch has label %d", row,
                     (int)bad[i]);
            ck_assert_msg(strstr(why.text, want), "%s", why.text);
            ck_assert(strstr(why.text, "4 classes"));
            ck_assert_double_eq(sum, 7);
            ck_assert_int_eq(correct, 7);
            ck_assert_int_eq(sluice_cross_entropy()->backward(&call, 1, dy),
                             SLUICE_INVALID);
        }
}
END_TEST

START_TEST(nan_in_the_output_is_nan_in_the_loss)
{
    const sluice_loss_ops *losses[] = {sluice_mean_squared_error(),
                                       sluice_cross_entropy()};
    const void *targets[] = {t, labels};
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < ROWS * 3; i++) {
            sluice_loss_plan plan;
            double sum;
            int64_t correct;
            smoothed.label_smoothing = k / 2 * 0.1;
            set_up(3, 1);
            y[i] = NAN;
            labels[i / 3] = 0;
            sluice_loss_call call =
                make_call(losses[k % 2], &plan, 3, targets[k % 2]);
            ck_assert(!losses[k % 2]->forward(&call, &sum, &correct));
            ck_assert(isnan(sum));
            ck_assert_int_lt(correct, ROWS);
            ck_assert(!losses[k % 2]->backward(&call, 1, dy));
            ck_assert(isnan(dy[i]));
        }
}
END_TEST

START_TEST(outputs_that_cannot_be_are_refused)
{
    sluice_loss_plan none = {.out = sluice_shape_vector(0)};
    sluice_loss_plan many = {.out = sluice_shape_vector(INT64_C(1) << 31)};
    ck_assert_int_eq(sluice_mean_squared_error()->infer(&none, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_cross_entropy()->infer(&none, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_cross_entropy()->infer(&many, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "2147483648"));
}
END_TEST

SLUICE_TEST_MAIN("nn.losses", mean_squared_error_is_exact,
                 cross_entropy_is_exact, smoothed_cross_entropy_is_exact,
                 smoothing_moves_a_share_of_the_target_to_all_classes,
                 impossible_smoothings_are_refused, plans_describe_the_targets,
                 correct_rows_are_counted, mse_counts_no_row,
                 confident_scores_do_not_overflow,
                 equal_logits_give_the_log_of_their_number_at_any_size,
                 labels_out_of_range_are_named,
                 nan_in_the_output_is_nan_in_the_loss,
                 outputs_that_cannot_be_are_refused)
