/* The library's version, and what it was built with. */
#ifndef SLUICE_VERSION_H
#define SLUICE_VERSION_H

#include <sluice/export.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_VERSION_MAJOR 0
#define SLUICE_VERSION_MINOR 1
#define SLUICE_VERSION_PATCH 0

/* "0.1.0", of the library that is linked. */
SLUICE_API const char *sluice_version(void);

/* The BLAS in use: its configuration and core type, for instance "OpenBLAS
 * 0.3.21 ... Haswell".  Results are the same to the bit only under the same
 * one. */
SLUICE_API const char *sluice_blas_description(void);

/* Only the core type, "Haswell". */
SLUICE_API const char *sluice_blas_core(void);

#ifdef __cplusplus
}
#endif

#endif
