/* Messages of a collective; see crossing.h for the threads. */
#include "chan/mpi/crossing.h"

#include <string.h>

#include "base/memory.h"

enum {
    SLICE_FLOATS = 1024
}; /* pieces are added in slices that stay in the
      cache */

static struct sl_near *near_of(const struct sl_member_mail *crossing, int rank)
{
    return &crossing->near[crossing->inner_rank[rank]];
}

static bool is_far(const struct sl_member_mail *crossing, int member)
{
    return crossing->inner_rank[member] < 0;
}

static double *word_of(const struct sl_member_mail *crossing, int at,
                       int member)
{
    size_t n = (size_t)(at * crossing->n_members + member);
    return crossing->words + n * crossing->word_doubles;
}

static size_t word_bytes(const struct sl_member_mail *crossing)
{
    return crossing->word_doubles * sizeof(double);
}

void sl_crossing_say(struct sl_member_mail *crossing, int at, int rank,
                     const struct sl_share *share, const double *sums)
{
    double *word = word_of(crossing, at, rank);
    memcpy(word, share->virtual_ns, sizeof *share->virtual_ns);
    near_of(crossing, rank)->shares[at] = *share;
    for (int i = 0; i < crossing->n_sums; i++)
        word[1 + i] = sums ? sums[i] : 0;
}

void sl_crossing_words(struct sl_member_mail *crossing, int at)
{
    size_t bytes = word_bytes(crossing);
    for (int m = 0; m < crossing->n_members; m++) {
        if (is_far(crossing, m)) {
            sl_inlet_post(&crossing->far_words[m], word_of(crossing, at, m),
                          bytes);
            continue;
        }
        for (int p = 0; p < crossing->n_ranks; p++)
            if (crossing->is_peer[p])
                sl_outlet_send(&near_of(crossing, m)->words[p],
                               word_of(crossing, at, m), bytes);
    }
}

bool sl_crossing_has_words(struct sl_member_mail *crossing, int rank, int at)
{
    bool all = true;
    (void)rank;
    (void)at;
    for (int m = 0; m < crossing->n_members && all; m++) {
        if (is_far(crossing, m)) {
            all = sl_inlet_has_arrived(&crossing->far_words[m]);
            continue;
        }
        for (int p = 0; p < crossing->n_ranks && all; p++)
            all = sl_outlet_is_idle(&near_of(crossing, m)->words[p]);
    }
    return all;
}

void sl_crossing_end_words(struct sl_member_mail *crossing)
{
    for (int m = 0; m < crossing->n_members; m++)
        if (is_far(crossing, m))
            sl_inlet_take(&crossing->far_words[m]);
}

int64_t sl_crossing_latest(const struct sl_member_mail *crossing, int at)
{
    int64_t latest_ns = INT64_MIN;
    for (int m = 0; m < crossing->n_members; m++) {
        int64_t ns;
        memcpy(&ns, word_of(crossing, at, m), sizeof ns);
        if (ns > latest_ns)
            latest_ns = ns;
    }
    return latest_ns;
}

void sl_crossing_add_sums(const struct sl_member_mail *crossing, int at,
                          double *sums)
{
    for (int i = 0; i < crossing->n_sums; i++) {
        sums[i] = word_of(crossing, at, 0)[1 + i];
        for (int m = 1; m < crossing->n_members; m++)
            sums[i] += word_of(crossing, at, m)[1 + i];
    }
}

int sl_crossing_n_pieces(const struct sl_member_mail *crossing, int64_t n)
{
    int64_t most = 0;
    for (int m = 0; m < crossing->n_members; m++) {
        int64_t chunk = sl_chunk_of(n, crossing->n_members, m).n;
        most = chunk > most ? chunk : most;
    }
    return (int)((most + SL_PIECE_FLOATS - 1) / SL_PIECE_FLOATS);
}

/* A piece of a member's chunk: empty if the chunk ends before it. */
static struct sl_chunk piece_of(const struct sl_member_mail *crossing,
                                int64_t n, int member, int piece)
{
    struct sl_chunk c = sl_chunk_of(n, crossing->n_members, member);
    int64_t done = (int64_t)piece * SL_PIECE_FLOATS;
    int64_t left = c.n > done ? c.n - done : 0;
    return (struct sl_chunk){c.first + done,
                             left < SL_PIECE_FLOATS ? left : SL_PIECE_FLOATS};
}

static size_t bytes_of(int64_t n)
{
    return (size_t)n * sizeof(float);
}

static void send_floats(const struct sl_member_mail *crossing,
                        struct sl_outlet *outlet, const float *x, int64_t n)
{
    sl_wire_count(crossing->wire, bytes_of(n));
    sl_outlet_send(outlet, x, bytes_of(n));
}

void sl_crossing_expect_piece(struct sl_member_mail *crossing, int rank, int at,
                              int piece)
{
    struct sl_near *near = near_of(crossing, rank);
    struct sl_chunk c = piece_of(crossing, near->shares[at].n, rank, piece);
    near->piece_n = c.n;
    for (int k = 0; k < crossing->n_terms && c.n > 0; k++)
        if (is_far(crossing, crossing->owner[k]))
            sl_inlet_post(&near->pieces[k], sl_crossing_buffer(near, k),
                          bytes_of(c.n));
}

