/* A whole training.  The main thread. */
#include "bench/train/training.h"

#include <inttypes.h>
#include <string.h>

#include <sluice/checkpoint.h>
#include <sluice/train.h>

#include "bench/cli/choice.h"
#include "bench/output/describe.h"
#include "bench/output/output_path.h"
#include "bench/train/gradient_norm.h"
#include "bench/train/keep/keeping.h"
#include "bench/train/metrics.h"
#include "bench/train/patience.h"
#include "bench/train/stopping.h"
#include "bench/order/order.h"
#include "bench/order/schedule_source.h"
#include "bench/train/stuck.h"
#include "bench/train/told/telling.h"
#include "bench/train/told/training_page.h"
#include "bench/train/train_choices.h"
#include "bench/output/picture.h"

enum { MODEL_TEXT = SLUICE_MODEL_MAX_TEXT + 32 };

/* A training under way. */
struct training {
    const struct training_config *config;
    FILE *out; /* NULL: quiet */
    struct source source;
    char model_text[MODEL_TEXT];
    char rate_text[TRAIN_RATE_TEXT];
    char augment_text[TRAIN_AUGMENT_TEXT];
    sluice_model *model;
    sluice_loss_choice loss;
    sluice_schedule *custom; /* as order_custom() */
    sluice_pipeline *pipe;
    struct metrics metrics;
    struct keeping keeping;
    struct patience patience;
    struct gradient_norm norm;
    struct time_sum time; /* of the last epoch's full batches */
    bool says_input;      /* the model's text has it */
    bool goes_on;         /* the pipeline is there, and may be loaded into */
    struct training_page page;
    bool made_steps; /* any: it may have had nothing left to do */
    struct telling telling;
};

/* What stands before a model's text that leaves its input to the data. */
static const char *input_text(const struct training *t, char text[32])
{
    const char *spec = t->config->model;
    int64_t features = source_features(&t->source);
    text[0] = '\0';
    if (*spec == '-')
        snprintf(text, 32, "%" PRId64, features);
    else if (t->source.text.text && !t->says_input)
        snprintf(text, 32, "input(%" PRId64 ", int32); ", features);
    return text;
}

static sluice_status make_model(struct training *t, sluice_diag *why)
{
    char before[32];
    if (t->source.text.text && t->config->model[0] == '-')
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "a text needs a model that takes tokens, such "
            "as --model 'embedding(256, width=64); linear(256, per-position)'; "
            "--model help lists the layers");
    int n = snprintf(t->model_text, sizeof t->model_text, "%s%s",
                     input_text(t, before), t->config->model);
    if (n >= (int)sizeof t->model_text)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the model's text is longer than %d bytes",
                               MODEL_TEXT - 1);
    sluice_shape input = sluice_dataset_input(t->source.train);
    return sluice_model_parse_for(t->model_text, &input, NULL, &t->model, why);
}

/* What the model's text says about the rows, if it does. */
static void ask_model(struct training *t, struct source_config *source)
{
    sluice_model *model;
    t->says_input = !strncmp(t->config->model, "input", strlen("input"));
    if (sluice_model_parse(t->config->model, NULL, &model, NULL))
        return; /* it lacks its input(), or is refused later */
    sluice_shape input = sluice_model_input(model);
    t->says_input = true;
    source->integers = sluice_model_input_type(model) == SLUICE_I32;
    if (source->integers && !source->text.context)
        source->text.context = sluice_shape_elements(&input);
    sluice_model_destroy(model);
}

/* Also a quiet training tells what changes the bits of what it goes on from. */
static void print_log(void *context, sluice_log_level level, const char *text)
{
    const struct training *t = context;
    bool warns = level == SLUICE_LOG_WARNING;
    FILE *out = t->out ? t->out : t->goes_on && warns ? stderr : NULL;
    if (out)
        fprintf(out, "%-9s %s\n", warns ? "warning" : "note", text);
}

static sluice_status choose_loss(struct training *t, sluice_diag *why)
{
    t->loss = t->config->loss;
    if (t->loss.ops)
        return SLUICE_OK;
    bool labels = sluice_dataset_target_type(t->source.train) == SLUICE_I32;
    return sluice_loss_for(labels, sluice_model_output(t->model), &t->loss,
                           why);
}

