/*
 * A pipeline with dropout and momentum on two devices, a directory for its
 * checkpoint, and all that it keeps.
 */
#ifndef SL_TEST_SAVED_H
#define SL_TEST_SAVED_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/pipeline.h>

#include "support/problem.h"

enum { LAYERS = 3, BATCH = 4, MAX_FLOATS = 1024 };

/* The directory, and where in it the checkpoint is saved. */
extern char saved_dir[32];
extern char saved_path[64];

struct saved {
    struct sl_test_problem problem;
    sluice_pipeline *pipe;
};

/* All that a pipeline keeps. */
struct saved_content {
    float tensors[MAX_FLOATS];
    int64_t n;
    uint64_t n_steps;
};

void saved_begin(struct saved *f, const sluice_allocator *allocator);

/* Nothing but the checkpoint may be left in the directory. */
void saved_end(struct saved *f);

void saved_step(struct saved *f);
void saved_get(const struct saved *f, struct saved_content *content);
bool saved_is_same(const struct saved_content *a,
                   const struct saved_content *b);

/* Files in the directory. */
int saved_n_entries(void);

#endif
