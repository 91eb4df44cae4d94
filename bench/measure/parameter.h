/* All parameters of a model, one after the other. */
#ifndef BENCH_MEASURE_PARAMETER_H
#define BENCH_MEASURE_PARAMETER_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/model.h>

enum { PARAMETER_NAME = 64 };

/* Zero at first; then the parameter that parameter_next() has come to. */
struct parameter {
    int layer;
    int next;                  /* index, in the layer, of the one after */
    char name[PARAMETER_NAME]; /* "0.weight" */
    int64_t n;                 /* elements */
};

/* Go on to the next parameter; false if there are no more. */
bool parameter_next(const sluice_model *model, struct parameter *at);

#endif
