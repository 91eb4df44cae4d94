/* Options as rows: values, standards, help. */
#include "bench/cli/option_types.h"

#include <stdio.h>

#include <sluice/schedule.h>

#include "bench/cli/range.h"
#include "support/runner.h"

struct values {
    int count;
    int64_t rows;
    double rate;
    int64_t cell_ns;
    uint64_t bytes;
    const char *text;
    struct range list;
    int remat;
    bool flag;
    struct range words;
};

static const struct option_row rows[] = {
    {.name = "count",
     .key = 'c',
     .argument = "N",
     .help = "Things",
     .type = &option_integer,
     .offset = offsetof(struct values, count),
     .least = 1,
     .most = 9,
     .standard = "4",
     .context = "n_things"},
    {.name = "rows",
     .argument = "N",
     .help = "Rows, {standard} or more",
     .type = &option_long,
     .offset = offsetof(struct values, rows),
     .most = INT64_MAX,
     .standard = "3",
     .context = "n_rows"},
    {.name = "rate",
     .argument = "X",
     .help = "Share",
     .type = &option_real,
     .offset = offsetof(struct values, rate),
     .most = 1,
     .context = "rate"},
    {.name = "cell",
     .argument = "TIME",
     .help = "A cell",
     .type = &option_time,
     .offset = offsetof(struct values, cell_ns)},
    {.name = "cap",
     .argument = "BYTES",
     .help = "Memory",
     .type = &option_bytes,
     .offset = offsetof(struct values, bytes),
     .least = 1},
    {.name = "text",
     .argument = "FILE",
     .help = "File",
     .type = &option_text,
     .offset = offsetof(struct values, text),
     .context = "file"},
    {.name = "list",
     .argument = "LIST",
     .help = "Numbers",
     .type = &option_list,
     .offset = offsetof(struct values, list),
     .least = 1,
     .most = 64,
     .standard = "1-8*2"},
    {.name = "remat",
     .argument = "WHICH",
     .help = "Recompute: {choices}",
     .type = &option_word,
     .offset = offsetof(struct values, remat),
     .choices = remat_choices,
     .standard = "always",
     .context = "remat"},
    {.name = "flag",
     .help = "Do it",
     .type = &option_flag,
     .offset = offsetof(struct values, flag)},
    {.name = "words",
     .argument = "LIST",
     .help = "Some of {choices}",
     .type = &option_words,
     .offset = offsetof(struct values, words),
     .choices = remat_choices},
    {0},
};

static const struct option_row *row(const char *name)
{
    const struct option_row *o = rows;
    while (strcmp(o->name, name) != 0)
        o++;
    return o;
}

START_TEST(values_go_where_the_rows_say)
{
    struct values v = {0};
    ck_assert(!option_read(row("count"), "7", &v, NULL));
    ck_assert(!option_read(row("rows"), "9223372036854775807", &v, NULL));
    ck_assert(!option_read(row("rate"), "0.25", &v, NULL));
    ck_assert(!option_read(row("cell"), "2us", &v, NULL));
    ck_assert(!option_read(row("cap"), "2K", &v, NULL));
    ck_assert(!option_read(row("text"), "a.b", &v, NULL));
    ck_assert(!option_read(row("list"), "2,4", &v, NULL));
    ck_assert(!option_read(row("remat"), "except_last", &v, NULL));
    ck_assert(!option_read(row("flag"), NULL, &v, NULL));
    ck_assert_int_eq(v.count, 7);
    ck_assert_int_eq(v.rows, INT64_MAX);
    ck_assert_double_eq(v.rate, 0.25);
    ck_assert_int_eq(v.cell_ns, 2000);
    ck_assert_uint_eq(v.bytes, 2048);
    ck_assert_str_eq(v.text, "a.b");
    ck_assert_int_eq(v.list.n, 2);
    ck_assert_int_eq(v.remat, SLUICE_REMAT_EXCEPT_LAST);
    ck_assert(v.flag);
}
END_TEST

