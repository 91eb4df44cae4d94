/*
 * Table 5 of Zero Bubble (Qi et al., 2023): bubble rates by the span, with the
 * times of its table 9, in ms, and queues that hold 2p.  ZB-1P and ZB-2P are
 * what the search finds with a limit of p and 2p activations.  By its table 1
 * an activation is s b (34 h + 5 a s) elements, of which W needs 32 s b h: the
 * rest is free after I.  Its models have s = 1024.
 */
#include <sluice/search.h>
#include <sluice/simulate.h>

#include <math.h>

#include "support/grid.h"
#include "support/runner.h"

enum { MOST_DEVICES = 32, KINDS = SLUICE_N_ACTION_KINDS };

struct setting {
    int p, m;
    double forward, input, weight, hand_off;
    double of_1f1b, of_zb_h1, of_zb_h2, of_zb_1p, of_zb_2p;
};

static const struct setting settings[] = {
    {8, 24, 18.522, 18.086, 9.337, .601, .2431, .1585, .1083, .1585, .0433},
    {8, 32, 18.513, 18.086, 9.331, .626, .1985, .1242, .0837, .1242, .0039},
    {8, 64, 18.546, 18.097, 9.321, .762, .1240, .0674, .0444, .0674, .0026},
    {8, 24, 29.718, 29.444, 19.927, .527, .2347, .1323, .0698, .1323, .0029},
    {8, 32, 29.802, 29.428, 19.530, .577, .1898, .1045, .0559, .1045, .0022},
    {8, 64, 29.935, 29.621, 19.388, .535, .1091, .0554, .0294, .0554, .0010},
    {16, 48, 11.347, 11.248, 8.132, .377, .2552, .1397, .0672, .1397, .0066},
    {16, 64, 11.307, 11.254, 8.101, .379, .2082, .1088, .0516, .1088, .0054},
    {16, 128, 11.325, 11.308, 8.109, .378, .1251, .0576, .0266, .0576, .0028},
    {32, 96, 10.419, 10.207, 7.715, .408, .2646, .1421, .0641, .1421, .0038},
    {32, 128, 10.408, 10.204, 7.703, .408, .2168, .1106, .0490, .1106, .0029},
    {32, 256, 10.402, 10.248, 7.698, .460, .1352, .0594, .0257, .0594, .0018},
};

enum { N_SETTINGS = (int)(sizeof settings / sizeof *settings) };

static int64_t ns(double ms)
{
    return llround(ms * 1e6);
}

struct costs {
    int64_t ns[MOST_DEVICES][KINDS];
};

static struct costs costs_of(const struct setting *s)
{
    struct costs costs = {.ns = {{0}}};
    for (int d = 0; d < s->p; d++) {
        costs.ns[d][SLUICE_F] = ns(s->forward);
        costs.ns[d][SLUICE_I] = ns(s->input);
        costs.ns[d][SLUICE_W] = ns(s->weight);
        costs.ns[d][SLUICE_B] = ns(s->input) + ns(s->weight);
    }
    return costs;
}

/* 1 - busy / span, as the paper prints it: to four digits. */
static void assert_rate(const struct setting *s, const char *name,
                        int64_t span_ns, double printed)
{
    double work = s->m * (s->forward + s->input + s->weight);
    double rate = 1 - work * 1e6 / (double)span_ns;
    ck_assert_msg(fabs(rate - printed) < 0.5001e-4, "%s, p %d, m %d: %.5f",
                  name, s->p, s->m, rate);
}

static void check_fixed(const struct setting *s, const char *name,
                        double printed)
{
    struct costs costs = costs_of(s);
    const sluice_schedule_config config = {
        .name = name, .devices = s->p, .microbatches = s->m};
    sluice_schedule *schedule;
    sluice_simulation *simulation;
    sluice_time_share all;
    ck_assert(!sluice_schedule_generate(&config, &schedule, NULL));
    ck_assert(!sluice_simulate(schedule,
                               &(sluice_simulate_config){
                                   .stage_costs_ns = costs.ns[0],
                                   .latency_ns = ns(s->hand_off),
                                   .queue_capacity = 2 * s->p,
                                   .no_events = true,
                               },
                               &simulation, NULL));
    sluice_simulation_account(simulation, NULL, &all);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
    assert_rate(s, name, all.span_ns, printed);
}

