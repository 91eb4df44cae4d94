/* fork() and BLAS: what the child finds.  Not under ThreadSanitizer, for which
 * a child leaks the threads that it does not have. */
#include "tensor/blas_calls.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/runner.h"
#include "tensor/blas_threads.h"

enum { HOST = 2, MANY = 1000 };

static void as_host(int n)
{
    sl_blas_set_n_threads(n);
    ck_assert_int_eq(sl_blas_n_threads(), n);
}

/* What a child of fork() finds; it cannot assert for the parent. */
static int look_in_child(void)
{
    if (sl_blas_n_threads() != HOST)
        return 1;
    sl_blas_leave(); /* of an enter before the fork */
    if (sl_blas_n_threads() != HOST)
        return 2;
    sl_blas_enter();
    if (sl_blas_n_threads() != 1)
        return 3;
    sl_blas_leave();
    return sl_blas_n_threads() == HOST ? 0 : 4;
}

START_TEST(a_child_has_the_hosts_setting_and_no_users)
{
    as_host(HOST);
    sl_blas_enter();
    pid_t pid = fork();
    if (!pid)
        _exit(look_in_child());
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(sl_blas_n_threads(), 1);
    sl_blas_leave();
    ck_assert_int_eq(sl_blas_n_threads(), HOST);
}
END_TEST

/* A thread that is inside BLAS until `end` is posted. */
struct call {
    sem_t begun;
    sem_t end;
    atomic_bool over; /* [atomic] just before its end */
};

static void *call(void *argument)
{
    struct call *c = argument;
    sl_blas_call_begin();
    sem_post(&c->begun);
    sem_wait(&c->end);
    for (int i = 0; i < MANY; i++)
        sched_yield(); /* fork() has time to be too early */
    atomic_store(&c->over, true);
    sl_blas_call_end();
    return NULL;
}

START_TEST(no_thread_is_inside_blas_when_a_child_is_made)
{
    pthread_t thread;
    for (int i = 0; i < 20; i++) {
        struct call c = {.over = false};
        sem_init(&c.begun, 0, 0);
        sem_init(&c.end, 0, 0);
        ck_assert(!pthread_create(&thread, NULL, call, &c));
        sem_wait(&c.begun);
        sem_post(&c.end);
        pid_t pid = fork();
        if (!pid)
            _exit(!atomic_load(&c.over));
        int status = 0;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        pthread_join(thread, NULL);
        ck_assert_int_eq(status, 0);
        sem_destroy(&c.begun);
        sem_destroy(&c.end);
    }
}
END_TEST

SLUICE_TEST_MAIN("tensor.blas_calls",
                 a_child_has_the_hosts_setting_and_no_users,
                 no_thread_is_inside_blas_when_a_child_is_made)
