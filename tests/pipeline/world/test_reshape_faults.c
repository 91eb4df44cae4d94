/*
 * Reshapes that fail in one process fail in all, with one status and sentence,
 * and the pipeline is as it was; what goes on beside a reshape is not met by
 * it.
 */
#include <sluice/checkpoint.h>
#include <sluice/reshape.h>
#include <sluice/saver.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <mpi.h>

#include "pipeline/world/world.h"
#include "support/allocator.h"
#include "support/judged_pair.h"

enum { LAYERS = 10, BATCH = 8, MOST = 8 };

static int n_lives; /* biases that are sent, the last of which ends the
                       process; 0: it does not end */

int __real_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request)
{
    bool is_bias = n > 8 && n < 60; /* nothing else is as short */
    if (is_bias && n_lives > 0 && --n_lives == 0)
        raise(SIGKILL);
    return __real_MPI_Isend(buffer, n, type, to, tag, comm, request);
}

struct scene {
    sluice_world *world;
    int rank, size;
    struct sl_test_problem problem;
    sluice_pipeline_config config;
    struct sl_test_allocator allocator;
    struct sl_test_pair pair;
    int processes[MOST];
    sluice_diag why;
};

/* A device in each process. */
static void begin(struct scene *is, sluice_world *world)
{
    *is = (struct scene){.world = world};
    is->rank = sluice_world_rank(world);
    is->size = sluice_world_size(world);
    demand(
        !sl_test_problem_init(&is->problem, SL_TEST_RELU, LAYERS, BATCH, NULL),
        "no memory");
    sl_test_allocator_init(&is->allocator);
    is->config = is->problem.config;
    is->config.world = world;
    is->config.allocator = &is->allocator.hooks;
    is->config.schedule.devices = is->size;
    is->config.schedule.microbatches = 2;
    demand(!sl_test_pair_init(&is->pair, &is->problem, &is->config), "%s",
           is->pair.why.text);
}

static void end(struct scene *is)
{
    sl_test_pair_fini(&is->pair);
    sl_test_problem_fini(&is->problem);
    demand(!is->allocator.n_live && !is->allocator.n_wrong,
           "%ld blocks are left", (long)is->allocator.n_live);
}

/* Two devices in each process, the layers of each in another process than
 * before. */
static sluice_pipeline_config moved(struct scene *is)
{
    sluice_pipeline_config config = is->config;
    config.schedule.devices = 2 * is->size;
    for (int i = 0; i < 2 * is->size; i++)
        is->processes[i] = (i + 1) % is->size;
    config.processes = is->processes;
    config.n_processes = 2 * is->size;
    return config;
}

static void go_on(struct scene *is)
{
    long wrong = sl_test_parameters(&is->pair);
    wrong += sl_test_step(&is->pair, 1, BATCH);
    demand(!wrong, "%ld values differ; %s", wrong, is->pair.text);
}

/* All processes have that status and sentence. */
static void check_same(struct scene *is, sluice_status st, const char *text)
{
    struct {
        sluice_status st;
        char text[SLUICE_DIAG_TEXT];
    } first = {.st = st};
    strcpy(first.text, is->why.text);
    demand(!sluice_world_share(is->world, 0, &first, sizeof first, NULL),
           "a process is gone");
    demand(st == first.st && !strcmp(first.text, is->why.text),
           "process %d: %d, %s; process 0: %d, %s", is->rank, st, is->why.text,
           first.st, first.text);
    demand(strstr(is->why.text, text), "%s instead of %s", is->why.text, text);
}

/* What process `who` alone gives; the others want what can be had. */
enum wrong {
    WORLD,
    ALLOCATOR,
    CAP,
    PLACES,
    SEED,
    K,
    SCHEDULE,
    PARTITION,
    CUSTOM,
    N_WRONG
};

static const char *const sentences[N_WRONG] = {
    [WORLD] = "`world` is not the one",
    [ALLOCATOR] = "`allocator` is not the one",
    [CAP] = "but its cap is 1",
    [PLACES] = "all processes give the same",
    [SEED] = "`seed` is",
    [K] = "`schedule.devices` is",
    [SCHEDULE] = "`schedule.name` of process",
    [PARTITION] = "`partition` of process",
    [CUSTOM] = "`custom` of process",
};

static sluice_schedule *generate(struct scene *is)
{
    sluice_schedule *schedule;
    const sluice_schedule_config config = {
        .devices = 2 * is->size, .microbatches = 2, .name = "1f1b"};
    demand(!sluice_schedule_generate(&config, &schedule, &is->why), "%s",
           is->why.text);
    return schedule;
}

