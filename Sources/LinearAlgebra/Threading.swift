import COpenBLAS

/// OpenBLAS computes on the calling thread only, from the first product or factorisation of the process on: parallel work is
/// cut into fixed chunks on threads of our own, which keeps every rounding the same whatever the number of threads, and
/// threads of the BLAS would wait for each other where processors are busy.
let singleThreadedBLAS: Void = openblas_set_num_threads(1)
