/* What files of tensors and tokens cost to read at worst: twice their size and
 * a mebibyte; of pairs, their size and 20 bytes for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/safetensors/safetensors.h"
#include "data/text/merges.h"
#include "data/fixture.h"
#include "support/meter.h"
#include "support/runner.h"

enum { SPARE = 1 << 20, ROOM = 1 << 24 };

typedef sluice_status parser(struct sl_source *source,
                             const sluice_allocator *allocator,
                             sluice_diag *why);

/* A file that grows, of less than ROOM bytes. */
struct growing {
    char *bytes;
    size_t n;
};

static struct growing grow(void)
{
    struct growing file = {malloc(ROOM), 0};
    ck_assert_ptr_nonnull(file.bytes);
    return file;
}

static void add(struct growing *file, const char *text)
{
    size_t n = strlen(text);
    memcpy(file->bytes + file->n, text, n);
    file->n += n;
}

/* Read a file, which must end so, and free it.  Returns the most bytes that it
 * took at once. */
static size_t cost(struct growing *file, parser *parse, sluice_status expected)
{
    struct sl_meter meter = {0};
    sluice_diag why = {.text = ""};
    const sluice_allocator hooks = sl_meter_hooks(&meter);
    struct sl_source *source = NULL;
    ck_assert_int_eq(sl_source_open_memory("input", file->bytes, file->n,
                                           SL_PLAIN, &hooks, &source, NULL),
                     SLUICE_OK);
    sluice_status st = parse(source, &hooks, &why);
    ck_assert_msg(st == expected, "%s", why.text);
    ck_assert_uint_eq(meter.live, 0);
    free(file->bytes);
    return meter.peak;
}

static void assert_twice(struct growing file, parser *parse,
                         sluice_status expected)
{
    size_t peak = cost(&file, parse, expected);
    ck_assert_uint_ge(peak, file.n / 2); /* it came to be read */
    ck_assert_msg(peak <= 2 * file.n + SPARE, "%zu for %zu", peak, file.n);
}

static sluice_status parse_tensors(struct sl_source *source,
                                   const sluice_allocator *allocator,
                                   sluice_diag *why)
{
    sluice_safetensors *file = NULL;
    sluice_status st = sl_safetensors_parse(source, 0, allocator, &file, why);
    if (st)
        sl_source_close(source);
    sluice_safetensors_close(file);
    return st;
}

/* A header of the bound that holds when none is set. */
static struct growing begin_header(void)
{
    struct growing file = grow();
    for (int i = 0; i < 8; i++)
        file.bytes[file.n++] =
            (char)((uint64_t)SLUICE_SAFETENSORS_HEADER >> 8 * i);
    add(&file, "{");
    return file;
}

static void end_header(struct growing *file, size_t n_data)
{
    size_t header = 8 + SLUICE_SAFETENSORS_HEADER;
    add(file, "}");
    ck_assert_uint_le(file->n, header);
    memset(file->bytes + file->n, ' ', header - file->n);
    memset(file->bytes + header, 0, n_data);
    file->n = header + n_data;
}

START_TEST(a_header_of_the_smallest_tensors)
{
    struct growing file = begin_header();
    size_t n = 0;
    for (; file.n < SLUICE_SAFETENSORS_HEADER - 70; n++) {
        char entry[128];
        snprintf(entry, sizeof entry,
                 "%s\"%zx\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":"
                 "[%zu,%zu]}",
                 n ? "," : "", n, n, n + 1);
        add(&file, entry);
    }
    ck_assert_uint_gt(n, 15000);
    end_header(&file, n);
    assert_twice(file, parse_tensors, SLUICE_OK);
}
END_TEST

START_TEST(a_header_of_the_smallest_pairs_of_metadata)
{
    struct growing file = begin_header();
    add(&file, "\"__metadata__\":{");
    for (size_t n = 0; file.n < SLUICE_SAFETENSORS_HEADER - 20; n++) {
        char entry[40];
        snprintf(entry, sizeof entry, "%s\"%zx\":\"\"", n ? "," : "", n);
        add(&file, entry);
    }
    add(&file, "}");
    end_header(&file, 0);
    assert_twice(file, parse_tensors, SLUICE_OK);
}
END_TEST

