/* The advice is the remedy of the largest gain, or none. */
#include <sluice/attribution.h>

#include "attribution/advice.h"
#include "attribution/play.h"
#include "support/runner.h"

static struct play p, better;

static sluice_advice advise(const struct play *play, bool cells_sleep)
{
    sluice_attribution out;
    sluice_attribution_config config = {.cells_sleep = cells_sleep};
    ck_assert_int_eq(
        sluice_trace_attribute(&play->trace, &config, NULL, &out, NULL),
        SLUICE_OK);
    size_t n = strlen(out.advice.text);
    ck_assert(n > 10 && n < SLUICE_ADVICE_TEXT - 1);
    ck_assert_int_eq(out.advice.text[n - 1], '.');
    return out.advice;
}

static double step_ns(const struct play *play)
{
    return (double)(play->trace.end_ns - play->trace.start_ns);
}

/* What the remedy does save, played. */
static double real_gain(void)
{
    return 1 - step_ns(&better) / step_ns(&p);
}

START_TEST(a_slow_stage_asks_for_a_better_cut)
{
    p = (struct play){.forward_ns = 1000,
                      .backward_ns = 2000,
                      .slow_stage = 2,
                      .slow_ns = 800,
                      .capacity = 2};
    /* The same work, spread evenly. */
    better = (struct play){.forward_ns = 1200, .backward_ns = 2200};
    play(&p, "gpipe", 4, 64, SLUICE_REVERSE);
    play(&better, "gpipe", 4, 64, SLUICE_REVERSE);
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_CUT);
    ck_assert(strstr(advice.text, "device 2") != NULL);
    ck_assert_double_eq_tol(advice.gain, real_gain(), 0.01);
}
END_TEST

START_TEST(a_bubble_by_the_formula_asks_for_more_micro_batches)
{
    p = (struct play){.forward_ns = 4000, .backward_ns = 8000};
    better = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "gpipe", 4, 4, SLUICE_REVERSE);
    play(&better, "gpipe", 4, 16, SLUICE_REVERSE);
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_MORE_BATCHES);
    ck_assert(strstr(advice.text, "M = 16 instead of 4") != NULL);
    ck_assert_double_eq_tol(advice.gain, real_gain(), 0.01);
}
END_TEST

START_TEST(enough_micro_batches_and_the_formulas_bubble_ask_for_nothing)
{
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "gpipe", 4, 16, SLUICE_REVERSE);
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_NOTHING);
    ck_assert_double_eq(advice.gain, 0);
}
END_TEST

START_TEST(costly_hand_offs_ask_for_fewer_micro_batches)
{
    enum { M = 32, L = 3000 };
    p = (struct play){
        .forward_ns = 1000, .backward_ns = 2000, .hand_off_ns = 1};
    better =
        (struct play){.forward_ns = 2000, .backward_ns = 4000, .edge_ns = 1};
    play(&p, "gpipe", 2, M, SLUICE_REVERSE);
    play(&better, "gpipe", 2, M / 2, SLUICE_REVERSE);
    /* Each start of the second device is late by L more than the last one, as
     * by a queue that is slow; the rest moves along. */
    int64_t late = 0;
    for (int i = 0; i < 2 * M; i++)
        for (int d = 1; d >= 0; d--) {
            sluice_trace_event *e = &p.events[d][i];
            late += d ? L : 0;
            e->input_wait_ns += i || d ? L : 0;
            e->start_ns += late;
            e->end_ns += late;
        }
    for (int d = 0; d < 2; d++) {
        p.events[d][2 * M].start_ns += late + L;
        p.events[d][2 * M].end_ns += late + L;
    }
    p.trace.end_ns += late + L;
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_FEWER_BATCHES);
    ck_assert(strstr(advice.text, "M = 16 instead of 32") != NULL);
    ck_assert_double_gt(advice.gain, 0.01);
    ck_assert_double_lt(advice.gain, real_gain() + 0.01);
}
END_TEST

/* The first device makes bursts of quick ones and slow ones. */
static int64_t bursts(const struct play *play, sluice_action a)
{
    if (a.kind != SLUICE_F || a.stage)
        return play_cost(play, a);
    int64_t quick = play->forward_ns / 10;
    return a.microbatch % 8 < 4 ? quick : 2 * play->forward_ns - quick;
}

/* Bursts of `m` micro-batches through queues of `capacity` places. */
static void play_bursts(struct play *play_it, int m, int capacity)
{
    *play_it = (struct play){.cost = bursts,
                             .forward_ns = 1000,
                             .backward_ns = 1000,
                             .slow_stage = -1,
                             .capacity = capacity};
    play(play_it, "gpipe", 2, m, SLUICE_REVERSE);
}

START_TEST(full_queues_ask_for_as_much_capacity_as_pays)
{
    play_bursts(&p, 64, 1);
    play_bursts(&better, 64, 4);
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_CAPACITY);
    ck_assert_double_gt(real_gain(), 0.05);
    ck_assert_double_eq_tol(advice.gain, real_gain(), 0.01);
    ck_assert(strstr(advice.text, "with 4 places instead of 1") != NULL);
}
END_TEST