static void refuse(struct scene *is, enum wrong wrong, int who)
{
    const int fits[2 * 4] = {
        [0] = LAYERS - 2 * is->size + 1, 1, 1, 1, 1, 1, 1, 1};
    const int other[2 * 4] = {1, LAYERS - 2 * is->size + 1, 1, 1, 1, 1, 1, 1};
    sluice_pipeline_config config = moved(is);
    sluice_schedule *schedule = generate(is);
    bool is_who = is->rank == who;
    int n_devices = config.schedule.devices;
    if (wrong == WORLD && is_who)
        config.world = NULL;
    if (wrong == ALLOCATOR && is_who)
        config.allocator = NULL;
    if (wrong == CAP && is_who)
        config.device_cap_bytes = 1;
    if (wrong == PLACES && is_who)
        is->processes[0] = (is->processes[0] + 1) % is->size;
    if (wrong == SEED && is_who)
        config.seed++;
    if (wrong == K && is_who) {
        config.schedule.devices--;
        config.n_processes = n_devices - 1;
    }
    if (wrong == SCHEDULE && is_who)
        config.schedule.name = "1f1b";
    if (wrong == PARTITION) {
        config.cut = SLUICE_CUT_LIST;
        config.partition = is_who ? fits : other;
    }
    if (wrong == CUSTOM && is_who)
        config.custom = schedule;
    sluice_status st =
        sluice_pipeline_reshape(is->pair.pipe, &config, &is->why);
    demand(st == (wrong == CAP ? SLUICE_OVER_CAP : SLUICE_INVALID),
           "%d, of process %d: %d, %s", wrong, who, st, is->why.text);
    check_same(is, st, sentences[wrong]);
    sluice_schedule_destroy(schedule);
}

/* Process 0 is the measure: where configs differ, another one says so. */
static void show_refusals(sluice_world *world)
{
    struct scene is;
    begin(&is, world);
    for (int i = 0; i < N_WRONG; i++)
        for (int who = i >= PLACES; who < is.size; who++)
            refuse(&is, (enum wrong)i, who);
    go_on(&is);
    demand(sluice_pipeline_n_reshapes(is.pair.pipe) == 0, "it was reshaped");
    const sluice_pipeline_config config = moved(&is);
    demand(!sluice_pipeline_reshape(is.pair.pipe, &config, &is.why), "%s",
           is.why.text);
    go_on(&is);
    end(&is);
}

/* Some allocation of one process fails, of all that there are. */
static void show_memory(sluice_world *world)
{
    enum { STRIDE = 11 };
    struct scene is;
    sluice_status st = SLUICE_NO_MEMORY;
    long at = 1;
    begin(&is, world);
    const sluice_pipeline_config config = moved(&is);
    for (; st; at += STRIDE) {
        int who = (int)(at % is.size);
        long before = is.allocator.n_live;
        sl_test_allocator_arm(&is.allocator, is.rank == who ? at : 0, at % 2);
        st = sluice_pipeline_reshape(is.pair.pipe, &config, &is.why);
        demand(!st || st == SLUICE_NO_MEMORY, "allocation %ld: %s", at,
               is.why.text);
        demand(is.rank != who ||
                   !st == !sl_test_allocator_failed(&is.allocator),
               "allocation %ld: status %d", at, st);
        sl_test_allocator_arm(&is.allocator, 0, false);
        demand(!st || is.allocator.n_live == before,
               "allocation %ld: %ld blocks, and %ld before", at,
               (long)is.allocator.n_live, before);
        if (at % 5 == 1)
            go_on(&is);
    }
    demand(at > 10 * STRIDE, "%ld allocations", at);
    go_on(&is);
    end(&is);
}

/* One process ends its pipeline instead. */
static void show_leaving(sluice_world *world)
{
    for (int round = 0; round < 4; round++) {
        struct scene is;
        begin(&is, world);
        const sluice_pipeline_config config = moved(&is);
        int who = round % is.size;
        if (is.rank != who) {
            sluice_status st =
                sluice_pipeline_reshape(is.pair.pipe, &config, &is.why);
            demand(st == SLUICE_CLOSED && is.why.process == who, "%s",
                   is.why.text);
        }
        end(&is);
        demand(!sluice_world_agree(world, SLUICE_OK, NULL), "round %d", round);
    }
}

