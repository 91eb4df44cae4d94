/*
 * What is left in MPI: no request when a world has ended, no tag that a failed
 * creation has taken, no message that nobody has received; and no call of MPI
 * by a child of fork().  Two processes.
 */
#include <sys/wait.h>
#include <unistd.h>

#include <mpi.h>

#include <sluice/checkpoint.h>
#include <sluice/decode.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>

#include "chan/mpi/mpi_collective.h"
#include "chan/mpi/world.h"
#include "pipeline/world/world.h"
#include "support/allocator.h"

enum { TOKEN = 7, N_TAGS = 400, SHORT = 64, LONG = 1 << 16, ROWS = 4 };

static int n_requests; /* that MPI has and has not ended */
static int rank;
static struct sl_collective *cut_off; /* by process 1, in its second meeting */
static int n_words;
static bool armed;

int __real_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __real_MPI_Irecv(void *buffer, int n, MPI_Datatype type, int from, int tag,
                     MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Irecv(void *buffer, int n, MPI_Datatype type, int from, int tag,
                     MPI_Comm comm, MPI_Request *request);
int __real_MPI_Ibcast(void *buffer, int n, MPI_Datatype type, int root,
                      MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Ibcast(void *buffer, int n, MPI_Datatype type, int root,
                      MPI_Comm comm, MPI_Request *request);
int __real_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __real_MPI_Comm_get_attr(MPI_Comm comm, int key, void *value, int *found);
int __wrap_MPI_Comm_get_attr(MPI_Comm comm, int key, void *value, int *found);

static void count(int n)
{
    __atomic_add_fetch(&n_requests, n, __ATOMIC_RELAXED);
}

/* Process 0 has sent its chunk; process 1 has said its word, and nothing since.
 */
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request)
{
    int failed = __real_MPI_Isend(buffer, n, type, to, tag, comm, request);
    count(1);
    if (cut_off && rank == 0 && n == LONG / 2 * (int)sizeof(float))
        MPI_Send(NULL, 0, MPI_BYTE, 1, TOKEN, MPI_COMM_WORLD);
    if (cut_off && rank == 1 && n == sizeof(double) && ++n_words == 2)
        armed = true;
    return failed;
}

int __wrap_MPI_Irecv(void *buffer, int n, MPI_Datatype type, int from, int tag,
                     MPI_Comm comm, MPI_Request *request)
{
    count(1);
    return __real_MPI_Irecv(buffer, n, type, from, tag, comm, request);
}

int __wrap_MPI_Ibcast(void *buffer, int n, MPI_Datatype type, int root,
                      MPI_Comm comm, MPI_Request *request)
{
    count(1);
    return __real_MPI_Ibcast(buffer, n, type, root, comm, request);
}

int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status)
{
    if (armed) {
        sluice_diag why;
        armed = false;
        MPI_Recv(NULL, 0, MPI_BYTE, 0, TOKEN, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
        sluice_diag_set(&why, SLUICE_IO, "it broke");
        sl_collective_fail(cut_off, &why);
    }
    int failed = __real_MPI_Test(request, done, status);
    count(*done ? -1 : 0);
    return failed;
}

int __wrap_MPI_Comm_get_attr(MPI_Comm comm, int key, void *value, int *found)
{
    static int most = N_TAGS - 1;
    if (key != MPI_TAG_UB)
        return __real_MPI_Comm_get_attr(comm, key, value, found);
    *(int **)value = &most;
    *found = 1;
    return MPI_SUCCESS;
}

/* x[n], of which each process has its chunk, a half. */
static sluice_status gather(struct sl_collective *collective, float *x, int n)
{
    int64_t now = 0;
    const struct sl_share share = {.x = x, .n = n, .virtual_ns = &now};
    memset(x, 0, (size_t)n * sizeof *x);
    const struct sl_chunk own = sl_chunk_of(n, 2, rank);
    for (int64_t i = 0; i < own.n; i++)
        x[own.first + i] = (float)(1 + rank);
    return sl_collective_all_gather(collective, rank, &share);
}

static void check_gathered(const float *x, int n)
{
    for (int i = 0; i < n; i++)
        demand(x[i] == (i < n / 2 ? 1 : 2), "element %d is %g", i,
               (double)x[i]);
}

/* A meeting of few elements, and one of many, from which process 1 goes. */
static void show_chunks(sluice_world *world)
{
    static float x[LONG];
    static const int processes[] = {0, 1};
    struct sl_mpi_collective_config config = {
        .collective = {.n_members = 2, .patience = {.spin_ns = 50 * 1000}},
        .processes = processes,
        .adds_arrays = true,
        .wire = sl_world_wire(world),
        .control = sl_world_control(world),
    };
    struct sl_collective *collective;
    sluice_diag why;
    rank = sluice_world_rank(world);
    demand(!sl_world_take_tags(world, sl_crossing_n_tags(2, 0),
                               &config.first_tag, &why) &&
               !sl_mpi_collective_create(&config, &collective),
           "no collective");
    for (int round = 0; round < 2; round++) {
        bool breaks = round == 0;
        cut_off = breaks ? collective : NULL;
        sl_collective_open(collective);
        sl_world_begin(world, collective);
        demand(!gather(collective, x, SHORT), "round %d", round);
        check_gathered(x, SHORT);
        sluice_status st = gather(collective, x, LONG);
        demand(st == (breaks ? SLUICE_CLOSED : SLUICE_OK), "round %d", round);
        st = sl_world_finish(world, &why);
        demand(st == (breaks ? SLUICE_IO : SLUICE_OK), "round %d", round);
        if (breaks)
            sl_collective_settle(collective);
        else
            check_gathered(x, LONG);
        demand(!sluice_world_agree(world, SLUICE_OK, &why), "%s", why.text);
    }
    sl_collective_destroy(collective);
}

/* MPI would break over them. */
static void show_sharing(sluice_world *world)
{
    int word = 0;
    sluice_diag why;
    for (int who = 0; who < 2; who++) {
        bool wrong = sluice_world_rank(world) == who;
        sluice_status st =
            sluice_world_share(world, wrong ? 2 : 0, &word, sizeof word, &why);
        demand(st == SLUICE_INVALID && why.process == who &&
                   strstr(why.text, "the world has processes 0 to 1"),
               "%s", why.text);
        st = sluice_world_share(world, 0, wrong ? NULL : &word, sizeof word,
                                &why);
        demand(st == SLUICE_INVALID && why.process == who &&
                   strstr(why.text, "`buffer` is NULL"),
               "%s", why.text);
    }
    demand(!sluice_world_share(world, 0, &word, sizeof word, &why), "%s",
           why.text);
}

static void show_failure(sluice_world *world)
{
    sluice_diag why = {.status = SLUICE_OK};
    sluice_status st = sluice_world_rank(world) ? SLUICE_IO : SLUICE_OK;
    demand(sluice_world_agree(world, st, &why) == SLUICE_IO && why.process == 1,
           "process %d: %s", why.process, why.text);
}

static sluice_pipeline_config config_of(sluice_world *world)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    rank = sluice_world_rank(world);
    return (sluice_pipeline_config){
        .schedule = {.devices = 2, .microbatches = 2},
        .batch = ROWS,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .world = world,
    };
}

