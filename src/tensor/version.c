/* What the library is, and which BLAS it stands on.  Any thread. */
#include <sluice/version.h>

#include "tensor/gemm.h"

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

const char *sluice_version(void)
{
    return TEXT(SLUICE_VERSION_MAJOR) "." TEXT(SLUICE_VERSION_MINOR) "." TEXT(
        SLUICE_VERSION_PATCH);
}

const char *sluice_blas_description(void)
{
    return sl_blas_config();
}

const char *sluice_blas_core(void)
{
    return sl_blas_core();
}
