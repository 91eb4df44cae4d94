/* The measured bubble beside the formula.  The main thread. */
#include "bench/bubble/bubble.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/schedule.h>
#include <sluice/simulate.h>

#include "bench/order/order.h"
#include "bench/order/schedule_source.h"
#include "bench/output/progress.h"
#include "bench/order/schedule_names.h"
#include "bench/measure/subject.h"
#include "bench/overhead/overhead.h"
#include "bench/roofline/bound.h"

/* Items of a hand-off that is measured by itself. */
enum { MOST_BYTES = 1 << 20, LEAST_ITEMS = 4, MOST_ITEMS = 256 };

/* It fits every number of devices, unless it is timed cells: a stage is one,
 * and those of a device share the time of a cell. */
static struct subject_config subject_of(const struct bubble_config *config,
                                        const struct bubble_row *row)
{
    return (struct subject_config){
        .model = config->model,
        .batch = row->batch,
        .cells = config->cell_ns ? row->stages : 0,
        .cell_ns = config->cell_ns * row->devices / row->stages,
        .custom = row->custom,
        .microbatches = row->microbatches,
        .run = &config->run,
        .order = &config->order,
    };
}

/* Measure the rows of one number of micro-batches. */
static sluice_status measure_rows(const struct bubble_config *config,
                                  struct bubble_row *rows, int n,
                                  struct progress *progress, sluice_diag *why)
{
    struct subject subject = {0};
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n && !st; i++) {
        if (i == 0 || config->cell_ns || rows[i].custom) {
            const struct subject_config what = subject_of(config, &rows[i]);
            subject_fini(&subject);
            st = subject_init(&subject, &what, why);
        }
        subject.how.team = rows[i].team;
        if (!st)
            st = subject_measure(&subject, rows[i].devices, &rows[i].measured,
                                 why);
        progress_step(progress);
    }
    subject_fini(&subject);
    return st;
}

/* Times faster than one device: work done per time.  Timed cells are as many as
 * there are devices, so K devices do K times the work. */
static void set_speedups(const struct bubble_config *config,
                         struct bubble_row *rows, int n)
{
    double one = NAN;
    for (int i = 0; i < n; i++)
        if (rows[i].devices == 1 && rows[i].team == 1)
            one = samples_median(&rows[i].measured.samples, FIGURE_STEP_NS);
    for (int i = 0; i < n; i++) {
        int work = config->cell_ns ? rows[i].devices : 1;
        rows[i].speedup =
            one * work /
            samples_median(&rows[i].measured.samples, FIGURE_STEP_NS);
    }
}

/* The bubble of a schedule whose stages are equal and cost F : B : R as 2 : 4 :
 * 2, I and W half of B. */
