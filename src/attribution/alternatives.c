/* The ways in which a step may be changed.  Any thread. */
#include "attribution/alternatives.h"

sluice_status sl_alternatives_init(struct sl_alternatives *alternatives,
                                   const struct sl_index *index,
                                   bool cells_sleep, sluice_diag *why)
{
    alternatives->index = index;
    alternatives->cells_sleep = cells_sleep;
    sluice_status st =
        sl_what_if_init(&alternatives->what, index, cells_sleep, why);
    if (st)
        return st;
    st = sl_replay_init(&alternatives->replay, index, cells_sleep, why);
    if (st)
        sl_what_if_fini(&alternatives->what);
    return st;
}

void sl_alternatives_fini(struct sl_alternatives *alternatives)
{
    sl_replay_fini(&alternatives->replay);
    sl_what_if_fini(&alternatives->what);
}

void sl_alternatives_hand_off(struct sl_alternatives *alternatives, int device,
                              int64_t ns)
{
    sl_what_if_hand_off(&alternatives->what, device, ns);
    sl_replay_hand_off(&alternatives->replay, device, ns);
}

/* The cores that each replica could have had: as many as were busy on average,
 * rounded up, are shared among them. */
static int cores_of(const struct sl_alternatives *alternatives)
{
    const struct sl_index *index = alternatives->index;
    int64_t window = index->end_ns - index->start_ns;
    int64_t busy = 0;
    for (int d = 0; d < index->trace->n_devices; d++)
        for (int i = 0; i < index->trace->n_events[d]; i++) {
            const sluice_trace_event *e = &index->trace->events[d][i];
            if (sl_computes(e->action))
                busy += sl_own_ns(e, alternatives->cells_sleep);
        }
    int64_t cores = window > 0 ? busy / window + (busy % window > 0) : 0;
    return (int)(cores / sl_n_replicas(index->trace));
}

/* Those that change what an action costs: by mean costs. */
static sluice_status price_by_means(const struct sl_alternatives *alternatives,
                                    struct sl_observations *found,
                                    sluice_diag *why)
{
    const struct sl_what_if *what = &alternatives->what;
    int m = what->n_microbatches;
    const struct sl_change as_is = {.even = false}, even = {.even = true};
    const struct sl_change more = {.n_microbatches =
                                       sl_more_batches(what->n_devices, m)};
    const struct sl_change fewer = {.n_microbatches = m / 2};
    const struct sl_change joint = {.n_devices = cores_of(alternatives)};
    sluice_status st = sl_what_if(what, as_is, &found->as_is_ns, why);
    if (!st)
        st = sl_what_if(what, even, &found->even_ns, why);
    if (!st)
        st = sl_what_if(what, more, &found->more_ns, why);
    if (!st && m > 1)
        st = sl_what_if(what, fewer, &found->fewer_ns, why);
    found->n_cores = joint.n_devices;
    if (!st && joint.n_devices > 0 && joint.n_devices < what->n_devices)
        st = sl_what_if(what, joint, &found->joint_ns, why);
    return st;
}

/* The least doubling of the capacity that is about as good as any. */
static sluice_status price_capacity(struct sl_replay *replay,
                                    struct sl_observations *found,
                                    sluice_diag *why)
{
    int most = replay->index->n_microbatches;
    int64_t least_ns;
    sluice_status st = sl_replay(replay, most, false, &least_ns, why);
    int capacity = found->capacity;
    do {
        capacity = 2 * capacity < most ? 2 * capacity : most;
        if (!st)
            st = sl_replay(replay, capacity, false, &found->roomy_ns, why);
    } while (!st && capacity < most &&
             sl_is_worth(found, (double)(found->roomy_ns - least_ns)));
    found->more_capacity = capacity;
    return st;
}

/* Those that change when an action can start, or how long each one takes: by
 * the step executed again. */
static sluice_status price_by_replay(struct sl_replay *replay,
                                     struct sl_observations *found,
                                     sluice_diag *why)
{
    bool full = sl_is_worth(found, found->fullest_ns);
    bool preempted = sl_is_worth(found, found->preempted_ns);
    if (!replay->schedule || (!full && !preempted))
        return SLUICE_OK;
    found->capacity =
        full ? sl_replay_capacity(replay) : replay->index->n_microbatches;
    sluice_status st =
        sl_replay(replay, found->capacity, false, &found->again_ns, why);
    if (!st && full)
        st = price_capacity(replay, found, why);
    if (!st && preempted)
        st = sl_replay(replay, found->capacity, true, &found->own_ns, why);
    return st;
}

sluice_status sl_alternatives_price(struct sl_alternatives *alternatives,
                                    struct sl_observations *found,
                                    sluice_diag *why)
{
    sluice_status st = price_by_means(alternatives, found, why);
    return st ? st : price_by_replay(&alternatives->replay, found, why);
}
