/* The boundary between Python and libimmerse_stats: capsules in and out, the GIL, and signals. No statistics.

   Built for the limited API, so that one wheel serves every Python from 3.10 on. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

#include "immerse.h"

static PyObject *raise_imm(const imm_error *error) {
  PyObject *module = PyImport_ImportModule("immerse_stats._errors");
  if (!module) return NULL;
  PyObject *raised = PyObject_CallMethod(module, "make", "is", (int)error->code, error->message);
  Py_DECREF(module);
  if (!raised) return NULL;
  PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
  Py_DECREF(raised);
  return NULL;
}

/* Streams */

static void release_stream_capsule(PyObject *capsule) {
  struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
  if (!stream) {
    PyErr_Clear();
    return;
  }
  if (stream->release) stream->release(stream);
  free(stream);
}

static PyObject *new_stream_capsule(struct ArrowArrayStream **stream) {
  *stream = calloc(1, sizeof **stream);
  if (!*stream) return PyErr_NoMemory();
  PyObject *capsule = PyCapsule_New(*stream, "arrow_array_stream", release_stream_capsule);
  if (!capsule) free(*stream);
  return capsule;
}

/* Progress and signals: Ctrl-C reaches Python only when someone asks, so every chunk of rows asks. */

typedef struct {
  PyObject *progress;
  int failed;
  PyObject *type, *value, *traceback;
} watcher;

static int32_t watch(void *context, int64_t done, int64_t total) {
  watcher *w = context;
  PyGILState_STATE state = PyGILState_Ensure();
  if (!w->failed) {
    int stop = PyErr_CheckSignals() != 0;
    if (!stop && w->progress) {
      PyObject *answer = PyObject_CallFunction(w->progress, "LL", (long long)done, (long long)total);
      stop = answer == NULL;
      Py_XDECREF(answer);
    }
    if (stop) {
      w->failed = 1;
      PyErr_Fetch(&w->type, &w->value, &w->traceback);
    }
  }
  int failed = w->failed;
  PyGILState_Release(state);
  return failed;
}

static imm_options options_of(watcher *w, PyObject *progress, int threads) {
  imm_options options = {sizeof(imm_options), threads, IMM_ABI_VERSION, watch, w};
  w->progress = progress == Py_None ? NULL : progress;
  return options;
}

/* Raises what went wrong: an exception of the caller's own, as KeyboardInterrupt, before the library's. */
static PyObject *raise_outcome(watcher *w, const imm_error *error) {
  if (w->failed) {
    PyErr_Restore(w->type, w->value, w->traceback);
    return NULL;
  }
  return raise_imm(error);
}

static void forget(watcher *w) {
  Py_XDECREF(w->type);
  Py_XDECREF(w->value);
  Py_XDECREF(w->traceback);
}

/* Carries out a request on one stream, or a study on tables. */
static PyObject *carry_out(const char *request, Py_ssize_t length, struct ArrowArrayStream *input,
                           const imm_table *tables, Py_ssize_t count, int threads, PyObject *progress) {
  struct ArrowArrayStream *rows;
  PyObject *out = new_stream_capsule(&rows);
  if (!out) return NULL;
  watcher w = {0};
  imm_options options = options_of(&w, progress, threads);
  imm_error error;
  char *result = NULL;
  int32_t converged = 0;
  imm_code code;
  Py_BEGIN_ALLOW_THREADS
  code = input ? imm_run(request, length, input, &options, rows, &result, &converged, &error)
               : imm_run_study(request, length, tables, count, &options, rows, &result, &converged, &error);
  Py_END_ALLOW_THREADS
  if (code != IMM_OK) {
    Py_DECREF(out);
    return raise_outcome(&w, &error);
  }
  forget(&w);
  PyObject *answer = Py_BuildValue("(sON)", result, converged ? Py_True : Py_False, out);
  imm_free(result);
  return answer;
}

static PyObject *run(PyObject *self, PyObject *args) {
  const char *request;
  Py_ssize_t length;
  PyObject *capsule, *progress;
  int threads;
  if (!PyArg_ParseTuple(args, "s#OiO", &request, &length, &capsule, &threads, &progress)) return NULL;
  struct ArrowArrayStream *input = PyCapsule_GetPointer(capsule, "arrow_array_stream");
  return input ? carry_out(request, length, input, NULL, 0, threads, progress) : NULL;
}

static PyObject *run_study(PyObject *self, PyObject *args) {
  const char *request;
  Py_ssize_t length;
  PyObject *list, *progress;
  int threads;
  if (!PyArg_ParseTuple(args, "s#OiO", &request, &length, &list, &threads, &progress)) return NULL;
  Py_ssize_t count = PyList_Size(list);
  if (count < 0) return NULL;
  imm_table *tables = calloc(count ? (size_t)count : 1, sizeof *tables);
  if (!tables) return PyErr_NoMemory();
  PyObject *answer = NULL;
  Py_ssize_t known = 0;
  for (; known < count; known++) {
    PyObject *capsule;
    if (!PyArg_ParseTuple(PyList_GetItem(list, known), "sO", &tables[known].name, &capsule)) break;
    tables[known].rows = PyCapsule_GetPointer(capsule, "arrow_array_stream");
    if (!tables[known].rows) break;
  }
  if (known == count) answer = carry_out(request, length, NULL, tables, count, threads, progress);
  free(tables);
  return answer;
}

static PyObject *study_inputs(PyObject *self, PyObject *args) {
  const char *study;
  Py_ssize_t length;
  if (!PyArg_ParseTuple(args, "s#", &study, &length)) return NULL;
  char *names;
  imm_error error;
  if (imm_study_inputs(study, length, &names, &error) != IMM_OK) return raise_imm(&error);
  PyObject *answer = PyUnicode_FromString(names);
  imm_free(names);
  return answer;
}

