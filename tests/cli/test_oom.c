/*
 * Allocations of the program and of everything beneath it fail, one after the
 * other, in the process of a training.
 *
 * OpenBLAS 0.3.21 has kernels for small products on AVX-512 that allocate in
 * each call and do not look at the result: another core type is asked for,
 * which every x86-64 of the last decade can run.
 */
#include <stdio.h>
#include <sys/wait.h>

#include "fail_malloc.h"
#include "support/runner.h"

enum { TEXT_BYTES = 4096, FEWEST = 50 };

#define TRAIN                                                                  \
    SLUICE_TOOL " train --data embedded --model 784-4-10 -k 2 -m 2 --batch "   \
                "500 --epochs 1 2>&1"

/* What a training printed, and how it ended, as wait() tells. */
struct ended {
    char text[TEXT_BYTES];
    int status;
};

static void train(int fail_at, struct ended *ended)
{
    char command[TEXT_BYTES];
    snprintf(command, sizeof command,
             "OPENBLAS_CORETYPE=Nehalem LD_PRELOAD=%s SL_FAIL_AT=%d exec %s",
             SL_FAIL_MALLOC, fail_at, TRAIN);
    FILE *out = popen(command, "r");
    ck_assert(out);
    size_t n = fread(ended->text, 1, sizeof ended->text - 1, out);
    ended->text[n] = '\0';
    ended->status = pclose(out);
}

START_TEST(a_training_without_memory_ends_with_a_sentence)
{
    struct ended ended;
    int n = 0;
    for (;;) {
        train(++n, &ended);
        ck_assert_msg(WIFEXITED(ended.status), "allocation %d: signal %d", n,
                      WTERMSIG(ended.status));
        int status = WEXITSTATUS(ended.status);
        if (status == SL_NONE_FAILED)
            break;
        /* A standard stream goes on without a buffer. */
        const char *said = status == EXIT_SUCCESS ? "784-4-10" : "sluice";
        ck_assert_msg(status == EXIT_SUCCESS || status == EXIT_FAILURE,
                      "allocation %d: exit status %d", n, status);
        ck_assert_msg(strstr(ended.text, said), "allocation %d: %s", n,
                      ended.text);
    }
    ck_assert_int_gt(n, FEWEST);
}
END_TEST

SLUICE_TEST_MAIN("cli.oom", a_training_without_memory_ends_with_a_sentence)
