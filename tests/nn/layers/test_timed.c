/* Timed layers last as long as they say. */
#include <sluice/layer.h>

#include <string.h>

#include "base/clock.h"
#include "nn/rig.h"
#include "support/runner.h"

enum { MS = 1000 * 1000 };

static sluice_timed_config config = {
    .forward_ns = 1 * MS,
    .input_ns = 2 * MS,
    .weight_ns = 3 * MS,
    .recompute_ns = 4 * MS,
};

typedef sluice_status pass(const sluice_layer_call *call);

static int64_t time_of(pass *run, const sluice_layer_call *call)
{
    int64_t start_ns = sl_now_ns();
    return run(call) ? -1 : sl_now_ns() - start_ns;
}

/* How much longer is a matter of the machine: nn.timed_accuracy. */
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
    ck_assert_int_ge(forward, 1 * MS);
    ck_assert_int_ge(input, 2 * MS);
    ck_assert_int_ge(weight, 3 * MS);
    ck_assert_int_ge(recompute, 4 * MS);
    for (int i = 0; i < 8; i++) {
        float scale = rig.call.params[0][i % 4];
        ck_assert(rig.call.y[i] == rig.x[i] * scale);
        ck_assert(rig.call.dx[i] == rig.call.dy[i] * scale);
    }
    rig_fini(&rig);
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
                 negative_times_are_refused)
