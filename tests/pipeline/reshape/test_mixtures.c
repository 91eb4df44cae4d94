/*
 * Settings that no other test brings together, drawn at random: a model, an
 * optimizer, and shapes of schedule, devices, replicas, team, ZeRO, cut,
 * recomputation, joined and gathered W, GEMM backend, queues and checks.
 *
 * Each training is compared with the reference where that has its bits, is
 * cancelled now and then, and changes to another shape twice: by a reshape, and
 * by a checkpoint loaded into a new pipeline, which must agree.  A shape that
 * is refused must be refused by all calls alike, and is left out.
 */
#include <sluice/checkpoint.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline_state.h>
#include <sluice/reference.h>
#include <sluice/reshape.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "support/grid.h"
#include "support/runner.h"

enum {
    IN = 12,
    CLASSES = 5,
    VOCABULARY = 13,
    MOST_BATCH = 30,
    MOST_ROWS = 60, /* of an evaluation */
    N_ROWS = 128,
    MOST_DEVICES = 12,
    SHAPES = 3,
    STEPS = 2, /* with each */
    POINTS = 100,
    POINTS_LONG = 4000,
};

static const char *const number_models[] = {
    "12-16x6-5",
    "input(12); linear(10); activate(relu); layer_norm; linear(9); "
    "activate(gelu); dropout(0.3); linear(8); activate(tanh); linear(5)",
    "input(12); linear(11, activation=relu); stash(q); linear(11); stash(r); "
    "activate(silu); pop(r); rms_norm; linear(11); pop(q); linear(5)",
    "input(12); reshape(1, height=4, width=3); conv2d(4, padding=1, no-bias); "
    "batch_norm; activate(relu); stash(a); conv2d(4, padding=1); "
    "group_norm(2); activate(relu); pop(a); max_pool(2); linear(9); linear(5)",
    "input(12); reshape(2, height=3, width=2); conv2d(8, padding=1, groups=2, "
    "activation=gelu); batch_norm; residual{conv2d(8, kernel=1); batch_norm; "
    "activate(relu); conv2d(8, padding=1)}; upsample(2); average_pool(2); "
    "global_average_pool; linear(6); linear(5)",
};

static const char *const text_models[] = {
    "gpt2(layers=2, heads=4, width=16, context=12, vocabulary=13)",
    "gpt2(layers=2, heads=4, width=16, context=12, vocabulary=13, untied)",
    "gpt2(layers=3, heads=2, width=8, context=12, vocabulary=13, dropout=0.2)",
    "llama(layers=2, heads=4, width=16, context=12, vocabulary=13)",
};

static const char *const optimizers[] = {
    "sgd:lr=0.05",
    "sgd:lr=0.05,momentum=0.9",
    "adam:lr=0.01",
    "adamw:lr=0.01,clip=0.3",
    "adamw:lr=0.01,decay-all",
    "rmsprop:lr=0.01,momentum=0.5",
};

static const char *const backends[] = {"auto",   "auto",  "openblas",
                                       "packed", "plain", "onednn"};

#define ONE_OF(list) (list)[draw(sizeof(list) / sizeof *(list))]

static float x[N_ROWS * IN];
static int32_t tokens[N_ROWS * IN + 1], labels[N_ROWS];
static char path[] = "/tmp/sluice-mixtures-XXXXXX";

/* The point that is under way. */
static uint64_t point, n_drawn;
static bool is_text;
static sluice_model *model;
static sluice_optimizer_choice optimizer;
static sluice_pipeline_config config;
static sluice_pipeline *trained;
static sluice_reference *ref; /* NULL: none has its bits */
static sluice_diag why;
static char told[256];

static int draw(size_t n)
{
    uint32_t bits[8];
    sl_rng_block(point, SL_RNG_TEST, (struct sl_rng_counter){{n_drawn++}},
                 bits);
    return (int)(bits[0] % (uint32_t)n);
}

static bool one_in(size_t n)
{
    return draw(n) == 0;
}

static const void *x_at(int row)
{
    return is_text ? (const void *)(tokens + row * IN)
                   : (const void *)(x + row * IN);
}

