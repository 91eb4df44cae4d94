/* Each cause is found under its name; traces that cannot be are refused. */
#include <sluice/attribution.h>

#include <math.h>

#include "attribution/play.h"
#include "support/runner.h"

static sluice_idle devices[PLAY_DEVICES];
static struct play p, base;

static sluice_attribution attribute(const sluice_trace *trace)
{
    sluice_attribution out;
    sluice_diag why;
    ck_assert_msg(!sluice_trace_attribute(trace, NULL, devices, &out, &why),
                  "%s", why.text);
    return out;
}

/* What the idle time of `now` has more than that of `before`, and what of that
 * has the right name. */
static void check_found(const sluice_trace *before, const sluice_trace *now,
                        sluice_idle_cause cause)
{
    sluice_attribution a = attribute(before), b = attribute(now);
    int64_t injected =
        (b.all.total_ns - b.all.busy_ns) - (a.all.total_ns - a.all.busy_ns);
    int64_t found = b.all.cause_ns[cause] - a.all.cause_ns[cause];
    ck_assert_int_gt(injected, 0);
    ck_assert_msg(found >= 0.95 * (double)injected &&
                      found <= 1.05 * (double)injected,
                  "%s: %lld of %lld", sluice_idle_cause_name(cause),
                  (long long)found, (long long)injected);
}

START_TEST(gpipe_of_equal_cells_only_fills_and_drains)
{
    enum { F = 100, B = 200, K = 4, M = 8 };
    for (int order = 0; order < 2; order++) {
        p = (struct play){.forward_ns = F, .backward_ns = B};
        play(&p, "gpipe", K, M, (sluice_backward_order)order);
        sluice_attribution out = attribute(&p.trace);
        for (int d = 0; d < K; d++) {
            const int64_t *cause = devices[d].cause_ns;
            /* In order, B0 starts on the last device after the last F. */
            ck_assert_int_eq(cause[SLUICE_IDLE_FILL],
                             d * F + (K - 1 - d) * (F + B));
            ck_assert_int_eq(cause[SLUICE_IDLE_DRAIN], d * B);
        }
        ck_assert_int_eq(out.all.busy_ns, K * M * (F + B));
        ck_assert_int_eq(out.all.total_ns - out.all.busy_ns,
                         out.all.cause_ns[SLUICE_IDLE_FILL] +
                             out.all.cause_ns[SLUICE_IDLE_DRAIN]);
        ck_assert_double_eq_tol(out.bubble, out.formula, 1e-12);
        ck_assert_double_eq_tol(out.residual, 0, 1e-12);
        ck_assert(isnan(out.predicted));
        ck_assert_int_eq(out.n_microbatches, M);
    }
}
END_TEST

START_TEST(one_f_one_b_of_equal_cells_only_fills_and_drains)
{
    for (int k = 1; k <= PLAY_DEVICES; k++)
        for (int m = 1; m <= 32; m += 5) {
            p = (struct play){.forward_ns = 100, .backward_ns = 200};
            play(&p, "1f1b", k, m, SLUICE_IN_ORDER);
            sluice_attribution out = attribute(&p.trace);
            ck_assert_int_eq(out.all.total_ns - out.all.busy_ns,
                             out.all.cause_ns[SLUICE_IDLE_FILL] +
                                 out.all.cause_ns[SLUICE_IDLE_DRAIN]);
        }
}
END_TEST

START_TEST(waiting_in_a_reduction_is_update)
{
    static const sluice_trace_event first[] = {
        {.action = {SLUICE_B, 0, 0}, .end_ns = 100, .cpu_ns = 100},
        {.action = {SLUICE_REDUCE_GRAD, 0, -1},
         .input_wait_ns = 190,
         .start_ns = 310,
         .end_ns = 330},
    };
    static const sluice_trace_event second[] = {
        {.action = {SLUICE_B, 1, 1}, .end_ns = 300, .cpu_ns = 300},
        {.action = {SLUICE_REDUCE_GRAD, 1, -1}, .start_ns = 300, .end_ns = 330},
    };
    static const sluice_trace_event *const rows[] = {first, second};
    static const int n_events[] = {2, 2};
    sluice_trace trace = {2, n_events, rows, 0, 330};
    attribute(&trace);
    ck_assert_int_eq(devices[0].busy_ns, 100);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_DRAIN], 20);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_UPDATE], 210);
    ck_assert_int_eq(devices[1].cause_ns[SLUICE_IDLE_UPDATE], 30);
    ck_assert_int_eq(devices[1].busy_ns, 300);
}
END_TEST

