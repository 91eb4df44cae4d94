/* Where the time of steps went. */
#include "bench/output/describe.h"

#include <string.h>

#include <sluice/pipeline_stage.h>

#include "support/runner.h"

#include "bench/measure/measure_config.h"
#include "bench/measure/workload.h"

/* The end of the last UPDATE; 0 if there is none. */
static int64_t last_update_ns(const sluice_trace *trace)
{
    int64_t last = 0;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *event = &trace->events[d][i];
            if (event->action.kind == SLUICE_UPDATE && event->end_ns > last)
                last = event->end_ns;
        }
    return last;
}

START_TEST(time_of_a_step_has_its_updates_and_the_makespan_has_not)
{
    struct workload work;
    sluice_pipeline *pipe;
    sluice_trace trace;
    struct time_sum sum = {0};
    int64_t step_ns = 0, updates_ns = 0;
    ck_assert_int_eq(workload_parse(&work, "8-8x4", 16, 1, NULL), SLUICE_OK);
    sluice_pipeline_config config = plain_pipeline_config(2, 4, 16);
    config.trace = true;
    ck_assert_int_eq(sluice_pipeline_create(&config, work.model, &pipe, NULL),
                     SLUICE_OK);
    for (int step = 0; step < 2; step++) {
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, work.x, work.targets, 16, NULL, NULL),
            SLUICE_OK);
        time_sum_add(&sum, pipe);
        ck_assert_int_eq(sluice_pipeline_trace(pipe, &trace, NULL), SLUICE_OK);
        step_ns += trace.end_ns - trace.start_ns;
        updates_ns += last_update_ns(&trace) - trace.start_ns;
    }
    ck_assert_int_eq(sum.n_steps, 2);
    ck_assert_int_eq(sum.step_ns, step_ns);
    ck_assert_int_gt(sum.step_ns, sum.makespan_ns);
    ck_assert_int_gt(updates_ns, 0);
    ck_assert_int_ge(sum.step_ns, updates_ns);
    sluice_pipeline_destroy(pipe);
    workload_fini(&work);
}
END_TEST

/* The table of eight layers on two devices under a schedule. */
static void table_of(const char *schedule, int n_chunks, int n_layers,
                     char *table, size_t size)
{
    struct workload work;
    sluice_pipeline *pipe;
    char model[32];
    snprintf(model, sizeof model, "8-8x%d", n_layers);
    ck_assert_int_eq(workload_parse(&work, model, 16, 1, NULL), SLUICE_OK);
    sluice_pipeline_config config = plain_pipeline_config(2, 4, 16);
    config.schedule.name = schedule;
    config.schedule.chunks = n_chunks;
    ck_assert_int_eq(sluice_pipeline_create(&config, work.model, &pipe, NULL),
                     SLUICE_OK);
    memset(table, 0, size);
    FILE *out = fmemopen(table, size, "w");
    ck_assert_ptr_nonnull(out);
    describe_devices(pipe, work.model, out);
    fclose(out);
    sluice_pipeline_destroy(pipe);
    workload_fini(&work);
}

START_TEST(the_layers_of_a_device_are_those_of_its_stages)
{
    static const struct {
        const char *schedule;
        int n_chunks;
        int n_layers;
        const char *devices[2];
    } cases[] = {
        {"gpipe", 0, 3, {"  0-1: linear linear\n", "  2: linear\n"}},
        {"interleaved-1f1b",
         2,
         6,
         {"  0-1, 4: linear linear linear\n",
          "  2-3, 5: linear linear linear\n"}},
        {"zb-v", 0, 4, {"  0, 3: linear linear\n", "  1, 2: linear linear\n"}},
        {"dualpipe",
         0,
         3,
         {"  0-1, 2: linear linear linear\n",
          "  2, 0-1: linear linear linear\n"}},
        {"dualpipe",
         0,
         16,
         {"  0-7, 8-15: linear linear linear linear ...\n",
          "  8-15, 0-7: linear linear linear linear ...\n"}},
    };
    char table[1000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        table_of(cases[i].schedule, cases[i].n_chunks, cases[i].n_layers, table,
                 sizeof table);
        for (int d = 0; d < 2; d++)
            ck_assert_msg(strstr(table, cases[i].devices[d]), "%s: %s",
                          cases[i].schedule, table);
    }
}
END_TEST

SLUICE_TEST_MAIN("bench.describe",
                 time_of_a_step_has_its_updates_and_the_makespan_has_not,
                 the_layers_of_a_device_are_those_of_its_stages)
