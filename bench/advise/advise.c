/* Which configuration suits a model.  The main thread. */
#include "bench/advise/advise.h"

#include <inttypes.h>
#include <stdlib.h>

#include <sluice/partition.h>
#include <sluice/schedule_passes.h>
#include <sluice/simulate.h>

#include "bench/measure/depth.h"
#include "bench/output/progress.h"
#include "bench/measure/measure_config.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    RULE = 4, /* micro-batches per device (Huang et al., 2019) */
};

static const double tie = 1.01; /* steps that differ by less are the same */

struct study {
    const struct advise_config *config;
    sluice_model *model;
    int n_layers;
    int64_t *layer_ns; /* [n_layers][KINDS], of the micro-batches at hand */
    double *weights;   /* [n_layers], scratch */
    struct advice *advice;
};

/* Layers to devices; the slowest one decides. */
static sluice_status cut(const struct study *study,
                         const struct advise_row *row, int *sizes,
                         sluice_diag *why)
{
    for (int i = 0; i < study->n_layers; i++) {
        const int64_t *ns = &study->layer_ns[i * KINDS];
        int64_t again = row->remat == SLUICE_REMAT_NEVER ? 0 : ns[SLUICE_R];
        study->weights[i] = (double)(ns[SLUICE_F] + ns[SLUICE_B] + again);
    }
    return sluice_partition_minimax(study->weights, study->n_layers,
                                    row->devices, NULL, sizes, why);
}

static void add_up_stages(const struct study *study, const int *sizes,
                          int devices, int64_t *stage_ns)
{
    const int64_t *layer = study->layer_ns;
    for (int s = 0; s < devices; s++)
        for (int i = 0; i < sizes[s]; i++)
            for (int kind = 0; kind < KINDS; kind++, layer++) {
                int64_t ns = *layer > 0 ? *layer : 0; /* -1: there is none */
                stage_ns[s * KINDS + kind] += ns;
            }
}

static sluice_status make_schedule(const struct advise_row *row,
                                   sluice_schedule **out, sluice_diag *why)
{
    const sluice_schedule_config config = {
        .devices = row->devices,
        .microbatches = row->microbatches,
    };
    sluice_schedule *plain;
    sluice_status st = sluice_schedule_generate(&config, &plain, why);
    if (st)
        return st;
    st = sluice_schedule_remat(plain, (sluice_remat)row->remat, out, why);
    sluice_schedule_destroy(plain);
    return st;
}

