/* Estimates a weighted mean by group from columns in memory:

     cc mean.c -I../../../Sources/CImmerse/include -I../tests -L<folder of the library> -limmerse_stats */
#include <stdio.h>

#include "streams.h"

int main(void) {
  const char *request = "{\"estimate\": {\"kind\": \"mean\", \"variables\": [\"y\"], \"by\": [\"g\"],"
                        " \"design\": {\"weights\": \"w\"}}}";
  producer rows = {.batches = 1};
  struct ArrowArrayStream input = stream_of(&rows);
  char *result;
  imm_error error;
  if (imm_run(request, (int64_t)strlen(request), &input, NULL, NULL, &result, NULL, &error) != IMM_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  fputs(result, stdout);
  imm_free(result);
  return 0;
}
