// The evaluator's kernels. Also compiled as plain C++ (shim.hpp), so that tests run this very source without a
// device. Whole numbers are exact; sums have the order of the processor's code, and what the compiler could
// fuse is either exact or written with the intrinsics that are never fused.

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

// Replicates of a chunk: the weights of a row are one line of 128 bytes, four to a thread.
#define LANES 128
#define LANES_PER_THREAD 4
#define ROWS_PER_CALL 4
#define SUM_BLOCK 1024
#define SUM_LANES 8
#define MEAN_BLOCK 256
#define DIGITS 16
#define TILE 64
#define TILE_ROWS 16
#define TILE_THREADS 128
#define COLUMNS_PER_THREAD 8
#define WITH_PER_THREAD 4
#define COLUMN_THREADS 8
#define WITH_THREADS 16
#define PRODUCT_BLOCK 256
// Loads of a chain of additions that are under way together.
#define AHEAD 8
#define SCAN_THREADS 256
#define WORD 64

// The sum of so many values, one after another, whatever comes first from memory.
__device__ static double chain(const double *values, u64 n_values, u64 stride) {
    double sum = 0;
    u64 at = 0;
    for (; at + AHEAD <= n_values; at += AHEAD) {
        double next[AHEAD];
        for (u32 k = 0; k < AHEAD; k++) next[k] = values[(at + k) * stride];
        for (u32 k = 0; k < AHEAD; k++) sum += next[k];
    }
    for (; at < n_values; at++) sum += values[at * stride];
    return sum;
}

// --- Weights: Philox4x32-10, then the thresholds of Poisson(1). ---

__device__ static u32 weight_of(u32 word) {
    return (1580030168u <= word) + (3160060337u <= word) + (3950075421u <= word) + (4213413783u <= word) +
           (4279248373u <= word) + (4292415291u <= word) + (4294609777u <= word) + (4294923276u <= word);
}

