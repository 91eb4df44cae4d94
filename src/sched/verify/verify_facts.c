/* What is live at once on each device. */
#include "sched/verify/verify.h"

struct level {
    int now;
    int peak;
};

static void raise_level(struct level *level)
{
    level->now++;
    if (level->now > level->peak)
        level->peak = level->now;
}

static void walk(const struct sl_proof *proof, int device, struct level *inputs,
                 struct level *inner)
{
    const struct sl_action_list *program = &proof->schedule->programs[device];
    for (int i = 0; i < program->n; i++) {
        sluice_action action = program->actions[i];
        if (action.kind == SLUICE_UPDATE)
            continue;
        size_t at = sl_cell(proof, action.stage, action.microbatch);
        unsigned bit = 1u << action.kind;
        bool recomputed = proof->listed[at] & SL_BIT_R;
        if (bit & SL_BIT_F)
            raise_level(inputs);
        if (bit & (recomputed ? SL_BIT_R : SL_BIT_F))
            raise_level(inner);
        if (bit & SL_BIT_LAST) {
            inputs->now--;
            inner->now--;
        }
    }
}

void sl_verify_facts(const struct sl_proof *proof, sluice_device_facts *facts)
{
    for (int d = 0; d < proof->schedule->n_devices; d++) {
        struct level inputs = {0, 0}, inner = {0, 0};
        if (!proof->forward_only)
            walk(proof, d, &inputs, &inner);
        facts[d] = (sluice_device_facts){
            .peak_activations = inputs.peak,
            .peak_inner = inner.peak,
            .peak_bytes = proof->peak_bytes ? proof->peak_bytes[d] : 0,
            .n_actions = proof->schedule->programs[d].n,
        };
    }
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