START_TEST(a_prediction_takes_the_place_of_the_formula)
{
    sluice_attribution out;
    p = (struct play){
        .forward_ns = 100, .backward_ns = 200, .slow_stage = 1, .slow_ns = 9};
    base = (struct play){.forward_ns = 100, .backward_ns = 200};
    play(&p, "gpipe", 3, 4, SLUICE_REVERSE);
    play(&base, "gpipe", 3, 4, SLUICE_REVERSE);
    sluice_attribution_config config = {.predicted = &base.trace};
    ck_assert_int_eq(
        sluice_trace_attribute(&p.trace, &config, NULL, &out, NULL), SLUICE_OK);
    ck_assert_double_eq_tol(out.predicted, sluice_bubble_formula(3, 4), 1e-12);
    ck_assert_double_eq_tol(out.residual, out.bubble - out.predicted, 1e-12);
    ck_assert_double_gt(out.residual, 0);
}
END_TEST

START_TEST(a_slow_stage_is_imbalance)
{
    static const int capacities[] = {0, 1, 2};
    for (int c = 0; c < 3; c++)
        for (int stage = 0; stage < 4; stage++)
            for (int order = 0; order < 2; order++) {
                base = (struct play){.forward_ns = 1000,
                                     .backward_ns = 2000,
                                     .capacity = capacities[c]};
                p = base;
                p.slow_stage = stage;
                p.slow_ns = 400;
                play(&base, "gpipe", 4, PLAY_M, (sluice_backward_order)order);
                play(&p, "gpipe", 4, PLAY_M, (sluice_backward_order)order);
                check_found(&base.trace, &p.trace, SLUICE_IDLE_IMBALANCE);
            }
}
END_TEST

/* Slow while the pipeline is full. */
static int64_t slow_when_full(const struct play *play, sluice_action a)
{
    bool full = a.microbatch >= 4 && a.microbatch < PLAY_M - 4;
    return play_cost(play, a) - (full ? 0 : play_slowness(play, a));
}

START_TEST(a_slow_stage_is_imbalance_in_1f1b)
{
    for (int stage = 0; stage < 4; stage++) {
        base = (struct play){.forward_ns = 1000, .backward_ns = 2000};
        p = base;
        p.cost = slow_when_full;
        p.slow_stage = stage;
        p.slow_ns = 400;
        play(&base, "1f1b", 4, PLAY_M, SLUICE_IN_ORDER);
        play(&p, "1f1b", 4, PLAY_M, SLUICE_IN_ORDER);
        check_found(&base.trace, &p.trace, SLUICE_IDLE_IMBALANCE);
    }
}
END_TEST

/* Two devices, computing equally long in all: the first makes its items in
 * bursts, the second takes them evenly. */
static int64_t bursts(const struct play *play, sluice_action a)
{
    if (a.kind != SLUICE_F)
        return play->backward_ns;
    if (a.stage)
        return play->forward_ns;
    return a.microbatch % 8 < 4 ? play->forward_ns / 10
                                : play->forward_ns * 19 / 10;
}

static int64_t waited_for_room(const struct play *play)
{
    int64_t sum = 0;
    for (int d = 0; d < play->trace.n_devices; d++)
        for (int i = 0; i < play->n_events[d]; i++)
            sum += play->events[d][i].output_wait_ns;
    return sum;
}

