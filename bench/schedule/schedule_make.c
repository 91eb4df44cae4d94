/* From names and numbers to a schedule.  The main thread. */
#include "bench/schedule/schedule_make.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/schedule_passes.h>

#include "bench/cli/choice.h"
#include "bench/order/order.h"
#include "bench/order/schedule_names.h"
#include "bench/order/schedule_source.h"

enum { DEFAULT_DEVICES = 4, DEFAULT_MICROBATCHES = 8, WORD_BYTES = 32 };

static sluice_status begin(const struct schedule_wanted *wanted,
                           sluice_schedule **out, sluice_diag *why)
{
    int k = wanted->devices;
    int m = wanted->microbatches;
    bool has_sizes = schedule_is_file(wanted->order.schedule);
    return schedule_open(&wanted->order, &wanted->costs, wanted->goal,
                         k || has_sizes ? k : DEFAULT_DEVICES,
                         m || has_sizes ? m : DEFAULT_MICROBATCHES, out, why);
}

/* Put what a pass made in the place of what it was made from. */
static sluice_status replace(sluice_schedule **schedule, sluice_status st,
                             sluice_schedule *by)
{
    if (st)
        return st;
    sluice_schedule_destroy(*schedule);
    *schedule = by;
    return SLUICE_OK;
}

static sluice_status warm_up(const struct schedule_wanted *wanted,
                             sluice_schedule **schedule, sluice_diag *why)
{
    int slack[SLUICE_SCHEDULE_MAX_DEVICES];
    int n = sluice_schedule_n_devices(*schedule);
    sluice_schedule *passed = NULL;
    for (int d = 0; d < n; d++)
        slack[d] = wanted->slack * (n - 1 - d);
    sluice_status st = sluice_schedule_warm_up(
        *schedule, slack, wanted->order.capacity, &passed, why);
    return replace(schedule, st, passed);
}

/* One word for each stage, or one for all. */
static sluice_status parse_remats(const char *text, int n_stages,
                                  sluice_remat *remats, sluice_diag *why)
{
    int n = 0;
    for (;; text++, n++) {
        char word[WORD_BYTES];
        size_t length = strcspn(text, ",");
        int value = 0;
        if (length >= sizeof word)
            length = sizeof word - 1;
        memcpy(word, text, length);
        word[length] = 0;
        sluice_status st = choice_parse(remat_choices, word, &value, why);
        if (st)
            return st;
        if (n < n_stages)
            remats[n] = (sluice_remat)value;
        text += strcspn(text, ",");
        if (!*text)
            break;
    }
    if (n + 1 == n_stages)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%d words for %d stages: give one for each, or one "
                           "for all",
                           n + 1, n_stages);
}

/* free() `*costs`, also after an error. */
static sluice_status make_costs(const struct schedule_wanted *wanted,
                                const sluice_schedule *schedule,
                                int64_t **costs, sluice_diag *why)
{
    size_t n = (size_t)sluice_schedule_n_stages(schedule);
    *costs = calloc(n * SLUICE_N_ACTION_KINDS, sizeof **costs);
    if (!*costs)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %zu stages", n);
    return schedule_stage_costs(schedule, &wanted->costs, &wanted->order.speeds,
                                *costs, why);
}

static sluice_status recompute(const struct schedule_wanted *wanted,
                               sluice_schedule **schedule, sluice_diag *why)
{
    sluice_remat remats[SLUICE_MAX_STAGES];
    sluice_schedule *passed = NULL;
    int64_t *costs;
    sluice_status st = make_costs(wanted, *schedule, &costs, why);
    const sluice_recompute_config config = {
        .remat = (sluice_remat)wanted->order.remat,
        .stage_remat = wanted->remats ? remats : NULL,
        .early = wanted->moment == RECOMPUTE_EARLY,
        .stage_costs_ns = costs,
    };
    if (!st && wanted->remats)
        st = parse_remats(wanted->remats, sluice_schedule_n_stages(*schedule),
                          remats, why);
    if (!st)
        st = sluice_schedule_recompute(*schedule, &config, &passed, why);
    free(costs);
    return replace(schedule, st, passed);
}

static sluice_status cut_vocabulary(const struct schedule_wanted *wanted,
                                    sluice_schedule **schedule,
                                    sluice_diag *why)
{
    sluice_schedule *passed = NULL;
    int64_t *costs;
    sluice_status st = make_costs(wanted, *schedule, &costs, why);
    const sluice_vocabulary_config config = {
        .stage_costs_ns = costs,
        .queue_capacity = wanted->order.capacity,
    };
    if (!st)
        st = sluice_schedule_vocabulary(*schedule, &config, &passed, why);
    free(costs);
    return replace(schedule, st, passed);
}

static sluice_status split_or_merge(const struct schedule_wanted *wanted,
                                    sluice_schedule **schedule,
                                    sluice_diag *why)
{
    sluice_schedule *passed = NULL;
    sluice_status st =
        wanted->split ? sluice_schedule_split_backward(*schedule, &passed, why)
                      : sluice_schedule_merge_backward(*schedule, &passed, why);
    return replace(schedule, st, passed);
}

static sluice_status gather(const struct schedule_wanted *wanted,
                            sluice_schedule **schedule, sluice_diag *why)
{
    sluice_schedule *passed = NULL;
    sluice_status st = sluice_schedule_gather_weights(
        *schedule, wanted->order.gather_weights, &passed, why);
    return replace(schedule, st, passed);
}

static sluice_status shard(const struct schedule_wanted *wanted,
                           sluice_schedule **schedule, sluice_diag *why)
{
    sluice_schedule *passed = NULL;
    sluice_status st =
        sluice_schedule_shard(*schedule, wanted->shard, &passed, why);
    return replace(schedule, st, passed);
}

static sluice_status pass_all(const struct schedule_wanted *wanted,
                              sluice_schedule **schedule, sluice_diag *why)
{
    bool recomputes =
        wanted->remats || wanted->order.remat != SLUICE_REMAT_NEVER;
    sluice_status st = SLUICE_OK;
    if (wanted->split || wanted->merge)
        st = split_or_merge(wanted, schedule, why);
    if (!st && wanted->order.gather_weights)
        st = gather(wanted, schedule, why);
    if (!st && wanted->slack)
        st = warm_up(wanted, schedule, why);
    if (!st && recomputes)
        st = recompute(wanted, schedule, why);
    if (!st && wanted->cuts)
        st = cut_vocabulary(wanted, schedule, why);
    if (!st && wanted->shard)
        st = shard(wanted, schedule, why);
    if (st || !wanted->lower)
        return st;
    sluice_schedule *lowered = NULL;
    st =
        sluice_schedule_lower(*schedule, wanted->order.capacity, &lowered, why);
    return replace(schedule, st, lowered);
}

sluice_status schedule_make(const struct schedule_wanted *wanted,
                            sluice_schedule **out, sluice_diag *why)
{
    sluice_schedule *schedule = NULL;
    sluice_status st = begin(wanted, &schedule, why);
    if (!st)
        st = pass_all(wanted, &schedule, why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}
