#ifndef IMMERSE_KERNELS_H
#define IMMERSE_KERNELS_H

// The few loops that need the machine's widest vectors; everything else is Swift.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// All of these read whole blocks of 64 bytes: at least 63 readable bytes must follow the last one.

/// What a run of CSV bytes holds, counted without knowing whether the run begins inside quotes.
typedef struct {
  uint64_t quotes;
  uint64_t newlines;
  /// Newlines outside quotes, where the run begins outside; where it begins inside, all the others are.
  uint64_t newlines_outside;
  bool has_carriage_return;
  bool has_nul;
  bool has_non_ascii;
} imm_csv_counts;

imm_csv_counts imm_csv_count(const uint8_t *bytes, size_t count, uint8_t quote);

/// The position after the `newlines`-th newline outside quotes, or `count` where there are not so many.
size_t imm_csv_skip(const uint8_t *bytes, size_t count, uint8_t quote, bool inside, size_t newlines);

/// Where a splitting of cells stands: the state of the byte before `position`.
typedef struct {
  size_t position;
  /// All ones inside quotes, else zero.
  uint64_t inside;
  /// One where that byte ended a cell.
  uint64_t ended;
  /// One where that byte was a closing quote.
  uint64_t closed;
  /// One where that byte was a carriage return after a closing quote.
  uint64_t returned;
  /// Newlines outside quotes so far.
  size_t newlines;
  /// Whether a quote stood where RFC 4180 allows none.
  bool has_stray_quote;
} imm_csv_state;

/// Writes the positions of separators and newlines outside quotes in `bytes[state->position..<count]` to `ends`, in
/// order, and advances the state; stops early, after a whole number of blocks, when fewer than 64 places are left.
///
/// Returns how many positions were written. `count` is less than 2^32.
size_t imm_csv_split(const uint8_t *bytes, size_t count, uint8_t quote, uint8_t separator, imm_csv_state *state,
                     uint32_t *ends, size_t capacity);

#endif
