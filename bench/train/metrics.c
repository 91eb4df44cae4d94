/* Metrics as JSON lines.  The main thread. */
#include "bench/train/metrics.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/gemm.h>

#include "bench/cli/choice.h"
#include "bench/output/option_list.h"
#include "bench/train/train_choices.h"

static void set_text(json_t *line, const char *key, const char *value)
{
    json_object_set_new(line, key, value ? json_string(value) : json_null());
}

static void set_integer(json_t *line, const char *key, int64_t value)
{
    json_object_set_new(line, key, json_integer(value));
}

/* JSON has no NaN or infinity: a loss that ran away becomes null. */
static void set_real(json_t *line, const char *key, double value)
{
    json_object_set_new(line, key,
                        isfinite(value) ? json_real(value) : json_null());
}

static void set_bool(json_t *line, const char *key, bool value)
{
    json_object_set_new(line, key, json_boolean(value));
}

static json_t *new_line(const char *kind)
{
    json_t *line = json_object();
    set_text(line, "kind", kind);
    return line;
}

/* Write an object as a line, and free it. */
static void write_line(struct metrics *metrics, json_t *line)
{
    json_dumpf(line, metrics->file, JSON_COMPACT);
    fputc('\n', metrics->file);
    fflush(metrics->file);
    json_decref(line);
}

sluice_status metrics_open(struct metrics *metrics,
                           const struct training_config *config, bool goes_on,
                           sluice_diag *why)
{
    *metrics = (struct metrics){0};
    if (!config->metrics)
        return SLUICE_OK;
    metrics->file = fopen(config->metrics, goes_on ? "a" : "w");
    if (metrics->file)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_IO, "cannot write metrics to %s: %s",
                           config->metrics, strerror(errno));
}

static json_t *partition_json(const struct training_config *config)
{
    if (config->cut != SLUICE_CUT_LIST)
        return json_string(choice_name(cut_choices, config->cut));
    json_t *sizes = json_array();
    for (int i = 0; i < config->partition.n; i++)
        json_array_append_new(sizes, json_integer(config->partition.values[i]));
    return sizes;
}

/* The layers by name, however the model's text was written. */
static void set_network(json_t *line, const sluice_model *model)
{
    size_t n = sluice_model_print(model, NULL, 0) + 1;
    char *text = malloc(n);
    if (!text)
        return; /* the line is as good without it */
    sluice_model_print(model, text, n);
    set_text(line, "network", text);
    free(text);
}

static void set_environment(json_t *line, const struct environment *env)
{
    set_text(line, "version", env->version);
    set_text(line, "commit", env->commit);
    set_text(line, "cpu", env->cpu);
    set_integer(line, "cores", env->cores);
    set_text(line, "blas", env->blas);
    set_text(line, "blas_core", env->blas_core);
}

static void set_normalization(json_t *line, const sluice_dataset *data)
{
    double mean, deviation;
    sluice_dataset_normalization(data, &mean, &deviation);
    set_real(line, "data_mean", mean);
    set_real(line, "data_deviation", deviation);
}

/* The context that tables have, too; what has no value is null. */
static void set_fields(json_t *line, const struct table_fields *fields)
{
    for (int i = 0; i < fields->n; i++) {
        const struct table_field *field = &fields->of[i];
        if (field->kind == TABLE_TEXT)
            set_text(line, field->name, field->text);
        else if (field->kind == TABLE_REAL)
            set_real(line, field->name, field->real);
        else
            set_integer(line, field->name, field->integer);
    }
}

static void set_pipeline(json_t *line, const struct training_config *config)
{
    const struct order_options *order = &config->order;
    struct table_fields fields = {0};
    set_integer(line, "devices", config->devices);
    set_integer(line, "team", config->team);
    set_integer(line, "zero", config->zero);
    set_integer(line, "microbatches", config->microbatches);
    set_integer(line, "replicas", config->replicas);
    set_integer(line, "processes",
                config->joined.world ? sluice_world_size(config->joined.world)
                                     : 1);
    set_integer(line, "batch", config->batch);
    json_object_set_new(line, "partition", partition_json(config));
    order_context(order, &fields);
    set_fields(line, &fields);
}

/* What was asked for, and what that came to. */
static void set_gemm(json_t *line, const struct training_config *config,
                     const struct metrics_context *context)
{
    const char *asked = config->order.gemm;
    set_text(line, "gemm", asked ? asked : sluice_gemm_name(0));
    set_text(line, "gemm_used", context->gemm);
}

