/* Where a parser's bytes come from: files, gzip, memory. */
#include "data/formats/byte_source.h"

#include "fixture.h"
#include "support/runner.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N = 200 * 1000 };

static void fill(unsigned char *bytes)
{
    for (size_t i = 0; i < N; i++)
        bytes[i] = (unsigned char)(i * i >> 7);
}

/* Read all of a source in parts, and find the end where it is. */
static void check_reads(struct sl_source *source, const unsigned char *bytes)
{
    static unsigned char got[N];
    ck_assert_int_eq(sl_source_expect(source, N, "all", NULL), SLUICE_OK);
    for (size_t at = 0, part = 1; at < N; at += part, part = 3 * part + 1) {
        part = part < N - at ? part : N - at;
        ck_assert_uint_eq(sl_source_offset(source), at);
        ck_assert_int_eq(sl_source_read(source, got + at, part, "all", NULL),
                         SLUICE_OK);
    }
    ck_assert_mem_eq(got, bytes, N);
    ck_assert_int_eq(sl_source_end(source, "all", NULL), SLUICE_OK);
    ck_assert_int_eq(sl_source_seek(source, 1000, NULL), SLUICE_OK);
    ck_assert_int_eq(sl_source_read(source, got, 10, "all", NULL), SLUICE_OK);
    ck_assert_mem_eq(got, bytes + 1000, 10);
    sl_source_close(source);
}

START_TEST(file_and_memory_plain_and_gzipped_give_the_same_bytes)
{
    static unsigned char bytes[N];
    char path[FIXTURE_PATH];
    struct sl_source *source;
    size_t n;
    fill(bytes);
    void *packed = fixture_gzip(bytes, N, &n);
    check_reads(fixture_source(bytes, N, SL_PLAIN), bytes);
    check_reads(fixture_source(bytes, N, SL_MAYBE_GZIP), bytes);
    check_reads(fixture_source(packed, n, SL_MAYBE_GZIP), bytes);
    fixture_file("plain", bytes, N, path);
    ck_assert_int_eq(sl_source_open(path, SL_MAYBE_GZIP, NULL, &source, NULL),
                     SLUICE_OK);
    check_reads(source, bytes);
    fixture_file("packed", packed, n, path);
    ck_assert_int_eq(sl_source_open(path, SL_MAYBE_GZIP, NULL, &source, NULL),
                     SLUICE_OK);
    check_reads(source, bytes);
    free(packed);
}
END_TEST

START_TEST(gzip_is_left_alone_where_it_is_not_looked_for)
{
    unsigned char got[2];
    struct sl_source *source = fixture_source("\x1f\x8b!", 3, SL_PLAIN);
    ck_assert_uint_eq(sl_source_size(source), 3);
    ck_assert_int_eq(sl_source_read(source, got, 2, "it", NULL), SLUICE_OK);
    ck_assert_mem_eq(got, "\x1f\x8b", 2);
    sl_source_close(source);
}
END_TEST

START_TEST(a_short_source_says_where_it_ends)
{
    sluice_diag why;
    char got[8];
    struct sl_source *source = fixture_source("abcdef", 6, SL_PLAIN);
    ck_assert_int_eq(sl_source_read(source, got, 2, "the start", &why),
                     SLUICE_OK);
    ck_assert_int_eq(sl_source_expect(source, 4, "the rest", &why), SLUICE_OK);
    sl_source_expect(source, 5, "the rest", &why);
    fixture_says(&why, SLUICE_FORMAT,
                 "input: byte 2: the rest should have 5 bytes, but there are "
                 "4");
    sl_source_read(source, got, 5, "the rest", &why);
    fixture_says(&why, SLUICE_FORMAT,
                 "input: byte 6: the data ends here, in the rest: 1 bytes");
    sl_source_close(source);
}
END_TEST

START_TEST(bytes_after_the_end_are_refused)
{
    sluice_diag why;
    char got[8];
    struct sl_source *source = fixture_source("abcdef", 6, SL_PLAIN);
    sl_source_read(source, got, 5, "it", &why);
    ck_assert_int_eq(sl_source_end(source, "the word", &why), SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "byte 5: there is more data after");
    sl_source_close(source);
}
END_TEST

START_TEST(gzip_that_ends_early_is_refused)
{
    static unsigned char bytes[N], got[N];
    sluice_diag why;
    size_t n;
    fill(bytes);
    unsigned char *packed = fixture_gzip(bytes, N, &n);
    struct sl_source *source = fixture_source(packed, n - 1, SL_MAYBE_GZIP);
    ck_assert_int_eq(sl_source_read(source, got, N, "it", NULL), SLUICE_OK);
    sl_source_end(source, "it", &why);
    fixture_says(&why, SLUICE_FORMAT, "ends too early");
    sl_source_close(source);
    source = fixture_source(packed, n / 2, SL_MAYBE_GZIP);
    sl_source_expect(source, N, "it", &why);
    fixture_says(&why, SLUICE_FORMAT, "ends too early");
    sl_source_close(source);
    free(packed);
}
END_TEST

