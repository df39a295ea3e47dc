/* Holds the C interface to its word against broken, hostile and interrupted callers. Run under AddressSanitizer: every
   case must end in an error code or a result, with the input released exactly once and nothing leaked. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "streams.h"

static const char *MEAN = "{\"estimate\": {\"kind\": \"mean\", \"variables\": [\"y\"], \"by\": [\"g\"], "
                          "\"design\": {\"weights\": \"w\"}}}";
static _Atomic int failures, checks;

static void expect(int truth, const char *what, const char *detail) {
  checks++;
  if (truth) return;
  failures++;
  printf("FAILED: %s (%s)\n", what, detail ? detail : "");
}

/* Runs a request on what a producer gives, and checks that everything given was given back. */
static imm_code run(const char *request, producer *p, const imm_options *options, char *message, const char *what) {
  struct ArrowArrayStream input = stream_of(p), rows;
  char *result = NULL;
  imm_error error = {0};
  imm_code code = imm_run(request, (int64_t)strlen(request), &input, options, &rows, &result, NULL, &error);
  expect(code == error.code, what, "the code of the error is the one returned");
  expect((code == IMM_OK) == (result != NULL), what, "a result comes with success alone");
  expect(input.release == NULL && p->released == 1, what, "the stream is released once");
  imm_free(result);
  if (code == IMM_OK && rows.release) rows.release(&rows);
  expect(p->arrays_out == 0 && p->schemas_out == 0, what, "nothing is kept");
  if (message) strcpy(message, error.message);
  return code;
}

#define SPOIL(name, statement) \
  static void name(struct ArrowArray *a) { struct ArrowArray *y = a->children[0], *g = a->children[2]; (void)y; (void)g; statement; }

static const void *no_buffers[3];
static int32_t descending[ROWS + 1] = {0, 3, 1, 2, 3, 4, 5}, negative[ROWS + 1] = {-4, 0, 1, 2, 3, 4, 5};
static char not_utf8[ROWS + 1] = "a\xff\xfe\x80zz";
static const void *wrong_offsets[3] = {NULL, descending, g_bytes}, *negative_offsets[3] = {NULL, negative, g_bytes},
                  *wrong_bytes[3] = {NULL, g_offsets, not_utf8};

SPOIL(length_negative, a->length = -1)
SPOIL(length_beyond, a->length = 1LL << 33)
SPOIL(offset_negative, a->offset = -1)
SPOIL(offset_beyond, a->offset = INT64_MAX)
SPOIL(missing_rows, a->null_count = 1)
SPOIL(too_few_columns, a->n_children = 2)
SPOIL(negative_columns, a->n_children = -3)
SPOIL(no_columns, a->children = NULL)
SPOIL(column_shorter, y->length = 2)
SPOIL(column_negative, y->length = -1)
SPOIL(column_offset_negative, y->offset = -1)
SPOIL(column_offset_beyond, y->offset = INT64_MAX - 2)
SPOIL(column_missing_beyond, y->null_count = 99)
SPOIL(column_missing_unmapped, y->null_count = 2)
SPOIL(column_missing_strange, y->null_count = -7)
SPOIL(column_without_buffers, y->buffers = NULL)
SPOIL(column_with_null_buffers, y->buffers = no_buffers)
SPOIL(column_with_one_buffer, y->n_buffers = 1)
SPOIL(column_with_children, y->n_children = 2)
SPOIL(text_without_buffers, g->buffers = no_buffers)
SPOIL(text_descending, g->buffers = wrong_offsets)
SPOIL(text_negative, g->buffers = negative_offsets)
SPOIL(text_not_utf8, g->buffers = wrong_bytes)

static void no_format(struct ArrowSchema *s) { s->children[0]->format = NULL; }
static void nested(struct ArrowSchema *s) { s->children[0]->format = "+l"; }
static void decimal(struct ArrowSchema *s) { s->children[0]->format = "d:10,2"; }
static void nonsense(struct ArrowSchema *s) { s->children[0]->format = "?"; }
static void twice(struct ArrowSchema *s) { s->children[1]->name = "y"; }
static void nameless(struct ArrowSchema *s) { s->children[0]->name = NULL; }
static void no_table(struct ArrowSchema *s) { s->format = "g"; }
static void no_child(struct ArrowSchema *s) { s->children = NULL; }
static void coded_by_nothing(struct ArrowSchema *s) { s->children[2]->format = "i"; s->children[2]->dictionary = s->children[2]; }

