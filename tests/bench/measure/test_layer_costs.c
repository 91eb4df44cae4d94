/* What layers take, as it is measured. */
#include "bench/measure/layers/layer_costs.h"

#include "support/runner.h"

static void check_costs(int microbatches, int devices, int team)
{
    sluice_model *model;
    int64_t costs[3][SLUICE_N_ACTION_KINDS];
    int64_t first[3][SLUICE_N_ACTION_KINDS];
    const struct layer_costs_config config = {
        .rows = 8,
        .microbatches = microbatches,
        .seed = 1,
        .devices = devices,
        .team = team,
    };
    ck_assert_int_eq(sluice_model_parse("32-32x3", NULL, &model, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(
        layer_costs_measure(model, &config, costs[0], first[0], NULL),
        SLUICE_OK);
    for (int i = 0; i < 3; i++)
        for (int kind = 0; kind <= SLUICE_UPDATE; kind++) {
            if (kind == SLUICE_S || kind == SLUICE_T)
                continue; /* of a cut vocabulary, which no layer has here */
            ck_assert_int_gt(costs[i][kind], 0);
            ck_assert_int_ge(first[i][kind], 0);
        }
    for (int i = 0; i < 3; i++)
        ck_assert_int_gt(costs[i][SLUICE_REDUCE_GRAD], 0);
    sluice_model_destroy(model);
}

START_TEST(every_layer_has_costs_of_every_kind)
{
    check_costs(8, 1, 1);
}
END_TEST

START_TEST(also_with_several_devices_at_work)
{
    check_costs(8, 2, 1);
}
END_TEST

START_TEST(also_of_a_team)
{
    check_costs(8, 1, 2);
}
END_TEST

START_TEST(also_where_weights_are_used_once_or_a_few_times)
{
    check_costs(1, 1, 1);
    check_costs(4, 1, 1);
}
END_TEST

SLUICE_TEST_MAIN("bench.layer_costs", every_layer_has_costs_of_every_kind,
                 also_with_several_devices_at_work, also_of_a_team,
                 also_where_weights_are_used_once_or_a_few_times)
