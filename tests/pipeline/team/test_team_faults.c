/*
 * Promise B1 with teams: whichever device of a team fails, in whichever pass of
 * a layer that all of them work, the step ends with its error, on all devices,
 * changes nothing, and the next step works.
 */
#include <stdatomic.h>
#include <string.h>

#include <sluice/layer.h>
#include <sluice/pipeline.h>
#include <sluice/team.h>

#include "support/runner.h"

enum { WIDTH = 64, BATCH = 8, MICROBATCHES = 4, LAYERS = 4 };

enum pass { FORWARD, INPUT, N_PASSES };

/* Which call fails: of the device with that share, in that pass. */
static struct {
    atomic_bool armed;
    enum pass pass;
    int layer;
    int64_t first_row;
    int64_t first; /* of the columns of the device that fails */
    bool before;   /* it fails before the layer's own meeting, or after it */
} fault;

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)config;
    (void)why;
    plan->out = plan->in;
    return SLUICE_OK;
}

static bool fails(const sluice_layer_call *call, enum pass pass, int64_t first,
                  bool before)
{
    return atomic_load(&fault.armed) && fault.pass == pass &&
           fault.layer == call->layer && fault.first_row == call->first_row &&
           fault.first == first && fault.before == before;
}

/* Each device copies its columns; they meet in between. */
static sluice_status pass_on(const sluice_layer_call *call, enum pass pass,
                             const float *from, float *to)
{
    int64_t first, n;
    sluice_team_share(call, WIDTH, &first, &n);
    if (fails(call, pass, first, true))
        return sluice_diag_set(call->why, SLUICE_IO, "a member broke");
    sluice_status st = sluice_team_meet(call);
    if (st)
        return st;
    if (fails(call, pass, first, false))
        return sluice_diag_set(call->why, SLUICE_IO, "a member broke");
    for (int64_t r = 0; r < call->rows && to; r++)
        memcpy(to + r * WIDTH + first, from + r * WIDTH + first,
               (size_t)n * sizeof *to);
    return SLUICE_OK;
}

static sluice_status forward(const sluice_layer_call *call)
{
    return pass_on(call, FORWARD, call->x, call->y);
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    return pass_on(call, INPUT, call->dy, call->dx);
}

static const sluice_layer_ops shared = {
    .name = "shared",
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_SHARES,
};

static float x[BATCH * WIDTH], y[BATCH * WIDTH];

/* linear, shared, linear, shared. */
static sluice_model *make_model(void)
{
    const sluice_model_config empty = {.input = sluice_shape_vector(WIDTH)};
    const sluice_linear_config linear = {.out = WIDTH};
    sluice_model *model;
    ck_assert(!sluice_model_create(&empty, &model, NULL));
    for (int i = 0; i < LAYERS; i += 2) {
        ck_assert(!sluice_model_add(model, sluice_linear(), &linear, NULL));
        ck_assert(!sluice_model_add(model, &shared, NULL, NULL));
    }
    return model;
}

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

/* The member that has the columns from fault.first on, of the replica and place
 * of the call. */
static int expected(int devices, int replicas, int team)
{
    int replica = (int)(fault.first_row * replicas / BATCH);
    int place = fault.layer * devices / LAYERS;
    return (replica * devices + place) * team +
           (int)fault.first / (WIDTH / team);
}

static void check_cell(sluice_pipeline *pipe, int devices, int replicas,
                       int team)
{
    static float before[2 * WIDTH * WIDTH], after[2 * WIDTH * WIDTH];
    sluice_diag why = {.text = ""};
    read(pipe, before);
    atomic_store(&fault.armed, true);
    ck_assert_int_eq(sluice_pipeline_step(pipe, x, y, BATCH, NULL, &why),
                     SLUICE_IO);
    atomic_store(&fault.armed, false);
    ck_assert_str_eq(why.text, "a member broke");
    ck_assert_int_eq(why.device, expected(devices, replicas, team));
    ck_assert_int_eq(why.action[1], fault.pass == FORWARD ? 'F' : 'B');
    read(pipe, after);
    ck_assert_mem_eq(before, after, sizeof after);
    ck_assert(!sluice_pipeline_step(pipe, x, y, BATCH, NULL, &why));
    read(pipe, after);
    ck_assert_mem_ne(before, after, sizeof after);
}

static void check_all(const char *schedule, int devices, int replicas, int team)
{
    sluice_model *model = make_model();
    sluice_pipeline *pipe =
        make_pipeline(model, schedule, devices, replicas, team);
    for (int n = 0; n < N_PASSES * 2 * 2 * MICROBATCHES; n++) {
        fault.pass = (enum pass)(n % N_PASSES);
        fault.layer = n / N_PASSES % 2 ? 3 : 1;
        fault.before = n / N_PASSES / 2 % 2;
        fault.first_row = (int64_t)(n / N_PASSES / 4) * (BATCH / MICROBATCHES);
        for (int member = 0; member < team; member++) {
            fault.first = (int64_t)member * (WIDTH / team);
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
