/* The boundary between R and libimmerse_stats: data frames become Arrow streams, results become text. No statistics.

   R's errors jump out of C functions. None is raised while the library runs: calls return a code, and all memory of
   the stream is freed before Rf_error is called. */
#include <R.h>
#include <Rinternals.h>
#include <R_ext/Rdynload.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "immerse.h"

typedef struct {
  int columns, given;
  R_xlen_t rows;
  struct ArrowSchema *schemas, **schema_pointers, *dictionary_schemas;
  struct ArrowArray *arrays, **array_pointers, *dictionary_arrays;
  const void *(*buffers)[3], *(*dictionary_buffers)[3], *own_buffers[1];
  char **names;
  /* What was allocated for buffers, to be freed with the frame. */
  void **owned;
  int owned_count;
} frame;

static void *own(frame *f, size_t size) {
  void *memory = malloc(size ? size : 1);
  if (memory) f->owned[f->owned_count++] = memory;
  return memory;
}

static void free_frame(frame *f) {
  if (!f) return;
  for (int i = 0; i < f->owned_count; i++) free(f->owned[i]);
  for (int i = 0; f->names && i < f->columns; i++) free(f->names[i]);
  free(f->owned); free(f->names); free(f->schemas); free(f->schema_pointers); free(f->dictionary_schemas);
  free(f->arrays); free(f->array_pointers); free(f->dictionary_arrays); free(f->buffers); free(f->dictionary_buffers);
  free(f);
}

static void release_part_schema(struct ArrowSchema *s) { s->release = NULL; }
static void release_part_array(struct ArrowArray *a) { a->release = NULL; }
static void release_array(struct ArrowArray *a) { a->release = NULL; }
static void release_schema(struct ArrowSchema *s) { s->release = NULL; }
static void release_stream(struct ArrowArrayStream *s) { s->release = NULL; }

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  frame *f = stream->private_data;
  *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = f->columns, .children = f->schema_pointers,
                              .release = release_schema};
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  frame *f = stream->private_data;
  memset(out, 0, sizeof *out);
  if (f->given) return 0;
  f->given = 1;
  *out = (struct ArrowArray){.length = f->rows, .n_buffers = 1, .n_children = f->columns, .buffers = f->own_buffers,
                             .children = f->array_pointers, .release = release_array};
  return 0;
}

static const char *last_error(struct ArrowArrayStream *stream) { (void)stream; return NULL; }

/* Texts end to end behind their positions; missing ones are marked in `validity` where it is not NULL. */
static int text_buffers(frame *f, SEXP strings, const void **buffers, uint8_t *validity, int64_t *missing) {
  R_xlen_t count = XLENGTH(strings);
  size_t size = 0;
  for (R_xlen_t i = 0; i < count; i++) {
    SEXP s = STRING_ELT(strings, i);
    if (s != NA_STRING) size += strlen(Rf_translateCharUTF8(s));
  }
  if (size > INT32_MAX) return 0;
  int32_t *offsets = own(f, sizeof(int32_t) * (size_t)(count + 1));
  char *bytes = own(f, size);
  if (!offsets || !bytes) return 0;
  offsets[0] = 0;
  for (R_xlen_t i = 0; i < count; i++) {
    SEXP s = STRING_ELT(strings, i);
    size_t length = 0;
    if (s != NA_STRING) {
      const char *text = Rf_translateCharUTF8(s);
      length = strlen(text);
      memcpy(bytes + offsets[i], text, length);
      if (validity) validity[i >> 3] |= (uint8_t)(1 << (i & 7));
    } else {
      ++*missing;
    }
    offsets[i + 1] = offsets[i] + (int32_t)length;
  }
  buffers[1] = offsets;
  buffers[2] = bytes;
  return 1;
}