/* Items that cross are longer than what is packed. */
static sluice_pipeline *create(const sluice_pipeline_config *config,
                               sluice_model **model)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    demand(!sluice_model_parse("8-2048-8", NULL, model, &why) &&
               !sluice_pipeline_create(config, *model, &pipe, &why),
           "%s", why.text);
    return pipe;
}

static void step(sluice_pipeline *pipe)
{
    static float x[ROWS * 8], y[ROWS * 8];
    sluice_diag why;
    demand(!sluice_pipeline_step(pipe, x, y, ROWS, NULL, &why), "%s", why.text);
}

static void refuse_child(sluice_status st, const sluice_diag *why)
{
    demand(st == SLUICE_INVALID && strstr(why->text, "is a child of fork()"),
           "status %d: %s", st, why->text);
}

/* It has a copy of the pipeline, and ends that. */
static void try_in_child(sluice_world *world, sluice_pipeline *pipe)
{
    static float values[8 * 2048];
    sluice_diag why;
    sluice_decoder *decoder;
    refuse_child(sluice_world_agree(world, SLUICE_OK, &why), &why);
    refuse_child(sluice_world_share(world, 0, values, sizeof values, &why),
                 &why);
    refuse_child(
        sluice_pipeline_get_parameter(pipe, "0.weight", values, 8 * 2048, &why),
        &why);
    refuse_child(sluice_pipeline_save_weights(pipe, "kept_never", &why), &why);
    refuse_child(sluice_decoder_create(pipe, &decoder, &why), &why);
    sluice_pipeline_destroy(pipe);
    sluice_world_destroy(world);
    _Exit(EXIT_SUCCESS);
}

static void show_fork(sluice_world *world)
{
    const sluice_pipeline_config config = config_of(world);
    sluice_model *model;
    sluice_pipeline *pipe = create(&config, &model);
    int status = 1;
    pid_t child = fork();
    if (child == 0)
        try_in_child(world, pipe);
    demand(child > 0 && waitpid(child, &status, 0) == child && !status,
           "the child's status is %d", status);
    step(pipe);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/* As many creations fail as there are tags; then others take all of them. */
static void show_tags(sluice_world *world)
{
    struct sl_test_allocator allocator;
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_diag why;
    sluice_status st;
    sluice_pipeline_config config = config_of(world);
    sl_test_allocator_init(&allocator);
    config.allocator = &allocator.hooks;
    pipe = create(&config, &model);
    step(pipe);
    sluice_pipeline_destroy(pipe);
    for (int i = 0; i < N_TAGS; i++) {
        sl_test_allocator_arm(&allocator, rank == 1 ? 1 + i % 40 : 0, false);
        st = sluice_pipeline_create(&config, model, &pipe, &why);
        demand(st == SLUICE_NO_MEMORY, "creation %d: status %d", i, st);
    }
    sl_test_allocator_arm(&allocator, 0, false);
    st = SLUICE_OK;
    for (int i = 0; i < N_TAGS && !st; i++) {
        st = sluice_pipeline_create(&config, model, &pipe, &why);
        demand(i > 1 || !st, "%s", why.text);
        if (st)
            continue;
        step(pipe);
        sluice_pipeline_destroy(pipe);
    }
    demand(st == SLUICE_INVALID &&
               strstr(why.text, "of 400 tags of messages are taken"),
           "status %d: %s", st, why.text);
    sluice_model_destroy(model);
    demand(!allocator.n_live, "%ld blocks are left", (long)allocator.n_live);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"longer_chunks_on_their_way_are_dropped", show_chunks},
        {"what_cannot_be_shared_is_refused", show_sharing},
        {"a_failure_counts_without_a_sentence", show_failure},
        {"a_child_of_fork_is_refused", show_fork},
        {"a_failed_creation_takes_no_tags", show_tags},
    };
    (void)argc;
    int status =
        sl_test_claims(claims, (int)(sizeof claims / sizeof *claims), argv + 1);
    demand(n_requests == 0, "MPI has %d requests that have not ended",
           n_requests);
    return status;
}
