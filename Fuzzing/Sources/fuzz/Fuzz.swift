import Columnar
import Foundation

/// The readers, by the names under which they are tried; each is handed any bytes.
typealias Target = @Sendable ([UInt8]) throws -> Void

private let targets: [String: Target] = [
  "csv": CSVTarget.run, "arrow": Tables.arrow, "parquet": Tables.parquet, "sav": Tables.sav,
  "sav-readstat": Tables.savByReadStat, "por": Tables.por, "dta": Tables.dta, "sas7bdat": Tables.sas7bdat,
  "xpt": Tables.xpt, "codebook": Texts.codebook, "expression": Texts.expression, "formula": Texts.formula,
  "request": Texts.request, "partial": Parts.run,
]

/// The reader that the environment's `FUZZ_TARGET` names.
private let chosen: Target = {
  guard let target = targets[ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""] else {
    fatalError("set FUZZ_TARGET to one of \(targets.keys.sorted().joined(separator: " "))")
  }
  return target
}()

/// What libFuzzer calls with every input. Whatever is wrong has to be said to be the input's fault.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try chosen(Array(UnsafeBufferPointer(start: data, count: count)))
  } catch let error as ImmerseError where error.kind == .badData || error.kind == .usage {
  } catch {
    fatalError("\(error)")
  }
  return 0
}