extern "C" __global__ void draw_weights(u8 *weights, u32 n_rows, u32 first_replicate, u32 key_low, u32 key_high) {
    u64 index = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    u32 lane = (u32)(index % LANES);
    u32 quad = (u32)(index / LANES);
    if ((u64)quad * ROWS_PER_CALL >= n_rows) return;
    u32 words[4] = {quad, first_replicate + lane, 0, 0};
    u32 key[2] = {key_low, key_high};
    for (int round = 0; round < 10; round++) {
        u32 high_a = __umulhi(0xD2511F53u, words[0]);
        u32 low_a = 0xD2511F53u * words[0];
        u32 high_c = __umulhi(0xCD9E8D57u, words[2]);
        u32 low_c = 0xCD9E8D57u * words[2];
        words[0] = high_c ^ words[1] ^ key[0];
        words[1] = low_c;
        words[2] = high_a ^ words[3] ^ key[1];
        words[3] = low_a;
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    for (u32 at = 0; at < ROWS_PER_CALL; at++) {
        u64 row = (u64)quad * ROWS_PER_CALL + at;
        if (row < n_rows) weights[row * LANES + lane] = (u8)weight_of(words[at]);
    }
}

// --- Curves: a code is row << 2 | is_positive << 1 | ends_tie. ---
// Segments of a ranking end where a tie ends and run apart; a thread has four replicates of one segment.

struct Place {
    u32 lane, segment, ranking;
    const u32 *codes;
    u32 start, end;
    bool is_any;
};

__device__ static Place place_of(const u32 *codes, const u32 *ends, u32 n_rows, u32 n_segments) {
    Place place;
    place.lane = threadIdx.x * LANES_PER_THREAD;
    place.segment = blockIdx.x * blockDim.y + threadIdx.y;
    place.ranking = blockIdx.y;
    place.is_any = place.segment < n_segments;
    if (!place.is_any) return place;
    const u32 *own = ends + (u64)place.ranking * n_segments;
    place.codes = codes + (u64)place.ranking * n_rows;
    place.start = place.segment == 0 ? 0 : own[place.segment - 1];
    place.end = own[place.segment];
    return place;
}

__device__ static u64 slot_of(const Place &place, u32 n_segments, u32 at) {
    return ((u64)place.ranking * n_segments + place.segment) * LANES + place.lane + at;
}

// Of four replicates: the weights of positives and negatives so far, and of the tie that is open. The threads of a warp
// have one segment and so one code, and go the same way.
struct Tally {
    u32 p[LANES_PER_THREAD], n[LANES_PER_THREAD], tie_p[LANES_PER_THREAD], tie_n[LANES_PER_THREAD];
    u64 won[LANES_PER_THREAD], twice_won_in_ties[LANES_PER_THREAD];
    bool is_open;
};

__device__ static u32 weight_at(u32 four, u32 k) { return four >> (8 * k) & 255; }

__device__ static void visit(Tally &tally, u32 code, u32 four) {
    bool is_positive = code & 2, ends_tie = code & 1;
    if (ends_tie && !tally.is_open) {
        if (is_positive) {
            for (u32 k = 0; k < LANES_PER_THREAD; k++) tally.p[k] += weight_at(four, k);
        } else {
            for (u32 k = 0; k < LANES_PER_THREAD; k++) {
                u32 weight = weight_at(four, k);
                tally.won[k] += (u64)tally.p[k] * weight;
                tally.n[k] += weight;
            }
        }
        return;
    }
    if (is_positive) {
        for (u32 k = 0; k < LANES_PER_THREAD; k++) tally.tie_p[k] += weight_at(four, k);
    } else {
        for (u32 k = 0; k < LANES_PER_THREAD; k++) tally.tie_n[k] += weight_at(four, k);
    }
    tally.is_open = !ends_tie;
    if (!ends_tie) return;
    for (u32 k = 0; k < LANES_PER_THREAD; k++) {
        tally.twice_won_in_ties[k] += (u64)tally.tie_n[k] * (2 * (u64)tally.p[k] + tally.tie_p[k]);
        tally.p[k] += tally.tie_p[k];
        tally.n[k] += tally.tie_n[k];
        tally.tie_p[k] = tally.tie_n[k] = 0;
    }
}

__device__ static u32 four_of(const u8 *weights, u32 code, u32 lane) {
    return *(const u32 *)(weights + (u64)(code >> 2) * LANES + lane);
}

extern "C" __global__ void count_segments(const u32 *codes, const u32 *ends, const u8 *weights, u32 *positives,
                                          u32 *negatives, u64 *twice_won, u32 n_rows, u32 n_segments) {
    Place place = place_of(codes, ends, n_rows, n_segments);
    if (!place.is_any) return;
    Tally tally = {};
    u32 at = place.start;
    for (; at + AHEAD <= place.end; at += AHEAD) {
        u32 next[AHEAD], fours[AHEAD];
        for (u32 k = 0; k < AHEAD; k++) next[k] = place.codes[at + k];
        for (u32 k = 0; k < AHEAD; k++) fours[k] = four_of(weights, next[k], place.lane);
        for (u32 k = 0; k < AHEAD; k++) visit(tally, next[k], fours[k]);
    }
    for (; at < place.end; at++) {
        u32 code = place.codes[at];
        visit(tally, code, four_of(weights, code, place.lane));
    }
    for (u32 k = 0; k < LANES_PER_THREAD; k++) {
        u64 slot = slot_of(place, n_segments, k);
        positives[slot] = tally.p[k];
        negatives[slot] = tally.n[k];
        twice_won[slot] = 2 * tally.won[k] + tally.twice_won_in_ties[k];
    }
}

// A thread joins the segments of one replicate of one ranking into the area under its curve; those of a chunk of
// replicates follow the chunks before.
extern "C" __global__ void join_counts(const u32 *positives, const u32 *negatives, const u64 *twice_won, double *areas,
                                       u32 n_rankings, u32 n_segments, u32 chunk) {
    u32 index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= n_rankings * LANES) return;
    u64 slot = (u64)(index / LANES) * n_segments * LANES + index % LANES;
    u32 p = 0, n = 0;
    u64 won = 0;
    for (u32 segment = 0; segment < n_segments; segment++, slot += LANES) {
        won += twice_won[slot] + 2 * (u64)p * negatives[slot];
        p += positives[slot];
        n += negatives[slot];
    }
    u64 n_pairs = (u64)p * n;
    areas[(u64)chunk * n_rankings * LANES + index] = (double)won / (double)(2 * n_pairs);
}

