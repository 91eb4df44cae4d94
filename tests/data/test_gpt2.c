/*
 * GPT-2's tokenizer on a vocabulary of bytes and a few pairs, and the pieces
 * that a text falls into.  gpt2/run.sh has OpenAI's vocabulary.
 */
#include <sluice/tokenizer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/code_point.h"
#include "data/text/pre_token.h"
#include "data/text/vocabulary.h"
#include "fixture.h"
#include "support/allocator.h"
#include "support/runner.h"

enum { ROOM = 64 };

static sluice_diag why;

/* Pieces are separated by '|'. */
static void check_pieces(const char *marked)
{
    char text[256];
    size_t n = 0, at = 0;
    for (const char *c = marked; *c; c++)
        if (*c != '|')
            text[n++] = *c;
    for (const char *piece = marked; *piece;) {
        size_t length = strcspn(piece, "|");
        ck_assert_msg(sl_pre_token(text + at, n - at, true) == length, "%s",
                      piece);
        at += length;
        piece += length + (piece[length] == '|');
    }
}

START_TEST(a_text_falls_into_pieces_as_the_expression_says)
{
    check_pieces("Hello| world|!");
    check_pieces("he|'s| we|'ll| I|'d|'ve|'|Re");
    check_pieces("'s|'t|'re|'ve|'m|'ll|'d|'|x");
    check_pieces("abc|123|def| 42|.|5");
    check_pieces("a|  | b|\n|\n|c");
    check_pieces("a|   ");
    check_pieces("  | a| -->| b");
    check_pieces("a|\t|b| |\t|c");
    check_pieces("\xc3\xa9t\xc3\xa9| \xe4\xb8\xad\xe6\x96\x87|\xd9\xa1\xc2\xbd"
                 "|x");
}
END_TEST

START_TEST(a_piece_that_may_go_on_is_not_told)
{
    ck_assert_uint_eq(sl_pre_token("abc", 3, false), 0);
    ck_assert_uint_eq(sl_pre_token("abc de", 6, false), 0);
    ck_assert_uint_eq(sl_pre_token("abc def", 7, false), 3);
    ck_assert_uint_eq(sl_pre_token("    ", 4, false), 0);
    ck_assert_uint_eq(sl_pre_token("\xff\xff", 2, true), 2);
}
END_TEST

/* vocab.json with the 256 bytes, and then `more`. */
static void write_vocabulary(const char *const *more, int n)
{
    char *text = malloc(1 << 14), character[5], path[FIXTURE_PATH];
    size_t at = 0;
    int number = 0;
    text[at++] = '{';
    for (uint32_t code = 0; code < 0x200; code++) {
        int bytes = sl_code_point_write(code, character);
        character[bytes] = '\0';
        if (sl_byte_of_character(code) < 0)
            continue;
        at += (size_t)sprintf(text + at, "%s\"%s%s\": %d", number ? ", " : "",
                              code == '"' || code == '\\' ? "\\" : "",
                              character, number);
        number++;
    }
    ck_assert_int_eq(number, 256);
    for (int i = 0; i < n; i++)
        at += (size_t)sprintf(text + at, ", \"%s\": %d", more[i], number++);
    text[at++] = '}';
    fixture_file("vocab.json", text, at, path);
    free(text);
}

static sluice_status parse(const char *merges,
                           const sluice_allocator *allocator,
                           sluice_tokenizer **out)
{
    static const char *const more[] = {"ab", "abc", "bc",
                                       "\xc4\xa0"
                                       "ab"};
    char path[FIXTURE_PATH], name[FIXTURE_PATH + 8];
    write_vocabulary(more, 4);
    fixture_file("merges.txt", merges, strlen(merges), path);
    snprintf(name, sizeof name, "gpt2:%s", fixture_directory());
    return sluice_tokenizer_parse(name, allocator, out, &why);
}

