/* ImmerseStats for other languages: survey estimates, weights, multilevel models and composite indicators.

   A call takes a request as JSON (the vocabulary of study files) and rows as an Arrow C stream, and gives a result as
   JSON, rows as an Arrow C stream, or both.

     - Every function that can fail returns an imm_code, 0 for success, and fills the caller's imm_error where one is
       given. Messages name files, variables and rows, never a respondent's values.
     - A stream or array that is passed in is moved: it has been released, or will be, whatever the return code. Its
       `release` is NULL afterwards.
     - What comes out belongs to the caller: texts and bytes are freed with imm_free, streams by their own `release`.
     - No state is shared between calls, and all functions may be called from several threads at once; a partial by one
       thread at a time. get_next of an input is called by the calling thread only.
     - After fork, a child of a process that has used the library gets IMM_FORKED from every call. Start workers as new
       processes ("spawn" in Python's multiprocessing). */
#pragma once

#include <stdint.h>

#include "immerse_arrow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header: 1000 * major + minor. A library serves every header of its major version up to its own
   minor version. */
#define IMM_ABI_VERSION 1002

typedef int32_t imm_code;

enum {
  IMM_OK = 0,
  /* The request cannot be carried out as written. */
  IMM_USAGE = 1,
  /* The data contradict the request or themselves. */
  IMM_BAD_DATA = 2,
  /* An input does not exist. */
  IMM_NO_INPUT = 3,
  /* Reading or writing failed part-way, as where a stream's get_next does. */
  IMM_INPUT_OUTPUT = 4,
  /* A computation cannot be completed. */
  IMM_FAILURE = 5,
  /* The caller asked to stop. */
  IMM_CANCELLED = 6,
  /* This process was forked from one that has used the library. */
  IMM_FORKED = 7
};

typedef struct imm_error {
  imm_code code;
  /* UTF-8, ends in NUL; cut where it is longer. */
  char message[1020];
} imm_error;

typedef struct imm_options {
  /* sizeof(imm_options) as the caller was compiled. */
  int64_t struct_size;
  /* 0 for as many as the machine has processors; results do not depend on it. */
  int32_t threads;
  /* The header's version as the caller was compiled. */
  int32_t abi_version;
  /* Called from any thread after each chunk of rows, one call at a time, where it is not NULL; a value other than 0
     asks to stop. */
  int32_t (*progress)(void *context, int64_t done, int64_t total);
  void *context;
} imm_options;

/* The version of the library's interface, and of the library as static text. */
int32_t imm_abi_version(void);
const char *imm_version(void);

/* What may stand in a request, as a JSON Schema that ends in NUL; NULL without memory. Freed with imm_free. Since 1001. */
char *imm_schema(void);

/* Carries out a request on rows.

   request    JSON, `request_length` bytes
   input      the rows; moved
   options    NULL for the defaults
   rows       where rows come out, as the weights of a `rake` request: an empty stream is written where the request
              yields none. May be NULL.
   result     the result as JSON, ending in NUL; freed with imm_free
   converged  0 where an iteration stopped before its goal: the result must not be taken for a finished one. May be
              NULL. */
imm_code imm_run(const char *request, int64_t request_length, struct ArrowArrayStream *input,
                 const imm_options *options, struct ArrowArrayStream *rows, char **result, int32_t *converged,
                 imm_error *error);

/* A table under the name by which a study calls it. */
typedef struct imm_table {
  /* UTF-8, ends in NUL. */
  const char *name;
  /* Moved. */
  struct ArrowArrayStream *rows;
} imm_table;

/* Carries out a whole study: weights, estimates, scores and models in one go. Since 1002.

   study      JSON, `study_length` bytes: {"study": {...}, "documents": {"framework.yaml": {...}}}, where `study` is what a
              study file says, and `documents` what the YAML files say that it names
   tables     the `table_count` tables that it names; all of them are moved
   weights    where the weights that the study makes come out, as `rows` of imm_run does. May be NULL.
   result     one row for each analysis; under `results` stands what each yields, by its name */
imm_code imm_run_study(const char *study, int64_t study_length, const imm_table *tables, int64_t table_count,
                       const imm_options *options, struct ArrowArrayStream *weights, char **result, int32_t *converged,
                       imm_error *error);

/* The names of the tables and documents that a study reads, as a JSON list; `study` as in imm_run_study. Freed with
   imm_free. Since 1002. */
imm_code imm_study_inputs(const char *study, int64_t study_length, char **names, imm_error *error);

/* The rows of a result as a table: objects in them, such as the levels of groups, are spread over columns. `rows` is
   written by success only. */
imm_code imm_result_rows(const char *result, int64_t result_length, struct ArrowArrayStream *rows, imm_error *error);

void imm_free(void *memory);

/* What a request gathers from a part of the rows, for data that lie on several machines.

   An analysis takes several passes. The first, with `profile` NULL, learns levels and provisional means; a finished
   partial is the profile that the next pass, and with it every other part, is given, until one yields the result: the
   second for most analyses, one more for each Newton step of a model. */
typedef struct imm_partial imm_partial;

imm_code imm_partial_new(const char *request, int64_t request_length, const uint8_t *profile, int64_t profile_length,
                         const imm_options *options, imm_partial **partial, imm_error *error);

/* Takes in rows. The stream is moved. */
imm_code imm_partial_update(imm_partial *partial, struct ArrowArrayStream *input, imm_error *error);

/* The partial as bytes that another process merges; they name the request, the levels and the format. */
imm_code imm_partial_serialize(const imm_partial *partial, uint8_t **bytes, int64_t *length, imm_error *error);

/* Takes in a serialized partial of the same request and profile. Merge in a fixed order for a fixed result. */
imm_code imm_partial_merge(imm_partial *partial, const uint8_t *bytes, int64_t length, imm_error *error);

/* The bytes that the next pass is given (`result` is then NULL), or the result as JSON (`profile` is then NULL). The
   partial remains usable. */
imm_code imm_partial_finish(const imm_partial *partial, uint8_t **profile, int64_t *profile_length, char **result,
                            int32_t *converged, imm_error *error);

void imm_partial_free(imm_partial *partial);

#ifdef __cplusplus
}
#endif