static sluice_status simulate(const sluice_schedule *schedule, int capacity,
                              double *bubble, sluice_diag *why)
{
    static const int64_t costs[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 2, [SLUICE_B] = 4, [SLUICE_I] = 2,
        [SLUICE_W] = 2, [SLUICE_R] = 2,
    };
    const sluice_simulate_config config = {
        .costs_ns = costs,
        .queue_capacity = capacity,
        .no_events = true,
    };
    sluice_simulation *simulation;
    sluice_status st = sluice_simulate(schedule, &config, &simulation, why);
    if (st)
        return st;
    sluice_time_share all;
    sluice_simulation_account(simulation, NULL, &all);
    *bubble = all.bubble;
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

/* What the formula says of gpipe and 1f1b, the simulator of all else. */
static sluice_status ideal_bubble(const struct order_options *order,
                                  const sluice_schedule *schedule,
                                  struct bubble_row *row, sluice_diag *why)
{
    row->formula = sluice_bubble_formula(row->devices, row->microbatches);
    bool formula_holds = !order->schedule ||
                         strcmp(order->schedule, "gpipe") == 0 ||
                         strcmp(order->schedule, "1f1b") == 0;
    if (order->remat == SLUICE_REMAT_NEVER && !order->gather_weights &&
        formula_holds)
        return SLUICE_OK;
    return simulate(schedule, order->capacity, &row->formula, why);
}

/* What can be said before anything is measured. */
static sluice_status prepare(const struct order_options *order,
                             struct bubble_row *row, sluice_diag *why)
{
    sluice_schedule *schedule;
    sluice_status st =
        order_schedule(order, row->devices, row->microbatches, &schedule, why);
    if (st)
        return st;
    row->stages = sluice_schedule_n_stages(schedule);
    st = ideal_bubble(order, schedule, row, why);
    if (!schedule_is_generated(order->schedule))
        row->custom = schedule;
    else
        sluice_schedule_destroy(schedule);
    return st;
}

static void row_fini(struct bubble_row *row)
{
    sluice_schedule_destroy(row->custom);
    measurement_fini(&row->measured);
}

/* Of rows of real layers; NAN where it cannot be measured. */
static void set_bounds(const struct bubble_config *config,
                       struct bubble_row *rows, int n)
{
    sluice_model *model = NULL;
    if (!config->cell_ns)
        sluice_model_parse(config->model, NULL, &model, NULL);
    for (int i = 0; i < n; i++) {
        const struct bound_config bound = {
            .model = model,
            .order = &config->order,
            .devices = rows[i].devices,
            .team = rows[i].team,
            .microbatches = rows[i].microbatches,
            .batch = rows[i].batch,
            .steps = config->run.repetitions,
        };
        rows[i].bound_ns =
            model && !config->run.world ? bound_step_ns(&bound) : NAN;
    }
    sluice_model_destroy(model);
}

/* In two processes: items as large as those of the rows, by themselves. */
static sluice_status set_hand_offs(const struct bubble_config *config,
                                   struct bubble_row *rows, int n,
                                   sluice_diag *why)
{
    sluice_world *world = config->run.world;
    bool two = world && sluice_world_size(world) == 2;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n && !st; i++) {
        struct overhead_row hand_off = {.hand_off_ns = NAN, .raw_ns = NAN};
        int64_t bytes = rows[i].measured.item_bytes;
        int64_t items = bytes > 0 ? MOST_BYTES / bytes : 0;
        const struct overhead_config how = {
            .microbatches = items < LEAST_ITEMS  ? LEAST_ITEMS
                            : items > MOST_ITEMS ? MOST_ITEMS
                                                 : (int)items,
            .warmup = config->run.warmup,
            .repetitions = config->run.repetitions,
            .world = world,
        };
        if (two && bytes > 0)
            st = overhead_of_item(&how, bytes / (int64_t)sizeof(float),
                                  &hand_off, why);
        rows[i].hand_off_ns = hand_off.hand_off_ns;
        rows[i].raw_ns = hand_off.raw_ns;
    }
    return st;
}

/* Every number of devices, with every team. */
static void fill_rows(const struct bubble_config *config, int microbatches,
                      struct bubble_row *rows)
{
    for (int k = 0; k < config->devices.n; k++)
        for (int t = 0; t < config->team.n; t++)
            *rows++ = (struct bubble_row){
                .devices = config->devices.values[k],
                .team = config->team.values[t],
                .microbatches = microbatches,
                .batch = config->cell_ns ? microbatches : config->batch,
            };
}

/* The rows of one number of micro-batches. */
static sluice_status measure_all(const struct bubble_config *config,
                                 struct bubble_row *rows, int n,
                                 struct progress *progress, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n && !st; i++)
        st = prepare(&config->order, &rows[i], why);
    if (!st)
        st = measure_rows(config, rows, n, progress, why);
    progress_erase(progress);
    if (st)
        return st;
    set_speedups(config, rows, n);
    set_bounds(config, rows, n);
    return set_hand_offs(config, rows, n, why);
}

sluice_status bubble_measure(const struct bubble_config *config,
                             bubble_on_row *on_row, void *context,
                             sluice_diag *why)
{
    int n = config->devices.n * config->team.n;
    assert(n > 0 && config->microbatches.n > 0);
    struct bubble_row *rows = calloc((size_t)n, sizeof *rows);
    if (!rows)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for %d rows of a table", n);
    struct progress progress;
    sluice_status st = SLUICE_OK;
    progress_begin(&progress, stderr, n * config->microbatches.n);
    for (int m = 0; m < config->microbatches.n && !st; m++) {
        fill_rows(config, config->microbatches.values[m], rows);
        st = measure_all(config, rows, n, &progress, why);
        for (int i = 0; i < n; i++) {
            if (!st)
                on_row(context, &rows[i]);
            row_fini(&rows[i]);
        }
    }
    free(rows);
    return st;
}
