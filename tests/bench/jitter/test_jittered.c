/* Schedules with jitter, and the choice of a device whose gradient is late. */
#include "bench/jitter/jittered.h"

#include <sluice/schedule_text.h>

#include <string.h>

#include "support/runner.h"

static int64_t length(const sluice_schedule *schedule,
                      const struct jitter *jitter)
{
    sluice_simulation *simulation;
    ck_assert_int_eq(jittered_simulate(schedule, jitter, &simulation, NULL),
                     SLUICE_OK);
    int64_t ns = sluice_simulation_trace(simulation)->end_ns;
    sluice_simulation_destroy(simulation);
    return ns;
}

/* Worked out by hand: while the second device has micro-batch 0, the first one
 * can recompute it, for which it is too early, or begin micro-batch 1. */
START_TEST(a_forward_comes_before_a_recompute_whose_gradient_is_late)
{
    static const char listed[] = "0F0,0R0,0B0,0F1,0R1,0B1,0UPDATE\n"
                                 "1F0,1B0,1F1,1B1,,,1UPDATE\n";
    const struct jitter none = {0, 1};
    sluice_schedule *schedule, *chosen;
    sluice_diag why = {.text = ""};
    char text[256];
    size_t n;
    ck_assert_msg(!sluice_schedule_parse_csv(listed, strlen(listed),
                                             SLUICE_CSV_NEW, NULL, &schedule,
                                             &why),
                  "%s", why.text);
    ck_assert_int_eq(length(schedule, &none), 12 * JITTER_NS);
    ck_assert_int_eq(jittered_opportune(schedule, &none, &chosen, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(length(chosen, &none), 9 * JITTER_NS);
    ck_assert_int_eq(
        sluice_schedule_format_csv(chosen, false, text, sizeof text, &n, NULL),
        SLUICE_OK);
    ck_assert_msg(strstr(text, "0F0,0F1,0R0,0B0,0R1,0B1"), "%s", text);
    sluice_schedule_destroy(chosen);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(what_is_chosen_can_run_and_has_all_actions)
{
    const sluice_schedule_config wanted = {
        .name = "varuna", .devices = 4, .microbatches = 8};
    sluice_schedule *schedule;
    int n_changed = 0;
    ck_assert_int_eq(sluice_schedule_generate(&wanted, &schedule, NULL),
                     SLUICE_OK);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const struct jitter jitter = {0.5, seed};
        const sluice_verify_config rules = {0};
        sluice_schedule *chosen;
        ck_assert_int_eq(jittered_opportune(schedule, &jitter, &chosen, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(sluice_schedule_verify(chosen, &rules, NULL, NULL),
                         SLUICE_OK);
        for (int d = 0; d < 4; d++) {
            int n, m;
            const sluice_action *a = sluice_schedule_actions(schedule, d, &n);
            const sluice_action *b = sluice_schedule_actions(chosen, d, &m);
            ck_assert_int_eq(n, m);
            n_changed += memcmp(a, b, (size_t)n * sizeof *a) != 0;
        }
        sluice_schedule_destroy(chosen);
    }
    ck_assert_int_ge(n_changed, 1);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("bench.jittered",
                 a_forward_comes_before_a_recompute_whose_gradient_is_late,
                 what_is_chosen_can_run_and_has_all_actions)
