/* What a data set is made of.  Const once created, so any number of threads. */
#ifndef SL_DATA_DATASET_H
#define SL_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/dataset.h>
#include <sluice/text.h>

struct sluice_dataset {
    const sluice_allocator *allocator;
    const struct sluice_text *text; /* windows of it instead of arrays; NULL:
                                       arrays, or it is left out */
    int64_t first;                  /* token of the text */
    int64_t places;        /* where a window may begin; 0: rows of arrays */
    sluice_array features; /* only type and shape, if they are left out; of
                              windows the type */
    sluice_array targets;  /* labels as int32_t, or values as float; likewise */
    uint32_t features_crc32; /* those that are to be filled in; else 0 */
    uint32_t targets_crc32;
    int64_t n_rows;      /* of an epoch */
    sluice_element type; /* that features are gathered in */
    size_t row;          /* elements of a row's features */
    size_t target_bytes; /* of a row's target */
    int classes;
    double scale;
    double mean;
    double deviation;
    float of_byte[256]; /* what each byte becomes, if features are bytes */
};

/* Labels of a byte become those that a data set keeps.  Returns SLUICE_OK,
 * SLUICE_NO_MEMORY. */
sluice_status sl_dataset_widen_labels(const sluice_array *bytes,
                                      const sluice_allocator *allocator,
                                      sluice_array *out, sluice_diag *why);

/* What each byte becomes, if features are bytes. */
void sl_dataset_note_bytes(sluice_dataset *dataset, sluice_element stored);

/* Gather windows, as sluice_dataset_gather(); the indexes are places. */
void sl_windows_gather(const sluice_dataset *dataset, const int64_t *index,
                       int64_t n, int32_t *x, int32_t *targets);

/* At how many places the first window of an epoch may begin: from 0 on. */
int64_t sl_windows_slack(const sluice_dataset *dataset);

/* Numbers of windows become the places where they begin, the first one at
 * `start`. */
void sl_windows_place(const sluice_dataset *dataset, int64_t start,
                      int64_t *index);

/* A feature as a network sees it. */
static inline float sl_dataset_normalized(const sluice_dataset *dataset,
                                          double value)
{
    return (float)((value * dataset->scale - dataset->mean) /
                   dataset->deviation);
}

#endif
