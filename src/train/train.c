/*
 * Training over epochs.  Everything here runs on the caller's thread; the
 * buffers for a batch are allocated once.
 */
#include <sluice/train.h>

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <sluice/reshape.h>

#include "base/clock.h"
#include "base/finite.h"
#include "base/memory.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/abroad/reads.h"
#include "pipeline/pipeline.h"
#include "train/dataset_check.h"
#include "train/tally.h"
#include "train/train_buffers.h"
#include "train/train_reads.h"

struct trainer {
    sluice_pipeline *pipe;
    const sluice_train_config *config;
    struct sl_train_buffers buffers;
    sluice_progress progress;
    uint64_t n_reshapes; /* of the pipeline, when its reads were found */
    bool stopped;        /* on_progress said so, or the target is reached */
};

sluice_status sluice_train_check(const sluice_pipeline *pipe,
                                 const sluice_dataset *data, const char *part,
                                 sluice_diag *why)
{
    sluice_shape wants = sluice_model_input(pipe->blueprint.model);
    sluice_shape has = sluice_dataset_input(data);
    int64_t n_wants = sluice_shape_elements(&wants);
    int64_t n_has = sluice_shape_elements(&has);
    if (n_wants != n_has)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a row of the %s data has %" PRId64
                               " features, but the model takes %" PRId64,
                               part, n_has, n_wants);
    sluice_status st = sl_dataset_check_features(
        data, part, sluice_model_input_type(pipe->blueprint.model), why);
    if (!st)
        st = sl_dataset_check_targets(data, part, pipe->blueprint.loss->name,
                                      &pipe->blueprint.loss_plan, why);
    if (!st && pipe->blueprint.finite != SLUICE_FINITE_OFF)
        st = sl_dataset_check_finite(data, part, why);
    return st;
}

static sluice_status check_augment(const sluice_train_config *config,
                                   sluice_diag *why)
{
    sluice_shape row = sluice_dataset_input(config->train);
    if (sluice_dataset_input_type(config->train) != SLUICE_F32)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "augment: the rows are integers; images are "
                               "floats or bytes");
    return sluice_augmentation_check(&config->augment, &row, why);
}

static sluice_status check(const sluice_pipeline *pipe,
                           const sluice_train_config *config, sluice_diag *why)
{
    if (config->epochs < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d epochs; give at least 1", config->epochs);
    if (config->batch < 1 || config->batch > pipe->blueprint.batch)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a batch of %" PRId64 " rows; the pipeline "
                               "takes 1 to %" PRId64,
                               config->batch, pipe->blueprint.batch);
    if (!config->train)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "no training data; set `train`");
    const sluice_position *start = &config->start;
    if (start->epoch < 0 || start->rows_done < 0 || start->correct < 0 ||
        start->ignored < 0 ||
        start->rows_done > sluice_dataset_rows(config->train))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a start in epoch %d with %" PRId64
                               " rows done; an epoch has %" PRId64,
                               start->epoch, start->rows_done,
                               sluice_dataset_rows(config->train));
    if (config->target_accuracy > 0 &&
        (!config->test || !pipe->blueprint.loss_plan.counts_correct))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a target accuracy needs test data and a loss "
                               "that counts correct rows");
    sluice_status st = sluice_train_check(pipe, config->train, "training", why);
    if (!st && sluice_augmentation_acts(&config->augment))
        st = check_augment(config, why);
    if (!st && config->test)
        st = sluice_train_check(pipe, config->test, "test", why);
    return st;
}

/* A function of the pipeline that takes rows: step or evaluate. */
typedef sluice_status row_pass(sluice_pipeline *pipe, const void *x,
                               const void *targets, int64_t rows,
                               sluice_result *result, sluice_diag *why);

/* Rows of the training data, which x has from the beginning. */
static void augment(const struct trainer *t, const int64_t *index,
                    struct sl_rows rows)
{
    const sluice_train_config *config = t->config;
    sluice_shape row = sluice_dataset_input(config->train);
    int64_t elements = sluice_shape_elements(&row);
    double mean, deviation;
    float *x = t->buffers.x;
    sluice_dataset_normalization(config->train, &mean, &deviation);
    for (int64_t i = rows.first; i < rows.first + rows.n; i++)
        sluice_augment(&config->augment, config->seed,
                       (uint64_t)t->progress.epoch, index[i], &row,
                       (float)(-mean / deviation), x + i * elements,
                       t->buffers.image);
}

