/* Traces on the virtual clock. */
#include <sluice/attribution.h>

#include "report/play.h"
#include "support/runner.h"

static struct play p;

/* Give the events of `p` virtual times that are their own, from 0 on. */
static void add_virtual_times(void)
{
    for (int d = 0; d < p.trace.n_devices; d++)
        for (int i = 0; i < p.n_events[d]; i++) {
            sluice_trace_event *e = &p.events[d][i];
            e->virtual_start_ns = e->start_ns - p.trace.start_ns;
            e->virtual_end_ns = e->end_ns - p.trace.start_ns;
        }
}

static void check_same(const char *name, int capacity)
{
    sluice_virtual_trace *v;
    sluice_attribution wall, other;
    p = (struct play){.forward_ns = 1000,
                      .backward_ns = 1700,
                      .slow_stage = 2,
                      .slow_ns = 500,
                      .update_ns = 100,
                      .capacity = capacity};
    play(&p, name, 4, 16, SLUICE_IN_ORDER);
    add_virtual_times();
    ck_assert_int_eq(sluice_virtual_trace_create(&p.trace, NULL, &v, NULL),
                     SLUICE_OK);
    const sluice_trace *trace = sluice_virtual_trace_get(v);
    ck_assert_int_eq(trace->start_ns, 0);
    ck_assert_int_eq(trace->end_ns, p.trace.end_ns - p.trace.start_ns);
    ck_assert_int_eq(sluice_trace_attribute(&p.trace, NULL, NULL, &wall, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_trace_attribute(trace, NULL, NULL, &other, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(wall.all.busy_ns, other.all.busy_ns);
    ck_assert_int_eq(wall.all.cause_ns[SLUICE_IDLE_UPDATE],
                     other.all.cause_ns[SLUICE_IDLE_UPDATE]);
    /* Waiting for room, then for input, is one wait on the virtual clock. */
    for (int c = 0; c < SLUICE_N_IDLE_CAUSES && !capacity; c++)
        ck_assert_int_eq(wall.all.cause_ns[c], other.all.cause_ns[c]);
    sluice_virtual_trace_destroy(v);
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
    sluice_virtual_trace *v;
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
    ck_assert_int_eq(sluice_virtual_trace_create(&p.trace, NULL, &v, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_trace_attribute(sluice_virtual_trace_get(v), NULL,
                                            NULL, &out, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(out.all.cause_ns[SLUICE_IDLE_PREEMPTION], 0);
    ck_assert_int_eq(out.all.total_ns, 2 * 9 * 3000);
    sluice_virtual_trace_destroy(v);
}
END_TEST

START_TEST(a_trace_without_or_with_bad_virtual_times_is_refused)
{
    sluice_virtual_trace *v = NULL;
    sluice_diag why;
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "gpipe", 2, 3, SLUICE_REVERSE);
    ck_assert_int_eq(sluice_virtual_trace_create(&p.trace, NULL, &v, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "no virtual times") != NULL);
    add_virtual_times();
    p.events[1][2].virtual_start_ns -= 1;
    ck_assert_int_eq(sluice_virtual_trace_create(&p.trace, NULL, &v, &why),
                     SLUICE_INVALID);
    p.events[1][2].start_ns = 0;
    ck_assert_int_eq(sluice_virtual_trace_create(&p.trace, NULL, &v, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_null(v);
    sluice_virtual_trace_destroy(NULL);
}
END_TEST

SLUICE_TEST_MAIN("report.virtual", where_the_clocks_agree_so_do_the_causes,
                 preemption_is_gone,
                 a_trace_without_or_with_bad_virtual_times_is_refused)
