/*
 * One of several processes has no memory, at each allocation of a call in turn:
 * all are told, none waits for it, and the next call works.
 */
#include <stdatomic.h>
#include <unistd.h>

#include <sluice/saver.h>
#include <sluice/train.h>

#include "bench/train/keep/keeping.h"
#include "pipeline/world/world.h"
#include "support/allocator.h"
#include "support/problem.h"

enum { LAYERS = 4, BATCH = 8, MOST = 2000 };

/* What a claim works with; only `rank` runs out of memory. */
struct scene {
    sluice_world *world;
    int rank;
    struct sl_test_allocator allocator;
    struct sl_test_problem problem;
    sluice_pipeline_config config;
    sluice_pipeline *pipe;
    char dir[40]; /* the same in all processes */
    sluice_diag why;
};

/* Once more what is tried; what it leaves behind is undone after success. */
typedef sluice_status attempt(struct scene *is);

static void begin(struct scene *is, sluice_world *world, int rank)
{
    *is = (struct scene){.world = world, .rank = rank};
    sl_test_allocator_init(&is->allocator);
    demand(!sl_test_problem_init(&is->problem, SL_TEST_RELU, LAYERS, BATCH,
                                 &is->allocator.hooks),
           "no memory");
    is->config = is->problem.config;
    is->config.world = world;
    is->config.schedule.devices = 4;
    is->config.schedule.microbatches = 2;
    strcpy(is->dir, "/tmp/sluice-memory-XXXXXX");
    if (sluice_world_rank(world) == 0)
        demand(mkdtemp(is->dir), "no directory");
    demand(!sluice_world_share(world, 0, is->dir, sizeof is->dir, NULL),
           "%s is not known", is->dir);
}

static void end(struct scene *is)
{
    char command[64];
    sluice_pipeline_destroy(is->pipe);
    sl_test_problem_fini(&is->problem);
    demand(atomic_load(&is->allocator.n_live) == 0 &&
               atomic_load(&is->allocator.n_wrong) == 0,
           "%ld blocks are left", atomic_load(&is->allocator.n_live));
    snprintf(command, sizeof command, "rm -r %s", is->dir);
    if (sluice_world_rank(is->world) == 0)
        demand(!system(command), "%s", command);
}

static void make_pipe(struct scene *is)
{
    demand(!sluice_pipeline_create(&is->config, is->problem.model, &is->pipe,
                                   &is->why),
           "%s", is->why.text);
}

static sluice_status step(struct scene *is)
{
    return sluice_pipeline_step(is->pipe, sl_test_x(&is->problem, 0),
                                sl_test_targets(&is->problem, 0), BATCH, NULL,
                                &is->why);
}

/* Fail each allocation of `tries`, and once none.  Returns their number. */
static long sweep(struct scene *is, attempt *tries)
{
    bool is_it = sluice_world_rank(is->world) == is->rank;
    for (long at = 1; at < MOST; at++) {
        long live = atomic_load(&is->allocator.n_live);
        is->why = (sluice_diag){.text = ""};
        sl_test_allocator_arm(&is->allocator, is_it ? at : 0, false);
        sluice_status st = tries(is), first = st;
        bool failed = sl_test_allocator_failed(&is->allocator);
        sl_test_allocator_arm(&is->allocator, 0, false);
        demand(
            !sluice_world_share(is->world, is->rank, &failed, sizeof failed,
                                NULL) &&
                !sluice_world_share(is->world, 0, &first, sizeof first, NULL),
            "a process is gone");
        demand(st == first, "%d in process 0, here %d", first, st);
        demand(st == (failed ? SLUICE_NO_MEMORY : SLUICE_OK), "at %ld: %d, %s",
               at, st, is->why.text);
        demand(!failed || is->why.process == is->rank,
               "at %ld: process %d is named: %s", at, is->why.process,
               is->why.text);
        if (!failed)
            return at - 1;
        demand(atomic_load(&is->allocator.n_live) == live,
               "at %ld: %ld blocks more than %ld", at,
               atomic_load(&is->allocator.n_live) - live, live);
    }
    demand(false, "no end after %d", MOST);
    return 0;
}

/* The same with each process in turn being the one. */
static void show(sluice_world *world, bool has_pipe, attempt *tries, long least)
{
    for (int rank = 0; rank < sluice_world_size(world); rank++) {
        struct scene is;
        begin(&is, world, rank);
        if (has_pipe)
            make_pipe(&is);
        long n = sweep(&is, tries);
        demand(n >= least, "%ld allocations", n);
        demand(!step(&is), "%s", is.why.text);
        end(&is);
    }
}

/* Another world of the same processes. */
static sluice_status join(struct scene *is)
{
    sluice_world *world = NULL;
    sluice_status st =
        sluice_world_create(NULL, &is->allocator.hooks, &world, &is->why);
    sluice_world_destroy(world);
    return st;
}

static void show_join(sluice_world *world)
{
    show(world, true, join, 8);
}

