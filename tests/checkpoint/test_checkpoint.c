/* Checkpoints as files: what they keep, what they refuse, and that a save which
 * fails or is killed at any call leaves the old one or the new one. */
#include <sluice/checkpoint.h>
#include <sluice/pipeline_state.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damage.h"
#include "support/allocator.h"
#include "support/problem.h"
#include "support/runner.h"

enum { LAYERS = 3, BATCH = 4, MAX_FLOATS = 1024, KILLED = 99, N_BITS = 10000 };

/* The linker sends the library's calls here. */
int __real_open(const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t n);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_close(int fd);
int __wrap_open(const char *name, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_close(int fd);

static long n_calls;  /* since arm() */
static long fail_at;  /* number of the call that fails; 0: none */
static int fail_with; /* its errno; 0: the process ends there */

static void arm(long at, int error)
{
    n_calls = 0;
    fail_at = at;
    fail_with = error;
}

static bool fails(void)
{
    if (++n_calls != fail_at)
        return false;
    if (!fail_with)
        _exit(KILLED);
    errno = fail_with;
    return true;
}

int __wrap_open(const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails() ? -1 : __real_open(name, flags, mode);
}

/* Short, so that a file takes several. */
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    return fails() ? -1 : __real_write(fd, bytes, n < 1024 ? n : 1024);
}

int __wrap_fsync(int fd)
{
    return fails() ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails() ? -1 : __real_rename(from, to);
}

int __wrap_close(int fd)
{
    bool failed = fails();
    int error = errno;
    __real_close(fd);
    errno = error;
    return failed ? -1 : 0;
}

static char dir[] = "/tmp/sluice-checkpoint-XXXXXX";
static char path[64];

struct fixture {
    struct sl_test_problem problem;
    sluice_pipeline *pipe;
};

/* All that a pipeline keeps. */
struct content {
    float tensors[MAX_FLOATS];
    int64_t n;
    uint64_t n_steps;
};

static void begin(struct fixture *f, const sluice_allocator *allocator)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/saved", dir);
    *f = (struct fixture){.pipe = NULL};
    ck_assert_int_eq(sl_test_problem_init(&f->problem, SL_TEST_DROPOUT, LAYERS,
                                          BATCH, allocator),
                     SLUICE_OK);
    f->problem.config.schedule.devices = 2;
    f->problem.config.schedule.microbatches = 2;
    f->problem.config.finite = SLUICE_FINITE_OFF;
    ck_assert_int_eq(sluice_pipeline_create(&f->problem.config,
                                            f->problem.model, &f->pipe, NULL),
                     SLUICE_OK);
}

static void end(struct fixture *f)
{
    sluice_pipeline_destroy(f->pipe);
    sl_test_problem_fini(&f->problem);
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
}

static void make_step(struct fixture *f)
{
    ck_assert_int_eq(sluice_pipeline_step(f->pipe, sl_test_x(&f->problem, 0),
                                          sl_test_targets(&f->problem, 0),
                                          BATCH, NULL, NULL),
                     SLUICE_OK);
}

static void get(const struct fixture *f, struct content *content)
{
    sluice_state_tensor at = {.state = 0};
    content->n = 0;
    content->n_steps = sluice_pipeline_n_steps(f->pipe);
    while (sluice_pipeline_next_tensor(f->pipe, &at)) {
        ck_assert_int_le(content->n + at.parameter.n, MAX_FLOATS);
        sluice_pipeline_get_tensor(f->pipe, at.name,
                                   content->tensors + content->n,
                                   at.parameter.n, NULL);
        content->n += at.parameter.n;
    }
}

static bool is_same(const struct content *a, const struct content *b)
{
    return a->n == b->n && a->n_steps == b->n_steps &&
           !memcmp(a->tensors, b->tensors, (size_t)a->n * sizeof(float));
}

