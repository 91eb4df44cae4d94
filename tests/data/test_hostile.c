/*
 * The stored corpus of a fuzz target, and what grows from it, without a fuzzer.
 * One program per parser; the build gives the directory.
 */
#include "fuzz.h"

#include "fuzz/corpus.h"

enum { SMALL = 256 }; /* bytes of a file that is damaged byte by byte */

static void check_name(struct input *input)
{
    sluice_status st = fuzz_one(input->data, input->n);
    ck_assert_msg((st == SLUICE_OK) == is_good(input), "%s: %s", input->name,
                  sluice_status_name(st));
}

START_TEST(the_corpus_is_read_or_refused_as_its_names_say)
{
    for_each(check_name);
}
END_TEST

static void check_truncations(struct input *input)
{
    for (size_t n = 0; n < input->n && is_good(input); n++) {
        /* A block of its own, so that a sanitizer sees a byte too much. */
        uint8_t *copy = malloc(n + !n);
        ck_assert(copy != NULL);
        memcpy(copy, input->data, n);
        sluice_status st = fuzz_one(copy, n);
        free(copy);
        ck_assert_msg(st != SLUICE_OK, "%s cut to %zu", input->name, n);
    }
}

START_TEST(every_truncation_is_refused)
{
    for_each(check_truncations);
}
END_TEST

static void check_appended(struct input *input)
{
    static const uint8_t bytes[] = {0, ' ', 0x1f, '}', 0xff};
    for (size_t i = 0; i < sizeof bytes; i++) {
        input->data[input->n] = bytes[i];
        sluice_status st = fuzz_one(input->data, input->n + 1);
        if (is_good(input))
            ck_assert_msg(st != SLUICE_OK, "%s and %d", input->name, bytes[i]);
    }
}

START_TEST(an_appended_byte_is_refused)
{
    for_each(check_appended);
}
END_TEST

static void check_damage(struct input *input)
{
    static const uint8_t other[] = {0,   1,   2,   4,   8,   16,  32,
                                    64,  127, 128, 255, '0', '9', '-',
                                    '"', ',', '[', '}', '(', '\''};
    for (size_t i = 0; i < input->n && input->n <= SMALL; i++) {
        uint8_t was = input->data[i];
        for (size_t k = 0; k < sizeof other; k++) {
            input->data[i] = other[k];
            fuzz_one(input->data, input->n);
            input->data[i] = (uint8_t)(was ^ other[k]);
            fuzz_one(input->data, input->n);
        }
        input->data[i] = was;
    }
}

START_TEST(no_damaged_byte_breaks_a_promise)
{
    for_each(check_damage);
}
END_TEST

START_TEST(bytes_of_noise_break_no_promise)
{
    uint8_t noise[64];
    uint64_t state = 1; /* Knuth's MMIX generator: any noise will do */
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof noise; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            noise[i] = (uint8_t)(state >> 56);
        }
        fuzz_one(noise, (size_t)round % sizeof noise);
    }
}
END_TEST

SLUICE_TEST_MAIN("data.hostile", the_corpus_is_read_or_refused_as_its_names_say,
                 every_truncation_is_refused, an_appended_byte_is_refused,
                 no_damaged_byte_breaks_a_promise,
                 bytes_of_noise_break_no_promise)