/* Forwards are slow on the second device, backwards on the first. */
static int64_t crossed(const struct play *play, sluice_action a)
{
    bool slow = (a.kind == SLUICE_F) == (a.stage == 1);
    return slow ? 2 * play->forward_ns : play->forward_ns;
}

/* The first device waits for room in a third of the time, and does no harm: it
 * would have to wait for the second one anyway. */
START_TEST(waiting_for_room_that_delays_nobody_asks_for_nothing)
{
    sluice_attribution out;
    p = (struct play){.cost = crossed, .forward_ns = 1000, .capacity = 1};
    better = p;
    better.capacity = 64;
    play(&p, "gpipe", 2, 64, SLUICE_REVERSE);
    play(&better, "gpipe", 2, 64, SLUICE_REVERSE);
    ck_assert(!sluice_trace_attribute(&p.trace, NULL, NULL, &out, NULL));
    ck_assert_double_gt((double)out.all.cause_ns[SLUICE_IDLE_BACK_PRESSURE],
                        0.1 * step_ns(&p));
    ck_assert_double_eq(real_gain(), 0);
    ck_assert_int_ne(out.advice.kind, SLUICE_ADVISE_CAPACITY);
}
END_TEST

/* Of 4 devices, each off its core for half of the time. */
START_TEST(preemption_asks_for_cores_even_near_the_formula)
{
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    better = (struct play){.forward_ns = 500, .backward_ns = 1000};
    play(&p, "gpipe", 4, 16, SLUICE_REVERSE);
    play(&better, "gpipe", 4, 16, SLUICE_REVERSE);
    for (int d = 0; d < 4; d++)
        for (int i = 0; i < 32; i++)
            p.events[d][i].cpu_ns /= 2;
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_CORES);
    ck_assert_double_eq_tol(advice.gain, real_gain(), 0.001);
    ck_assert(strstr(advice.text, "off their core 42.1 %") != NULL);
    ck_assert(strstr(advice.text, "50.0 % less with a core for each") != NULL);
    ck_assert_int_eq(advise(&p, true).kind, SLUICE_ADVISE_NOTHING);
    /* Two devices with the work of four, and a core each. */
    better = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&better, "gpipe", 2, 16, SLUICE_REVERSE);
    ck_assert_double_eq_tol(real_gain(), 2.0 / 19, 0.001);
    ck_assert(strstr(advice.text, "10.5 % less with 2 of the 4 devices."));
}
END_TEST

/* The mean of all devices is a quarter of it, but all wait for the one. */
START_TEST(one_device_off_its_core_costs_as_much_as_it_delays)
{
    p = (struct play){.forward_ns = 1000,
                      .backward_ns = 2000,
                      .slow_stage = 1,
                      .slow_ns = 1000};
    better = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "gpipe", 4, 32, SLUICE_REVERSE);
    play(&better, "gpipe", 4, 32, SLUICE_REVERSE);
    for (int i = 0; i < 64; i++)
        p.events[1][i].cpu_ns -= 1000;
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_CORES);
    ck_assert_double_gt(real_gain(), 0.3);
    ck_assert_double_eq_tol(advice.gain, real_gain(), 0.001);
}
END_TEST

/* Off its core for half of the time, but the other one is slower still. */
START_TEST(a_device_off_its_core_that_delays_nobody_asks_for_nothing)
{
    p = (struct play){.forward_ns = 1000,
                      .backward_ns = 1000,
                      .slow_stage = 1,
                      .slow_ns = 20};
    play(&p, "gpipe", 2, 64, SLUICE_REVERSE);
    for (int i = 0; i < 128; i++)
        p.events[0][i].cpu_ns /= 2;
    ck_assert_int_eq(advise(&p, false).kind, SLUICE_ADVISE_NOTHING);
}
END_TEST

/* The same as `p`, `n` times over. */
static sluice_trace replicas_of(const struct play *one, int n)
{
    static const sluice_trace_event *rows[PLAY_DEVICES];
    static int n_events[PLAY_DEVICES];
    int k = one->trace.n_devices;
    sluice_trace trace = one->trace;
    for (int d = 0; d < n * k; d++) {
        rows[d] = one->events[d % k];
        n_events[d] = one->n_events[d % k];
    }
    trace.n_devices = n * k;
    trace.n_replicas = n;
    trace.events = rows;
    trace.n_events = n_events;
    return trace;
}