// A tie with a positive row gains something: a line of replicates each, in the order of the ranking. Needs the
// counts of every segment; the gains of segments end at gain_ends, counted through all rankings.
extern "C" __global__ void gain_segments(const u32 *codes, const u32 *ends, const u8 *weights, const u32 *positives,
                                         const u32 *negatives, const u32 *gain_ends, double *gains, u32 n_rows,
                                         u32 n_segments) {
    Place place = place_of(codes, ends, n_rows, n_segments);
    if (!place.is_any) return;
    u32 found[LANES_PER_THREAD] = {0}, taken[LANES_PER_THREAD] = {0};
    u32 tie_p[LANES_PER_THREAD] = {0}, tie[LANES_PER_THREAD] = {0};
    u64 own = (u64)place.ranking * n_segments + place.segment;
    double *gain = gains + (own == 0 ? 0 : (u64)gain_ends[own - 1]) * LANES + place.lane;
    for (u32 segment = 0; segment < place.segment; segment++) {
        u64 slot = ((u64)place.ranking * n_segments + segment) * LANES + place.lane;
        for (u32 k = 0; k < LANES_PER_THREAD; k++) {
            found[k] += positives[slot + k];
            taken[k] += positives[slot + k] + negatives[slot + k];
        }
    }
    u32 has_positive = 0;
    for (u32 at = place.start; at < place.end; at++) {
        u32 code = place.codes[at];
        u32 four = four_of(weights, code, place.lane);
        u32 of_positive = 0u - (code >> 1 & 1);
        has_positive |= of_positive;
        for (u32 k = 0; k < LANES_PER_THREAD; k++) {
            u32 weight = weight_at(four, k);
            tie_p[k] += weight & of_positive;
            tie[k] += weight;
        }
        if (code & 1) {
            for (u32 k = 0; k < LANES_PER_THREAD; k++) {
                found[k] += tie_p[k];
                taken[k] += tie[k];
                if (has_positive) {
                    double precision = (double)found[k] / (double)(taken[k] > 0 ? taken[k] : 1);
                    gain[k] = __dmul_rn((double)tie_p[k], precision);
                }
                tie_p[k] = tie[k] = 0;
            }
            if (has_positive) gain += LANES;
            has_positive = 0;
        }
    }
}

// A thread adds up the gains of one replicate of one ranking, tie by tie, wherever segments end.
extern "C" __global__ void join_gains(const double *gains, const u32 *gain_ends, const u32 *positives, double *areas,
                                      u32 n_rankings, u32 n_segments, u32 chunk) {
    u32 index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= n_rankings * LANES) return;
    u64 first = (u64)(index / LANES) * n_segments;
    u32 start = first == 0 ? 0 : gain_ends[first - 1], end = gain_ends[first + n_segments - 1];
    double gained = chain(gains + (u64)start * LANES + index % LANES, end - start, LANES);
    u32 found = 0;
    for (u32 segment = 0; segment < n_segments; segment++) found += positives[(first + segment) * LANES + index % LANES];
    areas[(u64)chunk * n_rankings * LANES + index] = gained / (double)found;
}

// --- Weighted means: a thread has one replicate of a block of rows of one column; then one of a column. ---
// Sums of chunks, of their blocks, and of the columns of these follow each other; so do the weights of blocks.

