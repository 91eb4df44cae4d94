/*
 * Varuna (Athlur et al., 2022): greedy, with recomputation in the order.  In
 * ticks of one action each, a device takes the first of W, I, R, F that it can
 * do; it recomputes a micro-batch once the next stage has done its I.  The last
 * stage never recomputes, and on none does more than one recomputed micro-batch
 * live at a time.  Nothing is handed over to a full queue, of the standard
 * capacity, or stages that run far ahead would wait for each other.
 *
 * The order is settled here, once.  The paper's rule for the run - if the
 * gradient of the next R is late, go ahead with a forward - is not followed:
 * devices execute their lists as they are.
 */
#include "base/memory.h"
#include "sched/generators/generator.h"
#include "sched/schedule.h"

/* The stages of a pipeline, after a tick: micro-batches for which each kind is
 * done. */
struct progress {
    int done[SLUICE_N_ACTION_KINDS];
};

/* Whether the queue between two stages has room for what the first one, or the
 * one that is ahead in I's, hands over next. */
static bool has_room(const struct progress *ahead,
                     const struct progress *behind, sluice_action_kind kind)
{
    return ahead->done[kind] - behind->done[kind] < SLUICE_QUEUE_CAPACITY;
}

/* The kind that a stage does next, or -1.  The neighbours stand on both sides
 * of it. */
static int pick(const struct progress *stage, bool first, bool last, int m)
{
    const int *done = stage->done;
    if (done[SLUICE_W] < done[SLUICE_I])
        return SLUICE_W;
    if (done[SLUICE_I] < done[last ? SLUICE_F : SLUICE_R] &&
        (first || has_room(stage, stage - 1, SLUICE_I)))
        return SLUICE_I;
    if (!last && done[SLUICE_R] < stage[1].done[SLUICE_I] &&
        done[SLUICE_R] == done[SLUICE_W])
        return SLUICE_R;
    if (done[SLUICE_F] < m &&
        (first || done[SLUICE_F] < stage[-1].done[SLUICE_F]) &&
        (last || has_room(stage, stage + 1, SLUICE_F)))
        return SLUICE_F;
    return -1;
}

/* Write what happens in a tick; `kinds[n]` is for its own use. */
static sluice_status tick(struct progress *stages, int n, int *kinds,
                          sluice_schedule *schedule, sluice_diag *why)
{
    for (int s = 0; s < n; s++)
        kinds[s] =
            pick(&stages[s], s == 0, s == n - 1, schedule->n_microbatches);
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < n && !st; s++) {
        struct sl_writer writer = {
            .schedule = schedule, .device = s, .why = why};
        if (kinds[s] >= 0)
            sl_write(&writer, (sluice_action_kind)kinds[s], s,
                     stages[s].done[kinds[s]]++);
        st = writer.status;
    }
    return st;
}

static sluice_status write_all(sluice_schedule *schedule,
                               const sluice_schedule_config *config,
                               sluice_diag *why)
{
    size_t n = (size_t)config->devices;
    struct progress *stages = sl_alloc(config->allocator, n, sizeof *stages);
    int *kinds = sl_alloc(config->allocator, n, sizeof *kinds);
    sluice_status st = SLUICE_OK;
    if (!stages || !kinds)
        st = sl_no_memory(why, "the progress of stages");
    /* The first stage is the last to finish. */
    while (!st && stages[0].done[SLUICE_W] < config->microbatches)
        st = tick(stages, config->devices, kinds, schedule, why);
    for (int s = 0; s < config->devices && !st; s++) {
        struct sl_writer writer = {
            .schedule = schedule, .device = s, .why = why};
        sl_write_updates(&writer);
        st = writer.status;
    }
    sl_free(config->allocator, kinds, n, sizeof *kinds);
    sl_free(config->allocator, stages, n, sizeof *stages);
    return st;
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    promise->activations =
        sl_least(config->microbatches, 2 * (config->devices - r) - 1);
    promise->inner = 1;
    promise->places = SLUICE_QUEUE_CAPACITY;
    promise->choosy = true;
}

const struct sl_generator sl_generator_varuna = {
    .name = "varuna",
    .summary = "greedy, recomputes; one working set per device",
    .cell_actions = 3,
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write_all = write_all,
    .promise = promise,
};
