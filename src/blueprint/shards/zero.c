/* ZeRO.  The thread that creates the pipeline. */
#include "blueprint/shards/zero.h"

static sluice_status check_range(int wanted, sluice_diag *why)
{
    if (wanted >= 0 && wanted <= SL_ZERO_MOST)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "ZeRO stage %d: there are stages 0, which shares "
                           "nothing, to %d",
                           wanted, SL_ZERO_MOST);
}

/* With what it does not go. */
static sluice_status check_company(int wanted, const struct sl_grid *grid,
                                   bool one_process,
                                   const sluice_optimizer_ops *optimizer,
                                   const struct sl_update_mode *mode,
                                   sluice_diag *why)
{
    if (grid->n_shards > 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "ZeRO stage %d and teams of %d devices, whose "
                               "parameters are divided already; set zero to "
                               "0, or team to 1",
                               wanted, grid->n_shards);
    if (!one_process)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "ZeRO stage %d in a pipeline of several "
                               "processes; set zero to 0, or run it in one",
                               wanted);
    if (mode->asynchronous)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "ZeRO stage %d under an asynchronous schedule, "
                               "whose stages keep several versions of their "
                               "weights; use a synchronous schedule, or set "
                               "zero to 0",
                               wanted);
    if (!optimizer->elementwise)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "ZeRO stage %d and optimizer %s, which does not "
                               "say that it updates each element by itself "
                               "(`elementwise`); set zero to 0, or take "
                               "another optimizer",
                               wanted, optimizer->name);
    return SLUICE_OK;
}

sluice_status sl_zero_choose(int wanted, const struct sl_grid *grid,
                             bool one_process,
                             const sluice_optimizer_ops *optimizer,
                             struct sl_update_mode *mode, sluice_diag *why)
{
    sluice_status st = check_range(wanted, why);
    if (!st && wanted > 0)
        st = check_company(wanted, grid, one_process, optimizer, mode, why);
    if (!st && mode->reduces)
        mode->zero = wanted;
    return st;
}

/* Its sums go into parameters that the optimizer leaves alone. */
static bool has_statistics(const struct sl_stage *stage)
{
    for (int i = 0; i < stage->n_units; i++)
        for (int p = 0; p < stage->units[i].plan->n_params; p++)
            if (stage->units[i].plan->params[p].statistic)
                return true;
    return false;
}

static void share_stage(const struct sl_update_mode *mode, int n_holders,
                        int holder, struct sl_stage *stage)
{
    if (mode->zero == 0) {
        stage->own = (struct sl_chunk){0, stage->n_params};
        stage->n_states = stage->n_params;
        stage->gathers = true;
        return;
    }
    stage->own = sl_chunk_of(stage->n_params, n_holders, holder);
    stage->n_states = sl_chunk_largest(stage->n_params, n_holders);
    stage->gathers = mode->measures || mode->ties || has_statistics(stage);
}

void sl_zero_share(struct sl_layout *layout, const struct sl_update_mode *mode)
{
    const struct sl_grid *grid = &layout->grid;
    struct sl_stage *stage = layout->stages;
    for (int r = 0; r < grid->n_replicas; r++)
        for (int s = 0; s < grid->n_shards * grid->n_stages; s++, stage++) {
            const struct sl_coordinates at = {.replica = r};
            share_stage(mode, sl_n_holders(grid),
                        sl_holder_of(grid, at, stage->index), stage);
        }
}