extern "C" __global__ void mean_blocks(const double *values, const u8 *weights, double *sums, u32 *totals, u32 n_rows,
                                       u32 n_columns, u32 n_blocks, u32 chunk) {
    u64 index = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    u32 lane = (u32)(index % LANES), column = (u32)(index / LANES % n_columns);
    u64 block = index / LANES / n_columns;
    if (block >= n_blocks) return;
    u32 start = (u32)block * MEAN_BLOCK;
    u32 end = n_rows - start < MEAN_BLOCK ? n_rows : start + MEAN_BLOCK;
    const double *own = values + (u64)column * n_rows;
    double sum = 0;
    u32 total = 0;
    for (u32 row = start; row < end; row++) {
        u32 weight = weights[(u64)row * LANES + lane];
        sum = __dadd_rn(sum, __dmul_rn((double)weight, own[row]));
        total += weight;
    }
    u64 place = (u64)chunk * n_blocks + block;
    sums[(place * n_columns + column) * LANES + lane] = sum;
    if (column == 0) totals[place * LANES + lane] = total;
}

extern "C" __global__ void join_means(const double *sums, const u32 *totals, double *means, u32 n_columns, u32 n_blocks,
                                      u32 n_chunks) {
    u64 index = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    u32 lane = (u32)(index % LANES), column = (u32)(index / LANES % n_columns);
    u64 chunk = index / LANES / n_columns;
    if (chunk >= n_chunks) return;
    u32 total = 0;
    for (u32 block = 0; block < n_blocks; block++) total += totals[(chunk * n_blocks + block) * LANES + lane];
    const double *own = sums + (chunk * n_blocks * n_columns + column) * LANES + lane;
    means[index] = chain(own, n_blocks, (u64)n_columns * LANES) / (double)total;
}

// --- Sums: a thread has a block of a column or segment; the blocks are joined by the host. ---

extern "C" __global__ void sum_blocks(const double *values, const u64 *starts, const u32 *lengths, double *sums,
                                      u32 n_blocks) {
    u32 block = blockIdx.x * blockDim.x + threadIdx.x;
    if (block >= n_blocks) return;
    const double *own = values + starts[block];
    double lanes[SUM_LANES] = {0};
    u32 length = lengths[block], at = 0;
    for (; at + SUM_LANES <= length; at += SUM_LANES)
        for (u32 k = 0; k < SUM_LANES; k++) lanes[k] += own[at + k];
    for (u32 k = 0; k < SUM_LANES; k++)
        if (at + k < length) lanes[k] += own[at + k];
    sums[block] = ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// --- Order: stable passes of four bits. A thread owns neighbouring items; grid.y are columns. ---

extern "C" __global__ void number_rows(u32 *rows, u32 n_items) {
    u32 at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < n_items) rows[(u64)blockIdx.y * n_items + at] = at;
}

extern "C" __global__ void count_digits(const u64 *keys, u32 *counts, u32 n_items, u32 items_per_owner, u32 n_owners,
                                        u32 shift) {
    u32 owner = blockIdx.x * blockDim.x + threadIdx.x;
    if (owner >= n_owners) return;
    const u64 *own = keys + (u64)blockIdx.y * n_items;
    u32 *column = counts + (u64)blockIdx.y * DIGITS * n_owners;
    u32 seen[DIGITS] = {0};
    u32 start = owner * items_per_owner;
    u32 end = n_items - start < items_per_owner ? n_items : start + items_per_owner;
    for (u32 at = start; at < end; at++) seen[own[at] >> shift & (DIGITS - 1)]++;
    for (u32 digit = 0; digit < DIGITS; digit++) column[digit * n_owners + owner] = seen[digit];
}

// One block a column turns counts into places.
extern "C" __global__ void scan_digits(u32 *counts, u32 n_counts) {
    __shared__ u32 totals[SCAN_THREADS];
    u32 *column = counts + (u64)blockIdx.y * n_counts;
    u32 part = (n_counts + SCAN_THREADS - 1) / SCAN_THREADS;
    u32 start = threadIdx.x * part < n_counts ? threadIdx.x * part : n_counts;
    u32 end = n_counts - start < part ? n_counts : start + part;
    u32 total = 0;
    for (u32 at = start; at < end; at++) total += column[at];
    totals[threadIdx.x] = total;
    __syncthreads();
    u32 before = 0;
    for (u32 other = 0; other < threadIdx.x; other++) before += totals[other];
    for (u32 at = start; at < end; at++) {
        u32 count = column[at];
        column[at] = before;
        before += count;
    }
}

