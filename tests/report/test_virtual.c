/* Traces on the virtual clock. */
#include <sluice/attribution.h>

#include "attribution/play.h"
#include "support/runner.h"

static struct play p;

/* The trace of `p` on the virtual clock. */
static sluice_trace_event storage[PLAY_DEVICES * PLAY_EVENTS];
static const sluice_trace_event *events[PLAY_DEVICES];
static sluice_trace v;

/* Give the events of `p` virtual times that are their own, from 0 on. */
static void add_virtual_times(void)
{
    for (int d = 0; d < p.trace.n_devices; d++)
        for (int i = 0; i < p.n_events[d]; i++) {
            sluice_trace_event *e = &p.events[d][i];
            e->virtual_start_ns = e->start_ns - p.trace.start_ns;
            e->virtual_end_ns = e->end_ns - p.trace.start_ns;
            e->virtual_output_wait_ns = e->output_wait_ns;
        }
}

static void check_same(const char *name, int capacity)
{
    sluice_attribution wall, other;
    p = (struct play){.forward_ns = 1000,
                      .backward_ns = 1700,
                      .slow_stage = 2,
                      .slow_ns = 500,
                      .update_ns = 100,
                      .capacity = capacity};
    play(&p, name, 4, 16, SLUICE_IN_ORDER);
    add_virtual_times();
    sluice_trace_virtual(&p.trace, storage, events, &v);
    ck_assert_int_eq(v.start_ns, 0);
    ck_assert_int_eq(v.end_ns, p.trace.end_ns - p.trace.start_ns);
    ck_assert_int_eq(sluice_trace_attribute(&p.trace, NULL, NULL, &wall, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_trace_attribute(&v, NULL, NULL, &other, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(wall.all.busy_ns, other.all.busy_ns);
    for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++)
        ck_assert_int_eq(wall.all.cause_ns[c], other.all.cause_ns[c]);
}

START_TEST(where_the_clocks_agree_so_do_the_causes)
{
    for (int capacity = 0; capacity <= 2; capacity++) {
        check_same("gpipe", capacity);
        check_same("1f1b", capacity ? 4 * capacity : 0);
    }
}
END_TEST

/* Two devices on one core: what took turns in wall time went side by side. */
START_TEST(preemption_is_gone)
{
    sluice_attribution out;
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "gpipe", 2, 8, SLUICE_REVERSE);
    add_virtual_times();
    for (int d = 0; d < 2; d++)
        for (int i = 0; i < p.n_events[d]; i++) {
            sluice_trace_event *e = &p.events[d][i];
            e->start_ns = p.trace.start_ns + 2 * e->virtual_start_ns;
            e->end_ns = p.trace.start_ns + 2 * e->virtual_end_ns;
        }
    p.trace.end_ns += p.trace.end_ns - p.trace.start_ns;
    ck_assert_int_eq(sluice_trace_attribute(&p.trace, NULL, NULL, &out, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(out.all.cause_ns[SLUICE_IDLE_PREEMPTION], 2 * 8 * 3000);
    sluice_trace_virtual(&p.trace, storage, events, &v);
    ck_assert_int_eq(sluice_trace_attribute(&v, NULL, NULL, &out, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(out.all.cause_ns[SLUICE_IDLE_PREEMPTION], 0);
    ck_assert_int_eq(out.all.total_ns, 2 * 9 * 3000);
}
END_TEST

START_TEST(virtual_times_that_cannot_be_are_refused)
{
    sluice_attribution out;
    sluice_diag why;
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "gpipe", 2, 3, SLUICE_REVERSE);
    add_virtual_times();
    p.events[1][2].virtual_start_ns = 0; /* overlaps those before */
    sluice_trace_virtual(&p.trace, storage, events, &v);
    ck_assert_int_eq(sluice_trace_attribute(&v, NULL, NULL, &out, &why),
                     SLUICE_INVALID);
}
END_TEST

SLUICE_TEST_MAIN("report.virtual", where_the_clocks_agree_so_do_the_causes,
                 preemption_is_gone, virtual_times_that_cannot_be_are_refused)
