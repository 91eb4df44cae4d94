/* What bits depend on, as texts.  The thread that owns the pipeline. */
#include "checkpoint/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sluice/version.h>

#include "checkpoint/summation_order.h"
#include "data/safetensors/checksum.h"
#include "nn/layers/composite.h"
#include "nn/model/model.h"
#include "pipeline/pipeline.h"
#include "tensor/gemm/backend.h"

static const char *number(char room[SL_FACT_ROOM], int64_t value)
{
    snprintf(room, SL_FACT_ROOM, "%" PRId64, value);
    return room;
}

/* A number that 0 says nothing about. */
static const char *known(char room[SL_FACT_ROOM], int64_t value)
{
    return value ? number(room, value) : "";
}

/* "sgd:lr=0.1,momentum=0.9" */
static const char *choice(char room[SL_FACT_ROOM], const char *name,
                          const sluice_option_table *options,
                          const void *config)
{
    int n = snprintf(room, SL_FACT_ROOM, "%.127s:", name);
    sluice_options_print(options, config, room + n, SL_FACT_ROOM - (size_t)n);
    size_t length = strlen(room);
    if (room[length - 1] == ':')
        room[length - 1] = '\0';
    return room;
}

static const char *tell_microbatches(const struct sl_subject *about,
                                     char room[SL_FACT_ROOM])
{
    return number(room, about->pipe->blueprint.grid.n_microbatches);
}

static const char *tell_replicas(const struct sl_subject *about,
                                 char room[SL_FACT_ROOM])
{
    return number(room, about->pipe->blueprint.grid.n_replicas);
}

static const char *tell_copies(const struct sl_subject *about,
                               char room[SL_FACT_ROOM])
{
    return number(room, about->pipe->blueprint.grid.n_copies);
}

static const char *tell_team(const struct sl_subject *about,
                             char room[SL_FACT_ROOM])
{
    return number(room, about->pipe->blueprint.grid.n_shards);
}

/* Products of some columns have the bits of the whole, except by OpenBLAS. */
static bool team_counts(const struct sl_subject *about)
{
    return strstr(sluice_pipeline_gemm(about->pipe), sl_gemm_openblas()->name);
}

/* 0: the vocabulary is whole. */
static const char *tell_parts(const struct sl_subject *about,
                              char room[SL_FACT_ROOM])
{
    const struct sl_cut_head *heads = about->pipe->blueprint.vocabulary.heads;
    return number(room, heads ? heads->n_parts : 0);
}

static const char *tell_order(const struct sl_subject *about,
                              char room[SL_FACT_ROOM])
{
    sl_summation_order(&about->pipe->blueprint, room);
    return room;
}

static const char *tell_seed(const struct sl_subject *about,
                             char room[SL_FACT_ROOM])
{
    snprintf(room, SL_FACT_ROOM, "%" PRIu64, about->pipe->blueprint.seed);
    return room;
}

/* What its parameters are tied to. */
static uint32_t add_ties(uint32_t checksum, const sluice_model *model,
                         int layer, char room[SL_FACT_ROOM])
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    for (int p = 0; p < plan->n_params; p++) {
        const struct sl_parameter_use first =
            sl_model_first_use(model, (struct sl_parameter_use){layer, p});
        if (!plan->params[p].tied)
            continue;
        snprintf(room, SL_FACT_ROOM, "%d.%s", first.layer,
                 sl_model_spec(model, first)->name);
        checksum = sl_checksum_bytes(checksum, room, strlen(room) + 1);
    }
    return checksum;
}

/* Add a layer's name and options to a checksum, and those of the layers inside
 * it, which may hold others in turn. */
static uint32_t add_layer(uint32_t checksum, const sluice_layer_ops *ops,
                          const void *config, char room[SL_FACT_ROOM])
{
    sluice_option_table options = sluice_layer_options(ops);
    choice(room, ops->name, &options, config);
    checksum = sl_checksum_bytes(checksum, room, strlen(room) + 1);
    if (!sl_is_composite(ops))
        return checksum;
    const struct sl_composite *composite = config;
    for (int i = 0; i < composite->inside.n; i++) {
        const struct sl_layer *layer = composite->inside.at[i];
        checksum = add_layer(checksum, layer->ops, layer->config, room);
    }
    return sl_checksum_bytes(checksum, "end", 4);
}

/* A checksum over the names, options and ties of all layers: their shapes are
 * those of the tensors, but not their activation. */
static const char *tell_layers(const struct sl_subject *about,
                               char room[SL_FACT_ROOM])
{
    const sluice_model *model = about->pipe->blueprint.model;
    uint32_t checksum = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        checksum = add_layer(checksum, sluice_model_layer(model, i),
                             sl_model_layer_config(model, i), room);
        checksum = add_ties(checksum, model, i, room);
    }
    snprintf(room, SL_FACT_ROOM, "%08x", (unsigned)checksum);
    return room;
}

