/* Arrow streams made by hand, as a producer without any library would make them. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "immerse.h"

enum { COLUMNS = 3, ROWS = 6 };

static double y_values[ROWS] = {1, 2, 4, 7, 11, 16};
static double w_values[ROWS] = {1, 1, 2, 2, 1, 1};
static int32_t g_offsets[ROWS + 1] = {0, 1, 2, 3, 4, 5, 6};
static char g_bytes[ROWS + 1] = "aabbcc";

typedef struct {
  struct ArrowSchema children[COLUMNS], *child_pointers[COLUMNS];
} schema_memory;

typedef struct {
  struct ArrowArray children[COLUMNS], *child_pointers[COLUMNS];
  const void *buffers[COLUMNS][3], *own_buffers[1];
} array_memory;

/* What a hostile producer changes, and what a test counts. */
typedef struct {
  void (*spoil_schema)(struct ArrowSchema *);
  void (*spoil_array)(struct ArrowArray *);
  /* errno of get_schema, and of get_next when as many batches have been given. */
  int schema_error, next_error;
  const char *message;
  int batches;
  /* Arrays and schemas that are out, and times the stream was released. */
  int arrays_out, schemas_out, released;
  int given;
} producer;

static void release_child_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_child_array(struct ArrowArray *array) { array->release = NULL; }

/* A schema is had and released by the thread that reads the stream. */
static _Thread_local producer *owner_of_schema;

static void release_schema(struct ArrowSchema *schema) {
  owner_of_schema->schemas_out--;
  free(schema->private_data);
  schema->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  producer *p = stream->private_data;
  if (p->schema_error) return p->schema_error;
  schema_memory *memory = calloc(1, sizeof *memory);
  const char *names[COLUMNS] = {"y", "w", "g"}, *formats[COLUMNS] = {"g", "g", "u"};
  for (int i = 0; i < COLUMNS; i++) {
    memory->children[i] = (struct ArrowSchema){.format = formats[i], .name = names[i], .flags = ARROW_FLAG_NULLABLE,
                                               .release = release_child_schema};
    memory->child_pointers[i] = &memory->children[i];
  }
  *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = COLUMNS, .children = memory->child_pointers,
                              .release = release_schema, .private_data = memory};
  p->schemas_out++;
  owner_of_schema = p;
  if (p->spoil_schema) p->spoil_schema(out);
  return 0;
}

typedef struct {
  array_memory memory;
  producer *p;
} array_state;

static void release_array(struct ArrowArray *array) {
  array_state *state = array->private_data;
  state->p->arrays_out--;
  free(state);
  array->release = NULL;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  producer *p = stream->private_data;
  if (p->given == p->batches) {
    if (p->next_error) return p->next_error;
    memset(out, 0, sizeof *out);
    return 0;
  }
  p->given++;
  array_state *state = calloc(1, sizeof *state);
  state->p = p;
  array_memory *memory = &state->memory;
  memory->buffers[0][1] = y_values;
  memory->buffers[1][1] = w_values;
  memory->buffers[2][1] = g_offsets;
  memory->buffers[2][2] = g_bytes;
  for (int i = 0; i < COLUMNS; i++) {
    memory->children[i] = (struct ArrowArray){.length = ROWS, .n_buffers = i == 2 ? 3 : 2,
                                              .buffers = memory->buffers[i], .release = release_child_array};
    memory->child_pointers[i] = &memory->children[i];
  }
  *out = (struct ArrowArray){.length = ROWS, .n_buffers = 1, .n_children = COLUMNS, .buffers = memory->own_buffers,
                             .children = memory->child_pointers, .release = release_array, .private_data = state};
  p->arrays_out++;
  if (p->spoil_array) p->spoil_array(out);
  return 0;
}

static const char *last_error(struct ArrowArrayStream *stream) { return ((producer *)stream->private_data)->message; }

static void release_stream(struct ArrowArrayStream *stream) {
  ((producer *)stream->private_data)->released++;
  stream->release = NULL;
}

static struct ArrowArrayStream stream_of(producer *p) {
  return (struct ArrowArrayStream){get_schema, get_next, last_error, release_stream, p};
}
