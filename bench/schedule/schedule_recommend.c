/* `sluice schedule --recommend`.  The main thread. */
#include "bench/schedule/schedule_recommend.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/plan.h>

enum {
    SHARE = 4,    /* layers of a device */
    WHOLE = 1000, /* a micro-batch's activations on a device */
    KINDS = SLUICE_N_ACTION_KINDS,
    DEVICES = 4, /* unless said otherwise, as for other tasks */
    MICROBATCHES = 8,
};

/* What is planned for. */
struct question {
    int devices;
    int microbatches;
    sluice_plan_device machine[SLUICE_MAX_DEVICES];
    sluice_plan_layer layers[SHARE * SLUICE_MAX_DEVICES];
    int64_t costs_ns[SHARE * SLUICE_MAX_DEVICES][KINDS];
};

static sluice_status fill(const struct schedule_wanted *wanted,
                          struct question *q, sluice_diag *why)
{
    q->devices = wanted->devices ? wanted->devices : DEVICES;
    q->microbatches =
        wanted->microbatches ? wanted->microbatches : MICROBATCHES;
    if (q->devices > SLUICE_MAX_DEVICES)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d devices: --recommend is for at most %d",
                               q->devices, SLUICE_MAX_DEVICES);
    if (wanted->costs.n_stages || wanted->goal.limit_bytes)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--recommend takes costs of a device and a "
                               "limit in micro-batches: `sluice plan' takes "
                               "costs of layers and bytes");
    for (int d = 0; d < q->devices; d++)
        q->machine[d].cap_bytes = (size_t)floor(wanted->goal.limit * WHOLE);
    for (int i = 0; i < SHARE * q->devices; i++) {
        q->layers[i].saved_row_bytes = WHOLE / SHARE;
        schedule_costs_of(&wanted->costs, 0, SHARE, 1, q->costs_ns[i]);
    }
    return SLUICE_OK;
}

static void write_row(struct table *table, const sluice_plan *plan, int i)
{
    const sluice_plan_row *row = sluice_plan_row_at(plan, i);
    struct table_fields fields = {0};
    add_shared(&fields, "devices", row->devices);
    add_shared(&fields, "microbatches", row->microbatches);
    add_shared(&fields, "bound_ns", sluice_plan_bound_ns(plan));
    add_key_word(&fields, "schedule", row->schedule);
    add_integer(&fields, "chunks", row->chunks);
    add_integer(&fields, "warm_up_forwards", row->warm_up);
    add_integer(&fields, "capacity", row->queue_capacity);
    add_integer(&fields, "makespan_ns", row->step_ns);
    add_share(&fields, "bubble_simulated", row->bubble);
    add_real(&fields, "peak_activations", (double)row->bytes / WHOLE);
    table_row(table, fields.of, fields.n);
}

/* "with 2 chunks, ", or nothing. */
static void say_chunks(const sluice_plan_row *row, char *text, size_t size)
{
    if (row->chunks > 1)
        snprintf(text, size, " with %d chunks on each device", row->chunks);
    else
        *text = '\0';
}

static void say(const sluice_plan *plan, char sentence[RECOMMEND_TEXT])
{
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    double step = (double)row->step_ns;
    char chunks[64], rival[96] = "";
    say_chunks(row, chunks, sizeof chunks);
    for (int i = 1; i < sluice_plan_n_rows(plan) && !*rival; i++) {
        const sluice_plan_row *next = sluice_plan_row_at(plan, i);
        if (next->step_ns > row->step_ns)
            snprintf(rival, sizeof rival, "; %s takes %.1f %% longer",
                     next->schedule, 100 * ((double)next->step_ns / step - 1));
    }
    snprintf(sentence, RECOMMEND_TEXT,
             "Take %s%s: %.1f %% above what no schedule can beat (%s), with %g "
             "micro-batches' activations at most%s.",
             row->schedule, chunks,
             100 * (step / (double)sluice_plan_bound_ns(plan) - 1), row->limit,
             (double)row->bytes / WHOLE, rival);
}

static sluice_status recommend(const struct schedule_wanted *wanted,
                               struct question *q, struct table *table,
                               char sentence[RECOMMEND_TEXT], sluice_diag *why)
{
    sluice_status st = fill(wanted, q, why);
    if (st)
        return st;
    const struct schedule_costs *costs = &wanted->costs;
    const sluice_plan_config config = {
        .devices = q->machine,
        .n_devices = q->devices,
        .least_devices = q->devices,
        .latency_ns = llround(costs->latency * (double)costs->cell_ns),
        .batch = q->microbatches,
        .layers = q->layers,
        .n_layers = SHARE * q->devices,
        .microbatches = &q->microbatches,
        .n_microbatches = 1,
        .costs_ns = q->costs_ns[0],
        .no_remat = true,
    };
    sluice_plan *plan;
    st = sluice_plan_find(&config, &plan, why);
    if (st)
        return st;
    for (int i = 0; i < sluice_plan_n_rows(plan); i++)
        write_row(table, plan, i);
    say(plan, sentence);
    sluice_plan_destroy(plan);
    return SLUICE_OK;
}

sluice_status schedule_recommend(const struct schedule_wanted *wanted,
                                 struct table *table,
                                 char sentence[RECOMMEND_TEXT],
                                 sluice_diag *why)
{
    struct question *q = calloc(1, sizeof *q);
    if (!q)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for a recommendation");
    sluice_status st = recommend(wanted, q, table, sentence, why);
    free(q);
    return st;
}
