/* What a data set is made of.  Const once created, so any number of threads. */
#ifndef SL_DATA_DATASET_H
#define SL_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/dataset.h>

struct sluice_dataset {
    const sluice_allocator *allocator;
    sluice_array features;
    sluice_array targets; /* labels as int32_t, or values as float */
    int64_t n_rows;
    sluice_element type; /* that features are gathered in */
    size_t row;          /* elements of a row's features */
    size_t target_bytes; /* of a row's target */
    int classes;
    double scale;
    double mean;
    double deviation;
    float of_byte[256]; /* what each byte becomes, if features are bytes */
};

/* A feature as a network sees it. */
static inline float sl_dataset_normalized(const sluice_dataset *dataset,
                                          double value)
{
    return (float)((value * dataset->scale - dataset->mean) /
                   dataset->deviation);
}

#endif
