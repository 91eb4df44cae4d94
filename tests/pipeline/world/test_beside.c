/*
 * Saving beside training in several processes: what is written is what all of
 * them had when the save was started; it is written by all or by none; and a
 * process that dies meanwhile leaves the old file.  The fsync() of process 0
 * waits for the test, which so knows that steps are made meanwhile.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <mpi.h>

#include <sluice/saver.h>

#include "pipeline/world/world.h"
#include "support/problem.h"
#include "support/same_bytes.h"

enum {
    LAYERS = 6,
    BATCH = 12,
    MICROBATCHES = 2,
    STEPS = 3,
    MOST_DEVICES = 16,
};

static sem_t may_sync;         /* posted for each fsync() that waits */
static atomic_bool sync_waits; /* [atomic] by the test */
static atomic_int sync_fails;  /* [atomic] by the test: an errno */
static pthread_t caller;
static char dir[40];       /* the same in all processes */
static atomic_int n_lives; /* [atomic] messages of the writer, of which the last
                              one ends the process; 0: it does not end */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);

int __wrap_fsync(int fd)
{
    int error = atomic_load(&sync_fails);
    if (atomic_load(&sync_waits))
        sem_wait(&may_sync);
    errno = error;
    return error ? -1 : __real_fsync(fd);
}

int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request)
{
    if (!pthread_equal(pthread_self(), caller) && atomic_load(&n_lives) > 0 &&
        atomic_fetch_sub(&n_lives, 1) == 1)
        raise(SIGKILL);
    return __real_MPI_Isend(buffer, n, type, to, tag, comm, request);
}

/* A folder that all processes name. */
static void make_dir(sluice_world *world)
{
    strcpy(dir, "/tmp/sluice-beside-XXXXXX");
    if (sluice_world_rank(world) == 0)
        demand(mkdtemp(dir), "no directory");
    demand(!sluice_world_share(world, 0, dir, sizeof dir, NULL), "%s", dir);
}

/* A pipeline, and which process has each device or team of it. */
struct shape {
    enum sl_test_kind kind;
    int devices;
    int replicas;
    int team;
    int zero;
    bool in_turn; /* the devices; else in runs */
};

struct scene {
    sluice_world *world;
    struct sl_test_problem problem;
    sluice_pipeline *pipe;
    sluice_saver *saver;
    int rank;
    char paths[3][64];
    sluice_diag why;
};

static void make_pipe(struct scene *is, const struct shape *shape,
                      sluice_world *world)
{
    int processes[MOST_DEVICES], n = shape->devices * shape->replicas;
    sluice_pipeline_config config = is->problem.config;
    n *= shape->team ? shape->team : 1;
    for (int d = 0; d < n && world; d++)
        processes[d] =
            d / (shape->team ? shape->team : 1) % sluice_world_size(world);
    config.world = world;
    config.schedule.name = "gpipe";
    config.schedule.devices = shape->devices;
    config.schedule.microbatches = MICROBATCHES;
    config.replicas = shape->replicas;
    config.team = shape->team;
    config.uneven = true;
    config.zero = shape->zero;
    config.processes = shape->in_turn && world ? processes : NULL;
    config.n_processes = config.processes ? n : 0;
    demand(!sluice_pipeline_create(&config, is->problem.model, &is->pipe,
                                   &is->why),
           "%s", is->why.text);
}

static void begin(struct scene *is, sluice_world *world,
                  const struct shape *shape)
{
    *is = (struct scene){.world = world, .rank = sluice_world_rank(world)};
    if (!dir[0])
        make_dir(world);
    demand(
        !sl_test_problem_init(&is->problem, shape->kind, LAYERS, BATCH, NULL),
        "no memory");
    is->problem.config.finite = SLUICE_FINITE_OFF;
    for (int i = 0; i < 3; i++)
        snprintf(is->paths[i], sizeof is->paths[i], "%s/%d.safetensors", dir,
                 i);
    demand(!sem_init(&may_sync, 0, 0), "no semaphore");
    make_pipe(is, shape, world);
    demand(!sluice_saver_create(is->pipe, NULL, &is->saver, &is->why), "%s",
           is->why.text);
}

