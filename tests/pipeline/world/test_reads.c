/*
 * What the processes of a pipeline read of the rows, and what they tell each
 * other about them: the numbers of terms before a job, and how a call ended.
 */
#include <sluice/loss.h>

#include <mpi.h>

#include "pipeline/world/world.h"
#include "support/judged_pair.h"

enum { LAYERS = 9, BATCH = 16, MICROBATCHES = 4, EVALUATED = 2 * BATCH + 3 };

/* The pipeline that this process cancels when it gives or takes a broadcast:
 * behind so many others. */
static sluice_pipeline *cancels;
static int others;

int __real_MPI_Ibcast(void *buffer, int n, MPI_Datatype type, int root,
                      MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Ibcast(void *buffer, int n, MPI_Datatype type, int root,
                      MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Ibcast(void *buffer, int n, MPI_Datatype type, int root,
                      MPI_Comm comm, MPI_Request *request)
{
    if (cancels && others-- == 0)
        sluice_pipeline_cancel(cancels);
    return __real_MPI_Ibcast(buffer, n, type, root, comm, request);
}

static sluice_pipeline_config start(struct sl_test_problem *problem,
                                    sluice_world *world)
{
    *problem = (struct sl_test_problem){0};
    demand(!sl_test_problem_init(problem, SL_TEST_RELU, LAYERS, BATCH, NULL),
           "no memory");
    sluice_pipeline_config config = problem->config;
    config.uneven = true;
    config.world = world;
    config.schedule.devices = sluice_world_size(world);
    config.schedule.microbatches = MICROBATCHES;
    config.loss = sluice_cross_entropy();
    config.loss_config = NULL;
    return config;
}

static void show_reads(sluice_world *world)
{
    int rank = sluice_world_rank(world), size = sluice_world_size(world);
    struct sl_test_problem problem;
    struct sl_test_pair pair;
    bool x, targets;
    sluice_pipeline_config config = start(&problem, world);
    demand(!sl_test_pair_init(&pair, &problem, &config), "%s", pair.why.text);
    sluice_pipeline_reads(pair.pipe, &x, &targets);
    demand(x == (rank == 0) && targets == (rank == size - 1), "%d %d", x,
           targets);
    demand(sluice_pipeline_step(pair.pipe, NULL, problem.targets, BATCH, NULL,
                                &pair.why) == SLUICE_INVALID &&
               strstr(pair.why.text, "`x` is NULL"),
           "%s", pair.why.text);
    demand(sluice_pipeline_evaluate(pair.pipe, problem.x, NULL, BATCH, NULL,
                                    &pair.why) == SLUICE_INVALID &&
               strstr(pair.why.text, "`targets` is NULL"),
           "%s", pair.why.text);
    sl_test_pair_fini(&pair);

    int processes[2 * 2] = {0, 1, size - 1, 0};
    config.schedule.devices = config.replicas = 2;
    config.processes = processes;
    config.n_processes = 4;
    if (size == 3)
        processes[3] = 1; /* 2 has the first stage of the second alone */
    demand(!sl_test_pair_init(&pair, &problem, &config), "%s", pair.why.text);
    sluice_pipeline_reads(pair.pipe, &x, &targets);
    demand(x == (rank != 1 || size == 2) && targets == (rank == 1 || size == 2),
           "replicas: %d %d", x, targets);
    demand(!sl_test_step(&pair, 0, BATCH) && !sl_test_step(&pair, 3, 7), "%s",
           pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}

/* Every other label, and all of one micro-batch: those who read no targets are
 * told what counts. */
static void show_terms(sluice_world *world)
{
    struct sl_test_problem problem;
    struct sl_test_pair pair;
    sluice_pipeline_config config = start(&problem, world);
    int32_t *labels = (int32_t *)(void *)problem.targets;
    for (int i = 0; i < BATCH; i++)
        if (i % 2 || i / MICROBATCHES == 1)
            labels[i] = -100;
    for (int replicas = 1; replicas <= 2; replicas++) {
        config.replicas = replicas;
        demand(!sl_test_pair_init(&pair, &problem, &config), "%s",
               pair.why.text);
        demand(!sl_test_step(&pair, 0, BATCH) && !sl_test_step(&pair, 0, 7) &&
                   !sl_test_evaluate(&pair, 0, BATCH) &&
                   !sl_test_evaluate(&pair, 0, EVALUATED),
               "%s", pair.text);
        sl_test_pair_fini(&pair);
    }
    sl_test_problem_fini(&problem);
}

static int64_t too_many(const sluice_loss_plan *plan, const void *targets,
                        int64_t rows)
{
    return targets ? rows * plan->row_terms + 1 : 0;
}

static void show_bad_terms(sluice_world *world)
{
    int last = sluice_world_size(world) - 1;
    struct sl_test_problem problem;
    struct sl_test_pair pair;
    sluice_pipeline_config config = start(&problem, world);
    sluice_loss_ops loss = *sluice_cross_entropy();
    loss.terms = too_many;
    config.loss = &loss;
    demand(!sl_test_pair_init(&pair, &problem, &config), "%s", pair.why.text);
    for (int i = 0; i < 2; i++) {
        sluice_status st =
            (i ? sluice_pipeline_evaluate : sluice_pipeline_step)(
                pair.pipe, problem.x, problem.targets, BATCH, NULL, &pair.why);
        demand(st == SLUICE_INVALID && pair.why.process == last &&
                   strstr(pair.why.text, "in 4 rows; it can be 0 to 4"),
               "%d, process %d: %s", st, pair.why.process, pair.why.text);
    }
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}

/* Terms of the parts of an evaluation, then what each has found. */
static void show_late_cancel(sluice_world *world)
{
    enum { PARTS = 3 };
    struct sl_test_problem problem;
    struct sl_test_pair pair;
    sluice_result result;
    sluice_pipeline_config config = start(&problem, world);
    demand(!sl_test_pair_init(&pair, &problem, &config), "%s", pair.why.text);
    for (int at = PARTS; at < 2 * PARTS; at++)
        for (int rank = 0; rank < sluice_world_size(world); rank++) {
            others = at;
            cancels = rank == sluice_world_rank(world) ? pair.pipe : NULL;
            sluice_status st =
                sluice_pipeline_evaluate(pair.pipe, problem.x, problem.targets,
                                         EVALUATED, &result, &pair.why);
            demand(!cancels || others < 0, "nothing was cancelled");
            cancels = NULL;
            demand(st == (at < 2 * PARTS - 1 ? SLUICE_CANCELLED : SLUICE_OK),
                   "broadcast %d of process %d: %d", at, rank, st);
            demand(st || result.rows == EVALUATED, "no result");
            demand(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
        }
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"a_process_reads_what_its_stages_take", show_reads},
        {"terms_that_count_are_told_to_all", show_terms},
        {"a_loss_that_counts_too_many_is_told_by_all", show_bad_terms},
        {"a_cancellation_behind_the_last_job_is_told_by_none",
         show_late_cancel},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