static const void *targets_at(int row)
{
    return is_text ? tokens + row * IN + 1 : labels + row;
}

static void draw_schedule(void)
{
    int n = 0;
    while (sluice_schedule_generator(n))
        n++;
    config.schedule = (sluice_schedule_config){
        .name =
            one_in(3) ? "gpipe" : sluice_schedule_generator(draw((size_t)n)),
        .devices = ONE_OF(((const int[]){1, 2, 2, 3, 4, 4})),
        .microbatches = ONE_OF(((const int[]){1, 2, 3, 4, 4, 5, 8, 8})),
        .chunks = one_in(4) ? 1 + draw(3) : 0,
    };
    if (!strcmp(config.schedule.name, "gpipe"))
        config.schedule.backward_order = (sluice_backward_order)draw(2);
}

/* A shape; what may not change stays as it is. */
static void draw_shape(void)
{
    draw_schedule();
    config.replicas = ONE_OF(((const int[]){1, 1, 1, 2, 3}));
    config.team = ONE_OF(((const int[]){1, 1, 2, 2, 3}));
    if (config.replicas * config.schedule.devices * config.team > MOST_DEVICES)
        config.team = 1;
    config.zero = config.replicas > 1 || one_in(6) ? draw(4) : 0;
    config.uneven = true;
    config.cut =
        ONE_OF(((const sluice_cut[]){SLUICE_CUT_UNIFORM, SLUICE_CUT_UNIFORM,
                                     SLUICE_CUT_FLOPS, SLUICE_CUT_BYTES}));
    config.remat = ONE_OF((
        (const sluice_remat[]){SLUICE_REMAT_NEVER, SLUICE_REMAT_NEVER,
                               SLUICE_REMAT_ALWAYS, SLUICE_REMAT_EXCEPT_LAST}));
    config.check_recompute = config.remat && one_in(2);
    config.join_weights = one_in(4);
    config.gather_weights = one_in(5) ? 2 + draw(3) : 0;
    config.gemm = ONE_OF(backends);
    config.precision = one_in(12) ? "bf16" : NULL;
    config.vocabulary_parallel = is_text && one_in(5);
    config.queue_capacity = draw(4);
    config.finite = (sluice_finite)draw(4);
    snprintf(told, sizeof told,
             "point %d: %s K=%d M=%d chunks %d R=%d team %d zero %d cut %d "
             "remat %d join %d gather %d %s %s vocabulary %d capacity %d",
             (int)point, config.schedule.name, config.schedule.devices,
             config.schedule.microbatches, config.schedule.chunks,
             config.replicas, config.team, config.zero, (int)config.cut,
             (int)config.remat, config.join_weights, config.gather_weights,
             config.gemm, config.precision ? config.precision : "",
             config.vocabulary_parallel, config.queue_capacity);
}

/* The reference of the pipeline as it is; NULL if there is none with its bits:
 * products of a team by OpenBLAS and a cut vocabulary add up otherwise, and a
 * cut other than the uniform one would have to be told where it matters. */
static sluice_reference *make_reference(void)
{
    const sluice_schedule *schedule = sluice_pipeline_schedule(trained);
    const char *gemm = sluice_pipeline_gemm(trained);
    sluice_pipeline_config same = config;
    sluice_reference *made;
    bool by_cut =
        config.join_weights || sluice_schedule_n_updates(schedule) > 1;
    if (config.vocabulary_parallel || (by_cut && config.cut) ||
        (config.team > 1 && strcmp(gemm, "plain") && strcmp(gemm, "packed")) ||
        !sluice_reference_exists(schedule, config.join_weights))
        return NULL;
    ck_assert_msg(
        !sluice_reference_order(schedule, &same.schedule.backward_order, &why),
        "%s: %s", told, why.text);
    ck_assert_msg(!sluice_reference_create(&same, model, &made, &why), "%s: %s",
                  told, why.text);
    ck_assert_msg(!sluice_reference_follow(made, schedule, NULL,
                                           config.join_weights, &why),
                  "%s: %s", told, why.text);
    return made;
}

