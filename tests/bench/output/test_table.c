/* Tables: two rows in each format. */
#include "bench/output/formats/table_formats.h"

#include "support/runner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Write two rows; the text, to be freed. */
static char *write_table(const char *format)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct table table;
    table_begin(&table, table_format_find(format, TABLE_SHOWS_BUBBLES), out);
    for (int i = 1; i <= 2; i++) {
        const struct table_field fields[] = {
            {.name = "cpu",
             .kind = TABLE_TEXT,
             .context = true,
             .text = "a \"b\", c"},
            {.name = "devices", .kind = TABLE_INTEGER, .integer = i},
            {.name = "bubble", .kind = TABLE_REAL, .real = i / 8.0},
            {.name = "speedup", .kind = TABLE_REAL, .real = NAN},
        };
        table_row(&table, fields, 4);
    }
    table_end(&table);
    fclose(out);
    return text;
}

static void assert_table(const char *format, const char *expected)
{
    char *text = write_table(format);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(csv_quotes_and_leaves_nan_empty)
{
    assert_table("csv", "cpu,devices,bubble,speedup\n"
                        "\"a \"\"b\"\", c\",1,0.125,\n"
                        "\"a \"\"b\"\", c\",2,0.25,\n");
}
END_TEST

START_TEST(json_is_one_array_with_nan_as_null)
{
    assert_table("json", "[{\"cpu\":\"a \\\"b\\\", c\",\"devices\":1,"
                         "\"bubble\":0.125,\"speedup\":null}\n"
                         ",{\"cpu\":\"a \\\"b\\\", c\",\"devices\":2,"
                         "\"bubble\":0.25,\"speedup\":null}\n"
                         "]\n");
}
END_TEST

START_TEST(jsonl_is_an_object_per_line)
{
    assert_table("jsonl", "{\"cpu\":\"a \\\"b\\\", c\",\"devices\":1,"
                          "\"bubble\":0.125,\"speedup\":null}\n"
                          "{\"cpu\":\"a \\\"b\\\", c\",\"devices\":2,"
                          "\"bubble\":0.25,\"speedup\":null}\n");
}
END_TEST

START_TEST(md_prints_the_context_once)
{
    assert_table("md", "- cpu: a \"b\", c\n"
                       "\n"
                       "|  devices |   bubble |  speedup |\n"
                       "|---------:|---------:|---------:|\n"
                       "|        1 |    0.125 |          |\n"
                       "|        2 |     0.25 |          |\n");
}
END_TEST

START_TEST(a_table_without_rows_is_still_json)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct table table;
    table_begin(&table, table_format_find("json", TABLE_SHOWS_FIGURES), out);
    table_end(&table);
    fclose(out);
    ck_assert_str_eq(text, "[]\n");
    free(text);
}
END_TEST

START_TEST(an_unknown_format_is_not_found)
{
    ck_assert_ptr_null(table_format_find("xml", TABLE_SHOWS_BUBBLES));
}
END_TEST

/* A row with all kinds of fields; the text, to be freed. */
static char *write_samples(const char *format)
{
    static const double samples[] = {1.5, 2.5};
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct table table;
    struct table_fields fields = {0};
    add_shared(&fields, "cores", 2);
    add_key(&fields, "devices", 4);
    add_samples(&fields, "samples_ns", samples, 2);
    add_samples(&fields, "samples_cpu_ns", samples, 2);
    add_real(&fields, "bubble", 0.5);
    table_begin(&table, table_format_find(format, TABLE_SHOWS_BUBBLES), out);
    table_row(&table, fields.of, fields.n);
    table_end(&table);
    fclose(out);
    return text;
}

START_TEST(only_json_shows_samples)
{
    char *csv = write_samples("csv");
    char *md = write_samples("md");
    char *jsonl = write_samples("jsonl");
    ck_assert_str_eq(csv, "cores,devices,bubble\n2,4,0.5\n");
    ck_assert_ptr_null(strstr(md, "samples"));
    ck_assert_str_eq(jsonl, "{\"cores\":2,\"devices\":4,"
                            "\"samples_ns\":[1.5,2.5],"
                            "\"samples_cpu_ns\":[1.5,2.5],\"bubble\":0.5}\n");
    free(csv);
    free(md);
    free(jsonl);
}
END_TEST