/* In another shape this process may read other rows.  All have reshaped. */
static sluice_status follow_shape(struct trainer *t, sluice_diag *why)
{
    struct sl_train_reads reads;
    uint64_t n_reshapes = sluice_pipeline_n_reshapes(t->pipe);
    if (t->n_reshapes == n_reshapes)
        return SLUICE_OK;
    sluice_status st = sl_train_reads_find(t->pipe, t->config, &reads, why);
    if (!st)
        st = sl_train_buffers_follow(&t->buffers, &reads, why);
    t->n_reshapes = n_reshapes;
    return sl_abroad_check(t->pipe, st, why);
}

/* Pass the rows order[at..], at most a batch of them. */
static sluice_status pass_batch(struct trainer *t, row_pass *pass,
                                const sluice_dataset *data, int64_t at,
                                sluice_result *result, sluice_diag *why)
{
    struct sl_train_buffers *b = &t->buffers;
    int64_t left = sluice_dataset_rows(data) - at;
    int64_t n = left < t->config->batch ? left : t->config->batch;
    sluice_status st = follow_shape(t, why);
    if (st)
        return st;
    struct sl_rows mine = sl_abroad_input_rows(t->pipe, n);
    st = sl_train_buffers_gather(b, data, b->order + at, n, mine, why);
    if (st) {
        const struct sl_job none = {.training = pass == sluice_pipeline_step};
        return sl_abroad_refuse(t->pipe, &none, st, why);
    }
    if (data == t->config->train &&
        sluice_augmentation_acts(&t->config->augment))
        augment(t, b->order + at, mine);
    return pass(t->pipe, b->x, b->targets, n, result, why);
}

static void report(struct trainer *t)
{
    const sluice_train_config *config = t->config;
    if (config->on_progress &&
        !config->on_progress(config->context, &t->progress))
        t->stopped = true;
}

/* The factor of the rule for the step that begins behind `rows_done` rows of
 * the epoch. */
static double rate_factor(const struct trainer *t, int64_t rows_done)
{
    const sluice_train_config *config = t->config;
    uint64_t batch = (uint64_t)config->batch;
    uint64_t steps = ((uint64_t)t->progress.n_rows + batch - 1) / batch;
    uint64_t before = steps * (uint64_t)(t->progress.epoch - 1);
    return config->rate->factor(config->rate_config,
                                before + (uint64_t)rows_done / batch,
                                steps * (uint64_t)config->epochs);
}

/* A step at the rate of the rule; behind it the pipeline has its own rate. */
static sluice_status step(struct trainer *t, int64_t rows_done,
                          sluice_result *result, sluice_diag *why)
{
    const sluice_train_config *config = t->config;
    double rate = t->pipe->learning_rate;
    double factor = config->rate ? rate_factor(t, rows_done) : 1;
    sluice_status st =
        sluice_pipeline_set_learning_rate(t->pipe, rate * factor);
    if (st)
        return sluice_diag_set(why, st,
                               "learning-rate rule %s: the factor %g makes a "
                               "learning rate of %g; it must be finite as a "
                               "float, and not negative",
                               config->rate ? config->rate->name : "none",
                               factor, rate * factor);
    st = pass_batch(t, sluice_pipeline_step, config->train, rows_done, result,
                    why);
    t->pipe->learning_rate = rate;
    return st;
}

/* Say in which step of the training a loss was not finite. */
static sluice_status name_step(const struct trainer *t, sluice_status st,
                               sluice_diag *why)
{
    if (st != SLUICE_NOT_FINITE || !why)
        return st;
    char said[SLUICE_DIAG_TEXT];
    memcpy(said, why->text, sizeof said);
    snprintf(why->text, sizeof why->text, "epoch %d, step %" PRIu64 ": %.240s",
             t->progress.epoch, sluice_pipeline_n_steps(t->pipe) + 1, said);
    return st;
}

/* Where the training stands within an epoch. */
static sluice_position position_of(int epoch, const struct sl_tally *tally)
{
    return (sluice_position){
        .epoch = epoch,
        .rows_done = tally->rows,
        .loss_sum = tally->loss,
        .correct = tally->correct,
        .ignored = tally->ignored,
    };
}

static struct sl_tally no_rows(const struct trainer *t)
{
    return (struct sl_tally){
        .row_terms = t->pipe->blueprint.loss_plan.row_terms,
    };
}

/* Those rows of an epoch that are done already when the training goes on. */
static struct sl_tally tally_at_start(const struct trainer *t)
{
    const sluice_position *start = &t->config->start;
    struct sl_tally tally = no_rows(t);
    if (t->progress.epoch != start->epoch)
        return tally;
    tally.loss = start->loss_sum;
    tally.correct = start->correct;
    tally.rows = start->rows_done;
    tally.ignored = start->ignored;
    return tally;
}

