/*
 * A device that is stuck in an S or T of a cut vocabulary, or in what these
 * wait for, is named, and all others wait for it, also in a team.
 */
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <sluice/pipeline.h>

#include "pipeline/failures/standstill.h"
#include "pipeline/failures/tied_model.h"
#include "support/runner.h"

enum {
    BATCH = 6,
    MICROBATCHES = 3,
    DEVICES = 3,
    VOCABULARY = 6, /* two rows for each device */
    LIMIT_NS = 10 * 1000 * 1000
};

/* The call of a head or of an embedding that is stuck. */
static struct {
    sem_t reported;
    atomic_bool armed; /* [atomic] by the test; one call takes it */
    atomic_bool waits; /* [atomic] by that call, until it is reported */
    char pass;         /* e, and f, i, w of the head */
    int64_t first_row;
    char operation[SLUICE_DIAG_ACTION];
    char part[16];
    bool all_wait;
} stuck;

static void wait_there(const sluice_layer_call *call, char pass)
{
    if (pass == stuck.pass && call->first_row == stuck.first_row &&
        atomic_exchange(&stuck.armed, false)) {
        atomic_store(&stuck.waits, true);
        sem_wait(&stuck.reported);
    }
}

static sluice_status slow_embedding(const sluice_layer_call *call)
{
    wait_there(call, 'e');
    return sluice_embedding()->backward_weight(call);
}

static sluice_status slow_forward(const sluice_layer_call *call)
{
    wait_there(call, 'f');
    return sluice_head()->forward(call);
}

static sluice_status slow_input(const sluice_layer_call *call)
{
    wait_there(call, 'i');
    return sluice_head()->backward_input(call);
}

static sluice_status slow_weight(const sluice_layer_call *call)
{
    wait_there(call, 'w');
    return sluice_head()->backward_weight(call);
}

/* The device that alone does not wait, once there is only one. */
static int find_stuck(sluice_pipeline *pipe, sluice_activity *activity)
{
    for (;;) {
        int n = 0, device = -1;
        for (int d = 0; d < DEVICES; d++) {
            sluice_pipeline_activity(pipe, d, activity);
            if (activity->doing != SLUICE_RUNNING &&
                activity->doing != SLUICE_IDLE)
                continue;
            n++;
            device = d;
        }
        sluice_pipeline_activity(pipe, device < 0 ? 0 : device, activity);
        if (n == 1)
            return device;
        sched_yield();
    }
}

/* A slow machine may have others reported, before or besides. */
static void note(void *context, sluice_pipeline *pipe,
                 const sluice_activity *reported, int64_t stuck_ns)
{
    sluice_activity activity;
    (void)context;
    if (!sl_test_await_cell(pipe, reported, &stuck.waits) ||
        stuck_ns < LIMIT_NS)
        return;
    int device = find_stuck(pipe, &activity);
    strcpy(stuck.operation, activity.operation);
    snprintf(stuck.part, sizeof stuck.part, "%s", activity.part);
    stuck.all_wait = sl_test_await_standstill(pipe, device);
    atomic_store(&stuck.waits, false);
    sem_post(&stuck.reported);
}

static void stick(sluice_pipeline *pipe, char pass, int microbatch)
{
    static const int32_t x[BATCH] = {0, 1, 2, 3, 4, 5};
    static const int32_t labels[BATCH] = {5, 4, 3, 2, 1, 0};
    sluice_diag why = {.text = ""};
    stuck.pass = pass;
    stuck.first_row = microbatch * (BATCH / MICROBATCHES);
    stuck.operation[0] = '\0';
    atomic_store(&stuck.armed, true);
    ck_assert_msg(!sluice_pipeline_step(pipe, x, labels, BATCH, NULL, &why),
                  "%s", why.text);
    const char *kind = pass == 'e' ? "B" : pass == 'w' ? "T" : "S";
    ck_assert_msg(strstr(stuck.operation, kind) != NULL, "%c %d: %s", pass,
                  microbatch, stuck.operation);
    ck_assert_str_eq(stuck.part, pass == 'e' ? "embedding" : "head");
    ck_assert_msg(stuck.all_wait, "%s: a device waits for another one",
                  stuck.operation);
}

/* `places` of as many devices each as make DEVICES. */
static void stick_everywhere(int places)
{
    sluice_layer_ops embedding = *sluice_embedding(), head = *sluice_head();
    embedding.backward_weight = slow_embedding;
    head.forward = slow_forward;
    head.backward_input = slow_input;
    head.backward_weight = slow_weight;
    sluice_model *model = sl_test_tied_model((struct sl_test_tied){
        .embedding = &embedding,
        .head = &head,
        .vocabulary = VOCABULARY,
        .layers = DEVICES,
    });
    const sluice_pipeline_config config = {
        .schedule = {.name = "1f1b",
                     .devices = places,
                     .microbatches = MICROBATCHES},
        .team = DEVICES / places,
        .vocabulary_parallel = true,
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &(sluice_sgd_config){.learning_rate = 0.1},
        .watchdog_ns = LIMIT_NS,
        .on_stuck = note,
    };
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    ck_assert(!sem_init(&stuck.reported, 0, 0));
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    for (const char *pass = "efiw"; *pass; pass++)
        for (int m = 0; m < MICROBATCHES; m++)
            stick(pipe, *pass, m);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    sem_destroy(&stuck.reported);
}

START_TEST(all_others_wait_for_the_device_that_is_stuck)
{
    stick_everywhere(DEVICES);
}
END_TEST

START_TEST(so_do_the_others_of_its_team)
{
    stick_everywhere(1);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.watchdog_vocabulary",
                 all_others_wait_for_the_device_that_is_stuck,
                 so_do_the_others_of_its_team)
