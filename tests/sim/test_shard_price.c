/* What UNSHARD, RESHARD and REDUCE_GRAD cost is time of their device. */
#include <string.h>

#include <sluice/schedule_text.h>
#include <sluice/simulate.h>

#include "support/runner.h"

static int64_t end_ns(const char *csv, const int64_t *costs)
{
    sluice_schedule *schedule;
    sluice_simulation *simulation;
    sluice_diag why = {.text = ""};
    int64_t end = 0;
    ck_assert(!sluice_schedule_parse_csv(csv, strlen(csv), SLUICE_CSV_DETECT,
                                         NULL, &schedule, NULL));
    ck_assert_msg(!sluice_simulate(schedule,
                                   &(sluice_simulate_config){
                                       .queue_capacity = 2,
                                       .costs_ns = costs,
                                   },
                                   &simulation, &why),
                  "%s", why.text);
    const sluice_trace *trace = sluice_simulation_trace(simulation);
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++)
            if (trace->events[d][i].end_ns > end)
                end = trace->events[d][i].end_ns;
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
    return end;
}

START_TEST(they_take_their_cost_and_nothing_else)
{
    const int64_t costs[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 10,         [SLUICE_B] = 20,
        [SLUICE_UPDATE] = 5,     [SLUICE_REDUCE_GRAD] = 300,
        [SLUICE_UNSHARD] = 4000, [SLUICE_RESHARD] = 50000,
    };
    ck_assert_int_eq(end_ns("0F0,0B0", costs), 10 + 20 + 5);
    ck_assert_int_eq(end_ns("0UNSHARD,0F0,0B0,0REDUCE_GRAD,0RESHARD", costs),
                     4000 + 10 + 20 + 300 + 50000 + 5);
    /* The second device waits for the first one's F, and its own UNSHARD takes
     * place meanwhile. */
    ck_assert_int_eq(end_ns("0UNSHARD,0F0,0B0\n1UNSHARD,1F0,1B0", costs),
                     4000 + 10 + 10 + 20 + 20 + 5);
    /* The first device's REDUCE_GRAD comes last, and all commit after it. */
    ck_assert_int_eq(
        end_ns("0F0,0B0,0REDUCE_GRAD\n1F0,1B0,1REDUCE_GRAD", costs),
        10 + 10 + 20 + 20 + 300 + 5);
}
END_TEST

SLUICE_TEST_MAIN("sim.shard_price", they_take_their_cost_and_nothing_else)
