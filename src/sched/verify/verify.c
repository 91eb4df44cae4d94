/* The verifier's frame: what it allocates, the order of the rules, refusals. */
#include "sched/verify/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

struct sl_name sl_name_of(sluice_action action)
{
    struct sl_name name;
    sluice_action_format(action, name.text, sizeof name.text);
    return name;
}

sluice_action sl_listed(const struct sl_proof *proof, unsigned kinds, int stage,
                        int microbatch)
{
    unsigned found = kinds & proof->listed[sl_cell(proof, stage, microbatch)];
    int kind = SLUICE_F;
    while (!(found & 1u << kind))
        kind++;
    return (sluice_action){kind, stage, microbatch};
}

sluice_action sl_locate(const struct sl_proof *proof, unsigned kinds, int stage,
                        int microbatch, int *position)
{
    int device = proof->schedule->stage_device[stage];
    const sluice_action *at = proof->schedule->programs[device].actions;
    int i = 0;
    while (at[i].stage != stage || at[i].microbatch != microbatch ||
           !(kinds & 1u << at[i].kind))
        i++;
    *position = i;
    return at[i];
}

sluice_status sl_refuse(const struct sl_proof *proof, int device, int position,
                        sluice_action action, const char *format, ...)
{
    char text[SLUICE_DIAG_TEXT];
    const char *remark = proof->schedule->remark;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bool quotes = *remark && (size_t)n + strlen(remark) + 4 <= sizeof text;
    sluice_diag_set(proof->why, SLUICE_SCHEDULE, "%s%s%s%s", text,
                    quotes ? " (" : "", quotes ? remark : "",
                    quotes ? ")" : "");
    if (proof->why) {
        proof->why->device = device;
        proof->why->stage = action.stage;
        proof->why->microbatch = action.microbatch;
        proof->why->position = position;
        sluice_action_format(action, proof->why->action,
                             sizeof proof->why->action);
    }
    return SLUICE_SCHEDULE;
}

static void free_proof(struct sl_proof *proof)
{
    const sluice_allocator *allocator = proof->schedule->allocator;
    size_t n = proof->n_cells;
    size_t n_stages = (size_t)proof->schedule->n_stages;
    sl_free(allocator, proof->home, (size_t)proof->schedule->n_microbatches,
            sizeof *proof->home);
    sl_free(allocator, proof->peak_bytes, (size_t)proof->schedule->n_devices,
            sizeof *proof->peak_bytes);
    sl_free(allocator, proof->versions, n_stages, sizeof *proof->versions);
    sl_free(allocator, proof->first_held, n_stages, sizeof(int));
    sl_free(allocator, proof->staleness, n_stages, sizeof *proof->staleness);
    sl_free(allocator, proof->listed, n, sizeof *proof->listed);
    sl_free(allocator, proof->done, n, sizeof *proof->done);
    sl_free(allocator, proof->forward, n, sizeof *proof->forward);
    sl_free(allocator, proof->backward, n, sizeof *proof->backward);
}

/* Whether an edge goes from a stage to a later one of its copy. */
static sluice_status check_edge(const sluice_schedule *schedule,
                                const sluice_schedule_edge *edge,
                                sluice_diag *why)
{
    int depth = schedule->n_stages / schedule->n_copies;
    if (edge->from < 0 || edge->to >= schedule->n_stages ||
        edge->from > edge->to || edge->from / depth != edge->to / depth)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "an edge from stage %d to stage %d: give two "
                               "stages of one copy of the model, of %d stages "
                               "each, the earlier one first",
                               edge->from, edge->to, depth);
    bool apart =
        schedule->stage_device[edge->from] != schedule->stage_device[edge->to];
    if (edge->capacity < (apart ? 1 : 0))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a capacity of %d for the edge from stage %d to "
                               "stage %d: give at least 1 between two devices",
                               edge->capacity, edge->from, edge->to);
    return SLUICE_OK;
}

static sluice_status check_edges(const sluice_schedule *schedule,
                                 const sluice_verify_config *config,
                                 sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < config->n_edges && config->edges && !st; i++)
        st = check_edge(schedule, &config->edges[i], why);
    return st;
}

static sluice_status verify(const sluice_schedule *schedule,
                            const sluice_verify_config *config,
                            sluice_device_facts *facts,
                            struct sl_findings *findings, sluice_diag *why)
{
    if (config->queue_capacity < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a queue capacity of %d: give at least 1, or 0 "
                               "for the default of %d",
                               config->queue_capacity, SLUICE_QUEUE_CAPACITY);
    if (config->device_bytes < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a limit of %lld bytes for a device: give at "
                               "least 1, or 0 for none",
                               (long long)config->device_bytes);
    sluice_status st = check_edges(schedule, config, why);
    if (st)
        return st;
    const struct sl_verify_memory memory = {
        config->input_bytes, config->inner_bytes, config->device_bytes};
    struct sl_proof proof = {
        .memory = &memory,
        .schedule = schedule,
        .capacity = config->queue_capacity ? config->queue_capacity
                                           : SLUICE_QUEUE_CAPACITY,
        .forward_only = config->forward_only,
        .edges = config->edges,
        .n_edges = config->edges ? config->n_edges : 0,
        .lowered = sluice_schedule_is_lowered(schedule),
        .why = why,
        .findings = findings,
        .n_cells =
            (size_t)schedule->n_stages * (size_t)schedule->n_microbatches,
    };
    st = sl_verify_complete(&proof);
    if (!st)
        st = sl_verify_vocabulary(&proof);
    if (!st)
        st = sl_verify_order(&proof);
    if (!st)
        st = sl_verify_shards(&proof);
    if (!st)
        st = sl_verify_version(&proof);
    if (!st)
        st = sl_verify_vocabulary_order(&proof);
    if (!st)
        st = sl_verify_handoff(&proof);
    if (!st)
        st = sl_verify_deadlock(&proof);
    if (!st)
        st = sl_verify_memory(&proof);
    if (!st && facts)
        sl_verify_facts(&proof, facts);
    free_proof(&proof);
    return st;
}

sluice_status sluice_schedule_verify(const sluice_schedule *schedule,
                                     const sluice_verify_config *config,
                                     sluice_device_facts *facts,
                                     sluice_diag *why)
{
    return verify(schedule, config, facts, NULL, why);
}

sluice_status sl_verify(const sluice_schedule *schedule,
                        const sluice_verify_config *config,
                        struct sl_findings *findings, sluice_diag *why)
{
    if (sl_findings_init(findings, schedule))
        return sl_no_memory(why, "what is found out about a schedule");
    sluice_status st = verify(schedule, config, NULL, findings, why);
    if (st)
        sl_findings_fini(findings);
    return st;
}
