/* Traces with sends and receives: reports see the same as without. */
#include <sluice/attribution.h>
#include <sluice/report.h>
#include <sluice/schedule_passes.h>
#include <sluice/simulate.h>

#include "report/collect.h"
#include "sched/every.h"
#include "sched/failing.h"
#include "support/runner.h"

static int64_t costs[SLUICE_N_ACTION_KINDS] = {
    [SLUICE_F] = 1000, [SLUICE_B] = 2300, [SLUICE_I] = 1200,
    [SLUICE_W] = 1100, [SLUICE_R] = 900,  [SLUICE_UPDATE] = 300};

static sluice_simulation *simulate(const sluice_schedule *schedule,
                                   int capacity)
{
    sluice_simulation *simulation = NULL;
    const sluice_simulate_config config = {
        .costs_ns = costs, .latency_ns = 70, .queue_capacity = capacity};
    ck_assert_int_eq(sluice_simulate(schedule, &config, &simulation, NULL),
                     SLUICE_OK);
    return simulation;
}

static sluice_simulation *simulate_lowered(const sluice_schedule *schedule,
                                           int capacity)
{
    sluice_schedule *lowered = NULL;
    ck_assert_int_eq(sluice_schedule_lower(schedule, capacity, &lowered, NULL),
                     SLUICE_OK);
    sluice_simulation *simulation = simulate(lowered, capacity);
    sluice_schedule_destroy(lowered);
    return simulation;
}

static sluice_attribution attribute(const sluice_simulation *simulation,
                                    sluice_idle *devices)
{
    sluice_attribution out;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_trace_attribute(sluice_simulation_trace(simulation),
                                          NULL, devices, &out, &why),
                  "%s", why.text);
    return out;
}

static void check_one(const struct every *of)
{
    sluice_idle plain[EVERY_DEVICES], spelled[EVERY_DEVICES];
    sluice_simulation *a = simulate(of->schedule, of->capacity);
    sluice_simulation *b = simulate_lowered(of->schedule, of->capacity);
    attribute(a, plain);
    attribute(b, spelled);
    for (int d = 0; d < of->devices; d++) {
        ck_assert_int_eq(plain[d].busy_ns, spelled[d].busy_ns);
        for (int cause = 0; cause < SLUICE_N_IDLE_CAUSES; cause++)
            ck_assert_int_eq(plain[d].cause_ns[cause],
                             spelled[d].cause_ns[cause]);
    }
    sluice_simulation_destroy(b);
    sluice_simulation_destroy(a);
}

START_TEST(idle_time_has_the_same_causes)
{
    ck_assert_int_gt(for_every(check_one), 100);
}
END_TEST

START_TEST(what_hand_offs_cost_is_idle_time)
{
    sluice_idle devices[2];
    sluice_schedule *schedule = every_make("gpipe", 2, 4);
    sluice_simulation *free_of_cost = simulate_lowered(schedule, 1);
    sluice_attribution before = attribute(free_of_cost, devices);
    costs[SLUICE_SEND_F] = 50;
    sluice_simulation *dear = simulate_lowered(schedule, 1);
    sluice_attribution after = attribute(dear, devices);
    costs[SLUICE_SEND_F] = 0;
    ck_assert_int_eq(after.all.busy_ns, before.all.busy_ns);
    ck_assert_int_ge(after.all.cause_ns[SLUICE_IDLE_HAND_OFF],
                     before.all.cause_ns[SLUICE_IDLE_HAND_OFF] + 50);
    sluice_simulation_destroy(dear);
    sluice_simulation_destroy(free_of_cost);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(pictures_show_no_hand_offs)
{
    struct collect plain = {0}, spelled = {0};
    sluice_schedule *schedule = every_make("1f1b", 3, 4);
    sluice_simulation *a = simulate(schedule, 2);
    sluice_simulation *b = simulate_lowered(schedule, 2);
    static sluice_status (*const pictures[])(
        const sluice_trace *trace, const sluice_report_config *config,
        sluice_sink sink,
        sluice_diag *why) = {sluice_report_text, sluice_report_svg};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pictures[i](sluice_simulation_trace(a), NULL,
                                     collect_sink(&plain), NULL),
                         SLUICE_OK);
        ck_assert_int_eq(pictures[i](sluice_simulation_trace(b), NULL,
                                     collect_sink(&spelled), NULL),
                         SLUICE_OK);
    }
    ck_assert_str_eq(plain.text, spelled.text);
    collect_fini(&spelled);
    collect_fini(&plain);
    sluice_simulation_destroy(b);
    sluice_simulation_destroy(a);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_failed_allocation_leaves_nothing)
{
    sluice_schedule *schedule = every_make("1f1b", 2, 2);
    sluice_simulation *simulation = simulate_lowered(schedule, 2);
    sluice_status st;
    int n = 0;
    do {
        struct failing failing = {.fail_at = ++n};
        sluice_allocator allocator = failing_allocator(&failing);
        const sluice_attribution_config config = {.allocator = &allocator};
        sluice_attribution out;
        st = sluice_trace_attribute(sluice_simulation_trace(simulation),
                                    &config, NULL, &out, NULL);
        ck_assert_int_eq(failing.n_live, 0);
        ck_assert_int_eq(st,
                         failing.n_calls >= n ? SLUICE_NO_MEMORY : SLUICE_OK);
    } while (st);
    ck_assert_int_gt(n, 4);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("report.fold", idle_time_has_the_same_causes,
                 what_hand_offs_cost_is_idle_time, pictures_show_no_hand_offs,
                 a_failed_allocation_leaves_nothing)
