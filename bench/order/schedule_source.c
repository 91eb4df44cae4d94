/* Where a schedule comes from.  The main thread. */
#include "bench/order/schedule_source.h"

#include <string.h>

#include <sluice/plan.h>
#include <sluice/schedule_text.h>
#include <sluice/schedule_passes.h>

#include "bench/cli/command.h"
#include "bench/order/generator_options.h"
#include "bench/order/schedule_names.h"

/* Of a plan, the schedule alone. */
static sluice_status read_plan(const char *path, sluice_schedule **out,
                               sluice_diag *why)
{
    sluice_plan *plan;
    sluice_status st = sluice_plan_read(path, NULL, &plan, why);
    if (st)
        return st;
    st = sluice_schedule_remat(sluice_plan_schedule(plan), SLUICE_REMAT_NEVER,
                               out, why);
    sluice_plan_destroy(plan);
    return st;
}

sluice_status schedule_read(const char *path, sluice_schedule **out,
                            sluice_diag *why)
{
    const char *end = strrchr(path, '.');
    if (end && !strcmp(end, ".plan"))
        return read_plan(path, out, why);
    if (end && !strcmp(end, ".json"))
        return sluice_schedule_read_json(path, NULL, out, why);
    return sluice_schedule_read_csv(path, SLUICE_CSV_DETECT, NULL, out, why);
}

static sluice_status check_number(const char *path, const char *what,
                                  int wanted, int have, const char *remark,
                                  sluice_diag *why)
{
    if (!wanted || wanted == have)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%.200s: %d %s asked for, but the file has %d%s%s%s",
                           path, wanted, what, have, *remark ? " (" : "",
                           remark, *remark ? ")" : "");
}

static sluice_status read_sized(const char *path, int devices, int microbatches,
                                sluice_schedule **out, sluice_diag *why)
{
    sluice_schedule *schedule;
    sluice_status st = schedule_read(path, &schedule, why);
    if (st)
        return st;
    const char *remark = sluice_schedule_remark(schedule);
    st = check_number(path, "devices", devices,
                      sluice_schedule_n_devices(schedule), remark, why);
    if (!st)
        st =
            check_number(path, "micro-batches", microbatches,
                         sluice_schedule_n_microbatches(schedule), remark, why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}

sluice_status schedule_open(const struct order_options *order,
                            const struct schedule_costs *costs,
                            struct schedule_goal goal, int devices,
                            int microbatches, sluice_schedule **out,
                            sluice_diag *why)
{
    if (schedule_is_file(order->schedule))
        return read_sized(order->schedule, devices, microbatches, out, why);
    if (order->schedule && !strcmp(order->schedule, SCHEDULE_AUTO))
        return schedule_auto(order, costs, goal, devices, microbatches, out,
                             why);
    const sluice_schedule_config config =
        order_config(order, devices, microbatches);
    return sluice_schedule_generate(&config, out, why);
}

sluice_status schedule_sizes(const struct order_options *order, int *devices,
                             int *microbatches, sluice_diag *why)
{
    if (!schedule_is_file(order->schedule))
        return SLUICE_OK;
    sluice_schedule *schedule;
    sluice_status st =
        read_sized(order->schedule, *devices, *microbatches, &schedule, why);
    if (st)
        return st;
    *devices = sluice_schedule_n_devices(schedule);
    *microbatches = sluice_schedule_n_microbatches(schedule);
    sluice_schedule_destroy(schedule);
    return SLUICE_OK;
}

/* As schedule_open() of an order, with its W gathered. */
static sluice_status open_gathered(const struct order_options *order,
                                   int devices, int microbatches,
                                   sluice_schedule **out, sluice_diag *why)
{
    sluice_schedule *plain;
    sluice_status st =
        schedule_open(order, &schedule_equal_costs, (struct schedule_goal){0},
                      devices, microbatches, &plain, why);
    if (st)
        return st;
    if (!order->gather_weights) {
        *out = plain;
        return SLUICE_OK;
    }
    st = sluice_schedule_gather_weights(plain, order->gather_weights, out, why);
    sluice_schedule_destroy(plain);
    return st;
}

sluice_status order_schedule(const struct order_options *order, int devices,
                             int microbatches, sluice_schedule **out,
                             sluice_diag *why)
{
    sluice_schedule *plain;
    sluice_status st = open_gathered(order, devices, microbatches, &plain, why);
    if (st)
        return st;
    st = sluice_schedule_remat(plain, (sluice_remat)order->remat, out, why);
    sluice_schedule_destroy(plain);
    return st;
}

sluice_status order_custom(const struct order_options *order, int devices,
                           int microbatches, sluice_schedule **out,
                           sluice_diag *why)
{
    *out = NULL;
    if (schedule_is_generated(order->schedule))
        return SLUICE_OK;
    return order_schedule(order, devices, microbatches, out, why);
}

int order_fail(const char *called, const struct order_options *order,
               const sluice_diag *why)
{
    if (why->status == SLUICE_SCHEDULE && schedule_is_file(order->schedule))
        return command_fail_about(called, order->schedule, why);
    return command_fail(called, why);
}
