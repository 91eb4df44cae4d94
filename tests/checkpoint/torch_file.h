/*
 * The cases of exchange.txt: networks of PyTorch, whose tensors are numbers by
 * a formula, and files of safetensors as it writes them.
 */
#ifndef SL_TEST_TORCH_FILE_H
#define SL_TEST_TORCH_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/shape.h>

enum { TORCH_TENSORS = 64, TORCH_NAME = 96, TORCH_Y = 128, TORCH_MOST = 512 };

struct torch_tensor {
    char name[TORCH_NAME];
    char kind[8]; /* "F32" */
    uint32_t seed;
    int middle;
    sluice_shape shape;
};

struct torch_case {
    char model[160];
    struct torch_tensor tensors[TORCH_TENSORS];
    int n_tensors;
    double y[TORCH_Y]; /* of two rows */
    int n_y;
};

/* The case of that number. */
void torch_case_read(struct torch_case *made, int index);

/* A number of [-1, 1), and one of 0 to 2^16 - 1, by a formula. */
float torch_value(uint32_t seed, int64_t i);
uint32_t torch_hash(uint32_t seed, int64_t i);

/* Write the tensors of a case; names without `lacks` at their beginning. */
void torch_file_write(const struct torch_case *c, const char *path,
                      const char *lacks, const char *metadata);

struct torch_tensor *torch_case_find(struct torch_case *c, const char *name);

#endif
