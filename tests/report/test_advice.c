/* The advice is the remedy of the largest gain, or none. */
#include <sluice/attribution.h>

#include "report/play.h"
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

START_TEST(full_queues_ask_for_more_capacity)
{
    p = (struct play){.cost = bursts,
                      .forward_ns = 1000,
                      .backward_ns = 1000,
                      .slow_stage = -1,
                      .capacity = 1};
    better = p;
    better.capacity = 8;
    play(&p, "gpipe", 2, 64, SLUICE_REVERSE);
    play(&better, "gpipe", 2, 64, SLUICE_REVERSE);
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_CAPACITY);
    ck_assert_double_gt(real_gain(), 0.05);
    ck_assert_double_eq_tol(advice.gain, real_gain(), 0.01);
}
END_TEST

START_TEST(preemption_asks_for_cores_even_near_the_formula)
{
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "gpipe", 4, 16, SLUICE_REVERSE);
    for (int d = 0; d < 4; d++)
        for (int i = 0; i < 32; i++)
            p.events[d][i].cpu_ns /= 2;
    sluice_advice advice = advise(&p, false);
    ck_assert_int_eq(advice.kind, SLUICE_ADVISE_CORES);
    ck_assert_double_eq_tol(advice.gain, 0.5 * 16 / 19, 0.001);
    ck_assert(strstr(advice.text, "42.1 %") != NULL);
    ck_assert_int_eq(advise(&p, true).kind, SLUICE_ADVISE_NOTHING);
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
                 full_queues_ask_for_more_capacity,
                 preemption_asks_for_cores_even_near_the_formula,
                 a_step_without_events_asks_for_nothing)