extern "C" __global__ void scatter_digits(const u64 *keys, const u32 *rows, const u32 *places, u64 *keys_out,
                                          u32 *rows_out, u32 n_items, u32 items_per_owner, u32 n_owners, u32 shift) {
    u32 owner = blockIdx.x * blockDim.x + threadIdx.x;
    if (owner >= n_owners) return;
    u64 base = (u64)blockIdx.y * n_items;
    const u32 *column = places + (u64)blockIdx.y * DIGITS * n_owners;
    u32 next[DIGITS];
    for (u32 digit = 0; digit < DIGITS; digit++) next[digit] = column[digit * n_owners + owner];
    u32 start = owner * items_per_owner;
    u32 end = n_items - start < items_per_owner ? n_items : start + items_per_owner;
    for (u32 at = start; at < end; at++) {
        u64 key = keys[base + at];
        u64 place = base + next[key >> shift & (DIGITS - 1)]++;
        keys_out[place] = key;
        rows_out[place] = rows[base + at];
    }
}

// --- Masks: a thread merges the runs of one pair. Runs are start and length. ---

extern "C" __global__ void overlap_runs(const u32 *runs, const u32 *ends, u64 *overlaps, u32 n_pairs) {
    u32 pair = blockIdx.x * blockDim.x + threadIdx.x;
    if (pair >= n_pairs) return;
    u32 a = pair == 0 ? 0 : ends[2 * pair - 1], end_a = ends[2 * pair];
    u32 b = end_a, end_b = ends[2 * pair + 1];
    u64 both = 0;
    while (a < end_a && b < end_b) {
        u64 start_of_a = runs[2 * a], end_of_a = start_of_a + runs[2 * a + 1];
        u64 start_of_b = runs[2 * b], end_of_b = start_of_b + runs[2 * b + 1];
        u64 start = start_of_a > start_of_b ? start_of_a : start_of_b;
        u64 end = end_of_a < end_of_b ? end_of_a : end_of_b;
        if (end > start) both += end - start;
        if (end_of_a <= end_of_b) a++; else b++;
    }
    overlaps[pair] = both;
}

// --- Edit distance: a thread has one pair; blocks of 64 symbols of the pattern, carries in scratch. ---
// Symbols are numbered by pair; a symbol of the text alone has the last number, whose mask stays empty.

extern "C" __global__ void edit_distances(const u32 *symbols, const u32 *ends, const u32 *mask_ends, u64 *masks,
                                          u8 *carries, u32 *distances, u32 n_pairs) {
    u32 pair = blockIdx.x * blockDim.x + threadIdx.x;
    if (pair >= n_pairs) return;
    u32 pattern = pair == 0 ? 0 : ends[2 * pair - 1], end_of_pattern = ends[2 * pair];
    u32 text = end_of_pattern, end_of_text = ends[2 * pair + 1];
    u64 *mask = masks + (pair == 0 ? 0 : mask_ends[pair - 1]);
    for (u32 at = text; at < end_of_text; at++) carries[at] = 1;
    for (u32 start = pattern; start < end_of_pattern; start += WORD) {
        u32 length = end_of_pattern - start < WORD ? end_of_pattern - start : WORD;
        for (u32 at = 0; at < length; at++) mask[symbols[start + at]] |= 1ull << at;
        u64 more = ~0ull, less = 0;
        for (u32 at = text; at < end_of_text; at++) {
            u64 more_in = carries[at] & 1, less_in = carries[at] >> 1;
            u64 equal = mask[symbols[at]] | less_in;
            u64 diagonal = (((equal & more) + more) ^ more) | equal | less;
            u64 right = less | ~(diagonal | more);
            u64 left = diagonal & more;
            carries[at] = (u8)((right >> (length - 1) & 1) | (left >> (length - 1) & 1) << 1);
            right = right << 1 | more_in;
            more = left << 1 | less_in | ~(diagonal | right);
            less = right & diagonal;
        }
        for (u32 at = 0; at < length; at++) mask[symbols[start + at]] = 0;
    }
    u32 distance = end_of_pattern - pattern;
    for (u32 at = text; at < end_of_text; at++) distance += (carries[at] & 1) - (carries[at] >> 1);
    distances[pair] = distance;
}

