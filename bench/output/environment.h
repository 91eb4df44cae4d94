/* The machine and the build a figure belongs to. */
#ifndef BENCH_OUTPUT_ENVIRONMENT_H
#define BENCH_OUTPUT_ENVIRONMENT_H

#include <stdbool.h>
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
    bool auto_helps;  /* --gemm auto leaves few products to OpenBLAS */
};

void environment_read(struct environment *env);

/* A few lines for people, with what would be faster than `gemm`, the backend
 * asked for; NULL: the library's default. */
void environment_print(const struct environment *env, const char *gemm,
                       FILE *out);

#endif