static void check_replicas_get_the_same(sluice_advice_kind kind)
{
    sluice_advice one = advise(&p, false);
    sluice_trace trace = replicas_of(&p, 2);
    sluice_attribution out;
    ck_assert_int_eq(one.kind, kind);
    ck_assert_int_eq(sluice_trace_attribute(&trace, NULL, NULL, &out, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(out.advice.kind, kind);
    ck_assert_double_eq_tol(out.advice.gain, one.gain, 1e-9);
    ck_assert_str_eq(out.advice.text, one.text);
}

START_TEST(equal_replicas_get_the_advice_of_one)
{
    p = (struct play){.forward_ns = 4000, .backward_ns = 8000};
    play(&p, "gpipe", 4, 4, SLUICE_REVERSE);
    check_replicas_get_the_same(SLUICE_ADVISE_MORE_BATCHES);
    p = (struct play){.forward_ns = 1000,
                      .backward_ns = 2000,
                      .slow_stage = 2,
                      .slow_ns = 800,
                      .capacity = 2};
    play(&p, "gpipe", 4, 64, SLUICE_REVERSE);
    check_replicas_get_the_same(SLUICE_ADVISE_CUT);
    play_bursts(&p, 64, 1);
    check_replicas_get_the_same(SLUICE_ADVISE_CAPACITY);
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "1f1b", 3, 16, SLUICE_IN_ORDER);
    for (int d = 0; d < 3; d++)
        for (int i = 0; i < 32; i++)
            p.events[d][i].cpu_ns = p.events[d][i].cpu_ns * 9 / 10;
    check_replicas_get_the_same(SLUICE_ADVISE_CORES);
}
END_TEST

/* 8 devices on two cores: each replica gets one of them; or on one core. */
START_TEST(fewer_devices_are_those_of_a_replica)
{
    sluice_attribution out;
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    better = p;
    play(&p, "gpipe", 4, 32, SLUICE_REVERSE);
    play(&better, "gpipe", 1, 32, SLUICE_REVERSE);
    for (int d = 0; d < 4; d++)
        for (int i = 0; i < 64; i++)
            p.events[d][i].cpu_ns /= 4;
    sluice_trace trace = replicas_of(&p, 2);
    ck_assert(!sluice_trace_attribute(&trace, NULL, NULL, &out, NULL));
    ck_assert_int_eq(out.advice.kind, SLUICE_ADVISE_CORES);
    ck_assert_double_eq_tol(real_gain(), 0.086, 0.001);
    ck_assert(strstr(out.advice.text,
                     "8.6 % less with 1 of the 4 devices in each replica."));
    for (int d = 0; d < 4; d++)
        for (int i = 0; i < 64; i++)
            p.events[d][i].cpu_ns /= 2;
    ck_assert(!sluice_trace_attribute(&trace, NULL, NULL, &out, NULL));
    ck_assert_int_eq(out.advice.kind, SLUICE_ADVISE_CORES);
    ck_assert_ptr_null(strstr(out.advice.text, "in each replica"));
}
END_TEST

/* Every remedy, with the longest numbers. */
START_TEST(the_longest_sentences_fit)
{
    struct sl_observations found = {
        .n_replicas = 2048,
        .n_devices = 2048,
        .n_microbatches = 65534,
        .slowest = 4095,
        .step_ns = 1,
        .slowest_ns = 4096,
        .mean_ns = 1,
        .excess = 1,
        .n_cores = 2047,
        .capacity = 65534,
        .more_capacity = 65535,
    };
    int64_t *const others[] = {
        [SLUICE_ADVISE_CUT] = &found.even_ns,
        [SLUICE_ADVISE_MORE_BATCHES] = &found.more_ns,
        [SLUICE_ADVISE_FEWER_BATCHES] = &found.fewer_ns,
        [SLUICE_ADVISE_CAPACITY] = &found.roomy_ns,
        [SLUICE_ADVISE_CORES] = &found.own_ns,
    };
    for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++)
        found.mean_cause_ns[c] = 1;
    for (int kind = SLUICE_ADVISE_CUT; kind <= SLUICE_ADVISE_CORES; kind++) {
        sluice_advice advice;
        found.as_is_ns = found.again_ns = 2;
        *others[kind] = 1;
        if (kind == SLUICE_ADVISE_CORES)
            found.joint_ns = 1;
        sl_advise(&found, &advice);
        *others[kind] = 0;
        ck_assert_int_eq(advice.kind, kind);
        size_t n = strlen(advice.text);
        ck_assert_uint_lt(n, SLUICE_ADVICE_TEXT - 1);
        ck_assert_int_eq(advice.text[n - 1], '.');
    }
}
END_TEST

START_TEST(a_step_without_events_asks_for_nothing)
{
    p = (struct play){.n_events = {0}};
    p.trace = (sluice_trace){1, p.n_events, p.rows, 0, 0};
    ck_assert_int_eq(advise(&p, false).kind, SLUICE_ADVISE_NOTHING);
}
END_TEST

SLUICE_TEST_MAIN("report.advice", a_slow_stage_asks_for_a_better_cut,
                 a_bubble_by_the_formula_asks_for_more_micro_batches,
                 enough_micro_batches_and_the_formulas_bubble_ask_for_nothing,
                 costly_hand_offs_ask_for_fewer_micro_batches,
                 full_queues_ask_for_as_much_capacity_as_pays,
                 waiting_for_room_that_delays_nobody_asks_for_nothing,
                 preemption_asks_for_cores_even_near_the_formula,
                 one_device_off_its_core_costs_as_much_as_it_delays,
                 a_device_off_its_core_that_delays_nobody_asks_for_nothing,
                 equal_replicas_get_the_advice_of_one,
                 fewer_devices_are_those_of_a_replica,
                 the_longest_sentences_fit,
                 a_step_without_events_asks_for_nothing)
