/*
 * Pipelines that end: one behind the other, where a process may have ended the
 * second before another has seen that it has ended the first; and while another
 * process wants something of it.  And calls that one process alone refuses.
 */
#include <sluice/checkpoint.h>
#include <sluice/pipeline_state.h>

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

/* What the call is of which process `rank` alone gives what cannot be. */
enum call {
    STEP_X,
    STEP_TARGETS,
    STEP_ROWS,
    EVALUATE_TARGETS,
    EVALUATE_ROWS,
    INFER_X,
    INFER_Y,
    INFER_ROWS,
    PARAMETER_NAME,
    PARAMETER_SIZE,
    GRADIENT_NAME,
    TENSOR_NAME,
    SAVE_PATH,
    SAVE_LAYOUT,
    LOAD_PATH, /* the layout that was saved last */
    LOAD_MODEL,
    LOAD_LAYOUT,
    N_CALLS
};

enum { BATCHES = 3, ALL = BATCHES * ROWS, N = 8 * 8 };

static char file[40]; /* other worlds have others */
static float in[ALL * 8], out[ALL * 8];

/* Steps, evaluations and inferences. */
static sluice_status run(enum call call, sluice_pipeline *pipe, bool wrong,
                         sluice_diag *why)
{
    const float *x = wrong && (call == STEP_X || call == INFER_X) ? NULL : in;
    const float *no_targets = wrong ? NULL : in;
    float *y = wrong && call == INFER_Y ? NULL : out;
    int64_t rows = wrong && call == INFER_ROWS ? 0 : ALL;
    switch (call) {
    case STEP_X:
        return sluice_pipeline_step(pipe, x, in, ROWS, NULL, why);
    case STEP_TARGETS:
        return sluice_pipeline_step(pipe, in, no_targets, ROWS, NULL, why);
    case STEP_ROWS:
        return sluice_pipeline_step(pipe, in, in, ROWS + wrong, NULL, why);
    case EVALUATE_TARGETS:
        return sluice_pipeline_evaluate(pipe, in, no_targets, ALL, NULL, why);
    case EVALUATE_ROWS:
        return sluice_pipeline_evaluate(pipe, in, in, wrong ? -1 : ALL, NULL,
                                        why);
    default:
        return sluice_pipeline_infer(pipe, x, rows, y, why);
    }
}

static sluice_status make(enum call call, sluice_pipeline *pipe,
                          const sluice_model *model, bool wrong,
                          sluice_diag *why)
{
    const char *name = wrong ? "x" : "0.weight";
    const char *path = wrong ? "nowhere/x" : file;
    switch (call) {
    case PARAMETER_NAME:
        return sluice_pipeline_get_parameter(pipe, name, out, N, why);
    case PARAMETER_SIZE:
        return sluice_pipeline_get_parameter(pipe, "0.weight", out, N + wrong,
                                             why);
    case GRADIENT_NAME:
        return sluice_pipeline_get_gradient(pipe, name, out, N, why);
    case TENSOR_NAME:
        return sluice_pipeline_get_tensor(pipe, name, out, N, why);
    case SAVE_PATH: /* process 0 writes */
        return sluice_pipeline_save_weights(pipe, path, why);
    case SAVE_LAYOUT:
        return sluice_pipeline_save_model_as(pipe, NULL, SLUICE_LAYOUT_PYTORCH,
                                             path, why);
    case LOAD_PATH:
        return sluice_pipeline_load_weights(pipe, model, path, NULL, why);
    case LOAD_LAYOUT:
        return sluice_pipeline_load_weights_as(
            pipe, model, wrong ? SLUICE_LAYOUT_SLUICE : SLUICE_LAYOUT_PYTORCH,
            file, NULL, why);
    case LOAD_MODEL:
        return sluice_pipeline_load_weights(pipe, wrong ? NULL : model, file,
                                            NULL, why);
    default:
        return run(call, pipe, wrong, why);
    }
}

