/* What the library says of itself. */
#include <sluice/version.h>

#include <stdio.h>

#include "support/runner.h"

START_TEST(version_is_that_of_the_header)
{
    char want[32];
    snprintf(want, sizeof want, "%d.%d.%d", SLUICE_VERSION_MAJOR,
             SLUICE_VERSION_MINOR, SLUICE_VERSION_PATCH);
    ck_assert_str_eq(sluice_version(), want);
}
END_TEST

START_TEST(blas_is_named_with_its_core)
{
    ck_assert(strstr(sluice_blas_description(), "OpenBLAS"));
    ck_assert(strlen(sluice_blas_core()) > 0);
    ck_assert(strstr(sluice_blas_description(), sluice_blas_core()));
}
END_TEST

SLUICE_TEST_MAIN("tensor.version", version_is_that_of_the_header,
                 blas_is_named_with_its_core)