static const char *tell_loss(const struct sl_subject *about,
                             char room[SL_FACT_ROOM])
{
    const struct sl_blueprint *bp = &about->pipe->blueprint;
    sluice_option_table options = sluice_loss_options(bp->loss);
    return choice(room, bp->loss->name, &options, bp->loss_config);
}

static const char *tell_optimizer(const struct sl_subject *about,
                                  char room[SL_FACT_ROOM])
{
    const struct sl_blueprint *bp = &about->pipe->blueprint;
    sluice_option_table options = sluice_optimizer_options(bp->optimizer);
    return choice(room, bp->optimizer->name, &options, bp->optimizer_config);
}

static const char *tell_blas(const struct sl_subject *about,
                             char room[SL_FACT_ROOM])
{
    (void)about;
    (void)room;
    return sluice_blas_description();
}

static const char *tell_blas_core(const struct sl_subject *about,
                                  char room[SL_FACT_ROOM])
{
    (void)about;
    (void)room;
    return sluice_blas_core();
}

/* The same libraries take the same products: by processor and shapes alone. */
static const char *tell_gemm(const struct sl_subject *about,
                             char room[SL_FACT_ROOM])
{
    (void)room;
    return sluice_pipeline_gemm(about->pipe);
}

static const char *tell_precision(const struct sl_subject *about,
                                  char room[SL_FACT_ROOM])
{
    (void)room;
    return sluice_pipeline_precision(about->pipe);
}

static const char *tell_onednn(const struct sl_subject *about,
                               char room[SL_FACT_ROOM])
{
    const struct sl_gemm_backend *onednn = sl_gemm_onednn();
    if (!onednn || !strstr(sluice_pipeline_gemm(about->pipe), onednn->name))
        return "";
    onednn->describe(room, SL_FACT_ROOM);
    return room;
}

static const char *tell_rate(const struct sl_subject *about,
                             char room[SL_FACT_ROOM])
{
    (void)room;
    return about->run->rate ? about->run->rate : "";
}

static const char *tell_augment(const struct sl_subject *about,
                                char room[SL_FACT_ROOM])
{
    (void)room;
    return about->run->augment ? about->run->augment : "";
}

static const char *tell_model(const struct sl_subject *about,
                              char room[SL_FACT_ROOM])
{
    (void)room;
    return about->run->model ? about->run->model : "";
}

static const char *tell_rows(const struct sl_subject *about,
                             char room[SL_FACT_ROOM])
{
    return known(room, about->run->n_rows);
}

static const char *tell_batch(const struct sl_subject *about,
                              char room[SL_FACT_ROOM])
{
    return known(room, about->run->batch);
}

static const char *tell_shuffling(const struct sl_subject *about,
                                  char room[SL_FACT_ROOM])
{
    if (!about->run->n_rows)
        return ""; /* nothing is known of the data */
    if (!about->run->shuffles)
        return "none";
    snprintf(room, SL_FACT_ROOM, "seed %" PRIu64, about->run->shuffle_seed);
    return room;
}

static const char *tell_tokenizer(const struct sl_subject *about,
                                  char room[SL_FACT_ROOM])
{
    (void)room;
    return about->run->tokenizer ? about->run->tokenizer : "";
}

static const struct sl_fact facts[SL_N_FACTS] = {
    {"sluice.microbatches", "the number of micro-batches", tell_microbatches},
    {"sluice.replicas", "the number of replicas", tell_replicas},
    {"sluice.team", "the number of devices in a team", tell_team, team_counts},
    {"sluice.copies", "the number of copies of the model", tell_copies},
    {"sluice.vocabulary_parts", "the number of parts of the vocabulary",
     tell_parts},
    {"sluice.summation_order", "the order in which gradients are added",
     tell_order},
    {"sluice.seed", "the seed", tell_seed},
    {"sluice.layers", "the checksum of the layers' options", tell_layers},
    {"sluice.loss", "the loss", tell_loss},
    {"sluice.optimizer", "the optimizer", tell_optimizer},
    {"sluice.blas", "the BLAS", tell_blas},
    {"sluice.blas_core", "the core type of the BLAS", tell_blas_core},
    {"sluice.gemm", "the libraries of matrix products", tell_gemm},
    {"sluice.precision", "the precision of matrix products", tell_precision},
    {"sluice.onednn", "oneDNN", tell_onednn},
    {"sluice.rate", "the learning-rate rule", tell_rate},
    {"sluice.augment", "the augmentation of images", tell_augment},
    {"sluice.model", "the model", tell_model},
    {"sluice.n_rows", "the number of training rows", tell_rows},
    {"sluice.batch", "the batch", tell_batch},
    {"sluice.shuffling", "the shuffling", tell_shuffling},
    {"sluice.tokenizer", "the tokenizer", tell_tokenizer},
};

const struct sl_fact *sl_fact_at(int i)
{
    return i >= 0 && i < SL_N_FACTS ? &facts[i] : NULL;
}
