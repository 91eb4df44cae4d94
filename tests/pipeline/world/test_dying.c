/*
 * One of three replicas that share parameters ends in the middle of a step, in
 * a process of its own.  The others do not wait for it.  Its launcher would end
 * them, too, so that each tells what it has seen; dying.sh judges.
 */
#include <sched.h>
#include <signal.h>

#include "base/clock.h"
#include "pipeline/world/world.h"
#include "support/problem.h"

enum { LAYERS = 6, BATCH = 12, MICROBATCHES = 2 };

static const int64_t most_ns = 5000000000; /* docs/cluster.md */

/* Where process 1 ends, so that the others wait in what it was to join. */
static const struct death {
    const char *name;
    int zero;
    bool updates; /* behind the commit: before its parameters are taken */
    enum sl_test_pass pass;
    int layer;
} deaths[] = {
    {"update", .zero = 2, .updates = true},
    {"scatter", .zero = 2, .pass = SL_TEST_WEIGHT, .layer = 3},
    {"unshard", .zero = 3, .pass = SL_TEST_FORWARD, .layer = 1},
};

static const struct death *death;
static sluice_optimizer_ops mortal;
static bool dies;

static void apply(const sluice_optimizer_call *call)
{
    if (dies && death->updates)
        raise(SIGKILL);
    sluice_sgd()->apply(call);
}

static sluice_status compute(void *context, const struct sl_test_cell *cell)
{
    (void)context;
    if (dies && !death->updates && cell->pass == death->pass &&
        cell->layer == death->layer)
        raise(SIGKILL);
    return SLUICE_OK;
}

/* A device has a stage of each layer; every second layer is watched. */
static sluice_pipeline *create(struct sl_test_problem *problem,
                               sluice_world *world)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    demand(!sl_test_problem_init(problem, SL_TEST_MIXED, LAYERS, BATCH, NULL),
           "no memory");
    sluice_pipeline_config config = problem->config;
    mortal = *sluice_sgd();
    mortal.apply = apply;
    config.optimizer = &mortal;
    config.world = world;
    config.zero = death->zero;
    config.replicas = sluice_world_size(world);
    config.schedule.name = "looped-bfs";
    config.schedule.devices = 1;
    config.schedule.chunks = LAYERS;
    config.schedule.microbatches = MICROBATCHES;
    demand(!sluice_pipeline_create(&config, problem->model, &pipe, &why), "%s",
           why.text);
    return pipe;
}

static bool is_there(const char *folder, int rank, const char *mode)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%d", folder, rank);
    FILE *file = fopen(path, mode);
    if (file)
        fclose(file);
    return file;
}

/* Until all but process 1 have told, else they might name this one. */
static void wait_for_others(sluice_world *world, const char *folder)
{
    demand(is_there(folder, sluice_world_rank(world), "w"), "%s", folder);
    for (int i = 0; i < sluice_world_size(world); i++)
        while (i != 1 && !is_there(folder, i, "r"))
            sched_yield();
}

int main(int argc, char **argv)
{
    sluice_world *world;
    sluice_diag why;
    struct sl_test_problem problem = {.probe = {compute, NULL}};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths && argc > 2; i++)
        if (!strcmp(deaths[i].name, argv[1]))
            death = &deaths[i];
    demand(death, "give a death, and a folder to meet in");
    signal(SIGTERM, SIG_IGN); /* of the launcher */
    demand(!sluice_world_create(NULL, NULL, &world, &why), "%s", why.text);
    sluice_pipeline *pipe = create(&problem, world);
    dies = sluice_world_rank(world) == 1;
    int64_t began_ns = sl_now_ns();
    sluice_status st =
        sluice_pipeline_step(pipe, sl_test_x(&problem, 0),
                             sl_test_targets(&problem, 0), BATCH, NULL, &why);
    demand(sl_now_ns() - began_ns < most_ns, "it took too long");
    printf("status %d: %s\n", st, why.text);
    fflush(stdout);
    wait_for_others(world, argv[2]);
    _Exit(EXIT_SUCCESS);
}
