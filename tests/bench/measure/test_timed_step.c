/* Schedules whose steps are timed. */
#include "bench/measure/layers/timed_step.h"

#include "support/runner.h"

START_TEST(every_schedule_runs_and_has_each_action_once)
{
    for (int n = 1; n <= 7; n += 2)
        for (int devices = 1; devices <= 3 && devices <= n; devices++)
            for (int m = 1; m <= 6; m++)
                for (int how = TIMED_WHOLE; how <= TIMED_MIXED; how++) {
                    const sluice_verify_config rules = {0};
                    sluice_schedule *schedule;
                    sluice_diag why = {.text = ""};
                    const struct timed_step step = {
                        .backwards = (enum timed_backwards)how,
                        .n_layers = n,
                        .n_microbatches = m,
                        .devices = devices,
                        .recomputes = m % 2,
                    };
                    ck_assert(!timed_step_schedule(&step, &schedule, NULL));
                    ck_assert_msg(
                        !sluice_schedule_verify(schedule, &rules, NULL, &why),
                        "%d layers on %d, M = %d: %s", n, devices, m, why.text);
                    sluice_schedule_destroy(schedule);
                }
}
END_TEST

SLUICE_TEST_MAIN("bench.timed_step",
                 every_schedule_runs_and_has_each_action_once)
