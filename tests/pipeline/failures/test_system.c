/*
 * The system refuses a thread, a lock, a descriptor: at each call of each kind
 * in turn, once and from then on.  Creating or reshaping a pipeline says so or
 * does without;
 * nothing is left behind, and the next one is created.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <sluice/reshape.h>

#include "support/allocator.h"
#include "support/problem.h"
#include "support/runner.h"

enum { LAYERS = 4, BATCH = 8 };

/* The linker sends the library's calls here. */
enum call {
    PTHREAD_CREATE,
    MUTEX_INIT,
    COND_INIT,
    ATTR_INIT,
    CONDATTR_INIT,
    SETAFFINITY,
    OPEN,
    READ,
    FLOCK,
    N_CALLS
};

static const struct {
    const char *name;
    int error;
    bool is_needed; /* without it there is no pipeline */
} calls[N_CALLS] = {
    [PTHREAD_CREATE] = {"pthread_create", EAGAIN, true},
    [MUTEX_INIT] = {"pthread_mutex_init", ENOMEM, true},
    [COND_INIT] = {"pthread_cond_init", EAGAIN, true},
    [ATTR_INIT] = {"pthread_attr_init", ENOMEM, true},
    [CONDATTR_INIT] = {"pthread_condattr_init", ENOMEM, true},
    [SETAFFINITY] = {"pthread_setaffinity_np", EINVAL, false},
    [OPEN] = {"open", EMFILE, false},
    [READ] = {"read", EIO, false},
    [FLOCK] = {"flock", ENOLCK, false},
};

static struct {
    enum call call;
    long at; /* number of the call that fails; 0: none */
    bool on; /* and all after it */
} fault;
static atomic_long n_calls; /* of that kind */

static int fails(enum call call)
{
    if (call != fault.call || !fault.at)
        return 0;
    long n = atomic_fetch_add(&n_calls, 1) + 1;
    return n == fault.at || (fault.on && n > fault.at) ? calls[call].error : 0;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*main)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*main)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*main)(void *), void *argument)
{
    int error = fails(PTHREAD_CREATE);
    return error ? error : __real_pthread_create(thread, attr, main, argument);
}

int __real_pthread_mutex_init(pthread_mutex_t *mu,
                              const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *mu,
                              const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *mu,
                              const pthread_mutexattr_t *attr)
{
    int error = fails(MUTEX_INIT);
    return error ? error : __real_pthread_mutex_init(mu, attr);
}

int __real_pthread_cond_init(pthread_cond_t *cond,
                             const pthread_condattr_t *attr);
int __wrap_pthread_cond_init(pthread_cond_t *cond,
                             const pthread_condattr_t *attr);
int __wrap_pthread_cond_init(pthread_cond_t *cond,
                             const pthread_condattr_t *attr)
{
    int error = fails(COND_INIT);
    return error ? error : __real_pthread_cond_init(cond, attr);
}

int __real_pthread_attr_init(pthread_attr_t *attr);
int __wrap_pthread_attr_init(pthread_attr_t *attr);
int __wrap_pthread_attr_init(pthread_attr_t *attr)
{
    int error = fails(ATTR_INIT);
    return error ? error : __real_pthread_attr_init(attr);
}

int __real_pthread_condattr_init(pthread_condattr_t *attr);
int __wrap_pthread_condattr_init(pthread_condattr_t *attr);
int __wrap_pthread_condattr_init(pthread_condattr_t *attr)
{
    int error = fails(CONDATTR_INIT);
    return error ? error : __real_pthread_condattr_init(attr);
}

int __real_pthread_setaffinity_np(pthread_t thread, size_t bytes,
                                  const cpu_set_t *set);
int __wrap_pthread_setaffinity_np(pthread_t thread, size_t bytes,
                                  const cpu_set_t *set);
int __wrap_pthread_setaffinity_np(pthread_t thread, size_t bytes,
                                  const cpu_set_t *set)
{
    int error = fails(SETAFFINITY);
    return error ? error : __real_pthread_setaffinity_np(thread, bytes, set);
}

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    errno = fails(OPEN);
    return errno ? -1 : __real_open(name, flags, mode);
}

ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n)
{
    errno = fails(READ);
    return errno ? -1 : __real_read(fd, bytes, n);
}

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
    errno = fails(FLOCK);
    return errno ? -1 : __real_flock(fd, operation);
}

static int n_entries(const char *folder)
{
    int n = 0;
    DIR *directory = opendir(folder);
    while (directory && readdir(directory))
        n++;
    if (directory)
        closedir(directory);
    return n;
}

/* A thread that has been joined may be listed for a moment yet. */
static bool settles(const char *folder, int n)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 5000 && n_entries(folder) != n; i++)
        nanosleep(&moment, NULL);
    return n_entries(folder) == n;
}

static sluice_pipeline_config config_of(const struct sl_test_problem *p,
                                        int devices, int replicas,
                                        const sluice_allocator *allocator)
{
    sluice_pipeline_config config = p->config;
    config.schedule.name = "1f1b";
    config.schedule.devices = devices;
    config.schedule.microbatches = 2;
    config.replicas = replicas;
    config.allocator = allocator;
    return config;
}

