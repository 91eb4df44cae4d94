/* A cut head beside a whole one.  The main thread. */
#include "bench/vocabulary/vocabulary_rows.h"

#include <math.h>
#include <stdlib.h>

#include <sluice/partition.h>
#include <sluice/schedule_formula.h>
#include <sluice/schedule_passes.h>
#include <sluice/simulate.h>

#include "bench/output/progress.h"

enum { KINDS = SLUICE_N_ACTION_KINDS, MOST = SLUICE_MAX_STAGES };

/* Hand-offs cost nothing beside a cell, as measure/subject.c says. */
static const int64_t spin_ns = 1000 * 1000 * 1000;

static int64_t head_ns(const struct vocabulary_bench *bench)
{
    return llround(bench->head * (double)bench->cell_ns);
}

static sluice_status make_work(const struct vocabulary_bench *bench, int rows,
                               struct workload *work, sluice_diag *why)
{
    sluice_timed_config blocks[MOST];
    int64_t ns = head_ns(bench);
    const sluice_timed_head_config head = {SLUICE_MAX_DEVICES, ns, ns, ns};
    for (int i = 0; i < bench->blocks; i++)
        blocks[i] = workload_cell(bench->cell_ns);
    return workload_cells(work, bench->blocks, blocks, &head, rows,
                          bench->run.seed, why);
}

/* What the actions of each stage take; of a cut head, its S and T. */
static void fill_costs(const struct vocabulary_bench *bench,
                       const struct vocabulary_row *row, bool cut,
                       int64_t costs_ns[][KINDS])
{
    int k = row->devices;
    for (int s = 0; s < k; s++) {
        int64_t ns = row->sizes[s] * bench->cell_ns;
        if (!cut && s + 1 == k)
            ns += head_ns(bench) - bench->cell_ns;
        costs_ns[s][SLUICE_F] = costs_ns[s][SLUICE_I] = costs_ns[s][SLUICE_W] =
            ns;
        costs_ns[s][SLUICE_B] = 2 * ns;
        costs_ns[s][SLUICE_S] = cut ? 2 * head_ns(bench) / k : 0;
        costs_ns[s][SLUICE_T] = cut ? head_ns(bench) / k : 0;
    }
}

static sluice_status divide(const struct vocabulary_bench *bench, bool cut,
                            struct vocabulary_row *row, sluice_diag *why)
{
    double costs[MOST + 1];
    if (cut)
        return sluice_partition_uniform(bench->blocks, row->devices, row->sizes,
                                        why);
    for (int i = 0; i < bench->blocks; i++)
        costs[i] = 1;
    costs[bench->blocks] = bench->head;
    return sluice_partition_minimax(costs, bench->blocks + 1, row->devices,
                                    NULL, row->sizes, why);
}

static sluice_status make_schedule(const struct vocabulary_row *row, bool cut,
                                   int64_t costs_ns[][KINDS],
                                   sluice_schedule **out, sluice_diag *why)
{
    const sluice_schedule_config config = {.name = "1f1b",
                                           .devices = row->devices,
                                           .microbatches = row->microbatches};
    const sluice_vocabulary_config wanted = {.stage_costs_ns = costs_ns[0]};
    sluice_schedule *plain;
    sluice_status st = sluice_schedule_generate(&config, &plain, why);
    if (st || !cut) {
        *out = st ? NULL : plain;
        return st;
    }
    st = sluice_schedule_vocabulary(plain, &wanted, out, why);
    sluice_schedule_destroy(plain);
    return st;
}

/* Of equal stages by the closed form: (K - 1) (F + I + W) idle. */
static double closed_form(const struct vocabulary_bench *bench,
                          const struct vocabulary_row *row)
{
    const sluice_schedule_config config = {.name = "1f1b",
                                           .devices = row->devices,
                                           .microbatches = row->microbatches};
    double ns = row->sizes[0] * (double)bench->cell_ns;
    const sluice_device_costs costs = {
        .forward = ns, .input = ns, .weight = ns};
    double idle = sluice_schedule_idle(&config, &costs);
    double busy = row->microbatches *
                  (3 * ns + 3 * (double)head_ns(bench) / row->devices);
    return idle / (idle + busy);
}

