/* ZeRO.  The thread that creates the pipeline. */
#include "blueprint/shards/zero.h"

#include <string.h>

#include <sluice/schedule_passes.h>

#include "base/memory.h"
#include "blueprint/checks/zero_order.h"
#include "sched/schedule.h"

/* Stages whose parameters a device has at a time, as PyTorch has it. */
enum { MOST_WHOLE = 3 };

sluice_status sl_zero_place(int wanted, sluice_schedule **schedule,
                            sluice_diag *why)
{
    bool apt = sluice_schedule_n_copies(*schedule) == 1 &&
               sluice_schedule_n_updates(*schedule) <= 1 &&
               !sl_schedule_shards(*schedule);
    sluice_schedule *placed;
    if (wanted < SL_ZERO_GRADIENTS || !apt)
        return SLUICE_OK;
    int most = wanted >= SL_ZERO_PARAMETERS ? MOST_WHOLE : 0;
    sluice_status st = sluice_schedule_shard(*schedule, most, &placed, why);
    if (st)
        return st;
    sluice_schedule_destroy(*schedule);
    *schedule = placed;
    return SLUICE_OK;
}

static sluice_status check_range(int wanted, sluice_diag *why)
{
    if (wanted >= 0 && wanted <= SL_ZERO_PARAMETERS)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "ZeRO stage %d: there are stages 0, which shares "
                           "nothing, to %d",
                           wanted, SL_ZERO_PARAMETERS);
}

/* With what it does not go. */
static sluice_status check_company(int wanted,
                                   const sluice_optimizer_ops *optimizer,
                                   const struct sl_update_mode *mode,
                                   sluice_diag *why)
{
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

/* Whether sums of a layer go into parameters that the optimizer leaves alone:
 * they are wanted whole. */
static bool sums_statistics(const sluice_layer_plan *plan)
{
    for (int p = 0; p < plan->n_params; p++)
        if (plan->params[p].statistic)
            return true;
    return false;
}

static sluice_status check_statistics(int wanted, const sluice_model *model,
                                      const sluice_schedule *schedule,
                                      sluice_diag *why)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    int n_devices = sluice_schedule_n_devices(schedule);
    for (int i = 0; i < sluice_model_n_layers(model) && n_stages > n_devices;
         i++)
        if (sums_statistics(sluice_model_layer_plan(model, i)))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "ZeRO stage %d with %d stages on %d "
                                   "devices, which use one gradient in turn, "
                                   "and layer %d, whose statistics need their "
                                   "sums until the update; set zero to 1, or "
                                   "use a schedule with a stage on each device",
                                   wanted, n_stages, n_devices, i);
    return SLUICE_OK;
}

/* What needs all of a gradient for longer than a stage's backwards take. */
static sluice_status check_gradients(int wanted, const struct sl_grid *grid,
                                     const sluice_model *model,
                                     const sluice_schedule *schedule,
                                     const struct sl_update_mode *mode,
                                     sluice_diag *why)
{
    if (mode->ties)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "ZeRO stage %d and tied parameters, whose whole "
                               "gradients are added up before anything is "
                               "shared; set zero to 1, or tie nothing",
                               wanted);
    if (grid->n_copies > 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "ZeRO stage %d under a schedule with %d copies "
                               "of the model, which add up their gradients at "
                               "its end; set zero to 1, or use a schedule with "
                               "one copy",
                               wanted, grid->n_copies);
    sluice_status st = check_statistics(wanted, model, schedule, why);
    if (!st)
        st = sl_zero_check_order(wanted, schedule, why);
    if (!st && mode->reduces) /* with one holder none is placed */
        st = sl_zero_check_reductions(wanted, schedule, why);
    return st;
}

sluice_status sl_zero_choose(int wanted, const struct sl_grid *grid,
                             bool one_process,
                             const sluice_optimizer_ops *optimizer,
                             const sluice_model *model,
                             const sluice_schedule *schedule,
                             struct sl_update_mode *mode, sluice_diag *why)
{
    sluice_status st = check_range(wanted, why);
    if (!st && wanted > 0)
        st = check_company(wanted, optimizer, mode, why);
    if (!st && wanted >= SL_ZERO_GRADIENTS)
        st = check_gradients(wanted, grid, model, schedule, mode, why);
    bool brings = wanted >= SL_ZERO_PARAMETERS && !one_process && mode->reduces;
    if (!st && mode->reduces)
        mode->zero = wanted;
    if (!st)
        mode->brings = brings;
    return st;
}