/* Threads of the process without a pipeline: one that was joined may be listed
 * for a moment yet, and no pipeline is made while it is. */
static int n_resting;

/* Returns whether the call that was to fail was reached. */
static bool create_with_fault(const struct sl_test_problem *p, int devices,
                              int replicas)
{
    struct sl_test_allocator memory;
    sluice_pipeline *pipe = NULL;
    sluice_diag why = {.status = SLUICE_OK};
    sl_test_allocator_init(&memory);
    sluice_pipeline_config config =
        config_of(p, devices, replicas, &memory.hooks);
    atomic_store(&n_calls, 0);
    int descriptors = n_entries("/proc/self/fd");
    sluice_status st = sluice_pipeline_create(&config, p->model, &pipe, &why);
    bool reached = fault.at && atomic_load(&n_calls) >= fault.at;
    const char *name = calls[fault.call].name;
    if (reached && calls[fault.call].is_needed)
        ck_assert_msg(st == SLUICE_SYSTEM && why.text[0], "%s %ld: %s", name,
                      fault.at, sluice_status_name(st));
    else
        ck_assert_msg(!st, "%s %ld: %s", name, fault.at, why.text);
    if (!st)
        ck_assert_msg(
            !sluice_pipeline_step(pipe, p->x, p->targets, BATCH, NULL, &why),
            "%s", why.text);
    sluice_pipeline_destroy(pipe);
    ck_assert_int_eq(memory.n_live, 0);
    ck_assert_int_eq(memory.n_wrong, 0);
    ck_assert_msg(settles("/proc/self/task", n_resting), "%s %ld", name,
                  fault.at);
    ck_assert_msg(n_entries("/proc/self/fd") == descriptors, "%s %ld", name,
                  fault.at);
    return reached;
}

/*
 * The same of a reshape to two replicas of another number of devices.  Whether
 * it is refused or not, the pipeline goes on to train.
 */
static bool reshape_with_fault(const struct sl_test_problem *p, int devices,
                               int replicas)
{
    sluice_pipeline *pipe;
    sluice_diag why = {.status = SLUICE_OK};
    sluice_pipeline_config config = config_of(p, devices, 1, NULL);
    long at = fault.at;
    fault.at = 0;
    ck_assert(!sluice_pipeline_create(&config, p->model, &pipe, NULL));
    int threads = n_entries("/proc/self/task");
    int descriptors = n_entries("/proc/self/fd");
    config = config_of(p, devices + 1, replicas, NULL);
    atomic_store(&n_calls, 0);
    fault.at = at;
    sluice_status st = sluice_pipeline_reshape(pipe, &config, &why);
    fault.at = 0;
    bool reached = atomic_load(&n_calls) >= at;
    const char *name = calls[fault.call].name;
    ck_assert_msg(st == (reached && calls[fault.call].is_needed ? SLUICE_SYSTEM
                                                                : SLUICE_OK),
                  "%s %ld: %s", name, at, sluice_status_name(st));
    ck_assert_msg(
        !sluice_pipeline_step(pipe, p->x, p->targets, BATCH, NULL, &why), "%s",
        why.text);
    if (st) {
        ck_assert(settles("/proc/self/task", threads));
        ck_assert_int_eq(n_entries("/proc/self/fd"), descriptors);
    }
    sluice_pipeline_destroy(pipe);
    ck_assert(settles("/proc/self/task", n_resting));
    fault.at = at;
    return reached;
}

static long sweep(const struct sl_test_problem *p, int devices, int replicas,
                  bool (*make_with_fault)(const struct sl_test_problem *p,
                                          int devices, int replicas))
{
    long n = 0;
    for (int call = 0; call < N_CALLS; call++)
        for (int on = 0; on < 2; on++) {
            fault.call = (enum call)call;
            fault.on = on;
            fault.at = 1;
            while (make_with_fault(p, devices, replicas))
                fault.at++;
            n += fault.at - 1;
            fault.at = 0;
        }
    return n;
}

START_TEST(whatever_call_the_system_refuses_nothing_is_left_behind)
{
    struct sl_test_problem p = {.n_rows = 0};
    long n = 0;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    n_resting = n_entries("/proc/self/task");
    /* What a first pipeline makes for the process stays. */
    create_with_fault(&p, 1, 1);
    n += sweep(&p, 1, 1, create_with_fault);
    n += sweep(&p, 2, 1, create_with_fault);
    n += sweep(&p, 4, 1, create_with_fault);
    n += sweep(&p, 2, 2, create_with_fault);
    n += sweep(&p, 1, 2, reshape_with_fault);
    printf("%ld refusals\n", n);
    ck_assert_int_gt(n, 100);
    sl_test_problem_fini(&p);
}
END_TEST

SLUICE_TEST_MAIN("system",
                 whatever_call_the_system_refuses_nothing_is_left_behind)
