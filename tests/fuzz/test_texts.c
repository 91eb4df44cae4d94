/*
 * The stored corpus of a text's parser, and what grows from it, without a
 * fuzzer.  One program per parser; the build gives the directory.
 */
#include "text_target.h"

#include "fuzz/corpus.h"
#include "support/grid.h"

enum { SMALL = 512 }; /* bytes of a file that is damaged byte by byte */

static int n_misnamed;

static void check_name(struct input *input)
{
    sluice_status st = text_one(input->data, input->n);
    if ((st == SLUICE_OK) == is_good(input))
        return;
    printf("%s: %s\n", input->name, sluice_status_name(st));
    n_misnamed++;
}

START_TEST(the_corpus_is_read_or_refused_as_its_names_say)
{
    for_each(check_name);
    ck_assert_int_eq(n_misnamed, 0);
}
END_TEST

static void check_truncations(struct input *input)
{
    for (size_t n = 0; n < input->n && input->n <= SMALL; n++)
        text_one(input->data, n);
}

START_TEST(no_truncation_breaks_a_promise)
{
    for_each(check_truncations);
}
END_TEST

static void check_damage(struct input *input)
{
    static const uint8_t other[] = {0,   1,   '\n', ' ', 127, 128, 255, '0',
                                    '9', '-', '"',  ',', '[', '}', '(', ':',
                                    ';', '=', '@',  'e', '.', 'F', '_'};
    for (size_t i = 0; i < input->n && input->n <= SMALL; i++) {
        uint8_t was = input->data[i];
        for (size_t k = 0; k < sizeof other; k++) {
            if (sl_test_skips())
                continue;
            input->data[i] = other[k];
            text_one(input->data, input->n);
        }
        input->data[i] = was;
    }
}

START_TEST(no_damaged_byte_breaks_a_promise)
{
    for_each(check_damage);
}
END_TEST

/* Numbers that become larger digit by digit. */
static void check_repeats(struct input *input)
{
    static uint8_t more[2 * MOST];
    for (size_t i = 0; i < input->n && input->n <= SMALL; i++)
        for (size_t times = 1; times <= 32; times *= 2) {
            if (sl_test_skips())
                continue;
            memcpy(more, input->data, i);
            memset(more + i, input->data[i], times);
            memcpy(more + i + times, input->data + i, input->n - i);
            text_one(more, input->n + times);
        }
}

START_TEST(no_repeated_byte_breaks_a_promise)
{
    for_each(check_repeats);
}
END_TEST

SLUICE_TEST_MAIN("texts", the_corpus_is_read_or_refused_as_its_names_say,
                 no_truncation_breaks_a_promise,
                 no_damaged_byte_breaks_a_promise,
                 no_repeated_byte_breaks_a_promise)
