/*
 * The data set that comes with the library: the first 1,000 test images of
 * Fashion-MNIST and their labels; see fashion1000-LICENSE.
 *
 * Threads: any; const.
 */
#ifndef SL_DATA_SETS_EMBEDDED_H
#define SL_DATA_SETS_EMBEDDED_H

#include <stddef.h>

/* A gzipped IDX file in memory. */
struct sl_embedded {
    const void *bytes;
    size_t n;
};

struct sl_embedded sl_embedded_images(void);
struct sl_embedded sl_embedded_labels(void);

#endif