START_TEST(gzip_with_a_wrong_checksum_is_refused)
{
    unsigned char got[3];
    sluice_diag why;
    size_t n;
    unsigned char *packed = fixture_gzip("abc", 3, &n);
    packed[n - 8] ^= 1;
    struct sl_source *source = fixture_source(packed, n, SL_MAYBE_GZIP);
    sluice_status st = sl_source_read(source, got, 3, "it", &why);
    if (!st)
        st = sl_source_end(source, "it", &why);
    ck_assert_int_eq(st, SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "corrupt");
    sl_source_close(source);
    free(packed);
}
END_TEST

START_TEST(all_members_of_gzip_are_read_and_nothing_else)
{
    unsigned char both[200], got[8];
    sluice_diag why;
    size_t n, m;
    unsigned char *first = fixture_gzip("abc", 3, &n);
    unsigned char *second = fixture_gzip("de", 2, &m);
    memcpy(both, first, n);
    memcpy(both + n, second, m);
    struct sl_source *source = fixture_source(both, n + m, SL_MAYBE_GZIP);
    ck_assert_int_eq(sl_source_read(source, got, 5, "it", NULL), SLUICE_OK);
    ck_assert_mem_eq(got, "abcde", 5);
    ck_assert_int_eq(sl_source_end(source, "it", NULL), SLUICE_OK);
    sl_source_close(source);
    memcpy(both + n, "rubbish", 7);
    source = fixture_source(both, n + 7, SL_MAYBE_GZIP);
    ck_assert_int_eq(sl_source_read(source, got, 3, "it", NULL), SLUICE_OK);
    sl_source_end(source, "it", &why);
    fixture_says(&why, SLUICE_FORMAT, "followed by other data");
    sl_source_close(source);
    free(first);
    free(second);
}
END_TEST

static void check_refused(const char *path, const char *part)
{
    sluice_diag why;
    struct sl_source *source = NULL;
    ck_assert_int_eq(sl_source_open(path, SL_PLAIN, NULL, &source, &why),
                     SLUICE_IO);
    ck_assert(source == NULL);
    fixture_says(&why, SLUICE_IO, part);
}

START_TEST(what_is_not_a_regular_file_is_refused_without_waiting)
{
    char path[FIXTURE_PATH];
    snprintf(path, sizeof path, "%s/none", fixture_directory());
    check_refused(path, "cannot be opened");
    check_refused(fixture_directory(), "is a directory");
    check_refused("/dev/zero", "is a device");
    snprintf(path, sizeof path, "%s/fifo", fixture_directory());
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    check_refused(path, "pipe");
}
END_TEST

START_TEST(a_file_that_shrinks_while_open_is_an_io_error)
{
    char path[FIXTURE_PATH], got[8];
    struct sl_source *source;
    sluice_diag why;
    fixture_file("shrinks", "abcdefgh", 8, path);
    ck_assert_int_eq(sl_source_open(path, SL_PLAIN, NULL, &source, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(truncate(path, 3), 0);
    ck_assert_int_eq(sl_source_read(source, got, 8, "it", &why), SLUICE_IO);
    fixture_says(&why, SLUICE_IO, "byte 3: the file has become shorter");
    sl_source_close(source);
}
END_TEST

START_TEST(a_sentence_is_printable_and_keeps_the_end_of_a_long_path)
{
    char name[1000];
    sluice_diag why;
    struct sl_source *source = NULL;
    memset(name, 'x', sizeof name);
    strcpy(name + sizeof name - 8, "/a\nfile");
    ck_assert_int_eq(
        sl_source_open_memory(name, "", 0, SL_PLAIN, NULL, &source, NULL),
        SLUICE_OK);
    ck_assert_int_eq(sl_source_bad(source, 7, &why, "it says '%s'", "\t\xff!"),
                     SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "/a?file: byte 7: it says '?\?!'");
    sl_source_close(source);
}
END_TEST

SLUICE_TEST_MAIN("data.source",
                 file_and_memory_plain_and_gzipped_give_the_same_bytes,
                 gzip_is_left_alone_where_it_is_not_looked_for,
                 a_short_source_says_where_it_ends,
                 bytes_after_the_end_are_refused,
                 gzip_that_ends_early_is_refused,
                 gzip_with_a_wrong_checksum_is_refused,
                 all_members_of_gzip_are_read_and_nothing_else,
                 what_is_not_a_regular_file_is_refused_without_waiting,
                 a_file_that_shrinks_while_open_is_an_io_error,
                 a_sentence_is_printable_and_keeps_the_end_of_a_long_path)