static int n_entries(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

START_TEST(a_run_is_kept_to_the_last_bit)
{
    struct fixture f;
    const sluice_run saved = {
        .model = "a \"model\"\nof two lines",
        .n_rows = 12,
        .batch = 4,
        .shuffles = true,
        .shuffle_seed = UINT64_MAX,
        .position = {3, 8, 1.0 / 3, 5, 7},
        .was_tested = true,
        .test_loss = 0.1,
        .test_accuracy = 1e-300,
    };
    sluice_run loaded = saved;
    uint64_t n_steps = 0;
    int n_differences = -1;
    begin(&f, NULL);
    sluice_pipeline_set_n_steps(f.pipe, UINT64_MAX);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, &saved, path, NULL),
                     SLUICE_OK);
    loaded.position = (sluice_position){0};
    loaded.was_tested = false;
    loaded.test_loss = loaded.test_accuracy = 0;
    sluice_pipeline_set_n_steps(f.pipe, 0);
    ck_assert_int_eq(
        sluice_checkpoint_load(f.pipe, path, &loaded, &n_differences, NULL),
        SLUICE_OK);
    ck_assert_int_eq(n_differences, 0);
    ck_assert_uint_eq(sluice_pipeline_n_steps(f.pipe), UINT64_MAX);
    ck_assert_int_eq(loaded.position.epoch, 3);
    ck_assert_int_eq(loaded.position.rows_done, 8);
    ck_assert_double_eq(loaded.position.loss_sum, 1.0 / 3);
    ck_assert(loaded.position.correct == 5 && loaded.position.ignored == 7);
    ck_assert(loaded.was_tested);
    ck_assert_double_eq(loaded.test_loss, 0.1);
    ck_assert_double_eq(loaded.test_accuracy, 1e-300);
    loaded = (sluice_run){.n_rows = 13, .batch = 2, .model = "another"};
    ck_assert_int_eq(
        sluice_checkpoint_load(f.pipe, path, &loaded, &n_differences, NULL),
        SLUICE_OK);
    ck_assert_int_eq(n_differences, 4); /* these three, and the shuffling */
    ck_assert_int_eq(
        sluice_checkpoint_inspect(path, &loaded, &n_steps, NULL, NULL),
        SLUICE_OK);
    ck_assert_uint_eq(n_steps, UINT64_MAX);
    end(&f);
}
END_TEST

START_TEST(the_learning_rate_goes_on)
{
    struct fixture f;
    struct content slow, again;
    begin(&f, NULL);
    sluice_pipeline_set_learning_rate(f.pipe, 0.001);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, path, NULL),
                     SLUICE_OK);
    make_step(&f);
    get(&f, &slow);
    sluice_pipeline_set_learning_rate(f.pipe, 0.5);
    ck_assert_int_eq(sluice_checkpoint_load(f.pipe, path, NULL, NULL, NULL),
                     SLUICE_OK);
    make_step(&f);
    get(&f, &again);
    ck_assert(is_same(&slow, &again));
    end(&f);
}
END_TEST

START_TEST(weights_are_loaded_from_a_checkpoint_too)
{
    struct fixture f;
    struct content saved, loaded;
    begin(&f, NULL);
    make_step(&f);
    get(&f, &saved);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, path, NULL),
                     SLUICE_OK);
    sluice_pipeline_set_tensor(f.pipe, "0.bias", (float[6]){0}, 6, NULL);
    ck_assert_int_eq(
        sluice_pipeline_load_weights(f.pipe, f.problem.model, path, NULL, NULL),
        SLUICE_OK);
    get(&f, &loaded);
    ck_assert(is_same(&saved, &loaded));
    end(&f);
}
END_TEST

static void assert_refused(struct fixture *f, sluice_status status,
                           const char *text)
{
    struct content before, after;
    sluice_diag why;
    get(f, &before);
    ck_assert_int_eq(sluice_checkpoint_load(f->pipe, path, NULL, NULL, &why),
                     status);
    ck_assert_msg(strstr(why.text, text), "%s", why.text);
    get(f, &after);
    ck_assert(is_same(&before, &after));
}

