/* busy + all causes = K (end - start), exactly, whatever the trace. */
#include <sluice/attribution.h>

#include "attribution/play.h"
#include "support/runner.h"

static unsigned next(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void check_identity(const sluice_trace *trace, bool cells_sleep)
{
    sluice_idle devices[PLAY_DEVICES], sum = {0};
    sluice_attribution out;
    sluice_diag why;
    sluice_attribution_config config = {.cells_sleep = cells_sleep};
    ck_assert_msg(!sluice_trace_attribute(trace, &config, devices, &out, &why),
                  "%s", why.text);
    for (int d = 0; d < trace->n_devices; d++) {
        int64_t total = devices[d].busy_ns;
        for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++) {
            ck_assert_int_ge(devices[d].cause_ns[c], 0);
            total += devices[d].cause_ns[c];
            sum.cause_ns[c] += devices[d].cause_ns[c];
        }
        ck_assert_int_eq(total, trace->end_ns - trace->start_ns);
        ck_assert_int_eq(total, devices[d].total_ns);
        sum.busy_ns += devices[d].busy_ns;
        sum.total_ns += total;
    }
    ck_assert_int_eq(sum.total_ns,
                     trace->n_devices * (trace->end_ns - trace->start_ns));
    ck_assert_mem_eq(&sum, &out.all, sizeof sum);
}

static int64_t random_cost(const struct play *p, sluice_action a)
{
    unsigned state = p->random + 977u * (unsigned)a.stage +
                     31u * (unsigned)a.microbatch + (unsigned)a.kind;
    next(&state);
    return play_cost(p, a) + next(&state) % 3000;
}

START_TEST(it_holds_for_schedules_of_random_costs)
{
    static const char *const names[] = {"gpipe", "1f1b"};
    static struct play p;
    unsigned state = 1;
    for (int i = 0; i < 400; i++) {
        int k = 1 + (int)(next(&state) % PLAY_DEVICES);
        int m = 1 + (int)(next(&state) % 20);
        p = (struct play){
            .cost = random_cost,
            .forward_ns = 1 + next(&state) % 2000,
            .backward_ns = 1 + next(&state) % 4000,
            .slow_stage = (int)(next(&state) % 8),
            .slow_ns = next(&state) % 5000,
            .random = next(&state),
            .capacity = (int)(next(&state) % 4),
            .hand_off_ns = next(&state) % 100,
            .edge_ns = next(&state) % 2 * 700,
            .update_ns = next(&state) % 2 * 900,
        };
        play(&p, names[i % 2], k, m, (sluice_backward_order)(i / 2 % 2));
        /* Preempted here and there, clocks that disagree a little. */
        for (int d = 0; d < k; d++)
            for (int e = 0; e < p.n_events[d]; e++)
                p.events[d][e].cpu_ns += 50 - next(&state) % 1000;
        check_identity(&p.trace, i % 3 == 0);
    }
}
END_TEST

/* Events in no sensible order, waits longer than the gaps they stand in. */
START_TEST(it_holds_for_any_trace_that_can_be)
{
    static struct play p;
    unsigned state = 2;
    for (int i = 0; i < 400; i++) {
        int k = 1 + (int)(next(&state) % PLAY_DEVICES);
        int stages = k + (int)(next(&state) % 2) * k;
        memset(&p, 0, sizeof p);
        p.trace = (sluice_trace){k, p.n_events, p.rows, 5, 5};
        for (int d = 0; d < k; d++) {
            int64_t now = p.trace.start_ns;
            p.rows[d] = p.events[d];
            for (int m = 0; m < 20; m++)
                for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++) {
                    if (next(&state) % 4 || (kind == SLUICE_I && m % 2) ||
                        (kind == SLUICE_B && !(m % 2)))
                        continue;
                    sluice_trace_event *e = &p.events[d][p.n_events[d]++];
                    e->action = (sluice_action){
                        kind, d + (int)(next(&state) % 2) * (stages - k),
                        kind == SLUICE_UPDATE ? -1 : m};
                    e->start_ns = now + next(&state) % 3 * 40;
                    now = e->end_ns = e->start_ns + next(&state) % 3 * 50;
                    e->cpu_ns = next(&state) % 120;
                    e->input_wait_ns = next(&state) % 90;
                    e->output_wait_ns = next(&state) % 90;
                }
            now += next(&state) % 2 * 60;
            if (now > p.trace.end_ns)
                p.trace.end_ns = now;
        }
        check_identity(&p.trace, i % 2);
    }
}
END_TEST

START_TEST(it_holds_for_a_trace_without_events)
{
    static struct play p;
    memset(&p, 0, sizeof p);
    p.trace = (sluice_trace){2, p.n_events, p.rows, 100, 300};
    check_identity(&p.trace, false);
}
END_TEST

SLUICE_TEST_MAIN("report.identity", it_holds_for_schedules_of_random_costs,
                 it_holds_for_any_trace_that_can_be,
                 it_holds_for_a_trace_without_events)
