/* Data of compress(1), written here from the definition of the format. */
#include "data/formats/lzw.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/text/king_james.h"
#include "fixture.h"
#include "support/allocator.h"
#include "support/runner.h"

enum { N = 300000, ROOM = 2 * N, CLEAR = 256, CODES = 1 << 16 };

static sluice_diag why;
static unsigned char packed[ROOM];
static char text[N], again[N];

/* A compressor: strings as a tree of children and siblings. */
static struct {
    int child[CODES], sibling[CODES];
    unsigned char byte[CODES];
    int n_codes, bits, most_bits;
    size_t group; /* byte where the group of eight codes begins */
    int n_group;  /* codes in it */
    bool has_clear;
} lzw;

static void pad(void)
{
    if (lzw.n_group > 0)
        lzw.group += (size_t)lzw.bits;
    lzw.n_group = 0;
}

static void put(int code)
{
    for (int i = 0; i < lzw.bits; i++) {
        size_t bit = (size_t)(lzw.n_group * lzw.bits + i);
        if (code >> i & 1)
            packed[lzw.group + bit / 8] |= (unsigned char)(1 << (bit % 8));
    }
    if (++lzw.n_group == 8)
        pad();
}

static void start_table(void)
{
    for (int i = 0; i < CODES; i++)
        lzw.child[i] = lzw.sibling[i] = -1;
    lzw.n_codes = lzw.has_clear ? 257 : 256;
    lzw.bits = 9;
}

static int find(int code, unsigned char byte)
{
    int at = lzw.child[code];
    while (at >= 0 && lzw.byte[at] != byte)
        at = lzw.sibling[at];
    return at;
}

/* The reader has one code less than we: it learns a string with the code behind
 * it.  Codes become longer when the reader's table is full. */
static void learn(int code, unsigned char byte)
{
    if (lzw.n_codes < 1 << lzw.most_bits) {
        lzw.byte[lzw.n_codes] = byte;
        lzw.sibling[lzw.n_codes] = lzw.child[code];
        lzw.child[code] = lzw.n_codes++;
    }
    if (lzw.n_codes - 1 > (1 << lzw.bits) - 1 && lzw.bits < lzw.most_bits) {
        pad();
        lzw.bits++;
    }
}

/* Compress n bytes, clearing the table each `clear` bytes. */
static size_t compress_text(size_t n, int most_bits, size_t clear)
{
    memset(packed, 0, sizeof packed);
    lzw.most_bits = most_bits;
    lzw.has_clear = clear > 0;
    lzw.group = 3;
    lzw.n_group = 0;
    memcpy(packed, "\x1f\x9d", 2);
    packed[2] = (unsigned char)(most_bits | (clear ? 0x80 : 0));
    start_table();
    int code = (unsigned char)text[0];
    for (size_t i = 1; i < n; i++) {
        unsigned char byte = (unsigned char)text[i];
        int longer = find(code, byte);
        if (longer >= 0) {
            code = longer;
            continue;
        }
        put(code);
        learn(code, byte);
        code = byte;
        if (clear && i % clear == 0) {
            put(CLEAR);
            pad();
            start_table();
        }
    }
    put(code);
    return lzw.group + (size_t)((lzw.n_group * lzw.bits + 7) / 8);
}

static void fill(size_t n, int alphabet)
{
    uint64_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        text[i] = (char)((state >> 33) % (uint64_t)alphabet + 'a' - 1);
    }
}

static void check(size_t n, int most_bits, size_t clear)
{
    size_t size = compress_text(n, most_bits, clear), got = 0;
    ck_assert_msg(!sl_lzw_expand(packed, size, NULL, N, NULL, &got, &why), "%s",
                  why.text);
    ck_assert_uint_eq(got, n);
    ck_assert(!sl_lzw_expand(packed, size, again, n, NULL, &got, &why));
    ck_assert(!memcmp(text, again, n));
    ck_assert_int_eq(
        sl_lzw_expand(packed, size, again, n - 1, NULL, &got, &why),
        SLUICE_FORMAT);
}

START_TEST(what_was_compressed_comes_out_again)
{
    static const int alphabets[] = {1, 2, 30, 150};
    for (int a = 0; a < 4; a++) {
        fill(N, alphabets[a]);
        check(1, 16, 0);
        check(N, 16, 0);
        check(N, 12, 0);
        check(N, 9, 0);
        check(N, 16, 70000);
        check(N, 16, 1000);
        check(N, 10, 333);
    }
}
END_TEST

START_TEST(damaged_data_end_in_a_status)
{
    size_t got;
    fill(2000, 3);
    size_t size = compress_text(2000, 12, 700);
    ck_assert_int_eq(sl_lzw_expand(packed, 2, NULL, N, NULL, &got, &why),
                     SLUICE_FORMAT);
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            unsigned char *copy = malloc(size);
            memcpy(copy, packed, size);
            copy[i] ^= (unsigned char)(1 << bit);
            sluice_status st =
                sl_lzw_expand(copy, size, NULL, N, NULL, &got, &why);
            ck_assert(st == SLUICE_OK || st == SLUICE_FORMAT);
            free(copy);
        }
}
END_TEST

/* A file as bible-kjv-text has it, of such a text. */
static sluice_status read_verses(const char *verses, struct sl_plain_text *out,
                                 const sluice_allocator *allocator)
{
    static unsigned char file[0x60 + 3 + ROOM];
    size_t n = strlen(verses);
    memcpy(text, verses, n);
    size_t size = compress_text(n, 16, 50);
    memset(file, 0, 0x60);
    memcpy(file, "EC02", 4);
    file[0x5f] = 0x63; /* where the codes begin */
    memcpy(file + 0x60, packed, size);
    struct sl_source *source = fixture_source(file, 0x60 + size, SL_PLAIN);
    sluice_status st = sl_king_james_read(source, allocator, out, &why);
    sl_source_close(source);
    return st;
}

START_TEST(verses_lose_their_references)
{
    struct sl_test_allocator allocator;
    struct sl_plain_text out;
    static const char want[] = "In the beginning: light.\nAnd it was so.\n";
    sl_test_allocator_init(&allocator);
    ck_assert_msg(!read_verses("Holy Bible, a title.\n"
                               "Ge1:1 In the beginning: light.\n"
                               "Rev22:21 And it was so.\n",
                               &out, &allocator.hooks),
                  "%s", why.text);
    ck_assert_uint_eq(out.n, sizeof want - 1);
    ck_assert(!memcmp(out.bytes, want, out.n));
    sl_free(&allocator.hooks, out.bytes, out.capacity, 1);
    ck_assert_int_eq(read_verses("no verse at all\n", &out, &allocator.hooks),
                     SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "no verses");
    ck_assert_int_eq(allocator.n_live, 0);
}
END_TEST

START_TEST(another_file_is_not_taken_for_the_bible)
{
    static const unsigned char zeros[200] = {0};
    struct sl_plain_text out;
    for (size_t n = 0; n <= sizeof zeros; n += 50) {
        struct sl_source *source = fixture_source(zeros, n, SL_PLAIN);
        ck_assert_int_eq(sl_king_james_read(source, NULL, &out, &why),
                         SLUICE_FORMAT);
        sl_source_close(source);
    }
}
END_TEST

SLUICE_TEST_MAIN("data.lzw", what_was_compressed_comes_out_again,
                 damaged_data_end_in_a_status, verses_lose_their_references,
                 another_file_is_not_taken_for_the_bible)
