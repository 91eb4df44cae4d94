/* Our figure for a claim.  The main thread. */
#include "bench/papers/papers.h"

#include <math.h>
#include <stdlib.h>

#include <sluice/search.h>
#include <sluice/simulate.h>

enum {
    UNIT_NS = 1000 * 1000, /* of the costs */
    TOKENS = 1024,         /* of Zero Bubble's models */
    KINDS = SLUICE_N_ACTION_KINDS,
};

static const double ROUNDING = 1e-9; /* of ours */

/* What a claim says, for our functions. */
struct trial {
    const struct paper_claim *claim;
    int chunks;
    int slices;
    int n_stages;
    int64_t *costs_ns;    /* [n_stages][KINDS] */
    int64_t *activations; /* [n_stages] that F holds, */
    int64_t *kept;        /* and I leaves */
    sluice_schedule *schedule;
};

static int64_t part_ns(const struct trial *trial, double cost)
{
    return llround(cost * UNIT_NS / (trial->chunks * trial->slices));
}

/* Costs, and elements of an activation over tokens and rows: table 1 of Zero
 * Bubble. */
static void fill(struct trial *trial)
{
    const struct paper_claim *claim = trial->claim;
    for (int s = 0; s < trial->n_stages; s++) {
        int64_t *costs = &trial->costs_ns[s * KINDS];
        costs[SLUICE_F] = part_ns(trial, claim->forward);
        costs[SLUICE_I] = part_ns(trial, claim->input);
        costs[SLUICE_W] = part_ns(trial, claim->weight);
        costs[SLUICE_B] = costs[SLUICE_I] + costs[SLUICE_W];
        trial->activations[s] = 34 * claim->width + 5 * claim->heads * TOKENS;
        trial->kept[s] = 32 * claim->width;
    }
}

static sluice_status trial_init(struct trial *trial,
                                const struct paper_claim *claim,
                                sluice_diag *why)
{
    *trial = (struct trial){
        .claim = claim,
        .chunks = claim->chunks ? claim->chunks : 1,
        .slices = claim->slices ? claim->slices : 1,
    };
    trial->n_stages = trial->chunks * claim->devices;
    size_t n = (size_t)trial->n_stages;
    trial->costs_ns = calloc(n * KINDS, sizeof *trial->costs_ns);
    trial->activations = calloc(n, sizeof *trial->activations);
    trial->kept = calloc(n, sizeof *trial->kept);
    if (!trial->costs_ns || !trial->activations || !trial->kept)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %zu stages", n);
    fill(trial);
    return SLUICE_OK;
}

static void trial_fini(struct trial *trial)
{
    sluice_schedule_destroy(trial->schedule);
    free(trial->kept);
    free(trial->activations);
    free(trial->costs_ns);
}

/* Papers' queues never stop a device. */
static int capacity(const struct paper_claim *claim)
{
    return 2 * claim->devices;
}

static sluice_status make(struct trial *trial, sluice_diag *why)
{
    const struct paper_claim *claim = trial->claim;
    int microbatches = claim->microbatches * trial->slices;
    if (claim->limit)
        return sluice_schedule_search(
            &(sluice_search_config){
                .devices = claim->devices,
                .microbatches = microbatches,
                .stage_costs_ns = trial->costs_ns,
                .latency_ns = part_ns(trial, claim->hand_off),
                .queue_capacity = capacity(claim),
                .activation_bytes = trial->activations,
                .weight_bytes = trial->kept,
                .limit = trial->activations[0] * claim->limit,
                .objective = SLUICE_SPAN,
                .tries = -1,
            },
            &trial->schedule, NULL, why);
    return sluice_schedule_generate(
        &(sluice_schedule_config){
            .name = claim->schedule,
            .devices = claim->devices,
            .microbatches = microbatches,
            .chunks = claim->chunks,
            .slices = claim->slices,
            .group = claim->group,
        },
        &trial->schedule, why);
}

static sluice_status find_time(const struct trial *trial, double *ours,
                               sluice_diag *why)
{
    sluice_simulation *simulation;
    sluice_time_share all;
    double k = trial->claim->devices;
    sluice_status st = sluice_simulate(
        trial->schedule,
        &(sluice_simulate_config){
            .stage_costs_ns = trial->costs_ns,
            .latency_ns = part_ns(trial, trial->claim->hand_off),
            .queue_capacity = capacity(trial->claim),
            .no_events = true,
        },
        &simulation, why);
    if (st)
        return st;
    sluice_simulation_account(simulation, NULL, &all);
    sluice_simulation_destroy(simulation);
    double busy = (double)all.busy_ns / k;
    switch (trial->claim->figure) {
    case PAPER_SPAN_BUBBLE:
        *ours = 1 - busy / (double)all.span_ns;
        break;
    case PAPER_IDLE:
        *ours = ((double)all.makespan_ns - busy) / UNIT_NS;
        break;
    default:
        *ours = 1 - busy / (double)all.makespan_ns;
    }
    return SLUICE_OK;
}

static sluice_status find_peak(const struct trial *trial, double *ours,
                               sluice_diag *why)
{
    size_t n = (size_t)trial->claim->devices;
    const sluice_verify_config config = {.queue_capacity =
                                             capacity(trial->claim)};
    sluice_device_facts *facts = calloc(n, sizeof *facts);
    if (!facts)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the peaks of %zu devices", n);
    sluice_status st =
        sluice_schedule_verify(trial->schedule, &config, facts, why);
    double peak = 0;
    for (size_t d = 0; d < n && !st; d++)
        peak = fmax(peak, facts[d].whole_activations);
    free(facts);
    if (!st)
        *ours = peak / trial->slices;
    return st;
}

sluice_status paper_measure(const struct paper_claim *claim, double *ours,
                            sluice_diag *why)
{
    struct trial trial;
    sluice_status st = trial_init(&trial, claim, why);
    if (!st)
        st = make(&trial, why);
    if (!st)
        st = claim->figure == PAPER_PEAK ? find_peak(&trial, ours, why)
                                         : find_time(&trial, ours, why);
    trial_fini(&trial);
    return st;
}

bool paper_is_worse(const struct paper_claim *claim, double ours)
{
    return ours > claim->printed + claim->half_digit + ROUNDING;
}
