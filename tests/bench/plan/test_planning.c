/* The planner counts the uses of a weight as the pipeline does. */
#include "bench/plan/planning.h"

#include <sluice/gemm.h>
#include <sluice/model.h>

#include "bench/measure/measure_config.h"
#include "support/runner.h"

enum { KINDS = SLUICE_N_ACTION_KINDS, ONCE_NS = 1000, OFTEN_NS = 100000 };

static const char model_text[] = "32-32x6";

/* Layers whose weights are used once take less. */
static sluice_status tell(const sluice_model *model,
                          const struct layer_costs_config *config,
                          int64_t *costs_ns, int64_t *first_ns,
                          sluice_diag *why)
{
    int n = sluice_model_n_layers(model) * KINDS;
    (void)why;
    for (int i = 0; i < n; i++) {
        costs_ns[i] = config->microbatches == 1 ? ONCE_NS : OFTEN_NS;
        first_ns[i] = 0;
    }
    return SLUICE_OK;
}

static sluice_plan *planned(int replicas, int microbatches, const char *gemm)
{
    struct planned out;
    sluice_diag why = {.text = ""};
    const struct planning_config config = {
        .model = model_text,
        .batch = 64,
        .microbatches = {1, {microbatches}},
        .devices = 2,
        .replicas = {1, {replicas}},
        .teams = {1, {1}},
        .schedules = "1f1b",
        .gemm = gemm,
        .measures = true,
        .measure = tell,
    };
    ck_assert_msg(!planning_find(&config, &out, &why), "%s", why.text);
    return out.plan;
}

/* What the pipeline of the plan takes on its largest device, and packs. */
static sluice_memory_plan largest(const sluice_plan *plan, const char *gemm)
{
    sluice_model *model;
    sluice_memory_plan of[2], most = {0};
    sluice_pipeline_config config = plain_pipeline_config(0, 0, 64);
    config.gemm = gemm;
    ck_assert_int_eq(sluice_model_parse(model_text, NULL, &model, NULL), 0);
    ck_assert_int_eq(sluice_plan_apply(plan, model, &config, NULL), 0);
    ck_assert_int_eq(sluice_pipeline_plan(model, &config, of, NULL), 0);
    for (int d = 0; d < sluice_plan_row_at(plan, 0)->devices; d++)
        if (of[d].total > most.total)
            most = of[d];
    sluice_model_destroy(model);
    return most;
}

/* Two replicas of one micro-batch each use a weight once, two micro-batches of
 * one pipeline use it twice. */
START_TEST(plan_and_pipeline_count_the_uses_of_a_replica)
{
    static const struct {
        int replicas, microbatches;
        bool once;
    } cases[] = {{1, 1, true},
                 {1, 2, false},
                 {2, 2, true},
                 {2, 4, false},
                 {1, 4, false}};
    size_t packed[2] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sluice_plan *plan =
            planned(cases[i].replicas, cases[i].microbatches, "auto");
        const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
        ck_assert_int_eq(row->microbatches == 1, cases[i].once);
        ck_assert_int_eq(row->step_ns < OFTEN_NS, cases[i].once);
        sluice_memory_plan of = largest(plan, "auto");
        ck_assert_uint_eq(of.total, row->bytes);
        packed[cases[i].once] += of.packed;
        sluice_plan_destroy(plan);
    }
    ck_assert_uint_eq(packed[true], 0);
}
END_TEST

/* A backend that is named packs in any case. */
START_TEST(bytes_of_a_plan_are_those_of_its_pipeline_with_each_backend)
{
    static const char *const names[] = {"openblas", "packed", "plain"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!sluice_gemm_is_built(names[i]))
            continue;
        sluice_plan *plan = planned(2, 2, names[i]);
        ck_assert_uint_eq(largest(plan, names[i]).total,
                          sluice_plan_row_at(plan, 0)->bytes);
        sluice_plan_destroy(plan);
    }
}
END_TEST

SLUICE_TEST_MAIN("bench.planning",
                 plan_and_pipeline_count_the_uses_of_a_replica,
                 bytes_of_a_plan_are_those_of_its_pipeline_with_each_backend)
