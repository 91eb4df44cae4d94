/*
 * A training that is reshaped at random: after every step the bits of the
 * reference, which changes its numbers of micro-batches and replicas and its
 * order at the same steps, and is told nothing of devices, cut, queues,
 * recomputing, teams and ZeRO.
 */
#include <sluice/reshape.h>

#include <stdio.h>

#include "base/rng.h"
#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { BATCH = 13, CAPACITY = 2, MOST_LAYERS = 64, TRIES = 40 };

/* Of 6 numbers or tokens in and 5 classes, as the problems have them. */
static const char unet[] =
    "input(6); reshape(1, height=2, width=3); upsample; "
    "unet(depth=1, convolutions=1, width=2, channels=1); dropout(0.1); "
    "linear(6, activation=gelu); linear(5)";

static const char gpt[] =
    "input(6, int32); gpt2(layers=3, heads=2, width=4, vocabulary=7, "
    "context=6, dropout=0.1)";

static struct sl_test_problem problem;
static int partition[MOST_LAYERS];
static uint64_t n_drawn;

static void start(enum sl_test_kind kind, const char *model)
{
    sluice_diag why = {0};
    problem = (struct sl_test_problem){0};
    n_drawn = 0;
    ck_assert(!sl_test_problem_init(&problem, kind, 10, BATCH, NULL));
    problem.sgd.momentum = 0.9;
    if (!model)
        return;
    sluice_model_destroy(problem.model);
    problem.model = NULL;
    ck_assert_msg(!sluice_model_parse(model, NULL, &problem.model, &why), "%s",
                  why.text);
}

static int draw(int n)
{
    uint32_t bits[8];
    sl_rng_block(7, SL_RNG_TEST, (struct sl_rng_counter){{n_drawn++}}, bits);
    return (int)(bits[0] % (uint32_t)n);
}

/* A cut into stages: each has a layer, the others fall where they fall. */
static const int *draw_partition(int stages)
{
    int left = sluice_model_n_layers(problem.model) - stages;
    for (int s = 0; s < stages; s++)
        partition[s] = 1;
    while (left-- > 0)
        partition[draw(stages)]++;
    return partition;
}

/* A shape that may be refused: then another is drawn.  Its schedule is to be
 * destroyed. */
static sluice_pipeline_config draw_config(sluice_schedule **schedule)
{
    static const char *const names[] = {
        "gpipe", "1f1b",   "interleaved-1f1b", "zb-h1",      "looped-bfs",
        "zb-v",  "varuna", "dualpipe",         "dualpipe-v", "eager-1f1b",
    };
    static const sluice_cut cuts[] = {SLUICE_CUT_UNIFORM, SLUICE_CUT_LIST,
                                      SLUICE_CUT_FLOPS, SLUICE_CUT_LIST,
                                      SLUICE_CUT_BYTES};
    sluice_pipeline_config config = problem.config;
    int k = 1 + draw(4), m = 1 + draw(8);
    *schedule = sl_test_runnable(names[draw(10)], k, m, CAPACITY);
    if (!*schedule)
        return config;
    config.schedule.devices = k;
    config.schedule.microbatches = m;
    config.custom = *schedule;
    config.replicas = 1 + draw(2);
    config.team = 1 + draw(8) / 7;
    config.zero = config.replicas > 1 ? draw(4) : 0;
    config.queue_capacity = CAPACITY + draw(3);
    config.cut = cuts[draw(5)];
    config.trace = draw(2);
    config.check_recompute = draw(2);
    int stages = sluice_schedule_n_stages(*schedule) /
                 sluice_schedule_n_copies(*schedule);
    if (config.cut == SLUICE_CUT_LIST &&
        stages <= sluice_model_n_layers(problem.model))
        config.partition = draw_partition(stages);
    return config;
}

/* What the reference follows: the schedule that it is told, and its rows. */
static sluice_reference *make_reference(const sluice_pipeline_config *config,
                                        const sluice_reference *from)
{
    sluice_reference *ref;
    sluice_diag why = {0};
    ck_assert_msg(!sluice_reference_create(config, problem.model, &ref, &why),
                  "%s", why.text);
    ck_assert_msg(
        !sluice_reference_follow(ref, config->custom, NULL, false, &why), "%s",
        why.text);
    if (from)
        ck_assert(!sluice_reference_continue(ref, from, &why));
    return ref;
}

/* Both go on in another shape; refused ones leave both as they were. */
static void reshape(struct sl_test_pair *pair)
{
    sluice_diag why = {0};
    for (int i = 0; i < TRIES; i++) {
        sluice_schedule *schedule;
        sluice_pipeline_config config = draw_config(&schedule);
        if (!schedule)
            continue;
        sluice_status st = sluice_pipeline_reshape(pair->pipe, &config, &why);
        ck_assert_msg(!st || st == SLUICE_INVALID || st == SLUICE_SCHEDULE,
                      "%s", why.text);
        if (!st) {
            sluice_reference *ref = make_reference(&config, pair->ref);
            sluice_reference_destroy(pair->ref);
            pair->ref = ref;
        }
        sluice_schedule_destroy(schedule);
        if (!st)
            return;
    }
    ck_abort_msg("no shape of %d can be had: %s", TRIES, why.text);
}

static void train(const char *name)
{
    static const int rows[] = {BATCH, 6, 1, BATCH - 1};
    struct sl_test_pair pair = {.problem = &problem};
    int n = sl_test_is_long() ? 100 : 25;
    sluice_pipeline_config config = problem.config;
    config.schedule.microbatches = 3;
    ck_assert(!sl_test_pair_init(&pair, &problem, &config));
    for (int i = 0; i < n; i++) {
        long wrong = sl_test_step(&pair, i % BATCH, rows[i % 4]);
        reshape(&pair);
        wrong += sl_test_parameters(&pair);
        if (i % 4 == 1)
            wrong += sl_test_evaluate(&pair, 1, BATCH + 3);
        ck_assert_msg(!wrong, "%s, reshape %d: %ld values differ; %s", name, i,
                      wrong, pair.text);
    }
    long wrong = sl_test_step(&pair, 0, BATCH);
    ck_assert_msg(!wrong, "%s: %s", name, pair.text);
    ck_assert_uint_eq(sluice_pipeline_n_reshapes(pair.pipe), (uint64_t)n);
    ck_assert_uint_eq(sluice_pipeline_n_steps(pair.pipe), (uint64_t)n + 1);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}

START_TEST(a_perceptron_keeps_its_bits)
{
    start(SL_TEST_DROPOUT, NULL);
    train("a perceptron with dropout");
    start(SL_TEST_BLOCKS, NULL);
    train("residual blocks");
}
END_TEST

START_TEST(a_transformer_with_tied_embeddings_keeps_its_bits)
{
    start(SL_TEST_GPT, gpt);
    train("gpt2");
}
END_TEST

START_TEST(batch_norms_and_skip_connections_keep_their_bits)
{
    start(SL_TEST_RELU, unet);
    train("unet");
}
END_TEST

SLUICE_TEST_MAIN("pipeline.reshape_bits", a_perceptron_keeps_its_bits,
                 a_transformer_with_tied_embeddings_keeps_its_bits,
                 batch_norms_and_skip_connections_keep_their_bits)
