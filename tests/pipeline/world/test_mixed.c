/*
 * Mixtures of settings (support/drawn/mixture.h) in several processes, beside a
 * pipeline in one process: losses, outputs and all tensors have its bits, also
 * where a step is cancelled by a process, and after a checkpoint.
 */
#include <sluice/checkpoint.h>
#include <sluice/pipeline_state.h>

#include <mpi.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "pipeline/world/world.h"
#include "support/grid.h"
#include "support/drawn/mixture.h"

enum { STEPS = 2, POINTS = 24, POINTS_LONG = 800 };

/* Requests that threads test just now.  A request belongs to one thread: MPI
 * takes one that two complete at once back twice.  Now and then a thread stays
 * in here for longer, so that another one can meet it; seldom, for beside other
 * programs each yield takes a turn of theirs. */
enum { TESTS_PER_YIELD = 16 };
static _Atomic(MPI_Request) tested[256];
static atomic_uint n_tests;
static MPI_Request ended; /* of a message that has left at once: for all */

int __real_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status)
{
    enum { N = sizeof tested / sizeof *tested };
    MPI_Request is = *request, none = NULL;
    int own = 0;
    if (is == ended)
        return __real_MPI_Test(request, done, status);
    while (!atomic_compare_exchange_strong(&tested[own], &none, is)) {
        demand(++own < N, "more threads than places");
        none = NULL;
    }
    if (atomic_fetch_add(&n_tests, 1) % TESTS_PER_YIELD == 0)
        sched_yield();
    for (int i = 0; i < N; i++)
        demand(i == own || atomic_load(&tested[i]) != is,
               "two threads test a request");
    atomic_store(&tested[own], NULL);
    return __real_MPI_Test(request, done, status);
}

/* The point that is under way: in the world, and in this process alone. */
static struct sl_test_mixture drawn;
static int processes[SL_MIXTURE_DEVICES];
static sluice_pipeline *pipe_of_all, *alone;
static sluice_diag why;

static const void *x_at(int row)
{
    return sl_test_mixture_x(&drawn, row);
}

static const void *targets_at(int row)
{
    return sl_test_mixture_targets(&drawn, row);
}

/* All processes read all tensors, which is a call of all. */
static void compare(void)
{
    sluice_state_tensor at = {0};
    while (sluice_pipeline_next_tensor(pipe_of_all, &at)) {
        int64_t n = at.parameter.n;
        float *ours = calloc((size_t)n, 2 * sizeof *ours);
        demand(ours, "no memory");
        demand(!sluice_pipeline_get_tensor(pipe_of_all, at.name, ours, n, &why),
               "%s: %s", drawn.told, why.text);
        demand(!sluice_pipeline_get_tensor(alone, at.name, ours + n, n, &why),
               "%s: %s", drawn.told, why.text);
        demand(!memcmp(ours, ours + n, (size_t)n * sizeof *ours),
               "%s: %s differs", drawn.told, at.name);
        free(ours);
    }
}

static void step(int row, int64_t rows)
{
    sluice_result ours, theirs;
    demand(!sluice_pipeline_step(pipe_of_all, x_at(row), targets_at(row), rows,
                                 &ours, &why),
           "%s: %s", drawn.told, why.text);
    demand(!sluice_pipeline_step(alone, x_at(row), targets_at(row), rows,
                                 &theirs, &why),
           "%s: %s", drawn.told, why.text);
    demand(ours.loss == theirs.loss && ours.correct == theirs.correct &&
               ours.terms == theirs.terms,
           "%s: losses %.17g and %.17g", drawn.told, ours.loss, theirs.loss);
    compare();
}

static void *cancel(void *unused)
{
    sluice_pipeline_cancel(pipe_of_all);
    return unused;
}

/* A step that one process cancels somewhere, or not at all. */
static void step_cancelled(sluice_world *world, int row, int64_t rows)
{
    pthread_t other;
    int size = sluice_world_size(world);
    bool cancels =
        sl_test_mixture_draw(&drawn, (size_t)size) == sluice_world_rank(world);
    if (cancels)
        demand(!pthread_create(&other, NULL, cancel, NULL), "no thread");
    sluice_status st = sluice_pipeline_step(pipe_of_all, x_at(row),
                                            targets_at(row), rows, NULL, &why);
    if (cancels)
        pthread_join(other, NULL);
    demand(!st || st == SLUICE_CANCELLED, "%s: %s", drawn.told, why.text);
    if (!st)
        demand(!sluice_pipeline_step(alone, x_at(row), targets_at(row), rows,
                                     NULL, &why),
               "%s: %s", drawn.told, why.text);
}

