/* The files of a directory of checkpoints.  The main thread. */
#include "bench/train/keep/checkpoint_files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".safetensors"

enum { DIGITS = 12, NAME = 64 };

static sluice_status io_error(const char *path, const char *verb,
                              sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_IO, "%.200s: cannot be %s: %s", path,
                           verb, strerror(errno));
}

sluice_status checkpoint_directory(const char *dir, sluice_diag *why)
{
    if (!mkdir(dir, 0777) || errno == EEXIST)
        return SLUICE_OK; /* what is no directory is told when it is listed */
    return io_error(dir, "created", why);
}

static void write_name(uint64_t step, char name[NAME])
{
    snprintf(name, NAME, "step-%0*" PRIu64 SUFFIX, DIGITS, step);
}

/* Only a name that we would write is ours. */
static bool read_name(const char *name, uint64_t *step)
{
    static const char prefix[] = "step-";
    char again[NAME];
    if (strncmp(name, prefix, sizeof prefix - 1))
        return false;
    *step = strtoull(name + sizeof prefix - 1, NULL, 10);
    write_name(*step, again);
    return !strcmp(name, again);
}

static sluice_status join(const char *dir, const char *name,
                          char path[PATH_MAX], sluice_diag *why)
{
    if (snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the path of a checkpoint in %.150s... is longer "
                           "than %d bytes",
                           dir, PATH_MAX - 1);
}

sluice_status checkpoint_path(const char *dir, uint64_t step,
                              char path[PATH_MAX], sluice_diag *why)
{
    char name[NAME];
    write_name(step, name);
    return join(dir, name, path, why);
}

sluice_status checkpoint_best_path(const char *dir, char path[PATH_MAX],
                                   sluice_diag *why)
{
    return join(dir, "best" SUFFIX, path, why);
}

static sluice_status no_room(size_t n, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "no memory for a list of %zu checkpoints", n);
}

sluice_status checkpoint_list_init(struct checkpoint_list *list, size_t n,
                                   sluice_diag *why)
{
    uint64_t *steps = calloc(n ? n : 1, sizeof *steps);
    if (!steps)
        return no_room(n, why);
    *list = (struct checkpoint_list){.steps = steps, .n = n};
    return SLUICE_OK;
}

static sluice_status add(struct checkpoint_list *list, uint64_t step,
                         sluice_diag *why)
{
    uint64_t *more = realloc(list->steps, (list->n + 1) * sizeof *list->steps);
    if (!more)
        return no_room(list->n + 1, why);
    list->steps = more;
    list->steps[list->n++] = step;
    return SLUICE_OK;
}

static int newest_first(const void *a, const void *b)
{
    const uint64_t *s = a, *t = b;
    return (*s < *t) - (*s > *t);
}

sluice_status checkpoint_list_read(struct checkpoint_list *list,
                                   const char *dir, sluice_diag *why)
{
    struct checkpoint_list read = {.n = 0};
    sluice_status st = SLUICE_OK;
    DIR *entries = opendir(dir);
    if (!entries)
        return io_error(dir, "listed", why);
    for (struct dirent *e; !st && (e = readdir(entries));) {
        uint64_t step;
        if (read_name(e->d_name, &step))
            st = add(&read, step, why);
    }
    closedir(entries);
    if (st) {
        checkpoint_list_fini(&read);
        return st;
    }
    if (read.n)
        qsort(read.steps, read.n, sizeof *read.steps, newest_first);
    *list = read;
    return SLUICE_OK;
}

void checkpoint_list_fini(struct checkpoint_list *list)
{
    free(list->steps);
    *list = (struct checkpoint_list){.n = 0};
}

sluice_status checkpoint_prune(const char *dir, uint64_t newest, int keep,
                               sluice_diag *why)
{
    struct checkpoint_list list;
    char path[PATH_MAX];
    sluice_status st = checkpoint_list_read(&list, dir, why);
    if (st)
        return st;
    for (size_t i = 0; i < list.n && !st; i++) {
        if (list.steps[i] > newest || keep-- > 0)
            continue;
        st = checkpoint_path(dir, list.steps[i], path, why);
        if (!st && unlink(path) && errno != ENOENT)
            st = io_error(path, "removed", why);
    }
    checkpoint_list_fini(&list);
    return st;
}
