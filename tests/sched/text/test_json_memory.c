/* What JSON costs to read, jansson's memory and ours together. */
#include <sluice/schedule_text.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "support/grid.h"
#include "support/runner.h"

enum { MOST = 8 * SLUICE_JSON_BYTES, HEAD = 64 };

static size_t live, peak;

/* A block is preceded by a line with its size. */
static void *take(size_t bytes)
{
    char *block = aligned_alloc(HEAD, (bytes + 2 * HEAD - 1) / HEAD * HEAD);
    if (!block)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    live += bytes;
    peak = live > peak ? live : peak;
    return block + HEAD;
}

static void give(void *block)
{
    if (!block)
        return;
    char *head = (char *)block - HEAD;
    size_t bytes;
    memcpy(&bytes, head, sizeof bytes);
    live -= bytes;
    free(head);
}

static void *allocate(void *context, size_t bytes, size_t align)
{
    (void)context;
    return align <= HEAD ? take(bytes) : NULL;
}

static void release(void *context, void *block, size_t bytes)
{
    (void)context;
    (void)bytes;
    give(block);
}

/* `begin`, then `unit` as often as it fits and is wanted, then `end`. */
static char *fill(const char *begin, const char *unit, size_t most,
                  const char *end, size_t *bytes)
{
    size_t n = strlen(unit), n_end = strlen(end);
    char *text = malloc(SLUICE_JSON_BYTES);
    ck_assert_ptr_nonnull(text);
    char *at = text + strlen(begin);
    char *limit = text + SLUICE_JSON_BYTES - n_end;
    memcpy(text, begin, strlen(begin));
    for (; most && at + n <= limit; most--, at += n)
        memcpy(at, unit, n);
    memcpy(at, end, n_end);
    *bytes = (size_t)(at - text) + n_end;
    return text;
}

static sluice_status read_counted(const char *text, size_t bytes,
                                  sluice_diag *why)
{
    const sluice_allocator allocator = {allocate, release, NULL};
    sluice_schedule *schedule = NULL;
    json_set_alloc_funcs(take, give); /* of this whole process */
    live = peak = 0;
    sluice_status st =
        sluice_schedule_parse_json(text, bytes, &allocator, &schedule, why);
    sluice_schedule_destroy(schedule);
    ck_assert_uint_eq(live, 0);
    return st;
}

static const char begin_all[] =
    "{\"devices\":1,\"stages\":1,\"copies\":1,\"microbatches\":65536,"
    "\"stage_device\":[0],\"actions\":[[";

START_TEST(the_largest_schedules_are_read_within_bounds)
{
    static const char *const units[] = {"\"0F0\",", "\"0F12345\",\n "};
    for (int i = 0; i < 2; i++) {
        size_t bytes;
        sluice_diag why = {.text = ""};
        char *text = fill(begin_all, units[i], SLUICE_JSON_ACTIONS - 1,
                          "\"0F0\"]]}", &bytes);
        ck_assert_msg(!read_counted(text, bytes, &why), "%s", why.text);
        ck_assert_uint_gt(peak, MOST / 4); /* it is counted at all */
        ck_assert_uint_le(peak, MOST);
        free(text);
    }
}
END_TEST

START_TEST(no_text_is_read_at_more)
{
    enum { VALUES = SLUICE_JSON_ACTIONS, PARTS = 4000, DEPTH = 16 };
    static const struct {
        const char *begin;
        const char *unit;
        size_t most;
    } texts[] = {
        {"[", "0,", VALUES},
        {"[", "\"\",", VALUES},
        {"[", "\"twelve bytes\",", VALUES},
        {"[", "[],", PARTS},
        {"[", "{},", PARTS},
        {"[", "{\"\":[0]},", PARTS / 3},
        {"", "[", DEPTH},
        {"[\"", "a", SIZE_MAX},
        {"[\"", "\\u00e9", SIZE_MAX},
        {"{\"", "a", SIZE_MAX},
        {"[", "1", SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (sl_test_skips())
            continue;
        size_t bytes;
        sluice_diag why = {.text = ""};
        char *text =
            fill(texts[i].begin, texts[i].unit, texts[i].most, "", &bytes);
        ck_assert_int_eq(read_counted(text, bytes, &why), SLUICE_FORMAT);
        ck_assert_uint_gt(peak, 0); /* it came to the parser */
        ck_assert_msg(peak <= MOST, "%s%s...: %zu bytes", texts[i].begin,
                      texts[i].unit, peak);
        free(text);
    }
}
END_TEST

static void assert_refused(const char *unit, const char *says)
{
    size_t bytes;
    sluice_diag why = {.text = ""};
    char *text = fill("[", unit, SIZE_MAX, "0]", &bytes);
    ck_assert_int_eq(read_counted(text, bytes, &why), SLUICE_FORMAT);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    ck_assert_uint_eq(peak, 0);
    free(text);
}

START_TEST(what_is_refused_for_its_size_costs_nothing)
{
    assert_refused("0,", "values: give a schedule of at most 1250000 actions");
    assert_refused("[],", "one object of six keys, with a list for each device:"
                          " at most 4105");
    assert_refused("{},", "objects, keys and lists");
    assert_refused("\"\":", "objects, keys and lists");
}
END_TEST

START_TEST(what_stands_in_strings_is_not_counted)
{
    size_t bytes;
    sluice_diag why = {.text = ""};
    char *text = fill("[\"", "[:,\\\"", SIZE_MAX, "\"]", &bytes);
    ck_assert_int_eq(read_counted(text, bytes, &why), SLUICE_FORMAT);
    ck_assert_msg(strstr(why.text, "begin with {") != NULL, "%s", why.text);
    free(text);
}
END_TEST

SLUICE_TEST_MAIN("sched.json_memory",
                 the_largest_schedules_are_read_within_bounds,
                 no_text_is_read_at_more,
                 what_is_refused_for_its_size_costs_nothing,
                 what_stands_in_strings_is_not_counted)