START_TEST(a_header_of_lists_in_lists)
{
    struct growing file = begin_header();
    add(&file, "\"a\":");
    while (file.n < SLUICE_SAFETENSORS_HEADER - 10)
        add(&file, "[");
    end_header(&file, 0);
    assert_twice(file, parse_tensors, SLUICE_FORMAT);
}
END_TEST

static sluice_status parse_vocabulary(struct sl_source *source,
                                      const sluice_allocator *allocator,
                                      sluice_diag *why)
{
    struct sl_vocabulary v = {.n = 0};
    sluice_status st = sl_vocabulary_parse(source, allocator, &v, why);
    sl_vocabulary_fini(&v);
    sl_source_close(source);
    return st;
}

START_TEST(a_vocabulary_of_the_shortest_tokens)
{
    enum { FIRST = 'a', N = 26 * 26 * 26 * 26 };
    struct growing file = grow();
    for (int i = 0; i < N; i++) {
        char entry[20];
        snprintf(entry, sizeof entry, "%c\"%c%c%c%c\":%d", i ? ',' : '{',
                 FIRST + i / 17576, FIRST + i / 676 % 26, FIRST + i / 26 % 26,
                 FIRST + i % 26, i);
        add(&file, entry);
    }
    add(&file, "}");
    assert_twice(file, parse_vocabulary, SLUICE_OK);
}
END_TEST

START_TEST(a_vocabulary_that_lists_too_many_tokens_for_its_bytes)
{
    static const char *const units[] = {":", "\"a\":0,"};
    for (int i = 0; i < 2; i++) {
        struct growing file = grow();
        for (add(&file, "{"); file.n < ROOM - 10;)
            add(&file, units[i]);
        assert_twice(file, parse_vocabulary, SLUICE_FORMAT);
    }
}
END_TEST

static sluice_status parse_pairs(struct sl_source *source,
                                 const sluice_allocator *allocator,
                                 sluice_diag *why)
{
    static const char text[] = "{\"a\":0,\"b\":1,\"ab\":2}";
    struct sl_source *tokens = fixture_source(text, sizeof text - 1, SL_PLAIN);
    struct sl_vocabulary v = {.n = 0};
    struct sl_merges merges = {.size = 0};
    ck_assert_int_eq(sl_vocabulary_parse(tokens, allocator, &v, NULL),
                     SLUICE_OK);
    sluice_status st = sl_merges_parse(source, &v, allocator, &merges, why);
    sl_merges_fini(&merges);
    sl_vocabulary_fini(&v);
    sl_source_close(tokens);
    sl_source_close(source);
    return st;
}

START_TEST(a_file_of_pairs_costs_20_bytes_for_a_line_with_a_blank)
{
    static const struct {
        const char *unit;
        size_t most; /* bytes for each unit, the text included */
        sluice_status expected;
    } texts[] = {{"\n", 1, SLUICE_OK},
                 {" ", 1, SLUICE_FORMAT},
                 {"a  b", 4, SLUICE_FORMAT},
                 {" \n", 2, SLUICE_FORMAT},
                 {"a b\n", 4 + 20, SLUICE_FORMAT}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct growing file = grow();
        size_t n = 0;
        for (; n < ROOM / 8; n++)
            add(&file, texts[i].unit);
        ck_assert_uint_le(cost(&file, parse_pairs, texts[i].expected),
                          n * texts[i].most + SPARE);
    }
}
END_TEST

SLUICE_TEST_MAIN("data.bounds", a_header_of_the_smallest_tensors,
                 a_header_of_the_smallest_pairs_of_metadata,
                 a_header_of_lists_in_lists,
                 a_vocabulary_of_the_shortest_tokens,
                 a_vocabulary_that_lists_too_many_tokens_for_its_bytes,
                 a_file_of_pairs_costs_20_bytes_for_a_line_with_a_blank)
