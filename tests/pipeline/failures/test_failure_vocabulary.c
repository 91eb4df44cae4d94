/*
 * Whatever fails in an S or T of a cut vocabulary, under each schedule that
 * goes with one: the step ends with that cell and status, changes nothing, and
 * the next step works.  A second pipeline makes the good steps only.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <sluice/pipeline.h>

#include "pipeline/failures/tied_model.h"
#include "support/grid.h"
#include "support/runner.h"

enum {
    BATCH = 6,
    MICROBATCHES = 3,
    WIDTH = SL_TEST_TIED_WIDTH,
    VOCABULARY = 7, /* uneven parts */
    LAYERS = 6,
    MOST_DEVICES = 3
};

enum trouble { STATUS, CANCEL, NOT_A_NUMBER };

/* The call of a head that fails: of those of all devices, the one that comes
 * as number `turn`. */
static struct {
    atomic_int turn; /* [atomic] counted down by calls; < 0: none */
    char pass;       /* f and i of an S, w of a T */
    int64_t first_row;
    enum trouble trouble;
    sluice_status status;  /* of STATUS */
    sluice_pipeline *pipe; /* to be cancelled */
} fault;

static bool is_there(const sluice_layer_call *call, char pass)
{
    return pass == fault.pass && call->first_row == fault.first_row &&
           atomic_load(&fault.turn) >= 0 &&
           atomic_fetch_sub(&fault.turn, 1) == 0;
}

/* `made` floats are what the call has written. */
static sluice_status spoil(float *made, sluice_status st)
{
    if (fault.trouble == STATUS)
        return fault.status;
    if (fault.trouble == CANCEL)
        sluice_pipeline_cancel(fault.pipe);
    else
        *made = NAN;
    return st;
}

static sluice_status forward(const sluice_layer_call *call)
{
    sluice_status st = sluice_head()->forward(call);
    return is_there(call, 'f') ? spoil(call->y, st) : st;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    sluice_status st = sluice_head()->backward_input(call);
    return is_there(call, 'i') ? spoil(call->dx, st) : st;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    sluice_status st = sluice_head()->backward_weight(call);
    return is_there(call, 'w') ? spoil(call->grads[0], st) : st;
}

/* NULL if the schedule does not go with a cut vocabulary. */
static sluice_pipeline *create(const char *name, int devices,
                               const sluice_model *model)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    const sluice_pipeline_config config = {
        .schedule = {.name = name,
                     .devices = devices,
                     .microbatches = MICROBATCHES},
        .vocabulary_parallel = true,
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 5,
    };
    sluice_pipeline *pipe;
    return sluice_pipeline_create(&config, model, &pipe, NULL) ? NULL : pipe;
}

static sluice_status step(sluice_pipeline *pipe, sluice_diag *why)
{
    static const int32_t x[BATCH] = {0, 1, 2, 3, 4, 6};
    static const int32_t labels[BATCH] = {5, 4, 3, 2, 6, 0};
    return sluice_pipeline_step(pipe, x, labels, BATCH, NULL, why);
}

static void check_equal(const char *name, const sluice_pipeline *one,
                        const sluice_pipeline *other)
{
    for (int i = 0; i <= LAYERS; i++) {
        char parameter[32];
        float values[2][VOCABULARY * WIDTH];
        int64_t n = i ? WIDTH * WIDTH : VOCABULARY * WIDTH;
        snprintf(parameter, sizeof parameter, "%d.weight", i);
        ck_assert(
            !sluice_pipeline_get_parameter(one, parameter, values[0], n, NULL));
        ck_assert(!sluice_pipeline_get_parameter(other, parameter, values[1], n,
                                                 NULL));
        ck_assert_msg(!memcmp(values[0], values[1], (size_t)n * sizeof(float)),
                      "%s: %s is another one", name, parameter);
    }
}