static void look(int64_t rows)
{
    static float ours[SL_MIXTURE_ROWS * SL_MIXTURE_OUT];
    static float theirs[SL_MIXTURE_ROWS * SL_MIXTURE_OUT];
    sluice_result a, b;
    demand(!sluice_pipeline_evaluate(pipe_of_all, x_at(0), targets_at(0), rows,
                                     &a, &why) &&
               !sluice_pipeline_infer(pipe_of_all, x_at(0), rows, ours, &why),
           "%s: %s", drawn.told, why.text);
    demand(!sluice_pipeline_evaluate(alone, x_at(0), targets_at(0), rows, &b,
                                     &why) &&
               !sluice_pipeline_infer(alone, x_at(0), rows, theirs, &why),
           "%s: %s", drawn.told, why.text);
    demand(a.loss == b.loss && a.correct == b.correct, "%s: evaluated",
           drawn.told);
    demand(!memcmp(ours, theirs, (size_t)rows * drawn.out * sizeof *ours),
           "%s: inferred", drawn.told);
}

static void train(sluice_world *world)
{
    for (int s = 0; s < STEPS; s++) {
        int row = sl_test_mixture_draw(&drawn, 40);
        int64_t rows = sl_test_mixture_rows(&drawn);
        if (sl_test_mixture_one_in(&drawn, 5))
            step_cancelled(world, row, rows);
        step(row, rows);
    }
    if (sl_test_mixture_one_in(&drawn, 3))
        look(1 + sl_test_mixture_draw(&drawn, SL_MIXTURE_ROWS));
}

/* Both go back to the checkpoint that all processes have written. */
static void go_back(const char *path)
{
    sluice_run run = {0};
    int n_differences;
    demand(!sluice_checkpoint_save(pipe_of_all, &run, path, &why), "%s: %s",
           drawn.told, why.text);
    step(0, drawn.config.batch);
    demand(
        !sluice_checkpoint_load(pipe_of_all, path, &run, &n_differences, &why),
        "%s: %s", drawn.told, why.text);
    demand(!sluice_checkpoint_load(alone, path, &run, &n_differences, &why),
           "%s: %s", drawn.told, why.text);
    step(1, drawn.config.batch);
}

/* Devices in equal runs, or wherever they are drawn to be. */
static void place(const sluice_world *world)
{
    sluice_pipeline_config *config = &drawn.config;
    int n = config->replicas * config->schedule.devices * config->team;
    if (!sl_test_mixture_one_in(&drawn, 3))
        return;
    for (int i = 0; i < n; i++)
        processes[i] =
            sl_test_mixture_draw(&drawn, (size_t)sluice_world_size(world));
    config->processes = processes;
    config->n_processes = n;
}

/* Returns whether the point was trained: a world may refuse what a process
 * alone does not. */
static bool run_point(sluice_world *world, uint64_t i, const char *path)
{
    drawn = (struct sl_test_mixture){.point = i, .in_world = true};
    sl_test_mixture_init(&drawn);
    sluice_pipeline_config own = drawn.config;
    place(world);
    drawn.config.world = world;
    bool made =
        !sluice_pipeline_create(&drawn.config, drawn.model, &pipe_of_all, &why);
    if (made) {
        demand(!sluice_pipeline_create(&own, drawn.model, &alone, &why),
               "%s: alone: %s", drawn.told, why.text);
        train(world);
        go_back(path);
        sluice_pipeline_destroy(pipe_of_all);
        sluice_pipeline_destroy(alone);
    }
    sl_test_mixture_fini(&drawn);
    return made;
}

static void show_mixtures(sluice_world *world)
{
    char path[] = "/tmp/sluice-mixtures-XXXXXX";
    int file = sluice_world_rank(world) ? -1 : mkstemp(path);
    uint64_t n = sl_test_is_long() ? POINTS_LONG : POINTS;
    int n_trained = 0;
    MPI_Irecv(NULL, 0, MPI_BYTE, MPI_PROC_NULL, 0, MPI_COMM_WORLD, &ended);
    demand(!sluice_world_share(world, 0, path, sizeof path, &why), "%s",
           why.text);
    for (uint64_t i = 0; i < n; i++)
        n_trained += run_point(world, i, path);
    demand(n_trained > 0, "all points were refused");
    if (file >= 0) {
        close(file);
        unlink(path);
    }
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"any_mixture_of_settings_has_the_bits_of_one_process", show_mixtures},
    };
    (void)argc;
    return sl_test_claims(claims, 1, argv + 1);
}
