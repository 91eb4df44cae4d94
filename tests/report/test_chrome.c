/* Chrome's trace events, read back by jansson. */
#include <sluice/report.h>

#include <jansson.h>
#include <math.h>

#include "report/collect.h"
#include "attribution/play.h"
#include "support/runner.h"

enum { K = 3, M = 5 };

static struct play p;
static json_t *root, *list;

static void draw(const sluice_report_config *config)
{
    struct collect got = {0};
    json_error_t error;
    sluice_diag why;
    ck_assert_msg(
        !sluice_report_chrome(&p.trace, config, collect_sink(&got), &why), "%s",
        why.text);
    root = json_loads(got.text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(root != NULL, "%d: %s", error.line, error.text);
    list = json_object_get(root, "traceEvents");
    ck_assert(json_is_array(list));
    collect_fini(&got);
}

static void play_default(const char *name)
{
    p = (struct play){.forward_ns = 1234,
                      .backward_ns = 2003,
                      .hand_off_ns = 7,
                      .edge_ns = 11,
                      .update_ns = 100};
    play(&p, name, K, M, SLUICE_IN_ORDER);
}

static const char *text(const json_t *event, const char *key)
{
    const char *value = json_string_value(json_object_get(event, key));
    return value ? value : "";
}

/* Microseconds in the file, to the nanosecond. */
static int64_t ns(const json_t *event, const char *key)
{
    json_t *value = json_object_get(event, key);
    ck_assert(json_is_number(value));
    return llround(json_number_value(value) * 1000);
}

static int count(const char *phase)
{
    size_t i;
    json_t *event;
    int n = 0;
    json_array_foreach(list, i, event) n += !strcmp(text(event, "ph"), phase);
    return n;
}

static const json_t *find(const char *phase, const char *key, const char *value)
{
    size_t i;
    json_t *event;
    json_array_foreach(
        list, i, event) if (!strcmp(text(event, "ph"), phase) &&
                            !strcmp(text(event, key), value)) return event;
    return NULL;
}

START_TEST(every_action_is_a_slice_with_its_times)
{
    play_default("1f1b");
    draw(&(sluice_report_config){.title = "a \"title\"\n"});
    int n = 0;
    for (int d = 0; d < K; d++)
        for (int i = 0; i < p.n_events[d]; i++, n++) {
            char name[SLUICE_DIAG_ACTION];
            const sluice_trace_event *e = &p.events[d][i];
            sluice_action_format(e->action, name, sizeof name);
            const json_t *slice = find("X", "name", name);
            ck_assert_ptr_nonnull(slice);
            ck_assert_int_eq(json_integer_value(json_object_get(slice, "tid")),
                             d);
            ck_assert_int_eq(ns(slice, "ts"), e->start_ns - p.trace.start_ns);
            ck_assert_int_eq(ns(slice, "dur"), e->end_ns - e->start_ns);
        }
    ck_assert_int_eq(count("X"), n);
    json_decref(root);
}
END_TEST

START_TEST(a_slice_tells_what_meetings_of_a_team_took)
{
    enum { MET_NS = 250 };
    char name[SLUICE_DIAG_ACTION];
    play_default("gpipe");
    sluice_action_format(p.events[1][0].action, name, sizeof name);
    p.events[1][0].team_wait_ns = MET_NS;
    draw(NULL);
    const json_t *met = json_object_get(find("X", "name", name), "args");
    const json_t *alone = json_object_get(find("X", "name", "0F0"), "args");
    ck_assert_int_eq(ns(met, "team_wait_us"), MET_NS);
    ck_assert_ptr_null(json_object_get(alone, "team_wait_us"));
    json_decref(root);
}
END_TEST

START_TEST(devices_and_the_process_have_names)
{
    play_default("gpipe");
    draw(&(sluice_report_config){.title = "a \"title\"\n"});
    ck_assert_int_eq(count("M"), 1 + 2 * K);
    const json_t *process = find("M", "name", "process_name");
    ck_assert_str_eq(text(json_object_get(process, "args"), "name"),
                     "a \"title\"?");
    const json_t *thread = find("M", "name", "thread_name");
    ck_assert_str_eq(text(json_object_get(thread, "args"), "name"), "device 0");
    json_decref(root);
}
END_TEST

/* Whether a slice of the arrow's thread holds the arrow's end. */
static bool on_slice(const json_t *arrow)
{
    size_t i;
    json_t *slice;
    int64_t at = ns(arrow, "ts");
    json_array_foreach(list, i,
                       slice) if (!strcmp(text(slice, "ph"), "X") &&
                                  json_equal(json_object_get(slice, "tid"),
                                             json_object_get(arrow, "tid")) &&
                                  ns(slice, "ts") <= at &&
                                  at < ns(slice, "ts") +
                                           ns(slice, "dur")) return true;
    return false;
}

START_TEST(arrows_go_from_each_producer_to_its_consumer)
{
    play_default("gpipe");
    draw(NULL);
    ck_assert_int_eq(count("s"), 2 * (K - 1) * M);
    ck_assert_int_eq(count("f"), 2 * (K - 1) * M);
    size_t i, j;
    json_t *from, *to;
    json_array_foreach(list, i, from)
    {
        int n = 0;
        if (strcmp(text(from, "ph"), "s"))
            continue;
        ck_assert(on_slice(from));
        json_array_foreach(list, j, to)
        {
            if (strcmp(text(to, "ph"), "f") ||
                !json_equal(json_object_get(from, "id"),
                            json_object_get(to, "id")))
                continue;
            n++;
            ck_assert(on_slice(to));
            ck_assert_str_eq(text(to, "name"), text(from, "name"));
            int64_t step = json_integer_value(json_object_get(to, "tid")) -
                           json_integer_value(json_object_get(from, "tid"));
            bool forward = !strcmp(text(to, "name"), "activation");
            ck_assert_int_eq(step, forward ? 1 : -1);
            ck_assert_int_gt(ns(to, "ts"), ns(from, "ts"));
        }
        ck_assert_int_eq(n, 1);
    }
    json_decref(root);
}
END_TEST

/* The counter of a device: its largest value, and its last. */
static void read_counter(int device, const char *key, int64_t *peak,
                         int64_t *last)
{
    char name[32];
    size_t i;
    json_t *event;
    snprintf(name, sizeof name, "live, device %d", device);
    *peak = *last = 0;
    json_array_foreach(list, i, event)
    {
        if (strcmp(text(event, "ph"), "C") || strcmp(text(event, "name"), name))
            continue;
        json_t *value = json_object_get(json_object_get(event, "args"), key);
        ck_assert(json_is_integer(value));
        *last = json_integer_value(value);
        *peak = *last > *peak ? *last : *peak;
    }
}

START_TEST(counters_show_what_a_device_holds)
{
    static const int64_t bytes[] = {1000, 200, 30};
    int64_t peak, last;
    play_default("1f1b");
    draw(NULL);
    for (int d = 0; d < K; d++) {
        read_counter(d, "micro-batches", &peak, &last);
        ck_assert_int_eq(peak, K - d);
        ck_assert_int_eq(last, 0);
    }
    json_decref(root);
    play_default("gpipe");
    draw(&(sluice_report_config){.live_bytes = bytes});
    for (int d = 0; d < K; d++) {
        read_counter(d, "bytes", &peak, &last);
        ck_assert_int_eq(peak, M * bytes[d]);
        ck_assert_int_eq(last, 0);
    }
    json_decref(root);
}
END_TEST

START_TEST(forwards_without_backwards_hold_nothing)
{
    play_default("gpipe");
    for (int d = 0; d < K; d++)
        p.n_events[d] = M;
    draw(NULL);
    ck_assert_int_eq(count("C"), 0);
    ck_assert_int_eq(count("X"), K * M);
    json_decref(root);
}
END_TEST

START_TEST(a_reduction_is_a_slice)
{
    play_default("gpipe");
    p.events[1][2 * M].action.kind = SLUICE_REDUCE_GRAD;
    draw(NULL);
    const json_t *slice = find("X", "name", "1REDUCE_GRAD");
    ck_assert_ptr_nonnull(slice);
    ck_assert_str_eq(text(slice, "cat"), "reduce");
    ck_assert_int_eq(ns(slice, "dur"), 100);
    json_decref(root);
}
END_TEST

START_TEST(a_bad_trace_is_refused)
{
    struct collect got = {0};
    play_default("gpipe");
    p.events[1][1].end_ns = 0;
    ck_assert_int_eq(
        sluice_report_chrome(&p.trace, NULL, collect_sink(&got), NULL),
        SLUICE_INVALID);
    ck_assert_int_eq(got.n_calls, 0);
}
END_TEST

START_TEST(the_sinks_error_is_returned)
{
    struct collect full = {.limit = 5000};
    play_default("gpipe");
    ck_assert_int_eq(
        sluice_report_chrome(&p.trace, NULL, collect_sink(&full), NULL),
        SLUICE_IO);
    collect_fini(&full);
}
END_TEST

SLUICE_TEST_MAIN("report.chrome", every_action_is_a_slice_with_its_times,
                 a_slice_tells_what_meetings_of_a_team_took,
                 devices_and_the_process_have_names,
                 arrows_go_from_each_producer_to_its_consumer,
                 counters_show_what_a_device_holds,
                 forwards_without_backwards_hold_nothing,
                 a_reduction_is_a_slice, a_bad_trace_is_refused,
                 the_sinks_error_is_returned)
