/* The candidates of a search. */
#include "search/candidates.h"

#include <sluice/schedule_passes.h>

#include "search/beam.h"
#include "search/list_scheduler.h"
#include "search/zb_heuristic.h"

enum {
    MOST_SLACK = 3,                /* forwards ahead, for each device behind */
    MOST_PLACED = 2 * 1000 * 1000, /* actions, by the list scheduler in all */
    STATES_PER_TRY = 200,      /* partial schedules of a beam, by all actions */
    MOST_FOR_PASSES = 1 << 16, /* actions of a schedule that passes change */
};

/* Take a candidate: keep it if it is the best, else free it. */
static sluice_status consider(struct sl_candidates *search,
                              sluice_schedule *schedule, const char *name,
                              bool fixed, sluice_diag *why)
{
    const struct sl_problem *problem = &search->problem;
    int64_t limit = problem->config->limit, held, worth_ns;
    struct sl_worth worth;
    sluice_status st = sl_judge(problem, schedule, &worth, why);
    if (st)
        goto drop;
    held = sl_peak_held(problem, schedule);
    if (search->least < 0 || held < search->least)
        search->least = held;
    if (limit && held > limit)
        goto drop;
    sluice_search_result *result = &search->result;
    worth_ns = sl_objective_ns(problem, worth);
    result->n_candidates++;
    if (fixed && (result->fixed_ns < 0 || worth_ns < result->fixed_ns)) {
        result->fixed_ns = worth_ns;
        result->fixed = name;
    }
    if (search->best) {
        int64_t best_ns = sl_objective_ns(problem, search->worth);
        if (worth_ns > best_ns || (worth_ns == best_ns && held >= search->held))
            goto drop;
    }
    sluice_schedule_destroy(search->best);
    search->best = schedule;
    search->worth = worth;
    search->held = held;
    result->found = name;
    return SLUICE_OK;

drop:
    sluice_schedule_destroy(schedule);
    return st == SLUICE_SCHEDULE ? SLUICE_OK : st;
}

static bool has_recomputes(const sluice_schedule *schedule)
{
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++)
            if (actions[i].kind == SLUICE_R)
                return true;
    }
    return false;
}

/* Whether a generator's schedule is of the kind that is searched for. */
static bool is_comparable(const struct sl_candidates *search,
                          const sluice_schedule *schedule)
{
    return sluice_schedule_n_stages(schedule) == search->problem.n_stages &&
           sluice_schedule_n_copies(schedule) == 1 &&
           sluice_schedule_n_updates(schedule) == 1 &&
           !has_recomputes(schedule);
}

/* What the passes make of it.  One that refuses has nothing to add. */
static sluice_status try_slacks(struct sl_candidates *search,
                                const sluice_schedule *schedule,
                                const char *name, sluice_diag *why)
{
    int k = search->problem.config->devices, slack[SLUICE_MAX_DEVICES];
    sluice_status st = SLUICE_OK;
    for (int each = 1; each <= MOST_SLACK && k > 1 && !st; each++) {
        sluice_schedule *ahead;
        for (int d = 0; d < k; d++)
            slack[d] = each * (k - 1 - d);
        st = sluice_schedule_warm_up(schedule, slack, search->problem.capacity,
                                     &ahead, why);
        if (!st)
            st = consider(search, ahead, name, false, why);
        else if (st != SLUICE_NO_MEMORY)
            return SLUICE_OK;
    }
    return st;
}

static int64_t actions_of(const struct sl_candidates *search)
{
    return 3LL * search->problem.n_stages *
           search->problem.config->microbatches;
}

static sluice_status try_passes(struct sl_candidates *search,
                                const sluice_schedule *schedule,
                                const char *name, sluice_diag *why)
{
    sluice_schedule *split;
    sluice_status st = sluice_schedule_split_backward(schedule, &split, why);
    if (st)
        return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
    st = try_slacks(search, schedule, name, why);
    if (!st)
        st = try_slacks(search, split, name, why);
    if (!st)
        return consider(search, split, name, false, why);
    sluice_schedule_destroy(split);
    return st;
}

