/* A pipeline against the sequential reference. */
#include "support/judged_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/world.h>

/* One of the get functions of each side. */
typedef sluice_status get_pipe(const sluice_pipeline *, const char *, float *,
                               int64_t, sluice_diag *);
typedef sluice_status get_ref(const sluice_reference *, const char *, float *,
                              int64_t, sluice_diag *);

/* Let the reference take the backwards in the order of the schedule, if there
 * is one; copies, versions and joined W a test tells it by itself. */
static void follow_order(struct sl_test_pair *pair)
{
    const sluice_schedule *schedule = sluice_pipeline_schedule(pair->pipe);
    if (sluice_schedule_n_copies(schedule) == 1 &&
        sluice_schedule_n_updates(schedule) == 1 &&
        sluice_reference_exists(schedule, false) &&
        sluice_reference_follow(pair->ref, schedule, NULL, false, NULL))
        abort();
}

sluice_status sl_test_pair_init(struct sl_test_pair *pair,
                                const struct sl_test_problem *problem,
                                const sluice_pipeline_config *config)
{
    *pair = (struct sl_test_pair){.problem = problem};
    sluice_status st =
        sluice_pipeline_create(config, problem->model, &pair->pipe, &pair->why);
    if (st)
        return st;
    st =
        sluice_reference_create(config, problem->model, &pair->ref, &pair->why);
    if (st)
        sluice_pipeline_destroy(pair->pipe);
    else
        follow_order(pair);
    return st;
}

void sl_test_halves(struct sl_test_pair *pair, int copies, int microbatches)
{
    int *copy = malloc((size_t)microbatches * sizeof *copy);
    if (!copy)
        abort();
    for (int m = 0; m < microbatches; m++)
        copy[m] = m * copies / microbatches;
    if (sluice_reference_copies(pair->ref, copies, copy, NULL))
        abort();
    free(copy);
}

void sl_test_pair_fini(struct sl_test_pair *pair)
{
    sluice_pipeline_destroy(pair->pipe);
    sluice_reference_destroy(pair->ref);
}

/* Differing floats, by their bits; the first one is described. */
static long differ(struct sl_test_pair *pair, const char *what, const float *a,
                   const float *b, int64_t n)
{
    long wrong = 0;
    for (int64_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) && !wrong++)
            snprintf(pair->text, sizeof pair->text,
                     "%s[%lld] of %lld: pipeline %a, reference %a", what,
                     (long long)i, (long long)n, (double)a[i], (double)b[i]);
    return wrong;
}

/* Compare one parameter, or its gradient. */
static long compare(struct sl_test_pair *pair, int layer,
                    const sluice_param_spec *spec, get_pipe *of_pipe,
                    get_ref *of_ref)
{
    char name[64];
    snprintf(name, sizeof name, "%d.%s", layer, spec->name);
    int64_t n = sluice_shape_elements(&spec->shape);
    float *a = malloc(2 * (size_t)n * sizeof *a), *b = a + n;
    if (!a)
        abort();
    long wrong = 0;
    if (of_pipe(pair->pipe, name, a, n, &pair->why) ||
        of_ref(pair->ref, name, b, n, &pair->why)) {
        wrong = 1;
        snprintf(pair->text, sizeof pair->text, "%s: %s", name, pair->why.text);
    } else {
        wrong = differ(pair, name, a, b, n);
    }
    free(a);
    return wrong;
}

static long compare_all(struct sl_test_pair *pair, get_pipe *of_pipe,
                        get_ref *of_ref)
{
    const sluice_model *model = pair->problem->model;
    long wrong = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++)
            wrong += compare(pair, i, &plan->params[p], of_pipe, of_ref);
    }
    return wrong;
}

/* Two calls' statuses and results.  Losses are equal to the bit. */
static long same_result(struct sl_test_pair *pair, sluice_status st,
                        const sluice_result *a, sluice_status ref_st,
                        const sluice_result *b)
{
    if (st || ref_st) {
        snprintf(pair->text, sizeof pair->text, "pipeline %s, reference %s: %s",
                 sluice_status_name(st), sluice_status_name(ref_st),
                 pair->why.text);
        return 1;
    }
    if (!memcmp(&a->loss, &b->loss, sizeof a->loss) && a->rows == b->rows &&
        a->correct == b->correct && a->terms == b->terms)
        return 0;
    snprintf(pair->text, sizeof pair->text,
             "pipeline: loss %a, %lld of %lld correct; reference: loss %a, "
             "%lld of %lld",
             a->loss, (long long)a->correct, (long long)a->rows, b->loss,
             (long long)b->correct, (long long)b->rows);
    return 1;
}

long sl_test_parameters(struct sl_test_pair *pair)
{
    return compare_all(pair, sluice_pipeline_get_parameter,
                       sluice_reference_get_parameter);
}

/* What this process is to read of the rows from `row` on; NULL instead of what
 * it must not. */
struct given {
    const void *x;
    const void *targets;
};

static struct given given(const struct sl_test_pair *pair, int64_t row)
{
    bool x, targets;
    sluice_pipeline_reads(pair->pipe, &x, &targets);
    return (struct given){
        x ? sl_test_x(pair->problem, row) : NULL,
        targets ? sl_test_targets(pair->problem, row) : NULL,
    };
}

long sl_test_step(struct sl_test_pair *pair, int64_t row, int64_t rows)
{
    const void *x = sl_test_x(pair->problem, row);
    const void *targets = sl_test_targets(pair->problem, row);
    const struct given its = given(pair, row);
    sluice_result a, b;
    sluice_status st = sluice_pipeline_step(pair->pipe, its.x, its.targets,
                                            rows, &a, &pair->why);
    sluice_status ref_st = sluice_reference_step(pair->ref, x, targets, rows,
                                                 &b, st ? NULL : &pair->why);
    long wrong = same_result(pair, st, &a, ref_st, &b);
    if (wrong)
        return wrong;
    wrong = sl_test_parameters(pair);
    return wrong + compare_all(pair, sluice_pipeline_get_gradient,
                               sluice_reference_get_gradient);
}

long sl_test_evaluate(struct sl_test_pair *pair, int64_t row, int64_t rows)
{
    const void *x = sl_test_x(pair->problem, row);
    const void *targets = sl_test_targets(pair->problem, row);
    const struct given its = given(pair, row);
    sluice_result a, b;
    sluice_status st = sluice_pipeline_evaluate(pair->pipe, its.x, its.targets,
                                                rows, &a, &pair->why);
    sluice_status ref_st = sluice_reference_evaluate(
        pair->ref, x, targets, rows, &b, st ? NULL : &pair->why);
    return same_result(pair, st, &a, ref_st, &b);
}

long sl_test_infer(struct sl_test_pair *pair, int64_t row, int64_t rows)
{
    const void *x = sl_test_x(pair->problem, row);
    int64_t n = rows * pair->problem->out;
    float *a = malloc(2 * (size_t)n * sizeof *a), *b = a + n;
    if (!a)
        abort();
    sluice_result none = {0};
    sluice_status st = sluice_pipeline_infer(pair->pipe, given(pair, row).x,
                                             rows, a, &pair->why);
    sluice_status ref_st =
        sluice_reference_infer(pair->ref, x, rows, b, st ? NULL : &pair->why);
    long wrong = same_result(pair, st, &none, ref_st, &none);
    if (!wrong)
        wrong = differ(pair, "y", a, b, n);
    free(a);
    return wrong;
}
