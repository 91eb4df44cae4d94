/* Texts as tokens: with names, of files, of files of tokens; their windows. */
#include <sluice/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "support/allocator.h"
#include "support/runner.h"

static sluice_diag why;

static sluice_tokenizer *tokenizer(const char *name)
{
    sluice_tokenizer *t = NULL;
    ck_assert(!sluice_tokenizer_parse(name, NULL, &t, &why));
    return t;
}

static sluice_text *open_text(const char *name, const char *tokens)
{
    sluice_text *text = NULL;
    sluice_tokenizer *t = tokenizer(tokens);
    ck_assert_msg(!sluice_text_open(name, t, NULL, &text, &why), "%s",
                  why.text);
    sluice_tokenizer_destroy(t);
    return text;
}

/* Whether the text's bytes from `at` on are these. */
static bool has(const sluice_text *text, int64_t at, const char *bytes)
{
    for (size_t i = 0; bytes[i]; i++)
        if (sluice_text_token(text, at + (int64_t)i) != bytes[i])
            return false;
    return true;
}

START_TEST(genesis_comes_with_the_library)
{
    static const char end[] = "and he was put in a coffin in Egypt.\n";
    sluice_text *text = open_text("genesis", "bytes");
    int64_t n = sluice_text_length(text);
    ck_assert_int_eq(n, 196818);
    ck_assert(has(text, 0,
                  "In the beginning God created the heaven and the earth.\n"
                  "And the earth was without form, and void; "));
    ck_assert(has(text, n - (int64_t)sizeof end + 1, end));
    ck_assert(sluice_text_is_named("genesis"));
    ck_assert(sluice_text_is_named("king-james"));
    ck_assert(!sluice_text_is_named("exodus"));
    sluice_text_destroy(text);
}
END_TEST

START_TEST(the_bible_begins_with_genesis_or_is_not_installed)
{
    sluice_text *text = NULL;
    sluice_tokenizer *t = tokenizer("bytes");
    sluice_status st = sluice_text_open("king-james", t, NULL, &text, &why);
    sluice_tokenizer_destroy(t);
    if (access("/usr/lib/bible.data", F_OK) != 0) {
        fixture_says(&why, SLUICE_NOT_FOUND, "bible-kjv-text");
        return;
    }
    ck_assert_msg(!st, "%s", why.text);
    sluice_text *genesis = open_text("genesis", "bytes");
    ck_assert_int_eq(sluice_text_length(text), 4137850);
    int64_t n = 0;
    while (n < sluice_text_length(genesis) &&
           sluice_text_token(text, n) == sluice_text_token(genesis, n))
        n++;
    ck_assert_int_eq(n, sluice_text_length(genesis));
    sluice_text_destroy(genesis);
    sluice_text_destroy(text);
}
END_TEST

START_TEST(a_file_of_any_size_is_encoded_across_its_pieces)
{
    enum { COPIES = 50000 };
    static const char piece[] = "\xe2\x82\xac\xc3\xa9x"; /* 6 bytes, 3 tokens */
    char path[FIXTURE_PATH];
    char *bytes = malloc(6 * COPIES);
    for (int i = 0; i < COPIES; i++)
        memcpy(bytes + 6 * i, piece, 6);
    fixture_file("long.txt", bytes, 6 * COPIES, path);
    free(bytes);
    sluice_text *text = open_text(path, "characters:120,233,8364");
    ck_assert_int_eq(sluice_text_length(text), 3 * COPIES);
    int n = 0;
    while (n < 3 * COPIES && sluice_text_token(text, n) == 2 - n % 3)
        n++;
    ck_assert_int_eq(n, 3 * COPIES);
    ck_assert_int_eq(sluice_text_vocabulary(text), 3);
    sluice_text_destroy(text);
}
END_TEST

START_TEST(a_file_that_is_no_text_of_the_tokenizer_is_refused)
{
    char path[FIXTURE_PATH];
    sluice_text *text = NULL;
    sluice_tokenizer *t = tokenizer("characters:97");
    fixture_file("short.txt", "aaab", 4, path);
    ck_assert_int_eq(sluice_text_open(path, t, NULL, &text, &why),
                     SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "byte 3: the character U+0062");
    fixture_file("none.txt", "", 0, path);
    ck_assert_int_eq(sluice_text_open(path, t, NULL, &text, &why),
                     SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "empty");
    ck_assert_int_eq(sluice_text_open("/nowhere", t, NULL, &text, &why),
                     SLUICE_IO);
    ck_assert_int_eq(sluice_text_open("/tmp", t, NULL, &text, &why), SLUICE_IO);
    ck_assert(!text);
    sluice_tokenizer_destroy(t);
}
END_TEST

/* A file of llm.c: magic, version, number of tokens, and so many bytes of them,
 * 1, 2, 3 ... */
