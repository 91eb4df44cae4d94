/* A whole training.  The main thread. */
#include "bench/train/training.h"

#include <inttypes.h>
#include <string.h>

#include <sluice/checkpoint.h>
#include <sluice/train.h>
#include <sluice/world.h>

#include "bench/cli/choice.h"
#include "bench/output/describe.h"
#include "bench/train/adapt/adapting.h"
#include "bench/train/data/shared_source.h"
#include "bench/train/gradient_norm.h"
#include "bench/train/keep/keeping.h"
#include "bench/train/metrics.h"
#include "bench/train/patience.h"
#include "bench/train/stopping.h"
#include "bench/order/order.h"
#include "bench/order/schedule_source.h"
#include "bench/train/stuck.h"
#include "bench/train/told/step_bound.h"
#include "bench/train/told/step_picture.h"
#include "bench/train/told/telling.h"
#include "bench/train/told/training_page.h"
#include "bench/train/train_choices.h"
#include "bench/train/train_network.h"

/* A training under way. */
struct training {
    const struct training_config *config;
    FILE *out;                  /* NULL: quiet */
    struct source_config asked; /* with what the model says about rows */
    struct source source;
    struct train_network network;
    char rate_text[TRAIN_RATE_TEXT];
    char augment_text[TRAIN_AUGMENT_TEXT];
    sluice_loss_choice loss;
    sluice_schedule *custom;         /* as order_custom() */
    sluice_pipeline_config pipeline; /* with which it was made: */
    sluice_pipeline *pipe;
    struct adapting adapting;
    struct metrics metrics;
    struct keeping keeping;
    struct patience patience;
    struct gradient_norm norm;
    struct time_sum time; /* of the last epoch's full batches */
    bool goes_on;         /* the pipeline is there, and may be loaded into */
    struct training_page page;
    struct telling telling;
};

/* Also a quiet training tells what changes the bits of what it goes on from. */
static void print_log(void *context, sluice_log_level level, const char *text)
{
    const struct training *t = context;
    bool warns = level == SLUICE_LOG_WARNING;
    FILE *out = t->out ? t->out : t->goes_on && warns ? stderr : NULL;
    if (out)
        fprintf(out, "%-9s %s\n", warns ? "warning" : "note", text);
}

/* What needs to know the data, and may fail in this process alone. */
static sluice_status before_pipeline(struct training *t, sluice_diag *why)
{
    const struct training_config *c = t->config;
    sluice_status st = step_bound_check(c, why);
    if (!st)
        st = train_network_make(&t->network, c->model, &t->source, why);
    if (!st)
        st = train_network_loss(&t->network, &t->source, &c->loss, &t->loss,
                                &t->telling.counts_correct, why);
    if (!st && !c->plan)
        st = train_check_partition(c, why);
    if (!st)
        st = device_speeds_check(&c->order.speeds,
                                 c->devices * c->replicas * c->team, why);
    if (!st && !c->plan)
        st = order_custom(&c->order, c->devices, c->microbatches, &t->custom,
                          why);
    return st;
}

static sluice_status make_pipeline(struct training *t, sluice_diag *why)
{
    const struct training_config *c = t->config;
    t->pipeline = (sluice_pipeline_config){
        .schedule = {.devices = c->devices, .microbatches = c->microbatches},
        .custom = t->custom,
        .replicas = c->replicas,
        .zero = c->zero,
        .team = c->team,
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
        .world = c->joined.world,
        .processes = c->joined.of.n ? c->joined.of.values : NULL,
        .n_processes = c->joined.of.n,
        .log = print_log,
        .log_context = t,
    };
    order_apply(&c->order, &t->pipeline);
    sluice_status st = SLUICE_OK;
    if (c->plan)
        st = sluice_plan_apply(c->plan, t->network.model, &t->pipeline, why);
    if (!st)
        st = sluice_pipeline_create(&t->pipeline, t->network.model, &t->pipe,
                                    why);
    t->goes_on = true;
    if (!st && c->weights)
        st = sluice_pipeline_load_weights_as(
            t->pipe, t->network.model, (sluice_weights_layout)c->weights_layout,
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
        .model = t->network.text,
        .n_rows = sluice_dataset_rows(t->source.train),
        .batch = c->batch,
        .shuffles = !c->in_order,
        .shuffle_seed = c->seed,
        .tokenizer = t->source.text.tokenizer_name,
        .rate = train_rate_text(c, t->rate_text),
        .augment = train_augment_text(c, t->augment_text),
    };
    sluice_status st = keeping_begin(&t->keeping, &c->keeping, t->pipe,
                                     c->joined.world, &run, why);
    t->keeping.on_saved = on_saved;
    t->keeping.context = t;
    source_normalization(&t->source, &t->keeping.mean, &t->keeping.deviation);
    return st;
}