/* The cell is one of its device: an S or T is of the device's first stage. */
static bool is_blamed(const sluice_pipeline *pipe, const sluice_diag *why)
{
    const sluice_schedule *schedule = sluice_pipeline_schedule(pipe);
    int m = (int)(fault.first_row / (BATCH / MICROBATCHES));
    char want[SLUICE_DIAG_ACTION];
    if (fault.trouble == CANCEL)
        return true; /* the sentence names no cell */
    if (why->microbatch != m ||
        why->device != sluice_schedule_stage_device(schedule, why->stage))
        return false;
    for (int s = 0; s < why->stage && fault.trouble == STATUS; s++)
        if (sluice_schedule_stage_device(schedule, s) == why->device)
            return false;
    sluice_action_format(
        (sluice_action){.kind = fault.pass == 'w' ? SLUICE_T : SLUICE_S,
                        .stage = why->stage,
                        .microbatch = m},
        want, sizeof want);
    return fault.trouble == NOT_A_NUMBER || !strcmp(why->action, want);
}

static void fail_step(const char *name, sluice_pipeline *pipe,
                      sluice_pipeline *other, int turn, sluice_status expected)
{
    sluice_diag why = {.text = ""};
    uint64_t n_steps = sluice_pipeline_n_steps(pipe);
    fault.pipe = pipe;
    atomic_store(&fault.turn, turn);
    sluice_status st = step(pipe, &why);
    atomic_store(&fault.turn, -1);
    ck_assert_msg(st == expected && is_blamed(pipe, &why),
                  "%s, %c of row %d, turn %d: %s in %s of device %d: %s", name,
                  fault.pass, (int)fault.first_row, turn,
                  sluice_status_name(st), why.action, why.device, why.text);
    ck_assert_uint_eq(sluice_pipeline_n_steps(pipe), n_steps);
    check_equal(name, pipe, other);
    ck_assert_msg(!step(pipe, &why) && !step(other, NULL), "%s: %s", name,
                  why.text);
    check_equal(name, pipe, other);
}

static void fail_at(const char *name, int devices, sluice_pipeline *pipe,
                    sluice_pipeline *other)
{
    for (int turn = 0; turn < devices; turn++) {
        if (sl_test_skips_of(3))
            continue;
        fault.trouble = STATUS;
        fault.status = turn % 2 ? SLUICE_NO_MEMORY : SLUICE_IO;
        fail_step(name, pipe, other, turn, fault.status);
        fault.trouble = CANCEL;
        fail_step(name, pipe, other, turn, SLUICE_CANCELLED);
        fault.trouble = NOT_A_NUMBER;
        if (fault.pass == 'f')
            fail_step(name, pipe, other, turn, SLUICE_NOT_FINITE);
    }
}

/* Returns whether the schedule goes with a cut vocabulary. */
static bool fail_under(const char *name, int devices, const sluice_model *model)
{
    sluice_pipeline *pipe = create(name, devices, model);
    sluice_pipeline *other = create(name, devices, model);
    ck_assert(!pipe == !other);
    if (!pipe)
        return false;
    for (const char *pass = "fiw"; *pass; pass++)
        for (int m = 0; m < MICROBATCHES; m++) {
            fault.pass = *pass;
            fault.first_row = m * (BATCH / MICROBATCHES);
            fail_at(name, devices, pipe, other);
        }
    sluice_pipeline_destroy(pipe);
    sluice_pipeline_destroy(other);
    return true;
}

START_TEST(whatever_fails_in_an_s_or_t_is_reported_and_changes_nothing)
{
    sluice_layer_ops head = *sluice_head();
    head.forward = forward;
    head.backward_input = backward_input;
    head.backward_weight = backward_weight;
    sluice_model *model = sl_test_tied_model((struct sl_test_tied){
        .embedding = sluice_embedding(),
        .head = &head,
        .vocabulary = VOCABULARY,
        .layers = LAYERS,
    });
    int n = 0;
    atomic_store(&fault.turn, -1);
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int k = 2; k <= MOST_DEVICES; k++)
            n += fail_under(sluice_schedule_generator(i), k, model);
    ck_assert_int_ge(n, 12);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.failure_vocabulary",
                 whatever_fails_in_an_s_or_t_is_reported_and_changes_nothing)