static sluice_status read_bin(uint32_t magic, uint32_t version, uint32_t n,
                              size_t bytes, size_t width, sluice_text **text)
{
    static uint32_t file[256 + 64];
    char path[FIXTURE_PATH];
    memset(file, 0, sizeof file);
    file[0] = magic;
    file[1] = version;
    file[2] = n;
    for (size_t i = 0; i < bytes / width; i++)
        ((char *)(file + 256))[i * width] = (char)(i + 1);
    fixture_file("tokens.bin", file, 1024 + bytes, path);
    return sluice_text_read_tokens(path, NULL, text, &why);
}

START_TEST(token_files_of_llm_c_are_read)
{
    for (int wide = 0; wide < 2; wide++) {
        sluice_text *text = NULL;
        ck_assert_msg(!read_bin(wide ? 20240801 : 20240520, wide ? 7 : 1, 20,
                                wide ? 80 : 40, wide ? 4 : 2, &text),
                      "%s", why.text);
        ck_assert_int_eq(sluice_text_length(text), 20);
        ck_assert_int_eq(sluice_text_vocabulary(text), 21);
        for (int i = 0; i < 20; i++)
            ck_assert_int_eq(sluice_text_token(text, i), i + 1);
        sluice_text_destroy(text);
    }
}
END_TEST

START_TEST(a_header_that_the_file_contradicts_is_refused)
{
    sluice_text *text = NULL;
    ck_assert(read_bin(20240520, 2, 20, 40, 2, &text) == SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "version 2");
    ck_assert(read_bin(20240520, 1, 21, 40, 2, &text) == SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "21 tokens of 2 bytes");
    ck_assert(read_bin(20240520, 1, UINT32_MAX, 40, 2, &text) == SLUICE_FORMAT);
    ck_assert(read_bin(20240520, 1, 20, 41, 2, &text) == SLUICE_FORMAT);
    ck_assert(read_bin(20240520, 1, 1, 2, 2, &text) == SLUICE_FORMAT);
    ck_assert(read_bin(20240801, 7, 20, 40, 2, &text) == SLUICE_FORMAT);
    ck_assert(!text);
}
END_TEST

START_TEST(without_a_header_tokens_are_numbers_of_16_bits)
{
    static const unsigned char bytes[] = {1, 0, 0x51, 0xc3, 7, 0, 9};
    char path[FIXTURE_PATH];
    sluice_text *text = NULL;
    fixture_file("raw.bin", bytes, 6, path);
    ck_assert(!sluice_text_read_tokens(path, NULL, &text, &why));
    ck_assert_int_eq(sluice_text_length(text), 3);
    ck_assert_int_eq(sluice_text_token(text, 1), 50001);
    sluice_text_destroy(text);
    fixture_file("raw.bin", bytes, 7, path);
    ck_assert_int_eq(sluice_text_read_tokens(path, NULL, &text, &why),
                     SLUICE_FORMAT);
    fixture_file("raw.bin", bytes, 2, path);
    ck_assert_int_eq(sluice_text_read_tokens(path, NULL, &text, &why),
                     SLUICE_FORMAT);
}
END_TEST

static sluice_status read_npy(const char *descr, const void *data, size_t n)
{
    char path[FIXTURE_PATH], file[256];
    sluice_text *text = NULL;
    int head = snprintf(file, sizeof file,
                        "%cNUMPY%c%c%c%c{'descr': '%s', 'fortran_order': "
                        "False, 'shape': (3,), }\n",
                        0x93, 1, 0, 62, 0, descr);
    memset(file + head, ' ', sizeof file - (size_t)head);
    file[10 + 61] = '\n';
    memcpy(file + 10 + 62, data, n);
    fixture_file("tokens.npy", file, 10 + 62 + n, path);
    sluice_status st = sluice_text_read_tokens(path, NULL, &text, &why);
    if (st)
        return st;
    ck_assert_int_eq(sluice_text_length(text), 3);
    ck_assert_int_eq(sluice_text_vocabulary(text), 6);
    ck_assert_int_eq(sluice_text_token(text, 2), 5);
    sluice_text_destroy(text);
    return st;
}

START_TEST(a_vector_of_integers_is_a_file_of_tokens)
{
    const int32_t good[] = {1, 2, 5}, bad[] = {1, -2, 5};
    const uint8_t bytes[] = {1, 2, 5};
    const float floats[] = {1, 2, 5};
    ck_assert_msg(!read_npy("<i4", good, sizeof good), "%s", why.text);
    ck_assert(!read_npy("|u1", bytes, sizeof bytes));
    ck_assert_int_eq(read_npy("<i4", bad, sizeof bad), SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "number 1 is -2; tokens are from 0 to");
    ck_assert_int_eq(read_npy("<f4", floats, sizeof floats), SLUICE_FORMAT);
}
END_TEST

SLUICE_TEST_MAIN("data.text", genesis_comes_with_the_library,
                 the_bible_begins_with_genesis_or_is_not_installed,
                 a_file_of_any_size_is_encoded_across_its_pieces,
                 a_file_that_is_no_text_of_the_tokenizer_is_refused,
                 token_files_of_llm_c_are_read,
                 a_header_that_the_file_contradicts_is_refused,
                 without_a_header_tokens_are_numbers_of_16_bits,
                 a_vector_of_integers_is_a_file_of_tokens)