static PyObject *result_rows(PyObject *self, PyObject *args) {
  const char *result;
  Py_ssize_t length;
  if (!PyArg_ParseTuple(args, "s#", &result, &length)) return NULL;
  struct ArrowArrayStream *rows;
  PyObject *out = new_stream_capsule(&rows);
  if (!out) return NULL;
  imm_error error;
  if (imm_result_rows(result, length, rows, &error) == IMM_OK) return out;
  Py_DECREF(out);
  return raise_imm(&error);
}

/* Partials: a capsule each */

#define PARTIAL "immerse_stats.partial"

static void free_partial(PyObject *capsule) { imm_partial_free(PyCapsule_GetPointer(capsule, PARTIAL)); }

static PyObject *partial_new(PyObject *self, PyObject *args) {
  const char *request, *profile;
  Py_ssize_t length, profile_length;
  int threads;
  if (!PyArg_ParseTuple(args, "s#z#i", &request, &length, &profile, &profile_length, &threads)) return NULL;
  imm_options options = {sizeof(imm_options), threads, IMM_ABI_VERSION, NULL, NULL};
  imm_partial *partial;
  imm_error error;
  if (imm_partial_new(request, length, (const uint8_t *)profile, profile_length, &options, &partial, &error) != IMM_OK)
    return raise_imm(&error);
  return PyCapsule_New(partial, PARTIAL, free_partial);
}

static PyObject *partial_update(PyObject *self, PyObject *args) {
  PyObject *handle, *capsule;
  if (!PyArg_ParseTuple(args, "OO", &handle, &capsule)) return NULL;
  imm_partial *partial = PyCapsule_GetPointer(handle, PARTIAL);
  struct ArrowArrayStream *input = partial ? PyCapsule_GetPointer(capsule, "arrow_array_stream") : NULL;
  if (!input) return NULL;
  imm_error error;
  imm_code code;
  Py_BEGIN_ALLOW_THREADS
  code = imm_partial_update(partial, input, &error);
  Py_END_ALLOW_THREADS
  if (code != IMM_OK) return raise_imm(&error);
  Py_RETURN_NONE;
}

static PyObject *partial_serialize(PyObject *self, PyObject *handle) {
  imm_partial *partial = PyCapsule_GetPointer(handle, PARTIAL);
  if (!partial) return NULL;
  uint8_t *bytes;
  int64_t length;
  imm_error error;
  if (imm_partial_serialize(partial, &bytes, &length, &error) != IMM_OK) return raise_imm(&error);
  PyObject *answer = PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length);
  imm_free(bytes);
  return answer;
}

static PyObject *partial_merge(PyObject *self, PyObject *args) {
  PyObject *handle;
  const char *bytes;
  Py_ssize_t length;
  if (!PyArg_ParseTuple(args, "Oy#", &handle, &bytes, &length)) return NULL;
  imm_partial *partial = PyCapsule_GetPointer(handle, PARTIAL);
  if (!partial) return NULL;
  imm_error error;
  if (imm_partial_merge(partial, (const uint8_t *)bytes, length, &error) != IMM_OK) return raise_imm(&error);
  Py_RETURN_NONE;
}

/* Bytes for a profile, a pair of text and truth value for a result. */
static PyObject *partial_finish(PyObject *self, PyObject *handle) {
  imm_partial *partial = PyCapsule_GetPointer(handle, PARTIAL);
  if (!partial) return NULL;
  uint8_t *profile;
  int64_t length;
  char *result;
  int32_t converged = 0;
  imm_error error;
  imm_code code;
  Py_BEGIN_ALLOW_THREADS
  code = imm_partial_finish(partial, &profile, &length, &result, &converged, &error);
  Py_END_ALLOW_THREADS
  if (code != IMM_OK) return raise_imm(&error);
  PyObject *answer = profile ? PyBytes_FromStringAndSize((const char *)profile, (Py_ssize_t)length)
                             : Py_BuildValue("(sO)", result, converged ? Py_True : Py_False);
  imm_free(profile);
  imm_free(result);
  return answer;
}

static PyObject *schema(PyObject *self, PyObject *none) {
  char *text = imm_schema();
  if (!text) return PyErr_NoMemory();
  PyObject *answer = PyUnicode_FromString(text);
  imm_free(text);
  return answer;
}

static PyObject *version(PyObject *self, PyObject *none) { return PyUnicode_FromString(imm_version()); }

static PyMethodDef methods[] = {
    {"run", run, METH_VARARGS, "run(request, stream, threads, progress) -> (result, converged, rows)"},
    {"run_study", run_study, METH_VARARGS, "run_study(study, tables, threads, progress) -> (result, converged, weights)"},
    {"study_inputs", study_inputs, METH_VARARGS, "study_inputs(study) -> str"},
    {"result_rows", result_rows, METH_VARARGS, "result_rows(result) -> stream"},
    {"partial_new", partial_new, METH_VARARGS, "partial_new(request, profile, threads) -> partial"},
    {"partial_update", partial_update, METH_VARARGS, "partial_update(partial, stream)"},
    {"partial_serialize", partial_serialize, METH_O, "partial_serialize(partial) -> bytes"},
    {"partial_merge", partial_merge, METH_VARARGS, "partial_merge(partial, bytes)"},
    {"partial_finish", partial_finish, METH_O, "partial_finish(partial) -> bytes | (result, converged)"},
    {"schema", schema, METH_NOARGS, "schema() -> str"},
    {"version", version, METH_NOARGS, "version() -> str"},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&definition); }
