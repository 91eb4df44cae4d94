/*
 * The stored corpus of a text's parser, and what grows from it, without a
 * fuzzer.  One program per parser; the build gives the directory.
 */
#include "text_target.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "support/grid.h"
#include "support/runner.h"

enum {
    MOST = 16 * 1024,  /* bytes of a file of the corpus */
    SMALL = 512,       /* and of one that is damaged byte by byte */
    AT_LEAST_FILES = 8 /* less is a corpus that was not found */
};

struct input {
    char name[NAME_MAX + 1];
    uint8_t data[MOST];
    size_t n;
};

static void load(const char *name, struct input *input)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", SL_TEST_CORPUS, name);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s", path);
    input->n = fread(input->data, 1, sizeof input->data, f);
    fclose(f);
    ck_assert_msg(input->n < MOST, "%s is too large", path);
    snprintf(input->name, sizeof input->name, "%s", name);
}

/* Call `check` with each file of the corpus. */
static void for_each(void (*check)(struct input *input))
{
    static struct input input;
    int n = 0;
    DIR *dir = opendir(SL_TEST_CORPUS);
    ck_assert(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        load(entry->d_name, &input);
        check(&input);
        n++;
    }
    closedir(dir);
    ck_assert_int_ge(n, AT_LEAST_FILES);
}

static int n_misnamed;

static void check_name(struct input *input)
{
    sluice_status st = text_one(input->data, input->n);
    bool is_good = !strncmp(input->name, "ok-", 3);
    if ((st == SLUICE_OK) == is_good)
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
