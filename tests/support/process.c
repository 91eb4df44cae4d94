/* The kernel's account of the process, read from /proc. */
#include "support/process.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return -1;
    int n = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

int sl_test_threads(void)
{
    return entries("/proc/self/task");
}

int sl_test_threads_at_rest(void)
{
    int least = sl_test_threads();
    for (int i = 0; i < 20; i++) {
        sched_yield();
        int n = sl_test_threads();
        if (n < least)
            least = n;
    }
    return least;
}

int sl_test_descriptors(void)
{
    return entries("/proc/self/fd") - 1; /* but that of opendir() itself */
}

long sl_test_resident_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    if (!file)
        return -1;
    long kib = -1;
    for (char line[128]; fgets(line, sizeof line, file);)
        if (!strncmp(line, "VmRSS:", 6))
            sscanf(line + 6, "%ld", &kib);
    fclose(file);
    return kib;
}

enum { PATIENCE_S = 10 };

bool sl_test_threads_return_to(int n)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        if (sl_test_threads() <= n)
            return true;
        sched_yield();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - start.tv_sec < PATIENCE_S);
    return false;
}