START_TEST(a_full_queue_is_back_pressure)
{
    p = (struct play){.cost = bursts,
                      .forward_ns = 1000,
                      .backward_ns = 2000,
                      .slow_stage = -1,
                      .capacity = 1};
    play(&p, "gpipe", 2, PLAY_M, SLUICE_REVERSE);
    sluice_attribution out = attribute(&p.trace);
    int64_t injected = waited_for_room(&p);
    ck_assert_int_gt(injected, 10000);
    ck_assert_int_ge(out.all.cause_ns[SLUICE_IDLE_BACK_PRESSURE],
                     injected * 95 / 100);
    ck_assert_int_le(out.all.cause_ns[SLUICE_IDLE_BACK_PRESSURE], injected);
    ck_assert_int_eq(devices[1].cause_ns[SLUICE_IDLE_BACK_PRESSURE], 0);
}
END_TEST

START_TEST(preemption_is_wall_time_beyond_cpu_time_unless_cells_sleep)
{
    sluice_attribution out;
    int64_t injected = 0;
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "1f1b", 3, 9, SLUICE_IN_ORDER);
    for (int d = 0; d < 3; d++)
        for (int i = d; i < 18; i += 2) {
            p.events[d][i].cpu_ns -= 10 * (i + 1);
            injected += 10 * (i + 1);
        }
    out = attribute(&p.trace);
    ck_assert_int_eq(out.all.cause_ns[SLUICE_IDLE_PREEMPTION], injected);
    sluice_attribution_config config = {.cells_sleep = true};
    sluice_trace_attribute(&p.trace, &config, NULL, &out, NULL);
    ck_assert_int_eq(out.all.cause_ns[SLUICE_IDLE_PREEMPTION], 0);
    ck_assert_int_eq(out.all.busy_ns, 3 * 9 * 3000);
}
END_TEST

/* Each device of a chain sees the hand-off once in filling, in turning round,
 * and at the end, never in between. */
START_TEST(the_time_from_push_to_start_is_hand_off)
{
    enum { L = 50, K = 4 };
    p = (struct play){
        .forward_ns = 1000, .backward_ns = 2000, .hand_off_ns = L};
    play(&p, "gpipe", K, 8, SLUICE_REVERSE);
    attribute(&p.trace);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_HAND_OFF], L);
    for (int d = 1; d < K - 1; d++)
        ck_assert_int_eq(devices[d].cause_ns[SLUICE_IDLE_HAND_OFF], 2 * L);
    ck_assert_int_eq(devices[K - 1].cause_ns[SLUICE_IDLE_HAND_OFF], L);
}
END_TEST

START_TEST(what_surrounds_the_pipeline_is_update)
{
    enum { EDGE = 77, UPDATE = 999, K = 3 };
    base = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    p = base;
    p.edge_ns = EDGE;
    p.update_ns = UPDATE;
    play(&base, "gpipe", K, 4, SLUICE_REVERSE);
    play(&p, "gpipe", K, 4, SLUICE_REVERSE);
    check_found(&base.trace, &p.trace, SLUICE_IDLE_UPDATE);
    for (int d = 0; d < K; d++)
        ck_assert_int_eq(devices[d].cause_ns[SLUICE_IDLE_UPDATE],
                         UPDATE + 2 * EDGE);
}
END_TEST

enum { F = SLUICE_F, B = SLUICE_B };

static sluice_trace by_hand(sluice_trace_event *first, int n_first,
                            sluice_trace_event *second, int n_second)
{
    static const sluice_trace_event *rows[2];
    static int n[2];
    rows[0] = first;
    rows[1] = second;
    n[0] = n_first;
    n[1] = n_second;
    return (sluice_trace){2, n, rows, 0, 1000};
}

/*
 * The first device waits for room from 200 to 330; the second took F0 at 300,
 * which made it: 100 of the wait is a full queue, 30 is waking up.
 */
