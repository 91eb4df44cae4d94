/*
 * Cross-entropy of several positions in a row: against what PyTorch made of the
 * same outputs (cross_entropy.txt, from make_cross_entropy.py), and labels and
 * classes that do not count.
 */
#include <sluice/loss.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"

enum {
    ROWS = 3,
    POSITIONS = 4,
    OUTPUTS = 7,
    LABELS = ROWS * POSITIONS,
    N = LABELS * OUTPUTS,
    LINE = 4096,
};

static sluice_diag why;
static float y[N], dy[N];
static int32_t labels[LABELS];
static sluice_loss_choice loss;
static sluice_loss_plan plan;

/* The loss of a text, on outputs and labels as in make_cross_entropy.py; the
 * outputs are exact in float. */
static sluice_loss_call begin(const char *text)
{
    ck_assert_msg(!sluice_loss_parse(text, &loss, &why), "%s", why.text);
    plan = (sluice_loss_plan){
        .out = sluice_shape_matrix(POSITIONS, OUTPUTS),
        .config = &loss.config,
    };
    ck_assert_msg(!loss.ops->infer(&plan, &why), "%s", why.text);
    for (int i = 0; i < N; i++)
        y[i] = (float)((i * 37) % 101 - 50) / 16;
    for (int i = 0; i < LABELS; i++)
        labels[i] = i % 4 == 1 || i == 6 ? (int32_t)plan.ignored
                                         : (i * 5 + 2) % (int)plan.classes;
    return (sluice_loss_call){
        .plan = &plan,
        .rows = ROWS,
        .y = y,
        .targets = labels,
        .why = &why,
    };
}

/* Values behind the text of a line: the mean, and its gradient. */
static void check_line(char *line)
{
    char *at = line + strcspn(line, " ");
    *at++ = '\0';
    sluice_loss_call call = begin(line);
    int64_t terms = loss.ops->terms(&plan, labels, ROWS), correct;
    double sum;
    ck_assert(!loss.ops->forward(&call, &sum, &correct));
    double mean = strtod(at, &at);
    ck_assert_double_eq_tol(sum / (double)terms, mean, 1e-7);
    ck_assert(!loss.ops->backward(&call, (float)(1 / (double)terms), dy));
    for (int i = 0; i < N; i++)
        ck_assert_msg(fabs((double)dy[i] - strtod(at, &at)) < 2e-8,
                      "%s: gradient %d is %g", line, i, (double)dy[i]);
}

START_TEST(loss_and_gradient_are_those_of_pytorch)
{
    char line[LINE];
    int n = 0;
    FILE *file = fopen(SL_TEST_CROSS_ENTROPY, "r");
    ck_assert(file);
    while (fgets(line, sizeof line, file))
        if (line[0] != '#') {
            check_line(line);
            n++;
        }
    fclose(file);
    ck_assert_int_eq(n, 5);
}
END_TEST

START_TEST(the_plan_has_a_label_and_a_term_for_each_position)
{
    begin("cross_entropy:classes=5");
    ck_assert_int_eq(plan.row_terms, POSITIONS);
    ck_assert_int_eq(plan.target_row_bytes, 4 * POSITIONS);
    ck_assert_int_eq(plan.classes, 5);
    ck_assert_int_eq(plan.ignored, -100);
    ck_assert_int_eq(loss.ops->terms(&plan, labels, ROWS), LABELS - 4);
    ck_assert_int_eq(loss.ops->terms(&plan, labels, 1), POSITIONS - 1);
}
END_TEST