static void check_tokens(const sluice_tokenizer *t, const char *text,
                         const int32_t *want, size_t n)
{
    int32_t tokens[ROOM];
    size_t got, length = strlen(text), at = 0;
    ck_assert_msg(!sluice_tokenizer_encode(t, text, length, tokens, &got, &why),
                  "%s", why.text);
    ck_assert_uint_eq(got, n);
    for (size_t i = 0; i < n; i++) {
        size_t bytes;
        const char *piece = sluice_tokenizer_decode(t, tokens[i], &bytes);
        ck_assert_int_eq(tokens[i], want[i]);
        ck_assert(!memcmp(text + at, piece, bytes));
        at += bytes;
    }
    ck_assert_uint_eq(at, length);
}

START_TEST(pairs_are_joined_in_the_order_of_their_lines)
{
    enum { AB = 256, ABC, BC, _AB };
    sluice_tokenizer *t = NULL;
    ck_assert_msg(
        !parse("#version: 0.2\nb c\na b\nab c\na bc\n\xc4\xa0 ab\n", NULL, &t),
        "%s", why.text);
    ck_assert_int_eq(sluice_tokenizer_vocabulary(t), 260);
    const int32_t a = 'a' - '!', x = 'x' - '!', b = 'b' - '!';
    check_tokens(t, "abc", (int32_t[]){ABC}, 1);
    check_tokens(t, "ab", (int32_t[]){AB}, 1);
    check_tokens(t, "abxab", (int32_t[]){AB, x, AB}, 3);
    check_tokens(t, "aab abb", (int32_t[]){a, AB, _AB, b}, 4);
    check_tokens(t, "bcbc", (int32_t[]){BC, BC}, 2);
    sluice_tokenizer_destroy(t);
    ck_assert(!parse("a b\nb c\nab c\n", NULL, &t));
    check_tokens(t, "abc", (int32_t[]){ABC}, 1);
    check_tokens(t, "abbc", (int32_t[]){AB, BC}, 2);
    sluice_tokenizer_destroy(t);
    ck_assert(!parse("", NULL, &t));
    check_tokens(t, "ab", (int32_t[]){a, b}, 2);
    sluice_tokenizer_destroy(t);
}
END_TEST

START_TEST(pairs_that_cannot_be_are_named_by_their_line)
{
    static const struct {
        const char *merges;
        const char *says;
    } cases[] = {
        {"a b\nb a\n", "line 2 is not two tokens"},
        {"ab\n", "line 1"},
        {"a b\na b\n", "line 2 is there twice"},
        {"a b c\n", "line 1"},
        {"\xe4\xb8\xad b\n", "line 1"},
        {" b\n", "line 1"},
    };
    sluice_tokenizer *t = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(parse(cases[i].merges, NULL, &t), SLUICE_FORMAT);
        fixture_says(&why, SLUICE_FORMAT, cases[i].says);
    }
    ck_assert_int_eq(sluice_tokenizer_parse("gpt2", NULL, &t, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_tokenizer_parse("gpt2:/nowhere", NULL, &t, &why),
                     SLUICE_NOT_FOUND);
    fixture_says(&why, SLUICE_NOT_FOUND, "no file vocab.json or encoder.json");
    ck_assert(!t);
}
END_TEST

START_TEST(memory_that_is_out_leaves_nothing_behind)
{
    for (long at = 1;; at++) {
        struct sl_test_allocator allocator;
        sluice_tokenizer *t = NULL;
        sl_test_allocator_init(&allocator);
        sl_test_allocator_arm(&allocator, at, false);
        sluice_status st = parse("a b\n", &allocator.hooks, &t);
        bool failed = sl_test_allocator_failed(&allocator);
        ck_assert_int_eq(st, failed ? SLUICE_NO_MEMORY : SLUICE_OK);
        sluice_tokenizer_destroy(t);
        ck_assert_int_eq(allocator.n_live, 0);
        ck_assert_int_eq(allocator.n_wrong, 0);
        if (!failed)
            break;
    }
}
END_TEST

SLUICE_TEST_MAIN("data.gpt2", a_text_falls_into_pieces_as_the_expression_says,
                 a_piece_that_may_go_on_is_not_told,
                 pairs_are_joined_in_the_order_of_their_lines,
                 pairs_that_cannot_be_are_named_by_their_line,
                 memory_that_is_out_leaves_nothing_behind)