/* Who reads x, or targets, refuses that it has none. */
static int who_refuses(enum call call, int n)
{
    bool first = call == STEP_X || call == INFER_X || call == SAVE_PATH ||
                 call == SAVE_LAYOUT;
    bool second = call == STEP_TARGETS || call == EVALUATE_TARGETS;
    return first ? 0 : second ? last : n % (last + 1);
}

/* The last process has ended its pipeline; the next one is as if nothing had
 * been, though the others have tried each call. */
static void try_all_left(sluice_world *world, sluice_pipeline *pipe,
                         const sluice_model *model)
{
    sluice_diag why;
    if (rank != last) {
        int word = 0;
        sluice_trace trace;
        demand(
            sluice_world_share(world, last, &word, sizeof word, &why) ==
                    SLUICE_CLOSED &&
                sluice_world_agree(world, SLUICE_OK, &why) == SLUICE_CLOSED &&
                sluice_pipeline_trace_all(pipe, &trace, &why) == SLUICE_CLOSED,
            "%s", why.text);
    }
    for (int i = 0; i < N_CALLS && rank != last; i++) {
        sluice_status st = make((enum call)i, pipe, model, false, &why);
        demand(st == SLUICE_CLOSED && why.process == last, "call %d: %s", i,
               why.text);
    }
    sluice_pipeline_destroy(pipe);
}

static void show_calls(sluice_world *world)
{
    sluice_model *model;
    sluice_diag why;
    sluice_pipeline_config config =
        start(world, sluice_mean_squared_error(), &model);
    config.trace = true;
    snprintf(file, sizeof file, "world_leaving%d.safetensors", last);
    for (int round = 0; round < 2; round++) {
        sluice_pipeline *pipe;
        demand(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
               why.text);
        demand(!sluice_pipeline_save_weights(pipe, file, &why), "%s", why.text);
        for (int i = 0; i < 2 * N_CALLS; i++) {
            enum call call = (enum call)(i / 2);
            int who = who_refuses(call, i + round);
            sluice_status st = make(call, pipe, model, rank == who,
                                    i % 2 || rank != who ? &why : NULL);
            demand(st && st != SLUICE_CLOSED &&
                       (rank == who || why.process == who),
                   "call %d, of process %d: %d, %s", i / 2, who, st, why.text);
            st = make(call, pipe, model, false, &why);
            demand(!st, "call %d: %s", i / 2, why.text);
        }
        try_all_left(world, pipe, model);
        demand(!sluice_world_agree(world, SLUICE_OK, &why), "%s", why.text);
    }
    if (rank == 0)
        remove(file);
    sluice_model_destroy(model);
}

/* A pipeline that the last process does not create, for it ends another one. */
static void show_creation(sluice_world *world)
{
    sluice_model *model;
    sluice_pipeline *pipes[2];
    sluice_diag why;
    const sluice_pipeline_config config =
        start(world, sluice_mean_squared_error(), &model);
    for (int round = 0; round < 2; round++) {
        demand(!sluice_pipeline_create(&config, model, &pipes[0], &why), "%s",
               why.text);
        demand(rank == last || sluice_pipeline_create(&config, model, &pipes[1],
                                                      &why) == SLUICE_CLOSED,
               "it was created");
        sluice_pipeline_destroy(pipes[0]);
    }
    demand(!sluice_pipeline_create(&config, model, &pipes[0], &why), "%s",
           why.text);
    demand(!sluice_pipeline_step(pipes[0], in, in, ROWS, NULL, &why), "%s",
           why.text);
    sluice_pipeline_destroy(pipes[0]);
    sluice_model_destroy(model);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"two_pipelines_end_one_behind_the_other", show_two},
        {"what_one_process_refuses_before_a_step_is_told_to_all",
         show_counting},
        {"what_one_process_refuses_all_return", show_calls},
        {"a_pipeline_that_one_process_does_not_create_is_in_none",
         show_creation},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
