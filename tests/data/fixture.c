/* Helpers of the tests of data.  One thread. */
#include "fixture.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char directory[FIXTURE_PATH];

static void remove_directory(void)
{
    char path[2 * FIXTURE_PATH];
    DIR *dir = opendir(directory);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        unlink(path); /* fails for . and .., as it should */
    }
    closedir(dir);
    rmdir(directory);
}

const char *fixture_directory(void)
{
    if (!directory[0]) {
        const char *tmp = getenv("TMPDIR");
        snprintf(directory, sizeof directory, "%s/sluice-data-XXXXXX",
                 tmp && strlen(tmp) < FIXTURE_PATH / 2 ? tmp : "/tmp");
        ck_assert_msg(mkdtemp(directory) != NULL, "%s", directory);
        atexit(remove_directory);
    }
    return directory;
}

const char *fixture_stored(const char *name, char path[FIXTURE_PATH])
{
    int n = snprintf(path, FIXTURE_PATH, "%s/%s", SL_TEST_FILES, name);
    ck_assert_int_lt(n, FIXTURE_PATH);
    return path;
}

const char *fixture_file(const char *name, const void *bytes, size_t n,
                         char path[FIXTURE_PATH])
{
    int m = snprintf(path, FIXTURE_PATH, "%s/%s", fixture_directory(), name);
    ck_assert_int_lt(m, FIXTURE_PATH);
    FILE *f = fopen(path, "wb");
    ck_assert_msg(f != NULL, "%s", path);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

void *fixture_gzip(const void *bytes, size_t n, size_t *out_n)
{
    z_stream z = {0};
    ck_assert_int_eq(
        deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    size_t room = deflateBound(&z, n);
    unsigned char *out = malloc(room);
    ck_assert(out != NULL);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    *out_n = z.total_out;
    deflateEnd(&z);
    return out;
}

struct sl_source *fixture_source(const void *bytes, size_t n,
                                 enum sl_packing packing)
{
    struct sl_source *source = NULL;
    ck_assert_int_eq(
        sl_source_open_memory("input", bytes, n, packing, NULL, &source, NULL),
        SLUICE_OK);
    return source;
}

void fixture_says(const sluice_diag *why, sluice_status status,
                  const char *part)
{
    ck_assert_msg(why->status == status && strstr(why->text, part),
                  "%s: '%s', not %s: '%s'", sluice_status_name(why->status),
                  why->text, sluice_status_name(status), part);
}