START_TEST(fixed_schedules_have_the_printed_rates)
{
    for (int i = 0; i < N_SETTINGS; i++) {
        check_fixed(&settings[i], "1f1b", settings[i].of_1f1b);
        check_fixed(&settings[i], "zb-h1", settings[i].of_zb_h1);
        check_fixed(&settings[i], "zb-h2", settings[i].of_zb_h2);
    }
}
END_TEST

/* Width and heads of the model that four settings have in common. */
static void size_of(const struct setting *s, int *h, int *a)
{
    static const int sizes[][2] = {
        {2304, 24}, {4096, 32}, {5120, 40}, {6144, 48}};
    *h = sizes[(s - settings) / 3][0];
    *a = sizes[(s - settings) / 3][1];
}

static void check_found(const struct setting *s, int times_p, double printed)
{
    enum { TOKENS = 1024 };
    struct costs costs = costs_of(s);
    int64_t activation[MOST_DEVICES], weight[MOST_DEVICES];
    sluice_schedule *schedule;
    sluice_search_result result;
    int h, a;
    size_of(s, &h, &a);
    for (int d = 0; d < s->p; d++) {
        activation[d] = 34 * h + 5 * a * TOKENS;
        weight[d] = 32 * h;
    }
    const sluice_search_config config = {
        .devices = s->p,
        .microbatches = s->m,
        .stage_costs_ns = costs.ns[0],
        .latency_ns = ns(s->hand_off),
        .queue_capacity = 2 * s->p,
        .activation_bytes = activation,
        .weight_bytes = weight,
        .limit = activation[0] * times_p * s->p,
        .objective = SLUICE_SPAN,
        .tries = -1,
    };
    ck_assert(!sluice_schedule_search(&config, &schedule, &result, NULL));
    sluice_schedule_destroy(schedule);
    assert_rate(s, result.found, result.span_ns, printed);
}

START_TEST(the_search_finds_the_rates_of_zb_1p_and_zb_2p)
{
    for (int i = 0; i < N_SETTINGS; i++) {
        if (!sl_test_skips_of(3))
            check_found(&settings[i], 1, settings[i].of_zb_1p);
        if (!sl_test_skips_of(3))
            check_found(&settings[i], 2, settings[i].of_zb_2p);
    }
}
END_TEST

/* If all of an activation stays until W, the last device does m - 2p W's before
 * its last forward.  With its forwards and I's, the ways there and back, and
 * the last W of the first device they make a span that no order is below. */
START_TEST(with_activations_kept_until_w_the_search_reaches_the_bound)
{
    for (int i = 0; i < N_SETTINGS; i++) {
        const struct setting *s = &settings[i];
        struct costs costs = costs_of(s);
        sluice_schedule *schedule;
        sluice_search_result result;
        if (sl_test_skips_of(3))
            continue;
        const sluice_search_config config = {
            .devices = s->p,
            .microbatches = s->m,
            .stage_costs_ns = costs.ns[0],
            .latency_ns = ns(s->hand_off),
            .queue_capacity = 2 * s->p,
            .limit = 2 * s->p,
            .objective = SLUICE_SPAN,
            .tries = -1,
        };
        ck_assert(!sluice_schedule_search(&config, &schedule, &result, NULL));
        sluice_schedule_destroy(schedule);
        double bound = (s->p - 1) * (s->forward + s->input + 2 * s->hand_off) +
                       s->m * (s->forward + s->input) +
                       (s->m - 2 * s->p) * s->weight + s->weight;
        double span = (double)result.span_ns * 1e-6;
        ck_assert_msg(fabs(span - bound) < 1e-6, "p %d, m %d: %.3f for %.3f",
                      s->p, s->m, span, bound);
    }
}
END_TEST

SLUICE_TEST_MAIN("search.zero_bubble", fixed_schedules_have_the_printed_rates,
                 the_search_finds_the_rates_of_zb_1p_and_zb_2p,
                 with_activations_kept_until_w_the_search_reaches_the_bound)
