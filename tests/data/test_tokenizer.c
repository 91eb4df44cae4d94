/* Texts to tokens and back, and the vocabularies of texts. */
#include <sluice/tokenizer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/code_point.h"
#include "fixture.h"
#include "support/allocator.h"
#include "support/runner.h"

enum { ROOM = 256 };

static sluice_diag why;

static sluice_tokenizer *parse(const char *name)
{
    sluice_tokenizer *t = NULL;
    ck_assert_msg(!sluice_tokenizer_parse(name, NULL, &t, &why), "%s",
                  why.text);
    return t;
}

/* Encode, and decode again. */
static void check_round_trip(const sluice_tokenizer *t, const char *text,
                             size_t n)
{
    int32_t tokens[ROOM];
    char again[ROOM];
    size_t n_tokens = 0, length = 0;
    ck_assert_msg(!sluice_tokenizer_encode(t, text, n, tokens, &n_tokens, &why),
                  "%s", why.text);
    for (size_t i = 0; i < n_tokens; i++) {
        size_t bytes;
        const char *piece = sluice_tokenizer_decode(t, tokens[i], &bytes);
        ck_assert(piece && length + bytes <= sizeof again);
        memcpy(again + length, piece, bytes);
        length += bytes;
    }
    ck_assert_uint_eq(length, n);
    ck_assert(!memcmp(text, again, n));
}

START_TEST(bytes_are_tokens_by_their_values)
{
    sluice_tokenizer *t = parse("bytes");
    char all[256];
    int32_t tokens[256];
    size_t n;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    ck_assert_int_eq(sluice_tokenizer_vocabulary(t), 256);
    ck_assert(!sluice_tokenizer_encode(t, all, 256, tokens, &n, &why));
    for (int i = 0; i < 256; i++)
        ck_assert_int_eq(tokens[i], i);
    check_round_trip(t, all, 256);
    sluice_tokenizer_destroy(t);
}
END_TEST

START_TEST(characters_are_tokens_in_the_order_of_code_points)
{
    static const char text[] = "z\xc3\xa9\na\xf0\x9f\x99\x82";
    sluice_tokenizer *t = parse("characters:10,97,122,233,8364,128578");
    int32_t tokens[sizeof text];
    const int32_t want[] = {2, 3, 0, 1, 5};
    size_t n;
    ck_assert_int_eq(sluice_tokenizer_vocabulary(t), 6);
    ck_assert(
        !sluice_tokenizer_encode(t, text, sizeof text - 1, tokens, &n, &why));
    ck_assert(n == 5 && !memcmp(tokens, want, sizeof want));
    check_round_trip(t, text, sizeof text - 1);
    sluice_tokenizer_destroy(t);
}
END_TEST

START_TEST(a_name_makes_the_same_tokenizer_again)
{
    const char *names[] = {"bytes", "characters:0", "characters:10,32-126",
                           "characters:0-55295,57344-1114111"};
    for (int i = 0; i < 4; i++) {
        char text[ROOM];
        sluice_tokenizer *t = parse(names[i]);
        ck_assert_uint_eq(sluice_tokenizer_print(t, text, sizeof text),
                          strlen(names[i]));
        ck_assert_str_eq(text, names[i]);
        ck_assert_uint_eq(sluice_tokenizer_print(t, text, 4), strlen(names[i]));
        ck_assert_uint_eq(strlen(text), 3);
        sluice_tokenizer_destroy(t);
    }
}
END_TEST

START_TEST(names_that_cannot_be_are_refused)
{
    static const char *const bad[] = {
        "bytes:1",          "characters",
        "characters:",      "characters:5-4",
        "characters:7,7",   "characters:1114112",
        "characters:1,",    "characters:-1",
        "characters:1-",    "characters:1;2",
        "characters: 1",    "characters:55296",
        "characters:9-6e4", "characters:99999999999999999999"};
    sluice_tokenizer *t = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(sluice_tokenizer_parse(bad[i], NULL, &t, &why) ==
                          SLUICE_INVALID,
                      "%s", bad[i]);
    ck_assert_int_eq(sluice_tokenizer_parse("bytes:1", NULL, &t, &why),
                     SLUICE_INVALID);
    fixture_says(&why, SLUICE_INVALID,
                 "nothing may follow the name, but ':1' does");
    ck_assert_int_eq(sluice_tokenizer_parse("byte", NULL, &t, &why),
                     SLUICE_NOT_FOUND);
    fixture_says(&why, SLUICE_NOT_FOUND, "there are bytes, characters");
    ck_assert(!t);
}
END_TEST

