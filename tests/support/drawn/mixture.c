/* Settings drawn at random. */
#include "support/drawn/mixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { IN = 12, CLASSES = 5, VOCABULARY = 13, N_ROWS = 128 };

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

static float x[N_ROWS * IN];
static int32_t tokens[N_ROWS * IN + 1], labels[N_ROWS];

int sl_test_mixture_draw(struct sl_test_mixture *mixture, size_t n)
{
    uint32_t bits[8];
    sl_rng_block(mixture->point, SL_RNG_TEST,
                 (struct sl_rng_counter){{mixture->n_drawn++}}, bits);
    return (int)(bits[0] % (uint32_t)n);
}

bool sl_test_mixture_one_in(struct sl_test_mixture *mixture, size_t n)
{
    return sl_test_mixture_draw(mixture, n) == 0;
}

#define ONE_OF(mixture, list)                                                  \
    (list)[sl_test_mixture_draw(mixture, sizeof(list) / sizeof *(list))]

/* One of a few numbers. */
#define NUMBER(mixture, ...) ONE_OF(mixture, ((const int[]){__VA_ARGS__}))

int64_t sl_test_mixture_rows(struct sl_test_mixture *mixture)
{
    int64_t batch = mixture->config.batch;
    return sl_test_mixture_one_in(mixture, 3)
               ? 1 + sl_test_mixture_draw(mixture, (size_t)batch)
               : batch;
}

const void *sl_test_mixture_x(const struct sl_test_mixture *mixture, int row)
{
    return mixture->is_text ? (const void *)(tokens + row * IN)
                            : (const void *)(x + row * IN);
}

const void *sl_test_mixture_targets(const struct sl_test_mixture *mixture,
                                    int row)
{
    return mixture->is_text ? tokens + row * IN + 1 : labels + row;
}

static void draw_schedule(struct sl_test_mixture *m)
{
    int n = 0;
    while (sluice_schedule_generator(n))
        n++;
    m->config.schedule = (sluice_schedule_config){
        .name =
            sl_test_mixture_one_in(m, 3)
                ? "gpipe"
                : sluice_schedule_generator(sl_test_mixture_draw(m, (size_t)n)),
        .devices = m->in_world ? NUMBER(m, 2, 2, 3, 3, 4, 4)
                               : NUMBER(m, 1, 2, 2, 3, 4, 4),
        .microbatches = NUMBER(m, 1, 2, 3, 4, 4, 5, 8, 8),
        .chunks =
            sl_test_mixture_one_in(m, 4) ? 1 + sl_test_mixture_draw(m, 3) : 0,
    };
    if (!strcmp(m->config.schedule.name, "gpipe"))
        m->config.schedule.backward_order =
            (sluice_backward_order)sl_test_mixture_draw(m, 2);
}

static void tell(struct sl_test_mixture *m)
{
    const sluice_pipeline_config *config = &m->config;
    snprintf(m->told, sizeof m->told,
             "point %d: %s K=%d M=%d chunks %d R=%d team %d zero %d cut %d "
             "remat %d join %d gather %d %s %s vocabulary %d capacity %d",
             (int)m->point, config->schedule.name, config->schedule.devices,
             config->schedule.microbatches, config->schedule.chunks,
             config->replicas, config->team, config->zero, (int)config->cut,
             (int)config->remat, config->join_weights, config->gather_weights,
             config->gemm, config->precision ? config->precision : "float32",
             config->vocabulary_parallel, config->queue_capacity);
}

void sl_test_mixture_shape(struct sl_test_mixture *m)
{
    sluice_pipeline_config *config = &m->config;
    draw_schedule(m);
    config->replicas = NUMBER(m, 1, 1, 1, 2, 3);
    config->team =
        m->in_world ? NUMBER(m, 1, 1, 1, 1, 2) : NUMBER(m, 1, 1, 2, 2, 3);
    if (config->replicas * config->schedule.devices * config->team >
        SL_MIXTURE_DEVICES)
        config->team = 1;
    config->zero = config->replicas > 1 || sl_test_mixture_one_in(m, 6)
                       ? sl_test_mixture_draw(m, 4)
                       : 0;
    config->uneven = true;
    config->cut = (sluice_cut)NUMBER(m, SLUICE_CUT_UNIFORM, SLUICE_CUT_UNIFORM,
                                     SLUICE_CUT_FLOPS, SLUICE_CUT_BYTES);
    config->remat =
        (sluice_remat)NUMBER(m, SLUICE_REMAT_NEVER, SLUICE_REMAT_NEVER,
                             SLUICE_REMAT_ALWAYS, SLUICE_REMAT_EXCEPT_LAST);
    config->check_recompute = config->remat && sl_test_mixture_one_in(m, 2);
    config->join_weights = sl_test_mixture_one_in(m, 4);
    config->gather_weights =
        sl_test_mixture_one_in(m, 5) ? 2 + sl_test_mixture_draw(m, 3) : 0;
    config->gemm = ONE_OF(m, backends);
    config->precision = sl_test_mixture_one_in(m, 12) ? "bf16" : NULL;
    config->vocabulary_parallel = m->is_text && sl_test_mixture_one_in(m, 5);
    config->queue_capacity = sl_test_mixture_draw(m, 4);
    config->finite = (sluice_finite)sl_test_mixture_draw(m, 4);
    tell(m);
}

static void fill(void)
{
    for (int i = 0; i < N_ROWS * IN; i++) {
        uint32_t bits[8];
        sl_rng_block(3, SL_RNG_TEST, (struct sl_rng_counter){{(uint64_t)i}},
                     bits);
        x[i] = 2 * sl_rng_unit(bits[0]) - 1;
        tokens[i + 1] = (int32_t)(bits[1] % VOCABULARY);
        labels[i / IN] = (int32_t)(bits[2] % CLASSES);
    }
}

void sl_test_mixture_init(struct sl_test_mixture *m)
{
    sluice_diag why;
    fill();
    m->is_text = sl_test_mixture_one_in(m, 2);
    m->out = m->is_text ? IN * VOCABULARY : CLASSES;
    const char *text =
        m->is_text ? ONE_OF(m, text_models) : ONE_OF(m, number_models);
    const char *optimizer = ONE_OF(m, optimizers);
    if (sluice_model_parse(text, NULL, &m->model, &why) ||
        sluice_optimizer_parse(optimizer, &m->optimizer, &why)) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
    m->config = (sluice_pipeline_config){
        .batch = NUMBER(m, 8, 12, 16, 17, 24, SL_MIXTURE_BATCH),
        .loss = sluice_cross_entropy(),
        .optimizer = m->optimizer.ops,
        .optimizer_config = &m->optimizer.config,
        .seed = m->point,
    };
    sl_test_mixture_shape(m);
}

void sl_test_mixture_fini(struct sl_test_mixture *m)
{
    sluice_model_destroy(m->model);
}
