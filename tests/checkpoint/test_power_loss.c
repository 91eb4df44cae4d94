/* A loss of power at any moment of a save leaves the old checkpoint or the new
 * one, whatever the disk has forgotten; and the next save works. */
#include <sluice/checkpoint.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "saved.h"
#include "support/runner.h"

enum { SAVES = 3, N_LOSSES = 2000 };

static char left[64]; /* what is left of the directory, which is recorded */

struct fixture {
    struct saved saved;
    struct saved_content contents[SAVES + 1]; /* [i] was saved as number i, from
                                                 1 */
};

static const char *in(const char *dir, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* Remove all files of the directory; returns how many there were. */
static int clear(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') {
            unlink(in(dir, e->d_name));
            n++;
        }
    closedir(d);
    return n;
}

static sluice_status save(struct fixture *f, const char *path)
{
    return sluice_checkpoint_save(f->saved.pipe, NULL, path, NULL);
}

static sluice_status load(struct fixture *f, const char *path)
{
    return sluice_checkpoint_load(f->saved.pipe, path, NULL, NULL, NULL);
}

/* Save several times to one name, and record what happens. */
static void begin(struct fixture *f)
{
    strcpy(left, "/tmp/sluice-power-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(left));
    saved_begin(&f->saved, NULL);
    sl_disk_record(saved_dir);
    for (int i = 1; i <= SAVES; i++) {
        saved_step(&f->saved);
        saved_get(&f->saved, &f->contents[i]);
        ck_assert(!save(f, saved_path));
        sl_disk_mark();
    }
    sl_disk_stop();
}

static void end(struct fixture *f)
{
    sl_disk_fini();
    clear(left);
    ck_assert_int_eq(rmdir(left), 0);
    saved_end(&f->saved);
}

/* Which save the loader finds: 0: there is no file; -1: it is refused, or what
 * was never saved. */
static int found(struct fixture *f)
{
    struct saved_content is;
    const char *path = in(left, "saved");
    if (access(path, F_OK))
        return 0;
    if (load(f, path))
        return -1;
    saved_get(&f->saved, &is);
    for (int i = 1; i <= SAVES; i++)
        if (saved_is_same(&is, &f->contents[i]))
            return i;
    return -1;
}

/* Whether what is left is the old one or the new one: of `saved` saves that
 * have succeeded the last, or the one after it. */
static bool is_old_or_new(int found, int saved)
{
    return found == saved || (found == saved + 1 && saved < SAVES);
}

/* What goes wrong in so many losses of power: states that are neither. */
static int lose(struct fixture *f, int n_losses, enum sl_disk_deafness deafness)
{
    int n_bad = 0;
    for (int i = 0; i < n_losses; i++) {
        int n = i % (sl_disk_n_entries() + 1);
        clear(left);
        int saved = sl_disk_lose_power(n, (uint64_t)i + 1, deafness, left);
        n_bad += !is_old_or_new(found(f), saved);
    }
    return n_bad;
}

START_TEST(a_loss_of_power_leaves_the_old_checkpoint_or_the_new_one)
{
    struct fixture f;
    begin(&f);
    ck_assert_int_gt(sl_disk_n_entries(), 6 * SAVES);
    ck_assert_int_eq(lose(&f, N_LOSSES, SL_DISK_HEARS), 0);
    printf("%d losses of power behind %d calls\n", N_LOSSES,
           sl_disk_n_entries());
    end(&f);
}
END_TEST

START_TEST(a_save_after_a_loss_of_power_works_and_cleans_up)
{
    struct fixture f;
    begin(&f);
    for (int n = 0; n <= sl_disk_n_entries(); n++) {
        clear(left);
        sl_disk_lose_power(n, (uint64_t)n + 77, SL_DISK_HEARS, left);
        ck_assert(!load(&f, saved_path));
        ck_assert(!save(&f, in(left, "saved")));
        ck_assert_int_eq(found(&f), SAVES);
        ck_assert_int_eq(clear(left), 1);
    }
    end(&f);
}
END_TEST

START_TEST(a_disk_that_is_not_told_to_sync_is_found_out)
{
    struct fixture f;
    begin(&f);
    ck_assert_int_gt(lose(&f, 300, SL_DISK_NO_FILE_SYNC), 0);
    ck_assert_int_gt(lose(&f, 300, SL_DISK_NO_DIRECTORY_SYNC), 0);
    end(&f);
}
END_TEST

SLUICE_TEST_MAIN("power_loss",
                 a_loss_of_power_leaves_the_old_checkpoint_or_the_new_one,
                 a_save_after_a_loss_of_power_works_and_cleans_up,
                 a_disk_that_is_not_told_to_sync_is_found_out)
