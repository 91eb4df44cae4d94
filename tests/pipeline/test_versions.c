/*
 * Asynchronous schedules: the bits of the papers' version programs in every
 * setting, what a step records and plans, and what the reference refuses.
 * test_schedules.c and test_failure_schedules.c have them besides all others.
 */
#include <stdio.h>
#include <string.h>

#include "support/grid.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { LAYERS = 6, BATCH = 13, MAX_DEVICES = 4 };

static const int microbatches[] = {1, 2, 3, 5, 8};

struct variant {
    const char *schedule;
    bool vertical_sync;
    int group; /* 0: K */
};

static const struct variant variants[] = {
    {"pipedream", false, 0},
    {"pipedream", true, 0},
    {"pipedream-2bw", false, 0},
    {"pipedream-2bw", false, 4},
};

enum { N_VARIANTS = sizeof variants / sizeof *variants };

static sluice_pipeline_config configure(const struct sl_test_problem *problem,
                                        const struct variant *v, int k, int m)
{
    sluice_pipeline_config config = problem->config;
    config.schedule.name = v->schedule;
    config.schedule.vertical_sync = v->vertical_sync;
    config.schedule.group = v->group;
    config.schedule.devices = k;
    config.schedule.microbatches = m;
    config.uneven = true;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    return config;
}

/* False if there is no such schedule. */
static bool begin(struct sl_test_pair *pair,
                  const struct sl_test_problem *problem,
                  const struct variant *v, const sluice_pipeline_config *config)
{
    int group = v->group ? v->group : config->schedule.devices;
    if (!strcmp(v->schedule, "pipedream-2bw") &&
        config->schedule.microbatches % group != 0)
        return false;
    ck_assert_msg(!sl_test_pair_init(pair, problem, config), "%s",
                  pair->why.text);
    ck_assert_msg(!sl_test_versions(pair, v->schedule,
                                    config->schedule.microbatches,
                                    v->vertical_sync, v->group),
                  "%s", pair->why.text);
    return true;
}

static int check(const struct sl_test_problem *problem, const struct variant *v,
                 const sluice_pipeline_config *config)
{
    struct sl_test_pair pair;
    if (!begin(&pair, problem, v, config))
        return 0;
    if (sl_test_skips_of(4)) {
        sl_test_pair_fini(&pair);
        return 1;
    }
    long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 4, 6) +
                 sl_test_step(&pair, 2, 1) + sl_test_step(&pair, 5, 3) +
                 sl_test_evaluate(&pair, 3, BATCH + 2) +
                 sl_test_infer(&pair, 1, 3) + sl_test_step(&pair, 1, BATCH);
    ck_assert_msg(!wrong,
                  "%s, K %d, M %d, capacity %d, remat %d, replicas %d: %ld "
                  "values differ; %s",
                  v->schedule, config->schedule.devices,
                  config->schedule.microbatches, config->queue_capacity,
                  (int)config->remat, config->replicas, wrong, pair.text);
    sl_test_pair_fini(&pair);
    return 1;
}

static int check_variant(const struct sl_test_problem *problem,
                         const struct variant *v, int replicas)
{
    int n = 0;
    for (int k = 1; k <= MAX_DEVICES; k++)
        for (int i = 0; i < 5; i++) {
            sluice_pipeline_config config =
                configure(problem, v, k, microbatches[i]);
            config.replicas = replicas;
            config.queue_capacity = 1 + (k + i) % 3;
            config.remat = (sluice_remat)((k + i / 2) % 3);
            n += check(problem, v, &config);
        }
    return n;
}

static void check_replicas(int replicas)
{
    for (int kind = 0; kind <= SL_TEST_PROBE; kind++) {
        struct sl_test_problem problem = {0};
        if (kind == SL_TEST_PROBE && replicas > 1)
            continue;
        ck_assert(!sl_test_problem_init(&problem, (enum sl_test_kind)kind,
                                        LAYERS, BATCH, NULL));
        for (int v = 0; v < N_VARIANTS; v++)
            ck_assert_int_ge(check_variant(&problem, &variants[v], replicas),
                             4);
        sl_test_problem_fini(&problem);
    }
}

START_TEST(every_variant_equals_its_version_program)
{
    check_replicas(1);
}
END_TEST

START_TEST(replicas_meet_at_every_update)
{
    check_replicas(2);
}
END_TEST

START_TEST(every_capacity_and_every_remat_has_the_same_bits)
{
    struct sl_test_problem problem = {0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_BLOCKS, LAYERS, BATCH, NULL));
    for (int v = 0; v < N_VARIANTS; v++)
        for (int capacity = 1; capacity <= 3; capacity++)
            for (int remat = 0; remat < 3; remat++) {
                sluice_pipeline_config config =
                    configure(&problem, &variants[v], 4, 8);
                config.queue_capacity = capacity;
                config.remat = (sluice_remat)remat;
                ck_assert_int_eq(check(&problem, &variants[v], &config), 1);
            }
    sl_test_problem_fini(&problem);
}
END_TEST

/* The versions that a device's UPDATEs made, and how stale they were. */
static int check_updates(const sluice_trace *trace, int device, int k)
{
    int made = 0;
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        if (e->action.kind != SLUICE_UPDATE) {
            ck_assert_int_eq(e->staleness, 0);
            continue;
        }
        int late = k - 1 - device;
        ck_assert_int_eq(e->action.version, 2 + made);
        ck_assert_int_eq(e->staleness, made < late ? made : late);
        ck_assert_int_eq(trace->events[device][i - 1].action.kind, SLUICE_B);
        ck_assert_int_eq(trace->events[device][i - 1].action.microbatch, made);
        made++;
    }
    return made;
}

