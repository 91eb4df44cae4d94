/* The search for a schedule: checks, candidates, improvement of the best. */
#include <sluice/search.h>

#include "search/candidates.h"
#include "search/improve.h"

/* Improvement ends after so many simulated actions. */
enum { MOST_ACTIONS = 20 * 1000 * 1000 };

/* Of a stage's activations: all of them together fit an int64_t. */
static const int64_t MOST_BYTES =
    INT64_MAX / SLUICE_MAX_STAGES / SLUICE_MAX_MICROBATCHES;

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
    if ((unsigned)config->objective >= SLUICE_N_OBJECTIVES)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "objective %d: give one of sluice_objective",
                               (int)config->objective);
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
    for (int s = 0; s < problem->n_stages && config->weight_bytes; s++)
        if (config->weight_bytes[s] < 0 ||
            config->weight_bytes[s] > sl_problem_bytes(problem, s))
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "stage %d holds %lld bytes from I to W: give 0 to %lld, what "
                "it holds from F to I",
                s, (long long)config->weight_bytes[s],
                (long long)sl_problem_bytes(problem, s));
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

static int settle_tries(const struct sl_candidates *search)
{
    int tries = search->problem.config->tries;
    int64_t actions =
        4LL * search->problem.n_stages * search->problem.config->microbatches;
    int64_t most = MOST_ACTIONS / actions + 1;
    if (tries == 0)
        tries = SLUICE_SEARCH_TRIES;
    return tries < most ? tries : (int)most;
}

static sluice_status refuse(const struct sl_candidates *search,
                            sluice_diag *why)
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
    struct sl_candidates search = {
        .problem = {.config = config,
                    .n_stages =
                        config->stages ? config->stages : config->devices,
                    .capacity = config->queue_capacity ? config->queue_capacity
                                                       : SLUICE_QUEUE_CAPACITY},
        .least = -1,
        .result = {.fixed_ns = -1},
    };
    sluice_status st = check_sizes(&search.problem, why);
    if (!st)
        st = check_costs(&search.problem, why);
    if (!st)
        st = check_sum(&search.problem, why);
    if (!st)
        search.result.bound_ns = sl_bound_ns(&search.problem);
    if (!st)
        st = sl_candidates_try(&search, settle_tries(&search), why);
    if (!st && !search.best)
        st = refuse(&search, why);
    if (!st)
        st = sl_improve(&search.problem, settle_tries(&search), &search.best,
                        &search.worth, &search.result.n_improvements, why);
    if (st) {
        sluice_schedule_destroy(search.best);
        return st;
    }
    *out = search.best;
    search.result.makespan_ns = search.worth.makespan_ns;
    search.result.span_ns = search.worth.span_ns;
    if (result)
        *result = search.result;
    return SLUICE_OK;
}