void metrics_run(struct metrics *metrics, const struct training_config *config,
                 const struct metrics_context *context)
{
    if (!metrics->file)
        return;
    metrics->tests = context->source->test;
    json_t *line = new_line("run");
    set_environment(line, context->env);
    set_text(line, "data", context->source->name);
    set_text(line, "test_x", config->source.test_x);
    set_real(line, "validation_share", config->source.validation_share);
    set_normalization(line, context->source->train);
    if (context->source->text.tokenizer_name)
        set_text(line, "tokenizer", context->source->text.tokenizer_name);
    set_text(line, "model", context->text);
    set_network(line, context->model);
    set_text(line, "weights", config->weights);
    set_text(line, "loss", context->loss->ops->name);
    sluice_option_table loss = sluice_loss_options(context->loss->ops);
    if (loss.n_options)
        json_object_set_new(line, "loss_options",
                            option_list_json(&loss, &context->loss->config));
    set_pipeline(line, config);
    set_gemm(line, config, context);
    sluice_option_table optimizer =
        sluice_optimizer_options(config->optimizer.ops);
    json_object_set_new(
        line, "optimizer",
        option_list_json(&optimizer, &config->optimizer.config));
    if (config->rate.ops) {
        sluice_option_table rate = sluice_rate_options(config->rate.ops);
        json_object_set_new(line, "learning_rate_rule",
                            option_list_json(&rate, &config->rate.config));
    }
    char augment[TRAIN_AUGMENT_TEXT];
    set_text(line, "augment", train_augment_text(config, augment));
    set_integer(line, "seed", (int64_t)config->seed);
    set_integer(line, "epochs", config->epochs);
    set_integer(line, "patience", config->patience);
    set_bool(line, "shuffle", !config->in_order);
    write_line(metrics, line);
}

bool metrics_progress(struct metrics *metrics, const sluice_progress *p,
                      double gradient_norm)
{
    if (!metrics->file)
        return true;
    json_t *line = new_line(p->epoch_end ? "epoch" : "step");
    set_integer(line, "epoch", p->epoch);
    set_integer(line, "step", (int64_t)p->step);
    set_integer(line, "rows", p->rows_done);
    if (!p->epoch_end)
        set_real(line, "step_loss", p->step_loss);
    if (!isnan(gradient_norm))
        set_real(line, "gradient_norm", gradient_norm);
    set_integer(line, "staleness", p->staleness);
    set_real(line, "loss", p->loss);
    set_real(line, "accuracy", p->accuracy);
    set_real(line, "rows_per_s", p->rows_per_s);
    if (p->epoch_end && metrics->tests) {
        set_real(line, "test_loss", p->test_loss);
        set_real(line, "test_accuracy", p->test_accuracy);
    }
    write_line(metrics, line);
    return !ferror(metrics->file);
}

void metrics_saved(struct metrics *metrics, const sluice_saving *saving)
{
    if (!metrics->file)
        return;
    json_t *line = new_line("checkpoint");
    set_integer(line, "step", (int64_t)saving->n_steps);
    set_integer(line, "files", saving->n_written);
    set_integer(line, "bytes", (int64_t)saving->bytes);
    set_real(line, "copy_s", (double)saving->copy_ns / 1e9);
    set_real(line, "wait_s", (double)saving->wait_ns / 1e9);
    set_real(line, "write_s", (double)saving->write_ns / 1e9);
    write_line(metrics, line);
}

void metrics_end(struct metrics *metrics, double measured, double formula,
                 const struct step_bound *bound)
{
    if (!metrics->file)
        return;
    json_t *line = new_line("end");
    set_real(line, "bubble_measured", measured);
    set_real(line, "bubble_formula", formula);
    if (!isnan(bound->step_ns))
        set_real(line, "step_ns", bound->step_ns);
    if (!isnan(bound->bound_ns))
        set_real(line, "bound_ns", bound->bound_ns);
    if (!isnan(bound->step_ns) && !isnan(bound->bound_ns))
        set_real(line, "bound_share", bound->bound_ns / bound->step_ns);
    write_line(metrics, line);
}

sluice_status metrics_close(struct metrics *metrics, sluice_diag *why)
{
    if (!metrics->file)
        return SLUICE_OK;
    int failed = ferror(metrics->file);
    failed |= fclose(metrics->file);
    metrics->file = NULL;
    if (!failed)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_IO,
                           "the metrics could not be written in full");
}
