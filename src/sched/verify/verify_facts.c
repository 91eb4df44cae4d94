/*
 * What is live at once on each device.  This is the one place that counts
 * activations: pictures, tables and tests take their peaks from here.
 */
#include "sched/verify/verify.h"

/* The live ones of a kind, by the copy that their stage belongs to. */
struct level {
    int now[SLUICE_MAX_COPIES];
    int pairs; /* of all copies */
    int peak_pairs;
    double peak; /* in micro-batches of a whole device */
};

/* What one device holds. */
struct load {
    int n_copies;
    int n_stages[SLUICE_MAX_COPIES]; /* of each copy */
    struct level inputs;
    struct level inner;
};

static void raise_level(const struct load *load, struct level *level, int copy)
{
    double sum = 0;
    level->now[copy]++;
    for (int c = 0; c < load->n_copies; c++)
        if (level->now[c])
            sum += (double)level->now[c] / load->n_stages[c];
    if (sum > level->peak)
        level->peak = sum;
    if (++level->pairs > level->peak_pairs)
        level->peak_pairs = level->pairs;
}

static void lower_level(struct level *level, int copy)
{
    level->now[copy]--;
    level->pairs--;
}

static void walk(const struct sl_proof *proof, int device, struct load *load)
{
    const struct sl_action_list *program = &proof->schedule->programs[device];
    int depth = sl_schedule_depth(proof->schedule);
    for (int i = 0; i < program->n; i++) {
        sluice_action action = program->actions[i];
        if (sl_is_of_stage(action))
            continue;
        size_t at = sl_cell(proof, action.stage, action.microbatch);
        unsigned bit = 1u << action.kind;
        bool recomputed = proof->listed[at] & SL_BIT_R;
        int copy = action.stage / depth;
        if (bit & SL_BIT_F)
            raise_level(load, &load->inputs, copy);
        if (bit & (recomputed ? SL_BIT_R : SL_BIT_F))
            raise_level(load, &load->inner, copy);
        if (bit & SL_BIT_LAST) {
            lower_level(&load->inputs, copy);
            lower_level(&load->inner, copy);
        }
    }
}

/* The stages that a device's list names: all of its own, by `complete`.  `seen`
 * serves all devices, for a stage is on one. */
static void count_stages(const struct sl_proof *proof, int device, bool *seen,
                         struct load *load)
{
    const struct sl_action_list *program = &proof->schedule->programs[device];
    int depth = sl_schedule_depth(proof->schedule);
    for (int i = 0; i < program->n; i++) {
        int stage = program->actions[i].stage;
        load->n_stages[stage / depth] += !seen[stage];
        seen[stage] = true;
    }
}

static void add_versions(const struct sl_proof *proof,
                         sluice_device_facts *facts)
{
    for (int s = 0; s < proof->schedule->n_stages; s++) {
        sluice_device_facts *device = &facts[proof->schedule->stage_device[s]];
        int versions = proof->versions ? proof->versions[s] : 1;
        int staleness = proof->staleness ? proof->staleness[s] : 0;
        if (versions > device->peak_versions)
            device->peak_versions = versions;
        if (staleness > device->max_staleness)
            device->max_staleness = staleness;
    }
}

void sl_verify_facts(const struct sl_proof *proof, sluice_device_facts *facts)
{
    bool seen[SLUICE_MAX_STAGES] = {false};
    for (int d = 0; d < proof->schedule->n_devices; d++) {
        struct load load = {.n_copies = proof->schedule->n_copies};
        if (!proof->forward_only) {
            count_stages(proof, d, seen, &load);
            walk(proof, d, &load);
        }
        facts[d] = (sluice_device_facts){
            .peak_activations = load.inputs.peak_pairs,
            .peak_inner = load.inner.peak_pairs,
            .whole_activations = load.inputs.peak,
            .whole_inner = load.inner.peak,
            .peak_bytes = proof->peak_bytes ? proof->peak_bytes[d] : 0,
            .n_actions = proof->schedule->programs[d].n,
        };
    }
    add_versions(proof, facts);
}