/* Integers and truth values, of which NA is a value of its own to R. */
static int integer_buffers(frame *f, const int *values, int shift, const void **buffers, int64_t *missing) {
  uint8_t *validity = own(f, (size_t)(f->rows + 7) / 8);
  if (!validity) return 0;
  memset(validity, 0, (size_t)(f->rows + 7) / 8);
  int32_t *shifted = shift ? own(f, sizeof(int32_t) * (size_t)f->rows) : NULL;
  if (shift && !shifted) return 0;
  for (R_xlen_t i = 0; i < f->rows; i++) {
    if (values[i] == NA_INTEGER) ++*missing; else validity[i >> 3] |= (uint8_t)(1 << (i & 7));
    if (shifted) shifted[i] = values[i] == NA_INTEGER ? 0 : values[i] + shift;
  }
  buffers[0] = *missing ? validity : NULL;
  buffers[1] = shifted ? shifted : values;
  return 1;
}

static int add_column(frame *f, int i, SEXP column) {
  const void **buffers = f->buffers[i];
  int64_t missing = 0;
  int count = 2, flags = ARROW_FLAG_NULLABLE;
  const char *format;
  if (Rf_isFactor(column)) {
    SEXP levels = Rf_getAttrib(column, R_LevelsSymbol);
    int64_t none = 0;
    format = "i";
    /* The order of a factor's levels is one its owner has chosen. */
    flags |= ARROW_FLAG_DICTIONARY_ORDERED;
    if (!integer_buffers(f, INTEGER(column), -1, buffers, &missing)) return 0;
    if (!text_buffers(f, levels, f->dictionary_buffers[i], NULL, &none)) return 0;
    f->dictionary_schemas[i] = (struct ArrowSchema){.format = "u", .name = "", .release = release_part_schema};
    f->dictionary_arrays[i] = (struct ArrowArray){.length = XLENGTH(levels), .n_buffers = 3,
      .buffers = f->dictionary_buffers[i], .release = release_part_array};
  } else if (TYPEOF(column) == REALSXP) {
    /* NA is a NaN, and NaN is missing. */
    format = "g";
    buffers[1] = REAL(column);
  } else if (TYPEOF(column) == INTSXP || TYPEOF(column) == LGLSXP) {
    format = "i";
    if (!integer_buffers(f, TYPEOF(column) == INTSXP ? INTEGER(column) : LOGICAL(column), 0, buffers, &missing)) return 0;
  } else if (TYPEOF(column) == STRSXP) {
    format = "u";
    count = 3;
    uint8_t *validity = own(f, (size_t)(f->rows + 7) / 8);
    if (!validity) return 0;
    memset(validity, 0, (size_t)(f->rows + 7) / 8);
    if (!text_buffers(f, column, buffers, validity, &missing)) return 0;
    buffers[0] = missing ? validity : NULL;
  } else {
    /* Refused by name where it is used. */
    format = "+l";
    count = 0;
  }
  int coded = f->dictionary_schemas[i].format != NULL;
  f->schemas[i] = (struct ArrowSchema){.format = format, .name = f->names[i], .flags = flags,
    .dictionary = coded ? &f->dictionary_schemas[i] : NULL, .release = release_part_schema};
  f->arrays[i] = (struct ArrowArray){.length = f->rows, .null_count = missing, .n_buffers = count, .buffers = buffers,
    .dictionary = coded ? &f->dictionary_arrays[i] : NULL, .release = release_part_array};
  f->schema_pointers[i] = &f->schemas[i];
  f->array_pointers[i] = &f->arrays[i];
  return 1;
}

static frame *frame_of(SEXP data) {
  frame *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  size_t n = (size_t)Rf_length(data), room = n ? n : 1;
  f->schemas = calloc(room, sizeof *f->schemas);
  f->schema_pointers = calloc(room, sizeof *f->schema_pointers);
  f->dictionary_schemas = calloc(room, sizeof *f->dictionary_schemas);
  f->arrays = calloc(room, sizeof *f->arrays);
  f->array_pointers = calloc(room, sizeof *f->array_pointers);
  f->dictionary_arrays = calloc(room, sizeof *f->dictionary_arrays);
  f->buffers = calloc(room, sizeof *f->buffers);
  f->dictionary_buffers = calloc(room, sizeof *f->dictionary_buffers);
  f->names = calloc(room, sizeof *f->names);
  f->owned = calloc(room, 6 * sizeof *f->owned);
  int made = f->schemas && f->schema_pointers && f->dictionary_schemas && f->arrays && f->array_pointers &&
             f->dictionary_arrays && f->buffers && f->dictionary_buffers && f->names && f->owned;
  SEXP names = Rf_getAttrib(data, R_NamesSymbol);
  f->columns = (int)n;
  f->rows = n ? Rf_xlength(VECTOR_ELT(data, 0)) : 0;
  for (int i = 0; made && i < f->columns; i++) {
    f->names[i] = strdup(Rf_translateCharUTF8(STRING_ELT(names, i)));
    made = f->names[i] && Rf_xlength(VECTOR_ELT(data, i)) == f->rows && add_column(f, i, VECTOR_ELT(data, i));
  }
  if (made) return f;
  free_frame(f);
  return NULL;
}