static void check_bytes(void)
{
    for (int d = 0; d < sluice_pipeline_n_devices(trained); d++) {
        sluice_device_info info;
        sluice_pipeline_device(trained, d, &info);
        ck_assert_msg(info.actual_bytes == info.planned.total,
                      "%s: device %d has %zu bytes of %zu", told, d,
                      info.actual_bytes, info.planned.total);
    }
}

typedef sluice_status get_tensor(const void *from, const char *name,
                                 float *values, int64_t n);

static sluice_status get_of_pipe(const void *from, const char *name,
                                 float *values, int64_t n)
{
    return sluice_pipeline_get_tensor(from, name, values, n, NULL);
}

static sluice_status get_of_reference(const void *from, const char *name,
                                      float *values, int64_t n)
{
    return sluice_reference_get_parameter(from, name, values, n, NULL);
}

/* Compare the tensors that both have. */
static void compare(const void *other, get_tensor *get)
{
    sluice_state_tensor at = {0};
    while (sluice_pipeline_next_tensor(trained, &at)) {
        int64_t n = at.parameter.n;
        float *ours = calloc((size_t)n, 2 * sizeof *ours);
        ck_assert(!get_of_pipe(trained, at.name, ours, n));
        ck_assert_msg(get(other, at.name, ours + n, n) ||
                          !memcmp(ours, ours + n, (size_t)n * sizeof *ours),
                      "%s: %s differs", told, at.name);
        free(ours);
    }
}

static void *cancel(void *unused)
{
    sluice_pipeline_cancel(trained);
    return unused;
}

/* A step that is cancelled somewhere, or not at all. */
static void step_cancelled(int row, int64_t rows)
{
    pthread_t other;
    ck_assert(!pthread_create(&other, NULL, cancel, NULL));
    sluice_status st = sluice_pipeline_step(trained, x_at(row), targets_at(row),
                                            rows, NULL, &why);
    ck_assert(!pthread_join(other, NULL));
    ck_assert_msg(!st || st == SLUICE_CANCELLED, "%s: %s", told, why.text);
    if (!st && ref)
        ck_assert(!sluice_reference_step(ref, x_at(row), targets_at(row), rows,
                                         NULL, &why));
}

static void step(int row, int64_t rows)
{
    sluice_result ours, theirs;
    ck_assert_msg(!sluice_pipeline_step(trained, x_at(row), targets_at(row),
                                        rows, &ours, &why),
                  "%s: %s", told, why.text);
    if (!ref)
        return;
    ck_assert(!sluice_reference_step(ref, x_at(row), targets_at(row), rows,
                                     &theirs, &why));
    ck_assert_msg(ours.loss == theirs.loss && ours.correct == theirs.correct,
                  "%s: losses %.17g and %.17g", told, ours.loss, theirs.loss);
    compare(ref, get_of_reference);
}

static void look(int64_t rows)
{
    static float ours[MOST_ROWS * IN * VOCABULARY];
    static float theirs[MOST_ROWS * IN * VOCABULARY];
    size_t out = is_text ? IN * VOCABULARY : CLASSES;
    sluice_result a, b;
    ck_assert_msg(!sluice_pipeline_evaluate(trained, x_at(0), targets_at(0),
                                            rows, &a, &why),
                  "%s: %s", told, why.text);
    ck_assert_msg(!sluice_pipeline_infer(trained, x_at(0), rows, ours, &why),
                  "%s: %s", told, why.text);
    if (!ref)
        return;
    ck_assert(!sluice_reference_evaluate(ref, x_at(0), targets_at(0), rows, &b,
                                         &why));
    ck_assert(!sluice_reference_infer(ref, x_at(0), rows, theirs, &why));
    ck_assert_msg(a.loss == b.loss && a.correct == b.correct, "%s: evaluated",
                  told);
    ck_assert_msg(!memcmp(ours, theirs, (size_t)rows * out * sizeof *ours),
                  "%s: inferred", told);
}

