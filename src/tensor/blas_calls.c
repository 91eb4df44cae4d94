/* Which threads are inside BLAS or oneDNN.  Any thread. */
#include "tensor/blas_calls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { N_COUNTS = 64, NAP_NS = 20000 };

/* Threads count on cache lines of their own, as far as there are enough. */
static struct {
    _Alignas(64) atomic_int n; /* [atomic] calls begun and not ended; pairs with
                                  sl_blas_calls_stop() */
} counts[N_COUNTS];

static atomic_bool stopped; /* [atomic] pairs with sl_blas_call_begin() */

/* The high bits of a product depend on all of the factor's (Knuth, TAOCP vol.
 * 3, 6.4: the golden ratio). */
static atomic_int *my_count(void)
{
    uint64_t hash = (uint64_t)pthread_self() * 0x9E3779B97F4A7C15u;
    return &counts[hash / (UINT64_MAX / N_COUNTS + 1)].n;
}

/* Not sched_yield(), which a thread of high priority would be back from at
 * once; and no place where the host may cancel its thread. */
static void nap(void)
{
    const struct timespec t = {.tv_nsec = NAP_NS};
    int was;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
    nanosleep(&t, NULL);
    pthread_setcancelstate(was, NULL);
}

void sl_blas_call_begin(void)
{
    atomic_int *count = my_count();
    for (;;) {
        atomic_fetch_add(count, 1);
        if (!atomic_load(&stopped))
            return;
        atomic_fetch_sub(count, 1);
        while (atomic_load(&stopped))
            nap();
    }
}

void sl_blas_call_end(void)
{
    atomic_fetch_sub(my_count(), 1);
}

void sl_blas_calls_stop(void)
{
    atomic_store(&stopped, true);
    for (int i = 0; i < N_COUNTS; i++)
        while (atomic_load(&counts[i].n))
            nap();
}

void sl_blas_calls_resume(void)
{
    atomic_store(&stopped, false);
}