START_TEST(waking_up_after_room_was_made_is_hand_off)
{
    sluice_trace_event first[] = {
        {.action = {F, 0, 0}, .start_ns = 0, .end_ns = 100, .cpu_ns = 100},
        {.action = {F, 0, 1},
         .start_ns = 100,
         .end_ns = 200,
         .output_wait_ns = 130,
         .cpu_ns = 100},
        {.action = {F, 0, 2}, .start_ns = 330, .end_ns = 1000, .cpu_ns = 670},
    };
    sluice_trace_event second[] = {
        {.action = {F, 1, 0},
         .input_wait_ns = 300,
         .start_ns = 300,
         .end_ns = 900,
         .cpu_ns = 600},
        {.action = {F, 1, 1}, .start_ns = 900, .end_ns = 1000, .cpu_ns = 100},
    };
    sluice_trace trace = by_hand(first, 3, second, 2);
    attribute(&trace);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_BACK_PRESSURE], 100);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_HAND_OFF], 30);
    ck_assert_int_eq(devices[0].busy_ns, 870);
    ck_assert_int_eq(devices[1].cause_ns[SLUICE_IDLE_FILL], 100);
    ck_assert_int_eq(devices[1].cause_ns[SLUICE_IDLE_HAND_OFF], 200);
}
END_TEST

/* Nobody made room meanwhile: there was room, and the time was the push's. */
START_TEST(a_slow_push_into_a_queue_with_room_is_hand_off)
{
    sluice_trace_event first[] = {
        {.action = {F, 0, 0},
         .start_ns = 0,
         .end_ns = 100,
         .output_wait_ns = 40,
         .cpu_ns = 100},
        {.action = {F, 0, 1}, .start_ns = 140, .end_ns = 200, .cpu_ns = 60},
    };
    sluice_trace_event second[] = {
        {.action = {F, 1, 0},
         .input_wait_ns = 110,
         .start_ns = 110,
         .end_ns = 1000,
         .cpu_ns = 890},
    };
    sluice_trace trace = by_hand(first, 2, second, 1);
    attribute(&trace);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_BACK_PRESSURE], 0);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_HAND_OFF], 40);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_DRAIN], 800);
}
END_TEST

START_TEST(causes_have_names)
{
    for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++)
        ck_assert_int_gt(strlen(sluice_idle_cause_name((sluice_idle_cause)c)),
                         1);
    ck_assert_str_eq(sluice_idle_cause_name(SLUICE_IDLE_BACK_PRESSURE),
                     "back-pressure");
    ck_assert_str_eq(sluice_idle_cause_name((sluice_idle_cause)99), "?");
}
END_TEST

static void check_refused(const sluice_trace *trace, const char *reason)
{
    sluice_attribution out = {.n_microbatches = -7};
    sluice_diag why;
    ck_assert_int_eq(sluice_trace_attribute(trace, NULL, NULL, &out, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, reason) != NULL, "%s", why.text);
    ck_assert_int_eq(out.n_microbatches, -7);
}

START_TEST(a_trace_that_cannot_be_is_refused)
{
    const struct {
        sluice_trace_event spoilt;
        const char *reason;
    } cases[] = {
        {{.action = {SLUICE_N_ACTION_KINDS, 0, 0}, .start_ns = 5, .end_ns = 6},
         "no action"},
        {{.action = {-1, 0, 0}, .start_ns = 5, .end_ns = 6}, "no action"},
        {{.action = {F, -1, 0}, .start_ns = 5, .end_ns = 6}, "no action"},
        {{.action = {F, 4096, 0}, .start_ns = 5, .end_ns = 6}, "no action"},
        {{.action = {F, 0, -1}, .start_ns = 5, .end_ns = 6}, "no action"},
        {{.action = {F, 0, 65536}, .start_ns = 5, .end_ns = 6}, "no action"},
        {{.action = {F, 0, 0}, .start_ns = -1, .end_ns = 6}, "before the one"},
        {{.action = {F, 0, 0}, .start_ns = 6, .end_ns = 5}, "before its start"},
        {{.action = {F, 0, 0}, .start_ns = 6, .end_ns = 1001},
         "after the step"},
        {{.action = {F, 0, 0}, .input_wait_ns = -1, .end_ns = 6}, "negative"},
        {{.action = {F, 0, 0}, .output_wait_ns = -1, .end_ns = 6}, "negative"},
        {{.action = {F, 1, 0}, .start_ns = 5, .end_ns = 6}, "another device"},
        {{.action = {F, 0, 1}, .start_ns = 5, .end_ns = 6}, "twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sluice_trace_event first[] = {
            cases[i].spoilt,
            {.action = {F, 0, 1}, .start_ns = 500, .end_ns = 600},
        };
        sluice_trace_event second[] = {
            {.action = {F, 1, 2}, .start_ns = 700, .end_ns = 800}};
        sluice_trace trace = by_hand(first, 2, second, 1);
        check_refused(&trace, cases[i].reason);
    }
}
END_TEST

