/*
 * What of a job's rows this process reads.
 *
 * Threads: any, while the pipeline has its shape.
 */
#ifndef SL_PIPELINE_ABROAD_READS_H
#define SL_PIPELINE_ABROAD_READS_H

#include "pipeline/pipeline.h"

/* Of a job of `rows`, those of which devices of this process read the inputs:
 * from the first of them to the last.  The others' x is not read. */
struct sl_rows sl_abroad_input_rows(const sluice_pipeline *pipe, int64_t rows);

/* Whether it reads any inputs, and any targets. */
bool sl_abroad_reads_x(const sluice_pipeline *pipe);
bool sl_abroad_reads_targets(const sluice_pipeline *pipe);

#endif
