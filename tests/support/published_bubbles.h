/* The bubble of GPipe and of 1F1B as published, (K - 1)/(M + K - 1): per cent,
 * for M = 1, 2, 4, 8, 16, 32, 64. */
#ifndef SL_TEST_SUPPORT_PUBLISHED_BUBBLES_H
#define SL_TEST_SUPPORT_PUBLISHED_BUBBLES_H

enum { SL_TEST_BUBBLES_MOST_K = 8, SL_TEST_BUBBLES_N_M = 7 };

static const double
    sl_test_bubbles[SL_TEST_BUBBLES_MOST_K + 1][SL_TEST_BUBBLES_N_M] = {
        [2] = {50.00, 33.33, 20.00, 11.11, 5.88, 3.03, 1.54},
        [3] = {66.67, 50.00, 33.33, 20.00, 11.11, 5.88, 3.03},
        [4] = {75.00, 60.00, 42.86, 27.27, 15.79, 8.57, 4.48},
        [5] = {80.00, 66.67, 50.00, 33.33, 20.00, 11.11, 5.88},
        [6] = {83.33, 71.43, 55.56, 38.46, 23.81, 13.51, 7.25},
        [7] = {85.71, 75.00, 60.00, 42.86, 27.27, 15.79, 8.57},
        [8] = {87.50, 77.78, 63.64, 46.67, 30.43, 17.95, 9.86},
};

#endif
