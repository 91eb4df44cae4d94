/* Schedules with several stages per device or a split backward, against what is
 * known of them in closed form. */
#include "sim/priced.h"

#include <string.h>

#include "support/runner.h"

enum { MAX_DEVICES = 8, DEVICE = 12 * UNIT };

/* Of a whole device: 1, 1, 1 and 1, 1.25, 0.75; a chunk costs 1/v of it. */
static struct price part_of(bool equal, int chunks)
{
    int64_t f = DEVICE / chunks;
    return equal ? price_of(f, f, f) : price_of(f, f * 5 / 4, f * 3 / 4);
}

/* Idle time of each device: of the makespan, or between its own first and last
 * action. */
struct idle {
    int64_t whole[MAX_DEVICES];
    int64_t span[MAX_DEVICES];
};

static struct idle idle_of(sluice_schedule *schedule, struct price costs)
{
    struct idle idle;
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){.costs_ns = costs.ns,
                                                    .queue_capacity = 64,
                                                    .no_barrier = true});
    const sluice_trace *trace = sluice_simulation_trace(simulation);
    sluice_time_share devices[MAX_DEVICES], all;
    sluice_simulation_account(simulation, devices, &all);
    for (int d = 0; d < trace->n_devices; d++) {
        const sluice_trace_event *events = trace->events[d];
        int64_t busy = devices[d].busy_ns;
        idle.whole[d] = all.makespan_ns - busy;
        idle.span[d] =
            events[trace->n_events[d] - 1].end_ns - events[0].start_ns - busy;
    }
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
    return idle;
}

