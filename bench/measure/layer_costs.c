/* How long each layer takes.  The main thread. */
#include "bench/measure/layer_costs.h"

#include <stdlib.h>

#include <sluice/pipeline.h>

#include "bench/measure/layer_times.h"
#include "bench/measure/measure_config.h"
#include "bench/measure/workload.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    MOST_USES = 6,  /* micro-batches of a step that is timed, */
    LEAST_USES = 3, /* of which the first ones do not count */
    WARM_UP = 3,    /* steps */
};

/* Which backwards the micro-batches of a step have. */
enum backwards {
    WHOLE,
    SPLIT,
    MIXED, /* half of them each */
};

struct timed_step {
    enum backwards backwards;
    int n_layers;
    int n_microbatches;
};

static sluice_status append(sluice_schedule *schedule, sluice_action_kind kind,
                            int stage, int microbatch, sluice_diag *why)
{
    return sluice_schedule_append(
        schedule, 0, (sluice_action){kind, stage, microbatch}, why);
}

/* An R leaves the layer's weights and activations in the caches, so that the
 * backward behind it takes less than others: one micro-batch has R's, the first
 * to go back, which does not count. */
static bool recomputes(const struct timed_step *step, int microbatch)
{
    return step->backwards != WHOLE && step->n_microbatches > 1 &&
           microbatch == 0;
}

static bool is_whole(const struct timed_step *step, int microbatch)
{
    return step->backwards == WHOLE ||
           (step->backwards == MIXED && microbatch >= step->n_microbatches / 2);
}

/* W's come behind all I's, as those of a stage of several layers do. */
static sluice_status append_backward(sluice_schedule *schedule,
                                     const struct timed_step *step,
                                     int microbatch, sluice_diag *why)
{
    bool whole = is_whole(step, microbatch);
    sluice_status st = SLUICE_OK;
    for (int s = step->n_layers - 1; s >= 0 && !st; s--) {
        if (recomputes(step, microbatch))
            st = append(schedule, SLUICE_R, s, microbatch, why);
        if (!st)
            st = append(schedule, whole ? SLUICE_B : SLUICE_I, s, microbatch,
                        why);
    }
    for (int s = step->n_layers - 1; s >= 0 && !st && !whole; s--)
        st = append(schedule, SLUICE_W, s, microbatch, why);
    return st;
}

/* Each backward comes behind its forward: a device then holds what one
 * micro-batch leaves in all layers, as much as the first of K devices with 1f1b
 * holds of K micro-batches in its layers. */
static sluice_status fill(sluice_schedule *schedule,
                          const struct timed_step *step, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int m = 0; m < step->n_microbatches && !st; m++) {
        for (int s = 0; s < step->n_layers && !st; s++)
            st = append(schedule, SLUICE_F, s, m, why);
        if (!st)
            st = append_backward(schedule, step, m, why);
    }
    for (int s = 0; s < step->n_layers && !st; s++)
        st = append(schedule, SLUICE_UPDATE, s, -1, why);
    return st;
}

static sluice_status make_schedule(const struct timed_step *step,
                                   sluice_schedule **out, sluice_diag *why)
{
    static const int on_device_0[SLUICE_MAX_STAGES];
    sluice_schedule *schedule;
    sluice_status st =
        sluice_schedule_create(1, step->n_layers, step->n_microbatches,
                               on_device_0, NULL, &schedule, why);
    if (st)
        return st;
    st = fill(schedule, step, why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}

static sluice_status run_steps(sluice_pipeline *pipe,
                               const struct workload *work,
                               struct layer_times *times, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = -WARM_UP; i < LAYER_TIMES_STEPS && !st; i++) {
        st = sluice_pipeline_step(pipe, work->x, work->targets, work->rows,
                                  NULL, why);
        if (!st && i >= 0)
            st = layer_times_read(times, pipe, why);
    }
    return st;
}

