/* `sluice plan`: its table and sentence.  The main thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cli/command.h"
#include "bench/output/environment.h"
#include "bench/output/output_path.h"
#include "bench/plan/plan_options.h"

/* A file that is written, if any, is none of those that are read. */
static sluice_status check_output(const struct planning_config *config,
                                  const char *path, sluice_diag *why)
{
    if (!path)
        return SLUICE_OK;
    sluice_status st = output_path_apart(path, config->machine, why);
    if (!st)
        st = output_path_apart(path, config->costs, why);
    return st ? st : output_path_check(path, why);
}

static sluice_status settle(void *given, sluice_diag *why)
{
    struct planning_config *config = &((struct plan_line *)given)->config;
    config->seed = 1;
    if (config->teams.n == 0) {
        config->any_team = true;
        config->teams = (struct range){.n = 4, .values = {1, 2, 4, 8}};
    }
    if (!config->model)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--model: say which network");
    if (config->measures && config->costs)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--measure and --costs exclude each other");
    if (config->machine && (config->devices || config->speeds.n))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--machine says which devices there are: leave "
                               "out --devices and --speeds");
    if (config->gflops <= 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--gflops: give more than 0");
    sluice_status st = check_output(config, config->write, why);
    return st ? st : check_output(config, config->saves_costs, why);
}

static void write_row(struct table *table, const struct environment *env,
                      const struct planning_config *config,
                      const struct planned *planned, int i)
{
    const sluice_plan *plan = planned->plan;
    const sluice_plan_row *row = sluice_plan_row_at(plan, i);
    struct table_fields fields = {0};
    int64_t bound = sluice_plan_bound_ns(plan);
    add_environment(&fields, env);
    plan_context(config, &fields);
    add_shared(&fields, "bound_ns", bound);
    add_key_word(&fields, "schedule", row->schedule);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "replicas", row->replicas);
    add_key(&fields, "team", row->team);
    add_key(&fields, "zero", row->zero);
    add_key(&fields, "gather_weights", row->gather);
    add_key(&fields, "vocabulary_cut", row->vocabulary);
    add_key(&fields, "microbatches", row->microbatches);
    add_integer(&fields, "chunks", row->chunks);
    add_integer(&fields, "capacity", row->queue_capacity);
    add_integer(&fields, "recomputing", row->recomputing);
    add_word(&fields, "recompute",
             !row->recomputing ? "none"
             : row->early      ? "early"
                               : "plain");
    add_integer(&fields, "step_ns", row->step_ns);
    add_share(&fields, "above_bound",
              bound ? (double)row->step_ns / (double)bound - 1 : 0);
    add_share(&fields, "bubble_predicted", row->bubble);
    add_integer(&fields, "planned_bytes", (int64_t)row->bytes);
    add_text(&fields, "limit", row->limit);
    if (config->tries) {
        const struct trial *trial = &planned->trial;
        add_real(&fields, "tried_ns", i ? NAN : trial->step_ns);
        add_real(&fields, "tried_virtual_ns", i ? NAN : trial->virtual_ns);
        add_real(&fields, "equal_cut_ns", i ? NAN : trial->even_ns);
        add_real(&fields, "equal_cut_virtual_ns",
                 i ? NAN : trial->even_virtual_ns);
        add_real(&fields, "pace", i || trial->pace == 0 ? NAN : trial->pace);
    }
    table_row(table, fields.of, fields.n);
}

/* By how much each kind of action differed from its costs. */
static void print_factors(const struct trial *trial)
{
    static const char *const names[] = {"F", "B", "I", "W",
                                        "R", "S", "T", "UPDATE"};
    const char *before = "In the trial ";
    for (int kind = 0; kind <= SLUICE_UPDATE; kind++) {
        double factor = trial->in_place[kind];
        if (factor <= 0)
            continue;
        printf("%s%s took %+.1f %%", before, names[kind], 100 * (factor - 1));
        before = ", ";
    }
    if (*before == ',')
        printf(" beside their costs.\n");
}

static void print_beside(const struct step_beside *beside)
{
    printf("Steps take %+.1f %% beside the prediction by what actions take in "
           "the steps just before and behind, %+.1f to %+.1f %% half of %d, "
           "and %+.1f %% on the virtual clock.  Beside its own actions a step "
           "takes %+.1f %% off the cores within actions, %+.1f %% as actions "
           "differ from their mean, and %+.1f %% between them.\n",
           100 * (beside->step - 1), 100 * (beside->quarter[0] - 1),
           100 * (beside->quarter[1] - 1), beside->n,
           100 * (beside->virtual_step - 1), 100 * (beside->off_core - 1),
           100 * (beside->spread - 1), 100 * (beside->rest - 1));
}

static void print_trial(const struct planned *planned)
{
    const struct trial *trial = &planned->trial;
    double step_ns = (double)sluice_plan_row_at(planned->plan, 0)->step_ns;
    printf("Tried: %.4g ms a step, %+.1f %% beside the prediction; on the "
           "virtual clock %.4g ms, %+.1f %%.  An equal cut takes %.4g ms: the "
           "plan is %.2f times as fast, %.2f on the virtual clock.\n",
           trial->step_ns / 1e6, 100 * (trial->step_ns / step_ns - 1),
           trial->virtual_ns / 1e6, 100 * (trial->virtual_ns / step_ns - 1),
           trial->even_ns / 1e6, trial->even_ns / trial->step_ns,
           trial->even_virtual_ns / trial->virtual_ns);
    print_factors(trial);
    if (trial->beside.n)
        print_beside(&trial->beside);
    if (trial->pace > 0)
        printf("Timed before and behind the trial, the layers take %.3f times "
               "what the plan counts with: beside a prediction by that, %+.1f "
               "%% and on the virtual clock %+.1f %%.\n",
               trial->pace, 100 * (trial->step_ns / step_ns / trial->pace - 1),
               100 * (trial->virtual_ns / step_ns / trial->pace - 1));
}

static int run(const char *called, void *given)
{
    const struct plan_line *line = given;
    struct environment env;
    struct table table;
    struct planned planned;
    sluice_diag why;
    environment_read(&env);
    if (planning_find(&line->config, &planned, &why))
        return command_fail(called, &why);
    const sluice_plan *plan = planned.plan;
    output_begin(&line->output, &table);
    for (int i = 0; i < sluice_plan_n_rows(plan); i++)
        write_row(&table, &env, &line->config, &planned, i);
    table_end(&table);
    if (!line->output.format) {
        printf("\n%s\n", sluice_plan_sentence(plan));
        if (!line->config.measures && !line->config.costs)
            printf("These are times of a model of a core, %g GFLOP/s and %.1f "
                   "GB/s, not of this machine: --measure times the layers.\n",
                   line->config.gflops, (double)line->config.bandwidth / 1e9);
        if (line->config.tries)
            print_trial(&planned);
    }
    sluice_plan_destroy(planned.plan);
    return EXIT_SUCCESS;
}

const struct command plan_command = {
    .name = "plan",
    .does = "Find the fastest way to train a model on given devices",
    .doc = plan_doc,
    .groups = plan_groups,
    .config_bytes = sizeof(struct plan_line),
    .settle = settle,
    .run = run,
};
