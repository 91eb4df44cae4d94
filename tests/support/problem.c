/* Small training problems.  All data is drawn by counters: no state. */
#include "support/problem.h"

#include <sluice/across_layers.h>

#include <stdio.h>
#include <stdlib.h>

#include <sluice/sequence_layers.h>

#include "base/rng.h"
#include "support/tokens.h"

enum { WIDTH = 6, CLASSES = 5, TOKEN_WIDTH = 8 };

/* A number in [-1, 1) by the position of its use. */
static float noise(uint64_t what, int64_t i)
{
    uint32_t bits[8];
    sl_rng_block(what, SL_RNG_TEST, (struct sl_rng_counter){{(uint64_t)i}},
                 bits);
    return 2 * sl_rng_unit(bits[0]) - 1;
}

/* Widths that differ from layer to layer, so that a mix-up shows. */
static int64_t width(int layer, int layers)
{
    return layer == layers - 1 ? CLASSES : WIDTH + 3 * (layer % 3) + layer % 2;
}

/* x + f(x); with i the inside differs, and what of it backwards read. */
static sluice_status add_block(sluice_model *model, int i)
{
    sluice_shape out = sluice_model_output(model);
    const sluice_dropout_config dropout = {0.25F};
    const sluice_linear_config hidden = {
        .out = 4 + i, .activation = i % 2 ? SLUICE_GELU : SLUICE_RELU};
    const sluice_linear_config back = {.out = out.dims[0],
                                       .activation = i % 3 ? SLUICE_IDENTITY
                                                           : SLUICE_TANH};
    sluice_status st = sluice_model_begin(model, sluice_residual(), NULL);
    if (!st && i % 2)
        st = sluice_model_add(model, sluice_layer_norm(), NULL, NULL);
    if (!st)
        st = sluice_model_add(model, sluice_linear(), &hidden, NULL);
    if (!st)
        st = sluice_model_add(model, sluice_dropout(), &dropout, NULL);
    if (!st)
        st = sluice_model_add(model, sluice_linear(), &back, NULL);
    return st ? st : sluice_model_end(model, NULL);
}

/* x + attention(norm(x)), with i attention of another kind. */
static sluice_status add_attention(sluice_model *model, int i)
{
    static const sluice_layer_norm_config norm = {.per_position = true};
    const sluice_attention_config attention = {
        .heads = 4,
        .kv_heads = i % 3,
        .causal = i % 2,
        .rotary = i % 4 == 1 ? 10000 : 0,
        .dropout = i % 4 == 2 ? 0.2F : 0,
        .no_bias = i % 4 == 3,
        .std = 0.2F,
    };
    sluice_status st = sluice_model_begin(model, sluice_residual(), NULL);
    if (!st)
        st = sluice_model_add(model, sluice_layer_norm(), &norm, NULL);
    if (!st)
        st = sluice_model_add(model, sluice_attention(), &attention, NULL);
    return st ? st : sluice_model_end(model, NULL);
}

/* x + f(norm(x)), f being two linear layers for each position. */
static sluice_status add_feed_forward(sluice_model *model)
{
    static const sluice_rms_norm_config norm = {.per_position = true};
    static const sluice_linear_config up = {.out = 9,
                                            .activation = SLUICE_GELU_TANH,
                                            .per_position = true},
                                      down = {.out = TOKEN_WIDTH,
                                              .per_position = true};
    sluice_status st = sluice_model_begin(model, sluice_residual(), NULL);
    if (!st)
        st = sluice_model_add(model, sluice_rms_norm(), &norm, NULL);
    if (!st)
        st = sluice_model_add(model, sluice_linear(), &up, NULL);
    if (!st)
        st = sluice_model_add(model, sluice_linear(), &down, NULL);
    return st ? st : sluice_model_end(model, NULL);
}

/* Embeddings, then layers that are a block of a transformer or half of one,
 * and a head. */