static SEXP text_at(const struct ArrowArray *array, int64_t row) {
  const int32_t *offsets = array->buffers[1];
  return Rf_mkCharLenCE((const char *)array->buffers[2] + offsets[row], offsets[row + 1] - offsets[row], CE_UTF8);
}

/* Copies the rows of a column behind those that a vector has already. */
static void copy_rows(SEXP vector, R_xlen_t at, const struct ArrowArray *column, const struct ArrowSchema *schema) {
  const uint8_t *present = column->buffers[0];
  const void *values = column->buffers[1];
  for (int64_t k = column->offset; k < column->offset + column->length; k++, at++) {
    int missing = present && !(present[k >> 3] >> (k & 7) & 1);
    if (TYPEOF(vector) == STRSXP) {
      SEXP text = NA_STRING;
      if (!missing) text = column->dictionary ? text_at(column->dictionary, ((const int32_t *)values)[k]) : text_at(column, k);
      SET_STRING_ELT(vector, at, text);
      continue;
    }
    double number = NA_REAL;
    if (!missing) switch (*schema->format) {
      case 'g': number = ((const double *)values)[k]; break;
      case 'f': number = ((const float *)values)[k]; break;
      case 'l': number = (double)((const int64_t *)values)[k]; break;
      case 'i': number = ((const int32_t *)values)[k]; break;
      default: break;
    }
    REAL(vector)[at] = number;
  }
}

/* Copies the columns that come out into a named list of R's vectors of numbers or texts; NULL where there are none. */
static SEXP columns_of(struct ArrowArrayStream *rows) {
  struct ArrowSchema schema;
  if (!rows->release || rows->get_schema(rows, &schema) != 0) return R_NilValue;
  int columns = (int)schema.n_children, batches = 0, room = 16;
  R_xlen_t count = 0;
  struct ArrowArray *held = malloc(sizeof *held * (size_t)room);
  while (held && rows->get_next(rows, &held[batches]) == 0 && held[batches].release) {
    count += (R_xlen_t)held[batches++].length;
    if (batches == room) {
      struct ArrowArray *more = realloc(held, sizeof *held * (size_t)(room *= 2));
      if (!more) break;
      held = more;
    }
  }
  SEXP list = PROTECT(columns ? Rf_allocVector(VECSXP, columns) : R_NilValue), names = PROTECT(Rf_allocVector(STRSXP, columns));
  for (int i = 0; i < columns; i++) {
    SET_STRING_ELT(names, i, Rf_mkCharCE(schema.children[i]->name, CE_UTF8));
    const struct ArrowSchema *type = schema.children[i];
    SEXP vector = Rf_allocVector(type->dictionary || *type->format == 'u' ? STRSXP : REALSXP, count);
    SET_VECTOR_ELT(list, i, vector);
    R_xlen_t row = 0;
    for (int b = 0; b < batches; row += (R_xlen_t)held[b++].children[i]->length)
      copy_rows(vector, row, held[b].children[i], type);
  }
  if (columns) Rf_setAttrib(list, R_NamesSymbol, names);
  for (int b = 0; b < batches; b++) held[b].release(&held[b]);
  free(held);
  schema.release(&schema);
  rows->release(rows);
  UNPROTECT(2);
  return list;
}

static void check_interrupt(void *unused) { (void)unused; R_CheckUserInterrupt(); }

/* Asks to stop where the user has: R may be asked by its own thread only. */
static int32_t watch(void *context, int64_t done, int64_t total) {
  (void)done; (void)total;
  return pthread_equal(*(pthread_t *)context, pthread_self()) && !R_ToplevelExec(check_interrupt, NULL);
}

