/*
 * Process 1 ends in the middle of a step, at a place that is forced.  The
 * others do not wait for it, and all name it.  Each tells what it has seen, and
 * dying.sh judges; the launcher must not end them before.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mpi.h>

#include "base/clock.h"
#include "pipeline/world/world.h"
#include "support/problem.h"

enum {
    LAYERS = 6,
    MICROBATCHES = 2,
    MOST_PROCESSES = 3,
    LONG_BYTES = 8192, /* MPI sends such a message in parts */
    MATCHING_TESTS = 64,
};

static const int64_t most_ns = 5000000000; /* docs/cluster.md */

/* Where process 1 ends, so that the others wait in what it was to join. */
static const struct death {
    const char *name;
    int64_t rows; /* of a batch */
    int zero;
    int n_replicas; /* of one device; 0: one pipeline of two */
    bool updates;   /* behind the commit: before its parameters are taken */
    bool holds;     /* process 2 sees nothing before process 0 has ended, too */
    bool sends;     /* when a part of a long message has come to process 0 */
    enum sl_test_pass pass; /* else */
    int layer;
} deaths[] = {
    {"update", 12, 2, 3, .updates = true},
    {"third", 12, 2, 3, .updates = true, .holds = true},
    {"item", 1200, 0, 0, .sends = true},
    {"scatter", 12, 2, 3, .pass = SL_TEST_WEIGHT, .layer = 3},
    {"unshard", 12, 3, 3, .pass = SL_TEST_FORWARD, .layer = 1},
};

static const struct death *death;
static const char *folder;
static sluice_optimizer_ops mortal;
static bool is_timed;
static int rank;
static bool dies;
static atomic_int n_tests; /* of process 0, since a message has begun */
static pthread_t caller;
static atomic_bool is_held;      /* the caller */
static int ends[MOST_PROCESSES]; /* a descriptor of each process */

static bool is_there(const char *name, const char *mode)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, mode);
    if (file)
        fclose(file);
    return file;
}

/* Any thread, also in the handler of a signal. */
static void wait_for_ends(void)
{
    for (int i = 0; i < 2; i++) {
        struct pollfd end = {.fd = ends[i], .events = POLLIN};
        while (poll(&end, 1, -1) != 1)
            continue;
    }
}

static void hold_here(int number)
{
    (void)number;
    atomic_store(&is_held, true);
    wait_for_ends();
}

/* The caller looks neither at messages nor who lives, nor does MPI work on a
 * message in it. */
static void hold_caller(void)
{
    pthread_kill(caller, SIGUSR1);
    while (!atomic_load(&is_held))
        sched_yield();
}

static void apply(const sluice_optimizer_call *call)
{
    if (death->holds && rank == 2 && !atomic_load(&is_held)) {
        hold_caller();
        demand(is_there("held", "w"), "%s", folder);
        wait_for_ends();
    }
    while (death->holds && dies && !is_there("held", "r"))
        sched_yield();
    if (dies && death->updates)
        raise(SIGKILL);
    sluice_sgd()->apply(call);
}

int __real_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __real_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);

/* Process 1 dies with a long message half sent. */
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request)
{
    bool last = dies && death->sends && n > LONG_BYTES;
    if (last)
        hold_caller();
    int failed = __real_MPI_Isend(buffer, n, type, to, tag, comm, request);
    if (!last)
        return failed;
    demand(is_there("sent", "w"), "%s", folder);
    while (!is_there("seen", "r"))
        sched_yield();
    return raise(SIGKILL);
}

/* Process 0 has looked so often since that MPI has begun to receive it. */
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status)
{
    int failed = __real_MPI_Test(request, done, status);
    if (death->sends && rank == 0 && is_there("sent", "r") &&
        atomic_fetch_add(&n_tests, 1) == MATCHING_TESTS)
        demand(is_there("seen", "w"), "%s", folder);
    return failed;
}

static sluice_status compute(void *context, const struct sl_test_cell *cell)
{
    (void)context;
    if (dies && !death->updates && !death->sends && cell->pass == death->pass &&
        cell->layer == death->layer)
        raise(SIGKILL);
    return SLUICE_OK;
}

/* A replica's device has a stage of each layer; every second layer is watched.
 */
static sluice_pipeline *create(struct sl_test_problem *problem,
                               sluice_world *world)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    demand(!sl_test_problem_init(problem, SL_TEST_MIXED, LAYERS, death->rows,
                                 NULL),
           "no memory");
    sluice_pipeline_config config = problem->config;
    static const int backwards[] = {1, 0};
    bool copies = death->n_replicas > 0;
    mortal = *sluice_sgd();
    mortal.apply = apply;
    config.optimizer = &mortal;
    config.world = world;
    config.zero = death->zero;
    config.replicas = death->n_replicas;
    config.processes = copies ? NULL : backwards;
    config.n_processes = copies ? 0 : 2;
    config.schedule.name = copies ? "looped-bfs" : "gpipe";
    config.schedule.devices = copies ? 1 : 2;
    config.schedule.chunks = copies ? LAYERS : 0;
    config.schedule.microbatches = MICROBATCHES;
    demand(!sluice_pipeline_create(&config, problem->model, &pipe, &why), "%s",
           why.text);
    return pipe;
}

/* Descriptors of all processes, and a way to hold this one. */
static void prepare(sluice_world *world)
{
    const struct sigaction holding = {.sa_handler = hold_here};
    rank = sluice_world_rank(world);
    dies = rank == 1;
    caller = pthread_self();
    demand(!sigaction(SIGUSR1, &holding, NULL), "no signal");
    for (int i = 0; i < sluice_world_size(world); i++) {
        pid_t pid = getpid();
        demand(!sluice_world_share(world, i, &pid, sizeof pid, NULL), "%d", i);
        ends[i] = (int)syscall(SYS_pidfd_open, pid, 0);
    }
}

/* Until all but process 1 have told, else they might name this one. */
static void wait_for_others(sluice_world *world)
{
    char name[] = {(char)('0' + rank), '\0'};
    demand(is_there(name, "w"), "%s", folder);
    for (int i = 0; i < sluice_world_size(world); i++) {
        name[0] = (char)('0' + i);
        while (i != 1 && !is_there(name, "r"))
            sched_yield();
    }
}

int main(int argc, char **argv)
{
    sluice_world *world;
    sluice_diag why;
    struct sl_test_problem problem = {.probe = {compute, NULL}};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths && argc > 2; i++)
        if (!strcmp(deaths[i].name, argv[1]))
            death = &deaths[i];
    demand(death, "give a death, `timed' or nothing, and a folder to meet in");
    is_timed = argc > 3;
    folder = argv[argc - 1];
    demand(!sluice_world_create(NULL, NULL, &world, &why), "%s", why.text);
    prepare(world);
    sluice_pipeline *pipe = create(&problem, world);
    int64_t began_ns = sl_now_ns();
    sluice_status st = sluice_pipeline_step(pipe, sl_test_x(&problem, 0),
                                            sl_test_targets(&problem, 0),
                                            death->rows, NULL, &why);
    sluice_pipeline_destroy(pipe);
    demand(!is_timed || sl_now_ns() - began_ns < most_ns, "it took too long");
    printf("status %d: %s\n", st, why.text);
    fflush(stdout);
    if (!death->holds)
        wait_for_others(world);
    sluice_world_destroy(world);
    _Exit(EXIT_SUCCESS);
}