static sluice_status add_gpt_layer(sluice_model *model, int i, bool last)
{
    const sluice_embedding_config embedding = {SL_TEST_VOCABULARY, TOKEN_WIDTH,
                                               0.5F};
    const sluice_position_embedding_config positions = {.context = WIDTH + 1};
    const sluice_linear_config head = {.out = CLASSES, .per_position = true};
    if (i == 0)
        return sluice_model_add(model, sluice_embedding(), &embedding, NULL);
    if (last)
        return sluice_model_add(model, sluice_linear(), &head, NULL);
    if (i == 1)
        return sluice_model_add(model, sluice_position_embedding(), &positions,
                                NULL);
    if (i % 3 == 0)
        return add_attention(model, i);
    if (i % 3 == 1)
        return add_feed_forward(model);
    sluice_status st = sluice_model_begin(model, sluice_sequence(), NULL);
    if (!st)
        st = add_attention(model, i);
    if (!st)
        st = add_feed_forward(model);
    return st ? st : sluice_model_end(model, NULL);
}

/* 6-5-6-6- ... -6-5: weights that have the same shape as that of layer 1, or of
 * layer 2. */
static sluice_status add_tied(sluice_model *model, int i, int layers)
{
    const sluice_linear_config linear = {.out = i == 0 ? CLASSES : WIDTH,
                                         .activation = SLUICE_TANH};
    char name[32];
    if (i == layers - 1) {
        const sluice_head_config head = {.vocabulary = CLASSES};
        sluice_status st = sluice_model_add(model, sluice_head(), &head, NULL);
        snprintf(name, sizeof name, "%d.weight", i);
        return st ? st : sluice_model_tie(model, name, "1.weight", NULL);
    }
    sluice_status st = sluice_model_add(model, sluice_linear(), &linear, NULL);
    if (st || i < 4 || i % 2)
        return st;
    snprintf(name, sizeof name, "%d.weight", i);
    st = sluice_model_tie(model, name, "2.weight", NULL);
    snprintf(name, sizeof name, "%d.bias", i);
    return st ? st : sluice_model_tie(model, name, "2.bias", NULL);
}

static sluice_status add_stash(sluice_model *model, const char *name)
{
    sluice_stash_config config = {0};
    snprintf(config.name, sizeof config.name, "%s", name);
    return sluice_model_add(model, sluice_stash(), &config, NULL);
}

static sluice_status add_pop(sluice_model *model, const char *name, bool concat)
{
    sluice_pop_config config = {.concat = concat};
    snprintf(config.name, sizeof config.name, "%s", name);
    return sluice_model_add(model, sluice_pop(), &config, NULL);
}

/* linear, stash(a), linear, stash(b), ..., pop(b, concat), linear, pop(a),
 * linear; of few layers stash(a), ..., pop(a), linear. */
static sluice_status add_skip(sluice_model *model, int i, int layers)
{
    bool few = layers < 8;
    sluice_linear_config linear = {.out = !few && i == 2 ? WIDTH + 1 : WIDTH,
                                   .activation = SLUICE_GELU};
    if (i == layers - 1)
        linear = (sluice_linear_config){.out = CLASSES};
    else if (i == (few ? 0 : 1))
        return add_stash(model, "a");
    else if (i == layers - 2)
        return add_pop(model, "a", false);
    else if (!few && i == 3)
        return add_stash(model, "b");
    else if (!few && i == layers - 4)
        return add_pop(model, "b", true);
    return sluice_model_add(model, sluice_linear(), &linear, NULL);
}

/* The first layer of TOKENS is the one for integers, and every third a dropout.
 * Two of three layers of BLOCKS are blocks.  Every second layer of DROPOUT,
 * NORM and MIXED is the one without matrix. */
