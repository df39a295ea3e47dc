// Swift counts the edges that are taken by guards, which libFuzzer no longer listens to: each guard gets one of the
// counters that libFuzzer looks at beside its own. The linker puts these functions in the place of the runtime's.
#include <stdint.h>

#include "coverage.h"

#define COUNTERS (1u << 18)

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

__attribute__((no_sanitize("coverage", "address"))) void __wrap___sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop) {
  static uint32_t count = 0;
  if (start == stop || *start != 0) return;
  for (uint32_t *guard = start; guard < stop; guard++) *guard = ++count;
}

__attribute__((no_sanitize("coverage", "address"))) void __wrap___sanitizer_cov_trace_pc_guard(uint32_t *guard) {
  uint8_t *counter = &counters[*guard & (COUNTERS - 1)];
  if (*counter < 255) ++*counter;
}
