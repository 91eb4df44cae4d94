/* The machine and the build a figure belongs to. */
#ifndef BENCH_OUTPUT_ENVIRONMENT_H
#define BENCH_OUTPUT_ENVIRONMENT_H

#include <stdio.h>

enum { ENVIRONMENT_TEXT = 128 };

struct environment {
    const char *version; /* of the library */
    const char *commit;  /* of the sources; "unknown" outside git */
    char cpu[ENVIRONMENT_TEXT];
    int cores;        /* this process may use */
    const char *blas; /* description */
    const char *blas_core;
    const char *hint; /* a faster OPENBLAS_CORETYPE; NULL if there is none */
};

void environment_read(struct environment *env);

/* A few lines for people. */
void environment_print(const struct environment *env, FILE *out);

#endif
