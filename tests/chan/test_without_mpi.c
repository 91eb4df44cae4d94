/* A build without MPI: making a world is refused, and says so. */
#include "chan/mpi/world.h"

#include <string.h>

#include "support/runner.h"

START_TEST(without_mpi_there_is_no_world)
{
    sluice_world *world;
    sluice_diag why;
    ck_assert_int_eq(sluice_world_create(NULL, NULL, &world, &why),
                     SLUICE_NOT_FOUND);
    ck_assert(strstr(why.text, "this build of Sluice has no MPI"));
}
END_TEST

SLUICE_TEST_MAIN("without_mpi", without_mpi_there_is_no_world)
