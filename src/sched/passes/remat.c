/* Rematerialization as a pass: which backwards get an R, and the plain place
 * for it, just before. */
#include "sched/passes/remat.h"

#include <sluice/schedule_passes.h>

#include "base/memory.h"
#include "sched/passes/pass.h"

static bool any(const sluice_recompute_config *config, int n_stages)
{
    for (int s = 0; s < n_stages && config->stage_remat; s++)
        if (config->stage_remat[s] != SLUICE_REMAT_NEVER)
            return true;
    return !config->stage_remat && config->remat != SLUICE_REMAT_NEVER;
}

static sluice_status check_choice(sluice_remat remat, sluice_diag *why)
{
    if ((unsigned)remat <= SLUICE_REMAT_EXCEPT_LAST)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "rematerialization %d: give SLUICE_REMAT_NEVER "
                           "(%d), _ALWAYS (%d) or _EXCEPT_LAST (%d)",
                           (int)remat, SLUICE_REMAT_NEVER, SLUICE_REMAT_ALWAYS,
                           SLUICE_REMAT_EXCEPT_LAST);
}

static sluice_status check(const sluice_schedule *schedule,
                           const sluice_recompute_config *config,
                           sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < schedule->n_stages && config->stage_remat && !st; s++)
        st = check_choice(config->stage_remat[s], why);
    if (!st && !config->stage_remat)
        st = check_choice(config->remat, why);
    if (st || !any(config, schedule->n_stages))
        return st;
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++) {
            sluice_action action = schedule->programs[d].actions[i];
            if (action.kind == SLUICE_R)
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "the schedule recomputes already: "
                                       "%dR%d at position %d of device %d; "
                                       "start from one without R",
                                       action.stage, action.microbatch, i, d);
        }
    return SLUICE_OK;
}

/* The micro-batch that "except_last" leaves out is the one whose backward comes
 * first: the last one forward in GPipe's order.  Returns whether there is any.
 */
static bool choose(const struct sl_recompute *recompute, bool *chosen)
{
    const sluice_schedule *schedule = recompute->schedule;
    const sluice_recompute_config *config = recompute->config;
    bool begun[SLUICE_MAX_STAGES] = {false}; /* the stage's backward phase */
    bool found = false;
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++) {
            sluice_action action = schedule->programs[d].actions[i];
            if (!sl_takes_gradient(action))
                continue;
            int s = action.stage;
            sluice_remat remat =
                config->stage_remat ? config->stage_remat[s] : config->remat;
            bool wanted = remat == SLUICE_REMAT_ALWAYS ||
                          (remat == SLUICE_REMAT_EXCEPT_LAST && begun[s]);
            chosen[sl_recompute_cell(recompute, action)] = wanted;
            found |= wanted;
            begun[s] = true;
        }
    return found;
}

static sluice_status copy_device(const void *context,
                                 const sluice_schedule *schedule, int device,
                                 sluice_schedule *out, sluice_diag *why)
{
    const struct sl_recompute *recompute = context;
    const struct sl_action_list *program = &schedule->programs[device];
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < program->n && !st; i++) {
        sluice_action action = program->actions[i];
        if (sl_takes_gradient(action) &&
            recompute->chosen[sl_recompute_cell(recompute, action)]) {
            sluice_action again = action;
            again.kind = SLUICE_R;
            st = sluice_schedule_append(out, device, again, why);
        }
        if (!st)
            st = sluice_schedule_append(out, device, action, why);
    }
    return st;
}

sluice_status sluice_schedule_recompute(const sluice_schedule *schedule,
                                        const sluice_recompute_config *config,
                                        sluice_schedule **out, sluice_diag *why)
{
    sluice_status st = check(schedule, config, why);
    if (!st && config->early)
        st = sl_refuse_placed(schedule, "recompute early", why);
    if (st)
        return st;
    size_t n = (size_t)schedule->n_stages * (size_t)schedule->n_microbatches;
    bool *chosen = sl_alloc(schedule->allocator, n, sizeof *chosen);
    if (!chosen)
        return sl_no_memory(why, "the choice of recomputes");
    const struct sl_recompute recompute = {schedule, chosen, config};
    bool found = choose(&recompute, chosen);
    st = config->early && found
             ? sl_recompute_early(&recompute, out, why)
             : sl_pass(schedule, copy_device, &recompute, out, why);
    sl_free(schedule->allocator, chosen, n, sizeof *chosen);
    return st;
}

sluice_status sluice_schedule_remat(const sluice_schedule *schedule,
                                    sluice_remat remat, sluice_schedule **out,
                                    sluice_diag *why)
{
    const sluice_recompute_config config = {.remat = remat};
    return sluice_schedule_recompute(schedule, &config, out, why);
}