static int32_t stop_at_once(void *context, int64_t done, int64_t total) {
  (void)done; (void)total;
  ++*(int *)context;
  return 1;
}

static void *compute(void *context) {
  for (int i = 0; i < 50; i++) {
    producer p = {.batches = 3};
    if (run(MEAN, &p, NULL, NULL, "threads") != IMM_OK) ++*(_Atomic int *)context;
  }
  return NULL;
}

static void check_arrays(void) {
  struct { const char *name; void (*spoil)(struct ArrowArray *); } cases[] = {
#define CASE(name) {#name, name}
      CASE(length_negative), CASE(length_beyond), CASE(offset_negative), CASE(offset_beyond), CASE(missing_rows),
      CASE(too_few_columns), CASE(negative_columns), CASE(no_columns), CASE(column_shorter), CASE(column_negative),
      CASE(column_offset_negative), CASE(column_offset_beyond), CASE(column_missing_beyond),
      CASE(column_missing_unmapped), CASE(column_missing_strange), CASE(column_without_buffers),
      CASE(column_with_null_buffers), CASE(column_with_one_buffer), CASE(column_with_children),
      CASE(text_without_buffers), CASE(text_descending), CASE(text_negative), CASE(text_not_utf8)};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    producer p = {.batches = 2, .spoil_array = cases[i].spoil};
    expect(run(MEAN, &p, NULL, NULL, cases[i].name) == IMM_BAD_DATA, cases[i].name, "bad data");
  }
}