static sluice_status make_pipeline(struct training *t, sluice_diag *why)
{
    const struct training_config *c = t->config;
    sluice_status st = choose_loss(t, why);
    if (!st && !c->plan)
        st = train_check_partition(c, why);
    if (!st)
        st = device_speeds_check(&c->order.speeds, c->devices, why);
    if (!st && !c->plan)
        st = order_custom(&c->order, c->devices, c->microbatches, &t->custom,
                          why);
    if (st)
        return st;
    sluice_pipeline_config config = {
        .schedule = {.devices = c->devices, .microbatches = c->microbatches},
        .custom = t->custom,
        .batch = c->batch,
        .uneven = c->uneven,
        .cut = (sluice_cut)c->cut,
        .partition = c->partition.values,
        .loss = t->loss.ops,
        .loss_config = &t->loss.config,
        .optimizer = c->optimizer.ops,
        .optimizer_config = &c->optimizer.config,
        .seed = c->seed,
        .device_cap_bytes = c->cap_bytes,
        .trace = true,
        .finite = c->keep_going     ? SLUICE_FINITE_OFF
                  : c->check_finite ? SLUICE_FINITE_BOUNDARIES
                                    : SLUICE_FINITE_GRADIENTS,
        .check_recompute = c->check_recompute,
        .watchdog_ns = c->watchdog_ns,
        .on_stuck = c->watchdog_ns ? stuck_tell : NULL,
        .log = print_log,
        .log_context = t,
    };
    order_apply(&c->order, &config);
    if (c->plan)
        sluice_plan_apply(c->plan, &config);
    st = sluice_pipeline_create(&config, t->model, &t->pipe, why);
    t->goes_on = true;
    if (!st && c->weights)
        st = sluice_pipeline_load_weights_as(
            t->pipe, t->model, (sluice_weights_layout)c->weights_layout,
            c->weights, NULL, why);
    return st;
}

static void on_saved(void *context, const sluice_saving *saving)
{
    struct training *t = context;
    metrics_saved(&t->metrics, saving);
}

static sluice_status begin_keeping(struct training *t, sluice_diag *why)
{
    const struct training_config *c = t->config;
    const sluice_run run = {
        .model = t->model_text,
        .n_rows = sluice_dataset_rows(t->source.train),
        .batch = c->batch,
        .shuffles = !c->in_order,
        .shuffle_seed = c->seed,
        .tokenizer = t->source.text.tokenizer_name,
        .rate = train_rate_text(c, t->rate_text),
        .augment = train_augment_text(c, t->augment_text),
    };
    sluice_status st =
        keeping_begin(&t->keeping, &c->keeping, t->pipe, &run, why);
    t->keeping.on_saved = on_saved;
    t->keeping.context = t;
    source_normalization(&t->source, &t->keeping.mean, &t->keeping.deviation);
    return st;
}

/* What looks at the steps and epochs, and goes on from those of before. */
static sluice_status begin_watching(struct training *t, sluice_diag *why)
{
    const struct training_config *c = t->config;
    sluice_status st = patience_init(&t->patience, c->patience, t->model, why);
    if (!st && c->gradient_norm)
        st = gradient_norm_init(&t->norm, t->model, why);
    if (!st)
        st = begin_keeping(t, why);
    return st ? st : patience_resume_kept(&t->patience, &t->keeping, why);
}

static void print_head(const struct training *t)
{
    const struct training_config *c = t->config;
    if (!t->out)
        return;
    fprintf(t->out, "model     %s: %d layers, %" PRId64 " parameters, %s\n",
            t->model_text, sluice_model_n_layers(t->model),
            sluice_model_n_parameters(t->model), t->loss.ops->name);
    fprintf(t->out,
            "pipeline  %s, %d device%s, %d micro-batch%s of %" PRId64
            " rows, capacity %d, remat %s",
            c->order.schedule, c->devices, c->devices == 1 ? "" : "s",
            c->microbatches, c->microbatches == 1 ? "" : "es",
            c->batch / c->microbatches, c->order.capacity,
            choice_name(remat_choices, c->order.remat));
    order_print_options(&c->order, c->devices, t->out);
    fprintf(t->out, "products  %s\n", sluice_pipeline_gemm(t->pipe));
    describe_devices(t->pipe, t->model, t->out);
    if (t->keeping.newest[0])
        fprintf(t->out, "resumed   %s: step %" PRIu64 ", epoch %d\n",
                t->keeping.newest, sluice_pipeline_n_steps(t->pipe),
                t->keeping.run.position.epoch);
    telling_head(&t->telling);
}

static void tell(struct training *t, const sluice_progress *p)
{
    telling_progress(&t->telling, p, t->pipe);
    if (p->epoch_end)
        return;
    t->made_steps = true;
    if (p->rows_done <= t->config->batch)
        t->time = (struct time_sum){0};
    if (p->rows_done % t->config->batch == 0)
        time_sum_add(&t->time, t->pipe);
}

/* A signal ends the training where it can go on: between two steps. */
static bool on_progress(void *context, const sluice_progress *p)
{
    struct training *t = context;
    double norm = gradient_norm(&t->norm, t->pipe, p);
    if (!metrics_progress(&t->metrics, p, norm))
        return false; /* do not train for nothing */
    tell(t, p);
    training_page_progress(&t->page, p, train_rate_factor(t->config, p), norm,
                           t->source.test);
    keeping_progress(&t->keeping, p, t->source.test);
    bool goes_on = !p->epoch_end || patience_epoch(&t->patience, t->pipe, p);
    return goes_on && !stopping_signal();
}

