/* As test_oom.c, of a pipeline whose head is cut across its devices, and one
 * whose embedding is, too; of two devices also with replicas that share the
 * rows (ZeRO). */
#include <sluice/pipeline.h>

#include "support/allocator.h"
#include "support/process.h"
#include "support/runner.h"

enum { BATCH = 4, WIDTH = 3 };

static struct sl_test_allocator allocator;

static const float numbers[BATCH * WIDTH] = {1, 2, 3, 4, 5, 6};
static const int32_t tokens[BATCH * WIDTH] = {1, 2, 3, 4, 0, 1};

static const struct kind {
    const char *model;
    const void *x;
} kinds[] = {
    {"input(3); linear(3) x3; head(5)", numbers},
    {"input(3, int32); sequence{embedding(5, width=2)}; flatten; linear(6); "
     "sequence{linear(2); head(5)}; tie(3.1.weight, 0.0.weight)",
     tokens},
    {"input(3, int32); embedding(6, width=2); flatten; linear(2); head(5)",
     tokens},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* All calls that may allocate, in order; the first bad status ends it. */
static sluice_status live(const struct kind *kind, int devices)
{
    static const int32_t labels[BATCH] = {0, 4, 2, 1};
    const sluice_sgd_config sgd = {.learning_rate = 0.1, .clip = 0.1};
    bool shares = devices == 2;
    const sluice_pipeline_config config = {
        .schedule = {.name = shares ? "gpipe" : "1f1b",
                     .devices = devices,
                     .microbatches = 2},
        .replicas = shares ? 2 : 1,
        .zero = shares ? 3 : 0,
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
    sluice_status st =
        sluice_model_parse(kind->model, &allocator.hooks, &model, &why);
    if (!st)
        st = sluice_pipeline_create(&config, model, &pipe, &why);
    ck_assert(!st || !pipe);
    if (!st)
        st = sluice_pipeline_step(pipe, kind->x, labels, BATCH, &result, &why);
    if (!st)
        st = sluice_pipeline_evaluate(pipe, kind->x, labels, BATCH, &result,
                                      &why);
    ck_assert(why.status == st);
    ck_assert(!st == !why.text[0]);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    return st;
}

START_TEST(every_allocation_for_a_cut_vocabulary_may_fail)
{
    for (int i = 0; i < KINDS * 3; i++) {
        const struct kind *kind = &kinds[i / 3];
        int devices = 1 + i % 3;
        sl_test_allocator_init(&allocator);
        ck_assert_int_eq(live(kind, devices), SLUICE_OK);
        int threads = sl_test_threads_at_rest();
        bool failed = true;
        for (long at = 1; failed; at++) {
            sl_test_allocator_arm(&allocator, at, false);
            sluice_status st = live(kind, devices);
            failed = sl_test_allocator_failed(&allocator);
            ck_assert_msg(st == (failed ? SLUICE_NO_MEMORY : SLUICE_OK),
                          "%s, K %d, allocation %ld: %s", kind->model, devices,
                          at, sluice_status_name(st));
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
                 every_allocation_for_a_cut_vocabulary_may_fail)