static sluice_schedule *chunked(const char *name, int p, int m, int chunks,
                                int warm_up)
{
    sluice_schedule *schedule = NULL;
    sluice_schedule_config config = {.name = name,
                                     .devices = p,
                                     .microbatches = m,
                                     .chunks = chunks,
                                     .warm_up = warm_up};
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

/* (p - 1)(tF + tB) / v */
static void assert_chunks(const char *name, int p, int m, int chunks)
{
    for (int equal = 0; equal < 2; equal++) {
        struct price costs = part_of(equal, chunks);
        struct idle idle = idle_of(chunked(name, p, m, chunks, 0), costs);
        for (int r = 0; r < p; r++)
            ck_assert_msg(idle.whole[r] == (p - 1) * (costs.ns[SLUICE_F] +
                                                      costs.ns[SLUICE_B]),
                          "%s, p %d, m %d, v %d, device %d", name, p, m, chunks,
                          r);
    }
}

START_TEST(chunks_divide_the_bubble)
{
    for (int p = 2; p <= 8; p += 2)
        for (int m = p; m <= 64; m += p)
            for (int chunks = 1; chunks <= 4; chunks++) {
                assert_chunks("interleaved-1f1b", p, m, chunks);
                assert_chunks("looped-bfs", p, m, chunks);
            }
}
END_TEST

static int64_t makespan(int warm_up, int64_t latency_ns)
{
    return price(chunked("interleaved-1f1b", 4, 8, 2, warm_up),
                 price_of(UNIT / 2, UNIT / 2, UNIT / 2), latency_ns, 16, NULL)
        .makespan_ns;
}

static int peak_on_first(int warm_up)
{
    sluice_device_facts facts[4];
    sluice_schedule *schedule = chunked("interleaved-1f1b", 4, 8, 2, warm_up);
    sluice_verify_config config = {.queue_capacity = 16};
    ck_assert_int_eq(sluice_schedule_verify(schedule, &config, facts, NULL),
                     SLUICE_OK);
    sluice_schedule_destroy(schedule);
    return facts[0].peak_activations;
}

START_TEST(a_short_warm_up_saves_memory_and_suffers_from_latency)
{
    ck_assert_int_eq(makespan(1, 0), makespan(2, 0));
    ck_assert_int_eq(peak_on_first(1), 8);
    ck_assert_int_eq(peak_on_first(2), 11);
    ck_assert_int_eq(makespan(2, UNIT / 5), 31300);
    ck_assert_int_eq(makespan(1, UNIT / 5), 34500);
}
END_TEST

/* ZB-H1: (p - 1)(tF + tI - tW). */
START_TEST(zb_h1_leaves_a_third_of_the_bubble)
{
    for (int p = 2; p <= 8; p += 2)
        for (int m = p; m <= 64; m++)
            for (int equal = 0; equal < 2; equal++) {
                struct price c = part_of(equal, 1);
                struct idle idle = idle_of(generate("zb-h1", p, m), c);
                for (int r = 0; r < p; r++)
                    ck_assert_msg(idle.whole[r] == (p - 1) * (c.ns[SLUICE_F] +
                                                              c.ns[SLUICE_I] -
                                                              c.ns[SLUICE_W]),
                                  "p %d, m %d, device %d, equal %d: %d", p, m,
                                  r, equal, (int)idle.whole[r]);
            }
}
END_TEST

/* ZB-H2: (p - 1)(tF + tI - 2 tW) between the first and last action of device 0,
 * which waits most; a share less on each of the next. */
START_TEST(zb_h2_leaves_nothing_but_the_start)
{
    for (int p = 2; p <= 8; p += 2)
        for (int m = 2 * p - 1; m <= 64; m++)
            for (int equal = 0; equal < 2; equal++) {
                struct price c = part_of(equal, 1);
                struct idle idle = idle_of(generate("zb-h2", p, m), c);
                for (int r = 0; r < p; r++)
                    ck_assert_msg(idle.span[r] ==
                                      (p - 1 - r) *
                                          (c.ns[SLUICE_F] + c.ns[SLUICE_I] -
                                           2 * c.ns[SLUICE_W]),
                                  "p %d, m %d, device %d, equal %d: %d", p, m,
                                  r, equal, (int)idle.span[r]);
            }
}
END_TEST

START_TEST(zb_v_leaves_nothing_but_the_start)
{
    for (int p = 2; p <= 8; p += 2)
        for (int m = 2 * p; m <= 64; m++) {
            struct idle idle =
                idle_of(generate("zb-v", p, m), part_of(true, 2));
            for (int r = 0; r < p; r++)
                ck_assert_msg(!idle.span[r], "p %d, m %d, device %d: %d", p, m,
                              r, (int)idle.span[r]);
        }
}
END_TEST

/* Forwards before the first backward, that of the first pair included. */
static int forwards_first(const char *name, int p, int m, int r)
{
    int n, f = 0;
    sluice_schedule *schedule = generate(name, p, m);
    const sluice_action *actions = sluice_schedule_actions(schedule, r, &n);
    while (actions[f].kind == SLUICE_F)
        f++;
    sluice_schedule_destroy(schedule);
    return f;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

START_TEST(devices_warm_up_by_their_distance_to_the_end)
{
    for (int p = 2; p <= 8; p += 2)
        for (int m = 2 * p; m <= 64; m += p)
            for (int r = 0; r < p; r++) {
                ck_assert_int_eq(forwards_first("gpipe", p, m, r), m);
                ck_assert_int_eq(forwards_first("1f1b", p, m, r), p - r);
                ck_assert_int_eq(forwards_first("eager-1f1b", p, m, r),
                                 2 * (p - r) - 1);
                ck_assert_int_eq(forwards_first("interleaved-1f1b", p, m, r),
                                 least(2 * m, 2 * (p - 1 - r) + p + 1));
                ck_assert_int_eq(forwards_first("looped-bfs", p, m, r), 2 * m);
                ck_assert_int_eq(forwards_first("zb-h1", p, m, r), p - r);
                ck_assert_int_eq(forwards_first("zb-h2", p, m, r),
                                 2 * (p - 1 - r) + 1);
            }
}
END_TEST

SLUICE_TEST_MAIN("sim.chunks_and_splits", chunks_divide_the_bubble,
                 a_short_warm_up_saves_memory_and_suffers_from_latency,
                 zb_h1_leaves_a_third_of_the_bubble,
                 zb_h2_leaves_nothing_but_the_start,
                 zb_v_leaves_nothing_but_the_start,
                 devices_warm_up_by_their_distance_to_the_end)
