// What CUDA adds to C++, as far as the kernels use it, on the processor: blocks and threads one after another.
// A thread that waits for its block hands over to the next; so each is a context with a stack of its own.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

struct Dim { unsigned x, y, z; };

static Dim threadIdx, blockIdx, blockDim, gridDim;

static ucontext_t scheduler;
static std::vector<ucontext_t> waiting;
static size_t running;

static void __syncthreads() { swapcontext(&waiting[running], &scheduler); }

#define __global__
#define __device__
#define __shared__ static
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __dadd_rn(double a, double b) { return a + b; }

#include "kernels.cu"

struct Call { void (*run)(const void *); const void *kernel_and_arguments; };
static Call call;
static std::vector<bool> is_done;

static void begin() {
    call.run(call.kernel_and_arguments);
    is_done[running] = true;
}

static void set_thread(size_t at) {
    threadIdx = {(unsigned)(at % blockDim.x), (unsigned)(at / blockDim.x), 0};
}

static void run_block_plainly(size_t n_threads) {
    for (size_t at = 0; at < n_threads; at++) {
        set_thread(at);
        call.run(call.kernel_and_arguments);
    }
}

static void run_block_with_barriers(size_t n_threads) {
    static const size_t stack_bytes = 64 << 10;
    static std::vector<char> stacks;
    stacks.resize(n_threads * stack_bytes);
    waiting.resize(n_threads);
    is_done.assign(n_threads, false);
    for (size_t at = 0; at < n_threads; at++) {
        getcontext(&waiting[at]);
        waiting[at].uc_stack = {&stacks[at * stack_bytes], 0, stack_bytes};
        waiting[at].uc_link = &scheduler;
        makecontext(&waiting[at], begin, 0);
    }
    for (bool is_any_left = true; is_any_left;) {
        is_any_left = false;
        for (running = 0; running < n_threads; running++) {
            if (is_done[running]) continue;
            is_any_left = true;
            set_thread(running);
            swapcontext(&scheduler, &waiting[running]);
        }
    }
}

template <class... Arguments> struct Bound {
    void (*kernel)(Arguments...);
    std::tuple<Arguments...> arguments;
    static void run(const void *self) {
        const Bound *bound = (const Bound *)self;
        std::apply(bound->kernel, bound->arguments);
    }
};

template <class T> static T read(const void *from) {
    T value;
    memcpy(&value, from, sizeof(T));
    return value;
}

template <class... Arguments, size_t... At>
static void launch(void (*kernel)(Arguments...), void **arguments, bool has_barriers, std::index_sequence<At...>) {
    Bound<Arguments...> bound{kernel, {read<Arguments>(arguments[At])...}};
    call = {Bound<Arguments...>::run, &bound};
    size_t n_threads = (size_t)blockDim.x * blockDim.y;
    for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++)
        for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++)
            has_barriers ? run_block_with_barriers(n_threads) : run_block_plainly(n_threads);
}

template <class... Arguments> static void launch(void (*kernel)(Arguments...), void **arguments, bool has_barriers) {
    launch(kernel, arguments, has_barriers, std::index_sequence_for<Arguments...>{});
}

// 0 when there is such a kernel. One call at a time.
extern "C" int shim_launch(const char *name, const unsigned grid[2], const unsigned block[2], void **arguments) {
    gridDim = {grid[0], grid[1], 1};
    blockDim = {block[0], block[1], 1};
#define KERNEL(kernel, has_barriers) \
    if (!strcmp(name, #kernel)) return launch(kernel, arguments, has_barriers), 0;
    KERNEL(draw_weights, false)
    KERNEL(count_segments, false)
    KERNEL(join_counts, false)
    KERNEL(gain_segments, false)
    KERNEL(join_gains, false)
    KERNEL(mean_blocks, false)
    KERNEL(join_means, false)
    KERNEL(sum_blocks, false)
    KERNEL(number_rows, false)
    KERNEL(count_digits, false)
    KERNEL(scan_digits, true)
    KERNEL(scatter_digits, false)
    KERNEL(overlap_runs, false)
    KERNEL(edit_distances, false)
    KERNEL(column_products, true)
    KERNEL(join_products, false)
    return 1;
}