/* Rows that are handed over: a data frame, or a stream of record batches that another package points to. */
typedef struct {
  frame *own;
  struct ArrowArrayStream stream, *rows;
} handed;

static int hand_over(SEXP data, handed *h) {
  h->rows = TYPEOF(data) == EXTPTRSXP ? R_ExternalPtrAddr(data) : NULL;
  if (h->rows) return 1;
  h->own = frame_of(data);
  h->stream = (struct ArrowArrayStream){get_schema, get_next, last_error, release_stream, h->own};
  h->rows = &h->stream;
  return h->own != NULL;
}

/* A list of the result as text, whether it has converged, and the columns that were added, or NULL. `names` is NULL for a
   request on the only table, else the request is a study and these are what it calls its tables. */
static SEXP immerse_run(SEXP request, SEXP names, SEXP tables, SEXP threads) {
  const char *text = Rf_translateCharUTF8(STRING_ELT(request, 0));
  R_xlen_t count = XLENGTH(tables);
  /* R frees what R_alloc gives, also where an error jumps out. */
  handed *given = (handed *)R_alloc((size_t)count + 1, sizeof *given);
  imm_table *named = (imm_table *)R_alloc((size_t)count + 1, sizeof *named);
  memset(given, 0, ((size_t)count + 1) * sizeof *given);
  int complete = 1;
  for (R_xlen_t i = 0; i < count; i++) {
    complete = complete && hand_over(VECTOR_ELT(tables, i), &given[i]);
    named[i] = (imm_table){Rf_isNull(names) ? NULL : Rf_translateCharUTF8(STRING_ELT(names, i)), given[i].rows};
  }
  pthread_t own_thread = pthread_self();
  imm_options options = {sizeof(imm_options), Rf_asInteger(threads), IMM_ABI_VERSION, watch, &own_thread};
  imm_error failure;
  struct ArrowArrayStream rows;
  char *result;
  int32_t converged = 0;
  imm_code code = IMM_OK;
  if (complete)
    code = Rf_isNull(names)
      ? imm_run(text, (int64_t)strlen(text), given[0].rows, &options, &rows, &result, &converged, &failure)
      : imm_run_study(text, (int64_t)strlen(text), named, count, &options, &rows, &result, &converged, &failure);
  for (R_xlen_t i = 0; i < count; i++) free_frame(given[i].own);
  if (!complete)
    Rf_error("a data frame cannot be handed over: its columns differ in length, or hold more than 2 GB of text");
  if (code != IMM_OK) Rf_error("%s", failure.message);
  SEXP answer = PROTECT(Rf_allocVector(VECSXP, 3));
  SEXP json = PROTECT(Rf_allocVector(STRSXP, 1));
  SET_STRING_ELT(json, 0, Rf_mkCharCE(result, CE_UTF8));
  imm_free(result);
  SET_VECTOR_ELT(answer, 0, json);
  SET_VECTOR_ELT(answer, 1, Rf_ScalarLogical(converged));
  SET_VECTOR_ELT(answer, 2, columns_of(&rows));
  UNPROTECT(2);
  return answer;
}

/* The names of the tables and documents that a study reads, as JSON. */
static SEXP immerse_study_inputs(SEXP study) {
  const char *text = Rf_translateCharUTF8(STRING_ELT(study, 0));
  char *names;
  imm_error failure;
  if (imm_study_inputs(text, (int64_t)strlen(text), &names, &failure) != IMM_OK) Rf_error("%s", failure.message);
  SEXP answer = PROTECT(Rf_ScalarString(Rf_mkCharCE(names, CE_UTF8)));
  imm_free(names);
  UNPROTECT(1);
  return answer;
}

static SEXP immerse_version(void) { return Rf_mkString(imm_version()); }

static const R_CallMethodDef methods[] = {
    {"immerse_run", (DL_FUNC)&immerse_run, 4}, {"immerse_study_inputs", (DL_FUNC)&immerse_study_inputs, 1},
    {"immerse_version", (DL_FUNC)&immerse_version, 0}, {NULL, NULL, 0}};

void R_init_immersestats(DllInfo *info) {
  R_registerRoutines(info, NULL, methods, NULL, NULL);
  R_useDynamicSymbols(info, FALSE);
}
