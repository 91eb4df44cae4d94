/* A schedule with all that is told about it.  The main thread. */
#include "bench/schedule/schedule_row.h"

#include <sluice/schedule_passes.h>

#include "bench/schedule/show/schedule_draw.h"
#include "bench/order/schedule_names.h"
#include "bench/schedule/schedule_make.h"

/* Run, and price it again by what its real layers took. */
static sluice_status run_it(struct schedule_row *row,
                            const struct schedule_wanted *wanted,
                            const sluice_schedule *schedule,
                            struct schedule_run_config config, bool traced,
                            const char *draw, sluice_diag *why)
{
    char path[SCHEDULE_PATH];
    sluice_status st = SLUICE_OK;
    config.run.draw = NULL;
    if (draw) {
        st = schedule_measured_path(draw, path, why);
        config.run.draw = path;
    }
    if (!st)
        st = schedule_run(wanted, schedule, &config, &row->measured, why);
    if (st)
        return st;
    row->is_measured = true;
    row->bound_ns = schedule_run_bound(wanted, schedule, &config);
    if (!config.model)
        return SLUICE_OK;
    struct schedule_price by_measure;
    st = schedule_price(wanted, schedule, row->measured.costs_ns, traced,
                        &by_measure, why);
    if (st)
        return st;
    by_measure.formula = row->price.formula;
    schedule_price_fini(&row->price);
    row->price = by_measure;
    return SLUICE_OK;
}

static sluice_status fill(struct schedule_row *row,
                          const struct schedule_wanted *wanted,
                          const sluice_schedule *schedule,
                          const struct schedule_run_config *run, bool traced,
                          const char *draw, sluice_diag *why)
{
    traced = traced || draw;
    sluice_status st =
        schedule_price(wanted, schedule, NULL, traced, &row->price, why);
    if (!st && run)
        st = run_it(row, wanted, schedule, *run, traced, draw, why);
    if (!st && draw)
        st = schedule_draw(wanted, schedule, &row->price, draw, why);
    return st;
}

/* What a generator made in vain may take long. */
static sluice_status check_run(const struct schedule_wanted *wanted,
                               const struct schedule_run_config *run,
                               sluice_diag *why)
{
    if (!run || schedule_is_file(wanted->order.schedule) ||
        wanted->devices <= SLUICE_MAX_DEVICES)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%d devices: a process runs 1 to %d; a simulation "
                           "may have more",
                           wanted->devices, SLUICE_MAX_DEVICES);
}

/* A pipeline runs hand-offs as part of their actions: price what will run. */
static sluice_status raise_it(struct schedule_row *row,
                              const struct schedule_wanted *wanted,
                              sluice_schedule **schedule, sluice_diag *why)
{
    sluice_schedule *raised;
    sluice_status st =
        sluice_schedule_raise(*schedule, wanted->order.capacity, &raised, why);
    if (st)
        return st;
    sluice_schedule_destroy(*schedule);
    *schedule = raised;
    row->is_raised = true;
    return SLUICE_OK;
}

sluice_status schedule_row_init(struct schedule_row *row,
                                const struct schedule_wanted *wanted,
                                const struct schedule_run_config *run,
                                bool traced, const char *draw, sluice_diag *why)
{
    *row = (struct schedule_row){.name = wanted->order.schedule};
    sluice_schedule *schedule;
    sluice_status st = check_run(wanted, run, why);
    if (!st)
        st = schedule_make(wanted, &schedule, why);
    if (st)
        return st;
    if (run && sluice_schedule_is_lowered(schedule))
        st = raise_it(row, wanted, &schedule, why);
    if (!st)
        st = fill(row, wanted, schedule, run, traced, draw, why);
    sluice_schedule_destroy(schedule);
    if (st)
        schedule_row_fini(row);
    return st;
}

void schedule_row_fini(struct schedule_row *row)
{
    schedule_price_fini(&row->price);
    if (row->is_measured)
        measurement_fini(&row->measured);
    *row = (struct schedule_row){0};
}