static void end(struct scene *is)
{
    sluice_saver_destroy(is->saver);
    sluice_pipeline_destroy(is->pipe);
    sl_test_problem_fini(&is->problem);
    sem_destroy(&may_sync);
    for (int i = 0; i < 3 && is->rank == 0; i++)
        unlink(is->paths[i]);
}

static void make_step(struct scene *is)
{
    demand(!sluice_pipeline_step(is->pipe, sl_test_x(&is->problem, 0),
                                 sl_test_targets(&is->problem, 0), BATCH, NULL,
                                 &is->why),
           "%s", is->why.text);
}

static sluice_status start(struct scene *is, int first, int n)
{
    const char *paths[] = {is->paths[first], is->paths[first + n - 1]};
    return sluice_saver_start(is->saver, NULL, paths, n, &is->why);
}

static void save(struct scene *is, int path)
{
    demand(!sluice_checkpoint_save(is->pipe, NULL, is->paths[path], &is->why),
           "%s", is->why.text);
}

/* The file of one process, as process 0 makes it. */
static void save_alone(struct scene *is, const struct shape *shape, int path)
{
    struct scene alone = *is;
    make_pipe(&alone, shape, NULL);
    make_step(&alone);
    save(&alone, path);
    sluice_pipeline_destroy(alone.pipe);
}

static void show_bits_of(sluice_world *world, const struct shape *shape)
{
    struct scene is;
    sluice_saving saving;
    begin(&is, world, shape);
    make_step(&is);
    if (is.rank == 0)
        save_alone(&is, shape, 0);
    atomic_store(&sync_waits, true);
    demand(!start(&is, 1, 2), "%s", is.why.text);
    for (int i = 0; i < STEPS; i++)
        make_step(&is);
    if (is.rank == 0)
        demand(sluice_saver_is_busy(is.saver) && access(is.paths[1], F_OK),
               "it is written already");
    atomic_store(&sync_waits, false);
    sem_post(&may_sync);
    demand(!sluice_saver_join(is.saver, &saving, &is.why), "%s", is.why.text);
    demand(saving.n_written == 2 && saving.n_steps == 1 && saving.bytes > 0 &&
               saving.write_ns > 0,
           "%d files of step %d", saving.n_written, (int)saving.n_steps);
    if (is.rank == 0)
        demand(sl_test_same_bytes(is.paths[0], is.paths[1]) &&
                   sl_test_same_bytes(is.paths[0], is.paths[2]),
               "kind %d, zero %d, teams of %d: another file", shape->kind,
               shape->zero, shape->team);
    end(&is);
}

