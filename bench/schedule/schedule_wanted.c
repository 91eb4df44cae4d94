/* From names and numbers to a schedule.  The main thread. */
#include "bench/schedule/schedule_wanted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>

#include "bench/cli/choice.h"
#include "bench/measure/order.h"
#include "bench/schedule/schedule_auto.h"

enum { DEFAULT_DEVICES = 4, DEFAULT_MICROBATCHES = 8, WORD_BYTES = 32 };

bool schedule_is_file(const char *name)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        if (!strcmp(sluice_schedule_generator(i), name))
            return false;
    return strpbrk(name, "./") != NULL;
}

sluice_status schedule_read(const char *path, sluice_schedule **out,
                            sluice_diag *why)
{
    const char *end = strrchr(path, '.');
    if (end && !strcmp(end, ".json"))
        return sluice_schedule_read_json(path, NULL, out, why);
    return sluice_schedule_read_csv(path, SLUICE_CSV_DETECT, NULL, out, why);
}

bool schedule_is_forward(const sluice_schedule *schedule)
{
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++)
            if (actions[i].kind != SLUICE_F &&
                actions[i].kind != SLUICE_SEND_F &&
                actions[i].kind != SLUICE_RECV_F)
                return false;
    }
    return true;
}

int schedule_stages_on(const sluice_schedule *schedule, int device)
{
    int n = 0;
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++)
        n += sluice_schedule_stage_device(schedule, s) == device;
    return n;
}

void schedule_costs_of(const struct schedule_costs *costs, int share,
                       int64_t costs_ns[SLUICE_N_ACTION_KINDS])
{
    double again = costs->recompute < 0 ? costs->forward : costs->recompute;
    double cell = (double)costs->cell_ns / share;
    costs_ns[SLUICE_F] = llround(costs->forward * cell);
    costs_ns[SLUICE_I] = llround(costs->input * cell);
    costs_ns[SLUICE_W] = llround(costs->weight * cell);
    costs_ns[SLUICE_B] = costs_ns[SLUICE_I] + costs_ns[SLUICE_W];
    costs_ns[SLUICE_R] = llround(again * cell);
    costs_ns[SLUICE_UPDATE] = 0;
}

/* How many parts of the model share the device of a part, in the first copy. */
static int share_of(const sluice_schedule *schedule, int part)
{
    int n = 0;
    int depth =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    for (int s = 0; s < depth; s++)
        n += sluice_schedule_stage_device(schedule, s) ==
             sluice_schedule_stage_device(schedule, part);
    return n;
}

void schedule_stage_costs(const sluice_schedule *schedule,
                          const struct schedule_costs *costs, int64_t *costs_ns)
{
    int depth =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++)
        schedule_costs_of(costs, share_of(schedule, s % depth),
                          &costs_ns[s * SLUICE_N_ACTION_KINDS]);
}

static sluice_status check_number(const char *what, int wanted, int have,
                                  const char *remark, sluice_diag *why)
{
    if (!wanted || wanted == have)
        return SLUICE_OK;
    return sluice_diag_set(
        why, SLUICE_INVALID, "%d %s asked for, but the file has %d%s%s%s",
        wanted, what, have, *remark ? " (" : "", remark, *remark ? ")" : "");
}

static sluice_status read_file(const struct schedule_wanted *wanted,
                               sluice_schedule **out, sluice_diag *why)
{
    sluice_schedule *schedule;
    sluice_status st = schedule_read(wanted->order.schedule, &schedule, why);
    if (st)
        return st;
    const char *remark = sluice_schedule_remark(schedule);
    st = check_number("devices", wanted->devices,
                      sluice_schedule_n_devices(schedule), remark, why);
    if (!st)
        st =
            check_number("micro-batches", wanted->microbatches,
                         sluice_schedule_n_microbatches(schedule), remark, why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}

static sluice_status begin(const struct schedule_wanted *wanted,
                           sluice_schedule **out, sluice_diag *why)
{
    if (schedule_is_file(wanted->order.schedule))
        return read_file(wanted, out, why);
    int k = wanted->devices ? wanted->devices : DEFAULT_DEVICES;
    int m = wanted->microbatches ? wanted->microbatches : DEFAULT_MICROBATCHES;
    if (!strcmp(wanted->order.schedule, SCHEDULE_AUTO))
        return schedule_auto(wanted, k, m, out, why);
    const sluice_schedule_config config = order_config(&wanted->order, k, m);
    return sluice_schedule_generate(&config, out, why);
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

static sluice_status recompute(const struct schedule_wanted *wanted,
                               sluice_schedule **schedule, sluice_diag *why)
{
    size_t n = (size_t)sluice_schedule_n_stages(*schedule);
    sluice_remat remats[SLUICE_MAX_STAGES];
    int64_t *costs = calloc(n * SLUICE_N_ACTION_KINDS, sizeof *costs);
    sluice_schedule *passed = NULL;
    if (!costs)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %zu stages", n);
    schedule_stage_costs(*schedule, &wanted->costs, costs);
    const sluice_recompute_config config = {
        .remat = (sluice_remat)wanted->order.remat,
        .stage_remat = wanted->remats ? remats : NULL,
        .early = wanted->moment == RECOMPUTE_EARLY,
        .stage_costs_ns = costs,
    };
    sluice_status st = wanted->remats
                           ? parse_remats(wanted->remats, (int)n, remats, why)
                           : SLUICE_OK;
    if (!st)
        st = sluice_schedule_recompute(*schedule, &config, &passed, why);
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

static sluice_status pass_all(const struct schedule_wanted *wanted,
                              sluice_schedule **schedule, sluice_diag *why)
{
    bool recomputes =
        wanted->remats || wanted->order.remat != SLUICE_REMAT_NEVER;
    sluice_status st = SLUICE_OK;
    if (wanted->split || wanted->merge)
        st = split_or_merge(wanted, schedule, why);
    if (!st && wanted->slack)
        st = warm_up(wanted, schedule, why);
    if (!st && recomputes)
        st = recompute(wanted, schedule, why);
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
