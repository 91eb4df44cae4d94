/* Two files, compared. */
#ifndef SL_TEST_SUPPORT_SAME_BYTES_H
#define SL_TEST_SUPPORT_SAME_BYTES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline FILE *sl_test_open(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        abort();
    }
    return file;
}

/* Whether the files have the same bytes.  Both are there, and not empty. */
static inline bool sl_test_same_bytes(const char *one, const char *other)
{
    FILE *files[2] = {sl_test_open(one), sl_test_open(other)};
    int a, b;
    long n = -1;
    do {
        a = getc(files[0]);
        b = getc(files[1]);
        n++;
    } while (a == b && a != EOF);
    for (int i = 0; i < 2; i++)
        fclose(files[i]);
    return a == b && n > 0;
}

#endif
