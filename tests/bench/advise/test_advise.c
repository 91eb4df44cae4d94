/* Advice: predictions that can be checked by hand, and who gets chosen. */
#include "bench/advise/advise.h"

#include "support/runner.h"

#include <sluice/model.h>
#include <sluice/schedule.h>

/* All layers alike: a microsecond a row, twice that backward. */
static sluice_status alike(const sluice_model *model, int64_t rows,
                           uint64_t seed, int64_t *costs_ns, sluice_diag *why)
{
    (void)seed;
    (void)why;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        int64_t *ns = costs_ns + i * SLUICE_N_ACTION_KINDS;
        for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
            ns[kind] = -1;
        ns[SLUICE_F] = ns[SLUICE_R] = 1000 * rows;
        ns[SLUICE_B] = 2000 * rows;
        ns[SLUICE_UPDATE] = 0;
    }
    return SLUICE_OK;
}

static const struct advise_config config = {
    .model = "32-32x8",
    .batch = 64,
    .devices = 4,
    .microbatches = {3, {1, 3, 16}},
    .seed = 1,
    .costs = alike,
};

START_TEST(every_layer_gets_its_costs)
{
    sluice_model *model;
    int64_t costs[3][SLUICE_N_ACTION_KINDS];
    ck_assert_int_eq(sluice_model_parse("32-32x3", NULL, &model, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(layer_costs_measure(model, 8, 1, &costs[0][0], NULL),
                     SLUICE_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_gt(costs[i][SLUICE_F], 0);
        ck_assert_int_gt(costs[i][SLUICE_B], 0);
        ck_assert_int_gt(costs[i][SLUICE_R], 0);
        ck_assert_int_gt(costs[i][SLUICE_UPDATE], 0);
        ck_assert_int_gt(costs[i][SLUICE_W], 0);
        ck_assert_int_gt(costs[i][SLUICE_I], 0);
    }
    sluice_model_destroy(model);
}
END_TEST

START_TEST(numbers_that_do_not_divide_the_batch_are_left_out)
{
    struct advice advice;
    ck_assert_int_eq(advise(&config, &advice, NULL), SLUICE_OK);
    /* M = 1 and 16; K = 1, 2 and 4; with and without. */
    ck_assert_int_eq(advice.n, 2 * 3 * 2);
    for (int i = 0; i < advice.n; i++)
        ck_assert_int_ne(advice.rows[i].microbatches, 3);
    advice_fini(&advice);
}
END_TEST

START_TEST(one_micro_batch_leaves_the_bubble_of_the_formula)
{
    struct advice advice;
    ck_assert_int_eq(advise(&config, &advice, NULL), SLUICE_OK);
    for (int i = 0; i < advice.n; i++) {
        const struct advise_row *row = &advice.rows[i];
        if (row->devices == 1)
            ck_assert(row->bubble == 0);
        /* Only one device works at a time, whatever the costs. */
        if (row->microbatches == 1 && row->remat == SLUICE_REMAT_NEVER)
            ck_assert(row->bubble > row->formula - 1e-9 &&
                      row->bubble < row->formula + 1e-9);
    }
    advice_fini(&advice);
}
END_TEST

/* Half way between the rows that take least and most. */
static size_t middle_bytes(void)
{
    struct advice advice;
    size_t least = SIZE_MAX, most = 0;
    ck_assert_int_eq(advise(&config, &advice, NULL), SLUICE_OK);
    for (int i = 0; i < advice.n; i++) {
        size_t bytes = advice.rows[i].bytes;
        least = bytes < least ? bytes : least;
        most = bytes > most ? bytes : most;
    }
    advice_fini(&advice);
    return least + (most - least) / 2;
}

START_TEST(the_choice_fits_and_nothing_that_fits_is_faster)
{
    struct advice advice;
    struct advise_config capped = config;
    capped.cap_bytes = middle_bytes();
    ck_assert_int_eq(advise(&capped, &advice, NULL), SLUICE_OK);
    const struct advise_row *choice = advice_choice(&advice);
    int n_over = 0;
    ck_assert_ptr_nonnull(choice);
    ck_assert(choice->fits);
    for (int i = 0; i < advice.n; i++) {
        const struct advise_row *row = &advice.rows[i];
        ck_assert_int_eq(row->fits, row->bytes <= capped.cap_bytes);
        n_over += !row->fits;
        if (row->fits)
            ck_assert((double)choice->step_ns <= 1.01 * (double)row->step_ns);
    }
    ck_assert_int_gt(n_over, 0);
    advice_fini(&advice);
}
END_TEST

START_TEST(nothing_is_chosen_if_nothing_fits)
{
    struct advice advice;
    struct advise_config capped = config;
    capped.cap_bytes = 64;
    ck_assert_int_eq(advise(&capped, &advice, NULL), SLUICE_OK);
    ck_assert_ptr_null(advice_choice(&advice));
    advice_fini(&advice);
}
END_TEST

START_TEST(the_rule_is_four_micro_batches_for_each_device)
{
    struct advice advice;
    const struct advise_row four = {.devices = 4};
    const struct advise_row two = {.devices = 2};
    ck_assert_int_eq(advise(&config, &advice, NULL), SLUICE_OK);
    const struct advise_row *rule = advice_rule(&advice, &four);
    ck_assert_ptr_nonnull(rule);
    ck_assert_int_eq(rule->devices, 4);
    ck_assert_int_eq(rule->microbatches, 16);
    ck_assert_ptr_null(advice_rule(&advice, &two)); /* no M = 8 */
    advice_fini(&advice);
}
END_TEST

START_TEST(a_batch_without_a_divisor_is_refused)
{
    struct advice advice;
    struct advise_config odd = config;
    odd.batch = 7;
    odd.microbatches = (struct range){1, {2}};
    ck_assert_int_eq(advise(&odd, &advice, NULL), SLUICE_INVALID);
}
END_TEST

SLUICE_TEST_MAIN("bench.advise", every_layer_gets_its_costs,
                 numbers_that_do_not_divide_the_batch_are_left_out,
                 one_micro_batch_leaves_the_bubble_of_the_formula,
                 the_choice_fits_and_nothing_that_fits_is_faster,
                 nothing_is_chosen_if_nothing_fits,
                 the_rule_is_four_micro_batches_for_each_device,
                 a_batch_without_a_divisor_is_refused)
