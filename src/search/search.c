/* The search for a schedule: candidates, the best of them, improvement. */
#include <sluice/search.h>

#include <string.h>

#include "search/improve.h"
#include "search/list_scheduler.h"

/* Improvement ends after so many simulated actions. */
enum { MOST_ACTIONS = 20 * 1000 * 1000 };

/* Of a stage's activations: all of them together fit an int64_t. */
static const int64_t MOST_BYTES =
    INT64_MAX / SLUICE_MAX_STAGES / SLUICE_MAX_MICROBATCHES;

static const int warm_ups[] = {2, 1, 3};

/* The best so far. */
struct search {
    struct sl_problem problem;
    sluice_schedule *best;
    int64_t makespan_ns;
    int64_t least; /* of what candidates hold that run; -1: none */
    sluice_search_result result;
};

static sluice_status check_sizes(const struct sl_problem *problem,
                                 sluice_diag *why)
{
    const sluice_search_config *config = problem->config;
    if (config->devices < 1 || config->devices > SLUICE_MAX_DEVICES ||
        config->microbatches < 1 ||
        config->microbatches > SLUICE_MAX_MICROBATCHES)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a search for %d devices and %d micro-batches: "
                               "give 1 to %d, and 1 to %d",
                               config->devices, config->microbatches,
                               SLUICE_MAX_DEVICES, SLUICE_MAX_MICROBATCHES);
    if (problem->n_stages < 1 || problem->n_stages > SLUICE_MAX_STAGES ||
        problem->n_stages % config->devices)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d stages on %d devices: give a multiple of "
                               "the devices, at most %d",
                               problem->n_stages, config->devices,
                               SLUICE_MAX_STAGES);
    if (config->limit < 0 || config->latency_ns < 0 ||
        config->queue_capacity < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "limit %lld, latency %lld ns, queue capacity "
                               "%d: give at least 0 for each",
                               (long long)config->limit,
                               (long long)config->latency_ns,
                               config->queue_capacity);
    return SLUICE_OK;
}

static sluice_status check_costs(const struct sl_problem *problem,
                                 sluice_diag *why)
{
    const sluice_search_config *config = problem->config;
    if (!config->stage_costs_ns)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a search without costs: give "
                               "`stage_costs_ns`");
    for (int s = 0; s < problem->n_stages; s++)
        for (int kind = 0; kind < SLUICE_R; kind++) {
            size_t at = (size_t)s * SLUICE_N_ACTION_KINDS + (size_t)kind;
            if (config->stage_costs_ns[at] < 0)
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "stage %d has a cost of %lld ns: give "
                                       "at least 0 for F, B, I and W",
                                       s,
                                       (long long)config->stage_costs_ns[at]);
        }
    for (int s = 0; s < problem->n_stages && config->activation_bytes; s++)
        if (config->activation_bytes[s] < 0 ||
            config->activation_bytes[s] > MOST_BYTES)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "stage %d holds %lld bytes: give 0 to %lld",
                                   s, (long long)config->activation_bytes[s],
                                   (long long)MOST_BYTES);
    return SLUICE_OK;
}

/* No candidate takes longer than all actions and hand-offs one by one, and that
 * fits an int64_t: the list scheduler adds without a look. */
static sluice_status check_sum(const struct sl_problem *problem,
                               sluice_diag *why)
{
    const sluice_search_config *config = problem->config;
    int64_t sum;
    bool over =
        __builtin_mul_overflow(config->latency_ns, 2 * problem->n_stages, &sum);
    for (int s = 0; s < problem->n_stages; s++)
        for (int kind = 0; kind < SLUICE_R; kind++)
            over |= __builtin_add_overflow(
                sum, config->stage_costs_ns[s * SLUICE_N_ACTION_KINDS + kind],
                &sum);
    over |= __builtin_mul_overflow(sum, config->microbatches, &sum);
    if (!over)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "costs and latencies exceed %lld ns in all: give "
                           "smaller ones",
                           (long long)INT64_MAX);
}

