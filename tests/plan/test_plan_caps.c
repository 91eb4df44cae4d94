/* Plans under caps by the exact plan of memory, which takes more than the
 * layers' bytes: weights are packed besides. */
#include <sluice/plan.h>

#include <string.h>

#include "plan/layers.h"
#include "support/parse_model.h"
#include "support/runner.h"

enum { N = 31, M = 16, PLACES = 3 };

static const sluice_sgd_config sgd = {.learning_rate = 0.1};

/* Cuts that are far from equal, of equal layers. */
static const int cuts[][PLACES] = {
    {6, 10, 15}, {15, 10, 6}, {3, 12, 16}, {2, 3, 26}, {11, 9, 11},
};

enum { N_CUTS = sizeof cuts / sizeof *cuts };

/* Caps of what a cut takes, and one in 32 besides. */
static void set_caps(struct layered *l, const int *cut)
{
    sluice_memory_plan plans[PLACES] = {{0}};
    sluice_pipeline_config config = *l->config.pipeline;
    config.schedule = (sluice_schedule_config){
        .name = "1f1b", .devices = PLACES, .microbatches = M};
    config.batch = M;
    config.cut = SLUICE_CUT_LIST;
    config.partition = cut;
    ck_assert(!sluice_pipeline_plan(l->config.model, &config, plans, NULL));
    for (int d = 0; d < PLACES; d++)
        l->devices[d].cap_bytes = plans[d].total + plans[d].total / 32;
}

/* Equal layers, with their bytes. */
static sluice_model *begin(struct layered *l)
{
    static const sluice_pipeline_config config = {
        .optimizer_config = &sgd,
    };
    static sluice_pipeline_config pipeline;
    sluice_model *model = sl_test_parse("64-64x31");
    pipeline = config;
    pipeline.loss = sluice_cross_entropy();
    pipeline.optimizer = sluice_sgd();
    layered_init(l, N, PLACES, M);
    ck_assert_int_eq(sluice_model_n_layers(model), N);
    l->config.model = model;
    l->config.pipeline = &pipeline;
    ck_assert(!sluice_plan_layers(model, &pipeline, l->layers, NULL));
    return model;
}

static sluice_plan *found(const struct layered *l)
{
    sluice_plan *plan = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_plan_find(&l->config, &plan, &why), "%s", why.text);
    return plan;
}

static void check_cut(const int *cut, bool no_remat)
{
    struct layered l;
    sluice_model *model = begin(&l);
    l.config.schedules = "1f1b";
    l.config.no_remat = no_remat;
    set_caps(&l, cut);
    sluice_plan_destroy(found(&l));
    sluice_model_destroy(model);
}

START_TEST(what_fits_by_the_exact_plan_of_memory_is_found)
{
    for (int i = 0; i < 2 * N_CUTS; i++)
        check_cut(cuts[i / 2], i % 2);
}
END_TEST

/* Under a cap of what zb-h1 takes a search without a limit finds what does not
 * fit. */
START_TEST(a_search_keeps_to_the_room_that_the_exact_plan_leaves)
{
    struct layered l;
    sluice_model *model = begin(&l);
    l.config.schedules = "zb-h1";
    l.config.least_devices = PLACES;
    l.config.no_remat = true;
    l.config.batch = 32 * M;
    sluice_plan *plan = found(&l);
    int64_t step_ns = sluice_plan_row_at(plan, 0)->step_ns;
    for (int d = 0; d < PLACES; d++)
        l.devices[d].cap_bytes = sluice_plan_row_at(plan, 0)->bytes;
    sluice_plan_destroy(plan);
    l.config.schedules = "zb-h1,auto";
    plan = found(&l);
    bool any = false;
    for (int i = 0; i < sluice_plan_n_rows(plan); i++)
        any |= !strcmp(sluice_plan_row_at(plan, i)->schedule, "auto") &&
               sluice_plan_row_at(plan, i)->step_ns <= step_ns;
    ck_assert(any);
    sluice_plan_destroy(plan);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("plan.plan_caps",
                 what_fits_by_the_exact_plan_of_memory_is_found,
                 a_search_keeps_to_the_room_that_the_exact_plan_leaves)
