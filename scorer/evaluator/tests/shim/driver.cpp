// A driver of NVIDIA as far as this project calls one: its device is the processor, which runs the kernels' source.
// What is wrong with it is chosen when it is compiled: -DNO_DEVICE, -DOLD, -DANCIENT, -DLITTLE_MEMORY, -DLOST or
// -DWRONG.

#include "../../kernels/shim.cpp"

#include <cstdlib>

enum { SUCCESS = 0, OUT_OF_MEMORY = 2, NOT_A_DEVICE = 100, UNSUPPORTED_PTX_VERSION = 222, NOT_FOUND = 500, LAUNCH_FAILED = 719 };

// Enough to be opened and tried out; then it breaks and answers nothing any more, or answers something else.
static const int LAUNCHES_BEFORE_FAULT = 5;
static const size_t LITTLE_BYTES = 256;
static int n_launches = 0;

static int state() {
#ifdef LOST
    if (n_launches > LAUNCHES_BEFORE_FAULT) return LAUNCH_FAILED;
#endif
    return SUCCESS;
}

static int allocate(void **place, size_t bytes) {
#ifdef LITTLE_MEMORY
    if (bytes > LITTLE_BYTES) return OUT_OF_MEMORY;
#endif
    *place = calloc(bytes / 8 + 2, 8);
    return state();
}

static int copy(void *to, const void *from, size_t bytes) {
    memcpy(to, from, bytes);
    return state();
}

extern "C" {
int cuInit(unsigned) {
#ifdef NO_DEVICE
    return NOT_A_DEVICE;
#endif
    return SUCCESS;
}
int cuDriverGetVersion(int *version) {
#ifdef OLD
    return *version = 11040, SUCCESS;
#endif
    return *version = 13000, SUCCESS;
}
int cuDeviceGet(int *device, int) { return *device = 0, SUCCESS; }
// Processors, their clock in kHz, and that of the memory with the bits of its bus.
int cuDeviceGetAttribute(int *value, int attribute, int) {
    switch (attribute) {
    case 16: return *value = 3, SUCCESS;
    case 13: return *value = 1980000, SUCCESS;
    case 36: return *value = 3201000, SUCCESS;
    case 37: return *value = 6144, SUCCESS;
    default: return *value = 0, SUCCESS;
    }
}
int cuDeviceGetName(char *name, int bytes, int) { return strncpy(name, "a processor", bytes), SUCCESS; }
int cuDeviceTotalMem_v2(size_t *bytes, int) { return *bytes = (size_t)8 << 30, SUCCESS; }
#ifndef ANCIENT
int cuDevicePrimaryCtxRetain(void **context, int) { return *context = &n_launches, SUCCESS; }
#endif
int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
int cuCtxSetCurrent(void *) { return SUCCESS; }
int cuCtxGetCurrent(void **context) { return *context = &n_launches, SUCCESS; }
int cuModuleLoadData(void **module, const void *) {
#ifdef OLD
    return UNSUPPORTED_PTX_VERSION;
#endif
    return *module = &n_launches, SUCCESS;
}
int cuModuleUnload(void *) { return SUCCESS; }
int cuModuleGetFunction(void **function, void *, const char *name) { return *function = strdup(name), SUCCESS; }
int cuMemAlloc_v2(void **place, size_t bytes) { return allocate(place, bytes); }
int cuMemFree_v2(void *place) { return free(place), SUCCESS; }
int cuMemsetD8Async(void *place, unsigned char value, size_t bytes, void *) { return memset(place, value, bytes), state(); }
int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t bytes, void *) { return copy(to, from, bytes); }
int cuMemcpyDtoHAsync_v2(void *to, void *from, size_t bytes, void *) {
    int result = copy(to, from, bytes);
#ifdef WRONG
    if (n_launches > LAUNCHES_BEFORE_FAULT) *(char *)to ^= 1;
#endif
    return result;
}
int cuStreamSynchronize(void *) { return state(); }
int cuEventCreate(void **event, unsigned) { return *event = &n_launches, SUCCESS; }
int cuEventRecord(void *, void *) { return state(); }
int cuEventDestroy_v2(void *) { return SUCCESS; }
int cuStreamWaitEvent(void *, void *, unsigned) { return SUCCESS; }
int cuGetErrorName(int, const char **name) { return *name = "an error of the test's driver", SUCCESS; }
int cuGetErrorString(int, const char **text) { return *text = "as it was asked to", SUCCESS; }
int cuLaunchKernel(const char *name, unsigned grid_x, unsigned grid_y, unsigned, unsigned block_x, unsigned block_y, unsigned,
                   unsigned, void *, void **arguments, void **) {
    n_launches++;
    const unsigned grid[2] = {grid_x, grid_y}, block[2] = {block_x, block_y};
    if (int failure = state()) return failure;
    return shim_launch(name, grid, block, arguments) ? NOT_FOUND : SUCCESS;
}
}
