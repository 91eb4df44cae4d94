/* The arrays of what a proof finds out.  One thread. */
#include "sched/verify/findings.h"

#include "base/memory.h"

static size_t n_cells(const sluice_schedule *schedule)
{
    return (size_t)schedule->n_stages * (size_t)schedule->n_microbatches;
}

static size_t n_all_updates(const struct sl_findings *findings)
{
    return (size_t)findings->schedule->n_stages * (size_t)findings->n_updates;
}

sluice_status sl_findings_init(struct sl_findings *findings,
                               const sluice_schedule *schedule)
{
    const sluice_allocator *allocator = schedule->allocator;
    *findings = (struct sl_findings){
        .schedule = schedule,
        .n_updates = sluice_schedule_n_updates(schedule),
    };
    bool asynchronous = findings->n_updates > 1;
    findings->versions =
        sl_alloc(allocator, (size_t)schedule->n_stages, sizeof(int));
    findings->update_of =
        sl_alloc(allocator, (size_t)schedule->n_microbatches, sizeof(int32_t));
    findings->staleness =
        sl_alloc(allocator, n_all_updates(findings), sizeof(int32_t));
    if (asynchronous)
        findings->used =
            sl_alloc(allocator, n_cells(schedule), sizeof(int32_t));
    if (!findings->versions || !findings->update_of || !findings->staleness ||
        (asynchronous && !findings->used)) {
        sl_findings_fini(findings);
        return SLUICE_NO_MEMORY;
    }
    for (int s = 0; s < schedule->n_stages; s++)
        findings->versions[s] = 1;
    return SLUICE_OK;
}

void sl_findings_fini(struct sl_findings *findings)
{
    const sluice_schedule *schedule = findings->schedule;
    if (!schedule)
        return;
    const sluice_allocator *allocator = schedule->allocator;
    sl_free(allocator, findings->used, n_cells(schedule), sizeof(int32_t));
    sl_free(allocator, findings->staleness, n_all_updates(findings),
            sizeof(int32_t));
    sl_free(allocator, findings->update_of, (size_t)schedule->n_microbatches,
            sizeof(int32_t));
    sl_free(allocator, findings->versions, (size_t)schedule->n_stages,
            sizeof(int));
    *findings = (struct sl_findings){0};
}

int32_t sl_max_staleness(const struct sl_findings *findings)
{
    int32_t most = 0;
    for (size_t i = 0; i < n_all_updates(findings); i++)
        if (findings->staleness[i] > most)
            most = findings->staleness[i];
    return most;
}