/* Each replica is a device of its own. */
static sluice_status train(const sluice_model *model,
                           const sluice_schedule *schedule,
                           const struct workload *work,
                           const struct layer_costs_config *what,
                           struct layer_times *times, sluice_diag *why)
{
    sluice_pipeline_config config = plain_pipeline_config(0, 0, work->rows);
    config.custom = schedule;
    config.replicas = what->devices;
    config.team = what->team;
    config.gemm = what->gemm;
    config.precision = what->precision;
    config.trace = true;
    sluice_pipeline *pipe;
    sluice_status st = sluice_pipeline_create(&config, model, &pipe, why);
    if (st)
        return st;
    st = run_steps(pipe, work, times, why);
    sluice_pipeline_destroy(pipe);
    return st;
}

static sluice_status
time_step(const struct timed_step *step, const sluice_model *model,
          const struct workload *work, const struct layer_costs_config *config,
          int64_t *costs_ns, int64_t *first_ns, sluice_diag *why)
{
    struct layer_times times;
    sluice_schedule *schedule;
    sluice_status st = make_schedule(step, &schedule, why);
    if (st)
        return st;
    st = layer_times_init(&times, step->n_layers, why);
    if (!st)
        st = train(model, schedule, work, config, &times, why);
    if (!st)
        layer_times_medians(&times, costs_ns, first_ns);
    layer_times_fini(&times);
    sluice_schedule_destroy(schedule);
    return st;
}

/* What the B's take, in steps of their own. */
static sluice_status add_whole(struct timed_step step,
                               const sluice_model *model,
                               const struct workload *work,
                               const struct layer_costs_config *config,
                               int64_t *costs_ns, sluice_diag *why)
{
    size_t n = (size_t)step.n_layers * KINDS;
    int64_t *whole_ns = calloc(2 * n, sizeof *whole_ns);
    if (!whole_ns)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    step.backwards = WHOLE;
    sluice_status st =
        time_step(&step, model, work, config, whole_ns, whole_ns + n, why);
    for (size_t i = 0; i < n && !st; i += KINDS)
        costs_ns[i + SLUICE_B] = whole_ns[i + SLUICE_B];
    free(whole_ns);
    return st;
}

/* With few micro-batches there are not enough for both kinds of backwards. */
static sluice_status
measure(const struct timed_step *step, const sluice_model *model,
        const struct workload *work, const struct layer_costs_config *config,
        int64_t *costs_ns, int64_t *first_ns, sluice_diag *why)
{
    sluice_status st =
        time_step(step, model, work, config, costs_ns, first_ns, why);
    if (!st && step->backwards == SPLIT)
        st = add_whole(*step, model, work, config, costs_ns, why);
    for (int i = 0; i < step->n_layers && !st && step->n_microbatches == 1; i++)
        costs_ns[i * KINDS + SLUICE_R] = costs_ns[i * KINDS + SLUICE_F];
    return st;
}

/* How many times weights are used in a step decides whether they are packed,
 * and which product is made: src/tensor/gemm/gemm_rule.h. */
static int uses_of(int microbatches)
{
    if (microbatches <= 1)
        return 1;
    if (microbatches >= MOST_USES)
        return MOST_USES;
    return microbatches > LEAST_USES ? microbatches : LEAST_USES;
}

sluice_status layer_costs_measure(const sluice_model *model,
                                  const struct layer_costs_config *config,
                                  int64_t *costs_ns, int64_t *first_ns,
                                  sluice_diag *why)
{
    int n = uses_of(config->microbatches);
    const struct timed_step step = {
        .backwards = n < MOST_USES ? SPLIT : MIXED,
        .n_layers = sluice_model_n_layers(model),
        .n_microbatches = n,
    };
    int64_t rows = config->rows * n * config->devices;
    struct workload work;
    sluice_status st = workload_fill(&work, model, rows, config->seed, why);
    if (st)
        return st;
    st = measure(&step, model, &work, config, costs_ns, first_ns, why);
    workload_fini(&work);
    return st;
}