static void train(void)
{
    for (int s = 0; s < STEPS; s++) {
        int row = draw(40);
        int64_t rows =
            one_in(3) ? 1 + draw((size_t)config.batch) : config.batch;
        if (one_in(5))
            step_cancelled(row, rows);
        step(row, rows);
    }
    if (one_in(3))
        look(1 + draw(MOST_ROWS));
}

/* Let a new pipeline go on from the checkpoint beside the reshaped one. */
static void go_on_from_file(sluice_pipeline *other)
{
    sluice_run run = {0};
    int n_differences;
    ck_assert_msg(
        !sluice_checkpoint_load(other, path, &run, &n_differences, &why),
        "%s: %s", told, why.text);
    ck_assert_msg(!sluice_pipeline_step(other, x_at(0), targets_at(0),
                                        config.batch, NULL, &why),
                  "%s: %s", told, why.text);
    step(0, config.batch);
    compare(other, get_of_pipe);
    sluice_pipeline_destroy(other);
}

static void change_shape(void)
{
    sluice_pipeline_config before = config;
    sluice_pipeline *other;
    sluice_run run = {0};
    ck_assert_msg(!sluice_checkpoint_save(trained, &run, path, &why), "%s: %s",
                  told, why.text);
    draw_shape();
    sluice_status made = sluice_pipeline_create(&config, model, &other, NULL);
    sluice_status st = sluice_pipeline_reshape(trained, &config, &why);
    ck_assert_msg(st == made, "%s: created with %d, reshaped with %d: %s", told,
                  (int)made, (int)st, st ? why.text : "");
    if (st) {
        config = before;
        return;
    }
    check_bytes();
    sluice_reference *next = ref ? make_reference() : NULL;
    if (next)
        ck_assert(!sluice_reference_continue(next, ref, &why));
    sluice_reference_destroy(ref);
    ref = next;
    go_on_from_file(other);
}

static void begin(uint64_t i)
{
    point = i;
    n_drawn = 0;
    is_text = one_in(2);
    const char *text = is_text ? ONE_OF(text_models) : ONE_OF(number_models);
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s",
                  why.text);
    ck_assert(!sluice_optimizer_parse(ONE_OF(optimizers), &optimizer, &why));
    config = (sluice_pipeline_config){
        .batch = ONE_OF(((const int[]){8, 12, 16, 17, 24, MOST_BATCH})),
        .loss = sluice_cross_entropy(),
        .optimizer = optimizer.ops,
        .optimizer_config = &optimizer.config,
        .seed = i,
    };
    draw_shape();
}

static void run_point(uint64_t i)
{
    sluice_memory_plan plans[MOST_DEVICES];
    begin(i);
    sluice_status planned = sluice_pipeline_plan(model, &config, plans, NULL);
    sluice_status made = sluice_pipeline_create(&config, model, &trained, &why);
    ck_assert_msg(planned == made, "%s: planned with %d, created with %d", told,
                  (int)planned, (int)made);
    if (!made) {
        check_bytes();
        ref = make_reference();
        for (int s = 0; s < SHAPES; s++) {
            if (s > 0)
                change_shape();
            train();
        }
        sluice_reference_destroy(ref);
        sluice_pipeline_destroy(trained);
    }
    sluice_model_destroy(model);
}

START_TEST(any_mixture_of_settings_has_the_bits_of_the_reference)
{
    uint64_t n = sl_test_is_long() ? POINTS_LONG : POINTS;
    for (int i = 0; i < N_ROWS * IN; i++) {
        uint32_t bits[8];
        sl_rng_block(3, SL_RNG_TEST, (struct sl_rng_counter){{(uint64_t)i}},
                     bits);
        x[i] = 2 * sl_rng_unit(bits[0]) - 1;
        tokens[i + 1] = (int32_t)(bits[1] % VOCABULARY);
        labels[i / IN] = (int32_t)(bits[2] % CLASSES);
    }
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    for (uint64_t i = 0; i < n; i++)
        if (!sl_test_skips())
            run_point(i);
    unlink(path);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.mixtures",
                 any_mixture_of_settings_has_the_bits_of_the_reference)