/* What looks at the steps and epochs.  It may fail in this process alone. */
static sluice_status make_watchers(struct training *t, sluice_diag *why)
{
    const struct training_config *c = t->config;
    sluice_status st = adapting_begin(&t->adapting, c, t->network.model,
                                      &t->pipeline, t->pipe, why);
    if (!st)
        st = patience_init(&t->patience, c->patience, t->network.model, t->pipe,
                           c->joined.world, why);
    if (!st && c->gradient_norm)
        st = gradient_norm_init(&t->norm, t->network.model, why);
    return st;
}

/* The same, to go on from the steps and epochs of before.  It begins where all
 * processes are there: keeping_begin() waits for them. */
static sluice_status begin_watching(struct training *t, sluice_diag *why)
{
    sluice_status st =
        sluice_world_agree(t->config->joined.world, make_watchers(t, why), why);
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
            t->network.text, sluice_model_n_layers(t->network.model),
            sluice_model_n_parameters(t->network.model), t->loss.ops->name);
    fprintf(t->out, "pipeline  %s, %d ", c->order.schedule, c->devices);
    if (c->team > 1)
        fprintf(t->out, "team%s of %d devices", c->devices == 1 ? "" : "s",
                c->team);
    else
        fprintf(t->out, "device%s", c->devices == 1 ? "" : "s");
    fprintf(t->out,
            ", %d micro-batch%s of %" PRId64 " rows, capacity %d, remat %s",
            c->microbatches, c->microbatches == 1 ? "" : "es",
            c->batch / c->microbatches / c->replicas, c->order.capacity,
            choice_name(remat_choices, c->order.remat));
    if (c->replicas > 1)
        fprintf(t->out, ", %d replicas", c->replicas);
    if (c->zero)
        fprintf(t->out, ", ZeRO stage %d", c->zero);
    if (c->joined.world)
        fprintf(t->out, ", %d processes", sluice_world_size(c->joined.world));
    order_print_options(&c->order, c->devices, t->out);
    fprintf(t->out, "products  %s\n", sluice_pipeline_gemm(t->pipe));
    describe_devices(t->pipe, t->network.model, t->out);
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
    if (p->rows_done <= t->config->batch)
        t->time = (struct time_sum){0};
    if (p->rows_done % t->config->batch == 0)
        time_sum_add(&t->time, t->pipe);
}

/* A signal ends the training where it can go on: between two steps.  Process 0
 * decides for all. */
static bool on_progress(void *context, const sluice_progress *p)
{
    struct training *t = context;
    double norm = gradient_norm(&t->norm, t->pipe, p);
    bool is_told = metrics_progress(&t->metrics, p, norm);
    if (!stopping_share(t->config->joined.world, &is_told) || !is_told)
        return false; /* do not train for nothing */
    tell(t, p);
    training_page_progress(&t->page, p, train_rate_factor(t->config, p), norm,
                           t->source.test);
    keeping_progress(&t->keeping, p, t->source.test);
    bool goes_on = !p->epoch_end || patience_epoch(&t->patience, t->pipe, p);
    goes_on = goes_on && !stopping_signal();
    if (goes_on) /* the last thing: the step's trace may be gone then */
        adapting_progress(&t->adapting, t->pipe, p, &t->telling);
    return goes_on;
}