START_TEST(what_is_no_checkpoint_of_this_pipeline_is_refused)
{
    struct fixture f, other;
    begin(&f, NULL);
    assert_refused(&f, SLUICE_IO, path);
    ck_assert_int_eq(sluice_pipeline_save_weights(f.pipe, path, NULL),
                     SLUICE_OK);
    assert_refused(&f, SLUICE_FORMAT, "not a checkpoint");
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, path, NULL),
                     SLUICE_OK);
    char kept[sizeof path];
    memcpy(kept, path, sizeof path);
    char kept_dir[sizeof dir];
    memcpy(kept_dir, dir, sizeof dir);
    begin(&other, NULL);
    sluice_pipeline_destroy(other.pipe);
    other.problem.sgd.momentum = 0;
    ck_assert_int_eq(sluice_pipeline_create(&other.problem.config,
                                            other.problem.model, &other.pipe,
                                            NULL),
                     SLUICE_OK);
    sluice_diag why;
    ck_assert_int_eq(sluice_checkpoint_load(other.pipe, kept, NULL, NULL, &why),
                     SLUICE_NOT_FOUND);
    ck_assert_msg(strstr(why.text, "which the optimizer, sgd, does not keep"),
                  "%s", why.text);
    ck_assert_int_eq(sluice_checkpoint_save(other.pipe, NULL, path, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_checkpoint_load(f.pipe, path, NULL, NULL, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "no tensor \"state0.0.weight\""), "%s",
                  why.text);
    end(&other);
    memcpy(path, kept, sizeof path);
    memcpy(dir, kept_dir, sizeof dir);
    end(&f);
}
END_TEST

START_TEST(parameters_that_are_not_finite_are_not_saved)
{
    struct fixture f;
    struct content before, after;
    sluice_diag why;
    begin(&f, NULL);
    get(&f, &before);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, path, NULL),
                     SLUICE_OK);
    f.problem.x[0] = NAN;
    make_step(&f);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, path, &why),
                     SLUICE_NOT_FINITE);
    ck_assert_int_eq(sluice_pipeline_save_weights(f.pipe, path, NULL),
                     SLUICE_NOT_FINITE);
    ck_assert_int_eq(sluice_checkpoint_load(f.pipe, path, NULL, NULL, NULL),
                     SLUICE_OK);
    get(&f, &after);
    ck_assert(is_same(&before, &after));
    end(&f);
}
END_TEST

START_TEST(tensors_have_names_and_sizes)
{
    struct fixture f;
    sluice_diag why;
    float value[64] = {1};
    begin(&f, NULL);
    ck_assert_int_eq(
        sluice_pipeline_get_tensor(f.pipe, "state1.0.bias", value, 6, &why),
        SLUICE_NOT_FOUND);
    ck_assert(strstr(why.text, "keeps 1 states"));
    ck_assert_int_eq(
        sluice_pipeline_get_tensor(f.pipe, "state0.9.bias", value, 6, NULL),
        SLUICE_NOT_FOUND);
    ck_assert_int_eq(
        sluice_pipeline_set_tensor(f.pipe, "state0.0.bias", value, 5, NULL),
        SLUICE_INVALID);
    value[0] = INFINITY;
    ck_assert_int_eq(
        sluice_pipeline_set_tensor(f.pipe, "0.bias", value, 6, NULL),
        SLUICE_NOT_FINITE);
    sluice_pipeline_set_tensor(f.pipe, "state0.0.bias", value, 6, NULL);
    value[0] = 0;
    sluice_pipeline_get_tensor(f.pipe, "state0.0.bias", value, 6, NULL);
    ck_assert(isinf(value[0]));
    end(&f);
}
END_TEST

static bool is_refused(void *context)
{
    struct fixture *f = context;
    sluice_diag why = {.status = SLUICE_OK};
    sluice_status st = sluice_checkpoint_load(f->pipe, path, NULL, NULL, &why);
    return st && strstr(why.text, path);
}

START_TEST(every_damage_is_refused_with_the_file_and_changes_nothing)
{
    struct fixture f;
    struct content before, after;
    long n;
    begin(&f, NULL);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, path, NULL),
                     SLUICE_OK);
    make_step(&f);
    get(&f, &before);
    ck_assert_int_eq(sl_test_damage(path, N_BITS, is_refused, &f, &n), 0);
    ck_assert_int_gt(n, 15000);
    get(&f, &after);
    ck_assert(is_same(&before, &after));
    ck_assert(!is_refused(&f)); /* it is sound again */
    end(&f);
}
END_TEST

