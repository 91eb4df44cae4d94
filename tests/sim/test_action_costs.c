/* Each action may have a cost of its own: as another program plays it. */
#include <sluice/simulate.h>

#include "attribution/play.h"
#include "sim/priced.h"
#include "support/runner.h"

static struct play p;
static int64_t costs[PLAY_DEVICES][PLAY_EVENTS];
static const int64_t *rows[PLAY_DEVICES];

/* Another one for each micro-batch. */
static int64_t uneven(const struct play *play, sluice_action a)
{
    unsigned mixed = play->random + 977u * (unsigned)a.stage +
                     7919u * (unsigned)a.microbatch + 31u * (unsigned)a.kind;
    mixed = mixed * 1664525u + 1013904223u;
    return 1 + (mixed >> 8) % 5000;
}

/* Play a schedule, and keep what its actions took. */
static sluice_schedule *play_uneven(const char *name, int k, int m,
                                    int capacity)
{
    sluice_schedule *schedule = generate(name, k, m);
    p = (struct play){.cost = uneven,
                      .random = (unsigned)(100 * k + 10 * m + capacity),
                      .capacity = capacity,
                      .update_ns = 50};
    play_schedule(&p, schedule);
    for (int d = 0; d < k; d++) {
        for (int i = 0; i < p.n_events[d]; i++)
            costs[d][i] = p.events[d][i].end_ns - p.events[d][i].start_ns;
        rows[d] = costs[d];
    }
    return schedule;
}

static void assert_as_played(const sluice_trace *trace)
{
    ck_assert_int_eq(trace->end_ns, p.trace.end_ns - p.trace.start_ns);
    for (int d = 0; d < trace->n_devices; d++) {
        ck_assert_int_eq(trace->n_events[d], p.n_events[d]);
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *e = &trace->events[d][i];
            const sluice_trace_event *played = &p.events[d][i];
            ck_assert_int_eq(e->start_ns, played->start_ns - p.trace.start_ns);
            ck_assert_int_eq(e->end_ns, played->end_ns - p.trace.start_ns);
            ck_assert_int_eq(e->cpu_ns, costs[d][i]);
            ck_assert_int_eq(e->input_wait_ns, played->input_wait_ns);
            ck_assert_int_eq(e->output_wait_ns, played->output_wait_ns);
        }
    }
}

START_TEST(each_action_takes_what_it_costs)
{
    static const char *const names[] = {"gpipe", "1f1b", "zb-h1"};
    for (int n = 0; n < 3; n++)
        for (int k = 1; k <= PLAY_DEVICES; k++)
            for (int m = 1; m <= 31; m += 6)
                for (int capacity = 1; capacity <= 3; capacity++) {
                    sluice_schedule *schedule =
                        play_uneven(names[n], k, m, capacity);
                    sluice_simulation *simulation = simulate(
                        schedule,
                        (sluice_simulate_config){.action_costs_ns = rows,
                                                 .queue_capacity = capacity});
                    assert_as_played(sluice_simulation_trace(simulation));
                    sluice_simulation_destroy(simulation);
                    sluice_schedule_destroy(schedule);
                }
}
END_TEST

static void assert_refused(const sluice_schedule *schedule,
                           sluice_simulate_config config, const char *says)
{
    sluice_simulation *simulation = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_simulate(schedule, &config, &simulation, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_null(simulation);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(costs_of_two_kinds_and_negative_ones_are_refused)
{
    static const int64_t zero[2 * SLUICE_N_ACTION_KINDS];
    sluice_schedule *schedule = play_uneven("gpipe", 2, 2, 1);
    sluice_simulate_config config = {.action_costs_ns = rows, .costs_ns = zero};
    assert_refused(schedule, config, "costs of several kinds: set one of");
    config.costs_ns = NULL;
    config.stage_costs_ns = zero;
    assert_refused(schedule, config, "costs of several kinds: set one of");
    config.stage_costs_ns = NULL;
    costs[1][2] = -1;
    assert_refused(schedule, config,
                   "1B1 at position 2 of device 1 costs -1 ns: give it a cost "
                   "of at least 0");
    sluice_schedule_destroy(schedule);
}
END_TEST

enum { GPIPE_ACTIONS = 5 }; /* of a device, with two micro-batches */

/* When device 1 begins F0 of gpipe, for which it does that much before. */
static int64_t start_after(int64_t ahead_ns, double speed)
{
    static const int64_t costs_ns[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 1000, [SLUICE_B] = 2000};
    int64_t ahead[2][GPIPE_ACTIONS] = {{0}, {ahead_ns}};
    const int64_t *const lists[2] = {ahead[0], ahead[1]};
    const double speeds[2] = {1, speed};
    sluice_schedule *schedule = generate("gpipe", 2, 2);
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){.costs_ns = costs_ns,
                                                    .device_speeds = speeds,
                                                    .ahead_costs_ns = lists});
    const sluice_trace *trace = sluice_simulation_trace(simulation);
    const sluice_trace_event *event = &trace->events[1][0];
    int64_t start_ns = event->start_ns;
    ck_assert_int_eq(event->input_wait_ns, start_ns);
    ck_assert_int_eq(event->cpu_ns, (int64_t)(1000 / speed));
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
    return start_ns;
}

START_TEST(what_is_done_ahead_takes_time_only_beyond_the_wait)
{
    ck_assert_int_eq(start_after(0, 1), 1000);
    ck_assert_int_eq(start_after(700, 1), 1000);
    ck_assert_int_eq(start_after(1300, 1), 1300);
    ck_assert_int_eq(start_after(700, 0.5), 1400);
    static const int64_t unit[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 1, [SLUICE_B] = 1};
    int64_t negative[2][GPIPE_ACTIONS] = {{0}, {0, 0, -1}};
    const int64_t *const lists[2] = {negative[0], negative[1]};
    sluice_schedule *schedule = generate("gpipe", 2, 2);
    assert_refused(
        schedule,
        (sluice_simulate_config){.costs_ns = unit, .ahead_costs_ns = lists},
        "1B1 at position 2 of device 1 costs -1 ns");
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sim.action_costs", each_action_takes_what_it_costs,
                 costs_of_two_kinds_and_negative_ones_are_refused,
                 what_is_done_ahead_takes_time_only_beyond_the_wait)
