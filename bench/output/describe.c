/* A pipeline in words.  The thread that owns the pipeline. */
#include "bench/output/describe.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <sluice/pipeline_stage.h>
#include <sluice/world.h>

enum { LAYERS_TEXT = 48 };

/* "0-1, 4: linear linear tanh", stage by stage, cut short where it gets long.
 */
struct layers_text {
    char text[LAYERS_TEXT];
    size_t n;
    bool cut;
};

static void add_piece(struct layers_text *to, const char *before,
                      const char *piece)
{
    size_t n = strlen(before) + strlen(piece);
    if (to->cut)
        return;
    to->cut = to->n + n + sizeof " ..." > LAYERS_TEXT;
    to->n += (size_t)snprintf(to->text + to->n, LAYERS_TEXT - to->n, "%s%s",
                              to->cut ? " ..." : before, to->cut ? "" : piece);
}

static void add_range(struct layers_text *to, const char *before,
                      const sluice_stage_info *stage)
{
    char range[2 * sizeof "-2147483648"];
    if (stage->n_layers > 1)
        snprintf(range, sizeof range, "%d-%d", stage->first_layer,
                 stage->first_layer + stage->n_layers - 1);
    else
        snprintf(range, sizeof range, "%d", stage->first_layer);
    add_piece(to, before, range);
}

static struct layers_text layers_of(const sluice_pipeline *pipe,
                                    const sluice_model *model, int device,
                                    int n_stages)
{
    struct layers_text to = {.n = 0};
    sluice_stage_info stage;
    for (int i = 0; i < n_stages; i++) {
        sluice_pipeline_stage(pipe, device, i, &stage);
        add_range(&to, i > 0 ? ", " : "", &stage);
    }
    add_piece(&to, ":", "");
    for (int i = 0; i < n_stages; i++) {
        sluice_pipeline_stage(pipe, device, i, &stage);
        for (int l = 0; l < stage.n_layers; l++)
            add_piece(&to, " ",
                      sluice_model_layer(model, stage.first_layer + l)->name);
    }
    return to;
}

static void describe_device(const sluice_pipeline *pipe,
                            const sluice_model *model, int device, FILE *out)
{
    sluice_device_info info;
    sluice_pipeline_device(pipe, device, &info);
    const sluice_memory_plan *plan = &info.planned;
    const size_t columns[] = {
        plan->parameters, plan->packed,     plan->gradients, plan->optimizer,
        plan->versions,   plan->boundary,   plan->stash,     plan->workspace,
        plan->total,      info.actual_bytes};
    char core[16] = "-";
    if (info.core >= 0)
        snprintf(core, sizeof core, "%d", info.core);
    fprintf(out, "%6d %4s", device, core);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        fprintf(out, " %9.1f", (double)columns[i] / 1024);
    fprintf(out, "  %s\n", layers_of(pipe, model, device, info.n_stages).text);
}

void describe_devices(const sluice_pipeline *pipe, const sluice_model *model,
                      FILE *out)
{
    fprintf(out,
            "\nMemory in KiB\n"
            "device core    params    packed     grads optimizer  versions  "
            "boundary     stash"
            " workspace     total    actual  layers\n");
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++)
        describe_device(pipe, model, d, out);
}

static void add(struct time_sum *sum, const sluice_trace *trace)
{
    sluice_time_share devices[SLUICE_MAX_DEVICES];
    sluice_time_share all;
    sluice_trace_account(trace, devices, &all);
    sum->n_devices = trace->n_devices;
    sum->n_steps++;
    sum->step_ns += trace->end_ns - trace->start_ns;
    sum->makespan_ns += all.makespan_ns;
    for (int d = 0; d < trace->n_devices; d++) {
        sum->busy_ns[d] += devices[d].busy_ns;
        sum->wait_ns[d] += devices[d].wait_ns;
    }
}

void time_sum_add(struct time_sum *sum, sluice_pipeline *pipe)
{
    sluice_trace trace;
    if (!sluice_pipeline_trace_all(pipe, &trace, NULL))
        add(sum, &trace);
}

void time_sum_add_here(struct time_sum *sum, const sluice_pipeline *pipe)
{
    sluice_trace trace;
    if (!sluice_pipeline_trace(pipe, &trace, NULL))
        add(sum, &trace);
}

double time_sum_bubble(const struct time_sum *sum)
{
    double busy = 0;
    for (int d = 0; d < sum->n_devices; d++)
        busy += (double)sum->busy_ns[d];
    if (sum->makespan_ns == 0)
        return NAN;
    return 1 - busy / ((double)sum->makespan_ns * sum->n_devices);
}

void describe_time(const struct time_sum *sum, double formula, FILE *out)
{
    if (sum->makespan_ns == 0)
        return;
    double window = (double)sum->makespan_ns / 100; /* for per cents */
    fprintf(out, "\nShare of the time, in per cent\n"
                 "device   busy waiting  bubble\n");
    for (int d = 0; d < sum->n_devices; d++)
        fprintf(out, "%6d %6.1f %7.1f %7.1f\n", d,
                (double)sum->busy_ns[d] / window,
                (double)sum->wait_ns[d] / window,
                100 - (double)sum->busy_ns[d] / window);
    fprintf(out, "   all %22.1f", 100 * time_sum_bubble(sum));
    if (!isnan(formula))
        fprintf(out, "   closed form, F = I = W, equal stages: %.1f",
                100 * formula);
    fputc('\n', out);
}