/* Take a candidate: keep it if it is the best, else free it. */
static sluice_status consider(struct search *search, sluice_schedule *schedule,
                              const char *name, bool fixed, sluice_diag *why)
{
    int64_t limit = search->problem.config->limit, made, held;
    sluice_status st = sl_judge(&search->problem, schedule, &made, why);
    if (st)
        goto drop;
    held = sl_peak_held(&search->problem, schedule);
    if (search->least < 0 || held < search->least)
        search->least = held;
    if (limit && held > limit)
        goto drop;
    sluice_search_result *result = &search->result;
    result->n_candidates++;
    if (fixed &&
        (result->fixed_makespan_ns < 0 || made < result->fixed_makespan_ns)) {
        result->fixed_makespan_ns = made;
        result->fixed = name;
    }
    if (search->best && made >= search->makespan_ns)
        goto drop;
    sluice_schedule_destroy(search->best);
    search->best = schedule;
    search->makespan_ns = made;
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
static bool is_comparable(const struct search *search,
                          const sluice_schedule *schedule)
{
    return sluice_schedule_n_stages(schedule) == search->problem.n_stages &&
           sluice_schedule_n_copies(schedule) == 1 &&
           sluice_schedule_n_updates(schedule) == 1 &&
           !has_recomputes(schedule);
}

static sluice_status try_generator(struct search *search, const char *name,
                                   int warm_up, sluice_diag *why)
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
    if (is_comparable(search, schedule))
        return consider(search, schedule, name, true, why);
    sluice_schedule_destroy(schedule);
    return SLUICE_OK;
}

static sluice_status try_generators(struct search *search, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (size_t w = 0; w < sizeof warm_ups / sizeof *warm_ups && !st; w++)
            st = try_generator(search, sluice_schedule_generator(i),
                               warm_ups[w], why);
    return st;
}

static sluice_status try_policies(struct search *search, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < SL_N_POLICIES && !st; i++) {
        struct sl_policy policy;
        sluice_schedule *schedule;
        if (!sl_policy(&search->problem, i, &policy))
            continue;
        st = sl_list_schedule(&search->problem, &policy, &schedule, why);
        if (!st)
            st = consider(search, schedule, "list scheduling", false, why);
        else if (st == SLUICE_NOT_FOUND)
            st = SLUICE_OK;
    }
    return st;
}

static int settle_tries(const struct search *search)
{
    int tries = search->problem.config->tries;
    int64_t actions =
        4LL * search->problem.n_stages * search->problem.config->microbatches;
    int64_t most = MOST_ACTIONS / actions + 1;
    if (tries == 0)
        tries = SLUICE_SEARCH_TRIES;
    return tries < most ? tries : (int)most;
}

static sluice_status refuse(const struct search *search, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "no schedule was found that keeps the limit of %lld "
                           "on each device: the smallest limit that one keeps "
                           "is %lld",
                           (long long)search->problem.config->limit,
                           (long long)search->least);
}

sluice_status sluice_schedule_search(const sluice_search_config *config,
                                     sluice_schedule **out,
                                     sluice_search_result *result,
                                     sluice_diag *why)
{
    struct search search = {
        .problem = {.config = config,
                    .n_stages =
                        config->stages ? config->stages : config->devices,
                    .capacity = config->queue_capacity ? config->queue_capacity
                                                       : SLUICE_QUEUE_CAPACITY},
        .least = -1,
        .result = {.fixed_makespan_ns = -1},
    };
    sluice_status st = check_sizes(&search.problem, why);
    if (!st)
        st = check_costs(&search.problem, why);
    if (!st)
        st = check_sum(&search.problem, why);
    if (!st)
        st = try_generators(&search, why);
    if (!st)
        st = try_policies(&search, why);
    if (!st && !search.best)
        st = refuse(&search, why);
    if (!st)
        st =
            sl_improve(&search.problem, settle_tries(&search), &search.best,
                       &search.makespan_ns, &search.result.n_improvements, why);
    if (st) {
        sluice_schedule_destroy(search.best);
        return st;
    }
    *out = search.best;
    search.result.makespan_ns = search.makespan_ns;
    if (result)
        *result = search.result;
    return SLUICE_OK;
}