START_TEST(a_step_that_cannot_be_is_refused)
{
    sluice_trace trace = {0};
    check_refused(&trace, "0 devices");
    trace = by_hand(NULL, 0, NULL, 0);
    trace.end_ns = -1;
    check_refused(&trace, "before its start");
    trace = by_hand(NULL, 0, NULL, 0);
    trace.n_replicas = 3;
    check_refused(&trace, "2 devices are not 3 replicas of equal size");
    trace.n_replicas = 1;
    trace.n_shards = 3;
    check_refused(&trace, "2 devices are not 1 replicas with teams of 3");
}
END_TEST

/* Two devices that make both stages together: the second waits less. */
START_TEST(meetings_of_a_team_have_their_own_cause)
{
    sluice_attribution out;
    sluice_diag why;
    sluice_trace_event first[] = {
        {.action = {F, 0, 0}, .end_ns = 100, .cpu_ns = 60, .team_wait_ns = 40},
        {.action = {F, 1, 0},
         .start_ns = 110,
         .input_wait_ns = 10,
         .end_ns = 200,
         .cpu_ns = 60,
         .team_wait_ns = 20}};
    sluice_trace_event second[] = {
        {.action = {F, 0, 0}, .end_ns = 100, .cpu_ns = 95, .team_wait_ns = 5},
        {.action = {F, 1, 0},
         .start_ns = 110,
         .input_wait_ns = 10,
         .end_ns = 200,
         .cpu_ns = 90}};
    sluice_trace trace = by_hand(first, 2, second, 2);
    trace.end_ns = 200;
    trace.n_shards = 2;
    ck_assert_msg(!sluice_trace_attribute(&trace, NULL, devices, &out, &why),
                  "%s", why.text);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_TEAM], 60);
    ck_assert_int_eq(devices[1].cause_ns[SLUICE_IDLE_TEAM], 5);
    ck_assert_int_eq(devices[0].cause_ns[SLUICE_IDLE_PREEMPTION], 10);
    ck_assert_int_eq(devices[1].cause_ns[SLUICE_IDLE_PREEMPTION], 0);
    ck_assert_int_eq(devices[0].busy_ns, 120);
    ck_assert_int_eq(devices[1].busy_ns, 185);
    for (int d = 0; d < 2; d++)
        ck_assert_int_eq(devices[d].cause_ns[SLUICE_IDLE_HAND_OFF], 10);
    ck_assert_int_eq(out.n_microbatches, 1);
    ck_assert_str_eq(sluice_idle_cause_name(SLUICE_IDLE_TEAM), "team");
    sluice_time_share all;
    sluice_trace_account(&trace, NULL, &all);
    ck_assert_int_eq(all.busy_ns, 380 - 65);
}
END_TEST

SLUICE_TEST_MAIN(
    "report.attribution", gpipe_of_equal_cells_only_fills_and_drains,
    one_f_one_b_of_equal_cells_only_fills_and_drains,
    a_prediction_takes_the_place_of_the_formula, a_slow_stage_is_imbalance,
    a_slow_stage_is_imbalance_in_1f1b, a_full_queue_is_back_pressure,
    preemption_is_wall_time_beyond_cpu_time_unless_cells_sleep,
    meetings_of_a_team_have_their_own_cause,
    the_time_from_push_to_start_is_hand_off,
    what_surrounds_the_pipeline_is_update, waiting_in_a_reduction_is_update,
    waking_up_after_room_was_made_is_hand_off,
    a_slow_push_into_a_queue_with_room_is_hand_off, causes_have_names,
    a_trace_that_cannot_be_is_refused, a_step_that_cannot_be_is_refused)
