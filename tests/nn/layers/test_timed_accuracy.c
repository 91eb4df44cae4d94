/*
 * Timed layers do not need a core for their time.  Judged by the wall clock:
 * needs an idle machine.
 */
#include <sluice/layer.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "nn/rig.h"
#include "support/runner.h"

enum { MS = 1000 * 1000, THREADS = 8, CELLS = 50 };

static const sluice_timed_config config = {.forward_ns = 1 * MS};

static pthread_barrier_t together;

/* What one of the threads that compete for the cores measures. */
struct runner {
    struct rig rig;
    pthread_t thread;
    int64_t cell_ns[CELLS];
    int64_t cpu_ns;
};

static void *run_cells(void *argument)
{
    struct runner *runner = argument;
    pthread_barrier_wait(&together);
    int64_t cpu = sl_thread_cpu_ns();
    for (int i = 0; i < CELLS; i++) {
        int64_t start_ns = sl_now_ns();
        rig_forward(&runner->rig);
        runner->cell_ns[i] = sl_now_ns() - start_ns;
    }
    runner->cpu_ns = sl_thread_cpu_ns() - cpu;
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/*
 * With more threads than cores a cell of 1 ms still takes 1 ms: none less, half
 * of them no more than 5 % longer.  And all together take less than half of
 * what as many cores would have had.
 */
START_TEST(many_can_share_a_core)
{
    static struct runner runners[THREADS];
    static int64_t cells[THREADS * CELLS];
    int64_t cpu = 0;
    ck_assert(!pthread_barrier_init(&together, NULL, THREADS));
    for (int i = 0; i < THREADS; i++) {
        ck_assert(!rig_init(&runners[i].rig, sluice_timed(), &config,
                            sluice_shape_vector(4), 2, 1));
        ck_assert(
            !pthread_create(&runners[i].thread, NULL, run_cells, &runners[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(runners[i].thread, NULL);
        memcpy(cells + i * CELLS, runners[i].cell_ns,
               sizeof runners[i].cell_ns);
        cpu += runners[i].cpu_ns;
        rig_fini(&runners[i].rig);
    }
    pthread_barrier_destroy(&together);
    qsort(cells, THREADS * CELLS, sizeof *cells, by_size);
    ck_assert_int_ge(cells[0], MS);
    ck_assert_int_lt(cells[THREADS * CELLS / 2], MS + MS / 20);
    ck_assert_int_lt(cpu, (int64_t)THREADS * CELLS * MS / 2);
}
END_TEST

SLUICE_TEST_MAIN("nn.timed_accuracy", many_can_share_a_core)
