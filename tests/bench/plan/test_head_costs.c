/* What S and T of a cut head take. */
#include "bench/plan/head_costs.h"

#include "support/parse_model.h"
#include "support/runner.h"

static void measure(const char *text, int devices, int64_t ns[2])
{
    sluice_model *model = sl_test_parse(text);
    const struct layer_costs_config config = {
        .rows = 4, .microbatches = 4, .seed = 1, .devices = devices};
    ns[0] = ns[1] = -1;
    ck_assert(!head_costs_measure(model, &config, &ns[0], &ns[1], NULL));
    sluice_model_destroy(model);
}

START_TEST(s_and_t_are_timed_where_a_head_can_be_cut)
{
    int64_t ns[2];
    measure("input(8); linear(8) x2; head(24)", 2, ns);
    ck_assert_int_gt(ns[0], 0);
    ck_assert_int_gt(ns[1], 0);
}
END_TEST

START_TEST(nothing_is_timed_where_it_cannot)
{
    static const struct {
        const char *model;
        int devices;
    } cases[] = {
        {"input(8); linear(8) x2; head(24)", 1},
        {"input(8); linear(8) x3", 2},
        {"input(8); linear(8); head(24)", 2}, /* a device has no layer */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ns[2];
        measure(cases[i].model, cases[i].devices, ns);
        ck_assert_int_eq(ns[0], -1);
        ck_assert_int_eq(ns[1], -1);
    }
}
END_TEST

SLUICE_TEST_MAIN("bench.head_costs", s_and_t_are_timed_where_a_head_can_be_cut,
                 nothing_is_timed_where_it_cannot)
