/* What a schedule costs, as `sluice schedule` tells it. */
#include "bench/schedule/schedule_price.h"

#include <math.h>

#include "bench/order/schedule_names.h"
#include "bench/schedule/schedule_make.h"
#include "support/runner.h"

static struct schedule_wanted want(const char *name)
{
    return (struct schedule_wanted){
        .devices = 4,
        .microbatches = 8,
        .order = {.schedule = name, .capacity = 8},
        .costs = {.forward = 1,
                  .input = 1,
                  .weight = 1,
                  .recompute = -1,
                  .cell_ns = 1200},
    };
}

static struct schedule_price priced(const struct schedule_wanted *wanted)
{
    struct schedule_price price = {0};
    sluice_schedule *schedule;
    ck_assert_int_eq(schedule_make(wanted, &schedule, NULL), SLUICE_OK);
    ck_assert_int_eq(
        schedule_price(wanted, schedule, NULL, false, &price, NULL), SLUICE_OK);
    sluice_schedule_destroy(schedule);
    return price;
}

START_TEST(stages_share_the_time_of_their_device)
{
    static const int places[] = {0, 1, 1, 1};
    const struct schedule_costs costs = {
        .forward = 1,
        .input = 2,
        .weight = 0.5,
        .recompute = 3,
        .cell_ns = 1200,
    };
    int64_t ns[4 * SLUICE_N_ACTION_KINDS];
    sluice_schedule *schedule;
    ck_assert_int_eq(
        sluice_schedule_create(2, 4, 1, places, NULL, &schedule, NULL),
        SLUICE_OK);
    ck_assert(!schedule_stage_costs(schedule, &costs, NULL, ns, NULL));
    ck_assert_int_eq(ns[SLUICE_F], 1200);
    ck_assert_int_eq(ns[SLUICE_B], 3000);
    const int64_t *last = &ns[3 * SLUICE_N_ACTION_KINDS];
    ck_assert_int_eq(last[SLUICE_F], 400);
    ck_assert_int_eq(last[SLUICE_I], 800);
    ck_assert_int_eq(last[SLUICE_W], 200);
    ck_assert_int_eq(last[SLUICE_B], 1000);
    ck_assert_int_eq(last[SLUICE_R], 1200);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(chunks_are_counted_as_parts_of_a_device)
{
    struct schedule_wanted wanted = want("interleaved-1f1b");
    struct schedule_price price = priced(&wanted);
    ck_assert_double_eq(price.all.activations, 5.5);
    ck_assert_double_eq(price.devices[3].activations, 2.5);
    ck_assert_double_eq(price.devices[0].parameters, 0.25);
    ck_assert_double_eq(price.all.parameters, 1);
    ck_assert_double_eq_tol(price.formula, 4.5 / 28.5, 1e-12);
    ck_assert_double_eq_tol(price.all.time.bubble, price.formula, 1e-12);
    schedule_price_fini(&price);
}
END_TEST

/* Whether the stages of a device are of one copy, or of several. */
START_TEST(activations_of_copies_are_counted_as_those_of_one)
{
    static const int devices[] = {0, 1};
    struct schedule_wanted wanted = want("copies.csv");
    struct schedule_price price;
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create_copies(2, 2, 2, 2, devices, NULL,
                                                   &schedule, NULL),
                     SLUICE_OK);
    for (int s = 0; s < 2; s++) {
        const sluice_action list[] = {
            {SLUICE_F, s, s}, {SLUICE_B, s, s}, {SLUICE_UPDATE, s, -1}};
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(sluice_schedule_append(schedule, s, list[i], NULL),
                             SLUICE_OK);
    }
    ck_assert_int_eq(
        schedule_price(&wanted, schedule, NULL, false, &price, NULL),
        SLUICE_OK);
    ck_assert_double_eq(price.all.activations, 1);
    ck_assert_double_eq(price.all.inner, 1);
    schedule_price_fini(&price);
    sluice_schedule_destroy(schedule);
    wanted = want("dualpipe");
    price = priced(&wanted);
    ck_assert_double_eq(price.all.activations, 5);
    schedule_price_fini(&price);
}
END_TEST

