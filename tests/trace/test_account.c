/* Where the time went, on traces made by hand. */
#include <sluice/trace.h>

#include "support/runner.h"
#include "trace/recorder.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static sluice_trace_event event(int kind, int64_t start, int64_t end,
                                int64_t wait)
{
    return (sluice_trace_event){
        .action = {kind, 0, 0},
        .input_wait_ns = wait,
        .start_ns = start,
        .end_ns = end,
    };
}

/* GPipe with K = 2, M = 1, F = 10 and B = 20: 30 of 60 per device is idle. */
START_TEST(one_microbatch_on_two_devices_idles_half_the_time)
{
    const sluice_trace_event first[] = {event(SLUICE_F, 100, 110, 0),
                                        event(SLUICE_B, 140, 160, 30)};
    const sluice_trace_event second[] = {event(SLUICE_F, 110, 120, 10),
                                         event(SLUICE_B, 120, 140, 0)};
    const sluice_trace_event *events[] = {first, second};
    const int n_events[] = {COUNT(first), COUNT(second)};
    sluice_trace trace = {
        .n_devices = 2, .n_events = n_events, .events = events};
    sluice_time_share devices[2], all;
    sluice_trace_account(&trace, devices, &all);
    ck_assert_int_eq(all.makespan_ns, 60);
    ck_assert_int_eq(all.busy_ns, 60);
    ck_assert_double_eq(all.bubble, 0.5);
    ck_assert_int_eq(devices[0].wait_ns, 30);
    ck_assert_int_eq(devices[0].other_ns, 0);
    ck_assert_int_eq(devices[1].wait_ns, 10);
    ck_assert_int_eq(devices[1].other_ns, 20); /* after its last action */
    ck_assert_int_eq(devices[0].span_ns, 60);
    ck_assert_int_eq(devices[1].span_ns, 30); /* 110 to 140 */
    ck_assert_int_eq(all.span_ns, 60);
    for (int d = 0; d < 2; d++)
        ck_assert_int_eq(devices[d].busy_ns + devices[d].wait_ns +
                             devices[d].other_ns,
                         devices[d].makespan_ns);
    ck_assert_double_eq(all.bubble, sluice_bubble_formula(2, 1));
}
END_TEST

START_TEST(updates_and_waits_outside_the_window_do_not_count)
{
    const sluice_trace_event only[] = {event(SLUICE_F, 100, 110, 1000),
                                       event(SLUICE_B, 110, 130, 0),
                                       event(SLUICE_UPDATE, 150, 400, 20)};
    const sluice_trace_event *events[] = {only};
    const int n_events[] = {COUNT(only)};
    sluice_trace trace = {
        .n_devices = 1, .n_events = n_events, .events = events};
    sluice_time_share all;
    sluice_trace_account(&trace, NULL, &all);
    ck_assert_int_eq(all.makespan_ns, 30);
    ck_assert_int_eq(all.span_ns, 30);
    ck_assert_int_eq(all.busy_ns, 30);
    ck_assert_int_eq(all.wait_ns, 0);
    ck_assert_double_eq(all.bubble, 0);
}
END_TEST

START_TEST(an_empty_trace_has_no_shares)
{
    const sluice_trace_event *events[] = {NULL};
    const int n_events[] = {0};
    sluice_trace trace = {
        .n_devices = 1, .n_events = n_events, .events = events};
    sluice_time_share all;
    sluice_trace_account(&trace, NULL, &all);
    ck_assert_int_eq(all.makespan_ns, 0);
    ck_assert_int_eq(all.span_ns, 0);
    ck_assert_double_eq(all.bubble, 0);
}
END_TEST

START_TEST(a_recorder_of_no_capacity_is_off)
{
    struct sl_recorder recorder;
    ck_assert_int_eq(sl_recorder_init(&recorder, 0, NULL), SLUICE_OK);
    ck_assert_ptr_null(recorder.events);
    sl_recorder_fini(&recorder, NULL);
}
END_TEST

START_TEST(a_recorder_keeps_events_in_order)
{
    struct sl_recorder recorder;
    ck_assert_int_eq(sl_recorder_init(&recorder, 2, NULL), SLUICE_OK);
    sl_recorder_add(&recorder, event(SLUICE_F, 1, 2, 0));
    sl_recorder_add(&recorder, event(SLUICE_B, 3, 4, 0));
    ck_assert_int_eq(recorder.n, 2);
    ck_assert_int_eq(recorder.events[0].start_ns, 1);
    ck_assert_int_eq(recorder.events[1].start_ns, 3);
    sl_recorder_fini(&recorder, NULL);
}
END_TEST

/* Two devices that shared a core: twice as slow on the wall. */
START_TEST(the_virtual_trace_tells_what_own_cores_would_have_done)
{
    sluice_trace_event first[] = {event(SLUICE_F, 100, 120, 0),
                                  event(SLUICE_B, 200, 240, 80)};
    sluice_trace_event second[] = {event(SLUICE_F, 120, 140, 20),
                                   event(SLUICE_B, 140, 180, 0)};
    const int64_t starts[] = {0, 40, 10, 20}, ends[] = {10, 60, 20, 40};
    sluice_trace_event *all_events[] = {first, first + 1, second, second + 1};
    for (int i = 0; i < 4; i++) {
        all_events[i]->virtual_start_ns = starts[i];
        all_events[i]->virtual_end_ns = ends[i];
    }
    const sluice_trace_event *events[] = {first, second};
    const int n_events[] = {COUNT(first), COUNT(second)};
    sluice_trace measured = {
        .n_devices = 2, .n_events = n_events, .events = events};
    sluice_trace_event storage[4];
    const sluice_trace_event *virtual_events[2];
    sluice_trace own_cores;
    sluice_time_share all;
    sluice_trace_virtual(&measured, storage, virtual_events, &own_cores);
    sluice_trace_account(&own_cores, NULL, &all);
    ck_assert_int_eq(own_cores.end_ns, 60);
    ck_assert_int_eq(all.makespan_ns, 60);
    ck_assert_double_eq(all.bubble, 0.5);
    ck_assert_int_eq(own_cores.events[0][1].input_wait_ns, 30);
    ck_assert_int_eq(own_cores.events[1][0].input_wait_ns, 10);
}
END_TEST

SLUICE_TEST_MAIN("trace.account",
                 one_microbatch_on_two_devices_idles_half_the_time,
                 updates_and_waits_outside_the_window_do_not_count,
                 an_empty_trace_has_no_shares,
                 the_virtual_trace_tells_what_own_cores_would_have_done,
                 a_recorder_of_no_capacity_is_off,
                 a_recorder_keeps_events_in_order)
