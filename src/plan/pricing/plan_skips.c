/* Skip connections of a candidate.  One thread. */
#include "plan/pricing/plan_skips.h"

#include "base/memory.h"
#include "nn/model/model.h"
#include "nn/model/skips.h"
#include "plan/pricing/plan_latency.h"
#include "sched/schedule.h"

static int stage_of(const struct sl_plan_candidate *candidate, int layer)
{
    int s = 0;
    for (; layer >= candidate->sizes[s]; s++)
        layer -= candidate->sizes[s];
    return s;
}

sluice_status sl_plan_skips_init(struct sl_plan_skips *skips,
                                 const struct sl_plan_problem *problem,
                                 const struct sl_plan_order *order,
                                 const struct sl_plan_candidate *candidate)
{
    const sluice_schedule *schedule = order->schedule;
    const sluice_model *model = problem->config->model;
    *skips = (struct sl_plan_skips){.n = model ? sl_model_skips(model)->n : 0};
    if (skips->n == 0)
        return SLUICE_OK;
    size_t n = (size_t)skips->n;
    skips->edges = sl_alloc(problem->allocator, n, sizeof *skips->edges);
    skips->latency_ns =
        sl_alloc(problem->allocator, n, sizeof *skips->latency_ns);
    if (!skips->edges || !skips->latency_ns)
        return SLUICE_NO_MEMORY;
    int64_t rows = sl_plan_rows(problem);
    for (int i = 0; i < skips->n; i++) {
        const struct sl_skip *skip = &sl_model_skips(model)->at[i];
        int from = stage_of(candidate, skip->stash);
        int to = stage_of(candidate, skip->pop);
        int here = candidate->device[schedule->stage_device[from]];
        int there = candidate->device[schedule->stage_device[to]];
        int64_t bytes = rows * skip->n * (int64_t)sizeof(float);
        skips->edges[i] = (sluice_schedule_edge){
            from, to, here == there ? 0 : schedule->n_microbatches};
        if (here != there)
            skips->latency_ns[i] =
                sl_plan_hand_off(problem, here, there, bytes);
    }
    return SLUICE_OK;
}

void sl_plan_skips_fini(struct sl_plan_skips *skips,
                        const struct sl_plan_problem *problem)
{
    size_t n = (size_t)skips->n;
    sl_free(problem->allocator, skips->latency_ns, n,
            sizeof *skips->latency_ns);
    sl_free(problem->allocator, skips->edges, n, sizeof *skips->edges);
    *skips = (struct sl_plan_skips){0};
}