START_TEST(what_is_no_text_of_the_vocabulary_is_named_by_its_byte)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"aab", "byte 2: the character U+0062"},
        {"a\xe2\x82\xac", "byte 1: the character U+20AC"},
        {"a\x80", "byte 1, 0x80, is not UTF-8"},
        {"\xc3", "byte 0, 0xc3, is not UTF-8"},
        {"\xc0\x80", "byte 0"},
        {"\xed\xa0\x80", "byte 0"},
        {"\xf4\x90\x80\x80", "byte 0"},
    };
    sluice_tokenizer *t = parse("characters:97,233");
    int32_t tokens[8];
    size_t n = 7;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(sluice_tokenizer_encode(t, cases[i].text,
                                                 strlen(cases[i].text), tokens,
                                                 &n, &why),
                         SLUICE_INVALID);
        fixture_says(&why, SLUICE_INVALID, cases[i].says);
        ck_assert_uint_eq(n, 7);
    }
    ck_assert(!sluice_tokenizer_decode(t, 2, &n) && n == 0);
    ck_assert(!sluice_tokenizer_decode(t, -1, &n));
    sluice_tokenizer_destroy(t);
}
END_TEST

/* Whether a code point's bytes, whole and cut, are read as what they are. */
static bool comes_back(uint32_t code)
{
    char bytes[SL_CODE_POINT_BYTES];
    uint32_t again = 0;
    int n = sl_code_point_write(code, bytes);
    int read = sl_code_point_read(bytes, (size_t)n, &again);
    if (code >= 0xD800 && code < 0xE000)
        return read == 0;
    for (int cut = 1; cut < n; cut++)
        if (sl_code_point_read(bytes, (size_t)cut, &again) !=
            SL_CODE_POINT_PART)
            return false;
    return read == n && again == code;
}

START_TEST(every_code_point_comes_back_from_its_bytes)
{
    int n = 0;
    for (uint32_t code = 0; code < SL_CODE_POINTS; code++)
        n += comes_back(code);
    ck_assert_int_eq(n, SL_CODE_POINTS);
}
END_TEST

START_TEST(the_vocabulary_of_a_text_is_its_characters)
{
    char path[FIXTURE_PATH], name[ROOM];
    sluice_tokenizer *t = NULL;
    fixture_file("umlaut.txt", "b\xc3\xa4 a\n", 6, path);
    ck_assert(!sluice_tokenizer_characters(path, NULL, &t, &why));
    sluice_tokenizer_print(t, name, sizeof name);
    ck_assert_str_eq(name, "characters:10,32,97-98,228");
    sluice_tokenizer_destroy(t);
    fixture_file("latin1.txt", "b\xe4 a\n", 5, path);
    ck_assert_int_eq(sluice_tokenizer_characters(path, NULL, &t, &why),
                     SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "byte 1, 0xe4, is not UTF-8");
    fixture_file("empty.txt", "", 0, path);
    ck_assert_int_eq(sluice_tokenizer_characters(path, NULL, &t, &why),
                     SLUICE_FORMAT);
}
END_TEST

SLUICE_TEST_MAIN("data.tokenizer", bytes_are_tokens_by_their_values,
                 characters_are_tokens_in_the_order_of_code_points,
                 a_name_makes_the_same_tokenizer_again,
                 names_that_cannot_be_are_refused,
                 what_is_no_text_of_the_vocabulary_is_named_by_its_byte,
                 every_code_point_comes_back_from_its_bytes,
                 the_vocabulary_of_a_text_is_its_characters)
