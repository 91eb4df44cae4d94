/* Chrome's trace events: the JSON object format.  Any thread. */
#include <sluice/report.h>

#include <inttypes.h>

#include "base/clock.h"
#include "base/memory.h"
#include "attribution/trace_index.h"
#include "report/out.h"

/* What is being written. */
struct sheet {
    struct sl_out out;
    const struct sl_index *index;
    const sluice_report_config *config;
    const char *comma; /* before the next event */
    int64_t n_flows;
};

enum { PROCESS = 1, NS_PLACES = 3 }; /* times are in us, to the nanosecond */

static void begin_event(struct sheet *s, const char *phase, int device)
{
    sl_out_format(&s->out, "%s\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%d", s->comma,
                  phase, PROCESS, device);
    s->comma = ",";
}

static void time_field(struct sheet *s, const char *name, int64_t ns)
{
    sl_out_format(&s->out, ",\"%s\":", name);
    sl_out_decimal(&s->out, ns, NS_PLACES);
}

static void stamp(struct sheet *s, int64_t ns)
{
    time_field(s, "ts", ns - s->index->trace->start_ns);
}

/* Names and order of the rows. */
static void head(struct sheet *s)
{
    const char *title = s->config->title;
    begin_event(s, "M", 0);
    sl_out_text(&s->out, ",\"name\":\"process_name\",\"args\":{\"name\":\"");
    sl_out_json(&s->out, title ? title : "pipeline");
    sl_out_text(&s->out, "\"}}");
    for (int d = 0; d < s->index->trace->n_devices; d++) {
        begin_event(s, "M", d);
        sl_out_format(&s->out,
                      ",\"name\":\"thread_name\",\"args\":{\"name\":\"device "
                      "%d\"}}",
                      d);
        begin_event(s, "M", d);
        sl_out_format(&s->out,
                      ",\"name\":\"thread_sort_index\",\"args\":{"
                      "\"sort_index\":%d}}",
                      d);
    }
}

static const char *category(sluice_action action)
{
    static const char *const categories[SL_N_TRACED_KINDS] = {
        [SLUICE_F] = "forward",          [SLUICE_B] = "backward",
        [SLUICE_I] = "input_gradient",   [SLUICE_W] = "weight_gradient",
        [SLUICE_S] = "scores",           [SLUICE_T] = "scores_weight_gradient",
        [SLUICE_R] = "recompute",        [SLUICE_UPDATE] = "update",
        [SLUICE_REDUCE_GRAD] = "reduce", [SLUICE_UNSHARD] = "unshard",
        [SLUICE_RESHARD] = "reshard",
    };
    return categories[action.kind];
}

static void slice(struct sheet *s, int device, const sluice_trace_event *e)
{
    char name[SLUICE_DIAG_ACTION];
    sluice_action_format(e->action, name, sizeof name);
    begin_event(s, "X", device);
    sl_out_format(&s->out, ",\"name\":\"%s\",\"cat\":\"%s\"", name,
                  category(e->action));
    stamp(s, e->start_ns);
    time_field(s, "dur", e->end_ns - e->start_ns);
    sl_out_format(&s->out, ",\"args\":{\"stage\":%" PRId32, e->action.stage);
    if (sl_computes(e->action))
        sl_out_format(&s->out, ",\"microbatch\":%" PRId32,
                      e->action.microbatch);
    time_field(s, "cpu_us", e->cpu_ns);
    time_field(s, "input_wait_us", e->input_wait_ns);
    time_field(s, "output_wait_us", e->output_wait_ns);
    if (e->team_wait_ns > 0)
        time_field(s, "team_wait_us", e->team_wait_ns);
    sl_out_text(&s->out, "}}");
}

static void flow_end(struct sheet *s, const char *phase, int device,
                     const char *name, int64_t ns)
{
    begin_event(s, phase, device);
    sl_out_format(&s->out, ",\"name\":\"%s\",\"cat\":\"flow\",\"id\":%" PRId64,
                  name, s->n_flows);
    stamp(s, ns);
    sl_out_text(&s->out, *phase == 'f' ? ",\"bp\":\"e\"}" : "}");
}

