/* What fail_malloc.c tells the test that preloads it. */
#ifndef SL_TEST_FAIL_MALLOC_H
#define SL_TEST_FAIL_MALLOC_H

enum { SL_NONE_FAILED = 77 };

#endif