static sluice_status train_epoch(struct trainer *t, sluice_diag *why)
{
    sluice_progress *p = &t->progress;
    struct sl_tally tally = tally_at_start(t);
    int64_t before = tally.rows;
    int64_t start = sl_now_ns();
    while (tally.rows < p->n_rows && !t->stopped) {
        sluice_result result;
        sluice_status st = step(t, tally.rows, &result, why);
        if (st)
            return name_step(t, st, why);
        sl_tally_add(&tally, &result);
        p->step_loss = result.loss;
        p->rows_done = tally.rows;
        p->step = sluice_pipeline_n_steps(t->pipe);
        p->staleness = sl_max_staleness(&t->pipe->blueprint.findings);
        p->loss = sl_tally_loss(&tally);
        p->accuracy = sl_tally_accuracy(&tally);
        p->rows_per_s =
            (double)(tally.rows - before) * 1e9 / (double)(sl_now_ns() - start);
        p->position = position_of(p->epoch, &tally);
        report(t);
    }
    if (before == tally.rows && before) { /* all of it was done before */
        p->rows_done = before;
        p->step = sluice_pipeline_n_steps(t->pipe);
        p->loss = sl_tally_loss(&tally);
        p->accuracy = sl_tally_accuracy(&tally);
    }
    return SLUICE_OK;
}

static sluice_status evaluate(struct trainer *t, sluice_diag *why)
{
    const sluice_dataset *data = t->config->test;
    int64_t n = sluice_dataset_rows(data);
    struct sl_tally tally = no_rows(t);
    sluice_dataset_in_order(data, t->buffers.order);
    while (tally.rows < n) {
        sluice_result result;
        sluice_status st = pass_batch(t, sluice_pipeline_evaluate, data,
                                      tally.rows, &result, why);
        if (st)
            return st;
        sl_tally_add(&tally, &result);
    }
    t->progress.test_loss = sl_tally_loss(&tally);
    t->progress.test_accuracy = sl_tally_accuracy(&tally);
    if (isfinite(t->progress.test_loss) ||
        t->pipe->blueprint.finite == SLUICE_FINITE_OFF)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NOT_FINITE,
                           "epoch %d, after step %" PRIu64
                           ": the loss of the test data is %s; use a smaller "
                           "learning rate",
                           t->progress.epoch, sluice_pipeline_n_steps(t->pipe),
                           sl_not_finite_name(t->progress.test_loss));
}

static sluice_status run_epoch(struct trainer *t, int epoch, sluice_diag *why)
{
    const sluice_train_config *config = t->config;
    int64_t n = sluice_dataset_rows(config->train);
    t->progress = (sluice_progress){
        .epoch = epoch,
        .n_epochs = config->epochs,
        .n_rows = n,
    };
    if (config->in_order)
        sluice_dataset_in_order(config->train, t->buffers.order);
    else
        sluice_dataset_order(config->train, config->seed, (uint64_t)epoch,
                             t->buffers.order);
    sluice_status st = train_epoch(t, why);
    if (!st && config->test && !t->stopped)
        st = evaluate(t, why);
    if (st || t->stopped)
        return st;
    t->progress.epoch_end = true;
    t->progress.position = (sluice_position){.epoch = epoch + 1};
    report(t);
    if (config->target_accuracy > 0 &&
        t->progress.test_accuracy >= config->target_accuracy)
        t->stopped = true;
    return SLUICE_OK;
}

/* Of several processes all begin or none: the others would wait in a step. */
static sluice_status begin(struct trainer *t, sluice_diag *why)
{
    sluice_status st = check(t->pipe, t->config, why);
    bool has_buffers = false;
    if (!st) {
        struct sl_train_reads reads;
        st = sl_train_reads_find(t->pipe, t->config, &reads, why);
        if (!st)
            st = sl_train_buffers_init(&t->buffers, t->config, &reads, why);
        has_buffers = !st;
    }
    st = sl_abroad_check(t->pipe, st, why);
    if (st && has_buffers)
        sl_train_buffers_fini(&t->buffers);
    return st;
}

static sluice_status train(sluice_pipeline *pipe,
                           const sluice_train_config *config,
                           sluice_progress *last, sluice_diag *why)
{
    struct trainer t = {
        .pipe = pipe,
        .config = config,
        .n_reshapes = sluice_pipeline_n_reshapes(pipe),
    };
    sluice_status st = begin(&t, why);
    if (st)
        return st;
    int first = config->start.epoch > 0 ? config->start.epoch : 1;
    t.progress.position = config->start;
    for (int epoch = first; epoch <= config->epochs && !t.stopped && !st;
         epoch++)
        st = run_epoch(&t, epoch, why);
    if (!st && last)
        *last = t.progress;
    sl_train_buffers_fini(&t.buffers);
    return st;
}

sluice_status sluice_train(sluice_pipeline *pipe,
                           const sluice_train_config *config,
                           sluice_progress *last, sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = train(pipe, config, last, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}