static sluice_status predict(const struct vocabulary_bench *bench,
                             const sluice_schedule *schedule, bool cut,
                             int64_t costs_ns[][KINDS],
                             struct vocabulary_row *row, sluice_diag *why)
{
    const sluice_simulate_config config = {.stage_costs_ns = costs_ns[0],
                                           .no_events = true};
    sluice_simulation *simulation;
    sluice_time_share all;
    if (cut && bench->blocks % row->devices == 0) {
        row->formula = closed_form(bench, row);
        return SLUICE_OK;
    }
    sluice_status st = sluice_simulate(schedule, &config, &simulation, why);
    if (st)
        return st;
    sluice_simulation_account(simulation, NULL, &all);
    row->formula = all.bubble;
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

static sluice_status measure_row(const struct vocabulary_bench *bench,
                                 const struct workload *work, bool cut,
                                 struct vocabulary_row *row, sluice_diag *why)
{
    static const struct order_options order = ORDER_DEFAULTS;
    int64_t costs_ns[SLUICE_MAX_DEVICES][KINDS] = {{0}};
    sluice_schedule *schedule;
    sluice_status st = divide(bench, cut, row, why);
    if (st)
        return st;
    fill_costs(bench, row, cut, costs_ns);
    st = make_schedule(row, cut, costs_ns, &schedule, why);
    if (st)
        return st;
    const struct measure_config how = {
        .work = work,
        .order = &order,
        .custom = schedule,
        .partition = row->sizes,
        .devices = row->devices,
        .microbatches = row->microbatches,
        .warmup = bench->run.warmup,
        .draw = bench->run.draw,
        .repetitions = bench->run.repetitions,
        .spin_ns = spin_ns,
        .seed = bench->run.seed,
    };
    st = predict(bench, schedule, cut, costs_ns, row, why);
    if (!st)
        st = measure(&how, NULL, &row->measured, why);
    sluice_schedule_destroy(schedule);
    return st;
}

/* The whole head first. */
static sluice_status measure_pair(const struct vocabulary_bench *bench,
                                  struct vocabulary_row row,
                                  struct progress *progress,
                                  vocabulary_on_row *on_row, void *context,
                                  sluice_diag *why)
{
    static const char *const layouts[] = {"contiguous", "cut"};
    struct workload work;
    double whole_ns = 0;
    sluice_status st = make_work(bench, row.microbatches, &work, why);
    if (st)
        return st;
    for (int cut = 0; cut < 2 && !st; cut++) {
        row.layout = layouts[cut];
        st = measure_row(bench, &work, cut, &row, why);
        progress_erase(progress);
        if (st)
            break;
        double ns = samples_median(&row.measured.samples, FIGURE_VIRTUAL_NS);
        whole_ns = cut ? whole_ns : ns;
        row.faster = whole_ns / ns;
        on_row(context, &row);
        measurement_fini(&row.measured);
        progress_step(progress);
    }
    workload_fini(&work);
    return st;
}

sluice_status vocabulary_measure(const struct vocabulary_bench *bench,
                                 vocabulary_on_row *on_row, void *context,
                                 sluice_diag *why)
{
    const struct range *k = &bench->devices, *m = &bench->microbatches;
    struct progress progress;
    sluice_status st = SLUICE_OK;
    progress_begin(&progress, stderr, 2 * k->n * m->n);
    for (int i = 0; i < k->n * m->n && !st; i++)
        st = measure_pair(bench,
                          (struct vocabulary_row){
                              .devices = k->values[i % k->n],
                              .microbatches = m->values[i / k->n],
                          },
                          &progress, on_row, context, why);
    progress_erase(&progress);
    return st;
}