START_TEST(a_list_of_words_has_127_bytes_at_most)
{
    /* 8 x 13 + 3 x 6 + 5 = 127 bytes with the commas. */
    static const char longest[] =
        "except_last,except_last,except_last,except_last,except_last,"
        "except_last,except_last,except_last,except_last,never,always,always";
    char longer[sizeof longest + 1];
    struct values v = {0};
    ck_assert(!option_read(row("words"), "always,never", &v, NULL));
    ck_assert_int_eq(v.words.n, 2);
    ck_assert_int_eq(v.words.values[0], SLUICE_REMAT_ALWAYS);
    ck_assert_int_eq(v.words.values[1], SLUICE_REMAT_NEVER);
    ck_assert_uint_eq(strlen(longest), 127);
    ck_assert(!option_read(row("words"), longest, &v, NULL));
    ck_assert_int_eq(v.words.n, 12);
    ck_assert_int_eq(v.words.values[11], SLUICE_REMAT_ALWAYS);
    snprintf(longer, sizeof longer, "%sx", longest);
    sluice_diag why;
    ck_assert_int_eq(option_read(row("words"), longer, &v, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "the list is too long");
}
END_TEST

START_TEST(the_least_number_of_bytes_is_taken)
{
    struct values v = {0};
    ck_assert(!option_read(row("cap"), "1", &v, NULL));
    ck_assert_uint_eq(v.bytes, 1);
}
END_TEST

static void assert_refused(const char *name, const char *text, const char *says)
{
    struct values v = {0};
    struct values untouched = {0};
    sluice_diag why;
    ck_assert_int_eq(option_read(row(name), text, &v, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says), "\"%s\"", why.text);
    ck_assert_mem_eq(&v, &untouched, sizeof v);
}

START_TEST(what_is_out_of_bounds_is_refused_and_nothing_set)
{
    assert_refused("count", "0", "not an integer from 1 to 9");
    assert_refused("count", "10", "not an integer from 1 to 9");
    assert_refused("rows", "-1", "from 0 to 9223372036854775807");
    assert_refused("rate", "1.5", "not a number from 0 to 1");
    assert_refused("cell", "0ms", "a cell must take some time");
    assert_refused("cell", "1", "is not a time");
    assert_refused("cap", "0", "give at least one byte");
    assert_refused("cap", "1x", "is not a number of bytes");
    assert_refused("words", "never,some", "never, always, except_last");
    assert_refused("words", "never,", "never, always, except_last");
    assert_refused("list", "65", "from 1 to 64");
    assert_refused("remat", "some", "never, always, except_last");
}
END_TEST

static void assert_help(const char *name, const char *want)
{
    char help[OPTION_HELP];
    option_help(row(name), help);
    ck_assert_str_eq(help, want);
}

START_TEST(help_tells_the_standard_once)
{
    assert_help("count", "Things (4)");
    assert_help("rows", "Rows, 3 or more");
    assert_help("rate", "Share");
    assert_help("list", "Numbers (1-8*2)");
    assert_help("remat", "Recompute: never, always (default), except_last");
}
END_TEST

START_TEST(context_has_the_fields_that_rows_name)
{
    struct values v = {.count = 5,
                       .rows = 6,
                       .rate = 0.5,
                       .text = "a.b",
                       .remat = SLUICE_REMAT_ALWAYS};
    struct table_fields fields = {0};
    option_context(rows, &v, &fields);
    ck_assert_int_eq(fields.n, 5);
    ck_assert_str_eq(fields.of[0].name, "n_things");
    ck_assert_int_eq(fields.of[0].integer, 5);
    ck_assert(fields.of[0].context);
    ck_assert_int_eq(fields.of[1].integer, 6);
    ck_assert_double_eq(fields.of[2].real, 0.5);
    ck_assert_str_eq(fields.of[3].text, "a.b");
    ck_assert_str_eq(fields.of[4].text, "always");
}
END_TEST

SLUICE_TEST_MAIN("bench.option", values_go_where_the_rows_say,
                 a_list_of_words_has_127_bytes_at_most,
                 the_least_number_of_bytes_is_taken,
                 what_is_out_of_bounds_is_refused_and_nothing_set,
                 help_tells_the_standard_once,
                 context_has_the_fields_that_rows_name)
