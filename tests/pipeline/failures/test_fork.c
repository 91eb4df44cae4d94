/*
 * fork(): a child makes pipelines of its own, whatever the parent is doing at
 * that moment, and is told that it cannot use the parent's.
 *
 * A child cannot assert for the parent: it ends with the number of the first
 * claim that does not hold, or by the alarm if it hangs.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cblas.h>

#include "support/allocator.h"
#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/sentence.h"

enum { LAYERS = 6, BATCH = 12, HOST = 2, STEPS = 3, MANY = 150, ALARM_S = 30 };

static struct sl_test_problem problem;

static sluice_status make(const sluice_allocator *allocator, int devices,
                          sluice_pipeline **out)
{
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = devices;
    config.schedule.microbatches = 4;
    config.pinning = SLUICE_PIN_OFF;
    config.allocator = allocator;
    return sluice_pipeline_create(&config, problem.model, out, NULL);
}

static void begin(void)
{
    sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL);
    openblas_set_num_threads(HOST);
}

static void end(void)
{
    sl_test_problem_fini(&problem);
}

static sluice_status step(sluice_pipeline *pipe, sluice_result *result,
                          sluice_diag *why)
{
    return sluice_pipeline_step(pipe, problem.x, problem.targets, BATCH, result,
                                why);
}

/* Train a pipeline from the start; the loss of the last step tells the bits of
 * all before. */
static sluice_status train(int devices, double *loss)
{
    sluice_pipeline *pipe;
    sluice_result result = {0};
    sluice_status st = make(NULL, devices, &pipe);
    if (st)
        return st;
    for (int s = 0; s < STEPS && !st; s++)
        st = step(pipe, &result, NULL);
    sluice_pipeline_destroy(pipe);
    *loss = result.loss;
    return st;
}

/* Run in a child; returns what it returned, or -1 for one that was killed. */
static int in_child(int (*run)(void *context), void *context)
{
    pid_t pid = fork();
    if (!pid) {
        alarm(ALARM_S);
        _exit(run(context));
    }
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int trains_the_same_bits(void *context)
{
    const double *expected = context;
    double loss = 0;
    if (openblas_get_num_threads() != HOST)
        return 1;
    if (train(2, &loss))
        return 2;
    if (memcmp(&loss, expected, sizeof loss) != 0)
        return 3;
    return openblas_get_num_threads() == HOST ? 0 : 4;
}

/* A child of the child does as well as the child. */
static int has_a_child_that_trains(void *context)
{
    int first = trains_the_same_bits(context);
    return first ? first : in_child(trains_the_same_bits, context);
}

START_TEST(the_child_of_an_idle_parent_trains_the_same_bits)
{
    double loss;
    sluice_pipeline *pipe;
    begin();
    ck_assert_int_eq(train(3, &loss), SLUICE_OK);
    ck_assert_int_eq(make(NULL, 3, &pipe), SLUICE_OK);
    ck_assert_int_eq(in_child(has_a_child_that_trains, &loss), 0);
    sluice_pipeline_destroy(pipe);
    end();
}
END_TEST

/* Steps all the time, in a thread of its own. */
struct stepper {
    sluice_pipeline *pipe;
    pthread_t thread;
    atomic_bool over;
    long n_failed; /* read after join */
};

static void *step_on(void *context)
{
    struct stepper *s = context;
    while (!atomic_load(&s->over))
        s->n_failed += step(s->pipe, NULL, NULL) != SLUICE_OK;
    return NULL;
}

static void start_stepping(struct stepper *s)
{
    *s = (struct stepper){0};
    ck_assert_int_eq(make(NULL, 3, &s->pipe), SLUICE_OK);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, step_on, s), 0);
}

static void stop_stepping(struct stepper *s)
{
    atomic_store(&s->over, true);
    pthread_join(s->thread, NULL);
    sluice_pipeline_destroy(s->pipe);
    ck_assert_int_eq(s->n_failed, 0);
}

START_TEST(children_of_a_stepping_parent_train_the_same_bits)
{
    struct stepper s;
    double loss;
    begin();
    ck_assert_int_eq(train(3, &loss), SLUICE_OK);
    start_stepping(&s);
    int bad = 0;
    for (int i = 0; i < MANY && !bad; i++)
        if (!sl_test_skips())
            bad = in_child(trains_the_same_bits, &loss);
    stop_stepping(&s);
    ck_assert_int_eq(bad, 0);
    ck_assert_int_eq(openblas_get_num_threads(), HOST);
    end();
}
END_TEST

static bool is_told(sluice_status st, const sluice_diag *why, pid_t parent)
{
    return st == SLUICE_INVALID && sl_test_names(why->text, parent) &&
           sl_test_names(why->text, getpid()) && strstr(why->text, "create");
}

static int is_refused(void *context)
{
    sluice_pipeline *pipe = context;
    const pid_t parent = getppid();
    float y[BATCH * 64];
    double loss;
    sluice_diag why;
    if (problem.out > 64)
        return 1;
    if (!is_told(step(pipe, NULL, &why), &why, parent))
        return 2;
    if (!is_told(sluice_pipeline_evaluate(pipe, problem.x, problem.targets,
                                          BATCH, NULL, &why),
                 &why, parent))
        return 3;
    if (!is_told(sluice_pipeline_infer(pipe, problem.x, BATCH, y, &why), &why,
                 parent))
        return 4;
    sluice_pipeline_cancel(pipe);
    sluice_pipeline_destroy(pipe);
    return train(2, &loss) ? 5 : 0;
}

