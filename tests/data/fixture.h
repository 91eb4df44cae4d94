/* Helpers of the tests of data: files, gzip, what a refusal must say. */
#ifndef SL_TEST_FIXTURE_H
#define SL_TEST_FIXTURE_H

#include <stddef.h>

#include <sluice/status.h>

#include "data/formats/byte_source.h"

enum { FIXTURE_PATH = 512 };

/* The path of a stored file of tests/data/files. */
const char *fixture_stored(const char *name, char path[FIXTURE_PATH]);

/* A directory of this process; empty at first, removed at its end. */
const char *fixture_directory(void);

/* Write bytes[n] into a file of that directory; gives its path. */
const char *fixture_file(const char *name, const void *bytes, size_t n,
                         char path[FIXTURE_PATH]);

/* Compress bytes[n] as gzip does; to be freed. */
void *fixture_gzip(const void *bytes, size_t n, size_t *out_n);

/* A source of bytes[n] that is called "input". */
struct sl_source *fixture_source(const void *bytes, size_t n,
                                 enum sl_packing packing);

/* Assert that `why` says so: `status`, and a sentence that holds `part`. */
void fixture_says(const sluice_diag *why, sluice_status status,
                  const char *part);

#endif