START_TEST(gbench_names_entries_by_keys_and_adds_the_median)
{
    char *text = write_samples("gbench");
    const char *first = strstr(text, "{\"name\":\"devices:4\"");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(strstr(first, "\"real_time\":1.5"));
    const char *median = strstr(text, "{\"name\":\"devices:4_median\"");
    ck_assert_ptr_nonnull(median);
    ck_assert_ptr_nonnull(strstr(median, "\"real_time\":2.0"));
    ck_assert_ptr_nonnull(strstr(text, "\"cores\":\"2\""));
    free(text);
}
END_TEST

/* What the library could show, and what a command's tables have. */
static bool shows(const char *format, enum table_shows shows)
{
    return table_format_find(format, shows) != NULL;
}

START_TEST(a_format_is_offered_where_tables_have_what_it_shows)
{
    ck_assert(shows("json", TABLE_SHOWS_FIGURES));
    ck_assert(!shows("gbench", TABLE_SHOWS_FIGURES));
    ck_assert(shows("gbench", TABLE_SHOWS_SAMPLES));
    ck_assert(shows("gbench", TABLE_SHOWS_BUBBLES));
    ck_assert(!shows("matrix", TABLE_SHOWS_SAMPLES));
    ck_assert(shows("matrix", TABLE_SHOWS_BUBBLES));
}
END_TEST

/* One row of a time and a share, as context and as columns. */
static void assert_told(const char *format, const char *expected)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct table table;
    struct table_fields fields = {0};
    add_shared(&fields, "cell_ns", 1500000);
    add_absent(&fields, "chunks");
    add_integer(&fields, "step_ns", 12345678);
    add_real(&fields, "loss_ns", NAN);
    add_share(&fields, "bubble", 0.27272);
    table_begin(&table, table_format_find(format, TABLE_SHOWS_BUBBLES), out);
    table_row(&table, fields.of, fields.n);
    table_end(&table);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(people_read_ms_and_per_cent)
{
    assert_told("md", "- cell_ms: 1.5\n"
                      "\n"
                      "|  step_ms |  loss_ms | bubble % |\n"
                      "|---------:|---------:|---------:|\n"
                      "|  12.3457 |          |    27.27 |\n");
    assert_told("csv", "cell_ns,chunks,step_ns,loss_ns,bubble\n"
                       "1500000,,12345678,,0.27272\n");
    assert_told("jsonl", "{\"cell_ns\":1500000,\"chunks\":null,"
                         "\"step_ns\":12345678,\"loss_ns\":null,"
                         "\"bubble\":0.27272}\n");
}
END_TEST

static void add_cell(struct table *table, int devices, int microbatches,
                     double measured, double formula)
{
    struct table_fields fields = {0};
    add_word(&fields, "schedule", "gpipe");
    add_key(&fields, "devices", devices);
    add_key(&fields, "microbatches", microbatches);
    add_share(&fields, "bubble_measured", measured);
    add_share(&fields, "bubble_formula", formula);
    table_row(table, fields.of, fields.n);
}

START_TEST(a_matrix_is_devices_by_microbatches)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct table table;
    table_begin(&table, table_format_find("matrix", TABLE_SHOWS_BUBBLES), out);
    add_cell(&table, 4, 2, 0.601, 0.6);
    add_cell(&table, 2, 2, 0.334, 0.3333);
    add_cell(&table, 2, 1, 0.5002, NAN);
    table_end(&table);
    fclose(out);
    ck_assert_str_eq(text, "- schedule: gpipe\n"
                           "\n"
                           "| K | M=1 | 2 |\n"
                           "| --- | --- | --- |\n"
                           "| 2 | 50.02 | 33.40 / 33.33 |\n"
                           "| 4 | - | 60.10 / 60.00 |\n");
    free(text);
}
END_TEST

SLUICE_TEST_MAIN("bench.table", csv_quotes_and_leaves_nan_empty,
                 json_is_one_array_with_nan_as_null,
                 jsonl_is_an_object_per_line, md_prints_the_context_once,
                 a_table_without_rows_is_still_json,
                 an_unknown_format_is_not_found, only_json_shows_samples,
                 gbench_names_entries_by_keys_and_adds_the_median,
                 a_format_is_offered_where_tables_have_what_it_shows,
                 people_read_ms_and_per_cent,
                 a_matrix_is_devices_by_microbatches)
