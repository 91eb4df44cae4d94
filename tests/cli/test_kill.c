/*
 * A training that is stopped or killed, and goes on, ends with the same
 * parameters as one that was left alone.  It tells each step on a pipe, and
 * waits when that is full: so the test knows when to strike, and no clock
 * decides.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/runner.h"

enum {
    LOOK_MS = 20,
    PIPE_BYTES = 4096, /* about 24 steps of the 112 that four epochs have */
    TEXT = 256,
    STOPPED = 4,
    MOST_WORDS = 48,
    FILE_BYTES = 1 << 20
};

static char dir[64];
static char checkpoints[96], told[96], whole[96], parts[96];

static void enter(void)
{
    strcpy(dir, "/tmp/sluice-kill-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", dir);
    snprintf(told, sizeof told, "%s/told", dir);
    snprintf(whole, sizeof whole, "%s/whole", dir);
    snprintf(parts, sizeof parts, "%s/parts", dir);
    ck_assert_int_eq(mkfifo(told, 0600), 0);
}

static void run_shell(const char *format, const char *argument)
{
    char command[TEXT];
    snprintf(command, sizeof command, format, argument);
    ck_assert_int_eq(system(command), 0);
}

static void leave(void)
{
    run_shell("rm -r %s", dir);
}

/* The words of a training, and those of `more`, a list ended by NULL. */
static pid_t start(const char *epochs, const char *const *more)
{
    static const char *const common[] = {
        SLUICE_TOOL, "train",    "--data",
        "embedded",  "--model",  "-8-10:tanh,dropout=0.1",
        "-m",        "4",        "--batch",
        "64",        "--uneven", "--quiet",
        "--epochs"};
    const char *words[MOST_WORDS] = {NULL};
    int n = 0;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        words[n++] = common[i];
    words[n++] = epochs;
    while (*more && n < MOST_WORDS - 1)
        words[n++] = *more++;
    pid_t pid = fork();
    if (!pid) {
        execv(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    ck_assert_int_gt(pid, 0);
    return pid;
}

static int wait_for(pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* Read until the training has ended, which may be before it tells anything. */
static int strike(pid_t pid, int fd, int lines, int signal)
{
    char bytes[512];
    int status;
    bool has_ended = false;
    for (;;) {
        struct pollfd told_more = {.fd = fd, .events = POLLIN};
        poll(&told_more, 1, LOOK_MS);
        ssize_t n = read(fd, bytes, sizeof bytes);
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] == '\n' && lines-- == 0)
                kill(pid, signal);
        if (n > 0)
            continue;
        if (has_ended)
            return status;
        has_ended = waitpid(pid, &status, WNOHANG) == pid;
    }
}

/* Train with all that keeps it safe; strike with `signal` once it has told
 * `lines`, unless it ends before.  Returns how it ended, as wait() tells. */
static int train_struck(const char *epochs, const char *devices, int lines,
                        int signal)
{
    const char *const more[] = {
        "-k",     devices, "--checkpoint", checkpoints, "--every", "1",
        "--save", parts,   "--resume",     "--metrics", told,      NULL};
    int fd = open(told, O_RDONLY | O_NONBLOCK);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
    pid_t pid = start(epochs, more);
    int status = strike(pid, fd, lines, signal);
    close(fd);
    return status;
}

static void train_whole(const char *epochs)
{
    const char *const more[] = {"-k", "2", "--save", whole, NULL};
    ck_assert_int_eq(wait_for(start(epochs, more)), 0);
}

static size_t content(const char *path, char bytes[FILE_BYTES])
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(bytes, 1, FILE_BYTES, file);
    fclose(file);
    return n;
}

static void assert_same(void)
{
    static char a[FILE_BYTES], b[FILE_BYTES];
    size_t n = content(whole, a);
    ck_assert_uint_gt(n, 1000);
    ck_assert_uint_eq(content(parts, b), n);
    ck_assert_mem_eq(a, b, n);
}

START_TEST(a_training_that_is_stopped_goes_on_bit_for_bit)
{
    static const int signals[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        enter();
        int status = train_struck("1000000", "2", 3, signals[i]);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), STOPPED);
        /* It stopped before epoch 40: it tells each step, and the pipe holds
         * less than those. */
        ck_assert_int_eq(train_struck("40", "3", -1, 0), 0);
        train_whole("40");
        assert_same();
        leave();
    }
}
END_TEST

START_TEST(a_training_that_is_killed_again_and_again_goes_on_bit_for_bit)
{
    static const char *const devices[] = {"1", "2", "3"};
    uint32_t draw = 1;
    int n_killed = 0;
    for (int training = 0; training < N_TRAININGS; training++) {
        int status = 1;
        enter();
        for (int life = 0; status; life++) {
            draw = draw * 1664525u + 1013904223u;
            status = train_struck("4", devices[life % 3], (int)(draw >> 16) % 6,
                                  SIGKILL);
            ck_assert(!status || WTERMSIG(status) == SIGKILL);
            n_killed += status != 0;
        }
        train_whole("4");
        assert_same();
        leave();
    }
    /* A training makes no more steps than it has told, and the pipe holds. */
    ck_assert_int_ge(n_killed, 3 * N_TRAININGS);
    printf("killed %d times\n", n_killed);
}
END_TEST

/* Two core types that every x86-64 can run. */
START_TEST(another_core_type_of_the_blas_is_warned_of)
{
    static const char *const types[] = {"Prescott", "Nehalem"};
    static const char *const epochs[] = {"1", "2"};
    static char text[FILE_BYTES + 1];
    struct utsname machine;
    ck_assert_int_eq(uname(&machine), 0);
    if (strcmp(machine.machine, "x86_64"))
        return; /* it has others */
    enter();
    int was = dup(STDERR_FILENO);
    int fd = open(parts, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
    close(fd);
    int status = 0;
    for (int i = 0; i < 2; i++) {
        const char *const more[] = {"--checkpoint", checkpoints, "--resume",
                                    NULL};
        setenv("OPENBLAS_CORETYPE", types[i], 1);
        status |= wait_for(start(epochs[i], more));
    }
    unsetenv("OPENBLAS_CORETYPE");
    dup2(was, STDERR_FILENO);
    close(was);
    ck_assert_int_eq(status, 0);
    text[content(parts, text)] = '\0';
    ck_assert_msg(strstr(text, "the core type of the BLAS: Prescott, now "
                               "Nehalem"),
                  "%s", text);
    leave();
}
END_TEST

SLUICE_TEST_MAIN("cli.kill", a_training_that_is_stopped_goes_on_bit_for_bit,
                 another_core_type_of_the_blas_is_warned_of,
                 a_training_that_is_killed_again_and_again_goes_on_bit_for_bit)
