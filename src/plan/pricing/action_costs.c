/* What the single actions of a candidate take.  One thread. */
#include "plan/pricing/action_costs.h"

#include <math.h>

#include "base/memory.h"
#include "sched/schedule.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

/* By how much the first of a stage's actions of a kind takes longer. */
static int64_t first_of(const struct sl_plan_problem *problem,
                        const struct sl_plan_order *order,
                        const struct sl_plan_candidate *candidate, int stage,
                        int kind)
{
    int i = 0;
    int64_t ns = 0;
    const int64_t *first_ns = sl_plan_first_costs(problem);
    for (int s = 0; s < stage; s++)
        i += candidate->sizes[s];
    for (int end = i + candidate->sizes[stage]; i < end; i++) {
        ns += first_ns[sl_plan_row(problem, i) + (size_t)kind];
    }
    int device = candidate->device[order->schedule->stage_device[stage]];
    return llround((double)ns / sl_plan_speed(problem, device));
}

static bool is_backward(int kind)
{
    return kind == SLUICE_B || kind == SLUICE_I;
}

/* By how much the first backward of a stage takes longer. */
static int64_t first_backward(const struct sl_plan_problem *problem,
                              const struct sl_plan_order *order,
                              const struct sl_plan_candidate *candidate,
                              const struct sl_action_list *list, int stage)
{
    for (int i = 0; i < list->n; i++)
        if (list->actions[i].stage == stage &&
            is_backward(list->actions[i].kind))
            return first_of(problem, order, candidate, stage,
                            list->actions[i].kind);
    return 0;
}

/* The cost of each action of a device, in the order of its list, and what it
 * does before: weights are packed before the input is waited for, and within
 * the action where the input is that of the model.  The last stage never waits
 * for gradients: it packs for both ways before its first forward. */
static void fill_actions(const struct sl_plan_problem *problem,
                         const struct sl_plan_order *order,
                         const struct sl_plan_candidate *candidate,
                         const struct sl_action_list *list, int64_t *ns,
                         int64_t *ahead)
{
    bool seen[SLUICE_PLAN_MAX_STAGES][2] = {{false}};
    for (int i = 0; i < list->n; i++) {
        int kind = list->actions[i].kind, stage = list->actions[i].stage;
        bool back = is_backward(kind);
        bool last = stage == candidate->n_stages - 1, waits = stage > 0;
        ns[i] = problem->stage_ns[stage * KINDS + kind];
        ahead[i] = 0;
        if ((kind != SLUICE_F && !back) || seen[stage][back])
            continue;
        seen[stage][back] = true;
        if (back && last && waits)
            continue;
        *(waits || (back && !last) ? &ahead[i] : &ns[i]) +=
            first_of(problem, order, candidate, stage, kind);
        if (!back && last && waits)
            ahead[i] += first_backward(problem, order, candidate, list, stage);
    }
}

sluice_status sl_plan_action_costs_init(
    struct sl_plan_action_costs *costs, const struct sl_plan_problem *problem,
    const struct sl_plan_order *order, const sluice_schedule *schedule,
    const struct sl_plan_candidate *candidate)
{
    costs->n = 0;
    for (int d = 0; d < schedule->n_devices; d++)
        costs->n += (size_t)schedule->programs[d].n;
    costs->storage =
        sl_alloc(problem->allocator, 2 * costs->n, sizeof *costs->storage);
    if (!costs->storage)
        return SLUICE_NO_MEMORY;
    int64_t *at = costs->storage, *ahead = at + costs->n;
    for (int d = 0; d < schedule->n_devices; d++) {
        const struct sl_action_list *list = &schedule->programs[d];
        costs->lists[d] = at;
        costs->ahead[d] = ahead;
        fill_actions(problem, order, candidate, list, at, ahead);
        at += list->n;
        ahead += list->n;
    }
    return SLUICE_OK;
}

void sl_plan_action_costs_fini(struct sl_plan_action_costs *costs,
                               const struct sl_plan_problem *problem)
{
    sl_free(problem->allocator, costs->storage, 2 * costs->n,
            sizeof *costs->storage);
    costs->storage = NULL;
}