static atomic_bool ends;

static void *cancel_all_the_time(void *pipe)
{
    while (!atomic_load(&ends))
        sluice_pipeline_cancel(pipe);
    return NULL;
}

/* A cancellation ends no reshape, and no step that comes behind it. */
static void show_cancelling(sluice_world *world)
{
    struct scene is;
    pthread_t other;
    begin(&is, world);
    for (int i = 0; i < 6; i++) {
        const sluice_pipeline_config config = i % 2 ? is.config : moved(&is);
        atomic_store(&ends, is.rank == i % is.size ? false : true);
        demand(!pthread_create(&other, NULL, cancel_all_the_time, is.pair.pipe),
               "no thread");
        demand(!sluice_pipeline_reshape(is.pair.pipe, &config, &is.why), "%s",
               is.why.text);
        atomic_store(&ends, true);
        pthread_join(other, NULL);
        go_on(&is);
    }
    end(&is);
}

/* A saver writes what was when it was started, and what is in a new shape. */
static void show_saving(sluice_world *world)
{
    struct scene is;
    sluice_saver *saver;
    char paths[2][60];
    begin(&is, world);
    for (int i = 0; i < 2; i++)
        snprintf(paths[i], sizeof paths[i], "world_reshape%d_%d.safetensors",
                 is.size, i);
    demand(!sluice_saver_create(is.pair.pipe, NULL, &saver, &is.why), "%s",
           is.why.text);
    for (int i = 0; i < 4; i++) {
        const sluice_pipeline_config config = i % 2 ? is.config : moved(&is);
        const char *path = paths[0];
        go_on(&is);
        demand(!sluice_checkpoint_save(is.pair.pipe, NULL, paths[1], &is.why) &&
                   !sluice_saver_start(saver, NULL, &path, 1, &is.why) &&
                   !sluice_pipeline_reshape(is.pair.pipe, &config, &is.why) &&
                   !sluice_saver_join(saver, NULL, &is.why),
               "%s", is.why.text);
        if (is.rank == 0)
            sl_test_same_files(paths[0], paths[1]);
    }
    sluice_saver_destroy(saver);
    go_on(&is);
    end(&is);
}

/* Whether a process reads x and targets changes with the shape. */
static void show_reads(sluice_world *world)
{
    struct scene is;
    bool x, targets;
    begin(&is, world);
    const sluice_pipeline_config config = moved(&is);
    demand(!sluice_pipeline_reshape(is.pair.pipe, &config, &is.why), "%s",
           is.why.text);
    sluice_pipeline_reads(is.pair.pipe, &x, &targets);
    demand(x == (is.rank == 1) && targets == (is.rank == 0),
           "process %d reads %d, %d", is.rank, x, targets);
    sluice_status st = sluice_pipeline_step(
        is.pair.pipe, is.rank == 0 ? sl_test_x(&is.problem, 0) : NULL,
        sl_test_targets(&is.problem, 0), BATCH, NULL, &is.why);
    demand(st == SLUICE_INVALID && is.why.process == 1, "%d", st);
    check_same(&is, st, "`x` is NULL");
    go_on(&is);
    end(&is);
}

/* Process 1 dies with the second bias that it sends; dying.sh judges what is
 * said. */
static int die(void)
{
    sluice_world *world;
    struct scene is;
    signal(SIGTERM, SIG_IGN); /* of the launcher */
    demand(!sluice_world_create(NULL, NULL, &world, NULL), "no world");
    begin(&is, world);
    const sluice_pipeline_config config = moved(&is);
    n_lives = is.rank == 1 ? 2 : 0;
    sluice_status st = sluice_pipeline_reshape(is.pair.pipe, &config, &is.why);
    demand(is.rank != 1, "it lives");
    demand(sluice_pipeline_n_reshapes(is.pair.pipe) == 0, "it was reshaped");
    printf("status %d: %s\n", st, is.why.text);
    fflush(stdout);
    end(&is);
    sluice_world_destroy(world);
    _Exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"what_one_process_refuses_changes_the_shape_in_none", show_refusals},
        {"a_process_without_memory_leaves_all_as_they_were", show_memory},
        {"a_process_that_has_left_is_named", show_leaving},
        {"a_cancellation_ends_no_reshape", show_cancelling},
        {"savers_go_on", show_saving},
        {"another_process_reads_the_rows", show_reads},
    };
    if (argc == 3 && !strcmp(argv[1], "dies"))
        return die();
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
