/* Signals: the same ones are known wherever a step asks. */
#include "bench/train/stopping.h"

#include <signal.h>
#include <string.h>

#include "support/runner.h"

START_TEST(a_signal_is_known_from_the_next_look_on)
{
    bool goes_on = true;
    ck_assert_int_eq(stopping_begin(NULL), SLUICE_OK);
    ck_assert(stopping_share(NULL, &goes_on) && goes_on);
    raise(SIGTERM); /* another process may not have had it in this step */
    ck_assert_ptr_null(stopping_signal());
    ck_assert(stopping_share(NULL, &goes_on) && goes_on);
    ck_assert_str_eq(stopping_signal(), "SIGTERM");
}
END_TEST

SLUICE_TEST_MAIN("bench.stopping", a_signal_is_known_from_the_next_look_on)
