/* A failed allocation while a model is built: a status, and nothing left. */
#include <sluice/model.h>

#include "support/allocator.h"
#include "support/runner.h"

static struct sl_test_allocator allocator;

/* Twelve layers by hand: the list of layers has to grow on the way. */
static sluice_status by_hand(sluice_model **model, sluice_diag *why)
{
    sluice_model_config config = {
        .input = sluice_shape_vector(3),
        .allocator = &allocator.hooks,
    };
    sluice_linear_config linear = {.out = 3};
    sluice_status st = sluice_model_create(&config, model, why);
    for (int i = 0; i < 12 && !st; i++) {
        st = sluice_model_add(*model, sluice_linear(), &linear, why);
        ck_assert_int_eq(sluice_model_n_layers(*model), st ? i : i + 1);
        ck_assert_int_eq(sluice_model_n_parameters(*model),
                         12 * sluice_model_n_layers(*model));
    }
    return st;
}

static sluice_status by_text(sluice_model **model, sluice_diag *why)
{
    return sluice_model_parse("3-4x5-2:tanh,dropout=0.5", &allocator.hooks,
                              model, why);
}

static sluice_status blocks_by_text(sluice_model **model, sluice_diag *why)
{
    return sluice_model_parse("3-res(4-3)x2-2:dropout=0.5", &allocator.hooks,
                              model, why);
}

typedef sluice_status build(sluice_model **model, sluice_diag *why);

/* Fail call 1, 2, 3 ... until none is left to fail; returns how many. */
static long sweep(build *make, bool on)
{
    sl_test_allocator_init(&allocator);
    for (long at = 1;; at++) {
        sluice_model *model = NULL;
        sluice_diag why = {.text = ""};
        sl_test_allocator_arm(&allocator, at, on);
        sluice_status st = make(&model, &why);
        bool failed = sl_test_allocator_failed(&allocator);
        sluice_model_destroy(model);
        ck_assert_int_eq(st, failed ? SLUICE_NO_MEMORY : SLUICE_OK);
        ck_assert(!failed || why.text[0]);
        ck_assert_int_eq(atomic_load(&allocator.n_live), 0);
        ck_assert_int_eq(atomic_load(&allocator.n_wrong), 0);
        if (!failed)
            return at - 1;
    }
}

START_TEST(building_by_hand_survives_each_failure)
{
    ck_assert_int_ge(sweep(by_hand, false), 1 + 2 * 12 + 2);
    ck_assert_int_ge(sweep(by_hand, true), 1 + 2 * 12 + 2);
}
END_TEST

START_TEST(parsing_survives_each_failure)
{
    ck_assert_int_ge(sweep(by_text, false), 1 + 2 * 11 + 1);
    ck_assert_int_ge(sweep(by_text, true), 1 + 2 * 11 + 1);
    ck_assert_int_ge(sweep(blocks_by_text, false), 1 + 2 * 9 + 3);
    ck_assert_int_ge(sweep(blocks_by_text, true), 1 + 2 * 9 + 3);
}
END_TEST

SLUICE_TEST_MAIN("nn.model_oom", building_by_hand_survives_each_failure,
                 parsing_survives_each_failure)