static bool has_statistics(const struct sl_stage *stage)
{
    for (int i = 0; i < stage->n_units; i++)
        if (sums_statistics(stage->units[i].plan))
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

static size_t floats_bytes(int64_t n)
{
    return (size_t)n * sizeof(float);
}

size_t sl_zero_in_turn_bytes(const struct sl_layout *layout,
                             const struct sl_stage *stages, int place)
{
    int n_stages = 0;
    size_t most = 0;
    for (int s = 0; s < layout->grid.n_stages; s++) {
        if (stages[s].device != place)
            continue;
        n_stages++;
        if (floats_bytes(stages[s].n_grads) > most)
            most = floats_bytes(stages[s].n_grads);
    }
    return layout->zero >= SL_ZERO_GRADIENTS && n_stages > 1 ? most : 0;
}

size_t sl_zero_room_bytes(const struct sl_layout *layout,
                          const struct sl_stage *stages, int place)
{
    int64_t most = 0;
    for (int s = 0; s < layout->grid.n_stages && layout->brings; s++)
        if (stages[s].device == place && stages[s].n_params > most)
            most = stages[s].n_params;
    return floats_bytes(most);
}

size_t sl_zero_gradient_bytes(const struct sl_workspace *ws,
                              const struct sl_stage *stage)
{
    return floats_bytes(ws->gradient_bytes > 0 ? stage->n_states
                                               : stage->n_grads);
}

size_t sl_zero_parameter_bytes(const struct sl_layout *layout,
                               const struct sl_stage *stage)
{
    return floats_bytes(layout->zero >= SL_ZERO_PARAMETERS ? stage->n_states
                                                           : stage->n_params);
}

static bool lies_in_common(const struct sl_layout *layout)
{
    return layout->zero >= SL_ZERO_PARAMETERS && !layout->brings;
}

size_t sl_zero_arena_bytes(const struct sl_layout *layout,
                           struct sl_coordinates at)
{
    const sluice_memory_plan *plan = sl_layout_plan(layout, at);
    return lies_in_common(layout) ? plan->total - plan->parameters
                                  : plan->total;
}

void sl_zero_bind_gradients(struct sl_stage *stage, float *in_turn,
                            struct sl_arena *arena)
{
    if (in_turn) {
        stage->grads = in_turn;
        stage->own_grads = sl_arena_take(arena, floats_bytes(stage->n_states));
        return;
    }
    stage->grads = sl_arena_take(arena, floats_bytes(stage->n_grads));
    stage->own_grads = stage->grads + stage->own.first;
}

/* A shard of a part of the model, those of part 0 first, and the stages that
 * hold it, those of replica 0 first. */
static int n_common(const struct sl_layout *layout)
{
    return layout->grid.depth * layout->grid.n_shards;
}

static struct sl_stage *holder_at(struct sl_layout *layout, int common,
                                  int holder)
{
    const struct sl_grid *grid = &layout->grid;
    return &layout->stages[sl_held_stage(grid, holder, common % grid->n_shards,
                                         common / grid->n_shards)];
}

static sluice_status take_common(struct sl_layout *layout, int common)
{
    int n_holders = sl_n_holders(&layout->grid);
    struct sl_stage *first = holder_at(layout, common, 0);
    size_t bytes = (size_t)n_holders * floats_bytes(first->n_states);
    sluice_status st = sl_arena_init(&first->common, bytes, layout->allocator);
    if (st)
        return st;
    memset(first->common.base, 0, bytes);
    for (int h = 0; h < n_holders; h++)
        holder_at(layout, common, h)->versions =
            (float *)(void *)first->common.base;
    return SLUICE_OK;
}

sluice_status sl_zero_take_common(struct sl_layout *layout, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n_common(layout) && !st; i++)
        if (lies_in_common(layout))
            st = take_common(layout, i);
    if (!st)
        return SLUICE_OK;
    sl_zero_give_common(layout);
    return sl_no_memory(why, "the parameters that replicas share");
}

void sl_zero_give_common(struct sl_layout *layout)
{
    for (int i = 0; i < n_common(layout); i++) {
        struct sl_stage *first = holder_at(layout, i, 0);
        if (first->common.base)
            sl_arena_fini(&first->common);
        first->common = (struct sl_arena){0};
    }
}
