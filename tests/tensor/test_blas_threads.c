/* The host's BLAS setting comes back; buffers are there or refused. */
#include "tensor/blas_threads.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "support/runner.h"
#include "tensor/gemm.h"

enum { HOST = 2, MANY = 1000, MOST_BUFFERS = 8 };

static void as_host(int n)
{
    sl_blas_set_n_threads(n);
    ck_assert_int_eq(sl_blas_n_threads(), n);
}

START_TEST(one_thread_inside_and_the_hosts_after)
{
    as_host(HOST);
    sl_blas_enter();
    ck_assert_int_eq(sl_blas_n_threads(), 1);
    sl_blas_leave();
    ck_assert_int_eq(sl_blas_n_threads(), HOST);
}
END_TEST

START_TEST(the_last_of_nested_users_restores)
{
    as_host(HOST);
    sl_blas_enter();
    sl_blas_enter();
    sl_blas_leave();
    ck_assert_int_eq(sl_blas_n_threads(), 1);
    sl_blas_enter();
    sl_blas_leave();
    ck_assert_int_eq(sl_blas_n_threads(), 1);
    sl_blas_leave();
    ck_assert_int_eq(sl_blas_n_threads(), HOST);
}
END_TEST

START_TEST(a_host_with_one_thread_keeps_it)
{
    as_host(1);
    sl_blas_enter();
    ck_assert_int_eq(sl_blas_n_threads(), 1);
    sl_blas_leave();
    ck_assert_int_eq(sl_blas_n_threads(), 1);
}
END_TEST

START_TEST(a_change_between_two_users_is_respected)
{
    as_host(HOST);
    sl_blas_enter();
    sl_blas_leave();
    as_host(1);
    sl_blas_enter();
    sl_blas_leave();
    ck_assert_int_eq(sl_blas_n_threads(), 1);
}
END_TEST

/* One of two threads that come and go; counts when BLAS had more than one. */
static void *come_and_go(void *argument)
{
    long *wrong = argument;
    for (int i = 0; i < MANY; i++) {
        sl_blas_enter();
        *wrong += sl_blas_n_threads() != 1;
        sl_blas_leave();
    }
    return NULL;
}

START_TEST(two_threads_may_come_and_go)
{
    pthread_t threads[2];
    long wrong[2] = {0};
    as_host(HOST);
    for (int i = 0; i < 2; i++)
        ck_assert(!pthread_create(&threads[i], NULL, come_and_go, &wrong[i]));
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(wrong[0] + wrong[1], 0);
    ck_assert_int_eq(sl_blas_n_threads(), HOST);
}
END_TEST

static void *leave(void *argument)
{
    (void)argument;
    sl_blas_leave();
    return NULL;
}

START_TEST(another_thread_may_leave)
{
    pthread_t thread;
    as_host(HOST);
    sl_blas_enter();
    ck_assert(!pthread_create(&thread, NULL, leave, NULL));
    pthread_join(thread, NULL);
    ck_assert_int_eq(sl_blas_n_threads(), HOST);
}
END_TEST

static rlim_t address_space(void)
{
    struct rlimit limit;
    ck_assert(!getrlimit(RLIMIT_AS, &limit));
    return limit.rlim_cur;
}

static void limit_address_space(rlim_t bytes)
{
    struct rlimit limit;
    ck_assert(!getrlimit(RLIMIT_AS, &limit));
    limit.rlim_cur = bytes;
    ck_assert(!setrlimit(RLIMIT_AS, &limit));
}

/* With room for nothing more, what is reserved can be had, and no more. */
START_TEST(reserved_buffers_need_no_memory)
{
    rlim_t before = address_space();
    void *buffers[MOST_BUFFERS];
    sluice_diag why;
    ck_assert(!sl_blas_reserve(MOST_BUFFERS, NULL));
    limit_address_space(1 << 20);
    for (int i = 0; i < MOST_BUFFERS; i++)
        buffers[i] = sl_blas_take_buffer();
    for (int i = 0; i < MOST_BUFFERS; i++)
        sl_blas_give_buffer(buffers[i]);
    sluice_status refused = sl_blas_reserve(1, &why);
    sl_blas_unreserve(MOST_BUFFERS);
    sluice_status again = sl_blas_reserve(MOST_BUFFERS, NULL);
    limit_address_space(before);
    ck_assert_int_eq(refused, SLUICE_NO_MEMORY);
    ck_assert(strstr(why.text, "128 MiB"));
    ck_assert_int_eq(again, SLUICE_OK);
    sl_blas_unreserve(MOST_BUFFERS);
}
END_TEST

START_TEST(a_refusal_announces_nothing)
{
    rlim_t before = address_space();
    ck_assert(!sl_blas_reserve(MOST_BUFFERS, NULL));
    sl_blas_unreserve(MOST_BUFFERS);
    limit_address_space(1 << 20);
    sluice_status refused = sl_blas_reserve(MOST_BUFFERS + 1, NULL);
    sluice_status fewer = sl_blas_reserve(MOST_BUFFERS, NULL);
    limit_address_space(before);
    ck_assert_int_eq(refused, SLUICE_NO_MEMORY);
    ck_assert_int_eq(fewer, SLUICE_OK);
    sl_blas_unreserve(MOST_BUFFERS);
}
END_TEST

START_TEST(no_more_threads_are_announced_than_blas_can_serve)
{
    sluice_diag why;
    int most = sl_blas_most_callers();
    ck_assert(!sl_blas_reserve(most - 1, NULL));
    ck_assert_int_eq(sl_blas_reserve(2, &why), SLUICE_NO_MEMORY);
    ck_assert(!sl_blas_reserve(1, NULL));
    ck_assert_int_eq(sl_blas_reserve(1, &why), SLUICE_NO_MEMORY);
    ck_assert(strstr(why.text, "destroy a pipeline first"));
    ck_assert_int_eq(sl_blas_reserve(INT_MAX, NULL), SLUICE_NO_MEMORY);
    sl_blas_unreserve(most);
}
END_TEST

/* The table of this BLAS, by its source: 2 entries per thread, at least 50. */
START_TEST(the_pool_and_all_announced_threads_fit_into_the_table)
{
    const char *built = strstr(sl_blas_config(), "MAX_THREADS=");
    ck_assert(built);
    int n = atoi(built + strlen("MAX_THREADS="));
    ck_assert_int_ge(n, 1);
    ck_assert_int_le(n - 1 + sl_blas_most_callers(), n > 25 ? 2 * n : 50);
}
END_TEST

START_TEST(this_blas_obeys)
{
    ck_assert(!sl_blas_is_openmp());
}
END_TEST

SLUICE_TEST_MAIN("tensor.blas_threads", one_thread_inside_and_the_hosts_after,
                 the_last_of_nested_users_restores,
                 a_host_with_one_thread_keeps_it,
                 a_change_between_two_users_is_respected,
                 two_threads_may_come_and_go, another_thread_may_leave,
                 reserved_buffers_need_no_memory, a_refusal_announces_nothing,
                 no_more_threads_are_announced_than_blas_can_serve,
                 the_pool_and_all_announced_threads_fit_into_the_table,
                 this_blas_obeys)
