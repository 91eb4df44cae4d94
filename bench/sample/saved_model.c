/* A model from a file of trained parameters.  The main thread. */
#include "bench/sample/saved_model.h"

#include <stdio.h>
#include <stdlib.h>

#include <sluice/optimizer.h>

/* What is said about the pipeline is of no interest here, only about the file,
 * which is loaded into it. */
static void print_log(void *context, sluice_log_level level, const char *text)
{
    const struct saved_model *saved = context;
    if (!saved->pipe)
        return;
    fprintf(stderr, "%-9s %s\n",
            level == SLUICE_LOG_WARNING ? "warning" : "note", text);
}

static sluice_status read_model(const struct saved_source *source,
                                const sluice_shape *input, sluice_model **out,
                                sluice_diag *why)
{
    if (!source->model)
        return sluice_model_read(source->load, input, NULL, out, why);
    return input ? sluice_model_parse_for(source->model, input, NULL, out, why)
                 : sluice_model_parse(source->model, NULL, out, why);
}

static sluice_status choose_loss(struct saved_model *saved,
                                 const struct saved_config *config,
                                 sluice_loss_choice *loss, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (config->loss)
        *loss = *config->loss;
    else
        st = sluice_loss_for(config->labels, sluice_model_output(saved->model),
                             loss, why);
    if (st)
        return st;
    sluice_loss_plan plan = {
        .out = sluice_model_output(saved->model),
        .config = &loss->config,
    };
    st = loss->ops->infer(&plan, why);
    saved->counts_correct = plan.counts_correct;
    return st;
}

/* A pipeline of one device, or one in each process; its optimizer makes no
 * step. */
static sluice_status make_pipeline(struct saved_model *saved,
                                   const struct saved_config *config,
                                   const sluice_loss_choice *loss,
                                   sluice_diag *why)
{
    sluice_optimizer_choice optimizer;
    sluice_status st = sluice_optimizer_parse("sgd", &optimizer, why);
    sluice_pipeline_config pipeline = {
        .batch = config->batch,
        .loss = loss->ops,
        .loss_config = &loss->config,
        .optimizer = optimizer.ops,
        .optimizer_config = &optimizer.config,
        .log = print_log,
        .log_context = saved,
        .world = config->world,
    };
    if (config->world) {
        pipeline.schedule.devices = sluice_world_size(config->world);
        pipeline.schedule.microbatches = 1;
    }
    return st ? st
              : sluice_pipeline_create(&pipeline, saved->model, &saved->pipe,
                                       why);
}

sluice_status saved_model_open(struct saved_model *saved,
                               const struct saved_config *config,
                               sluice_diag *why)
{
    const struct saved_source *source = config->source;
    *saved = (struct saved_model){0};
    sluice_loss_choice loss;
    sluice_status st = read_model(source, config->input, &saved->model, why);
    if (!st)
        st = choose_loss(saved, config, &loss, why);
    st = sluice_world_agree(config->world, st, why);
    if (!st)
        st = make_pipeline(saved, config, &loss, why);
    if (!st)
        st = sluice_pipeline_load_weights_as(
            saved->pipe, saved->model, (sluice_weights_layout)source->layout,
            source->load, NULL, why);
    if (st)
        saved_model_close(saved);
    return st;
}

void saved_model_close(struct saved_model *saved)
{
    sluice_pipeline_destroy(saved->pipe);
    sluice_model_destroy(saved->model);
    *saved = (struct saved_model){0};
}

/* What the model's text says about the rows; some leave it to the data. */
static void ask_model(struct saved_rows *rows,
                      const struct saved_source *source)
{
    sluice_model *model;
    if (read_model(source, NULL, &model, NULL))
        return;
    sluice_shape input = sluice_model_input(model);
    rows->integers = sluice_model_input_type(model) == SLUICE_I32;
    rows->context = sluice_shape_elements(&input);
    sluice_model_destroy(model);
}

static sluice_status ask_tokenizer(struct saved_rows *rows, const char *path,
                                   const char *name, sluice_diag *why)
{
    sluice_status st =
        name ? sluice_tokenizer_parse(name, NULL, &rows->tokenizer, why)
             : sluice_tokenizer_read(path, NULL, &rows->tokenizer, why);
    if (st)
        return st;
    size_t n = sluice_tokenizer_print(rows->tokenizer, NULL, 0) + 1;
    rows->tokenizer_name = malloc(n);
    if (!rows->tokenizer_name)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the tokenizer's name");
    sluice_tokenizer_print(rows->tokenizer, rows->tokenizer_name, n);
    return SLUICE_OK;
}

sluice_status saved_rows_read(struct saved_rows *rows,
                              const struct saved_source *source, bool of_text,
                              const char *tokenizer, sluice_diag *why)
{
    *rows = (struct saved_rows){0};
    ask_model(rows, source);
    sluice_status st = sluice_normalization_read(
        source->load, NULL, &rows->mean, &rows->deviation, why);
    if (st == SLUICE_NOT_FOUND)
        st = SLUICE_OK;
    if (!st && of_text)
        st = ask_tokenizer(rows, source->load, tokenizer, why);
    if (st)
        saved_rows_close(rows);
    return st;
}

void saved_rows_close(struct saved_rows *rows)
{
    sluice_tokenizer_destroy(rows->tokenizer);
    free(rows->tokenizer_name);
    *rows = (struct saved_rows){0};
}