START_TEST(naive_recomputing_makes_the_backward_of_the_formula_longer)
{
    struct schedule_wanted wanted = want("gpipe");
    wanted.order.remat = SLUICE_REMAT_ALWAYS;
    wanted.moment = RECOMPUTE_NAIVE;
    struct schedule_price price = priced(&wanted);
    ck_assert_double_eq_tol(price.formula, sluice_bubble_formula(4, 8), 1e-12);
    ck_assert_double_eq_tol(price.all.time.bubble, price.formula, 1e-12);
    schedule_price_fini(&price);
    wanted.moment = RECOMPUTE_EARLY;
    price = priced(&wanted);
    ck_assert(isnan(price.formula));
    ck_assert_double_eq_tol(price.all.time.bubble, 9.0 / 41, 1e-12);
    ck_assert_double_eq(price.all.inner, 1);
    schedule_price_fini(&price);
}
END_TEST

/* The R stands before the I, which hands the gradient on. */
START_TEST(naive_recomputing_makes_the_input_gradient_longer)
{
    struct schedule_wanted wanted = want("zb-h1");
    wanted.order.remat = SLUICE_REMAT_ALWAYS;
    wanted.moment = RECOMPUTE_NAIVE;
    struct schedule_price price = priced(&wanted);
    ck_assert_double_eq_tol(price.formula, 6.0 / 38, 1e-12);
    ck_assert_double_eq_tol(price.all.time.bubble, price.formula, 1e-12);
    schedule_price_fini(&price);
}
END_TEST

START_TEST(what_a_pass_has_changed_has_no_formula)
{
    struct schedule_wanted wanted = want("1f1b");
    struct schedule_price price = priced(&wanted);
    ck_assert(!isnan(price.formula));
    schedule_price_fini(&price);
    wanted.slack = 1;
    price = priced(&wanted);
    ck_assert(isnan(price.formula));
    schedule_price_fini(&price);
    wanted.slack = 0;
    wanted.split = true;
    price = priced(&wanted);
    ck_assert(isnan(price.formula));
    ck_assert_double_lt(price.all.time.bubble, sluice_bubble_formula(4, 8));
    schedule_price_fini(&price);
}
END_TEST

START_TEST(a_name_with_a_dot_or_slash_is_that_of_a_file)
{
    ck_assert(schedule_is_file("mine.csv"));
    ck_assert(schedule_is_file("./1f1b"));
    ck_assert(!schedule_is_file("1f1b"));
    ck_assert(!schedule_is_file("mine"));
}
END_TEST

START_TEST(what_cannot_run_has_no_price)
{
    struct schedule_wanted wanted = want("looped-bfs");
    struct schedule_price price = {0};
    sluice_schedule *schedule;
    sluice_diag why;
    wanted.order.capacity = 1;
    ck_assert_int_eq(schedule_make(&wanted, &schedule, NULL), SLUICE_OK);
    ck_assert_int_eq(
        schedule_price(&wanted, schedule, NULL, false, &price, &why),
        SLUICE_SCHEDULE);
    ck_assert_int_eq(strncmp(why.text, "deadlock: ", 10), 0);
    ck_assert_ptr_null(price.simulation);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("bench.schedule_price", stages_share_the_time_of_their_device,
                 chunks_are_counted_as_parts_of_a_device,
                 activations_of_copies_are_counted_as_those_of_one,
                 naive_recomputing_makes_the_backward_of_the_formula_longer,
                 naive_recomputing_makes_the_input_gradient_longer,
                 what_a_pass_has_changed_has_no_formula,
                 a_name_with_a_dot_or_slash_is_that_of_a_file,
                 what_cannot_run_has_no_price)
