/* Which schedules a plan can have.  One thread. */
#include "plan/search/plan_order.h"

#include <string.h>

#include <sluice/schedule_passes.h>

#include "base/memory.h"
#include "blueprint/checks/zero_order.h"
#include "sched/schedule.h"

enum { MOST_CAPACITY = 64, DEFAULT_CAPACITY = SLUICE_QUEUE_CAPACITY };

/* An int option of generator `i`; NULL: it has none of that name. */
static const sluice_schedule_option *option_of(int i, const char *name)
{
    int n;
    const sluice_schedule_option *options = sluice_schedule_options(i, &n);
    for (int o = 0; o < n; o++)
        if (!strcmp(options[o].name, name))
            return &options[o];
    return NULL;
}

/* Micro-batches that are slices of a sequence need layers that know of it. */
bool sl_plan_variant(int i, int variant, sluice_schedule_config *generated)
{
    static const int warm_ups[] = {0, 1}, chunks[] = {0, 3, 4};
    int n_warm_ups = option_of(i, "warm-up") ? 2 : 1;
    int n_chunks = option_of(i, "chunks") ? 3 : 1;
    if (option_of(i, "slices") || variant >= n_warm_ups * n_chunks)
        return false;
    *generated = (sluice_schedule_config){
        .name = sluice_schedule_generator(i),
        .warm_up = warm_ups[variant % n_warm_ups],
        .chunks = chunks[variant / n_warm_ups],
    };
    return true;
}

static void look_at_actions(struct sl_plan_order *order)
{
    const sluice_schedule *schedule = order->schedule;
    for (int d = 0; d < schedule->n_devices; d++)
        for (int a = 0; a < schedule->programs[d].n; a++) {
            int kind = schedule->programs[d].actions[a].kind;
            order->splits |= kind == SLUICE_I;
            order->recomputes |= kind == SLUICE_R;
        }
}

/* Whether there is a B besides I's. */
static bool has_whole(const sluice_schedule *schedule)
{
    for (int d = 0; d < schedule->n_devices; d++)
        for (int a = 0; a < schedule->programs[d].n; a++)
            if (schedule->programs[d].actions[a].kind == SLUICE_B)
                return true;
    return false;
}

/* Whether the micro-batches of a stage rise by one in each kind of action: what
 * joined W's read then lies in consecutive slots (docs/memory.md). */
static bool rises(const sluice_schedule *schedule)
{
    int next[SLUICE_PLAN_MAX_STAGES][SLUICE_R + 1] = {{0}};
    for (int d = 0; d < schedule->n_devices; d++)
        for (int a = 0; a < schedule->programs[d].n; a++) {
            sluice_action action = schedule->programs[d].actions[a];
            if (action.kind <= SLUICE_R &&
                next[action.stage][action.kind]++ != action.microbatch)
                return false;
        }
    return true;
}

/* Whether the division's stage of ZeRO and joined products go with it. */
static bool can_be_divided(const sluice_schedule *schedule,
                           const struct sl_plan_division *division)
{
    return (division->gather <= 1 || rises(schedule)) &&
           (division->zero < 2 ||
            !sl_zero_check_order(division->zero, schedule, NULL));
}

static bool can_be_had(const struct sl_plan_order *order,
                       const struct sl_plan_problem *problem)
{
    const sluice_schedule *schedule = order->schedule;
    return schedule->n_copies == 1 &&
           sluice_schedule_n_updates(schedule) == 1 &&
           schedule->n_stages <= problem->n_layers &&
           schedule->n_stages <= SLUICE_PLAN_MAX_STAGES &&
           (problem->has_split || !order->splits) &&
           (problem->has_whole || !has_whole(schedule)) &&
           (problem->has_again || !order->recomputes) &&
           can_be_divided(schedule, &problem->division);
}

/* Prove it with rising capacities. */
static sluice_status prove(struct sl_plan_order *order,
                           const struct sl_plan_problem *problem,
                           sluice_device_facts *facts, sluice_diag *why)
{
    int given = problem->config->queue_capacity;
    sluice_status st = SLUICE_SCHEDULE;
    order->capacity = given ? given : DEFAULT_CAPACITY;
    for (; st; order->capacity *= 2) {
        const sluice_verify_config rules = {.queue_capacity = order->capacity};
        st = sluice_schedule_verify(order->schedule, &rules, facts, why);
        if (!st || st == SLUICE_NO_MEMORY)
            return st;
        if (given || order->capacity >= MOST_CAPACITY)
            return SLUICE_NOT_FOUND;
    }
    return st;
}

static sluice_status look_at(struct sl_plan_order *order,
                             const struct sl_plan_problem *problem,
                             sluice_diag *why)
{
    sluice_device_facts facts[SLUICE_MAX_DEVICES];
    look_at_actions(order);
    if (!can_be_had(order, problem))
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "no plan can have this schedule");
    order->n_stages = order->schedule->n_stages;
    sluice_status st = prove(order, problem, facts, why);
    for (int d = 0; d < order->schedule->n_devices && !st; d++) {
        double share = (double)order->schedule->n_devices / order->n_stages;
        order->held[d] = facts[d].peak_activations * share;
        order->inner[d] = facts[d].peak_inner * share;
    }
    return st;
}

sluice_status sl_plan_order_of(struct sl_plan_order *order,
                               const struct sl_plan_problem *problem,
                               sluice_schedule *schedule, sluice_diag *why)
{
    *order = (struct sl_plan_order){
        .generated = {.devices = schedule->n_devices,
                      .microbatches = schedule->n_microbatches},
        .schedule = schedule,
    };
    return look_at(order, problem, why);
}

/* The generator's schedule, with W's that stand together if the division says
 * so. */
static sluice_status generate(struct sl_plan_order *order,
                              const struct sl_plan_problem *problem,
                              sluice_diag *why)
{
    int gather = problem->division.gather;
    sluice_schedule *plain;
    if (gather)
        order->generated.backward_order = SLUICE_IN_ORDER;
    sluice_status st = sluice_schedule_generate(&order->generated, &plain, why);
    if (st || !gather) {
        order->schedule = st ? NULL : plain;
        return st;
    }
    st = sluice_schedule_gather_weights(plain, gather, &order->schedule, why);
    sluice_schedule_destroy(plain);
    return st;
}

sluice_status sl_plan_order_init(struct sl_plan_order *order,
                                 const struct sl_plan_problem *problem,
                                 const sluice_schedule_config *generated,
                                 sluice_diag *why)
{
    *order = (struct sl_plan_order){.generated = *generated};
    order->generated.allocator = problem->allocator;
    sluice_status st = generate(order, problem, why);
    if (st)
        return st == SLUICE_NO_MEMORY ? st : SLUICE_NOT_FOUND;
    st = look_at(order, problem, why);
    if (st)
        sl_plan_order_fini(order);
    return st;
}

void sl_plan_order_fini(struct sl_plan_order *order)
{
    sluice_schedule_destroy(order->schedule);
    order->schedule = NULL;
}
