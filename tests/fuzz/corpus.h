/*
 * The stored corpus of a fuzz target: files of a folder that the build names by
 * SL_TEST_CORPUS.  Those whose name begins with "ok-" are to be read, the
 * others to be refused.
 */
#ifndef SL_TEST_FUZZ_CORPUS_H
#define SL_TEST_FUZZ_CORPUS_H

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "support/runner.h"

enum {
    MOST = 16 * 1024,  /* bytes of a file */
    AT_LEAST_FILES = 8 /* less is a corpus that was not found */
};

struct input {
    char name[NAME_MAX + 1];
    uint8_t data[MOST + 1];
    size_t n;
};

static inline bool is_good(const struct input *input)
{
    return !strncmp(input->name, "ok-", 3);
}

static inline void load(const char *name, struct input *input)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", SL_TEST_CORPUS, name);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s", path);
    input->n = fread(input->data, 1, sizeof input->data, f);
    fclose(f);
    ck_assert_msg(input->n <= MOST, "%s is too large", path);
    snprintf(input->name, sizeof input->name, "%s", name);
}

/* Call `check` with each file.  It may change the bytes, and put one behind. */
static inline void for_each(void (*check)(struct input *input))
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

#endif
