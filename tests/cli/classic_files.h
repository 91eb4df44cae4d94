/*
 * The weights and data of the classic demonstration, from the integer sequence
 * that classic_oracle.py uses too.
 */
#ifndef TEST_CLASSIC_FILES_H
#define TEST_CLASSIC_FILES_H

#include <stdbool.h>

enum { CLASSIC_LAYERS = 11, CLASSIC_ROWS = 256 };

/* Write x.npy, y.npy and weights.safetensors into a directory; false if that
 * fails. */
bool classic_files_write(const char *directory);

/* Remove what was written, and the file `errors`. */
void classic_files_remove(const char *directory);

#endif