static void show_bits(sluice_world *world)
{
    static const struct shape shapes[] = {
        {SL_TEST_DROPOUT, 3, 1, 0, 0, false},
        {SL_TEST_TIED, 3, 2, 0, 1, true},
        {SL_TEST_GPT, 1, 3, 0, 3, false},
        {SL_TEST_NORM, 2, 2, 2, 1, true},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        show_bits_of(world, &shapes[i]);
}

static const struct shape plain = {SL_TEST_RELU, 3, 1, 0, 0, true};

/* Process 0 cannot write: all are told, and the file is as it was. */
static void show_failure(sluice_world *world)
{
    struct scene is;
    sluice_saving saving;
    begin(&is, world, &plain);
    save(&is, 0);
    save(&is, 1);
    make_step(&is);
    atomic_store(&sync_fails, is.rank == 0 ? EIO : 0);
    demand(!start(&is, 1, 2), "%s", is.why.text);
    make_step(&is);
    sluice_status st = sluice_saver_join(is.saver, &saving, &is.why);
    demand(st == SLUICE_IO && is.why.process == 0 &&
               strstr(is.why.text, is.paths[1]) && saving.n_written == 0,
           "%d: %s", st, is.why.text);
    if (is.rank == 0)
        demand(sl_test_same_bytes(is.paths[0], is.paths[1]) &&
                   access(is.paths[2], F_OK),
               "another file");
    atomic_store(&sync_fails, 0);
    demand(!sluice_world_agree(world, SLUICE_OK, NULL), "a process is gone");
    demand(!start(&is, 1, 1) && !sluice_saver_join(is.saver, NULL, &is.why),
           "%s", is.why.text);
    if (is.rank == 0)
        demand(!sl_test_same_bytes(is.paths[0], is.paths[1]), "the old file");
    end(&is);
}

/* A parameter that only some processes have. */
static void show_not_finite(sluice_world *world)
{
    struct scene is;
    begin(&is, world, &plain);
    is.problem.x[0] = NAN;
    make_step(&is);
    demand(start(&is, 0, 1) == SLUICE_NOT_FINITE && is.why.process >= 0, "%s",
           is.why.text);
    demand(!sluice_saver_is_busy(is.saver) &&
               !sluice_saver_join(is.saver, NULL, NULL),
           "it was started");
    end(&is);
}

/* A saver writes when its pipeline has been destroyed, and another one. */
static void show_two(sluice_world *world)
{
    struct scene is[2];
    begin(&is[0], world, &plain);
    begin(&is[1], world, &plain);
    save(&is[0], 0);
    atomic_store(&sync_waits, true);
    for (int i = 0; i < 2; i++) {
        snprintf(is[i].paths[1], sizeof is[i].paths[1], "%s/two_%d.safetensors",
                 dir, i);
        demand(!start(&is[i], 1, 1), "%s", is[i].why.text);
    }
    sluice_pipeline_destroy(is[0].pipe);
    is[0].pipe = NULL;
    atomic_store(&sync_waits, false);
    sem_post(&may_sync);
    sem_post(&may_sync);
    for (int i = 0; i < 2; i++) {
        sluice_saver_destroy(is[i].saver);
        is[i].saver = NULL;
        if (is[0].rank == 0)
            demand(sl_test_same_bytes(is[0].paths[0], is[i].paths[1]),
                   "other bytes");
    }
    demand(!sluice_world_agree(world, SLUICE_OK, NULL), "a process is gone");
    end(&is[0]);
    end(&is[1]);
}

/* Process 1 dies with its share half sent; dying.sh judges what is said. */
static int die(const char *folder)
{
    sluice_world *world;
    struct scene is;
    sluice_diag why;
    signal(SIGTERM, SIG_IGN); /* of the launcher */
    demand(!sluice_world_create(NULL, NULL, &world, &why), "%s", why.text);
    demand(strlen(folder) < sizeof dir, "%s", folder);
    strcpy(dir, folder);
    begin(&is, world, &plain);
    save(&is, 0);
    save(&is, 1);
    make_step(&is);
    atomic_store(&n_lives, is.rank == 1 ? 3 : 0);
    demand(!start(&is, 1, 1), "%s", is.why.text);
    sluice_status st = sluice_saver_join(is.saver, NULL, &is.why);
    sluice_saver_destroy(is.saver);
    if (is.rank == 0)
        demand(sl_test_same_bytes(is.paths[0], is.paths[1]), "another file");
    printf("status %d: %s\n", st, is.why.text);
    fflush(stdout);
    sluice_pipeline_destroy(is.pipe);
    sluice_world_destroy(world);
    _Exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"what_is_written_beside_steps_is_the_file_of_one_process", show_bits},
        {"what_cannot_be_written_is_told_to_all", show_failure},
        {"what_is_not_finite_starts_nothing", show_not_finite},
        {"two_savers_go_on_without_their_pipeline", show_two},
    };
    caller = pthread_self();
    if (argc == 3 && !strcmp(argv[1], "dies"))
        return die(argv[2]);
    int status =
        sl_test_claims(claims, (int)(sizeof claims / sizeof *claims), argv + 1);
    rmdir(dir); /* the first one does */
    return status;
}