static sluice_status try_generator(struct sl_candidates *search,
                                   const char *name, int warm_up,
                                   sluice_diag *why)
{
    const sluice_search_config *config = search->problem.config;
    sluice_schedule *schedule;
    sluice_schedule_config wanted = {
        .name = name,
        .devices = config->devices,
        .microbatches = config->microbatches,
        .chunks = search->problem.n_stages / config->devices,
        .warm_up = warm_up,
        .allocator = config->allocator,
    };
    sluice_status st = sluice_schedule_generate(&wanted, &schedule, why);
    if (st)
        return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
    if (is_comparable(search, schedule)) {
        if (actions_of(search) <= MOST_FOR_PASSES)
            st = try_passes(search, schedule, name, why);
        if (!st)
            return consider(search, schedule, name, true, why);
    }
    sluice_schedule_destroy(schedule);
    return st;
}

static bool has_warm_up(int generator)
{
    int n;
    const sluice_schedule_option *options =
        sluice_schedule_options(generator, &n);
    for (int i = 0; i < n; i++)
        if (options[i].offset == offsetof(sluice_schedule_config, warm_up))
            return true;
    return false;
}

static sluice_status try_generators(struct sl_candidates *search,
                                    sluice_diag *why)
{
    static const int warm_ups[] = {2, 1, 3};
    sluice_status st = SLUICE_OK;
    for (int i = 0; sluice_schedule_generator(i) && !st; i++) {
        const char *name = sluice_schedule_generator(i);
        int n = has_warm_up(i) ? 3 : 1;
        for (int w = 0; w < n && !st; w++)
            st = try_generator(search, name, warm_ups[w], why);
    }
    return st;
}

static sluice_status try_zb_heuristic(struct sl_candidates *search,
                                      sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (search->problem.n_stages != search->problem.config->devices)
        return SLUICE_OK;
    for (int i = 0; i < SL_N_ZB_VARIANTS && !st; i++) {
        sluice_schedule *schedule;
        st =
            sl_zb_heuristic(&search->problem, sl_zb_variant(i), &schedule, why);
        if (!st)
            st = consider(search, schedule, "zb heuristic", false, why);
        else if (st == SLUICE_NOT_FOUND)
            st = SLUICE_OK;
    }
    return st;
}

static sluice_status try_policies(struct sl_candidates *search,
                                  sluice_diag *why)
{
    int64_t left = MOST_PLACED / actions_of(search) + 1;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < SL_N_POLICIES && left > 0 && !st; i++) {
        struct sl_policy policy;
        sluice_schedule *schedule;
        if (!sl_policy(&search->problem, i, &policy))
            continue;
        left--;
        st = sl_list_schedule(&search->problem, &policy, &schedule, why);
        if (!st)
            st = consider(search, schedule, "list scheduling", false, why);
        else if (st == SLUICE_NOT_FOUND)
            st = SLUICE_OK;
    }
    return st;
}

static sluice_status try_beam(struct sl_candidates *search, int width,
                              bool split, bool in_a_v, sluice_diag *why)
{
    struct sl_frame frame;
    sluice_schedule *schedule;
    sl_frame_init(&frame, &search->problem, split, in_a_v);
    sluice_status st = sl_beam(&frame, width, &schedule, why);
    if (!st)
        return consider(search, schedule, "beam search", false, why);
    return st == SLUICE_NOT_FOUND ? SLUICE_OK : st;
}

static sluice_status try_beams(struct sl_candidates *search, int tries,
                               sluice_diag *why)
{
    const struct sl_problem *problem = &search->problem;
    int64_t width = (int64_t)tries * STATES_PER_TRY / actions_of(search);
    int n_places = problem->n_stages == 2 * problem->config->devices ? 2 : 1;
    sluice_status st = SLUICE_OK;
    if (problem->n_stages > SL_BEAM_STAGES || width < 2)
        return SLUICE_OK;
    if (width > SL_BEAM_WIDEST)
        width = SL_BEAM_WIDEST;
    for (int place = 0; place < n_places; place++)
        for (int split = 0; split < 2 && !st; split++)
            st = try_beam(search, (int)width, split, place, why);
    return st;
}

static bool is_optimal(const struct sl_candidates *search)
{
    return search->best && sl_objective_ns(&search->problem, search->worth) ==
                               search->result.bound_ns;
}

sluice_status sl_candidates_try(struct sl_candidates *search, int tries,
                                sluice_diag *why)
{
    sluice_status st = try_generators(search, why);
    if (!st && !is_optimal(search))
        st = try_zb_heuristic(search, why);
    if (!st && !is_optimal(search))
        st = try_policies(search, why);
    if (!st && !is_optimal(search))
        st = try_beams(search, tries, why);
    return st;
}