static void check_schemas(void) {
  struct { const char *name; void (*spoil)(struct ArrowSchema *); const char *says; } cases[] = {
      {"no format", no_format, "Arrow"}, {"nested", nested, "nested type"}, {"decimal", decimal, "d:10,2"},
      {"nonsense", nonsense, "Arrow type"}, {"twice", twice, "two columns"}, {"nameless", nameless, "no such column"},
      {"no table", no_table, "not a table"}, {"no child", no_child, "not a table"},
      {"a dictionary of itself", coded_by_nothing, "dictionary"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    producer p = {.batches = 2, .spoil_schema = cases[i].spoil};
    char message[1024];
    expect(run(MEAN, &p, NULL, message, cases[i].name) == IMM_BAD_DATA, cases[i].name, "bad data");
    expect(strstr(message, cases[i].says) != NULL, cases[i].name, message);
  }
}

static void check_producers(void) {
  char message[1024];
  producer p = {.schema_error = EIO, .message = "the disk is gone"};
  expect(run(MEAN, &p, NULL, message, "schema error") == IMM_INPUT_OUTPUT, "schema error", message);
  expect(strstr(message, "the disk is gone") != NULL, "schema error", message);
  p = (producer){.batches = 2, .next_error = EIO};
  expect(run(MEAN, &p, NULL, message, "error midway, no words") == IMM_INPUT_OUTPUT, "error midway", message);
  p = (producer){.batches = 0};
  expect(run(MEAN, &p, NULL, message, "no rows") == IMM_BAD_DATA, "no rows", message);
}

static void check_arguments(void) {
  const char *bad[] = {"", "{", "[]", "{}", "{\"estimate\": 3}", "{\"estimate\": {}}", "{\"nothing\": {}}",
                       "{\"estimate\": {\"kind\": \"mean\", \"variables\": [\"y\"], \"x\": 1}}",
                       "{\"fit\": {\"formula\": \"y ~ (\"}}", "\xff\xfe", "{\"fit\": {\"formula\": \"y ~ w + (1 | g\"}}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    producer p = {.batches = 1};
    imm_code code = run(bad[i], &p, NULL, NULL, bad[i]);
    expect(code == IMM_BAD_DATA || code == IMM_USAGE, bad[i], "refused");
  }
  imm_error error;
  char *result;
  producer p = {.batches = 1};
  struct ArrowArrayStream input = stream_of(&p);
  expect(imm_run(NULL, 0, &input, NULL, NULL, &result, NULL, &error) == IMM_USAGE && p.released == 1, "no request", "");
  expect(imm_run(MEAN, 1, NULL, NULL, NULL, &result, NULL, &error) == IMM_USAGE, "no input", error.message);
  expect(imm_run(MEAN, -5, &input, NULL, NULL, &result, NULL, NULL) == IMM_USAGE, "negative length", "");
  expect(imm_run(MEAN, (int64_t)strlen(MEAN), &input, NULL, NULL, &result, NULL, &error) == IMM_USAGE, "released before",
         error.message);
  p = (producer){.batches = 1};
  input = stream_of(&p);
  expect(imm_run(MEAN, (int64_t)strlen(MEAN), &input, NULL, NULL, NULL, NULL, &error) == IMM_USAGE, "no result", "");
  struct ArrowArrayStream rows;
  expect(imm_result_rows("{}", 2, &rows, &error) == IMM_BAD_DATA, "rows of no result", "");
  char *schema = imm_schema();
  expect(schema && strstr(schema, "\"EstimateRequest\"") != NULL, "schema", "names the requests");
  imm_free(schema);
  imm_free(NULL);
  imm_partial_free(NULL);
}

#define STUDY(analyses) "{\"study\": {\"title\": \"t\", \"data\": [\"a\"], " analyses "}}"
#define MEANS STUDY("\"estimates\": [{\"name\": \"m\", \"kind\": \"mean\", \"variables\": [\"y\"]}]")

/* Runs a study on tables of these names; all of their streams are released whatever happens. */
static imm_code run_study(const char *study, const char *const *names, int count, char *message, const char *called) {
  imm_error error = {0};
  char *result = NULL;
  int32_t converged = 7;
  producer p[4] = {{.batches = 2}, {.batches = 2}, {.batches = 2}, {.batches = 2}};
  struct ArrowArrayStream streams[4], weights;
  imm_table tables[4];
  for (int i = 0; i < count; i++) {
    streams[i] = stream_of(&p[i]);
    tables[i] = (imm_table){names[i], &streams[i]};
  }
  imm_code code = imm_run_study(study, (int64_t)strlen(study), tables, count, NULL, &weights, &result, &converged, &error);
  for (int i = 0; i < count; i++)
    expect(p[i].released == 1 && p[i].arrays_out == 0 && p[i].schemas_out == 0 && !streams[i].release, called, "released");
  expect((code == IMM_OK) == (result != NULL) && code == error.code, called, error.message);
  expect(code != IMM_OK || (strstr(result, "\"results\"") && converged == 1), called, "a result");
  if (weights.release) weights.release(&weights);
  imm_free(result);
  if (message) strcpy(message, error.message);
  return code;
}

static void check_studies(void) {
  char message[1024];
  const char *a[] = {"a"}, *b[] = {"b"}, *twice[] = {"a", "a"}, *nameless[] = {NULL}, *not_utf8_name[] = {"\xff"};
  expect(run_study(MEANS, a, 1, NULL, "a study") == IMM_OK, "a study", "a result");
  expect(run_study(MEANS, b, 1, message, "no table") == IMM_NO_INPUT && strstr(message, "a:"), "no table", message);
  expect(run_study(MEANS, twice, 2, message, "two of a name") == IMM_USAGE, "two of a name", message);
  expect(run_study(MEANS, nameless, 1, message, "no name") == IMM_USAGE, "no name", message);
  expect(run_study(MEANS, not_utf8_name, 1, message, "a name that is no text") == IMM_USAGE, "no text", message);
  const char *bad[] = {"", "{}", "[]", "{\"study\": 3}", STUDY("\"estimate\": []"), STUDY("\"scores\": [{\"name\": \"s\"}]"),
                       "{\"study\": {\"title\": \"t\", \"data\": [\"a\"]}, \"documents\": {\"x\": 1}, \"more\": 1}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    expect(run_study(bad[i], a, 1, message, bad[i]) == IMM_BAD_DATA, bad[i], message);
  imm_error error;
  char *names, *result;
  expect(imm_study_inputs(MEANS, (int64_t)strlen(MEANS), &names, &error) == IMM_OK && !strcmp(names, "[\"a\"]"), "inputs", "a");
  imm_free(names);
  expect(imm_study_inputs("{}", 2, &names, &error) == IMM_BAD_DATA && !names, "inputs of nothing", error.message);
  expect(imm_run_study(MEANS, (int64_t)strlen(MEANS), NULL, 3, NULL, NULL, &result, NULL, &error) == IMM_USAGE, "no tables",
         error.message);
  expect(imm_run_study(MEANS, (int64_t)strlen(MEANS), NULL, -1, NULL, NULL, &result, NULL, &error) == IMM_USAGE, "fewer than none",
         error.message);
}

static void check_options(void) {
  int calls = 0;
  imm_options options = {sizeof(imm_options), 1, IMM_ABI_VERSION, stop_at_once, &calls};
  producer p = {.batches = 1};
  expect(run(MEAN, &p, &options, NULL, "stop") == IMM_CANCELLED && calls > 0, "stop", "cancelled");
  options = (imm_options){sizeof(imm_options), 0, IMM_ABI_VERSION + 1, NULL, NULL};
  p = (producer){.batches = 1};
  expect(run(MEAN, &p, &options, NULL, "newer header") == IMM_USAGE, "newer header", "refused");
  options = (imm_options){8, 0, IMM_ABI_VERSION, NULL, NULL};
  p = (producer){.batches = 1};
  expect(run(MEAN, &p, &options, NULL, "short options") == IMM_USAGE, "short options", "refused");
  options = (imm_options){sizeof(imm_options), -4, IMM_ABI_VERSION, NULL, NULL};
  p = (producer){.batches = 1};
  expect(run(MEAN, &p, &options, NULL, "negative threads") == IMM_USAGE, "negative threads", "refused");
  expect(imm_abi_version() == IMM_ABI_VERSION && strlen(imm_version()) > 0, "version", imm_version());
}

static void check_partials(void) {
  imm_error error;
  imm_partial *partial, *other;
  expect(imm_partial_new(MEAN, (int64_t)strlen(MEAN), NULL, 0, NULL, &partial, &error) == IMM_OK, "new", error.message);
  expect(imm_partial_new(MEAN, (int64_t)strlen(MEAN), NULL, 0, NULL, &other, &error) == IMM_OK, "new", error.message);
  producer p = {.batches = 1};
  struct ArrowArrayStream input = stream_of(&p);
  expect(imm_partial_update(partial, &input, &error) == IMM_OK && p.released == 1, "update", error.message);
  uint8_t *bytes, *profile;
  int64_t length, profile_length;
  expect(imm_partial_serialize(partial, &bytes, &length, &error) == IMM_OK, "serialize", error.message);
  /* Every cut and every flipped bit is found. */
  for (int64_t cut = 0; cut < length; cut++)
    expect(imm_partial_merge(other, bytes, cut, &error) == IMM_BAD_DATA, "cut", error.message);
  for (int64_t at = 0; at < length; at++) {
    bytes[at] ^= 0x10;
    expect(imm_partial_merge(other, bytes, length, &error) == IMM_BAD_DATA, "flipped", error.message);
    bytes[at] ^= 0x10;
  }
  expect(imm_partial_merge(other, bytes, length, &error) == IMM_OK, "merge", error.message);
  char *result;
  expect(imm_partial_finish(other, &profile, &profile_length, &result, NULL, &error) == IMM_OK && profile && !result,
         "finish", error.message);
  imm_partial *broken;
  for (int64_t cut = 1; cut < profile_length; cut += 3)
    expect(imm_partial_new(MEAN, (int64_t)strlen(MEAN), profile, cut, NULL, &broken, &error) == IMM_BAD_DATA && !broken,
           "cut profile", error.message);
  imm_partial_free(partial);
  imm_partial_free(other);
  expect(imm_partial_new(MEAN, (int64_t)strlen(MEAN), profile, profile_length, NULL, &partial, &error) == IMM_OK,
         "second pass", error.message);
  p = (producer){.batches = 1};
  input = stream_of(&p);
  expect(imm_partial_update(partial, &input, &error) == IMM_OK, "second update", error.message);
  imm_free(profile);
  expect(imm_partial_finish(partial, &profile, &profile_length, &result, NULL, &error) == IMM_OK && result && !profile,
         "second finish", error.message);
  imm_free(result);
  imm_free(bytes);
  imm_partial_free(partial);
  expect(imm_partial_update(NULL, NULL, &error) == IMM_USAGE, "NULL partial", error.message);
}

int main(void) {
  producer p = {.batches = 3};
  expect(run(MEAN, &p, NULL, NULL, "sound") == IMM_OK, "sound", "a result");
  check_arrays();
  check_schemas();
  check_producers();
  check_arguments();
  check_options();
  check_studies();
  check_partials();
  pthread_t threads[4];
  _Atomic int wrong = 0;
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, compute, &wrong);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  expect(wrong == 0, "threads", "all compute");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(5);
    imm_error error;
    char *result;
    struct ArrowArrayStream input = stream_of(&p);
    _exit(imm_run(MEAN, (int64_t)strlen(MEAN), &input, NULL, NULL, &result, NULL, &error) == IMM_FORKED ? 0 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "forked", "an error in place of a hang");
  printf("%d passed, %d failed\n", checks - failures, failures);
  return failures != 0;
}
