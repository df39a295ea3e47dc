import COpenBLAS

/// Tells OpenBLAS, once for the process, to compute on the calling thread only: parallel work is cut into fixed chunks on
/// threads of our own, which keeps every rounding the same whatever the number of threads.
public func setSingleThreadedBLAS() { _ = singleThreaded }

private let singleThreaded: Void = openblas_set_num_threads(1)
