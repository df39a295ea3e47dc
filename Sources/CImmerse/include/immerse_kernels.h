#ifndef IMMERSE_KERNELS_H
#define IMMERSE_KERNELS_H

// The few loops that need the machine's widest vectors; everything else is Swift.

#include <stddef.h>
#include <stdint.h>

/// Marks the bytes of one block of 64: bit i of each result is set where byte i is the quote, the separator or a
/// newline.
typedef struct {
  uint64_t quote;
  uint64_t separator;
  uint64_t newline;
} imm_csv_marks;

/// Marks `blocks` blocks of 64 bytes. Never reads past `bytes + 64 * blocks`.
void imm_csv_mark(const uint8_t *bytes, size_t blocks, uint8_t quote, uint8_t separator, imm_csv_marks *marks);

#endif
