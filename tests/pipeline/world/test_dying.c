/*
 * A process ends behind the commit, before it has given the others the
 * parameters that it updates for them (ZeRO): they do not wait for it.  Its
 * launcher would end them, too, so that each tells what it has seen; dying.sh
 * judges.
 */
#include <signal.h>
#include <unistd.h>

#include "pipeline/world/world.h"
#include "support/problem.h"

enum { LAYERS = 4, BATCH = 8 };

static sluice_optimizer_ops mortal;
static bool dies;

static void apply(const sluice_optimizer_call *call)
{
    if (dies)
        raise(SIGKILL);
    sluice_sgd()->apply(call);
}

int main(void)
{
    sluice_world *world;
    sluice_pipeline *pipe;
    sluice_diag why;
    struct sl_test_problem problem = {0};
    signal(SIGTERM, SIG_IGN); /* of the launcher */
    demand(!sluice_world_create(NULL, NULL, &world, &why), "%s", why.text);
    demand(!sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL),
           "no memory");
    sluice_pipeline_config config = problem.config;
    mortal = *sluice_sgd();
    mortal.apply = apply;
    config.optimizer = &mortal;
    config.world = world;
    config.zero = 2;
    config.replicas = sluice_world_size(world);
    config.schedule.devices = 1;
    config.schedule.microbatches = 1;
    demand(!sluice_pipeline_create(&config, problem.model, &pipe, &why), "%s",
           why.text);
    dies = sluice_world_rank(world) == 1;
    sluice_status st =
        sluice_pipeline_step(pipe, sl_test_x(&problem, 0),
                             sl_test_targets(&problem, 0), BATCH, NULL, &why);
    printf("status %d: %s\n", st, why.text);
    fflush(stdout);
    _Exit(EXIT_SUCCESS);
}