/* Term k, which a near member has brought. */
static const float *near_term(const struct sl_member_mail *crossing, int at,
                              int k)
{
    const struct sl_near *near = near_of(crossing, crossing->owner[k]);
    const struct sl_share *share = &near->shares[at];
    return crossing->has_terms ? share->terms[k] : share->x;
}

void sl_crossing_send_piece(struct sl_member_mail *crossing, int rank, int at,
                            int piece)
{
    struct sl_near *near = near_of(crossing, rank);
    for (int k = 0; k < crossing->n_terms; k++) {
        if (crossing->owner[k] != rank)
            continue;
        struct sl_outlet *outlets = near->terms + k * crossing->n_members;
        const float *term = near_term(crossing, at, k);
        for (int m = 0; m < crossing->n_members; m++) {
            struct sl_chunk c =
                piece_of(crossing, near->shares[at].n, m, piece);
            if (c.n > 0 && is_far(crossing, m))
                send_floats(crossing, &outlets[m], term + c.first, c.n);
        }
    }
}

bool sl_crossing_has_sent(struct sl_member_mail *crossing, int rank, int at)
{
    struct sl_near *near = near_of(crossing, rank);
    int n = crossing->n_terms * crossing->n_members;
    bool all = true;
    (void)at;
    for (int i = 0; i < n && all; i++)
        all = sl_outlet_is_idle(&near->terms[i]);
    return all;
}

bool sl_crossing_has_piece(struct sl_member_mail *crossing, int rank, int at)
{
    struct sl_near *near = near_of(crossing, rank);
    bool all = true;
    (void)at;
    for (int k = 0; k < crossing->n_terms && near->piece_n > 0 && all; k++)
        if (is_far(crossing, crossing->owner[k]))
            all = sl_inlet_has_arrived(&near->pieces[k]);
    return all;
}

/* Where term k lies, as far as the member's piece goes. */
static const float *piece_term(const struct sl_member_mail *crossing, int rank,
                               int at, int k, int64_t first)
{
    return is_far(crossing, crossing->owner[k])
               ? sl_crossing_buffer(near_of(crossing, rank), k)
               : near_term(crossing, at, k) + first;
}

/* Add all terms of a piece in their order, beside x, which is one of them. */
void sl_crossing_add_piece(struct sl_member_mail *crossing, int rank, int at,
                           int piece)
{
    struct sl_near *near = near_of(crossing, rank);
    const struct sl_share *share = &near->shares[at];
    struct sl_chunk c = piece_of(crossing, share->n, rank, piece);
    float total[SLICE_FLOATS];
    for (int64_t done = 0; done < c.n; done += SLICE_FLOATS) {
        int64_t n = c.n - done < SLICE_FLOATS ? c.n - done : SLICE_FLOATS;
        memcpy(total, piece_term(crossing, rank, at, 0, c.first) + done,
               bytes_of(n));
        for (int k = 1; k < crossing->n_terms; k++) {
            const float *term =
                piece_term(crossing, rank, at, k, c.first) + done;
            for (int64_t i = 0; i < n; i++)
                total[i] += term[i];
        }
        memcpy(share->x + c.first + done, total, bytes_of(n));
    }
    for (int k = 0; k < crossing->n_terms && c.n > 0; k++)
        if (is_far(crossing, crossing->owner[k]))
            sl_inlet_take(&near->pieces[k]);
}

void sl_crossing_chunks(struct sl_member_mail *crossing, int rank, int at)
{
    struct sl_near *near = near_of(crossing, rank);
    const struct sl_share *share = &near->shares[at];
    struct sl_chunk own = sl_chunk_of(share->n, crossing->n_members, rank);
    for (int m = 0; m < crossing->n_members; m++) {
        struct sl_chunk c = sl_chunk_of(share->n, crossing->n_members, m);
        float *x = share->x + c.first;
        if (!is_far(crossing, m)) {
            const float *from = near_of(crossing, m)->shares[at].x;
            if (m != rank)
                memcpy(x, from + c.first, bytes_of(c.n));
            continue;
        }
        if (c.n > 0)
            sl_inlet_post(&near->gathered[m], x, bytes_of(c.n));
        if (own.n > 0)
            send_floats(crossing, &near->chunks[m], share->x + own.first,
                        own.n);
    }
}

bool sl_crossing_has_chunks(struct sl_member_mail *crossing, int rank, int at)
{
    struct sl_near *near = near_of(crossing, rank);
    bool all = true;
    (void)at;
    for (int m = 0; m < crossing->n_members && all; m++)
        all = (!near->gathered[m].posted ||
               sl_inlet_has_arrived(&near->gathered[m])) &&
              sl_outlet_is_idle(&near->chunks[m]);
    return all;
}

void sl_crossing_end_chunks(struct sl_member_mail *crossing, int rank)
{
    struct sl_near *near = near_of(crossing, rank);
    for (int m = 0; m < crossing->n_members; m++)
        sl_inlet_take(&near->gathered[m]);
}