START_TEST(an_update_is_recorded_at_its_place_with_version_and_staleness)
{
    enum { K = 3, M = 8 };
    struct sl_test_problem problem = {0};
    sluice_pipeline *pipe;
    sluice_trace trace;
    sluice_time_share shares[K], all;
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_NORM, LAYERS, BATCH, NULL));
    sluice_pipeline_config config = configure(&problem, &variants[0], K, M);
    config.trace = true;
    ck_assert(!sluice_pipeline_create(&config, problem.model, &pipe, NULL));
    for (int step = 0; step < 3; step++) {
        ck_assert(!sluice_pipeline_step(pipe, problem.x, problem.targets, BATCH,
                                        NULL, NULL));
        ck_assert(!sluice_pipeline_trace(pipe, &trace, NULL));
        sluice_trace_account(&trace, shares, &all);
        for (int d = 0; d < K; d++) {
            ck_assert_int_eq(trace.n_events[d], 3 * M);
            ck_assert_int_eq(check_updates(&trace, d, K), M);
            ck_assert_int_ge(shares[d].other_ns, 0);
            for (int i = 1; i < 3 * M; i++)
                ck_assert_int_ge(trace.events[d][i].start_ns,
                                 trace.events[d][i - 1].end_ns);
        }
    }
    ck_assert_uint_eq(sluice_pipeline_n_steps(pipe), 3);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}
END_TEST

/* Device r keeps min(M, K - r) versions, or two, and a backup of parameters and
 * of one state. */
static void check_plan(const struct sl_test_problem *problem,
                       const struct variant *v, int k, int m)
{
    sluice_memory_plan plans[MAX_DEVICES];
    sluice_pipeline *pipe;
    bool in_groups = !strcmp(v->schedule, "pipedream-2bw");
    sluice_pipeline_config config = configure(problem, v, k, m);
    ck_assert(!sluice_pipeline_plan(problem->model, &config, plans, NULL));
    ck_assert(!sluice_pipeline_create(&config, problem->model, &pipe, NULL));
    for (int r = 0; r < k; r++) {
        sluice_device_info info;
        size_t kept = in_groups ? 2 : (size_t)(m < k - r ? m : k - r);
        size_t backup = plans[r].parameters + plans[r].optimizer;
        sluice_pipeline_device(pipe, r, &info);
        ck_assert_uint_eq(plans[r].optimizer, plans[r].parameters);
        ck_assert_uint_eq(plans[r].versions,
                          (kept - 1) * plans[r].parameters + backup);
        ck_assert_uint_eq(info.actual_bytes, plans[r].total);
        ck_assert_uint_eq(plans[r].total,
                          plans[r].parameters + plans[r].packed +
                              plans[r].gradients + plans[r].optimizer +
                              plans[r].versions + plans[r].boundary +
                              plans[r].stash + plans[r].workspace);
    }
    sluice_pipeline_destroy(pipe);
}

START_TEST(versions_and_backup_are_planned_to_the_byte)
{
    struct sl_test_problem problem = {0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_DROPOUT, LAYERS, BATCH, NULL));
    for (int k = 1; k <= MAX_DEVICES; k++) {
        check_plan(&problem, &variants[0], k, 2);
        check_plan(&problem, &variants[0], k, 8);
        check_plan(&problem, &variants[2], k, 3 * k);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(the_reference_refuses_versions_that_cannot_be)
{
    struct sl_test_problem problem = {0};
    sluice_reference *ref;
    sluice_diag why;
    const int groups[] = {1, 2}, few[] = {1, 1}, none[] = {3, 0};
    int versions[LAYERS * 3], late[LAYERS * 3];
    for (int i = 0; i < LAYERS * 3; i++)
        late[i] = versions[i] = 1;
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL));
    sluice_pipeline_config config = configure(&problem, &variants[0], 1, 3);
    config.schedule.backward_order = SLUICE_REVERSE;
    ck_assert(!sluice_reference_create(&config, problem.model, &ref, NULL));
    ck_assert_int_eq(sluice_reference_versions(ref, groups, 2, versions, &why),
                     SLUICE_INVALID);
    sluice_reference_destroy(ref);
    config.schedule.backward_order = SLUICE_IN_ORDER;
    ck_assert(!sluice_reference_create(&config, problem.model, &ref, NULL));
    ck_assert_int_eq(sluice_reference_versions(ref, few, 2, versions, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_reference_versions(ref, none, 2, versions, &why),
                     SLUICE_INVALID);
    late[0] = 2; /* before the first update is made */
    ck_assert_int_eq(sluice_reference_versions(ref, groups, 2, late, &why),
                     SLUICE_INVALID);
    late[0] = 0;
    ck_assert_int_eq(sluice_reference_versions(ref, groups, 2, late, &why),
                     SLUICE_INVALID);
    versions[2] = 2;
    ck_assert_int_eq(sluice_reference_versions(ref, groups, 2, versions, &why),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_reference_versions(ref, groups, 2, versions, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_reference_join(ref, 0, groups, 2, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_reference_copies(ref, 2, (int[3]){0, 1, 0}, &why),
                     SLUICE_INVALID);
    sluice_reference_destroy(ref);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.versions", every_variant_equals_its_version_program,
                 replicas_meet_at_every_update,
                 every_capacity_and_every_remat_has_the_same_bits,
                 an_update_is_recorded_at_its_place_with_version_and_staleness,
                 versions_and_backup_are_planned_to_the_byte,
                 the_reference_refuses_versions_that_cannot_be)
