/* `sluice evaluate`.  The main thread. */
#include "bench/evaluate/evaluate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/train.h>

#include "bench/cli/command.h"
#include "bench/sample/saved_model.h"

/* An evaluation under way. */
struct evaluation {
    const struct evaluate_config *config;
    struct source source;
    struct saved_model saved;
    struct saved_rows rows;
    sluice_result result;
};

/* Rows are made as those of the training were: windows as long as the model's
 * input, tokens by its tokenizer, bytes by its mean and deviation. */
static sluice_status open_source(struct evaluation *e, sluice_diag *why)
{
    struct source_config config = e->config->source;
    bool is_text = config.name && text_source_is(config.name);
    sluice_status st = saved_rows_read(&e->rows, &e->config->saved, is_text,
                                       e->config->source.text.tokenizer, why);
    if (st)
        return st;
    config.integers = e->rows.integers;
    config.text.context = e->rows.context;
    config.mean = e->rows.mean;
    config.deviation = e->rows.deviation;
    if (is_text)
        config.text.tokenizer = e->rows.tokenizer_name;
    return source_open(&e->source, &config, why);
}

static sluice_status open_model(struct evaluation *e, sluice_diag *why)
{
    sluice_loss_choice loss = e->config->loss;
    sluice_shape input = sluice_dataset_input(e->source.train);
    const struct saved_config config = {
        .source = &e->config->saved,
        .input = &input,
        .batch = e->config->batch,
        .loss = loss.ops ? &loss : NULL,
        .labels = sluice_dataset_target_type(e->source.train) == SLUICE_I32,
    };
    return saved_model_open(&e->saved, &config, why);
}

/* All rows of it, in memory of their own. */
static sluice_status evaluate_rows(struct evaluation *e,
                                   const sluice_dataset *data, sluice_diag *why)
{
    sluice_shape input = sluice_dataset_input(data);
    size_t n = (size_t)sluice_dataset_rows(data);
    int64_t *index = calloc(n, sizeof *index);
    void *x = calloc(n, (size_t)sluice_shape_elements(&input) * 4);
    void *targets = calloc(n, sluice_dataset_target_bytes(data));
    sluice_status st = SLUICE_OK;
    if (!index || !x || !targets)
        st = sluice_diag_set(why, SLUICE_NO_MEMORY, "out of memory for rows");
    if (!st) {
        sluice_dataset_in_order(data, index);
        st = sluice_dataset_gather(data, index, (int64_t)n, x, targets, why);
    }
    if (!st)
        st = sluice_pipeline_evaluate(e->saved.pipe, x, targets, (int64_t)n,
                                      &e->result, why);
    free(targets);
    free(x);
    free(index);
    return st;
}

static sluice_status evaluate(struct evaluation *e, sluice_diag *why)
{
    sluice_status st = open_source(e, why);
    if (!st)
        st = open_model(e, why);
    const sluice_dataset *data =
        e->source.test ? e->source.test : e->source.train;
    if (!st)
        st = sluice_train_check(e->saved.pipe, data, "evaluation", why);
    if (!st)
        st = evaluate_rows(e, data, why);
    return st;
}

static void print(const struct evaluation *e)
{
    const sluice_result *r = &e->result;
    printf("rows      %" PRId64 "\nterms     %" PRId64 "\nloss      %.6f\n",
           r->rows, r->terms, r->loss);
    if (e->saved.counts_correct && r->terms)
        printf("accuracy  %.6f\n", (double)r->correct / (double)r->terms);
}

static int run(const char *called, void *given)
{
    struct evaluation e = {.config = given};
    sluice_diag why;
    sluice_status st = evaluate(&e, &why);
    if (!st)
        print(&e);
    saved_model_close(&e.saved);
    source_close(&e.source);
    saved_rows_close(&e.rows);
    return st ? command_fail(called, &why) : EXIT_SUCCESS;
}

static sluice_status check(void *given, sluice_diag *why)
{
    const struct evaluate_config *config = given;
    const struct source_config *source = &config->source;
    if (!config->saved.load)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--load is missing: the file that sluice train "
                               "--save wrote");
    if (!source->x != !source->y)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--x and --y need each other");
    if (!source->x == !source->name)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "give either --data, or --x and --y");
    return SLUICE_OK;
}

const struct command evaluate_command = {
    .name = "evaluate",
    .does = "Measure a trained model on data",
    .doc = "Loss and accuracy of a trained model, forward only.",
    .groups = evaluate_groups,
    .config_bytes = sizeof(struct evaluate_config),
    .check = check,
    .run = run,
};
