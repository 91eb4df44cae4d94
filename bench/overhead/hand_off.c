/* A hand-off and nothing else.  Two threads of a crew: member 0 serves, member
 * 1 returns. */
#include "bench/overhead/hand_off.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "bench/roofline/crew.h"

/* One direction.  `turn` is the number of the newest item; the payload stands
 * on its cache line, so that one transfer brings both. */
struct lane {
    _Alignas(64) atomic_uint turn; /* [atomic] the sender's seq_cst store
                                      publishes `payload` */
    int64_t payload[2];            /* [owner: as `turn` says] */
    double sent_ns;                /* the same */
    pthread_mutex_t mu;
    pthread_cond_t changed; /* turn has changed under `mu` */
};

struct game {
    struct lane lanes[2]; /* to member 1, to member 0 */
    int round_trips;
    bool parks;
    double rest_ns; /* that member 0 works before it sends */
    bool yields;    /* both threads have one core */
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void put(const struct game *game, struct lane *lane, unsigned turn)
{
    lane->payload[0] = turn;
    lane->payload[1] = -(int64_t)turn;
    if (!game->parks) {
        atomic_store(&lane->turn, turn);
        return;
    }
    pthread_mutex_lock(&lane->mu);
    atomic_store(&lane->turn, turn);
    pthread_cond_signal(&lane->changed);
    pthread_mutex_unlock(&lane->mu);
}

static int64_t take(const struct game *game, struct lane *lane, unsigned turn)
{
    if (game->parks) {
        pthread_mutex_lock(&lane->mu);
        while (atomic_load(&lane->turn) != turn)
            pthread_cond_wait(&lane->changed, &lane->mu);
        pthread_mutex_unlock(&lane->mu);
    } else {
        while (atomic_load(&lane->turn) != turn)
            if (game->yields)
                sched_yield();
    }
    return lane->payload[0] + lane->payload[1];
}

/* Round trips number `first` to last. */
static int64_t exchange(struct game *game, int i, int first, int last)
{
    struct lane *out = &game->lanes[i];
    struct lane *in = &game->lanes[1 - i];
    int64_t sum = 0;
    for (int n = first; n <= last; n++) {
        if (i == 0)
            put(game, out, (unsigned)n);
        sum += take(game, in, (unsigned)n);
        if (i == 1)
            put(game, out, (unsigned)n);
    }
    return sum;
}

/* A crew_work.  Returns the time of a round trip.  The first quarter is not
 * timed: devices that poll before they rest may still have the cores. */
static double play(void *context, int i)
{
    struct game *game = context;
    int before = game->round_trips / 4;
    int last = before + game->round_trips;
    int64_t sum = exchange(game, i, 1, before);
    double start = now_ns();
    sum += exchange(game, i, before + 1, last);
    return (now_ns() - start) / game->round_trips + (double)sum;
}

/* Member 0 works, then sends, and waits for the answer. */
static void send_rested(struct game *game, int turn)
{
    struct lane *out = &game->lanes[0];
    out->sent_ns = now_ns() + game->rest_ns;
    while (now_ns() < out->sent_ns)
        ;
    put(game, out, (unsigned)turn);
    take(game, &game->lanes[1], (unsigned)turn);
}

/* A crew_work.  Returns, to member 1, the mean time on the way. */
static double rouse(void *context, int i)
{
    struct game *game = context;
    double ns = 0;
    for (int n = 1; n <= game->round_trips; n++) {
        if (i == 0) {
            send_rested(game, n);
            continue;
        }
        take(game, &game->lanes[0], (unsigned)n);
        ns += now_ns() - game->lanes[0].sent_ns;
        put(game, &game->lanes[1], (unsigned)n);
    }
    return ns / game->round_trips;
}

static sluice_status run(struct game *game, crew_work *work, double results[2],
                         sluice_diag *why)
{
    for (int i = 0; i < 2; i++) {
        pthread_mutex_init(&game->lanes[i].mu, NULL);
        pthread_cond_init(&game->lanes[i].changed, NULL);
    }
    sluice_status st = crew_run(0, 2, work, game, results, why);
    for (int i = 0; i < 2; i++) {
        pthread_cond_destroy(&game->lanes[i].changed);
        pthread_mutex_destroy(&game->lanes[i].mu);
    }
    return st;
}

static sluice_status measure(int round_trips, bool parks, double *ns,
                             sluice_diag *why)
{
    struct game game = {
        .round_trips = round_trips,
        .parks = parks,
        .yields = crew_cores() < 2,
    };
    double results[2];
    sluice_status st = run(&game, play, results, why);
    if (!st)
        *ns = results[0] / 2;
    return st;
}

sluice_status hand_off_spinning(int round_trips, double *ns, sluice_diag *why)
{
    return measure(round_trips, false, ns, why);
}

sluice_status hand_off_parked(int round_trips, double *ns, sluice_diag *why)
{
    return measure(round_trips, true, ns, why);
}

sluice_status hand_off_asleep(int round_trips, int64_t rest_ns, double *ns,
                              sluice_diag *why)
{
    struct game game = {
        .round_trips = round_trips,
        .parks = true,
        .rest_ns = (double)rest_ns,
    };
    double results[2];
    sluice_status st = run(&game, rouse, results, why);
    if (!st)
        *ns = results[1];
    return st;
}
