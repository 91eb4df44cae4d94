/* The schedule that is searched for.  The main thread. */
#include "bench/order/schedule_auto.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/search.h>

#include "bench/cli/number.h"

enum {
    LIST_BYTES = 1024,
    PARTS = 1000, /* of an activation, if I frees some of them */
};

static const double LEAST_LIMIT = 1e-3; /* of a micro-batch */

const struct choice objective_choices[] = {
    {"makespan", SLUICE_MAKESPAN},
    {"span", SLUICE_SPAN},
    {NULL, 0},
};

static sluice_status read_limit(const struct option_row *option,
                                const char *text, void *value, sluice_diag *why)
{
    struct schedule_goal *goal = value;
    goal->limit = 0;
    goal->limit_bytes = 0;
    if (strpbrk(text, "KMGB"))
        return number_parse_bytes(text, &goal->limit_bytes, why);
    return number_parse_real(text, LEAST_LIMIT, (double)option->most,
                             &goal->limit, why);
}

const struct option_type option_limit = {.read = read_limit};

static sluice_status read_activations(const struct option_row *option,
                                      const char *text, void *value,
                                      sluice_diag *why)
{
    struct schedule_goal *goal = value;
    char words[LIST_BYTES];
    char *rest = words;
    (void)option;
    goal->n_activations = 0;
    if (snprintf(words, sizeof words, "%s", text) >= (int)sizeof words)
        return sluice_diag_set(why, SLUICE_INVALID, "the list is too long");
    for (char *word; (word = strsep(&rest, "/"));) {
        if (goal->n_activations == COSTS_STAGES)
            return sluice_diag_set(why, SLUICE_INVALID, "more than %d stages",
                                   COSTS_STAGES);
        sluice_status st = number_parse_bytes(
            word, &goal->activations[goal->n_activations++], why);
        if (st)
            return st;
    }
    return SLUICE_OK;
}

const struct option_type option_activations = {.read = read_activations};

/* What is searched for, stage by stage. */
struct question {
    int64_t *costs_ns;    /* [n_stages][SLUICE_N_ACTION_KINDS] */
    int64_t *activations; /* [n_stages] */
    int64_t *kept;        /* [n_stages] of these from I to W */
};

/* Parts of a micro-batch's activations in which a limit is counted. */
static int64_t parts(const struct schedule_goal *goal)
{
    return goal->freed > 0 ? PARTS : 1;
}

static sluice_status check(const struct order_options *order,
                           const struct schedule_costs *costs,
                           const struct schedule_goal *goal, int devices,
                           int n_stages, sluice_diag *why)
{
    sluice_status st = schedule_costs_check(costs, n_stages, why);
    if (!st)
        st = device_speeds_check(&order->speeds, devices, why);
    if (!st && order->speeds.n && n_stages > devices)
        st =
            sluice_diag_set(why, SLUICE_INVALID,
                            "--speeds and --chunks of auto exclude each other: "
                            "which device has a stage is searched for");
    if (!st && goal->limit_bytes && goal->n_activations != 1 &&
        goal->n_activations != (uint64_t)n_stages)
        st = sluice_diag_set(why, SLUICE_INVALID,
                             "--limit in bytes needs --activations: what a "
                             "micro-batch holds of each of %d stages, or one "
                             "number for all",
                             n_stages);
    return st;
}

static void fill(const struct order_options *order,
                 const struct schedule_costs *costs,
                 const struct schedule_goal *goal, int n_stages, int chunks,
                 const struct question *question)
{
    for (int s = 0; s < n_stages; s++) {
        double speed = order->speeds.n ? order->speeds.of[s] : 1;
        schedule_costs_of(costs, s, chunks, speed,
                          &question->costs_ns[s * SLUICE_N_ACTION_KINDS]);
        question->activations[s] =
            goal->limit_bytes
                ? (int64_t)goal->activations[goal->n_activations > 1 ? s : 0]
                : parts(goal);
        question->kept[s] =
            llround((1 - goal->freed) * (double)question->activations[s]);
    }
}

static sluice_status search(const struct order_options *order,
                            const struct schedule_costs *costs,
                            struct schedule_goal goal, int devices,
                            int microbatches, const struct question *question,
                            sluice_schedule **out, sluice_diag *why)
{
    int chunks = order->generated.chunks ? order->generated.chunks : 1;
    sluice_status st =
        check(order, costs, &goal, devices, chunks * devices, why);
    if (st)
        return st;
    fill(order, costs, &goal, chunks * devices, chunks, question);
    const sluice_search_config config = {
        .devices = devices,
        .microbatches = microbatches,
        .stages = chunks * devices,
        .stage_costs_ns = question->costs_ns,
        .latency_ns = llround(costs->latency * (double)costs->cell_ns),
        .queue_capacity = order->capacity,
        .activation_bytes = question->activations,
        .weight_bytes = question->kept,
        .limit = goal.limit_bytes ? (int64_t)goal.limit_bytes
                                  : (int64_t)floor(goal.limit * chunks *
                                                   (double)parts(&goal)),
        .objective = (sluice_objective)goal.objective,
    };
    return sluice_schedule_search(&config, out, NULL, why);
}

sluice_status schedule_auto(const struct order_options *order,
                            const struct schedule_costs *costs,
                            struct schedule_goal goal, int devices,
                            int microbatches, sluice_schedule **out,
                            sluice_diag *why)
{
    int chunks = order->generated.chunks ? order->generated.chunks : 1;
    size_t stages = (size_t)chunks * (size_t)devices;
    struct question question = {
        .costs_ns = calloc(stages * SLUICE_N_ACTION_KINDS, sizeof(int64_t)),
        .activations = calloc(stages, sizeof(int64_t)),
        .kept = calloc(stages, sizeof(int64_t)),
    };
    sluice_status st;
    if (question.costs_ns && question.activations && question.kept)
        st = search(order, costs, goal, devices, microbatches, &question, out,
                    why);
    else
        st = sluice_diag_set(why, SLUICE_NO_MEMORY,
                             "out of memory for the costs of %zu stages",
                             stages);
    free(question.kept);
    free(question.activations);
    free(question.costs_ns);
    return st;
}