START_TEST(padding_and_ignored_positions_are_not_read)
{
    sluice_loss_call call = begin("cross_entropy:classes=5");
    double sum, again;
    int64_t correct, hits;
    ck_assert(!loss.ops->forward(&call, &sum, &correct));
    for (int i = 0; i < N; i++)
        if (i % OUTPUTS >= 5 || labels[i / OUTPUTS] < 0)
            y[i] = i % 2 ? NAN : INFINITY;
    ck_assert(!loss.ops->forward(&call, &again, &hits));
    ck_assert_double_eq(sum, again);
    ck_assert_int_eq(correct, hits);
    memset(dy, 0x7f, sizeof dy);
    ck_assert(!loss.ops->backward(&call, 1, dy));
    for (int i = 0; i < N; i++)
        if (i % OUTPUTS >= 5 || labels[i / OUTPUTS] < 0)
            ck_assert(dy[i] == 0);
        else
            ck_assert(isfinite(dy[i]) && dy[i] != 0);
}
END_TEST

START_TEST(positions_that_are_ignored_are_not_correct_either)
{
    sluice_loss_call call = begin("cross_entropy");
    double sum;
    int64_t correct;
    memset(y, 0, sizeof y);
    for (int i = 0; i < LABELS; i++)
        y[i * OUTPUTS + (labels[i] < 0 ? 0 : labels[i])] = 1;
    ck_assert(!loss.ops->forward(&call, &sum, &correct));
    ck_assert_int_eq(correct, LABELS - 4);
}
END_TEST

START_TEST(a_label_that_is_no_class_is_named_with_its_position)
{
    sluice_loss_call call = begin("cross_entropy:classes=5,ignore=-2");
    double sum;
    int64_t correct;
    const int32_t bad[] = {5, -1, -100};
    for (int i = 0; i < 3; i++) {
        labels[10] = bad[i];
        ck_assert_int_eq(loss.ops->forward(&call, &sum, &correct),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "row 2 of the micro-batch, position 2"),
                      "%s", why.text);
        ck_assert(strstr(why.text, "5 classes, from 0; label -2 is ignored"));
        ck_assert_int_eq(loss.ops->backward(&call, 1, dy), SLUICE_INVALID);
    }
}
END_TEST

static void refuse(sluice_cross_entropy_config config, const char *says)
{
    sluice_loss_plan other = {
        .out = sluice_shape_matrix(POSITIONS, OUTPUTS),
        .config = &config,
    };
    ck_assert_int_eq(sluice_cross_entropy()->infer(&other, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says), "%s", why.text);
}

START_TEST(impossible_configs_are_refused)
{
    refuse((sluice_cross_entropy_config){.ignore = 1},
           "label 1 cannot be ignored");
    refuse((sluice_cross_entropy_config){.ignore = INT64_MIN},
           "cannot be ignored");
    refuse((sluice_cross_entropy_config){.classes = -1}, "-1 classes");
    refuse((sluice_cross_entropy_config){.classes = OUTPUTS + 1},
           "8 classes, but a position has 7 outputs");
    sluice_loss_plan many = {.out = sluice_shape_vector((int64_t)1 << 31)};
    ck_assert_int_eq(sluice_cross_entropy()->infer(&many, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "cross_entropy: a network with 2147483648 "
                               "outputs; 1 to 2147483647 classes are possible");
    ck_assert_int_eq(sluice_loss_parse("cross_entropy:ignore=0", &loss, &why),
                     SLUICE_INVALID);
}
END_TEST

START_TEST(a_config_of_zeros_ignores_what_the_text_does)
{
    static const sluice_cross_entropy_config zeros;
    sluice_loss_plan other = {
        .out = sluice_shape_vector(OUTPUTS),
        .config = &zeros,
    };
    ck_assert(!sluice_cross_entropy()->infer(&other, &why));
    begin("cross_entropy");
    ck_assert_int_eq(other.ignored, plan.ignored);
    ck_assert_int_eq(other.classes, plan.classes);
    ck_assert_int_eq(other.row_terms, 1);
}
END_TEST

SLUICE_TEST_MAIN("nn.cross_entropy", loss_and_gradient_are_those_of_pytorch,
                 the_plan_has_a_label_and_a_term_for_each_position,
                 padding_and_ignored_positions_are_not_read,
                 positions_that_are_ignored_are_not_correct_either,
                 a_label_that_is_no_class_is_named_with_its_position,
                 impossible_configs_are_refused,
                 a_config_of_zeros_ignores_what_the_text_does)
