/*
 * The frame of a test that runs in several processes at once, under mpirun:
 * each makes the same calls, and judges what it sees.  A failure ends the
 * process at once, and so all of them: the others might wait for it.
 */
#ifndef SL_TEST_WORLD_H
#define SL_TEST_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/world.h>

#include "support/same_bytes.h"

#define demand(holds, ...)                                                     \
    do {                                                                       \
        if (!(holds)) {                                                        \
            fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                    \
            fprintf(stderr, __VA_ARGS__);                                      \
            fputc('\n', stderr);                                               \
            _Exit(EXIT_FAILURE);                                               \
        }                                                                      \
    } while (0)

/* A claim, and what shows it. */
struct sl_test_claim {
    const char *name;
    void (*show)(sluice_world *world);
};

/* The files have the same bytes; they are removed. */
static inline void sl_test_same_files(const char *one, const char *other)
{
    demand(sl_test_same_bytes(one, other), "%s and %s differ", one, other);
    remove(one);
    remove(other);
}

/* Show those of claims[n] that the arguments name; all without any. */
static inline int sl_test_claims(const struct sl_test_claim *claims, int n,
                                 char **wanted)
{
    sluice_world *world;
    sluice_diag why;
    demand(!sluice_world_create(NULL, NULL, &world, &why), "%s", why.text);
    for (int i = 0; i < n; i++) {
        char **name = wanted;
        while (*name && strcmp(*name, claims[i].name))
            name++;
        if (*wanted && !*name)
            continue;
        claims[i].show(world);
        if (sluice_world_rank(world) == 0)
            printf("ok: %s\n", claims[i].name);
    }
    sluice_world_destroy(world);
    return EXIT_SUCCESS;
}

#endif
