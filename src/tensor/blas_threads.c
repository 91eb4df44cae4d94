/* Who uses BLAS, process-wide.  Any thread. */
#include "tensor/blas_threads.h"

#include <assert.h>
#include <pthread.h>
#include <sys/mman.h>

#include "tensor/blas_calls.h"

/*
 * The library's only state that is not in an object, except for the counts of
 * blas_calls.c.  OpenBLAS has one thread count and one set of buffers for the
 * whole process, and pipelines that know nothing of each other may compute at
 * once: they are counted here.
 *
 * BLAS is called under this lock, against the rule, for the setting and the
 * buffers are what it protects.  None of these calls calls back.
 */
static struct {
    pthread_mutex_t mu;
    int users;          /* [mu] entered and not left */
    int host_n_threads; /* [mu] the host's setting, while users > 0 */
    int announced;      /* [mu] threads that may call BLAS at once */
    int n_buffers;      /* [mu] the most that were ever announced */
    bool guarded;       /* const after load: fork() calls us */
} process = {.mu = PTHREAD_MUTEX_INITIALIZER};

/*
 * fork() copies one thread, and all memory as it is.  So before it no thread
 * may hold the lock or be inside BLAS, and BLAS has the host's setting.  The
 * child has no users: they were threads, or calls, of the parent.  What was
 * announced stays announced until the child destroys its copy of the object.
 */
static void before_fork(void)
{
    pthread_mutex_lock(&process.mu);
    sl_blas_calls_stop();
    if (process.users > 0 && process.host_n_threads != 1)
        sl_blas_set_n_threads(process.host_n_threads);
}

static void after_fork_in_parent(void)
{
    if (process.users > 0 && process.host_n_threads != 1)
        sl_blas_set_n_threads(1);
    sl_blas_calls_resume();
    pthread_mutex_unlock(&process.mu);
}

static void after_fork_in_child(void)
{
    process.users = 0;
    sl_blas_calls_resume();
    pthread_mutex_unlock(&process.mu);
}

/* When the library is loaded no thread of the program uses it yet.  The system
 * forgets the handlers when it is unloaded. */
__attribute__((constructor)) static void guard(void)
{
    process.guarded =
        !pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

void sl_blas_enter(void)
{
    pthread_mutex_lock(&process.mu);
    if (process.users++ == 0) {
        process.host_n_threads = sl_blas_n_threads();
        if (process.host_n_threads != 1)
            sl_blas_set_n_threads(1);
    }
    pthread_mutex_unlock(&process.mu);
}

void sl_blas_leave(void)
{
    pthread_mutex_lock(&process.mu);
    /* A child that was forked inside has no users, see before_fork(). */
    if (process.users > 0 && --process.users == 0 &&
        process.host_n_threads != 1)
        sl_blas_set_n_threads(process.host_n_threads);
    pthread_mutex_unlock(&process.mu);
}

/*
 * Map n buffers as BLAS would and unmap them again.  BLAS does not give up when
 * it is refused; so ask before it does.
 */
static bool has_address_space(int n)
{
    void *probe = mmap(NULL, SL_BLAS_BUFFER_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return false;
    bool enough = n == 1 || has_address_space(n - 1);
    munmap(probe, SL_BLAS_BUFFER_BYTES);
    return enough;
}

/* Hold n buffers at once: those that are not there yet are mapped. */
static void take_buffers(int n)
{
    if (n == 0)
        return;
    void *buffer = sl_blas_take_buffer();
    take_buffers(n - 1);
    sl_blas_give_buffer(buffer);
}

/* Whether BLAS can serve n more threads than are announced. */
static sluice_status check_room_locked(int n, sluice_diag *why)
{
    if (!process.guarded)
        return sluice_diag_set(why, SLUICE_SYSTEM,
                               "the system had no room for a handler of fork() "
                               "when the library was loaded");
    int most = sl_blas_most_callers();
    if (n > most - process.announced)
        return sluice_diag_set(
            why, SLUICE_NO_MEMORY,
            "this BLAS has packing buffers for %d devices at once in a "
            "process; %d are live and %d more were asked for: destroy a "
            "pipeline first, or use fewer devices",
            most, process.announced, n);
    int more = process.announced + n - process.n_buffers;
    if (more > 0 && !has_address_space(more))
        return sluice_diag_set(
            why, SLUICE_NO_MEMORY,
            "no address space for %d packing buffers of BLAS of %d MiB each; "
            "use fewer devices or raise the limit",
            more, SL_BLAS_BUFFER_BYTES >> 20);
    return SLUICE_OK;
}

sluice_status sl_blas_reserve(int n, sluice_diag *why)
{
    assert(n >= 1);
    pthread_mutex_lock(&process.mu);
    sluice_status st = check_room_locked(n, why);
    if (!st) {
        process.announced += n;
        if (process.announced > process.n_buffers) {
            process.n_buffers = process.announced;
            take_buffers(process.n_buffers);
        }
    }
    pthread_mutex_unlock(&process.mu);
    return st;
}

void sl_blas_unreserve(int n)
{
    pthread_mutex_lock(&process.mu);
    assert(process.announced >= n);
    process.announced -= n;
    pthread_mutex_unlock(&process.mu);
}