/* Save the first of two contents; then the second one, which fails. */
static void save_both(struct fixture *f, struct content contents[2])
{
    ck_assert_int_eq(sluice_checkpoint_save(f->pipe, NULL, path, NULL),
                     SLUICE_OK);
    get(f, &contents[0]);
    make_step(f);
    get(f, &contents[1]);
}

/* Which of two contents the file has. */
static int loaded(struct fixture *f, const struct content contents[2])
{
    struct content is;
    ck_assert_int_eq(sluice_checkpoint_load(f->pipe, path, NULL, NULL, NULL),
                     SLUICE_OK);
    get(f, &is);
    ck_assert(is_same(&is, &contents[0]) || is_same(&is, &contents[1]));
    return is_same(&is, &contents[1]);
}

START_TEST(whatever_call_fails_the_checkpoint_is_the_old_or_the_new_one)
{
    static const int errors[] = {EIO, ENOSPC};
    for (int e = 0; e < 2; e++) {
        bool reached = true;
        long at = 1;
        for (; reached; at++) {
            struct fixture f;
            struct content contents[2];
            sluice_diag why = {.status = SLUICE_OK};
            begin(&f, NULL);
            save_both(&f, contents);
            arm(at, errors[e]);
            sluice_status st = sluice_checkpoint_save(f.pipe, NULL, path, &why);
            reached = n_calls >= at;
            arm(0, 0);
            bool is_new = !st || strstr(why.text, "in its directory");
            ck_assert_int_eq(loaded(&f, contents), is_new);
            ck_assert_int_eq(n_entries(), 1);
            end(&f);
        }
        ck_assert_int_gt(at, 8);
    }
}
END_TEST

START_TEST(wherever_a_save_is_killed_the_checkpoint_is_the_old_or_the_new_one)
{
    int status = KILLED, n_new = 0;
    long at = 0;
    while (status) {
        struct fixture f;
        struct content contents[2];
        begin(&f, NULL);
        save_both(&f, contents);
        at++;
        pid_t pid = fork();
        if (!pid) {
            arm(at, 0);
            _exit(sluice_checkpoint_save(f.pipe, NULL, path, NULL) !=
                  SLUICE_OK);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(!status || WEXITSTATUS(status) == KILLED);
        n_new += loaded(&f, contents);
        ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, path, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(n_entries(), 1); /* what was left is gone */
        end(&f);
    }
    ck_assert_int_gt(at, 8);
    ck_assert_int_gt(n_new, 1);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct sl_test_allocator memory;
    struct fixture f;
    struct content contents[2];
    sl_test_allocator_init(&memory);
    begin(&f, &memory.hooks);
    save_both(&f, contents);
    long live = memory.n_live;
    for (int saves = 1; saves >= 0; saves--) {
        sluice_status st = SLUICE_NO_MEMORY;
        long at = 0;
        while (st == SLUICE_NO_MEMORY && at++ < 1000) {
            sl_test_allocator_arm(&memory, at, false);
            st = saves ? sluice_checkpoint_save(f.pipe, NULL, path, NULL)
                       : sluice_checkpoint_load(f.pipe, path, NULL, NULL, NULL);
            sl_test_allocator_arm(&memory, 0, false);
            ck_assert_int_eq(memory.n_live, live);
            struct content is;
            get(&f, &is);
            ck_assert(is_same(&is, &contents[1]));
        }
        ck_assert_int_eq(st, SLUICE_OK);
        ck_assert_int_gt(at, 4);
    }
    ck_assert_int_eq(memory.n_wrong, 0);
    end(&f);
}
END_TEST

SLUICE_TEST_MAIN(
    "checkpoint.checkpoint", a_run_is_kept_to_the_last_bit,
    the_learning_rate_goes_on, weights_are_loaded_from_a_checkpoint_too,
    what_is_no_checkpoint_of_this_pipeline_is_refused,
    parameters_that_are_not_finite_are_not_saved, tensors_have_names_and_sizes,
    every_damage_is_refused_with_the_file_and_changes_nothing,
    whatever_call_fails_the_checkpoint_is_the_old_or_the_new_one,
    wherever_a_save_is_killed_the_checkpoint_is_the_old_or_the_new_one,
    every_allocation_may_fail)
