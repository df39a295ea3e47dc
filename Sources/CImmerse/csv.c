#include "immerse_kernels.h"

#include <string.h>

#if defined(__x86_64__) && defined(__ELF__)
// The loader picks the widest version this processor has.
#define IMM_WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define IMM_WIDE
#endif

#define IMM_INLINE static inline __attribute__((always_inline))

// Clang's vector extensions rather than intrinsics: one source becomes SSE2, AVX2, AVX-512 and NEON code, and a
// comparison gathered into bits is one or two instructions in each.
typedef uint8_t imm_bytes64 __attribute__((ext_vector_type(64)));
typedef bool imm_bits64 __attribute__((ext_vector_type(64)));

// Vectors stay inside these two functions: passing one between functions would change the calling convention.

/// Bit i is set where byte i equals `byte`.
IMM_INLINE uint64_t where_equal(const uint8_t *bytes, uint8_t byte) {
  imm_bytes64 block;
  memcpy(&block, bytes, sizeof block);
  imm_bits64 bits = __builtin_convertvector(block == byte, imm_bits64);
  uint64_t mask;
  memcpy(&mask, &bits, sizeof mask);
  return mask;
}

/// Bit i is set where byte i is outside ASCII.
IMM_INLINE uint64_t where_high(const uint8_t *bytes) {
  imm_bytes64 block;
  memcpy(&block, bytes, sizeof block);
  imm_bits64 bits = __builtin_convertvector(block > 127, imm_bits64);
  uint64_t mask;
  memcpy(&mask, &bits, sizeof mask);
  return mask;
}

/// Bit i of the result is the parity of bits 0...i: set from each opening quote up to before its closing one.
IMM_INLINE uint64_t parity(uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  bits ^= bits << 32;
  return bits;
}

/// The low `count` bits, all of them where `count` is 64 or more.
IMM_INLINE uint64_t low_bits(size_t count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }

/// All ones where the highest bit is set, else zero.
IMM_INLINE uint64_t spread_top(uint64_t bits) { return (uint64_t)((int64_t)bits >> 63); }

IMM_WIDE imm_csv_counts imm_csv_count(const uint8_t *bytes, size_t count, uint8_t quote) {
  imm_csv_counts counts = {0};
  uint64_t inside = 0, returns = 0, nuls = 0, high = 0;
  for (size_t at = 0; at < count; at += 64) {
    const uint8_t *block = bytes + at;
    uint64_t valid = low_bits(count - at);
    uint64_t quotes = where_equal(block, quote) & valid;
    uint64_t newlines = where_equal(block, '\n') & valid;
    returns |= where_equal(block, '\r') & valid;
    nuls |= where_equal(block, 0) & valid;
    high |= where_high(block) & valid;
    uint64_t quoted = inside;
    if (quotes) {
      quoted ^= parity(quotes);
      inside = spread_top(quoted);
      counts.quotes += (uint64_t)__builtin_popcountll(quotes);
    }
    counts.newlines += (uint64_t)__builtin_popcountll(newlines);
    counts.newlines_outside += (uint64_t)__builtin_popcountll(newlines & ~quoted);
  }
  counts.has_carriage_return = returns != 0;
  counts.has_nul = nuls != 0;
  counts.has_non_ascii = high != 0;
  return counts;
}

IMM_WIDE size_t imm_csv_skip(const uint8_t *bytes, size_t count, uint8_t quote, bool inside, size_t newlines) {
  uint64_t state = inside ? ~0ull : 0;
  if (newlines == 0) return 0;
  for (size_t at = 0; at < count; at += 64) {
    const uint8_t *block = bytes + at;
    uint64_t quoted = state ^ parity(where_equal(block, quote));
    uint64_t ends = where_equal(block, '\n') & ~quoted & low_bits(count - at);
    size_t found = (size_t)__builtin_popcountll(ends);
    if (found >= newlines) {
      while (--newlines) ends &= ends - 1;
      return at + (size_t)__builtin_ctzll(ends) + 1;
    }
    newlines -= found;
    state = spread_top(quoted);
  }
  return count;
}

/// Writes `offset` plus the position of each set bit, eight at a time; may write up to seven places too many.
IMM_INLINE size_t write_positions(uint64_t bits, uint32_t offset, uint32_t *target) {
  size_t total = (size_t)__builtin_popcountll(bits);
  for (size_t written = 0; written < total; written += 8) {
    for (size_t i = 0; i < 8; i++) {
      target[written + i] = offset + (uint32_t)__builtin_ctzll(bits | 1ull << 63);
      bits &= bits - 1;
    }
  }
  return total;
}

IMM_WIDE size_t imm_csv_split(const uint8_t *bytes, size_t count, uint8_t quote, uint8_t separator,
                              imm_csv_state *state, uint32_t *ends, size_t capacity) {
  imm_csv_state s = *state;
  size_t written = 0;
  uint64_t stray = 0;
  while (s.position < count && capacity - written >= 64) {
    const uint8_t *block = bytes + s.position;
    uint64_t valid = low_bits(count - s.position);
    uint64_t quotes = where_equal(block, quote) & valid;
    uint64_t newlines = where_equal(block, '\n') & valid;
    uint64_t cells = (where_equal(block, separator) & valid) | newlines;
    if (quotes | s.inside | s.closed | s.returned) {
      uint64_t quoted = s.inside ^ parity(quotes);
      uint64_t opening = quotes & quoted, closing = quotes & ~quoted;
      cells &= ~quoted;
      newlines &= ~quoted;
      // An opening quote begins a cell, or follows a closing one to stand for a quote in the text; after a closing
      // quote the cell ends, or the line does with a carriage return.
      uint64_t after_closing = (closing << 1 | s.closed) & valid;
      uint64_t returned = after_closing & where_equal(block, '\r');
      stray |= opening & ~(cells << 1 | s.ended | after_closing);
      stray |= after_closing & ~(cells | quotes | returned);
      stray |= (returned << 1 | s.returned) & valid & ~newlines;
      s.inside = spread_top(quoted);
      s.closed = closing >> 63;
      s.returned = returned >> 63;
    }
    s.ended = cells >> 63;
    s.newlines += (size_t)__builtin_popcountll(newlines);
    written += write_positions(cells, (uint32_t)s.position, ends + written);
    s.position += 64;
  }
  if (s.position > count) s.position = count;
  s.has_stray_quote |= stray != 0;
  *state = s;
  return written;
}