static sluice_status add_layer(struct sl_test_problem *problem,
                               enum sl_test_kind kind, int i, int layers)
{
    static const sluice_activation activations[] = {
        [SL_TEST_RELU] = SLUICE_RELU,   [SL_TEST_DROPOUT] = SLUICE_TANH,
        [SL_TEST_NORM] = SLUICE_GELU,   [SL_TEST_PROBE] = SLUICE_IDENTITY,
        [SL_TEST_MIXED] = SLUICE_TANH,  [SL_TEST_BLOCKS] = SLUICE_TANH,
        [SL_TEST_TOKENS] = SLUICE_TANH,
    };
    bool last = i == layers - 1;
    if (kind == SL_TEST_GPT)
        return add_gpt_layer(problem->model, i, last);
    if (kind == SL_TEST_SKIPS)
        return add_skip(problem->model, i, layers);
    if (kind == SL_TEST_TIED)
        return add_tied(problem->model, i, layers);
    if (kind == SL_TEST_PROBE || (kind == SL_TEST_MIXED && i % 2 == 1 && !last))
        return sluice_model_add(problem->model, sl_test_probe_layer(),
                                &problem->probe, NULL);
    if (kind == SL_TEST_TOKENS && i == 0)
        return sluice_model_add(problem->model, sl_test_lookup_layer(), NULL,
                                NULL);
    if ((kind == SL_TEST_DROPOUT && i % 2 == 1 && !last) ||
        (kind == SL_TEST_TOKENS && i % 3 == 2 && !last))
        return sluice_model_add(problem->model, sluice_dropout(),
                                &(sluice_dropout_config){.rate = 0.25F}, NULL);
    if (kind == SL_TEST_NORM && i % 2 == 1 && !last)
        return sluice_model_add(problem->model, sluice_layer_norm(), NULL,
                                NULL);
    if (kind == SL_TEST_BLOCKS && i % 3 > 0 && !last)
        return add_block(problem->model, i);
    return sluice_model_add(
        problem->model, sluice_linear(),
        &(sluice_linear_config){
            .out = width(i, layers),
            .activation = last ? SLUICE_IDENTITY : activations[kind],
            .no_bias = i % 5 == 3,
        },
        NULL);
}

static bool is_squared_error(enum sl_test_kind kind)
{
    return kind == SL_TEST_DROPOUT || kind == SL_TEST_MIXED;
}

static bool takes_tokens(enum sl_test_kind kind)
{
    return kind == SL_TEST_TOKENS || kind == SL_TEST_GPT;
}

static void fill_targets(struct sl_test_problem *problem,
                         enum sl_test_kind kind)
{
    for (int64_t r = 0; r < problem->n_rows; r++) {
        char *row = problem->targets + (size_t)r * problem->target_bytes;
        if (kind == SL_TEST_PROBE)
            *(struct sl_test_target *)(void *)row = (struct sl_test_target){
                .probe = &problem->probe,
                .row = (int32_t)(r % problem->config.batch),
                .t = noise(3, r),
            };
        else if (is_squared_error(kind))
            for (int64_t i = 0; i < problem->out; i++)
                ((float *)(void *)row)[i] = noise(2, r * problem->out + i);
        else
            for (size_t i = 0; i < problem->target_bytes / sizeof(int32_t); i++)
                ((int32_t *)(void *)row)[i] =
                    (int32_t)((r * 7 + (int64_t)i * 3) % CLASSES);
    }
}

static void fill(struct sl_test_problem *problem, enum sl_test_kind kind)
{
    static const size_t target_bytes[] = {
        [SL_TEST_RELU] = sizeof(int32_t),
        [SL_TEST_NORM] = sizeof(int32_t),
        [SL_TEST_BLOCKS] = sizeof(int32_t),
        [SL_TEST_TOKENS] = sizeof(int32_t),
        [SL_TEST_GPT] = WIDTH * sizeof(int32_t),
        [SL_TEST_SKIPS] = sizeof(int32_t),
        [SL_TEST_TIED] = sizeof(int32_t),
        [SL_TEST_PROBE] = sizeof(struct sl_test_target),
    };
    problem->in = WIDTH;
    sluice_shape out = sluice_model_output(problem->model);
    problem->out = sluice_shape_elements(&out);
    problem->target_bytes = is_squared_error(kind)
                                ? (size_t)problem->out * sizeof(float)
                                : target_bytes[kind];
    size_t rows = (size_t)problem->n_rows;
    problem->x = malloc(rows * WIDTH * sizeof *problem->x);
    problem->targets = malloc(rows * problem->target_bytes);
    if (!problem->x || !problem->targets)
        abort();
    for (int64_t i = 0; i < problem->n_rows * WIDTH; i++)
        if (takes_tokens(kind))
            problem->tokens[i] = (int32_t)(i * i % SL_TEST_VOCABULARY);
        else
            problem->x[i] = noise(1, i);
    fill_targets(problem, kind);
}

