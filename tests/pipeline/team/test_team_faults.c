/*
 * Promise B1 with teams: whichever device of a team fails, in whichever pass of
 * a layer that all of them work, the step ends with its error, on all devices,
 * changes nothing, and the next step works.
 */
#include <sluice/pipeline.h>

#include "support/grid.h"
#include "support/faults/member_fault.h"
#include "support/runner.h"

enum {
    WIDTH = SL_TEST_MEMBER_WIDTH,
    BATCH = 8,
    MICROBATCHES = 4,
    LAYERS = 4,
    N_PASSES = SL_TEST_MEMBER_SPOILS, /* that fail by themselves */
};

static struct sl_test_member_fault *const fault = &sl_test_member_fault;

static float x[BATCH * WIDTH], y[BATCH * WIDTH];

static sluice_pipeline *make_pipeline(const sluice_model *model,
                                      const char *schedule, int devices,
                                      int replicas, int team)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    const sluice_pipeline_config config = {
        .schedule = {.name = schedule,
                     .devices = devices,
                     .microbatches = MICROBATCHES / replicas},
        .replicas = replicas,
        .team = team,
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    sluice_pipeline *pipe;
    sluice_diag why;
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static void read(const sluice_pipeline *pipe, float *w)
{
    ck_assert(!sluice_pipeline_get_parameter(pipe, "0.weight", w, WIDTH * WIDTH,
                                             NULL));
    ck_assert(!sluice_pipeline_get_parameter(
        pipe, "2.weight", w + WIDTH * WIDTH, WIDTH * WIDTH, NULL));
}

/* The member that has the columns from fault->first on, of the replica and
 * place of the call. */
static int expected(int devices, int replicas, int team)
{
    int replica = (int)(fault->first_row * replicas / BATCH);
    int place = fault->layer * devices / LAYERS;
    return (replica * devices + place) * team +
           (int)fault->first / (WIDTH / team);
}

static void check_cell(sluice_pipeline *pipe, int devices, int replicas,
                       int team)
{
    static float before[2 * WIDTH * WIDTH], after[2 * WIDTH * WIDTH];
    sluice_diag why = {.text = ""};
    read(pipe, before);
    atomic_store(&fault->armed, true);
    ck_assert_int_eq(sluice_pipeline_step(pipe, x, y, BATCH, NULL, &why),
                     SLUICE_IO);
    atomic_store(&fault->armed, false);
    ck_assert_str_eq(why.text, "a member broke");
    ck_assert_int_eq(why.device, expected(devices, replicas, team));
    ck_assert_int_eq(why.action[1],
                     fault->pass == SL_TEST_MEMBER_FORWARD ? 'F' : 'B');
    read(pipe, after);
    ck_assert_mem_eq(before, after, sizeof after);
    ck_assert(!sluice_pipeline_step(pipe, x, y, BATCH, NULL, &why));
    read(pipe, after);
    ck_assert_mem_ne(before, after, sizeof after);
}

static void check_all(const char *schedule, int devices, int replicas, int team)
{
    sluice_model *model = sl_test_member_model(LAYERS);
    ck_assert(model);
    sluice_pipeline *pipe =
        make_pipeline(model, schedule, devices, replicas, team);
    for (int n = 0; n < N_PASSES * 2 * 2 * MICROBATCHES; n++) {
        fault->pass = (enum sl_test_member_pass)(n % N_PASSES);
        fault->layer = n / N_PASSES % 2 ? 3 : 1;
        fault->before = n / N_PASSES / 2 % 2;
        fault->first_row = (int64_t)(n / N_PASSES / 4) * (BATCH / MICROBATCHES);
        for (int member = 0; member < team; member++) {
            if (sl_test_skips())
                continue;
            fault->first = (int64_t)member * (WIDTH / team);
            check_cell(pipe, devices, replicas, team);
        }
    }
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

START_TEST(a_fault_in_any_device_of_any_team_ends_the_step_with_its_error)
{
    for (int i = 0; i < BATCH * WIDTH; i++) {
        x[i] = (float)(i % 7) - 3;
        y[i] = (float)(i % 5) - 2;
    }
    check_all("gpipe", 1, 1, 2);
    check_all("1f1b", 2, 1, 2);
    check_all("gpipe", 1, 2, 2);
    check_all("1f1b", 2, 2, 2);
    check_all("gpipe", 2, 1, 4);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.team_faults",
                 a_fault_in_any_device_of_any_team_ends_the_step_with_its_error)
