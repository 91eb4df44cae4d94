/*
 * Pipelines that end: one behind the other, where a process may have ended the
 * second before another has seen that it has ended the first; and while another
 * process wants a step.
 */
#include <sluice/pipeline.h>

#include <mpi.h>

#include "pipeline/world/world.h"

enum { TOKEN = 7, ROWS = 4 };

static int rank, last;
static bool armed;  /* this process ends pipelines */
static bool left;   /* the last one has told process 0 so */
static int letters; /* of process 0, to the last one, since then */

int __real_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request)
{
    int failed = __real_MPI_Isend(buffer, n, type, to, tag, comm, request);
    if (armed && rank == 0 && to == last && ++letters == 2)
        MPI_Send(NULL, 0, MPI_BYTE, last, TOKEN, MPI_COMM_WORLD);
    left = left || (armed && rank == last && to == 0);
    return failed;
}

/* Once it has left, the last process looks at no message until process 0 has
 * left twice. */
int __real_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status)
{
    if (left) {
        armed = left = false;
        MPI_Recv(NULL, 0, MPI_BYTE, 0, TOKEN, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    }
    return __real_MPI_Test(request, done, status);
}

/* A device in each process. */
static sluice_pipeline_config
start(sluice_world *world, const sluice_loss_ops *loss, sluice_model **model)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_diag why;
    rank = sluice_world_rank(world);
    last = sluice_world_size(world) - 1;
    demand(!sluice_model_parse("8-8x4", NULL, model, &why), "%s", why.text);
    return (sluice_pipeline_config){
        .schedule = {.devices = last + 1, .microbatches = 2},
        .batch = ROWS,
        .loss = loss,
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .world = world,
    };
}

static void show_two(sluice_world *world)
{
    static float x[ROWS * 8], y[ROWS * 8];
    sluice_model *model;
    sluice_pipeline *pipes[2];
    sluice_diag why;
    const sluice_pipeline_config config =
        start(world, sluice_mean_squared_error(), &model);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2; i++)
            demand(!sluice_pipeline_create(&config, model, &pipes[i], &why),
                   "%s", why.text);
        for (int i = 0; i < 4; i++)
            demand(!sluice_pipeline_step(pipes[i % 2], x, y, ROWS, NULL, &why),
                   "%s", why.text);
        letters = 0;
        armed = true;
        for (int i = 0; i < 2; i++)
            sluice_pipeline_destroy(pipes[i]);
        armed = false;
        demand(!sluice_world_agree(world, SLUICE_OK, &why), "%s", why.text);
    }
    sluice_model_destroy(model);
}

/* The terms of this loss are counted by the last process and told to the others
 * before a step: what that process refuses, or that it has left, too. */
static void show_counting(sluice_world *world)
{
    static float x[ROWS * 8];
    static int32_t classes[ROWS];
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_diag why;
    const sluice_pipeline_config config =
        start(world, sluice_cross_entropy(), &model);
    demand(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
           why.text);
    const int32_t *none = rank == last ? NULL : classes;
    sluice_status st = sluice_pipeline_step(pipe, x, none, ROWS, NULL, &why);
    demand(st == SLUICE_INVALID && strstr(why.text, "`targets` is NULL"), "%s",
           why.text);
    st = sluice_pipeline_step(pipe, x, classes, rank ? ROWS : 0, NULL, &why);
    demand(st == SLUICE_INVALID && strstr(why.text, "a step of 0 rows"), "%s",
           why.text);
    st = sluice_pipeline_evaluate(pipe, x, none, 3 * ROWS, NULL, &why);
    demand(st == SLUICE_INVALID && strstr(why.text, "`targets` is NULL"), "%s",
           why.text);
    demand(!sluice_pipeline_step(pipe, x, classes, ROWS, NULL, &why), "%s",
           why.text);
    for (int i = 0; i < 2 && rank != last; i++) {
        st = i ? sluice_pipeline_evaluate(pipe, x, classes, ROWS, NULL, &why)
               : sluice_pipeline_step(pipe, x, classes, ROWS, NULL, &why);
        demand(st == SLUICE_CLOSED && why.process == last, "%s", why.text);
    }
    sluice_pipeline_destroy(pipe);
    demand(!sluice_world_agree(world, SLUICE_OK, &why), "%s", why.text);
    sluice_model_destroy(model);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"two_pipelines_end_one_behind_the_other", show_two},
        {"what_one_process_refuses_before_a_step_is_told_to_all",
         show_counting},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
