/*
 * What an optimizer is told of a tensor, and what it knows of all of them: a
 * gradient clipped by its whole norm has the bits of the reference, whatever
 * the number of devices, schedule, copies and replicas.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 7, BATCH = 13 };

/* One of one's own: clips by the largest norm allowed, and remembers in its
 * state how much was left.  The term weighs tensors by their place, so that a
 * mix-up shows. */
struct clip_config {
    double learning_rate;
    double largest;
};

static sluice_status clip_infer(const void *config, int *n_states,
                                double *learning_rate, sluice_diag *why)
{
    const struct clip_config *clip = config;
    (void)why;
    *n_states = 1;
    *learning_rate = clip->learning_rate;
    return SLUICE_OK;
}

static double clip_measure(const sluice_optimizer_call *call)
{
    double sum = call->total * 1e30; /* is 0 here */
    for (int64_t i = 0; i < call->n; i++)
        sum += (double)call->g[i] * (double)call->g[i];
    return sum * (1 + 0.25 * call->tensor);
}

static sluice_status clip_prepare(const sluice_optimizer_call *call)
{
    if (call->total > 0 && isfinite(call->total))
        return SLUICE_OK;
    return sluice_diag_set(call->why, SLUICE_NOT_FINITE, "a total of %g at %s",
                           call->total, call->name);
}

static atomic_int n_clipped; /* calls that were; and those that were not */
static atomic_int n_whole;

static void clip_apply(const sluice_optimizer_call *call)
{
    const struct clip_config *clip = call->config;
    double norm = sqrt(call->total);
    float factor = (float)(norm > clip->largest ? clip->largest / norm : 1);
    atomic_fetch_add(factor < 1 ? &n_clipped : &n_whole, 1);
    for (int64_t i = 0; i < call->n; i++) {
        call->state[0][i] = 0.5F * call->state[0][i] + factor;
        call->w[i] -= (float)call->learning_rate * factor * call->state[0][i] *
                      call->g[i];
    }
}

static const sluice_optimizer_ops clip_ops = {
    .name = "own_clip",
    .config_bytes = sizeof(struct clip_config),
    .infer = clip_infer,
    .prepare = clip_prepare,
    .apply = clip_apply,
    .measure = clip_measure,
};

static const struct clip_config own = {.learning_rate = 0.2, .largest = 1.5};
static const sluice_sgd_config built_in = {.learning_rate = 0.05,
                                           .momentum = 0.9,
                                           .weight_decay = 0.01,
                                           .nesterov = true,
                                           .clip = 0.2};

/* One of the two optimizers that clip. */
static void choose(sluice_pipeline_config *config, int which)
{
    config->optimizer = which ? sluice_sgd() : &clip_ops;
    config->optimizer_config = which ? (const void *)&built_in : &own;
}

static void check(const struct sl_test_problem *problem,
                  const sluice_pipeline_config *config, int n_copies)
{
    static const int rows[] = {BATCH, 5, 1, BATCH};
    struct sl_test_pair pair;
    ck_assert_msg(!sl_test_pair_init(&pair, problem, config), "%s",
                  pair.why.text);
    sl_test_halves(&pair, n_copies, config->schedule.microbatches);
    long wrong = 0;
    for (int s = 0; s < 4; s++)
        wrong += sl_test_step(&pair, 2 * s, rows[s]);
    ck_assert_msg(!wrong, "%s, R %d, K %d, M %d: %ld values differ; %s",
                  config->optimizer->name, config->replicas,
                  config->schedule.devices, config->schedule.microbatches,
                  wrong, pair.text);
    sl_test_pair_fini(&pair);
}

START_TEST(a_clipped_gradient_has_the_same_bits_for_every_cut)
{
    for (int kind = 0; kind < SL_TEST_KINDS; kind++) {
        struct sl_test_problem problem = {0};
        sl_test_problem_init(&problem, (enum sl_test_kind)kind, LAYERS, BATCH,
                             NULL);
        for (int n = 0; n < 2 * 5 * 3; n++) {
            sluice_pipeline_config config = problem.config;
            choose(&config, n % 2);
            config.schedule.devices = 1 + n / 2 % 5;
            config.schedule.microbatches = 1 + n / 10;
            config.remat = (sluice_remat)(n % 3);
            config.trace = n % 4 == 0;
            if (!sl_test_skips())
                check(&problem, &config, 1);
        }
        sl_test_problem_fini(&problem);
    }
    ck_assert_int_gt(atomic_load(&n_clipped), 0);
    ck_assert_int_gt(atomic_load(&n_whole), 0);
}
END_TEST