// --- Products: a block of threads has 64 x 64 sums of a part of the rows, a thread 8 x 4. ---
// A product of two numbers in single precision is exact in double precision, so that fusing changes nothing.

__device__ static void load_tile(double tile[TILE_ROWS][TILE + 1], const float *columns, u32 first_column, u32 n_columns,
                                 u32 start, u32 n_rows, u32 thread) {
    for (u32 at = thread; at < TILE * TILE_ROWS; at += TILE_THREADS) {
        u32 place = at / TILE_ROWS, row = at % TILE_ROWS;
        bool is_any = start + row < n_rows && first_column + place < n_columns;
        tile[row][place] = is_any ? (double)columns[(u64)(first_column + place) * n_rows + start + row] : 0.0;
    }
}

__device__ static void write_tile(const double sums[COLUMNS_PER_THREAD][WITH_PER_THREAD], double *into, u32 first_column,
                                  u32 first_with, u32 n_columns, u32 n_with) {
    for (u32 i = 0; i < COLUMNS_PER_THREAD; i++)
        for (u32 j = 0; j < WITH_PER_THREAD; j++) {
            u32 column = first_column + threadIdx.x + i * COLUMN_THREADS;
            u32 with_column = first_with + threadIdx.y + j * WITH_THREADS;
            if (column < n_columns && with_column < n_with) into[(u64)with_column * n_columns + column] = sums[i][j];
        }
}

// With one part, sums are those of all rows; else those of every block of rows, which join_products adds up.
extern "C" __global__ void column_products(const float *columns, const float *with, double *sums_found, u32 n_rows,
                                           u32 n_columns, u32 n_with, u32 n_parts, u32 rows_of_part) {
    __shared__ double own[TILE_ROWS][TILE + 1];
    __shared__ double other[TILE_ROWS][TILE + 1];
    u32 thread = threadIdx.y * COLUMN_THREADS + threadIdx.x;
    u32 first_column = blockIdx.x / n_parts * TILE, first_with = blockIdx.y * TILE;
    u32 first_row = blockIdx.x % n_parts * rows_of_part;
    u32 end = first_row < n_rows && n_rows - first_row > rows_of_part ? first_row + rows_of_part : n_rows;
    double totals[COLUMNS_PER_THREAD][WITH_PER_THREAD] = {{0}};
    double sums[COLUMNS_PER_THREAD][WITH_PER_THREAD] = {{0}};
    for (u32 start = first_row; start < end; start += TILE_ROWS) {
        load_tile(own, columns, first_column, n_columns, start, n_rows, thread);
        load_tile(other, with, first_with, n_with, start, n_rows, thread);
        __syncthreads();
        for (u32 row = 0; row < TILE_ROWS; row++)
            for (u32 i = 0; i < COLUMNS_PER_THREAD; i++)
                for (u32 j = 0; j < WITH_PER_THREAD; j++)
                    sums[i][j] += own[row][threadIdx.x + i * COLUMN_THREADS] * other[row][threadIdx.y + j * WITH_THREADS];
        __syncthreads();
        if ((start + TILE_ROWS) % PRODUCT_BLOCK != 0 && start + TILE_ROWS < n_rows) continue;
        if (n_parts > 1) {
            double *block = sums_found + (u64)(start / PRODUCT_BLOCK) * n_columns * n_with;
            write_tile(sums, block, first_column, first_with, n_columns, n_with);
        }
        for (u32 i = 0; i < COLUMNS_PER_THREAD; i++)
            for (u32 j = 0; j < WITH_PER_THREAD; j++) {
                totals[i][j] += sums[i][j];
                sums[i][j] = 0;
            }
    }
    if (n_parts == 1) write_tile(totals, sums_found, first_column, first_with, n_columns, n_with);
}

extern "C" __global__ void join_products(const double *blocks, double *products, u32 n_products, u32 n_blocks) {
    u32 at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < n_products) products[at] = chain(blocks + at, n_blocks, n_products);
}
