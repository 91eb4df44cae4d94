/* Schedules as plain arrays, for the oracle of the verifier and its mutants. */
#ifndef SL_TEST_SCHED_NAIVE_PLAN_H
#define SL_TEST_SCHED_NAIVE_PLAN_H

#include <string.h>

#include <check.h>
#include <sluice/schedule.h>

enum {
    NAIVE_DEVICES = 4,
    NAIVE_STAGES = 8,
    NAIVE_MICROBATCHES = 6,
    NAIVE_ACTIONS = 256,
    NAIVE_CAPACITY = 8, /* at most */
    NAIVE_EDGES = 3,
};

/* A schedule in fixed arrays, easy to mutate. */
struct plan {
    int n_edges;
    sluice_schedule_edge edges[NAIVE_EDGES];
    int devices;
    int stages;
    int copies; /* 0: one */
    int microbatches;
    int stage_device[NAIVE_STAGES];
    int n[NAIVE_DEVICES];
    sluice_action list[NAIVE_DEVICES][NAIVE_ACTIONS];
};

static inline void plan_from(struct plan *plan, const sluice_schedule *schedule)
{
    memset(plan, 0, sizeof *plan);
    plan->devices = sluice_schedule_n_devices(schedule);
    plan->stages = sluice_schedule_n_stages(schedule);
    plan->copies = sluice_schedule_n_copies(schedule);
    plan->microbatches = sluice_schedule_n_microbatches(schedule);
    for (int s = 0; s < plan->stages; s++)
        plan->stage_device[s] = sluice_schedule_stage_device(schedule, s);
    for (int d = 0; d < plan->devices; d++) {
        const sluice_action *actions =
            sluice_schedule_actions(schedule, d, &plan->n[d]);
        ck_assert_int_lt(plan->n[d], NAIVE_ACTIONS);
        memcpy(plan->list[d], actions, (size_t)plan->n[d] * sizeof *actions);
    }
}

static inline void plan_append(struct plan *plan, int device, int kind,
                               int stage, int microbatch)
{
    plan->list[device][plan->n[device]++] =
        (sluice_action){kind, stage, microbatch};
}

static inline sluice_schedule *plan_build(const struct plan *plan)
{
    sluice_schedule *schedule = NULL;
    sluice_status st = sluice_schedule_create_copies(
        plan->devices, plan->stages, plan->copies ? plan->copies : 1,
        plan->microbatches, plan->stage_device, NULL, &schedule, NULL);
    for (int d = 0; d < plan->devices; d++)
        for (int i = 0; i < plan->n[d] && !st; i++)
            st = sluice_schedule_append(schedule, d, plan->list[d][i], NULL);
    ck_assert_int_eq(st, SLUICE_OK);
    return schedule;
}

static inline sluice_status plan_verify(const struct plan *plan, int capacity,
                                        bool forward_only, sluice_diag *why)
{
    sluice_schedule *schedule = plan_build(plan);
    sluice_status st = sluice_schedule_verify(
        schedule,
        &(sluice_verify_config){.queue_capacity = capacity,
                                .forward_only = forward_only,
                                .edges = plan->edges,
                                .n_edges = plan->n_edges},
        NULL, why);
    sluice_schedule_destroy(schedule);
    return st;
}

#endif