sluice_status sl_test_problem_init(struct sl_test_problem *problem,
                                   enum sl_test_kind kind, int layers,
                                   int64_t batch,
                                   const sluice_allocator *allocator)
{
    static const sluice_sgd_config sgds[] = {
        [SL_TEST_RELU] = {.learning_rate = 0.1},
        [SL_TEST_DROPOUT] = {.learning_rate = 0.05, .momentum = 0.9},
        [SL_TEST_NORM] = {.learning_rate = 0.05,
                          .momentum = 0.8,
                          .weight_decay = 0.01,
                          .nesterov = true},
        [SL_TEST_BLOCKS] = {.learning_rate = 0.05, .momentum = 0.9},
        [SL_TEST_TOKENS] = {.learning_rate = 0.05, .momentum = 0.9},
        [SL_TEST_GPT] = {.learning_rate = 0.05, .momentum = 0.9},
        [SL_TEST_SKIPS] = {.learning_rate = 0.05, .momentum = 0.9},
        [SL_TEST_TIED] = {.learning_rate = 0.05, .momentum = 0.9, .clip = 0.5},
        [SL_TEST_PROBE] = {.learning_rate = 0.1},
        [SL_TEST_MIXED] = {.learning_rate = 0.05},
    };
    struct sl_test_probe probe = problem->probe;
    *problem = (struct sl_test_problem){
        .probe = probe,
        .sgd = sgds[kind],
        .n_rows = 3 * batch,
    };
    problem->config = (sluice_pipeline_config){
        .batch = batch,
        .uneven = true,
        .loss = kind == SL_TEST_PROBE    ? sl_test_probe_loss()
                : is_squared_error(kind) ? sluice_mean_squared_error()
                                         : sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &problem->sgd,
        .seed = 42,
        .gemm = getenv("SLUICE_TEST_GEMM"),
        .precision = getenv("SLUICE_TEST_PRECISION"),
        .allocator = allocator,
    };
    sluice_model_config config = {
        .input = sluice_shape_vector(WIDTH),
        .allocator = allocator,
        .input_type = takes_tokens(kind) ? SLUICE_I32 : SLUICE_F32,
    };
    sluice_status st = sluice_model_create(&config, &problem->model, NULL);
    if (st)
        return st;
    for (int i = 0; i < layers && !st; i++)
        st = add_layer(problem, kind, i, layers);
    if (st)
        sluice_model_destroy(problem->model);
    else
        fill(problem, kind);
    return st;
}

void sl_test_problem_fini(struct sl_test_problem *problem)
{
    sluice_model_destroy(problem->model);
    free(problem->x);
    free(problem->targets);
}

const void *sl_test_x(const struct sl_test_problem *problem, int64_t row)
{
    return problem->x + row * problem->in; /* integers are as large */
}

const void *sl_test_targets(const struct sl_test_problem *problem, int64_t row)
{
    return problem->targets + (size_t)row * problem->target_bytes;
}

sluice_schedule *sl_test_runnable(const char *name, int devices,
                                  int microbatches, int capacity)
{
    sluice_schedule *schedule;
    sluice_schedule_config config = {
        .name = name, .devices = devices, .microbatches = microbatches};
    sluice_verify_config verify = {.queue_capacity = capacity};
    if (sluice_schedule_generate(&config, &schedule, NULL))
        return NULL;
    if (!sluice_schedule_verify(schedule, &verify, NULL, NULL))
        return schedule;
    sluice_schedule_destroy(schedule);
    return NULL;
}
