/*
 * fork() while other threads prepare products: a child can prepare its own.  A
 * child that hangs at a lock is ended by its alarm.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/grid.h"
#include "support/runner.h"
#include "tensor/blas_threads.h"
#include "tensor/gemm/product.h"

enum { THREADS = 2, FORKS = 100 / SL_TEST_STRIDE, SHAPES = 4000, ALARM_S = 20 };

static atomic_bool over;

/* Another shape than before: oneDNN would not make the same one again. */
static int prepare(int64_t rows)
{
    struct sluice_product product;
    const struct sl_product_wish wish = {
        .choice = SL_GEMM_ONEDNN,
        .in = 16,
        .out = 16,
        .rows = {rows},
        .n_uses = 4,
        .n_copies = 1,
    };
    if (sl_product_settle(&product, &wish, NULL))
        return 1;
    if (sl_product_prepare(&product, NULL))
        return 2;
    sl_product_fini(&product);
    return 0;
}

static void *prepare_on(void *failed)
{
    for (int i = 0; !atomic_load(&over); i++)
        atomic_fetch_add((atomic_int *)failed, prepare(1 + i % SHAPES) != 0);
    return NULL;
}

/* What the child said, or -1 if it was killed. */
static int child_prepares(int64_t rows)
{
    pid_t pid = fork();
    if (!pid) {
        alarm(ALARM_S);
        _exit(prepare(rows));
    }
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(a_child_prepares_whatever_its_parent_was_preparing)
{
    pthread_t threads[THREADS];
    atomic_int failed = 0;
    int bad = 0;
    if (!sl_gemm_onednn())
        return;
    sl_blas_enter(); /* the handlers of fork() are linked in */
    sl_blas_leave();
    for (int i = 0; i < THREADS; i++)
        ck_assert(!pthread_create(&threads[i], NULL, prepare_on, &failed));
    for (int i = 0; i < FORKS && !bad; i++)
        bad = child_prepares(1 + i % SHAPES);
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(bad, 0);
    ck_assert_int_eq(failed, 0);
}
END_TEST

SLUICE_TEST_MAIN("tensor.product_fork",
                 a_child_prepares_whatever_its_parent_was_preparing)
