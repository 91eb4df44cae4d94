/* As test_oom.c, of a pipeline whose head is cut across its devices. */
#include <sluice/across_layers.h>
#include <sluice/pipeline.h>

#include "support/allocator.h"
#include "support/process.h"
#include "support/runner.h"

enum { BATCH = 4, WIDTH = 3, VOCABULARY = 5, LAYERS = 3 };

static struct sl_test_allocator allocator;

static sluice_status make_model(sluice_model **model, sluice_diag *why)
{
    const sluice_model_config config = {.input = sluice_shape_vector(WIDTH),
                                        .allocator = &allocator.hooks};
    const sluice_linear_config linear = {.out = WIDTH};
    const sluice_head_config head = {.vocabulary = VOCABULARY};
    sluice_status st = sluice_model_create(&config, model, why);
    for (int i = 0; i < LAYERS && !st; i++)
        st = sluice_model_add(*model, sluice_linear(), &linear, why);
    return st ? st : sluice_model_add(*model, sluice_head(), &head, why);
}

/* All calls that may allocate, in order; the first bad status ends it. */
static sluice_status live(int devices)
{
    static const float x[BATCH * WIDTH] = {1, 2, 3, 4, 5, 6};
    static const int32_t labels[BATCH] = {0, 4, 2, 1};
    const sluice_sgd_config sgd = {.learning_rate = 0.1, .clip = 0.1};
    const sluice_pipeline_config config = {
        .schedule = {.name = "1f1b", .devices = devices, .microbatches = 2},
        .vocabulary_parallel = true,
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
        .allocator = &allocator.hooks,
    };
    sluice_model *model = NULL;
    sluice_pipeline *pipe = NULL;
    sluice_result result;
    sluice_diag why = {0};
    sluice_status st = make_model(&model, &why);
    if (!st)
        st = sluice_pipeline_create(&config, model, &pipe, &why);
    ck_assert(!st || !pipe);
    if (!st)
        st = sluice_pipeline_step(pipe, x, labels, BATCH, &result, &why);
    if (!st)
        st = sluice_pipeline_evaluate(pipe, x, labels, BATCH, &result, &why);
    ck_assert(why.status == st);
    ck_assert(!st == !why.text[0]);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    return st;
}

START_TEST(every_allocation_for_a_cut_head_may_fail)
{
    for (int devices = 1; devices <= 3; devices++) {
        sl_test_allocator_init(&allocator);
        ck_assert_int_eq(live(devices), SLUICE_OK);
        int threads = sl_test_threads_at_rest();
        bool failed = true;
        for (long at = 1; failed; at++) {
            sl_test_allocator_arm(&allocator, at, false);
            sluice_status st = live(devices);
            failed = sl_test_allocator_failed(&allocator);
            ck_assert_msg(st == (failed ? SLUICE_NO_MEMORY : SLUICE_OK),
                          "K %d, allocation %ld: %s", devices, at,
                          sluice_status_name(st));
            ck_assert_msg(!allocator.n_live && !allocator.n_wrong,
                          "K %d, allocation %ld: %ld blocks leaked, %ld wrong",
                          devices, at, (long)allocator.n_live,
                          (long)allocator.n_wrong);
            ck_assert(sl_test_threads_return_to(threads));
        }
    }
}
END_TEST

SLUICE_TEST_MAIN("pipeline.oom_cut_head",
                 every_allocation_for_a_cut_head_may_fail)