/* A checkpoint has the last parameters, to go on from; --save the best. */
static sluice_status end_patience(struct training *t, sluice_diag *why)
{
    const struct patience *p = &t->patience;
    sluice_status st = keeping_end_checkpoints(&t->keeping, why);
    if (!st)
        st = patience_restore(p, t->pipe, why);
    if (!st && p->has_best && t->out)
        telling_best(&t->telling, p->best_epoch, p->loss, p->accuracy);
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
    /* A process that is gone may have ended it between two steps. */
    st = sluice_world_agree(c->joined.world, st, why);
    if (!st)
        st = end_patience(t, why);
    if (!st)
        st = keeping_end(&t->keeping, why);
    if (st)
        return st;
    *accuracy = t->patience.has_best ? t->patience.accuracy
                                     : t->keeping.run.test_accuracy;
    if (!stopping_signal())
        telling_end(&t->telling, t->keeping.run.position.epoch, c->epochs);
    double formula = order_bubble(&c->order, c->devices, c->microbatches);
    const struct step_bound bound =
        step_bound_find(c, t->network.model, &t->pipeline, t->pipe, &t->time);
    if (t->out) {
        describe_time(&t->time, formula, t->out);
        step_bound_tell(&bound, t->out);
    }
    metrics_end(&t->metrics, time_sum_bubble(&t->time), formula, &bound);
    if (stopping_signal()) {
        telling_erase(&t->telling);
        keeping_tell_stop(&t->keeping, stopping_signal());
    }
    return SLUICE_OK;
}

/* What may fail in this process alone; process 0 opens the data. */
static sluice_status begin(struct training *t, sluice_diag *why)
{
    const struct training_config *c = t->config;
    bool is_first = joined_is_first(&c->joined);
    sluice_status st = is_first ? train_check_files(c, why) : SLUICE_OK;
    t->asked = c->source;
    train_network_ask(&t->network, c->model, &t->asked);
    if (!st && is_first)
        st = source_open(&t->source, &t->asked, why);
    if (!st && t->out)
        source_print(&t->source, t->out);
    return st;
}

static sluice_status make(struct training *t, sluice_diag *why)
{
    sluice_world *world = t->config->joined.world;
    sluice_status st = shared_source_tell(&t->source, world, why);
    t->telling.tests = t->source.test;
    if (!st)
        st = sluice_world_agree(world, before_pipeline(t, why), why);
    if (!st)
        st = make_pipeline(t, why);
    if (!st)
        st = shared_source_read(&t->source, &t->asked, t->pipe,
                                t->config->adapt.margin_per_cent > 0, world,
                                why);
    return sluice_world_agree(world, st, why);
}

/* Tell what begins, train, and tell what was done. */
static sluice_status run(struct training *t, const struct environment *env,
                         double *accuracy, sluice_diag *why)
{
    const struct metrics_context context = {
        .env = env,
        .source = &t->source,
        .text = t->network.text,
        .model = t->network.model,
        .loss = &t->loss,
        .gemm = sluice_pipeline_gemm(t->pipe),
    };
    metrics_run(&t->metrics, t->config, &context);
    print_head(t);
    sluice_status st = train(t, accuracy, why);
    if (!st && t->config->trace && t->telling.made_steps)
        st = step_picture_draw(t->pipe, joined_is_first(&t->config->joined),
                               t->config->trace, why);
    keeping_settle(&t->keeping);
    if (!st)
        st = training_page_write(&t->page, t->network.text, why);
    sluice_status closed = metrics_close(&t->metrics, st ? NULL : why);
    return st ? st : closed;
}

sluice_status training_run(const struct training_config *config,
                           const struct environment *env, FILE *out,
                           double *accuracy, sluice_diag *why)
{
    sluice_world *world = config->joined.world;
    bool writes = joined_is_first(&config->joined);
    struct training t = {
        .config = config,
        .out = config->quiet || !writes ? NULL : out,
    };
    t.page.path = writes ? config->report : NULL;
    telling_begin(&t.telling, t.out, config->watches);
    sluice_status st = begin(&t, why);
    st = sluice_world_agree(world, st, why);
    if (!st)
        st = make(&t, why);
    if (!st)
        st = begin_watching(&t, why);
    if (!st && writes)
        st = metrics_open(&t.metrics, config, t.keeping.newest[0], why);
    st = sluice_world_agree(world, st, why);
    if (!st)
        st = run(&t, env, accuracy, why);
    keeping_fini(&t.keeping);
    adapting_end(&t.adapting);
    sluice_pipeline_destroy(t.pipe);
    sluice_schedule_destroy(t.custom);
    gradient_norm_fini(&t.norm);
    patience_fini(&t.patience);
    train_network_fini(&t.network);
    source_close(&t.source);
    return st;
}