/* An arrow from the action that makes the input of `e`.  It is tied to the
 * slices around its ends, so it starts within that of the producer. */
static void flow(struct sheet *s, int device, const sluice_trace_event *e)
{
    const sluice_trace_event *p = sl_index_producer(s->index, e->action);
    if (!p)
        return;
    const char *name = e->action.kind == SLUICE_F ? "activation" : "gradient";
    int from = s->index->device[p->action.stage];
    flow_end(s, "s", from, name,
             p->end_ns > p->start_ns ? p->end_ns - 1 : p->start_ns);
    flow_end(s, "f", device, name, e->start_ns);
    s->n_flows++;
}

static size_t n_pairs(const struct sl_index *index)
{
    return (size_t)index->n_stages * (size_t)index->n_microbatches;
}

static size_t pair_of(const struct sl_index *index, sluice_action action)
{
    return (size_t)action.stage * (size_t)index->n_microbatches +
           (size_t)action.microbatch;
}

static bool is_backward(sluice_action action)
{
    return sl_way_of(action) == SL_BACKWARD || action.kind == SLUICE_W;
}

/* last[stages][micro-batches]: number of the last backward action, or -1. */
static void find_last(const struct sl_index *index, int *last)
{
    const sluice_trace *trace = index->trace;
    for (size_t i = 0; i < n_pairs(index); i++)
        last[i] = -1;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++)
            if (is_backward(trace->events[d][i].action))
                last[pair_of(index, trace->events[d][i].action)] = i;
}

/* What action number `i` adds to what its device holds, or, less than 0, gives
 * up.  Without a backward nothing is held. */
static int64_t live_change(const struct sheet *s, const int *last, int i,
                           sluice_action action)
{
    const int64_t *bytes = s->config->live_bytes;
    int64_t amount = bytes ? bytes[action.stage] : 1;
    if (!sl_computes(action))
        return 0;
    int end = last[pair_of(s->index, action)];
    if (action.kind == SLUICE_F)
        return end > i ? amount : 0;
    return end == i ? sl_sub_ns(0, amount) : 0;
}

static void counter(struct sheet *s, int device, int64_t ns, int64_t live)
{
    begin_event(s, "C", device);
    sl_out_format(&s->out, ",\"name\":\"live, device %d\"", device);
    stamp(s, ns);
    sl_out_format(&s->out, ",\"args\":{\"%s\":%" PRId64 "}}",
                  s->config->live_bytes ? "bytes" : "micro-batches", live);
}

static void body(struct sheet *s, const int *last)
{
    const sluice_trace *trace = s->index->trace;
    for (int d = 0; d < trace->n_devices; d++) {
        int64_t live = 0;
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *e = &trace->events[d][i];
            slice(s, d, e);
            flow(s, d, e);
            int64_t change = live_change(s, last, i, e->action);
            live = sl_add_ns(live, change);
            if (change)
                counter(s, d, e->end_ns, live);
        }
    }
}

static sluice_status write_sheet(struct sheet *s, sluice_diag *why)
{
    const sluice_allocator *allocator = s->config->allocator;
    size_t n = n_pairs(s->index);
    int *last = sl_alloc(allocator, n, sizeof *last);
    if (!last)
        return sl_no_memory(why, "a Chrome trace");
    find_last(s->index, last);
    sl_out_text(&s->out, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
    head(s);
    body(s, last);
    sl_out_text(&s->out, "\n]}\n");
    sl_free(allocator, last, n, sizeof *last);
    return sl_out_finish(&s->out);
}

sluice_status sluice_report_chrome(const sluice_trace *trace,
                                   const sluice_report_config *config,
                                   sluice_sink sink, sluice_diag *why)
{
    static const sluice_report_config defaults;
    struct sl_index index;
    if (!config)
        config = &defaults;
    struct sheet sheet = {.index = &index, .config = config, .comma = ""};
    sluice_status st = sl_index_init(&index, trace, config->allocator, why);
    if (st)
        return st;
    sl_out_init(&sheet.out, sink, why);
    st = write_sheet(&sheet, why);
    sl_index_fini(&index);
    return st;
}