/* A checkpoint has the last parameters, to go on from; --save the best. */
static sluice_status end_patience(struct training *t, sluice_diag *why)
{
    const struct patience *p = &t->patience;
    sluice_status st = keeping_end_checkpoints(&t->keeping, why);
    if (!st)
        st = patience_restore(p, t->pipe, why);
    if (!st && p->has_best && t->out)
        fprintf(t->out, "best      epoch %d: test loss %.4f, accuracy %.4f\n",
                p->best_epoch, p->loss, p->accuracy);
    return st;
}

static sluice_status train(struct training *t, double *accuracy,
                           sluice_diag *why)
{
    const struct training_config *c = t->config;
    const sluice_train_config config = {
        .epochs = c->epochs,
        .batch = c->batch,
        .target_accuracy = c->target_accuracy,
        .rate = c->rate.ops,
        .rate_config = &c->rate.config,
        .in_order = c->in_order,
        .augment = c->augment,
        .seed = c->seed,
        .start = t->keeping.run.position,
        .train = t->source.train,
        .test = t->source.test,
        .on_progress = on_progress,
        .context = t,
    };
    bool is_over = keeping_has_reached(&t->keeping, c->target_accuracy) ||
                   patience_is_over(&t->patience);
    sluice_status st =
        is_over ? SLUICE_OK : sluice_train(t->pipe, &config, NULL, why);
    if (!st)
        st = end_patience(t, why);
    if (!st)
        st = keeping_end(&t->keeping, why);
    if (st)
        return st;
    *accuracy = t->patience.has_best ? t->patience.accuracy
                                     : t->keeping.run.test_accuracy;
    double formula = order_bubble(&c->order, c->devices, c->microbatches);
    if (t->out)
        describe_time(&t->time, formula, t->out);
    metrics_end(&t->metrics, time_sum_bubble(&t->time), formula);
    if (stopping_signal()) {
        telling_erase(&t->telling);
        keeping_tell_stop(&t->keeping, stopping_signal());
    }
    return SLUICE_OK;
}

static sluice_status draw(struct training *t, sluice_diag *why)
{
    sluice_trace trace;
    sluice_status st = sluice_pipeline_trace(t->pipe, &trace, why);
    if (st)
        return st;
    const struct picture picture = {
        .title = "the last training step, wall clock",
        .trace = &trace,
    };
    return picture_write(&picture, t->config->trace, why);
}

sluice_status training_run(const struct training_config *config,
                           const struct environment *env, FILE *out,
                           double *accuracy, sluice_diag *why)
{
    struct training t = {
        .config = config,
        .out = config->quiet ? NULL : out,
    };
    t.page.path = config->report;
    telling_begin(&t.telling, t.out, config->watches);
    sluice_status st =
        config->trace ? picture_check(config->trace, why) : SLUICE_OK;
    if (!st && config->keeping.weights)
        st = output_path_check(config->keeping.weights, why);
    if (!st && config->report)
        st = output_path_check(config->report, why);
    struct source_config source = config->source;
    ask_model(&t, &source);
    if (!st)
        st = source_open(&t.source, &source, why);
    if (st)
        return st;
    if (t.out)
        source_print(&t.source, t.out);
    t.telling.tests = t.source.test;
    st = make_model(&t, why);
    if (!st)
        st = make_pipeline(&t, why);
    if (!st)
        st = begin_watching(&t, why);
    if (!st)
        st = metrics_open(&t.metrics, config, t.keeping.newest[0], why);
    if (!st) {
        const struct metrics_context context = {
            .env = env,
            .source = &t.source,
            .text = t.model_text,
            .model = t.model,
            .loss = &t.loss,
            .gemm = sluice_pipeline_gemm(t.pipe),
        };
        metrics_run(&t.metrics, config, &context);
        print_head(&t);
        st = train(&t, accuracy, why);
        if (!st && config->trace && t.made_steps)
            st = draw(&t, why);
        keeping_settle(&t.keeping);
        if (!st)
            st = training_page_write(&t.page, t.model_text, why);
        sluice_status closed = metrics_close(&t.metrics, st ? NULL : why);
        st = st ? st : closed;
    }
    keeping_fini(&t.keeping);
    sluice_pipeline_destroy(t.pipe);
    sluice_schedule_destroy(t.custom);
    gradient_norm_fini(&t.norm);
    patience_fini(&t.patience);
    sluice_model_destroy(t.model);
    source_close(&t.source);
    return st;
}