START_TEST(a_clipped_gradient_has_the_same_bits_in_replicas)
{
    struct sl_test_problem problem = {0};
    sl_test_problem_init(&problem, SL_TEST_BLOCKS, LAYERS, BATCH, NULL);
    for (int n = 0; n < 2 * 3 * 3; n++) {
        sluice_pipeline_config config = problem.config;
        choose(&config, n % 2);
        config.replicas = 1 + n / 2 % 3;
        config.schedule.devices = 1 + n / 6;
        config.schedule.microbatches = 2;
        check(&problem, &config, 1);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

/* Returns how many devices the schedule was tried on. */
static int check_schedule(const struct sl_test_problem *problem,
                          const char *name)
{
    int n = 0;
    for (int k = 2; k <= 4; k += 2) {
        sluice_schedule *schedule = sl_test_runnable(name, k, 4, 2);
        if (!schedule)
            continue;
        sluice_pipeline_config config = problem->config;
        choose(&config, n++ % 2);
        config.custom = schedule;
        config.schedule.devices = k;
        config.schedule.microbatches = 4;
        config.schedule.backward_order =
            strcmp(name, "gpipe") && strcmp(name, "looped-bfs")
                ? SLUICE_IN_ORDER
                : SLUICE_REVERSE;
        check(problem, &config, sluice_schedule_n_copies(schedule));
        sluice_schedule_destroy(schedule);
    }
    return n;
}

START_TEST(a_clipped_gradient_has_the_same_bits_in_every_schedule)
{
    struct sl_test_problem problem = {0};
    int n = 0;
    sl_test_problem_init(&problem, SL_TEST_DROPOUT, 9, BATCH, NULL);
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        if (strcmp(name, "forward") != 0 && strncmp(name, "pipedream", 9) != 0)
            n += check_schedule(&problem, name);
    }
    ck_assert_int_gt(n, 20);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(stages_that_update_by_themselves_have_no_total)
{
    struct sl_test_problem problem = {0};
    sl_test_problem_init(&problem, SL_TEST_RELU, 4, BATCH, NULL);
    for (int which = 0; which < 2; which++) {
        sluice_pipeline_config config = problem.config;
        sluice_pipeline *pipe = NULL;
        sluice_diag why;
        choose(&config, which);
        config.schedule.devices = 2;
        config.schedule.microbatches = 4;
        config.schedule.name = "pipedream";
        ck_assert_int_eq(
            sluice_pipeline_create(&config, problem.model, &pipe, &why),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "use a synchronous schedule"), "%s",
                      why.text);
        ck_assert_ptr_null(pipe);
        const int groups[] = {2, 2};
        const int versions[4 * 4] = {1, 1, 2, 2, 1, 1, 2, 2,
                                     1, 1, 2, 2, 1, 1, 2, 2};
        sluice_reference *ref = NULL;
        config.schedule.backward_order = SLUICE_IN_ORDER;
        ck_assert(!sluice_reference_create(&config, problem.model, &ref, &why));
        ck_assert_int_eq(
            sluice_reference_versions(ref, groups, 2, versions, &why),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "total over all"), "%s", why.text);
        sluice_reference_destroy(ref);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

/* What was said of each tensor, by its number. */
struct seen {
    atomic_int n_measured;
    atomic_int n_prepared;
    atomic_int n_applied;
    int layer, param;
    int64_t n;
    char name[SLUICE_PARAM_NAME + 8];
};

enum { TENSORS = 64 };

static struct seen seen[TENSORS];
static atomic_int n_totals; /* calls with the total of all tensors */

static double count_measure(const sluice_optimizer_call *call)
{
    struct seen *s = &seen[call->tensor];
    atomic_fetch_add(&s->n_measured, 1);
    s->layer = call->layer;
    s->param = call->param;
    s->n = sluice_shape_elements(call->shape) == call->n ? call->n : -1;
    snprintf(s->name, sizeof s->name, "%s", call->name);
    return 1;
}

static sluice_status count_prepare(const sluice_optimizer_call *call)
{
    atomic_fetch_add(&seen[call->tensor].n_prepared, 1);
    return SLUICE_OK;
}

static void count_apply(const sluice_optimizer_call *call)
{
    atomic_fetch_add(&seen[call->tensor].n_applied, 1);
    atomic_fetch_add(&n_totals, (int)call->total);
}

START_TEST(each_tensor_is_handed_over_once_with_its_name)
{
    struct sl_test_problem problem = {0};
    sluice_optimizer_ops ops = clip_ops;
    ops.measure = count_measure;
    ops.prepare = count_prepare;
    ops.apply = count_apply;
    sl_test_problem_init(&problem, SL_TEST_BLOCKS, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = problem.config;
    config.optimizer = &ops;
    config.optimizer_config = &own;
    config.schedule.devices = 3;
    config.replicas = 2;
    config.schedule.microbatches = 2;
    sluice_pipeline *pipe;
    ck_assert(!sluice_pipeline_create(&config, problem.model, &pipe, NULL));
    ck_assert(!sluice_pipeline_step(pipe, sl_test_x(&problem, 0),
                                    sl_test_targets(&problem, 0), BATCH, NULL,
                                    NULL));
    int n = 0;
    for (int i = 0; i < LAYERS; i++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(problem.model, i);
        for (int p = 0; p < plan->n_params; p++, n++) {
            char name[64];
            snprintf(name, sizeof name, "%d.%s", i, plan->params[p].name);
            ck_assert_str_eq(seen[n].name, name);
            ck_assert_int_eq(seen[n].layer, i);
            ck_assert_int_eq(seen[n].param, p);
            ck_assert_int_eq(seen[n].n,
                             sluice_shape_elements(&plan->params[p].shape));
            ck_assert_int_eq(atomic_load(&seen[n].n_measured), 1);
            ck_assert_int_eq(atomic_load(&seen[n].n_prepared), 2);
            ck_assert_int_eq(atomic_load(&seen[n].n_applied), 2);
        }
    }
    ck_assert_int_eq(atomic_load(&n_totals), 2 * n * n);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(a_norm_that_is_not_finite_changes_nothing)
{
    struct sl_test_problem problem = {0};
    sl_test_problem_init(&problem, SL_TEST_RELU, 3, BATCH, NULL);
    sluice_pipeline_config config = problem.config;
    choose(&config, 1);
    config.schedule.devices = 2;
    config.schedule.microbatches = 2;
    config.finite = SLUICE_FINITE_OFF;
    sluice_pipeline *pipe;
    sluice_diag why;
    float before[64], after[64];
    ck_assert(!sluice_pipeline_create(&config, problem.model, &pipe, &why));
    sluice_shape shape =
        sluice_model_layer_plan(problem.model, 0)->params[0].shape;
    int64_t n = sluice_shape_elements(&shape);
    ck_assert_int_le(n, 64);
    ck_assert(
        !sluice_pipeline_get_parameter(pipe, "0.weight", before, n, &why));
    float x[BATCH * 6];
    for (int i = 0; i < BATCH * 6; i++)
        x[i] = INFINITY;
    ck_assert_int_eq(sluice_pipeline_step(pipe, x, sl_test_targets(&problem, 0),
                                          BATCH, NULL, &why),
                     SLUICE_NOT_FINITE);
    ck_assert_msg(strstr(why.text, "the norm of the gradients is"), "%s",
                  why.text);
    ck_assert(!sluice_pipeline_get_parameter(pipe, "0.weight", after, n, &why));
    ck_assert_mem_eq(before, after, (size_t)n * sizeof *before);
    ck_assert(!sluice_pipeline_step(pipe, sl_test_x(&problem, 0),
                                    sl_test_targets(&problem, 0), BATCH, NULL,
                                    &why));
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.total",
                 a_clipped_gradient_has_the_same_bits_for_every_cut,
                 a_clipped_gradient_has_the_same_bits_in_replicas,
                 a_clipped_gradient_has_the_same_bits_in_every_schedule,
                 stages_that_update_by_themselves_have_no_total,
                 each_tensor_is_handed_over_once_with_its_name,
                 a_norm_that_is_not_finite_changes_nothing)