/* One that does not want to know why, of which others have to be told. */
static void show_silent_join(sluice_world *world)
{
    struct sl_test_allocator allocator;
    sluice_world *none;
    sluice_diag why;
    bool last = sluice_world_rank(world) == sluice_world_size(world) - 1;
    sl_test_allocator_init(&allocator);
    sl_test_allocator_arm(&allocator, last, false);
    demand(sluice_world_create(NULL, &allocator.hooks, &none,
                               last ? NULL : &why) == SLUICE_NO_MEMORY,
           "it was made");
    demand(last || strstr(why.text, "could not join the others"), "%s",
           why.text);
}

static sluice_status create(struct scene *is)
{
    return sluice_pipeline_create(&is->config, is->problem.model, &is->pipe,
                                  &is->why);
}

static void show_create(sluice_world *world)
{
    show(world, false, create, 50);
}

static const char *path(const struct scene *is)
{
    static char text[80];
    snprintf(text, sizeof text, "%s/one.safetensors", is->dir);
    return text;
}

static sluice_status save(struct scene *is)
{
    return sluice_checkpoint_save(is->pipe, NULL, path(is), &is->why);
}

static sluice_status save_for_torch(struct scene *is)
{
    return sluice_pipeline_save_model_as(is->pipe, NULL, SLUICE_LAYOUT_PYTORCH,
                                         path(is), &is->why);
}

static sluice_status load(struct scene *is)
{
    return sluice_checkpoint_load(is->pipe, path(is), NULL, NULL, &is->why);
}

static sluice_status load_for_torch(struct scene *is)
{
    return sluice_pipeline_load_weights(is->pipe, is->problem.model, path(is),
                                        &is->allocator.hooks, &is->why);
}

static void show_save(sluice_world *world)
{
    show(world, true, save, 1);
    show(world, true, save_for_torch, 1);
}

static void show_loading(sluice_world *world, attempt *saves, attempt *loads)
{
    for (int rank = 0; rank < sluice_world_size(world); rank++) {
        struct scene is;
        begin(&is, world, rank);
        make_pipe(&is);
        demand(!saves(&is), "%s", is.why.text);
        demand(sweep(&is, loads) > 0, "no allocation");
        demand(!step(&is), "%s", is.why.text);
        end(&is);
    }
}

static void show_load(sluice_world *world)
{
    show_loading(world, save, load);
    show_loading(world, save_for_torch, load_for_torch);
}

/* The saver's thread allocates, too. */
static sluice_status save_beside(struct scene *is)
{
    const char *paths[] = {path(is)};
    sluice_saver *saver;
    sluice_status st =
        sluice_saver_create(is->pipe, &is->allocator.hooks, &saver, &is->why);
    if (st)
        return st;
    st = sluice_saver_start(saver, NULL, paths, 1, &is->why);
    if (!st)
        st = sluice_saver_join(saver, NULL, &is->why);
    sluice_saver_destroy(saver);
    return st;
}

static void show_beside(sluice_world *world)
{
    show(world, true, save_beside, 10);
}

/* A training that begins, and goes on from a checkpoint. */
static sluice_status keep(struct scene *is)
{
    const struct keeping_config config = {
        .dir = is->dir, .keep = 1, .resumes = true};
    const sluice_run run = {.n_rows = BATCH};
    struct keeping keeping;
    sluice_status st =
        keeping_begin(&keeping, &config, is->pipe, is->world, &run, &is->why);
    keeping_fini(&keeping);
    return st;
}

static void show_keep(sluice_world *world)
{
    show(world, true, keep, 1);
}

static sluice_status train(struct scene *is)
{
    const sluice_shape rows = {2, {BATCH, is->problem.in}};
    const int64_t out = (int64_t)is->problem.target_bytes / 4;
    const sluice_shape target = {out > 1 ? 2 : 1, {BATCH, out}};
    const sluice_element type = out > 1 ? SLUICE_F32 : SLUICE_I32;
    sluice_array x, y;
    sluice_dataset *data;
    demand(!sluice_array_init(&x, SLUICE_F32, &rows, NULL, NULL) &&
               !sluice_array_init(&y, type, &target, NULL, NULL) &&
               !sluice_dataset_create(NULL, &x, &y, &data, NULL),
           "no rows");
    const sluice_train_config config = {
        .epochs = 1,
        .batch = BATCH,
        .train = data,
        .allocator = &is->allocator.hooks,
    };
    sluice_status st = sluice_train(is->pipe, &config, NULL, &is->why);
    sluice_dataset_destroy(data);
    return st;
}

static void show_train(sluice_world *world)
{
    show(world, true, train, 2);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"a_world_is_made_by_all_or_none", show_join},
        {"who_cannot_join_is_named", show_silent_join},
        {"a_pipeline_is_created_by_all_or_none", show_create},
        {"a_file_is_saved_by_all_or_none", show_save},
        {"a_checkpoint_is_saved_beside_steps_by_all_or_none", show_beside},
        {"a_file_is_loaded_by_all_or_none", show_load},
        {"a_training_is_kept_by_all_or_none", show_keep},
        {"a_training_is_begun_by_all_or_none", show_train},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
