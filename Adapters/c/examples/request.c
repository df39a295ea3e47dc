/* Carries out the request in a file on the rows of a CSV file: prints the result, and of the columns that the request adds
   the first value and the sum.

     cc request.c -I../../../Sources/CImmerse/include -L<folder of the library> -limmerse_stats
     ./a.out mean.json schools.csv */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "immerse.h"

/* The columns of a CSV file in Arrow's layout: numbers where every cell that is not empty is one, else text. */
typedef struct {
  int columns, rows, given;
  char ***cells; /* by column, then by row; "" is missing */
  struct ArrowSchema schema, *schemas, **schema_pointers;
  struct ArrowArray array, *arrays, **array_pointers;
  const void *(*buffers)[3], *own_buffers[1];
} table;

static void *memory(size_t size) {
  void *block = calloc(1, size ? size : 1);
  if (!block) exit(1);
  return block;
}

static char *read_all(const char *path) {
  FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
  if (!file) {
    perror(path);
    exit(1);
  }
  size_t used = 0, room = 1 << 16;
  char *text = memory(room);
  for (size_t got; (got = fread(text + used, 1, room - used - 1, file)) > 0;) {
    used += got;
    if (used + 1 == room && !(text = realloc(text, room *= 2))) exit(1);
  }
  text[used] = 0;
  fclose(file);
  return text;
}

/* Cuts the next cell out of the text, in place; says whether it ends its line. */
static char *next_cell(char **text, int *ends) {
  char *from = *text, *to = from, *cell = from;
  int quoted = *from == '"';
  if (quoted) from++;
  for (; *from; from++) {
    if (quoted && *from == '"') {
      if (from[1] != '"') {
        quoted = 0;
        continue;
      }
      from++;
    } else if (!quoted && (*from == ',' || *from == '\n')) {
      break;
    }
    if (*from != '\r') *to++ = *from;
  }
  *ends = *from != ',';
  *text = *from ? from + 1 : from;
  *to = 0;
  return cell;
}

static void read_table(table *t, char *text) {
  int ends = 0, lines = 0;
  for (char *c = text; *c; c++) lines += *c == '\n';
  char **names = memory(sizeof *names * (strlen(text) + 1));
  while (!ends) names[t->columns++] = next_cell(&text, &ends);
  t->cells = memory(sizeof *t->cells * (size_t)t->columns);
  for (int i = 0; i < t->columns; i++) t->cells[i] = memory(sizeof **t->cells * (size_t)(lines + 1));
  for (; *text; t->rows++)
    for (int i = 0; i < t->columns; i++) t->cells[i][t->rows] = next_cell(&text, &ends);
  t->schemas = memory(sizeof *t->schemas * (size_t)t->columns);
  for (int i = 0; i < t->columns; i++) t->schemas[i].name = names[i];
}

static int numbers(char **cells, int rows, double *values) {
  for (int row = 0; row < rows; row++) {
    char *end = cells[row];
    values[row] = *end ? strtod(cells[row], &end) : 0;
    if (*end) return 0;
  }
  return 1;
}

static void keep_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void keep_array(struct ArrowArray *array) { array->release = NULL; }
static void keep_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }
static const char *last_error(struct ArrowArrayStream *stream) { (void)stream; return NULL; }

static void lay_out(table *t) {
  size_t columns = (size_t)t->columns, rows = (size_t)t->rows;
  t->schema_pointers = memory(sizeof *t->schema_pointers * columns);
  t->arrays = memory(sizeof *t->arrays * columns);
  t->array_pointers = memory(sizeof *t->array_pointers * columns);
  t->buffers = memory(sizeof *t->buffers * columns);
  for (int i = 0; i < t->columns; i++) {
    uint8_t *present = memory(rows / 8 + 1);
    double *values = memory(sizeof *values * rows);
    int64_t missing = 0;
    size_t bytes = 0;
    for (int row = 0; row < t->rows; row++) {
      size_t length = strlen(t->cells[i][row]);
      if (length) present[row / 8] |= (uint8_t)(1 << row % 8);
      missing += !length;
      bytes += length;
    }
    int is_number = numbers(t->cells[i], t->rows, values);
    t->buffers[i][0] = present;
    t->buffers[i][1] = values;
    if (!is_number) {
      int32_t *offsets = memory(sizeof *offsets * (rows + 1));
      char *text = memory(bytes);
      for (int row = 0; row < t->rows; row++) {
        int32_t length = (int32_t)strlen(t->cells[i][row]);
        memcpy(text + offsets[row], t->cells[i][row], (size_t)length);
        offsets[row + 1] = offsets[row] + length;
      }
      t->buffers[i][1] = offsets;
      t->buffers[i][2] = text;
    }
    t->schemas[i] = (struct ArrowSchema){.format = is_number ? "g" : "u", .name = t->schemas[i].name,
                                         .flags = ARROW_FLAG_NULLABLE, .release = keep_schema};
    t->arrays[i] = (struct ArrowArray){.length = t->rows, .null_count = missing, .n_buffers = is_number ? 2 : 3,
                                       .buffers = t->buffers[i], .release = keep_array};
    t->schema_pointers[i] = &t->schemas[i];
    t->array_pointers[i] = &t->arrays[i];
  }
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  table *t = stream->private_data;
  *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = t->columns, .children = t->schema_pointers,
                              .release = keep_schema};
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  table *t = stream->private_data;
  *out = (struct ArrowArray){0};
  if (!t->given++)
    *out = (struct ArrowArray){.length = t->rows, .n_buffers = 1, .n_children = t->columns, .buffers = t->own_buffers,
                               .children = t->array_pointers, .release = keep_array};
  return 0;
}

static void print_added(struct ArrowArrayStream *rows) {
  struct ArrowSchema schema;
  if (rows->get_schema(rows, &schema) != 0) return;
  size_t columns = (size_t)schema.n_children;
  double *sums = memory(sizeof *sums * columns), *firsts = memory(sizeof *firsts * columns);
  int begun = 0;
  for (struct ArrowArray batch; rows->get_next(rows, &batch) == 0 && batch.release; batch.release(&batch)) {
    for (size_t i = 0; i < columns; i++) {
      const struct ArrowArray *column = batch.children[i];
      const uint8_t *present = column->buffers[0];
      const double *values = (const double *)column->buffers[1] + column->offset;
      for (int64_t row = 0; row < column->length; row++) {
        int64_t bit = row + column->offset;
        if (present && !(present[bit / 8] >> bit % 8 & 1)) continue;
        if (values[row] == values[row]) sums[i] += values[row];
      }
      if (!begun && column->length) firsts[i] = values[0];
    }
    if (batch.length) begun = 1;
  }
  for (size_t i = 0; i < columns; i++)
    printf("%s %.17g %.17g\n", schema.children[i]->name, firsts[i], sums[i]);
  schema.release(&schema);
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: request REQUEST.json DATA.csv\n");
    return 64;
  }
  char *request = read_all(arguments[1]);
  table t = {0};
  read_table(&t, read_all(arguments[2]));
  lay_out(&t);
  struct ArrowArrayStream input = {get_schema, get_next, last_error, keep_stream, &t}, rows;
  char *result;
  imm_error error;
  if (imm_run(request, (int64_t)strlen(request), &input, NULL, &rows, &result, NULL, &error) != IMM_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  fputs(result, stdout);
  imm_free(result);
  print_added(&rows);
  rows.release(&rows);
  return 0;
}
