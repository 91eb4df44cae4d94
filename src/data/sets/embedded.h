/*
 * The data that come with the library: the first 1,000 test images of
 * Fashion-MNIST and their labels, see fashion1000-LICENSE; and Genesis, see
 * genesis-LICENSE.
 *
 * Threads: any; const.
 */
#ifndef SL_DATA_SETS_EMBEDDED_H
#define SL_DATA_SETS_EMBEDDED_H

#include <stddef.h>

/* A gzipped file in memory: IDX, or text. */
struct sl_embedded {
    const void *bytes;
    size_t n;
};

struct sl_embedded sl_embedded_images(void);
struct sl_embedded sl_embedded_labels(void);
struct sl_embedded sl_embedded_genesis(void);

#endif