START_TEST(an_inherited_pipeline_refuses_work_and_can_be_destroyed)
{
    sluice_pipeline *pipe;
    begin();
    ck_assert_int_eq(make(NULL, 3, &pipe), SLUICE_OK);
    ck_assert_int_eq(step(pipe, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(in_child(is_refused, pipe), 0);
    ck_assert_int_eq(step(pipe, NULL, NULL), SLUICE_OK);
    sluice_pipeline_destroy(pipe);
    end();
}
END_TEST

START_TEST(so_does_one_that_is_stepped_at_that_moment)
{
    struct stepper s;
    begin();
    start_stepping(&s);
    int bad = 0;
    for (int i = 0; i < MANY && !bad; i++)
        if (!sl_test_skips())
            bad = in_child(is_refused, s.pipe);
    stop_stepping(&s);
    ck_assert_int_eq(bad, 0);
    end();
}
END_TEST

struct copied {
    struct sl_test_allocator allocator;
    sluice_pipeline *pipe;
};

static int leaves_no_memory(void *context)
{
    struct copied *c = context;
    sluice_pipeline_destroy(c->pipe);
    if (atomic_load(&c->allocator.n_live))
        return 1;
    return atomic_load(&c->allocator.n_wrong) ? 2 : 0;
}

START_TEST(the_childs_copy_is_freed_to_the_last_block)
{
    struct copied c;
    begin();
    sl_test_allocator_init(&c.allocator);
    ck_assert_int_eq(make(&c.allocator.hooks, 3, &c.pipe), SLUICE_OK);
    ck_assert_int_eq(in_child(leaves_no_memory, &c), 0);
    sluice_pipeline_destroy(c.pipe);
    ck_assert_int_eq(c.allocator.n_live, 0);
    end();
}
END_TEST

/* A parameter as it was before the fork. */
struct asked {
    sluice_pipeline *pipe;
    float values[64 * 64];
    int64_t n;
};

static sluice_status ask(const struct asked *a, float *values)
{
    return sluice_pipeline_get_parameter(a->pipe, "0.weight", values, a->n,
                                         NULL);
}

static int answers_as_before(void *context)
{
    static float now[64 * 64];
    const struct asked *a = context;
    if (sluice_pipeline_n_steps(a->pipe) != 1)
        return 1;
    if (ask(a, now))
        return 2;
    return memcmp(now, a->values, (size_t)a->n * sizeof *now) ? 3 : 0;
}

START_TEST(an_inherited_pipeline_can_be_asked)
{
    struct asked a;
    const sluice_param_spec *spec;
    begin();
    ck_assert_int_eq(make(NULL, 3, &a.pipe), SLUICE_OK);
    ck_assert_int_eq(step(a.pipe, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_model_find_parameter(problem.model, "0.weight",
                                                 NULL, NULL, &spec, NULL),
                     SLUICE_OK);
    a.n = sluice_shape_elements(&spec->shape);
    ck_assert_int_le(a.n, 64 * 64);
    ck_assert_int_eq(ask(&a, a.values), SLUICE_OK);
    ck_assert_int_eq(in_child(answers_as_before, &a), 0);
    sluice_pipeline_destroy(a.pipe);
    end();
}
END_TEST

/* The same reference in the child and in the parent. */
static int steps_the_reference(void *context)
{
    static float parent[64 * 64], child[64 * 64];
    struct sl_test_pair *pair = context;
    if (sluice_reference_step(pair->ref, problem.x, problem.targets, BATCH,
                              NULL, NULL))
        return 1;
    if (openblas_get_num_threads() != HOST)
        return 2;
    const sluice_param_spec *spec;
    sluice_model_find_parameter(problem.model, "0.weight", NULL, NULL, &spec,
                                NULL);
    int64_t n = sluice_shape_elements(&spec->shape);
    if (sluice_pipeline_get_parameter(pair->pipe, "0.weight", parent, n, NULL))
        return 3;
    if (sluice_reference_get_parameter(pair->ref, "0.weight", child, n, NULL))
        return 4;
    if (memcmp(parent, child, (size_t)n * sizeof *child) != 0)
        return 5;
    sluice_reference_destroy(pair->ref);
    return 0;
}

START_TEST(a_child_can_step_its_copy_of_a_reference)
{
    struct sl_test_pair pair;
    begin();
    problem.config.schedule.devices = 3;
    problem.config.schedule.microbatches = 4;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &problem.config),
                     SLUICE_OK);
    ck_assert_int_eq(step(pair.pipe, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(in_child(steps_the_reference, &pair), 0);
    sl_test_pair_fini(&pair);
    end();
}
END_TEST

static int does_nothing(void *context)
{
    (void)context;
    return 0;
}

START_TEST(the_parent_goes_on_to_the_same_bits)
{
    struct sl_test_pair pair;
    begin();
    problem.config.schedule.devices = 3;
    problem.config.schedule.microbatches = 4;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &problem.config),
                     SLUICE_OK);
    long wrong = 0;
    for (int s = 0; s < 10; s++) {
        wrong += sl_test_step(&pair, 0, BATCH);
        ck_assert_int_eq(in_child(does_nothing, NULL), 0);
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(openblas_get_num_threads(), HOST);
    sl_test_pair_fini(&pair);
    end();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.fork",
                 the_child_of_an_idle_parent_trains_the_same_bits,
                 children_of_a_stepping_parent_train_the_same_bits,
                 an_inherited_pipeline_refuses_work_and_can_be_destroyed,
                 so_does_one_that_is_stepped_at_that_moment,
                 the_childs_copy_is_freed_to_the_last_block,
                 an_inherited_pipeline_can_be_asked,
                 a_child_can_step_its_copy_of_a_reference,
                 the_parent_goes_on_to_the_same_bits)
