/* Timed layers last as long as they say, and do not need a core for it. */
#include <sluice/layer.h>

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "nn/rig.h"
#include "support/runner.h"

enum { MS = 1000 * 1000, THREADS = 8, CELLS = 50 };

static sluice_timed_config config = {
    .forward_ns = 1 * MS,
    .input_ns = 2 * MS,
    .weight_ns = 3 * MS,
    .recompute_ns = 4 * MS,
};

typedef sluice_status pass(const sluice_layer_call *call);

/* The shortest of a few calls: what else the machine does is not its fault. */
static int64_t time_of(pass *run, const sluice_layer_call *call)
{
    int64_t shortest = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t start_ns = sl_now_ns();
        if (run(call))
            return -1;
        int64_t ns = sl_now_ns() - start_ns;
        shortest = ns < shortest ? ns : shortest;
    }
    return shortest;
}

START_TEST(each_pass_takes_its_own_time)
{
    struct rig rig;
    const sluice_layer_ops *timed = sluice_timed();
    ck_assert(!rig_init(&rig, timed, &config, sluice_shape_vector(4), 2, 1));
    int64_t forward = time_of(timed->forward, &rig.call);
    int64_t input = time_of(timed->backward_input, &rig.call);
    int64_t weight = time_of(timed->backward_weight, &rig.call);
    rig.call.recompute = true;
    int64_t recompute = time_of(timed->forward, &rig.call);
    ck_assert(forward >= 1 * MS && forward < 2 * MS);
    ck_assert(input >= 2 * MS && input < 3 * MS);
    ck_assert(weight >= 3 * MS && weight < 4 * MS);
    ck_assert(recompute >= 4 * MS && recompute < 5 * MS);
    for (int i = 0; i < 8; i++) {
        float scale = rig.call.params[0][i % 4];
        ck_assert(rig.call.y[i] == rig.x[i] * scale);
        ck_assert(rig.call.dx[i] == rig.call.dy[i] * scale);
    }
    rig_fini(&rig);
}
END_TEST

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

START_TEST(negative_times_are_refused)
{
    for (int i = 0; i < 4; i++) {
        sluice_timed_config bad = {0};
        int64_t *times[] = {&bad.forward_ns, &bad.input_ns, &bad.weight_ns,
                            &bad.recompute_ns};
        *times[i] = -5;
        struct rig rig;
        ck_assert_int_eq(
            rig_init(&rig, sluice_timed(), &bad, sluice_shape_vector(4), 2, 1),
            SLUICE_INVALID);
        ck_assert(strstr(rig.why.text, "-5"));
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.timed", each_pass_takes_its_own_time,
                 many_can_share_a_core, negative_times_are_refused)