static sluice_status simulate(const struct study *study, const int *sizes,
                              struct advise_row *row, sluice_diag *why)
{
    int64_t stage_ns[SLUICE_MAX_DEVICES * KINDS] = {0};
    const sluice_simulate_config config = {.stage_costs_ns = stage_ns,
                                           .no_events = true};
    sluice_schedule *schedule;
    sluice_simulation *simulation;
    sluice_time_share all;
    sluice_status st = make_schedule(row, &schedule, why);
    if (st)
        return st;
    add_up_stages(study, sizes, row->devices, stage_ns);
    st = sluice_simulate(schedule, &config, &simulation, why);
    sluice_schedule_destroy(schedule);
    if (st)
        return st;
    sluice_simulation_account(simulation, NULL, &all);
    row->bubble = all.bubble;
    row->step_ns = sluice_simulation_trace(simulation)->end_ns;
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

static sluice_status plan(const struct study *study, const int *sizes,
                          struct advise_row *row, sluice_diag *why)
{
    sluice_pipeline_config pipeline = plain_pipeline_config(
        row->devices, row->microbatches, study->config->batch);
    pipeline.cut = SLUICE_CUT_LIST;
    pipeline.partition = sizes;
    pipeline.remat = (sluice_remat)row->remat;
    sluice_status st = depth_peak(&pipeline, study->model, &row->bytes, why);
    uint64_t cap = study->config->cap_bytes;
    row->fits = !cap || row->bytes <= cap;
    return st;
}

static sluice_status predict(struct study *study, struct advise_row row,
                             sluice_diag *why)
{
    int sizes[SLUICE_MAX_DEVICES];
    row.formula = sluice_bubble_formula(row.devices, row.microbatches);
    sluice_status st = cut(study, &row, sizes, why);
    if (!st)
        st = simulate(study, sizes, &row, why);
    if (!st)
        st = plan(study, sizes, &row, why);
    if (!st)
        study->advice->rows[study->advice->n++] = row;
    return st;
}

/* 1, 2, 4, ... and the last. */
static int next_devices(int devices, int last)
{
    if (devices == last)
        return last + 1;
    return 2 * devices < last ? 2 * devices : last;
}

static sluice_status predict_all(struct study *study, int microbatches,
                                 sluice_diag *why)
{
    static const int remats[] = {SLUICE_REMAT_NEVER, SLUICE_REMAT_ALWAYS};
    int last = study->config->devices < study->n_layers ? study->config->devices
                                                        : study->n_layers;
    layer_costs_fn *costs = study->config->costs;
    if (!costs)
        costs = layer_costs_measure;
    sluice_status st = costs(study->model, study->config->batch / microbatches,
                             study->config->seed, study->layer_ns, why);
    for (int k = 1; k <= last; k = next_devices(k, last))
        for (int i = 0; i < 2 && !st; i++)
            st = predict(study,
                         (struct advise_row){.devices = k,
                                             .microbatches = microbatches,
                                             .remat = remats[i]},
                         why);
    return st;
}

static void recommend(struct advice *advice)
{
    const struct advise_row *fastest = NULL;
    struct advise_row *choice = NULL;
    for (int i = 0; i < advice->n; i++) {
        const struct advise_row *row = &advice->rows[i];
        if (row->fits && (!fastest || row->step_ns < fastest->step_ns))
            fastest = row;
    }
    for (int i = 0; i < advice->n; i++) {
        struct advise_row *row = &advice->rows[i];
        if (row->fits &&
            (double)row->step_ns <= tie * (double)fastest->step_ns &&
            (!choice || row->bytes < choice->bytes))
            choice = row;
    }
    if (choice)
        choice->recommended = true;
}

/* Sizes of micro-batches to measure: nearly all of the time. */
static int count_sizes(const struct advise_config *config)
{
    int count = 0;
    for (int i = 0; i < config->microbatches.n; i++)
        count += config->batch % config->microbatches.values[i] == 0;
    return count;
}

static sluice_status study_all(struct study *study, sluice_diag *why)
{
    const struct range *m = &study->config->microbatches;
    int64_t batch = study->config->batch;
    struct progress progress;
    sluice_status st = SLUICE_OK;
    progress_begin(&progress, stderr, count_sizes(study->config));
    for (int i = 0; i < m->n && !st; i++)
        if (batch % m->values[i] == 0) {
            st = predict_all(study, m->values[i], why);
            progress_step(&progress);
        }
    progress_erase(&progress);
    if (!st && !study->advice->n)
        st = sluice_diag_set(why, SLUICE_INVALID,
                             "none of these numbers of micro-batches divides a "
                             "batch of %" PRId64 " rows",
                             batch);
    return st;
}

sluice_status advise(const struct advise_config *config, struct advice *advice,
                     sluice_diag *why)
{
    /* 1, 2, 4, ... 64 devices, with and without. */
    enum { MOST_ROWS = RANGE_MAX * 8 * 2 };
    struct study study = {.config = config, .advice = advice};
    *advice = (struct advice){0};
    sluice_status st =
        sluice_model_parse(config->model, NULL, &study.model, why);
    if (st)
        return st;
    study.n_layers = sluice_model_n_layers(study.model);
    size_t n = (size_t)study.n_layers;
    study.layer_ns = calloc(n * KINDS, sizeof *study.layer_ns);
    study.weights = calloc(n, sizeof *study.weights);
    advice->rows = calloc(MOST_ROWS, sizeof *advice->rows);
    st = study.layer_ns && study.weights && advice->rows
             ? study_all(&study, why)
             : sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for predictions");
    free(study.weights);
    free(study.layer_ns);
    sluice_model_destroy(study.model);
    if (st)
        advice_fini(advice);
    else
        recommend(advice);
    return st;
}

void advice_fini(struct advice *advice)
{
    free(advice->rows);
    *advice = (struct advice){0};
}

const struct advise_row *advice_choice(const struct advice *advice)
{
    for (int i = 0; i < advice->n; i++)
        if (advice->rows[i].recommended)
            return &advice->rows[i];
    return NULL;
}

const struct advise_row *advice_smallest(const struct advice *advice)
{
    const struct advise_row *smallest = &advice->rows[0];
    for (int i = 1; i < advice->n; i++)
        if (advice->rows[i].bytes < smallest->bytes)
            smallest = &advice->rows[i];
    return smallest;
}

const struct advise_row *advice_rule(const struct advice *advice,
                                     const struct advise_row *choice)
{
    for (int i = 0; i < advice->n; i++) {
        const struct advise_row *row = &advice->rows[i];
        if (row->devices == choice->devices && row->remat == choice->remat &&
            row->microbatches == RULE * row->devices)
            return row;
    }
    return NULL;
}
