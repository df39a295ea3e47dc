#include "immerse_kernels.h"

#if defined(__x86_64__) && defined(__ELF__)
// The loader picks the widest version this processor has.
#define IMM_WIDE __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define IMM_WIDE
#endif

IMM_WIDE void imm_csv_mark(const uint8_t *bytes, size_t blocks, uint8_t quote, uint8_t separator,
                           imm_csv_marks *marks) {
  for (size_t b = 0; b < blocks; b++) {
    const uint8_t *block = bytes + 64 * b;
    uint64_t q = 0, s = 0, n = 0;
    // Written as independent comparisons, which the compiler turns into vector compares and bit gathers.
    for (int i = 0; i < 64; i++) q |= (uint64_t)(block[i] == quote) << i;
    for (int i = 0; i < 64; i++) s |= (uint64_t)(block[i] == separator) << i;
    for (int i = 0; i < 64; i++) n |= (uint64_t)(block[i] == '\n') << i;
    marks[b] = (imm_csv_marks){q, s, n};
  }
}
